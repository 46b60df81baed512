//! What Rust code that trains, or that is a plugin, most often names.

pub use crate::cells::{Bundle, CellError, LiveRun, Show, bundle, display, interrupted, register, session, show};
pub use crate::engine::data::{Dataset, Examples, Frame};
pub use crate::engine::nn::{
    Block, Buffer, Forward, Gradients, Init, LayerSpec, Loss, Memories, Mode, Net, Optimize, OptimizerSpec, Parameters,
    Schedule, Step,
};
pub use crate::engine::run::{Halt, Options, Run, Unit, Validation, drive, evaluate};
pub use crate::engine::{EngineError, Seed};
pub use crate::install_built_in_plugins;
pub use crate::plugin_api::{
    Context, Event, Facts, Hook, HookSet, HookSink, Metadata, NoHooks, Outcome, PerRun, Plugin, PluginError, Random,
    Value, Verb,
};
pub use crate::plugin_manager::{PluginManager, Policy, Registration};
pub use candle_core::{
    self, CpuStorage, CustomOp1, CustomOp2, CustomOp3, D, DType, Device, IndexOp, Layout, Module, ModuleT, Shape,
    Tensor, Var,
};
pub use candle_nn;
pub use candlewick_macros::callable;
pub use serde_json::{Map, Value as Json};
