//! What files and cells say, each as a document, and how they lie over each other.
//!
//! Must not know the plugin manager. Read [`Said`] first.

use super::document::{Document, Reader, Source};
use super::environment::{self, Environment};
use super::layer::{Given, Layer, Origin, Refusal};
use super::tree::{Field, Node, Place, Trouble, Value};
use super::{FILE, foreign, tree};
use candlewick_plugin_api::nearest;
use std::io;
use std::path::{Path, PathBuf};

/// A configuration is written by hand; what is larger is something else.
const LARGEST: u64 = 4 << 20;

/// What files and cells say.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// The file that stands in for `candlewick.toml`.
    path: Option<PathBuf>,
    file: Document,
    /// The file's text as it was read.
    pub text: String,
    cell: Document,
    /// The profile that a cell asks for.
    profile: Option<String>,
}

type Answer<T> = Result<T, Refusal>;

impl Said {
    /// The file, as users know it.
    pub fn file(&self) -> String {
        self.path.as_ref().map_or_else(|| FILE.to_owned(), |path| path.display().to_string())
    }

    /// The directory that a path is below: that of the file which gives it, else the session's.
    pub fn directory(&self, session: &Path, given: &Given) -> PathBuf {
        let beside = match &given.from {
            Origin::File { file, .. } | Origin::Profile { file, .. } if *file == self.file() => {
                Path::new(file).parent()
            }
            _ => None,
        };
        beside.map_or_else(|| session.to_owned(), |beside| session.join(beside))
    }

    /// Keys of the file that mean nothing here, each with why.
    pub fn unused(&self) -> &[String] {
        &self.file.unused
    }

    /// With another file in the place of the one so far.
    #[must_use]
    pub fn with_file(self, path: &str) -> Self {
        Self { path: Some(PathBuf::from(path)), ..self }
    }

    /// Under another profile; `none`, unless there is one of that name, for none.
    #[must_use]
    pub fn with_profile(self, profile: &str) -> Self {
        Self { profile: Some(profile.to_owned()), ..self }
    }

    /// Without all that cells have said.
    #[must_use]
    pub fn without_cells(self) -> Self {
        Self { cell: Document::default(), profile: None, ..self }
    }

    /// With the file read anew. Without a `candlewick.toml` it says nothing; a file that was named must be there.
    ///
    /// # Errors
    /// A file that cannot be read, or says what cannot be used.
    pub fn read(self, directory: &Path) -> Answer<Self> {
        let name = self.file();
        let text = match text(&directory.join(&name)) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound && self.path.is_none() => String::new(),
            Err(error) => return Err(Refusal::whole(format!("{name} cannot be read: {error}"))),
        };
        match document(&name, &text) {
            Ok(file) => Ok(Self { file, text, ..self }),
            Err(trouble) => Err(Refusal { source: Some(name), trouble }),
        }
    }

    /// With the text of a `%%config` cell over what cells have said.
    ///
    /// # Errors
    /// What cannot be used, with its place.
    pub fn with_cell(mut self, cell: &str, text: &str) -> Answer<Self> {
        let refuse = |trouble| Refusal { source: Some(cell.to_owned()), trouble };
        let tree = tree::toml(text).map_err(refuse)?;
        let document = Document::read(&tree, &Source::Cell(cell)).map_err(refuse)?;
        self.cell.base = document.base.over(&self.cell.base, &[]);
        for (name, layer) in document.profiles {
            match self.cell.profiles.iter_mut().find(|(own, _)| *own == name) {
                Some((_, own)) => *own = layer.over(own, &[]),
                None => self.cell.profiles.push((name, layer)),
            }
        }
        Ok(self)
    }

    /// With one key set: `NAME.key`, `NAME.config.key`, `training.option`.
    ///
    /// # Errors
    /// An unknown key with the nearest one, or a value that it does not take.
    pub fn with_key(mut self, cell: &str, line: usize, key: &str, value: &str) -> Answer<Self> {
        let at = Place { line, column: 1 };
        let node = Node { at, ..environment::value(value) };
        let layer = one_key(cell, key, node).map_err(|trouble| {
            let trouble = Trouble { at: Some(at), ..trouble };
            Refusal { source: Some(cell.to_owned()), trouble }
        })?;
        self.cell.base = layer.over(&self.cell.base, &[]);
        Ok(self)
    }

    /// Keys of plugins that cells say here and did not say before, or said otherwise.
    pub fn newly_said<'a>(&'a self, before: &'a Self) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.cell.base.plugins.iter().flat_map(move |entry| {
            let old = before.cell.base.of(&entry.name);
            let new =
                entry.keys.iter().filter(move |(key, given)| old.and_then(|old| old.keys.get(*key)) != Some(given));
            new.map(|(key, _)| (entry.name.as_str(), key.as_str()))
        })
    }

    /// All that is said, the lowest first: the file, its profile, the environment, cells. Names in other spellings mean
    /// the plugins of `known`.
    ///
    /// # Errors
    /// A profile that is not there, or a variable that cannot be used.
    pub fn merged(&self, environment: &Environment, known: &[String]) -> Answer<Layer> {
        let variables = environment.layer().map_err(|trouble| Refusal { source: None, trouble })?;
        let profiles = match self.chosen(environment) {
            Some((profile, asked)) => self.profile(profile).ok_or_else(|| self.no_profile(profile, asked))?,
            None => Vec::new(),
        };
        let layers = std::iter::once(&self.file.base).chain(profiles).chain([&variables, &self.cell.base]);
        Ok(layers.fold(Layer::default(), |below, layer| layer.over(&below, known)))
    }

    /// The profile that is asked for, and by whom.
    pub fn chosen<'a>(&'a self, environment: &'a Environment) -> Option<(&'a str, &'static str)> {
        let none = |profile: &str| profile.is_empty() || (profile == "none" && self.profile("none").is_none());
        match &self.profile {
            Some(profile) => Some((profile.as_str(), "%config --profile")),
            None => environment.profile().map(|profile| (profile, "CANDLEWICK_PROFILE")),
        }
        .filter(|(profile, _)| !none(profile))
    }

    fn profile(&self, name: &str) -> Option<Vec<&Layer>> {
        let layers: Vec<&Layer> = self.file.profile(name).into_iter().chain(self.cell.profile(name)).collect();
        (!layers.is_empty()).then_some(layers)
    }

    fn no_profile(&self, name: &str, asked: &str) -> Refusal {
        let known = || self.file.profiles.iter().chain(&self.cell.profiles).map(|(name, _)| name.as_str());
        let hint = match (nearest(name, known()), known().collect::<Vec<_>>().join(", ")) {
            (Some(near), _) => format!("did you mean `{near}`?"),
            (None, all) if all.is_empty() => format!("{} has no [profiles.NAME]", self.file()),
            (None, all) => format!("there is {all}"),
        };
        Refusal::whole(format!("there is no profile `{name}`, which {asked} asks for; {hint}"))
    }
}

/// A regular file's text: a pipe would be waited for.
fn text(path: &Path) -> io::Result<String> {
    let data = std::fs::metadata(path)?;
    if !data.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    if data.len() > LARGEST {
        return Err(io::Error::other("it is larger than 4 MB, too large for a configuration"));
    }
    std::fs::read_to_string(path)
}

/// A file's name says what it is written in: guessing would read one language as another.
fn document(name: &str, text: &str) -> Result<Document, Trouble> {
    let extension = Path::new(name).extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    match extension {
        "toml" => Document::read(&tree::toml(text)?, &Source::File(name)),
        "json" => foreign::read(&tree::json(text)?, name),
        _ => Err(Trouble::whole(format!(
            "{name} is neither TOML nor JSON by its name: write `.toml` or `.json`; YAML is not read"
        ))),
    }
}

fn one_key(cell: &str, key: &str, node: Node) -> Result<Layer, Trouble> {
    let field = |name: &str, node: Node| Field { name: name.to_owned(), at: node.at, node };
    let reader = Reader { source: Source::Cell(cell), profile: None };
    let mut layer = Layer::default();
    let path = key.strip_prefix("plugins.").unwrap_or(key);
    match path.split('.').collect::<Vec<_>>()[..] {
        ["training", option] if !option.is_empty() => reader.option(&field(option, node), &mut layer)?,
        ["rust", key] if !key.is_empty() => reader.rust(&field(key, node), &mut layer)?,
        [plugin, key] if !plugin.is_empty() && !key.is_empty() => reader.word(&field(key, node), plugin, &mut layer)?,
        [plugin, table @ ("config" | "limits"), key] if !plugin.is_empty() && !key.is_empty() => {
            let inner = Node { at: node.at, value: Value::Table(vec![field(key, node)]) };
            reader.word(&field(table, inner), plugin, &mut layer)?;
        }
        _ => {
            let written =
                "write NAME.key=value, such as `%config early-stopping.patience=5` or `%config training.epochs=3`";
            return Err(Trouble::whole(format!("`{key}` is no key; {written}")));
        }
    }
    Ok(layer)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(pairs: &[(&str, &str)]) -> Environment {
        Environment::of(pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    #[test]
    fn each_layer_goes_over_those_below() {
        let text = "[training]\nepochs = 1\nseed = 1\nbatch_size = 1\naccumulate = 1\n[profiles.fast.training]\nepochs = 2\nseed = 2\nbatch_size = 2";
        let file = document(FILE, text).unwrap();
        let said = Said { file, ..Said::default() };
        let variables = environment(&[
            ("CANDLEWICK_PROFILE", "fast"),
            ("CANDLEWICK_TRAINING__EPOCHS", "3"),
            ("CANDLEWICK_TRAINING__SEED", "3"),
        ]);
        let said = said.with_key("cell 1", 1, "training.epochs", "4").unwrap();
        let layer = said.merged(&variables, &[]).unwrap();
        let from = |name: &str| format!("{} {}", layer.training[name].value, layer.training[name].from);
        assert_eq!(from("accumulate"), "1 candlewick.toml, line 5");
        assert_eq!(from("batch_size"), "2 profile fast (candlewick.toml, line 9)");
        assert_eq!(from("seed"), "3 environment, CANDLEWICK_TRAINING__SEED");
        assert_eq!(from("epochs"), "4 cell 1, line 1");
        let none = said.clone().with_profile("none").merged(&variables, &[]).unwrap();
        assert_eq!(none.training["batch_size"].value, 1);
        let other = said.with_profile("fats").merged(&variables, &[]).unwrap_err();
        let expect = "there is no profile `fats`, which %config --profile asks for; did you mean `fast`?";
        assert_eq!(other.trouble.message, expect);
    }

    #[test]
    fn keys_are_set_by_their_path() {
        let check = |key: &str, value: &str, expect: &str| {
            let said = Said::default().with_key("cell 2", 3, key, value);
            let shown = said.map_err(|refusal| refusal.trouble.message).map(|said| {
                let base = &said.cell.base;
                let training = base.training.iter().map(|(key, given)| format!("{key}={}", given.value));
                let entries = base.plugins.iter().flat_map(|entry| {
                    entry.keys.iter().map(|(key, given)| format!("{}.{key}={}", entry.name, given.value))
                });
                training.chain(entries).collect::<Vec<_>>().join(" ")
            });
            assert_eq!(shown.unwrap_or_else(|message| message), expect, "{key}");
        };
        check("training.epochs", "3", "epochs=3");
        check("a.patience", "3", "a.config.patience=3");
        check("plugins.a.priority", "3", "a.priority=3");
        check("a.config.priority", "3", "a.config.priority=3");
        check("a.limits.seconds", "0.5", "a.limits.seconds=0.5");
        check("a.note", "some words", "a.config.note=\"some words\"");
        check("training.epochs", "0", "option epochs of fit expects a whole number from 1, but was given 0");
        check("a.enabled", "yes", "`enabled` of plugin `a` takes true or false; found \"yes\"");
        let written =
            "write NAME.key=value, such as `%config early-stopping.patience=5` or `%config training.epochs=3`";
        check("epochs", "3", &format!("`epochs` is no key; {written}"));
        check("a.", "3", &format!("`a.` is no key; {written}"));
    }

    #[test]
    fn a_name_says_what_a_file_is_written_in() {
        let trouble = document("bz_config.yaml", "{}").unwrap_err();
        let expect = "bz_config.yaml is neither TOML nor JSON by its name: write `.toml` or `.json`; YAML is not read";
        assert_eq!(trouble.message, expect);
        assert!(document("train.json", "[training]").unwrap_err().message.starts_with("this is no JSON"));
        assert!(document("x.toml", "{\"epochs\": 1}").unwrap_err().message.starts_with("this is no TOML"));
    }
}
