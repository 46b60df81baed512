//! Text in fixed-width columns: aligned tables, bars, small charts. It must not know what the numbers mean.
//!
//! Widths are counted in characters; a character that a terminal draws two columns wide (as in Chinese) is counted as one.

/// Characters of a table's rule at most.
const RULE: usize = 120;

/// A table of text with aligned columns. Read [`TextTable::render`] for its looks.
#[derive(Clone, Debug, Default)]
pub struct TextTable {
    head: Vec<String>,
    right: Vec<bool>,
    rows: Vec<Vec<String>>,
    head_rows: usize,
}

impl TextTable {
    /// A table with these columns; a name that starts with `>` belongs to a column aligned to the right.
    pub fn new<S: AsRef<str>>(head: &[S]) -> Self {
        let right = head.iter().map(|name| name.as_ref().starts_with('>')).collect();
        let head = head.iter().map(|name| name.as_ref().trim_start_matches('>').to_owned()).collect();
        Self { head, right, ..Self::default() }
    }

    /// A table with these names and sides (`true`: right).
    pub fn aligned(head: Vec<String>, right: Vec<bool>) -> Self {
        Self { head, right, ..Self::default() }
    }

    /// One row more; missing cells are empty.
    pub fn row(&mut self, cells: Vec<String>) -> &mut Self {
        self.rows.push(cells);
        self
    }

    /// The first `rows` rows belong to the head: the rule is drawn below them.
    pub fn head_rows(&mut self, rows: usize) -> &mut Self {
        self.head_rows = rows;
        self
    }

    /// A line of names, a rule, and a line for each row; two spaces between columns, no space at the end of a line.
    /// Without names there is no rule either; it is no longer than 120, so that a long line does not break it.
    pub fn render(&self) -> String {
        let widths = self.widths();
        let mut lines = Vec::with_capacity(self.rows.len() + 2);
        if self.head.iter().any(|name| !name.is_empty()) {
            lines.push(self.line(&self.head, &widths));
        }
        lines.extend(self.rows.iter().map(|row| self.line(row, &widths)));
        if self.head.iter().any(|name| !name.is_empty()) {
            lines.insert(
                1 + self.head_rows.min(self.rows.len()),
                "─".repeat(lines.iter().map(|line| width(line)).max().unwrap_or(0).min(RULE)),
            );
        }
        lines.join("\n")
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths: Vec<usize> = self.head.iter().map(|name| width(name)).collect();
        for row in &self.rows {
            widths.resize(widths.len().max(row.len()), 0);
            row.iter().zip(&mut widths).for_each(|(cell, widest)| *widest = (*widest).max(width(cell)));
        }
        widths
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let empty = String::new();
        let padded = widths.iter().enumerate().map(|(place, &columns)| {
            let cell = cells.get(place).unwrap_or(&empty);
            if self.right.get(place) == Some(&true) { pad_left(cell, columns) } else { pad_right(cell, columns) }
        });
        padded.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    }
}

/// The number of characters of `text`.
pub fn width(text: &str) -> usize {
    text.chars().count()
}

/// `text` on one line and cut to `columns` characters, the last of which is then `…`.
pub fn cut(text: &str, columns: usize) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(columns + 1).collect();
    if width(&line) <= columns { line } else { line.chars().take(columns.saturating_sub(1)).chain(['…']).collect() }
}

/// `text` with spaces before it up to `columns` characters.
pub fn pad_left(text: &str, columns: usize) -> String {
    " ".repeat(columns.saturating_sub(width(text))) + text
}

/// `text` with spaces after it up to `columns` characters.
pub fn pad_right(text: &str, columns: usize) -> String {
    text.to_owned() + &" ".repeat(columns.saturating_sub(width(text)))
}

/// A bar of `columns` characters, filled from the left in eighths: `███▌░░░░`. Anything that is no fraction is empty.
pub fn bar(fraction: f64, columns: usize) -> String {
    const EIGHTHS: [char; 8] = [' ', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];
    let fraction = if fraction.is_finite() { fraction.clamp(0.0, 1.0) } else { 0.0 };
    let eighths = (fraction * columns as f64 * 8.0).round() as usize;
    let (whole, rest) = (eighths / 8, eighths % 8);
    let mut out = "█".repeat(whole);
    if rest > 0 {
        out.push(EIGHTHS[rest]);
    }
    out + &"░".repeat(columns - whole - usize::from(rest > 0))
}

/// A chart of one line and at most `columns` characters: `█▅▃▂▁`. Each character is the mean of its share of the values;
/// a share without a finite value is a space, and equal values give a line of middle height.
pub fn sparkline(values: &[f64], columns: usize) -> String {
    const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
    let means = shares(values, columns);
    let finite = || means.iter().copied().filter(|mean| mean.is_finite());
    let (low, high) = (finite().fold(f64::INFINITY, f64::min), finite().fold(f64::NEG_INFINITY, f64::max));
    let level = |mean: f64| match mean.is_finite() {
        false => ' ',
        true if high > low => LEVELS[((mean / 2.0 - low / 2.0) / (high / 2.0 - low / 2.0) * 7.0).round() as usize],
        true => LEVELS[3],
    };
    means.iter().map(|&mean| level(mean)).collect()
}

fn shares(values: &[f64], columns: usize) -> Vec<f64> {
    let columns = columns.min(values.len());
    let share = |column: usize| &values[column * values.len() / columns..(column + 1) * values.len() / columns];
    (0..columns).map(|column| mean(share(column))).collect()
}

/// The mean of the finite values, or NaN.
fn mean(values: &[f64]) -> f64 {
    let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
    let count = finite.len() as f64;
    finite.iter().map(|value| value / count).sum::<f64>() / f64::from(u8::from(!finite.is_empty()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let mut table = TextTable::new(&["name", ">size"]);
        table.row(vec!["a".into(), "1".into()]).row(vec!["bcdef".into(), "1,200".into()]).row(vec!["µ".into()]);
        assert_eq!(table.render(), "name    size\n────────────\na          1\nbcdef  1,200\nµ");
        let mut table = TextTable::new(&["", ""]);
        table.row(vec!["a".into(), "b".into()]);
        assert_eq!(table.render(), "a  b");
    }

    #[test]
    fn long_text_is_cut() {
        [("abcd", "abcd"), ("abcde", "abc…"), ("a\nb", "a b"), ("", "")]
            .into_iter()
            .for_each(|(input, expect)| assert_eq!(cut(input, 4), expect));
    }

    #[test]
    fn bars_are_filled_in_eighths() {
        let cases = [(0.0, "░░░░"), (1.0, "████"), (0.5, "██░░"), (0.375, "█▌░░"), (7.0, "████"), (f64::NAN, "░░░░")];
        cases.into_iter().for_each(|(input, expect)| assert_eq!(bar(input, 4), expect));
    }

    #[test]
    fn sparklines_show_the_run_of_values() {
        let cases: [(&[f64], &str); 6] = [
            (&[], ""),
            (&[1.0], "▄"),
            (&[0.0, 7.0], "▁█"),
            (&[0.0, f64::NAN, 7.0], "▁ █"),
            (&[f64::INFINITY], " "),
            (&[-f64::MAX, f64::MAX], "▁█"),
        ];
        cases.into_iter().for_each(|(input, expect)| assert_eq!(sparkline(input, 8), expect));
        assert_eq!(sparkline(&[0.0, 0.0, 4.0, 4.0, 7.0, 7.0], 3), "▁▅█");
    }
}
