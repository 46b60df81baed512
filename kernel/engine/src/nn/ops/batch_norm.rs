//! Normalisation of each channel over the batch. Read [`statistics`], then [`batch_norm`].

use super::host::{host, numbers};
use super::simd::{dot, sum, vectorized};
use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor};

/// Each channel's mean and variance (divided by the count) over the batch and all positions; `x` is
/// `[batch, channels]` or `[batch, channels, …]`. Records nothing.
///
/// # Errors
/// candle's, when `x` is not of f32.
pub fn statistics(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let x = x.detach();
    let (mean, variance) = if x.device().is_cpu() { own_statistics(&x)? } else { composed_statistics(&x)? };
    Ok((mean, variance))
}

/// `(x − mean) / √(variance + eps) · weight + bias` by channel (Ioffe and Szegedy, 2015). With `batch` the
/// statistics are the batch's own and the backward pass goes through them; otherwise they are constants.
///
/// # Errors
/// candle's, when shapes or types do not fit.
pub fn batch_norm(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    (mean, variance): (&Tensor, &Tensor),
    eps: f64,
    batch: bool,
) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed(x, weight, bias, (mean, variance), eps, batch);
    }
    let scale = host(variance).numbers::<f32>()?.iter().map(|v| (1.0 / (f64::from(*v) + eps).sqrt()) as f32).collect();
    let mean = host(mean).numbers::<f32>()?.to_vec();
    x.contiguous()?.apply_op3(weight, bias, BatchNorm { mean, scale, batch })
}

fn own_statistics(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let x = x.contiguous()?;
    let held = host(&x);
    let (numbers, channels, positions) = (held.numbers::<f32>()?, x.dim(1)?, positions(x.dims()));
    let count = (x.elem_count() / channels) as f64;
    let total = |f: &dyn Fn(usize, &[f32]) -> f32| {
        let mut sums = vec![0.0f64; channels];
        for (i, part) in numbers.chunks_exact(positions).enumerate() {
            sums[i % channels] += f64::from(f(i % channels, part));
        }
        sums.into_iter().map(|sum| (sum / count) as f32).collect::<Vec<f32>>()
    };
    let mean = total(&|_, part| {
        vectorized(
            #[inline(always)]
            || sum(part, |x| x),
        )
    });
    let variance = total(&|c, part| {
        vectorized(
            #[inline(always)]
            || sum(part, |x| (x - mean[c]) * (x - mean[c])),
        )
    });
    Ok((Tensor::from_vec(mean, channels, x.device())?, Tensor::from_vec(variance, channels, x.device())?))
}

/// [`statistics`] of candle's own operations, for other devices; records.
pub fn composed_statistics(x: &Tensor) -> Result<(Tensor, Tensor)> {
    let by_channel = x.transpose(0, 1)?.flatten_from(1)?;
    let mean = by_channel.mean_keepdim(1)?;
    let variance = by_channel.broadcast_sub(&mean)?.sqr()?.mean(1)?;
    Ok((mean.squeeze(1)?, variance))
}

/// [`batch_norm`] of candle's own operations, for other devices.
pub fn composed(
    x: &Tensor,
    weight: &Tensor,
    bias: &Tensor,
    (mean, variance): (&Tensor, &Tensor),
    eps: f64,
    batch: bool,
) -> Result<Tensor> {
    let by_channel = |t: &Tensor| {
        let mut dims = vec![1; x.rank()];
        dims[1] = t.elem_count();
        t.reshape(dims)
    };
    // Recomputed from x when it is the batch's own, so that the backward pass goes through it.
    let tracked = if batch { composed_statistics(x)? } else { (mean.clone(), variance.clone()) };
    let deviation = (by_channel(&tracked.1)? + eps)?.sqrt()?;
    let normal = x.broadcast_sub(&by_channel(&tracked.0)?)?.broadcast_div(&deviation)?;
    normal.broadcast_mul(&by_channel(weight)?)?.broadcast_add(&by_channel(bias)?)
}

/// How many numbers of one channel stand side by side.
fn positions(dims: &[usize]) -> usize {
    dims.iter().skip(2).product::<usize>().max(1)
}

struct BatchNorm {
    mean: Vec<f32>,
    scale: Vec<f32>,
    batch: bool,
}

impl CustomOp3 for BatchNorm {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_l: &Layout,
        weight: &CpuStorage,
        w_l: &Layout,
        bias: &CpuStorage,
        b_l: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (weight, bias) = (numbers::<f32>(weight, w_l)?, numbers::<f32>(bias, b_l)?);
        let mut y = numbers::<f32>(x, x_l)?.to_vec();
        vectorized(
            #[inline(always)]
            || {
                for (i, part) in y.chunks_exact_mut(positions(x_l.dims())).enumerate() {
                    let c = i % weight.len();
                    let (mean, factor, bias) = (self.mean[c], self.scale[c] * weight[c], bias[c]);
                    part.iter_mut().for_each(|x| *x = (*x - mean) * factor + bias);
                }
            },
        );
        Ok((CpuStorage::F32(y), x_l.shape().clone()))
    }

    /// With `n` the normalised numbers: `dx = scale·weight·(dy − mean dy − n·mean(dy·n))`, the means by channel,
    /// and without them where the statistics are constants.
    fn bwd(
        &self,
        x: &Tensor,
        weight: &Tensor,
        bias: &Tensor,
        _y: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (x_host, w_host, d_host) = (host(x), host(weight), host(&gradient));
        let (xs, w, d) = (x_host.numbers::<f32>()?, w_host.numbers::<f32>()?, d_host.numbers::<f32>()?);
        let (channels, positions) = (w.len(), positions(x.dims()));
        let count = (xs.len() / channels) as f32;
        let (mut dx, mut dw, mut db) = (xs.to_vec(), vec![0.0f32; channels], vec![0.0f32; channels]);
        vectorized(
            #[inline(always)]
            || {
                for (i, (part, d)) in dx.chunks_exact_mut(positions).zip(d.chunks_exact(positions)).enumerate() {
                    let (mean, scale) = (self.mean[i % channels], self.scale[i % channels]);
                    part.iter_mut().for_each(|x| *x = (*x - mean) * scale);
                    dw[i % channels] += dot(d, part);
                    db[i % channels] += sum(d, |d| d);
                }
                for (i, (part, d)) in dx.chunks_exact_mut(positions).zip(d.chunks_exact(positions)).enumerate() {
                    let c = i % channels;
                    let factor = self.scale[c] * w[c];
                    let (mean_d, mean_dn) = if self.batch { (db[c] / count, dw[c] / count) } else { (0.0, 0.0) };
                    part.iter_mut().zip(d).for_each(|(n, d)| *n = factor * (d - mean_d - *n * mean_dn));
                }
            },
        );
        let tensor = |numbers, like: &Tensor| Tensor::from_vec(numbers, like.shape(), like.device()).map(Some);
        Ok((tensor(dx, x)?, tensor(dw, weight)?, tensor(db, bias)?))
    }
}
