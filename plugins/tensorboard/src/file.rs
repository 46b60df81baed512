//! One event file: records framed as TFRecord. Knows nothing of hooks. Read [`EventFile`] first.

use crate::proto::{Event, Summary, Value};
use prost::Message;
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// A run's file and how far it is written.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct EventFile {
    path: PathBuf,
    length: u64,
    /// Whether the run goes on from a checkpoint, and what was written after it may be in the file.
    #[serde(skip)]
    resumed: bool,
    #[serde(skip)]
    open: Option<File>,
}

impl EventFile {
    /// The file of a run that goes on from a checkpoint.
    pub(crate) fn resumed(self) -> Self {
        Self { resumed: true, ..self }
    }

    /// Opens the file unless it is open: the run's own, or a new one in a directory.
    pub(crate) fn open(&mut self, directory: &Path) -> io::Result<()> {
        if self.open.is_some() {
            return Ok(());
        }
        if std::mem::take(&mut self.resumed) && self.path.is_file() {
            return self.reopen();
        }
        std::fs::create_dir_all(directory)?;
        self.path = directory.join(name());
        self.open = Some(OpenOptions::new().append(true).create_new(true).open(&self.path)?);
        self.length = 0;
        let file_version = Some("brain.Event:2".to_owned());
        self.append(Event { wall_time: now(), file_version, ..Event::default() })
    }

    /// Appends an event of these values.
    pub(crate) fn write(&mut self, step: i64, value: Vec<Value>) -> io::Result<()> {
        if value.is_empty() {
            return Ok(());
        }
        self.append(Event { wall_time: now(), step, summary: Some(Summary { value }), ..Event::default() })
    }

    /// The file, or the directory it should be in.
    pub(crate) fn path(&self, directory: &Path) -> String {
        let path = if self.open.is_some() { &self.path } else { directory };
        path.display().to_string()
    }

    /// Goes on where the checkpoint was; what was written after it goes to a file beside that TensorBoard does not read.
    fn reopen(&mut self) -> io::Result<()> {
        let mut file = OpenOptions::new().read(true).append(true).open(&self.path)?;
        let length = self.length.min(file.metadata()?.len());
        let mut rest = Vec::new();
        file.seek(SeekFrom::Start(length))?;
        file.read_to_end(&mut rest)?;
        if !rest.is_empty() {
            // TensorBoard takes every file for its own whose name holds `tfevents`.
            let beside = self.path.with_file_name("superseded-events");
            OpenOptions::new().append(true).create(true).open(beside)?.write_all(&rest)?;
            file.set_len(length)?;
        }
        (self.open, self.length) = (Some(file), length);
        Ok(())
    }

    /// One call to the system for a record; what a full disk cut off is taken out again.
    fn append(&mut self, event: Event) -> io::Result<()> {
        let Some(file) = &mut self.open else { return Ok(()) };
        let record = framed(&event.encode_to_vec());
        file.write_all(&record).inspect_err(|_| drop(file.set_len(self.length)))?;
        self.length += record.len() as u64;
        Ok(())
    }
}

/// A record as TFRecord has it: length (u64, little endian), checksum of the length, data, checksum of the data.
pub(crate) fn framed(data: &[u8]) -> Vec<u8> {
    let length = (data.len() as u64).to_le_bytes();
    [&length[..], &masked_crc(&length), data, &masked_crc(data)].concat()
}

/// CRC-32C, turned and shifted so that the checksum of data that holds checksums is sound.
fn masked_crc(data: &[u8]) -> [u8; 4] {
    crc32c::crc32c(data).rotate_right(15).wrapping_add(0xa282_ead8).to_le_bytes()
}

/// Seconds since 1970.
pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
}

/// A name that TensorBoard takes for an event file, unlike every other of this machine.
fn name() -> String {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    format!("events.out.tfevents.{:010}.candlewick.{}.{number}", now() as u64, std::process::id())
}
