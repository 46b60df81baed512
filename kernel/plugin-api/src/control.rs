//! The control zone of the context: what plugins ask the run to do next.

/// Requests gathered during one hook; the run serves and clears them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requests {
    /// End the session at the very next boundary; the text is the reason that users read.
    pub stop: Option<String>,
    /// Leave out the rest of the running batch.
    pub skip_batch: bool,
    /// Leave out the rest of the running epoch: its training and its validation.
    pub skip_epoch: bool,
    /// Save a checkpoint right after the running batch.
    pub checkpoint: bool,
    /// Run a validation loop right after the running batch.
    pub validation: bool,
    /// Plugins to deactivate, by name.
    pub disable: Vec<String>,
}

impl Requests {
    /// Whether nothing was asked for.
    pub fn is_empty(&self) -> bool {
        self.stop.is_none()
            && !(self.skip_batch || self.skip_epoch || self.checkpoint || self.validation)
            && self.disable.is_empty()
    }
}
