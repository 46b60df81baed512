//! What stands in a frame's cells: as numbers, as texts, as a reader sees them.

use std::ops::Range;

use polars::prelude::{AnyValue, Column, DataType};

use super::Frame;
use crate::{EngineError, Result};

impl Frame {
    /// A column's numbers (truth values as 0 and 1), none where one is missing. Text is an error.
    pub fn numbers(&self, name: &str) -> Result<Vec<Option<f64>>> {
        numbers(self.find(name)?)
    }

    /// A column's cells as texts, none where one is missing.
    pub fn texts(&self, name: &str) -> Result<Vec<Option<String>>> {
        texts(self.find(name)?, 0..self.height())
    }

    /// The rows of that range as texts, row by row; none where a cell is empty. What lies beyond the end is left out.
    pub fn rows(&self, range: Range<usize>) -> Result<Vec<Vec<Option<String>>>> {
        let end = range.end.min(self.height());
        let range = range.start.min(end)..end;
        let columns = self.table.columns().iter().map(|column| texts(column, range.clone()));
        let columns = columns.collect::<Result<Vec<_>>>()?;
        Ok((0..range.len()).map(|row| columns.iter().map(|column| column[row].clone()).collect()).collect())
    }
}

pub(super) fn is_number(dtype: &DataType) -> bool {
    dtype.is_primitive_numeric() || *dtype == DataType::Boolean
}

pub(super) fn numbers(column: &Column) -> Result<Vec<Option<f64>>> {
    if !is_number(column.dtype()) && column.null_count() < column.len() {
        return Err(EngineError::Data(format!("column {} are no numbers", first_text(column)?)));
    }
    let numbers = column.cast(&DataType::Float64)?;
    Ok(numbers.f64()?.iter().collect())
}

/// `"city" holds text ("Berlin" in row 0), which`: for errors.
pub(super) fn first_text(column: &Column) -> Result<String> {
    let texts = texts(column, 0..column.len())?;
    let (row, text) = texts.iter().enumerate().find_map(|(row, text)| Some((row, text.as_ref()?))).unzip();
    let (name, row, text) = (column.name(), row.unwrap_or(0), text.map_or("nothing", |text| text));
    let short: String = text.chars().take(40).collect();
    Ok(format!("\"{name}\" holds {} ({short:?} in row {row}), which", column.dtype()))
}

pub(super) fn texts(column: &Column, rows: Range<usize>) -> Result<Vec<Option<String>>> {
    rows.map(|row| Ok(text(&column.get(row)?))).collect()
}

/// Numbers in full, as Rust writes them: polars' own form rounds.
fn text(value: &AnyValue) -> Option<String> {
    match value {
        AnyValue::Null => None,
        AnyValue::Float64(number) => Some(number.to_string()),
        AnyValue::Float32(number) => Some(number.to_string()),
        AnyValue::String(text) => Some((*text).to_owned()),
        AnyValue::StringOwned(text) => Some(text.to_string()),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Values;
    use super::*;

    #[test]
    fn cells_are_numbers_or_texts() {
        let frame = Frame::from_columns(vec![
            ("n".to_owned(), Values::Numbers(vec![Some(0.1), None, Some(1e9)])),
            ("t".to_owned(), Values::Texts(vec![None, Some("a \"b\"".to_owned()), Some("ü".to_owned())])),
        ])
        .unwrap();
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(frame.numbers("n").unwrap(), [Some(0.1), None, Some(1e9)]);
        assert_eq!(frame.texts("n").unwrap(), [some("0.1"), None, some("1000000000")]);
        let rows = vec![vec![None, some("a \"b\"")], vec![some("1000000000"), some("ü")]];
        assert_eq!(frame.rows(1..9).unwrap(), rows);
        assert!(frame.rows(5..9).unwrap().is_empty());
        let refused = frame.numbers("t").unwrap_err().to_string();
        assert_eq!(refused, "column \"t\" holds str (\"a \\\"b\\\"\" in row 1), which are no numbers");
    }
}
