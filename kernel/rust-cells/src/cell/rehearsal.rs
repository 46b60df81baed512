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
        let variables = variables(&typed);
        let source = self.assembled(&typed.written, false, &variables);
        let diagnostics = self.rustc(&source);
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

/// The variables of a cell with their types, from the lines that bind them.
fn variables(typed: &Typed) -> Vec<(String, String)> {
    let lines = typed.written.text.lines().zip(&typed.written.lines);
    let bound = lines.filter_map(|(line, origin)| {
        let Origin::Binding(index) = origin else { return None };
        let name = typed.prepared.draft.variables[*index].name.clone();
        let ty = line.split_once(": ")?.1;
        Some((name, ty.split_once(" = ").map_or(ty, |(ty, _)| ty).to_owned()))
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
        "x: for<'a> fn(&'a str) -> &'a str",
        "y: std::result::Result<u8, std::num::ParseIntError>",
    ];
    assert_eq!(found, expect, "{}", typed.text());
}

#[test]
fn show_all() {
    let mut stage = Stage::new();
    stage.cell("fn two(a: i32, b: &str) {}\nstruct Old { x: i32 }\nimpl Old { fn new() -> Old { Old { x: 1 } } }\nimpl Clone for Old { fn clone(&self) -> Old { Old { x: 2 } } }\nlet s = String::from(\"a\"); let n = 1;").unwrap();
    for code in [
        "let x: i32 = \"a\";",
        "let x = 1;\nlet y: String = x;\nundefined(y);",
        "two(1);\n",
        "use std::colections::HashMap;\nlet x = HashMap::new();",
        "use std::{collections::{HashMap, HashMop}};\n1",
        "let m = HashMap::from([(1, 2)]);",
        "let x = Default::default();",
        "let v = Vec::new();",
        "let f = |x: f64| x + 1.0;\nlet i = [1].iter().map(|x| x + 1);",
        "let s = candlewick::secret();",
        "n += 1;",
        "impl Clone for Old { fn clone(&self) -> Old { Old { x: 2 } } }",
        "let q = if true {\n    1\n} else {\n    \"a\"\n};",
        "fn g() -> i32 {\n    \"größe\"\n}\ng()",
        "let a = 1; two(a, 5); two(\"ä\", \"b\")",
        "let t = s; s.len()",
        "regex::Regex::new(\"a\")",
        "use regex::Regex;",
        "let y = match 1u8 { 0 => 1, 1 => 2 };",
        "let z = 5 let w = 6;",
        "let z = (1 +;",
        "fn f( { }",
        "f(])",
        "let s2 = \"abc;",
        "two(\n  1,\n  2\n)",
        ":type s.len() + \"a\"",
        "let u: u8 = 256;",
        "struct W;\nprintln!(\"{}\", W);",
        "n.foo()",
        "Old::new().y",
        "for i in 0..3 { two(i) }",
        "let o = Old { x: 1, z: 2 };",
        "let r: &str = &s;",
    ] {
        match stage.cell(code) {
            Ok((typed, diagnostics, source)) => {
                let w = typed.warnings(&Compiled { diagnostics: &diagnostics, source: &source, errors: &[] });
                println!(
                    "=== {code}\nOK {:?} {:?}",
                    typed.shown(&stage.knowledge),
                    w.map(|w| w.get("text/plain").unwrap().to_owned())
                );
            }
            Err(problem) => println!("=== {code}\n{}: {}\n{}", problem.name, problem.message, rows(&problem)),
        }
    }
}
