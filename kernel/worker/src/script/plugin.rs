//! A plugin written in Rhai, as the manager sees it.
//!
//! A closed unit: its own functions and constants, `this`, `ctx` and the built-ins. Read [`RhaiPlugin`] first.

use super::body::{Body, Stage};
use super::context::{Ctx, Slot};
use super::failure::plugin_error;
use super::given::{Given, METADATA};
use super::loader::is_of_a_plugin;
use super::settings::Settings;
use super::transforms::{self, TransformFunction};
use super::values::{from_json, from_passed, to_json, to_passed};
use super::verbs::{self, VerbFunction};
use super::{factory, schemas};
use crate::calls::{Calls, Size, Terms};
use crate::language::Constants;
use crate::problem::Fault;
use crate::rust::Callables;
use candlewick_engine::interrupt;
use candlewick_plugin_api::{
    Context, Event, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, Report, RunId, Schemas, Transform,
    TransformContext, TransformSet, Value as Passed, Verb,
};
use candlewick_plugin_manager::Registration;
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, FuncArgs, Map, Position, Scope};
use serde_json::Value;
use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

type Fields = serde_json::Map<String, Value>;

/// Functions whose names begin like this are meant as hooks.
pub const PREFIXES: [&str; 5] = ["start_", "end_", "on_", "load_", "save_"];

type Called = Result<Dynamic, Box<EvalAltResult>>;

/// A plugin whose hooks are functions of a Rhai source.
pub struct RhaiPlugin {
    engine: Rc<Engine>,
    slot: Rc<Slot>,
    calls: Rc<Calls>,
    terms: Rc<Terms>,
    /// Its functions, with those of Rust code below them.
    functions: AST,
    callables: Rc<Callables>,
    /// Of the functions of Rust code that it has.
    version: u64,
    /// The source's own constants, and behind them what the newest call of a hook left.
    scope: Scope<'static>,
    /// How many constants there are.
    own_names: usize,
    /// The same for functions that hooks call; none when there is nothing but metadata.
    constants: Option<Constants>,
    hooks: [Option<Body>; Hook::COUNT],
    stage: Stage,
    verbs: Vec<VerbFunction>,
    transforms: Vec<TransformFunction>,
    /// Functions that answer a hook point when one of their name is declared.
    points: Vec<String>,
    metadata: Metadata,
    settings: Dynamic,
    states: PerRun<State>,
    /// What `this` is in its verbs: they belong to no run.
    own: State,
    source: String,
    unsaved: RefCell<Unsaved>,
    /// How many of its calls had a state to be measured.
    measured: u32,
    schemas: Schemas,
    /// What compiles it again, for an instance.
    made_of: (Given, Rc<str>),
}

/// What of `this` a checkpoint could not keep: said once, by the next call.
#[derive(Debug, Default)]
enum Unsaved {
    #[default]
    Nothing,
    Names(String),
    Said,
}

/// What `this` is in one run.
#[derive(Clone, Debug, Default)]
struct State(Option<Dynamic>);

impl RhaiPlugin {
    /// A plugin with the usual limits, to which nothing is granted; see [`RhaiPlugin::under`].
    ///
    /// # Errors
    /// As [`RhaiPlugin::under`].
    pub fn new(
        engine: &Rc<Engine>,
        slot: &Rc<Slot>,
        name: &str,
        text: &str,
        source: &str,
    ) -> Result<Self, Box<EvalAltResult>> {
        Self::under(engine, slot, name, text, source, &Registration::default())
    }

    /// Compiles a source and finds its metadata and hooks. `source` names the text in errors. What the registration says
    /// of limits and capabilities holds from the top-level statements on; they reach nothing outside the session, because
    /// what the plugin declares is not known before they have run.
    ///
    /// # Errors
    /// A syntax error, an error of its top-level statements, unusable metadata, an unknown hook, or a hook with another
    /// number of parameters than one.
    pub fn under(
        engine: &Rc<Engine>,
        slot: &Rc<Slot>,
        name: &str,
        text: &str,
        source: &str,
        registration: &Registration,
    ) -> Result<Self, Box<EvalAltResult>> {
        Self::of(engine, slot, &Given::named(name).under(registration), text, source)
    }

    /// The same with what stands beside the source, and under its terms.
    ///
    /// # Errors
    /// As [`RhaiPlugin::under`], and schemas that cannot be read.
    pub fn of(
        engine: &Rc<Engine>,
        slot: &Rc<Slot>,
        given: &Given,
        text: &str,
        source: &str,
    ) -> Result<Self, Box<EvalAltResult>> {
        let (limits, granted) = (given.limits, given.allow.clone());
        let terms = Terms { plugin: given.first_name().to_owned(), limits, granted, ..Terms::default() };
        let (engine, calls) = match slot.engines() {
            Some(engines) => (engines.of(&limits), engines.calls().clone()),
            None => (engine.clone(), Rc::default()),
        };
        let callables = Callables::of(&engine);
        let mut ast = engine.compile(text)?;
        ast.set_source(source);
        let hooks = hooks(&ast)?;
        let transforms = transforms::of(&ast)?;
        let mut scope = Scope::new();
        let terms = Rc::new(terms);
        {
            let _call = calls.enter(&terms);
            engine.run_ast_with_scope(&mut scope, &callables.below(&ast)).map_err(|error| terms.explained(error))?;
        }
        let metadata = metadata(given, &scope, || schemas::place(&engine, text, "metadata"))?;
        let verbs = verbs::of(&ast, &metadata.entry_points)?;
        let declared = metadata.capabilities.clone();
        let schemas = schemas::of(&engine, &ast, text, scope.get("schemas"), &metadata, given)?;
        schemas::check_written(&engine, text, scope.get("schemas"), &metadata, &verbs)?;
        let terms = Terms { plugin: metadata.name.clone(), limits, declared, granted: terms.granted.clone() };
        let mut functions = ast.clone_functions_only();
        functions.set_source(source);
        let (functions, version) = (callables.below(&functions).into_owned(), callables.version());
        let points = points(&ast);
        let settings = settings(&metadata.config);
        let constants = constants(&scope);
        let (slot, source) = (slot.clone(), source.to_owned());
        Ok(Self {
            engine,
            slot,
            calls,
            terms: Rc::new(terms),
            functions,
            callables,
            version,
            own_names: scope.len(),
            scope,
            constants,
            hooks,
            stage: Stage::default(),
            verbs,
            transforms,
            points,
            metadata,
            settings,
            states: PerRun::default(),
            own: State::default(),
            source,
            unsaved: RefCell::default(),
            measured: 0,
            schemas,
            made_of: (given.clone(), text.into()),
        })
    }

    /// The names of its hooks, in lifecycle order, of its transforms and of its verbs, as text.
    pub fn hook_names(&self) -> String {
        let hooks = Plugin::hooks(self);
        let transforms = self.transforms.iter().map(|own| own.transform.name());
        let names: Vec<&str> = hooks
            .iter()
            .map(Hook::name)
            .chain(transforms)
            .chain(self.verbs.iter().map(|own| own.verb.name()))
            .collect();
        if names.is_empty() { "no hooks".to_owned() } else { names.join(", ") }
    }

    /// Whether anything in it makes it a plugin: its metadata, or a function that plugins have.
    pub fn is_one(&self) -> bool {
        let described = self.scope.contains("metadata") || self.made_of.0.package.contains_key(METADATA);
        described || self.functions.iter_fn_def().any(|function| is_of_a_plugin(&function.name))
    }

    /// Calls a function of the source that belongs to no run; none when there is no such function with one parameter.
    pub(super) fn call_plain(&mut self, name: &str, argument: Dynamic) -> Option<Result<Dynamic, PluginError>> {
        self.functions.iter_fn_def().find(|own| own.name == name && own.params.len() == 1)?;
        let answer = self.run(&mut None, name, (argument,));
        Some(answer.map_err(|error| self.failed(error)))
    }

    fn first_state(&self) -> Dynamic {
        from_json(&Value::Object(self.metadata.state.clone()))
    }

    /// Puts the settings into `this`, which costs nothing when they are still there.
    fn give_settings(settings: &Dynamic, this: &mut Dynamic) {
        if let Ok(mut map) = this.as_map_mut()
            && !map.get("config").is_some_and(|value| value.is::<Settings>())
        {
            map.insert("config".into(), settings.clone());
        }
    }

    fn failed(&self, error: Box<EvalAltResult>) -> PluginError {
        plugin_error(&self.engine, &self.scope, &self.terms, &self.source, error)
    }

    /// Calls a function with `this`; see [`RhaiPlugin::within`].
    pub(super) fn run<A: FuncArgs>(&mut self, this: &mut Option<Dynamic>, name: &str, arguments: A) -> Called {
        self.within(this, |own, held| {
            let options = CallFnOptions::new().eval_ast(false).bind_this_ptr(held);
            let options =
                if let Some(constants) = own.constants.clone() { options.with_tag(constants) } else { options };
            own.scope.rewind(own.own_names);
            let (scope, functions) = (&mut own.scope, &own.functions);
            own.engine.call_fn_with_options::<Dynamic>(options, scope, functions, name, arguments)
        })
    }

    /// Calls a hook with `this`; see [`RhaiPlugin::within`].
    fn run_hook(&mut self, this: &mut Option<Dynamic>, hook: Hook, context: Ctx) -> Called {
        self.within(this, |own, held| {
            let Some(body) = &own.hooks[hook as usize] else { return Ok(Dynamic::UNIT) };
            let language = (&*own.engine, &own.functions, own.constants.as_ref());
            body.call(language, (&mut own.scope, own.own_names), &mut own.stage, held, context)
        })
    }

    /// Does a call under the plugin's limits. Afterwards `this` is what it left, or on failure what it was; none where
    /// there was nothing but the settings.
    #[inline]
    fn within(&mut self, this: &mut Option<Dynamic>, call: impl FnOnce(&mut Self, &mut Dynamic) -> Called) -> Called {
        if self.version != self.callables.version() {
            self.take_callables();
        }
        let mut held = this.take().unwrap_or_else(|| self.first_state());
        Self::give_settings(&self.settings, &mut held);
        // What holds nothing but the settings needs no copy to be put back.
        let before = held.as_map_ref().is_ok_and(|map| map.len() > 1).then(|| held.clone());
        let calls = self.calls.clone();
        let (answer, growth) = {
            let _call = calls.enter(&self.terms);
            (call(self, &mut held), calls.growth())
        };
        let answer = answer.and_then(|answer| self.check_state(&held, growth).map(|()| answer));
        *this = if answer.is_ok() { Some(held) } else { before };
        answer
    }

    /// Functions of Rust code have changed: what was resolved is resolved anew.
    #[cold]
    fn take_callables(&mut self) {
        let mut own = self.functions.clone_functions_only();
        own.retain_functions(|_, _, _, _| true);
        own.set_source(self.source.as_str());
        self.functions = self.callables.below(&own).into_owned();
        self.version = self.callables.version();
        self.stage = Stage::default();
    }

    /// Measures the state at every 64th call, at the first ones more often, and whenever a call has taken much memory.
    fn check_state(&mut self, state: &Dynamic, growth: u64) -> Result<(), Box<EvalAltResult>> {
        const MUCH: u64 = 256 << 10;
        self.measured = self.measured.wrapping_add(1);
        if !(self.measured.is_multiple_of(64) || self.measured.is_power_of_two() || growth >= MUCH) {
            return Ok(());
        }
        match self.terms.too_much_state(state) {
            Some(fault) => Err(Box::new(EvalAltResult::ErrorRuntime(Dynamic::from(fault), Position::NONE))),
            None => Ok(()),
        }
    }

    /// What `this` is in a run; outside of runs it is what its verbs have.
    fn take_state(&mut self, run: RunId, outside: bool) -> Option<Dynamic> {
        if outside { self.own.0.take() } else { self.states.of(run).0.take() }
    }

    fn put_state(&mut self, run: RunId, outside: bool, state: Option<Dynamic>) {
        let place = if outside { &mut self.own } else { self.states.of(run) };
        place.0 = state;
    }

    fn say_unsaved(&mut self, ctx: &mut Context) {
        if let Unsaved::Names(names) = self.unsaved.get_mut() {
            let text = format!(
                "plugin {}: checkpoints cannot keep {names}; a resumed run starts without it",
                self.metadata.name
            );
            ctx.emit(Event::Warning(text));
            *self.unsaved.get_mut() = Unsaved::Said;
        }
    }
}

impl Plugin for RhaiPlugin {
    fn metadata(&self) -> Metadata {
        self.metadata.clone()
    }

    fn hooks(&self) -> HookSet {
        Hook::all().filter(|hook| self.hooks[*hook as usize].is_some()).collect()
    }

    fn configure(&mut self, config: &serde_json::Map<String, Value>) -> Result<(), PluginError> {
        self.settings = settings(config);
        Ok(())
    }

    fn state(&self, run: RunId) -> Option<Value> {
        let this = self.states.get(run)?.0.as_ref()?;
        let map = this.as_map_ref().ok()?;
        let fields = map.iter().filter(|(key, _)| key.as_str() != "config");
        // What JSON has no word for, such as a tensor or a closure, cannot be saved.
        let (saved, lost): (Vec<_>, Vec<_>) =
            fields.map(|(key, value)| (key, to_json(value))).partition(|(_, json)| json.is_ok());
        let mut unsaved = self.unsaved.borrow_mut();
        if !lost.is_empty() && matches!(*unsaved, Unsaved::Nothing) {
            let name = |(key, kind): (&rhai::Identifier, Result<_, String>)| {
                Some(format!("this.{key} ({})", self.engine.map_type_name(&kind.err()?)))
            };
            *unsaved = Unsaved::Names(lost.into_iter().filter_map(name).collect::<Vec<_>>().join(", "));
        }
        Some(Value::Object(saved.into_iter().filter_map(|(key, json)| Some((key.to_string(), json.ok()?))).collect()))
    }

    fn restore(&mut self, run: RunId, state: &Value) -> Result<(), PluginError> {
        if !state.is_object() {
            return Err(PluginError::invalid(format!("the state of a plugin is a map; found {state}")));
        }
        let mut this = self.first_state();
        if let (Ok(mut map), Ok(saved)) = (this.as_map_mut(), from_json(state).as_map_ref()) {
            map.extend(saved.iter().map(|(key, value)| (key.clone(), value.clone())));
        }
        self.states.set(run, State(Some(this)));
        Ok(())
    }

    fn verbs(&self) -> Vec<Verb> {
        self.verbs.iter().map(|own| own.verb).collect()
    }

    fn parameters(&self, verb: Verb) -> Option<Vec<String>> {
        self.verbs.iter().find(|own| own.verb == verb).map(VerbFunction::names)
    }

    fn execute(&mut self, verb: Verb, arguments: &[Passed]) -> Result<Passed, PluginError> {
        self.execute_with(verb, arguments, &Report::nobody())
    }

    fn execute_with(&mut self, verb: Verb, arguments: &[Passed], report: &Report) -> Result<Passed, PluginError> {
        let Some(own) = self.verbs.iter().find(|own| own.verb == verb) else { return Ok(Passed::Nothing) };
        let arguments = own.arguments(arguments, report).map_err(PluginError::invalid)?;
        let mut this = self.own.0.take();
        let call = || self.run(&mut this, verb.name(), arguments);
        // What an interrupt has left behind is cleaned up all the same; another interrupt ends that too.
        let answer = if verb.name() == "cleanup" { interrupt::suspended(call) } else { call() };
        self.own.0 = this;
        let named = |value: &Dynamic| self.engine.map_type_name(value.type_name()).to_owned();
        answer.map(|answer| to_passed(&answer, &named)).map_err(|error| self.failed(error))
    }

    fn points(&self) -> Vec<String> {
        self.points.clone()
    }

    fn call_point(&mut self, point: &str, ctx: &mut Context, data: &mut Passed) -> Result<(), PluginError> {
        self.say_unsaved(ctx);
        let (run, outside) = (ctx.run, ctx.run == 0);
        let mut this = self.take_state(run, outside);
        // Shared, so that what the function changes in its copy is changed here too.
        let shared = from_passed(data).into_shared();
        let slot = self.slot.clone();
        let called = slot.lend(ctx, |lent| self.run(&mut this, point, (lent, shared.clone())));
        self.put_state(run, outside, this);
        let answer = called.map_err(|error| self.failed(error))?;
        let changed = if answer.is_map() { answer.flatten() } else { shared.flatten() };
        let named = |value: &Dynamic| self.engine.map_type_name(value.type_name()).to_owned();
        *data = to_passed(&changed, &named);
        Ok(())
    }

    fn set_aside(&mut self, run: RunId) -> Option<Box<dyn Any>> {
        let (kept, own) = (self.states.remove(run), self.own.0.clone());
        Some(Box::new((kept, own)))
    }

    fn take_back(&mut self, run: RunId, kept: Option<Box<dyn Any>>) -> Result<(), PluginError> {
        if let Some(kept) = kept.and_then(|kept| kept.downcast::<(Option<State>, Option<Dynamic>)>().ok()) {
            let (state, own) = *kept;
            self.own.0 = own;
            match state {
                Some(state) => self.states.set(run, state),
                None => drop(self.states.remove(run)),
            }
        }
        Ok(())
    }

    fn transforms(&self) -> TransformSet {
        transforms::set(&self.transforms, self.metadata.transforms.validation)
    }

    fn transform(
        &mut self,
        transform: Transform,
        value: Passed,
        ctx: &mut TransformContext,
    ) -> Result<Passed, PluginError> {
        let Some(own) = self.transforms.iter().find(|own| own.transform == transform) else { return Ok(value) };
        let (name, (arguments, item)) = (own.name.clone(), own.arguments(&value, ctx));
        // A preview leaves no trace: every item finds `this` as it is at the start of a run.
        let mut this = if ctx.preview { None } else { self.take_state(ctx.run, false) };
        let changed = self.run(&mut this, &name, arguments);
        item.close();
        if !ctx.preview {
            self.put_state(ctx.run, false, this);
        }
        let named = |value: &Dynamic| self.engine.map_type_name(value.type_name()).to_owned();
        changed.map(|changed| to_passed(&changed, &named)).map_err(|error| self.failed(error))
    }

    fn schemas(&self) -> Schemas {
        self.schemas.clone()
    }

    fn another(&self) -> Option<Box<dyn Plugin>> {
        let (given, text) = &self.made_of;
        let made = Self::of(&self.engine, &self.slot, given, text, &self.source);
        Some(Box::new(made.ok()?))
    }

    fn create(&mut self, config: &serde_json::Map<String, Value>) -> Result<Option<Fields>, PluginError> {
        factory::create(self, config)
    }

    fn bytes(&self) -> Option<u64> {
        let states = self.states.all().chain([&self.own]);
        Some(states.filter_map(|state| state.0.as_ref()).map(|this| Size::of(this).bytes).sum())
    }

    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Result<(), PluginError> {
        if self.hooks[hook as usize].is_none() {
            return Ok(());
        }
        self.say_unsaved(ctx);
        let run = ctx.run;
        let mut this = self.take_state(run, false);
        let slot = self.slot.clone();
        let called = slot.lend(ctx, |lent| self.run_hook(&mut this, hook, lent));
        self.put_state(run, false, this);
        called.map(drop).map_err(|error| self.failed(error))
    }
}

fn settings(config: &serde_json::Map<String, Value>) -> Dynamic {
    let map: Map = config.iter().map(|(key, value)| (key.as_str().into(), from_json(value))).collect();
    Dynamic::from(Settings(Rc::new(map))).into_read_only()
}

fn constants(scope: &Scope) -> Option<Constants> {
    let own = scope.iter_raw().filter(|(name, ..)| *name != "metadata");
    let constants: BTreeMap<_, _> = own.map(|(name, _, value)| (name.into(), value.clone())).collect();
    (!constants.is_empty()).then(|| Constants(Rc::new(constants)))
}

/// The functions that may answer a hook point: `fn name(ctx, data)`.
fn points(ast: &AST) -> Vec<String> {
    let other = |name: &str| {
        Hook::from_name(name).is_some()
            || Verb::from_name(name).is_some()
            || Transform::from_name(name).is_some()
            || name.contains('$')
    };
    let two = ast.iter_fn_def().filter(|function| function.params.len() == 2);
    let mut names: Vec<String> = two.map(|function| function.name.to_string()).filter(|name| !other(name)).collect();
    names.sort();
    names
}

/// Finds the hooks among a source's functions.
fn hooks(ast: &AST) -> Result<[Option<Body>; Hook::COUNT], Box<EvalAltResult>> {
    let mut hooks: [Option<Body>; Hook::COUNT] = [const { None }; Hook::COUNT];
    for function in ast.iter_fn_def() {
        let (name, count) = (function.name.as_str(), function.params.len());
        let wrong = |message: String| Fault::at("PluginError", message, function.body.start_position());
        match Hook::from_name(name) {
            Some(_) if count != 1 => {
                return Err(wrong(format!(
                    "a hook takes one parameter, the context: write `fn {name}(ctx)`; found {count} parameters"
                )));
            }
            Some(hook) if hooks[hook as usize].is_some() => {
                return Err(wrong(format!(
                    "the hook {} is there twice, under both of its names; keep one of them",
                    hook.name()
                )));
            }
            Some(hook) => hooks[hook as usize] = Some(Body::of(ast, function)),
            None if PREFIXES.iter().any(|prefix| name.starts_with(prefix)) => {
                let hint = match Hook::nearest(name) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None => {
                        "`%hooks` lists all hooks; a function that is no hook needs a name that does not begin like one"
                            .to_owned()
                    }
                };
                return Err(wrong(format!("there is no hook `{name}`; {hint}")));
            }
            None => {}
        }
    }
    Ok(hooks)
}

/// The source's `metadata` constant; its name is that of the registration.
fn metadata(given: &Given, scope: &Scope, place: impl Fn() -> Position) -> Result<Metadata, Box<EvalAltResult>> {
    let wrong = |what: String| {
        let form = "const metadata = #{ version: \"1.0.0\", description: \"…\", config: #{}, state: #{} };";
        Fault::at("PluginError", format!("{what}; write `{form}`"), place())
    };
    let own = scope.get("metadata").cloned();
    let json = match &own {
        None => Value::Object(serde_json::Map::new()),
        Some(value) => to_json(value)
            .map_err(|found| wrong(format!("metadata holds a value of type {found}, which cannot be saved")))?,
    };
    let fields = json.as_object().ok_or_else(|| wrong("metadata must be a map".to_owned()))?;
    Metadata::read(&given.name, &given.fields(fields)).map_err(wrong)
}
