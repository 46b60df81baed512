//! What people see: numbers and tables in, MIME bundles out (text, HTML, SVG).
//!
//! This crate owns how things look and nothing else. It must not know candle, polars, Rhai, ZeroMQ or any other crate of
//! ours: every input type here is made of numbers, strings and slices. Read [`Bundle`] first, then the type of the thing
//! to show; each has `text()`, `html()` or `svg()` as fits it, and `bundle()` for all of them together.
//! The same input gives the same bytes every time: there are no dates, no random ids and no maps in here.

mod action;
mod bundle;
mod canvas;
mod chart;
mod decimate;
mod entry;
mod error;
mod html;
mod image;
mod lifecycle;
mod listing;
mod memory;
mod model;
pub mod number;
mod palette;
mod panel;
mod picture;
mod plot;
mod plugins;
mod preview;
mod progress;
mod run;
mod scale;
mod table;
mod tensor;
pub mod text;

pub use action::ActionBar;
pub use bundle::Bundle;
pub use chart::{Chart, Series, Split};
pub use entry::{Entry, page};
pub use error::{DisplayError, Result};
pub use html::escape;
pub use image::Image;
pub use lifecycle::{HookPlugin, Lifecycle, LifecycleRow};
pub use listing::{Listing, counted, lacking};
pub use memory::{Memory, MemoryPart};
pub use model::{ModelRow, ModelSummary};
pub use picture::RunPicture;
pub use plot::{Column, Grid, Plot, PlotKind, Values};
pub use plugins::{PluginRow, PluginTable};
pub use preview::{Part, Preview, PreviewRow};
pub use progress::Progress;
pub use run::RunPanel;
pub use table::{Cell, Limits, Table, TableColumn};
pub use tensor::{Tensor, picked};
