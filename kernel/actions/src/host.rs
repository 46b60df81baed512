//! What this crate needs of whoever runs it. Read [`Host`] first.

use candlewick_plugin_api::{Loading, Object, Value};

/// The language and the engine around the actions.
pub trait Host {
    /// The value with nothing in it that a change of the other would reach. Tensors need no copy.
    ///
    /// # Errors
    /// Why a part of it cannot be copied.
    fn copy(&self, value: &Value) -> Result<Value, String>;

    /// An object as a safetensors file, such as a net; none when it has no such form.
    ///
    /// # Errors
    /// Why it cannot be written.
    fn encode(&self, object: &Object) -> Result<Option<Vec<u8>>, String>;

    /// What [`Host::encode`] wrote.
    ///
    /// # Errors
    /// Why it cannot be read.
    fn decode(&self, bytes: &[u8]) -> Result<Value, String>;

    /// A built-in source of data as work for a thread; none when there is no source of that name.
    ///
    /// # Errors
    /// Arguments that it does not take.
    fn source(&self, name: &str, arguments: &[Value]) -> Option<Result<Loading, String>>;

    /// The names of the built-in sources.
    fn sources(&self) -> &[&'static str];

    /// Whether the user has asked for what runs to end.
    fn is_interrupted(&self) -> bool;

    /// Asks for what runs to end.
    fn interrupt(&self);

    /// Takes that back.
    fn clear_interrupt(&self);
}
