//! evcxr's session: what is compiled, with which items, variables and dependencies.
//!
//! Owns the evcxr context. Must not know who asks. Read [`Session`] first.

use crate::CompilerError;
use crate::cell::is_keeper;
use crate::directory::Directory;
use evcxr::{CommandContext, CompilationError, Error, EvalContext};
use serde_json::Value as Json;
use std::process::Command;

/// What every session begins with. Through the macro of the second line the worker learns the text of an error that `?`
/// hands on, which evcxr's code only prints. The third has evcxr allow `?` from the first cell on, which costs it a failed
/// build.
const PRELUDE: &str = "use candlewick::prelude::*;\nuse candlewick::cells::eprintln;\nstd::str::from_utf8(b\"\")?;\n";
/// A cell of items only would be compiled without evcxr's own code, which the next cell would then have to compile again:
/// what rustc reuses is what it compiled the last time.
const STATEMENT: &str = "\n();";
/// What cargo names when it lacks something that the network has.
const OFFLINE: &str = "--offline";

/// One Rust session.
pub(crate) struct Session {
    context: CommandContext,
    /// The user wants no network (`:offline 1`).
    offline: bool,
    directory: Directory,
}

impl Session {
    /// Starts evcxr, with a relay of this executable as the process that it thinks runs cells.
    ///
    /// # Errors
    /// evcxr's own words.
    pub fn start(directory: &Directory) -> Result<Self, CompilerError> {
        let failed = |reason: String| CompilerError::Start(reason);
        let program = std::env::current_exe().map_err(|error| failed(error.to_string()))?;
        let mut relay = Command::new(program);
        relay.arg("relay").arg(directory.relay_socket());
        let (mut context, outputs) =
            EvalContext::with_subprocess_command(relay).map_err(|error| failed(error.to_string()))?;
        // evcxr waits until what it heard has been taken.
        for lines in [outputs.stdout, outputs.stderr] {
            std::thread::spawn(move || lines.iter().for_each(drop));
        }
        let mut state = context.state();
        state.set_offline_mode(true);
        let set = state.set_error_format("{}").and_then(|()| context.eval_with_state("", state));
        set.map_err(|error| failed(error.to_string()))?;
        Ok(Self { context: CommandContext::with_eval_context(context), offline: false, directory: directory.clone() })
    }

    /// Compiles what every cell sees, and the given items and dependencies of an earlier session.
    ///
    /// # Errors
    /// They do not compile.
    pub fn begin(&mut self, dependencies: &[String], items: &str) -> Result<(), Error> {
        let dependencies: String = dependencies.iter().map(|one| format!(":dep {one}\n")).collect();
        self.context.execute(&format!("{dependencies}{items}\n{PRELUDE}")).map(drop)
    }

    /// Compiles a cell and has it run.
    ///
    /// # Errors
    /// It does not compile, or could not be run.
    pub fn execute(&mut self, text: &str, going_online: &dyn Fn()) -> Result<(), Error> {
        self.forget_diagnostics();
        let text = &format!("{text}{STATEMENT}");
        let executed = match self.context.execute(text) {
            Err(error) if self.may_go_online(text) && error.to_string().contains(OFFLINE) => {
                going_online();
                self.online(|context| context.execute(text))
            }
            other => other,
        };
        self.hear_offline(text)?;
        executed.map(drop)
    }

    /// What rustc has against a text.
    ///
    /// # Errors
    /// It could not be asked.
    pub fn check(&mut self, text: &str, going_online: &dyn Fn()) -> Result<Vec<CompilationError>, Error> {
        self.forget_diagnostics();
        let errors = self.context.check(text)?;
        if self.may_go_online(text) && errors.iter().any(|error| error.message().contains(OFFLINE)) {
            going_online();
            return self.online(|context| context.check(text));
        }
        Ok(errors)
    }

    /// What rustc said last about the cell, as it wrote it; empty when it did not come so far.
    pub fn diagnostics(&self) -> Vec<Json> {
        let text = std::fs::read_to_string(self.directory.diagnostics()).unwrap_or_default();
        let objects = text.lines().filter_map(|line| serde_json::from_str::<Json>(line).ok());
        objects.filter(|object| object.get("message").is_some_and(Json::is_string)).collect()
    }

    /// The source that was compiled last.
    pub fn source(&self) -> String {
        self.context.last_source().unwrap_or_default()
    }

    /// The variables and their types, by name.
    pub fn variables(&self) -> Vec<(String, String)> {
        let own = self.context.variables_and_types();
        let mut variables: Vec<_> = own.map(|(name, kind)| (name.to_owned(), kind.to_owned())).collect();
        variables.sort();
        variables
    }

    /// The names of items, by name.
    pub fn items(&self) -> Vec<String> {
        let own = self.context.defined_item_names().filter(|name| !is_keeper(name));
        let mut items: Vec<String> = own.map(str::to_owned).collect();
        items.sort();
        items
    }

    /// Forgets everything.
    ///
    /// # Errors
    /// evcxr cannot be begun again.
    pub fn clear(&mut self) -> Result<(), Error> {
        self.context.execute(":clear")?;
        self.begin(&[], "")
    }

    /// Forgets the variables: the relay must have been ended. evcxr does so only when it finds that the process which it
    /// thinks runs cells has ended; its `:restart` keeps them.
    ///
    /// # Errors
    /// Something else went wrong than what was meant to.
    pub fn forget_variables(&mut self) -> Result<(), Error> {
        match self.context.execute("();") {
            Err(Error::SubprocessTerminated(_)) | Ok(_) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Compiles for the first time what is compiled for the types of variables.
    pub fn warm_check(&mut self) {
        drop(self.context.check("let candlewick_warm = 1u8;"));
    }

    fn online<T>(&mut self, ask: impl FnOnce(&mut CommandContext) -> Result<T, Error>) -> Result<T, Error> {
        self.context.execute(":offline 0")?;
        // evcxr would write this only after it has asked cargo about the dependency.
        drop(std::fs::write(self.directory.join("session/.cargo/config.toml"), "[net]\noffline = false\n"));
        let answer = ask(&mut self.context);
        self.context.execute(":offline 1")?;
        answer
    }

    fn may_go_online(&self, text: &str) -> bool {
        !self.offline && text.lines().any(|line| line.trim_start().starts_with(":dep") || line.contains("extern crate"))
    }

    /// evcxr's own switch stays where it is, so that every dependency is looked for on this machine first; ours says
    /// whether the network comes next.
    fn hear_offline(&mut self, text: &str) -> Result<(), Error> {
        let said = text.lines().filter_map(|line| line.trim().strip_prefix(":offline")).next_back();
        let Some(said) = said else { return Ok(()) };
        self.offline = said.trim() == "1";
        self.context.execute(":offline 1").map(drop)
    }

    /// Those of another text must not be taken for this one's.
    fn forget_diagnostics(&self) {
        drop(std::fs::remove_file(self.directory.diagnostics()));
    }
}
