//! What stands at a cursor, as the kernel process asks for it. `‸` marks the cursor.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{Bundle, FromWorker, Is, Request};
use common::Bench;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.text(
        "let counter = 1; let settings = #{ alpha: 1.5, beta: #{ gamma: 2 } }; const COUNT = 3; \
         let t = tensor([[1, 2], [3, 4]]); let table = frame(#{ height: [1, 2], species: [\"a\", \"<b>\"] });",
    );
    bench.text("/// Doubles a number.\n/// Twice <that>.\nfn double(x) {\n    x * 2\n}");
    bench.text("let net = sequential([linear(4, 3)]); let data = dataset(\"iris\"); let run = fit(net, data);");
    bench
}

fn ask(bench: &mut Bench, code: &str, detail: u8) -> Option<Bundle> {
    let cursor = code.chars().position(|c| c == '‸').unwrap();
    let code = code.replace('‸', "");
    let mut sent = bench.request(Request::Inspect { code, cursor, detail });
    match sent.pop() {
        Some(FromWorker::Reply { is: Is::Inspection(found), .. }) => found.map(|found| found.bundle),
        other => panic!("{other:?}"),
    }
}

#[test]
fn names_are_explained() {
    let mut bench = bench();
    let mut wrong = Vec::new();
    let mut check = |code: &str, expect: Option<&str>| {
        let found = ask(&mut bench, code, 0);
        let text = found.as_ref().and_then(|bundle| bundle.get("text/plain"));
        let lines = text.map(|text| text.lines().map(str::trim).collect::<Vec<_>>().join("|"));
        let right = match (&lines, expect) {
            (Some(lines), Some(expect)) => lines.starts_with(expect),
            (lines, expect) => lines.as_deref() == expect,
        };
        if !right {
            wrong.push(format!("{code}: {lines:?}, not {expect:?}"));
        }
    };
    check("cou‸nter + 1", Some("counter: i64|1"));
    check("counter‸ + 1", Some("counter: i64|1"));
    check("COUNT‸", Some("constant COUNT: i64|3"));
    check("settings.al‸pha", Some("alpha: f64|1.5"));
    check("settings.beta‸", Some("beta: map|length  1|#{ gamma: 2 }"));
    check("t‸", Some("t: tensor|shape   [2, 2]|dtype   f32|size    16 B|device  cpu|"));
    check("table‸", Some("table: frame|size    2 rows × 2 columns|schema  height: f64, species: str|"));
    check("net‸", Some("net: net|layers      1|parameters  15|size        60 B|"));
    check("data‸", Some("data: dataset|examples  150|inputs    [150, 4] f32|targets   [150] u32|"));
    check("run‸", Some("run: run|state           paused|epoch           1 of 1|training steps  0|run "));
    check("double(‸", Some("fn double(x)|Doubles a number.|Twice <that>.|defined in  cell 2"));
    check("double‸(2)", Some("fn double(x)|Doubles a number."));
    check("dis‸play(1)", Some("display(value) -> display|shows a value now; the handle it returns replaces"));
    check("fit(net, ‸", Some("fit(net, data) or fit(net, data, options) -> run|"));
    check("fit(net, data, #{ ‸", Some("fit(net, data) or"));
    check("fit(net, data, #{ ep‸ochs: 3 })", Some("epochs, an option of fit|how often the data is gone through"));
    check("fit(net, data, #{ lr‸: 3 })", Some("learning_rate, an option of fit|"));
    check("linear(2, 3, #{ bi‸as: false })", Some("bias, an option of linear|"));
    check("t.mat‸mul(t)", Some("tensor.matmul(other) -> tensor|"));
    check("t.matmul(t).re‸shape([4])", Some("tensor.reshape(shape) -> tensor|"));
    check("data.re‸shape([4])", Some("dataset.reshape(shape) -> dataset|"));
    check("unknown_thing.mat‸mul(t)", Some("tensor.matmul(other) -> tensor|"));
    check("[1].pu‸sh(2)", Some("push(array: &mut array, "));
    check("run.run_until(\"end_ep‸och\")", Some("fn end_epoch(ctx)|called at the end of each epoch"));
    check("%%plugin p\nfn end_ep‸och(ctx) { }", Some("fn end_epoch(ctx)|called at the end of each epoch"));
    check("%%plugin p\nfn end_epoch(ctx) { ctx.lo‸ss }", Some("ctx.loss|"));
    check("%%plugin p\nfn end_epoch(ctx) { counter‸ }", None);
    check("%%plu‸gin p", Some("%%plugin NAME [key=value …]|registers the rest"));
    check("%wh‸o", Some("%who|names the variables"));
    check("%time cou‸nter", Some("counter: i64|1"));
    check("%help fi‸t", Some("fit(net, data) or"));
    check("whi‸le true { }", Some("while condition { … }|repeats a block"));
    check("let local = [1]; local‸", Some("local: array"));
    check("fn f(x) { x‸", Some("x: not known before it runs"));
    check("nothing_here‸", None);
    check("// counter‸", None);
    check("\"counter‸\"", None);
    check("‸", None);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn one_answer_in_three_formats() {
    let mut bench = bench();
    for code in ["table‸", "double‸", "fit‸", "%who‸", "t.matmul‸"] {
        let found = ask(&mut bench, code, 0).unwrap();
        assert_eq!(found.data.len(), 3, "{code}");
        assert!(found.get("text/html").is_some() && found.get("text/markdown").is_some(), "{code}");
    }
    let double = ask(&mut bench, "double‸", 0).unwrap();
    assert!(double.get("text/html").unwrap().contains("Twice &lt;that&gt;."));
    assert!(double.get("text/markdown").unwrap().contains("Twice \\<that\\>."));
    assert!(ask(&mut bench, "table‸", 0).unwrap().get("text/html").unwrap().contains("&lt;b&gt;"));
}

#[test]
fn more_detail_is_more() {
    let mut bench = bench();
    bench.text("let long = []; for i in 0..90 { long.push(`text number ${i} of all of them`); }");
    let mut text = |code: &str, detail| ask(&mut bench, code, detail).unwrap().get("text/plain").unwrap().to_owned();
    assert!(!text("double‸", 0).contains("x * 2"));
    assert!(text("double‸", 1).contains("fn double(x) {\n    x * 2\n}"));
    assert!(text("long‸", 0).ends_with(" …") && !text("long‸", 0).contains("number 89"));
    assert!(text("long‸", 1).contains("number 89"));
}

#[test]
fn help_pages_in_three_formats() {
    let mut bench = bench();
    let mut page = |code: &str| {
        let (_, finished) = bench.run(code);
        assert_eq!(finished.problem, None, "{code}");
        let [page] = &finished.pages[..] else { panic!("{:?}", finished.pages) };
        page.clone()
    };
    let fit = page("%help fit");
    let text = fit.get("text/plain").unwrap();
    assert!(text.starts_with("fit(net, data) or") && text.contains("\nbatch_size "), "{text}");
    assert!(
        fit.get("text/html").unwrap().contains("<td") && fit.get("text/markdown").unwrap().contains("| epochs |")
            || fit.get("text/markdown").unwrap().contains("| batch\\_size |")
    );
    assert!(page("%help").get("text/plain").unwrap().contains("%%plugin NAME"));
    assert!(page("%help %who").get("text/plain").unwrap().starts_with("%who\n"));
    assert!(page("%help while").get("text/plain").unwrap().starts_with("while condition"));
    assert!(page("%help end_epoch").get("text/plain").unwrap().starts_with("fn end_epoch(ctx)"));
    let (_, finished) = bench.run("%help fiit");
    assert!(finished.problem.unwrap().message.contains("did you mean `fit`?"));
}
