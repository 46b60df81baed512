//! The largest number of each window of an image. Read [`max_pool2d`] first.
//!
//! The backward pass finds the winner again rather than storing it: one more comparison is cheaper than the memory.

use super::gemm::together;
use super::host::{host, numbers};
use super::simd::vectorized;
use super::window::Window;
use candle_core::{CpuStorage, CustomOp1, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The largest number of each `kernel` × `kernel` window, `stride` apart; `x` is `[batch, channels, height, width]`.
/// Of equal numbers the first, row by row, gets the gradient.
///
/// # Errors
/// candle's, when `x` is not of f32 or smaller than the window.
pub fn max_pool2d(x: &Tensor, kernel: usize, stride: usize) -> Result<Tensor> {
    let window = Window { kernel, stride, padding: 0 };
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op1(MaxPool2d(window));
    }
    composed(x, window)
}

/// The same of candle's own operations, for other devices. candle's `max_pool2d` has a wrong gradient (a test of
/// ours found it divided by the window's size) and none where stride and kernel differ; its `max` has the right one.
pub fn composed(x: &Tensor, window: Window) -> Result<Tensor> {
    let (batch, channels, height, width) = x.dims4()?;
    let (Some(rows), Some(columns)) = (window.places(height), window.places(width)) else {
        candle_core::bail!("a window of {} does not fit an image of {height} × {width}", window.kernel);
    };
    let kernel = window.kernel;
    if kernel == window.stride {
        let whole = x.narrow(2, 0, rows * kernel)?.narrow(3, 0, columns * kernel)?;
        return whole.reshape(&[batch, channels, rows, kernel, columns, kernel])?.max(5)?.max(3);
    }
    let every = |x: &Tensor, dim: usize, from: usize, count: usize| {
        let at: Vec<u32> = (0..count).map(|i| (from + i * window.stride) as u32).collect();
        x.index_select(&Tensor::from_vec(at, count, x.device())?, dim)
    };
    let shifted = |i: usize| every(&every(x, 2, i / kernel, rows)?, 3, i % kernel, columns);
    Tensor::stack(&(0..kernel * kernel).map(shifted).collect::<Result<Vec<_>>>()?, 0)?.max(0)
}

struct MaxPool2d(Window);

/// Height and width of an image and how many places the window has there.
#[derive(Clone, Copy)]
struct Sizes {
    height: usize,
    width: usize,
    rows: usize,
    columns: usize,
}

impl MaxPool2d {
    fn sizes(&self, dims: &[usize]) -> Result<Sizes> {
        let [_, _, height, width] = *dims else {
            candle_core::bail!("max_pool2d needs [batch, channels, height, width]")
        };
        match (self.0.places(height), self.0.places(width)) {
            (Some(rows), Some(columns)) => Ok(Sizes { height, width, rows, columns }),
            _ => candle_core::bail!("a window of {} does not fit an image of {height} × {width}", self.0.kernel),
        }
    }

    #[inline(always)]
    fn forward(&self, image: &[f32], y: &mut [f32], s: Sizes) {
        if self.0.kernel == 2 && self.0.stride == 2 {
            for (row, y) in y.chunks_exact_mut(s.columns).enumerate() {
                let (above, below) = pair(image, row, s.width);
                pool_row(above, below, y);
            }
            return;
        }
        for (i, y) in y.iter_mut().enumerate() {
            *y = image[self.winner(image, i / s.columns, i % s.columns, s.width)];
        }
    }

    #[inline(always)]
    fn backward(&self, image: &[f32], d: &[f32], dx: &mut [f32], s: Sizes) {
        if self.0.kernel == 2 && self.0.stride == 2 {
            for (row, d) in d.chunks_exact(s.columns).enumerate() {
                let (above, below) = pair(image, row, s.width);
                let (to_above, to_below) = dx[2 * row * s.width..][..2 * s.width].split_at_mut(s.width);
                unpool_row((above, below), d, (to_above, to_below));
            }
            return;
        }
        for (i, d) in d.iter().enumerate() {
            dx[self.winner(image, i / s.columns, i % s.columns, s.width)] += d;
        }
    }

    /// Where in the image the largest number of that place's window stands.
    #[inline(always)]
    fn winner(&self, image: &[f32], row: usize, column: usize, width: usize) -> usize {
        let Window { kernel, stride, .. } = self.0;
        let corner = row * stride * width + column * stride;
        let places = (0..kernel * kernel).map(|i| corner + i / kernel * width + i % kernel);
        places.fold(corner, |best, at| if image[at] > image[best] || image[at].is_nan() { at } else { best })
    }
}

/// Two image rows, which the window of 2 covers.
#[inline(always)]
fn pair(image: &[f32], row: usize, width: usize) -> (&[f32], &[f32]) {
    image[2 * row * width..][..2 * width].split_at(width)
}

/// The largest of each 2 × 2 numbers of two rows.
#[inline(always)]
fn pool_row(above: &[f32], below: &[f32], y: &mut [f32]) {
    let pairs = above.as_chunks::<2>().0.iter().zip(below.as_chunks::<2>().0);
    for (y, (a, b)) in y.iter_mut().zip(pairs) {
        *y = larger(larger(a[0], a[1]), larger(b[0], b[1]));
    }
}

/// Each number of `d` where the largest of its 2 × 2 numbers stands, and 0 in the other three places. Selections
/// without branches: which of four numbers is the largest cannot be predicted.
#[inline(always)]
fn unpool_row(from: (&[f32], &[f32]), d: &[f32], to: (&mut [f32], &mut [f32])) {
    let from = from.0.as_chunks::<2>().0.iter().zip(from.1.as_chunks::<2>().0).zip(d);
    let to = to.0.as_chunks_mut::<2>().0.iter_mut().zip(to.1.as_chunks_mut::<2>().0);
    for (((a, b), &d), (to_a, to_b)) in from.zip(to) {
        let lower = larger(a[0], a[1]) < larger(b[0], b[1]);
        let (right_a, right_b) = (a[0] < a[1], b[0] < b[1]);
        *to_a = [keep(d, !lower & !right_a), keep(d, !lower & right_a)];
        *to_b = [keep(d, lower & !right_b), keep(d, lower & right_b)];
    }
}

/// The larger number, the first when equal; what is not a number wins.
#[inline(always)]
fn larger(a: f32, b: f32) -> f32 {
    if (a >= b) | a.is_nan() { a } else { b }
}

/// The number, or 0.
#[inline(always)]
fn keep(x: f32, kept: bool) -> f32 {
    f32::from_bits(x.to_bits() & u32::from(kept).wrapping_neg())
}

impl CustomOp1 for MaxPool2d {
    fn name(&self) -> &'static str {
        "max_pool2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (s, (batch, channels)) = (self.sizes(layout.dims())?, (layout.dims()[0], layout.dims()[1]));
        let x = numbers::<f32>(x, layout)?;
        let mut y = vec![0.0; batch * channels * s.rows * s.columns];
        y.par_chunks_exact_mut(channels * s.rows * s.columns)
            .zip(x.par_chunks_exact(channels * s.height * s.width))
            .with_min_len(together(x.len()))
            .for_each(|(y, x)| {
                vectorized(
                    #[inline(always)]
                    || {
                        let images = x.chunks_exact(s.height * s.width);
                        for (y, x) in y.chunks_exact_mut(s.rows * s.columns).zip(images) {
                            self.forward(x, y, s);
                        }
                    },
                );
            });
        Ok((CpuStorage::F32(y), (batch, channels, s.rows, s.columns).into()))
    }

    fn bwd(&self, x: &Tensor, _y: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let gradient = gradient.contiguous()?;
        let s = self.sizes(x.dims())?;
        let channels = x.dims()[1];
        let (x_host, d_host) = (host(x), host(&gradient));
        let (numbers, d) = (x_host.numbers::<f32>()?, d_host.numbers::<f32>()?);
        let mut dx = vec![0.0; numbers.len()];
        let by_image = d
            .par_chunks_exact(channels * s.rows * s.columns)
            .zip(numbers.par_chunks_exact(channels * s.height * s.width));
        dx.par_chunks_exact_mut(channels * s.height * s.width)
            .zip(by_image)
            .with_min_len(together(numbers.len()))
            .for_each(|(dx, (d, x))| {
                vectorized(
                    #[inline(always)]
                    || {
                        let from = d.chunks_exact(s.rows * s.columns).zip(x.chunks_exact(s.height * s.width));
                        for (dx, (d, x)) in dx.chunks_exact_mut(s.height * s.width).zip(from) {
                            self.backward(x, d, dx, s);
                        }
                    },
                );
            });
        Tensor::from_vec(dx, x.shape(), x.device()).map(Some)
    }
}
