//! A worker that is killed at any moment takes no session with it.

use crate::support::kernel::{Client, KernelProcess, send_signal};
use crate::support::random::Random;
use candlewick_jupyter::Channel;
use serde_json::json;

/// What the worker is doing when it is killed; the last one is nothing.
const CELLS: [&str; 4] = [
    "loop { }",
    "let n = 0; loop { n += 1; print(n); }",
    "let text = \"\"; loop { text += \"x\"; display(text.len()); }",
    "",
];

#[test]
fn fifty_times_at_random_moments() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    for name in ["second", "first"] {
        let plugin = format!("%%plugin {name} priority=7\nfn end_epoch(ctx) {{ }}");
        client.cell(&plugin).to_idle();
    }
    let mut random = Random::new(50);
    for n in 0..50 {
        let code = CELLS[n % CELLS.len()];
        let old = client.worker();
        match code {
            "" => send_signal(old, libc::SIGKILL),
            code => killed_in(&mut client, code, old, &mut random),
        }
        goes_on(&mut client, n);
        assert_ne!(client.worker(), old);
    }
}

fn killed_in(client: &mut Client, code: &str, worker: u32, random: &mut Random) {
    let cell = client.send(Channel::Shell, "execute_request", json!({"code": code}));
    random.pause(20_000);
    send_signal(worker, libc::SIGKILL);
    let published = client.of(cell.clone()).to_idle();
    if client.of(cell).reply().content["status"] == "ok" {
        // It died before the cell came to it; another one ran an endless cell to its end.
        panic!("{code} ended well: {published:?}");
    }
}

/// The next cell works, with its own answer and with the plugins in their order.
fn goes_on(client: &mut Client, n: usize) {
    let code = format!(
        "let names = list_plugins().map(|p| p.name); [{n}, names.index_of(\"second\") < names.index_of(\"first\"), names.index_of(\"second\") >= 0]"
    );
    let mut cell = client.cell(&code);
    let told = cell.stream("stderr");
    assert!(told.is_empty() || told.contains("SIGKILL"), "{told}");
    cell.results(&format!("[{n}, true, true]")).idle().answers_ok();
}
