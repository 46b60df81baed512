//! What a signature's text says: each form of a call with its parameters, and what it gives.
//!
//! Must not know values. Read [`Form`] first.

use super::Builtin;

/// One way to write a call or property.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form<'a> {
    /// The parameters as they are written, such as `path` or `#{ kind, x }`.
    pub parameters: Vec<&'a str>,
    /// The name of the type it gives; none when it gives nothing that has one.
    pub returns: Option<&'a str>,
}

impl Builtin {
    /// Each way to write it.
    pub fn forms(&self) -> Vec<Form<'static>> {
        forms(self.name, self.signature)
    }

    /// The type that a call with that many arguments gives.
    pub fn returns(&self, arguments: usize) -> Option<&'static str> {
        let forms = self.forms();
        let fits = forms.iter().find(|form| form.parameters.len() == arguments).or(forms.last());
        fits.and_then(|form| form.returns)
    }

    /// The names of the options that it takes in a map: from its signature, else from its text.
    pub fn options(&self) -> Vec<&'static str> {
        let in_signature = self.signature.split_once("#{").and_then(|(_, rest)| rest.split_once('}'));
        let names = in_signature.map(|(names, _)| names);
        let names = names.or_else(|| {
            let after = self.doc.split_once("options ").or_else(|| self.doc.split_once("option "));
            after.map(|(_, rest)| rest.split(';').next().unwrap_or_default())
        });
        let names = names.unwrap_or_default().split(',').map(str::trim);
        names.filter(|name| rhai::is_valid_identifier(name)).collect()
    }
}

/// The words in double quotes of a text: names that an option or parameter takes.
pub fn quoted(text: &str) -> Vec<&str> {
    text.split('"').skip(1).step_by(2).collect()
}

fn forms<'a>(name: &str, signature: &'a str) -> Vec<Form<'a>> {
    let call = format!("{name}(");
    let starts: Vec<usize> = signature
        .match_indices(&call)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || signature[..*at].ends_with(" or "))
        .collect();
    if starts.is_empty() {
        return vec![Form { parameters: Vec::new(), returns: given(signature) }];
    }
    let ends = starts.iter().skip(1).copied().chain([signature.len()]);
    let mut forms: Vec<Form> =
        starts.iter().zip(ends).map(|(start, end)| form(&signature[start + call.len()..end])).collect();
    // What the last one gives holds for those before it that say nothing.
    let last = forms.last().and_then(|form| form.returns);
    forms.iter_mut().for_each(|form| form.returns = form.returns.or(last));
    forms
}

/// The form whose text after the opening bracket is given.
fn form(text: &str) -> Form<'_> {
    let (mut depth, mut start, mut parameters) = (0, 0, Vec::new());
    for (at, character) in text.char_indices() {
        match character {
            '(' | '[' | '{' => depth += 1,
            ']' | '}' => depth -= 1,
            ')' if depth > 0 => depth -= 1,
            ',' | ')' if depth == 0 => {
                parameters.push(text[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
        if character == ')' && depth == 0 {
            break;
        }
    }
    parameters.retain(|parameter| !parameter.is_empty());
    Form { parameters, returns: given(text.get(start..).unwrap_or_default()) }
}

fn given(text: &str) -> Option<&str> {
    let (_, kind) = text.rsplit_once("->")?;
    kind.split(" or ").next().map(str::trim).filter(|kind| !kind.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_follow_from_the_text() {
        let check = |name: &str, signature: &str, expect: &[(&[&str], Option<&str>)]| {
            let forms = forms(name, signature);
            let found: Vec<_> = forms.iter().map(|form| (&form.parameters[..], form.returns)).collect();
            assert_eq!(found, expect, "{signature}");
        };
        check("columns", "columns -> array", &[(&[], Some("array"))]);
        check("update", "update(value)", &[(&["value"], None)]);
        check("sum", "sum() -> number or sum(dim) -> tensor", &[(&[], Some("number")), (&["dim"], Some("tensor"))]);
        check("fit", "fit(a) or fit(a, b) -> run", &[(&["a"], Some("run")), (&["a", "b"], Some("run"))]);
        check("plot", "plot(what, #{ kind, x }) -> plot", &[(&["what", "#{ kind, x }"], Some("plot"))]);
        check("split", "split(x) -> [dataset, dataset]", &[(&["x"], Some("[dataset, dataset]"))]);
        check("to_array", "to_array() -> array or number", &[(&[], Some("array"))]);
    }

    #[test]
    fn every_entry_has_a_form() {
        for builtin in crate::surface::all() {
            let forms = builtin.forms();
            assert!(!forms.is_empty() && forms.iter().all(|form| form.parameters.len() < 9), "{}", builtin.signature);
        }
    }

    #[test]
    fn options_and_names_stand_in_the_text() {
        let options = |name: &str| {
            crate::surface::all().find(|entry| entry.name == name).map(Builtin::options).unwrap_or_default()
        };
        assert_eq!(options("conv2d"), ["stride", "padding", "bias"]);
        assert_eq!(options("evaluate"), ["loss", "metrics"]);
        assert_eq!(options("plot")[..3], ["kind", "x", "y"]);
        assert!(options("fit").is_empty() && options("abs").is_empty());
        assert_eq!(quoted("\"auto\", \"cpu\" or \"cuda:0\""), ["auto", "cpu", "cuda:0"]);
    }
}
