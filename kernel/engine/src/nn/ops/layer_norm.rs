//! Normalisation over the last dimension. Read [`layer_norm`] first.

use super::host::{host, numbers};
use super::simd::{dot, sum, vectorized};
use candle_core::{CpuStorage, CustomOp3, D, Layout, Result, Shape, Tensor};

/// `(x − mean) / √(variance + eps) · weight + bias` over the last dimension (Ba, Kiros and Hinton, 2016).
///
/// # Errors
/// candle's, when shapes or types do not fit.
pub fn layer_norm(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    if x.device().is_cpu() {
        return x.contiguous()?.apply_op3(weight, bias, LayerNorm { eps: eps as f32 });
    }
    composed(x, weight, bias, eps)
}

/// The same of candle's own operations, for other devices.
pub fn composed(x: &Tensor, weight: &Tensor, bias: &Tensor, eps: f64) -> Result<Tensor> {
    let centred = x.broadcast_sub(&x.mean_keepdim(D::Minus1)?)?;
    let deviation = (centred.sqr()?.mean_keepdim(D::Minus1)? + eps)?.sqrt()?;
    centred.broadcast_div(&deviation)?.broadcast_mul(weight)?.broadcast_add(bias)
}

struct LayerNorm {
    eps: f32,
}

impl LayerNorm {
    /// The row's mean and `1 / √(variance + eps)`.
    #[inline(always)]
    fn moments(&self, row: &[f32]) -> (f32, f32) {
        let count = row.len() as f32;
        let mean = sum(row, |x| x) / count;
        let variance = sum(row, |x| (x - mean) * (x - mean)) / count;
        (mean, 1.0 / (variance + self.eps).sqrt())
    }
}

impl CustomOp3 for LayerNorm {
    fn name(&self) -> &'static str {
        "layer_norm"
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
                for row in y.chunks_exact_mut(weight.len()) {
                    let (mean, scale) = self.moments(row);
                    row.iter_mut().zip(weight).zip(bias).for_each(|((x, w), b)| *x = (*x - mean) * scale * w + b);
                }
            },
        );
        Ok((CpuStorage::F32(y), x_l.shape().clone()))
    }

    /// With `n` the normalised row and `g = dy·weight`: `dx = scale·(g − mean g − n·mean(g·n))`.
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
        let width = w.len();
        let (mut dx, mut dw, mut db) = (xs.to_vec(), vec![0.0f32; width], vec![0.0f32; width]);
        let mut g = vec![0.0f32; width];
        vectorized(
            #[inline(always)]
            || {
                for (row, d) in dx.chunks_exact_mut(width).zip(d.chunks_exact(width)) {
                    let (mean, scale) = self.moments(row);
                    row.iter_mut().for_each(|x| *x = (*x - mean) * scale);
                    dw.iter_mut().zip(d).zip(&*row).for_each(|((dw, d), n)| *dw += d * n);
                    db.iter_mut().zip(d).for_each(|(db, d)| *db += d);
                    g.iter_mut().zip(d).zip(w).for_each(|((g, d), w)| *g = d * w);
                    let (mean_g, mean_gn) = (sum(&g, |g| g) / width as f32, dot(&g, row) / width as f32);
                    row.iter_mut().zip(&g).for_each(|(n, g)| *n = scale * (g - mean_g - *n * mean_gn));
                }
            },
        );
        let tensor = |numbers, like: &Tensor| Tensor::from_vec(numbers, like.shape(), like.device()).map(Some);
        Ok((tensor(dx, x)?, tensor(dw, weight)?, tensor(db, bias)?))
    }
}
