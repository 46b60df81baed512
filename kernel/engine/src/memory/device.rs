//! How much memory of a CUDA device is used, as its driver says. Read [`DeviceMemory`] first.

/// Memory of one CUDA device, in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceMemory {
    /// The name that [`parse`](crate::device::parse) takes, such as `cuda:0`.
    pub device: String,
    /// Used, by all processes and the driver itself.
    pub used: u64,
    /// What the device has.
    pub total: u64,
    /// Used by this process's tensors, `torch.cuda.memory_allocated` in PyTorch's words; none where the device has no
    /// memory pools and the driver does not count.
    pub allocated: Option<u64>,
    /// Held by this process for tensors, those that stay for reuse included: `torch.cuda.memory_reserved`.
    pub reserved: Option<u64>,
}

/// The memory of the CUDA device that was asked for last, by [`parse`](crate::device::parse). None before the first,
/// when the driver does not answer, and in a build without the cargo feature `cuda`.
///
/// `allocated` and `reserved` are those of the device's memory pool, from which candle takes all its tensors
/// (`cuMemAllocAsync`); they lag behind the program by what the device has not computed yet. A library that goes
/// past the pool, cuBLAS with its workspace for one, is seen in `used` only.
pub fn device_memory() -> Option<DeviceMemory> {
    #[cfg(feature = "cuda")]
    return cuda::memory();
    #[cfg(not(feature = "cuda"))]
    None
}

#[cfg(feature = "cuda")]
mod cuda {
    use super::DeviceMemory;
    use crate::device;
    use candle_core::cuda_backend::cudarc::driver::{CudaContext, result, sys::CUmemPool_attribute};

    pub fn memory() -> Option<DeviceMemory> {
        let (ordinal, device) = device::cuda::newest()?;
        let stream = device.cuda_stream();
        let context = stream.context();
        let (free, total) = context.mem_get_info().ok()?;
        Some(DeviceMemory {
            device: format!("cuda:{ordinal}"),
            used: (total - free) as u64,
            total: total as u64,
            allocated: pool(context, CUmemPool_attribute::CU_MEMPOOL_ATTR_USED_MEM_CURRENT),
            reserved: pool(context, CUmemPool_attribute::CU_MEMPOOL_ATTR_RESERVED_MEM_CURRENT),
        })
    }

    /// What the device's current memory pool says; `attribute` is one of the four that count bytes.
    fn pool(context: &CudaContext, attribute: CUmemPool_attribute) -> Option<u64> {
        if !context.has_async_alloc() {
            return None;
        }
        let mut bytes = 0u64;
        // SAFETY: the device is the context's own, its current pool is valid while the device is open, and these
        // attributes are of type cuuint64_t, which `bytes` has room for.
        unsafe {
            let pool = result::device::get_mem_pool(context.cu_device()).ok()?;
            result::mem_pool::get_attribute(pool, attribute, (&raw mut bytes).cast()).ok()?;
        }
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(not(feature = "cuda"))]
    fn a_build_without_cuda_has_no_device_memory() {
        assert_eq!(super::device_memory(), None);
    }
}
