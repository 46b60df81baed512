//! Whether the front end can show widgets: live panels with buttons, drawn by anywidget.
//!
//! Owns the decision. Must not know what a panel is. Read [`Widgets::can_be_shown`] first. A client that can't show a
//! widget shows nothing in its place, so both signs are wanted: a widget manager has spoken, and the server that started
//! this kernel has anywidget's extension for JupyterLab.

use crate::places::jupyter_user_directory;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// What has been seen of the clients.
#[derive(Default)]
pub struct Widgets {
    manager_seen: AtomicBool,
}

/// A process as others see it.
#[derive(Clone, Debug, Default)]
struct Process {
    arguments: Vec<OsString>,
    variables: Vec<(OsString, OsString)>,
    executable: Option<PathBuf>,
}

impl Widgets {
    /// A client has asked for widgets' comms: it has a widget manager.
    pub fn manager_spoke(&self) {
        self.manager_seen.store(true, Ordering::Relaxed);
    }

    /// What `CANDLEWICK_WIDGETS` says, `on` or `off`; else whether both signs were seen.
    pub fn can_be_shown(&self) -> bool {
        let setting = std::env::var("CANDLEWICK_WIDGETS").ok();
        is_on(setting.as_deref(), self.manager_seen.load(Ordering::Relaxed), is_installed)
    }
}

fn is_on(setting: Option<&str>, manager_seen: bool, is_installed: impl FnOnce() -> bool) -> bool {
    match setting {
        Some("on") => true,
        Some("off") => false,
        _ => manager_seen && is_installed(),
    }
}

fn is_installed() -> bool {
    let parent = std::env::var("JPY_PARENT_PID").ok().and_then(|pid| Process::read(&pid)).unwrap_or_default();
    let path = std::env::var_os("JUPYTER_PATH").unwrap_or_default();
    let mut directories: Vec<PathBuf> = std::env::split_paths(&path).collect();
    directories.extend(jupyter_user_directory());
    directories.extend(parent.prefixes().into_iter().map(|prefix| prefix.join("share/jupyter")));
    directories.extend(["/usr/local/share/jupyter", "/usr/share/jupyter"].map(PathBuf::from));
    directories.iter().any(|directory| has_extension(directory))
}

/// Whether one of Jupyter's data directories has anywidget's part for JupyterLab.
fn has_extension(directory: &Path) -> bool {
    directory.is_absolute() && directory.join("labextensions/anywidget").is_dir()
}

impl Process {
    fn read(pid: &str) -> Option<Self> {
        let directory = Path::new("/proc").join(pid.parse::<u32>().ok()?.to_string());
        let words = |file: &str| -> Vec<OsString> {
            let bytes = std::fs::read(directory.join(file)).unwrap_or_default();
            bytes.split(|byte| *byte == 0).map(|word| OsString::from_vec(word.to_vec())).collect()
        };
        let variable = |word: OsString| {
            let word = word.into_vec();
            let at = word.iter().position(|byte| *byte == b'=')?;
            Some((OsString::from_vec(word[..at].to_vec()), OsString::from_vec(word[at + 1..].to_vec())))
        };
        Some(Self {
            arguments: words("cmdline"),
            variables: words("environ").into_iter().filter_map(variable).collect(),
            executable: std::fs::read_link(directory.join("exe")).ok(),
        })
    }

    /// The prefixes that this Python may have. In a virtual environment its executable is a link to another prefix's, so
    /// how it was called counts before what it is.
    fn prefixes(&self) -> Vec<PathBuf> {
        let called = self.arguments.iter().take(2).filter_map(|word| self.located(Path::new(word)));
        let named =
            ["VIRTUAL_ENV", "CONDA_PREFIX"].into_iter().filter_map(|name| self.variable(name).map(PathBuf::from));
        let programs: Vec<PathBuf> = called.chain(self.executable.clone()).collect();
        let above = programs.iter().filter_map(|program| Some(program.parent()?.parent()?.to_owned()));
        above.chain(named).collect()
    }

    /// A program's path as the process would find it.
    fn located(&self, program: &Path) -> Option<PathBuf> {
        if program.is_absolute() {
            return Some(program.to_owned());
        }
        if program.as_os_str().is_empty() || program.components().count() > 1 || program.starts_with("-") {
            return None;
        }
        let path = self.variable("PATH")?;
        std::env::split_paths(path).map(|directory| directory.join(program)).find(|file| file.is_file())
    }

    fn variable(&self, name: &str) -> Option<&OsString> {
        self.variables.iter().find(|(own, _)| own == name).map(|(_, value)| value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_wins_and_else_both_signs_are_wanted() {
        let check = |setting, seen, installed, expect| assert_eq!(is_on(setting, seen, || installed), expect);
        check(Some("on"), false, false, true);
        check(Some("off"), true, true, false);
        check(None, true, true, true);
        check(None, false, true, false);
        check(None, true, false, false);
        check(Some("perhaps"), true, true, true);
    }

    #[test]
    fn an_extension_is_looked_for_where_it_is_installed() {
        let root = tempfile::tempdir().unwrap();
        assert!(!has_extension(root.path()));
        std::fs::create_dir_all(root.path().join("labextensions/anywidget")).unwrap();
        assert!(has_extension(root.path()));
        assert!(!has_extension(Path::new("labextensions")));
    }

    #[test]
    fn the_prefix_is_where_the_server_was_called_not_where_the_link_leads() {
        let root = tempfile::tempdir().unwrap();
        let bin = root.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::fs::write(bin.join("python"), "").unwrap();
        let path = bin.clone().into_os_string();
        let check = |arguments: &[&str], variables: &[(&str, &OsString)], expect: &[&Path]| {
            let process = Process {
                arguments: arguments.iter().map(OsString::from).collect(),
                variables: variables.iter().map(|(name, value)| (OsString::from(name), (*value).clone())).collect(),
                executable: Some("/usr/bin/python3.13".into()),
            };
            assert_eq!(process.prefixes(), expect, "{arguments:?}");
        };
        let (usr, venv) = (Path::new("/usr"), Path::new("/venv"));
        check(&["/venv/bin/python", "/venv/bin/jupyter-lab", "x"], &[], &[venv, venv, usr]);
        check(&["python", "-m", "jupyterlab"], &[("PATH", &path)], &[root.path(), usr]);
        check(&["python"], &[], &[usr]);
        check(&["bin/python"], &[("VIRTUAL_ENV", &"/venv".into())], &[usr, venv]);
        check(&[], &[("CONDA_PREFIX", &"/venv".into())], &[usr, venv]);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn this_process_can_be_read() {
        let process = Process::read(&std::process::id().to_string()).unwrap();
        assert_eq!(process.executable, std::env::current_exe().ok());
        assert_eq!(process.arguments[0], std::env::args_os().next().unwrap());
        assert!(process.variable("PATH").is_some());
        assert!(Process::read("1/../self").is_none());
    }
}
