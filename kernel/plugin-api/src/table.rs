//! Columns of numbers that a plugin offers to the session, such as a run's history.

use serde::{Deserialize, Serialize};

/// Named columns of equal length; a value that was not measured is none.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Name and values of each column, in the order they are shown.
    pub columns: Vec<(String, Vec<Option<f64>>)>,
}

impl Table {
    /// Appends a row; a new name starts a column that was empty so far, a column not named stays empty in this row.
    pub fn push<'a>(&mut self, row: impl IntoIterator<Item = (&'a str, Option<f64>)>) {
        let rows = self.rows();
        for (name, value) in row {
            self.column(name, rows).push(value);
        }
        for (_, values) in &mut self.columns {
            values.resize(rows + 1, None);
        }
    }

    /// How many rows there are.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |(_, values)| values.len())
    }

    fn column(&mut self, name: &str, rows: usize) -> &mut Vec<Option<f64>> {
        let index = self.columns.iter().position(|(own, _)| own == name).unwrap_or_else(|| {
            self.columns.push((name.to_owned(), vec![None; rows]));
            self.columns.len() - 1
        });
        &mut self.columns[index].1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_keep_their_length_when_columns_come_and_go() {
        let mut table = Table::default();
        table.push([("a", Some(1.0))]);
        table.push([("a", Some(2.0)), ("b", Some(3.0))]);
        table.push([("b", Some(4.0))]);
        assert_eq!(table.rows(), 3);
        assert_eq!(table.columns[0], ("a".into(), vec![Some(1.0), Some(2.0), None]));
        assert_eq!(table.columns[1], ("b".into(), vec![None, Some(3.0), Some(4.0)]));
    }
}
