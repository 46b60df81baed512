//! Connection files that a kernel can't serve.

use crate::support::{CANDLEWICK, Home, eventually, finish, said};
use serde_json::{Value, json};
use std::net::{TcpListener, TcpStream};
use std::process::Stdio;

fn connection() -> Value {
    let listeners: Vec<TcpListener> = (0..5).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
    let port = |nth: usize| listeners[nth].local_addr().unwrap().port();
    json!({
        "transport": "tcp", "ip": "127.0.0.1", "signature_scheme": "hmac-sha256", "key": "secret",
        "shell_port": port(0), "iopub_port": port(1), "stdin_port": port(2), "control_port": port(3),
        "hb_port": port(4),
    })
}

#[test]
fn a_missing_or_malformed_file_is_named() {
    let home = Home::new();
    let check = |content: Option<&str>, expect: &str| {
        if let Some(content) = content {
            home.write("k.json", content);
        }
        let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
        assert!(said(&output).contains("k.json") && said(&output).contains(expect), "{}", said(&output));
    };
    check(None, "can't read");
    check(Some("{"), "malformed");
    check(Some("{\"transport\": \"tcp\"}"), "missing field");
}

#[test]
fn a_file_that_is_served_already_is_refused() {
    let home = Home::new();
    let connection = connection();
    home.write("k.json", &connection.to_string());
    let mut command = home.candlewick(&["kernel", "--connection-file", "k.json"]);
    let mut first = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let port = u16::try_from(connection["hb_port"].as_u64().unwrap()).unwrap();
    eventually("the first kernel", || TcpStream::connect(("127.0.0.1", port)).ok());
    let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
    assert!(said(&output).contains("another process listens already"), "{}", said(&output));
    // SAFETY: sends a signal to a process that this test started.
    assert_eq!(unsafe { libc::kill(first.id().cast_signed(), libc::SIGTERM) }, 0);
    let ended = eventually("the end of the first kernel", || first.try_wait().unwrap());
    assert!(ended.success(), "SIGTERM is a clean end: {ended}");
}

#[test]
fn a_kernel_ends_with_the_jupyter_that_started_it() {
    let home = Home::new();
    home.write("k.json", &connection().to_string());
    let script = "JPY_PARENT_PID=$$ \"$0\" kernel --connection-file k.json >&2 & echo $!; sleep 1";
    let output = finish(home.command("sh").args(["-c", script, CANDLEWICK]).stderr(Stdio::null()), true);
    let pid = String::from_utf8(output.stdout).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Where nobody reaps it, it stays as a zombie.
    let has_ended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    eventually("the end of the kernel", || has_ended().then_some(()));
}
