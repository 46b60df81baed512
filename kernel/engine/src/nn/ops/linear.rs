//! `x·Wᵀ + b` as one operation. Read [`linear`] first.

use super::gemm::{Matrix, Output, multiply};
use super::host::{host, numbers};
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Layout, Result, Shape, Tensor};

/// `x·Wᵀ + b` over the last dimension: `x` `[…, inputs]`, `weight` `[outputs, inputs]`, `bias` `[outputs]`.
///
/// # Errors
/// candle's, when shapes, types or devices do not fit.
pub fn linear(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    if !x.device().is_cpu() {
        return composed(x, weight, bias);
    }
    match bias {
        Some(bias) => x.contiguous()?.apply_op3(weight, bias, Linear),
        None => x.contiguous()?.apply_op2(weight, Linear),
    }
}

/// The same of candle's own operations, for other devices.
pub fn composed(x: &Tensor, weight: &Tensor, bias: Option<&Tensor>) -> Result<Tensor> {
    let (outputs, inputs) = weight.dims2()?;
    let flat = x.reshape(((), inputs))?.matmul(&weight.t()?)?;
    let flat = match bias {
        Some(bias) => flat.broadcast_add(bias)?,
        None => flat,
    };
    let mut dims = x.dims().to_vec();
    dims.pop();
    dims.push(outputs);
    flat.reshape(dims)
}

struct Linear;

impl Linear {
    fn forward(x: &[f32], x_layout: &Layout, w: &[f32], w_layout: &Layout, bias: Option<&[f32]>) -> (Vec<f32>, Shape) {
        let (outputs, inputs) = (w_layout.dims()[0], w_layout.dims()[1]);
        let rows = x.len() / inputs;
        let mut y = match bias {
            Some(bias) => bias.repeat(rows),
            None => vec![0.0; rows * outputs],
        };
        let output = if bias.is_some() { Output::Add } else { Output::Overwrite };
        multiply(&mut y, Matrix::new(x, rows, inputs), Matrix::new(w, outputs, inputs).transposed(), output);
        let mut dims = x_layout.dims().to_vec();
        dims.pop();
        dims.push(outputs);
        (y, dims.into())
    }

    fn backward(x: &Tensor, weight: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let gradient = gradient.contiguous()?;
        let (outputs, inputs) = weight.dims2()?;
        let rows = x.elem_count() / inputs;
        let (x_host, w_host, dy_host) = (host(x), host(weight), host(&gradient));
        let dy = Matrix::new(dy_host.numbers()?, rows, outputs);
        let dx = x.track_op().then(|| -> Result<Tensor> {
            let mut dx = vec![0.0; rows * inputs];
            multiply(&mut dx, dy, Matrix::new(w_host.numbers()?, outputs, inputs), Output::Overwrite);
            Tensor::from_vec(dx, x.shape(), x.device())
        });
        let dw = weight.track_op().then(|| -> Result<Tensor> {
            let mut dw = vec![0.0; outputs * inputs];
            multiply(&mut dw, dy.transposed(), Matrix::new(x_host.numbers()?, rows, inputs), Output::Overwrite);
            Tensor::from_vec(dw, weight.shape(), weight.device())
        });
        Ok((dx.transpose()?, dw.transpose()?))
    }
}

impl CustomOp2 for Linear {
    fn name(&self) -> &'static str {
        "linear"
    }

    fn cpu_fwd(&self, x: &CpuStorage, x_l: &Layout, w: &CpuStorage, w_l: &Layout) -> Result<(CpuStorage, Shape)> {
        let (y, shape) = Self::forward(numbers(x, x_l)?, x_l, numbers(w, w_l)?, w_l, None);
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        Self::backward(x, w, gradient)
    }
}

type Three = (Option<Tensor>, Option<Tensor>, Option<Tensor>);

impl CustomOp3 for Linear {
    fn name(&self) -> &'static str {
        "linear"
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
        let (y, shape) = Self::forward(numbers(x, x_l)?, x_l, numbers(w, w_l)?, w_l, Some(numbers(b, b_l)?));
        Ok((CpuStorage::F32(y), shape))
    }

    fn bwd(&self, x: &Tensor, w: &Tensor, bias: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Three> {
        let (dx, dw) = Self::backward(x, w, gradient)?;
        let db = bias.track_op().then(|| column_sums(gradient, bias)).transpose()?;
        Ok((dx, dw, db))
    }
}

/// The sum of the gradient's rows, in row order.
fn column_sums(gradient: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let gradient = gradient.contiguous()?;
    let held = host(&gradient);
    let mut sums = vec![0.0f32; bias.elem_count()];
    for row in held.numbers::<f32>()?.chunks_exact(sums.len()) {
        sums.iter_mut().zip(row).for_each(|(sum, value)| *sum += value);
    }
    Tensor::from_vec(sums, bias.shape(), bias.device())
}
