//! The datasets that are shipped inside the library, and their reading. Where they come from: `datasets/README.md`.
//!
//! Read by hand rather than by polars: it takes no threads and less than a hundredth of a second.

use std::io::Read;

use candle_core::{Device, Tensor};
use flate2::read::GzDecoder;

use super::Dataset;
use crate::{EngineError, Result};

struct BuiltIn {
    name: &'static str,
    csv_gz: &'static [u8],
    /// What the stored numbers are multiplied with.
    scale: f32,
}

const BUILT_IN: &[BuiltIn] = &[
    BuiltIn { name: "digits", csv_gz: include_bytes!("../../datasets/digits.csv.gz"), scale: 1.0 / 16.0 },
    BuiltIn { name: "iris", csv_gz: include_bytes!("../../datasets/iris.csv.gz"), scale: 1.0 },
];

/// The names [`Dataset::named`] knows.
pub(super) const fn names() -> [&'static str; BUILT_IN.len()] {
    let mut names = [""; BUILT_IN.len()];
    let mut at = 0;
    while at < BUILT_IN.len() {
        names[at] = BUILT_IN[at].name;
        at += 1;
    }
    names
}

pub(super) fn load(name: &str) -> Result<Dataset> {
    let built_in = BUILT_IN.iter().find(|built_in| built_in.name == name);
    let built_in = built_in.ok_or_else(|| EngineError::unknown("dataset", name, names()))?;
    let mut csv = String::new();
    let damaged = |message: String| EngineError::Format { path: format!("dataset {name}"), message };
    GzDecoder::new(built_in.csv_gz).read_to_string(&mut csv).map_err(|error| damaged(error.to_string()))?;
    parse(built_in, &csv).map_err(damaged)?.into_dataset(name)
}

/// A first line of column names, then numbers; the last column is the class.
fn parse(built_in: &BuiltIn, csv: &str) -> Result<Parsed, String> {
    let mut lines = csv.lines();
    let mut features: Vec<String> = lines.next().unwrap_or_default().split(',').map(str::to_owned).collect();
    features.pop();
    let (mut values, mut labels) = (Vec::with_capacity(csv.len() / 2), Vec::new());
    for line in lines {
        let (numbers, label) = line.rsplit_once(',').ok_or_else(|| format!("no class in line {line:?}"))?;
        for number in numbers.split(',') {
            values.push(parse_number(number)? * built_in.scale);
        }
        labels.push(label);
    }
    values.shrink_to_fit(); // the tensor keeps the whole of it
    let mut classes = labels.clone();
    classes.sort_unstable();
    classes.dedup();
    let targets = labels.iter().filter_map(|label| classes.binary_search(label).ok()).map(|at| at as u32).collect();
    Ok(Parsed { values, targets, classes: classes.into_iter().map(str::to_owned).collect(), features })
}

/// Most numbers are small and whole, and those are read several times faster as what they are.
fn parse_number(text: &str) -> Result<f32, String> {
    match text.parse::<u8>() {
        Ok(small) => Ok(f32::from(small)),
        Err(_) => text.parse::<f32>().map_err(|error| format!("{text:?}: {error}")),
    }
}

struct Parsed {
    values: Vec<f32>,
    targets: Vec<u32>,
    classes: Vec<String>,
    features: Vec<String>,
}

impl Parsed {
    fn into_dataset(self, name: &str) -> Result<Dataset> {
        let inputs = Tensor::from_vec(self.values, (self.targets.len(), self.features.len()), &Device::Cpu)?;
        let targets = Tensor::new(self.targets, &Device::Cpu)?;
        Dataset::new(name, inputs, targets, Some(self.classes), self.features)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shapes_and_classes_are_as_published() {
        let check = |name, rows, width, classes: &[&str], per_class: &[usize]| {
            let data = load(name).unwrap();
            assert_eq!((data.name(), data.len(), data.input_shape()), (name, rows, &[width][..]));
            assert_eq!(data.classes().unwrap(), classes);
            assert_eq!(data.features().len(), width);
            let targets = data.targets().to_vec1::<u32>().unwrap();
            let count = |class| targets.iter().filter(|&&target| target == class as u32).count();
            assert_eq!((0..classes.len()).map(count).collect::<Vec<_>>(), per_class);
        };
        let digits = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
        check("digits", 1797, 64, &digits, &[178, 182, 177, 183, 181, 182, 181, 179, 174, 180]);
        check("iris", 150, 4, &["setosa", "versicolor", "virginica"], &[50, 50, 50]);
    }

    #[test]
    fn numbers_are_as_published() {
        let row = |name, row| load(name).unwrap().inputs().unwrap().get(row).unwrap().to_vec1::<f32>().unwrap();
        assert_eq!(row("iris", 0), [5.1, 3.5, 1.4, 0.2]);
        assert_eq!(row("iris", 34), [4.9, 3.1, 1.5, 0.2]); // the UCI file has 0.1 here, Fisher's paper 0.2
        assert_eq!(row("digits", 0)[..6], [0.0, 0.0, 5.0, 13.0, 9.0, 1.0].map(|pixel| pixel / 16.0));
        let all = load("digits").unwrap().inputs().unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap();
        assert!(all.iter().all(|pixel| (0.0..=1.0).contains(pixel)));
        assert_eq!(all.iter().map(|pixel| f64::from(pixel * 16.0)).sum::<f64>(), 561_718.0);
    }

    #[test]
    fn an_unknown_name_lists_the_known() {
        let expect = "there is no dataset named \"digit\" (did you mean \"digits\"?); known are: digits, iris";
        assert_eq!(load("digit").unwrap_err().to_string(), expect);
    }
}
