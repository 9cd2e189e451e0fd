//! Fused operations on dfdx's tape, and the parameters that they differentiate by.
//!
//! Start at [`Parameter`] and [`linear`]. Activations are dfdx tensors of run-time size, so that its own operations can
//! stand between ours. Parameters live next to the tape: an operation shares their values and adds to their gradient
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
/// A block of genes is evaluated densely if at least one in this many of its entries is measured.
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

fn add_gradient(gradients: &mut Gradients<f32, Cpu>, x: &Matrix<NoneTape>, derivative: &[f32]) -> Result<(), CpuError> {
    kernels::add_scaled(gradients.get_or_alloc_mut(x)?, 1.0, derivative);
    Ok(())
}

fn activate(derivative: &mut [f32], y: &Matrix<NoneTape>, activation: Activation) {
    if activation == Activation::Relu {
        kernels::relu_gradient(derivative, &numbers(y));
    }
}

/// A parameter as a matrix on the tape.
pub fn leaf<T: Tape<f32, Cpu>>(parameter: &Parameter) -> Matrix<T> {
    let y = device().tensor_from_vec(parameter.values().to_vec(), (parameter.rows, parameter.cols));
    let mut tape = T::default();
    let (result, gradient) = (y.clone(), Arc::clone(&parameter.gradient));
    tape.add_backward_op(move |gradients| {
        let derivative = take_gradient(gradients, &result)?;
        kernels::add_scaled(&mut lock(&gradient), 1.0, &derivative);
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
            let mut derivative = take_gradient(gradients, &result)?;
            activate(&mut derivative, &result, activation);
            let of_x =
                kernels::affine_gradient(&derivative, &inputs, &weight, &mut lock(&of_weight), &mut lock(&of_bias));
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
            let mut derivative = take_gradient(gradients, &result)?;
            activate(&mut derivative, &result, activation);
            let (mut of_weight, mut of_bias) = (lock(&of_weight), lock(&of_bias));
            let of_spread = kernels::affine_gradient(&derivative, &spread, &weight, &mut of_weight, &mut of_bias);
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
            let derivative = take_gradient(gradients, &result)?;
            rows.scatter(&derivative, gradients.get_or_alloc_mut(&x)?, width);
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
            let mut derivative = take_gradient(gradients, &result)?;
            activate(&mut derivative, &result, activation);
            rows.scatter(&derivative, &mut lock(&of_weight), width);
            let mut of_bias = lock(&of_bias);
            for row in derivative.chunks_exact(width) {
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
            let mut derivative = take_gradient(gradients, &result)?;
            activate(&mut derivative, &result, Activation::Relu);
            let [sum, product] = column_sums([&derivative, &normal], width);
            add_doubles(&mut lock(&of_shift), &sum);
            add_doubles(&mut lock(&of_scale), &product);
            let count = rows as f64;
            let means: Vec<_> =
                sum.iter().zip(&product).map(|(s, p)| ((s / count) as f32, (p / count) as f32)).collect();
            derivative.par_chunks_mut(width).zip(normal.par_chunks(width)).with_min_len(ROWS_PER_BLOCK).for_each(
                |(derivative, normal)| {
                    for column in 0..width {
                        let centred = derivative[column] - means[column].0 - normal[column] * means[column].1;
                        derivative[column] = centred * factor[column] * inverse_spread[column];
                    }
                },
            );
            add_gradient(gradients, &x, &derivative)
        });
    }
    y.put_tape(tape)
}

/// Brings every column to mean 0 and variance 1; returns `1/√(σ² + ε)` of each.
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

    fn dense_gradient(&self, derivatives: &[Vec<f32>; 3], gradient: BlockGradient<'_>) {
        let hidden = Grid::new(self.hidden, self.rows, self.width);
        let stride = 3 * self.width;
        let mut of_bias = vec![0.0; self.genes];
        for (class, derivatives) in derivatives.iter().enumerate() {
            let derivative = Grid::new(derivatives, self.rows, self.genes);
            let of_weight = &mut gradient.of_weight[class * self.width..];
            let of_weight = GridMut::strided(of_weight, self.genes, self.width, stride);
            kernels::multiply(of_weight, derivative.transposed(), hidden, Write::Add);
            let weight = Grid::strided(&self.weight[class * self.width..], self.genes, self.width, stride);
            let of_hidden = GridMut::new(gradient.of_hidden, self.rows, self.width);
            kernels::multiply(of_hidden, derivative, weight, Write::Add);
            of_bias.fill(0.0);
            for row in derivatives.chunks_exact(self.genes) {
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
        let (loss, derivatives) = kernels::cross_entropy_entry([0, 1, 2].map(logit), class, self.weights[row]);
        if let Some(gradient) = gradient {
            for (class, derivative) in derivatives.into_iter().enumerate() {
                kernels::add_scaled(&mut gradient.of_weight[output(class)], derivative, hidden);
                gradient.of_bias[3 * gene + class] += derivative;
                let of_hidden = &mut gradient.of_hidden[row * width..][..width];
                kernels::add_scaled(of_hidden, derivative, &self.weight[output(class)]);
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

#[cfg(test)]
mod tests {
    use super::*;
    use dfdx::prelude::{AdamConfig, AsArray, Axis, BroadcastTo, ReshapeTo, SumTo, Trace, TryMatMul};
    use dfdx::tensor_ops::PermuteTo;
    use rand::SeedableRng;

    type Plain = Matrix<NoneTape>;

    fn matrix<T>(values: Vec<f32>, rows: usize, cols: usize, tape: T) -> Matrix<T> {
        device().tensor_from_vec(values, (rows, cols)).put_tape(tape)
    }

    fn rng(seed: u64) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(seed)
    }

    fn parameter(name: &'static str, rows: usize, cols: usize, seed: u64) -> Parameter {
        Parameter::uniform(name, rows, cols, 1.0, &mut rng(seed))
    }

    fn affine(outputs: usize, inputs: usize, seed: u64) -> Affine {
        Affine { weight: parameter("w", outputs, inputs, seed), bias: parameter("b", 1, outputs, seed + 1) }
    }

    /// Fixed coefficients that make a number of a matrix: `Σ c ∘ Y`.
    fn coefficients(rows: usize, cols: usize) -> Vec<f32> {
        parameter("c", rows, cols, 999).values().to_vec()
    }

    fn backward(y: Matrix<OwnedTape>) -> Gradients<f32, Cpu> {
        let (rows, cols) = shape(&y);
        let c = matrix(coefficients(rows, cols), rows, cols, NoneTape);
        (y * c).sum::<Rank0, _>().backward()
    }

    fn objective(y: &Plain) -> f64 {
        let (rows, cols) = shape(y);
        numbers(y).iter().zip(coefficients(rows, cols)).map(|(y, c)| f64::from(*y) * f64::from(c)).sum()
    }

    fn assert_close(found: &[f32], wanted: &[f32], tolerance: f32, what: &str) {
        assert_eq!(found.len(), wanted.len(), "{what}");
        let largest = wanted.iter().fold(1e-3_f32, |largest, wanted| largest.max(wanted.abs()));
        for (index, (found, wanted)) in found.iter().zip(wanted).enumerate() {
            assert!((found - wanted).abs() < tolerance * largest, "{what}[{index}]: {found} against {wanted}");
        }
    }

    /// Compares the gradient that lies in each parameter with central differences of `loss`.
    fn assert_finite_differences(parameters: &mut [Parameter], loss: impl Fn(&[Parameter]) -> f64) {
        const STEP: f32 = 2e-3;
        for which in 0..parameters.len() {
            let gradient = parameters[which].gradient().clone();
            let mut derivatives = Vec::new();
            for index in 0..gradient.len() {
                let mut at = |shift: f32| {
                    parameters[which].values_mut()[index] += shift;
                    let loss = loss(parameters);
                    parameters[which].values_mut()[index] -= shift;
                    loss
                };
                derivatives.push(((at(STEP) - at(-STEP)) / f64::from(2.0 * STEP)) as f32);
            }
            assert_close(&gradient, &derivatives, 1e-2, parameters[which].name());
        }
    }

    /// The parameters as dfdx tensors on a dfdx tape.
    fn tensors(parameters: &[Parameter]) -> Vec<Plain> {
        parameters.iter().map(|it| matrix(it.values().to_vec(), it.rows, it.cols, NoneTape)).collect()
    }

    fn assert_oracle(parameters: &[Parameter], oracle: impl Fn(&[Plain]) -> Tensor<Rank0, f32, Cpu, OwnedTape>) {
        let tensors = tensors(parameters);
        let gradients = oracle(&tensors).backward();
        for (parameter, tensor) in parameters.iter().zip(&tensors) {
            let wanted = gradients.get(tensor).as_vec();
            assert_close(&parameter.gradient(), &wanted, 1e-4, parameter.name());
        }
    }

    fn oracle_affine(x: Matrix<OwnedTape>, weight: &Plain, bias: &Plain) -> Matrix<OwnedTape> {
        let (rows, outputs) = (shape(&x).0, shape(weight).0);
        let weight = weight.retaped::<OwnedTape>().permute::<(usize, usize), _>();
        let bias = bias.retaped::<OwnedTape>().reshape_like(&(outputs,)).broadcast_like::<_, Axis<0>>(&(rows, outputs));
        x.matmul(weight) + bias
    }

    fn weighed(y: Matrix<OwnedTape>) -> Tensor<Rank0, f32, Cpu, OwnedTape> {
        let (rows, cols) = shape(&y);
        (y * matrix(coefficients(rows, cols), rows, cols, NoneTape)).sum()
    }

    fn split(parameters: &[Parameter]) -> (&Parameter, Affine) {
        let copy = |it: &Parameter| Parameter {
            name: it.name,
            rows: it.rows,
            cols: it.cols,
            values: Arc::clone(&it.values),
            gradient: Arc::clone(&it.gradient),
        };
        (&parameters[0], Affine { weight: copy(&parameters[1]), bias: copy(&parameters[2]) })
    }

    #[test]
    fn the_gradient_of_a_linear_layer_is_right() {
        // 300 rows, so that the work is cut into two blocks.
        let mut parameters = [parameter("x", 300, 3, 1), parameter("w", 4, 3, 2), parameter("b", 1, 4, 3)];
        for activation in [Activation::Relu, Activation::Identity] {
            let (x, layer) = split(&parameters);
            backward(linear(leaf(x), &layer, activation));
            assert_oracle(&parameters, |tensors| {
                let y = oracle_affine(tensors[0].leaky_trace(), &tensors[1], &tensors[2]);
                weighed(if activation == Activation::Relu { y.relu() } else { y })
            });
            if activation == Activation::Identity {
                assert_finite_differences(&mut parameters, |parameters| {
                    let (x, layer) = split(parameters);
                    objective(&linear::<NoneTape>(leaf(x), &layer, Activation::Identity))
                });
            }
            parameters.iter().for_each(|it| it.gradient().fill(0.0));
        }
    }

    fn ring() -> Arc<SparseRows> {
        // A ring of five nodes, each joined to itself: symmetric, rows sum to 1.
        let third = 1.0 / 3.0;
        Arc::new(SparseRows::from_rows((0..5).map(|i| [(i, third), ((i + 1) % 5, third), ((i + 4) % 5, third)])))
    }

    fn dense(sparse: &SparseRows, cols: usize) -> Plain {
        let mut values = vec![0.0; sparse.n_rows() * cols];
        for row in 0..sparse.n_rows() {
            sparse.row(row).iter().for_each(|&(col, value)| values[row * cols + col as usize] += value);
        }
        matrix(values, sparse.n_rows(), cols, NoneTape)
    }

    #[test]
    fn the_gradient_of_a_graph_convolution_is_right() {
        let mut parameters = [parameter("x", 5, 3, 1), parameter("w", 4, 3, 2), parameter("b", 1, 4, 3)];
        let (x, layer) = split(&parameters);
        backward(convolve(leaf(x), &ring(), &layer, Activation::Relu));
        assert_oracle(&parameters, |tensors| {
            let spread = dense(&ring(), 5).leaky_trace().matmul(tensors[0].retaped::<OwnedTape>());
            weighed(oracle_affine(spread, &tensors[1], &tensors[2]).relu())
        });
        assert_finite_differences(&mut parameters, |parameters| {
            let (x, layer) = split(parameters);
            objective(&convolve::<NoneTape>(leaf(x), &ring(), &layer, Activation::Relu))
        });
    }

    fn few_rows() -> Arc<SparseRows> {
        Arc::new(SparseRows::from_rows([vec![(4, -1.0)], vec![(0, 1.0), (4, 1.0)], vec![(2, 1.0)]]))
    }

    #[test]
    fn the_gradients_of_gathering_rows_are_right_and_zero_for_genes_that_nothing_perturbs() {
        let mut parameters = [parameter("x", 5, 3, 1), parameter("b", 1, 3, 2)];
        let oracle = |tensors: &[Plain]| dense(&few_rows(), 5).leaky_trace().matmul(tensors[0].retaped::<OwnedTape>());

        backward(gather(&few_rows(), leaf(&parameters[0])));
        assert_oracle(&parameters[..1], |tensors| weighed(oracle(tensors)));
        parameters[0].gradient().fill(0.0);

        backward(gather_parameter(&few_rows(), &parameters[0], &parameters[1], Activation::Relu));
        assert_oracle(&parameters, |tensors| {
            let bias = tensors[1].retaped::<OwnedTape>().reshape_like(&(3,));
            weighed((oracle(tensors) + bias.broadcast_like::<_, Axis<0>>(&(3, 3))).relu())
        });
        assert_eq!(parameters[0].gradient()[3..6], [0.0; 3], "gene 1");
        assert_finite_differences(&mut parameters, |parameters| {
            let [x, bias] = parameters else { unreachable!("two parameters") };
            objective(&gather_parameter::<NoneTape>(&few_rows(), x, bias, Activation::Relu))
        });
    }

    #[test]
    fn the_gradient_of_batch_norm_is_right() {
        let mut parameters = [parameter("x", 300, 2, 1), parameter("scale", 1, 2, 2), parameter("shift", 1, 2, 3)];
        backward(batch_norm_relu(leaf(&parameters[0]), &parameters[1], &parameters[2]));
        assert_oracle(&parameters, |tensors| {
            let normal = tensors[0].leaky_trace().normalize::<Axis<0>>(1e-5);
            let [scale, shift] = [&tensors[1], &tensors[2]]
                .map(|it| it.retaped::<OwnedTape>().reshape_like(&(2,)).broadcast_like::<_, Axis<0>>(&(300, 2)));
            weighed((normal * scale + shift).relu())
        });
        let y = numbers(&batch_norm_relu::<NoneTape>(
            leaf(&parameters[0]),
            &Parameter::constant("scale", 1, 2, 1.0),
            &Parameter::constant("shift", 1, 2, 10.0),
        ));
        let mean = y.iter().step_by(2).sum::<f32>() / 300.0;
        let variance = y.iter().step_by(2).map(|y| (y - 10.0).powi(2)).sum::<f32>() / 300.0;
        assert!((mean - 10.0).abs() < 1e-4 && (variance - 1.0).abs() < 1e-3);
        parameters = [parameter("x", 6, 2, 1), parameter("scale", 1, 2, 2), parameter("shift", 1, 2, 3)];
        backward(batch_norm_relu(leaf(&parameters[0]), &parameters[1], &parameters[2]));
        assert_finite_differences(&mut parameters, |parameters| {
            objective(&batch_norm_relu::<NoneTape>(leaf(&parameters[0]), &parameters[1], &parameters[2]))
        });
    }

    /// Three rows of `genes` entries, of which about `share` are measured.
    fn targets(genes: usize, share: f32) -> Targets {
        let mut rng = rng(7);
        let classes = (0..3 * genes).map(|_| match rng.random::<f32>() < share {
            true => rng.random_range(0..3),
            false => UNMEASURED,
        });
        let classes = classes.collect();
        Targets { n_genes: genes, classes, weights: vec![[0.7, 0.1, 0.4], [1.0, 0.2, 0.5], [0.3, 0.3, 0.3]] }
    }

    fn oracle_cross_entropy(tensors: &[Plain], targets: &Targets) -> Tensor<Rank0, f32, Cpu, OwnedTape> {
        let logits = oracle_affine(tensors[0].leaky_trace(), &tensors[1], &tensors[2]);
        let entries = targets.classes.len();
        let log_shares = logits.reshape_like(&(entries, 3)).log_softmax::<Axis<1>>();
        let weight = |entry: usize, class: usize| {
            let hit = usize::from(targets.classes[entry]) == class;
            if hit { -targets.weights[entry / targets.n_genes][class] } else { 0.0 }
        };
        let weights = (0..3 * entries).map(|at| weight(at / 3, at % 3)).collect();
        (log_shares * matrix(weights, entries, 3, NoneTape)).sum()
    }

    #[test]
    fn the_gradient_of_the_masked_cross_entropy_is_right_densely_and_sparsely() {
        // 300 genes make two blocks; at 5 % the entries are evaluated one by one, at 60 % as a matrix.
        for share in [0.05, 0.6] {
            let targets = targets(300, share);
            let parameters = [parameter("h", 3, 5, 1), parameter("w", 900, 5, 2), parameter("b", 1, 900, 3)];
            let (hidden, output) = split(&parameters);
            let loss = backpropagate_cross_entropy(leaf(hidden), &output, &targets);
            assert!((loss - cross_entropy(hidden.values(), &output, &targets)).abs() < 1e-9 * loss);
            let wanted = oracle_cross_entropy(&tensors(&parameters), &targets).array();
            assert!((loss - f64::from(wanted)).abs() < 1e-4 * loss, "{loss} against {wanted}");
            assert_oracle(&parameters, |tensors| oracle_cross_entropy(tensors, &targets));
        }
    }

    #[test]
    fn the_gradient_of_the_masked_cross_entropy_agrees_with_finite_differences() {
        for share in [0.1, 0.6] {
            let targets = targets(12, share);
            let mut parameters = [parameter("h", 3, 5, 1), parameter("w", 36, 5, 2), parameter("b", 1, 36, 3)];
            let (hidden, output) = split(&parameters);
            backpropagate_cross_entropy(leaf(hidden), &output, &targets);
            assert_finite_differences(&mut parameters, |parameters| {
                let (hidden, output) = split(parameters);
                cross_entropy(hidden.values(), &output, &targets)
            });
        }
    }

    #[test]
    fn an_unmeasured_gene_has_gradient_zero_to_the_last_bit() {
        for share in [0.05, 0.9] {
            let mut targets = targets(40, share);
            for row in 0..3 {
                targets.classes[row * 40 + 17] = UNMEASURED;
            }
            let output = affine(120, 5, 2);
            backpropagate_cross_entropy(leaf(&parameter("h", 3, 5, 1)), &output, &targets);
            assert_eq!(output.weight.gradient()[17 * 15..18 * 15], [0.0; 15]);
            assert_eq!(output.bias.gradient()[17 * 3..18 * 3], [0.0; 3]);
            assert!(output.bias.gradient().iter().any(|derivative| *derivative != 0.0));
        }
    }

    #[test]
    fn a_row_of_weight_one_half_that_stands_twice_counts_as_one_of_weight_one() {
        let output = affine(120, 5, 2);
        let hidden = parameter("h", 3, 5, 1);
        let once = targets(40, 0.6);
        let twice = Targets {
            n_genes: 40,
            classes: once.classes.repeat(2),
            weights: once.weights.repeat(2).into_iter().map(|weights| weights.map(|weight| weight / 2.0)).collect(),
        };
        let loss = backpropagate_cross_entropy(leaf(&hidden), &output, &once);
        let gradient = std::mem::replace(&mut *output.weight.gradient(), vec![0.0; 600]);
        let doubled = Parameter::from_values("h", 6, 5, hidden.values().repeat(2));
        let loss_twice = backpropagate_cross_entropy(leaf(&doubled), &output, &twice);
        assert!((loss - loss_twice).abs() < 1e-6 * loss);
        assert_close(&output.weight.gradient(), &gradient, 1e-5, "w");
    }

    #[test]
    fn probabilities_are_the_softmax_of_the_logits_at_the_temperature() {
        let output = affine(900, 5, 2);
        let hidden = parameter("h", 3, 5, 1);
        let found = probabilities(hidden.values(), &output, 2.0);
        let everything = Targets { n_genes: 300, classes: vec![0; 900], weights: vec![[1.0; 3]; 3] };
        let logits = measured_logits(hidden.values(), &output, &everything, 1);
        for (found, (_, _, logits)) in found.iter().zip(logits) {
            let powers = logits.map(|logit| f64::from(logit / 2.0).exp());
            let total: f64 = powers.iter().sum();
            for (found, power) in found.iter().zip(powers) {
                assert!((f64::from(*found) - power / total).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn adam_makes_the_steps_of_the_one_in_dfdx() {
        let mut ours = parameter("w", 7, 9, 1);
        let mut theirs = tensors(std::slice::from_ref(&ours)).remove(0);
        let mut adam = Adam::new(0.01, &[&ours]);
        let config = AdamConfig { lr: 0.01, betas: [0.9, 0.999], eps: 1e-8, weight_decay: None };
        let [mut means, mut squares, mut derivatives] = [(); 3].map(|()| Gradients::<f32, Cpu>::leaky());
        for step in 1..=20 {
            let derivative = parameter("g", 7, 9, 100 + step).values().to_vec();
            ours.gradient().copy_from_slice(&derivative);
            adam.step(vec![&mut ours]);
            derivatives.get_or_alloc_mut(&theirs).expect("memory").copy_from_slice(&derivative);
            let key = theirs.clone();
            let (mean, square) = (means.get_or_alloc_mut(&key), squares.get_or_alloc_mut(&key));
            let derivative = derivatives.get_or_alloc_mut(&key).expect("memory");
            let step = i32::try_from(step).expect("twenty steps");
            config
                .try_update(step, &mut theirs, mean.expect("memory"), square.expect("memory"), derivative)
                .expect("update");
        }
        assert_close(ours.values(), &theirs.as_vec(), 1e-5, "w");
        assert!(ours.gradient().iter().all(|derivative| *derivative == 0.0));
    }
}
