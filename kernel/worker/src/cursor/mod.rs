//! Where a cursor stands in a cell that is being written: its tokens, the names it can see, the call it is in.
//!
//! Completion and inspection both begin here. Nothing is run. Must not know what they answer. Read [`Site`] first.

mod known;
mod names;
mod tokens;

pub use known::Known;
pub use names::{How, Names};
pub use tokens::{Ending, Tokens, What};

use crate::Host;
use crate::surface::{self, Builtin, Kind};

/// Words that stand before a bracket without calling anything.
const NO_CALLS: [&str; 12] =
    ["if", "while", "for", "in", "switch", "return", "throw", "catch", "until", "let", "const", "else"];

/// The end of a text, seen from the notebook.
pub struct Site<'h> {
    /// The notebook.
    pub host: &'h Host,
    /// The text's tokens.
    pub tokens: Tokens<'h>,
    /// The names that the text itself makes known there.
    pub names: Names,
    /// Whether the cell is a plugin's.
    pub in_plugin: bool,
}

/// A call whose arguments are being written.
#[derive(Clone, Debug)]
pub struct Call<'h> {
    /// What is called.
    pub name: String,
    /// What it is called on, as far as that is known; none for a plain function.
    pub receiver: Option<Option<Known<'h>>>,
    /// The place of the argument that is being written, from 0.
    pub argument: usize,
    /// The number of its opening bracket.
    pub open: usize,
}

/// A map of options that is being written as an argument of a call.
#[derive(Clone, Debug)]
pub struct OptionMap<'h> {
    /// The call.
    pub call: Call<'h>,
    /// The number of the map's opening bracket.
    pub open: usize,
    /// The option whose value is being written; none where a name is expected.
    pub key: Option<String>,
}

impl<'h> Site<'h> {
    /// The end of that text in a cell of that kind.
    pub fn new(host: &'h Host, text: &'h [char], in_plugin: bool) -> Self {
        let tokens = Tokens::of(text);
        let names = Names::of(&tokens);
        Self { host, tokens, names, in_plugin }
    }

    /// The innermost call whose arguments are being written, whatever brackets are open inside it.
    pub fn innermost_call(&self) -> Option<Call<'h>> {
        self.tokens.open.iter().rev().find_map(|open| self.call_at(*open))
    }

    /// The call whose arguments are being written at the end: directly, or in an array.
    pub fn direct_call(&self) -> Option<Call<'h>> {
        let mut open = self.tokens.open.iter().rev();
        let innermost = *open.next()?;
        match self.tokens.what(innermost)? {
            What::Open('(') => self.call_at(innermost),
            What::Open('[') if !self.follows_value(innermost) => self.call_at(*open.next()?),
            _ => None,
        }
    }

    /// The map of options at the end: its names, a value, or an array that is a value.
    pub fn option_map(&self) -> Option<OptionMap<'h>> {
        let mut open = self.tokens.open.iter().rev().copied();
        let mut map = open.next()?;
        let in_list = self.tokens.what(map) == Some(What::Open('['));
        if in_list {
            map = open.next()?;
        }
        if self.tokens.what(map)? != What::Open('#') {
            return None;
        }
        let call = self.call_at(open.next()?)?;
        let item: Vec<usize> = self.tokens.inside(map).collect();
        let item = item.rsplit(|token| self.tokens.is(*token, ',')).next()?;
        let key = match item {
            [name, colon, ..] if self.tokens.is(*colon, ':') => Some(self.tokens.text(*name)),
            _ => None,
        };
        (key.is_some() || !in_list).then_some(OptionMap { call, open: map, key })
    }

    /// The entry of the table that a call means, as far as that is known.
    pub fn builtin(&self, call: &Call) -> Option<&'static Builtin> {
        let mut named = surface::all().filter(|entry| entry.name == call.name);
        match &call.receiver {
            None => named.find(|entry| entry.kind == Kind::Function),
            Some(Some(known)) => {
                let kind = self.type_of(known);
                named.find(|entry| matches!(entry.kind, Kind::Method(on) if on == kind))
            }
            // Of an unknown value: when only one type has such a method, it is that one.
            Some(None) => {
                let mut methods = named.filter(|entry| matches!(entry.kind, Kind::Method(_)));
                methods.next().filter(|_| methods.next().is_none())
            }
        }
    }

    /// The token before a point that stands before a token: the end of what a member belongs to.
    pub fn receiver(&self, token: usize) -> Option<usize> {
        let point = token.checked_sub(1).filter(|point| self.tokens.is(*point, '.'))?;
        point.checked_sub(1)
    }

    /// Whether `::` stands before a token.
    pub fn is_path(&self, token: usize) -> bool {
        token >= 2 && self.tokens.is(token - 1, ':') && self.tokens.is(token - 2, ':')
    }

    /// Whether a value ends right before a bracket, so that it calls or indexes it.
    pub fn follows_value(&self, open: usize) -> bool {
        let Some(before) = open.checked_sub(1) else { return false };
        match self.tokens.what(before) {
            Some(What::Word) => !NO_CALLS.contains(&self.tokens.text(before).as_str()),
            Some(What::Text | What::Close(']' | ')')) => true,
            _ => false,
        }
    }

    fn call_at(&self, open: usize) -> Option<Call<'h>> {
        let name = self.called(open)?;
        let receiver = self.receiver(open - 1).map(|before| self.known(before));
        let argument = self.tokens.inside(open).filter(|token| self.tokens.is(*token, ',')).count();
        Some(Call { name, receiver, argument, open })
    }

    /// The name that a round bracket calls.
    fn called(&self, open: usize) -> Option<String> {
        let before = open.checked_sub(1).filter(|_| self.tokens.what(open) == Some(What::Open('(')))?;
        let name = self.tokens.text(before);
        let is_call = self.tokens.what(before) == Some(What::Word) && !NO_CALLS.contains(&name.as_str());
        is_call.then_some(name)
    }

    /// How many arguments a call has.
    fn arguments(&self, open: usize) -> usize {
        let mut tokens = self.tokens.inside(open).peekable();
        let any = tokens.peek().is_some();
        tokens.filter(|token| self.tokens.is(*token, ',')).count() + usize::from(any)
    }
}
