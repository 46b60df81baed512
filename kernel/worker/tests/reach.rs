//! What plugins reach outside the session: files and the environment by declared and granted capability only.

#![allow(clippy::unwrap_used, clippy::expect_used)] // shared by tests; clippy sees no #[test] on them

mod common;
use common::Bench;

/// A directory of its own that is gone afterwards.
struct Folder(std::path::PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("candlewick-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
    fn file(&self, name: &str) -> String {
        self.0.join(name).display().to_string()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_function_that_touches_a_file_or_the_environment_asks() {
    let folder = Folder::new("asks");
    let file = folder.file("x");
    let check = |expression: &str, wanted: &str| {
        let mut bench = Bench::new();
        bench.text(&format!("%%plugin p\nfn infer(x) {{ {expression} }}"));
        let (_, finished) = bench.run("execute(\"p\", 1)");
        let message = finished.problem.expect(expression).message;
        let expect = format!(
            "CapabilityError: plugin p may not reach {wanted}: its metadata declares nothing, and granted is nothing; write capabilities: ["
        );
        assert!(message.contains(&expect), "{message}");
        assert_eq!(bench.text("1 + 1"), "2");
    };
    let (read, write) = (format!("read:{file}"), format!("write:{file}"));
    check(&format!("read_text({file:?})"), &read);
    check(&format!("read_csv({file:?})"), &read);
    check(&format!("read_parquet({file:?})"), &read);
    check(&format!("load_model({file:?})"), &read);
    check(&format!("image_folder({file:?})"), &read);
    check(&format!("captions({file:?}, #{{}})"), &read);
    check(&format!("text_file({file:?})"), &read);
    check(&format!("read_image({file:?})"), &read);
    check(&format!("model_store({file:?})"), &read);
    check(&format!("save_image(full([2, 2, 3], 0.5), {file:?})"), &write);
    check(&format!("import {file:?} as m;"), &format!("{read}.rhai"));
    check(&format!("write_text({file:?}, \"a\")"), &write);
    check(&format!("let f = frame(#{{ x: [1] }}); f.write_csv({file:?})"), &write);
    check(&format!("let f = frame(#{{ x: [1] }}); f.write_parquet({file:?})"), &write);
    check(&format!("plot([1, 2]).save({file:?})"), &write);
    check(&format!("let n = sequential([linear(1, 1)]); n.save({file:?})"), &write);
    let fit = |option: &str| format!("fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{{ {option}: {file:?} }})");
    check(&fit("checkpoints"), &write);
    check(&fit("log_folder"), &write);
    check(&fit("resume"), &read);
    check("env(\"HOME\")", "env:HOME");
    // A closure of the plugin, and code that it makes while it runs, are its own.
    check(&format!("[1].map(|x| read_text({file:?}))"), &read);
    check(&format!("eval(`read_text({file:?})`)"), &read);
    assert!(!std::path::Path::new(&file).exists());
}

#[test]
fn what_is_declared_and_granted_is_reached_and_cells_are_free() {
    let folder = Folder::new("granted");
    let (inside, outside) = (folder.file("in"), folder.file("out"));
    std::fs::create_dir_all(&inside).unwrap();
    std::fs::write(&outside, "secret").unwrap();
    let cell = format!(
        "%%plugin p allow=[\"write:{inside}\", \"read:{inside}\", \"env:CANDLEWICK_NOTHING\"]\nconst metadata = #{{ capabilities: [\"read\", \"write:{inside}\", \"env\"] }};\nfn infer(path) {{ write_text(path, \"kept\"); [read_text(path), env(\"CANDLEWICK_NOTHING\")] }}\nfn predict(path, x) {{ read_text(path) }}"
    );
    let mut bench = Bench::new();
    bench.text(&cell);
    assert_eq!(bench.text(&format!("execute(\"p\", \"{inside}/a.txt\")")), "[\"kept\", ()]");
    let (_, finished) = bench.run(&format!("plugin(\"p\").predict(\"{inside}/../out\", 1)"));
    let message = finished.problem.unwrap().message;
    assert!(
        message.contains(&format!("may not reach read:{outside}")) && message.contains("write allow=["),
        "{message}"
    );
    assert_eq!(bench.text(&format!("read_text(\"{outside}\")")), "\"secret\"");
    assert_eq!(bench.text("env(\"CANDLEWICK_NOTHING\") == ()"), "true");
}

#[test]
fn hooks_and_registration_are_gated_too() {
    let mut bench = Bench::new();
    let (_, finished) = bench.run("%%plugin p allow=[\"env\"]\nconst metadata = #{ capabilities: [\"env\"] };\nconst HOME = env(\"HOME\");\nfn end_epoch(ctx) { }");
    let message = finished.problem.unwrap().message;
    assert!(message.starts_with("plugin p may not reach env:HOME: its metadata declares nothing"), "{message}");
    assert!(bench.plugins().borrow().plugins().is_empty());
}

#[test]
fn a_plugin_registers_no_other_plugin_while_it_is_registered_or_called() {
    let refused =
        "plugin p cannot register another plugin while it is being registered or called; register it from a cell";
    for call in [
        "register(\"other\", \"fn end_epoch(ctx) { }\")",
        "load_plugin(\"other.rhai\")",
        "load_plugins(\"plugins\")",
        "discover()",
        "create(\"p\", \"other\")",
        "initialize(#{ names: [\"other\"] })",
    ] {
        let mut bench = Bench::new();
        let (_, finished) = bench.run(&format!("%%plugin p\n{call};\nfn end_epoch(ctx) {{ }}"));
        let message = finished.problem.expect(call).message;
        assert!(message.starts_with(refused), "{call}: {message}");
        assert!(bench.plugins().borrow().plugins().is_empty(), "nothing of it was registered");

        bench.text(&format!("%%plugin p\nfn infer(x) {{ {call} }}\nfn end_training_batch(ctx) {{ {call}; }}"));
        let (_, finished) = bench.run("execute(\"p\", 1)");
        assert!(finished.problem.expect(call).message.contains(refused), "{call}");
        bench.text("let run = fit(sequential([linear(4, 3)]), dataset(\"iris\"), #{ epochs: 1, batch_size: 75, checkpoints: false });");
        let printed = bench.text("run.resume();");
        assert!(printed.contains(refused), "{call}: {printed}");
        assert_eq!(bench.plugins().borrow().plugins().len(), 1);
        assert_eq!(bench.text("1 + 1"), "2");
    }
}

#[test]
fn a_file_cannot_grant_itself_anything() {
    let folder = Folder::new("itself");
    let check = |line: &str, key: &str| {
        let text = format!(
            "%%plugin greedy {line}\nconst metadata = #{{ capabilities: [\"read\"] }};\nfn infer(path) {{ read_text(path) }}"
        );
        std::fs::write(folder.file("greedy.rhai"), text).unwrap();
        let mut bench = Bench::new();
        let (_, finished) = bench.run(&format!("load_plugin({:?})", folder.file("greedy.rhai")));
        let message = finished.problem.expect(line).message;
        assert!(message.contains(&format!("a file cannot set its own `{key}`")), "{message}");
        assert!(!bench.text("list_plugins()").contains("greedy"));
    };
    check("allow=[\"read\"]", "allow");
    check("limits=#{ seconds: 1000 }", "limits");
}

#[test]
fn what_a_file_imports_is_asked_for_where_it_is_looked_for() {
    let folder = Folder::new("beside");
    std::fs::write(folder.file("tools.rhai"), "fn twice(x) { x * 2 }").unwrap();
    let text = "const metadata = #{ capabilities: [\"read\"] };\nfn infer(x) { import \"tools\" as t; t::twice(x) }";
    std::fs::write(folder.file("beside.rhai"), text).unwrap();
    let mut bench = Bench::new();
    bench.text(&format!("load_plugin({:?});", folder.file("beside.rhai")));
    let message = bench.run("execute(\"beside\", 21)").1.problem.expect("nothing is granted").message;
    assert!(message.contains(&format!("may not reach read:{}:", folder.file("tools.rhai"))), "{message}");
    bench.text("%config beside.allow=[\"read\"]");
    assert_eq!(bench.text("execute(\"beside\", 21)"), "42");
}
