//! A `candlewick.toml`, or a `%%config` cell: its keys checked, each with its place, as a layer and profiles.
//!
//! Must not know where the text comes from, nor which plugins are registered. Read [`Document::read`] first.

use super::keys::{KEYS, Key, LIMITS, RUST, find, hint};
use super::layer::{Entry, Given, Layer, Origin, entry_name};
use super::training;
use super::tree::{Field, Node, Place, Trouble, Value};
use candlewick_engine::run::Options;
use serde_json::Value as Json;

/// Keys of the whole.
const TOP: [&str; 4] = ["plugins", "training", "rust", "profiles"];

/// What a text says.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Document {
    /// What holds without a profile.
    pub base: Layer,
    /// Profiles by name, in the order of the text.
    pub profiles: Vec<(String, Layer)>,
    /// Keys that mean nothing here, each with why, of files of other systems.
    pub unused: Vec<String>,
}

/// Which source is read, so that values know where they come from.
#[derive(Clone, Debug)]
pub enum Source<'a> {
    /// A file, as users know it.
    File(&'a str),
    /// A cell.
    Cell(&'a str),
    /// An environment variable.
    Environment(&'a str),
}

/// Reads keys of one source, in or outside a profile.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    /// The source.
    pub source: Source<'a>,
    /// The profile that is being read.
    pub profile: Option<String>,
}

impl Document {
    /// Reads a tree of `candlewick.toml`.
    ///
    /// # Errors
    /// An unknown key with the nearest one, or a value of the wrong kind with what is expected, with its place.
    pub fn read(tree: &Node, source: &Source<'_>) -> Result<Self, Trouble> {
        let mut document = Self::default();
        let mut reader = Reader { source: source.clone(), profile: None };
        for field in tree.fields().unwrap_or_default() {
            match field.name.as_str() {
                "profiles" => {
                    for profile in table(&field.node, "profiles")? {
                        reader.profile = Some(profile.name.clone());
                        let layer = reader.layer(&profile.node, &format!("profiles.{}", profile.name))?;
                        document.profiles.push((profile.name.clone(), layer));
                    }
                    reader.profile = None;
                }
                _ => reader.part(field, "", &TOP, &mut document.base)?,
            }
        }
        Ok(document)
    }

    /// The profile of that name.
    pub fn profile(&self, name: &str) -> Option<&Layer> {
        self.profiles.iter().find(|(own, _)| own == name).map(|(_, layer)| layer)
    }
}

impl Reader<'_> {
    fn layer(&self, node: &Node, path: &str) -> Result<Layer, Trouble> {
        let mut layer = Layer::default();
        for field in table(node, path)? {
            self.part(field, &format!(" in [{path}]"), &TOP[..3], &mut layer)?;
        }
        Ok(layer)
    }

    fn part(&self, field: &Field, inside: &str, known: &[&'static str], layer: &mut Layer) -> Result<(), Trouble> {
        match field.name.as_str() {
            "training" => self.training(&field.node, layer),
            "plugins" => self.plugins(&field.node, layer),
            "rust" => table(&field.node, "rust")?.iter().try_for_each(|own| self.rust(own, layer)),
            name => {
                let hint = hint(name, known.iter().copied());
                Err(Trouble::at(field.at, format!("there is no key `{name}`{inside}; {hint}")))
            }
        }
    }

    fn training(&self, node: &Node, layer: &mut Layer) -> Result<(), Trouble> {
        for field in table(node, "training")? {
            self.option(field, layer)?;
        }
        Ok(())
    }

    /// One option of `fit`.
    ///
    /// # Errors
    /// An unknown option with the nearest one, or a value that it does not take.
    pub fn option(&self, field: &Field, layer: &mut Layer) -> Result<(), Trouble> {
        let Some(option) = training::option(&field.name) else {
            let hint = hint(&field.name, Options::table().iter().map(|option| option.name));
            return Err(Trouble::at(field.at, format!("fit has no option `{}`, in [training]; {hint}", field.name)));
        };
        let given = self.given(field.node.json(), field.node.at);
        training::check(option, &given)?;
        match layer.training.insert(option.name.to_owned(), given) {
            Some(former) => {
                let message = format!("`{}` is given twice: line {} says it too", option.name, former.at.line);
                Err(Trouble::at(field.at, message))
            }
            None => Ok(()),
        }
    }

    /// One key of `[rust]`.
    ///
    /// # Errors
    /// An unknown key with the nearest one, or a value that it does not take.
    pub fn rust(&self, field: &Field, layer: &mut Layer) -> Result<(), Trouble> {
        let Some(key) = find(&RUST, &field.name) else {
            let hint = hint(&field.name, RUST.iter().map(|key| key.name));
            return Err(Trouble::at(field.at, format!("there is no key `{}` in [rust]; {hint}", field.name)));
        };
        let value = field.node.json();
        let wrong =
            |expected| Trouble::at(field.node.at, format!("`rust.{}` takes {expected}; found {value}", key.name));
        key.check(&value).map_err(wrong)?;
        layer.rust.insert(key.name.to_owned(), self.given(value, field.node.at));
        Ok(())
    }

    /// A list or a table of plugins.
    ///
    /// # Errors
    /// What is wrong with an entry.
    pub fn plugins(&self, node: &Node, layer: &mut Layer) -> Result<(), Trouble> {
        match &node.value {
            Value::List(items) => items.iter().try_for_each(|item| self.item(item, layer)),
            Value::Table(fields) => fields.iter().try_for_each(|field| self.strict(field, layer)),
            Value::Plain(found) => Err(Trouble::at(
                node.at,
                format!("`plugins` takes a list of names, or tables such as [plugins.NAME]; found {found}"),
            )),
        }
    }

    /// An item of a list: a name, `{ NAME = { setting = value } }`, or a table with the key `name`.
    fn item(&self, item: &Node, layer: &mut Layer) -> Result<(), Trouble> {
        let wrong = "a list of plugins holds names, and tables such as { NAME = { setting = 1 } }";
        match &item.value {
            Value::Plain(Json::String(name)) => self.listed(name, item.at, layer).map(drop),
            Value::Table(fields) => match fields.iter().find(|field| field.name == "name") {
                Some(Field { node, .. }) if node.text().is_some() => {
                    let name = self.listed(node.text().unwrap_or_default(), node.at, layer)?;
                    let others = fields.iter().filter(|field| field.name != "name");
                    others.into_iter().try_for_each(|field| self.key(field, &name, layer))
                }
                _ => fields.iter().try_for_each(|field| self.loose(field, layer)),
            },
            _ => Err(Trouble::at(item.at, format!("{wrong}; found {}", item.json()))),
        }
    }

    /// A plugin that a list names: it is enabled unless something else says that it is not.
    fn listed(&self, given: &str, at: Place, layer: &mut Layer) -> Result<String, Trouble> {
        let name = entry_name(given);
        if layer.order.contains(&name) {
            return Err(Trouble::at(at, format!("the list names plugin `{name}` twice; keep one of them")));
        }
        layer.order.push(name.clone());
        self.enable(&name, at, layer);
        Ok(name)
    }

    /// Enables a plugin as its being named does.
    pub fn enable(&self, name: &str, at: Place, layer: &mut Layer) {
        let given = self.given(true.into(), at);
        layer.entry(name).keys.entry("enabled".to_owned()).or_insert(given);
    }

    /// `NAME = { … }` in a list: keys of the registration, every other is a setting.
    fn loose(&self, field: &Field, layer: &mut Layer) -> Result<(), Trouble> {
        let name = self.listed(&field.name, field.at, layer)?;
        match &field.node.value {
            Value::Table(fields) => fields.iter().try_for_each(|own| self.word(own, &name, layer)),
            Value::Plain(Json::Bool(_)) => self.set(&KEYS[0], &field.node, &name, layer),
            Value::Plain(Json::Null) => Ok(()),
            _ => Err(Trouble::at(
                field.node.at,
                format!("plugin `{name}` takes a table of its settings; found {}", field.node.json()),
            )),
        }
    }

    /// A key as a `%%plugin` line has it: of the registration, else a setting.
    pub fn word(&self, field: &Field, name: &str, layer: &mut Layer) -> Result<(), Trouble> {
        match find(&KEYS, &field.name) {
            Some(_) => self.key(field, name, layer),
            None => {
                self.setting(field, name, layer);
                Ok(())
            }
        }
    }

    /// `[plugins.NAME]`: only keys of the registration.
    fn strict(&self, field: &Field, layer: &mut Layer) -> Result<(), Trouble> {
        let name = entry_name(&field.name);
        layer.entry(&name);
        match &field.node.value {
            Value::Plain(Json::Bool(_)) => self.set(&KEYS[0], &field.node, &name, layer),
            _ => {
                let fields = table(&field.node, &format!("plugins.{name}"))?;
                fields.iter().try_for_each(|own| self.key(own, &name, layer))
            }
        }
    }

    fn key(&self, field: &Field, name: &str, layer: &mut Layer) -> Result<(), Trouble> {
        let Some(key) = find(&KEYS, &field.name) else {
            let hint = hint(&field.name, KEYS.iter().map(|key| key.name));
            return Err(Trouble::at(
                field.at,
                format!(
                    "there is no key `{}` in [plugins.{name}]; {hint} (a plugin's own settings stand in [plugins.{name}.config])",
                    field.name
                ),
            ));
        };
        match key.name {
            "config" => {
                let fields = table(&field.node, &format!("plugins.{name}.config"))?;
                fields.iter().for_each(|own| self.setting(own, name, layer));
                Ok(())
            }
            "limits" => {
                let fields = table(&field.node, &format!("plugins.{name}.limits"))?;
                fields.iter().try_for_each(|own| self.limit(own, name, layer))
            }
            _ => self.set(key, &field.node, name, layer),
        }
    }

    fn limit(&self, field: &Field, name: &str, layer: &mut Layer) -> Result<(), Trouble> {
        let Some(key) = find(&LIMITS, &field.name) else {
            let hint = hint(&field.name, LIMITS.iter().map(|key| key.name));
            let message = format!("there is no limit `{}`, in [plugins.{name}.limits]; {hint}", field.name);
            return Err(Trouble::at(field.at, message));
        };
        self.put(key, &format!("limits.{}", key.name), &field.node, layer.entry(name))
    }

    fn set(&self, key: &Key, node: &Node, name: &str, layer: &mut Layer) -> Result<(), Trouble> {
        self.put(key, key.name, node, layer.entry(name))
    }

    fn put(&self, key: &Key, path: &str, node: &Node, entry: &mut Entry) -> Result<(), Trouble> {
        let value = node.json();
        key.check(&value).map_err(|expected| {
            let message = format!("`{path}` of plugin `{}` takes {expected}; found {value}", entry.name);
            Trouble::at(node.at, message)
        })?;
        entry.keys.insert(path.to_owned(), self.given(value, node.at));
        Ok(())
    }

    fn setting(&self, field: &Field, name: &str, layer: &mut Layer) {
        let given = self.given(field.node.json(), field.at);
        layer.entry(name).keys.insert(format!("config.{}", field.name), given);
    }

    fn given(&self, value: Json, at: Place) -> Given {
        let (line, own) = (at.line, |name: &str| name.to_owned());
        let from = match (&self.source, &self.profile) {
            (Source::Environment(name), _) => Origin::Environment(own(name)),
            (Source::File(file) | Source::Cell(file), Some(profile)) => {
                Origin::Profile { profile: profile.clone(), file: own(file), line }
            }
            (Source::File(file), None) => Origin::File { file: own(file), line },
            (Source::Cell(cell), None) => Origin::Cell { cell: own(cell), line },
        };
        Given { value, from, at }
    }
}

/// The fields of a table.
///
/// # Errors
/// Something else stands there.
pub fn table<'n>(node: &'n Node, path: &str) -> Result<&'n [Field], Trouble> {
    let wrong = || Trouble::at(node.at, format!("`{path}` takes a table; found {}", node.json()));
    node.fields().ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::super::tree;
    use super::*;

    fn read(text: &str) -> Result<Document, Trouble> {
        Document::read(&tree::toml(text)?, &Source::File("candlewick.toml"))
    }

    /// A layer as lines: training, then each plugin's keys.
    fn lines(layer: &Layer) -> String {
        let training = layer.training.iter().map(|(key, given)| format!("{key}={}", given.value));
        let plugins = layer
            .plugins
            .iter()
            .flat_map(|entry| entry.keys.iter().map(|(key, given)| format!("{}.{key}={}", entry.name, given.value)));
        training.chain(plugins).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn lists_and_tables_of_plugins_are_read() {
        let check = |text: &str, expect: &str| assert_eq!(lines(&read(text).unwrap().base), expect, "{text}");
        check("plugins = [\"a\", \"b\"]", "a.enabled=true b.enabled=true");
        check("plugins = [{ a = { patience = 3, priority = 2 } }]", "a.config.patience=3 a.enabled=true a.priority=2");
        check("plugins = [{ a = { enabled = false } }]", "a.enabled=false");
        check("plugins = [\"plugins.stop.EarlyStopping\"]", "early-stopping.enabled=true");
        check("plugins = [{ a = false }]", "a.enabled=false");
        check("[[plugins]]\nname = \"a\"\n[plugins.config]\nx = 1", "a.config.x=1 a.enabled=true");
        check("[plugins.a]\nenabled = false\non_error = \"stop\"", "a.enabled=false a.on_error=\"stop\"");
        check("[plugins]\na = true", "a.enabled=true");
        check(
            "[plugins.a.limits]\nseconds = 2\n[plugins.a.config]\nx.y = 1",
            "a.config.x={\"y\":1} a.limits.seconds=2",
        );
        check(
            "[plugins.a]\nallow = [\"read:x\"]\nwhen = \"ctx.loss > 2\"",
            "a.allow=[\"read:x\"] a.when=\"ctx.loss > 2\"",
        );
        check("[training]\nlr = 0.1\nepochs = 3", "epochs=3 learning_rate=0.1");
        check("", "");
    }

    #[test]
    fn profiles_are_read() {
        let document =
            read("[profiles.fast.training]\nepochs = 1\n[profiles.fast.plugins.a]\nenabled = false").unwrap();
        assert_eq!(lines(document.profile("fast").unwrap()), "epochs=1 a.enabled=false");
        assert_eq!(document.profile("slow"), None);
        let from = &document.profile("fast").unwrap().training["epochs"].from;
        assert_eq!(from.to_string(), "profile fast (candlewick.toml, line 2)");
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place() {
        let check = |text: &str, line: usize, column: usize, expect: &str| {
            let trouble = read(text).unwrap_err();
            assert_eq!((trouble.message.as_str(), trouble.at), (expect, Some(Place { line, column })), "{text}");
        };
        check("\nplugin = []", 2, 1, "there is no key `plugin`; did you mean `plugins`?");
        check("hyper = 1", 1, 1, "there is no key `hyper`; there is `plugins`, `training`, `rust`, `profiles`");
        check("[training]\n epohcs = 3", 2, 2, "fit has no option `epohcs`, in [training]; did you mean `epochs`?");
        check("[training]\nepochs = 0", 2, 10, "option epochs of fit expects a whole number from 1, but was given 0");
        check("[training]\nlr = 1\nlearning_rate = 2", 3, 1, "`learning_rate` is given twice: line 2 says it too");
        check(
            "[plugins.a]\nenabld = true",
            2,
            1,
            "there is no key `enabld` in [plugins.a]; did you mean `enabled`? (a plugin's own settings stand in [plugins.a.config])",
        );
        check("[plugins.a]\nenabled = \"yes\"", 2, 11, "`enabled` of plugin `a` takes true or false; found \"yes\"");
        check(
            "[plugins.a.limits]\noperation = 1",
            2,
            1,
            "there is no limit `operation`, in [plugins.a.limits]; did you mean `operations`?",
        );
        check("plugins = 3", 1, 11, "`plugins` takes a list of names, or tables such as [plugins.NAME]; found 3");
        check("plugins = [\"a\", \"a\"]", 1, 17, "the list names plugin `a` twice; keep one of them");
        check(
            "plugins = [3]",
            1,
            12,
            "a list of plugins holds names, and tables such as { NAME = { setting = 1 } }; found 3",
        );
        check("plugins = [{ a = 3 }]", 1, 18, "plugin `a` takes a table of its settings; found 3");
        check("[rust]\nwram = true", 2, 1, "there is no key `wram` in [rust]; did you mean `warm`?");
        check("rust = { warm = 1 }", 1, 17, "`rust.warm` takes true or false; found 1");
        check("training = 3", 1, 12, "`training` takes a table; found 3");
        check(
            "[profiles.fast.profiles]",
            1,
            16,
            "there is no key `profiles` in [profiles.fast]; there is `plugins`, `training`, `rust`",
        );
    }
}
