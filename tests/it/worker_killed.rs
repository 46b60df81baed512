//! A worker that is killed at any moment takes no session with it.

use crate::support::kernel::{Client, KernelProcess, send_signal};
use crate::support::random::Random;
use candlewick_jupyter::Channel;
use serde_json::json;

/// Cells that never end; each says that it has begun.
const ENDLESS: [&str; 3] = [
    "print(0); loop { }",
    "let n = 0; loop { n += 1; print(n); }",
    "print(0); let view = display(0); let n = 0; loop { n += 1; view.update(n); }",
];
/// One that ends by itself, perhaps before the worker is killed.
const SHORT: &str = "let sum = 0; for i in 0..20000 { sum += i; } sum";

#[test]
fn fifty_times_at_random_moments() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    for name in ["second", "first"] {
        let plugin = format!("%%plugin {name} priority=7\nfn end_epoch(ctx) {{ }}");
        client.cell(&plugin).until_idle();
    }
    let mut random = Random::new(50);
    for n in 0..50 {
        let old = client.worker();
        match n % 5 {
            0 => send_signal(old, libc::SIGKILL),
            1 => killed_around(&mut client, old, &mut random),
            kind => killed_in(&mut client, ENDLESS[kind - 2], old, &mut random),
        }
        goes_on(&mut client, n);
        assert_ne!(client.worker(), old);
    }
}

/// The short cell is answered, with its result or with the error.
fn killed_around(client: &mut Client, worker: u32, random: &mut Random) {
    let cell = client.send(Channel::Shell, "execute_request", json!({"code": SHORT}));
    random.pause(4_000);
    send_signal(worker, libc::SIGKILL);
    client.of(cell.clone()).until_idle();
    let reply = client.of(cell).reply().content;
    assert!(reply["status"] == "ok" || reply["ename"] == "WorkerDied", "{reply}");
}

/// The endless cell ends with the error.
fn killed_in(client: &mut Client, code: &str, worker: u32, random: &mut Random) {
    let mut cell = client.cell(code);
    cell.says("stream");
    random.pause(10_000);
    send_signal(worker, libc::SIGKILL);
    let last = cell.until_idle().pop().unwrap();
    assert_eq!((last.msg_type(), &last.content["ename"]), ("error", &json!("WorkerDied")));
    let said = cell.answers_error("WorkerDied");
    assert!(said.contains("killed by SIGKILL") && said.contains("second, first"), "{said}");
}

/// The next cell works, and the plugins are there in their order.
fn goes_on(client: &mut Client, n: usize) {
    // A worker that was killed a moment ago may look alive; a cell that it has not begun with goes to the next one.
    let mut cell = client.cell("%plugins");
    let shown: String = cell.until_idle().iter().map(|message| message.content.to_string()).collect();
    assert_eq!(cell.reply().content["status"], "ok", "{n}: {shown}");
    let place = |name: &str| shown.find(name).unwrap_or_else(|| panic!("no plugin {name} in {shown}"));
    assert!(place("second") < place("first"), "{shown}");
    client.gives(&format!("{n} + 1"), &(n + 1).to_string());
}
