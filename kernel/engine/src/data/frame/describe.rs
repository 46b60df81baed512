//! A frame's columns in a few figures.

use super::{Frame, Values, cells};
use crate::Result;

const STATISTICS: [&str; 9] = ["count", "null", "mean", "std", "min", "25%", "50%", "75%", "max"];

impl Frame {
    /// A row per statistic, a column per column: how many values there are and how many are missing, and of numbers
    /// mean, standard deviation (divided by n - 1), extremes and quartiles (interpolated). NaN counts as missing in
    /// these. Summed in the order of the rows, so that the figures are the same with any number of threads.
    pub fn describe(&self) -> Result<Self> {
        let names = STATISTICS.map(|name| Some(name.to_owned())).to_vec();
        let mut columns = vec![("statistic".to_owned(), Values::Texts(names))];
        for column in self.table.columns().iter().filter(|column| column.name() != "statistic") {
            let missing = column.null_count();
            let mut figures = vec![Some((column.len() - missing) as f64), Some(missing as f64)];
            let numbers = if cells::is_number(column.dtype()) { cells::numbers(column)? } else { Vec::new() };
            figures.extend(of_numbers(numbers.into_iter().flatten().filter(|number| !number.is_nan()).collect()));
            columns.push((column.name().to_string(), Values::Numbers(figures)));
        }
        Self::from_columns(columns)
    }
}

/// Mean, standard deviation, minimum, quartiles, maximum; none where there are too few numbers.
fn of_numbers(mut numbers: Vec<f64>) -> [Option<f64>; 7] {
    let count = numbers.len() as f64;
    if numbers.is_empty() {
        return [None; 7];
    }
    let mean = numbers.iter().sum::<f64>() / count;
    let squares = numbers.iter().map(|number| (number - mean).powi(2)).sum::<f64>();
    let deviation = (numbers.len() > 1).then(|| (squares / (count - 1.0)).sqrt());
    numbers.sort_by(f64::total_cmp);
    let [min, low, middle, high, max] = [0.0, 0.25, 0.5, 0.75, 1.0].map(|part| Some(quantile(&numbers, part)));
    [Some(mean), deviation, min, low, middle, high, max]
}

/// Of sorted numbers, between the two nearest.
fn quantile(sorted: &[f64], part: f64) -> f64 {
    let place = part * (sorted.len() - 1) as f64;
    let (below, above) = (sorted[place.floor() as usize], sorted[place.ceil() as usize]);
    if below == above { below } else { below + (above - below) * place.fract() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_worked_by_hand() {
        let numbers = [Some(4.0), Some(1.0), None, Some(2.0), Some(3.0), Some(f64::NAN)].to_vec();
        let texts = vec![Some("x".to_owned()), None, None, None, None, None];
        let frame =
            Frame::from_columns(vec![("n".to_owned(), Values::Numbers(numbers)), ("t".to_owned(), texts.into())]);
        let described = frame.unwrap().describe().unwrap();
        let deviation = (5.0f64 / 3.0).sqrt();
        let expect = [5.0, 1.0, 2.5, deviation, 1.0, 1.75, 2.5, 3.25, 4.0].map(Some);
        assert_eq!(described.numbers("n").unwrap(), expect);
        assert_eq!(described.numbers("t").unwrap()[..3], [Some(1.0), Some(5.0), None]);
        assert_eq!(described.texts("statistic").unwrap()[3], Some("std".to_owned()));
    }
}
