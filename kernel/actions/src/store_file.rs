//! The file of a model store: SQLite, recognised by its application id. It owns the schema and how a file is opened.
//!
//! Must not know models. Read [`open`] first. Several processes use one file at once: SQLite's write-ahead log keeps
//! readers from waiting, and writers wait for each other up to [`PATIENCE`].

use crate::StoreError;
use rusqlite::{Connection, TransactionBehavior};
use std::path::Path;
use std::time::Duration;

/// How long another process's write is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Marks our files: `Cndl` as a number.
const APPLICATION: i64 = 0x436e_646c;
/// The newest schema this version knows.
const VERSION: i64 = 1;

const SCHEMA: &str = "
CREATE TABLE models (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    created TEXT NOT NULL,
    metadata TEXT NOT NULL,
    form TEXT NOT NULL,
    checksum TEXT NOT NULL,
    bytes BLOB NOT NULL);
PRAGMA application_id = 1131308140;
PRAGMA user_version = 1;";

/// Opens a store's file, made if it is not there.
///
/// # Errors
/// It cannot be made or read, is no SQLite database, another program's, or a newer version's.
pub(crate) fn open(path: &Path) -> Result<Connection, StoreError> {
    let refused = |why: String| StoreError::File { path: path.display().to_string(), why };
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        std::fs::create_dir_all(directory).map_err(|error| refused(error.to_string()))?;
    }
    let failed = |error: rusqlite::Error| refused(text(&error));
    let mut database = Connection::open(path).map_err(failed)?;
    database.busy_timeout(PATIENCE).map_err(failed)?;
    // In one transaction: between two queries another process may make the tables.
    let seen = database.transaction().and_then(|reading| state(&reading)).map_err(failed)?;
    match seen {
        (APPLICATION, 1..=VERSION, _) => {}
        (APPLICATION, version, _) => {
            return Err(refused(format!(
                "it has version {version}, and this program knows up to {VERSION}; update it"
            )));
        }
        (_, _, 0) => create(&mut database).map_err(failed)?,
        _ => return Err(refused("it is another program's SQLite database; name another file".to_owned())),
    }
    // On file systems that cannot have it, it stays what it was; both work.
    let _ = database.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
    database.prepare("SELECT id, name, type, created, metadata, form, checksum, bytes FROM models").map_err(failed)?;
    Ok(database)
}

/// SQLite's own words for an error.
pub(crate) fn text(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqliteFailure(_, Some(text)) => text.clone(),
        other => other.to_string(),
    }
}

/// Application id, version, and how many tables there are.
fn state(database: &Connection) -> rusqlite::Result<(i64, i64, i64)> {
    let number = |query: &str| database.query_row(query, [], |row| row.get::<_, i64>(0));
    Ok((
        number("PRAGMA application_id")?,
        number("PRAGMA user_version")?,
        number("SELECT count(*) FROM sqlite_master")?,
    ))
}

/// Makes the tables, unless another process has just done so.
fn create(database: &mut Connection) -> rusqlite::Result<()> {
    let change = database.transaction_with_behavior(TransactionBehavior::Immediate)?;
    if state(&change)?.2 == 0 {
        change.execute_batch(SCHEMA)?;
    }
    change.commit()
}
