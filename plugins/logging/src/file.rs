//! A run's place in a file of JSON lines. Knows nothing of hooks. Read [`Log`] first.

use crate::record::Record;
use candlewick_plugin_api::RunId;
use serde_json::{Value, json};
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The lines of one run: several runs may share a file, so each line says whose it is and which of them.
#[derive(Default)]
pub(crate) struct Log {
    /// Tells this run's lines from those of every other; empty before the first.
    session: String,
    /// Lines written so far.
    sequence: u64,
    /// Whether it goes on from a checkpoint, and lines that were written after it may be in the file.
    resumed: bool,
    open: Option<(PathBuf, File)>,
}

impl Log {
    /// The place that [`Log::state`] told.
    pub(crate) fn at(state: &Value) -> Option<Self> {
        let session = state["session"].as_str()?.to_owned();
        Some(Self { session, sequence: state["sequence"].as_u64()?, resumed: true, open: None })
    }

    /// Its place, for a checkpoint.
    pub(crate) fn state(&self) -> Value {
        json!({ "session": self.session, "sequence": self.sequence })
    }

    /// Opens the file unless it is open. True when the run has no line yet.
    pub(crate) fn open(&mut self, path: &Path, run: RunId) -> io::Result<bool> {
        if self.open.as_ref().is_some_and(|(open, _)| open == path) {
            return Ok(false);
        }
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        if std::mem::take(&mut self.resumed) && path.exists() {
            self.supersede(path)?;
        }
        let file = OpenOptions::new().append(true).create(true).open(path)?;
        self.open = Some((path.to_owned(), file));
        let is_new = self.session.is_empty();
        if is_new {
            self.session = format!("{:x}-{}-{run}", (now() * 1e6) as u64, std::process::id());
        }
        Ok(is_new)
    }

    /// Appends a line with one call to the system; what a full disk cut off is taken out again.
    pub(crate) fn write(&mut self, record: Record) -> io::Result<()> {
        let Some((_, file)) = &mut self.open else { return Ok(()) };
        let line = record.line(&self.session, self.sequence, now());
        let length = file.metadata()?.len();
        file.write_all(line.as_bytes()).inspect_err(|_| drop(file.set_len(length)))?;
        self.sequence += 1;
        Ok(())
    }

    /// Moves this run's lines from its place on into the file beside: the run writes them again.
    fn supersede(&self, path: &Path) -> io::Result<()> {
        let beside = |ending: &str| PathBuf::from(format!("{}.{ending}", path.display()));
        let (kept, out) = (beside("new"), beside("superseded"));
        let mut keep = BufWriter::new(File::create(&kept)?);
        let mut superseded = Vec::new();
        for line in BufReader::new(File::open(path)?).split(b'\n') {
            let mut line = line?;
            line.push(b'\n');
            if self.comes_again(&line) { superseded.extend(line) } else { keep.write_all(&line)? }
        }
        keep.into_inner().map_err(io::IntoInnerError::into_error)?.sync_all()?;
        if superseded.is_empty() {
            return std::fs::remove_file(&kept);
        }
        OpenOptions::new().append(true).create(true).open(&out)?.write_all(&superseded)?;
        std::fs::rename(&kept, path)
    }

    fn comes_again(&self, line: &[u8]) -> bool {
        let line: Value = serde_json::from_slice(line).unwrap_or_default();
        line["session"] == self.session && line["sequence"].as_u64().is_some_and(|number| number >= self.sequence)
    }
}

/// Seconds since 1970, to the microsecond.
fn now() -> f64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64());
    (since * 1e6).round() / 1e6
}
