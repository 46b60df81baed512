//! What a script plugin may reach outside the session: what its metadata declares and its registration grants. A cell's
//! own code may reach everything, as its user may.
//!
//! Read [`Calls::may_read`] first. Every built-in function that touches a file or the environment asks here.

use crate::calls::{Calls, Terms};
use crate::problem::Fault;
use crate::surface::Answer;
use candlewick_plugin_api::Capability;
use std::path::{Path, PathBuf};

impl Calls {
    /// Whether whoever runs just now may read that file or directory.
    ///
    /// # Errors
    /// A plugin to which it is not declared or not granted: what is missing and where to write it.
    pub fn may_read(&self, path: impl AsRef<Path>) -> Answer<()> {
        let path = path.as_ref();
        self.may(path.display().to_string(), |path| Capability::Read(Some(path)), path)
    }

    /// Whether whoever runs just now may write that file or directory.
    ///
    /// # Errors
    /// As [`Calls::may_read`].
    pub fn may_write(&self, path: impl AsRef<Path>) -> Answer<()> {
        let path = path.as_ref();
        self.may(path.display().to_string(), |path| Capability::Write(Some(path)), path)
    }

    /// Whether whoever runs just now may see that environment variable.
    ///
    /// # Errors
    /// As [`Calls::may_read`].
    pub fn may_know(&self, name: &str) -> Answer<()> {
        match self.terms() {
            Some(terms) => terms.check(&Capability::Environment(Some(name.to_owned())), name),
            None => Ok(()),
        }
    }

    /// Refuses to a plugin what only a cell may do: registering plugins.
    ///
    /// # Errors
    /// While a plugin is being registered or called.
    pub fn refuse_registering(&self) -> Answer<()> {
        let Some(terms) = self.terms() else { return Ok(()) };
        let text = format!(
            "plugin {} cannot register another plugin while it is being registered or called; register it from a cell, and \
             name it in `dependencies` of the metadata when this one needs it",
            terms.plugin
        );
        Err(Fault::error("PluginError", text))
    }

    fn may(&self, shown: String, wanted: impl FnOnce(PathBuf) -> Capability, path: &Path) -> Answer<()> {
        match self.terms() {
            Some(terms) => terms.check(&wanted(resolved(path)), &shown),
            None => Ok(()),
        }
    }
}

impl Terms {
    fn check(&self, wanted: &Capability, shown: &str) -> Answer<()> {
        let is_in = |list: &[Capability]| list.iter().any(|own| absolute(own).covers(wanted));
        let (declared, granted) = (is_in(&self.declared), is_in(&self.granted));
        if declared && granted {
            return Ok(());
        }
        let kind = match wanted {
            Capability::Read(_) => "read",
            Capability::Write(_) => "write",
            Capability::Environment(_) => "env",
            Capability::Network(_) => "net",
        };
        let advice = match (declared, granted) {
            (true, _) => format!("write allow=[\"{kind}:{shown}\"] where it is registered"),
            (_, true) => format!("write capabilities: [\"{kind}:{shown}\"] into its metadata"),
            _ => format!(
                "write capabilities: [\"{kind}:{shown}\"] into its metadata and allow=[\"{kind}:{shown}\"] where it is registered"
            ),
        };
        let text = format!(
            "plugin {} may not reach {wanted}: its metadata declares {}, and granted is {}; {advice}",
            self.plugin,
            listed(&self.declared),
            listed(&self.granted)
        );
        Err(Fault::error("CapabilityError", text))
    }
}

fn listed(capabilities: &[Capability]) -> String {
    let names: Vec<String> = capabilities.iter().map(Capability::to_string).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

fn absolute(capability: &Capability) -> Capability {
    match capability {
        Capability::Read(Some(path)) => Capability::Read(Some(resolved(path))),
        Capability::Write(Some(path)) => Capability::Write(Some(resolved(path))),
        other => other.clone(),
    }
}

/// The path made absolute, links followed as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let path = std::env::current_dir().unwrap_or_default().join(path);
    let whole = path.ancestors().find_map(|start| {
        let real = start.canonicalize().ok()?;
        let rest = path.strip_prefix(start).unwrap_or(Path::new(""));
        Some(if rest.as_os_str().is_empty() { real } else { real.join(rest) })
    });
    whole.unwrap_or(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::rc::Rc;

    fn refused(declared: &[&str], granted: &[&str], path: &Path) -> Option<String> {
        let list = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect();
        let terms = Terms { plugin: "p".into(), declared: list(declared), granted: list(granted), ..Terms::default() };
        let calls = Calls::default();
        let _call = calls.enter(&Rc::new(terms));
        calls.may_read(path).err().map(|error| match *error {
            rhai::EvalAltResult::ErrorRuntime(value, _) => value.cast::<Fault>().message,
            other => other.to_string(),
        })
    }

    #[test]
    fn both_sides_must_agree_and_links_are_followed() {
        let folder = std::env::temp_dir().join(format!("candlewick-reach-{}", std::process::id()));
        let (inside, outside) = (folder.join("inside"), folder.join("outside"));
        std::fs::create_dir_all(&inside).unwrap();
        std::fs::create_dir_all(&outside).unwrap();
        let _ = std::os::unix::fs::symlink(&outside, inside.join("link"));
        let allow = format!("read:{}", inside.display());
        let all = [allow.as_str()];
        assert_eq!(refused(&all, &all, &inside.join("a.txt")), None);
        assert_eq!(refused(&["read"], &all, &inside.join("deeper/a.txt")), None);
        for path in
            [outside.join("a"), inside.join("../outside/a"), inside.join("link/a"), inside.join("no/../../outside/a")]
        {
            assert!(
                refused(&all, &["read", all[0]], &path).is_some_and(|text| text.contains("into its metadata")),
                "{path:?}"
            );
            assert!(refused(&["read"], &all, &path).is_some_and(|text| text.contains("write allow=[")), "{path:?}");
        }
        let neither = refused(&[], &[], &inside.join("a")).unwrap();
        assert!(
            neither.starts_with("plugin p may not reach read:/")
                && neither.contains("declares nothing, and granted is nothing"),
            "{neither}"
        );
        assert_eq!(Calls::default().may_read("/etc/passwd").ok(), Some(()), "a cell may");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
