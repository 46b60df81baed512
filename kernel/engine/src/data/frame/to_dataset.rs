//! From a table to something a net can be trained on.

use std::collections::BTreeSet;

use candle_core::{Device, Tensor};
use polars::prelude::{Column, DataType};

use super::{Frame, cells};
use crate::data::Dataset;
use crate::{EngineError, Result};

/// How [`Frame::dataset`] reads a frame.
#[derive(Clone, Debug, Default)]
pub struct DatasetOptions {
    /// The column to predict.
    pub label: String,
    /// The columns to predict from; all but the label where none are named.
    pub features: Option<Vec<String>>,
    /// Whether features are brought to zero mean and unit variance; see [`Dataset::normalization`].
    pub normalize: bool,
    /// What the label is.
    pub task: Task,
}

/// What a label column is read as.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Task {
    /// Text, truth values and whole numbers are classes, other numbers values.
    #[default]
    Auto,
    /// One of several classes.
    Classes,
    /// A number to come close to.
    Values,
}

impl Task {
    const TABLE: [(&str, Self); 5] = [
        ("auto", Self::Auto),
        ("classes", Self::Classes),
        ("values", Self::Values),
        ("classification", Self::Classes),
        ("regression", Self::Values),
    ];

    /// The task of that name: `auto`, `classes` (or `classification`), `values` (or `regression`).
    pub fn from_name(name: &str) -> Result<Self> {
        let known = Self::TABLE.map(|(name, _)| name);
        let found = Self::TABLE.into_iter().find(|(known, _)| *known == name);
        found.map(|(_, task)| task).ok_or_else(|| EngineError::unknown("task", name, known))
    }
}

impl Frame {
    /// The frame as inputs `[rows, features]` f32 and targets `[rows]`: classes (u32, numbered in the order of their
    /// sorted names; whole numbers sort as numbers) or values (f32).
    ///
    /// Missing values, NaN, and text among the features are errors that name column and row (counted from 0).
    pub fn dataset(&self, options: &DatasetOptions) -> Result<Dataset> {
        let label = self.find(&options.label)?;
        let features = self.features(options)?;
        let mut inputs = vec![0f32; self.height() * features.len()];
        for (at, feature) in features.iter().enumerate() {
            let numbers = complete(feature)?;
            inputs.iter_mut().skip(at).step_by(features.len()).zip(numbers).for_each(|(place, number)| *place = number);
        }
        let inputs = Tensor::from_vec(inputs, (self.height(), features.len()), &Device::Cpu)?;
        let names = features.iter().map(|feature| feature.name().to_string()).collect();
        let (targets, classes) = targets(label, options.task)?;
        let dataset = Dataset::new(self.name(), inputs, targets, classes, names)?;
        if options.normalize { Ok(dataset.normalize()?.0) } else { Ok(dataset) }
    }

    fn features(&self, options: &DatasetOptions) -> Result<Vec<&Column>> {
        let label = options.label.as_str();
        let others = || self.table.columns().iter().filter(|column| column.name() != label).collect();
        let features: Vec<&Column> = match &options.features {
            None => others(),
            Some(names) => names.iter().map(|name| self.find(name)).collect::<Result<_>>()?,
        };
        let names: Vec<&str> = features.iter().map(|feature| feature.name().as_str()).collect();
        let twice = names.iter().enumerate().find(|(at, name)| names[..*at].contains(name));
        match twice {
            _ if names.is_empty() => {
                Err(EngineError::Data(format!("there are no features beside the label \"{label}\"")))
            }
            _ if names.contains(&label) => Err(EngineError::Data(format!("\"{label}\" cannot be label and feature"))),
            Some((_, name)) => Err(EngineError::Data(format!("feature \"{name}\" is named twice"))),
            None => Ok(features),
        }
    }
}

/// A column's numbers, of which none is missing.
fn complete(column: &Column) -> Result<Vec<f32>> {
    if !cells::is_number(column.dtype()) && column.null_count() < column.len() {
        let found = cells::first_text(column)?;
        let todo = "leave it out (features: [...]) or put numbers in its place";
        return Err(EngineError::Data(format!("feature {found} no net can take; {todo}")));
    }
    let numbers = cells::numbers(column)?;
    let usable = |(row, number): (usize, &Option<f64>)| match number {
        Some(number) if number.is_finite() => Ok(*number as f32),
        Some(number) => Err(unusable(column, row, &number.to_string())),
        None => Err(unusable(column, row, "nothing")),
    };
    numbers.iter().enumerate().map(usable).collect()
}

fn unusable(column: &Column, row: usize, found: &str) -> EngineError {
    let name = column.name();
    EngineError::Data(format!("column \"{name}\" holds {found} in row {row}; drop the row or fill the value in"))
}

fn targets(label: &Column, task: Task) -> Result<(Tensor, Option<Vec<String>>)> {
    let is_values = match task {
        Task::Auto => label.dtype().is_float(),
        Task::Values => true,
        Task::Classes => false,
    };
    if is_values { Ok((values(label)?, None)) } else { classes(label, task) }
}

fn values(label: &Column) -> Result<Tensor> {
    if !cells::is_number(label.dtype()) && label.null_count() < label.len() {
        let found = cells::first_text(label)?;
        return Err(EngineError::Data(format!("label {found} are no values; for classes pass task: \"classes\"")));
    }
    Ok(Tensor::new(complete(label)?, &Device::Cpu)?)
}

fn classes(label: &Column, task: Task) -> Result<(Tensor, Option<Vec<String>>)> {
    let names = match label.dtype() {
        dtype if dtype.is_primitive_numeric() => whole_numbers(label)?,
        _ => cells::texts(label, 0..label.len())?.into_iter().map(|text| text.map(|text| (0, text))).collect(),
    };
    let complete = |(row, name): (usize, Option<(i64, String)>)| name.ok_or_else(|| unusable(label, row, "nothing"));
    let names = names.into_iter().enumerate().map(complete).collect::<Result<Vec<_>>>()?;
    let sorted: Vec<&(i64, String)> = BTreeSet::from_iter(&names).into_iter().collect();
    if task == Task::Auto && *label.dtype() != DataType::String && sorted.len() > 20 && sorted.len() * 2 > names.len() {
        let (name, many, rows) = (label.name(), sorted.len(), names.len());
        let todo = "say which is meant: task: \"values\" or task: \"classes\"";
        return Err(EngineError::Data(format!(
            "label \"{name}\" has {many} different whole numbers in {rows} rows; {todo}"
        )));
    }
    let numbers: Vec<u32> =
        names.iter().filter_map(|name| sorted.binary_search(&name).ok()).map(|at| at as u32).collect();
    let classes = sorted.into_iter().map(|(_, name)| name.clone()).collect();
    Ok((Tensor::new(numbers, &Device::Cpu)?, Some(classes)))
}

/// Numbers as names that sort as numbers.
fn whole_numbers(label: &Column) -> Result<Vec<Option<(i64, String)>>> {
    let whole = |(row, number): (usize, Option<f64>)| match number {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => {
            Ok(Some((number as i64, (number as i64).to_string())))
        }
        Some(number) if number.is_nan() => Err(unusable(label, row, "NaN")),
        Some(number) => {
            let name = label.name();
            let message =
                format!("label \"{name}\" holds {number} in row {row}, which is no class; pass task: \"values\"");
            Err(EngineError::Data(message))
        }
        None => Ok(None),
    };
    cells::numbers(label)?.into_iter().enumerate().map(whole).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;

    fn options(label: &str) -> DatasetOptions {
        DatasetOptions { label: label.to_owned(), ..DatasetOptions::default() }
    }

    fn numbers(values: &[f64]) -> Values {
        Values::Numbers(values.iter().copied().map(Some).collect())
    }

    fn texts(values: &[&str]) -> Values {
        Values::Texts(values.iter().map(|&text| Some(text.to_owned())).collect())
    }

    fn frame(columns: &[(&str, Values)]) -> Frame {
        Frame::from_columns(columns.iter().map(|(name, values)| (name.to_string(), values.clone())).collect()).unwrap()
    }

    #[test]
    fn labels_become_classes_or_values() {
        let check = |label: Values, task, classes: Option<&[&str]>, expect: &[f32]| {
            let frame = frame(&[("x", numbers(&[0.5, 1.5, 2.5])), ("y", label)]);
            let data = frame.dataset(&DatasetOptions { task, ..options("y") }).unwrap();
            assert_eq!(data.classes().map(|classes| classes.join(" ")), classes.map(|classes| classes.join(" ")));
            let targets = data.targets().to_dtype(candle_core::DType::F32).unwrap();
            assert_eq!(targets.to_vec1::<f32>().unwrap(), expect);
            assert_eq!((data.features(), data.input_shape()), (&["x".to_owned()][..], &[1][..]));
        };
        check(texts(&["b", "a", "b"]), Task::Auto, Some(&["a", "b"]), &[1.0, 0.0, 1.0]);
        check(numbers(&[0.5, 1.5, 0.5]), Task::Auto, None, &[0.5, 1.5, 0.5]);
        check(numbers(&[10.0, 9.0, -2.0]), Task::Classes, Some(&["-2", "9", "10"]), &[2.0, 1.0, 0.0]);
        check(numbers(&[1.0, 2.0, 3.0]), Task::Values, None, &[1.0, 2.0, 3.0]);
    }

    #[test]
    fn features_are_chosen_and_normalized() {
        let frame = frame(&[("a", numbers(&[1.0, 3.0])), ("y", texts(&["u", "v"])), ("b", numbers(&[7.0, 7.0]))]);
        let all = frame.dataset(&options("y")).unwrap();
        assert_eq!(all.inputs().unwrap().to_vec2::<f32>().unwrap(), [[1.0, 7.0], [3.0, 7.0]]);
        let chosen = DatasetOptions { features: Some(vec!["b".into(), "a".into()]), normalize: true, ..options("y") };
        let data = frame.dataset(&chosen).unwrap();
        assert_eq!(data.inputs().unwrap().to_vec2::<f32>().unwrap(), [[7.0, -1.0], [7.0, 1.0]]);
        assert_eq!(data.normalization().unwrap().mean, [0.0, 2.0]);
    }

    #[test]
    fn whole_numbers_of_a_file_are_classes_unless_nearly_all_differ() {
        let directory = tempfile::tempdir().unwrap();
        let read = |label: fn(usize) -> usize| {
            let path = directory.path().join("f.csv");
            let rows = (0..60).map(|row| format!("{row},{}\n", label(row)));
            std::fs::write(&path, "x,y\n".to_owned() + &rows.collect::<String>()).unwrap();
            Frame::read_csv(path).unwrap().dataset(&options("y"))
        };
        assert_eq!(read(|row| row % 3 * 5).unwrap().classes().unwrap(), ["0", "5", "10"]);
        let refused = read(|row| row * 3).unwrap_err().to_string();
        let todo = "say which is meant: task: \"values\" or task: \"classes\"";
        assert_eq!(refused, format!("label \"y\" has 60 different whole numbers in 60 rows; {todo}"));
    }

    #[test]
    fn unusable_columns_are_named() {
        let check = |columns: &[(&str, Values)], options: DatasetOptions, expect: &str| {
            assert_eq!(frame(columns).dataset(&options).unwrap_err().to_string(), expect);
        };
        let (x, y) = (("x", numbers(&[1.0, 2.0])), ("y", texts(&["u", "v"])));
        let both = [x.clone(), y.clone()];
        let unknown = "there is no column named \"yy\" (did you mean \"y\"?); known are: x, y";
        check(&both, options("yy"), unknown);
        let of = |features: &[&str]| {
            let features = Some(features.iter().map(|&name| name.to_owned()).collect());
            DatasetOptions { features, ..options("y") }
        };
        check(&both, of(&["z"]), "there is no column named \"z\" (did you mean \"x\"?); known are: x, y");
        check(&both, of(&["y"]), "\"y\" cannot be label and feature");
        check(&both, of(&["x", "x"]), "feature \"x\" is named twice");
        check(std::slice::from_ref(&y), options("y"), "there are no features beside the label \"y\"");
        let city = ("city", texts(&["Berlin", "Rome"]));
        let text = "feature \"city\" holds str (\"Berlin\" in row 0), which no net can take; \
                    leave it out (features: [...]) or put numbers in its place";
        check(&[city, y.clone()], options("y"), text);
        let fill = "drop the row or fill the value in";
        let hole = ("x", Values::Numbers(vec![Some(1.0), None]));
        check(&[hole, y.clone()], options("y"), &format!("column \"x\" holds nothing in row 1; {fill}"));
        let nan = ("x", numbers(&[f64::NAN, 1.0]));
        check(&[nan, y.clone()], options("y"), &format!("column \"x\" holds NaN in row 0; {fill}"));
        let unlabelled = ("y", Values::Texts(vec![Some("u".into()), None]));
        check(&[x.clone(), unlabelled], options("y"), &format!("column \"y\" holds nothing in row 1; {fill}"));
        let values = DatasetOptions { task: Task::Values, ..options("y") };
        let no_values =
            "label \"y\" holds str (\"u\" in row 0), which are no values; for classes pass task: \"classes\"";
        check(&both, values, no_values);
        let classes = DatasetOptions { task: Task::Classes, ..options("y") };
        let no_class = "label \"y\" holds 0.5 in row 1, which is no class; pass task: \"values\"";
        check(&[x, ("y", numbers(&[1.0, 0.5]))], classes, no_class);
    }

    #[test]
    fn tasks_by_name() {
        assert_eq!(Task::from_name("regression").unwrap(), Task::Values);
        assert!(Task::from_name("clases").unwrap_err().to_string().contains("did you mean \"classes\"?"));
    }
}
