//! `candlewick plugins …` from outside: from a new package to an installed one, and what is refused.

use crate::support::kernel::{KernelProcess, send_signal};
use crate::support::{Home, finish, said, with_compiler};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// `candlewick plugins` in this home; the compiler is the tester's.
fn plugins(home: &Home, arguments: &[&str]) -> Command {
    let mut command = with_compiler(home.candlewick(&["plugins"]));
    command.args(arguments);
    command
}

fn good(home: &Home, arguments: &[&str]) -> String {
    said(&finish(&mut plugins(home, arguments), true))
}

fn bad(home: &Home, arguments: &[&str], expect: &str) {
    let text = said(&finish(&mut plugins(home, arguments), false));
    assert!(text.contains(expect), "{arguments:?}: {text}");
}

fn answer(home: &Home, arguments: &[&str]) -> Value {
    serde_json::from_slice(&finish(&mut plugins(home, arguments), true).stdout).unwrap()
}

fn store(home: &Home) -> PathBuf {
    home.join(".local/share/candlewick/plugins")
}

/// Nothing hidden is left beside what is installed.
fn installed(home: &Home) -> Vec<String> {
    let entries = std::fs::read_dir(store(home)).into_iter().flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_plugin_goes_from_new_to_installed_and_away_again() {
    let home = Home::new();
    good(&home, &["new", "calm"]);
    let text = good(&home, &["test", "calm"]);
    assert!(text.contains("ok      tests/cases.rhai: test_a_run_stops_when_its_loss_is_low"), "{text}");
    assert!(text.contains("calm: 2 of 2 cases hold"), "{text}");
    good(&home, &["check", "calm"]);

    let packed = answer(&home, &["pack", "calm", "--json"]);
    assert_eq!(packed["file"], "calm-0.1.0.tar.gz");
    let sum = packed["sha256"].as_str().unwrap();
    let beside = std::fs::read_to_string(home.join("calm-0.1.0.tar.gz.sha256")).unwrap();
    assert_eq!(beside, format!("{sum}  calm-0.1.0.tar.gz\n"));
    assert_eq!(answer(&home, &["pack", "calm", "-o", "again.tar.gz", "--json"])["sha256"], sum);

    let text = good(&home, &["install", "calm-0.1.0.tar.gz", "--sha256", sum]);
    assert!(text.contains("installed calm 0.1.0 in "), "{text}");
    let listed = answer(&home, &["list", "--installed", "--json"]);
    assert_eq!((&listed[0]["name"], &listed[0]["sha256"]), (&"calm".into(), &sum.into()));
    assert!(good(&home, &["update"]).contains("calm 0.1.0: nothing newer"));
    assert!(good(&home, &["remove", "calm"]).contains("removed "));
    assert_eq!(installed(&home), Vec::<String>::new());
    bad(&home, &["remove", "calm"], "no plugin `calm` is installed");
}

#[test]
fn what_is_wrong_with_a_package_is_said_and_nothing_is_installed() {
    let home = Home::new();
    bad(&home, &["new", "../calm"], "`../calm` is no name of a plugin");
    bad(&home, &["new", "candlewick-plugin-calm"], "is put before it by itself");
    bad(&home, &["test", "gone"], "gone cannot be read");
    good(&home, &["new", "calm"]);
    bad(&home, &["new", "calm"], "cannot be written");
    good(&home, &["new", "calm", "--replace"]);

    // A case that fails, one that holds beside it, and a script that is none.
    home.write(
        "calm/tests/more.rhai",
        "fn test_a() { assert(1 > 2, \"one is less\"); }\nfn test_b() { assert(true); }\n",
    );
    home.write("calm/tests/none.rhai", "let x = 1;");
    home.write("calm/tests/wrong.rhai", "fn test_c( {}");
    let text = said(&finish(&mut plugins(&home, &["test", "calm"]), false));
    for words in ["FAILED  tests/more.rhai: test_a", "one is less", "ok      tests/more.rhai: test_b", "it has no case"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(text.contains("FAILED  tests/wrong.rhai") && text.contains("calm: 1 of 4 cases hold"), "{text}");
    let report = finish(&mut plugins(&home, &["test", "calm", "--json"]), false);
    let report: Value = serde_json::from_slice(&report.stdout).unwrap();
    assert_eq!((&report["ok"], &report["files"][1]["cases"][0]["name"]), (&false.into(), &"test_a".into()));

    // Cases that never end have their time, and those after them are run.
    home.write("calm/tests/more.rhai", "fn test_a() { loop { } }\nfn test_b() { assert(true); }\n");
    let text = said(&finish(&mut plugins(&home, &["test", "calm", "--timeout", "0.5"]), false));
    for words in ["FAILED  tests/more.rhai: test_a", "took longer than 0.5 s", "ok      tests/more.rhai: test_b"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    bad(&home, &["test", "calm", "--timeout", "0"], "`0` is no number of seconds above 0");

    // What does not load is neither packed nor installed.
    home.write("calm/plugin.rhai", "fn end_epoch(ctx) {\n    let x = ;\n}\n");
    bad(&home, &["pack", "calm"], "SyntaxError");
    bad(&home, &["install", "calm"], "calm is not installed, because it failed its check: ");
    home.write("calm/plugin.rhai", "fn end_epohc(ctx) {}");
    bad(&home, &["install", "calm"], "did you mean `end_epoch`?");
    assert_eq!(installed(&home), Vec::<String>::new());
    assert!(!home.join("calm-0.1.0.tar.gz").exists());
}

#[test]
fn an_archive_is_refused_for_its_checksum_or_its_paths() {
    let home = Home::new();
    good(&home, &["new", "calm"]);
    good(&home, &["pack", "calm"]);
    bad(&home, &["install", "calm-0.1.0.tar.gz", "--sha256", &"0".repeat(64)], "has another checksum than it should");
    bad(&home, &["install", "calm-0.1.0.tar.gz", "--sha256", "12"], "`12` is no SHA-256");
    home.write("calm-0.1.0.tar.gz.sha256", &format!("{}  calm-0.1.0.tar.gz\n", "1".repeat(64)));
    bad(&home, &["install", "calm-0.1.0.tar.gz"], "has another checksum than it should: sha256 1111");
    archive_with_a_path_that_leads_out(&home.join("evil.tar.gz"));
    bad(&home, &["install", "evil.tar.gz"], "its entry `../evil` leads out of the package");
    assert_eq!(installed(&home), Vec::<String>::new());
    assert!(!store(&home).join("../evil").exists());
    // The package itself is as good as before.
    std::fs::remove_file(home.join("calm-0.1.0.tar.gz.sha256")).unwrap();
    good(&home, &["install", "calm-0.1.0.tar.gz"]);
    assert_eq!(installed(&home), ["calm"]);
}

fn archive_with_a_path_that_leads_out(file: &Path) {
    let mut header = tar::Header::new_gnu();
    header.as_gnu_mut().unwrap().name[..7].copy_from_slice(b"../evil");
    header.set_size(0);
    header.set_cksum();
    let mut builder = tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    builder.append(&header, std::io::empty()).unwrap();
    std::fs::write(file, builder.into_inner().unwrap().finish().unwrap()).unwrap();
}

#[test]
fn an_update_that_fails_leaves_the_old_version() {
    let home = Home::new();
    good(&home, &["new", "calm"]);
    good(&home, &["install", "calm"]);
    let manifest = std::fs::read_to_string(home.join("calm/plugin.toml")).unwrap();
    home.write("calm/plugin.toml", &manifest.replace("0.1.0", "0.2.0"));
    let script = std::fs::read_to_string(home.join("calm/plugin.rhai")).unwrap();
    home.write("calm/plugin.rhai", "fn end_epoch( {}");
    bad(&home, &["update", "calm"], "calm 0.1.0 stays as it was: ");
    home.write("calm/plugin.rhai", &script);
    home.write("calm/plugin.toml", &manifest.replace("0.1.0\"", "0.2.0\"\ndependencies = [\"absent ^1\"]"));
    bad(&home, &["update", "calm"], "plugin calm needs the plugin absent ^1, but it is not installed");
    assert_eq!(answer(&home, &["list", "--installed", "--json"])[0]["version"], "0.1.0");
    home.write("calm/plugin.toml", &manifest.replace("0.1.0\"", "0.2.0\"\ndependencies = [\"history\"]"));
    assert!(good(&home, &["update"]).contains("calm 0.1.0 → calm 0.2.0"));
    assert_eq!(installed(&home), ["calm"]);
}

#[test]
fn a_rust_plugin_is_built_tested_packed_and_installed_by_an_installed_kernel_too() {
    let home = Home::new();
    finish(&mut with_compiler(home.candlewick(&["install", "--user"])), true);
    let installed_kernel = home.join(".local/share/candlewick/kernel/candlewick");
    let kernel = |arguments: &[&str]| {
        let mut command = with_compiler(home.command(&installed_kernel));
        command.arg("plugins").args(arguments);
        command
    };
    finish(&mut kernel(&["new", "swift", "--rust"]), true);
    let manifest = std::fs::read_to_string(home.join("candlewick-plugin-swift/Cargo.toml")).unwrap();
    let (_, for_editors) = manifest.split_once("[dev-dependencies]\ncandlewick = { path = \"").unwrap();
    let sources = for_editors.split('"').next().unwrap();
    assert!(
        Path::new(sources).starts_with(home.path()) && Path::new(sources).join("src/lib.rs").is_file(),
        "{sources}"
    );

    let text = said(&finish(&mut kernel(&["test", "candlewick-plugin-swift"]), true));
    assert!(text.contains("swift: 2 of 2 cases hold"), "{text}");
    finish(&mut kernel(&["pack", "candlewick-plugin-swift"]), true);
    let text = said(&finish(&mut kernel(&["install", "swift-0.1.0.tar.gz"]), true));
    assert!(text.contains("installed swift 0.1.0"), "{text}");
    assert!(!home.join("candlewick-plugin-swift/target").exists());

    // A kernel of another build makes its own of it, without a word.
    let text = good(&home, &["test", "candlewick-plugin-swift"]);
    assert!(text.contains("swift: 2 of 2 cases hold"), "{text}");

    // Without cargo a crate that is not in the cache is refused, and told what to do.
    home.write("candlewick-plugin-swift/src/more.rs", "");
    let mut without = plugins(&home, &["test", "candlewick-plugin-swift"]);
    let text = said(&finish(without.env("PATH", home.path()).env_remove("CARGO_HOME"), false));
    assert!(text.contains("compiled by cargo, which is not in PATH: install Rust"), "{text}");
}

#[test]
fn a_plugin_of_a_crate_comes_back_after_its_worker_was_killed() {
    let home = Home::new();
    good(&home, &["new", "swift", "--rust"]);
    // Builds it, so that the kernel finds it in the cache.
    good(&home, &["check", "candlewick-plugin-swift"]);
    let kernel = KernelProcess::start_in(home);
    let mut client = kernel.client();
    client.cell("load_plugin(\"candlewick-plugin-swift\");").answers_ok();
    client.gives("plugin(\"swift\").infer([0.1, 3.0])", "[0.1]");
    let worker = client.worker();
    let mut endless = client.cell("print(\"begun\"); loop {}");
    endless.says("stream");
    send_signal(worker, libc::SIGKILL);
    endless.until_idle();
    endless.answers_error("WorkerDied");
    client.gives("plugin(\"swift\").infer([0.2, 3.0])", "[0.2]");
}

#[test]
fn plain_cargo_build_of_a_rust_plugin_says_what_to_do() {
    let home = Home::new();
    good(&home, &["new", "swift", "--rust"]);
    let mut cargo = with_compiler(home.command("cargo"));
    cargo.args(["build", "--offline"]).current_dir(home.join("candlewick-plugin-swift"));
    let text = said(&finish(&mut cargo, false));
    assert!(text.contains("run `candlewick plugins test` here instead of cargo"), "{text}");
}

#[test]
fn a_crate_of_a_registry_is_resolved_by_cargo() {
    let home = Home::new();
    good(&home, &["new", "calm"]);
    for version in ["1.0.0", "1.4.0", "2.0.0"] {
        let vendored = home.join(&format!("vendor/calm-{version}"));
        std::fs::create_dir_all(vendored.join("src")).unwrap();
        let manifest = format!("[package]\nname = \"candlewick-plugin-calm\"\nversion = \"{version}\"\n");
        std::fs::write(vendored.join("Cargo.toml"), manifest).unwrap();
        std::fs::write(vendored.join("src/lib.rs"), "").unwrap();
        std::fs::write(vendored.join(".cargo-checksum.json"), "{\"files\":{}}").unwrap();
        // A script plugin that is published as a crate.
        let own = std::fs::read_to_string(home.join("calm/plugin.toml")).unwrap();
        let own = own.replace("0.1.0", version);
        std::fs::write(vendored.join("plugin.toml"), own).unwrap();
        std::fs::copy(home.join("calm/plugin.rhai"), vendored.join("plugin.rhai")).unwrap();
    }
    std::fs::create_dir(home.join(".cargo")).unwrap();
    let configuration = "[source.crates-io]\nreplace-with = \"near\"\n[source.near]\ndirectory = \"vendor\"\n";
    home.write(".cargo/config.toml", configuration);
    assert!(good(&home, &["install", "calm@^1"]).contains("installed calm 1.4.0"));
    bad(&home, &["install", "calm@^3"], "the crate candlewick-plugin-calm cannot be fetched");
    bad(&home, &["install", "calm@newest"], "`newest` is no range of versions");
    let listed = good(&home, &["list", "--installed"]);
    assert!(listed.contains("calm 1.4.0") && listed.contains("the crate candlewick-plugin-calm ^1"), "{listed}");
}
