//! What stands behind `:dep`: a crate's name with its version, features or path.
//!
//! Must not know cargo's answer. Read [`read`] first.

use std::path::{Path, PathBuf};
use toml::{Table, Value};

/// A dependency as evcxr takes it: `name = value`, paths made absolute from the notebook's directory; or why it is none.
pub(crate) fn read(text: &str, directory: &Path) -> Result<String, String> {
    if text.is_empty() {
        return Err("`:dep` needs the name of a crate".to_owned());
    }
    if text.starts_with(['.', '/', '~']) {
        let path = located(text, directory)?;
        return Ok(format!("{} = {{ path = {} }}", package_name(&path)?, quoted(&path)));
    }
    let (name, value) = match text.split_once('=') {
        Some((name, value)) => (name.trim(), value.trim().to_owned()),
        // As `cargo add` has it.
        None => match text.split_once('@') {
            Some((name, version)) => (name.trim(), Value::from(version.trim()).to_string()),
            None => (text, "\"*\"".to_owned()),
        },
    };
    if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-') {
        return Err(format!("`{name}` is no name of a crate"));
    }
    let table: Table = format!("{name} = {value}").parse().map_err(|error: toml::de::Error| {
        format!("`{name} = {value}` is not what Cargo.toml takes: {}", error.message())
    })?;
    let value = table.get(name).cloned().ok_or_else(|| format!("`{value}` is not one value"))?;
    Ok(format!("{name} = {}", checked(value, directory)?))
}

fn checked(value: Value, directory: &Path) -> Result<Value, String> {
    let Value::Table(mut table) = value else {
        return match &value {
            Value::String(_) => Ok(value),
            other => Err(format!("a version is written in quotes: `\"{other}\"`")),
        };
    };
    if let Some(Value::String(path)) = table.get("path") {
        let path = located(path, directory)?;
        package_name(&path)?;
        table.insert("path".to_owned(), Value::String(path.to_string_lossy().into_owned()));
    }
    Ok(Value::Table(table))
}

fn located(path: &str, directory: &Path) -> Result<PathBuf, String> {
    let given = directory.join(path);
    given.canonicalize().map_err(|error| format!("`{path}` ({}): {error}", given.display()))
}

fn quoted(path: &Path) -> String {
    Value::from(path.to_string_lossy().into_owned()).to_string()
}

/// The name of the package in a directory.
fn package_name(path: &Path) -> Result<String, String> {
    let manifest = path.join("Cargo.toml");
    let text = std::fs::read_to_string(&manifest).map_err(|error| format!("{}: {error}", manifest.display()))?;
    let table: Table =
        text.parse().map_err(|error: toml::de::Error| format!("{}: {}", manifest.display(), error.message()))?;
    let name = table.get("package").and_then(|package| package.get("name")).and_then(Value::as_str);
    name.map(str::to_owned).ok_or_else(|| format!("{} has no package with a name", manifest.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_written_as_cargo_takes_them() {
        let directory = tempfile::tempdir().unwrap();
        let mine = directory.path().join("my crate");
        std::fs::create_dir(&mine).unwrap();
        std::fs::write(mine.join("Cargo.toml"), "[package]\nname = \"mine\"\n").unwrap();
        let mine = mine.canonicalize().unwrap();
        let path = mine.display();
        let check = |text: &str, expect: Result<&str, &str>| match (read(text, directory.path()), expect) {
            (Ok(line), Ok(expect)) => assert_eq!(line, expect, "{text}"),
            (Err(why), Err(expect)) => assert!(why.contains(expect), "{text}: {why}"),
            (read, _) => panic!("{text}: {read:?}"),
        };
        check("regex", Ok("regex = \"*\""));
        check("regex = \"1\"", Ok("regex = \"1\""));
        check("regex=\"1\"", Ok("regex = \"1\""));
        check("regex@1.2", Ok("regex = \"1.2\""));
        check("mine = { path = \"my crate\" }", Ok(&format!("mine = {{ path = \"{path}\" }}")));
        check("./my crate", Ok(&format!("mine = {{ path = \"{path}\" }}")));
        let written = "serde = { features = [\"derive\"], version = \"1\" }";
        check("serde = { version = \"1\", features = [\"derive\"] }", Ok(written));
        check("regex = 1", Err("in quotes"));
        check("regex = \"1", Err("is not what Cargo.toml takes"));
        check("a b", Err("no name of a crate"));
        check("mine = { path = \"other\" }", Err("`other`"));
        check("./", Err("Cargo.toml"));
        check("", Err("needs the name"));
    }
}
