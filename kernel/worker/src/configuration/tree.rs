//! A configuration text as a tree in which every key and value knows its line and column, from TOML or from JSON.
//!
//! Must not know which keys mean something. Read [`Node`] first. serde's own structures are not used for this: they keep
//! no place for an unknown key, and JSON's keep none at all.

use serde_json::{Map, Value as Json};
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A line and a column, in characters, both from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The line.
    pub line: usize,
    /// The column.
    pub column: usize,
}

/// What is wrong with a configuration, and where if that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Trouble {
    /// What was asked, what was found, what to do.
    pub message: String,
    /// Where in the text.
    pub at: Option<Place>,
}

impl Trouble {
    /// A trouble at a place.
    pub fn at(at: Place, message: impl Into<String>) -> Self {
        Self { message: message.into(), at: Some(at) }
    }

    /// A trouble that no place of the text stands for.
    pub fn whole(message: impl Into<String>) -> Self {
        Self { message: message.into(), at: None }
    }
}

/// A value and where it begins.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// The value.
    pub value: Value,
    /// Where it begins.
    pub at: Place,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A number, a text, true, false or nothing.
    Plain(Json),
    /// A list.
    List(Vec<Node>),
    /// A table, in the order of the text.
    Table(Vec<Field>),
}

/// A key of a table with its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Field {
    /// The key.
    pub name: String,
    /// Where the key stands.
    pub at: Place,
    /// Its value.
    pub node: Node,
}

impl Node {
    /// The value without places.
    pub fn json(&self) -> Json {
        match &self.value {
            Value::Plain(json) => json.clone(),
            Value::List(items) => items.iter().map(Self::json).collect(),
            Value::Table(fields) => {
                let fields = fields.iter().map(|field| (field.name.clone(), field.node.json()));
                Json::Object(fields.collect::<Map<_, _>>())
            }
        }
    }

    /// The text it is.
    pub fn text(&self) -> Option<&str> {
        if let Value::Plain(Json::String(text)) = &self.value { Some(text) } else { None }
    }

    /// The fields of the table that it is.
    pub fn fields(&self) -> Option<&[Field]> {
        if let Value::Table(fields) = &self.value { Some(fields) } else { None }
    }
}

/// Reads TOML.
///
/// # Errors
/// A syntax error with its place, or a number that is none.
pub fn toml(text: &str) -> Result<Node, Trouble> {
    let table = DeTable::parse(text).map_err(|error| {
        let at = place(text, error.span().map_or(text.len(), |span| span.start));
        Trouble::at(at, format!("this is no TOML: {}", error.message().lines().next().unwrap_or_default()))
    })?;
    Ok(Node { value: table_of(text, table.get_ref())?, at: Place { line: 1, column: 1 } })
}

fn table_of(text: &str, table: &DeTable<'_>) -> Result<Value, Trouble> {
    let mut fields: Vec<(usize, Field)> = Vec::new();
    for (key, value) in table.iter() {
        let (start, name) = (key.span().start, key.get_ref().to_string());
        fields.push((start, Field { name, at: place(text, start), node: node_of(text, value)? }));
    }
    // The parser's own order is that of the alphabet or of the text, by a feature that others switch.
    fields.sort_by_key(|(start, _)| *start);
    Ok(Value::Table(fields.into_iter().map(|(_, field)| field).collect()))
}

fn node_of(text: &str, value: &Spanned<DeValue<'_>>) -> Result<Node, Trouble> {
    let at = place(text, value.span().start);
    let wrong = |what: &str| Trouble::at(at, format!("`{what}` is no number that can be used here"));
    let value = match value.get_ref() {
        DeValue::String(text) => Value::Plain(Json::String(text.to_string())),
        DeValue::Boolean(flag) => Value::Plain(Json::Bool(*flag)),
        DeValue::Datetime(time) => Value::Plain(Json::String(time.to_string())),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix()).ok();
            Value::Plain(Json::from(whole.ok_or_else(|| wrong(number.as_str()))?))
        }
        DeValue::Float(number) => {
            let real = number.as_str().parse().ok().and_then(serde_json::Number::from_f64);
            Value::Plain(Json::Number(real.ok_or_else(|| wrong(number.as_str()))?))
        }
        DeValue::Array(items) => {
            Value::List(items.iter().map(|item| node_of(text, item)).collect::<Result<Vec<_>, _>>()?)
        }
        DeValue::Table(table) => table_of(text, table)?,
    };
    Ok(Node { value, at })
}

/// Reads JSON.
///
/// # Errors
/// A syntax error with its place.
pub fn json(text: &str) -> Result<Node, Trouble> {
    // Checked as a whole first, so that what walks it for places meets nothing but JSON.
    if let Err(error) = serde_json::from_str::<Json>(text) {
        let at = Place { line: error.line().max(1), column: error.column().max(1) };
        let why = error.to_string();
        return Err(Trouble::at(at, format!("this is no JSON: {}", why.split(" at line").next().unwrap_or(&why))));
    }
    Ok(Walk { text, at: 0 }.value())
}

/// Goes through a text that is known to be JSON.
struct Walk<'a> {
    text: &'a str,
    at: usize,
}

impl Walk<'_> {
    fn value(&mut self) -> Node {
        self.skip(char::is_whitespace);
        let start = self.at;
        let value = match self.text[start..].chars().next() {
            Some('{') => Value::Table(self.items('}', Self::field)),
            Some('[') => Value::List(self.items(']', Self::value)),
            Some('"') => Value::Plain(Json::String(self.string())),
            _ => {
                self.skip(|c| !c.is_whitespace() && !matches!(c, ',' | ']' | '}'));
                Value::Plain(serde_json::from_str(&self.text[start..self.at]).unwrap_or_default())
            }
        };
        Node { value, at: place(self.text, start) }
    }

    fn items<T>(&mut self, end: char, item: fn(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        self.at += 1;
        loop {
            self.skip(|c| c.is_whitespace() || c == ',');
            if self.text[self.at..].starts_with(end) || self.at >= self.text.len() {
                self.at = (self.at + 1).min(self.text.len());
                return items;
            }
            items.push(item(self));
        }
    }

    fn field(&mut self) -> Field {
        let at = place(self.text, self.at);
        let name = self.string();
        self.skip(|c| c.is_whitespace() || c == ':');
        Field { name, at, node: self.value() }
    }

    fn string(&mut self) -> String {
        let start = self.at;
        let mut escaped = false;
        let end = self.text[start + 1..].char_indices().find(|(_, c)| {
            let ends = *c == '"' && !escaped;
            escaped = *c == '\\' && !escaped;
            ends
        });
        self.at = end.map_or(self.text.len(), |(offset, _)| start + offset + 2);
        serde_json::from_str(&self.text[start..self.at]).unwrap_or_default()
    }

    fn skip(&mut self, while_: impl Fn(char) -> bool) {
        let rest = &self.text[self.at..];
        self.at += rest.find(|c| !while_(c)).unwrap_or(rest.len());
    }
}

/// The place of a byte of a text.
fn place(text: &str, offset: usize) -> Place {
    let before = text.get(..offset).unwrap_or(text);
    let line = before.rfind('\n').map_or(0, |end| end + 1);
    Place { line: before.matches('\n').count() + 1, column: before[line..].chars().count() + 1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(node: &Node) -> Vec<String> {
        match &node.value {
            Value::Plain(json) => vec![format!("{}:{}={json}", node.at.line, node.at.column)],
            Value::List(items) => items.iter().flat_map(places).collect(),
            Value::Table(fields) => {
                let field = |field: &Field| {
                    let own = format!("{}@{}:{}", field.name, field.at.line, field.at.column);
                    std::iter::once(own).chain(places(&field.node)).collect::<Vec<_>>()
                };
                fields.iter().flat_map(field).collect()
            }
        }
    }

    #[test]
    fn toml_keeps_places_and_order() {
        let node = toml("b = 1\na = [2.5,\n \"x\"]\n[t.u]\n\"é\" = true\nz = 0x1F").unwrap();
        assert_eq!(node.json(), json!({"b": 1, "a": [2.5, "x"], "t": {"u": {"é": true, "z": 31}}}));
        let expect = "b@1:1 1:5=1 a@2:1 2:6=2.5 3:2=\"x\" t@4:2 u@4:4 é@5:1 5:7=true z@6:1 6:5=31";
        assert_eq!(places(&node).join(" "), expect);
    }

    #[test]
    fn json_keeps_places_and_order() {
        let text = "{\"b\": [1, -2.5e1, null],\n \"a\\\"x\": {\"c\": \"d, }\"}, \"e\": []}";
        let node = json(text).unwrap();
        assert_eq!(node.json(), json!({"b": [1, -25.0, null], "a\"x": {"c": "d, }"}, "e": []}));
        let expect = "b@1:2 1:8=1 1:11=-25.0 1:19=null a\"x@2:2 c@2:11 2:16=\"d, }\" e@2:25";
        assert_eq!(places(&node).join(" "), expect);
    }

    #[test]
    fn what_cannot_be_read_has_a_place() {
        let check = |found: Result<Node, Trouble>, line, begins: &str| {
            let trouble = found.unwrap_err();
            assert_eq!(trouble.at.unwrap().line, line, "{trouble:?}");
            assert!(trouble.message.starts_with(begins), "{trouble:?}");
        };
        check(toml("a = 1\nb = \n"), 2, "this is no TOML: ");
        check(toml("a = 1\n- b"), 2, "this is no TOML: ");
        check(toml("a = 1\na = 2"), 2, "this is no TOML: duplicate key");
        check(toml("\na = nan"), 2, "`nan` is no number");
        check(toml("a = 99999999999999999999"), 1, "`99999999999999999999` is no number");
        check(json("{\"a\": 1,\n}"), 2, "this is no JSON: trailing comma");
        check(json("training:\n  epochs: 3"), 1, "this is no JSON: expected ");
        check(json(""), 1, "this is no JSON: EOF");
    }
}
