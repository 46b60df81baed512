//! Control and heartbeat answer whatever the worker does: runs, stands still, or is dead.

use crate::support::eventually;
use crate::support::kernel::{Client, KernelProcess, send_signal, stop};
use serde_json::json;
use std::path::Path;

fn answers(client: &mut Client) {
    assert_eq!(client.control("kernel_info_request", json!({}))["implementation"], "candlewick");
    assert!(client.control("usage_request", json!({}))["pid"].is_u64());
    client.beats();
}

#[test]
fn while_a_cell_runs() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let cell = begin(&mut client, "loop { }");
    answers(&mut client);
    client.control("interrupt_request", json!({}));
    client.of(cell).fails("Interrupted").idle().answers_error("Interrupted");
    client.gives("1 + 1", "2");
}

#[test]
fn while_a_question_waits() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("let kept = 41;\nkept", "41");
    let cell = begin(&mut client, "input(\"Name? \")");
    client.of(cell.clone()).asks("Name? ");
    answers(&mut client);
    client.control("interrupt_request", json!({}));
    client.of(cell).fails("Interrupted").idle().answers_error("Interrupted");
    client.gives("kept + 1", "42");
}

#[test]
fn while_the_worker_is_stopped() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    client.gives("let kept = 41;\nkept", "41");
    let worker = client.worker();
    let cell = begin(&mut client, "loop { }");
    stop(worker);
    answers(&mut client);
    client.control("interrupt_request", json!({}));
    send_signal(worker, libc::SIGCONT);
    client.of(cell).fails("Interrupted").idle().answers_error("Interrupted");
    client.gives("kept + 1", "42");
}

#[test]
fn while_the_worker_is_dead() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let worker = client.worker();
    send_signal(worker, libc::SIGKILL);
    eventually("the end of the worker", || (!Path::new(&format!("/proc/{worker}")).exists()).then_some(()));
    answers(&mut client);
    client.control("interrupt_request", json!({}));
    let mut cell = client.cell("1 + 1");
    let told = cell.stream("stderr");
    assert!(told.contains("killed by SIGKILL"), "{told:?}");
    cell.results("2").idle().answers_ok();
    answers(&mut client);
}

/// Sends a cell that runs until it is ended, sees it begin, and gives its id.
fn begin(client: &mut Client, code: &str) -> String {
    let cell =
        client.send(candlewick_jupyter::Channel::Shell, "execute_request", json!({"code": code, "allow_stdin": true}));
    let mut transcript = client.of(cell.clone());
    transcript.busy();
    assert_eq!(transcript.published().msg_type(), "execute_input");
    cell
}
