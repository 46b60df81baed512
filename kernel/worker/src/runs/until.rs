//! Where `run_until` stops: at a hook, or when a condition on the context holds.

use crate::problem::Fault;
use crate::rust::Callables;
use crate::script::{Slot, is_not_there_yet};
use crate::surface::Answer;
use candlewick_engine::run::Run;
use candlewick_plugin_api::Hook;
use rhai::{AST, Dynamic, Engine, FnPtr, NativeCallContext, Scope, is_valid_identifier};
use std::rc::Rc;

/// What to stop at.
pub enum Until {
    /// This hook.
    Hook(Hook),
    /// When this expression over `ctx` is true.
    Expression(AST),
    /// When this closure, given `ctx`, answers true.
    Closure(FnPtr),
}

impl Until {
    /// A hook's exact name, else an expression; a bare word that is no hook is an error.
    pub fn text(engine: &Engine, text: &str) -> Answer<Self> {
        let text = text.trim();
        if let Some(hook) = Hook::from_name(text) {
            return Ok(Self::Hook(hook));
        }
        if is_valid_identifier(text) {
            let hint = Hook::nearest(text).map_or(String::new(), |near| format!("; did you mean \"{near}\"?"));
            return Err(Fault::error("NameError", format!("there is no hook named \"{text}\"{hint}")));
        }
        let parsed = engine.compile_expression(text);
        Ok(Self::Expression(parsed.map_err(|error| {
            Fault::error(
                "SyntaxError",
                format!("run_until takes a hook's name or a condition on ctx; found \"{text}\": {error}"),
            )
        })?))
    }

    /// Whether to stop here. A fact that is not there yet makes a condition false; one that this run will never have is
    /// an error.
    pub fn holds(&self, run: &mut Run, hook: Hook, slot: &Rc<Slot>, call: &NativeCallContext) -> Answer<bool> {
        let answer = match self {
            Self::Hook(wanted) => return Ok(hook == *wanted),
            Self::Expression(ast) => slot.lend(run.context_mut(), |ctx| {
                let mut scope = Scope::new();
                scope.push("ctx", ctx);
                let callables = Callables::of(call.engine());
                call.engine().eval_ast_with_scope::<Dynamic>(&mut scope, &callables.below(ast))
            }),
            Self::Closure(closure) => {
                slot.lend(run.context_mut(), |ctx| closure.call_within_context::<Dynamic>(call, (ctx,)))
            }
        };
        match answer {
            Ok(value) => value.as_bool().map_err(|found| {
                Fault::error(
                    "TypeError",
                    format!("the condition of run_until must be true or false; it is of type {found}"),
                )
            }),
            Err(error) if is_not_there_yet(&error, run.context().has_validation) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
