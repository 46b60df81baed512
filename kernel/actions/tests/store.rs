//! The model store: what is written comes back, in another session too; what is not ours or is damaged is refused.

#![allow(clippy::unwrap_used)] // helpers outside `#[test]` functions unwrap too

mod common;

use candle_core::{DType, Device, Tensor};
use candlewick_actions::{ActionError, Form, ModelStore, StoreError};
use candlewick_plugin_api::{PluginError, Value};
use common::{Bench, Scripted, counter, given, map};
use rusqlite::Connection;
use std::path::Path;
use std::process::{Command, Stdio};

fn opened(path: &Path) -> String {
    ModelStore::open(path).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn models_are_listed_replaced_and_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deep/er/models.sqlite");
    let store = ModelStore::open(&path).unwrap();
    let metadata = serde_json::json!({ "accuracy": 0.9 }).as_object().cloned().unwrap();
    store.put("a", "t", Form::Own, b"one", Some(&metadata)).unwrap();
    store.put("b", "u", Form::Net, b"two", None).unwrap();
    store.put("a", "t", Form::Own, b"three", None).unwrap();
    let other = ModelStore::open(&path).unwrap();
    let rows: Vec<_> = other.list().unwrap().into_iter().map(|row| (row.name, row.form, row.bytes)).collect();
    assert_eq!(rows, [("b".to_owned(), "net".to_owned(), 3), ("a".to_owned(), "own".to_owned(), 5)]);
    let model = other.find("a").unwrap();
    assert_eq!((model.bytes.as_slice(), &model.row.metadata), (b"three".as_slice(), &metadata));
    assert!(model.row.created.ends_with('Z') && model.row.created.len() == 20, "{}", model.row.created);
    assert_eq!([other.remove("a").unwrap(), other.remove("a").unwrap()], [true, false]);
    assert!(
        matches!(store.find("a"), Err(StoreError::NoModel { hint, .. }) if hint == "it has b" || hint.contains('b'))
    );
}

/// Set in the processes that this test starts of itself.
const SHARED: &str = "CANDLEWICK_TEST_SHARED_STORE";

#[test]
fn many_processes_share_one_file() {
    if let Some(path) = std::env::var_os(SHARED) {
        return write_many(Path::new(&path));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.sqlite");
    let start = || {
        let mut own = Command::new(std::env::current_exe().unwrap());
        own.args(["--exact", "many_processes_share_one_file"]).env(SHARED, &path).stdout(Stdio::null()).spawn().unwrap()
    };
    let writers = [start(), start(), start()];
    assert!(writers.map(|mut writer| writer.wait().unwrap().success()).iter().all(|well| *well));
    let store = ModelStore::open(&path).unwrap();
    assert_eq!((store.list().unwrap().len(), store.find("shared").unwrap().bytes.len()), (3 * 10 + 1, 1000));
}

fn write_many(path: &Path) {
    let store = ModelStore::open(path).unwrap();
    for model in 0..10 {
        store.put(&format!("{}-{model}", std::process::id()), "t", Form::Own, &[1; 1000], None).unwrap();
        store.put("shared", "t", Form::Own, &[2; 1000], None).unwrap();
        assert_eq!(store.find("shared").unwrap().bytes.len(), 1000);
    }
}

#[test]
fn what_is_no_store_of_ours_is_refused_with_the_reason() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("text"), "not a database at all, whatever its name may be".repeat(40)).unwrap();
    Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE a (b)").unwrap();
    drop(ModelStore::open(path("newer")).unwrap());
    Connection::open(path("newer")).unwrap().execute_batch("PRAGMA user_version = 9").unwrap();
    drop(ModelStore::open(path("emptied")).unwrap());
    Connection::open(path("emptied")).unwrap().execute_batch("DROP TABLE models; CREATE TABLE models (id)").unwrap();
    std::fs::write(path("file"), "").unwrap();
    let check = |name: &str, expect: &str| {
        let why = opened(&path(name));
        assert!(why.contains("cannot be used as a model store") && why.contains(expect), "{name}: {why}");
    };
    check("text", "not a database");
    check("foreign", "another program's SQLite database");
    check("newer", "it has version 9, and this program knows up to 1");
    check("emptied", "no such column");
    check(".", "unable to open database file");
    check("file/below", "");
    // The foreign file was left as it was.
    assert_eq!(
        Connection::open(path("foreign")).unwrap().query_row("PRAGMA application_id", [], |row| row.get(0)),
        Ok(0)
    );
}

#[test]
fn damaged_bytes_are_found_when_they_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("models.sqlite");
    let bench = Bench::of(&[counter()]);
    let store = ModelStore::open(&path).unwrap();
    let one = bench.actions.create_instance("counter", &given([7.0.into()])).unwrap();
    bench.actions.save(&store, "one", &one, None).unwrap();
    assert_eq!(bench.actions.load(&store, "one").unwrap().value().number(), Some(7.0));
    let damage = |change: &str| Connection::open(&path).unwrap().execute_batch(change).unwrap();
    damage("UPDATE models SET bytes = x'38'");
    let why = bench.actions.load(&store, "one").err().unwrap().to_string();
    assert!(why.contains("model `one`") && why.contains("checksum"), "{why}");
    assert_eq!(bench.progress().last().unwrap(), "deserialize failed");
    bench.actions.save(&store, "one", &one, None).unwrap();
    damage("UPDATE models SET form = 'odd'");
    assert!(matches!(store.find("one"), Err(StoreError::Damaged { .. })));
}

#[test]
fn tensors_are_kept_without_any_code_of_the_plugin() {
    let made = || Tensor::arange(0f32, 6f32, &Device::Cpu).and_then(|t| t.reshape((2, 3))).unwrap();
    let plugin = Scripted::of("tensors").does("instantiate", move |_, _| {
        let counts = Tensor::zeros(3, DType::I64, &Device::Cpu)?;
        Ok(map([("weight", made().t()?.into()), ("counts", counts.into())]))
    });
    let mixed = Scripted::of("mixed").does("instantiate", |_, _| Ok(map([("a", 1.0.into())])));
    let bench = Bench::of(&[plugin, mixed]);
    let folder = tempfile::tempdir().unwrap();
    let store = ModelStore::open(folder.path().join("models.sqlite")).unwrap();
    let one = bench.actions.create_instance("tensors", &given([])).unwrap();
    bench.actions.save(&store, "one", &one, None).unwrap();
    assert_eq!(store.find("one").unwrap().form, Form::Tensors);
    let Value::Map(fields) = bench.actions.load(&store, "one").unwrap().value() else { panic!("no map") };
    let weight = fields["weight"].tensor().unwrap().to_vec2::<f32>().unwrap();
    assert_eq!(weight, [[0.0, 3.0], [1.0, 4.0], [2.0, 5.0]]);
    assert_eq!(fields["counts"].tensor().unwrap().dtype(), DType::I64);
    let bytes = bench.actions.serialize(&one).unwrap();
    assert_eq!(bench.actions.deserialize("tensors", &bytes).unwrap().value().json(), one.value().json());
    let mixed = bench.actions.create_instance("mixed", &given([])).unwrap();
    let why = bench.actions.save(&store, "mixed", &mixed, None).err().unwrap().to_string();
    assert!(why.contains("fn serialize(instance)"), "{why}");
    assert_eq!(store.list().unwrap().len(), 1);
}

#[test]
fn a_fit_that_cannot_be_stored_says_so_and_keeps_what_was_trained() {
    let fitting = Scripted::of("fitting")
        .does("instantiate", |_, _| Ok(1.0.into()))
        .does("fit", |_, _| Ok(2.0.into()))
        .does("serialize", |given, _| match given[0].number() {
            Some(1.0) => Ok(vec![1u8].into()),
            _ => Err(PluginError::failed("cannot be written")),
        });
    let bench = Bench::of(&[fitting]);
    let folder = tempfile::tempdir().unwrap();
    let store = ModelStore::open(folder.path().join("models.sqlite")).unwrap();
    let one = bench.actions.create_instance("fitting", &given([])).unwrap();
    bench.actions.save(&store, "one", &one, None).unwrap();
    let outcome = bench.actions.fit(&one, &given([]));
    assert!(matches!(&outcome, Err(ActionError::NotStored { name, .. }) if name == "one"));
    assert_eq!((one.value().number(), store.find("one").unwrap().bytes.as_slice()), (Some(2.0), [1u8].as_slice()));
    assert_eq!(bench.progress().last().unwrap(), "fit failed");
}
