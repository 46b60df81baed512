//! What a plugin may reach outside the session: files, environment, network. Read [`Capability`] first.
//!
//! A plugin declares what it wants in its metadata (`capabilities`), a user grants it (`allow`); what is not both declared
//! and granted is refused. Must not know who enforces it.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

/// One thing outside that a plugin may reach, written `read:data`, `write:logs`, `env:HOME`, `net:example.org`; without
/// the colon it stands for all of its kind: `net`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Capability {
    /// Reading files: below a path, or anywhere.
    Read(Option<PathBuf>),
    /// Writing files: below a path, or anywhere.
    Write(Option<PathBuf>),
    /// An environment variable, or all of them.
    Environment(Option<String>),
    /// A host, or all of them.
    Network(Option<String>),
}

impl Capability {
    /// Whether having this allows the other one too. Paths are compared as they are written, after `.` and `..` are
    /// resolved: whoever enforces it makes them absolute first, links followed.
    pub fn covers(&self, other: &Self) -> bool {
        let below = |own: &Option<PathBuf>, path: &Option<PathBuf>| match (own, path) {
            (None, _) => true,
            (Some(own), Some(path)) => plain(path).starts_with(plain(own)),
            (Some(_), None) => false,
        };
        let same = |own: &Option<String>, name: &Option<String>| own.is_none() || own == name;
        match (self, other) {
            (Self::Read(own), Self::Read(path)) | (Self::Write(own), Self::Write(path)) => below(own, path),
            (Self::Environment(own), Self::Environment(name)) | (Self::Network(own), Self::Network(name)) => {
                same(own, name)
            }
            _ => false,
        }
    }

    /// It with its path, if it has one, made absolute below a directory.
    #[must_use]
    pub fn below(self, directory: &Path) -> Self {
        match self {
            Self::Read(path) => Self::Read(path.map(|path| directory.join(path))),
            Self::Write(path) => Self::Write(path.map(|path| directory.join(path))),
            other => other,
        }
    }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, component| {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(plain.pop()),
            other => plain.push(other),
        }
        plain
    })
}

impl FromStr for Capability {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (kind, rest) = text.split_once(':').map_or((text, None), |(kind, rest)| (kind, Some(rest)));
        if rest.is_some_and(|rest| rest.trim().is_empty()) {
            return Err(format!("`{text}` names nothing after the colon; write `{kind}` for all of its kind"));
        }
        let rest = rest.map(|rest| rest.trim().to_owned());
        match kind.trim() {
            "read" => Ok(Self::Read(rest.map(PathBuf::from))),
            "write" => Ok(Self::Write(rest.map(PathBuf::from))),
            "env" => Ok(Self::Environment(rest)),
            "net" => Ok(Self::Network(rest)),
            _ => Err(format!("`{text}` is no capability; write `read:PATH`, `write:PATH`, `env:NAME` or `net:HOST`")),
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (kind, rest) = match self {
            Self::Read(path) => ("read", path.as_ref().map(|path| path.display().to_string())),
            Self::Write(path) => ("write", path.as_ref().map(|path| path.display().to_string())),
            Self::Environment(name) => ("env", name.clone()),
            Self::Network(host) => ("net", host.clone()),
        };
        match rest {
            Some(rest) => write!(f, "{kind}:{rest}"),
            None => f.write_str(kind),
        }
    }
}

impl TryFrom<String> for Capability {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Capability> for String {
    fn from(capability: Capability) -> Self {
        capability.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_capability_is_written_as_it_is_read() {
        for text in ["read", "read:data", "write:/tmp/x", "env:HOME", "net", "net:example.org"] {
            assert_eq!(text.parse::<Capability>().unwrap().to_string(), text);
        }
        for text in ["", "reed:x", "net:", "files"] {
            assert!(text.parse::<Capability>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_covers_what() {
        let check = |own: &str, other: &str, expect: bool| {
            let (own, other): (Capability, Capability) = (own.parse().unwrap(), other.parse().unwrap());
            assert_eq!(own.covers(&other), expect, "{own} {other}");
        };
        check("read", "read:/a", true);
        check("read:/a", "read:/a/b", true);
        check("read:/a", "read:/ab", false);
        check("read:/a", "read:/a/../b", false);
        check("read:/a", "read", false);
        check("read:/a", "write:/a", false);
        check("env:A", "env:A", true);
        check("env:A", "env:B", false);
        check("net", "net:x", true);
    }
}
