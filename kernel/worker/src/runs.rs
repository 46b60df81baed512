//! Runs as values: driving them from a cell and drawing what they emit.
//!
//! Must not know how a run moves inside. Read [`RunHandle`] first; `Drawing` turns events into displays, `Panel` is the
//! live one with buttons, `Control` obeys them.

mod control;
mod drawing;
mod handle;
mod panel;
mod standing;
mod until;

pub use drawing::tell;
pub use handle::{RunChart, RunHandle};
pub use standing::ContextView;
pub use until::Until;

use crate::show::Shows;
use rhai::{Dynamic, Engine};

/// Names the types of this module.
pub fn types(engine: &mut Engine, run: &str) {
    engine.register_type_with_name::<RunHandle>(run);
    handle::types(engine);
}

/// Shows a run that has not ended as its live panel, where whoever shows the cell's outputs can. False: show it as any
/// other value.
pub fn show_live(value: &Dynamic) -> bool {
    value.read_lock::<RunHandle>().is_some_and(|run| run.show_live())
}

/// Makes runs, their contexts and charts show.
pub fn shows(shows: &mut Shows) {
    shows.add::<RunHandle>();
    shows.add::<ContextView>();
    shows.add::<RunChart>();
}
