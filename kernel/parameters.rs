//! Parameters of a notebook: `-p name=value` into a cell of their own, by papermill's convention.
//!
//! Owns the parsing of values, the names that the `parameters` cell defines, and the injected cell. Must not know how
//! cells are run. Read [`inject`] first.

use crate::notebook::{Notebook, code_cell, has_tag, is_code, source};
use anyhow::{Context, Result, bail};
use serde_json::Value;

/// The tag of the cell that holds the defaults.
const DEFAULTS: &str = "parameters";
/// The tag of the cell that is put after it.
const INJECTED: &str = "injected-parameters";

/// A parameter given on the command line.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// Its value: JSON where the text is JSON, else the text.
    pub value: Value,
}

impl std::str::FromStr for Parameter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text.split_once('=').ok_or("write name=value, such as epochs=3")?;
        if !is_name(name) {
            return Err(format!("`{name}` is not a name of a variable"));
        }
        let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
        Ok(Self { name: name.into(), value })
    }
}

/// Puts a cell that sets these parameters after the one tagged `parameters`, in place of an earlier injected one.
///
/// # Errors
/// No cell has the tag, or it does not define a name that is given.
pub fn inject(notebook: &mut Notebook, parameters: &[Parameter]) -> Result<()> {
    if parameters.is_empty() {
        return Ok(());
    }
    let cells = notebook.cells_mut().context("the notebook has no cells")?;
    let Some(defaults) = cells.iter().find(|cell| is_code(cell) && has_tag(cell, DEFAULTS)) else {
        bail!(
            "the notebook takes no parameters, so -p {}=… sets nothing: no code cell has the tag `{DEFAULTS}`",
            parameters[0].name
        );
    };
    let defined = definitions(&source(defaults));
    let assignments: Vec<String> =
        parameters.iter().map(|parameter| assignment(parameter, &defined)).collect::<Result<_>>()?;
    let injected = format!("// Parameters\n{}", assignments.join("\n"));
    cells.retain(|cell| !has_tag(cell, INJECTED));
    let after = cells.iter().position(|cell| has_tag(cell, DEFAULTS)).map_or(0, |index| index + 1);
    cells.insert(after, code_cell(INJECTED, &[INJECTED], &injected));
    Ok(())
}

/// `let name = literal;`, with the keyword of the cell that defines it: functions see constants only.
fn assignment(parameter: &Parameter, defined: &[(String, &'static str)]) -> Result<String> {
    let Some((name, keyword)) = defined.iter().find(|(name, _)| *name == parameter.name) else {
        bail!("the notebook has no parameter `{}`{}", parameter.name, hint(&parameter.name, defined));
    };
    Ok(format!("{keyword} {name} = {};", literal(&parameter.value)?))
}

fn hint(name: &str, defined: &[(String, &'static str)]) -> String {
    let nearest = defined.iter().map(|(other, _)| (strsim::osa_distance(name, other), other)).min();
    match nearest {
        Some((distance, other)) if distance <= 1.max(other.chars().count() / 3) => format!("; did you mean `{other}`?"),
        Some(_) => {
            let names: Vec<&str> = defined.iter().map(|(name, _)| name.as_str()).collect();
            format!("; it has {}", names.join(", "))
        }
        None => "; its cell tagged `parameters` defines none".into(),
    }
}

/// Names with their keyword, from lines that begin with `let` or `const`.
fn definitions(code: &str) -> Vec<(String, &'static str)> {
    let statements = code.lines().flat_map(|line| line.split(';'));
    statements.filter_map(|statement| definition(statement.trim_start())).collect()
}

fn definition(statement: &str) -> Option<(String, &'static str)> {
    let (keyword, rest) = ["let", "const"].into_iter().find_map(|k| Some((k, statement.strip_prefix(k)?)))?;
    let rest = rest.strip_prefix([' ', '\t'])?.trim_start();
    let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
    is_name(&name).then_some((name, keyword))
}

fn is_name(text: &str) -> bool {
    let mut letters = text.trim_start_matches('_').chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic()) && letters.all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// A value as Rhai writes it.
fn literal(value: &Value) -> Result<String> {
    Ok(match value {
        Value::Null => "()".into(),
        Value::Bool(value) => value.to_string(),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => integer.to_string(),
            None if number.is_f64() => decimal(number.as_f64().unwrap_or_default()),
            None => bail!("{number} is too large for an integer; write it with a decimal point"),
        },
        Value::String(text) => quoted(text),
        Value::Array(items) => format!("[{}]", items.iter().map(literal).collect::<Result<Vec<_>>>()?.join(", ")),
        Value::Object(fields) => {
            let field = |(key, value): (&String, &Value)| Ok(format!("{}: {}", quoted(key), literal(value)?));
            format!("#{{{}}}", fields.iter().map(field).collect::<Result<Vec<_>>>()?.join(", "))
        }
    })
}

/// The shortest decimal digits that read back as the same number; never an exponent, which Rhai reads only after a
/// decimal point.
fn decimal(number: f64) -> String {
    let text = number.to_string();
    if text.contains('.') { text } else { text + ".0" }
}

fn quoted(text: &str) -> String {
    let mut literal = String::from('"');
    for c in text.chars() {
        match c {
            '"' => literal += "\\\"",
            '\\' => literal += "\\\\",
            '\n' => literal += "\\n",
            '\r' => literal += "\\r",
            '\t' => literal += "\\t",
            c if c.is_control() => literal += &format!("\\u{:04x}", u32::from(c)),
            c => literal.push(c),
        }
    }
    literal + "\""
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn values_become_rhai() {
        let check = |text: &str, expect: &str| {
            let parameter: Parameter = format!("x={text}").parse().unwrap();
            assert_eq!(literal(&parameter.value).unwrap(), expect, "{text}");
        };
        check("3", "3");
        check("-3", "-3");
        check("0.5", "0.5");
        check("1e-9", "0.000000001");
        check("1e20", "100000000000000000000.0");
        check("2.0", "2.0");
        check("true", "true");
        check("null", "()");
        check("adamw", "\"adamw\"");
        check("\"3\"", "\"3\"");
        check("a \"b\"\\", "\"a \\\"b\\\"\\\\\"");
        check("[1, 2.5]", "[1, 2.5]");
        check(r#"{"a b": [null]}"#, r#"#{"a b": [()]}"#);
    }

    #[test]
    fn what_is_not_a_parameter_is_refused() {
        for text in ["x", "=3", "1x=3", "a b=3"] {
            assert!(text.parse::<Parameter>().is_err(), "{text}");
        }
        assert!(literal(&json!(u64::MAX)).is_err());
    }

    #[test]
    fn definitions_are_found_with_their_keyword() {
        let code = "// let no = 1\nlet epochs = 3; let rate=0.1;\n  const SEED = 42;\nletter = 3;\nprint(\"let\");";
        let found = definitions(code);
        let expect = [("epochs", "let"), ("rate", "let"), ("SEED", "const")];
        assert_eq!(found, expect.map(|(name, keyword)| (name.to_owned(), keyword)));
    }

    #[test]
    fn unknown_names_get_the_nearest_one() {
        let defined = definitions("let epochs = 3; let rate = 1;");
        let check = |name: &str, expect: &str| assert!(hint(name, &defined).contains(expect), "{name}");
        check("epoch", "did you mean `epochs`?");
        check("seed", "it has epochs, rate");
        assert!(hint("x", &[]).contains("defines none"));
    }
}
