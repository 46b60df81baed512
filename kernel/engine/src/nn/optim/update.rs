//! Changing the numbers of CPU tensors in place. Read [`in_place`] first.

use crate::nn::ops::host::range;
use candle_core::{CpuStorage, InplaceOp1, Layout, Result, Tensor};
use std::cell::RefCell;

/// Calls `change` with the numbers of `tensor`, which it may overwrite. Calls may be nested over several tensors.
///
/// # Errors
/// candle's, when the tensor is not contiguous f32 on the CPU, or what `change` says.
pub fn in_place(tensor: &Tensor, mut change: impl FnMut(&mut [f32]) -> Result<()>) -> Result<()> {
    tensor.inplace_op1(&Change(RefCell::new(&mut change)))
}

type Numbers<'a> = dyn FnMut(&mut [f32]) -> Result<()> + 'a;

struct Change<'a>(RefCell<&'a mut Numbers<'a>>);

impl InplaceOp1 for Change<'_> {
    fn name(&self) -> &'static str {
        "update"
    }

    fn cpu_fwd(&self, storage: &mut CpuStorage, layout: &Layout) -> Result<()> {
        let range = range(layout)?;
        let CpuStorage::F32(numbers) = storage else {
            candle_core::bail!("parameters are f32");
        };
        (self.0.borrow_mut())(&mut numbers[range])
    }
}
