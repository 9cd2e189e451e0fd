//! Principal axes of a sparse matrix, and the small dense algebra of a ridge regression.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// A sparse matrix by rows: column and value of each entry.
pub(super) type Rows = Vec<Vec<(u32, f32)>>;

/// Vectors beyond the wanted ones that are iterated along, for faster convergence.
const SPARE: usize = 6;
/// The subspace is turned at most so often.
const TURNS: usize = 60;

/// A matrix that is known by what it does to vectors.
pub(super) trait Operator {
    /// Number of rows.
    fn n_rows(&self) -> usize;
    /// Number of columns.
    fn n_cols(&self) -> usize;
    /// `M x` for `x` of `width` columns.
    fn times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>>;
    /// `Mᵀ x` for `x` of `width` columns.
    fn transposed_times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>>;
}

/// A sparse matrix both ways.
pub(super) struct Sparse {
    rows: Rows,
    columns: Rows,
}

impl Sparse {
    /// The matrix of these rows.
    pub fn new(rows: Rows, n_cols: usize) -> Self {
        Self { columns: transposed(&rows, n_cols), rows }
    }

    /// Its rows.
    pub const fn rows(&self) -> &Rows {
        &self.rows
    }
}

impl Operator for Sparse {
    fn n_rows(&self) -> usize {
        self.rows.len()
    }

    fn n_cols(&self) -> usize {
        self.columns.len()
    }

    fn times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
        product(&self.rows, x, width)
    }

    fn transposed_times(&self, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
        product(&self.columns, x, width)
    }
}

/// The leading right singular vectors of `matrix`, times their singular values: one row of `components` numbers for each
/// column.
///
/// By orthogonal iteration from a fixed random start, then one small symmetric eigenproblem. Axes whose singular value
/// is below a millionth of the largest are left out, so fewer than `components` may come back.
///
/// # Reference
/// Halko, Martinsson & Tropp, Finding structure with randomness, SIAM Review 2011, doi:10.1137/090771806.
pub(super) fn scores(matrix: &impl Operator, components: usize) -> Scores {
    let block = (components + SPARE).min(matrix.n_rows()).min(matrix.n_cols());
    let mut rng = ChaCha8Rng::seed_from_u64(0);
    let mut basis: Vec<Vec<f64>> = (0..matrix.n_rows()).map(|_| draw(&mut rng, block)).collect();
    orthonormalise(&mut basis, block);
    let mut images = matrix.transposed_times(&basis, block);
    let mut energy = squared_norm(&images);
    for _ in 0..TURNS {
        basis = matrix.times(&images, block);
        orthonormalise(&mut basis, block);
        images = matrix.transposed_times(&basis, block);
        let grown = squared_norm(&images);
        if grown <= energy * (1.0 + 1e-12) {
            break;
        }
        energy = grown;
    }
    rotate(&images, block, components)
}

/// One row of numbers for each column of a matrix, see [`scores`].
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Scores {
    /// Numbers per row.
    pub width: usize,
    /// Row after row.
    pub values: Vec<f64>,
}

impl Scores {
    /// The numbers of one column of the matrix.
    pub fn of(&self, column: usize) -> &[f64] {
        &self.values[column * self.width..][..self.width]
    }
}

fn draw(rng: &mut ChaCha8Rng, count: usize) -> Vec<f64> {
    (0..count).map(|_| rng.random::<f64>() - 0.5).collect()
}

fn transposed(rows: &Rows, n_cols: usize) -> Rows {
    let mut columns = vec![Vec::new(); n_cols];
    for (row, entries) in rows.iter().enumerate() {
        for &(col, value) in entries {
            columns[col as usize].push((row as u32, value));
        }
    }
    columns
}

/// A sparse matrix times `x` of `width` columns.
pub(super) fn product(rows: &Rows, x: &[Vec<f64>], width: usize) -> Vec<Vec<f64>> {
    let row = |entries: &Vec<(u32, f32)>| {
        let mut sum = vec![0.0; width];
        for &(col, value) in entries {
            sum.iter_mut().zip(&x[col as usize]).for_each(|(sum, x)| *sum += f64::from(value) * x);
        }
        sum
    };
    rows.par_iter().map(row).collect()
}

fn squared_norm(x: &[Vec<f64>]) -> f64 {
    x.iter().flatten().map(|x| x * x).sum()
}

/// Gram–Schmidt over the columns, twice for accuracy; a column that depends on earlier ones becomes 0.
fn orthonormalise(x: &mut [Vec<f64>], width: usize) {
    let mut columns: Vec<Vec<f64>> = (0..width).map(|column| x.iter().map(|row| row[column]).collect()).collect();
    for at in 0..width {
        let (earlier, rest) = columns.split_at_mut(at);
        let column = &mut rest[0];
        let before = dot(column, column).sqrt();
        for _ in 0..2 {
            for earlier in &*earlier {
                let overlap = dot(earlier, column);
                column.iter_mut().zip(earlier).for_each(|(value, earlier)| *value -= overlap * earlier);
            }
        }
        let length = dot(column, column).sqrt();
        let factor = if length > 1e-10 * before && length > 0.0 { 1.0 / length } else { 0.0 };
        column.iter_mut().for_each(|value| *value *= factor);
    }
    for (at, row) in x.iter_mut().enumerate() {
        row.iter_mut().zip(&columns).for_each(|(value, column)| *value = column[at]);
    }
}

/// Lanes of partial sums, so that the additions need not wait for each other.
const LANES: usize = 8;

fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (left, right) = (left.chunks_exact(LANES), right.chunks_exact(LANES));
    let rest: f64 = left.remainder().iter().zip(right.remainder()).map(|(left, right)| left * right).sum();
    let mut sums = [0.0; LANES];
    for (left, right) in left.zip(right) {
        sums.iter_mut().zip(left.iter().zip(right)).for_each(|(sum, (left, right))| *sum += left * right);
    }
    sums.iter().sum::<f64>() + rest
}

/// Turns `images` (columns that span the leading axes) into axes of their own, longest first.
fn rotate(images: &[Vec<f64>], block: usize, components: usize) -> Scores {
    let mut gram = vec![vec![0.0; block]; block];
    for row in images {
        for (gram, left) in gram.iter_mut().zip(row) {
            gram.iter_mut().zip(row).for_each(|(gram, right)| *gram += left * right);
        }
    }
    let (lengths, axes) = symmetric_eigen(gram);
    let mut order: Vec<_> = (0..block).collect();
    order.sort_by(|&a, &b| lengths[b].total_cmp(&lengths[a]));
    let largest = order.first().map_or(0.0, |&first| lengths[first]);
    order.retain(|&axis| lengths[axis] > largest * 1e-12);
    order.truncate(components);
    let turned = |row: &Vec<f64>, axis: usize| row.iter().zip(&axes).map(|(x, line)| x * line[axis]).sum::<f64>();
    let values =
        images.iter().flat_map(|row| order.iter().map(|&axis| turned(row, axis)).collect::<Vec<_>>()).collect();
    Scores { width: order.len(), values }
}

/// Eigenvalues and eigenvectors (columns) of a symmetric matrix by cyclic Jacobi rotations.
fn symmetric_eigen(mut a: Vec<Vec<f64>>) -> (Vec<f64>, Vec<Vec<f64>>) {
    let n = a.len();
    let mut axes: Vec<Vec<f64>> = (0..n).map(|i| (0..n).map(|j| f64::from(u8::from(i == j))).collect()).collect();
    for _ in 0..50 {
        let off: f64 = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).map(|(i, j)| a[i][j] * a[i][j]).sum();
        let all: f64 = (0..n).map(|i| a[i][i] * a[i][i]).sum();
        if off <= 1e-30 * all {
            break;
        }
        for q in 1..n {
            for p in 0..q {
                jacobi_rotation(&mut a, &mut axes, p, q);
            }
        }
    }
    ((0..n).map(|i| a[i][i]).collect(), axes)
}

fn jacobi_rotation(a: &mut [Vec<f64>], axes: &mut [Vec<f64>], p: usize, q: usize) {
    if a[p][q] == 0.0 {
        return;
    }
    let theta = (a[q][q] - a[p][p]) / (2.0 * a[p][q]);
    let tangent = theta.signum() / (theta.abs() + (theta * theta + 1.0).sqrt());
    let cosine = 1.0 / (tangent * tangent + 1.0).sqrt();
    let sine = tangent * cosine;
    let turn = |left: f64, right: f64| (cosine * left - sine * right, sine * left + cosine * right);
    for row in a.iter_mut().chain(axes) {
        (row[p], row[q]) = turn(row[p], row[q]);
    }
    let (upper, lower) = a.split_at_mut(q);
    for (left, right) in upper[p].iter_mut().zip(&mut lower[0]) {
        (*left, *right) = turn(*left, *right);
    }
}

/// Solves `(A + λI) X = B` for a positive semidefinite `A` and `λ > 0`, by Cholesky factors.
pub(super) fn ridge_solve(mut a: Vec<Vec<f64>>, lambda: f64, mut b: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let n = a.len();
    for i in 0..n {
        a[i][i] += lambda;
        for j in 0..=i {
            let known: f64 = (0..j).map(|k| a[i][k] * a[j][k]).sum();
            let rest = a[i][j] - known;
            a[i][j] = if i == j { rest.max(f64::MIN_POSITIVE).sqrt() } else { rest / a[j][j] };
        }
    }
    for (i, line) in a.iter().enumerate() {
        substitute(&mut b, i, (0..i).map(|k| (k, line[k])), line[i]);
    }
    for i in (0..n).rev() {
        substitute(&mut b, i, (i + 1..n).map(|k| (k, a[k][i])), a[i][i]);
    }
    b
}

fn substitute(b: &mut [Vec<f64>], row: usize, known: impl Iterator<Item = (usize, f64)>, pivot: f64) {
    let mut sum = b[row].clone();
    for (other, factor) in known {
        sum.iter_mut().zip(&b[other]).for_each(|(sum, other)| *sum -= factor * other);
    }
    b[row] = sum.into_iter().map(|sum| sum / pivot).collect();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_reproduce_the_products_of_columns_of_a_matrix_of_low_rank() {
        // Rank 2: columns a = (1, 2, 0), b = (0, 1, 1), a + b, a − b.
        let rows: Rows = vec![
            vec![(0, 1.0), (2, 1.0), (3, 1.0)],
            vec![(0, 2.0), (1, 1.0), (2, 3.0), (3, 1.0)],
            vec![(1, 1.0), (2, 1.0), (3, -1.0)],
        ];
        let scores = scores(&Sparse::new(rows, 4), 3);
        assert_eq!(scores.width, 2);
        let dot = |i: usize, j: usize| scores.of(i).iter().zip(scores.of(j)).map(|(a, b)| a * b).sum::<f64>();
        for (i, j, wanted) in [(0, 0, 5.0), (1, 1, 2.0), (0, 1, 2.0), (2, 2, 11.0), (3, 3, 3.0), (2, 3, 3.0)] {
            assert!((dot(i, j) - wanted).abs() < 1e-9, "columns {i} and {j}: {}", dot(i, j));
        }
    }

    #[test]
    fn a_matrix_of_nothing_has_no_axes() {
        assert_eq!(scores(&Sparse::new(vec![vec![], vec![]], 3), 2).width, 0);
        assert_eq!(scores(&Sparse::new(vec![], 3), 2).width, 0);
    }

    #[test]
    fn a_ridge_system_is_solved() {
        // (A + I) x = b with A + I = [[4, 2], [2, 3]], x = (1, −2) gives b = (0, −4).
        let x = ridge_solve(vec![vec![3.0, 2.0], vec![2.0, 2.0]], 1.0, vec![vec![0.0], vec![-4.0]]);
        assert!((x[0][0] - 1.0).abs() < 1e-12 && (x[1][0] + 2.0).abs() < 1e-12, "{x:?}");
    }
}
