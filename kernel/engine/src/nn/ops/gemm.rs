//! Matrix products on the CPU: the one safe door to the `gemm` crate.
//!
//! The bits of a product depend on neither the thread count nor the cache sizes: threads split only independent
//! outputs, and the summed dimension is cut into pieces of at most 512, which `gemm` never cuts further.
//! Read [`multiply`] first.

use crate::memory::{Category, tag};
use gemm::Parallelism;

/// Pieces of the summed dimension. `gemm` picks its own block from the L1 size, but never less than this.
const PIECE: usize = 512;

/// Products with fewer multiplications than this stay on the calling thread: waking others costs more than it saves.
const ALONE: usize = 4 << 20;

/// The least items of parallel work that stay together: all of them when there is little to multiply in total.
pub fn together(multiplications: usize) -> usize {
    if multiplications < ALONE { usize::MAX } else { 1 }
}

/// A matrix inside a slice, with any strides.
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    data: &'a [f32],
    rows: usize,
    columns: usize,
    row_stride: usize,
    column_stride: usize,
}

impl<'a> Matrix<'a> {
    /// `rows` × `columns`, row after row.
    ///
    /// # Panics
    /// When the slice has another length: a mistake of the caller's.
    pub fn new(data: &'a [f32], rows: usize, columns: usize) -> Self {
        assert_eq!(data.len(), rows * columns, "a {rows} × {columns} matrix");
        Self { data, rows, columns, row_stride: columns, column_stride: 1 }
    }

    /// The same numbers with rows and columns swapped.
    pub fn transposed(self) -> Self {
        Self {
            data: self.data,
            rows: self.columns,
            columns: self.rows,
            row_stride: self.column_stride,
            column_stride: self.row_stride,
        }
    }
}

/// What [`multiply`] does with the numbers that stand in its output.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Output {
    /// They are overwritten.
    Overwrite,
    /// The product is added to them.
    Add,
}

/// `out = a·b` or `out += a·b`, `out` being row-major; large products use rayon's threads.
///
/// # Panics
/// When the sizes do not fit: a mistake of the caller's.
pub fn multiply(out: &mut [f32], a: Matrix, b: Matrix, output: Output) {
    let threads = if a.rows * a.columns * b.columns < ALONE { Parallelism::None } else { Parallelism::Rayon(0) };
    product(out, a, b, output, threads);
}

/// [`multiply`] on the calling thread, for callers that split their work themselves.
pub fn multiply_alone(out: &mut [f32], a: Matrix, b: Matrix, output: Output) {
    product(out, a, b, output, Parallelism::None);
}

fn product(out: &mut [f32], a: Matrix, b: Matrix, output: Output, threads: Parallelism) {
    let (rows, depth, columns) = (a.rows, a.columns, b.columns);
    assert_eq!((depth, out.len()), (b.rows, rows * columns), "({rows} × {depth}) · ({} × {columns})", b.rows);
    if depth == 0 && output == Output::Overwrite {
        out.fill(0.0);
    }
    // What `gemm` allocates is space to work in, which it keeps for each thread: no gradient, whoever asks first.
    let _tag = tag(Category::Other);
    for start in (0..depth).step_by(PIECE) {
        let read = start > 0 || output == Output::Add;
        // SAFETY: `out` holds rows × columns numbers and is borrowed mutably, so it overlaps neither operand.
        // A `Matrix` is only made by `new`, which checks that its slice holds all rows × columns numbers, and
        // `transposed`, which swaps sizes together with strides; so every element at r·row_stride +
        // c·column_stride lies inside. The pieces start..start+PIECE stay within `depth`, the columns of `a`
        // and rows of `b`.
        unsafe {
            gemm::gemm(
                rows,
                columns,
                PIECE.min(depth - start),
                out.as_mut_ptr(),
                1,
                columns as isize,
                read,
                a.data.as_ptr().add(start * a.column_stride),
                a.column_stride as isize,
                a.row_stride as isize,
                b.data.as_ptr().add(start * b.row_stride),
                b.column_stride as isize,
                b.row_stride as isize,
                1.0,
                1.0,
                false,
                false,
                false,
                threads,
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Seed;

    fn numbers(name: &str, count: usize) -> Vec<f32> {
        let mut stream = Seed(1).stream(name);
        (0..count).map(|_| stream.normal()).collect()
    }

    #[test]
    fn products_equal_the_plain_sum() {
        let check = |rows: usize, depth: usize, columns: usize| {
            let (a, b) = (numbers("a", rows * depth), numbers("b", depth * columns));
            let transposed_a: Vec<f32> = (0..depth * rows).map(|i| a[i % rows * depth + i / rows]).collect();
            let mut out = vec![1.0; rows * columns];
            multiply(&mut out, Matrix::new(&a, rows, depth), Matrix::new(&b, depth, columns), Output::Add);
            let mut again = vec![f32::NAN; rows * columns];
            let a_again = Matrix::new(&transposed_a, depth, rows).transposed();
            multiply(&mut again, a_again, Matrix::new(&b, depth, columns), Output::Overwrite);
            for (i, (&one, &two)) in out.iter().zip(&again).enumerate() {
                let sum: f64 = (0..depth)
                    .map(|k| f64::from(a[i / columns * depth + k]) * f64::from(b[k * columns + i % columns]))
                    .sum();
                assert!((f64::from(one) - 1.0 - sum).abs() < 1e-3 && (f64::from(two) - sum).abs() < 1e-3);
            }
        };
        check(1, 1, 1);
        check(3, 5, 2);
        check(17, 1300, 9);
        check(4, 0, 3);
    }

    #[test]
    fn threads_do_not_change_the_bits() {
        let (a, b) = (numbers("a", 300 * 700), numbers("b", 700 * 130));
        let with = |threads| {
            let mut out = vec![0.0; 300 * 130];
            product(&mut out, Matrix::new(&a, 300, 700), Matrix::new(&b, 700, 130), Output::Overwrite, threads);
            out
        };
        assert_eq!(with(Parallelism::None), with(Parallelism::Rayon(2)));
        assert_eq!(with(Parallelism::None), with(Parallelism::Rayon(3)));
    }
}
