//! Convolution of images, im2col and gemm in both directions. Read [`conv2d`] first.
//!
//! Work is split by image (forward, `dx`) and by groups of a fixed number of images (`dW`), so that the bits do not
//! depend on the thread count.

use super::gemm::{Matrix, Output, multiply_alone, together};
use super::host::{host, numbers};
use super::simd::{sum, vectorized};
use super::window::Window;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The cross-correlation of `x` `[batch, in, height, width]` with `weight` `[out, in, kernel, kernel]`, plus `bias`
/// `[out]`; with `relu` negative results become 0, which saves a pass over memory in each direction.
///
/// # Errors
/// candle's, when shapes, types or devices do not fit.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: Window, relu: bool) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed(x, weight, bias, window, relu);
    }
    let op = Conv2d { sizes: Sizes::new(x.dims4()?, weight.dim(0)?, window)?, relu };
    match bias {
        Some(bias) => x.contiguous()?.apply_op3(weight, bias, op),
        None => x.contiguous()?.apply_op2(weight, op),
    }
}

/// The same of candle's own operations, for other devices.
pub fn composed(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: Window, relu: bool) -> Result<Tensor> {
    let y = x.conv2d(weight, window.padding, window.stride, 1, 1)?;
    let y = match bias {
        Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?,
        None => y,
    };
    if relu { y.relu() } else { Ok(y) }
}

/// All sizes of one convolution.
#[derive(Clone, Copy)]
struct Sizes {
    batch: usize,
    inputs: usize,
    height: usize,
    width: usize,
    outputs: usize,
    rows: usize,
    columns: usize,
    window: Window,
}

/// Images whose `dW` is summed together; fixed, because it decides the order of the sum.
const GROUP: usize = 8;

impl Sizes {
    fn new(
        (batch, inputs, height, width): (usize, usize, usize, usize),
        outputs: usize,
        window: Window,
    ) -> Result<Self> {
        let (Some(rows), Some(columns)) = (window.places(height), window.places(width)) else {
            candle_core::bail!("a window of {} does not fit an image of {height} × {width}", window.kernel);
        };
        Ok(Self { batch, inputs, height, width, outputs, rows, columns, window })
    }

    /// Numbers of one input image.
    fn image(&self) -> usize {
        self.inputs * self.height * self.width
    }

    /// Places of the window.
    fn places(&self) -> usize {
        self.rows * self.columns
    }

    /// Multiplications of one forward pass.
    fn multiplications(&self) -> usize {
        self.batch * self.outputs * self.patch() * self.places()
    }

    /// Numbers under the window.
    fn patch(&self) -> usize {
        self.inputs * self.window.kernel * self.window.kernel
    }

    /// Calls `copy(row of the patch matrix, start in it, start in the image, count)` for each run of places in one
    /// image row; consecutive places are `stride` apart in the image.
    #[inline(always)]
    fn runs(&self, mut copy: impl FnMut(usize, usize, usize, usize)) {
        let Window { kernel, stride, padding } = self.window;
        for patch_row in 0..self.patch() {
            let (channel, ky, kx) = (patch_row / (kernel * kernel), patch_row / kernel % kernel, patch_row % kernel);
            let across = self.window.inside(kx, self.width, self.columns);
            if across.is_empty() {
                continue;
            }
            for y in self.window.inside(ky, self.height, self.rows) {
                let image_row = channel * self.height + y * stride + ky - padding;
                let start = image_row * self.width + across.start * stride + kx - padding;
                copy(patch_row, y * self.columns + across.start, start, across.len());
            }
        }
    }

    /// The patch matrix `[patch, places]` of an image; places outside stay as they are (zero).
    fn patches(&self, image: &[f32], patches: &mut [f32]) {
        let (places, stride) = (self.places(), self.window.stride);
        vectorized(
            #[inline(always)]
            || {
                self.runs(
                    #[inline(always)]
                    |row, at, start, count| {
                        let to = &mut patches[row * places + at..][..count];
                        if stride == 1 {
                            to.iter_mut().zip(&image[start..start + count]).for_each(|(to, from)| *to = *from);
                        } else {
                            to.iter_mut().zip(image[start..].iter().step_by(stride)).for_each(|(to, from)| *to = *from);
                        }
                    },
                );
            },
        );
    }

    /// Adds each number of the patch matrix to the image's number that it came from.
    fn scatter(&self, patches: &[f32], image: &mut [f32]) {
        let (places, stride) = (self.places(), self.window.stride);
        vectorized(
            #[inline(always)]
            || {
                self.runs(
                    #[inline(always)]
                    |row, at, start, count| {
                        let from = &patches[row * places + at..][..count];
                        if stride == 1 {
                            image[start..start + count].iter_mut().zip(from).for_each(|(to, from)| *to += from);
                        } else {
                            image[start..].iter_mut().step_by(stride).zip(from).for_each(|(to, from)| *to += from);
                        }
                    },
                );
            },
        );
    }
}

struct Conv2d {
    sizes: Sizes,
    relu: bool,
}

/// What the backward pass reads.
#[derive(Clone, Copy)]
struct Known<'a> {
    x: &'a [f32],
    weight: &'a [f32],
    y: &'a [f32],
    dy: &'a [f32],
}

impl Conv2d {
    fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> (Vec<f32>, Shape) {
        let s = self.sizes;
        let mut y = vec![0.0; s.batch * s.outputs * s.places()];
        let one = |patches: &mut Vec<f32>, (y, image): (&mut [f32], &[f32])| {
            s.patches(image, patches);
            let patches = Matrix::new(patches, s.patch(), s.places());
            multiply_alone(y, Matrix::new(weight, s.outputs, s.patch()), patches, Output::Overwrite);
            vectorized(
                #[inline(always)]
                || finish(y, s.places(), bias, self.relu),
            );
        };
        y.par_chunks_exact_mut(s.outputs * s.places())
            .zip(x.par_chunks_exact(s.image()))
            .with_min_len(together(s.multiplications()))
            .for_each_init(|| vec![0.0; s.patch() * s.places()], one);
        (y, (s.batch, s.outputs, s.rows, s.columns).into())
    }

    /// The gradients of `x` (where it has one), `weight` and bias.
    fn backward(
        &self,
        x: &Tensor,
        weight: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Tensor, Vec<f32>)> {
        let gradient = gradient.contiguous()?;
        let (x_host, w_host, y_host, d_host) = (host(x), host(weight), host(y), host(&gradient));
        let known =
            Known { x: x_host.numbers()?, weight: w_host.numbers()?, y: y_host.numbers()?, dy: d_host.numbers()? };
        let (dx, dw, db) = self.gradients(known, x.track_op());
        let dx = dx.map(|dx| Tensor::from_vec(dx, x.shape(), x.device())).transpose()?;
        Ok((dx, Tensor::from_vec(dw, weight.shape(), weight.device())?, db))
    }

    fn gradients(&self, known: Known, with_dx: bool) -> (Option<Vec<f32>>, Vec<f32>, Vec<f32>) {
        let s = self.sizes;
        let mut dx = with_dx.then(|| vec![0.0; s.batch * s.image()]);
        let groups: Vec<Option<&mut [f32]>> = match &mut dx {
            Some(dx) => dx.chunks_mut(GROUP * s.image()).map(Some).collect(),
            None => (0..s.batch.div_ceil(GROUP)).map(|_| None).collect(),
        };
        let sums: Vec<(Vec<f32>, Vec<f32>)> = groups
            .into_par_iter()
            .enumerate()
            .with_min_len(together(s.multiplications()))
            .map(|(i, dx)| self.group(known, i * GROUP, dx))
            .collect();
        let start = (vec![0.0; s.outputs * s.patch()], vec![0.0; s.outputs]);
        let (dw, db) = sums.into_iter().fold(start, |mut total, (dw, db)| {
            total.0.iter_mut().zip(dw).for_each(|(total, dw)| *total += dw);
            total.1.iter_mut().zip(db).for_each(|(total, db)| *total += db);
            total
        });
        (dx, dw, db)
    }

    /// `Σ dy·patchesᵀ` and `Σ dy` over the images from `first`, and each image's `Wᵀ·dy` added where it came from.
    fn group(&self, known: Known, first: usize, mut dx: Option<&mut [f32]>) -> (Vec<f32>, Vec<f32>) {
        let s = self.sizes;
        let (mut dw, mut db) = (vec![0.0; s.outputs * s.patch()], vec![0.0; s.outputs]);
        let (mut patches, mut dy) = (vec![0.0; s.patch() * s.places()], vec![0.0; s.outputs * s.places()]);
        let mut spread = if dx.is_some() { vec![0.0; s.patch() * s.places()] } else { Vec::new() };
        for i in first..s.batch.min(first + GROUP) {
            let (at, size) = (i * dy.len(), dy.len());
            vectorized(
                #[inline(always)]
                || self.through_relu(&known.dy[at..at + size], &known.y[at..at + size], &mut dy, &mut db),
            );
            s.patches(&known.x[i * s.image()..][..s.image()], &mut patches);
            let by_place = Matrix::new(&dy, s.outputs, s.places());
            let transposed = Matrix::new(&patches, s.patch(), s.places()).transposed();
            multiply_alone(&mut dw, by_place, transposed, Output::Add);
            if let Some(dx) = &mut dx {
                let weight = Matrix::new(known.weight, s.outputs, s.patch()).transposed();
                multiply_alone(&mut spread, weight, by_place, Output::Overwrite);
                s.scatter(&spread, &mut dx[(i - first) * s.image()..][..s.image()]);
            }
        }
        (dw, db)
    }

    /// The gradient before the relu, and its sums by channel added to `db`.
    #[inline(always)]
    fn through_relu(&self, from: &[f32], y: &[f32], dy: &mut [f32], db: &mut [f32]) {
        if self.relu {
            dy.iter_mut().zip(from).zip(y).for_each(|((dy, &d), &y)| *dy = if y <= 0.0 { 0.0 } else { d });
        } else {
            dy.copy_from_slice(from);
        }
        let channels = dy.chunks_exact(self.sizes.places());
        db.iter_mut().zip(channels).for_each(|(db, dy)| *db += sum(dy, |d| d));
    }
}

/// Adds the bias of each channel and, with `relu`, cuts negative numbers.
#[inline(always)]
fn finish(y: &mut [f32], places: usize, bias: Option<&[f32]>, relu: bool) {
    for (i, y) in y.chunks_exact_mut(places).enumerate() {
        let bias = bias.map_or(0.0, |bias| bias[i]);
        if relu {
            y.iter_mut().for_each(|y| *y = if *y + bias < 0.0 { 0.0 } else { *y + bias });
        } else {
            y.iter_mut().for_each(|y| *y += bias);
        }
    }
}

impl CustomOp2 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(&self, x: &CpuStorage, x_l: &Layout, w: &CpuStorage, w_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (y, shape) = self.forward(numbers(x, x_l)?, numbers(w, w_l)?, None);
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, y: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (dx, dw, _) = self.backward(x, w, y, gradient)?;
        Ok((dx, Some(dw)))
    }
}

impl CustomOp3 for Conv2d {
    fn name(&self) -> &'static str {
        "conv2d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_l: &Layout,
        w: &CpuStorage,
        w_l: &Layout,
        b: &CpuStorage,
        b_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (y, shape) = self.forward(numbers(x, x_l)?, numbers(w, w_l)?, Some(numbers(b, b_l)?));
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dw, db) = self.backward(x, weight, y, gradient)?;
        Ok((dx, Some(dw), Some(Tensor::from_vec(db, bias.shape(), bias.device())?)))
    }
}
