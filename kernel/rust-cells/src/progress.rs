//! What takes long while dependencies are built: the wrapper of rustc writes it into a named pipe.
//!
//! Must not know who is told. Read [`listen`] first.

use crate::CompilerError;
use std::ffi::CString;
use std::fs::OpenOptions;
use std::io::{BufRead, BufReader};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Makes the pipe and gives each line that comes to `tell`, on a thread of its own.
///
/// # Errors
/// The pipe cannot be made.
pub(crate) fn listen(path: &Path, tell: impl Fn(&str) + Send + 'static) -> Result<(), CompilerError> {
    let unwritable = |error: std::io::Error| CompilerError::unwritable(path, &error);
    let name = CString::new(path.as_os_str().as_bytes()).map_err(|error| unwritable(error.into()))?;
    // One of an earlier process does as well.
    if !path.exists() {
        // SAFETY: `name` ends with a zero byte and lives through the call.
        if unsafe { libc::mkfifo(name.as_ptr(), 0o600) } != 0 {
            return Err(unwritable(std::io::Error::last_os_error()));
        }
    }
    // Held open for writing too, so that it does not end between two writers.
    let pipe = OpenOptions::new().read(true).write(true).open(path).map_err(unwritable)?;
    let read = move || BufReader::new(pipe).lines().map_while(Result::ok).for_each(|line| tell(&line));
    std::thread::Builder::new().name("progress".into()).spawn(read).map_err(unwritable)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;

    #[test]
    fn what_is_written_is_told() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("progress");
        let (sender, receiver) = channel();
        listen(&path, move |line| sender.send(line.to_owned()).unwrap()).unwrap();
        let tell = "echo 'Compiling a v1' 1<>\"$0\"";
        assert!(std::process::Command::new("sh").args(["-c", tell]).arg(&path).status().unwrap().success());
        assert_eq!(receiver.recv().unwrap(), "Compiling a v1");
    }
}
