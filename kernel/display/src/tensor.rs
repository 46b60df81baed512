//! A tensor printed as PyTorch prints it: same digits for all elements, long dimensions cut in the middle.
//! It must not know where the values come from; [`picked`] says which it needs, so a large tensor stays on its device.

use crate::html;
use crate::{Bundle, DisplayError, Result, number};

/// More elements than this are cut (PyTorch's `threshold`).
const THRESHOLD: usize = 1_000;

/// A tensor's shape, type, place and the values to print.
#[derive(Clone, Debug)]
pub struct Tensor {
    shape: Vec<usize>,
    dtype: String,
    device: String,
    /// The values of [`picked`], in its order.
    values: Vec<f64>,
}

/// Row-major places of the elements that are printed: all, or of each long dimension the first and last three
/// (two from four dimensions on, one from six on) when there are more than 1,000 elements.
pub fn picked(shape: &[usize]) -> Vec<usize> {
    if shape.contains(&0) {
        return Vec::new();
    }
    let mut places = vec![0];
    for (&length, kept) in shape.iter().zip(kept(shape)) {
        places =
            places.iter().flat_map(|place| kept.iter().flatten().map(move |index| place * length + index)).collect();
    }
    places
}

impl Tensor {
    /// A tensor of this shape; `values` are all its values in row-major order, or only those of [`picked`].
    ///
    /// # Errors
    /// When there are neither as many values as the shape has elements nor as many as are picked.
    pub fn new(shape: &[usize], dtype: impl Into<String>, device: impl Into<String>, values: Vec<f64>) -> Result<Self> {
        let (elements, places) = (shape.iter().product::<usize>(), picked(shape));
        let values = match values.len() {
            found if found == places.len() => values,
            found if found == elements => places.iter().map(|&place| values[place]).collect(),
            found => {
                let picked = places.len();
                let text = format!(
                    "a tensor of shape {shape:?} has {elements} values ({picked} are printed), but {found} were given"
                );
                return Err(DisplayError::Input(text));
            }
        };
        Ok(Self { shape: shape.to_vec(), dtype: dtype.into(), device: device.into(), values })
    }

    /// Text and HTML.
    pub fn bundle(&self) -> Bundle {
        Bundle::new(self.text()).html(self.html())
    }

    /// The values as PyTorch prints them, then shape, type and device.
    pub fn text(&self) -> String {
        format!("{}\n{}", self.print(), self.facts())
    }

    /// The same as preformatted text and a quiet line.
    pub fn html(&self) -> String {
        format!(
            "<pre style=\"margin:0;{}\">{}</pre>{}",
            html::MONO,
            html::escape(&self.print()),
            html::note(&self.facts())
        )
    }

    fn facts(&self) -> String {
        let cut = self.shape.iter().product::<usize>() - self.values.len();
        let cut =
            if cut == 0 { String::new() } else { format!(" ({} not shown)", number::counted(cut as u64, "value")) };
        format!("shape {:?}, {}, {}{cut}", self.shape, self.dtype, self.device)
    }

    fn print(&self) -> String {
        if self.values.is_empty() {
            return "tensor([])".to_owned();
        }
        let style = Style::of(&self.values, self.dtype.starts_with(['i', 'u']));
        let texts: Vec<String> = self.values.iter().map(|&value| style.write(value)).collect();
        let width = texts.iter().map(String::len).max().unwrap_or(0);
        let mut texts = texts.into_iter().map(|text| format!("{text:>width$}"));
        let kept = kept(&self.shape);
        format!("tensor({})", nested(&kept, "tensor(".len(), &mut texts))
    }
}

/// For each dimension the indexes that are printed; `None` stands for those left out.
fn kept(shape: &[usize]) -> Vec<Vec<Option<usize>>> {
    let edge = match shape.len() {
        0..=3 => 3,
        4..=5 => 2,
        _ => 1,
    };
    let cut = shape.iter().product::<usize>() > THRESHOLD;
    let kept = |&length: &usize| match cut && length > 2 * edge {
        true => (0..edge).map(Some).chain([None]).chain((length - edge..length).map(Some)).collect(),
        false => (0..length).map(Some).collect(),
    };
    shape.iter().map(kept).collect()
}

/// The brackets of the remaining dimensions, indented by `indent` characters, around the texts that come next.
fn nested(kept: &[Vec<Option<usize>>], indent: usize, texts: &mut impl Iterator<Item = String>) -> String {
    let Some((here, inner)) = kept.split_first() else { return texts.next().unwrap_or_default() };
    let between = match inner.len() {
        0 => ", ".to_owned(),
        deeper => format!(",{}{}", "\n".repeat(deeper), " ".repeat(indent + 1)),
    };
    let parts: Vec<String> = here
        .iter()
        .map(|index| if index.is_some() { nested(inner, indent + 1, texts) } else { "...".to_owned() })
        .collect();
    let joined = if inner.is_empty() { wrapped(&parts, indent + 1) } else { parts.join(&between) };
    format!("[{joined}]")
}

/// The values of one row, on several lines when they are more than 80 characters.
fn wrapped(parts: &[String], indent: usize) -> String {
    let width = parts.iter().map(String::len).max().unwrap_or(0) + 2;
    let line = (80_usize.saturating_sub(indent) / width).max(1);
    parts.chunks(line).map(|chunk| chunk.join(", ")).collect::<Vec<_>>().join(&format!(",\n{}", " ".repeat(indent)))
}

/// How all values of one tensor are written (PyTorch's `_Formatter`).
enum Style {
    Whole,
    /// Floating point values that are all whole: `3.`
    Point,
    Fixed,
    Scientific,
}

impl Style {
    fn of(values: &[f64], integer: bool) -> Self {
        let sizes = || values.iter().map(|value| value.abs()).filter(|size| size.is_finite() && *size > 0.0);
        let (low, high) = (sizes().fold(f64::INFINITY, f64::min), sizes().fold(0.0, f64::max));
        let (wide, whole) = (high / low > 1_000.0 || high > 1e8, sizes().all(|size| size.fract() == 0.0));
        match (integer, whole) {
            (true, _) => Self::Whole,
            _ if high == 0.0 => Self::Point,
            (_, true) if wide => Self::Scientific,
            (_, true) => Self::Point,
            _ if wide || low < 1e-4 => Self::Scientific,
            _ => Self::Fixed,
        }
    }

    fn write(&self, value: f64) -> String {
        if !value.is_finite() {
            return number::significant(value, 1).to_lowercase();
        }
        match self {
            Self::Whole => format!("{value:.0}"),
            Self::Point => format!("{value:.0}."),
            Self::Fixed => format!("{value:.4}"),
            Self::Scientific => scientific(value),
        }
    }
}

/// `1.2345e-05`, with at least two digits of exponent and its sign, as C and Python write it.
fn scientific(value: f64) -> String {
    let text = format!("{value:.4e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    format!("{mantissa}e{}{:02}", if power < 0 { '-' } else { '+' }, power.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shape: &[usize], dtype: &str, values: &[f64], expect: &str) {
        assert_eq!(Tensor::new(shape, dtype, "cpu", values.to_vec()).unwrap().text(), expect);
    }

    #[test]
    fn values_are_printed_as_pytorch_prints_them() {
        check(&[], "f32", &[3.5], "tensor(3.5000)\nshape [], f32, cpu");
        check(&[0], "f32", &[], "tensor([])\nshape [0], f32, cpu");
        check(&[1 << 40, 0], "f32", &[], "tensor([])\nshape [1099511627776, 0], f32, cpu");
        check(&[3], "u32", &[1.0, 20.0, 3.0], "tensor([ 1, 20,  3])\nshape [3], u32, cpu");
        check(&[2], "f32", &[0.0, 0.0], "tensor([0., 0.])\nshape [2], f32, cpu");
        check(&[2, 2], "f32", &[1.0, 2.0, 3.0, 4.0], "tensor([[1., 2.],\n        [3., 4.]])\nshape [2, 2], f32, cpu");
        check(&[2], "f64", &[0.5, -1.25], "tensor([ 0.5000, -1.2500])\nshape [2], f64, cpu");
        check(&[2], "f64", &[1e-5, 1.0], "tensor([1.0000e-05, 1.0000e+00])\nshape [2], f64, cpu");
        check(&[2], "f32", &[f64::NAN, f64::INFINITY], "tensor([nan, inf])\nshape [2], f32, cpu");
        check(&[1, 1, 2], "f32", &[1.0, 0.5], "tensor([[[1.0000, 0.5000]]])\nshape [1, 1, 2], f32, cpu");
    }

    #[test]
    fn long_dimensions_are_cut() {
        let values: Vec<f64> = (0..2_000).map(f64::from).collect();
        check(
            &[2_000],
            "i64",
            &values,
            "tensor([   0,    1,    2, ..., 1997, 1998, 1999])\nshape [2000], i64, cpu (1,994 values not shown)",
        );
        let tensor = Tensor::new(&[2, 1_000], "i64", "cuda:0", values).unwrap();
        assert_eq!(tensor.values, [0.0, 1.0, 2.0, 997.0, 998.0, 999.0, 1000.0, 1001.0, 1002.0, 1997.0, 1998.0, 1999.0]);
        assert_eq!(picked(&[10, 200]).len(), 36);
    }

    #[test]
    fn edges_alone_give_the_same_text() {
        let shape = [40, 50];
        let all: Vec<f64> = (0..2_000).map(|place| f64::from(place) * 0.25).collect();
        let edges = picked(&shape).into_iter().map(|place| all[place]).collect();
        let whole = Tensor::new(&shape, "f32", "cpu", all).unwrap();
        assert_eq!(Tensor::new(&shape, "f32", "cpu", edges).unwrap().text(), whole.text());
        assert!(Tensor::new(&shape, "f32", "cpu", vec![1.0]).is_err());
    }
}
