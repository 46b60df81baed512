//! Candidates inside a string: paths, names of datasets, hooks, plugins and columns, values of options.
//!
//! Which they are follows from the parameter's name in the table, or from the option. Read [`at`] first.

use super::{Found, paths};
use crate::cursor::{Call, OptionMap, Site, What};
use crate::surface::quoted;
use candlewick_display::PlotKind;
use candlewick_engine::data::{Dataset, Frame};
use candlewick_engine::metrics::Metric;
use candlewick_engine::nn::OptimizerSpec;
use candlewick_engine::run::Options;
use candlewick_link::CompletionKind;
use candlewick_plugin_api::Hook;

/// Parameters and options that take a path.
const PATHS: [&str; 8] = ["path", "directory", "folder", "file", "log_folder", "checkpoints", "checkpoint", "resume"];

/// What a string can hold.
enum Expected {
    Values(Vec<String>),
    /// A path; of files only those with that extension, which is then left out.
    Path(Option<&'static str>),
}

/// The candidates at the end of a text that ends inside a string, whose own text begins at `start`.
pub fn at(site: &Site, before: &[char], start: usize, quote: char) -> Found {
    let mut found = Found::new(before, start);
    match expected(site) {
        Some(Expected::Values(values)) => {
            let values = values.iter().map(|value| escaped(value, quote));
            values.for_each(|value| found.add(&value, CompletionKind::Value, ""));
        }
        Some(Expected::Path(extension)) => {
            let typed = plain(&found.prefix, quote);
            let (folder, _) = paths::split(&typed);
            found.start = before.len() - escaped(&typed[folder.len()..], quote).chars().count();
            found.prefix = String::new();
            let end = |name: String| match extension {
                Some(extension) => {
                    name.strip_suffix(extension).map(str::to_owned).or_else(|| name.ends_with('/').then_some(name))
                }
                None => Some(name),
            };
            let names = paths::below(&typed).into_iter().filter_map(end);
            names.for_each(|name| found.add(&escaped(&name, quote), CompletionKind::Path, ""));
        }
        None => {}
    }
    found
}

fn expected(site: &Site) -> Option<Expected> {
    if site.tokens.all.len().checked_sub(1).is_some_and(|last| site.tokens.is_word(last, "import")) {
        return Some(Expected::Path(Some(".rhai")));
    }
    if let Some(map) = site.option_map() {
        return option(site, &map);
    }
    if let Some(keys) = index(site) {
        return Some(Expected::Values(keys));
    }
    parameter(site, &site.direct_call()?)
}

/// The value of an option.
fn option(site: &Site, map: &OptionMap) -> Option<Expected> {
    let key = map.key.as_deref()?;
    let values: Vec<String> = match (map.call.name.as_str(), key) {
        (_, key) if PATHS.contains(&key) => return Some(Expected::Path(None)),
        (_, "metrics") => Metric::names().map(str::to_owned).collect(),
        (_, "optimizer") => OptimizerSpec::names().map(str::to_owned).collect(),
        ("plot", "kind") => PlotKind::ALL.map(|kind| kind.name().to_owned()).into(),
        ("plot", "x" | "y" | "labels") => columns(site, &map.call)?,
        ("dataset", "label" | "features") => columns(site, &map.call)?,
        _ => {
            let option = Options::table().iter().find(|option| option.name == key || option.aliases.contains(&key))?;
            quoted(option.doc).into_iter().map(str::to_owned).collect()
        }
    };
    Some(Expected::Values(values))
}

/// The parameter of a call, by its name in the call's signature.
fn parameter(site: &Site, call: &Call) -> Option<Expected> {
    let builtin = site.builtin(call)?;
    let forms = builtin.forms();
    let parameters = forms.iter().filter_map(|form| form.parameters.get(call.argument).copied());
    let known = |name: &str| match name {
        name if PATHS.contains(&name) => Some(Expected::Path(None)),
        "hook" => Some(Expected::Values(Hook::all().map(|hook| hook.name().to_owned()).collect())),
        "name" | "names" | "plugin" => named(site, call).map(Expected::Values),
        name => Some(quoted(name))
            .filter(|values| !values.is_empty())
            .map(|values| Expected::Values(values.into_iter().map(str::to_owned).collect())),
    };
    parameters.into_iter().find_map(known)
}

/// The names that a call's parameter `name` takes.
fn named(site: &Site, call: &Call) -> Option<Vec<String>> {
    let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    match call.name.as_str() {
        "dataset" => Some(texts(Dataset::names())),
        "to_dtype" => Some(texts(&["u8", "u32", "i64", "bf16", "f16", "f32", "f64"])),
        "column" | "select" => columns(site, call),
        "plugin" | "activate" | "deactivate" | "execute" | "unregister" | "disable" => Some(plugins(site)),
        _ => None,
    }
}

fn plugins(site: &Site) -> Vec<String> {
    let plugins = site.host.session().plugins.try_borrow();
    plugins.map_or_else(|_| Vec::new(), |plugins| plugins.plugins().into_iter().map(|row| row.name).collect())
}

/// The columns of the frame that a call is made on, or that is its first argument.
fn columns(site: &Site, call: &Call) -> Option<Vec<String>> {
    let known = match &call.receiver {
        Some(known) => known.clone()?,
        None => site.argument(call.open, 0)?,
    };
    site.live(&known, |value| value.read_lock::<Frame>().map(|frame| names(&frame)))?
}

fn names(frame: &Frame) -> Vec<String> {
    frame.columns().into_iter().map(|column| column.name).collect()
}

/// The keys of a map, or the columns of a frame, that is being indexed.
fn index(site: &Site) -> Option<Vec<String>> {
    let open = *site.tokens.open.last()?;
    if site.tokens.what(open)? != What::Open('[') || !site.follows_value(open) {
        return None;
    }
    let known = site.known(open.checked_sub(1)?)?;
    let columns = site.live(&known, |value| value.read_lock::<Frame>().map(|frame| names(&frame))).flatten();
    columns.or_else(|| Some(site.fields(&known)).filter(|fields| !fields.is_empty()))
}

/// A text as it is written between quotes of that kind.
fn escaped(text: &str, quote: char) -> String {
    match quote {
        '"' => text.replace('\\', "\\\\").replace('"', "\\\""),
        '`' => text.replace('`', "``"),
        _ => text.to_owned(),
    }
}

/// The text that is written like this between quotes of that kind.
fn plain(text: &str, quote: char) -> String {
    match quote {
        '"' => text.replace("\\\"", "\"").replace("\\\\", "\\"),
        '`' => text.replace("``", "`"),
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_is_offered_that_the_table_names() {
        let doc = crate::surface::all().find(|entry| entry.name == "to_dtype").map_or("", |entry| entry.doc);
        for name in ["u8", "u32", "i64", "bf16", "f16", "f32", "f64"] {
            assert!(doc.contains(name), "{name}");
        }
    }

    #[test]
    fn texts_are_written_between_their_quotes() {
        for quote in ['"', '`', '#'] {
            for text in ["plain", "a \"b\" \\ `c`"] {
                assert_eq!(plain(&escaped(text, quote), quote), text);
            }
        }
    }
}
