//! Runs as values: driving them from a cell and drawing what they emit.
//!
//! Must not know how a run moves inside. Read [`RunHandle`] first; [`Drawing`] turns events into displays.

mod drawing;
mod handle;
mod until;

pub use handle::{ContextView, RunChart, RunHandle};
pub use until::Until;

use crate::show::Shows;
use rhai::Engine;

/// Names the types of this module.
pub fn types(engine: &mut Engine, run: &str) {
    engine.register_type_with_name::<RunHandle>(run);
    handle::types(engine);
}

/// Makes runs, their contexts and charts show.
pub fn shows(shows: &mut Shows) {
    shows.add::<RunHandle>();
    shows.add::<ContextView>();
    shows.add::<RunChart>();
}
