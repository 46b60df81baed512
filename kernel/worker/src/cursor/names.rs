//! The names that a cell's own text makes known at its end: variables, parameters, functions, imports.
//!
//! Must not know values. Read [`Names`] first.

use super::tokens::{Tokens, What};

/// A name that the text declares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// The name.
    pub name: String,
    /// What declares it.
    pub how: How,
}

/// What declares a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// `let`: the number of the first token of its value.
    Variable(usize),
    /// `const`: the same.
    Constant(usize),
    /// A parameter, the variable of a `for`, or of a `catch`.
    Parameter,
    /// `import … as`.
    Module,
}

/// The names known at the end of a text.
#[derive(Clone, Debug, Default)]
pub struct Names {
    /// Those that can be seen there, oldest first.
    pub visible: Vec<Declared>,
    /// The functions of the text: name, and how each is called.
    pub functions: Vec<(String, String)>,
    /// Whether the end stands in a function, which sees no variables from outside.
    pub in_function: bool,
}

impl Names {
    /// The names of a text.
    pub fn of(tokens: &Tokens) -> Self {
        let mut reader = Reader { tokens, at: 0, names: Self::default(), scopes: Vec::new(), pending: Vec::new() };
        while reader.at < tokens.all.len() {
            reader.step();
        }
        reader.finish()
    }

    /// The newest declaration of that name.
    pub fn find(&self, name: &str) -> Option<&Declared> {
        self.visible.iter().rev().find(|declared| declared.name == name)
    }
}

struct Scope {
    /// The number of its bracket; none of the whole text.
    open: Option<usize>,
    /// How many names there were before it.
    before: usize,
    /// Whether it is a function's body.
    function: bool,
    /// How many names there were before a closure's parameters, which are gone at the next semicolon.
    closure: Option<usize>,
}

struct Reader<'a> {
    tokens: &'a Tokens<'a>,
    at: usize,
    names: Names,
    scopes: Vec<Scope>,
    /// Names that the next block gets, and whether it is a function's.
    pending: Vec<(Vec<Declared>, bool)>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let at = self.at;
        self.at += 1;
        match self.tokens.what(at) {
            Some(What::Open(bracket)) => self.open(at, bracket),
            Some(What::Close(_)) => self.close(self.tokens.all[at].partner),
            Some(What::Sign(';')) => self.end_statement(),
            Some(What::Sign('|')) if !self.ends_value(at) => self.closure(),
            Some(What::Word) => self.word(at),
            _ => {}
        }
    }

    fn word(&mut self, at: usize) {
        match self.tokens.text(at).as_str() {
            "let" => self.declare(at, How::Variable),
            "const" => self.declare(at, How::Constant),
            "fn" => self.function(),
            "for" => {
                let names = self.words_until(|tokens, at| tokens.is_word(at, "in"));
                self.pending.push((names, false));
            }
            "catch" if self.tokens.what(self.at) == Some(What::Open('(')) => {
                let names = self.words_until(|tokens, at| tokens.what(at) == Some(What::Close(')')));
                self.pending.push((names, false));
            }
            "as" if self.tokens.what(self.at) == Some(What::Word) => {
                let name = self.tokens.text(self.at);
                self.names.visible.push(Declared { name, how: How::Module });
            }
            _ => {}
        }
    }

    fn declare(&mut self, at: usize, how: fn(usize) -> How) {
        if self.tokens.what(at + 1) != Some(What::Word) {
            return;
        }
        let value = if self.tokens.is(at + 2, '=') { at + 3 } else { at + 2 };
        self.names.visible.push(Declared { name: self.tokens.text(at + 1), how: how(value) });
        self.at = at + 2;
    }

    fn function(&mut self) {
        let (name, open) = (self.tokens.text(self.at), self.at + 1);
        if self.tokens.what(open) != Some(What::Open('(')) {
            return;
        }
        self.at = open + 1;
        let parameters = self.words_until(|tokens, at| tokens.what(at) == Some(What::Close(')')));
        let list: Vec<&str> = parameters.iter().map(|parameter| parameter.name.as_str()).collect();
        self.names.functions.push((name.clone(), format!("{name}({})", list.join(", "))));
        self.pending.push((parameters, true));
    }

    /// The parameters of a closure, after its first `|`.
    fn closure(&mut self) {
        let parameters = self.words_until(|tokens, at| tokens.is(at, '|'));
        if self.tokens.what(self.at) == Some(What::Open('{')) {
            return self.pending.push((parameters, false));
        }
        let before = self.names.visible.len();
        if let Some(scope) = self.scopes.last_mut() {
            scope.closure.get_or_insert(before);
        } else {
            self.scopes.push(Scope { open: None, before: 0, function: false, closure: Some(before) });
        }
        self.names.visible.extend(parameters);
    }

    /// The words from here to a token, and the place after that token.
    fn words_until(&mut self, ends: impl Fn(&Tokens, usize) -> bool) -> Vec<Declared> {
        let mut names = Vec::new();
        while self.at < self.tokens.all.len() {
            let at = self.at;
            self.at += 1;
            if ends(self.tokens, at) {
                break;
            }
            if self.tokens.what(at) == Some(What::Word) {
                names.push(Declared { name: self.tokens.text(at), how: How::Parameter });
            }
        }
        names
    }

    fn open(&mut self, at: usize, bracket: char) {
        let scope = Scope { open: Some(at), before: self.names.visible.len(), function: false, closure: None };
        self.scopes.push(scope);
        if bracket == '{'
            && let Some((names, function)) = self.pending.pop()
        {
            self.names.visible.extend(names);
            self.scopes.last_mut().into_iter().for_each(|scope| scope.function = function);
        }
    }

    /// A bracket that closes an outer one closes all between them.
    fn close(&mut self, partner: Option<usize>) {
        let Some(partner) = partner else { return };
        while let Some(scope) = self.scopes.pop_if(|scope| scope.open.is_some_and(|open| open >= partner)) {
            self.names.visible.truncate(scope.before);
        }
    }

    fn end_statement(&mut self) {
        let before = self.scopes.last_mut().and_then(|scope| scope.closure.take());
        if let Some(before) = before {
            self.names.visible.truncate(before);
        }
    }

    /// Whether a value ends right before a token, so that a `|` there means "or".
    fn ends_value(&self, at: usize) -> bool {
        let Some(before) = at.checked_sub(1) else { return false };
        match self.tokens.what(before) {
            Some(What::Word) => !matches!(self.tokens.text(before).as_str(), "return" | "in" | "if" | "else"),
            Some(What::Number | What::Text | What::Close(_)) => true,
            _ => false,
        }
    }

    fn finish(self) -> Names {
        let mut names = self.names;
        let function = self.scopes.iter().rev().find(|scope| scope.function);
        if let Some(function) = function {
            names.in_function = true;
            let outer = |declared: &Declared| matches!(declared.how, How::Constant(_) | How::Module);
            let own = names.visible.split_off(function.before);
            names.visible.retain(outer);
            names.visible.extend(own);
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_seen_where_they_live() {
        let check = |text: &str, expect: &[&str], in_function: bool| {
            let text: Vec<char> = text.chars().collect();
            let names = Names::of(&Tokens::of(&text));
            let found: Vec<&str> = names.visible.iter().map(|declared| declared.name.as_str()).collect();
            assert_eq!((&found[..], names.in_function), (expect, in_function));
        };
        check("let a = 1; let b = a; ", &["a", "b"], false);
        check("let a = 1; { let b = 2; } ", &["a"], false);
        check("let a = 1; { let b = 2; ", &["a", "b"], false);
        check("let a = 1; const C = 2; fn f(x, y) { let z = 3; ", &["C", "x", "y", "z"], true);
        check("fn f(x) { x } ", &[], false);
        check("for i in 0..3 { ", &["i"], false);
        check("for (x, i) in list { } ", &[], false);
        check("try { } catch (e) { ", &["e"], false);
        check("list.map(|x, y| x", &["x", "y"], false);
        check("list.map(|x| x) ", &[], false);
        check("let f = |x| x + 1; ", &["f"], false);
        check("let f = |x| { let y = x; ", &["f", "x", "y"], false);
        check("let f = a | b; ", &["f"], false);
        check("import \"tools\" as tools; ", &["tools"], false);
        check("fn f(a) { if a { for i in 0..a { ", &["a", "i"], true);
        check("run.run_until(|ctx| ctx.loss < 0.1 && ", &["ctx"], false);
        check("let", &[], false);
        check("fn", &[], false);
        check("for", &[], false);
    }

    #[test]
    fn functions_are_known_with_their_parameters() {
        let text: Vec<char> = "fn one(a, b) { } fn two() { ".chars().collect();
        let names = Names::of(&Tokens::of(&text));
        assert_eq!(names.functions[0], ("one".to_owned(), "one(a, b)".to_owned()));
        assert_eq!(names.functions[1], ("two".to_owned(), "two()".to_owned()));
    }
}
