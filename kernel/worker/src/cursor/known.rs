//! What is known of a value that an expression would give, without running it.
//!
//! Live values are looked at where they are; all else follows from literals and from the signatures of the table of
//! built-ins. Must not know what is asked about it. Read [`Known`] first.

use super::Site;
use super::names::How;
use super::tokens::What;
use crate::script;
use crate::surface::{self, Kind};
use candlewick_plugin_api::Transform;
use rhai::{Array, Dynamic, Map};

/// How far a variable's value is followed through other variables.
const DEPTH: usize = 8;

/// What is known of a value.
#[derive(Clone, Debug)]
pub enum Known<'h> {
    /// A part of a live value.
    Live(&'h Dynamic, Vec<Step>),
    /// A value of the type of that name; `[a, b]` is an array of two.
    Type(String),
    /// The map literal that opens with the token of that number.
    Literal(usize),
    /// A plugin's `this`.
    This,
}

/// The way from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// A map's value.
    Key(String),
    /// An array's element.
    Element(usize),
}

/// What an expression that ends at a token gives, and its first token.
struct Chain<'h> {
    known: Known<'h>,
    start: usize,
}

impl<'h> Site<'h> {
    /// What is known of the expression whose last token is that one.
    pub fn known(&self, last: usize) -> Option<Known<'h>> {
        self.chain(last, DEPTH).map(|chain| chain.known)
    }

    /// What is known of a call's argument; none when it is more than one chain of names and calls.
    pub fn argument(&self, open: usize, place: usize) -> Option<Known<'h>> {
        let tokens: Vec<usize> = self.tokens.inside(open).collect();
        let part = tokens.split(|token| self.tokens.is(*token, ',')).nth(place)?;
        self.whole(*part.first()?, self.end_of(*part.last()?), DEPTH)
    }

    /// What is known of a variable.
    pub fn variable(&self, name: &str) -> Option<Known<'h>> {
        self.variable_at(name, DEPTH)
    }

    /// What is known of a part: a field of a map or a property of a type.
    pub fn field(&self, of: &Known<'h>, name: &str) -> Option<Known<'h>> {
        match of {
            Known::Live(root, path) => {
                let path: Vec<Step> = path.iter().cloned().chain([Step::Key(name.to_owned())]).collect();
                if look(root, &path, |_| ()).is_some() {
                    return Some(Known::Live(root, path));
                }
                self.property(&self.type_of(of), name)
            }
            Known::Literal(open) => self.literal_field(*open, name, DEPTH),
            Known::This if name == "config" => self.metadata("config"),
            Known::This => match self.metadata("state")? {
                Known::Literal(open) => self.literal_field(open, name, DEPTH),
                _ => None,
            },
            Known::Type(kind) => self.property(kind, name),
        }
    }

    /// The names of a map's fields.
    pub fn fields(&self, of: &Known<'h>) -> Vec<String> {
        match of {
            Known::Live(root, path) => {
                let keys = |value: &Dynamic| {
                    value.read_lock::<Map>().map(|map| map.keys().map(ToString::to_string).collect::<Vec<_>>())
                };
                look(root, path, keys).flatten().unwrap_or_default()
            }
            Known::Literal(open) => self.literal(*open).into_iter().map(|(name, ..)| name).collect(),
            Known::This => {
                let state = self.metadata("state").map_or_else(Vec::new, |state| self.fields(&state));
                state.into_iter().chain(["config".to_owned()]).collect()
            }
            Known::Type(_) => Vec::new(),
        }
    }

    /// The name of its type.
    pub fn type_of(&self, known: &Known) -> String {
        match known {
            Known::Live(root, path) => look(root, path, |value| self.host.type_name(value)).unwrap_or_default(),
            Known::Literal(_) | Known::This => "map".to_owned(),
            Known::Type(kind) if kind.starts_with('[') => "array".to_owned(),
            Known::Type(kind) => kind.clone(),
        }
    }

    /// Looks at a live value.
    pub fn live<T>(&self, known: &Known, read: impl FnOnce(&Dynamic) -> T) -> Option<T> {
        match known {
            Known::Live(root, path) => look(root, path, read),
            _ => None,
        }
    }

    /// A field of the `metadata` of a plugin's cell.
    pub fn metadata(&self, name: &str) -> Option<Known<'h>> {
        let metadata = self.variable("metadata")?;
        self.field(&metadata, name)
    }

    fn chain(&self, last: usize, depth: usize) -> Option<Chain<'h>> {
        let depth = depth.checked_sub(1)?;
        let token = *self.tokens.all.get(last)?;
        match token.what {
            What::Word => self.name(last, depth),
            What::Text => Some(Chain { known: Known::Type(self.text_type(last)), start: last }),
            What::Number => {
                let kind = if self.tokens.text(last).contains('.') { "f64" } else { "i64" };
                Some(Chain { known: Known::Type(kind.to_owned()), start: last })
            }
            What::Close(bracket) => self.bracket(bracket, token.partner?, last, depth),
            _ => None,
        }
    }

    fn text_type(&self, token: usize) -> String {
        let kind = if self.tokens.text(token).starts_with('\'') { "char" } else { "string" };
        kind.to_owned()
    }

    fn name(&self, last: usize, depth: usize) -> Option<Chain<'h>> {
        let name = self.tokens.text(last);
        match self.receiver(last) {
            Some(before) => {
                let chain = self.chain(before, depth)?;
                Some(Chain { known: self.field(&chain.known, &name)?, start: chain.start })
            }
            None if last > 0 && self.tokens.is(last - 1, ':') && self.is_path(last) => None,
            None => Some(Chain { known: self.variable_at(&name, depth)?, start: last }),
        }
    }

    fn bracket(&self, bracket: char, open: usize, last: usize, depth: usize) -> Option<Chain<'h>> {
        match (bracket, self.tokens.what(open)?) {
            ('}', What::Open('#')) => Some(Chain { known: Known::Literal(open), start: open }),
            (']', _) if self.follows_value(open) => {
                let chain = self.chain(open.checked_sub(1)?, depth)?;
                Some(Chain { known: self.element(&chain.known, open)?, start: chain.start })
            }
            (']', _) => Some(Chain { known: Known::Type("array".to_owned()), start: open }),
            (')', _) => match self.called(open) {
                Some(name) => self.call(&name, open, depth),
                None if self.follows_value(open) => None,
                None => Some(Chain { known: self.whole(open + 1, last.checked_sub(1)?, depth)?, start: open }),
            },
            _ => None,
        }
    }

    fn call(&self, name: &str, open: usize, depth: usize) -> Option<Chain<'h>> {
        let arguments = self.arguments(open);
        let Some(before) = self.receiver(open - 1) else {
            let builtin = surface::all().find(|entry| entry.kind == Kind::Function && entry.name == name)?;
            return Some(Chain { known: Known::Type(builtin.returns(arguments)?.to_owned()), start: open - 1 });
        };
        let chain = self.chain(before, depth)?;
        let kind = self.type_of(&chain.known);
        let own = surface::all().find(|entry| entry.kind == Kind::Method(on(&kind)) && entry.name == name);
        let given = match own {
            Some(entry) => entry.returns(arguments).map(str::to_owned),
            None => self.host.standard().find(|(own, first, _)| *own == name && *first == kind).and_then(returned),
        };
        Some(Chain { known: Known::Type(given?), start: chain.start })
    }

    /// What an expression gives that begins and ends there, when it is one chain.
    fn whole(&self, first: usize, last: usize, depth: usize) -> Option<Known<'h>> {
        let chain = self.chain(last, depth)?;
        (chain.start == first).then_some(chain.known)
    }

    fn variable_at(&self, name: &str, depth: usize) -> Option<Known<'h>> {
        if let Some(declared) = self.names.find(name) {
            return match declared.how {
                How::Variable(first) | How::Constant(first) => {
                    self.whole(first, self.end_of_statement(first)?, depth.checked_sub(1)?)
                }
                How::Parameter if name == "ctx" => Some(Known::Type(self.context().to_owned())),
                _ => None,
            };
        }
        if self.in_plugin {
            return match name {
                "ctx" => Some(Known::Type(self.context().to_owned())),
                "this" => Some(Known::This),
                _ => None,
            };
        }
        let (_, constant, value) = self.host.variables().into_iter().rev().find(|(own, ..)| *own == name)?;
        (constant || !self.names.in_function).then(|| Known::Live(value, Vec::new()))
    }

    /// The type of `ctx`: a transform's function is given an item, all others a hook's context.
    fn context(&self) -> &'static str {
        let own = self.names.functions.last().filter(|_| self.names.in_function);
        let is_transform = own.is_some_and(|(name, _)| Transform::from_name(name).is_some());
        if is_transform { script::ITEM } else { script::CONTEXT }
    }

    /// The last token of the statement that a token stands in.
    fn end_of_statement(&self, first: usize) -> Option<usize> {
        let mut last = None;
        let mut at = first;
        while let Some(token) = self.tokens.all.get(at) {
            if matches!(token.what, What::Sign(';' | ',') | What::Close(_)) {
                break;
            }
            last = Some(token.partner.unwrap_or(at));
            at = token.partner.unwrap_or(at) + 1;
        }
        last
    }

    fn end_of(&self, token: usize) -> usize {
        self.tokens.all[token].partner.unwrap_or(token)
    }

    /// The fields of a map literal: name, first and last token of the value.
    fn literal(&self, open: usize) -> Vec<(String, usize, usize)> {
        let tokens: Vec<usize> = self.tokens.inside(open).collect();
        let items = tokens.split(|token| self.tokens.is(*token, ','));
        let field = |item: &[usize]| {
            let [name, colon, value @ ..] = item else { return None };
            let known = self.tokens.is(*colon, ':').then(|| self.tokens.text(*name))?;
            Some((known.trim_matches('"').to_owned(), *value.first()?, self.end_of(*value.last()?)))
        };
        items.filter_map(field).collect()
    }

    fn literal_field(&self, open: usize, name: &str, depth: usize) -> Option<Known<'h>> {
        let (_, first, last) = self.literal(open).into_iter().find(|(own, ..)| own == name)?;
        self.whole(first, last, depth)
    }

    fn property(&self, kind: &str, name: &str) -> Option<Known<'h>> {
        let entry = surface::all().find(|entry| entry.kind == Kind::Property(on(kind)) && entry.name == name)?;
        Some(Known::Type(entry.returns(0)?.to_owned()))
    }

    fn element(&self, of: &Known<'h>, open: usize) -> Option<Known<'h>> {
        let index = self.tokens.text(open + 1);
        match (of, self.type_of(of).as_str()) {
            (_, "tensor") => Some(Known::Type("tensor".to_owned())),
            (_, "frame") => Some(Known::Type("array".to_owned())),
            (_, "string") => Some(Known::Type("char".to_owned())),
            (Known::Live(root, path), _) => {
                let step = match index.parse() {
                    Ok(place) => Step::Element(place),
                    Err(_) => Step::Key(index.trim_matches('"').to_owned()),
                };
                let path: Vec<Step> = path.iter().cloned().chain([step]).collect();
                look(root, &path, |_| ()).map(|()| Known::Live(root, path))
            }
            (Known::Type(kind), _) => {
                let inner = kind.strip_prefix('[')?.strip_suffix(']')?;
                Some(Known::Type(inner.split(',').next()?.trim().to_owned()))
            }
            (Known::Literal(map), _) => self.literal_field(*map, index.trim_matches('"'), DEPTH),
            _ => None,
        }
    }
}

/// The part of a value at the end of a way.
fn look<T>(value: &Dynamic, path: &[Step], read: impl FnOnce(&Dynamic) -> T) -> Option<T> {
    match path.split_first() {
        None => Some(read(value)),
        Some((Step::Key(key), rest)) => look(value.read_lock::<Map>()?.get(key.as_str())?, rest, read),
        Some((Step::Element(place), rest)) => look(value.read_lock::<Array>()?.get(*place)?, rest, read),
    }
}

/// A type's name as the table holds it; the empty name is no type's.
fn on(kind: &str) -> &'static str {
    let name = |entry: &'static surface::Builtin| match entry.kind {
        Kind::Method(on) | Kind::Property(on) => Some(on),
        Kind::Function => None,
    };
    surface::all().filter_map(name).find(|on| *on == kind).unwrap_or("")
}

/// The type that one of Rhai's own functions gives, in the words of users.
fn returned((.., signature): (&str, &str, &str)) -> Option<String> {
    let (_, given) = signature.rsplit_once("-> ")?;
    let given = given.strip_prefix("Result<").map_or(given, |inner| inner.split(',').next().unwrap_or(inner));
    match given {
        "Array" => Some("array"),
        "Map" => Some("map"),
        "Blob" => Some("blob"),
        "ImmutableString" | "String" | "&str" | "string" => Some("string"),
        "i64" | "f64" | "bool" | "char" => Some(given),
        _ => None,
    }
    .map(str::to_owned)
}
