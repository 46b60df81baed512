//! Candidates at a cursor, as the kernel process asks for them. `‸` marks the cursor; without it, it is at the end.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use candlewick_link::{CompletionKind, Completions, FromWorker, Is, Request};
use common::Bench;

fn bench() -> Bench {
    let mut bench = Bench::new();
    bench.text(
        "let counter = 1; let settings = #{ alpha: 1, beta: #{ gamma: 2 }, \"not a name\": 3 }; const COUNT = 3; \
         let t = tensor([1]); let names = [\"x\", \"y\"]; let table = frame(#{ height: [1, 2], species: [\"a\", \"b\"] });",
    );
    bench.text("/// Doubles a number.\nfn double(x) { x * 2 }");
    bench.text("let net = sequential([linear(4, 3)]); let data = dataset(\"iris\"); let run = fit(net, data);");
    bench.text("%%plugin watch_loss\nfn end_epoch(ctx) { }");
    bench
}

fn ask(bench: &mut Bench, code: &str) -> Completions {
    let cursor = code.chars().position(|c| c == '‸').unwrap_or(code.chars().count());
    let code = code.replace('‸', "");
    let mut sent = bench.request(Request::Complete { code, cursor });
    match sent.pop() {
        Some(FromWorker::Reply { is: Is::Completions(found), .. }) => found,
        other => panic!("{other:?}"),
    }
}

fn texts(found: &Completions) -> Vec<&str> {
    found.matches.iter().map(|candidate| candidate.text.as_str()).collect()
}

/// Code, all candidates, and how much of the text before the cursor they replace.
type Case<'a> = (&'a str, &'a [&'a str], usize);

fn check(bench: &mut Bench, cases: &[Case]) {
    let mut wrong = Vec::new();
    for (code, expect, replaced) in cases {
        let found = ask(bench, code);
        let cursor = code.chars().position(|c| c == '‸').unwrap_or(code.chars().count());
        if (texts(&found), found.start, found.end) != (expect.to_vec(), cursor - replaced, cursor) {
            wrong.push(format!("{code}: {}..{} {:?}, not {expect:?}", found.start, found.end, texts(&found)));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn names_come_from_the_notebook_the_table_and_the_language() {
    let cases: &[Case] = &[
        ("coun", &["counter"], 4),
        ("coun‸ter + 1", &["counter"], 4),
        ("\"🦀\"; COU", &["COUNT"], 3),
        ("let s = \"👩‍👩‍👧\"; COU", &["COUNT"], 3),
        ("dou", &["double"], 3),
        ("displ", &["display"], 5),
        ("whi", &["while"], 3),
        ("parse_i", &["parse_int"], 7),
        ("passw", &["password"], 5),
        ("nothing_here.x", &[], 1),
        ("// coun", &[], 4),
        ("/* coun", &[], 4),
        ("12", &[], 2),
        ("1.5e", &[], 2),
        ("let coun", &[], 4),
        ("const COU", &[], 3),
        ("`${coun", &["counter"], 4),
        ("`coun", &[], 4),
        ("0..coun", &["counter"], 4),
        ("%%writefile x\ncoun", &[], 0),
        ("%%time\ncoun", &["counter"], 4),
        ("1;\n%time coun", &["counter"], 4),
    ];
    check(&mut bench(), cases);
}

#[test]
fn names_of_the_cell_itself_come_first_and_only_where_they_are_seen() {
    let cases: &[Case] = &[
        ("let country = 1; coun", &["country", "counter"], 4),
        ("fn f(counts) { let country = 1; coun", &["country", "counts"], 4),
        ("fn f(counts) { COU", &["COUNT"], 3),
        ("fn f(counts) { } coun", &["counter"], 4),
        ("fn country(a) { } coun", &["country", "counter"], 4),
        ("for county in 0..3 { coun", &["county", "counter"], 4),
        ("[1].map(|county| coun", &["county", "counter"], 4),
        ("[1].map(|county| 1); coun", &["counter"], 4),
        ("try { } catch (county) { coun", &["county", "counter"], 4),
        ("import \"tools\" as county; coun", &["county", "counter"], 4),
        ("let counter = 2; coun", &["counter"], 4),
    ];
    check(&mut bench(), cases);
}

#[test]
fn members_follow_from_values_literals_and_signatures() {
    let cases: &[Case] = &[
        ("settings.al", &["alpha"], 2),
        ("settings.no", &[], 2),
        ("settings.beta.g", &["gamma", "get"], 1),
        ("settings[\"beta\"].ga", &["gamma"], 2),
        ("t.sh", &["shape"], 2),
        ("t[0].sh", &["shape"], 2),
        ("t.matmul(t).sh", &["shape"], 2),
        ("(t.matmul(t)).sh", &["shape"], 2),
        ("t.sum().sh", &[], 2),
        ("t.sum(0).sh", &["shape"], 2),
        ("t.shape.le", &["len"], 2),
        ("fit(net, data).resu", &["resume"], 4),
        ("fit(net, data, #{ epochs: 3 }).resume().hist", &["history"], 4),
        ("run.history.hea", &["head"], 3),
        ("run.context.training_l", &["training_loss", "training_loss_total"], 10),
        ("table[\"height\"].is_em", &["is_empty"], 5),
        ("names[0].to_up", &["to_upper"], 5),
        ("[1, [2]].is_em", &["is_empty"], 5),
        ("\"a\".to_up", &["to_upper"], 5),
        ("'a'.to_up", &["to_upper"], 5),
        ("#{ inner: 1 }.inn", &["inner"], 3),
        ("\"a,b\".split(\",\").is_em", &["is_empty"], 5),
        ("let r = fit(net, data); r.resu", &["resume"], 4),
        ("let m = #{ first: #{ second: 1 } }; m.first.sec", &["second"], 3),
        ("let parts = data.split(0.2); parts[0].norm", &["normalize"], 4),
        ("let x = x; x.re", &[], 2),
        ("1 + t.sh", &["shape"], 2),
    ];
    check(&mut bench(), cases);
}

#[test]
fn options_and_texts_follow_from_the_table() {
    let cases: &[Case] = &[
        ("fit(net, data, #{ ep", &["epochs"], 2),
        ("fit(net, data, #{ epochs: 1, e", &[], 1),
        ("train(net, data, #{ epochs: 3, batch_s", &["batch_size"], 7),
        ("fit(net, data, #{ epochs: coun", &["counter"], 4),
        ("fit(net, data, #{ loss: \"cr", &["cross_entropy"], 2),
        ("fit(net, data, #{ device: \"", &["auto", "cpu", "cuda:0"], 0),
        ("fit(net, data, #{ metrics: [\"accuracy\", \"f1", &["f1_score"], 2),
        ("fit(net, data, #{ optimizer: \"li", &["lion"], 2),
        ("fit(net, data, #{ optimizer: adamw(0.1, #{ be", &["beta1", "beta2"], 2),
        ("evaluate(net, data, #{ me", &["metrics"], 2),
        ("conv2d(1, 2, 3, #{ pa", &["padding"], 2),
        ("plot(table, #{ x: \"he", &["height"], 2),
        ("plot(table, #{ y: [\"height\", \"sp", &["species"], 2),
        ("plot(table, #{ kind: \"hi", &["histogram"], 2),
        ("table.dataset(#{ lab", &["label"], 3),
        ("table.dataset(#{ label: \"sp", &["species"], 2),
        ("table[\"hei", &["height"], 3),
        ("table.select([\"hei", &["height"], 3),
        ("settings[\"al", &["alpha"], 2),
        ("dataset(\"di", &["digits"], 2),
        ("dataset(`di", &["digits"], 2),
        ("run.run_until(\"end_ep", &["end_epoch"], 6),
        ("run.step(3, \"", &["batch", "epoch", "hook"], 0),
        ("t.to_dtype(\"bf", &["bf16"], 2),
        ("print(\"di", &[], 2),
        ("\"di", &[], 2),
        ("dataset(\"di‸gits\")", &["digits"], 2),
    ];
    check(&mut bench(), cases);
}

#[test]
fn commands_take_what_their_signatures_say() {
    let cases: &[Case] = &[
        ("%wh", &["%who", "%whos"], 3),
        ("1;\n%%wri", &["%%writefile"], 5),
        ("%plugin dea", &["deactivate"], 3),
        ("%plugin deactivate wat", &["watch_loss"], 3),
        ("%hooks --", &["--exact"], 2),
        ("%help read_c", &["read_csv"], 6),
        ("%help whos", &["whos"], 4),
        ("%%plugin p pri", &["priority="], 3),
        ("%%plugin p on_error=s", &["skip_batch", "stop"], 1),
        ("%%plugin p pat‸\nconst metadata = #{ config: #{ patience: 3 } };", &["patience="], 3),
        ("let s = `\n%wh", &[], 4),
        ("(\n%wh", &["while"], 2),
        ("%unknown x", &[], 0),
    ];
    check(&mut bench(), cases);
}

#[test]
fn a_plugins_cell_is_a_unit_of_its_own() {
    let cases: &[Case] = &[
        ("%%plugin p\nfn end_ep", &["end_epoch"], 6),
        ("%%plugin p\nfn end_epoch(ctx) { } fn end_ep", &[], 6),
        ("%%plugin p\nfn end_epoch(ctx) { ctx.validation_lo", &["validation_loss", "validation_loss_total"], 13),
        ("%%plugin p\nfn end_epoch(ctx) { ctx.request_c", &["request_checkpoint"], 9),
        ("%%plugin p\nfn end_epoch(ctx) { coun", &[], 4),
        (
            "%%plugin p\nconst metadata = #{ config: #{ patience: 3 }, state: #{ best: 1e9 } };\nfn end_epoch(ctx) { this.be",
            &["best"],
            2,
        ),
        (
            "%%plugin p\nconst metadata = #{ config: #{ patience: 3 } };\nfn end_epoch(ctx) { this.config.pa",
            &["patience"],
            2,
        ),
        ("run.run_until(|ctx| ctx.validation_lo", &["validation_loss", "validation_loss_total"], 13),
    ];
    check(&mut bench(), cases);
}

#[test]
fn paths_are_those_of_the_directory() {
    let root = std::env::temp_dir().join(format!("candlewick-complete-{}", std::process::id()));
    std::fs::create_dir_all(root.join("data")).unwrap();
    for file in ["data/a \"b\".csv", "data/b.csv", "data/.hidden", "tools.rhai", "tools.txt"] {
        std::fs::write(root.join(file), "fn twice(x) { x * 2 }").unwrap();
    }
    let mut bench = bench();
    let mut check = |code: &str, expect: &[&str], replaced: usize| {
        let code = code.replace("ROOT", &root.display().to_string());
        let found = ask(&mut bench, &code);
        assert_eq!((texts(&found), found.end - found.start), (expect.to_vec(), replaced), "{code}");
        assert!(found.matches.iter().all(|candidate| candidate.kind == CompletionKind::Path));
    };
    check("read_csv(\"ROOT/da", &["data/"], 2);
    check("read_csv(\"ROOT/data/", &["a \\\"b\\\".csv", "b.csv"], 0);
    check("read_csv(\"ROOT/data/a \\\"", &["a \\\"b\\\".csv"], 4);
    check("read_csv(`ROOT/data/a \"", &["a \"b\".csv"], 3);
    check("table.write_csv(\"ROOT/data/.h", &[".hidden"], 2);
    check("load_model(\"ROOT/to", &["tools.rhai", "tools.txt"], 2);
    check("fit(net, data, #{ resume: \"ROOT/da", &["data/"], 2);
    check("import \"ROOT/", &["data/", "tools"], 0);
    check("%%writefile ROOT/data/b", &["b.csv"], 1);
    check("%%writefile ROOT/data/a \"", &["a \"b\".csv"], 3);
    check("read_csv(\"~", &["~/"], 1);
    bench.text(&format!("import \"{}/tools\" as tools;", root.display()));
    let found = ask(&mut bench, "tools::tw");
    assert_eq!(texts(&found), ["twice"]);
    assert_eq!(texts(&ask(&mut bench, "tool")), ["tools"]);
    std::fs::remove_dir_all(root).unwrap();
}

#[test]
fn kinds_are_those_that_clients_have_pictures_for() {
    let mut bench = bench();
    let mut check = |code: &str, kind: CompletionKind, signature: &str| {
        let found = ask(&mut bench, code);
        let first = found.matches.first().unwrap_or_else(|| panic!("{code}"));
        assert_eq!((first.kind, first.signature.as_str()), (kind, signature), "{code}");
    };
    check("coun", CompletionKind::Instance, "i64");
    check("dou", CompletionKind::Function, "double(x)");
    check("displ", CompletionKind::Function, "display(value) -> display");
    check("whi", CompletionKind::Keyword, "while condition { … }");
    check("settings.al", CompletionKind::Property, "");
    check("t.sha", CompletionKind::Property, "shape -> array");
    check("%wh", CompletionKind::Magic, "%who");
    check("fit(net, data, #{ ep", CompletionKind::Param, "how often the data is gone through; a whole number from 1");
    check("dataset(\"di", CompletionKind::Value, "");
}

#[test]
fn any_cursor_in_any_text_is_answered() {
    let mut bench = bench();
    let text = "let 🦀 = \"👩‍👩‍👧\"; fit(net, #{ a: [`${x.} `, 'y'] }).z %%x\n%help\n\u{0}\u{fffd}";
    for cursor in 0..=text.chars().count() + 5 {
        let code = text.to_owned();
        let sent = bench.request(Request::Complete { code: code.clone(), cursor });
        let [FromWorker::Reply { is: Is::Completions(found), .. }] = &sent[..] else { panic!("{sent:?}") };
        assert!(found.start <= found.end && found.end <= text.chars().count(), "{cursor}");
        bench.request(Request::Inspect { code, cursor, detail: 1 });
    }
    for deep in ["(", "[", "#{ a: ", "fit(", "{", "|x| ", "`${"] {
        let code = deep.repeat(3_000);
        let cursor = code.chars().count();
        bench.request(Request::Complete { code: code.clone(), cursor });
        bench.request(Request::Complete { code: code.clone() + "x.", cursor: cursor + 2 });
        bench.request(Request::Inspect { code, cursor, detail: 0 });
    }
    assert_eq!(bench.text("1 + 1"), "2");
}
