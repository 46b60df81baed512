//! Which shapes fit a layer and what comes out, also while only some sizes are known. Read [`Form`] first.

use super::LayerSpec;
use super::ops::window::Window;
use crate::{EngineError, Result};
use std::fmt;

/// A shape of which some sizes, or any number of leading dimensions, may be unknown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Form {
    /// Whether any number of unknown dimensions may stand before `sizes`.
    open: bool,
    sizes: Vec<Option<usize>>,
}

impl Form {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self { open: true, sizes: Vec::new() }
    }

    /// All is known.
    pub fn exact(dims: &[usize]) -> Self {
        Self { open: false, sizes: dims.iter().copied().map(Some).collect() }
    }

    /// The sizes, when all are known.
    pub fn dims(&self) -> Option<Vec<usize>> {
        if self.open { None } else { self.sizes.iter().copied().collect() }
    }

    fn closed(sizes: Vec<Option<usize>>) -> Self {
        Self { open: false, sizes }
    }

    fn ending(last: usize) -> Self {
        Self { open: true, sizes: vec![Some(last)] }
    }

    /// The form with its last size replaced.
    fn with_last(&self, last: usize) -> Self {
        let mut sizes = self.sizes.clone();
        sizes.pop();
        sizes.push(Some(last));
        Self { open: self.open, sizes }
    }

    /// What is known when both hold; none when they contradict each other.
    fn meet(&self, other: &Self) -> Option<Self> {
        let (long, short) = if self.sizes.len() >= other.sizes.len() { (self, other) } else { (other, self) };
        let ahead = long.sizes.len() - short.sizes.len();
        if ahead > 0 && !short.open {
            return None;
        }
        let mut sizes = long.sizes.clone();
        for (size, other) in sizes[ahead..].iter_mut().zip(&short.sizes) {
            match (*size, *other) {
                (Some(a), Some(b)) if a != b => return None,
                (known, also) => *size = known.or(also),
            }
        }
        let open = if ahead > 0 { long.open } else { long.open && short.open };
        Some(Self { open, sizes })
    }
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sizes = self.sizes.iter().map(|size| size.map_or_else(|| "?".to_owned(), |size| size.to_string()));
        let parts: Vec<String> = self.open.then(|| "…".to_owned()).into_iter().chain(sizes).collect();
        write!(f, "[{}]", parts.join(", "))
    }
}

/// The form that comes out of the layers one after another; `path` is the prefix of the layers' paths.
///
/// # Errors
/// [`EngineError::Shape`] at the first layer that the form does not fit.
pub fn through(layers: &[LayerSpec], path: &str, input: Form) -> Result<Form> {
    layers.iter().enumerate().try_fold(input, |form, (i, layer)| output(layer, &layer.path(path, i), &form))
}

/// The form that comes out of one layer.
///
/// # Errors
/// [`EngineError::Shape`] naming the layer, the form it takes and the form found.
pub fn output(layer: &LayerSpec, path: &str, input: &Form) -> Result<Form> {
    let refuse = |expected: &str| EngineError::Shape {
        layer: format!("{path} ({})", layer.kind()),
        expected: expected.to_owned(),
        found: input.to_string(),
    };
    let meet = |expected: Form| input.meet(&expected).ok_or_else(|| refuse(&expected.to_string()));
    let image = |channels: Option<usize>| meet(Form::closed(vec![None, channels, None, None]));
    match layer {
        LayerSpec::Linear { inputs, outputs, .. } => Ok(meet(Form::ending(*inputs))?.with_last(*outputs)),
        LayerSpec::Conv2d { inputs, outputs, kernel, stride, padding, .. } => {
            let window = Window { kernel: *kernel, stride: *stride, padding: *padding };
            slide(&image(Some(*inputs))?, Some(*outputs), window, refuse)
        }
        LayerSpec::MaxPool2d { kernel, stride } => {
            let form = image(None)?;
            let channels = form.sizes[1];
            slide(&form, channels, Window { kernel: *kernel, stride: *stride, padding: 0 }, refuse)
        }
        LayerSpec::Flatten => flatten(input).ok_or_else(|| refuse("[batch, …]")),
        LayerSpec::Embedding { width, .. } => {
            let mut form = input.clone();
            form.sizes.push(Some(*width));
            Ok(form)
        }
        LayerSpec::LayerNorm { size, .. } => meet(Form::ending(*size)),
        LayerSpec::BatchNorm { channels, .. } => by_channel(input, *channels)
            .ok_or_else(|| refuse(&format!("[batch, {channels}] or [batch, {channels}, height, width]"))),
        LayerSpec::Softmax if !input.open && input.sizes.is_empty() => Err(refuse("[…, classes]")),
        // What it takes and gives is known when it runs.
        LayerSpec::Own(_) => Ok(Form::unknown()),
        LayerSpec::Dropout { .. }
        | LayerSpec::Relu
        | LayerSpec::Gelu
        | LayerSpec::Silu
        | LayerSpec::Tanh
        | LayerSpec::Sigmoid
        | LayerSpec::Softmax => Ok(input.clone()),
        LayerSpec::Residual { layers } => {
            let inner = through(layers, &format!("{path}.layers."), input.clone())?;
            inner.meet(input).ok_or_else(|| EngineError::Shape {
                layer: format!("{path} ({})", layer.kind()),
                expected: format!("its last layer to give what it takes, {input}"),
                found: inner.to_string(),
            })
        }
    }
}

fn flatten(input: &Form) -> Option<Form> {
    if input.open {
        return Some(Form::closed(vec![None, None]));
    }
    let (batch, rest) = input.sizes.split_first()?;
    let joined = rest.iter().copied().collect::<Option<Vec<usize>>>().map(|rest| rest.iter().product());
    Some(Form::closed(vec![*batch, joined]))
}

/// The form of the images that come out of a sliding window.
fn slide(form: &Form, channels: Option<usize>, window: Window, refuse: impl Fn(&str) -> EngineError) -> Result<Form> {
    let side = |size: Option<usize>| match size {
        Some(size) => window.places(size).map(Some).ok_or_else(|| {
            let least = window.kernel.saturating_sub(2 * window.padding);
            refuse(&format!("images of at least {least} × {least} pixels"))
        }),
        None => Ok(None),
    };
    Ok(Form::closed(vec![form.sizes[0], channels, side(form.sizes[2])?, side(form.sizes[3])?]))
}

/// After a layer that tells the last size only, `[batch, channels]` is meant.
fn by_channel(input: &Form, channels: usize) -> Option<Form> {
    let flat = Form::closed(vec![None, Some(channels)]);
    let image = Form::closed(vec![None, Some(channels), None, None]);
    match (input.open, input.sizes.len()) {
        (true, 0) => Some(Form::unknown()),
        _ => input.meet(&flat).or_else(|| input.meet(&image)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(padding: usize) -> LayerSpec {
        LayerSpec::Conv2d { inputs: 3, outputs: 8, kernel: 3, stride: 2, padding, bias: true }
    }

    #[test]
    fn shapes_that_come_out() {
        let check = |layer: Result<LayerSpec>, input: &[usize], expect: &[usize]| {
            let form = output(&layer.unwrap(), "0", &Form::exact(input)).unwrap();
            assert_eq!(form.dims().unwrap(), expect);
        };
        check(LayerSpec::linear(4, 5), &[2, 3, 4], &[2, 3, 5]);
        check(Ok(conv(1)), &[2, 3, 9, 8], &[2, 8, 5, 4]);
        check(LayerSpec::max_pool2d(2), &[2, 3, 9, 8], &[2, 3, 4, 4]);
        check(Ok(LayerSpec::Flatten), &[2, 3, 9, 8], &[2, 216]);
        check(LayerSpec::embedding(10, 4), &[2, 6], &[2, 6, 4]);
        check(LayerSpec::layer_norm(4), &[2, 6, 4], &[2, 6, 4]);
        check(LayerSpec::batch_norm(3), &[2, 3, 5, 5], &[2, 3, 5, 5]);
        check(LayerSpec::batch_norm(3), &[2, 3], &[2, 3]);
        check(LayerSpec::residual(vec![LayerSpec::Relu]), &[2, 3], &[2, 3]);
    }

    #[test]
    fn a_size_wrong_by_one_names_the_layer_and_both_shapes() {
        let check = |layer: Result<LayerSpec>, input: &[usize], expect: &str| {
            let error = output(&layer.unwrap(), "3", &Form::exact(input)).unwrap_err();
            assert_eq!(error.to_string(), expect);
        };
        check(LayerSpec::linear(4, 5), &[2, 3], "layer 3 (linear) expects […, 4], but was given [2, 3]");
        check(Ok(conv(0)), &[2, 4, 9, 9], "layer 3 (conv2d) expects [?, 3, ?, ?], but was given [2, 4, 9, 9]");
        check(Ok(conv(0)), &[2, 3, 9], "layer 3 (conv2d) expects [?, 3, ?, ?], but was given [2, 3, 9]");
        let small = "layer 3 (conv2d) expects images of at least 3 × 3 pixels, but was given [2, 3, 2, 9]";
        check(Ok(conv(0)), &[2, 3, 2, 9], small);
        check(LayerSpec::max_pool2d(2), &[2, 9], "layer 3 (max_pool2d) expects [?, ?, ?, ?], but was given [2, 9]");
        check(LayerSpec::layer_norm(4), &[2, 5], "layer 3 (layer_norm) expects […, 4], but was given [2, 5]");
        let expect = "layer 3 (batch_norm) expects [batch, 4] or [batch, 4, height, width], but was given [2, 5]";
        check(LayerSpec::batch_norm(4), &[2, 5], expect);
        let inner = LayerSpec::residual(vec![LayerSpec::linear(4, 5).unwrap()]);
        let expect = "layer 3 (residual) expects its last layer to give what it takes, [2, 4], but was given [2, 5]";
        check(inner, &[2, 4], expect);
    }

    #[test]
    fn neighbours_that_cannot_fit_are_refused_without_data() {
        let check = |layers: Vec<LayerSpec>, expect: &str| {
            assert_eq!(through(&layers, "", Form::unknown()).unwrap_err().to_string(), expect);
        };
        let linear = |inputs, outputs| LayerSpec::linear(inputs, outputs).unwrap();
        let expect = "layer 2 (linear) expects […, 127], but was given […, 128]";
        check(vec![linear(64, 128), LayerSpec::Relu, linear(127, 10)], expect);
        let expect = "layer 1 (conv2d) expects [?, 3, ?, ?], but was given [?, 8, ?, ?]";
        check(vec![conv(1), conv(1)], expect);
        let inner = LayerSpec::residual(vec![linear(128, 64), linear(65, 128)]).unwrap();
        let expect = "layer 1.layers.1 (linear) expects […, 65], but was given […, 64]";
        check(vec![linear(3, 128), inner], expect);
        let flat = vec![LayerSpec::max_pool2d(2).unwrap(), LayerSpec::Flatten, conv(0)];
        check(flat, "layer 2 (conv2d) expects [?, 3, ?, ?], but was given [?, ?]");
    }
}
