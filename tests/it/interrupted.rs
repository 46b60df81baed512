//! Interrupts at any moment: the state is kept, the kernel lives, the next cell is right.

use crate::support::kernel::{Client, KernelProcess};
use crate::support::random::Random;
use candlewick_jupyter::Channel;
use serde_json::json;

const SETUP: &str = "let kept = 0;
let net = sequential([linear(64, 64), relu(), linear(64, 10)]);
let run = fit(net, dataset(\"digits\"), #{ epochs: 1000000, batch_size: 32, checkpoint: false });";

/// What runs when the interrupt comes; the last one is nothing.
const CELLS: [&str; 4] = ["loop { }", "let n = 0; loop { n += 1; print(n); }", "run.resume();", ""];

#[test]
fn two_hundred_times_at_random_moments() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.cell(SETUP).until_idle();
    let worker = client.worker();
    let mut random = Random::new(200);
    for n in 1..=200 {
        match CELLS[n % CELLS.len()] {
            "" => drop(client.control("interrupt_request", json!({}))),
            code => interrupted_in(&mut client, code, &mut random),
        }
        client.gives("kept += 1; kept", &n.to_string());
    }
    client.cell("run.step();").until_idle();
    client.gives("run.context.global_step > 0", "true");
    assert_eq!(client.worker(), worker, "no other worker was needed");
}

#[test]
fn the_first_cell_while_the_worker_still_starts() {
    for _ in 0..5 {
        let kernel = KernelProcess::start();
        let mut client = kernel.client();
        interrupted_in(&mut client, "loop { }", &mut Random::new(1));
        client.gives("1 + 1", "2");
    }
}

/// One interrupt is enough, from the moment on at which the client was told that the cell began.
fn interrupted_in(client: &mut Client, code: &str, random: &mut Random) {
    let cell = client.send(Channel::Shell, "execute_request", json!({"code": code}));
    let mut transcript = client.of(cell.clone());
    transcript.busy();
    assert_eq!(transcript.published().msg_type(), "execute_input");
    random.pause(3_000);
    client.control("interrupt_request", json!({}));
    let last = client.of(cell.clone()).until_idle().pop().unwrap();
    assert_eq!((last.msg_type(), &last.content["ename"]), ("error", &json!("Interrupted")));
    client.of(cell).answers_error("Interrupted");
}
