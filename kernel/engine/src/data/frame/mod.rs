//! Tables: read from files, shown, cut, described, and turned into datasets.
//!
//! Read [`Frame`]. polars stays behind it: nothing of its types is in any signature. Only polars' reading, writing and
//! slicing are used, none of its parallel sums, whose last digits depend on the number of threads.

mod cells;
mod describe;
mod file;
mod to_dataset;

use polars::prelude::{BooleanChunked, Column, DataFrame, NewChunkedArray};

pub use to_dataset::{DatasetOptions, Task};

use crate::{EngineError, Result};

/// A table of named columns. A clone shares the columns.
#[derive(Clone, Debug)]
pub struct Frame {
    table: DataFrame,
    name: String,
}

/// Name and type of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnInfo {
    /// Its name.
    pub name: String,
    /// Its type as polars calls it: `i64`, `f64`, `str`, `bool`, ….
    pub dtype: String,
}

/// What a column of a new frame holds.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; none where one is missing.
    Numbers(Vec<Option<f64>>),
    /// Texts; none where one is missing.
    Texts(Vec<Option<String>>),
}

impl From<Vec<Option<f64>>> for Values {
    fn from(numbers: Vec<Option<f64>>) -> Self {
        Self::Numbers(numbers)
    }
}

impl From<Vec<Option<String>>> for Values {
    fn from(texts: Vec<Option<String>>) -> Self {
        Self::Texts(texts)
    }
}

impl Frame {
    /// A frame of columns of equal length; names must differ.
    pub fn from_columns<V: Into<Values>>(columns: Vec<(String, V)>) -> Result<Self> {
        let columns: Vec<Column> = columns.into_iter().map(|(name, values)| column(name, values.into())).collect();
        check_new(&columns)?;
        Ok(Self { table: DataFrame::new_infer_height(columns)?, name: "frame".to_owned() })
    }

    /// Where it comes from: the file's name without its ending, or `frame`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Number of rows.
    pub fn height(&self) -> usize {
        self.table.height()
    }

    /// Number of columns.
    pub fn width(&self) -> usize {
        self.table.width()
    }

    /// Names and types of the columns.
    pub fn columns(&self) -> Vec<ColumnInfo> {
        let info = |column: &Column| ColumnInfo { name: column.name().to_string(), dtype: column.dtype().to_string() };
        self.table.columns().iter().map(info).collect()
    }

    /// The one column as a frame. An unknown name is an error with the nearest.
    pub fn column(&self, name: &str) -> Result<Self> {
        self.select(&[name])
    }

    /// The named columns, in the order of the names.
    pub fn select(&self, names: &[impl AsRef<str>]) -> Result<Self> {
        for name in names {
            self.find(name.as_ref())?;
        }
        Ok(self.with(self.table.select(names.iter().map(AsRef::as_ref))?))
    }

    /// The first `rows` rows, or all where there are fewer.
    pub fn head(&self, rows: usize) -> Self {
        self.with(self.table.head(Some(rows)))
    }

    /// The last `rows` rows, or all where there are fewer.
    pub fn tail(&self, rows: usize) -> Self {
        self.with(self.table.tail(Some(rows)))
    }

    /// `rows` rows from `start` on; what lies beyond the end is left out.
    pub fn slice(&self, start: usize, rows: usize) -> Self {
        let start = start.min(self.height());
        self.with(self.table.slice(start as i64, rows.min(self.height() - start)))
    }

    /// The rows whose place in `keep` is true; `keep` is as long as the frame is high.
    pub fn filter(&self, keep: &[bool]) -> Result<Self> {
        if keep.len() != self.height() {
            let (given, rows) = (keep.len(), self.height());
            return Err(EngineError::Data(format!("a filter of {given} values does not fit a frame of {rows} rows")));
        }
        let keep = BooleanChunked::from_slice("keep".into(), keep);
        Ok(self.with(self.table.filter_seq(&keep)?))
    }

    fn find(&self, name: &str) -> Result<&Column> {
        let names = self.table.columns().iter().map(|column| column.name().as_str());
        let found = self.table.columns().iter().find(|column| column.name() == name);
        found.ok_or_else(|| EngineError::unknown("column", name, names))
    }

    fn with(&self, table: DataFrame) -> Self {
        Self { table, name: self.name.clone() }
    }
}

fn column(name: String, values: Values) -> Column {
    match values {
        Values::Numbers(numbers) => Column::new(name.into(), numbers),
        Values::Texts(texts) => Column::new(name.into(), texts),
    }
}

fn check_new(columns: &[Column]) -> Result<()> {
    for (at, column) in columns.iter().enumerate() {
        if columns[..at].iter().any(|before| before.name() == column.name()) {
            return Err(EngineError::Data(format!("two columns are named \"{}\"", column.name())));
        }
        let (first, height) = (&columns[0], columns[0].len());
        if column.len() != height {
            let (one, other, len) = (first.name(), column.name(), column.len());
            let message = format!("column \"{one}\" has {height} rows, but \"{other}\" has {len}");
            return Err(EngineError::Data(message));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frame() -> Frame {
        let numbers = |values: &[f64]| Values::Numbers(values.iter().copied().map(Some).collect());
        let texts = Values::Texts(["x", "y", "z"].map(|text| Some(text.to_owned())).to_vec());
        let columns = vec![("a".to_owned(), numbers(&[1.0, 2.0, 3.0])), ("kind".to_owned(), texts)];
        Frame::from_columns(columns).unwrap()
    }

    fn numbers(frame: &Frame) -> Vec<f64> {
        frame.numbers("a").unwrap().into_iter().flatten().collect()
    }

    #[test]
    fn rows_and_columns_are_cut_out() {
        let frame = frame();
        assert_eq!((frame.height(), frame.width(), frame.name()), (3, 2, "frame"));
        let info = |name: &str, dtype: &str| ColumnInfo { name: name.into(), dtype: dtype.into() };
        assert_eq!(frame.columns(), [info("a", "f64"), info("kind", "str")]);
        assert_eq!(numbers(&frame.head(2)), [1.0, 2.0]);
        assert_eq!(numbers(&frame.tail(9)), [1.0, 2.0, 3.0]);
        assert_eq!(numbers(&frame.slice(1, 1)), [2.0]);
        assert_eq!(numbers(&frame.slice(7, 2)), [0.0; 0]);
        assert_eq!(numbers(&frame.filter(&[true, false, true]).unwrap()), [1.0, 3.0]);
        assert_eq!(frame.select(&["kind", "a"]).unwrap().columns()[0].name, "kind");
        assert_eq!(frame.column("kind").unwrap().width(), 1);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let check = |error: EngineError, expect: &str| assert_eq!(error.to_string(), expect);
        let unknown = "there is no column named \"kin\" (did you mean \"kind\"?); known are: a, kind";
        check(frame().column("kin").unwrap_err(), unknown);
        check(frame().numbers("kin").unwrap_err(), unknown);
        check(frame().filter(&[true]).unwrap_err(), "a filter of 1 values does not fit a frame of 3 rows");
        let two = |a: &str, b: &str, len| {
            Frame::from_columns(vec![(a.to_owned(), vec![Some(1.0)]), (b.to_owned(), vec![None; len])]).unwrap_err()
        };
        check(two("a", "a", 1), "two columns are named \"a\"");
        check(two("a", "b", 2), "column \"a\" has 1 rows, but \"b\" has 2");
    }
}
