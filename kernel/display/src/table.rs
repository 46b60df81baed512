//! A table of rows and columns, as a data frame is. It owns what is cut when there are many, and says so.

use crate::html::{self, HtmlCell};
use crate::text::{self, TextTable};
use crate::{Bundle, number};

/// One value of a table.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// No value.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number, written with all its digits.
    Integer(i64),
    /// A number, written with six significant digits.
    Number(f64),
    /// Text, cut to [`Limits::characters`].
    Text(String),
}

/// One column's name and type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Its name.
    pub name: String,
    /// Its type as the data frame calls it, such as `f64`; may be empty.
    pub dtype: String,
}

/// How much of a table is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rows, half of them from the end.
    pub rows: usize,
    /// Columns, half of them from the end.
    pub columns: usize,
    /// Characters of one cell.
    pub characters: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { rows: 20, columns: 16, characters: 60 }
    }
}

/// A table; see [`Table::text`] and [`Table::html`].
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<TableColumn>,
    head: Vec<Vec<Cell>>,
    tail: Vec<Vec<Cell>>,
    rows: usize,
    limits: Limits,
}

impl Table {
    /// A table of all its rows.
    pub fn new(columns: Vec<TableColumn>, rows: Vec<Vec<Cell>>) -> Self {
        Self { columns, rows: rows.len(), head: rows, tail: Vec::new(), limits: Limits::default() }
    }

    /// A table of which only the first and last rows are given, out of `rows` in all: a long frame need not be read whole.
    /// [`Limits::default`] shows ten of each.
    pub fn edges(columns: Vec<TableColumn>, head: Vec<Vec<Cell>>, tail: Vec<Vec<Cell>>, rows: usize) -> Self {
        Self { columns, rows: rows.max(head.len() + tail.len()), head, tail, limits: Limits::default() }
    }

    /// This table with other limits.
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// Aligned columns under their names and types, then the shape and what was cut.
    pub fn text(&self) -> String {
        let shown = self.shown_columns();
        let name = |place: &Option<usize>| {
            place.map_or("…".to_owned(), |place| text::cut(&self.columns[place].name, self.limits.characters))
        };
        let mut table = TextTable::aligned(shown.iter().map(name).collect(), self.sides(&shown));
        if self.columns.iter().any(|column| !column.dtype.is_empty()) {
            let dtype =
                |place: &Option<usize>| place.map_or("…".to_owned(), |place| self.columns[place].dtype.clone());
            table.row(shown.iter().map(dtype).collect()).head_rows(1);
        }
        for row in self.shown_rows() {
            table.row(shown.iter().map(|place| self.cell(row, *place)).collect());
        }
        format!("{}\n{}", table.render(), self.shape())
    }

    /// An HTML table in JupyterLab's own style; values are escaped, numbers stand right, nulls are quiet.
    pub fn html(&self) -> String {
        let shown = self.shown_columns();
        let sides = self.sides(&shown);
        let head: Vec<_> = shown.iter().zip(&sides).map(|(place, right)| self.head_cell(*place, *right)).collect();
        let row = |row: Option<&Vec<Cell>>| {
            shown.iter().zip(&sides).map(|(place, right)| self.html_cell(row, *place, *right)).collect()
        };
        let body: Vec<Vec<HtmlCell>> = self.shown_rows().into_iter().map(row).collect();
        html::table(&head, &body, &[]) + &html::note(&self.shape())
    }

    /// `150 rows × 5 columns`, then what was cut.
    fn shape(&self) -> String {
        let shape = format!(
            "{} × {}",
            number::counted(self.rows as u64, "row"),
            number::counted(self.columns.len() as u64, "column")
        );
        let rows = self.rows - self.shown_rows().iter().flatten().count();
        let columns = self.columns.len() - self.shown_columns().iter().flatten().count();
        let cut = [(rows, "row"), (columns, "column")].into_iter().filter(|(cut, _)| *cut > 0);
        let cut: Vec<_> = cut.map(|(cut, noun)| number::counted(cut as u64, noun)).collect();
        if cut.is_empty() { shape } else { format!("{shape} ({} not shown)", cut.join(" and ")) }
    }

    /// Rows to show; `None` stands for those left out.
    fn shown_rows(&self) -> Vec<Option<&Vec<Cell>>> {
        let given = self.head.len() + self.tail.len();
        if given == self.rows && given <= self.limits.rows {
            return self.head.iter().chain(&self.tail).map(Some).collect();
        }
        let (first, last) = (self.limits.rows.div_ceil(2), self.limits.rows / 2);
        let end: &[Vec<Cell>] =
            if self.tail.is_empty() && self.head.len() == self.rows { &self.head } else { &self.tail };
        let first = self.head.iter().take(first).map(Some);
        first.chain([None]).chain(end[end.len().saturating_sub(last)..].iter().map(Some)).collect()
    }

    /// Places of the columns to show; `None` stands for those left out.
    fn shown_columns(&self) -> Vec<Option<usize>> {
        let (count, most) = (self.columns.len(), self.limits.columns.max(2));
        if count <= most {
            return (0..count).map(Some).collect();
        }
        (0..most.div_ceil(2)).map(Some).chain([None]).chain((count - most / 2..count).map(Some)).collect()
    }

    /// Numbers stand right: a column does when it has a number and no text.
    fn sides(&self, shown: &[Option<usize>]) -> Vec<bool> {
        let cells = |place: usize| self.head.iter().chain(&self.tail).filter_map(move |row| row.get(place));
        let number = |cell: &Cell| matches!(cell, Cell::Integer(_) | Cell::Number(_));
        let right = |place: usize| cells(place).any(number) && !cells(place).any(|cell| matches!(cell, Cell::Text(_)));
        shown.iter().map(|place| place.is_some_and(right)).collect()
    }

    fn cell(&self, row: Option<&Vec<Cell>>, place: Option<usize>) -> String {
        match (row, place) {
            (Some(row), Some(place)) => row.get(place).unwrap_or(&Cell::Null).text(self.limits.characters),
            _ => "…".to_owned(),
        }
    }

    fn head_cell(&self, place: Option<usize>, right: bool) -> HtmlCell {
        let Some(column) = place.and_then(|place| self.columns.get(place)) else { return HtmlCell::left("…") };
        let name = html::escape(&text::cut(&column.name, self.limits.characters));
        let dtype = if column.dtype.is_empty() { String::new() } else { format!("<br>{}", html::quiet(&column.dtype)) };
        HtmlCell::markup(name + &dtype).side(right)
    }

    fn html_cell(&self, row: Option<&Vec<Cell>>, place: Option<usize>, right: bool) -> HtmlCell {
        let text = self.cell(row, place);
        let null = row.zip(place).is_some_and(|(row, place)| row.get(place).is_none_or(|cell| *cell == Cell::Null));
        HtmlCell::markup(if null { html::quiet(&text) } else { html::escape(&text) }).side(right)
    }
}

impl TableColumn {
    /// A column of this name and type.
    pub fn new(name: impl Into<String>, dtype: impl Into<String>) -> Self {
        Self { name: name.into(), dtype: dtype.into() }
    }
}

impl Cell {
    fn text(&self, characters: usize) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Bool(value) => value.to_string(),
            Self::Integer(value) => value.to_string(),
            Self::Number(value) => number::significant(*value, 6),
            Self::Text(value) => text::cut(value, characters),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(rows: i64, columns: usize) -> Table {
        let names = (0..columns).map(|place| TableColumn::new(format!("c{place}"), "i64")).collect();
        Table::new(names, (0..rows).map(|row| vec![Cell::Integer(row); columns]).collect())
    }

    #[test]
    fn each_kind_of_cell_is_written() {
        let columns =
            [("name", "str"), ("size", "f64"), ("ok", "bool")].map(|(name, dtype)| TableColumn::new(name, dtype));
        let rows = vec![
            vec![Cell::Text("a\nb".into()), Cell::Number(1.23456789), Cell::Bool(true)],
            vec![Cell::Null, Cell::Number(f64::NAN), Cell::Null],
            vec![Cell::Text("<i>".into())],
        ];
        let table = Table::new(columns.to_vec(), rows);
        let expect = "name     size  ok\nstr       f64  bool\n───────────────────\na b   1.23457  true\nnull      NaN  null\n<i>      null  null\n3 rows × 3 columns";
        assert_eq!(table.text(), expect);
        let html = table.html();
        assert!(html.contains("&lt;i&gt;") && !html.contains("<i>"), "{html}");
        assert!(html.contains("var(--jp-ui-font-color2,#777)\">null"), "{html}");
    }

    #[test]
    fn what_is_cut_is_said() {
        let limits = Limits { rows: 4, columns: 3, characters: 5 };
        let expect = " c0   c1  …   c4\ni64  i64  …  i64\n────────────────\n  0    0  …    0\n  1    1  …    1\n  …    …  …    …\n\
                      \u{20} 8    8  …    8\n  9    9  …    9\n10 rows × 5 columns (6 rows and 2 columns not shown)";
        assert_eq!(numbers(10, 5).limits(limits).text(), expect);
    }

    #[test]
    fn a_long_frame_needs_only_its_edges() {
        let row = |value| vec![Cell::Integer(value)];
        let table = Table::edges(vec![TableColumn::new("x", "")], vec![row(0), row(1)], vec![row(99)], 100);
        assert_eq!(table.text(), " x\n──\n 0\n 1\n …\n99\n100 rows × 1 column (97 rows not shown)");
    }

    #[test]
    fn a_table_without_rows_or_columns_says_so() {
        assert_eq!(numbers(0, 1).text(), "c0\ni64\n───\n0 rows × 1 column");
        assert_eq!(numbers(0, 0).text(), "\n0 rows × 0 columns");
    }
}
