//! `when=`: a condition over `ctx`, compiled once when its plugin is registered.
//!
//! Read [`RhaiCondition`] first.

use super::context::Slot;
use super::failure::plugin_error;
use crate::calls::{Calls, Terms};
use crate::problem::Fault;
use crate::rust::Callables;
use candlewick_plugin_api::{Context, PluginError};
use candlewick_plugin_manager::{Condition, Registration};
use rhai::{AST, Dynamic, Engine, EvalAltResult, Scope};
use std::rc::Rc;

/// A compiled condition.
pub struct RhaiCondition {
    engine: Rc<Engine>,
    slot: Rc<Slot>,
    calls: Rc<Calls>,
    terms: Rc<Terms>,
    expression: AST,
    scope: Scope<'static>,
}

impl RhaiCondition {
    /// Compiles the condition of a registration.
    ///
    /// # Errors
    /// A syntax error, with its place in the text.
    pub fn new(slot: &Rc<Slot>, plugin: &str, registration: &Registration) -> Result<Self, PluginError> {
        let terms = Terms { plugin: plugin.to_owned(), limits: registration.limits, ..Terms::default() };
        let engines = slot.engines().ok_or_else(|| PluginError::invalid("no language is there to read it"))?;
        let (engine, calls) = (engines.of(&terms.limits), engines.calls().clone());
        let text = registration.when.as_deref().unwrap_or_default();
        let expression = engine.compile_expression(text).map_err(|error| PluginError::Failed {
            message: format!("SyntaxError: {error}"),
            line: error.position().line(),
            column: error.position().position(),
        })?;
        Ok(Self { engine, slot: slot.clone(), calls, terms: Rc::new(terms), expression, scope: Scope::new() })
    }
}

impl Condition for RhaiCondition {
    fn holds(&mut self, ctx: &mut Context) -> Result<bool, PluginError> {
        let has_validation = ctx.has_validation;
        let (engine, expression, scope) = (&self.engine, &self.expression, &mut self.scope);
        let answer = {
            let _call = self.calls.enter(&self.terms);
            self.slot.lend(ctx, |lent| {
                scope.push("ctx", lent);
                engine.eval_ast_with_scope::<Dynamic>(scope, &Callables::of(engine).below(expression))
            })
        };
        self.scope.rewind(0);
        match answer {
            Ok(value) => value.as_bool().map_err(|found| {
                PluginError::failed(format!("TypeError: `when` must be true or false; it is of type {found}"))
            }),
            Err(error) if is_not_there_yet(&error, has_validation) => Ok(false),
            Err(error) => Err(without_line(plugin_error(engine, &self.scope, &self.terms, "when", error))),
        }
    }
}

/// Whether a condition asks for a fact that is only not there yet; one that the run will never have is an error.
pub fn is_not_there_yet(error: &EvalAltResult, has_validation: bool) -> bool {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) => is_not_there_yet(inner, has_validation),
        EvalAltResult::ErrorRuntime(value, _) => value.read_lock::<Fault>().is_some_and(|fault| {
            fault.name == "MissingFact" && (has_validation || !fault.message.contains("no validation data"))
        }),
        _ => false,
    }
}

/// A condition has one line, which is none of the plugin's source.
fn without_line(error: PluginError) -> PluginError {
    match error {
        PluginError::Failed { message, .. } => PluginError::failed(message),
        other => other,
    }
}
