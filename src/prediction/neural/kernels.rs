//! Arithmetic on plain slices: matrix products, sparse products, softmax, Adam.
//!
//! Start at [`Grid`] and [`multiply`]. This is the one module with unsafe code: it hands checked slices to `gemm`, and it
//! enters code compiled for wider vectors after asking the processor. No sum depends on the number of threads: work is
//! cut into blocks of fixed size, and the partial sums of blocks are added in order.

use rayon::prelude::*;

/// Rows per block of work.
pub const ROWS_PER_BLOCK: usize = 256;
/// Numbers per block of an element-wise pass.
const NUMBERS_PER_BLOCK: usize = 1 << 15;
/// Class of an entry that was not measured.
pub const UNMEASURED: u8 = u8::MAX;

/// A matrix inside a slice, with a stride for each direction.
#[derive(Clone, Copy)]
pub struct Grid<'a> {
    values: &'a [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
    col_stride: usize,
}

impl<'a> Grid<'a> {
    /// A matrix whose rows lie end to end.
    pub fn new(values: &'a [f32], rows: usize, cols: usize) -> Self {
        Self::strided(values, rows, cols, cols)
    }

    /// A matrix whose rows start `row_stride` numbers apart.
    pub fn strided(values: &'a [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(fits(values.len(), rows, cols, row_stride), "a matrix of {rows} x {cols} leaves its slice");
        Self { values, rows, cols, row_stride, col_stride: 1 }
    }

    /// Rows and columns exchanged.
    pub fn transposed(self) -> Self {
        Self {
            rows: self.cols,
            cols: self.rows,
            row_stride: self.col_stride,
            col_stride: self.row_stride,
            values: self.values,
        }
    }
}

/// A matrix to be written, rows `row_stride` numbers apart.
pub struct GridMut<'a> {
    values: &'a mut [f32],
    rows: usize,
    cols: usize,
    row_stride: usize,
}

impl<'a> GridMut<'a> {
    /// A matrix whose rows lie end to end.
    pub fn new(values: &'a mut [f32], rows: usize, cols: usize) -> Self {
        Self::strided(values, rows, cols, cols)
    }

    /// A matrix whose rows start `row_stride` numbers apart.
    pub fn strided(values: &'a mut [f32], rows: usize, cols: usize, row_stride: usize) -> Self {
        assert!(fits(values.len(), rows, cols, row_stride), "a matrix of {rows} x {cols} leaves its slice");
        assert!(rows < 2 || row_stride >= cols, "rows of a written matrix may not overlap");
        Self { values, rows, cols, row_stride }
    }
}

fn fits(len: usize, rows: usize, cols: usize, row_stride: usize) -> bool {
    rows == 0 || cols == 0 || (rows - 1) * row_stride + cols <= len
}

/// What a product does with what is already there.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// It is replaced.
    Replace,
    /// It is added to.
    Add,
}

/// `out = a · b`, or `out += a · b`, on the calling thread.
///
/// # Panics
/// If the shapes do not match.
pub fn multiply(out: GridMut<'_>, a: Grid<'_>, b: Grid<'_>, write: Write) {
    assert!(a.cols == b.rows && out.rows == a.rows && out.cols == b.cols, "shapes of a product do not match");
    if out.rows == 0 || out.cols == 0 {
        return;
    }
    let stride = |stride: usize| isize::try_from(stride).expect("a slice is shorter than isize::MAX");
    #[expect(unsafe_code, reason = "gemm takes raw pointers; `Grid` has checked every index against its slice")]
    // SAFETY: the strides and shapes of `a`, `b` and `out` stay inside their slices (checked when they were made), and
    // `out` is borrowed mutably, so nothing that is read is written.
    unsafe {
        gemm::gemm(
            out.rows,
            out.cols,
            a.cols,
            out.values.as_mut_ptr(),
            1,
            stride(out.row_stride),
            write == Write::Add,
            a.values.as_ptr(),
            stride(a.col_stride),
            stride(a.row_stride),
            b.values.as_ptr(),
            stride(b.col_stride),
            stride(b.row_stride),
            1.0_f32,
            1.0_f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

/// Compiles a body twice, for the default processor and for one with AVX2, and takes the right one when it runs. Both
/// give the same bits: neither compiler nor processor may fuse or reorder what is written here.
macro_rules! wide {
    ($(#[$doc:meta])* $vis:vis fn $name:ident($($arg:ident: $kind:ty),* $(,)?) $(-> $result:ty)? $body:block) => {
        $(#[$doc])*
        $vis fn $name($($arg: $kind),*) $(-> $result)? {
            #[inline(always)]
            fn plain($($arg: $kind),*) $(-> $result)? $body

            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($arg: $kind),*) $(-> $result)? {
                    plain($($arg),*)
                }
                if std::arch::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "the processor was asked for AVX2 on the line above")]
                    // SAFETY: AVX2 is there.
                    return unsafe { avx2($($arg),*) };
                }
            }
            plain($($arg),*)
        }
    };
}

// What stands in a `wide!` body has no closures: these would be compiled for the default processor only.

/// `eˣ` for `x` in about `[−87, 88]`, clamped outside; relative error below 2⁻²¹.
#[inline(always)]
fn exponential(x: f32) -> f32 {
    // Adding and taking away 1.5·2²³ rounds to the nearest whole number.
    const ROUNDING: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let rounded = x * std::f32::consts::LOG2_E + ROUNDING;
    let whole = rounded - ROUNDING;
    let rest = (x - whole * 0.693_359_4) + whole * 2.121_944_4e-4;
    let series = 1.987_569_2e-4 * rest + 1.398_199_9e-3;
    let series = (series * rest + 8.333_452e-3) * rest + 4.166_579_6e-2;
    let series = (series * rest + 1.666_666_6e-1) * rest + 0.5;
    let mantissa = series * rest * rest + rest + 1.0;
    // The low bits of `rounded` are the whole number itself: shifted up they are the exponent of 2^whole.
    mantissa * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// Natural logarithm of a normal number > 0; absolute error below 2⁻²¹ near 1.
#[inline(always)]
fn logarithm(x: f32) -> f32 {
    let bits = x.to_bits();
    // The mantissa is taken into [√½, √2), so that the series runs around 1.
    let exponent = (bits.wrapping_sub(0x3f35_04f3) as i32) >> 23;
    let mantissa = f32::from_bits(bits.wrapping_sub((exponent << 23) as u32)) - 1.0;
    let series = 7.037_684e-2 * mantissa - 1.151_461e-1;
    let series = (series * mantissa + 1.167_699_9e-1) * mantissa - 1.242_014_1e-1;
    let series = (series * mantissa + 1.424_932_3e-1) * mantissa - 1.666_805_8e-1;
    let series = (series * mantissa + 2.000_071_5e-1) * mantissa - 2.499_999_4e-1;
    let series = series * mantissa + 3.333_333e-1;
    let square = mantissa * mantissa;
    let exponent = exponent as f32;
    let tail = series * mantissa * square - exponent * 2.121_944_4e-4 - 0.5 * square;
    mantissa + tail + exponent * 0.693_359_4
}

/// Loss of one entry and its gradient by the three logits, `weight · (softmax − onehot)`.
#[inline(always)]
fn entry_loss([down, unchanged, up]: [f32; 3], class: u8, weights: [f32; 3]) -> (f32, [f32; 3]) {
    let of_down = if class == 0 { weights[0] } else { 0.0 };
    let of_unchanged = if class == 1 { weights[1] } else { 0.0 };
    let of_up = if class == 2 { weights[2] } else { 0.0 };
    let weight = of_down + of_unchanged + of_up;
    let largest = down.max(unchanged).max(up);
    let (down, unchanged, up) = (down - largest, unchanged - largest, up - largest);
    let powers = [exponential(down), exponential(unchanged), exponential(up)];
    let total = powers[0] + powers[1] + powers[2];
    let loss = weight * logarithm(total) - (of_down * down + of_unchanged * unchanged + of_up * up);
    let scale = weight / total;
    (loss, [powers[0] * scale - of_down, powers[1] * scale - of_unchanged, powers[2] * scale - of_up])
}

wide! {
    /// Cross entropy of a row of entries. The logits of down, unchanged and up are replaced by their gradients; the loss
    /// of each entry goes to `losses`. Entries of class [`UNMEASURED`] get 0 for all four.
    pub fn cross_entropy_row(
        logits: [&mut [f32]; 3],
        losses: &mut [f32],
        classes: &[u8],
        weights: [f32; 3],
    ) {
        let count = classes.len();
        let [down, unchanged, up] = logits;
        let (down, unchanged, up) = (&mut down[..count], &mut unchanged[..count], &mut up[..count]);
        let losses = &mut losses[..count];
        for entry in 0..count {
            let row = [down[entry], unchanged[entry], up[entry]];
            let (loss, gradient) = entry_loss(row, classes[entry], weights);
            losses[entry] = loss;
            down[entry] = gradient[0];
            unchanged[entry] = gradient[1];
            up[entry] = gradient[2];
        }
    }
}

wide! {
    /// Softmax of a row of entries at `1/temperature`.
    pub fn softmax_row(logits: [&[f32]; 3], inverse_temperature: f32, probabilities: &mut [[f32; 3]]) {
        let count = probabilities.len();
        let [down, unchanged, up] = logits;
        let (down, unchanged, up) = (&down[..count], &unchanged[..count], &up[..count]);
        for entry in 0..count {
            let largest = down[entry].max(unchanged[entry]).max(up[entry]);
            let down = exponential((down[entry] - largest) * inverse_temperature);
            let unchanged = exponential((unchanged[entry] - largest) * inverse_temperature);
            let up = exponential((up[entry] - largest) * inverse_temperature);
            let scale = 1.0 / (down + unchanged + up);
            probabilities[entry] = [down * scale, unchanged * scale, up * scale];
        }
    }
}

/// Loss and gradient of one entry, for entries that are evaluated one by one.
pub fn cross_entropy_entry(logits: [f32; 3], class: u8, weights: [f32; 3]) -> (f32, [f32; 3]) {
    entry_loss(logits, class, weights)
}

wide! {
    /// `Σ aᵢ bᵢ`, in eight interleaved partial sums.
    pub fn dot(a: &[f32], b: &[f32]) -> f32 {
        let mut lanes = [0.0_f32; 8];
        let (mut a_chunks, mut b_chunks) = (a.chunks_exact(8), b.chunks_exact(8));
        for (a, b) in a_chunks.by_ref().zip(b_chunks.by_ref()) {
            for lane in 0..8 {
                lanes[lane] += a[lane] * b[lane];
            }
        }
        let tail: f32 = a_chunks.remainder().iter().zip(b_chunks.remainder()).map(|(a, b)| a * b).sum();
        lanes.iter().sum::<f32>() + tail
    }
}

wide! {
    /// `out += factor · x`.
    pub fn add_scaled(out: &mut [f32], factor: f32, x: &[f32]) {
        for (out, x) in out.iter_mut().zip(x) {
            *out += factor * x;
        }
    }
}

/// `Σ xᵢ` in double precision, in order.
pub fn sum(x: &[f32]) -> f64 {
    x.iter().map(|&x| f64::from(x)).sum()
}

/// Constants of one Adam step.
#[derive(Clone, Copy)]
pub struct AdamStep {
    /// `β₁`.
    pub decay: f32,
    /// `β₂`.
    pub square_decay: f32,
    /// Step size divided by `1 − β₁ᵗ`.
    pub rate: f32,
    /// `1 / √(1 − β₂ᵗ)`.
    pub square_correction: f32,
    /// `ε`.
    pub epsilon: f32,
}

wide! {
    fn adam_block(
        values: &mut [f32],
        mean: &mut [f32],
        square: &mut [f32],
        gradient: &mut [f32],
        step: AdamStep,
    ) {
        let count = values.len();
        let (mean, square, gradient) = (&mut mean[..count], &mut square[..count], &mut gradient[..count]);
        for index in 0..count {
            let derivative = gradient[index];
            mean[index] = step.decay * mean[index] + (1.0 - step.decay) * derivative;
            square[index] = step.square_decay * square[index] + (1.0 - step.square_decay) * derivative * derivative;
            let spread = square[index].sqrt() * step.square_correction + step.epsilon;
            values[index] -= step.rate * mean[index] / spread;
            gradient[index] = 0.0;
        }
    }
}

/// One step of Adam on every number, in one pass; the gradient is zero afterwards.
///
/// ```text
/// m ← β₁ m + (1−β₁) g,   v ← β₂ v + (1−β₂) g²,   w ← w − η/(1−β₁ᵗ) · m / (√(v/(1−β₂ᵗ)) + ε)
/// ```
///
/// # Reference
/// Kingma & Ba, Adam: a method for stochastic optimization, ICLR 2015, arXiv 1412.6980.
pub fn adam(values: &mut [f32], mean: &mut [f32], square: &mut [f32], gradient: &mut [f32], step: AdamStep) {
    values
        .par_chunks_mut(NUMBERS_PER_BLOCK)
        .zip(mean.par_chunks_mut(NUMBERS_PER_BLOCK))
        .zip(square.par_chunks_mut(NUMBERS_PER_BLOCK))
        .zip(gradient.par_chunks_mut(NUMBERS_PER_BLOCK))
        .for_each(|(((values, mean), square), gradient)| adam_block(values, mean, square, gradient, step));
}

/// Whether a layer cuts off what is negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// `max(0, x)`.
    Relu,
    /// `x`.
    Identity,
}

/// `y = f(x Wᵀ + b)`.
///
/// # Shapes
/// - `x`: `[rows, inputs]`, `weight`: `[outputs, inputs]`, `bias`: `[outputs]`; result `[rows, outputs]`
pub fn affine(x: &[f32], weight: &[f32], bias: &[f32], activation: Activation) -> Vec<f32> {
    let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
    let rows = x.len() / inputs;
    let mut y = vec![0.0; rows * outputs];
    let blocks = y.par_chunks_mut(ROWS_PER_BLOCK * outputs).zip(x.par_chunks(ROWS_PER_BLOCK * inputs));
    blocks.for_each(|(y, x)| affine_block(y, x, weight, bias, activation));
    y
}

/// [`affine`] on the calling thread, into a given slice.
pub fn affine_block(y: &mut [f32], x: &[f32], weight: &[f32], bias: &[f32], activation: Activation) {
    let (outputs, inputs) = (bias.len(), weight.len() / bias.len());
    let rows = x.len() / inputs;
    for row in y.chunks_exact_mut(outputs) {
        row.copy_from_slice(bias);
    }
    let weight = Grid::new(weight, outputs, inputs).transposed();
    multiply(GridMut::new(y, rows, outputs), Grid::new(x, rows, inputs), weight, Write::Add);
    if activation == Activation::Relu {
        relu(y);
    }
}

wide! {
    /// Cuts off what is negative; NaN stays NaN, so that a diverging fit is seen.
    pub fn relu(y: &mut [f32]) {
        for y in y {
            *y = if *y < 0.0 { 0.0 } else { *y };
        }
    }
}

wide! {
    /// Gradient of a rectified output: zero wherever the output is.
    pub fn relu_gradient(derivative: &mut [f32], y: &[f32]) {
        for (derivative, &y) in derivative.iter_mut().zip(y) {
            *derivative = if y == 0.0 { 0.0 } else { *derivative };
        }
    }
}

/// Gradients of [`affine`] (before its activation): adds to those of weight and bias, returns that of `x`.
///
/// # Shapes
/// - `derivative`: `[rows, outputs]`; the others as in [`affine`]
pub fn affine_gradient(
    derivative: &[f32],
    x: &[f32],
    weight: &[f32],
    weight_gradient: &mut [f32],
    bias_gradient: &mut [f32],
) -> Vec<f32> {
    let (outputs, inputs) = (bias_gradient.len(), weight.len() / bias_gradient.len());
    let mut x_gradient = vec![0.0; x.len()];
    let blocks = x_gradient
        .par_chunks_mut(ROWS_PER_BLOCK * inputs)
        .zip(x.par_chunks(ROWS_PER_BLOCK * inputs))
        .zip(derivative.par_chunks(ROWS_PER_BLOCK * outputs));
    let partial: Vec<_> = blocks
        .map(|((x_gradient, x), derivative)| {
            let rows = derivative.len() / outputs;
            let (derivative_grid, x_grid) = (Grid::new(derivative, rows, outputs), Grid::new(x, rows, inputs));
            let weight = Grid::new(weight, outputs, inputs);
            multiply(GridMut::new(x_gradient, rows, inputs), derivative_grid, weight, Write::Replace);
            let mut of_weight = vec![0.0; outputs * inputs];
            multiply(
                GridMut::new(&mut of_weight, outputs, inputs),
                derivative_grid.transposed(),
                x_grid,
                Write::Replace,
            );
            let mut of_bias = vec![0.0; outputs];
            for row in derivative.chunks_exact(outputs) {
                add_scaled(&mut of_bias, 1.0, row);
            }
            (of_weight, of_bias)
        })
        .collect();
    for (of_weight, of_bias) in partial {
        add_scaled(weight_gradient, 1.0, &of_weight);
        add_scaled(bias_gradient, 1.0, &of_bias);
    }
    x_gradient
}

/// A sparse matrix by rows.
#[derive(Clone, Debug, PartialEq)]
pub struct SparseRows {
    /// Where the entries of each row start; one longer than there are rows.
    pub starts: Vec<usize>,
    /// Column and value of each entry, by row.
    pub entries: Vec<(u32, f32)>,
}

impl SparseRows {
    /// A matrix from the entries of its rows.
    pub fn from_rows<R: IntoIterator<Item = (u32, f32)>>(rows: impl IntoIterator<Item = R>) -> Self {
        let mut sparse = Self { starts: vec![0], entries: Vec::new() };
        for row in rows {
            sparse.entries.extend(row);
            sparse.starts.push(sparse.entries.len());
        }
        sparse
    }

    /// Number of rows.
    pub fn n_rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// Entries of one row.
    pub fn row(&self, row: usize) -> &[(u32, f32)] {
        &self.entries[self.starts[row]..self.starts[row + 1]]
    }

    /// `S · X` for a dense `X` of rows `width` long.
    pub fn times(&self, x: &[f32], width: usize) -> Vec<f32> {
        let mut y = vec![0.0; self.n_rows() * width];
        y.par_chunks_mut(width).with_min_len(64).enumerate().for_each(|(row, y)| self.gather(row, x, y));
        y
    }

    /// Adds row `row` of `S · X` to `y`.
    pub fn gather(&self, row: usize, x: &[f32], y: &mut [f32]) {
        let width = y.len();
        for &(col, value) in self.row(row) {
            add_scaled(y, value, &x[col as usize * width..][..width]);
        }
    }

    /// Adds `Sᵀ · Y` to `x`, row after row on the calling thread: for a few rows only.
    pub fn scatter(&self, y: &[f32], x: &mut [f32], width: usize) {
        for (row, y) in y.chunks_exact(width).enumerate() {
            for &(col, value) in self.row(row) {
                add_scaled(&mut x[col as usize * width..][..width], value, y);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn numbers(count: usize, seed: u32) -> Vec<f32> {
        // A fixed, irregular sequence in (−1, 1).
        (0..count as u32)
            .map(|i| ((i.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) >> 8) as f32 / (1 << 23) as f32 - 1.0)
            .collect()
    }

    #[test]
    fn exponential_and_logarithm_agree_with_double_precision() {
        for step in -8_000..8_000 {
            let x = step as f32 / 100.0;
            let relative = f64::from(exponential(x)) / f64::from(x).exp() - 1.0;
            assert!(relative.abs() < 3e-7, "exp({x}): {relative:e}");
        }
        for step in 1..30_000 {
            let x = step as f32 / 1_000.0;
            let wanted = f64::from(x).ln();
            let error = f64::from(logarithm(x)) - wanted;
            assert!(error.abs() < 3e-7 * wanted.abs().max(1.0), "ln({x}): {error:e}");
        }
    }

    #[test]
    fn a_logit_far_below_the_others_has_probability_zero_and_no_nan() {
        let mut probabilities = [[0.0; 3]];
        softmax_row([&[-1e9], &[0.0], &[1e9]], 1.0, &mut probabilities);
        assert!(probabilities[0][0] < 1e-37 && probabilities[0][1] < 1e-37);
        assert_eq!(probabilities[0][2], 1.0);
    }

    proptest! {
        #[test]
        fn a_product_equals_the_plain_triple_loop(m in 1_usize..20, n in 1_usize..20, k in 1_usize..20, seed: u32) {
            let (a, b) = (numbers(m * k, seed), numbers(n * k, seed ^ 1));
            let mut out = numbers(m * n, seed ^ 2);
            let mut wanted = out.clone();
            for i in 0..m {
                for j in 0..n {
                    wanted[i * n + j] += (0..k).map(|l| a[i * k + l] * b[j * k + l]).sum::<f32>();
                }
            }
            multiply(GridMut::new(&mut out, m, n), Grid::new(&a, m, k), Grid::new(&b, n, k).transposed(), Write::Add);
            for (out, wanted) in out.iter().zip(&wanted) {
                prop_assert!((out - wanted).abs() < 1e-4);
            }
        }

        #[test]
        fn wide_and_plain_dot_products_agree(count in 0_usize..70, seed: u32) {
            let (a, b) = (numbers(count, seed), numbers(count, seed ^ 1));
            let wanted: f64 = a.iter().zip(&b).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum();
            prop_assert!((f64::from(dot(&a, &b)) - wanted).abs() < 1e-5);
        }
    }

    #[test]
    fn a_sparse_product_equals_the_dense_one() {
        let sparse = SparseRows::from_rows([vec![(0, 2.0), (2, -1.0)], vec![], vec![(1, 0.5)]]);
        let x = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        assert_eq!(sparse.times(&x, 2), [-3.0, -2.0, 0.0, 0.0, 1.5, 2.0]);
        let mut back = [0.0; 6];
        sparse.scatter(&[1.0, 1.0, 9.0, 9.0, 2.0, 4.0], &mut back, 2);
        assert_eq!(back, [2.0, 2.0, 1.0, 2.0, -1.0, -1.0]);
    }

    #[test]
    #[should_panic(expected = "leaves its slice")]
    fn a_matrix_larger_than_its_slice_is_refused() {
        let _ = Grid::new(&[0.0; 5], 2, 3);
    }
}
