//! The `[rust]` table: what is said of the compiler of Rust cells, and having it take effect.
//!
//! The compiler's directory holds the settings for whoever starts a compiler process; warming it up is asking it to. Must
//! not know files or layers' order. Read [`Settings`] first.

use super::keys::bytes;
use super::layer::{Given, Layer};
use super::{Environment, Said};
use candlewick_link::{
    COMPILER_VARIABLE, CompilerRequest, FrameReader, FrameWriter, FromCompiler, LinkError, ToCompiler,
};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

/// The file beside the compiler's socket; the kernel process reads it before it starts a compiler.
const FILE: &str = "settings.json";

/// What is said of the compiler.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// Whether it is made ready without a Rust cell.
    pub warm: bool,
    /// The bytes that its process may take before another one takes its place.
    pub memory: Option<u64>,
}

impl Settings {
    /// What a configuration says.
    pub fn of(layer: &Layer) -> Self {
        let said = |key: &str| layer.rust.get(key).map(|given| &given.value);
        Self { warm: said("warm").and_then(Json::as_bool) == Some(true), memory: said("memory").and_then(bytes) }
    }

    /// Has it take effect: memory for the next compiler process, warming at once and beside what goes on.
    pub fn take_effect(self) {
        if let Some(socket) = socket() {
            self.take_effect_at(&socket);
        }
    }

    fn take_effect_at(self, socket: &Path) {
        // Without the file a compiler takes what it takes by default.
        drop(std::fs::write(socket.with_file_name(FILE), json!({ "memory": self.memory }).to_string()));
        if self.warm {
            let socket = socket.to_owned();
            // A thread that cannot be started leaves it to the first Rust cell.
            drop(std::thread::Builder::new().name("rust-warm".into()).spawn(move || warm(&socket)));
        }
    }
}

/// Reads what a session begins with before its first cell does, so that the compiler is ready for that. What cannot be used
/// is the first cell's to tell.
pub fn begin() {
    let says = || Path::new(super::FILE).exists() || Environment::of_process().says_of_rust();
    if socket().is_none() || !says() {
        return;
    }
    let read = || {
        let said = Said::default().read(Path::new("")).ok()?;
        said.merged(&Environment::of_process(), &[]).ok()
    };
    // Nobody waits for it.
    let spawned = std::thread::Builder::new().name("rust-settings".into()).spawn(move || {
        if let Some(layer) = read().filter(|layer| !layer.rust.is_empty()) {
            Settings::of(&layer).take_effect();
        }
    });
    drop(spawned);
}

/// Whether two layers say different things.
pub fn differs(old: &BTreeMap<String, Given>, new: &BTreeMap<String, Given>) -> bool {
    let values = |layer: &BTreeMap<String, Given>| -> Vec<(String, Json)> {
        layer.iter().map(|(key, given)| (key.clone(), given.value.clone())).collect()
    };
    values(old) != values(new)
}

fn socket() -> Option<PathBuf> {
    std::env::var_os(COMPILER_VARIABLE).filter(|socket| !socket.is_empty()).map(PathBuf::from)
}

/// Asks for it and stays until it is done: a client that goes is nobody to do it for. A compiler that cannot be reached is
/// the first Rust cell's to tell.
fn warm(socket: &Path) {
    let ask = || -> Result<(), LinkError> {
        let stream = UnixStream::connect(socket)?;
        let mut reader = FrameReader::<_, FromCompiler>::new(stream.try_clone()?);
        FrameWriter::new(stream).send(&ToCompiler::Request { id: 1, request: CompilerRequest::Warm })?;
        while let Some(message) = reader.receive()? {
            if let FromCompiler::Reply { .. } = message {
                break;
            }
        }
        Ok(())
    };
    drop(ask());
}

#[cfg(test)]
mod tests {
    use super::super::document::{Document, Source};
    use super::super::tree;
    use super::*;
    use std::os::unix::net::UnixListener;

    fn settings(text: &str) -> Settings {
        Settings::of(&Document::read(&tree::toml(text).unwrap(), &Source::File("candlewick.toml")).unwrap().base)
    }

    #[test]
    fn settings_are_read() {
        let check = |text: &str, warm, memory| assert_eq!(settings(text), Settings { warm, memory }, "{text}");
        check("", false, None);
        check("[rust]\nwarm = true", true, None);
        check("[rust]\nwarm = false\nmemory = \"2 GiB\"", false, Some(2 << 30));
        check("rust = { memory = 536870912 }", false, Some(512 << 20));
    }

    #[test]
    fn a_compiler_is_told_its_memory_and_asked_to_warm_up() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join("compiler.sock");
        let listener = UnixListener::bind(&socket).unwrap();
        settings("[rust]\nwarm = true\nmemory = \"1 GiB\"").take_effect_at(&socket);
        let (connection, _) = listener.accept().unwrap();
        let asked = FrameReader::<_, ToCompiler>::new(connection).receive().unwrap();
        assert_eq!(asked, Some(ToCompiler::Request { id: 1, request: CompilerRequest::Warm }));
        let written = std::fs::read_to_string(directory.path().join(FILE)).unwrap();
        assert_eq!(written, r#"{"memory":1073741824}"#);
    }
}
