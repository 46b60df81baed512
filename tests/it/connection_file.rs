//! Connection files that a kernel can't serve.

use crate::support::{CANDLEWICK, Home, eventually, finish, said};
use serde_json::{Value, json};
use std::fs::Permissions;
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
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

/// Writes a file that only its owner can read, as Jupyter does.
fn write(home: &Home, content: &str) {
    home.write("k.json", content);
    set_mode(home, 0o600);
}

fn set_mode(home: &Home, mode: u32) {
    std::fs::set_permissions(home.path().join("k.json"), Permissions::from_mode(mode)).unwrap();
}

#[test]
fn files_that_can_not_be_served_are_refused_with_the_reason() {
    let home = Home::new();
    let check = |content: Option<&str>, expect: &str| {
        if let Some(content) = content {
            write(&home, content);
        }
        let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
        assert!(said(&output).contains("k.json") && said(&output).contains(expect), "{}", said(&output));
    };
    check(None, "can't read");
    check(Some("{"), "malformed");
    check(Some("{\"transport\": \"tcp\"}"), "missing field");
    check(Some("{\"registration_port\": 1}"), "missing field");
    let with = |key: &str, value: &str| {
        let mut connection = connection();
        connection[key] = json!(value);
        connection.to_string()
    };
    check(Some(&with("key", "")), "key is empty");
    check(Some(&with("signature_scheme", "hmac-md5")), "hmac-md5");
    check(Some(&with("transport", "udp")), "udp");
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let home = Home::new();
    write(&home, &connection().to_string());
    set_mode(&home, 0o644);
    let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
    assert!(said(&output).contains("chmod 600 k.json"), "{}", said(&output));
    // Allowed by Jupyter's own variable, it comes as far as the next check.
    write(&home, "{");
    set_mode(&home, 0o644);
    let mut command = home.candlewick(&["kernel", "--connection-file", "k.json"]);
    let output = finish(command.env("JUPYTER_ALLOW_INSECURE_WRITES", "true"), false);
    assert!(said(&output).contains("malformed"), "{}", said(&output));
}

#[test]
fn encryption_and_ports_that_can_not_be_had_are_refused_with_the_reason() {
    let home = Home::new();
    let check = |change: &dyn Fn(&mut Value), expect: &str| {
        let mut connection = connection();
        change(&mut connection);
        write(&home, &connection.to_string());
        let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
        assert!(said(&output).contains(expect), "{}", said(&output));
    };
    check(&|file| file["curve_publickey"] = json!("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7"), "no encryption");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    check(&|file| file["control_port"] = json!(port), "another process listens already");
    check(&|file| file["ip"] = json!("192.0.2.1"), "can't listen for shell");
    let path = home.path().join("kernel").display().to_string();
    let _taken = std::os::unix::net::UnixListener::bind(format!("{path}-1")).unwrap();
    let ipc = |file: &mut Value| {
        (file["transport"], file["ip"], file["shell_port"]) = (json!("ipc"), json!(path), json!(1));
    };
    check(&ipc, "another process listens already");
    write(&home, &registration(port).to_string());
    drop(taken);
    let output = finish(&mut home.candlewick(&["kernel", "--connection-file", "k.json"]), false);
    assert!(said(&output).contains("the registration file"), "{}", said(&output));
}

/// A registration file for a client that listens on this port.
fn registration(port: u16) -> Value {
    json!({
        "kernel_id": "one", "transport": "tcp", "registration_ip": "127.0.0.1", "registration_port": port,
        "signature_scheme": "hmac-sha256", "key": "secret",
    })
}

#[test]
fn a_file_that_is_served_already_is_refused() {
    let home = Home::new();
    let connection = connection();
    write(&home, &connection.to_string());
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
    write(&home, &connection().to_string());
    let script = "JPY_PARENT_PID=$$ \"$0\" kernel --connection-file k.json >&2 & echo $!; sleep 1";
    let output = finish(home.command("sh").args(["-c", script, CANDLEWICK]).stderr(Stdio::null()), true);
    let pid = String::from_utf8(output.stdout).unwrap();
    let stat = format!("/proc/{}/stat", pid.trim());
    // Where nobody reaps it, it stays as a zombie.
    let has_ended = || std::fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    eventually("the end of the kernel", || has_ended().then_some(()));
}
