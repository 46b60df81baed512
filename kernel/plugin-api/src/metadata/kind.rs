//! The twelve kinds of plugins of seed 000. Read [`PluginKind`] first.

use serde::{Deserialize, Serialize};

/// What kind of plugin it is: a word to list and choose by. What a plugin can do is seen from the functions it has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PluginKind {
    /// Attention of a model.
    Attention,
    /// Memory of models.
    MemoryManager,
    /// Makes a model or its training faster.
    Optimization,
    /// A device.
    Hardware,
    /// Measures performance.
    Performance,
    /// A model or a part of one.
    ModelComponent,
    /// Changes how training goes: the kind of a plugin that does not say.
    #[default]
    TrainingStrategy,
    /// Changes how inference goes.
    InferenceStrategy,
    /// Changes data on its way to a model.
    DataProcessor,
    /// Measures results.
    Metric,
    /// Searches for hyperparameters.
    TuningStrategy,
    /// Keys and values of attention kept between tokens.
    KvCache,
}

impl PluginKind {
    /// All twelve, in the seed's order.
    pub const ALL: [Self; 12] = [
        Self::Attention,
        Self::MemoryManager,
        Self::Optimization,
        Self::Hardware,
        Self::Performance,
        Self::ModelComponent,
        Self::TrainingStrategy,
        Self::InferenceStrategy,
        Self::DataProcessor,
        Self::Metric,
        Self::TuningStrategy,
        Self::KvCache,
    ];
}
