//! Finding who answers: the plugin that declares an entry point for a type. Read [`find`] first.

use crate::{ActionError, Host};
use candlewick_plugin_api::{Group, Verb, nearest};
use candlewick_plugin_manager::PluginManager;

pub(crate) const DATA_ACCESS: &str = "data_access";
pub(crate) const INSTANTIATE: &str = "instantiate";
pub(crate) const FIT: &str = "fit";
pub(crate) const PREDICT: &str = "predict";
pub(crate) const SERIALIZE: &str = "serialize";
pub(crate) const DESERIALIZE: &str = "deserialize";

/// The plugin that declares an entry point for a model type or a name of data.
pub(crate) fn declared(plugins: &PluginManager, verb: &str, key: &str) -> Option<String> {
    plugins.entry(Verb::from_name(verb)?, key).map(str::to_owned)
}

/// The plugin that declares an entry point for a model type.
///
/// # Errors
/// None does: what there is instead.
pub(crate) fn find(plugins: &PluginManager, verb: &'static str, key: &str) -> Result<String, ActionError> {
    declared(plugins, verb, key).ok_or_else(|| {
        let entries = plugins.entries();
        let same_type: Vec<&str> = entries
            .iter()
            .filter(|entry| entry.key == key && entry.verb.name() != DATA_ACCESS)
            .map(|e| e.verb.name())
            .collect();
        let others: Vec<&str> = entries.iter().filter(|e| e.verb.name() == verb).map(|e| e.key.as_str()).collect();
        let signature = Verb::from_name(verb).map(Verb::signature).unwrap_or_default();
        let hint = match (same_type.is_empty(), nearest(key, others.iter().copied()), others.is_empty()) {
            (false, ..) => format!("this type has {}; add `{signature}` to its plugin", same_type.join(", ")),
            (true, Some(near), _) => format!("did you mean `{near}`?"),
            (true, None, false) => format!("there are {}", others.join(", ")),
            (true, None, true) => format!("no plugin has `{signature}`"),
        };
        ActionError::NoEntry { verb, key: key.to_owned(), hint }
    })
}

/// Why there is no data of that name.
pub(crate) fn no_data(plugins: &PluginManager, host: &dyn Host, name: &str) -> ActionError {
    let entries = plugins.entries();
    let declared = entries.iter().filter(|entry| entry.verb.name() == DATA_ACCESS).map(|entry| entry.key.as_str());
    let known: Vec<&str> = declared.chain(host.sources().iter().copied()).collect();
    let hint = match nearest(name, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "no plugin has `fn data_access([…])`".to_owned(),
        None => format!("there are {}", known.join(", ")),
    };
    ActionError::NoData { name: name.to_owned(), hint }
}

/// The model types that a plugin is whole for: it has all five entry points of a model.
///
/// # Errors
/// No such plugin, or what it lacks.
pub(crate) fn model_types(plugins: &PluginManager, plugin: &str) -> Result<Vec<String>, ActionError> {
    plugins.metadata(plugin)?;
    let entries = plugins.entries();
    let own: Vec<_> = entries.iter().filter(|entry| entry.plugin == plugin).collect();
    let needed = Group::EntryPoints.verbs().filter(|verb| verb.name() != DATA_ACCESS);
    let missing: Vec<&str> =
        needed.filter(|verb| !own.iter().any(|entry| entry.verb == *verb)).map(Verb::name).collect();
    if !missing.is_empty() {
        let are = if missing.len() == 1 { "is" } else { "are" };
        let missing = format!("{} {are}", missing.join(", "));
        return Err(ActionError::NotModel { plugin: plugin.to_owned(), missing });
    }
    Ok(own.iter().filter(|entry| entry.verb.name() == INSTANTIATE).map(|entry| entry.key.clone()).collect())
}
