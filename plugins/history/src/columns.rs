//! Growing columns of numbers, eight bytes a value, saved and read back to the bit. Knows nothing of runs.

use candlewick_plugin_api::Table;
use serde_json::{Value, json};

/// A not-a-number that no arithmetic gives stands for a value that was not measured: half of what `Option<f64>` takes,
/// and a loss that became NaN is still told from one that was not measured.
const MISSING: u64 = 0x7ff8_0000_0000_6e6f;

/// Named columns of equal length.
#[derive(Clone, Debug, Default)]
pub(crate) struct Columns(Vec<(String, Vec<f64>)>);

impl Columns {
    /// Appends a row. Rows that name the same columns in the same order cost one push each.
    pub(crate) fn push<'a>(&mut self, row: impl IntoIterator<Item = (&'a str, Option<f64>)>) {
        let rows = self.rows();
        for (place, (name, value)) in row.into_iter().enumerate() {
            self.column(place, name, rows).push(value.unwrap_or(f64::from_bits(MISSING)));
        }
        for (_, values) in &mut self.0 {
            values.resize(rows + 1, f64::from_bits(MISSING));
        }
    }

    /// Drops the last rows whose value in this column is at least `bound`: a run that went back measures them again.
    pub(crate) fn drop_from(&mut self, column: usize, bound: f64) {
        while self.0.get(column).and_then(|(_, values)| values.last()).is_some_and(|value| *value >= bound) {
            let rows = self.rows() - 1;
            self.0.iter_mut().for_each(|(_, values)| values.truncate(rows));
        }
    }

    pub(crate) fn to_table(&self) -> Table {
        let value = |value: &f64| (value.to_bits() != MISSING).then_some(*value);
        let column = |(name, values): &(String, Vec<f64>)| (name.clone(), values.iter().map(value).collect());
        Table { columns: self.0.iter().map(column).collect() }
    }

    /// `[[name, bits], …]`, the bits as sixteen hexadecimal digits a value. Decimal digits would take more room, and
    /// JSON has no not-a-number.
    pub(crate) fn to_value(&self) -> Value {
        let bits = |values: &[f64]| values.iter().map(|value| format!("{:016x}", value.to_bits())).collect::<String>();
        self.0.iter().map(|(name, values)| json!([name, bits(values)])).collect()
    }

    pub(crate) fn from_value(value: &Value) -> Option<Self> {
        let columns = value.as_array()?.iter().map(column).collect::<Option<Vec<_>>>()?;
        let rows = columns.first().map_or(0, |(_, values)| values.len());
        columns.iter().all(|(_, values)| values.len() == rows).then_some(Self(columns))
    }

    fn rows(&self) -> usize {
        self.0.first().map_or(0, |(_, values)| values.len())
    }

    fn column(&mut self, place: usize, name: &str, rows: usize) -> &mut Vec<f64> {
        let index = match self.0.get(place) {
            Some((own, _)) if own == name => place,
            _ => self.0.iter().position(|(own, _)| own == name).unwrap_or_else(|| {
                self.0.push((name.to_owned(), vec![f64::from_bits(MISSING); rows]));
                self.0.len() - 1
            }),
        };
        &mut self.0[index].1
    }
}

fn column(pair: &Value) -> Option<(String, Vec<f64>)> {
    let text = pair[1].as_str()?;
    let digits = |at: usize| u64::from_str_radix(text.get(at..at + 16)?, 16).ok().map(f64::from_bits);
    let values = (0..text.len()).step_by(16).map(digits).collect::<Option<_>>()?;
    Some((pair[0].as_str()?.to_owned(), values))
}
