//! One plugin that another one needs, with the versions that will do. Read [`Dependency`] first.

use semver::{Version, VersionReq};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A plugin's name and a range of versions, written `name` or `name >=1.2, <2` as Cargo writes ranges.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Dependency {
    /// The plugin's name.
    pub name: String,
    /// The versions that will do.
    pub versions: VersionReq,
}

impl Dependency {
    /// Whether a version will do. A plugin without one does when any version would.
    pub fn is_met_by(&self, version: &str) -> bool {
        match Version::parse(version) {
            Ok(version) => self.versions.matches(&version),
            Err(_) => self.versions == VersionReq::STAR,
        }
    }
}

impl FromStr for Dependency {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, range) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), "*"));
        let versions = VersionReq::parse(range.trim())
            .map_err(|error| format!("`{text}` is no dependency: {error}; write `name` or `name >=1.2, <2`"))?;
        if name.is_empty() {
            return Err("a dependency has a name; write `name` or `name >=1.2, <2`".to_owned());
        }
        Ok(Self { name: name.to_owned(), versions })
    }
}

impl TryFrom<String> for Dependency {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Dependency> for String {
    fn from(dependency: Dependency) -> Self {
        dependency.to_string()
    }
}

impl fmt::Display for Dependency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.versions == VersionReq::STAR {
            true => f.write_str(&self.name),
            false => write!(f, "{} {}", self.name, self.versions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_cargos() {
        let check = |text: &str, version: &str, expect| {
            assert_eq!(text.parse::<Dependency>().unwrap().is_met_by(version), expect, "{text} {version}");
        };
        check("a", "0.0.1", true);
        check("a", "", true);
        check("a >=1.2, <2", "1.9.9", true);
        check("a >=1.2, <2", "2.0.0", false);
        check("a ^1", "1.4.0", true);
        check("a ^1", "", false);
        check("a 1.2.3", "1.2.4", true);
    }

    #[test]
    fn a_dependency_is_written_as_it_is_read() {
        for text in ["a", "a >=1.2, <2", "a =1.0.0"] {
            assert_eq!(text.parse::<Dependency>().unwrap().to_string(), text);
        }
        assert!("a b".parse::<Dependency>().unwrap_err().contains("`a b` is no dependency"));
        assert!(" ".parse::<Dependency>().is_err());
    }
}
