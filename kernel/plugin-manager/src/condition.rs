//! Conditions over the context (`when=`), in a language that the manager does not know.
//!
//! Read [`Condition`] first: the host of the language makes it, the manager asks it before each call.

use crate::manager::PluginManager;
use crate::{ManagerError, Registration};
use candlewick_plugin_api::{Context, PluginError};

/// A compiled condition.
pub trait Condition {
    /// Whether the plugin is to be called now.
    ///
    /// # Errors
    /// What went wrong; it counts as a failure of the plugin.
    fn holds(&mut self, ctx: &mut Context) -> Result<bool, PluginError>;
}

/// Compiles the `when` of a registration for the plugin of that name.
pub type Compiler = Box<dyn Fn(&str, &Registration) -> Result<Box<dyn Condition>, PluginError>>;

impl PluginManager {
    /// Compiles conditions with this; without it a registration with a condition is refused.
    pub fn compile_conditions_with(&mut self, compiler: Compiler) {
        self.compiler = Some(compiler);
    }

    pub(crate) fn compiled(
        &self,
        plugin: &str,
        registration: &Registration,
    ) -> Result<Option<Box<dyn Condition>>, ManagerError> {
        let Some(expression) = &registration.when else { return Ok(None) };
        let refused =
            |error| ManagerError::Condition { plugin: plugin.to_owned(), expression: expression.clone(), error };
        match &self.compiler {
            Some(compile) => compile(plugin, registration).map(Some).map_err(refused),
            None => Err(refused(PluginError::invalid("nobody here can read conditions"))),
        }
    }
}
