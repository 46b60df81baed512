//! A hook's body, ready to be evaluated at every batch.
//!
//! Rhai's own way to call a function searches it by name among all functions of the source, begins with an empty state in
//! which nothing is resolved yet, and boxes the argument and its name anew: more work than a short hook itself. Here all
//! that is kept from call to call, and made anew after whatever may have changed it. Must not know limits. Read [`Body`] first.

use super::context::Ctx;
use crate::language::Constants;
use rhai::{
    AST, ASTNode, Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, GlobalRuntimeState, Position,
    Scope, ScriptFuncDef, Stmt, StmtBlock,
};

/// The body of a function of one parameter.
pub(super) struct Body {
    parameter: Box<str>,
    statements: Expr,
}

/// What the calls of one plugin's hooks have in common.
#[derive(Default)]
pub(super) struct Stage {
    /// None before the first call, and when the newest one may have left something behind.
    state: Option<Box<State>>,
    /// The parameter's name in the scope, where it is left for the next call.
    parameter: Box<str>,
}

struct State {
    global: GlobalRuntimeState,
    caches: Caches,
}

impl Body {
    /// The body of a function of the source.
    pub(super) fn of(ast: &AST, function: &ScriptFuncDef) -> Self {
        // Cloning functions through a filter would keep all of them: Rhai 1.27 does not ask it for an empty module.
        let mut only = ast.clone_functions_only();
        only.retain_functions(|_, _, name, parameters| {
            name == function.name.as_str() && parameters == function.params.len()
        });
        let mut own = Vec::new();
        only.walk(&mut |path| {
            if let [ASTNode::Stmt(statement)] = path {
                own.push((*statement).clone());
            }
            true
        });
        let block = StmtBlock::new(own, function.body.start_position(), function.body.end_position());
        let parameter = function.params.first().map_or("", |name| name.as_str());
        Self { parameter: parameter.into(), statements: Expr::Stmt(Box::new(block)) }
    }

    /// Evaluates it with `this` and the context. The scope holds the plugin's constants and, after them, what an earlier
    /// call left.
    ///
    /// # Errors
    /// As a call of the function, but for its name.
    pub(super) fn call(
        &self,
        (engine, functions, constants): (&Engine, &AST, Option<&Constants>),
        (scope, own): (&mut Scope<'static>, usize),
        stage: &mut Stage,
        this: &mut Dynamic,
        context: Ctx,
    ) -> Result<Dynamic, Box<EvalAltResult>> {
        self.hand_over(scope, own, stage, context);
        // Out of its place meanwhile: after an error or a panic it is made anew.
        let mut state = stage.state.take().unwrap_or_else(|| Box::new(State::new(engine, functions, constants)));
        let State { global, caches } = &mut *state;
        #[allow(deprecated)] // Rhai's mark for an interface that may still change
        let answer = EvalContext::new(engine, global, caches, scope, Some(this))
            .eval_expression_tree_raw(&Expression::from(&self.statements), true);
        let answer = match answer {
            Ok(value) => value,
            Err(error) => match *error {
                EvalAltResult::Return(value, _) | EvalAltResult::Exit(value, _) => value,
                _ => return Err(self.placed(error)),
            },
        };
        stage.state = Some(state).filter(|state| state.is_as_new());
        Ok(answer)
    }

    /// Puts the context behind the constants: into the handle that an earlier call left, unless the script took it, put
    /// something else there or shared it with a closure.
    #[inline]
    fn hand_over(&self, scope: &mut Scope<'static>, own: usize, stage: &mut Stage, context: Ctx) {
        if scope.len() > own && stage.parameter == self.parameter {
            scope.rewind(own + 1);
            if let Some(value) = scope.get_mut(&self.parameter).filter(|value| !value.is_shared())
                && let Some(mut handle) = value.write_lock::<Ctx>()
            {
                *handle = context;
                return;
            }
        }
        scope.rewind(own);
        scope.push(&*self.parameter, context);
        stage.parameter = self.parameter.clone();
    }

    /// Rhai names no place where a loop without a body is ended; the loop is found in the source then.
    #[cold]
    fn placed(&self, mut error: Box<EvalAltResult>) -> Box<EvalAltResult> {
        if matches!(*error, EvalAltResult::ErrorTerminated(_, Position::NONE)) {
            self.statements.walk(&mut Vec::new(), &mut |path| {
                let place = path.last().and_then(empty_loop);
                place.map(|place| error.set_position(place)).is_none()
            });
        }
        error
    }
}

impl State {
    fn new(engine: &Engine, functions: &AST, constants: Option<&Constants>) -> Self {
        let mut global = engine.new_global_runtime_state();
        global.lib.push(functions.shared_lib().clone());
        global.source = functions.source().map(Into::into);
        global.level = 1;
        if let Some(constants) = constants {
            global.tag = Dynamic::from(constants.clone());
        }
        Self { global, caches: Caches::new() }
    }

    /// Whether nothing of a call is left in it but what was resolved.
    fn is_as_new(&self) -> bool {
        let global = &self.global;
        global.level == 1
            && global.scope_level == 0
            && global.lib.len() == 1
            && global.num_modules_loaded == 0
            && global.num_imports() == 0
            && !global.always_search_scope
            && self.caches.fn_resolution_caches_len() <= 1
    }
}

fn empty_loop(node: &ASTNode) -> Option<Position> {
    match node {
        ASTNode::Stmt(Stmt::While(own, place) | Stmt::Do(own, _, place)) if own.body.is_empty() => Some(*place),
        _ => None,
    }
}
