//! A plugin written in Rhai, as the manager sees it.
//!
//! A closed unit: its own functions and constants, `this`, `ctx` and the built-ins. Read [`RhaiPlugin`] first.

use super::context::Slot;
use super::given::{Given, METADATA};
use super::loader::is_of_a_plugin;
use super::settings::Settings;
use super::values::{from_json, to_json, to_passed};
use super::verbs::{self, VerbFunction};
use super::{bytes, factory, schemas};
use crate::language::Constants;
use crate::problem::{Fault, Reporter, Sources};
use candlewick_engine::interrupt;
use candlewick_plugin_api::{
    Context, Event, Hook, HookSet, Metadata, PerRun, Plugin, PluginError, RunId, Schemas, Value as Passed, Verb,
};
use rhai::{AST, CallFnOptions, Dynamic, Engine, EvalAltResult, Map, Scope};
use serde_json::Value;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;

type Fields = serde_json::Map<String, Value>;

/// Functions whose names begin like this are meant as hooks.
pub const PREFIXES: [&str; 6] = ["start_", "end_", "on_", "transform_", "load_", "save_"];

/// A plugin whose hooks are functions of a Rhai source.
pub struct RhaiPlugin {
    engine: Rc<Engine>,
    slot: Rc<Slot>,
    functions: AST,
    /// The source's own constants; rewound after every call.
    scope: Scope<'static>,
    /// The same for functions that hooks call; none when there is nothing but metadata.
    constants: Option<Constants>,
    /// Hook to the name the source gives it.
    hooks: [Option<Rc<str>>; Hook::COUNT],
    verbs: Vec<VerbFunction>,
    metadata: Metadata,
    settings: Dynamic,
    states: PerRun<State>,
    /// What `this` is in its verbs: they belong to no run.
    own: State,
    source: String,
    unsaved: RefCell<Unsaved>,
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
    /// Compiles a source and finds its metadata and hooks. `source` names the text in errors.
    ///
    /// # Errors
    /// A syntax error, an error of its top-level statements, unusable metadata, an unknown hook, or a hook with another
    /// number of parameters than one.
    pub fn new(
        engine: &Rc<Engine>,
        slot: &Rc<Slot>,
        name: &str,
        text: &str,
        source: &str,
    ) -> Result<Self, Box<EvalAltResult>> {
        Self::of(engine, slot, &Given::named(name), text, source)
    }

    /// The same with what stands beside the source.
    ///
    /// # Errors
    /// As [`RhaiPlugin::new`], and schemas that cannot be read.
    pub fn of(
        engine: &Rc<Engine>,
        slot: &Rc<Slot>,
        given: &Given,
        text: &str,
        source: &str,
    ) -> Result<Self, Box<EvalAltResult>> {
        let mut ast = engine.compile(text)?;
        ast.set_source(source);
        let hooks = hooks(&ast)?;
        let verbs = verbs::of(&ast)?;
        let mut scope = Scope::new();
        engine.run_ast_with_scope(&mut scope, &ast)?;
        let metadata = metadata(given, &scope)?;
        let schemas = schemas::of(engine, &ast, text, scope.get("schemas"), &metadata, given)?;
        let mut functions = ast.clone_functions_only();
        functions.set_source(source);
        let settings = settings(&metadata.config);
        let constants = constants(&scope);
        let (engine, slot, source) = (engine.clone(), slot.clone(), source.to_owned());
        Ok(Self {
            engine,
            slot,
            functions,
            scope,
            constants,
            hooks,
            verbs,
            metadata,
            settings,
            states: PerRun::default(),
            own: State::default(),
            source,
            unsaved: RefCell::default(),
            schemas,
            made_of: (given.clone(), text.into()),
        })
    }

    /// The names of its hooks, in lifecycle order, and of its verbs, as text.
    pub fn hook_names(&self) -> String {
        let hooks = Plugin::hooks(self);
        let names: Vec<&str> =
            hooks.iter().map(Hook::name).chain(self.verbs.iter().map(|own| own.verb.name())).collect();
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
        let options = CallFnOptions::new().eval_ast(false);
        let options = if let Some(constants) = self.constants.clone() { options.with_tag(constants) } else { options };
        let (engine, functions, scope) = (&self.engine, &self.functions, &mut self.scope);
        let answer = engine.call_fn_with_options::<Dynamic>(options, scope, functions, name, (argument,));
        Some(answer.map_err(|error| self.failed(&error)))
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

    fn failed(&self, error: &EvalAltResult) -> PluginError {
        // Ended by the user, that is; a fault there is what the script itself did.
        if matches!(innermost(error), EvalAltResult::ErrorTerminated(why, _) if !why.is::<Fault>()) {
            return PluginError::Interrupted;
        }
        let sources = Sources::default();
        let reporter = Reporter { engine: &self.engine, scope: &self.scope, origins: None, sources: &sources };
        let problem = reporter.problem(error, &self.source);
        let place = innermost(error).position();
        let message = format!("{}: {}", problem.name, problem.message);
        PluginError::Failed { message, line: place.line(), column: place.position() }
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

    fn execute(&mut self, verb: Verb, arguments: &[Passed]) -> Result<Passed, PluginError> {
        let Some(own) = self.verbs.iter().find(|own| own.verb == verb) else { return Ok(Passed::Nothing) };
        let arguments = own.arguments(arguments).map_err(PluginError::invalid)?;
        let mut this = self.own.0.take().unwrap_or_else(|| self.first_state());
        Self::give_settings(&self.settings, &mut this);
        let before = this.clone();
        let options = CallFnOptions::new().eval_ast(false).bind_this_ptr(&mut this);
        let options = if let Some(constants) = self.constants.clone() { options.with_tag(constants) } else { options };
        let name = verb.name();
        let (engine, functions, scope) = (&self.engine, &self.functions, &mut self.scope);
        let call = || engine.call_fn_with_options::<Dynamic>(options, scope, functions, name, arguments);
        // What an interrupt has left behind is cleaned up all the same; another interrupt ends that too.
        let answer = if name == "cleanup" { interrupt::suspended(call) } else { call() };
        self.own.0 = Some(if answer.is_ok() { this } else { before });
        let named = |value: &Dynamic| self.engine.map_type_name(value.type_name()).to_owned();
        answer.map(|answer| to_passed(&answer, &named)).map_err(|error| self.failed(&error))
    }

    fn parameters(&self, verb: Verb) -> Option<Vec<String>> {
        let function = self.functions.iter_fn_def().find(|function| function.name == verb.name())?;
        Some(function.params.iter().map(ToString::to_string).collect())
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
        Some(states.filter_map(|state| state.0.as_ref()).map(bytes::of).sum())
    }

    fn call(&mut self, hook: Hook, ctx: &mut Context) -> Result<(), PluginError> {
        let Some(name) = self.hooks[hook as usize].clone() else { return Ok(()) };
        if let Unsaved::Names(names) = self.unsaved.get_mut() {
            let text = format!(
                "plugin {}: checkpoints cannot keep {names}; a resumed run starts without it",
                self.metadata.name
            );
            ctx.emit(Event::Warning(text));
            *self.unsaved.get_mut() = Unsaved::Said;
        }
        let mut this = match self.states.of(ctx.run).0.take() {
            Some(this) => this,
            None => self.first_state(),
        };
        Self::give_settings(&self.settings, &mut this);
        // What holds nothing but the settings needs no copy to be put back.
        let before = this.as_map_ref().is_ok_and(|map| map.len() > 1).then(|| this.clone());
        let run = ctx.run;
        let (engine, functions, scope) = (&self.engine, &self.functions, &mut self.scope);
        let constants = self.constants.clone();
        let called = self.slot.lend(ctx, |lent| {
            let options = CallFnOptions::new().eval_ast(false).bind_this_ptr(&mut this);
            let options = if let Some(constants) = constants { options.with_tag(constants) } else { options };
            engine.call_fn_with_options::<Dynamic>(options, scope, functions, &name, (lent,))
        });
        self.states.of(run).0 = if called.is_ok() { Some(this) } else { before };
        called.map(drop).map_err(|error| self.failed(&error))
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

/// Finds the hooks among a source's functions.
fn hooks(ast: &AST) -> Result<[Option<Rc<str>>; Hook::COUNT], Box<EvalAltResult>> {
    let mut hooks: [Option<Rc<str>>; Hook::COUNT] = Default::default();
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
            Some(hook) => hooks[hook as usize] = Some(name.into()),
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
fn metadata(given: &Given, scope: &Scope) -> Result<Metadata, Box<EvalAltResult>> {
    let wrong = |what: String| {
        Fault::error(
            "PluginError",
            format!(
                "{what}; write `const metadata = #{{ version: \"1.0.0\", description: \"…\", config: #{{}}, state: #{{}} }};`"
            ),
        )
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

/// The error at the end of a chain of calls.
pub fn innermost(error: &EvalAltResult) -> &EvalAltResult {
    match error {
        EvalAltResult::ErrorInFunctionCall(_, _, inner, _) | EvalAltResult::ErrorInModule(_, inner, _) => {
            innermost(inner)
        }
        other => other,
    }
}
