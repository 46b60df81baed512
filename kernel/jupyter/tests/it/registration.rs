//! The registration-file handshake, with a ROUTER of another implementation as the client's side.

use crate::toy::Toy;
use bytes::Bytes;
use candlewick_jupyter::front_end::FrontEnd;
use candlewick_jupyter::{Connection, ConnectionFile, JupyterError, Registration, Server, Session, Transport};
use serde_json::Value;
use std::sync::Arc;
use zeromq::{RouterSocket, Socket, SocketRecv, SocketSend, ZmqMessage};

fn registration(port: u16) -> Registration {
    Registration {
        kernel_id: "kernel 7".into(),
        transport: Transport::Tcp,
        registration_ip: "127.0.0.1".into(),
        registration_port: port,
        signature_scheme: "hmac-sha256".into(),
        key: "a key for tests".into(),
        curve_publickey: None,
        curve_secretkey: None,
    }
}

/// Listens as a client does, answers one registration with an acknowledgement signed with `key`, and gives the message.
async fn client(key: &'static str) -> (u16, tokio::task::JoinHandle<Vec<Bytes>>) {
    let mut router = RouterSocket::new();
    let endpoint = router.bind("tcp://127.0.0.1:0").await.unwrap().to_string();
    let port = endpoint.rsplit(':').next().unwrap().parse().unwrap();
    let answered = tokio::spawn(async move {
        let frames = router.recv().await.unwrap().into_vec();
        let signature = Session::new(key.as_bytes(), "").sign([b"ACK", b"", b"", b""]);
        let delimiter = Bytes::from_static(b"<IDS|MSG>");
        let answer = vec![frames[0].clone(), delimiter, signature.into(), Bytes::from_static(b"ACK")];
        router.send(ZmqMessage::try_from(answer).unwrap()).await.unwrap();
        // Kept until the answer is on its way.
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        frames
    });
    (port, answered)
}

/// The ports in a registration, checked as a client does.
fn told(frames: &[Bytes]) -> Connection {
    assert_eq!((frames.len(), &frames[1][..]), (4, &b"<IDS|MSG>"[..]));
    let session = Session::new(b"a key for tests", "");
    assert!(session.verify(&frames[2], [&frames[3], b"", b"", b""]));
    let content: Value = serde_json::from_slice(&frames[3]).unwrap();
    assert_eq!(content["kernel_id"], "kernel 7");
    let port = |key: &str| content[key].as_str().unwrap().parse().unwrap();
    Connection {
        shell_port: port("shell_port"),
        iopub_port: port("iopub_port"),
        stdin_port: port("stdin_port"),
        control_port: port("control_port"),
        hb_port: port("hb_port"),
        ..crate::toy::connection()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_client_is_told_the_ports_and_the_kernel_serves_there() {
    let (port, answered) = client("a key for tests").await;
    let file = ConnectionFile::Registration(registration(port));
    let server = Server::start(&file).await.unwrap();
    let connection = told(&answered.await.unwrap());
    assert_eq!(&connection, server.connection());
    let _served = tokio::spawn(server.serve(Arc::new(Toy::default())));
    let mut front_end = FrontEnd::connect(&connection).await.unwrap();
    assert_eq!(front_end.execute("1").await.unwrap().content()["status"], "ok");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_there_is_refused() {
    let (port, _answered) = client("another key").await;
    let error = Server::start(&ConnectionFile::Registration(registration(port))).await.err().unwrap().to_string();
    assert!(error.contains("not signed"), "{error}");
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let error = Server::start(&ConnectionFile::Registration(registration(nobody))).await.err().unwrap();
    assert!(matches!(error, JupyterError::Connect { .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn encryption_is_refused_with_the_reason() {
    let curve = Some("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7".to_owned());
    let connection = Connection { curve_publickey: curve.clone(), curve_secretkey: curve, ..crate::toy::connection() };
    let error = Server::bind(&connection).await.err().unwrap().to_string();
    assert!(error.contains("curve_publickey") && error.contains("no encryption"), "{error}");
}
