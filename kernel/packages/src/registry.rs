//! A plugin crate from a registry, resolved and fetched by cargo.
//!
//! cargo's configuration counts (other registries, replaced sources, a proxy), because cargo does all of it. Must not know
//! what is in the crate. Read [`fetch`] first.

use crate::cargo::{self, GoOn, Toolchain};
use crate::files::write;
use crate::{CRATE_PREFIX, PackageError};
use semver::VersionReq;
use serde_json::Value as Json;
use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A crate whose sources are on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// Its sources.
    pub directory: PathBuf,
    /// Its version.
    pub version: String,
    /// The registry's SHA-256 of it; empty where the source has none.
    pub sha256: String,
}

/// What `NAME` or `NAME@RANGE` asks for: the crate, and the versions as Cargo writes ranges.
///
/// # Errors
/// A range that is none.
pub fn wanted(text: &str) -> Result<(String, String), PackageError> {
    let (name, range) = text.split_once('@').unwrap_or((text, "*"));
    crate::check_name(name)?;
    if let Err(error) = VersionReq::parse(range) {
        let reason = format!("`{range}` is no range of versions ({error}); write `{name}@^1.2` or `{name}@1.2.3`");
        return Err(PackageError::Name { name: text.to_owned(), reason });
    }
    let name = if name.starts_with(CRATE_PREFIX) { name.to_owned() } else { format!("{CRATE_PREFIX}{name}") };
    Ok((name, range.to_owned()))
}

/// Has cargo choose the newest version in a range and fetch it. It is asked in `directory`, whose cargo configuration
/// counts.
///
/// # Errors
/// cargo is missing, there is no such crate or version, or the registry cannot be reached.
pub fn fetch(name: &str, range: &str, directory: &Path, go_on: GoOn) -> Result<Fetched, PackageError> {
    let failed = |reason: String| PackageError::Registry { name: name.to_owned(), reason };
    let asking = tempfile::tempdir().map_err(|error| failed(error.to_string()))?;
    let manifest = asking.path().join("Cargo.toml");
    let text = format!(
        "[package]\nname = \"asking\"\nversion = \"0.0.0\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n[workspace]\n\
         [dependencies]\n{name} = {}\n",
        Value::String(range.to_owned())
    );
    write(&manifest, text.as_bytes())?;
    write(&asking.path().join("lib.rs"), b"")?;
    let mut command = Toolchain::find()?.command();
    command.current_dir(directory).args(["metadata", "--format-version", "1", "--manifest-path"]).arg(&manifest);
    let ran = cargo::run(&mut command, go_on)?;
    if !ran.good {
        return Err(failed(ran.err.trim_end().to_owned()));
    }
    let metadata: Json = serde_json::from_str(&ran.out).map_err(|error| failed(error.to_string()))?;
    let package = metadata["packages"].as_array().into_iter().flatten().find(|package| package["name"] == name);
    let package = package.ok_or_else(|| failed("cargo resolved it to nothing".into()))?;
    let text = |key: &str| package[key].as_str().unwrap_or_default().to_owned();
    let directory = Path::new(&text("manifest_path")).parent().map(Path::to_owned).unwrap_or_default();
    let sha256 = locked(&asking.path().join("Cargo.lock"), name).unwrap_or_default();
    Ok(Fetched { directory, version: text("version"), sha256 })
}

/// The checksum that cargo noted.
fn locked(lock: &Path, name: &str) -> Option<String> {
    let table: Table = toml::from_str(&std::fs::read_to_string(lock).ok()?).ok()?;
    let packages = table.get("package")?.as_array()?;
    let package = packages.iter().find(|package| package.get("name").and_then(Value::as_str) == Some(name))?;
    Some(package.get("checksum")?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_ranges_are_read() {
        let check = |text: &str, expect: Option<(&str, &str)>| {
            let read = wanted(text).ok();
            assert_eq!(read, expect.map(|(name, range)| (name.to_owned(), range.to_owned())), "{text}");
        };
        check("calm", Some(("candlewick-plugin-calm", "*")));
        check("candlewick-plugin-calm@^1.2", Some(("candlewick-plugin-calm", "^1.2")));
        check("calm@>=1, <2", Some(("candlewick-plugin-calm", ">=1, <2")));
        check("calm@new", None);
        check("../calm", None);
    }

    #[test]
    fn a_crate_is_fetched_from_a_replaced_source() {
        let root = tempfile::tempdir().unwrap();
        let at = |path: &str| root.path().join(path);
        let configuration = "[source.crates-io]\nreplace-with = \"near\"\n[source.near]\ndirectory = \"vendor\"\n";
        write(&at(".cargo/config.toml"), configuration.as_bytes()).unwrap();
        for version in ["1.0.0", "1.3.0", "2.0.0"] {
            let own = format!("vendor/calm-{version}");
            let manifest = format!("[package]\nname = \"candlewick-plugin-calm\"\nversion = \"{version}\"\n");
            write(&at(&own).join("Cargo.toml"), manifest.as_bytes()).unwrap();
            write(&at(&own).join("src/lib.rs"), b"").unwrap();
            write(&at(&own).join(".cargo-checksum.json"), b"{\"files\":{}}").unwrap();
        }
        let check = |range: &str, expect: Option<&str>| {
            let fetched = fetch("candlewick-plugin-calm", range, root.path(), &|| true);
            match expect {
                Some(version) => {
                    let fetched = fetched.unwrap();
                    assert_eq!(fetched.version, version);
                    assert!(fetched.directory.join("src/lib.rs").is_file());
                }
                None => assert!(fetched.unwrap_err().to_string().contains("cannot be fetched"), "{range}"),
            }
        };
        check("^1", Some("1.3.0"));
        check("*", Some("2.0.0"));
        check("^3", None);
    }
}
