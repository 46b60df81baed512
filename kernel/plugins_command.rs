//! `candlewick plugins …`: plugins as packages, from the command line.
//!
//! Owns the words of the command and what is said. Packages themselves are `candlewick_packages`' business, and what a
//! plugin does is a worker's, which is asked by running one command cell. Read [`PluginsCommand`] first.

use crate::plugin_trial::{Trial, provided, tests, told};
use crate::terminal::{answer, say};
use anyhow::{Context, Result, bail};
use candlewick_packages::{
    Form, Installed, Language, MANIFEST, Origin, Package, PackageError, PackageFiles, Staged, Store, archive, checksum,
    directory_of, new, registry,
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What `candlewick plugins` can be asked for.
#[derive(Clone, Debug, Subcommand)]
pub enum PluginsCommand {
    /// List the plugins of a session that begins here, or the installed ones with their origin.
    List {
        /// Only those that `install` put into the user's data directory.
        #[arg(long)]
        installed: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make a package that passes its own tests.
    New {
        /// The plugin's name.
        name: String,
        /// Write it in Rust.
        #[arg(long)]
        rust: bool,
        /// The directory to make it in [default: the current one].
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
        /// In the place of a package of this name that is there already.
        #[arg(long)]
        replace: bool,
    },
    /// Say what a plugin has, what is half there and what is wrong with it.
    Check {
        /// A script, or the directory of a package.
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Run a plugin's cases, each file of tests/*.rhai in a worker of its own; a Rust crate is built first.
    Test {
        /// The directory of a package.
        #[arg(default_value = ".")]
        path: PathBuf,
        /// Seconds that each case may take.
        #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
        timeout: f64,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Make an archive of a package, after checking it.
    Pack {
        /// The directory of a package.
        #[arg(default_value = ".")]
        directory: PathBuf,
        /// The archive [default: NAME-VERSION.tar.gz].
        #[arg(short, long, value_name = "FILE")]
        out: Option<PathBuf>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Put a plugin into the user's data directory: an archive, a script, a directory, or NAME[@RANGE] of a registry.
    Install {
        /// What to install.
        what: String,
        /// The checksum that the file must have [default: that of FILE.sha256 beside it, if there is one].
        #[arg(long, value_name = "DIGITS")]
        sha256: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Install again from where each came from; an old version stays where that fails.
    Update {
        /// The plugin [default: all].
        name: Option<String>,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Take an installed plugin out.
    Remove {
        /// The plugin.
        name: String,
    },
}

/// Does it; true when everything that was asked for has happened.
///
/// # Errors
/// What went wrong, with what to do.
pub fn obey(command: PluginsCommand) -> Result<bool> {
    match command {
        PluginsCommand::List { installed: true, json } => list(json),
        PluginsCommand::List { json, .. } => told("%plugins list", json),
        PluginsCommand::New { name, rust, into, replace } => {
            make(&name, rust, into.as_deref().unwrap_or(Path::new(".")), replace)
        }
        PluginsCommand::Check { path, json } => told(&format!("%plugins check {}", plain(&path)?), json),
        PluginsCommand::Test { path, timeout, json } => tests(&path, timeout, json),
        PluginsCommand::Pack { directory, out, json } => pack(&directory, out, json),
        PluginsCommand::Install { what, sha256, json } => install(&what, sha256.as_deref(), json),
        PluginsCommand::Update { name, json } => update(name.as_deref(), json),
        PluginsCommand::Remove { name } => remove(&name),
    }
}

fn seconds(text: &str) -> Result<f64, String> {
    let seconds = text.parse().ok().filter(|seconds: &f64| seconds.is_finite() && *seconds > 0.0);
    seconds.ok_or_else(|| format!("`{text}` is no number of seconds above 0"))
}

fn make(name: &str, rust: bool, parent: &Path, replace: bool) -> Result<bool> {
    let language = if rust { Language::Rust } else { Language::Rhai };
    let there = directory_of(parent, name, language);
    // Whatever else has that name is somebody's, and `new` refuses it.
    if replace && Package::at(&there).is_ok_and(|package| package.name == name) {
        std::fs::remove_dir_all(&there).with_context(|| format!("can't remove {}", there.display()))?;
    }
    let directory = new(parent, name, language)?;
    answer(&format!("{}: try `candlewick plugins test {0}`", directory.display()));
    Ok(true)
}

fn pack(directory: &Path, out: Option<PathBuf>, as_json: bool) -> Result<bool> {
    let package = Package::at(directory)?;
    if package.form == Form::Script || (package.form == Form::Directory && !directory.join(MANIFEST).is_file()) {
        bail!(
            "{} has no {MANIFEST}, which a packed plugin needs: `candlewick plugins new NAME` makes one",
            directory.display()
        );
    }
    Trial::of(&package)?.check()?;
    let stem = [package.name.as_str(), &package.version_text()].join("-");
    let bytes = archive::pack(&PackageFiles::of(directory)?, stem.trim_end_matches('-'))?;
    let out = out.unwrap_or_else(|| format!("{}{}", stem.trim_end_matches('-'), archive::ARCHIVE).into());
    let sum = checksum::sha256(&bytes);
    let line = format!("{sum}  {}\n", out.file_name().unwrap_or_default().to_string_lossy());
    crate::replace::replace_file(&out, &bytes).with_context(|| format!("can't write {}", out.display()))?;
    let beside = checksum::checksum_file(&out);
    crate::replace::replace_file(&beside, line.as_bytes())
        .with_context(|| format!("can't write {}", beside.display()))?;
    match as_json {
        true => answer(&json!({"file": out, "bytes": bytes.len(), "sha256": sum, "name": package.name, "version": package.version_text()}).to_string()),
        false => answer(&format!("{}: {} bytes, sha256 {sum}", out.display(), bytes.len())),
    }
    Ok(true)
}

fn install(what: &str, sha256: Option<&str>, as_json: bool) -> Result<bool> {
    let store = Store::of_user()?;
    let path = Path::new(what);
    let staged = match (path.is_dir(), path.exists() || what.contains('/') || what.ends_with(archive::ARCHIVE)) {
        (true, _) => store.stage_directory(path, Origin::Directory(std::path::absolute(path)?))?,
        (false, true) => store.stage_file(path, checked_digits(sha256)?.as_deref())?,
        (false, false) => from_registry(&store, what)?,
    };
    if sha256.is_some() && !matches!(staged.record.origin, Origin::File(_)) {
        bail!("--sha256 is the checksum of a file; {what} is none");
    }
    let installed = put(&store, &staged)?;
    report(&installed, as_json);
    Ok(true)
}

/// A checksum is no option to be given by half.
fn checked_digits(given: Option<&str>) -> Result<Option<String>> {
    match given.map(|text| (text, checksum::digits(text))) {
        None => Ok(None),
        Some((_, Some(digits))) => Ok(Some(digits)),
        Some((text, None)) => bail!("`{text}` is no SHA-256: it has 64 hexadecimal digits"),
    }
}

fn from_registry(store: &Store, what: &str) -> Result<Staged, PackageError> {
    let (name, range) = registry::wanted(what)?;
    say(&format!("{name} {range}: asking cargo"));
    let fetched = registry::fetch(&name, &range, Path::new("."), &|| true)?;
    let mut staged = store.stage_directory(&fetched.directory, Origin::Registry { name, range })?;
    if !fetched.sha256.is_empty() {
        staged.record.sha256 = fetched.sha256;
    }
    Ok(staged)
}

/// Tries a package in a worker of its own, then puts it in its place.
fn put(store: &Store, staged: &Staged) -> Result<Installed> {
    let trial = Trial::of(&staged.package)?;
    let refused = |error: anyhow::Error| PackageError::Refused {
        name: staged.package.name.clone(),
        reason: format!("{error:#}"),
    };
    // Dependencies first: a plugin that misses one fails its check too, and less clearly.
    let provided = provided()?;
    store.check(staged, &provided)?;
    trial.check().map_err(refused)?;
    Ok(store.put(staged, &provided)?)
}

fn report(installed: &Installed, as_json: bool) {
    match as_json {
        true => answer(&as_value(installed).to_string()),
        false => answer(&format!("installed {} in {}", titled(installed), installed.path.display())),
    }
}

fn update(name: Option<&str>, as_json: bool) -> Result<bool> {
    let store = Store::of_user()?;
    let all = match name {
        Some(name) => vec![store.installed(name)?],
        None => store.list(),
    };
    let (mut good, mut rows) = (true, Vec::new());
    for old in all {
        let outcome = update_one(&store, &old);
        good &= outcome.is_ok();
        let text = match &outcome {
            Ok(Some(new)) => format!("{} → {}", titled(&old), titled(new)),
            Ok(None) => format!("{}: nothing newer", titled(&old)),
            Err(error) => format!("{} stays as it was: {error:#}", titled(&old)),
        };
        rows.push(json!({"name": old.name(), "updated": matches!(outcome, Ok(Some(_))), "text": text, "error": outcome.err().map(|error| format!("{error:#}"))}));
        if !as_json {
            answer(&text);
        }
    }
    if as_json {
        answer(&Value::from(rows).to_string());
    }
    Ok(good)
}

/// The new version; none when it is the one that is installed.
fn update_one(store: &Store, old: &Installed) -> Result<Option<Installed>> {
    let record = old.record.as_ref().context("nothing says where it came from; install it again")?;
    let staged = match &record.origin {
        Origin::File(path) => store.stage_file(path, None)?,
        Origin::Directory(path) => store.stage_directory(path, record.origin.clone())?,
        Origin::Registry { name, range } => from_registry(store, &format!("{name}@{range}"))?,
    };
    if staged.record.sha256 == record.sha256 {
        return Ok(None);
    }
    if staged.package.name != old.name() {
        bail!("what is there now is another plugin, {}", staged.package.name);
    }
    put(store, &staged).map(Some)
}

fn remove(name: &str) -> Result<bool> {
    let path = Store::of_user()?.remove(name)?;
    answer(&format!("removed {}", path.display()));
    Ok(true)
}

fn list(as_json: bool) -> Result<bool> {
    let all = Store::of_user()?.list();
    match as_json {
        true => answer(&Value::from(all.iter().map(as_value).collect::<Vec<_>>()).to_string()),
        false if all.is_empty() => answer("nothing is installed"),
        false => all.iter().for_each(|own| answer(&format!("{:32} {}", titled(own), from(own)))),
    }
    Ok(all.iter().all(|own| own.package.is_ok()))
}

fn titled(installed: &Installed) -> String {
    let version = installed.package.as_ref().map(Package::version_text).unwrap_or_default();
    format!("{} {version}", installed.name()).trim_end().to_owned()
}

fn from(installed: &Installed) -> String {
    match (&installed.package, installed.record.as_ref().map(|record| &record.origin)) {
        (Err(error), _) => format!("BROKEN: {error}"),
        (_, Some(Origin::File(path) | Origin::Directory(path))) => path.display().to_string(),
        (_, Some(Origin::Registry { name, range })) => format!("the crate {name} {range}"),
        (_, None) => "put there by hand".to_owned(),
    }
}

fn as_value(installed: &Installed) -> Value {
    let package = installed.package.as_ref();
    json!({
        "name": installed.name(),
        "version": package.map(Package::version_text).unwrap_or_default(),
        "path": installed.path,
        "origin": installed.record.as_ref().map(|record| &record.origin),
        "sha256": installed.record.as_ref().map(|record| &record.sha256),
        "error": package.err().map(ToString::to_string),
    })
}

/// A path as one word of a command cell.
fn plain(path: &Path) -> Result<String> {
    let path = std::path::absolute(path)?;
    let text = path.to_str().with_context(|| format!("{} is no text", path.display()))?;
    if text.contains('\n') {
        bail!("{text:?} is on two lines, which a command cannot be");
    }
    Ok(text.to_owned())
}
