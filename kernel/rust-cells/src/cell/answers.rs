//! The answers of `:` commands, as text and as tables.
//!
//! Must not know how commands are read. Read [`shown`] first.

use super::Knowledge;
use super::commands::{Answer, offered};
use super::keepers::KEEPER;
use super::style;
use super::warnings::escaped;
use candlewick_link::Bundle;

/// One answer: rows of cells, under a head; or what is said when there are none.
struct Table {
    head: [&'static str; 2],
    rows: Vec<[String; 2]>,
    empty: &'static str,
}

/// The answers of a cell, one below the other; none when it asked nothing.
pub(crate) fn shown(
    answers: &[(Answer, String)],
    types: &[(String, String)],
    passed: &[String],
    knowledge: &Knowledge,
) -> Option<Bundle> {
    let (mut text, mut html): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    let mut add = |plain: String, rich: String| {
        text.push(plain);
        html.push(rich);
    };
    for (expression, ty) in types {
        let ty = style::shown(ty);
        add(format!("{expression}: {ty}"), format!("<code>{}: {}</code>", escaped(expression), escaped(&ty)));
    }
    for line in passed {
        add(line.clone(), format!("<code>{}</code>", escaped(line)));
    }
    for (answer, argument) in answers {
        if *answer == Answer::Explain {
            let told = explanation(argument, knowledge);
            add(told.clone(), format!("<pre style=\"white-space:pre-wrap\">{}</pre>", escaped(&told)));
        } else {
            let table = table(*answer, knowledge);
            add(plain(&table), rich(&table));
        }
    }
    (!text.is_empty()).then(|| Bundle::text(text.join("\n")).with("text/html", html.join("\n<br>\n")))
}

fn table(answer: Answer, knowledge: &Knowledge) -> Table {
    let sorted = |mut rows: Vec<[String; 2]>| {
        rows.sort();
        rows
    };
    match answer {
        Answer::Variables => {
            let rows = knowledge.variables.iter().map(|(name, ty)| [name.clone(), style::shown(ty)]);
            Table { head: ["variable", "type"], rows: sorted(rows.collect()), empty: "there are no Rust variables" }
        }
        Answer::Items => {
            let shown = knowledge.items.iter().filter(|name| !name.starts_with(KEEPER) && *name != "eprintln");
            let rows = shown.map(|name| [name.clone(), kind(name, knowledge)]);
            Table { head: ["item", "defined"], rows: sorted(rows.collect()), empty: "there are no Rust items" }
        }
        Answer::Dependencies => {
            let split = |line: &String| {
                let (name, value) = line.split_once(" = ").unwrap_or((line, ""));
                [name.to_owned(), value.to_owned()]
            };
            let rows = knowledge.dependencies.iter().map(split).collect();
            Table { head: ["crate", "version"], rows: sorted(rows), empty: "no crates were added by `:dep`" }
        }
        Answer::Help | Answer::Explain => {
            let row = |command: &super::commands::Command| {
                [format!("{} {}", command.name, command.arguments).trim_end().to_owned(), command.help.to_owned()]
            };
            Table { head: ["command", "what it does"], rows: offered().map(row).collect(), empty: "" }
        }
    }
}

/// The first line of an item, and the cell that it was defined in.
fn kind(name: &str, knowledge: &Knowledge) -> String {
    let own = knowledge.texts.iter().rev().find(|item| item.name.as_deref() == Some(name));
    let Some(item) = own else { return "imported".to_owned() };
    let lines = item.text.lines().map(str::trim);
    let code = lines.clone().find(|line| !line.is_empty() && !line.starts_with("//") && !line.starts_with("#["));
    let code = code.unwrap_or_default().trim_end_matches(['{', ';']).trim_end();
    format!("{code} ({})", item.source)
}

fn plain(table: &Table) -> String {
    if table.rows.is_empty() {
        return table.empty.to_owned();
    }
    let width = table.rows.iter().map(|[name, _]| name.chars().count()).max().unwrap_or(0);
    let rows = table.rows.iter().map(|[name, text]| format!("{name:width$}  {text}").trim_end().to_owned());
    rows.collect::<Vec<_>>().join("\n")
}

fn rich(table: &Table) -> String {
    if table.rows.is_empty() {
        return escaped(table.empty);
    }
    let row = |[name, text]: &[String; 2]| {
        let left = "style=\"text-align:left\"";
        format!("<tr><td {left}><code>{}</code></td><td {left}><code>{}</code></td></tr>", escaped(name), escaped(text))
    };
    let rows: String = table.rows.iter().map(row).collect();
    let [first, second] = table.head;
    format!("<table><thead><tr><th>{first}</th><th>{second}</th></tr></thead><tbody>{rows}</tbody></table>")
}

fn explanation(code: &str, knowledge: &Knowledge) -> String {
    let code = code.trim();
    let known = &knowledge.explanations;
    let found = if code.is_empty() { known.first() } else { known.iter().find(|(other, _)| other == code) };
    match found {
        Some((code, text)) => format!("{code}\n{}", text.trim()),
        None if known.is_empty() => "no cell has failed with an error that has an explanation".to_owned(),
        None => {
            let codes: Vec<&str> = known.iter().map(|(code, _)| code.as_str()).collect();
            format!("the last errors were {}; `rustc --explain {code}` tells about others", codes.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::ItemText;
    use super::*;

    #[test]
    fn answers_are_text_and_tables() {
        let text = "/// Doc.\n#[derive(Debug)]\nstruct A {\n    b: u8,\n}\n".to_owned();
        let item = ItemText { name: Some("A".into()), text, source: "cell 3".into(), line: 1, offset: 0 };
        let knowledge = Knowledge {
            variables: vec![("x".into(), "Vec<i32>".into()), ("a".into(), "f64".into())],
            items: vec!["HashMap".into(), "A".into()],
            dependencies: vec!["regex = \"1\"".into()],
            texts: vec![item],
            explanations: vec![("E0308".into(), "Expected.\n".into())],
            ..Knowledge::default()
        };
        let check = |answer: Answer, argument: &str, knowledge: &Knowledge, expect: &str, html: &str| {
            let bundle = shown(&[(answer, argument.to_owned())], &[], &[], knowledge).unwrap();
            assert_eq!(bundle.get("text/plain").unwrap(), expect);
            assert!(bundle.get("text/html").unwrap().contains(html), "{bundle:?}");
        };
        check(Answer::Variables, "", &knowledge, "a  f64\nx  Vec<i32>", "<code>Vec&lt;i32&gt;</code>");
        check(Answer::Items, "", &knowledge, "A        struct A (cell 3)\nHashMap  imported", "<th>item</th>");
        check(Answer::Dependencies, "", &knowledge, "regex  \"1\"", "&quot;1&quot;");
        check(Answer::Explain, "", &knowledge, "E0308\nExpected.", "Expected.");
        check(
            Answer::Explain,
            "E0001",
            &knowledge,
            "the last errors were E0308; `rustc --explain E0001` tells about others",
            "",
        );
        check(Answer::Variables, "", &Knowledge::default(), "there are no Rust variables", "there are no");
        let help = shown(&[(Answer::Help, String::new())], &[], &[], &knowledge).unwrap();
        assert!(help.get("text/plain").unwrap().contains(":type EXPRESSION"));
        assert!(!help.get("text/plain").unwrap().contains(":quit"));
        assert_eq!(shown(&[], &[], &[], &knowledge), None);
        let types = shown(&[], &[("1 + 1".into(), "i32".into())], &[], &knowledge).unwrap();
        assert_eq!(types.get("text/plain"), Some("1 + 1: i32"));
    }
}
