//! Rust cells that must not work, or that do harm: each is told, and the notebook goes on.
//!
//! How long a compile takes is nowhere asserted. Read [`fails`] first.

use crate::support::Home;
use crate::support::kernel::{Client, KernelProcess};
use serde_json::Value;
use std::path::PathBuf;

#[test]
fn what_cannot_be_compiled_says_where_and_what_to_write() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 1;\nkept", "1");
    let wrong = fails(&mut client, "%%rust\nlet fine = 2;\nlet n: i32 = fine + \"no\";");
    assert!(wrong.contains("cell 2:3:19") && wrong.contains("fine + \"no\""), "{wrong}");
    let unstorable = fails(&mut client, "%%rust\nlet text = String::from(\"x\");\nlet part = text.as_str();");
    assert!(unstorable.contains("part") && unstorable.contains("cell 3:3:"), "{unstorable}");
    let half = fails(
        &mut client,
        "%%rust\nstruct Half;\nimpl Plugin for Half {\n    fn hooks(&self) -> HookSet { HookSet::all() }\n}",
    );
    assert!(half.contains("metadata") && half.contains("cell 4:3:"), "{half}");
    let half = fails(&mut client, "%%plugin --rust half\nstruct Half;\nimpl Plugin for Half {}");
    assert!(half.contains("metadata") && half.contains("cell 5:3:"), "{half}");
    client.gives("%%rust\nkept", "1");
}

#[test]
fn dependencies_that_are_not_there_or_do_not_build_leave_the_session_as_it_was() {
    let home = Home::new();
    std::fs::create_dir_all(home.join("broken/src")).unwrap();
    home.write("broken/Cargo.toml", "[package]\nname = \"broken\"\nversion = \"0.1.0\"\nedition = \"2024\"\n");
    home.write("broken/src/lib.rs", "pub fn f() -> u8 { \"no\" }\n");
    let directory = home.path().display().to_string();
    let kernel = KernelProcess::start_in(home);
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 1;\nkept", "1");
    let missing = fails(&mut client, &format!("%%rust\n:dep missing = {{ path = \"{directory}/missing\" }}\n1"));
    assert!(missing.contains("missing"), "{missing}");
    let broken = fails(&mut client, &format!("%%rust\n:dep broken = {{ path = \"{directory}/broken\" }}\nbroken::f()"));
    assert!(broken.contains("broken") && broken.contains("mismatched types"), "{broken}");
    client.gives("%%rust\nkept + 1", "2");
}

#[test]
fn statics_threads_and_a_closed_standard_output_do_no_harm() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let code = "%%rust\nstatic mut COUNT: u32 = 1;\nlet count = unsafe { COUNT += 1; COUNT };\ncount";
    client.gives(code, "2");
    // What a thread prints later belongs to the cell that runs then.
    let late = "%%rust\nstd::thread::spawn(|| {\n    while std::env::var_os(\"GO\").is_none() { std::thread::yield_now() }\n    \
                println!(\"late\");\n    unsafe { std::env::set_var(\"GONE\", \"1\") };\n});";
    client.cell(late).idle().answers_ok();
    let wait = "%%rust\nunsafe { std::env::set_var(\"GO\", \"1\") };\n\
                while std::env::var_os(\"GONE\").is_none() { std::thread::yield_now() }";
    client.cell(wait).prints("late\n").idle().answers_ok();
    let closing = "%%rust\nunsafe extern \"C\" { fn close(descriptor: i32) -> i32; }\nunsafe { close(1); }";
    let mut closed = client.cell(closing);
    let told: String = closed.until_idle().iter().map(|message| message.content.to_string()).collect();
    assert!(told.contains("closed or replaced standard output"), "{told}");
    client.cell("%%rust\nprintln!(\"heard\");").prints("heard\n").idle().answers_ok();
    client.cell("print(\"heard\");").prints("heard\n").idle().answers_ok();
}

#[test]
fn what_ends_the_worker_is_told_with_signal_and_cell() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let check = |client: &mut Client, code: &str, expect: &[&str]| {
        let mut before = client.cell("let kept = 1;");
        let number = before.idle().reply().content["execution_count"].as_u64().unwrap() + 1;
        let told = fails(client, code);
        for part in expect.iter().copied().chain([&*format!("in cell {number}"), "A new worker runs.", "kept"]) {
            assert!(told.contains(part), "{part}: {told}");
        }
        client.gives("%%rust\n1 + 1", "2");
    };
    check(&mut client, "%%rust\nlet mine = 5;\nstd::process::exit(3);", &["exit code 3"]);
    check(&mut client, "%%rust\nstd::process::abort();", &["SIGABRT"]);
    check(&mut client, "%%rust\nunsafe { std::ptr::null_mut::<u8>().write_volatile(1) };", &["SIGSEGV"]);
    let endless =
        "%%rust\nfn deep(n: u64) -> u64 { if n == 0 { 0 } else { std::hint::black_box(deep(n + 1)) + 1 } }\ndeep(1);";
    check(&mut client, endless, &["has overflowed its stack"]);
}

#[test]
fn a_source_of_ten_megabytes_is_answered() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let line = format!("// {}\n", "x".repeat(1021));
    let code = format!("%%rust\n{}1 + 1", line.repeat(10 << 10));
    let mut cell = client.cell(&code);
    cell.until_idle();
    let reply = cell.reply().content;
    assert!(reply["status"] == "ok" || reply["ename"] == "LimitError", "{reply}");
    client.gives("%%rust\n1 + 1", "2");
}

#[test]
fn a_toolchain_that_disappears_is_told_and_taken_again_when_it_is_back() {
    let home = Home::new();
    let (tools, away, none) = (home.join("tools"), home.join("away"), home.join("none"));
    std::fs::create_dir(&tools).unwrap();
    let sysroot = std::process::Command::new("rustc").args(["--print", "sysroot"]).output().unwrap();
    let toolchain = PathBuf::from(String::from_utf8(sysroot.stdout).unwrap().trim());
    for part in ["bin", "lib"] {
        // Links cost nothing, but cannot reach another file system.
        let copied = ["-rl", "-r"].iter().any(|how| {
            let (from, to) = (toolchain.join(part), tools.join(part));
            std::process::Command::new("cp").arg(how).arg(from).arg(to).status().is_ok_and(|status| status.success())
        });
        assert!(copied);
    }
    let path = format!("{}:/usr/bin:/bin", tools.join("bin").display());
    // The only toolchain that can be found.
    let kernel = KernelProcess::start_with(home, |command| {
        command.env("PATH", path).env("RUSTUP_HOME", &none).env("CARGO_HOME", &none);
    });
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 1;\nkept", "1");
    std::fs::rename(&tools, &away).unwrap();
    let told = fails(&mut client, "%%rust\nkept + 1");
    assert!(told.contains("rustup toolchain install") || told.contains("rustc"), "{told}");
    client.gives("1 + 1", "2");
    std::fs::rename(&away, &tools).unwrap();
    client.gives("%%rust\nkept + 2", "3");
}

/// Runs a cell that fails; its traceback without colours.
fn fails(client: &mut Client, code: &str) -> String {
    let mut cell = client.cell(code);
    cell.until_idle();
    let reply = cell.reply().content;
    assert_eq!(reply["status"], "error", "{code}: {reply}");
    let traceback = reply["traceback"].as_array().unwrap().iter().filter_map(Value::as_str);
    let text = traceback.collect::<Vec<_>>().join("\n");
    let (first, others) = text.split_once("\u{1b}[").unwrap_or((&text, ""));
    first.to_owned() + &others.split("\u{1b}[").map(behind_colour).collect::<String>()
}

/// What follows a colour's code, which ends with an `m`.
fn behind_colour(part: &str) -> String {
    part.split_once('m').map_or_else(String::new, |(_, text)| text.to_owned())
}
