//! What is written, read by a reader of its own: framing, checksums and protobuf from their definitions, bit by bit.

use super::*;
use candlewick_plugin_api::Model;
use serde_json::json;
use std::path::Path;
use std::rc::Rc;

/// CRC-32C by its polynomial, one bit at a time.
fn crc32c_by_definition(data: &[u8]) -> u32 {
    !data.iter().fold(!0u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 })
    })
}

/// The records of a file, every checksum checked.
fn records(bytes: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut found) = (bytes, Vec::new());
    let check = |data: &[u8], masked: &[u8]| {
        let crc = crc32c_by_definition(data);
        let expect = crc.rotate_right(15).wrapping_add(0xa282_ead8);
        assert_eq!(u32::from_le_bytes(masked.try_into().unwrap()), expect);
    };
    while !rest.is_empty() {
        let length = u64::from_le_bytes(rest[..8].try_into().unwrap()) as usize;
        check(&rest[..8], &rest[8..12]);
        let data = &rest[12..12 + length];
        check(data, &rest[12 + length..16 + length]);
        found.push(data.to_vec());
        rest = &rest[16 + length..];
    }
    found
}

/// A field of a protobuf message: its number, and its bytes or number.
enum Field {
    Bytes(u64, Vec<u8>),
    Number(u64, u64),
}

fn varint(rest: &mut &[u8]) -> u64 {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let byte = rest[0];
        *rest = &rest[1..];
        value |= u64::from(byte & 0x7f) << shift;
        if byte < 0x80 {
            break;
        }
    }
    value
}

fn fields(mut rest: &[u8]) -> Vec<Field> {
    let mut found = Vec::new();
    while !rest.is_empty() {
        let key = varint(&mut rest);
        let mut fixed = |length: usize| {
            let (value, other) = rest.split_at(length);
            rest = other;
            value.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
        };
        found.push(match key & 7 {
            1 => Field::Number(key >> 3, fixed(8)),
            5 => Field::Number(key >> 3, fixed(4)),
            0 => Field::Number(key >> 3, varint(&mut rest)),
            kind => {
                assert_eq!(kind, 2);
                let length = varint(&mut rest) as usize;
                let (value, other) = rest.split_at(length);
                rest = other;
                Field::Bytes(key >> 3, value.to_vec())
            }
        });
    }
    found
}

fn bytes(message: &[u8], number: u64) -> Vec<Vec<u8>> {
    let wanted = |field| {
        if let Field::Bytes(own, value) = field
            && own == number
        {
            Some(value)
        } else {
            None
        }
    };
    fields(message).into_iter().filter_map(wanted).collect()
}

fn number(message: &[u8], number: u64) -> Option<u64> {
    let wanted = |field| {
        if let Field::Number(own, value) = field
            && own == number
        {
            Some(value)
        } else {
            None
        }
    };
    fields(message).into_iter().find_map(wanted)
}

/// `step tag value` of every scalar of the one event file in a directory; the first record must be the version.
fn scalars(directory: &Path) -> Vec<String> {
    let records = records(&std::fs::read(event_file(directory)).unwrap());
    assert_eq!(bytes(&records[0], 3), [b"brain.Event:2"]);
    assert!(f64::from_bits(number(&records[0], 1).unwrap()) > 1.6e9);
    let mut found = Vec::new();
    for event in &records[1..] {
        for value in bytes(event, 5).iter().flat_map(|summary| bytes(summary, 1)) {
            let tag = String::from_utf8(bytes(&value, 1).remove(0)).unwrap();
            if let Some(bits) = number(&value, 2) {
                found.push(format!("{} {tag} {}", number(event, 2).unwrap_or(0), f32::from_bits(bits as u32)));
            }
        }
    }
    found
}

fn event_file(directory: &Path) -> PathBuf {
    let files = std::fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = files.filter(|path| path.display().to_string().contains("tfevents")).collect();
    assert_eq!(files.len(), 1);
    files.remove(0)
}

fn plugin(config: Json) -> TensorBoard {
    let mut plugin = TensorBoard::new();
    plugin.configure(config.as_object().unwrap()).unwrap();
    plugin
}

fn at(epoch: usize, batch: usize, loss: f64) -> Context {
    let mut ctx = Context::default();
    let facts = ctx.driver().facts;
    (facts.run, facts.epoch, facts.batch, facts.global_step) = (5, epoch, Some(batch), epoch * 2 + batch);
    (facts.loss, facts.outcome) = (Some(loss), Some(Outcome::Done));
    (facts.training_loss_total, facts.training_batch_count) = (3.0, 2);
    (facts.validation_loss_total, facts.validation_batch_count, facts.has_validation) = (0.75, 1, true);
    facts.training_metrics.insert("accuracy".into(), 0.5);
    facts.validation_metrics.insert("accuracy".into(), 0.25);
    ctx.working.learning_rate = 0.125;
    ctx
}

fn epoch(plugin: &mut TensorBoard, epoch: usize) {
    for batch in 0..2 {
        plugin.end_training_batch(&mut at(epoch, batch, 1.0 + batch as f64)).unwrap();
    }
    plugin.end_validation_loop(&mut at(epoch, 1, 2.0)).unwrap();
    plugin.end_epoch(&mut at(epoch, 1, 2.0)).unwrap();
}

const FIRST: [&str; 8] = [
    "0 Loss/Train Step 1",
    "0 Learning Rate 0.125",
    "1 Loss/Train Step 2",
    "1 Learning Rate 0.125",
    "0 Loss/Validation Epoch 0.75",
    "0 Metric/Validation/accuracy Epoch 0.25",
    "0 Loss/Train Epoch 1.5",
    "0 Metric/Train/accuracy Epoch 0.5",
];

#[test]
fn an_independent_reader_finds_every_scalar_under_its_tag() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = plugin(json!({ "log_dir": folder.path(), "name": "a" }));
    epoch(&mut plugin, 0);
    assert_eq!(scalars(&folder.path().join("a")), FIRST);
}

#[test]
fn each_run_has_its_directory() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = plugin(json!({ "log_dir": folder.path() }));
    for run in [5, 6] {
        let mut ctx = at(0, 0, 1.0);
        ctx.driver().facts.run = run;
        ctx.driver().facts.project_name = "digits".into();
        plugin.end_training_batch(&mut ctx).unwrap();
    }
    let names = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    let names: Vec<String> = names.map(|name| name.to_string_lossy().into_owned()).collect();
    assert!(names.len() == 2 && names.iter().all(|name| name.starts_with("digits-")), "{names:?}");
}

#[test]
fn a_resumed_run_goes_on_in_its_file_without_what_comes_again() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "log_dir": folder.path(), "name": "a" });
    let mut first = plugin(config.clone());
    epoch(&mut first, 0);
    let state = first.state(5).unwrap();
    first.end_training_batch(&mut at(1, 0, 9.0)).unwrap();
    drop(first);
    let mut second = plugin(config);
    second.restore(5, &serde_json::from_str(&state.to_string()).unwrap()).unwrap();
    second.end_training_batch(&mut at(1, 0, 9.0)).unwrap();
    let expect = FIRST.into_iter().chain(["2 Loss/Train Step 9", "2 Learning Rate 0.125"]);
    assert_eq!(scalars(&folder.path().join("a")), expect.collect::<Vec<_>>());
    let superseded = records(&std::fs::read(folder.path().join("a/superseded-events")).unwrap());
    assert_eq!(superseded.len(), 1, "nothing is lost");
}

#[test]
fn batches_thin_out_and_those_not_carried_out_have_no_value() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = plugin(json!({ "log_dir": folder.path(), "name": "a", "batches": 2 }));
    for (batch, outcome) in [(0, Outcome::Done), (1, Outcome::Done), (2, Outcome::Skipped), (4, Outcome::Failed)] {
        let mut ctx = at(0, batch, f64::NAN);
        ctx.driver().facts.outcome = Some(outcome);
        plugin.end_training_batch(&mut ctx).unwrap();
    }
    let losses = scalars(&folder.path().join("a")).into_iter().filter(|line| line.contains("Loss"));
    assert_eq!(losses.collect::<Vec<_>>(), ["0 Loss/Train Step NaN", "4 Loss/Train Step NaN"]);
}

struct One;

impl Model for One {
    fn parameter_names(&self) -> Vec<String> {
        vec!["0.weight".into()]
    }
    fn parameter(&self, _: &str) -> Option<candle_core::Tensor> {
        candle_core::Tensor::new(&[[-1f32, 0.0], [1.0, 2.0]], &candle_core::Device::Cpu).ok()
    }
    fn set_parameter(&self, _: &str, _: &candle_core::Tensor) -> Result<(), PluginError> {
        Ok(())
    }
}

#[test]
fn histograms_of_parameters_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    let mut plugin = plugin(json!({ "log_dir": folder.path(), "name": "a", "histograms": 2 }));
    for epoch in 0..2 {
        let mut ctx = at(epoch, 1, 1.0);
        ctx.working.model = Some(Rc::new(One));
        plugin.end_epoch(&mut ctx).unwrap();
    }
    let records = records(&std::fs::read(event_file(&folder.path().join("a"))).unwrap());
    let values = records.iter().flat_map(|event| bytes(event, 5)).flat_map(|summary| bytes(&summary, 1));
    let histograms: Vec<_> = values.filter(|value| bytes(value, 1)[0] == b"Parameters/0.weight").collect();
    assert_eq!(histograms.len(), 1);
    let histogram = &bytes(&histograms[0], 5)[0];
    let read = |field: u64| number(histogram, field).map(f64::from_bits);
    assert_eq!([1, 2, 3, 4, 5].map(read), [-1.0, 2.0, 4.0, 2.0, 6.0].map(Some));
    let counts: f64 = bytes(histogram, 7)[0].chunks(8).map(|n| f64::from_le_bytes(n.try_into().unwrap())).sum();
    assert_eq!((counts, bytes(histogram, 6)[0].len()), (4.0, 30 * 8));
}

#[test]
fn histograms_of_odd_numbers() {
    assert_eq!(Histogram::of(&[]), Histogram::default());
    assert_eq!(Histogram::of(&[f64::NAN]), Histogram::default());
    let same = Histogram::of(&[3.0, 3.0]);
    assert_eq!((same.min, same.max, same.bucket.iter().sum::<f64>()), (3.0, 3.0, 2.0));
}

#[test]
fn a_directory_that_cannot_be_made_is_named() {
    let mut plugin = plugin(json!({ "log_dir": "/dev/null/runs", "name": "a" }));
    let error = plugin.end_training_batch(&mut at(0, 0, 1.0)).unwrap_err().to_string();
    assert!(error.starts_with("/dev/null/runs/a cannot be written: "), "{error}");
}
