//! Completion and hover on the lines of `:` commands, from their one table.
//!
//! Read [`candidates`] first.

use crate::cell::commands;
use candlewick_link::{Bundle, Completion, CompletionKind, Completions, Inspection};

/// The commands that begin with what stands before a cursor on their line; nothing behind the command's name.
pub fn candidates(before: &str, cursor: usize) -> Completions {
    let matches = commands().filter(|(name, _)| name.starts_with(before)).map(|(name, help)| Completion {
        text: name.to_owned(),
        kind: CompletionKind::Magic,
        signature: help.to_owned(),
    });
    let start = cursor.saturating_sub(before.chars().count());
    let matches: Vec<_> = matches.collect();
    Completions { start: if matches.is_empty() { cursor } else { start }, end: cursor, matches }
}

/// What the command does whose line begins so, up to the cursor.
pub fn help(before: &str) -> Option<Inspection> {
    let word = before.split_whitespace().next()?;
    let (name, help) = commands().find(|(name, _)| *name == word).or_else(|| {
        let mut begun = commands().filter(|(name, _)| name.starts_with(word));
        begun.next().filter(|_| begun.next().is_none())
    })?;
    Some(Inspection {
        bundle: Bundle::text(format!("{name}: {help}")).with("text/markdown", format!("`{name}`: {help}")),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_offered_by_their_beginning() {
        let found = candidates(":va", 10);
        assert_eq!((found.start, found.end), (7, 10));
        assert_eq!(found.matches.iter().map(|one| one.text.as_str()).collect::<Vec<_>>(), [":vars"]);
        assert!(candidates(":", 1).matches.len() > 5);
        assert!(candidates(":dep x", 6).matches.is_empty());
    }

    #[test]
    fn a_command_has_its_help() {
        let check = |before: &str, expect: &str| {
            let found = help(before).unwrap();
            assert!(found.bundle.get("text/plain").unwrap().starts_with(expect), "{before}: {found:?}");
        };
        check(":dep serde", ":dep: ");
        check(":va", ":vars: ");
        assert_eq!(help(":nothing"), None);
        assert_eq!(help(""), None);
    }
}
