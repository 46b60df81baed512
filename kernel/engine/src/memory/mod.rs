//! Memory by category: what every allocated byte is for.
//!
//! The library declares one [`TaggedAllocator`]; whoever allocates says what for with [`tag`]; [`snapshot`] tells the
//! sums. Counted are the blocks of the allocator, so nothing is guessed from shapes. It must not know tensors, layers
//! or plugins. Read [`Category`] first. Memory of a CUDA device has no categories: [`device_memory`] tells its sums.

mod allocator;
mod category;
mod counters;
mod device;
mod resident;

pub use allocator::TaggedAllocator;
pub use category::{Category, Guard, tag};
pub use counters::{Snapshot, roughly, snapshot};
pub use device::{DeviceMemory, device_memory};
pub use resident::{Trimmed, available_bytes, on_trim, resident_bytes, trim};
