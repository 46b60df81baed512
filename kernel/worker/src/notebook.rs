//! One notebook's scope, functions and imports, kept from cell to cell.
//!
//! Must not know messages or commands. Read [`Notebook`] first.

use crate::rust::Callables;
use rhai::{
    AST, Caches, Dynamic, Engine, EvalAltResult, EvalContext, Expr, Expression, GlobalRuntimeState, ImmutableString,
    Module, Position, Scope, Stmt, StmtBlock,
};
use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

/// What statements gave, or what they threw.
pub type Evaluated = Result<Ended, Box<EvalAltResult>>;

/// How statements have ended.
pub enum Ended {
    /// After the last one, with its value.
    There(Dynamic),
    /// By `return` or `exit`.
    Returned(Dynamic),
}

impl Ended {
    /// The value, however it came.
    pub fn value(self) -> Dynamic {
        match self {
            Self::There(value) | Self::Returned(value) => value,
        }
    }
}

/// What successive cells share.
pub struct Notebook {
    scope: Scope<'static>,
    /// All functions and closures defined so far.
    functions: AST,
    /// Kept whole, because it holds the imports.
    global: GlobalRuntimeState,
    origins: HashMap<(ImmutableString, usize), Origin>,
}

/// Where a function was defined.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The name of its cell or file.
    pub source: String,
    start: Position,
    end: Position,
}

impl Notebook {
    /// A notebook in which nothing has run.
    pub fn new(engine: &Engine) -> Self {
        Self {
            scope: Scope::new(),
            functions: AST::empty(),
            global: engine.new_global_runtime_state(),
            origins: HashMap::new(),
        }
    }

    /// The variables and constants.
    pub fn scope(&self) -> &Scope<'static> {
        &self.scope
    }

    /// Changes the variables from outside.
    pub fn with_scope<R>(&mut self, change: impl FnOnce(&mut Scope<'static>) -> R) -> R {
        let before = self.scope.len();
        let changed = change(&mut self.scope);
        // Compiled statements know variables by their distance from the newest one.
        self.global.always_search_scope |= self.scope.len() != before;
        changed
    }

    /// Name, whether constant, and value of each variable, oldest first.
    pub fn entries(&self) -> Vec<(&str, bool, &Dynamic)> {
        // Rhai goes through a scope from the newest to the oldest.
        let mut entries: Vec<_> = self.scope.iter_raw().collect();
        entries.reverse();
        entries
    }

    /// The functions of all cells so far.
    pub fn functions(&self) -> &AST {
        &self.functions
    }

    /// The modules imported so far, newest first: the name they go by, and the module.
    pub fn modules(&self) -> impl Iterator<Item = (&str, &Module)> {
        self.global.iter_imports()
    }

    /// Runs compiled statements of the cell of that name, whose functions were adopted. Whatever they defined before an error stays.
    ///
    /// # Errors
    /// What the statements threw.
    pub fn run(&mut self, engine: &Engine, ast: &AST, cell: &str) -> Evaluated {
        self.begin(engine, cell);
        #[allow(deprecated)] // the only public call that takes a state, and the state holds the imports
        let value = engine.eval_statements_raw(&mut self.global, &mut Caches::new(), &mut self.scope, ast.statements());
        value.map(|value| Ended::There(value.flatten()))
    }

    /// The statements of the cell of that name follow, one by one.
    pub fn begin(&mut self, engine: &Engine, cell: &str) {
        self.global.lib.clear();
        self.global.lib.extend(Callables::of(engine).module());
        self.global.lib.push(self.functions.shared_lib().clone());
        self.global.source = Some(cell.into());
        self.global.level = 0;
        self.global.scope_level = 0;
        self.global.always_search_scope = false;
    }

    /// Runs one statement of the cell that was begun.
    ///
    /// # Errors
    /// What it threw.
    pub fn step(&mut self, engine: &Engine, statement: &Stmt) -> Evaluated {
        let block = StmtBlock::new([statement.clone()], Position::NONE, Position::NONE);
        let block = Expr::Stmt(Box::new(block));
        let (global, caches, scope) = (&mut self.global, &mut Caches::new(), &mut self.scope);
        #[allow(deprecated)] // the only public call that takes a state, which holds the imports, and tells a `return`
        let value = EvalContext::new(engine, global, caches, scope, None)
            .eval_expression_tree_raw(&Expression::from(&block), false);
        match value {
            Ok(value) => Ok(Ended::There(value.flatten())),
            Err(error) => match *error {
                EvalAltResult::Return(value, _) | EvalAltResult::Exit(value, _) => Ok(Ended::Returned(value.flatten())),
                error => Err(Box::new(error)),
            },
        }
    }

    /// Makes a cell's functions callable, in place of earlier ones of the same name and number of parameters.
    pub fn adopt_functions(&mut self, ast: &AST, cell: &str) {
        if !ast.has_functions() {
            return;
        }
        for function in ast.iter_fn_def() {
            let origin = Origin {
                source: cell.to_owned(),
                start: function.body.start_position(),
                end: function.body.end_position(),
            };
            self.origins.insert((function.name.clone(), function.params.len()), origin);
        }
        self.functions = self.functions.merge(&ast.clone_functions_only());
    }

    /// Ends a cell: shadowed variables are dropped, constants become visible to functions.
    pub fn end_cell(&mut self) {
        let entries = self.entries();
        let newest: HashMap<_, _> = entries.iter().enumerate().map(|(index, (name, ..))| (*name, index)).collect();
        if newest.len() < entries.len() {
            let mut kept = Scope::new();
            for (index, (name, constant, value)) in entries.into_iter().enumerate() {
                if newest.get(name) != Some(&index) {
                    continue;
                }
                if constant {
                    kept.push_constant_dynamic(name, value.clone());
                } else {
                    kept.push_dynamic(name, value.clone());
                }
            }
            self.scope = kept;
        }
        self.publish_constants();
    }

    /// Forgets all variables, functions and imports.
    pub fn reset(&mut self, engine: &Engine) {
        *self = Self::new(engine);
    }

    /// Where the newest function of that name and number of parameters was defined.
    pub fn definition(&self, function: &str, parameters: usize) -> Option<&Origin> {
        self.origins
            .iter()
            .find(|((name, count), _)| name == function && *count == parameters)
            .map(|(_, origin)| origin)
    }

    /// The source in which the function of that name was defined whose body holds a place; the place decides between
    /// functions of one name with different numbers of parameters.
    pub fn origin(&self, function: &str, place: Position) -> Option<&Origin> {
        let mut named = self.origins.iter().filter(|((name, _), _)| name == function).map(|(_, origin)| origin);
        let first = named.clone().next();
        named.find(|origin| origin.holds(place)).or(first)
    }

    fn publish_constants(&mut self) {
        let constants: BTreeMap<_, _> = self
            .scope
            .iter_raw()
            .filter(|(_, constant, _)| *constant)
            .map(|(name, _, value)| (name.into(), value.clone()))
            .collect();
        self.global.constants = Some(Rc::new(RefCell::new(constants)));
    }
}

impl Origin {
    /// The lines of its source that it stands on, from 1, first and last.
    pub fn lines(&self) -> Option<(usize, usize)> {
        Some((self.start.line()?, self.end.line()?))
    }

    fn holds(&self, place: Position) -> bool {
        (self.start..=self.end).contains(&place)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(engine: &Engine, notebook: &mut Notebook, text: &str) -> Dynamic {
        let ast = engine.compile(text).unwrap();
        notebook.adopt_functions(&ast, "cell");
        let ended = notebook.run(engine, &ast, "cell").unwrap();
        notebook.end_cell();
        ended.value()
    }

    #[test]
    fn a_cell_run_fifty_times_leaves_one_object_alive() {
        let object: Rc<()> = Rc::default();
        let mut engine = Engine::new();
        let made = object.clone();
        engine.register_fn("make", move || made.clone());
        let mut notebook = Notebook::new(&engine);
        let before = Rc::strong_count(&object);
        for _ in 0..50 {
            let _ = run(&engine, &mut notebook, "let net = make(); const FIXED = make(); fn f() { FIXED }");
        }
        // The variable, the constant, and the constant as functions see it.
        assert_eq!(Rc::strong_count(&object) - before, 3);
        notebook.reset(&engine);
        assert_eq!(Rc::strong_count(&object), before);
    }

    #[test]
    fn imports_work_in_later_cells() {
        let file = std::env::temp_dir().join(format!("candlewick-import-{}.rhai", std::process::id()));
        std::fs::write(&file, "fn twice(x) { x * 2 }").unwrap();
        let engine = Engine::new();
        let mut notebook = Notebook::new(&engine);
        let _ = run(
            &engine,
            &mut notebook,
            &format!("import {:?} as tools;", file.with_extension("").display().to_string()),
        );
        assert_eq!(run(&engine, &mut notebook, "tools::twice(21)").as_int(), Ok(42));
        std::fs::remove_file(file).unwrap();
    }
}
