//! An error of a script plugin as the manager keeps it: with its place in the plugin's source.
//!
//! Must not know what was called. Read [`plugin_error`] first.

use crate::calls::Terms;
use crate::problem::{Fault, Reporter, Sources};
use candlewick_plugin_api::PluginError;
use rhai::{Engine, EvalAltResult, Scope};

/// The error, in the words of the plugin's limits where it is one of them. `scope` holds its constants, `source` names the
/// text.
pub fn plugin_error(
    engine: &Engine,
    scope: &Scope<'static>,
    terms: &Terms,
    source: &str,
    error: Box<EvalAltResult>,
) -> PluginError {
    // Ended by the user, that is; a fault there is what the script itself did.
    if matches!(innermost(&error), EvalAltResult::ErrorTerminated(why, _) if !why.is::<Fault>()) {
        return PluginError::Interrupted;
    }
    let error = terms.explained(error);
    let sources = Sources::default();
    let reporter = Reporter { engine, scope, origins: None, sources: &sources };
    let problem = reporter.problem(&error, source);
    let place = innermost(&error).position();
    let message = format!("{}: {}", problem.name, problem.message);
    PluginError::Failed { message, line: place.line(), column: place.position() }
}

/// The error at the end of a chain of calls.
pub fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        other => other,
    }
}
