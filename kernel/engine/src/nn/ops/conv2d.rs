//! Convolution of images, im2col and gemm in both directions. Read [`conv2d`] first.
//!
//! Work is split by image (forward, `dx`) and by groups of a fixed number of images (`dW`), so that the bits do not
//! depend on the thread count.

use super::gemm::{Matrix, Output, multiply_alone};
use super::host::{host, numbers};
use super::simd::{sum, vectorized};
use super::window::Window;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};
use rayon::prelude::*;

/// The cross-correlation of `x` `[batch, in, height, width]` with `weight` `[out, in, kernel, kernel]`, plus `bias` `[out]`.
///
/// # Errors
/// candle's, when shapes, types or devices do not fit.
pub fn conv2d(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>, window: Window) -> Result<Tensor> {
    if !x.device().is_cpu() {
        let y = x.conv2d(weight, window.padding, window.stride, 1, 1)?;
        return match bias {
            Some(bias) => y.broadcast_add(&bias.reshape((1, (), 1, 1))?),
            None => Ok(y),
        };
    }
    let op = Conv2d(Sizes::new(x.dims4()?, weight.dim(0)?, window)?);
    match bias {
        Some(bias) => x.contiguous()?.apply_op3(weight, bias, op),
        None => x.contiguous()?.apply_op2(weight, op),
    }
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
        vectorized(|| {
            self.runs(|row, at, start, count| {
                let to = &mut patches[row * places + at..][..count];
                if stride == 1 {
                    to.iter_mut().zip(&image[start..start + count]).for_each(|(to, from)| *to = *from);
                } else {
                    to.iter_mut().zip(image[start..].iter().step_by(stride)).for_each(|(to, from)| *to = *from);
                }
            });
        });
    }

    /// Adds each number of the patch matrix to the image's number that it came from.
    fn scatter(&self, patches: &[f32], image: &mut [f32]) {
        let (places, stride) = (self.places(), self.window.stride);
        vectorized(|| {
            self.runs(|row, at, start, count| {
                let from = &patches[row * places + at..][..count];
                if stride == 1 {
                    image[start..start + count].iter_mut().zip(from).for_each(|(to, from)| *to += from);
                } else {
                    image[start..].iter_mut().step_by(stride).zip(from).for_each(|(to, from)| *to += from);
                }
            });
        });
    }
}

struct Conv2d(Sizes);

impl Conv2d {
    fn forward(&self, x: &[f32], weight: &[f32], bias: Option<&[f32]>) -> (Vec<f32>, Shape) {
        let s = self.0;
        let mut y = vec![0.0; s.batch * s.outputs * s.places()];
        let one = |patches: &mut Vec<f32>, (y, image): (&mut [f32], &[f32])| {
            s.patches(image, patches);
            if let Some(bias) = bias {
                y.chunks_exact_mut(s.places()).zip(bias).for_each(|(y, b)| y.fill(*b));
            }
            let output = if bias.is_some() { Output::Add } else { Output::Overwrite };
            multiply_alone(
                y,
                Matrix::new(weight, s.outputs, s.patch()),
                Matrix::new(patches, s.patch(), s.places()),
                output,
            );
        };
        y.par_chunks_exact_mut(s.outputs * s.places())
            .zip(x.par_chunks_exact(s.image()))
            .for_each_init(|| vec![0.0; s.patch() * s.places()], one);
        (y, (s.batch, s.outputs, s.rows, s.columns).into())
    }

    fn backward(&self, x: &Tensor, weight: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (x_host, w_host, d_host) = (host(x), host(weight), host(&gradient));
        let (numbers, w, d) = (x_host.numbers::<f32>()?, w_host.numbers::<f32>()?, d_host.numbers::<f32>()?);
        let dx = x.track_op().then(|| Tensor::from_vec(self.input_gradient(w, d), x.shape(), x.device()));
        let dw =
            weight.track_op().then(|| Tensor::from_vec(self.weight_gradient(numbers, d), weight.shape(), x.device()));
        Ok((dx.transpose()?, dw.transpose()?))
    }

    /// `Wᵀ·dy` of each image, every number added where it came from.
    fn input_gradient(&self, weight: &[f32], d: &[f32]) -> Vec<f32> {
        let s = self.0;
        let mut dx = vec![0.0; s.batch * s.image()];
        let one = |patches: &mut Vec<f32>, (dx, d): (&mut [f32], &[f32])| {
            let weight = Matrix::new(weight, s.outputs, s.patch()).transposed();
            multiply_alone(patches, weight, Matrix::new(d, s.outputs, s.places()), Output::Overwrite);
            s.scatter(patches, dx);
        };
        dx.par_chunks_exact_mut(s.image())
            .zip(d.par_chunks_exact(s.outputs * s.places()))
            .for_each_init(|| vec![0.0; s.patch() * s.places()], one);
        dx
    }

    /// `Σ dy·patchesᵀ` over the images.
    fn weight_gradient(&self, x: &[f32], d: &[f32]) -> Vec<f32> {
        let s = self.0;
        let group = |(images, d): (&[f32], &[f32])| {
            let (mut dw, mut patches) = (vec![0.0; s.outputs * s.patch()], vec![0.0; s.patch() * s.places()]);
            for (image, d) in images.chunks_exact(s.image()).zip(d.chunks_exact(s.outputs * s.places())) {
                s.patches(image, &mut patches);
                let patches = Matrix::new(&patches, s.patch(), s.places()).transposed();
                multiply_alone(&mut dw, Matrix::new(d, s.outputs, s.places()), patches, Output::Add);
            }
            dw
        };
        let images = x.par_chunks(GROUP * s.image()).zip(d.par_chunks(GROUP * s.outputs * s.places()));
        let groups: Vec<Vec<f32>> = images.map(group).collect();
        groups.into_iter().fold(vec![0.0; s.outputs * s.patch()], |mut total, dw| {
            total.iter_mut().zip(dw).for_each(|(total, dw)| *total += dw);
            total
        })
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

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        self.backward(x, w, gradient)
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
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let (dx, dw) = self.backward(x, weight, gradient)?;
        let db = bias.track_op().then(|| self.bias_gradient(bias, gradient)).transpose()?;
        Ok((dx, dw, db))
    }
}

impl Conv2d {
    fn bias_gradient(&self, bias: &Tensor, gradient: &Tensor) -> Result<Tensor> {
        let gradient = gradient.contiguous()?;
        let held = host(&gradient);
        let mut db = vec![0.0f32; self.0.outputs];
        vectorized(|| -> Result<()> {
            for (i, d) in held.numbers::<f32>()?.chunks_exact(self.0.places()).enumerate() {
                db[i % self.0.outputs] += sum(d.iter().copied());
            }
            Ok(())
        })?;
        Tensor::from_vec(db, bias.shape(), bias.device())
    }
}
