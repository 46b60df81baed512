//! A web server and a mail server, as small as can be, each on a port of its own. They know nothing of the plugin.

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::Value;
use std::collections::VecDeque;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// Answers every request, after the given status codes with 200, and keeps their bodies.
pub struct HttpServer {
    port: u16,
    bodies: Arc<Mutex<Vec<Value>>>,
}

impl HttpServer {
    pub fn new(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let bodies = Arc::new(Mutex::new(Vec::new()));
        let (kept, mut answers) = (bodies.clone(), answers.iter().copied().collect::<VecDeque<u16>>());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let stream = stream.unwrap();
                let mut reader = BufReader::new(&stream);
                let body = serde_json::from_slice(&request(&mut reader)).unwrap();
                kept.lock().unwrap().push(body);
                let code = answers.pop_front().unwrap_or(200);
                let answer = format!("HTTP/1.1 {code} x\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                (&stream).write_all(answer.as_bytes()).unwrap();
            }
        });
        Self { port, bodies }
    }

    pub fn address(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    pub fn bodies(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }
}

fn request(reader: &mut impl BufRead) -> Vec<u8> {
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let line = line.trim().to_lowercase();
        if let Some(found) = line.strip_prefix("content-length:") {
            length = found.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    body
}

/// What a mail server offers.
#[derive(Clone, Copy, PartialEq)]
pub enum Answer {
    /// STARTTLS, with a certificate that `ca.pem` vouches for.
    Starttls,
    /// Nothing.
    Plain,
}

/// A mail that was taken.
#[derive(Clone, Default)]
pub struct Letter {
    pub secret: bool,
    pub login: String,
    pub to: Vec<String>,
    pub text: String,
}

/// Takes mail and keeps it.
pub struct MailServer {
    port: u16,
    letters: Arc<Mutex<Vec<Letter>>>,
}

impl MailServer {
    pub fn new(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let letters = Arc::new(Mutex::new(Vec::new()));
        let kept = letters.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let kept = kept.clone();
                std::thread::spawn(move || serve(stream.unwrap(), answer, &kept));
            }
        });
        Self { port, letters }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn letters(&self) -> Vec<Letter> {
        self.letters.lock().unwrap().clone()
    }
}

/// One connection: in plain, and over TLS from STARTTLS on.
fn serve(mut stream: TcpStream, answer: Answer, letters: &Mutex<Vec<Letter>>) {
    stream.write_all(b"220 localhost\r\n").unwrap();
    let offer = if answer == Answer::Starttls { "250-localhost\r\n250 STARTTLS\r\n" } else { "250 localhost\r\n" };
    if converse(&mut stream, offer, false, letters) {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
        let certificate = CertificateDer::from_pem_slice(include_bytes!("server.pem")).unwrap();
        let key = PrivateKeyDer::from_pem_slice(include_bytes!("server.key")).unwrap();
        let config = config.with_no_client_auth().with_single_cert(vec![certificate], key).unwrap();
        let connection = ServerConnection::new(Arc::new(config)).unwrap();
        converse(&mut StreamOwned::new(connection, stream), "250-localhost\r\n250 AUTH PLAIN\r\n", true, letters);
    }
}

/// Takes letters until the other side leaves. True when it asked for TLS.
fn converse(stream: &mut (impl Read + Write), offer: &str, secret: bool, letters: &Mutex<Vec<Letter>>) -> bool {
    let mut letter = Letter { secret, ..Letter::default() };
    // Without a buffer: what follows STARTTLS belongs to TLS.
    while let Some(line) = line(stream) {
        let (command, rest) = line.split_at(line.len().min(4));
        let answer = match command.to_uppercase().as_str() {
            "EHLO" => offer,
            "STAR" => {
                stream.write_all(b"220 go ahead\r\n").unwrap();
                return true;
            }
            "AUTH" => {
                letter.login = rest.trim().trim_start_matches("PLAIN ").to_owned();
                "235 ok\r\n"
            }
            "RCPT" => {
                letter.to.push(rest.trim_start_matches(" TO:").trim_matches(['<', '>', ' ']).to_owned());
                "250 ok\r\n"
            }
            "DATA" => {
                stream.write_all(b"354 go on\r\n").unwrap();
                while let Some(text) = self::line(stream).filter(|text| text != ".") {
                    letter.text += &(text + "\r\n");
                }
                letters.lock().unwrap().push(std::mem::take(&mut letter));
                letter.secret = secret;
                "250 taken\r\n"
            }
            "QUIT" => "221 bye\r\n",
            _ => "250 ok\r\n",
        };
        if stream.write_all(answer.as_bytes()).is_err() {
            break;
        }
    }
    false
}

fn line(stream: &mut impl Read) -> Option<String> {
    let (mut line, mut byte) = (Vec::new(), [0]);
    while stream.read(&mut byte).ok()? == 1 {
        if byte[0] == b'\n' {
            return Some(String::from_utf8(line).unwrap().trim_end_matches('\r').to_owned());
        }
        line.push(byte[0]);
    }
    None
}
