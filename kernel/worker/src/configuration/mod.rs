//! What a session is configured with: `candlewick.toml` beside the notebook, profiles, the environment, cells.
//!
//! Owns reading, checking and putting over each other; applying goes through the plugin manager. A plugin's defaults lie
//! lowest, then the file, the profile, the environment, and cells on top. Must not know how cells run. Read
//! [`Configuration`] first, then [`plan::plan`].

pub mod cells;
mod document;
mod environment;
mod extract;
mod foreign;
mod keys;
mod layer;
mod order;
mod plan;
mod rows;
pub mod rust;
mod said;
mod training;
mod tree;

pub use environment::Environment;
pub use keys::KEYS;
pub use layer::{Given, Refusal};
pub use plan::{Base, Change, Effect, Plan};
pub use rows::Row;
pub use said::Said;
pub use tree::{Place, Trouble};

use candlewick_plugin_api::Metadata;
use candlewick_plugin_manager::{ManagerError, PluginManager, Registration};
use layer::Layer;
use plan::{Bases, configured, entry_of, shown_key};
use rhai::Map;
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

/// The file that a session is configured by unless another one is named.
pub const FILE: &str = "candlewick.toml";

/// A session's configuration: what is said, what is in effect, and what waits to be applied.
#[derive(Debug)]
pub struct Configuration {
    directory: PathBuf,
    environment: Environment,
    is_read: bool,
    said: Said,
    pending: Option<Said>,
    /// What is in effect.
    layer: Layer,
    bases: Bases,
    /// How often each plugin had been registered when it was looked at last.
    generations: BTreeMap<String, u64>,
    /// Plugins that came under other limits or grants than are wanted.
    bounded: Vec<String>,
    /// Plugins registered since then with what is said of them.
    met: BTreeSet<String>,
    /// What could not be used, until a cell tells it.
    kept: Option<Refusal>,
    /// Whether the file of the beginning could not be used, so that it is not in `said`.
    has_failed: bool,
    /// Whether plugins have come back from a former process.
    has_former: bool,
}

/// What came of a change.
#[derive(Debug)]
pub struct Applied {
    /// What changed, or would.
    pub plan: Plan,
    /// Whether a live run keeps it waiting.
    pub waits: bool,
    /// Cleanups that failed.
    pub warnings: Vec<ManagerError>,
}

type Answer<T> = Result<T, Refusal>;

impl Default for Configuration {
    fn default() -> Self {
        Self::at(PathBuf::new(), Environment::of_process())
    }
}

impl Configuration {
    /// Nothing yet; it will be read in that directory and of that environment.
    pub fn at(directory: PathBuf, environment: Environment) -> Self {
        Self {
            directory,
            environment,
            is_read: false,
            said: Said::default(),
            pending: None,
            layer: Layer::default(),
            bases: Bases::new(),
            generations: BTreeMap::new(),
            bounded: Vec::new(),
            met: BTreeSet::new(),
            kept: None,
            has_failed: false,
            has_former: false,
        }
    }

    /// Reads and applies what a session begins with, once; none when that is nothing, or has been done.
    ///
    /// # Errors
    /// What cannot be used, told once: the session goes on without it.
    pub fn begin(&mut self, plugins: &mut PluginManager) -> Answer<Option<Applied>> {
        if std::mem::replace(&mut self.is_read, true) {
            return Ok(None);
        }
        let said = self.reread()?;
        if self.has_former {
            self.layer = self.planned(plugins, &said)?.layer;
            self.said = said;
            return Ok(None);
        }
        let applied = self.change(plugins, said, true)?;
        Ok((!self.layer.is_empty()).then_some(applied))
    }

    /// The plugins of a former process come back as they were: what is read then is not done to them again.
    pub fn expect_former(&mut self) {
        self.has_former = true;
    }

    /// Keeps a refusal of what the session begins with for a cell that is seen.
    pub fn keep(&mut self, refusal: Refusal) {
        (self.kept, self.has_failed) = (Some(refusal), true);
    }

    /// The refusal that was kept, once.
    pub fn take_kept(&mut self) -> Option<Refusal> {
        self.kept.take()
    }

    /// The text of a file that a refusal names.
    pub fn text_of(&self, source: &str) -> Option<String> {
        let is_file = source.ends_with(".toml") || source.ends_with(".json");
        is_file.then(|| std::fs::read_to_string(self.directory.join(source)).ok())?
    }

    /// What is said, or waits to be.
    pub fn newest(&self) -> Said {
        self.pending.as_ref().unwrap_or(&self.said).clone()
    }

    /// The same with the file read anew.
    ///
    /// # Errors
    /// A file that cannot be read, or says what cannot be used.
    pub fn reread(&self) -> Answer<Said> {
        self.newest().read(&self.directory)
    }

    /// The same with another file in the place of the one so far.
    ///
    /// # Errors
    /// Those of [`Configuration::reread`].
    pub fn with_file(&self, path: &str) -> Answer<Said> {
        self.newest().with_file(path).read(&self.directory)
    }

    /// The same under another profile; `none` for none.
    ///
    /// # Errors
    /// Those of [`Configuration::reread`], where the file could not be used so far.
    pub fn with_profile(&self, profile: &str) -> Answer<Said> {
        let said = if self.has_failed { self.reread()? } else { self.newest() };
        Ok(said.with_profile(profile))
    }

    /// Whether something waits to be applied.
    pub fn waits(&self) -> bool {
        self.pending.is_some()
    }

    /// Forgets what waits. Says whether anything did.
    pub fn discard(&mut self) -> bool {
        self.pending.take().is_some()
    }

    /// The profile that is in effect.
    pub fn profile(&self) -> Option<&str> {
        self.said.chosen(&self.environment).map(|(profile, _)| profile)
    }

    /// What it would do to say that instead.
    ///
    /// # Errors
    /// A profile that is not there, a plugin that needs what is not there.
    pub fn planned(&mut self, plugins: &PluginManager, said: &Said) -> Answer<Plan> {
        let names: Vec<String> = plugins.plugins().into_iter().map(|row| row.name).collect();
        self.bases.retain(|name, _| names.contains(name));
        for name in &names {
            if let (false, Ok(record)) = (self.bases.contains_key(name), plugins.record_of(name)) {
                let base = Base { registration: record.registration, own: BTreeSet::new() };
                self.bases.insert(name.clone(), base);
            }
        }
        let layer = said.merged(&self.environment, &names)?;
        plan::plan(plugins, &self.bases_under(said), &self.layer, layer)
    }

    /// The plugins' bases, where what a later cell says takes a key from the plugin's own cell.
    fn bases_under(&self, said: &Said) -> Bases {
        let mut bases = self.bases.clone();
        for (entry, key) in said.newly_said(&self.said) {
            let name = layer::same_plugin(entry, self.bases.keys().map(String::as_str));
            if let Some(base) = name.and_then(|name| bases.get_mut(name)) {
                base.own.remove(key);
            }
        }
        bases
    }

    /// Says that instead: applied at once, unless a run is live and it need not be at once; then it waits.
    ///
    /// # Errors
    /// What cannot be used; nothing has changed then.
    pub fn change(&mut self, plugins: &mut PluginManager, said: Said, at_once: bool) -> Answer<Applied> {
        let plan = self.planned(plugins, &said)?;
        if plugins.has_live_run() && !at_once && !plan.changes.is_empty() {
            self.pending = Some(said);
            return Ok(Applied { plan, waits: true, warnings: Vec::new() });
        }
        if let Some((change, why)) = plan.refused() {
            return Err(change.given.as_ref().map_or_else(|| Refusal::whole(why), |given| Refusal::of(given, why)));
        }
        let loaded = self.load(plugins, &said, &plan.layer)?;
        let done = self.apply(plugins, &said, &plan);
        if done.is_err() {
            // What it would have been loaded for is refused; nothing of it has been active.
            loaded.iter().for_each(|name| drop(plugins.unregister(name)));
        }
        let warnings = done?;
        (self.said, self.pending, self.has_failed) = (said, None, false);
        Ok(Applied { plan, waits: false, warnings })
    }

    /// Plans anew, because plugins may have been loaded, and does it.
    fn apply(&mut self, plugins: &mut PluginManager, said: &Said, shown: &Plan) -> Answer<Vec<ManagerError>> {
        let plan = self.planned(plugins, said)?;
        if let Some((change, why)) = plan.refused() {
            return Err(change.given.as_ref().map_or_else(|| Refusal::whole(why), |given| Refusal::of(given, why)));
        }
        let warnings = plugins.reconfigure(&plan.wanted).map_err(|error| blame(&plan, shown, &error))?;
        self.bases = self.bases_under(said);
        if rust::differs(&self.layer.rust, &plan.layer.rust) {
            rust::Settings::of(&plan.layer).take_effect();
        }
        self.layer = plan.layer;
        Ok(warnings)
    }

    /// Loads plugins that say where they are and are not registered, inactive so far; their names.
    fn load(&self, plugins: &mut PluginManager, said: &Said, layer: &Layer) -> Answer<Vec<String>> {
        let mut loaded = Vec::new();
        for entry in layer.plugins.iter().filter(|entry| !self.bases.contains_key(&entry.name)) {
            let Some(given) = entry.keys.get("path") else { continue };
            let path = said.directory(&self.directory, given).join(given.value.as_str().unwrap_or_default());
            let inactive = |metadata: &Metadata, registration: Registration| match layer::same_plugin(
                &entry.name,
                std::iter::once(metadata.name.as_str()),
            ) {
                Some(_) => Ok(Registration { enabled: false, ..registration }),
                None => Err(misnamed(&entry.name, &metadata.name)),
            };
            match plugins.load_configured(&path, inactive) {
                Ok((name, _)) => loaded.push(name),
                Err(error) => {
                    loaded.iter().for_each(|name| drop(plugins.unregister(name)));
                    return Err(Refusal::of(given, &error.to_string()));
                }
            }
        }
        Ok(loaded)
    }

    /// What a plugin that comes now is registered with: what is said of it, under the keys that its cell gives itself.
    pub fn registration(&self, name: &str, base: &Base, defaults: &serde_json::Map<String, Json>) -> Registration {
        configured(base, &self.layer, entry_of(&self.layer, name).unwrap_or(name), defaults)
    }

    /// A plugin has come with that: it takes its entry. What the configuration set, as text.
    pub fn took(&mut self, name: &str, base: Base) -> Vec<String> {
        if let Some(entry) = entry_of(&self.layer, name).map(str::to_owned) {
            self.layer.rename(&entry, name);
        }
        let said = self.settings_said(name, &base).into_iter();
        let said = said.map(|(key, given)| format!("{key} = {} ({})", given.value, given.from)).collect();
        self.bases.insert(name.to_owned(), base);
        self.meet(name);
        said
    }

    /// A plugin was registered again with what is said of it.
    pub fn meet(&mut self, name: &str) {
        self.met.insert(name.to_owned());
    }

    /// Where a plugin's setting was said that the manager refuses, when it was the configuration.
    pub fn blamed(&self, name: &str, base: &Base, error: &ManagerError) -> Option<String> {
        let said = self.settings_said(entry_of(&self.layer, name)?, base);
        let wrong = format!("{name}.{}", setting(error)?);
        let (_, given) = said.into_iter().find(|(key, _)| shown_key(name, key) == wrong)?;
        Some(given.from.to_string())
    }

    /// Applies what is said of plugins that came by other ways than a cell's. What was set, or why not, as text.
    pub fn settle(&mut self, plugins: &mut PluginManager) -> Vec<Result<String, String>> {
        let met = std::mem::take(&mut self.met);
        if self.layer.plugins.is_empty() {
            self.generations.clear();
            return Vec::new();
        }
        let rows: Vec<(String, u64)> = plugins.plugins().into_iter().map(|row| (row.name, row.generation)).collect();
        let is_new = |name: &str, generation: u64| {
            let replaced = self.generations.get(name).is_some_and(|former| *former != generation);
            !self.bases.contains_key(name) || (replaced && !met.contains(name))
        };
        let new: Vec<&str> =
            rows.iter().filter(|(name, own)| is_new(name, *own)).map(|(name, _)| name.as_str()).collect();
        let told = new.into_iter().filter_map(|name| self.settle_one(plugins, name)).collect();
        self.met.clear();
        self.generations = rows.into_iter().collect();
        told
    }

    /// Plugins that were settled under other limits or grants than they were made with: they are to be made again.
    pub fn take_bounded(&mut self) -> Vec<String> {
        std::mem::take(&mut self.bounded)
    }

    fn settle_one(&mut self, plugins: &mut PluginManager, name: &str) -> Option<Result<String, String>> {
        let base = Base { registration: plugins.record_of(name).ok()?.registration, own: BTreeSet::new() };
        let wanted = self.registration(name, &base, &plugins.metadata(name).ok()?.config);
        if wanted.limits != base.registration.limits || wanted.allow != base.registration.allow {
            self.bounded.push(name.to_owned());
        }
        let done = plugins.reconfigure(&[(name.to_owned(), wanted)]);
        let said = self.took(name, base);
        match done {
            Ok(_) if said.is_empty() => None,
            Ok(_) => Some(Ok(format!("plugin {name} configured: {}", said.join(", ")))),
            Err(error) => Some(Err(format!("plugin {name} was not configured: {error}"))),
        }
    }

    fn settings_said(&self, name: &str, base: &Base) -> Vec<(&str, &Given)> {
        let keys = self.layer.of(name).into_iter().flat_map(|entry| &entry.keys);
        let said = keys.filter(|(key, _)| !base.own.contains(*key));
        said.map(|(key, given)| (key.strip_prefix("config.").unwrap_or(key), given)).collect()
    }

    /// The options of `fit`: what a cell gives, over what is said.
    pub fn over_training(&self, given: &Map) -> Map {
        training::under(given, &self.layer.training)
    }

    /// What is in effect, one row a key.
    pub fn rows(&self, plugins: &PluginManager) -> Vec<Row> {
        rows::rows(plugins, &self.bases, &self.layer)
    }

    /// A `candlewick.toml` that gives what is in effect.
    pub fn toml(&self, plugins: &PluginManager) -> String {
        extract::toml(plugins, &self.bases, &self.layer)
    }
}

/// The setting that an error is about.
fn setting(error: &ManagerError) -> Option<&str> {
    match error {
        ManagerError::UnknownSetting { key, .. } | ManagerError::SettingType { key, .. } => Some(key),
        _ => None,
    }
}

fn misnamed(entry: &str, name: &str) -> ManagerError {
    let what = format!("its path gives a plugin of the name `{name}`; write [plugins.{name}]");
    ManagerError::Registration { plugin: entry.to_owned(), what }
}

/// An error of applying, at the first value that was to change the plugin it names.
fn blame(plan: &Plan, shown: &Plan, error: &ManagerError) -> Refusal {
    let message = error.to_string();
    let changes = || plan.changes.iter().chain(&shown.changes).filter(|change| change.given.is_some());
    let about = changes().find(|change| message.contains(&format!("`{}`", change.plugin)));
    let given = about.and_then(|change| change.given.as_ref());
    given.map_or_else(|| Refusal::whole(message.clone()), |given| Refusal::of(given, &message))
}
