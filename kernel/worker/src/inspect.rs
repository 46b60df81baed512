//! What stands at a cursor: a command, a built-in, a function or a variable.
//!
//! Nothing is run for it. Read [`at`] first.

use crate::commands;
use crate::surface;
use crate::{Host, commands as table};
use candlewick_display::text::cut;
use candlewick_link::{Bundle, Inspection};

/// What is known of the name at a cursor; none when nothing is.
pub fn at(host: &Host, code: &str, cursor: usize, detail: u8) -> Option<Inspection> {
    let name = name_at(code, cursor)?;
    let mut texts = Vec::new();
    if name.starts_with('%') {
        texts
            .extend(table::all().find(|command| command.name == name).map(|c| format!("{}\n  {}", c.signature, c.doc)));
    } else {
        texts.extend(variable(host, &name, detail));
        texts.extend(functions(host, &name));
        texts.extend(surface::all().filter(|builtin| builtin.name == name).map(commands::full));
        let standard = host.standard().filter(|(other, ..)| *other == name).map(|(.., signature)| signature.to_owned());
        texts.extend(standard.take(if detail == 0 { 8 } else { usize::MAX }));
    }
    (!texts.is_empty()).then(|| Inspection { bundle: Bundle::text(texts.join("\n\n")) })
}

fn variable(host: &Host, name: &str, detail: u8) -> Option<String> {
    let (_, constant, value) = host.variables().into_iter().rev().find(|(other, ..)| *other == name)?;
    let text = host.session().shows.text(value);
    let text = if detail == 0 { cut(&text, 400) } else { text };
    let constant = if constant { "constant " } else { "" };
    Some(format!("{constant}{name}: {}\n{text}", host.type_name(value)))
}

fn functions(host: &Host, name: &str) -> Vec<String> {
    let named = host.functions().iter_functions().filter(|function| function.name == name);
    named
        .map(|function| {
            let comments: Vec<&str> =
                function.comments.iter().map(|line| line.trim_start_matches('/').trim()).collect();
            format!("fn {function}\n  {}", comments.join("\n  ")).trim_end().to_owned()
        })
        .collect()
}

/// The word around or just before a cursor; when a parenthesis was just opened, the word before it.
fn name_at(code: &str, cursor: usize) -> Option<String> {
    let text: Vec<char> = code.chars().collect();
    let part = |c: char| c.is_alphanumeric() || c == '_' || c == '%';
    let mut end = cursor.min(text.len());
    while end > 0 && !part(text[end - 1]) && (text[end - 1] == '(' || text[end - 1].is_whitespace()) {
        end -= 1;
    }
    let start = text[..end].iter().rposition(|c| !part(*c)).map_or(0, |index| index + 1);
    let end = end + text[end..].iter().take_while(|c| part(**c)).count();
    (start < end).then(|| text[start..end].iter().collect())
}
