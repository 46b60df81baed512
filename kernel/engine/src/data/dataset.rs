//! Rows with targets, checked once when made, then handed out in batches.
//!
//! Read [`Dataset`]. It must not know where rows come from (files: `frame`) nor what is trained on them.

use std::sync::Arc;

use candle_core::{DType, Device, Shape, Tensor};

use super::items::{Chosen, stand_in};
use super::own::OwnRows;
use super::{Example, Examples, Normalization, Vocabulary, built_in, gather, split};
use crate::memory::{Category, tag};
use crate::{EngineError, Result, Seed};
use candlewick_plugin_api::Random;

/// Inputs and targets, row by row. A clone shares them.
#[derive(Clone, Debug)]
pub struct Dataset(Arc<Rows>);

#[derive(Clone, Debug)]
struct Rows {
    name: String,
    inputs: Tensor,
    targets: Tensor,
    classes: Option<Vec<String>>,
    features: Vec<String>,
    normalization: Option<Normalization>,
    /// What inputs are made of when they are asked for; `inputs` then has their shape and no numbers.
    source: Option<Source>,
}

/// What makes rows when they are asked for.
#[derive(Clone, Debug)]
enum Source {
    /// Items, which may be transformed before they become numbers.
    Items(Chosen),
    /// A user's own code.
    Own(OwnRows),
}

impl Dataset {
    /// A shipped dataset: one of [`Dataset::names`].
    ///
    /// `digits`: 1797 rows of 64 pixels in 0..1, ten classes; `iris`: 150 rows of 4 measures in cm, three classes.
    pub fn named(name: &str) -> Result<Self> {
        let _tag = tag(Category::Data);
        built_in::load(name)
    }

    /// The names of the shipped datasets.
    pub fn names() -> &'static [&'static str] {
        const { &built_in::names() }
    }

    /// A dataset of inputs `[N, …]` and targets `[N]` or `[N, …]`.
    ///
    /// Inputs of whole numbers (u32) are token ids; all other types become f32. Targets of whole numbers are classes
    /// (u32), others values (f32). `features` names the places of a row, or is empty. Refused are: no rows, inputs and
    /// targets of different length, NaN and infinite numbers, and classes without a name in `classes`.
    pub fn new(
        name: impl Into<String>,
        inputs: Tensor,
        targets: Tensor,
        classes: Option<Vec<String>>,
        features: Vec<String>,
    ) -> Result<Self> {
        let _tag = tag(Category::Data);
        let (inputs, targets) = (numbers(inputs)?, labels(targets)?);
        let rows = Rows { name: name.into(), inputs, targets, classes, features, normalization: None, source: None };
        rows.check_lengths()?;
        rows.check_finite("inputs", &rows.inputs)?;
        rows.check_finite("targets", &rows.targets)?;
        rows.check_classes()?;
        Ok(Self(Arc::new(rows)))
    }

    /// A dataset of examples that the user's own code makes when a batch asks for them. Every target is asked for now.
    ///
    /// # Errors
    /// No examples, targets of different shapes, and what the code says; the message names the example.
    pub fn of(name: &str, examples: impl Examples + 'static) -> Result<Self> {
        let _tag = tag(Category::Data);
        let (own, targets) = OwnRows::new(name, Arc::new(examples))?;
        let (shape, dtype, classes) = (own.shape().to_vec(), own.dtype(), own.classes());
        Self::lazy(name.to_owned(), Source::Own(own), (&shape, dtype), targets, classes)
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Number of rows; at least one.
    #[expect(clippy::len_without_is_empty, reason = "a dataset has at least one row")]
    pub fn len(&self) -> usize {
        self.0.inputs.dims()[0]
    }

    /// Shape of one row of the inputs.
    pub fn input_shape(&self) -> &[usize] {
        &self.0.inputs.dims()[1..]
    }

    /// All inputs `[N, …]`, f32 or (token ids) u32. Those of items in files are made now, without transforms.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn inputs(&self) -> Result<Tensor> {
        match &self.0.source {
            None => Ok(self.0.inputs.clone()),
            Some(_) => Ok(self.batch(&(0..self.len() as u32).collect::<Vec<_>>())?.0),
        }
    }

    /// The shape of all inputs, `[N, …]`.
    pub fn input_dims(&self) -> &[usize] {
        self.0.inputs.dims()
    }

    /// The type of inputs: f32 or (token ids) u32.
    pub fn input_dtype(&self) -> DType {
        self.0.inputs.dtype()
    }

    /// All targets: classes u32 `[N]`, or values f32 `[N]` or `[N, k]`.
    pub fn targets(&self) -> &Tensor {
        &self.0.targets
    }

    /// Names of the classes, where targets are classes with names.
    pub fn classes(&self) -> Option<&[String]> {
        self.0.classes.as_deref()
    }

    /// Names of the places of a row; may be empty.
    pub fn features(&self) -> &[String] {
        &self.0.features
    }

    /// What was done to the features, from the numbers as they came, where the data was normalized: applies to the raw
    /// numbers of rows that come later.
    pub fn normalization(&self) -> Option<&Normalization> {
        self.0.normalization.as_ref()
    }

    /// The device that holds the rows.
    pub fn device(&self) -> &Device {
        self.0.inputs.device()
    }

    /// `(training part, held out part)`: the share `fraction` of the rows is held out, drawn by the stream `split`;
    /// of classes, each gives its share. Both parts are in shuffled order.
    ///
    /// A fraction outside of (0, 1), and one that would leave either part empty, is refused.
    pub fn split(&self, fraction: f64, seed: Seed) -> Result<(Self, Self)> {
        let targets = &self.0.targets;
        let labels = match (targets.dtype(), targets.rank()) {
            (DType::U32, 1) => Some(targets.to_vec1::<u32>()?),
            _ => None,
        };
        let (kept, held_out) = split::split(self.len(), labels.as_deref(), fraction, seed)?;
        Ok((self.subset(&kept)?, self.subset(&held_out)?))
    }

    /// The given rows, in the order given; a row may come more than once.
    pub fn subset(&self, rows: &[u32]) -> Result<Self> {
        if rows.is_empty() {
            return Err(EngineError::Data(format!("a part of {} needs at least one row", self.name())));
        }
        let _tag = tag(Category::Data);
        let Some(source) = &self.0.source else {
            let (inputs, targets) = self.batch(rows)?;
            return Ok(self.with(inputs, targets));
        };
        let targets = gather::rows(&self.0.targets, rows)?;
        let inputs = stand_in(rows.len(), self.input_shape(), self.input_dtype(), self.device())?;
        Ok(Self(Arc::new(Rows { inputs, targets, source: Some(source.subset(rows)), ..Rows::clone(&self.0) })))
    }

    /// Inputs and targets of the given rows, in the order given.
    pub fn batch(&self, rows: &[u32]) -> Result<(Tensor, Tensor)> {
        match &self.0.source {
            None => Ok((gather::rows(&self.0.inputs, rows)?, gather::rows(&self.0.targets, rows)?)),
            Some(Source::Own(own)) => self.finished(own.batch(rows, None)?),
            Some(Source::Items(items)) => {
                let examples: Result<Vec<Example>> = rows.iter().map(|row| items.example(*row)).collect();
                self.assemble(&examples?)
            }
        }
    }

    /// As [`batch`](Self::batch), but as training sees the rows in this epoch: examples of the user's own code are
    /// augmented, by the streams `examples/<epoch>/<index>`.
    pub fn training_batch(&self, rows: &[u32], seed: Seed, epoch: usize) -> Result<(Tensor, Tensor)> {
        let Some(Source::Own(own)) = &self.0.source else { return self.batch(rows) };
        let random = |index| Random::new(seed.stream(&format!("examples/{epoch}/{index}")));
        self.finished(own.batch(rows, Some(&random))?)
    }

    /// Whether rows are items that may be transformed before they become numbers.
    pub fn has_items(&self) -> bool {
        self.items().is_some()
    }

    /// The item of a row, as it is before transforms; none where rows are numbers from the start.
    ///
    /// # Errors
    /// No such row, or a file that cannot be read any more.
    pub fn example(&self, row: u32) -> Result<Option<Example>> {
        let _tag = tag(Category::Data);
        self.items().map(|items| items.example(row)).transpose()
    }

    /// Inputs and targets of items, transformed or not: cut into tokens, resized, normalized.
    ///
    /// # Errors
    /// An example of other data than this.
    pub fn assemble(&self, examples: &[Example]) -> Result<(Tensor, Tensor)> {
        let Some(items) = self.items() else {
            return Err(EngineError::Data(format!("the rows of {} are no items", self.name())));
        };
        self.finished(items.assemble(examples)?)
    }

    /// The tokens that captions are cut into, where rows have captions.
    pub fn vocabulary(&self) -> Option<&Vocabulary> {
        self.items()?.vocabulary()
    }

    /// What could not be loaded, file and reason.
    pub fn broken(&self) -> &[String] {
        self.items().map_or(&[], Chosen::broken)
    }

    /// Bytes of decoded images that are kept between uses.
    pub fn kept_bytes(&self) -> u64 {
        self.items().map_or(0, Chosen::kept_bytes)
    }

    /// A dataset of items: `shape` and `dtype` are those of a row of inputs, `targets` those without transforms.
    pub(super) fn of_items(
        name: String,
        items: Chosen,
        shape: Vec<usize>,
        dtype: DType,
        targets: Tensor,
        classes: Option<Vec<String>>,
    ) -> Result<Self> {
        Self::lazy(name, Source::Items(items), (&shape, dtype), targets, classes)
    }

    fn lazy(
        name: String,
        source: Source,
        (shape, dtype): (&[usize], DType),
        targets: Tensor,
        classes: Option<Vec<String>>,
    ) -> Result<Self> {
        let inputs = stand_in(targets.dims()[0], shape, dtype, &Device::Cpu)?;
        let (features, source) = (Vec::new(), Some(source));
        let rows = Rows { name, inputs, targets, classes, features, normalization: None, source };
        rows.check_lengths()?;
        rows.check_finite("targets", &rows.targets)?;
        rows.check_classes()?;
        Ok(Self(Arc::new(rows)))
    }

    /// The same rows with every feature at zero mean and unit variance, and what was done to get there; of images every
    /// channel. Token ids cannot be normalized.
    pub fn normalize(&self) -> Result<(Self, Normalization)> {
        let normalization = match &self.0.source {
            Some(Source::Items(items)) => items.channel_moments(self.name())?,
            Some(Source::Own(_)) => {
                self.real_inputs()?;
                Normalization::of(&self.inputs()?)?
            }
            None => Normalization::of(self.real_inputs()?)?,
        };
        Ok((self.normalized_by(&normalization)?, normalization))
    }

    /// The same rows, treated like the data that `normalization` was made from.
    pub fn normalized_by(&self, normalization: &Normalization) -> Result<Self> {
        let _tag = tag(Category::Data);
        let inputs = match &self.0.source {
            Some(_) => self.real_inputs()?.clone(),
            None => normalization.apply(self.real_inputs()?)?,
        };
        let whole = self.normalization().map_or_else(|| normalization.clone(), |before| before.then(normalization));
        Ok(Self(Arc::new(Rows { inputs, normalization: Some(whole), ..Rows::clone(&self.0) })))
    }

    /// The same rows on that device.
    pub fn to_device(&self, device: &Device) -> Result<Self> {
        let inputs = match &self.0.source {
            Some(_) => stand_in(self.len(), self.input_shape(), self.input_dtype(), device)?,
            None => self.0.inputs.to_device(device)?,
        };
        Ok(self.with(inputs, self.0.targets.to_device(device)?))
    }

    /// The same rows, each of that shape, such as `[1, 8, 8]` for the digits.
    pub fn reshape(&self, shape: impl Into<Shape>) -> Result<Self> {
        let shape = shape.into();
        let (wanted, found) = (shape.elem_count(), self.input_shape().iter().product::<usize>());
        if wanted != found {
            let (name, shape, has) = (self.name(), shape.dims(), self.input_shape());
            let message = format!("a row of {name} has shape {has:?} ({found} values); {shape:?} takes {wanted}");
            return Err(EngineError::Data(message));
        }
        let dims = [&[self.len()], shape.dims()].concat();
        let inputs = match &self.0.source {
            Some(_) => stand_in(self.len(), shape.dims(), self.input_dtype(), self.device())?,
            None => self.0.inputs.reshape(dims)?,
        };
        Ok(self.with(inputs, self.0.targets.clone()))
    }

    fn items(&self) -> Option<&Chosen> {
        match &self.0.source {
            Some(Source::Items(items)) => Some(items),
            _ => None,
        }
    }

    /// Rows that were made, as the dataset hands them out: normalized, in shape, on its device.
    fn finished(&self, (inputs, targets): (Tensor, Tensor)) -> Result<(Tensor, Tensor)> {
        let inputs = match &self.0.normalization {
            Some(normalization) => normalization.apply(&inputs)?,
            None => inputs,
        };
        let dims = [&inputs.dims()[..1], self.input_shape()].concat();
        Ok((inputs.reshape(dims)?.to_device(self.device())?, targets.to_device(self.device())?))
    }

    fn real_inputs(&self) -> Result<&Tensor> {
        match self.0.inputs.dtype() {
            DType::F32 => Ok(&self.0.inputs),
            _ => {
                Err(EngineError::Data(format!("the inputs of {} are token ids, not numbers to normalize", self.name())))
            }
        }
    }

    fn with(&self, inputs: Tensor, targets: Tensor) -> Self {
        Self(Arc::new(Rows { inputs, targets, ..Rows::clone(&self.0) }))
    }
}

impl Source {
    fn subset(&self, rows: &[u32]) -> Self {
        match self {
            Self::Items(items) => Self::Items(items.subset(rows)),
            Self::Own(own) => Self::Own(own.subset(rows)),
        }
    }
}

impl Rows {
    fn check_lengths(&self) -> Result<()> {
        let name = &self.name;
        match (self.inputs.dims(), self.targets.dims()) {
            ([], _) | (_, []) => Err(EngineError::Data(format!("dataset {name}: a single number has no rows"))),
            ([0, ..], _) => Err(EngineError::Data(format!("dataset {name} has no rows"))),
            ([rows, ..], [targets, ..]) if rows != targets => {
                Err(EngineError::Data(format!("dataset {name} has {rows} rows of inputs but {targets} targets")))
            }
            _ => Ok(()),
        }
    }

    fn check_finite(&self, what: &str, tensor: &Tensor) -> Result<()> {
        if tensor.dtype() != DType::F32 {
            return Ok(());
        }
        let values = tensor.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        let Some(at) = values.iter().position(|value| !value.is_finite()) else { return Ok(()) };
        let width = (values.len() / tensor.dims()[0]).max(1);
        let (row, column, value) = (at / width, at % width, values[at]);
        let feature = self.features.get(column).filter(|_| what == "inputs");
        let column = feature.map_or_else(|| column.to_string(), |feature| format!("{feature:?}"));
        let name = &self.name;
        let message =
            format!("dataset {name}: {what} hold {value} in row {row}, column {column}; remove or replace it");
        Err(EngineError::Data(message))
    }

    fn check_classes(&self) -> Result<()> {
        let (Some(classes), name) = (&self.classes, &self.name) else { return Ok(()) };
        if self.targets.dtype() != DType::U32 {
            return Err(EngineError::Data(format!(
                "dataset {name} has class names, but its targets are no class numbers"
            )));
        }
        let targets = self.targets.flatten_all()?.to_vec1::<u32>()?;
        let Some(row) = targets.iter().position(|&class| class as usize >= classes.len()) else { return Ok(()) };
        let (class, known) = (targets[row], classes.len());
        Err(EngineError::Data(format!("dataset {name}: target {class} in row {row}, but there are {known} classes")))
    }
}

pub(super) fn numbers(inputs: Tensor) -> Result<Tensor> {
    match inputs.dtype() {
        DType::U32 => Ok(inputs.contiguous()?),
        _ => Ok(inputs.to_dtype(DType::F32)?.contiguous()?),
    }
}

pub(super) fn labels(targets: Tensor) -> Result<Tensor> {
    match targets.dtype() {
        DType::U32 | DType::U8 => Ok(targets.to_dtype(DType::U32)?.contiguous()?),
        DType::I64 => whole(&targets),
        _ => Ok(targets.to_dtype(DType::F32)?.contiguous()?),
    }
}

fn whole(targets: &Tensor) -> Result<Tensor> {
    let values = targets.flatten_all()?.to_vec1::<i64>()?;
    match values.iter().position(|&value| u32::try_from(value).is_err()) {
        Some(row) => Err(EngineError::Data(format!("{} in row {row} is no class: classes count from 0", values[row]))),
        None => Ok(targets.to_dtype(DType::U32)?.contiguous()?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tensor<T: candle_core::NdArray>(values: T) -> Tensor {
        Tensor::new(values, &Device::Cpu).unwrap()
    }

    fn three() -> Dataset {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        let inputs = tensor(&[[1f32, 2.0], [3.0, 4.0], [5.0, 6.0]]);
        Dataset::new("three", inputs, tensor(&[0u32, 1, 0]), Some(names(&["no", "yes"])), names(&["a", "b"])).unwrap()
    }

    #[test]
    fn unusable_data_is_refused_with_a_sentence() {
        let check = |inputs: Tensor, targets: Tensor, expect: &str| {
            let made = Dataset::new("d", inputs, targets, Some(vec!["x".into()]), vec!["a".into(), "b".into()]);
            assert_eq!(made.unwrap_err().to_string(), expect);
        };
        let zero = || tensor(&[0u32]);
        check(Tensor::zeros((0, 2), DType::F32, &Device::Cpu).unwrap(), zero(), "dataset d has no rows");
        check(tensor(&[[1f32, 2.0]]), tensor(&[0u32, 0]), "dataset d has 1 rows of inputs but 2 targets");
        check(tensor(1f32), zero(), "dataset d: a single number has no rows");
        let nan = "dataset d: inputs hold NaN in row 0, column \"b\"; remove or replace it";
        check(tensor(&[[1f32, f32::NAN]]), zero(), nan);
        let infinite = "dataset d: targets hold inf in row 0, column 0; remove or replace it";
        check(tensor(&[[1f32, 2.0]]), tensor(&[f32::INFINITY]), infinite);
        check(tensor(&[[1f32, 2.0]]), tensor(&[1u32]), "dataset d: target 1 in row 0, but there are 1 classes");
        let values = "dataset d has class names, but its targets are no class numbers";
        check(tensor(&[[1f32, 2.0]]), tensor(&[1f32]), values);
        check(tensor(&[[1f32, 2.0]]), tensor(&[-1i64]), "-1 in row 0 is no class: classes count from 0");
    }

    #[test]
    fn batches_and_subsets_follow_the_rows_asked_for() {
        let (inputs, targets) = three().batch(&[2, 1]).unwrap();
        assert_eq!(inputs.to_vec2::<f32>().unwrap(), [[5.0, 6.0], [3.0, 4.0]]);
        assert_eq!(targets.to_vec1::<u32>().unwrap(), [0, 1]);
        let part = three().subset(&[1]).unwrap();
        assert_eq!((part.len(), part.classes().unwrap().len(), part.features().len()), (1, 2, 2));
        assert!(three().batch(&[3]).is_err());
        assert_eq!(three().subset(&[]).unwrap_err().to_string(), "a part of three needs at least one row");
    }

    #[test]
    fn digits_split_by_class_and_repeatably() {
        let digits = Dataset::named("digits").unwrap();
        let (train, held) = digits.split(0.2, Seed(42)).unwrap();
        assert_eq!((train.len(), held.len()), (1438, 359));
        let targets = held.targets().to_vec1::<u32>().unwrap();
        for class in 0..10 {
            let count = targets.iter().filter(|&&target| target == class).count();
            assert!((34..=37).contains(&count), "class {class}: {count}");
        }
        let again = digits.split(0.2, Seed(42)).unwrap().1;
        assert_eq!(again.inputs().unwrap().to_vec2::<f32>().unwrap(), held.inputs().unwrap().to_vec2::<f32>().unwrap());
    }

    #[test]
    fn rows_take_another_shape() {
        let digits = Dataset::named("digits").unwrap().reshape((1, 8, 8)).unwrap();
        assert_eq!(digits.input_shape(), [1, 8, 8]);
        assert_eq!(digits.batch(&[0, 1]).unwrap().0.dims(), [2, 1, 8, 8]);
        let refused = digits.reshape((7, 9)).unwrap_err().to_string();
        assert_eq!(refused, "a row of digits has shape [1, 8, 8] (64 values); [7, 9] takes 63");
    }

    #[test]
    fn normalizing_needs_numbers() {
        let (normal, normalization) = three().normalize().unwrap();
        assert_eq!(normalization.mean, [3.0, 4.0]);
        assert_eq!(normal.subset(&[0]).unwrap().normalization(), Some(&normalization));
        assert_eq!(normal.inputs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap(), 0.0);
        let tokens = Dataset::new("text", tensor(&[[1u32, 2]]), tensor(&[1u32]), None, Vec::new()).unwrap();
        assert_eq!(
            tokens.normalize().unwrap_err().to_string(),
            "the inputs of text are token ids, not numbers to normalize"
        );
        assert_eq!(tokens.batch(&[0]).unwrap().0.to_vec2::<u32>().unwrap(), [[1, 2]]);
    }
}
