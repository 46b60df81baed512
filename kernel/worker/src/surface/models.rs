//! The model store as a value: saving, loading, listing and removing models.
//!
//! Must not know how a model becomes bytes. Read [`BUILTINS`] first.

use super::actions::refused;
use super::arguments::Answer;
use super::{Builtin, Kind};
use crate::calls::Calls;
use crate::problem::Fault;
use crate::script::{from_json, to_json};
use crate::show::{Show, Shows};
use candlewick_actions::{Actions, Instance, ModelStore, StoreError, StoredRow};
use candlewick_display::{self as display, number};
use rhai::{Array, Dynamic, Engine, EvalAltResult, Map};
use std::path::PathBuf;

/// The name of [`ModelStore`] for users.
const STORE: &str = "model store";
/// The name of [`Stored`] for users.
const STORED: &str = "stored models";

/// The models of a store at one moment.
#[derive(Clone)]
struct Stored(Vec<StoredRow>);

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "model_store",
        "model_store() or model_store(path) -> model store",
        "a store of models that outlives the session: the user's own, or a SQLite file that is made if it is not there",
        "let store = model_store(\"models.sqlite\");",
        |engine, session| {
            let (own, given) = (session.calls.clone(), session.calls.clone());
            engine.register_fn("model_store", move || opened(&own, own_path()?));
            engine.register_fn("model_store", move |path: &str| opened(&given, path.into()));
        },
    ),
    Builtin::new(
        Kind::Method(STORE),
        "save",
        "save(name, instance) or save(name, instance, metadata) -> instance",
        "saves an instance; it belongs to the store from then on, and every fit of it is stored",
        "model_store().save(\"iris\", create_instance(\"my_net\"))",
        |engine, session| {
            let (plain, full) = (session.actions.clone(), session.actions.clone());
            engine.register_fn("save", move |store: &mut ModelStore, name: &str, instance: Instance| {
                save(&plain, store, name, instance, None)
            });
            engine.register_fn("save", move |store: &mut ModelStore, name: &str, instance: Instance, metadata: Map| {
                save(&full, store, name, instance, Some(metadata))
            });
        },
    ),
    Builtin::new(
        Kind::Method(STORE),
        "load",
        "load(name) -> instance",
        "a new instance of a stored model; it belongs to the store",
        "model_store().load(\"iris\")",
        |engine, session| {
            let actions = session.actions.clone();
            engine.register_fn("load", move |store: &mut ModelStore, name: &str| {
                actions.load(store, name).map_err(refused)
            });
        },
    ),
    Builtin::new(
        Kind::Method(STORE),
        "list",
        "list() -> stored models",
        "the models with their types, times and sizes",
        "model_store().list()",
        |engine, _| {
            engine.register_fn("list", |store: &mut ModelStore| store.list().map(Stored).map_err(failed));
        },
    ),
    Builtin::new(
        Kind::Method(STORE),
        "remove",
        "remove(name) -> bool",
        "takes a model out; false when there is none of that name",
        "model_store().remove(\"iris\")",
        |engine, _| {
            engine.register_fn("remove", |store: &mut ModelStore, name: &str| store.remove(name).map_err(failed));
        },
    ),
    Builtin::new(
        Kind::Property(STORE),
        "path",
        "path -> string",
        "the file it is kept in",
        "model_store().path",
        |engine, _| {
            engine.register_get("path", |store: &mut ModelStore| store.path().display().to_string());
        },
    ),
    Builtin::new(
        Kind::Property(STORED),
        "values",
        "values -> array",
        "each model as a map: id, name, type, created, metadata, form, bytes",
        "model_store().list().values",
        |engine, _| {
            engine.register_get("values", |stored: &mut Stored| -> Array { stored.0.iter().map(value).collect() });
        },
    ),
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<ModelStore>(STORE).register_type_with_name::<Stored>(STORED);
}

/// Makes stores show.
pub fn shows(shows: &mut Shows) {
    shows.add::<ModelStore>();
    shows.add::<Stored>();
}

impl Show for ModelStore {
    fn bundle(&self) -> display::Bundle {
        let count = match self.list() {
            Ok(rows) => number::counted(rows.len() as u64, "model"),
            Err(error) => error.to_string(),
        };
        display::Bundle::new(format!("model store {}: {count}", self.path().display()))
    }
}

impl Show for Stored {
    fn bundle(&self) -> display::Bundle {
        let row = |row: &StoredRow| {
            let metadata = row.metadata.iter().map(|(name, value)| match value.as_str() {
                Some(text) => format!("{name}: {text}"),
                None => format!("{name}: {value}"),
            });
            vec![
                row.id.to_string(),
                row.name.clone(),
                row.model_type.clone(),
                row.created.clone(),
                row.form.clone(),
                number::bytes(row.bytes),
                metadata.collect::<Vec<_>>().join(", "),
            ]
        };
        let listing = display::Listing { note: display::counted(self.0.len(), "model"), ..display::Listing::default() };
        let heads = [">id", "name", "type", "created", "form", ">size", "metadata"];
        listing.table(&heads, self.0.iter().map(row).collect()).bundle()
    }
}

fn save(
    actions: &Actions,
    store: &ModelStore,
    name: &str,
    instance: Instance,
    metadata: Option<Map>,
) -> Answer<Instance> {
    let metadata = metadata.map(|map| to_json(&map.into())).transpose().map_err(|found| {
        Fault::error("TypeError", format!("metadata is plain data; found a value of type {found} in it"))
    })?;
    let metadata = metadata.as_ref().and_then(serde_json::Value::as_object);
    actions.save(store, name, &instance, metadata).map_err(refused)?;
    Ok(instance)
}

fn value(row: &StoredRow) -> Dynamic {
    let fields: [(&str, Dynamic); 7] = [
        ("id", row.id.into()),
        ("name", row.name.clone().into()),
        ("type", row.model_type.clone().into()),
        ("created", row.created.clone().into()),
        ("metadata", from_json(&serde_json::Value::Object(row.metadata.clone()))),
        ("form", row.form.clone().into()),
        ("bytes", (row.bytes as i64).into()),
    ];
    Dynamic::from_map(fields.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

/// The store in that file, for whoever may read and write it.
fn opened(calls: &Calls, path: PathBuf) -> Answer<ModelStore> {
    calls.may_read(&path)?;
    calls.may_write(&path)?;
    ModelStore::open(path).map_err(failed)
}

/// The user's own store.
fn own_path() -> Answer<PathBuf> {
    let plugins = candlewick_packages::user_plugins();
    let directory = plugins.as_deref().and_then(|plugins| plugins.parent());
    directory.map(|directory| directory.join("models.sqlite")).ok_or_else(|| {
        Fault::error("StoreError", "the user has no home directory; name a file: model_store(\"models.sqlite\")")
    })
}

fn failed(error: StoreError) -> Box<EvalAltResult> {
    Fault::error("StoreError", error.to_string())
}
