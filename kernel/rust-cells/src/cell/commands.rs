//! The `:` commands of Rust cells: one table says what there is, drives `:help` and completion, and refuses what evcxr has
//! and a notebook does otherwise.
//!
//! As in evcxr, commands stand on lines of their own before the cell's code. Must not know evcxr's state. Read
//! [`COMMANDS`] first.

use super::Knowledge;
use super::dependency;
use super::problems::Cell;
use candlewick_link::Problem;

/// One command.
pub(crate) struct Command {
    /// Its name, with the colon.
    pub(crate) name: &'static str,
    /// What follows it.
    pub(crate) arguments: &'static str,
    /// One line of help; of a refused one, what to use.
    pub(crate) help: &'static str,
    does: Does,
}

/// What is done with a command.
#[derive(Clone, Copy, Debug)]
enum Does {
    Dependency,
    /// evcxr does it; its argument is one that the function takes.
    Pass(fn(&str) -> bool),
    Answer(Answer),
    TypeOf,
    Clear,
    Refused,
}

/// What is shown, of what is known after the cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Answer {
    /// Variables and their types.
    Variables,
    /// Names of items.
    Items,
    /// Dependencies.
    Dependencies,
    /// The commands.
    Help,
    /// What the last errors mean.
    Explain,
}

const fn row(name: &'static str, arguments: &'static str, help: &'static str, does: Does) -> Command {
    Command { name, arguments, help, does }
}

const fn refused(name: &'static str, instead: &'static str) -> Command {
    Command { name, arguments: "", help: instead, does: Does::Refused }
}

/// All commands: what works, by importance, then what evcxr has beside.
pub(crate) const COMMANDS: [Command; 33] = [
    row(
        ":dep",
        "NAME = VERSION",
        "use a crate: `:dep regex`, `:dep rand = \"0.9\"`, `:dep serde = { version = \"1\", features = [\"derive\"] }`, \
         `:dep mine = { path = \"../mine\" }` (from the notebook's directory)",
        Does::Dependency,
    ),
    row(":deps", "", "the crates that this session uses", Does::Answer(Answer::Dependencies)),
    row(":vars", "", "the variables and their types", Does::Answer(Answer::Variables)),
    row(":type", "EXPRESSION", "the type of an expression, which is not run", Does::TypeOf),
    row(":items", "", "the functions, types and other items of this session", Does::Answer(Answer::Items)),
    row(
        ":explain",
        "CODE",
        "what an error means, such as E0308; without a code, the last one",
        Does::Answer(Answer::Explain),
    ),
    row(":clear", "", "forget items, variables and dependencies", Does::Clear),
    row(
        ":opt",
        "LEVEL",
        "how much cells and dependencies are optimised: 0, 1, 2 (as at the start), 3",
        Does::Pass(is_level),
    ),
    row(":offline", "0 or 1", "whether dependencies come only from what was downloaded before", Does::Pass(is_switch)),
    row(":build_env", "NAME=VALUE", "an environment variable for the builds of dependencies", Does::Pass(is_setting)),
    row(":help", "", "this table", Does::Answer(Answer::Help)),
    row(":t", "EXPRESSION", "short for :type", Does::TypeOf),
    row(":show_deps", "", "the same as :deps", Does::Answer(Answer::Dependencies)),
    refused(":quit", "stop the kernel by JupyterLab's menu Kernel → Shut Down"),
    refused(
        ":restart",
        "`:clear` forgets what Rust cells made; the whole kernel restarts by the menu Kernel → Restart",
    ),
    refused(":fmt", "values show themselves: `println!(\"{x:?}\")` prints one in another form"),
    refused(":types", "`:type EXPRESSION` tells a type, `:vars` those of all variables"),
    refused(":efmt", "an error that `?` ends a cell with is shown by its `Debug` form; print another one by `match`"),
    refused(":doc", "press Shift-Tab on a name for its documentation"),
    refused(":env", "`unsafe { std::env::set_var(\"NAME\", \"value\") }` sets it in the process that runs the cells"),
    refused(":timing", "put `%%time` before the cell"),
    refused(":time_passes", "put `%%time` before the cell"),
    refused(":toolchain", "cells are compiled by the rustc that built Candlewick; `candlewick doctor` names it"),
    refused(":linker", "Candlewick chooses the linker; `candlewick doctor` names it"),
    refused(":codegen_backend", "cells are compiled as the library is, that they share memory with"),
    refused(":allow_static_linking", "cells are linked to the one library that they share memory with"),
    refused(":sccache", "Candlewick keeps compiled dependencies itself"),
    refused(":cache", "Candlewick keeps compiled dependencies itself"),
    refused(":clear_cache", "Candlewick keeps compiled dependencies itself"),
    refused(":preserve_vars_on_panic", "variables that a panicking cell did not use always stay"),
    refused(":version", "`candlewick doctor` tells all versions"),
    refused(":last_error_json", "`:explain` tells what the last error means"),
    refused(":load_config", "settings of Rust cells stand in `candlewick.toml`, under `[rust]`"),
];

fn is_level(text: &str) -> bool {
    matches!(text, "0" | "1" | "2" | "3")
}

fn is_switch(text: &str) -> bool {
    matches!(text, "0" | "1")
}

fn is_setting(text: &str) -> bool {
    text.split_once('=').is_some_and(|(name, _)| !name.trim().is_empty() && !name.contains(char::is_whitespace))
}

/// What the command lines of a cell ask for.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Asked {
    /// Lines for evcxr, with the cell's line that each comes from.
    pub(crate) passed: Vec<(u32, String)>,
    /// Dependencies that they add, as `:dep` takes them.
    pub(crate) dependencies: Vec<String>,
    /// Expressions whose types are asked for: line and column (both from 1) of the text.
    pub(crate) types: Vec<(u32, u32, String)>,
    /// What is to be shown, in order; of `Explain`, the code.
    pub(crate) answers: Vec<(Answer, String)>,
    /// Whether everything is forgotten first.
    pub(crate) clears: bool,
}

/// Reads the command lines at the beginning of a cell and gives the text without them, line for line.
pub(crate) fn read(cell: &Cell, knowledge: &Knowledge) -> Result<(Asked, String), Problem> {
    let mut asked = Asked::default();
    let mut code = String::with_capacity(cell.text.len());
    let mut before = true;
    for (number, line) in (1..).zip(cell.text.split_inclusive('\n')) {
        let trimmed = line.trim();
        if before && is_command(trimmed) {
            command(trimmed, number, cell, knowledge, &mut asked)?;
            code.push_str(if line.ends_with('\n') { "\n" } else { "" });
            continue;
        }
        before &= trimmed.is_empty() || trimmed.starts_with("//");
        code.push_str(line);
    }
    Ok((asked, code))
}

/// Whether a line is a command: a colon with a word behind it. `::path()` is Rust.
pub(crate) fn is_command(line: &str) -> bool {
    line.strip_prefix(':')
        .is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_alphabetic() || c == ' '))
}

/// The problem of a command below the code; none when the line is no command.
pub(crate) fn below_code(cell: &Cell, code: &str) -> Option<Problem> {
    let (number, line) = (1..).zip(code.lines()).find(|(_, line)| {
        let word = line.split_whitespace().next().unwrap_or_default();
        COMMANDS.iter().any(|command| command.name == word)
    })?;
    let message = format!("`{}` stands below code", line.trim());
    Some(cell.problem_at("CommandError", columns(line, number), &message, &["commands stand before a cell's code"]))
}

/// A line's number with the columns of its text, without the blanks around it.
pub(crate) fn columns(line: &str, number: u32) -> (u32, u32, u32) {
    let from = line.chars().take_while(|c| c.is_whitespace()).count() as u32 + 1;
    (number, from, from + line.trim().chars().count() as u32)
}

fn command(line: &str, number: u32, cell: &Cell, knowledge: &Knowledge, asked: &mut Asked) -> Result<(), Problem> {
    let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let text = cell.line(number);
    let fail = |name: &str, message: String, help: &str| {
        let helps = if help.is_empty() { Vec::new() } else { vec![help] };
        Err(cell.problem_at(name, columns(text, number), &message, &helps))
    };
    let Some(command) = COMMANDS.iter().find(|command| command.name == name) else {
        return fail("CommandError", format!("there is no command `{name}`"), &suggestion(name));
    };
    match command.does {
        Does::Refused => return fail("CommandError", format!("`{name}` is not for notebooks"), command.help),
        Does::Clear => asked.clears = true,
        Does::Answer(answer) => asked.answers.push((answer, rest.to_owned())),
        Does::Pass(takes) if takes(rest) => asked.passed.push((number, format!("{name} {rest}"))),
        Does::TypeOf if !rest.is_empty() => {
            let column = text.chars().count() - text.trim_end().chars().count();
            let column = text.chars().count() - column - rest.chars().count() + 1;
            asked.types.push((number, column as u32, rest.to_owned()));
        }
        Does::Pass(_) | Does::TypeOf => {
            return fail("CommandError", format!("`{name}` is written `{name} {}`", command.arguments), command.help);
        }
        Does::Dependency => match dependency::read(rest, &knowledge.directory) {
            Ok(line) => {
                asked.passed.push((number, format!(":dep {line}")));
                asked.dependencies.push(line);
            }
            Err(why) => return fail("DependencyError", why, command.help),
        },
    }
    Ok(())
}

fn suggestion(name: &str) -> String {
    let near = COMMANDS.iter().map(|command| (strsim::jaro_winkler(name, command.name), command.name));
    match near.filter(|(close, _)| *close > 0.8).max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((_, near)) => format!("did you mean `{near}`?"),
        None => "`:help` lists all commands".to_owned(),
    }
}

/// Names and help of the commands that work here.
pub(crate) fn offered() -> impl Iterator<Item = &'static Command> {
    COMMANDS
        .iter()
        .filter(|command| !matches!(command.does, Does::Refused) && !matches!(command.name, ":t" | ":show_deps"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(text: &str) -> Result<(Asked, String), Problem> {
        read(&Cell { source: "cell 7".into(), text: text.into() }, &Knowledge::default())
    }

    #[test]
    fn commands_are_read_and_their_lines_are_blank() {
        let check =
            |text: &str, expect: Asked, code: &str| assert_eq!(asked(text).unwrap(), (expect, code.into()), "{text}");
        let answers = vec![(Answer::Variables, String::new()), (Answer::Explain, "E0308".into())];
        check("\n :vars \n:explain E0308\nx", Asked { answers, ..Asked::default() }, "\n\n\nx");
        let types = vec![(2, 8, "a + \"ä\"".into()), (3, 4, "b".into())];
        check("\n :type a + \"ä\"  \n:t b", Asked { types, ..Asked::default() }, "\n\n");
        let passed = vec![(1, ":dep a = \"1\"".into()), (2, ":opt 0".into())];
        let dependencies = vec!["a = \"1\"".into()];
        check(":dep a = \"1\"\n:opt 0\n", Asked { passed, dependencies, ..Asked::default() }, "\n\n");
        check("// first\n:clear\n1", Asked { clears: true, ..Asked::default() }, "// first\n\n1");
        check("::std::mem::drop(1);", Asked::default(), "::std::mem::drop(1);");
        check("let x = 1;\n:vars", Asked::default(), "let x = 1;\n:vars");
    }

    #[test]
    fn what_cannot_be_done_says_what_can() {
        let check = |text: &str, expect: &str| {
            let problem = asked(text).unwrap_err();
            assert!(problem.message.contains(expect), "{text}: {}", problem.message);
            assert!(problem.message.starts_with("cell 7, line "), "{}", problem.message);
        };
        check(":vas", "there is no command `:vas`; did you mean `:vars`?");
        check(":xyzzy", "`:help` lists all commands");
        check("\n:quit", "cell 7, line 2, column 1: `:quit` is not for notebooks; stop the kernel");
        check(":type", "`:type` is written `:type EXPRESSION`");
        check(":opt fast", "`:opt LEVEL`");
        check(":offline", "`:offline 0 or 1`");
        check(":build_env x", "NAME=VALUE");
        check(":dep", ":dep regex");
        check(":dep a = 1.0.0", "a = 1.0.0");
        check(":", "there is no command `:`");
        let cell = Cell { source: "cell 7".into(), text: "1;\n:vars".into() };
        assert!(
            below_code(&cell, &cell.text).unwrap().message.contains("cell 7, line 2, column 1: `:vars` stands below")
        );
        assert_eq!(below_code(&cell, "let x\n  :i32 = 5;"), None);
    }

    #[test]
    fn names_are_unique_and_have_help() {
        for (index, command) in COMMANDS.iter().enumerate() {
            assert!(command.name.starts_with(':') && !command.help.is_empty(), "{}", command.name);
            assert!(COMMANDS[..index].iter().all(|other| other.name != command.name), "{}", command.name);
        }
    }
}
