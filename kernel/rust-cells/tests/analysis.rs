//! Completion and hover in Rust cells, without the component rust-src: tables of cells and what is expected of them.

#![allow(clippy::expect_used)] // readers outside `#[test]` functions expect too

use candlewick_link::{CompletionKind, Completions};
use candlewick_rust_cells::{Analysis, Known};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// Long enough for any machine: these tests ask what is answered, not how fast.
const LONG: Duration = Duration::from_secs(300);

/// One analysis for all tests, ready.
fn analysis() -> &'static Analysis {
    static SHARED: OnceLock<Analysis> = OnceLock::new();
    SHARED.get_or_init(|| ready(Analysis::new(None).with_limit(LONG)))
}

fn ready(analysis: Analysis) -> Analysis {
    let begun = Instant::now();
    analysis.warm();
    while !analysis.is_ready() {
        assert!(begun.elapsed() < LONG, "the sources are never read");
        std::thread::sleep(Duration::from_millis(5));
    }
    analysis
}

fn known() -> Known {
    let items = [
        "/// What is trained.\n#[derive(Clone, Debug)]\nstruct Model { linear: candle_nn::Linear, wide: usize }",
        "impl Model { fn grow(&mut self, by: usize) -> usize { self.wide += by; self.wide } }",
        "use std::collections::HashMap;",
    ];
    let variables = [("weights", "candle_core::Tensor"), ("model", "Model"), ("names", "Vec<String>")];
    Known {
        items: items.map(str::to_owned).into(),
        variables: variables.map(|(name, kind)| (name.to_owned(), kind.to_owned())).into(),
        dependencies: vec!["some-crate = \"1\"".to_owned()],
    }
}

/// The cell without its `|`, and where that stood, in code points.
fn cursor(cell: &str) -> (String, usize) {
    let (before, after) = cell.split_once('|').expect("a cell has a cursor");
    (format!("{before}{after}"), before.chars().count())
}

fn complete(cell: &str) -> Completions {
    let (code, at) = cursor(cell);
    analysis().complete(&known(), &code, at)
}

fn texts(found: &Completions) -> Vec<&str> {
    found.matches.iter().map(|one| one.text.as_str()).collect()
}

#[test]
fn candidates_stand_where_they_are_wanted() {
    let check = |cell: &str, expect: &[&str]| {
        let found = complete(cell);
        let texts = texts(&found);
        let missing: Vec<_> = expect.iter().filter(|one| !texts.contains(one)).collect();
        assert!(missing.is_empty(), "{cell:?} has no {missing:?}: {texts:?}");
    };
    // Members of what the session has, and of what calls give.
    check("%%rust\nweights.mat|", &["matmul("]);
    check("weights.di|", &["dims()", "dim(", "dims2()"]);
    check("let u = weights.matmul(&weights)?;\nu.su|", &["sum_all()", "sum("]);
    check("let s = weights.sum_all()?.to_scalar::<f32>()?;\ns.po|", &["powi("]);
    check("model.|", &["linear", "wide", "grow(", "clone()"]);
    check("model.linear.we|", &["weight()"]);
    check("for name in names.iter().enum|", &["enumerate()"]);
    check("for (n, name) in names.iter().enumerate() { name.push| }", &["push_str("]);
    check("let n: Vec<usize> = names.iter().map(String::le|).collect();", &["len("]);
    check("Some(1u8).unw|", &["unwrap()", "unwrap_or("]);
    check("vec![1u8, 2].le|", &["len()"]);
    check("1.5f64.sq|", &["sqrt()"]);
    check("let mut m = HashMap::new(); m.insert(\"a\", 1u8); m.ke|", &["keys()"]);
    check("format!(\"{}\", weights.ra|)", &["rank()"]);
    // Paths.
    check("Tensor::ze|", &["zeros(", "zeros_like("]);
    check("DType::|", &["F32", "BF16", "U8"]);
    check("Device::C|", &["Cpu"]);
    check("candle_nn::lin|", &["linear(", "Linear", "linear_no_bias("]);
    check("use candle_nn::|", &["Linear", "VarBuilder", "ops", "loss"]);
    check("use std::coll|", &["collections"]);
    check("use candlewick::pre|", &["prelude"]);
    check("let hook = Hook::EndE|", &["EndEpoch"]);
    // The notebook's session and what else cells have.
    check("session().|", &["get(", "set(", "names()", "remove("]);
    check("session().get::<Ten|", &["Tensor"]);
    check("let t = session().get::<Tensor>(\"x\")?;\nt.mat|", &["matmul("]);
    check("let net = session().get::<Net>(\"net\")?;\nnet.pre|", &["predict("]);
    check("inter|", &["interrupted()"]);
    check("candlewick::cells::sh|", &["show!("]);
    check("regis|", &["register(", "register!("]);
    // Names.
    check("mod|", &["model", "Model", "mod"]);
    check("let x: Ten| = weights;", &["Tensor"]);
    check("printl|", &["println!("]);
    check("ve|", &["vec!["]);
    check("ret|", &["return"]);
    check("some_|", &["some_crate"]);
    check("%%rust\n:v|\nlet x = 1;", &[":vars"]);
    check("%%rust\n:type weights.mat|", &["matmul("]);
    // Fields and variants.
    check("let m = Model { li| };", &["linear"]);
    check("let mine = 1;\nlet other = mi|;", &["mine"]);
    check("fn helper(count: usize) -> usize { cou| }", &["count"]);
    check("enum Kind { Small, Large }\nlet k = Kind::L|;", &["Large"]);
    check("#[derive(De|)]\nstruct A;", &["Debug", "Default"]);
}

#[test]
fn methods_of_a_trait_are_offered_whole() {
    let check = |cell: &str, expect: &[&str]| {
        let found = complete(cell);
        for start in expect {
            assert!(found.matches.iter().any(|one| one.text.starts_with(start)), "{cell:?}: {:?}", texts(&found));
        }
    };
    check(
        "struct P;\nimpl Plugin for P {\n    |\n}",
        &[
            "fn metadata(&self) -> Metadata {",
            "fn end_epoch(&mut self, ctx: &mut Context) -> Result<(), PluginError> {",
        ],
    );
    check(
        "struct P;\nimpl Plugin for P {\n    fn end_tr|\n}",
        &["fn end_training_batch(&mut self, ctx: &mut Context)"],
    );
    check("struct L;\nimpl Module for L {\n    fn |\n}", &["fn forward(&self, xs: &Tensor) -> "]);
    check(
        "struct O;\nimpl candle_core::CustomOp1 for O { | }",
        &["fn cpu_fwd(", "fn bwd(", "fn name(&self) -> &'static str {"],
    );
}

#[test]
fn what_is_replaced_is_the_word() {
    let check = |cell: &str, expect: (usize, usize)| {
        let found = complete(cell);
        assert_eq!((found.start, found.end), expect, "{cell:?}");
    };
    check("%%rust\nweights.mat|", (15, 18));
    check("let é = \"ü\"; weights.mat|", (21, 24));
    check("weights.mat|mul", (8, 14));
    check("weights.|", (8, 8));
    check("struct P;\nimpl Plugin for P { fn end_ep| }", (30, 39));
}

#[test]
fn the_best_comes_first() {
    let check = |cell: &str, expect: &str| {
        let found = complete(cell);
        assert_eq!(found.matches.first().map(|one| one.text.as_str()), Some(expect), "{cell:?}: {:?}", texts(&found));
    };
    check("w|", "weights");
    check("let model2 = 1; mod|", "model");
    check("model.|", "linear");
    check("Ten|", "Tensor");
    check("Tensor::zeros_l|", "zeros_like(");
}

#[test]
fn a_candidate_has_its_kind_and_signature() {
    let check = |cell: &str, text: &str, kind: CompletionKind, signature: &str| {
        let found = complete(cell);
        let one = found.matches.iter().find(|one| one.text == text);
        let one = one.unwrap_or_else(|| panic!("{cell:?} has no {text}: {:?}", texts(&found)));
        assert_eq!(one.kind, kind, "{cell:?}");
        assert!(one.signature.contains(signature), "{cell:?}: {}", one.signature);
    };
    check("weights.matm|", "matmul(", CompletionKind::Function, "fn matmul(&self, rhs: &Self) -> Result<Self>");
    check("weig|", "weights", CompletionKind::Instance, "Tensor");
    check("model.wi|", "wide", CompletionKind::Property, "usize");
    check("retu|", "return", CompletionKind::Keyword, "");
    check("use candle_nn::lo|", "loss", CompletionKind::Module, "");
    check("println|", "println!(", CompletionKind::Function, "println");
    check("Mod|", "Model", CompletionKind::Value, "Model");
}

#[test]
fn nothing_of_our_own_shows() {
    let found = complete("|");
    assert!(found.matches.len() <= 200, "{}", found.matches.len());
    assert!(!found.matches.is_empty());
    for cell in ["|", "ce|", "ev|", "_|"] {
        assert!(
            !texts(&complete(cell)).iter().any(|text| text.contains("cell_body") || text.contains("evcxr")),
            "{cell}"
        );
    }
    for cell in ["%%ru|st\n1", "%%rust\n:de|p", "// wei|", "\"wei|\"", "0.|"] {
        assert!(!texts(&complete(cell)).contains(&"weights"), "{cell}");
    }
}

#[test]
fn hover_tells_signature_and_documentation() {
    let check = |cell: &str, expect: &[&str]| {
        let (code, at) = cursor(cell);
        let found = analysis().inspect(&known(), &code, at, 1).unwrap_or_else(|| panic!("nothing at {cell:?}"));
        let text = found.bundle.get("text/plain").expect("a text");
        let markdown = found.bundle.get("text/markdown").expect("Markdown");
        for part in expect {
            assert!(text.contains(part) && markdown.contains(part), "{cell:?} has no {part:?}: {text}");
        }
    };
    check(
        "%%rust\nweights.mat|mul(&weights)?",
        &["fn matmul(&self, rhs: &Self) -> Result<Self>", "matrix-multiplication"],
    );
    check("weights.matmul(|", &["fn matmul"]);
    check("wei|ghts", &["weights: Tensor"]);
    check("Mod|el { }", &["struct Model", "What is trained."]);
    check("model.gr|ow(1)", &["fn grow(&mut self, by: usize) -> usize"]);
    check("let total = weights.sum_all()?;\ntot|al", &["total: Tensor"]);
    check("struct P;\nimpl Plu|gin for P {}", &["trait Plugin"]);
    check(
        "#[callable]\n/// Twice as much.\nfn dou|ble(x: f64) -> f64 { 2.0 * x }",
        &["fn double(x: f64) -> f64", "Twice as much."],
    );
    check("DType::F3|2", &["F32"]);
    check("ses|sion()", &["fn session() -> Session", "The notebook's session"]);
    check("session().ge|t::<Tensor>(\"x\")?", &["fn get<T>", "The value of a variable."]);
    check("%%rust\n:va|rs", &[":vars"]);
    check("%%rust\n:type wei|ghts", &["weights: Tensor"]);
}

#[test]
fn the_short_form_is_shorter() {
    let (code, at) = cursor("Tensor::ar|ange(0f32, 1., &Device::Cpu)");
    let text = |detail| {
        let found = analysis().inspect(&known(), &code, at, detail).expect("arange is known");
        found.bundle.get("text/plain").expect("a text").to_owned()
    };
    assert!(text(0).contains("pub fn arange"));
    assert!(text(1).starts_with(&text(0)) && text(1).len() > text(0).len(), "{}\n\n{}", text(0), text(1));
}

#[test]
fn nothing_known_is_no_inspection() {
    for cell in ["|", "%%ru|st\n", "nobody_|knows", ":xy|z"] {
        let (code, at) = cursor(cell);
        assert_eq!(analysis().inspect(&known(), &code, at, 0), None, "{cell}");
    }
}

#[test]
fn half_written_and_odd_cells_are_answered() {
    let check = |cell: &str| {
        let (code, at) = cursor(cell);
        let found = analysis().complete(&known(), &code, at);
        assert!(found.start <= found.end && found.end <= code.chars().count(), "{cell:?}: {found:?}");
        drop(analysis().inspect(&known(), &code, at, 1));
    };
    for cell in [
        "}|",
        "{{{|",
        "impl |",
        "impl Plugin for |",
        "let |",
        "let x = |",
        "match model { |",
        "fn f(|",
        "\"|",
        "r#\"|",
        "'|",
        "/*|",
        "#[|",
        "#![|",
        "macro_rules! m { ($x:expr) => { $x.| } }",
        "m!(|)",
        "use |",
        "use ::|",
        "weights.matmul(&weights)?.|)?;",
        "struct S { a: | }",
        "async { weights.|.await }",
        "\u{0}|",
        "\r\n|\r\n",
        "mod m { use super::*; fn f() { wei| } }",
        "let x: Vec<Vec<| ",
        "weights..|",
        "for |",
        "0..|",
        "🦀.|",
        "\u{feff}wei|",
    ] {
        check(cell);
    }
}

#[test]
fn broken_items_of_the_session_do_no_harm() {
    let mut known = known();
    known.items.push("fn broken( {".to_owned());
    known.variables.push(("odd".to_owned(), "Nowhere<'_, {".to_owned()));
    drop(analysis().complete(&known, "weights.ma", 10));
    let found = analysis().complete(&self::known(), "weights.mat", 11);
    assert_eq!(texts(&found), ["matmul("]);
}

#[test]
fn what_is_too_much_is_answered_with_what_is_known_at_once() {
    let check = |before: String| {
        let code = format!("{before}\nwei");
        let found = analysis().complete(&known(), &code, code.chars().count());
        assert_eq!(texts(&found), ["weights"]);
        assert_eq!(analysis().inspect(&known(), &code, code.chars().count(), 0), None);
    };
    check("let x = 1;\n".repeat(1_000_000));
    check("(".repeat(100_000));
    check("-".repeat(100_000));
}

#[test]
fn what_nests_within_the_bounds_ends_nothing() {
    // Some of these take rust-analyzer long: that they are given up is fine.
    let analysis = ready(Analysis::new(None).with_limit(Duration::from_millis(300)));
    let check = |part: &str, times: usize| {
        let code = format!("let x = {}wei", part.repeat(times));
        let found = analysis.complete(&known(), &code, code.chars().count());
        assert_eq!(found.end, code.chars().count(), "{part}");
    };
    check("1 + ", 1_200);
    check("-", 4_900);
    check("&", 4_900);
    check("|x| ", 1_200);
    check("weights.sqrt()?.", 300);
    check("if true {} else ", 20_000);
    check("match 1 { _ => ", 190);
    check("x = ", 1_200);
    check("return ", 700);
}

#[test]
fn before_the_sources_are_read_there_is_an_answer_at_once() {
    let analysis = Analysis::new(None).with_limit(LONG);
    assert!(!analysis.is_ready());
    let found = analysis.complete(&known(), "wei", 3);
    assert_eq!(texts(&found), ["weights"]);
    assert_eq!(analysis.inspect(&known(), "weights", 3, 0), None);
    // The question began the reading; what was read can be forgotten, and is read again.
    let analysis = ready(analysis);
    assert_eq!(texts(&analysis.complete(&known(), "weights.mat", 11)), ["matmul("]);
    analysis.unload();
    assert!(!analysis.is_ready());
    let analysis = ready(analysis);
    assert_eq!(texts(&analysis.complete(&known(), "weights.mat", 11)), ["matmul("]);
}

#[test]
fn an_answer_that_takes_too_long_is_given_up() {
    let analysis = ready(Analysis::new(None).with_limit(Duration::ZERO));
    let found = analysis.complete(&known(), "let u = weights.matmul(&weights)?; wei", 38);
    assert!(texts(&found).contains(&"weights"));
    // It gives up, and what was read stays.
    ready(analysis);
}

#[test]
fn a_rust_src_that_is_not_there_is_replaced() {
    let analysis = ready(Analysis::new(Some(std::path::Path::new("nowhere/library"))).with_limit(LONG));
    assert_eq!(texts(&analysis.complete(&known(), "weights.mat", 11)), ["matmul("]);
}
