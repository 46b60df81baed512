//! Rust cells as a client sees them, over real sockets: values, errors, one world with Rhai, interrupts, and what the
//! compiler's processes and directories are at each moment.
//!
//! How long a compile takes is nowhere asserted. Read [`values_stay_and_errors_have_their_place`] first.

use crate::support::kernel::{Client, KernelProcess, send_signal};
use crate::support::{Home, eventually, finish, said, with_compiler};
use candlewick_jupyter::Channel;
use serde_json::json;
use std::path::{Path, PathBuf};

/// A compile that never ends by itself: the compiler calculates for ever.
const ENDLESS_COMPILE: &str =
    "%%rust\n#[allow(long_running_const_eval)]\nconst N: u64 = { let mut n = 0; while n < u64::MAX { n += 1; } n };\nN";

#[test]
fn values_stay_and_errors_have_their_place() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 20;\nkept + 1", "21");
    client.cell("%%rust\nlet t = Tensor::new(&[1f32, 2.0, 4.0], &Device::Cpu)?;").idle().answers_ok();
    client.gives("%%rust\nt.sum_all()?.to_scalar::<f32>()? as i32 + kept", "27");
    client.gives("%%rust\nfn double(n: i32) -> i32 { 2 * n }\ndouble(kept)", "40");

    let mut wrong = client.cell("%%rust\nlet fine = 1;\nlet number: i32 = \"no\";");
    wrong.until_idle();
    let reply = wrong.reply().content;
    assert_eq!(reply["status"], "error", "{reply}");
    let text = reply["evalue"].as_str().unwrap();
    assert!(text.contains("cell 5, line 3, column 19: mismatched types"), "{text}");

    client.cell("%%rust\nlet missing = std::fs::read_to_string(\"no such file\")?;").until_idle();
    client.gives("%%rust\nkept", "20");
    let mut panic = client.cell("%%rust\nlet empty: Vec<i32> = Vec::new();\nempty[7]");
    panic.until_idle();
    let text = panic.reply().content.to_string();
    assert!(text.contains("cell 8, line 3") && text.contains("index out of bounds"), "{text}");
    client.gives("%%rust\nkept", "20");
}

#[test]
fn a_type_that_is_defined_anew_loses_its_values_and_no_others() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\nstruct Held { x: u8 }\nlet held = Held { x: 1 };\nlet kept = 7;\nheld.x", "1");
    client.cell("%%rust\nfn read(held: &Held) -> u8 { held.x }").idle().answers_ok();
    client.gives("%%rust\nread(&held)", "1");
    // The fields have the same names: rustc alone would take the old value for one of the new type.
    client.cell("%%rust\nstruct Held { x: Vec<u8> }\nfn read(held: &Held) -> usize { held.x.len() }").until_idle();
    let mut gone = client.cell("%%rust\nread(&held)");
    gone.until_idle();
    let text = gone.reply().content.to_string();
    assert!(text.contains("cannot find value `held`"), "{text}");
    client.gives("%%rust\nkept", "7");
    client.gives("%%rust\nlet held = Held { x: vec![1, 2] };\nread(&held)", "2");
}

#[test]
fn what_is_printed_comes_before_the_value_and_in_order() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let code = "%%rust\nprintln!(\"one\");\nprint!(\"two\\n\");\n6 * 7";
    client.cell(code).prints("one\ntwo\n").results("42").idle().answers_ok();
    client.cell("print(\"rhai\"); 1").prints("rhai\n").results("1").idle().answers_ok();
    client.cell("%%rust\nprintln!(\"three\");").prints("three\n").idle().answers_ok();
}

#[test]
fn both_languages_have_one_world() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.cell("let given = tensor([1.0, 2.0, 3.0]); let number = 5;").idle().answers_ok();
    let code = "%%rust\nlet given: Tensor = session().get(\"given\")?;\nlet number: i64 = session().get(\"number\")?;\n\
                session().set(\"made\", (&given * number as f64)?)?;\nsession().set(\"text\", \"from Rust\".to_string())?;";
    client.cell(code).idle().answers_ok();
    client.gives("made.sum()", "30.0");
    client.gives("text", "\"from Rust\"");
    // The same storage, not a copy: what compiled code changes in place is Rhai's too.
    let code = "%%rust\nlet same = session().get::<Tensor>(\"made\")?;\nlet again = session().get::<Tensor>(\"made\")?;\n\
                fn start(t: &Tensor) -> *const f32 {\n    let (storage, _) = t.storage_and_layout();\n    match &*storage {\n        \
                candle_core::Storage::Cpu(own) => own.as_slice::<f32>().unwrap().as_ptr(),\n        _ => unreachable!(),\n    }\n}\n\
                start(&same) == start(&again)";
    client.gives(code, "true");
}

#[test]
fn a_compile_and_a_run_are_interrupted() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 1;\nkept", "1");

    let compiling = begin(&mut client, ENDLESS_COMPILE);
    answers(&mut client);
    interrupt(&mut client);
    client.of(compiling.clone()).until_idle();
    assert_eq!(client.of(compiling).reply().content["status"], "error");

    let running =
        begin(&mut client, "%%rust\nprintln!(\"begun\");\nwhile !interrupted() { std::thread::yield_now(); }");
    client.of(running.clone()).says("stream");
    answers(&mut client);
    interrupt(&mut client);
    client.of(running).until_idle();
    client.gives("%%rust\nkept + 1", "2");
}

#[test]
fn completion_of_rust_waits_for_no_cell() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let endless = begin(&mut client, "print(0); loop { }");
    client.of(endless.clone()).says("stream");
    // A name that nobody knows has no candidates, but it has an answer.
    let asked = json!({"code": "%%rust\nno_such_name_at_all", "cursor_pos": 26});
    let reply = client.ask(Channel::Shell, "complete_request", asked).busy().idle().reply().content;
    assert_eq!((&reply["status"], &reply["matches"]), (&json!("ok"), &json!([])), "{reply}");
    let asked = json!({"code": "%%rust\nlet x = (1,", "cursor_pos": 18});
    client.ask(Channel::Shell, "is_complete_request", asked).busy().idle().reply();
    interrupt(&mut client);
    client.of(endless).until_idle();
    // The question has started the compiler; Rhai does not wait for its warming up.
    assert!(client.compiler().is_some());
    client.gives("1 + 1", "2");
    let asked = json!({"code": "tens", "cursor_pos": 4});
    let reply = client.ask(Channel::Shell, "complete_request", asked).busy().idle().reply().content;
    assert!(reply["matches"].as_array().unwrap().contains(&json!("tensor")), "{reply}");
}

#[test]
fn two_kernels_compile_at_once() {
    let kernels = [KernelProcess::start(), KernelProcess::start()];
    let mut clients = kernels.each_ref().map(KernelProcess::client);
    let code = "%%rust\nlet own = std::process::id();\nown > 0";
    let cells = clients.each_mut().map(|client| client.send(Channel::Shell, "execute_request", json!({"code": code})));
    for (client, cell) in clients.iter_mut().zip(cells) {
        client.of(cell.clone()).until_idle();
        client.of(cell).answers_ok();
        let worker = client.worker();
        client.gives("%%rust\nown", &worker.to_string());
    }
}

#[test]
fn without_rust_there_is_no_compiler_and_after_the_session_nothing() {
    let mut kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("1 + 1", "2");
    client.cell("%%plugin p\nfn end_epoch(ctx) { }").until_idle();
    assert_eq!(client.compiler(), None);
    assert!(commands(kernel.pid()).iter().all(|command| !command.contains("compiler")), "{:?}", commands(kernel.pid()));
    let directories = directories(&kernel.home);
    assert_eq!(directories.len(), 1, "{directories:?}");

    client.gives("%%rust\n1 + 1", "2");
    let compiler = client.compiler().unwrap();
    let usage = client.control("usage_request", json!({}));
    assert!(usage["compiler_memory"].as_u64().unwrap() > 10 << 20, "{usage}");
    assert!(usage["kernel_memory"].as_u64() > usage["compiler_memory"].as_u64(), "{usage}");
    let started = descendants(kernel.pid());
    assert!(started.contains(&compiler));
    client.send(Channel::Control, "shutdown_request", json!({"restart": false}));
    kernel.ended();
    for pid in started {
        eventually("the end of all processes", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    }
    assert_eq!(self::directories(&kernel.home), Vec::<PathBuf>::new());
}

#[test]
fn what_a_killed_kernel_leaves_the_next_one_removes() {
    let mut kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\n1 + 1", "2");
    let started = descendants(kernel.pid());
    let left = directories(&kernel.home);
    kernel.signal(libc::SIGKILL);
    kernel.ended();
    for pid in started {
        eventually("the end of all processes", || (!Path::new(&format!("/proc/{pid}")).exists()).then_some(()));
    }
    assert!(left[0].exists());
    // Any session looks, also a headless one.
    kernel.home.notebook("n.ipynb", &["1"]);
    finish(kernel.home.candlewick(&["run", "n.ipynb"]).env("TMPDIR", kernel.home.join("tmp")), true);
    assert_eq!(directories(&kernel.home), Vec::<PathBuf>::new());
}

#[test]
fn a_compiler_that_dies_is_replaced() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("%%rust\nlet kept = 3;\nfn double(n: i32) -> i32 { 2 * n }\nkept", "3");
    let compiler = client.compiler().unwrap();
    send_signal(compiler, libc::SIGKILL);
    eventually("its end", || (!Path::new(&format!("/proc/{compiler}")).exists()).then_some(()));
    let mut cell = client.cell("%%rust\ndouble(kept)");
    let shown: String = cell.until_idle().iter().map(|message| message.content.to_string()).collect();
    assert_eq!(cell.reply().content["status"], "ok", "{shown}");
    assert!(shown.contains('6'), "{shown}");
    assert_ne!(client.compiler().unwrap(), compiler);
}

#[test]
fn a_setting_warms_the_compiler_up() {
    let home = Home::new();
    home.write("candlewick.toml", "[rust]\nwarm = true\nmemory = \"3 GiB\"\n");
    let kernel = KernelProcess::start_in(home);
    let mut client = kernel.client();
    let compiler = eventually("the compiler", || client.compiler());
    let command = std::fs::read_to_string(format!("/proc/{compiler}/cmdline")).unwrap();
    assert!(command.contains("--memory\u{0}3221225472"), "{command:?}");
    let mut cell = client.cell("%config rust");
    let shown: String = cell.until_idle().iter().map(|message| message.content.to_string()).collect();
    assert!(shown.contains("rust.memory") && shown.contains("3 GiB"), "{shown}");
    let mut wrong = client.cell("%config rust.memori=\"1 GiB\"");
    wrong.until_idle();
    let text = wrong.answers_error("ConfigError");
    assert!(text.contains("there is no key `memori` in [rust]; did you mean `memory`?"), "{text}");
}

#[test]
fn a_notebook_with_rust_runs_headless() {
    let home = Home::new();
    std::fs::create_dir(home.join("tmp")).unwrap();
    home.notebook("n.ipynb", &["let x = 20;", "%%rust\nlet x: i64 = session().get(\"x\")?;\nx + 1"]);
    let mut command = with_compiler(home.candlewick(&["run", "n.ipynb", "--json"]));
    let text = said(&finish(command.env("TMPDIR", home.join("tmp")), true));
    assert!(text.contains("\"21\""), "{text}");
    assert_eq!(directories(&home), Vec::<PathBuf>::new());
    // Nothing is written outside of the directory for temporary files.
    let mut written: Vec<_> = std::fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    written.sort();
    assert_eq!(written, ["n.ipynb", "tmp"]);
}

#[test]
fn without_a_toolchain_a_rust_cell_says_what_to_run_and_the_rest_works() {
    let home = Home::new();
    home.notebook("n.ipynb", &["print(\"rhai\")", "%%rust\n1 + 1"]);
    let mut command = home.candlewick(&["run", "n.ipynb"]);
    command.env("PATH", home.path()).env_remove("CARGO_HOME").env_remove("RUSTUP_HOME");
    let text = said(&finish(&mut command, false));
    assert!(text.contains("rhai\n"), "{text}");
    assert!(text.contains("install rustup from https://rustup.rs, then run `rustup toolchain install 1."), "{text}");
}

fn answers(client: &mut Client) {
    assert_eq!(client.control("kernel_info_request", json!({}))["implementation"], "candlewick");
    assert!(client.control("usage_request", json!({}))["pid"].is_u64());
    client.beats();
}

fn interrupt(client: &mut Client) {
    client.control("interrupt_request", json!({}));
}

/// Sends a cell, sees it begin, and gives its id.
fn begin(client: &mut Client, code: &str) -> String {
    let cell = client.send(Channel::Shell, "execute_request", json!({"code": code}));
    let mut transcript = client.of(cell.clone());
    transcript.busy();
    assert_eq!(transcript.published().msg_type(), "execute_input");
    cell
}

/// The directories of compilers that are there.
fn directories(home: &Home) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(home.join("tmp")).unwrap().map(|entry| entry.unwrap());
    let own = entries.filter(|entry| entry.file_name().to_string_lossy().starts_with("candlewick-rust-"));
    own.map(|entry| entry.path()).collect()
}

/// The processes that a process has started, and theirs.
fn descendants(of: u32) -> Vec<u32> {
    let listed = std::process::Command::new("ps").args(["-e", "-o", "pid=,ppid="]).output().unwrap();
    let text = String::from_utf8(listed.stdout).unwrap();
    let rows = text.lines().map(|line| line.split_whitespace().map(|word| word.parse().unwrap()).collect::<Vec<u32>>());
    let rows: Vec<Vec<u32>> = rows.collect();
    let mut found = vec![of];
    let mut next = 0;
    while next < found.len() {
        let children = rows.iter().filter(|row| row[1] == found[next]).map(|row| row[0]).collect::<Vec<u32>>();
        found.extend(children);
        next += 1;
    }
    found.split_off(1)
}

/// Their command lines.
fn commands(of: u32) -> Vec<String> {
    let line = |pid: u32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    descendants(of).into_iter().map(line).collect()
}
