//! The file in which the history of all sessions is kept: SQLite, with the tables that IPython's has.
//!
//! Owns the schema and the queries. Must not know threads or who asks. Read [`HistoryFile`] first. Several kernels
//! write to one file at once; each has a session of its own, and SQLite's write-ahead log keeps them from waiting for
//! each other's reading.

use crate::history::Line;
use crate::places::data_directory;
use anyhow::{Context, Result};
use rusqlite::{Connection, OptionalExtension, Row, Statement, params};
use std::collections::HashSet;
use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How long another kernel's write is waited for.
const PATIENCE: Duration = Duration::from_secs(2);

const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS sessions
    (session INTEGER PRIMARY KEY AUTOINCREMENT, start TIMESTAMP, end TIMESTAMP, num_cmds INTEGER, remark TEXT);
CREATE TABLE IF NOT EXISTS history
    (session INTEGER, line INTEGER, source TEXT, source_raw TEXT, PRIMARY KEY (session, line));
CREATE TABLE IF NOT EXISTS output_history
    (session INTEGER, line INTEGER, output TEXT, PRIMARY KEY (session, line));";

const LINES: &str =
    "SELECT session, line, source_raw, output FROM history LEFT JOIN output_history USING (session, line)";
const NOW: &str = "strftime('%Y-%m-%d %H:%M:%f', 'now', 'localtime')";

/// An open history.
pub struct HistoryFile {
    database: Connection,
    /// This session's number; none before its first line, so that a kernel that runs nothing leaves nothing.
    session: Option<i64>,
}

/// Where the history is kept: what `CANDLEWICK_HISTORY` says, a path or `off`, else the user's data directory. None
/// when it is off.
///
/// # Errors
/// The user has no home directory.
pub fn place() -> Result<Option<PathBuf>> {
    match std::env::var_os("CANDLEWICK_HISTORY").filter(|value| !value.is_empty()) {
        Some(value) if value == "off" => Ok(None),
        Some(path) => Ok(Some(PathBuf::from(path))),
        None => Ok(Some(data_directory()?.join("history.sqlite"))),
    }
}

impl HistoryFile {
    /// Opens the file, made if it is not there, readable by its owner only.
    ///
    /// # Errors
    /// It can't be made or read, or is no such database.
    pub fn open(path: &Path) -> Result<Self> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory).with_context(|| format!("can't make {}", directory.display()))?;
        }
        OpenOptions::new().append(true).create(true).mode(0o600).open(path)?;
        let database = Connection::open(path)?;
        database.busy_timeout(PATIENCE)?;
        // On file systems that can't have it, it stays what it was; both work.
        database.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
        database.pragma_update(None, "synchronous", "NORMAL")?;
        database.execute_batch(SCHEMA)?;
        Ok(Self { database, session: None })
    }

    /// How many sessions it holds.
    ///
    /// # Errors
    /// It can't be read.
    pub fn sessions(&self) -> Result<i64> {
        Ok(self.database.query_row("SELECT count(*) FROM sessions", [], |row| row.get(0))?)
    }

    /// This session's number, or the one that it would get now.
    pub fn own_session(&self) -> i64 {
        let next = || {
            let newest = self.database.query_row("SELECT seq FROM sqlite_sequence WHERE name = 'sessions'", [], get);
            newest.optional().ok().flatten().unwrap_or(0) + 1
        };
        self.session.unwrap_or_else(next)
    }

    /// Writes lines of this session, all or none; a line that was written before is replaced.
    ///
    /// # Errors
    /// It can't be written.
    pub fn write<'a>(&mut self, lines: impl Iterator<Item = &'a Line>) -> Result<()> {
        let transaction = self.database.transaction()?;
        let session = match self.session {
            Some(session) => session,
            None => {
                transaction.execute(&format!("INSERT INTO sessions (start, remark) VALUES ({NOW}, '')"), [])?;
                transaction.last_insert_rowid()
            }
        };
        {
            let mut input = transaction.prepare("INSERT OR REPLACE INTO history VALUES (?1, ?2, ?3, ?3)")?;
            let mut output = transaction.prepare("INSERT OR REPLACE INTO output_history VALUES (?1, ?2, ?3)")?;
            for line in lines {
                let number = i64::try_from(line.number)?;
                input.execute(params![session, number, line.input])?;
                if let Some(text) = &line.output {
                    output.execute(params![session, number, text])?;
                }
            }
        }
        transaction.commit()?;
        self.session = Some(session);
        Ok(())
    }

    /// Notes that this session has ended.
    ///
    /// # Errors
    /// It can't be written.
    pub fn end(&mut self) -> Result<()> {
        let Some(session) = self.session else { return Ok(()) };
        let count = "(SELECT count(*) FROM history WHERE session = ?1)";
        let end = format!("UPDATE sessions SET end = {NOW}, num_cmds = {count} WHERE session = ?1");
        self.database.execute(&end, [session])?;
        Ok(())
    }

    /// Lines of another session whose number is at least `start` and below `stop`, oldest first.
    ///
    /// # Errors
    /// It can't be read.
    pub fn range(&self, session: i64, start: i64, stop: Option<i64>) -> Result<Vec<Line>> {
        let order = format!("{LINES} WHERE session = ?1 AND line >= ?2 AND line < ?3 ORDER BY line");
        let mut statement = self.database.prepare(&order)?;
        let rows = statement.query_map(params![session, start, stop.unwrap_or(i64::MAX)], line)?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// The newest `n` lines of other sessions whose whole text matches the glob, newest first; of equal texts only the
    /// newest when `unique`.
    ///
    /// # Errors
    /// It can't be read.
    pub fn newest(&self, glob: &str, n: usize, unique: bool) -> Result<Vec<Line>> {
        let order = format!(
            "{LINES} WHERE session <> ?1 AND (?2 = '*' OR source_raw GLOB ?2) ORDER BY session DESC, line DESC"
        );
        let mut statement: Statement = self.database.prepare(&order)?;
        // SQLite's globs have character classes too; those that Jupyter knows do not.
        let rows = statement.query_map(params![self.session.unwrap_or(0), glob.replace('[', "[[]")], line)?;
        let mut seen = HashSet::new();
        let is_wanted = |line: &rusqlite::Result<Line>| match line {
            Ok(line) => !unique || seen.insert(line.input.clone()),
            Err(_) => true,
        };
        Ok(rows.filter(is_wanted).take(n).collect::<rusqlite::Result<_>>()?)
    }
}

fn get(row: &Row) -> rusqlite::Result<i64> {
    row.get(0)
}

fn line(row: &Row) -> rusqlite::Result<Line> {
    let number: i64 = row.get(1)?;
    Ok(Line {
        session: row.get(0)?,
        number: u64::try_from(number).unwrap_or(0),
        input: row.get(2)?,
        output: row.get(3)?,
    })
}
