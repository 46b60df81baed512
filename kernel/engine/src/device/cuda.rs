//! The CUDA devices that this process has opened.
//!
//! It must not know what is computed there. Read [`open`] first.

use crate::{EngineError, Result};
use candle_core::cuda_backend::cudarc::driver::CudaContext;
use candle_core::{CudaDevice, Device};
use std::sync::{Mutex, PoisonError};

/// Every device opened so far with its ordinal, the one asked for last at the end. candle takes two devices of one
/// ordinal for different ones and refuses to compute with tensors of both, so each is opened once and kept.
static OPEN: Mutex<Vec<(usize, CudaDevice)>> = Mutex::new(Vec::new());

/// The device of that ordinal, the same one every time.
///
/// # Errors
/// A device that this machine does not have, or that cannot be used; the message says what there is.
pub fn open(ordinal: usize) -> Result<Device> {
    let mut open = OPEN.lock().unwrap_or_else(PoisonError::into_inner);
    let device = match open.iter().position(|(known, _)| *known == ordinal) {
        Some(at) => open.remove(at).1,
        None => first(ordinal)?,
    };
    open.push((ordinal, device.clone()));
    Ok(Device::Cuda(device))
}

/// The device asked for last and its ordinal; none before the first.
pub fn newest() -> Option<(usize, CudaDevice)> {
    OPEN.lock().unwrap_or_else(PoisonError::into_inner).last().cloned()
}

fn first(ordinal: usize) -> Result<CudaDevice> {
    let failed = |reason| {
        let there = there();
        EngineError::Device(format!("device \"cuda:{ordinal}\" could not be opened; there is {there}: {reason}"))
    };
    Ok(Device::new_cuda(ordinal).map_err(failed)?.as_cuda_device()?.clone())
}

/// The names of this machine's devices, for messages.
fn there() -> String {
    let count = CudaContext::device_count().unwrap_or(0);
    let names = (0..count).map(|ordinal| format!(", \"cuda:{ordinal}\""));
    std::iter::once("\"cpu\"".to_owned()).chain(names).collect()
}
