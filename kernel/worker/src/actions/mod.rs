//! Actions in this worker: what they need of the language and the engine, and how they are drawn while they run.
//!
//! Must not know the words users type. Read [`EngineHost`] first, then [`Bars`].

mod bars;
mod host;

pub use bars::{Bars, shown};
pub use host::EngineHost;
