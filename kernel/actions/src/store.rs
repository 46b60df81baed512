//! Models in a file: names, types, bytes with a checksum; and saving and loading as actions.
//!
//! Must not know what the bytes mean beyond their form. Read [`ModelStore`] first.

use crate::actions::Actions;
use crate::registry::{DESERIALIZE, SERIALIZE};
use crate::store_file::{open, text};
use crate::{ActionError, Argument, Arguments, Form, Instance, Progress, StoreError};
use candlewick_plugin_api::{Report, nearest};
use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior, params};
use serde_json::{Map, Value as Json};
use sha2::{Digest, Sha256};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

/// Bytes that one model may have: what SQLite takes in one value, less some.
const LARGEST: usize = 999_000_000;

const ROW: &str = "id, name, type, created, metadata, form, checksum, length(bytes)";

/// A store of models: a SQLite file that several processes may use at once. A clone is a handle on the same one.
#[derive(Clone)]
pub struct ModelStore(Rc<Inner>);

struct Inner {
    path: PathBuf,
    database: RefCell<Connection>,
}

/// What is known of a stored model without reading its bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredRow {
    /// Its number in this store; saving under the same name again gives another one.
    pub id: i64,
    /// Its name.
    pub name: String,
    /// Its model type.
    pub model_type: String,
    /// When it was saved: `2026-11-20T09:30:00Z`.
    pub created: String,
    /// What was said of it when it was saved.
    pub metadata: Map<String, Json>,
    /// What its bytes hold, by [`Form::name`].
    pub form: String,
    /// How many bytes it has.
    pub bytes: u64,
    checksum: String,
}

/// A stored model, its bytes checked.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredModel {
    /// What is known of it.
    pub row: StoredRow,
    /// What its bytes hold.
    pub form: Form,
    /// The bytes.
    pub bytes: Vec<u8>,
}

impl ModelStore {
    /// Opens a store, made if it is not there.
    ///
    /// # Errors
    /// [`StoreError::File`]: the file cannot be made or read, or is no store of ours.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        let database = RefCell::new(open(&path)?);
        Ok(Self(Rc::new(Inner { path, database })))
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Writes a model; one of that name is replaced, in one step.
    ///
    /// # Errors
    /// Bytes beyond what a store takes, or SQLite's.
    pub fn put(
        &self,
        name: &str,
        model_type: &str,
        form: Form,
        bytes: &[u8],
        metadata: Option<&Map<String, Json>>,
    ) -> Result<(), StoreError> {
        if bytes.len() > LARGEST {
            let (own, most) = (bytes.len() / 1_000_000, LARGEST / 1_000_000);
            return Err(self.failed(format!("model `{name}` has {own} MB, and a store takes {most} MB a model")));
        }
        let mut database = self.0.database.borrow_mut();
        let written = database.transaction_with_behavior(TransactionBehavior::Immediate).and_then(|change| {
            let kept = "SELECT metadata FROM models WHERE name = ?1";
            let kept: Option<String> = change.query_row(kept, [name], |row| row.get(0)).optional()?;
            let given = metadata.map(|given| Json::Object(given.clone()).to_string());
            let metadata = given.or(kept).unwrap_or_else(|| "{}".to_owned());
            change.execute("DELETE FROM models WHERE name = ?1", [name])?;
            change.execute(
                "INSERT INTO models (name, type, created, metadata, form, checksum, bytes) \
                 VALUES (?1, ?2, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), ?3, ?4, ?5, ?6)",
                params![name, model_type, metadata, form.name(), checksum(bytes), bytes],
            )?;
            change.commit()
        });
        written.map_err(|error| self.failed(text(&error)))
    }

    /// Reads a model.
    ///
    /// # Errors
    /// No model of that name, bytes other than those that were written, or SQLite's.
    pub fn find(&self, name: &str) -> Result<StoredModel, StoreError> {
        let query = format!("SELECT {ROW}, bytes FROM models WHERE name = ?1");
        let read = |row: &Row<'_>| Ok((stored(row)?, row.get::<_, Vec<u8>>(8)?));
        let found = self.0.database.borrow().query_row(&query, [name], read).optional();
        let Some((row, bytes)) = found.map_err(|error| self.failed(text(&error)))? else {
            return Err(self.no_model(name));
        };
        let damaged = |why: &str| StoreError::Damaged {
            path: self.0.path.display().to_string(),
            name: name.to_owned(),
            why: why.to_owned(),
        };
        if checksum(&bytes) != row.checksum {
            return Err(damaged("its bytes do not have the checksum that they were written with"));
        }
        let form = Form::from_name(&row.form)
            .ok_or_else(|| damaged("its bytes have a form that this version does not know"))?;
        Ok(StoredModel { row, form, bytes })
    }

    /// The models, oldest first, without their bytes.
    ///
    /// # Errors
    /// SQLite's.
    pub fn list(&self) -> Result<Vec<StoredRow>, StoreError> {
        let database = self.0.database.borrow();
        let rows = database.prepare(&format!("SELECT {ROW} FROM models ORDER BY id"));
        let rows = rows.and_then(|mut rows| rows.query_map([], stored)?.collect());
        rows.map_err(|error| self.failed(text(&error)))
    }

    /// Takes a model out; whether there was one of that name.
    ///
    /// # Errors
    /// SQLite's.
    pub fn remove(&self, name: &str) -> Result<bool, StoreError> {
        let removed = self.0.database.borrow().execute("DELETE FROM models WHERE name = ?1", [name]);
        removed.map(|count| count > 0).map_err(|error| self.failed(text(&error)))
    }

    fn failed(&self, why: String) -> StoreError {
        StoreError::Database { path: self.0.path.display().to_string(), why }
    }

    fn no_model(&self, name: &str) -> StoreError {
        let names: Vec<String> = self.list().unwrap_or_default().into_iter().map(|row| row.name).collect();
        let hint = match nearest(name, names.iter().map(String::as_str)) {
            Some(near) => format!("did you mean `{near}`?"),
            None if names.is_empty() => "it is empty".to_owned(),
            None => format!("it has {}", names.join(", ")),
        };
        StoreError::NoModel { path: self.0.path.display().to_string(), name: name.to_owned(), hint }
    }
}

impl Actions {
    /// Saves an instance under a name; from then on it belongs to the store, and every fit is stored there.
    ///
    /// # Errors
    /// The instance is busy, cannot be made bytes, or the store refuses.
    pub fn save(
        &self,
        store: &ModelStore,
        name: &str,
        instance: &Instance,
        metadata: Option<&Map<String, Json>>,
    ) -> Result<(), ActionError> {
        self.act(SERIALIZE, instance.model_type(), Some(instance), &named(name), |running, report| {
            let _lock = instance.lock(running.id, SERIALIZE)?;
            let (form, bytes) = self.bytes_of(instance, report)?;
            running.progress(Progress::Storing);
            store.put(name, instance.model_type(), form, &bytes, metadata)?;
            instance.settle(store, name);
            Ok(())
        })
    }

    /// Loads an instance, which belongs to the store from then on.
    ///
    /// # Errors
    /// No such model, damaged bytes, no plugin that can read them, or its failure.
    pub fn load(&self, store: &ModelStore, name: &str) -> Result<Instance, ActionError> {
        // Its type is known only when it has been read, and an action has its type from the beginning.
        let model = store.find(name);
        let key = model.as_ref().map_or("", |model| model.row.model_type.as_str()).to_owned();
        self.act(DESERIALIZE, &key, None, &named(name), |_, report| {
            let model = model?;
            let instance = self.instance_of(&key, model.form, &model.bytes, report)?;
            instance.settle(store, name);
            Ok(instance)
        })
    }

    /// Writes an instance to a store, inside an action.
    pub(crate) fn write_to(&self, store: &ModelStore, name: &str, instance: &Instance) -> Result<(), ActionError> {
        let (form, bytes) = self.bytes_of(instance, &Report::nobody())?;
        Ok(store.put(name, instance.model_type(), form, &bytes, None)?)
    }
}

fn named(name: &str) -> Arguments {
    Arguments { positional: vec![Argument::Value(name.into())], named: Vec::new() }
}

fn stored(row: &Row<'_>) -> rusqlite::Result<StoredRow> {
    let metadata: String = row.get(4)?;
    let metadata = serde_json::from_str(&metadata).unwrap_or_default();
    let (id, name, model_type, created) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
    let bytes = row.get::<_, i64>(7)?.unsigned_abs();
    Ok(StoredRow { id, name, model_type, created, metadata, form: row.get(5)?, bytes, checksum: row.get(6)? })
}

fn checksum(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
