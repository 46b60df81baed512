//! Tests of whole cells with the real rustc: cells are put together as evcxr does it, without evcxr.
//!
//! Owns a stand-in for the library, of what cells need to compile. Read [`Stage`] first.

#![allow(clippy::unwrap_used, clippy::expect_used)] // helpers of tests

use super::built::{self, Kind};
use super::draft::{Origin, Written};
use super::style::plain;
use super::{Compiled, Knowledge, Typed, prepare};
use candlewick_link::{Problem, RustCell};
use serde_json::Value;
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A crate behind the library, whose types are named by the library's paths.
const CORE: &str = "pub struct Tensor(pub Vec<f32>);\nimpl Tensor { pub fn sum(&self) -> f32 { self.0.iter().sum() } }\n\
                    pub fn zeros(n: usize) -> Tensor { Tensor(vec![0.0; n]) }\n\
                    mod hidden { pub struct Secret; }\npub fn secret() -> hidden::Secret { hidden::Secret }";
/// The library.
const LIBRARY: &str = "pub use core_of_it::{Tensor, zeros, secret};\npub mod prelude { pub use crate::Tensor; }\n\
                       pub mod cells {\n\
                       pub use crate::{__show as show, __register as register, __callable as callable};\n\
                       pub trait Plugin {}\n}\n\
                       #[macro_export] macro_rules! __show { ($e:expr) => { match &$e { shown => { let _ = shown; } } } }\n\
                       #[macro_export] macro_rules! __register { ($n:expr, $e:expr) => { { fn make() -> Box<dyn \
                       $crate::cells::Plugin> { Box::new($e) } let _ = ($n, make as fn() -> _); } } }\n\
                       #[macro_export] macro_rules! __callable { ($n:expr, $s:expr, $d:expr, $f:path) => { let _ = $f; } }";

/// Where cells are compiled.
pub(crate) struct Stage {
    directory: TempDir,
    knowledge: Knowledge,
    cells: usize,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let stage = Self { directory: tempfile::tempdir().unwrap(), knowledge: Knowledge::default(), cells: 0 };
        std::fs::create_dir(stage.path().join("src")).unwrap();
        stage.library("core_of_it", CORE);
        stage.library("candlewick", LIBRARY);
        stage
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn library(&self, name: &str, text: &str) {
        let file = format!("{name}.rs");
        std::fs::write(self.path().join(&file), text).unwrap();
        let mut rustc = Command::new("rustc");
        rustc.current_dir(self.path()).args([
            "--edition",
            "2024",
            "--crate-type",
            "rlib",
            "-L",
            ".",
            "--crate-name",
            name,
        ]);
        if name != "core_of_it" {
            rustc.args(["--extern", "core_of_it=libcore_of_it.rlib"]);
        }
        let output = rustc.arg(&file).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }

    /// Compiles a source as the wrapper has rustc do it; the diagnostics.
    fn rustc(&self, source: &str) -> Vec<Value> {
        std::fs::write(self.path().join("src/lib.rs"), source).unwrap();
        let output = Command::new("rustc")
            .current_dir(self.path())
            .env("RUSTC_BOOTSTRAP", "1")
            .args(["--edition", "2024", "--crate-name", "ctx", "--crate-type", "lib", "--emit", "metadata"])
            .args(["--error-format", "json", "-Ztrim-diagnostic-paths=no", "-Zwrite-long-types-to-disk=no"])
            .args([
                "--diagnostic-width",
                "100000",
                "-L",
                ".",
                "--extern",
                "candlewick=libcandlewick.rlib",
                "src/lib.rs",
            ])
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    /// The next cell, as far as it compiles: its problem, or what evcxr would have evaluated with the last diagnostics and
    /// the source.
    pub(crate) fn cell(&mut self, code: &str) -> Result<(Typed, Vec<Value>, String), Problem> {
        self.rust_cell(code, None)
    }

    pub(crate) fn rust_cell(
        &mut self,
        code: &str,
        plugin: Option<&str>,
    ) -> Result<(Typed, Vec<Value>, String), Problem> {
        self.cells += 1;
        let source = format!("cell {}", self.cells);
        let cell = RustCell { code: code.to_owned(), source, plugin: plugin.map(str::to_owned) };
        let prepared = prepare(&cell, &self.knowledge)?;
        let typed = if prepared.probe().is_some() {
            let source = self.assembled(&prepared.draft.probe(), true, &[]);
            let diagnostics = self.rustc(&source);
            prepared.types(&Compiled { diagnostics: &diagnostics, source: &source, errors: &[] })?
        } else {
            prepared.untyped()
        };
        let mut variables = variables(&typed);
        let (mut source, mut diagnostics);
        loop {
            source = self.assembled(&typed.written, false, &variables);
            diagnostics = self.rustc(&source);
            let Some(name) = moved(&diagnostics) else { break };
            variables.retain(|(other, _)| *other != name);
        }
        let compiled = Compiled { diagnostics: &diagnostics, source: &source, errors: &[] };
        if diagnostics.iter().any(super::report::is_error) {
            let error = evcxr::Error::CompilationErrors(Vec::new());
            let problem = typed.problem(&error, &compiled);
            self.knowledge.failed(&compiled);
            return Err(problem);
        }
        self.knowledge.learn(&typed);
        for (name, ty) in variables {
            self.knowledge.variables.retain(|(other, _)| *other != name);
            self.knowledge.variables.push((name, ty));
        }
        Ok((typed, diagnostics, source))
    }

    /// A source of evcxr's form: items in reverse order, with those of earlier cells in between.
    fn assembled(&self, written: &Written, check: bool, variables: &[(String, String)]) -> String {
        let (mut items, mut statements) = (Vec::new(), Vec::new());
        for chunk in built::chunks(written) {
            match chunk.kind {
                Kind::Statement => statements.push(chunk.text),
                Kind::Use(imports) if !check => items.extend(imports.into_iter().map(|import| import.text)),
                Kind::Item(_) | Kind::Use(_) | Kind::Apart => items.push(chunk.text),
            }
        }
        let new = built::items(written, "");
        let old =
            self.knowledge.texts.iter().filter(|old| new.iter().all(|new| new.name.is_none() || new.name != old.name));
        items.extend(old.map(|item| item.text.clone()));
        items.reverse();
        let old = self.knowledge.variables.iter();
        let errors = "struct EvcxrUserCodeError {}\nimpl<T: std::fmt::Debug> From<T> for EvcxrUserCodeError {\n\
                          fn from(_: T) -> Self { EvcxrUserCodeError {} } }\n#[allow(unused_variables)]\n";
        let (head, tail) = if check {
            let variables: String = old.map(|(name, ty)| format!("{name}: {ty},\n")).collect();
            let head = format!(
                "{errors}async fn evcxr_analysis_wrapper(\n{variables}) -> Result<(), EvcxrUserCodeError> {{\n"
            );
            (head, "Ok(())\n}\n".to_owned())
        } else {
            let fetch = |(name, ty): &(String, String)| {
                format!("let mut {name} = evcxr_variable_store.take_variable::<{ty}>(stringify!({name}));\n")
            };
            let runtime = "pub struct Store;\nimpl Store {\npub fn put_variable<T: 'static>(&mut self, _: &str, _: T) {}\n\
                           pub fn take_variable<T: 'static>(&mut self, _: &str) -> T { panic!() } }\n";
            let fetched: String = old.map(fetch).collect();
            let head = format!(
                "{errors}{runtime}#[unsafe(no_mangle)]\npub extern \"C\" fn run_user_code_1(\nevcxr_variable_store: &mut Store) {{\n\
                 {fetched}let _ = (|| -> std::result::Result<(), EvcxrUserCodeError> {{\n"
            );
            let pack = |(name, ty): &(String, String)| {
                format!("evcxr_variable_store.put_variable::<{ty}>(stringify!({name}), {name});\n")
            };
            (head, variables.iter().map(pack).collect::<String>() + "Ok(())})();\n}\n")
        };
        let allow = "#![allow(unused_imports, unused_mut, dead_code, improper_ctypes_definitions)]\n";
        format!("{allow}{}{head}{}{tail}", items.concat(), statements.concat())
    }
}

/// A variable that was moved when it is to be kept.
fn moved(diagnostics: &[Value]) -> Option<String> {
    let moved = diagnostics.iter().filter(|error| error["code"]["code"] == "E0382");
    let mut texts = moved.flat_map(|error| error["spans"].as_array().cloned().unwrap_or_default());
    let line = texts.find_map(|span| {
        let text = span["text"][0]["text"].as_str().unwrap_or_default().to_owned();
        (span["is_primary"] == true && text.starts_with("evcxr_variable_store.put_variable")).then_some(text)
    })?;
    Some(line.split_once("stringify!(")?.1.split_once(')')?.0.to_owned())
}

/// The variables of a cell with their types: those whose types were found, and those with a type of their own.
fn variables(typed: &Typed) -> Vec<(String, String)> {
    let lines = typed.written.text.lines().zip(&typed.written.lines);
    let bound = lines.filter_map(|(line, origin)| {
        let (name, ty) = line.split_once(": ")?;
        let ty = ty.split_once(" = ").map_or(ty, |(ty, _)| ty).to_owned();
        match origin {
            _ if ty.contains("<_>") => None,
            Origin::Binding(index) => Some((typed.prepared.draft.variables[*index].name.clone(), ty)),
            Origin::Cell(_) => {
                let name = name.strip_prefix("let ").filter(|name| name.chars().all(char::is_alphanumeric))?;
                Some((name.to_owned(), ty))
            }
            _ => None,
        }
    });
    bound.collect()
}

fn rows(problem: &Problem) -> String {
    problem.traceback.iter().map(|row| plain(row)).collect::<Vec<_>>().join("\n")
}

#[test]
fn rustc_names_the_types_of_variables() {
    let mut stage = Stage::new();
    stage.cell("struct Foo<'a>(&'a str);\nmod m { pub struct Bar; pub fn bar() -> Bar { Bar } }\nfn f(x: i32) -> i32 { x }").unwrap();
    let code = "let a = 1; let mut b = 1.5; let (c, [d, ..]) = (\"s\", [1u8, 2]);\nlet e = vec![1]; let g = m::bar();\n\
                let h = Foo(\"a\"); let i = f; let j; j = std::time::Instant::now();\nlet Some(k) = Some('x') else { panic!() };\n\
                let l = std::collections::HashMap::from([(\"a\", 1.5)]);\nlet t = candlewick::zeros(3); let u = &l;\n\
                let v: Vec<_> = (0..3).map(|x| x as f32).collect(); let ö = t.sum(); drop(e);\n\
                let w: fn(&str) -> &str = |x| x; let x = w; let y: Result<u8, _> = \"1\".parse(); let z = y?;";
    let problem = stage.cell(code).unwrap_err();
    assert!(
        problem.message.starts_with("cell 2, line 6, column 39: `l` does not live long enough"),
        "{}\n{}",
        problem.message,
        rows(&problem)
    );
    let (typed, ..) = stage.cell(&code.replace("let u = &l;", "").replace("let z = y?;", "")).unwrap();
    let found: Vec<String> = variables(&typed).into_iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
    let expect = [
        "a: i32",
        "b: f64",
        "c: &'static str",
        "d: u8",
        "e: std::vec::Vec<i32>",
        "g: m::Bar",
        "h: Foo<'static>",
        "i: fn(i32) -> i32",
        "j: std::time::Instant",
        "k: char",
        "l: std::collections::HashMap<&'static str, f64>",
        "t: candlewick::Tensor",
        "v: std::vec::Vec<f32>",
        "ö: f32",
        "w: fn(&str) -> &str",
        "x: for<'a> fn(&'a str) -> &'a str",
        "y: std::result::Result<u8, std::num::ParseIntError>",
    ];
    assert_eq!(found, expect, "{}", typed.text());
    assert!(stage.knowledge.variables.iter().all(|(name, _)| name != "e"), "it was moved");
}

/// Cells that are there before.
const BEFORE: &str = "fn two(a: i32, b: &str) {}\nstruct Old { x: i32 }\nimpl Old { fn new() -> Old { Old { x: 1 } } }\n\
                      impl Clone for Old { fn clone(&self) -> Old { Old { x: 2 } } }\n\
                      let s = String::from(\"a\"); let n = 1;";

/// Compiles a cell after those before, which must fail; all that the notebook shows.
fn failing(stage: &mut Stage, code: &str) -> String {
    match stage.cell(code) {
        Ok((typed, ..)) => panic!("{code} compiles: {}", typed.text()),
        Err(problem) => format!("{}: {}\n{}", problem.name, problem.message, rows(&problem)),
    }
}

#[test]
fn errors_look_as_rustc_shows_them_in_the_cell() {
    let mut stage = Stage::new();
    stage.cell(BEFORE).unwrap();
    let mut check = |code: &str, expect: &[&str]| {
        stage.cells = 1;
        let shown = failing(&mut stage, code);
        expect.iter().for_each(|expect| assert!(shown.contains(expect), "{code}\n--- lacks\n{expect}\n---\n{shown}"));
        let ours = ["evcxr", "src/lib.rs", "CandlewickTypeProbe", "run_user_code"];
        ours.iter().for_each(|ours| assert!(!shown.contains(ours), "{code}: {ours}\n{shown}"));
    };
    check(
        "let x: i32 = \"a\";",
        &[
            "CompileError: cell 2, line 1, column 14: mismatched types: expected `i32`, found `&str`\n",
            "error[E0308]: mismatched types\n --> cell 2:1:14\n  |\n1 | let x: i32 = \"a\";\n  |        ---   ^^^ expected `i32`, \
             found `&str`\n  |        |\n  |        expected due to this\n",
            "`:explain E0308`",
        ],
    );
    check(
        "let x = 1;\nlet y: String = x;\nundefined(y);",
        &[
            "(and 1 more error)",
            "help: try using a conversion method\n  |\n2 | let y: String = x.to_string();\n  |                  ++++++++++++\n",
            "\n\nerror[E0425]: cannot find function `undefined` in this scope\n --> cell 2:3:1\n",
        ],
    );
    // A place in an earlier cell, a replacement.
    check(
        "two(1);",
        &[
            "1 | two(1);\n  | ^^^--- argument #2 of type `&str` is missing\n",
            "note: function defined here\n --> cell 1:1:4\n  |\n1 | fn two(a: i32, b: &str) {}\n  |    ^^^         -------\n",
            "1 - two(1);\n1 + two(1, /* &str */);",
        ],
    );
    check("let a = 1; two(a, 5); two(\"ä\", \"b\")", &["cell 2:1:19", "cell 2:1:27\n", "--- ^^^ expected `i32`"]);
    check(
        "two(\n  1,\n  2\n)",
        &["cell 2, line 3, column 3: mismatched types", "1 | two(\n  | --- ", "...\n3 |   2\n"],
    );
    check(
        "let q = if true {\n    1\n} else {\n    \"a\"\n};",
        &["1 |   let q = if true {\n  |  _________-\n2 | |     1\n", "4 | |     \"a\"\n  | |     ^^^ expected integer"],
    );
    check("fn g() -> i32 {\n    \"größe\"\n}\ng()", &["2 |     \"größe\"\n  |     ^^^^^^^ expected `i32`"]);
    check("let größe = 1; größe + undefined", &["cell 2:1:24\n", "  |                        ^^^^^^^^^"]);
    // Imports: in a check they stand as they are, in a build evcxr writes them.
    for more in ["", "\nlet x = 1;"] {
        let code = format!("use std::{{fmt::Write,\n  collections::{{HashMap, HashMop}}}};{more}");
        check(&code, &["cell 2, line 2, column 26: unresolved import `std::collections::HashMop`", "^^^^^^^"]);
        check(&format!("use std::colections::HashMap;{more}"), &["cell 2:1:10\n", "^^^^^^^^^^ could not find"]);
    }
    check("let m = HashMap::from([(1, 2)]);", &["help: consider importing", "1 + use std::collections::HashMap;"]);
    check("regex::Regex::new(\"a\")", &["write `:dep regex` in a line before the cell's code"]);
    check("let z = 5 let w = 6;", &["expected `;`, found keyword `let`", "1 | let z = 5; let w = 6;\n  |          +"]);
    check("let y = match 1u8 { 0 => 1, 1 => 2 };", &["error[E0004]", "= note: the matched value is of type `u8`"]);
    check("struct W;\nprintln!(\"{}\", W);", &["cell 2:2:16", "`W` doesn't implement `Display`"]);
    check("struct W;\nlet w = W; w.foo()", &["cell 2:2:14\n", "1 | struct W;\n  | -------- method `foo` not found"]);
    check("let u: u8 = 256;", &["literal out of range for `u8`", "= note: `#[deny(overflowing_literals)]`"]);
    check("let t = s; s.len()", &["borrow of moved value: `s`"]);
    // Below a short text: brackets and strings.
    check("let z = (1 +;", &["SyntaxError: cell 2, line 1, column 9: `(` is not closed\n", "  |         ^"]);
    check("f(])", &["`(` is closed by `]`"]);
    check("let s2 = \"abc;", &["cell 2, line 1, column 10: this string has no closing `\"`"]);
    check("let x = 1;\n:vars", &["CommandError: cell 2, line 2, column 1: `:vars` stands below code"]);
    check(":type s.len() + \"a\"", &["cell 2, line 1, column 15: cannot add `&str` to `usize`"]);
    check("n += 1; undefined", &["cell 2:1:9\n"]);
    // A macro of the cell; a change in another cell.
    let called = "1 | macro_rules! sq { ($x:expr) => { $x * $x } }\n  |                                     ^\n2 | sq!(\"a\")\n  | \
                  -------- in this macro invocation\n";
    check("macro_rules! sq { ($x:expr) => { $x * $x } }\nsq!(\"a\")", &["cell 2:1:37\n", called]);
    check(
        "format!(\"{:?}\", Old::new())",
        &["help: consider annotating", "\n --> cell 1:2:1\n  |\n2 + #[derive(Debug)]"],
    );
}

#[test]
fn what_cells_ask_for_beyond_rust_is_advised() {
    let mut stage = Stage::new();
    stage.cell(BEFORE).unwrap();
    let mut check = |code: &str, expect: &[&str]| {
        stage.cells = 1;
        let shown = failing(&mut stage, code);
        expect.iter().for_each(|expect| assert!(shown.contains(expect), "{code}\n--- lacks\n{expect}\n---\n{shown}"));
    };
    check("let x = Default::default();", &["TypeError: cell 2, line 1, column 5: type annotations needed for `x`"]);
    check("let v = Vec::new();", &["all that is known is `Vec<_>`", "`let v: Vec<f64> = …;`"]);
    let closures = "let f = |x: f64| x + 1.0;\nlet i = [1].iter().map(|x| x + 1);";
    check(
        closures,
        &["`let f: Box<dyn Fn(f64) -> …> = Box::new(|x: f64| x + 1.0);`", "cell 2:2:5\n", "`.collect::<Vec<_>>()`"],
    );
    check(
        "let s = candlewick::secret();",
        &["cell 2:1:5\n", "`s` is of type `core_of_it::hidden::Secret`, which cannot be"],
    );
    check(
        "let a = String::new();\nlet r = &a;",
        &[
            "`a` does not live long enough",
            "1 | let a = String::new();\n  |     - binding `a` declared here\n2 | let r = &a;\n  |     -   ^^ borrowed value",
            "`r` stays for later cells, so it cannot hold a reference to another variable",
            "or put the code that uses it into braces",
        ],
    );
    check("let a = String::new();\nlet r: &str = &a;", &["cell 2:2:15\n", "`r` stays for later cells"]);
    check(
        "impl Old { fn third() {} fn new() -> Old { Old { x: 3 } } }",
        &["cell 2, line 1, column 26", "an earlier cell has it"],
    );
    check("let (a, b);", &["declare each variable by itself"]);
    check(
        "struct Deep;\nlet d = { struct Inner; Inner };",
        &["cell 2, line 2, column 5", "`Inner`, which cannot be named"],
    );
}

#[test]
fn an_impl_may_run_again() {
    let mut stage = Stage::new();
    stage.cell(BEFORE).unwrap();
    for x in 5..8 {
        stage.cell(&format!("impl Clone for Old {{ fn clone(&self) -> Old {{ Old {{ x: {x} }} }} }}")).unwrap();
        stage.cell("impl Old { fn new() -> Old { Old { x: 3 } } fn other() {} }").unwrap();
    }
    let texts = stage.knowledge.texts.iter().filter(|item| item.text.contains("Clone for Old"));
    assert_eq!(texts.map(|item| item.text.contains("x: 7")).collect::<Vec<_>>(), [true]);
    // Another session begins from these texts, and the cells may run there again.
    stage.cell("use std::{fmt::Write as _, collections::{HashMap, BTreeMap as Tree}};\nuse std::rc::*;").unwrap();
    stage.cell("use std::collections::HashMap;").unwrap();
    let mut other = Stage::new();
    let sources = stage.knowledge.sources().concat();
    let is_keeper = |line: &&str| line.starts_with("const CANDLEWICK_IMPL_");
    assert_eq!(sources.lines().filter(is_keeper).count(), 2, "{sources}");
    // These lines are evcxr's; here they are written anew.
    let sources: Vec<&str> = sources.lines().filter(|line| !is_keeper(line)).collect();
    other.cell(&sources.join("\n")).unwrap();
    assert_eq!(other.knowledge.names(), ["two", "Old", "Tree", "HashMap"]);
    other.cell("impl Clone for Old { fn clone(&self) -> Old { Old { x: 9 } } }").unwrap();
    other.cell("let h: HashMap<u8, Rc<u8>> = HashMap::new();").unwrap();
}

#[test]
fn plugins_and_callables_are_told_of() {
    let mut stage = Stage::new();
    let plugin = "struct P;\nimpl candlewick::cells::Plugin for P {}";
    let (typed, ..) = stage.rust_cell(plugin, Some("mine")).unwrap();
    assert!(typed.text().ends_with("candlewick::cells::register!(\"mine\", P);\n"), "{}", typed.text());
    let problem = stage.rust_cell("struct Q(i32);\nimpl candlewick::cells::Plugin for Q {}", Some("mine")).unwrap_err();
    assert!(
        problem.message.starts_with("cell 2, line 2, column 36: the trait bound `Q: Default`"),
        "{}",
        problem.message
    );
    assert!(rows(&problem).contains("put `#[derive(Default)]` on it, or register it yourself"), "{}", rows(&problem));
    let problem =
        stage.rust_cell("struct R;\nimpl candlewick::cells::Plugin for R { fn x() {} }", Some("mine")).unwrap_err();
    assert!(
        problem.message.contains("cell 3, line 2, column 40: method `x` is not a member of trait"),
        "{}",
        problem.message
    );
}

#[test]
fn warnings_are_the_users_own() {
    let mut stage = Stage::new();
    let mut check = |code: &str, expect: Option<&str>| {
        stage.cells = 1;
        let (typed, diagnostics, source) = stage.cell(code).unwrap();
        let warnings = typed.warnings(&Compiled { diagnostics: &diagnostics, source: &source, errors: &[] });
        assert_eq!(warnings.as_ref().and_then(|bundle| bundle.get("text/plain")), expect, "{code}");
        let html = warnings.as_ref().and_then(|bundle| bundle.get("text/html"));
        assert!(html.is_none_or(|html| html.starts_with("<details><summary>") && !html.contains('\u{1b}')), "{html:?}");
    };
    check("let x = 1; let mut y = vec![x]; use std::fmt::Write; fn unused() {}", None);
    let two = "2 warnings:\n  cell 2, line 1, column 19: unused variable: `q`\n  cell 2, line 2, column 1: unused `Result` that \
               must be used";
    check(
        "let a = { let b = { let q = 5; 1 }; b };\nOk::<i32, String>(1);",
        Some(&two.replace("column 19", "column 25")),
    );
    check("let _ = a;", None);
    check("fn f() { let z = 1; }", Some("1 warning:\n  cell 2, line 1, column 14: unused variable: `z`"));
    // Those of earlier cells' items are not told again.
    check("f()", None);
}

#[test]
fn lines_of_a_build_are_known() {
    let mut stage = Stage::new();
    let check = |stage: &mut Stage, code: &str, expect: &[(&str, &str, u32)]| {
        let (typed, _, source) = stage.cell(code).unwrap();
        let found = typed.lines(&source);
        let lines: Vec<&str> = source.lines().collect();
        for (text, cell, line) in expect {
            let places: Vec<u32> = (1..).zip(&lines).filter(|(_, other)| **other == *text).map(|(at, _)| at).collect();
            let of = |at: &u32| found.iter().find(|found| (found.built..found.built + found.count).contains(at));
            let known: Vec<(&str, u32)> =
                places.iter().filter_map(|at| of(at).map(|of| (of.source.as_str(), of.line + at - of.built))).collect();
            assert!(known.contains(&(*cell, *line)), "{text}: {known:?} of {found:?}\n{source}");
        }
    };
    let first = "fn f(x: i32) -> i32 {\n    if x > 2 { panic!(\"boom\") }\n    x\n}\n\nf(1);\nf(1);\n";
    check(&mut stage, first, &[("    x", "cell 1", 3), ("f(1);", "cell 1", 6), ("f(1);", "cell 1", 7)]);
    let second = "\nmod m {\n    pub fn g() {\n        super::f(5);\n    }\n}\nlet v = 1; m::g();\nf(v)";
    check(
        &mut stage,
        second,
        &[
            ("        super::f(5);", "cell 2", 4),
            ("    if x > 2 { panic!(\"boom\") }", "cell 1", 2),
            ("m::g();", "cell 2", 7),
        ],
    );
    // A text that stands twice: as an item, and in another one.
    let twice = "fn g() {\n    f(1);\n}\nmod n {\nfn g() {\n    f(1);\n}\nfn f(x: i32) {}\n}";
    check(&mut stage, twice, &[("    f(1);", "cell 3", 2), ("    f(1);", "cell 3", 6), ("    x", "cell 1", 3)]);
}

#[test]
fn commands_are_answered() {
    let mut stage = Stage::new();
    stage.cell(BEFORE).unwrap();
    stage.cell("let x: i32 = \"a\";").unwrap_err();
    let mut check = |code: &str, expect: &str| {
        let (typed, ..) = stage.cell(code).unwrap();
        let shown = typed.shown(&stage.knowledge).unwrap();
        assert_eq!(shown.get("text/plain").unwrap(), expect, "{code}");
    };
    check(":vars\n:type n\n:type s.as_bytes()", "n: i32\ns.as_bytes(): &[u8]\nn  i32\ns  String");
    check(":type |x: i32| x", "|x: i32| x: {closure}");
    check("  :type n + 1\n// why\nlet k = 2;\n", "n + 1: i32");
}
