//! Plots of named columns, grids and images. It owns what each kind takes and the text in its place; the files beside
//! it draw. Read [`Plot`] first. Columns are numbers or words; where they come from is not known here.

mod bars;
mod heatmap;
mod points;
mod tiles;

use crate::scale::Scale;
use crate::text::{self, TextTable, sparkline};
use crate::{Bundle, DisplayError, Image, Result, number};

/// What a plot looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlotKind {
    /// A line for each y column.
    Line,
    /// A dot for each row.
    Scatter,
    /// A bar for each row and y column.
    Bar,
    /// How often values fall into equal ranges.
    Histogram,
    /// A coloured cell for each value of a grid.
    Heatmap,
    /// Values as pixels.
    Image,
}

impl PlotKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [Self::Line, Self::Scatter, Self::Bar, Self::Histogram, Self::Heatmap, Self::Image];

    /// The word a person types.
    pub fn name(self) -> &'static str {
        match self {
            Self::Line => "line",
            Self::Scatter => "scatter",
            Self::Bar => "bar",
            Self::Histogram => "histogram",
            Self::Heatmap => "heatmap",
            Self::Image => "image",
        }
    }

    /// The kind with this name.
    ///
    /// # Errors
    /// When there is none; the message lists all.
    pub fn parse(name: &str) -> Result<Self> {
        let known = || Self::ALL.map(Self::name).join(", ");
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.ok_or_else(|| DisplayError::Kind { found: name.to_owned(), known: known() })
    }
}

/// The values of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// Numbers; NaN where there is none.
    Numbers(Vec<f64>),
    /// Words, such as the names of classes.
    Words(Vec<String>),
}

/// A column and its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// Its name, used as a label.
    pub name: String,
    /// Its values.
    pub values: Values,
}

/// Values in rows and columns, such as a confusion matrix.
#[derive(Clone, Debug, PartialEq)]
pub struct Grid {
    /// Names of the rows, from above.
    pub rows: Vec<String>,
    /// Names of the columns, from the left.
    pub columns: Vec<String>,
    /// Values, row after row.
    pub values: Vec<f64>,
}

/// A plot: made by [`Plot::columns`], [`Plot::heatmap`] or [`Plot::images`], then labelled through its fields.
#[derive(Clone, Debug)]
pub struct Plot {
    /// A heading, may be empty.
    pub title: String,
    /// Label of the x axis; made from the x column's name.
    pub x_label: String,
    /// Label of the y axis; made from the y column's name when there is one only.
    pub y_label: String,
    /// A logarithmic y axis (line and scatter); values of zero and below have no place on it, which the plot says.
    pub log_y: bool,
    /// Number of ranges of a histogram; chosen from the values when `None`.
    pub bins: Option<usize>,
    /// Size in CSS pixels (line, scatter, bar, histogram).
    pub size: (u32, u32),
    content: Content,
}

#[derive(Clone, Debug)]
enum Content {
    Columns { kind: PlotKind, x: Option<Column>, y: Vec<Column> },
    Grid(Grid),
    Images(Vec<Image>),
}

impl Plot {
    /// A plot of columns of one length; without `x` rows are counted from 0. A histogram counts each y column.
    ///
    /// # Errors
    /// Without y columns, with columns of unequal length, and with words where the kind needs numbers.
    pub fn columns(kind: PlotKind, x: Option<Column>, y: Vec<Column>) -> Result<Self> {
        check_columns(kind, x.as_ref(), &y)?;
        let x_label = match (&x, kind) {
            (Some(x), _) => x.name.clone(),
            (None, PlotKind::Histogram) if y.len() == 1 => y[0].name.clone(),
            (None, PlotKind::Line | PlotKind::Scatter | PlotKind::Bar | PlotKind::Heatmap) => "row".to_owned(),
            _ => String::new(),
        };
        let y_label = match kind {
            PlotKind::Histogram => "count".to_owned(),
            _ if y.len() == 1 => y[0].name.clone(),
            _ => String::new(),
        };
        let content = match kind {
            PlotKind::Heatmap => {
                return Ok(Self::of(Content::Grid(Grid::of_columns(x.as_ref(), &y))).labelled("", x_label));
            }
            PlotKind::Image => Content::Images(vec![Image::of_columns(&y)?]),
            _ => Content::Columns { kind, x, y },
        };
        Ok(Self { x_label, y_label, ..Self::of(content) })
    }

    /// A coloured cell for each value; values are written when there are at most 400.
    ///
    /// # Errors
    /// When the number of values is not that of the names of rows and columns.
    pub fn heatmap(grid: Grid) -> Result<Self> {
        let (rows, columns, found) = (grid.rows.len(), grid.columns.len(), grid.values.len());
        if rows * columns != found {
            return Err(DisplayError::Input(format!(
                "a grid of {rows} rows and {columns} columns needs {} values, but has {found}",
                rows * columns
            )));
        }
        Ok(Self::of(Content::Grid(grid)))
    }

    /// Images beside and below one another, at most 64 of them.
    ///
    /// # Errors
    /// Without an image.
    pub fn images(images: Vec<Image>) -> Result<Self> {
        if images.is_empty() {
            return Err(DisplayError::Input("there is no image to show".to_owned()));
        }
        Ok(Self::of(Content::Images(images)))
    }

    /// This plot with a heading.
    #[must_use]
    pub fn titled(mut self, title: impl Into<String>) -> Self {
        self.title = title.into();
        self
    }

    /// This plot with labels of its axes.
    #[must_use]
    pub fn labelled(mut self, x: impl Into<String>, y: impl Into<String>) -> Self {
        (self.x_label, self.y_label) = (x.into(), y.into());
        self
    }

    /// Text and SVG.
    pub fn bundle(&self) -> Bundle {
        match self.svg() {
            Ok(svg) => Bundle::new(self.text()).svg(svg),
            Err(error) => Bundle::new(format!("{}\n({error})", self.text())),
        }
    }

    /// The drawing, ready to be saved as a file.
    ///
    /// # Errors
    /// When the drawing library refuses.
    pub fn svg(&self) -> Result<String> {
        match &self.content {
            Content::Columns { kind: PlotKind::Bar, x, y } => bars::bars(self, x.as_ref(), y),
            Content::Columns { kind: PlotKind::Histogram, y, .. } => bars::histogram(self, y),
            Content::Columns { kind, x, y } => points::points(self, *kind, x.as_ref(), y),
            Content::Grid(grid) => heatmap::heatmap(self, grid),
            Content::Images(images) => tiles::tiles(self, images),
        }
    }

    /// What the plot shows, in words and small charts.
    pub fn text(&self) -> String {
        let body = match &self.content {
            Content::Columns { kind: PlotKind::Bar, x, y } => bars::bars_text(x.as_ref(), y),
            Content::Columns { kind: PlotKind::Histogram, y, .. } => bars::histogram_text(self, y),
            Content::Columns { kind, x, y } => columns_text(*kind, x.as_ref(), y),
            Content::Grid(grid) => heatmap::text(grid),
            Content::Images(images) => tiles::text(images),
        };
        if self.title.is_empty() { body } else { format!("{}\n{body}", self.title) }
    }

    fn of(content: Content) -> Self {
        let (title, x_label, y_label) = (String::new(), String::new(), String::new());
        Self { title, x_label, y_label, log_y: false, bins: None, size: (640, 360), content }
    }

    fn alt(&self) -> &str {
        if self.title.is_empty() { "plot" } else { &self.title }
    }
}

impl Column {
    /// A column of numbers.
    pub fn numbers(name: impl Into<String>, values: Vec<f64>) -> Self {
        Self { name: name.into(), values: Values::Numbers(values) }
    }

    /// A column of words.
    pub fn words(name: impl Into<String>, values: Vec<String>) -> Self {
        Self { name: name.into(), values: Values::Words(values) }
    }

    fn len(&self) -> usize {
        match &self.values {
            Values::Numbers(values) => values.len(),
            Values::Words(values) => values.len(),
        }
    }

    /// The numbers; of words there are none.
    pub(crate) fn as_numbers(&self) -> &[f64] {
        match &self.values {
            Values::Numbers(values) => values,
            Values::Words(_) => &[],
        }
    }

    /// The values as names.
    fn as_words(&self) -> Vec<String> {
        match &self.values {
            Values::Numbers(values) => values.iter().map(|&value| number::significant(value, 6)).collect(),
            Values::Words(values) => values.iter().map(|word| text::cut(word, 24)).collect(),
        }
    }
}

impl Grid {
    /// Each y column is a column of the grid, each row is named by x.
    fn of_columns(x: Option<&Column>, y: &[Column]) -> Self {
        let length = y.first().map_or(0, Column::len);
        let values = (0..length).flat_map(|row| y.iter().map(move |column| column.as_numbers()[row])).collect();
        Self { rows: names(x, length), columns: y.iter().map(|column| column.name.clone()).collect(), values }
    }
}

/// The names of `length` rows: those of `x`, else counted from 0.
fn names(x: Option<&Column>, length: usize) -> Vec<String> {
    x.map_or_else(|| (0..length).map(|row| row.to_string()).collect(), Column::as_words)
}

fn check_columns(kind: PlotKind, x: Option<&Column>, y: &[Column]) -> Result<()> {
    let Some(first) = x.or(y.first()).filter(|_| !y.is_empty()) else {
        return Err(DisplayError::Input(format!("a {} plot needs at least one y column", kind.name())));
    };
    if let Some(odd) = y.iter().find(|column| column.len() != first.len()) {
        let (name, first_name) = (odd.name.clone(), first.name.clone());
        return Err(DisplayError::Length { name, found: odd.len(), first: first_name, expected: first.len() });
    }
    if let Some(words) = y.iter().find(|column| matches!(column.values, Values::Words(_))) {
        let text = format!("column \"{}\" holds words; a {} plot needs numbers on its y axis", words.name, kind.name());
        return Err(DisplayError::Input(text));
    }
    Ok(())
}

/// For each column the number of its values, their range, and for a line its course.
fn columns_text(kind: PlotKind, x: Option<&Column>, y: &[Column]) -> String {
    let line = kind == PlotKind::Line;
    let mut table = TextTable::new(&[
        "column",
        ">values",
        ">lowest",
        ">mean",
        ">highest",
        ">last",
        if line { "course" } else { "" },
    ]);
    for column in x.filter(|x| matches!(x.values, Values::Numbers(_))).into_iter().chain(y) {
        let values = column.as_numbers();
        let finite: Vec<f64> = values.iter().copied().filter(|value| value.is_finite()).collect();
        let write = |value: Option<f64>| value.map_or("–".to_owned(), |value| number::significant(value, 4));
        let mean = finite.iter().map(|value| value / finite.len() as f64).reduce(|sum, value| sum + value);
        let (low, high) = (finite.iter().copied().reduce(f64::min), finite.iter().copied().reduce(f64::max));
        let course = if line { sparkline(values, 24) } else { String::new() };
        let count = number::count(values.len() as u64);
        table.row(vec![
            column.name.clone(),
            count,
            write(low),
            write(mean),
            write(high),
            write(values.last().copied()),
            course,
        ]);
    }
    let lost: usize =
        y.iter().map(|column| column.as_numbers().iter().filter(|value| !value.is_finite()).count()).sum();
    let note = if lost == 0 {
        String::new()
    } else {
        format!("\n{} not finite (NaN or infinite)", number::counted(lost as u64, "value"))
    };
    table.render() + &note
}

/// The coloured names of several columns, for the line of the title.
fn legend(y: &[Column]) -> Vec<(String, plotters::style::RGBColor)> {
    let most = 8;
    let named = y
        .iter()
        .enumerate()
        .take(most)
        .map(|(place, column)| (text::cut(&column.name, 20), crate::palette::series(place)));
    let more = (y.len() > most).then(|| (format!("and {} more", y.len() - most), crate::palette::INK));
    if y.len() > 1 { named.chain(more).collect() } else { Vec::new() }
}

/// An axis over the numbers of a column, or over its words.
fn x_scale(x: Option<&Column>, length: usize) -> Scale {
    match x.map(|x| &x.values) {
        Some(Values::Numbers(values)) => Scale::fitting(values.iter().copied(), false),
        Some(Values::Words(_)) => Scale::named(&names(x, length), 12),
        None => Scale::fitting([0.0, length.saturating_sub(1) as f64].into_iter(), false),
    }
}
