//! `plugin.toml`: what a package says about its plugin, and which files belong to it.
//!
//! Must not know what the fields of the metadata mean: they are handed on as JSON, and the worker checks them with the same
//! code that checks a script's `const metadata`. Read [`Manifest`] first.

use crate::PackageError;
use serde_json::{Map, Value as Json};
use std::path::{Component, Path, PathBuf};
use toml::Value as Toml;

/// The name of a manifest.
pub const MANIFEST: &str = "plugin.toml";
/// The script of a package that does not name another one.
pub const SCRIPT: &str = "plugin.rhai";
/// How the names of plugin crates begin.
pub const CRATE_PREFIX: &str = "candlewick-plugin-";

/// The tables that a manifest may have.
const TABLES: [&str; 4] = ["plugin", "config", "state", "schemas"];
/// Keys of `[plugin]` that are about the package; all others are fields of the metadata.
const OWN_KEYS: [&str; 2] = ["main", "language"];

/// What a `plugin.toml` says. Nothing of it has been compared with what is there, but for the names of its files.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Manifest {
    /// The plugin's name.
    pub name: String,
    /// The fields of the plugin's metadata, `name`, `config` and `state` among them, as a script's `const metadata` would
    /// give them.
    pub metadata: Map<String, Json>,
    /// What it is written in.
    pub language: Language,
    /// The script, relative to the manifest; none for a crate.
    pub main: Option<PathBuf>,
    /// The files that hold its schemas.
    pub schemas: SchemaFiles,
}

/// What a plugin is written in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Language {
    /// A script.
    #[default]
    Rhai,
    /// A crate that is built for the library.
    Rust,
}

/// Names of files with JSON Schemas, relative to the manifest.
///
/// `config.schema.json`, `input.schema.json` and `output.schema.json` are taken when they are there and nothing else is
/// named; beside them `VERB.input.schema.json` and `VERB.output.schema.json` for verbs other than the main one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SchemaFiles {
    /// That of the settings.
    pub config: Option<PathBuf>,
    /// Those of the arguments, by verb; the empty name stands for the main verb.
    pub inputs: Vec<(String, PathBuf)>,
    /// Those of the answers, by verb; the empty name stands for the main verb.
    pub outputs: Vec<(String, PathBuf)>,
}

impl Manifest {
    /// Reads the manifest of a directory, and which of the default schema files are there.
    ///
    /// # Errors
    /// A file that cannot be read, or what [`Manifest::parse`] names.
    pub fn of(directory: &Path) -> Result<Self, PackageError> {
        let path = directory.join(MANIFEST);
        let text = std::fs::read_to_string(&path).map_err(|error| PackageError::unreadable(&path, &error))?;
        let mut manifest = Self::parse(&text, &path)?;
        manifest.schemas.add_defaults(directory);
        Ok(manifest)
    }

    /// Reads the text of a manifest; `path` names it in errors.
    ///
    /// # Errors
    /// What is not TOML, an unknown table, a plugin without a name, a value of the wrong kind, or a path that leads out of
    /// the package.
    pub fn parse(text: &str, path: &Path) -> Result<Self, PackageError> {
        let table: toml::Table = toml::from_str(text).map_err(|error| syntax(text, path, &error))?;
        Reader { text, path }.manifest(&table)
    }
}

impl SchemaFiles {
    /// Adds the files that need not be named.
    pub fn add_defaults(&mut self, directory: &Path) {
        let there = |name: &str| directory.join(name).is_file().then(|| PathBuf::from(name));
        self.config = self.config.take().or_else(|| there("config.schema.json"));
        let names = file_names(directory);
        add_verbs(&mut self.inputs, &names, "input.schema.json");
        add_verbs(&mut self.outputs, &names, "output.schema.json");
    }
}

fn file_names(directory: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    names.sort();
    names
}

/// `infer.input.schema.json` belongs to `infer`, `input.schema.json` to the main verb.
fn add_verbs(files: &mut Vec<(String, PathBuf)>, names: &[String], ending: &str) {
    for name in names {
        let Some(verb) = name.strip_suffix(ending) else { continue };
        let verb = verb.strip_suffix('.').unwrap_or(verb);
        let is_one = name == ending || name.ends_with(&format!(".{ending}"));
        if is_one && !files.iter().any(|(own, _)| own == verb) {
            files.push((verb.to_owned(), name.into()));
        }
    }
}

/// What is needed to say where in a manifest something is wrong.
struct Reader<'a> {
    text: &'a str,
    path: &'a Path,
}

impl Reader<'_> {
    fn manifest(&self, table: &toml::Table) -> Result<Manifest, PackageError> {
        if let Some(unknown) = table.keys().find(|key| !TABLES.contains(&key.as_str())) {
            let hint = near(unknown, &TABLES).map_or_else(|| format!("it takes {}", TABLES.join(", ")), did_you_mean);
            return Err(self.wrong(unknown, format!("there is no table `[{unknown}]`; {hint}")));
        }
        let plugin = self.table(table, "plugin")?.ok_or_else(|| {
            self.wrong("", "there is no table `[plugin]`; write `[plugin]` and below it `name = \"…\"`".to_owned())
        })?;
        let mut metadata: Map<String, Json> = plugin
            .iter()
            .filter(|(key, _)| !OWN_KEYS.contains(&key.as_str()))
            .map(|(key, value)| (key.clone(), json(value)))
            .collect();
        for section in ["config", "state"] {
            if let Some(own) = self.table(table, section)? {
                metadata.insert(section.to_owned(), json(&Toml::Table(own.clone())));
            }
        }
        let (language, main) = (self.language(plugin)?, self.main(plugin)?);
        let main = (language == Language::Rhai).then_some(main);
        Ok(Manifest { name: self.name(plugin)?, metadata, language, main, schemas: self.schemas(table)? })
    }

    fn name(&self, plugin: &toml::Table) -> Result<String, PackageError> {
        match plugin.get("name") {
            Some(Toml::String(name)) if !name.trim().is_empty() => Ok(name.clone()),
            Some(other) => Err(self.wrong("name", format!("`name` is the plugin's name, a text; found {other}"))),
            None => Err(self.wrong("plugin", "`[plugin]` has no `name`; write `name = \"…\"`".to_owned())),
        }
    }

    fn language(&self, plugin: &toml::Table) -> Result<Language, PackageError> {
        match plugin.get("language").map(|value| (value, value.as_str())) {
            None | Some((_, Some("rhai"))) => Ok(Language::Rhai),
            Some((_, Some("rust"))) => Ok(Language::Rust),
            Some((value, _)) => {
                Err(self.wrong("language", format!("`language` is \"rhai\" or \"rust\"; found {value}")))
            }
        }
    }

    fn main(&self, plugin: &toml::Table) -> Result<PathBuf, PackageError> {
        plugin.get("main").map_or_else(|| Ok(SCRIPT.into()), |value| self.inside("main", value))
    }

    fn schemas(&self, table: &toml::Table) -> Result<SchemaFiles, PackageError> {
        let mut files = SchemaFiles::default();
        for (key, value) in self.table(table, "schemas")?.into_iter().flatten() {
            let (verb, side) = key.rsplit_once('.').unwrap_or(("", key));
            // `[schemas.infer]` with `input = …` says the same as `"infer.input" = …`.
            match (side, value) {
                ("config", _) if verb.is_empty() => files.config = Some(self.inside(key, value)?),
                ("input", _) => files.inputs.push((verb.to_owned(), self.inside(key, value)?)),
                ("output", _) => files.outputs.push((verb.to_owned(), self.inside(key, value)?)),
                (name, Toml::Table(sides)) if verb.is_empty() => self.verb_schemas(&mut files, name, sides)?,
                _ => return Err(self.no_schema(key)),
            }
        }
        Ok(files)
    }

    fn verb_schemas(&self, files: &mut SchemaFiles, verb: &str, sides: &toml::Table) -> Result<(), PackageError> {
        for (side, value) in sides {
            let path = self.inside(side, value)?;
            match side.as_str() {
                "input" => files.inputs.push((verb.to_owned(), path)),
                "output" => files.outputs.push((verb.to_owned(), path)),
                _ => return Err(self.no_schema(side)),
            }
        }
        Ok(())
    }

    fn no_schema(&self, key: &str) -> PackageError {
        let what = "`[schemas]` takes `config`, `input` and `output`, and `[schemas.VERB]` takes `input` and `output`";
        self.wrong(key, format!("there is no schema `{key}`; {what}"))
    }

    /// A relative path that stays inside the package.
    fn inside(&self, key: &str, value: &Toml) -> Result<PathBuf, PackageError> {
        let path = value.as_str().map(PathBuf::from).filter(|path| !path.as_os_str().is_empty());
        let stays = |path: &PathBuf| {
            path.components().all(|component| matches!(component, Component::Normal(_) | Component::CurDir))
        };
        path.filter(stays).ok_or_else(|| {
            self.wrong(
                key,
                format!("`{key}` is the path of a file inside the package, such as \"{SCRIPT}\"; found {value}"),
            )
        })
    }

    fn table<'t>(&self, table: &'t toml::Table, key: &str) -> Result<Option<&'t toml::Table>, PackageError> {
        match table.get(key) {
            None => Ok(None),
            Some(Toml::Table(own)) => Ok(Some(own)),
            Some(other) => Err(self.wrong(key, format!("`{key}` is a table; write `[{key}]`; found {other}"))),
        }
    }

    /// The line is that of the first line that begins with the key: values know their place no more.
    fn wrong(&self, key: &str, message: String) -> PackageError {
        let begins = |line: &str| {
            let line = line.trim_start().trim_start_matches(['[', '"']);
            line.strip_prefix(key).is_some_and(|rest| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        let line = (!key.is_empty()).then(|| self.text.lines().position(begins)).flatten().map(|index| index + 1);
        PackageError::Manifest { path: self.path.to_owned(), line, column: None, message }
    }
}

fn syntax(text: &str, path: &Path, error: &toml::de::Error) -> PackageError {
    let before = error.span().and_then(|span| text.get(..span.start));
    let line = before.map(|before| before.matches('\n').count() + 1);
    let column = before.map(|before| before.rsplit('\n').next().unwrap_or_default().chars().count() + 1);
    let message = error.message().replace('\n', "; ");
    PackageError::Manifest { path: path.to_owned(), line, column, message }
}

/// Dates become text, as metadata has them.
fn json(value: &Toml) -> Json {
    match value {
        Toml::String(text) => Json::from(text.as_str()),
        Toml::Integer(number) => Json::from(*number),
        Toml::Float(number) => Json::from(*number),
        Toml::Boolean(flag) => Json::from(*flag),
        Toml::Datetime(date) => Json::from(date.to_string()),
        Toml::Array(items) => items.iter().map(json).collect(),
        Toml::Table(fields) => Json::Object(fields.iter().map(|(key, own)| (key.clone(), json(own))).collect()),
    }
}

fn near<'a>(name: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let (distance, best) = candidates.iter().map(|own| (strsim::osa_distance(name, own), *own)).min()?;
    (distance <= 1.max(best.len() / 3)).then_some(best)
}

fn did_you_mean(name: &str) -> String {
    format!("did you mean `[{name}]`?")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn parse(text: &str) -> Result<Manifest, String> {
        Manifest::parse(text, Path::new("plugin.toml")).map_err(|error| error.to_string())
    }

    #[test]
    fn metadata_settings_and_state_are_read() {
        let text = "[plugin]\nname = \"flat\"\nversion = \"1.2.0\"\ncreated_at = 2026-11-20\ndependencies = [\"history >=1\"]\n\
                    compatibility = { devices = [\"cpu\"] }\n[config]\npatience = 3\n[state]\nbest = 1e9\n";
        let manifest = parse(text).unwrap();
        assert_eq!((manifest.name.as_str(), manifest.language), ("flat", Language::Rhai));
        assert_eq!(manifest.main.as_deref(), Some(Path::new("plugin.rhai")));
        let expect = json!({
            "name": "flat", "version": "1.2.0", "created_at": "2026-11-20", "dependencies": ["history >=1"],
            "compatibility": { "devices": ["cpu"] }, "config": { "patience": 3 }, "state": { "best": 1e9 },
        });
        let read: std::collections::BTreeMap<_, _> = manifest.metadata.into_iter().collect();
        assert_eq!(serde_json::to_value(read).unwrap(), expect);
    }

    #[test]
    fn a_crate_has_no_script() {
        let manifest = parse("[plugin]\nname = \"fast\"\nlanguage = \"rust\"\n").unwrap();
        assert_eq!((manifest.language, manifest.main), (Language::Rust, None));
    }

    #[test]
    fn schema_files_are_named_or_found() {
        let text = "[plugin]\nname = \"p\"\n[schemas]\ninput = \"in.json\"\n[schemas.fit]\noutput = \"fit.json\"\n";
        let mut schemas = parse(text).unwrap().schemas;
        assert_eq!(schemas.inputs, [(String::new(), "in.json".into())]);
        assert_eq!(schemas.outputs, [("fit".to_owned(), "fit.json".into())]);
        let directory = tempfile::tempdir().unwrap();
        for name in ["config.schema.json", "input.schema.json", "predict.input.schema.json", "myinput.schema.json"] {
            std::fs::write(directory.path().join(name), "{}").unwrap();
        }
        schemas.add_defaults(directory.path());
        assert_eq!(schemas.config, Some("config.schema.json".into()));
        let expect = [("", "in.json"), ("predict", "predict.input.schema.json")];
        assert_eq!(schemas.inputs, expect.map(|(verb, file)| (verb.to_owned(), PathBuf::from(file))));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let check = |text: &str, expect: &str| assert_eq!(parse(text).unwrap_err(), format!("plugin.toml{expect}"));
        check("", ": there is no table `[plugin]`; write `[plugin]` and below it `name = \"…\"`");
        check("[plugin]\n", ", line 1: `[plugin]` has no `name`; write `name = \"…\"`");
        check("[plugin]\nname = 3\n", ", line 2: `name` is the plugin's name, a text; found 3");
        check("[plugin]\nname = \"p\"\n[confg]\n", ", line 3: there is no table `[confg]`; did you mean `[config]`?");
        check("config = 1\n[plugin]\nname = \"p\"\n", ", line 1: `config` is a table; write `[config]`; found 1");
        check(
            "[plugin]\nname = \"p\"\nlanguage = \"go\"\n",
            ", line 3: `language` is \"rhai\" or \"rust\"; found \"go\"",
        );
        for main in ["/etc/x.rhai", "../x.rhai", ""] {
            let error = parse(&format!("[plugin]\nname = \"p\"\nmain = \"{main}\"\n")).unwrap_err();
            assert!(
                error.starts_with("plugin.toml, line 3: `main` is the path of a file inside the package"),
                "{error}"
            );
        }
        let error = parse("[plugin]\nname = \n").unwrap_err();
        assert!(error.starts_with("plugin.toml, line 2, column 8: "), "{error}");
    }
}
