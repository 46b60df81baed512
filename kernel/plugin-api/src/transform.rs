//! Data transforms: what plugins may do to captions, images and batches before a net sees them.
//!
//! One table gives names, other names, forms and meanings. Must not know where data comes from nor who calls.
//! Read [`Transform`] first, then [`TransformContext`].

use crate::{HookFailure, PluginError, Random, RunId, Value, nearest};
use candle_core::{DType, Tensor};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A way in which plugins change data. Plugins are called one after the other in ascending order, each with what the one
/// before made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
pub enum Transform {
    /// An item's caption, before it is cut into tokens: a text.
    Caption,
    /// An item's image, decoded and resized, before normalization: a tensor `[height, width, channels]` of f32 from 0 to
    /// 1, with 1 channel (grey) or 3 (red, green, blue). It may come back in another size; it is then resized again.
    Image,
    /// A batch before it is trained on: a map of `inputs` and `targets`. The shape of a row and the types stay; the number
    /// of rows may change, in both alike.
    Batch,
}

struct Entry {
    transform: Transform,
    name: &'static str,
    aliases: &'static [&'static str],
    parameter: &'static str,
    doc: &'static str,
}

const TABLE: [Entry; Transform::COUNT] = [
    Entry {
        transform: Transform::Caption,
        name: "transform_caption",
        aliases: &[],
        parameter: "text",
        doc: "changes an item's caption before it is cut into tokens",
    },
    Entry {
        transform: Transform::Image,
        name: "transform_image",
        aliases: &["transform_pil_image"],
        parameter: "image",
        doc: "changes an item's decoded image, [height, width, channels] from 0 to 1, before normalization",
    },
    Entry {
        transform: Transform::Batch,
        name: "transform_batch",
        aliases: &[],
        parameter: "batch",
        doc: "changes a batch's inputs and targets before they are trained on",
    },
];

impl Transform {
    /// How many transforms there are.
    pub const COUNT: usize = 3;
    /// All of them, in the order in which an item passes them.
    pub const ALL: [Self; Self::COUNT] = [Self::Caption, Self::Image, Self::Batch];

    /// The name of its function.
    pub fn name(self) -> &'static str {
        TABLE[self as usize].name
    }

    /// Other names of its function: those of seed 002.
    pub fn aliases(self) -> &'static [&'static str] {
        TABLE[self as usize].aliases
    }

    /// What it does, in one line.
    pub fn doc(self) -> &'static str {
        TABLE[self as usize].doc
    }

    /// How its function is written: what it may take besides stands in brackets. A second parameter that is named `path`
    /// (or `pathname`) gets the item's path, any other one the context.
    pub fn signature(self) -> String {
        let Entry { name, parameter, .. } = TABLE[self as usize];
        let other = if self == Self::Batch { "ctx" } else { "ctx or path" };
        format!("fn {name}({parameter} [, {other}])")
    }

    /// The transform of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        TABLE.iter().find(|entry| entry.name == name || entry.aliases.contains(&name)).map(|entry| entry.transform)
    }

    /// The name of a transform that a misspelt one is nearest to.
    pub fn nearest(name: &str) -> Option<&'static str> {
        nearest(name, TABLE.iter().flat_map(|entry| std::iter::once(entry.name).chain(entry.aliases.iter().copied())))
    }

    /// Whether a value may stand where another one stood before this transform.
    ///
    /// # Errors
    /// What was given back, and what is to be given back.
    pub fn check(self, before: &Value, after: &Value) -> Result<(), PluginError> {
        let wrong = match self {
            Self::Caption if after.text().is_some() => None,
            Self::Caption => Some("give back the caption, a text".to_owned()),
            Self::Image => wrong_image(after)?,
            Self::Batch => wrong_batch(before, after),
        };
        match wrong {
            None => Ok(()),
            Some(what) => Err(PluginError::invalid(format!("{} gave back {}; {what}", self.name(), described(after)))),
        }
    }
}

fn described(value: &Value) -> String {
    match value {
        Value::Tensor(tensor) => format!("a tensor {:?} of {}", tensor.dims(), tensor.dtype().as_str()),
        Value::Nothing => "nothing".to_owned(),
        other => other.kind().to_owned(),
    }
}

fn wrong_image(after: &Value) -> Result<Option<String>, PluginError> {
    let form = "give back the image, a tensor [height, width, channels] of f32 with 1 or 3 channels";
    let Some(tensor) = after.tensor() else { return Ok(Some(form.to_owned())) };
    let fits = matches!(tensor.dims(), [_, _, 1 | 3]) && tensor.elem_count() > 0 && tensor.dtype() == DType::F32;
    if !fits {
        return Ok(Some(form.to_owned()));
    }
    // NaN and infinity do not sum to a number; neither do finite values beyond f32, which no image has.
    let sum = tensor.sum_all()?.to_scalar::<f32>()?;
    Ok((!sum.is_finite()).then(|| "its values are not all numbers".to_owned()))
}

fn wrong_batch(before: &Value, after: &Value) -> Option<String> {
    let (Some(old), Some(new)) = (batch_parts(before), batch_parts(after)) else {
        return Some("give back the batch, a map of the tensors `inputs` and `targets`".to_owned());
    };
    for (name, old, new) in [("inputs", old.0, new.0), ("targets", old.1, new.1)] {
        let same_row = !new.dims().is_empty() && old.dims()[1..] == new.dims()[1..];
        if !same_row || old.dtype() != new.dtype() {
            let (wanted, found) = (&old.dims()[1..], new.dims());
            let (dtype, other) = (old.dtype().as_str(), new.dtype().as_str());
            return Some(format!(
                "its {name} are {found:?} of {other}, but a row of this data has the shape {wanted:?} of {dtype}"
            ));
        }
    }
    let (inputs, targets) = (new.0.dims()[0], new.1.dims()[0]);
    (inputs != targets || inputs == 0).then(|| format!("it has {inputs} rows of inputs and {targets} of targets"))
}

/// Inputs and targets of a batch as it passes through transforms.
pub fn batch_parts(batch: &Value) -> Option<(&Tensor, &Tensor)> {
    let Value::Map(parts) = batch else { return None };
    Some((parts.get("inputs")?.tensor()?, parts.get("targets")?.tensor()?))
}

/// A batch as it passes through transforms.
pub fn batch_value(inputs: Tensor, targets: Tensor) -> Value {
    Value::Map(BTreeMap::from([("inputs".to_owned(), inputs.into()), ("targets".to_owned(), targets.into())]))
}

/// Some of the transforms, and whether they are meant for validation data too.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct TransformSet {
    bits: u8,
    validation: bool,
}

impl TransformSet {
    /// No transform.
    pub const fn none() -> Self {
        Self { bits: 0, validation: false }
    }

    /// With this one.
    #[must_use]
    pub const fn with(self, transform: Transform) -> Self {
        Self { bits: self.bits | 1 << transform as u8, ..self }
    }

    /// For validation data too. By default only training data is transformed.
    #[must_use]
    pub const fn also_in_validation(self) -> Self {
        Self { validation: true, ..self }
    }

    /// Whether it is among them.
    pub const fn contains(self, transform: Transform) -> bool {
        self.bits & 1 << transform as u8 != 0
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.bits == 0
    }

    /// Whether they are called for training data (always) or for validation data (only when asked).
    pub const fn apply_to(self, training: bool) -> bool {
        training || self.validation
    }

    /// Those among them, in the order in which an item passes them.
    pub fn iter(self) -> impl Iterator<Item = Transform> {
        Transform::ALL.into_iter().filter(move |transform| self.contains(*transform))
    }
}

/// What a plugin's metadata says about its transforms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformOptions {
    /// Whether they are called for validation data too.
    pub validation: bool,
}

/// Opens a stream of random numbers by its name.
pub type Streams = Rc<dyn Fn(&str) -> Random>;

/// What a transform is told beside the value.
pub struct TransformContext {
    /// The run whose data it is.
    pub run: RunId,
    /// The epoch, from 0.
    pub epoch: usize,
    /// The item's number in its dataset, from 0; of a batch, its number in the epoch.
    pub index: usize,
    /// The item's file, where it has one.
    pub path: Option<Rc<str>>,
    /// Whether the data is trained on; else it is validated on.
    pub training: bool,
    /// Whether this is a preview: nothing is to be remembered of it.
    pub preview: bool,
    streams: Streams,
    name: String,
    random: Option<Random>,
}

impl TransformContext {
    /// The context of an item of an epoch; random numbers come from streams that `streams` opens.
    pub fn new(run: RunId, epoch: usize, index: usize, training: bool, streams: Streams) -> Self {
        let (path, preview, name, random) = (None, false, String::new(), None);
        Self { run, epoch, index, path, training, preview, streams, name, random }
    }

    /// Random numbers of this plugin for this item in this epoch: the same seed gives the same ones, whatever else was
    /// drawn before, by whom and in which order.
    pub fn random(&mut self) -> &mut Random {
        self.random.get_or_insert_with(|| (self.streams)(&self.name))
    }

    /// The same context, its random numbers from their start: for hosts that lend it to a language without references.
    #[must_use]
    pub fn fork(&self) -> Self {
        let (path, streams, name) = (self.path.clone(), self.streams.clone(), self.name.clone());
        Self { path, streams, name, random: None, ..*self }
    }

    /// Gives the context to a plugin, for its manager: the stream `transform/<plugin>/<transform>/<data>/<epoch>/<item>`.
    #[doc(hidden)]
    pub fn give_to(&mut self, plugin: &str, transform: Transform) {
        let data = if self.training { "training" } else { "validation" };
        self.name = format!("transform/{plugin}/{}/{data}/{}/{}", transform.name(), self.epoch, self.index);
        self.random = None;
    }
}

/// What came of passing a value through all plugins.
#[derive(Clone, Debug, Default)]
pub struct Transformed {
    /// The value as the last plugin left it; a plugin that failed leaves it as it was.
    pub value: Value,
    /// The failures, oldest first.
    pub failures: Vec<HookFailure>,
    /// A plugin failed whose policy is to leave out the batch.
    pub skip_batch: bool,
    /// A failure whose plugin's policy is to end the run.
    pub stop: Option<Box<HookFailure>>,
    /// The user interrupted a plugin: the value is to be transformed again from the start.
    pub interrupted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::Device;

    #[test]
    fn names_are_found_and_misspelt_ones_told() {
        for transform in Transform::ALL {
            assert_eq!(Transform::from_name(transform.name()), Some(transform));
            assert!(crate::Hook::from_name(transform.name()).is_none());
            assert!(crate::Verb::from_name(transform.name()).is_none());
        }
        assert_eq!(Transform::from_name("transform_pil_image"), Some(Transform::Image));
        assert_eq!(Transform::nearest("transform_captions"), Some("transform_caption"));
        assert_eq!(Transform::Image.signature(), "fn transform_image(image [, ctx or path])");
        assert_eq!(Transform::Batch.signature(), "fn transform_batch(batch [, ctx])");
    }

    #[test]
    fn a_set_says_what_it_applies_to() {
        let set = TransformSet::none().with(Transform::Image);
        assert_eq!(set.iter().collect::<Vec<_>>(), [Transform::Image]);
        assert_eq!([set.apply_to(true), set.apply_to(false)], [true, false]);
        assert!(set.also_in_validation().apply_to(false));
    }

    #[test]
    fn what_cannot_be_given_back_is_named() {
        let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
        let batch = |rows, width, targets| batch_value(zeros(&[rows, width]), zeros(&[targets]));
        let check = |transform: Transform, before: Value, after: Value, expect: &str| {
            let found = transform.check(&before, &after).map_or_else(|error| error.to_string(), |()| String::new());
            assert!(if expect.is_empty() { found.is_empty() } else { found.contains(expect) }, "{found}");
        };
        check(Transform::Caption, "a".into(), "b".into(), "");
        check(
            Transform::Caption,
            "a".into(),
            Value::Nothing,
            "transform_caption gave back nothing; give back the caption",
        );
        let image = || Value::from(zeros(&[2, 2, 3]));
        check(Transform::Image, image(), zeros(&[5, 4, 1]).into(), "");
        check(
            Transform::Image,
            image(),
            zeros(&[3, 2, 2]).into(),
            "gave back a tensor [3, 2, 2] of f32; give back the",
        );
        let nan = (zeros(&[2, 2, 3]) + f64::NAN).unwrap();
        check(Transform::Image, image(), nan.into(), "not all numbers");
        check(Transform::Batch, batch(4, 2, 4), batch(3, 2, 3), "");
        check(Transform::Batch, batch(4, 2, 4), batch(3, 2, 4), "it has 3 rows of inputs and 4 of targets");
        check(Transform::Batch, batch(4, 2, 4), batch(4, 3, 4), "its inputs are [4, 3] of f32, but a row");
        check(Transform::Batch, batch(4, 2, 4), Value::Nothing, "a map of the tensors");
    }
}
