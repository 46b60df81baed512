//! Whether a set of packages has what each of them needs, and in which order they are loaded.
//!
//! Must not know where they come from. Read [`order`] first.

use crate::{Need, PackageError};
use semver::Version;
use std::collections::{BTreeMap, BTreeSet};

/// What can meet a need: versions by name.
pub type Provided = BTreeMap<String, Option<Version>>;

/// The names in an order in which each comes after those that it needs; else alphabetical. `provided` are plugins that
/// every session begins with.
///
/// # Errors
/// A plugin that is missing, one of another version, or a cycle; all are named.
pub fn order(
    packages: &BTreeMap<String, (Option<Version>, Vec<Need>)>,
    provided: &Provided,
) -> Result<Vec<String>, PackageError> {
    for (name, (_, needs)) in packages {
        for need in needs {
            let version = packages.get(&need.name).map(|(version, _)| version).or_else(|| provided.get(&need.name));
            check(name, need, version)?;
        }
    }
    let mut walk = Walk { packages, done: BTreeSet::new(), way: Vec::new(), order: Vec::new() };
    packages.keys().try_for_each(|name| walk.visit(name))?;
    Ok(walk.order)
}

/// Which packages of a set need this one.
pub fn dependents<'a>(packages: &'a BTreeMap<String, (Option<Version>, Vec<Need>)>, name: &str) -> Vec<&'a str> {
    let needs = |needs: &[Need]| needs.iter().any(|need| need.name == name);
    packages.iter().filter(|(_, (_, own))| needs(own)).map(|(name, _)| name.as_str()).collect()
}

fn check(name: &str, need: &Need, found: Option<&Option<Version>>) -> Result<(), PackageError> {
    let found = match found {
        Some(version) if need.is_met_by(version.as_ref()) => return Ok(()),
        Some(Some(version)) => format!("{version} is there"),
        Some(None) => "the one that is there says no version".to_owned(),
        None => "it is not installed".to_owned(),
    };
    Err(PackageError::Dependencies(format!("plugin {name} needs the plugin {need}, but {found}; install it first")))
}

struct Walk<'a> {
    packages: &'a BTreeMap<String, (Option<Version>, Vec<Need>)>,
    done: BTreeSet<&'a str>,
    /// From the first plugin asked for to the present one.
    way: Vec<&'a str>,
    order: Vec<String>,
}

impl<'a> Walk<'a> {
    fn visit(&mut self, name: &'a str) -> Result<(), PackageError> {
        if self.done.contains(name) {
            return Ok(());
        }
        if let Some(at) = self.way.iter().position(|own| *own == name) {
            let cycle = self.way[at..].iter().chain(&[name]).copied().collect::<Vec<_>>().join(" → ");
            return Err(PackageError::Dependencies(format!(
                "plugins need each other in a circle: {cycle}; one of them must do without the next"
            )));
        }
        // Plugins of the session need none of these.
        let Some((_, needs)) = self.packages.get(name) else { return Ok(()) };
        self.way.push(name);
        needs.iter().try_for_each(|need| self.visit(&need.name))?;
        self.way.pop();
        self.done.insert(name);
        self.order.push(name.to_owned());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(packages: &[(&str, &str, &[&str])]) -> BTreeMap<String, (Option<Version>, Vec<Need>)> {
        let needs = |needs: &[&str]| needs.iter().map(|need| need.parse().unwrap()).collect();
        packages
            .iter()
            .map(|(name, version, own)| ((*name).into(), (Version::parse(version).ok(), needs(own))))
            .collect()
    }

    #[test]
    fn each_comes_after_what_it_needs() {
        let provided = Provided::from([("history".into(), Version::parse("0.1.0").ok())]);
        let check = |packages: &[(&str, &str, &[&str])], expect: Result<&[&str], &str>| {
            let ordered = order(&set(packages), &provided).map_err(|error| error.to_string());
            match expect {
                Ok(names) => assert_eq!(ordered.unwrap(), names),
                Err(words) => assert!(ordered.as_ref().unwrap_err().contains(words), "{ordered:?}"),
            }
        };
        check(
            &[("a", "1.0.0", &["c ^1", "history"]), ("b", "1.0.0", &[]), ("c", "1.2.0", &["b"])],
            Ok(&["b", "c", "a"]),
        );
        check(&[("a", "1.0.0", &["b"])], Err("plugin a needs the plugin b, but it is not installed"));
        check(&[("a", "1.0.0", &["b >=2"]), ("b", "1.0.0", &[])], Err("needs the plugin b >=2, but 1.0.0 is there"));
        check(&[("a", "1.0.0", &["b ^1"]), ("b", "", &[])], Err("says no version"));
        check(&[("a", "1.0.0", &["history >=1"])], Err("but 0.1.0 is there"));
        check(&[("a", "1.0.0", &["b"]), ("b", "1.0.0", &["c"]), ("c", "1.0.0", &["b"])], Err("in a circle: b → c → b"));
        check(&[("a", "1.0.0", &["a"])], Err("in a circle: a → a"));
    }

    #[test]
    fn dependents_are_named() {
        let packages = set(&[("a", "1.0.0", &["b"]), ("b", "1.0.0", &[]), ("c", "1.0.0", &["b ^1"])]);
        assert_eq!(dependents(&packages, "b"), ["a", "c"]);
        assert!(dependents(&packages, "a").is_empty());
    }
}
