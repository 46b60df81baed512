//! Where tensors live: the words `auto`, `cpu` and `cuda:N` made into a candle device.
//!
//! It must not know what is computed there. Read [`parse`] first.

#[cfg(feature = "cuda")]
pub(crate) mod cuda;

use crate::{EngineError, Result};
use candle_core::Device;

/// The device of that name: `cpu`, `cuda`, `cuda:N`, or `auto` (the first CUDA device, else the CPU).
///
/// # Errors
/// An unknown word, or a device that this build or this machine does not have; the message says what there is.
pub fn parse(word: &str) -> Result<Device> {
    match word.split_once(':') {
        None if word == "cpu" => Ok(Device::Cpu),
        None if word == "auto" => Ok(cuda(0).unwrap_or(Device::Cpu)),
        None if word == "cuda" => cuda(0),
        Some(("cuda", ordinal)) => cuda(ordinal.parse().map_err(|_| unknown(word))?),
        _ => Err(unknown(word)),
    }
}

/// The name that [`parse`] takes for this device.
pub fn name(device: &Device) -> String {
    match device.location() {
        candle_core::DeviceLocation::Cpu => "cpu".to_owned(),
        candle_core::DeviceLocation::Cuda { gpu_id } => format!("cuda:{gpu_id}"),
        candle_core::DeviceLocation::Metal { gpu_id } => format!("metal:{gpu_id}"),
    }
}

#[cfg(feature = "cuda")]
fn cuda(ordinal: usize) -> Result<Device> {
    cuda::open(ordinal)
}

#[cfg(not(feature = "cuda"))]
fn cuda(ordinal: usize) -> Result<Device> {
    Err(EngineError::Device(format!(
        "device \"cuda:{ordinal}\" was asked for, but this build has no CUDA (the default build never needs it); \
         there is \"cpu\"; build with the cargo feature `cuda` to use a GPU"
    )))
}

fn unknown(word: &str) -> EngineError {
    EngineError::unknown("device", word, ["auto", "cpu", "cuda:0"])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_become_devices_or_clear_errors() {
        let check = |word, expect: &str| match parse(word) {
            Ok(device) => assert_eq!(name(&device), expect),
            Err(error) => assert!(error.to_string().contains(expect), "{error}"),
        };
        check("cpu", "cpu");
        check("cpuu", "did you mean \"cpu\"?");
        check("cuda:x", "did you mean \"cuda:0\"?");
        #[cfg(not(feature = "cuda"))]
        {
            check("auto", "cpu");
            check("cuda:0", "this build has no CUDA");
            check("cuda", "there is \"cpu\"; build with the cargo feature `cuda`");
        }
    }
}
