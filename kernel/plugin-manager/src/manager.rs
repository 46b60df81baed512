//! The registry: plugins are registered, replaced, activated and taken out here.

use crate::budgets::Steps;
use crate::condition::{Compiler, Condition};
use crate::config::{hint, settings};
use crate::conflicts::Conflicts;
use crate::factory::{made, rename};
use crate::filters::{Filters, Occurrences};
use crate::lifecycle::{initial_state, initialize, starts_active};
use crate::loading::Loader;
use crate::observer::{Observer, Witness};
use crate::points::Points;
use crate::registration::Description;
use crate::requirements::Requirements;
use crate::runs::Runs;
use crate::schema::Checks;
use crate::slot::{Slot, Tally};
use crate::states::{OWN_KEY, carry_states};
use crate::transforms::Transforms;
use crate::watch::Watch;
use crate::{ManagerError, Registered, Registration};
use candlewick_plugin_api::{Event, Hook, Plugin, PluginError, RunId, Verb, panics};
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::rc::Rc;

/// The plugins of a session, in the order they were registered.
///
/// A run calls them through [`HookSink`](candlewick_plugin_api::HookSink). A hook has no access to the manager, so what it
/// asks for (`ctx.disable(…)`) is served right after the hook.
#[derive(Default)]
pub struct PluginManager {
    /// In registration order; a replaced plugin keeps its place.
    pub(crate) slots: Vec<Slot>,
    /// Per hook the indices of the active plugins that have it, in the order they are called.
    pub(crate) order: [Vec<usize>; Hook::COUNT],
    pub(crate) transforms: Transforms,
    pub(crate) runs: Runs,
    pub(crate) exact: bool,
    /// Whether an active plugin must still be told that a live run has started.
    pub(crate) late: bool,
    /// What has to be said but came up outside a hook; emitted at the next one.
    pub(crate) notices: RefCell<Vec<Event>>,
    pub(crate) requirements: Requirements,
    /// Names once registered, so that taking one out twice is no error.
    removed: BTreeSet<String>,
    /// The number of the plugin registered last.
    numbered: u64,
    pub(crate) witness: Witness,
    pub(crate) observer: Option<Box<dyn Observer>>,
    /// Compiles conditions.
    pub(crate) compiler: Option<Compiler>,
    /// Hook points beside the fourteen hooks.
    pub(crate) points: Points,
    pub(crate) conflicts: Conflicts,
    pub(crate) steps: Steps,
    pub(crate) loaders: Vec<Rc<dyn Loader>>,
    /// Where `discover` looks.
    pub(crate) search_paths: Vec<PathBuf>,
}

impl PluginManager {
    /// A manager without plugins.
    pub fn new() -> Self {
        Self::default()
    }

    /// Registers a plugin, all or nothing: it is asked for its metadata and hooks and given its settings before it enters.
    ///
    /// The same name from the same origin replaces the earlier plugin, also in the middle of a run: it keeps its place in
    /// the order, its state in every run and its occurrence counts (they belong to the run). Calls, errors and seconds
    /// start at zero, because they describe the code, and the code is new; so does its record of failures.
    ///
    /// # Errors
    /// Whatever [`ManagerError`] names; the registry is then as it was.
    pub fn register(
        &mut self,
        mut plugin: Box<dyn Plugin>,
        registration: Registration,
    ) -> Result<Registered, ManagerError> {
        let description = describe(&mut *plugin, &registration, None)?;
        let successors = self.successors(&*plugin, &description.metadata.name, &registration)?;
        let registered = self.enter(plugin, description, registration)?;
        self.succeed(successors);
        Ok(registered)
    }

    /// Puts a plugin that was described into the registry.
    pub(crate) fn enter(
        &mut self,
        plugin: Box<dyn Plugin>,
        description: Description,
        mut registration: Registration,
    ) -> Result<Registered, ManagerError> {
        self.check_entries(&description)?;
        let wanted = description.wanted;
        registration.enabled &= wanted;
        if starts_active(&registration) {
            self.check_requirements(&description.metadata)?;
        }
        let name = &description.metadata.name;
        let condition = self.compiled(name, &registration)?;
        let declared = self.checked_points(&*plugin)?;
        let index = self.slots.iter().position(|slot| slot.name() == name);
        let registered = match index {
            Some(index) => self.replace(index, plugin, description, registration, condition)?,
            None => self.append(plugin, description, registration, condition)?,
        };
        self.points.extend(declared);
        self.rebuild();
        let index = index.unwrap_or(self.slots.len() - 1);
        self.tell(index);
        Ok(if wanted { registered } else { Registered::Declined { generation: self.slots[index].generation } })
    }

    /// Takes the plugin out, with its state, after its `cleanup`. Says whether anything changed: a name taken out before is
    /// no error.
    ///
    /// # Errors
    /// A name that was never registered, or an active plugin that needs it; then nothing has changed. Or its `cleanup`
    /// failed: it is taken out all the same.
    pub fn unregister(&mut self, name: &str) -> Result<bool, ManagerError> {
        let index = match self.find(name) {
            Ok(index) => index,
            Err(_) if self.removed.contains(name) => return Ok(false),
            Err(unknown) => return Err(unknown),
        };
        self.slots[index].check_not_executing("taken out")?;
        self.check_not_needed(name, "taken out")?;
        let mut slot = self.slots.remove(index);
        self.removed.insert(name.to_owned());
        self.rebuild();
        if let Some(observer) = &self.observer {
            observer.removed(name);
        }
        slot.clean_up().map(|()| true)
    }

    /// Whether every call is timed (`%hooks --exact`), or a sample. Counts are exact either way.
    pub fn set_exact(&mut self, exact: bool) {
        self.exact = exact;
    }

    /// Forgets a run that will not go on, ended or not: nothing is carried over or delivered late for it any more.
    pub fn forget_run(&mut self, run: RunId) {
        self.runs.forget(run);
        self.settle(run);
    }

    pub(crate) fn find(&self, name: &str) -> Result<usize, ManagerError> {
        self.slots.iter().position(|slot| slot.name() == name).ok_or_else(|| {
            let names = self.slots.iter().map(Slot::name);
            ManagerError::UnknownPlugin { name: name.to_owned(), hint: hint(name, names, "no plugin is registered") }
        })
    }

    /// What a run's end leaves behind: nothing is due or counted for it any more.
    pub(crate) fn settle(&mut self, run: RunId) {
        for slot in &mut self.slots {
            slot.due.retain(|due| *due != run);
            slot.occurrences.forget(run);
            slot.watch.forget(run);
        }
        self.note_late();
    }

    /// Prepares the list of each hook, so that firing one looks nothing up.
    pub(crate) fn rebuild(&mut self) {
        let mut ascending: Vec<usize> = (0..self.slots.len()).filter(|i| self.slots[*i].is_active()).collect();
        ascending.sort_by_key(|index| self.slots[*index].registration.priority);
        for hook in Hook::all() {
            let list = &mut self.order[hook as usize];
            list.clear();
            list.extend(ascending.iter().filter(|i| self.slots[**i].description.hooks.contains(hook)));
            if !hook.is_ascending() {
                list.reverse();
            }
        }
        self.points.bind(&self.slots, &ascending);
        self.order_transforms(&ascending);
        self.note_late();
    }

    fn note_late(&mut self) {
        self.late = self.slots.iter().any(|slot| slot.is_active() && !slot.due.is_empty());
    }

    fn append(
        &mut self,
        mut plugin: Box<dyn Plugin>,
        description: Description,
        registration: Registration,
        condition: Option<Box<dyn Condition>>,
    ) -> Result<Registered, ManagerError> {
        let initialized = starts_active(&registration);
        if initialized {
            initialize(&mut *plugin, &description)?;
        }
        self.removed.remove(&description.metadata.name);
        self.numbered += 1;
        self.slots.push(Slot {
            number: self.numbered,
            plugin,
            tallies: [Tally::default(); Hook::COUNT],
            watch: Watch::of(&registration, condition),
            transform_tallies: Default::default(),
            filters: registration.filters(),
            filtered: registration.filters() != Filters::default() || registration.when.is_some(),
            occurrences: Occurrences::default(),
            state: initial_state(&registration),
            description,
            registration,
            generation: 1,
            due: self.runs.live(),
            newest_failure: None,
            initialized,
            executions: Tally::default(),
        });
        Ok(Registered::New)
    }

    pub(crate) fn replace(
        &mut self,
        index: usize,
        mut plugin: Box<dyn Plugin>,
        description: Description,
        registration: Registration,
        condition: Option<Box<dyn Condition>>,
    ) -> Result<Registered, ManagerError> {
        let slot = &mut self.slots[index];
        if slot.registration.origin != registration.origin {
            return Err(name_taken(slot, &registration));
        }
        slot.check_not_executing("replaced")?;
        carry_states(slot, &mut *plugin, self.runs.known())?;
        // Last of all that may refuse it: what was initialized would have to be cleaned up.
        if starts_active(&registration) {
            initialize(&mut *plugin, &description)?;
        }
        // The old one's failing cleanup must not keep the new one out; it is said at the next hook.
        if let Err(error) = slot.clean_up() {
            self.notices.borrow_mut().push(Event::Warning(error.to_string()));
        }
        slot.plugin = plugin;
        slot.initialized = starts_active(&registration);
        slot.executions = Tally::default();
        slot.description = description;
        slot.tallies = [Tally::default(); Hook::COUNT];
        slot.transform_tallies = Default::default();
        slot.filters = registration.filters();
        slot.filtered = slot.filters != Filters::default() || condition.is_some();
        slot.watch.renew(&registration, condition);
        slot.state = initial_state(&registration);
        slot.registration = registration;
        slot.generation += 1;
        slot.newest_failure = None;
        Ok(Registered::Replaced { generation: slot.generation })
    }
}

/// Calls into a plugin's code; a panic becomes an error that keeps its message, and its place where it is known.
pub(crate) fn guarded<T>(call: impl FnOnce() -> T) -> Result<T, PluginError> {
    catch_unwind(AssertUnwindSafe(call))
        .map_err(|payload| PluginError::Panicked { message: panics::described(&*payload) })
}

/// Asks the plugin what it is and gives it its settings; nothing of the manager changes here. An instance is described
/// under its own name.
pub(crate) fn describe(
    plugin: &mut dyn Plugin,
    registration: &Registration,
    instance: Option<&str>,
) -> Result<Description, ManagerError> {
    let unnamed = format!("from {}", registration.origin);
    let mut metadata = guarded(|| plugin.metadata()).map_err(|error| refused(&unnamed, "metadata", error))?;
    if let Some(name) = instance {
        rename(&mut metadata, name);
    }
    let name = metadata.name.clone();
    check_name(&name)?;
    metadata.check().map_err(|error| refused(&name, "its metadata", PluginError::invalid(error)))?;
    if let Some((filter, advice)) = registration.filters().contradiction() {
        return Err(ManagerError::Filter { plugin: name, filter, advice });
    }
    if let Some(what) = registration.mistake() {
        return Err(ManagerError::Registration { plugin: name, what });
    }
    let settings: Map<String, Value> = settings(&metadata, &registration.config)?;
    let hooks = guarded(|| plugin.hooks()).map_err(|error| refused(&name, "hooks", error))?;
    let verbs = guarded(|| plugin.verbs()).map_err(|error| refused(&name, "verbs", error))?;
    let points = guarded(|| plugin.points()).map_err(|error| refused(&name, "points", error))?;
    let transforms = guarded(|| plugin.transforms()).map_err(|error| refused(&name, "transforms", error))?;
    let checks = checks(plugin, &name, &verbs)?;
    checks.settings(&name, &settings)?;
    let made = made(plugin, &metadata, &settings)?;
    let (settings, wanted) = made.map_or((settings, false), |made| (made, true));
    checks.settings(&name, &settings)?;
    guarded(|| plugin.configure(&settings)).flatten().map_err(|error| refused(&name, "configure", error))?;
    let checks = Rc::new(checks);
    Ok(Description { metadata, hooks, verbs, points, transforms, settings, checks, wanted })
}

/// The plugin's schemas, compiled.
fn checks(plugin: &dyn Plugin, name: &str, verbs: &[Verb]) -> Result<Checks, ManagerError> {
    let schemas = guarded(|| plugin.schemas()).map_err(|error| refused(name, "schemas", error))?;
    let parameters = |verb: Verb| {
        let own = guarded(|| plugin.parameters(verb)).ok().flatten();
        own.unwrap_or_else(|| verb.parameters().map(str::to_owned).collect())
    };
    Checks::of(name, &schemas, verbs, parameters)
}

fn check_name(name: &str) -> Result<(), ManagerError> {
    let why = match name {
        "" => "it is empty",
        OWN_KEY => "checkpoints keep the manager's own counts under it",
        _ if name.trim() != name || name.chars().any(char::is_control) => {
            "it begins or ends in a space, or holds a control character"
        }
        _ => return Ok(()),
    };
    Err(ManagerError::BadName { name: name.to_owned(), why })
}

pub(crate) fn refused(plugin: &str, what: &'static str, error: PluginError) -> ManagerError {
    ManagerError::Refused { plugin: plugin.to_owned(), what, error }
}

pub(crate) fn name_taken(slot: &Slot, registration: &Registration) -> ManagerError {
    let named = |origin: &str| if origin.is_empty() { "an unnamed origin".to_owned() } else { origin.to_owned() };
    ManagerError::NameTaken {
        name: slot.name().to_owned(),
        origin: named(&registration.origin),
        holder: named(&slot.registration.origin),
    }
}
