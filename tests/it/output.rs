//! No output is lost, late or in the way, however much there is and whoever reads it.

use crate::support::kernel::{Client, KernelProcess};
use crate::support::subscriber::stalled;
use candlewick_jupyter::Channel;
use candlewick_jupyter::front_end::line;
use serde_json::json;

#[test]
fn a_hundred_thousand_printed_lines_are_all_there_and_idle_is_last() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let mut cell = client.cell("for i in 0..100000 { print(i); }");
    let published = cell.until_idle();
    assert!(published.iter().all(|message| message.msg_type() == "stream"));
    let text: String = published.iter().filter_map(|message| message.content["text"].as_str()).collect();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 100_000);
    assert!(lines.iter().enumerate().all(|(n, line)| line.parse() == Ok(n)));
    // jupyter_server throws away what comes in more than 1,000 messages a second.
    assert!(published.len() < 1000, "{} messages", published.len());
    cell.answers_ok();
    client.cell("print(1); 1 + 1").prints("1\n").results("2").idle().answers_ok();
}

#[test]
fn a_client_that_stops_reading_delays_nobody_and_costs_nobody_anything() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let stalled = stalled(&kernel.connection);
    // 64 MiB, far more than the buffers of a socket hold.
    let mut cell = client.cell("let line = \"\"; line.pad(1023, 'x'); for i in 0..65536 { print(line); }");
    let text = cell.stream("stdout");
    assert_eq!(text.len(), 64 << 20);
    assert!(text.as_bytes().chunks(1024).all(|line| line[1023] == b'\n' && line[..1023].iter().all(|b| *b == b'x')));
    cell.idle().answers_ok();
    client.gives("1 + 1", "2");
    drop(stalled);
    client.gives("2 + 2", "4");
}

#[test]
fn two_clients_at_once_get_their_own_replies_and_see_all_outputs() {
    let kernel = KernelProcess::start();
    let (mut first, mut second) = (kernel.client(), kernel.client());
    first.gives("let count = 0;\ncount", "0");
    let cell = |name: &str| json!({"code": format!("count += 1; print(\"{name}\"); count")});
    let sent: Vec<(String, String)> = (0..20)
        .map(|n| {
            let one = first.send(Channel::Shell, "execute_request", cell(&format!("first {n}")));
            (one, second.send(Channel::Shell, "execute_request", cell(&format!("second {n}"))))
        })
        .collect();
    let mut counts = Vec::new();
    for (n, (one, two)) in sent.into_iter().enumerate() {
        counts.push(seen_by_both(&mut first, &mut second, &one, &format!("first {n}")));
        counts.push(seen_by_both(&mut second, &mut first, &two, &format!("second {n}")));
    }
    counts.sort_unstable();
    assert_eq!(counts, (1..=40).collect::<Vec<_>>());
}

/// A cell of `own` that prints `text`: both clients see the same, `own` gets the reply. Gives its result.
fn seen_by_both(own: &mut Client, other: &mut Client, id: &str, text: &str) -> u32 {
    let mine: Vec<String> = own.of(id.to_owned()).until_idle().iter().map(line).collect();
    let theirs: Vec<String> = other.of(id.to_owned()).until_idle().iter().map(line).collect();
    assert_eq!(mine, theirs);
    let [_, printed, result] = mine.as_slice() else { panic!("{mine:?}") };
    assert_eq!(printed, &format!("stdout: {text}\n"));
    own.of(id.to_owned()).answers_ok();
    result.strip_prefix("execute_result: ").unwrap().parse().unwrap()
}

/// What is printed right before the end.
const BURST: &str = "let line = \"\"; line.pad(999, 'x'); for i in 0..2000 { print(line); }";

#[test]
fn a_shutdown_right_behind_a_cell_loses_nothing() {
    for _ in 0..5 {
        let mut kernel = KernelProcess::start();
        let mut client = kernel.client();
        let cell = client.send(Channel::Shell, "execute_request", json!({"code": BURST}));
        client.of(cell.clone()).answers_ok();
        let shutdown = client.send(Channel::Control, "shutdown_request", json!({"restart": false}));
        assert_eq!(
            client.of(cell).until_idle().iter().filter_map(|m| m.content["text"].as_str()).map(str::len).sum::<usize>(),
            2_000_000
        );
        client.of(shutdown).busy().says("shutdown_reply").idle().answers_ok();
        assert!(kernel.ended().success());
    }
}

#[test]
fn a_sigterm_right_behind_a_cell_loses_nothing() {
    for _ in 0..5 {
        let mut kernel = KernelProcess::start();
        let mut client = kernel.client();
        let cell = client.send(Channel::Shell, "execute_request", json!({"code": BURST}));
        client.of(cell.clone()).answers_ok();
        kernel.signal(libc::SIGTERM);
        assert_eq!(
            client.of(cell).until_idle().iter().filter_map(|m| m.content["text"].as_str()).map(str::len).sum::<usize>(),
            2_000_000
        );
        assert!(kernel.ended().success());
    }
}

#[test]
fn two_hundred_megabytes_to_show_are_refused_with_the_reason_and_the_next_cell_works() {
    let kernel = KernelProcess::start();
    let mut client = kernel.client();
    let mut cell = client.cell("let text = \"\"; text.pad(200 * 1024 * 1024, 'x'); display(text);");
    let said = cell.stream("stderr");
    assert!(said.contains("200 MB was not sent: 128 MB is the most"), "{said}");
    cell.idle().answers_ok();
    client.gives("1 + 1", "2");
}
