//! Reading the numbers of CPU tensors inside custom operations. Read [`host`] first.

use candle_core::{CpuStorage, Layout, Result, Storage, Tensor, WithDType};
use std::ops::{Deref, Range};

/// A contiguous CPU tensor's storage, held for reading.
pub struct Host<'a, Guard> {
    storage: Guard,
    layout: &'a Layout,
}

/// Takes hold of a tensor.
pub fn host(tensor: &Tensor) -> Host<'_, impl Deref<Target = Storage>> {
    let (storage, layout) = tensor.storage_and_layout();
    Host { storage, layout }
}

impl<Guard: Deref<Target = Storage>> Host<'_, Guard> {
    /// Its numbers.
    ///
    /// # Errors
    /// A tensor on another device, of another type, or not contiguous.
    pub fn numbers<T: WithDType>(&self) -> Result<&[T]> {
        match &*self.storage {
            Storage::Cpu(storage) => numbers(storage, self.layout),
            _ => candle_core::bail!("a tensor of another device reached a CPU operation"),
        }
    }
}

/// The numbers of a contiguous storage.
///
/// # Errors
/// Another type, or a layout that is not contiguous.
pub fn numbers<'a, T: WithDType>(storage: &'a CpuStorage, layout: &Layout) -> Result<&'a [T]> {
    Ok(&storage.as_slice::<T>()?[range(layout)?])
}

/// Where in its storage a contiguous tensor stands.
///
/// # Errors
/// A layout that is not contiguous.
pub fn range(layout: &Layout) -> Result<Range<usize>> {
    match layout.contiguous_offsets() {
        Some((start, end)) => Ok(start..end),
        None => candle_core::bail!("this operation needs a contiguous tensor"),
    }
}
