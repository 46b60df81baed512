//! Functions of Rust that Rhai cells and script plugins call by name.
//!
//! An engine of Rhai takes no functions once it is shared, and runs hold theirs. So the functions stand in a module of their own,
//! which whoever evaluates puts below the functions of its script ([`Callables::below`]); a change makes another module, and
//! [`Callables::version`] tells who has kept the former one. Must not know how functions are converted. Read
//! [`Callables`] first.

use super::answer::{Native, Refused};
use super::error::CellError;
use super::loading::cell_place;
use super::panics::Noting;
use super::session::{here, is_name};
use crate::problem::Fault;
use crate::surface::{self, Kind};
use candlewick_engine::interrupt;
use candlewick_plugin_api::panics::described;
use rhai::{
    AST, Dynamic, Engine, EvalAltResult, FuncRegistration, Module, NativeCallContext, Position, RhaiFunc, Shared,
};
use std::any::TypeId;
use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;
use std::sync::OnceLock;

/// A function of Rust under the name that Rhai calls it by.
#[derive(Clone)]
pub struct Callable {
    /// The name.
    pub name: String,
    /// How it is written, such as `norm(x: Tensor) -> f64`.
    pub signature: String,
    /// What its comment says.
    pub doc: String,
    /// Where it was made callable, in the built source.
    pub at: &'static Location<'static>,
    native: Native,
}

impl Callable {
    /// What its parameters take, in words.
    pub fn parameters(&self) -> &[String] {
        &self.native.parameters
    }

    /// Where it comes from, in words.
    pub fn place(&self) -> String {
        let at = cell_place(self.at.file(), self.at.line(), self.at.column());
        at.map_or_else(|| "Rust code".to_owned(), |(cell, line, _)| format!("{cell}, line {line}"))
    }

    /// Registers a function; called by `callable!` only.
    ///
    /// # Errors
    /// A name that Rhai cannot call or that a built-in function has, a parameter that is a reference, a call on behalf of
    /// a script plugin, or not on the engine thread.
    #[track_caller]
    pub fn register(name: &str, signature: &str, doc: &str, native: Native) -> Result<(), CellError> {
        let (name, signature, doc) = (name.to_owned(), signature.to_owned(), doc.trim().to_owned());
        let signature = if signature.is_empty() { format!("{name}(…)") } else { signature };
        let own = Self { name, signature, doc, at: Location::caller(), native };
        let session = here(|frame| own.refused(&frame.engine).map_or(Ok(frame.session.clone()), Err))??;
        if let Some(terms) = session.calls.terms() {
            let why = format!("plugin {} is being called, and script plugins register no functions", terms.plugin);
            return Err(CellError::Callable(format!("`{}` cannot be made callable here: {why}", own.name)));
        }
        session.callables.add(own);
        Ok(())
    }

    fn refused(&self, engine: &Engine) -> Option<CellError> {
        let Self { name, native, .. } = self;
        let refuse = |why: String| Some(CellError::Callable(format!("`{name}` cannot be made callable: {why}")));
        if !is_name(engine, name) {
            return refuse("Rhai has letters, digits and `_` in names, no digit first, and reserves some words".into());
        }
        if self.is_built_in() || is_standard(name) {
            return refuse("Rhai cells have a built-in function of that name; choose another".into());
        }
        let reference = native.unusable?;
        refuse(format!(
            "a parameter of type `{reference}` is a reference, and nothing of Rhai's lives long enough; \
             list the types: `callable!(\"{name}\", …, {name}, (&Tensor, f64))`"
        ))
    }
}

impl Callable {
    /// Whether a built-in function has its name, or a method of its first parameter's type, which would go before it.
    fn is_built_in(&self) -> bool {
        let first = self.native.parameters.first();
        let takes = |on: &str| first.is_some_and(|takes| takes.split(' ').skip(1).eq(on.split(' ')));
        surface::all().filter(|builtin| builtin.name == self.name).any(|builtin| match builtin.kind {
            Kind::Function => true,
            Kind::Method(on) => takes(on),
            Kind::Property(_) => false,
        })
    }
}

/// Whether one of Rhai's own functions has that name.
fn is_standard(name: &str) -> bool {
    static NAMES: OnceLock<BTreeSet<String>> = OnceLock::new();
    let names = || crate::language::standard(&Engine::new()).into_iter().map(|(name, ..)| name).collect();
    NAMES.get_or_init(names).contains(name)
}

/// The functions of one session.
#[derive(Default)]
pub struct Callables {
    list: RefCell<Vec<Rc<Callable>>>,
    module: RefCell<Option<Shared<Module>>>,
    version: Cell<u64>,
}

/// How an engine knows them: by its default tag.
#[derive(Clone)]
struct Tag(Rc<Callables>);

impl Callables {
    /// Makes them known to an engine that is being built.
    pub fn tell(self: &Rc<Self>, engine: &mut Engine) {
        engine.set_default_tag(Dynamic::from(Tag(self.clone())));
    }

    /// Those that an engine was told of; none for one that runs no cells.
    pub fn of(engine: &Engine) -> Rc<Self> {
        engine.default_tag().read_lock::<Tag>().map(|tag| tag.0.clone()).unwrap_or_default()
    }

    /// Changes with every function.
    #[inline]
    pub fn version(&self) -> u64 {
        self.version.get()
    }

    /// All of them, by name.
    pub fn all(&self) -> Vec<Rc<Callable>> {
        self.list.borrow().clone()
    }

    /// The one of that name.
    pub fn find(&self, name: &str) -> Option<Rc<Callable>> {
        self.list.borrow().iter().find(|own| own.name == name).cloned()
    }

    /// What an evaluation puts below its script's own functions; none when there are no functions.
    pub fn module(&self) -> Option<Shared<Module>> {
        self.module.borrow().clone()
    }

    /// A script with these functions below its own.
    pub fn below<'s>(&self, script: &'s AST) -> Cow<'s, AST> {
        match self.module() {
            Some(module) => Cow::Owned(AST::new_from_module(module).merge(script)),
            None => Cow::Borrowed(script),
        }
    }

    /// Forgets all.
    pub fn clear(&self) {
        self.list.take();
        self.build();
    }

    fn add(&self, callable: Callable) {
        let former = {
            let mut list = self.list.borrow_mut();
            let former = list.iter().position(|own| own.name == callable.name).map(|place| list.remove(place));
            list.push(Rc::new(callable));
            list.sort_by(|a, b| a.name.cmp(&b.name));
            former
        };
        self.build();
        // What a closure has captured may call back when it is dropped.
        drop(former);
    }

    fn build(&self) {
        let mut module = Module::new();
        let list = self.all();
        for callable in &list {
            let types = vec![TypeId::of::<Dynamic>(); callable.native.parameters.len()];
            let function = FuncRegistration::new(callable.name.as_str()).in_global_namespace();
            function.set_into_module_raw(&mut module, types, native(callable.clone()));
        }
        *self.module.borrow_mut() = (!list.is_empty()).then(|| module.into());
        self.version.set(self.version.get() + 1);
    }
}

/// The function as Rhai resolves it. Arguments are copies, as with built-in functions that change none.
fn native(callable: Rc<Callable>) -> RhaiFunc {
    let call = move |context: Option<NativeCallContext>, arguments: &mut [&mut Dynamic]| {
        let at = context.map_or(Position::NONE, |context| context.call_position());
        let arguments = arguments.iter_mut().map(|argument| std::mem::take(*argument)).collect();
        called(&callable, arguments, at)
    };
    RhaiFunc::Pure { func: Shared::new(call), has_context: true, is_pure: true, is_volatile: true }
}

fn called(callable: &Callable, arguments: Vec<Dynamic>, at: Position) -> Result<Dynamic, Box<EvalAltResult>> {
    let _noting = Noting::begin();
    match catch_unwind(AssertUnwindSafe(|| (callable.native.call)(arguments))) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(Refused::Error(_))) if interrupt::requested() => {
            Err(Box::new(EvalAltResult::ErrorTerminated(Dynamic::UNIT, at)))
        }
        Ok(Err(Refused::Error(message))) => Err(Fault::at("RustError", message, at)),
        Ok(Err(Refused::Argument(place, unfit))) => {
            let Callable { name, signature, .. } = callable;
            let (asked, found) = (unfit.asked, unfit.found);
            let message =
                format!("argument {place} of `{name}` has to be {asked}; found {found}; it is written `{signature}`");
            Err(Fault::at("TypeError", message, at))
        }
        Err(panic) => {
            let message = format!("`{}` panicked: {}", callable.name, described(&*panic));
            Err(Fault::at("Panic", message, at))
        }
    }
}
