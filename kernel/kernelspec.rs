//! The kernelspec: what tells Jupyter how to start this kernel.
//!
//! Owns its content and its reading. Must not know where kernels are installed. Read [`write`] first.

use crate::replace::replace_directory;
use anyhow::{Context, Result};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

const LOGOS: [(&str, &[u8]); 3] = [
    ("logo-svg.svg", include_bytes!("logos/logo-svg.svg")),
    ("logo-32x32.png", include_bytes!("logos/logo-32x32.png")),
    ("logo-64x64.png", include_bytes!("logos/logo-64x64.png")),
];

/// Writes a kernelspec that starts `program` into `directory`, in place of an older one.
///
/// # Errors
/// The operating system refuses.
pub fn write(directory: &Path, program: &Path) -> Result<()> {
    let written = replace_directory(directory, |new| {
        fs::write(new.join("kernel.json"), format!("{:#}\n", content(program)))?;
        for (name, bytes) in LOGOS {
            fs::write(new.join(name), bytes)?;
        }
        Ok(())
    });
    written.with_context(|| format!("can't write the kernelspec to {}", directory.display()))
}

/// The program that the kernelspec in this directory starts; none when there is no readable kernelspec.
pub fn program(directory: &Path) -> Option<PathBuf> {
    let text = fs::read(directory.join("kernel.json")).ok()?;
    let content: Value = serde_json::from_slice(&text).ok()?;
    Some(content["argv"][0].as_str()?.into())
}

fn content(program: &Path) -> Value {
    json!({
        "argv": [program.to_string_lossy(), "kernel", "--connection-file", "{connection_file}"],
        "display_name": "Candlewick (Rhai)",
        "language": "rhai",
        "interrupt_mode": "message",
        "kernel_protocol_version": candlewick_jupyter::PROTOCOL_VERSION,
        "metadata": {"debugger": false},
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_found_again() {
        let root = tempfile::tempdir().unwrap();
        let directory = root.path().join("share/jupyter/kernels/candlewick");
        write(&directory, Path::new("/opt/candlewick")).unwrap();
        assert_eq!(program(&directory), Some("/opt/candlewick".into()));
        let spec: Value = serde_json::from_slice(&fs::read(directory.join("kernel.json")).unwrap()).unwrap();
        assert_eq!(spec["interrupt_mode"], "message");
        assert!(spec["argv"].as_array().unwrap().contains(&json!("{connection_file}")));
        for (name, magic) in [("logo-32x32.png", b"\x89PNG".as_slice()), ("logo-svg.svg", b"<svg")] {
            assert!(fs::read(directory.join(name)).unwrap().starts_with(magic));
        }
        assert_eq!(program(root.path()), None);
    }
}
