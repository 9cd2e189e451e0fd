//! Fused operations on dfdx's tape, and the parameters that they differentiate by.
//!
//! Start at [`Parameter`] and [`linear`]. Activations are dfdx tensors of run-time size, so that its own operations can
//! stand between ours. Parameters live beside the tape: an operation shares their values and adds to their gradient
//! where it lies, which saves copying matrices of genes × width at each step.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use dfdx::prelude::{
    Backward, Cpu, CpuError, Gradients, HasShape, NoneTape, PutTape, Rank0, SplitTape, Tape, Tensor, TensorFromVec,
};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::kernels::{self, Activation, AdamStep, Grid, GridMut, ROWS_PER_BLOCK, SparseRows, UNMEASURED, Write};

/// A matrix of activations, `[rows, width]`, with or without a tape.
pub type Matrix<T> = Tensor<(usize, usize), f32, Cpu, T>;

/// The tape that a training step records.
pub type OwnedTape = dfdx::prelude::OwnedTape<f32, Cpu>;

/// Genes whose logits are computed together: with 64 rows, about 200 kB.
pub const GENES_PER_BLOCK: usize = 256;
/// A block of genes is evaluated densely if at least one in so many of its entries is measured.
const DENSE_FROM: usize = 6;

/// A named matrix that is learnt, with its gradient.
#[derive(Debug)]
pub struct Parameter {
    name: &'static str,
    rows: usize,
    cols: usize,
    values: Arc<Vec<f32>>,
    gradient: Arc<Mutex<Vec<f32>>>,
}

impl Parameter {
    /// A parameter whose numbers are `value`.
    pub fn constant(name: &'static str, rows: usize, cols: usize, value: f32) -> Self {
        Self::from_values(name, rows, cols, vec![value; rows * cols])
    }

    /// A parameter drawn evenly from `[−bound, bound)`.
    pub fn uniform(name: &'static str, rows: usize, cols: usize, bound: f32, rng: &mut ChaCha8Rng) -> Self {
        let values = (0..rows * cols).map(|_| (rng.random::<f32>() * 2.0 - 1.0) * bound).collect();
        Self::from_values(name, rows, cols, values)
    }

    /// A parameter with the given numbers, row after row.
    pub fn from_values(name: &'static str, rows: usize, cols: usize, values: Vec<f32>) -> Self {
        assert_eq!(values.len(), rows * cols, "numbers do not fill parameter {name}");
        let gradient = Arc::new(Mutex::new(vec![0.0; rows * cols]));
        Self { name, rows, cols, values: Arc::new(values), gradient }
    }

    /// Its name in a checkpoint.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// Rows and columns.
    pub const fn shape(&self) -> [usize; 2] {
        [self.rows, self.cols]
    }

    /// Its numbers, row after row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Its numbers, to be changed.
    pub fn values_mut(&mut self) -> &mut Vec<f32> {
        Arc::make_mut(&mut self.values)
    }

    /// The sum of all gradients since the last step.
    pub fn gradient(&self) -> MutexGuard<'_, Vec<f32>> {
        lock(&self.gradient)
    }
}

fn lock(gradient: &Mutex<Vec<f32>>) -> MutexGuard<'_, Vec<f32>> {
    gradient.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Weight `[outputs, inputs]` and bias `[1, outputs]` of a linear layer.
#[derive(Debug)]
pub struct Affine {
    /// `W`.
    pub weight: Parameter,
    /// `b`.
    pub bias: Parameter,
}

impl Affine {
    /// Weight and bias drawn evenly from `±1/√inputs`.
    pub fn new(names: [&'static str; 2], inputs: usize, outputs: usize, rng: &mut ChaCha8Rng) -> Self {
        let bound = 1.0 / (inputs as f32).sqrt();
        Self {
            weight: Parameter::uniform(names[0], outputs, inputs, bound, rng),
            bias: Parameter::uniform(names[1], 1, outputs, bound, rng),
        }
    }
}

/// The device that holds all activations.
pub fn device() -> Cpu {
    Cpu::default()
}

/// A matrix on the tape.
pub fn matrix<T>(values: Vec<f32>, rows: usize, cols: usize, tape: T) -> Matrix<T> {
    device().tensor_from_vec(values, (rows, cols)).put_tape(tape)
}

/// The numbers of a matrix, row after row.
pub fn numbers<T>(x: &Matrix<T>) -> Vec<f32> {
    let (rows, cols) = shape(x);
    let mut values = vec![0.0; rows * cols];
    x.copy_into(&mut values);
    values
}

fn shape<T>(x: &Matrix<T>) -> (usize, usize) {
    *x.shape()
}

/// The gradient of `y`, moved out: an operation is the only reader of the gradient of its own result.
fn take_gradient(gradients: &mut Gradients<f32, Cpu>, y: &Matrix<NoneTape>) -> Result<Vec<f32>, CpuError> {
    Ok(std::mem::take(&mut **gradients.get_or_alloc_mut(y)?))
}

fn add_gradient(gradients: &mut Gradients<f32, Cpu>, x: &Matrix<NoneTape>, slope: &[f32]) -> Result<(), CpuError> {
    kernels::add_scaled(gradients.get_or_alloc_mut(x)?, 1.0, slope);
    Ok(())
}

fn activate(slope: &mut [f32], y: &Matrix<NoneTape>, activation: Activation) {
    if activation == Activation::Relu {
        kernels::relu_gradient(slope, &numbers(y));
    }
}

/// A parameter as a matrix on the tape.
pub fn leaf<T: Tape<f32, Cpu>>(parameter: &Parameter) -> Matrix<T> {
    let y = device().tensor_from_vec(parameter.values().to_vec(), (parameter.rows, parameter.cols));
    let mut tape = T::default();
    let (result, gradient) = (y.clone(), Arc::clone(&parameter.gradient));
    tape.add_backward_op(move |gradients| {
        let slope = take_gradient(gradients, &result)?;
        kernels::add_scaled(&mut lock(&gradient), 1.0, &slope);
        Ok(())
    });
    y.put_tape(tape)
}

/// `Y = f(X Wᵀ + b)`.
///
/// # Shapes
/// - `x`: `[rows, inputs]`; result `[rows, outputs]`
pub fn linear<T: Tape<f32, Cpu>>(x: Matrix<T>, layer: &Affine, activation: Activation) -> Matrix<T> {
    let (x, mut tape) = x.split_tape();
    let inputs = numbers(&x);
    let y = kernels::affine(&inputs, layer.weight.values(), layer.bias.values(), activation);
    let y = device().tensor_from_vec(y, (shape(&x).0, layer.bias.cols));
    if T::OWNS_TAPE {
        let result = y.clone();
        let weight = Arc::clone(&layer.weight.values);
        let (of_weight, of_bias) = (Arc::clone(&layer.weight.gradient), Arc::clone(&layer.bias.gradient));
        tape.add_backward_op(move |gradients| {
            let mut slope = take_gradient(gradients, &result)?;
            activate(&mut slope, &result, activation);
            let of_x = kernels::affine_gradient(&slope, &inputs, &weight, &mut lock(&of_weight), &mut lock(&of_bias));
            add_gradient(gradients, &x, &of_x)
        });
    }
    y.put_tape(tape)
}

/// One simplified graph convolution, `Y = f(S X Wᵀ + b)`.
///
/// # Shapes
/// - `adjacency` `S`: `[nodes, nodes]`, symmetric; `x`: `[nodes, inputs]`; result `[nodes, outputs]`
///
/// # Reference
/// Wu et al., Simplifying graph convolutional networks, ICML 2019, arXiv 1902.07153.
pub fn convolve<T: Tape<f32, Cpu>>(
    x: Matrix<T>,
    adjacency: &Arc<SparseRows>,
    layer: &Affine,
    activation: Activation,
) -> Matrix<T> {
    let (x, mut tape) = x.split_tape();
    let (nodes, width) = shape(&x);
    let spread = adjacency.times(&numbers(&x), width);
    let y = kernels::affine(&spread, layer.weight.values(), layer.bias.values(), activation);
    let y = device().tensor_from_vec(y, (nodes, layer.bias.cols));
    if T::OWNS_TAPE {
        let (result, adjacency) = (y.clone(), Arc::clone(adjacency));
        let weight = Arc::clone(&layer.weight.values);
        let (of_weight, of_bias) = (Arc::clone(&layer.weight.gradient), Arc::clone(&layer.bias.gradient));
        tape.add_backward_op(move |gradients| {
            let mut slope = take_gradient(gradients, &result)?;
            activate(&mut slope, &result, activation);
            let (mut of_weight, mut of_bias) = (lock(&of_weight), lock(&of_bias));
            let of_spread = kernels::affine_gradient(&slope, &spread, &weight, &mut of_weight, &mut of_bias);
            add_gradient(gradients, &x, &adjacency.times(&of_spread, width))
        });
    }
    y.put_tape(tape)
}

/// `Y = S X` for a few sparse rows: the signed sum of the rows of `X` that belong to the perturbed genes.
///
/// # Shapes
/// - `rows` `S`: `[perturbations, nodes]`; `x`: `[nodes, width]`; result `[perturbations, width]`
pub fn gather<T: Tape<f32, Cpu>>(rows: &Arc<SparseRows>, x: Matrix<T>) -> Matrix<T> {
    let (x, mut tape) = x.split_tape();
    let width = shape(&x).1;
    let y = device().tensor_from_vec(rows.times(&numbers(&x), width), (rows.n_rows(), width));
    if T::OWNS_TAPE {
        let (result, rows) = (y.clone(), Arc::clone(rows));
        tape.add_backward_op(move |gradients| {
            let slope = take_gradient(gradients, &result)?;
            rows.scatter(&slope, gradients.get_or_alloc_mut(&x)?, width);
            Ok(())
        });
    }
    y.put_tape(tape)
}

/// `Y = f(S W + b)`: a linear layer on sparse input, of which only the rows of `W` that are asked for are read.
///
/// # Shapes
/// - `rows` `S`: `[perturbations, genes]`; `weight`: `[genes, width]`; `bias`: `[1, width]`;
///   result `[perturbations, width]`
pub fn gather_parameter<T: Tape<f32, Cpu>>(
    rows: &Arc<SparseRows>,
    weight: &Parameter,
    bias: &Parameter,
    activation: Activation,
) -> Matrix<T> {
    let width = weight.cols;
    let mut y = bias.values().repeat(rows.n_rows());
    for (row, y) in y.chunks_exact_mut(width).enumerate() {
        rows.gather(row, weight.values(), y);
    }
    if activation == Activation::Relu {
        kernels::relu(&mut y);
    }
    let y = device().tensor_from_vec(y, (rows.n_rows(), width));
    let mut tape = T::default();
    if T::OWNS_TAPE {
        let (result, rows) = (y.clone(), Arc::clone(rows));
        let (of_weight, of_bias) = (Arc::clone(&weight.gradient), Arc::clone(&bias.gradient));
        tape.add_backward_op(move |gradients| {
            let mut slope = take_gradient(gradients, &result)?;
            activate(&mut slope, &result, activation);
            rows.scatter(&slope, &mut lock(&of_weight), width);
            let mut of_bias = lock(&of_bias);
            for row in slope.chunks_exact(width) {
                kernels::add_scaled(&mut of_bias, 1.0, row);
            }
            Ok(())
        });
    }
    y.put_tape(tape)
}

/// Batch norm over all rows, then a rectifier.
///
/// ```text
/// y = max(0, γ · (x − μ)/√(σ² + ε) + β),   μ, σ² over the rows of each column, ε = 1e-5
/// ```
/// The rows are all genes, in training as in prediction, so no running averages are kept.
///
/// # Shapes
/// - `x`: `[rows, width]`; `scale` `γ`, `shift` `β`: `[1, width]`
pub fn batch_norm_relu<T: Tape<f32, Cpu>>(x: Matrix<T>, scale: &Parameter, shift: &Parameter) -> Matrix<T> {
    let (x, mut tape) = x.split_tape();
    let (rows, width) = shape(&x);
    let mut normal = numbers(&x);
    let inverse_spread = normalise(&mut normal, rows, width);
    let mut y = normal.clone();
    y.par_chunks_mut(ROWS_PER_BLOCK * width).for_each(|block| {
        for row in block.chunks_exact_mut(width) {
            for (y, (scale, shift)) in row.iter_mut().zip(scale.values().iter().zip(shift.values())) {
                *y = *y * scale + shift;
            }
        }
        kernels::relu(block);
    });
    let y = device().tensor_from_vec(y, (rows, width));
    if T::OWNS_TAPE {
        let (result, factor) = (y.clone(), Arc::clone(&scale.values));
        let (of_scale, of_shift) = (Arc::clone(&scale.gradient), Arc::clone(&shift.gradient));
        tape.add_backward_op(move |gradients| {
            let mut slope = take_gradient(gradients, &result)?;
            activate(&mut slope, &result, Activation::Relu);
            let [sum, product] = column_sums([&slope, &normal], width);
            add_doubles(&mut lock(&of_shift), &sum);
            add_doubles(&mut lock(&of_scale), &product);
            let count = rows as f64;
            let means: Vec<_> =
                sum.iter().zip(&product).map(|(s, p)| ((s / count) as f32, (p / count) as f32)).collect();
            slope.par_chunks_mut(width).zip(normal.par_chunks(width)).with_min_len(ROWS_PER_BLOCK).for_each(
                |(slope, normal)| {
                    for column in 0..width {
                        let centred = slope[column] - means[column].0 - normal[column] * means[column].1;
                        slope[column] = centred * factor[column] * inverse_spread[column];
                    }
                },
            );
            add_gradient(gradients, &x, &slope)
        });
    }
    y.put_tape(tape)
}

/// Brings every column to mean 0 and variance 1; hands back `1/√(σ² + ε)` of each.
fn normalise(x: &mut [f32], rows: usize, width: usize) -> Vec<f32> {
    let ones = vec![1.0; x.len()];
    let [sum, _] = column_sums([x, &ones], width);
    let mean: Vec<_> = sum.iter().map(|sum| (sum / rows as f64) as f32).collect();
    let subtract = |row: &mut [f32]| kernels::add_scaled(row, -1.0, &mean);
    x.par_chunks_mut(width).with_min_len(ROWS_PER_BLOCK).for_each(subtract);
    let [_, square] = column_sums([x, x], width);
    let inverse: Vec<_> = square.iter().map(|square| (1.0 / (square / rows as f64 + 1e-5).sqrt()) as f32).collect();
    x.par_chunks_mut(width).with_min_len(ROWS_PER_BLOCK).for_each(|row| {
        for (x, inverse) in row.iter_mut().zip(&inverse) {
            *x *= inverse;
        }
    });
    inverse
}

/// Per column, `Σ a` and `Σ a·b` over the rows, in blocks that are added in order.
fn column_sums([a, b]: [&[f32]; 2], width: usize) -> [Vec<f64>; 2] {
    let blocks = a.par_chunks(ROWS_PER_BLOCK * width).zip(b.par_chunks(ROWS_PER_BLOCK * width));
    let partial: Vec<_> = blocks
        .map(|(a, b)| {
            let mut sums = [vec![0.0_f64; width], vec![0.0_f64; width]];
            for (a, b) in a.chunks_exact(width).zip(b.chunks_exact(width)) {
                for column in 0..width {
                    sums[0][column] += f64::from(a[column]);
                    sums[1][column] += f64::from(a[column]) * f64::from(b[column]);
                }
            }
            sums
        })
        .collect();
    let mut total = [vec![0.0; width], vec![0.0; width]];
    for sums in partial {
        for (total, sums) in total.iter_mut().zip(sums) {
            total.iter_mut().zip(sums).for_each(|(total, sum)| *total += sum);
        }
    }
    total
}

fn add_doubles(out: &mut [f32], x: &[f64]) {
    out.iter_mut().zip(x).for_each(|(out, x)| *out += *x as f32);
}

/// The measured entries of some rows, by class, and what each class weighs in each row.
///
/// # Shapes
/// - `classes`: `[rows, genes]`, 0 down, 1 unchanged, 2 up, [`UNMEASURED`]
#[derive(Clone, Debug)]
pub struct Targets {
    /// Genes per row.
    pub n_genes: usize,
    /// Class of each entry, row after row.
    pub classes: Vec<u8>,
    /// Weight of an entry of each class, by row; a factor `1/normaliser` is contained.
    pub weights: Vec<[f32; 3]>,
}

/// Cross entropy of the output layer over the measured entries, without gradients.
///
/// ```text
/// L = Σ_{(r,g) measured} w_{r,y} · (logsumexp_c z_{r,g,c} − z_{r,g,y}),   z_{r,g,c} = h_r · W_{3g+c} + b_{3g+c}
/// ```
/// # Shapes
/// - `hidden`: `[rows, width]`; `output`: `[3·genes, width]`
pub fn cross_entropy(hidden: &[f32], output: &Affine, targets: &Targets) -> f64 {
    let width = output.weight.cols;
    let (weights, biases) = (output.weight.values(), output.bias.values());
    let blocks = weights.par_chunks(3 * GENES_PER_BLOCK * width).zip(biases.par_chunks(3 * GENES_PER_BLOCK));
    let losses: Vec<_> = blocks
        .enumerate()
        .map(|(index, (weight, bias))| {
            let block = Block::new(targets, index, hidden, weight, bias);
            block.loss(None)
        })
        .collect();
    losses.into_iter().sum()
}

/// As [`cross_entropy`], and runs the tape of `hidden` backwards: afterwards the gradient of the loss has been added to
/// every parameter that took part.
///
/// The loss is the end of the tape, so its gradients are taken while the logits of a block of genes are still in cache;
/// the logits of all genes never exist. Blocks with few measured entries evaluate only these.
pub fn backpropagate_cross_entropy(hidden: Matrix<OwnedTape>, output: &Affine, targets: &Targets) -> f64 {
    let width = output.weight.cols;
    let (hidden, mut tape) = hidden.split_tape();
    let values = numbers(&hidden);
    let (weights, biases) = (output.weight.values(), output.bias.values());
    let (mut of_weights, mut of_biases) = (output.weight.gradient(), output.bias.gradient());
    let blocks = of_weights
        .par_chunks_mut(3 * GENES_PER_BLOCK * width)
        .zip(of_biases.par_chunks_mut(3 * GENES_PER_BLOCK))
        .zip(weights.par_chunks(3 * GENES_PER_BLOCK * width))
        .zip(biases.par_chunks(3 * GENES_PER_BLOCK));
    let partial: Vec<_> = blocks
        .enumerate()
        .map(|(index, (((of_weight, of_bias), weight), bias))| {
            let block = Block::new(targets, index, &values, weight, bias);
            let mut of_hidden = vec![0.0; values.len()];
            let loss = block.loss(Some(BlockGradient { of_weight, of_bias, of_hidden: &mut of_hidden }));
            (loss, of_hidden)
        })
        .collect();
    let mut loss = 0.0;
    let mut of_hidden = vec![0.0; values.len()];
    for (block_loss, block) in partial {
        loss += block_loss;
        kernels::add_scaled(&mut of_hidden, 1.0, &block);
    }
    tape.add_backward_op(move |gradients| add_gradient(gradients, &hidden, &of_hidden));
    let end: Tensor<Rank0, f32, Cpu> = device().tensor_from_vec(vec![loss as f32], ());
    end.put_tape(tape).try_backward().expect("the tape only allocates memory on the CPU");
    loss
}

/// A run of genes of the output layer, for all rows of a batch.
struct Block<'a> {
    rows: usize,
    genes: usize,
    width: usize,
    hidden: &'a [f32],
    weight: &'a [f32],
    bias: &'a [f32],
    classes: Vec<u8>,
    weights: &'a [[f32; 3]],
}

/// Where the gradients of a block go.
struct BlockGradient<'a> {
    of_weight: &'a mut [f32],
    of_bias: &'a mut [f32],
    of_hidden: &'a mut [f32],
}

impl<'a> Block<'a> {
    fn new(targets: &'a Targets, index: usize, hidden: &'a [f32], weight: &'a [f32], bias: &'a [f32]) -> Self {
        let (rows, genes) = (targets.weights.len(), bias.len() / 3);
        let first = index * GENES_PER_BLOCK;
        let row = |row: usize| &targets.classes[row * targets.n_genes + first..][..genes];
        let classes = (0..rows).flat_map(row).copied().collect();
        Self { rows, genes, width: weight.len() / bias.len(), hidden, weight, bias, classes, weights: &targets.weights }
    }

    fn loss(&self, gradient: Option<BlockGradient<'_>>) -> f64 {
        let measured = self.classes.iter().filter(|&&class| class != UNMEASURED).count();
        if measured == 0 {
            0.0
        } else if measured * DENSE_FROM >= self.classes.len() {
            self.dense(gradient)
        } else {
            self.sparse(gradient)
        }
    }

    fn dense(&self, gradient: Option<BlockGradient<'_>>) -> f64 {
        let mut logits = class_logits(self.hidden, self.weight, self.bias, self.rows);
        let mut losses = vec![0.0; self.genes];
        let mut loss = 0.0;
        for row in 0..self.rows {
            let span = row * self.genes..(row + 1) * self.genes;
            let [down, unchanged, up] = logits.each_mut().map(|logits| &mut logits[span.clone()]);
            kernels::cross_entropy_row([down, unchanged, up], &mut losses, &self.classes[span], self.weights[row]);
            loss += kernels::sum(&losses);
        }
        if let Some(gradient) = gradient {
            self.dense_gradient(&logits, gradient);
        }
        loss
    }

    fn dense_gradient(&self, slopes: &[Vec<f32>; 3], gradient: BlockGradient<'_>) {
        let hidden = Grid::new(self.hidden, self.rows, self.width);
        let stride = 3 * self.width;
        let mut of_bias = vec![0.0; self.genes];
        for (class, slopes) in slopes.iter().enumerate() {
            let slope = Grid::new(slopes, self.rows, self.genes);
            let of_weight = &mut gradient.of_weight[class * self.width..];
            let of_weight = GridMut::strided(of_weight, self.genes, self.width, stride);
            kernels::multiply(of_weight, slope.transposed(), hidden, Write::Add);
            let weight = Grid::strided(&self.weight[class * self.width..], self.genes, self.width, stride);
            let of_hidden = GridMut::new(gradient.of_hidden, self.rows, self.width);
            kernels::multiply(of_hidden, slope, weight, Write::Add);
            of_bias.fill(0.0);
            for row in slopes.chunks_exact(self.genes) {
                kernels::add_scaled(&mut of_bias, 1.0, row);
            }
            for (sum, of_bias) in gradient.of_bias[class..].iter_mut().step_by(3).zip(&of_bias) {
                *sum += of_bias;
            }
        }
    }

    fn sparse(&self, mut gradient: Option<BlockGradient<'_>>) -> f64 {
        let mut loss = 0.0;
        for (row, classes) in self.classes.chunks_exact(self.genes).enumerate() {
            for (gene, &class) in classes.iter().enumerate().filter(|&(_, &class)| class != UNMEASURED) {
                loss += f64::from(self.entry(row, gene, class, gradient.as_mut()));
            }
        }
        loss
    }

    fn entry(&self, row: usize, gene: usize, class: u8, gradient: Option<&mut BlockGradient<'_>>) -> f32 {
        let width = self.width;
        let hidden = &self.hidden[row * width..][..width];
        let output = |class: usize| (3 * gene + class) * width..(3 * gene + class + 1) * width;
        let logit = |class: usize| kernels::dot(hidden, &self.weight[output(class)]) + self.bias[3 * gene + class];
        let (loss, slopes) = kernels::cross_entropy_entry([0, 1, 2].map(logit), class, self.weights[row]);
        if let Some(gradient) = gradient {
            for (class, slope) in slopes.into_iter().enumerate() {
                kernels::add_scaled(&mut gradient.of_weight[output(class)], slope, hidden);
                gradient.of_bias[3 * gene + class] += slope;
                let of_hidden = &mut gradient.of_hidden[row * width..][..width];
                kernels::add_scaled(of_hidden, slope, &self.weight[output(class)]);
            }
        }
        loss
    }
}

/// Logits of a run of genes, one `[rows, genes]` matrix for each class.
fn class_logits(hidden: &[f32], weight: &[f32], bias: &[f32], rows: usize) -> [Vec<f32>; 3] {
    let (genes, width) = (bias.len() / 3, weight.len() / bias.len());
    [0, 1, 2].map(|class| {
        let of_class: Vec<_> = bias[class..].iter().step_by(3).copied().collect();
        let mut logits = of_class.repeat(rows);
        let weight = Grid::strided(&weight[class * width..], genes, width, 3 * width).transposed();
        kernels::multiply(GridMut::new(&mut logits, rows, genes), Grid::new(hidden, rows, width), weight, Write::Add);
        logits
    })
}

/// Row, class and logits of every `every`-th measured entry, row after row.
pub fn measured_logits(hidden: &[f32], output: &Affine, targets: &Targets, every: usize) -> Vec<(usize, u8, [f32; 3])> {
    let width = output.weight.cols;
    let measured = targets.classes.iter().enumerate().filter(|&(_, &class)| class != UNMEASURED).step_by(every);
    measured
        .map(|(entry, &class)| {
            let (row, gene) = (entry / targets.n_genes, entry % targets.n_genes);
            let hidden = &hidden[row * width..][..width];
            let logits = [0, 1, 2].map(|class| {
                let line = 3 * gene + class;
                kernels::dot(hidden, &output.weight.values()[line * width..][..width]) + output.bias.values()[line]
            });
            (row, class, logits)
        })
        .collect()
}

/// Calibrated class probabilities of all genes.
///
/// # Shapes
/// - `hidden`: `[rows, width]`; result `[rows, genes, 3]`
pub fn probabilities(hidden: &[f32], output: &Affine, temperature: f64) -> Vec<[f32; 3]> {
    let width = output.weight.cols;
    let n_genes = output.bias.cols / 3;
    let (rows, inverse) = (hidden.len() / width, (1.0 / temperature) as f32);
    let mut probabilities = vec![[0.0; 3]; rows * n_genes];
    // 64 rows a block: enough to reuse the weights, little enough that two threads share a small table.
    let blocks = probabilities.par_chunks_mut(64 * n_genes).zip(hidden.par_chunks(64 * width));
    blocks.for_each(|(probabilities, hidden)| {
        let rows = hidden.len() / width;
        let (weights, biases) = (output.weight.values(), output.bias.values());
        let blocks = weights.chunks(3 * GENES_PER_BLOCK * width).zip(biases.chunks(3 * GENES_PER_BLOCK));
        for (index, (weight, bias)) in blocks.enumerate() {
            let genes = bias.len() / 3;
            let logits = class_logits(hidden, weight, bias, rows);
            for row in 0..rows {
                let [down, unchanged, up] = logits.each_ref().map(|logits| &logits[row * genes..][..genes]);
                let entries = &mut probabilities[row * n_genes + index * GENES_PER_BLOCK..][..genes];
                kernels::softmax_row([down, unchanged, up], inverse, entries);
            }
        }
    });
    probabilities
}

/// Scales every row longer than 1 down to length 1.
pub fn limit_rows(values: &mut [f32], width: usize) {
    values.par_chunks_mut(width).with_min_len(ROWS_PER_BLOCK).for_each(|row| {
        let length = kernels::dot(row, row).sqrt();
        if length > 1.0 {
            row.iter_mut().for_each(|value| *value /= length);
        }
    });
}

/// Adam over a fixed list of parameters, with the published constants `β₁ = .9`, `β₂ = .999`, `ε = 1e-8`.
#[derive(Debug)]
pub struct Adam {
    learning_rate: f64,
    steps: i32,
    moments: Vec<[Vec<f32>; 2]>,
}

impl Adam {
    /// An optimiser that has made no step.
    pub fn new(learning_rate: f64, parameters: &[&Parameter]) -> Self {
        let zeros = |parameter: &&Parameter| [vec![0.0; parameter.values.len()], vec![0.0; parameter.values.len()]];
        Self { learning_rate, steps: 0, moments: parameters.iter().map(zeros).collect() }
    }

    /// Moves each parameter against its gradient, which is zero afterwards.
    pub fn step(&mut self, parameters: Vec<&mut Parameter>) {
        self.steps = self.steps.saturating_add(1);
        let step = AdamStep {
            decay: 0.9,
            square_decay: 0.999,
            rate: (self.learning_rate / (1.0 - 0.9_f64.powi(self.steps))) as f32,
            square_correction: (1.0 / (1.0 - 0.999_f64.powi(self.steps)).sqrt()) as f32,
            epsilon: 1e-8,
        };
        for (parameter, [mean, square]) in parameters.into_iter().zip(&mut self.moments) {
            let values = Arc::make_mut(&mut parameter.values);
            kernels::adam(values, mean, square, &mut lock(&parameter.gradient), step);
        }
    }
}
