//! What an optimizer remembers of each parameter. Read [`Memories`] first.

use crate::{EngineError, Result};
use candle_core::{Tensor, Var};
use std::collections::BTreeMap;

/// Tensors that an optimizer keeps of each parameter, by parameter name, such as running means of its gradient. They have
/// the parameter's shape and begin with zeros. See [`Optimize`](super::Optimize) for an example.
#[derive(Clone, Debug)]
pub struct Memories {
    kinds: &'static [&'static str],
    held: BTreeMap<String, Vec<Var>>,
}

impl Memories {
    /// Memories of these kinds, `&["momentum"]` say, none held yet.
    pub fn new(kinds: &'static [&'static str]) -> Self {
        Self { kinds, held: BTreeMap::new() }
    }

    /// The memories of the parameter of that name, in the order of the kinds; change them by `set`.
    ///
    /// # Errors
    /// candle's, when there is no room.
    pub fn of(&mut self, name: &str, parameter: &Var) -> Result<&[Var]> {
        if !self.held.contains_key(name) {
            let zeros = |_| Var::zeros(parameter.shape(), parameter.dtype(), parameter.device());
            let memories = self.kinds.iter().map(zeros).collect::<Result<_, _>>()?;
            self.held.insert(name.to_owned(), memories);
        }
        Ok(&self.held[name])
    }

    /// All of them, by names such as `0.weight.momentum`; copies that later steps leave alone.
    ///
    /// # Errors
    /// candle's, when there is no room for the copies.
    pub fn state(&self) -> Result<BTreeMap<String, Tensor>> {
        let mut all = BTreeMap::new();
        for (name, memories) in &self.held {
            for (kind, memory) in self.kinds.iter().zip(memories) {
                all.insert(format!("{name}.{kind}"), memory.as_detached_tensor().copy()?);
            }
        }
        Ok(all)
    }

    /// Puts back what [`state`](Self::state) gave.
    ///
    /// # Errors
    /// State of other kinds, or incomplete; nothing has changed then.
    pub fn restore(&mut self, state: &BTreeMap<String, Tensor>) -> Result<()> {
        let mut restored: BTreeMap<String, Vec<Var>> = BTreeMap::new();
        for key in state.keys() {
            let Some((name, _)) = key.rsplit_once('.').filter(|(_, kind)| self.kinds.contains(kind)) else {
                return Err(EngineError::Value(format!("\"{key}\" is not state of it")));
            };
            if restored.contains_key(name) {
                continue;
            }
            let memory = |kind: &&str| {
                let tensor = state
                    .get(&format!("{name}.{kind}"))
                    .ok_or_else(|| EngineError::Value(format!("its state lacks \"{name}.{kind}\"")))?;
                Ok(Var::from_tensor(&tensor.detach().copy()?)?)
            };
            restored.insert(name.to_owned(), self.kinds.iter().map(memory).collect::<Result<_>>()?);
        }
        self.held = restored;
        Ok(())
    }
}
