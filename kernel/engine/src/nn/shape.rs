//! Which shapes fit a layer and what comes out, also while only some sizes are known. Read [`Form`] first.

use super::LayerSpec;
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
        if !(short.open || ahead == 0) || (!long.open && !short.open && ahead > 0) {
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
    layers.iter().enumerate().try_fold(input, |form, (i, layer)| output(layer, &format!("{path}{i}"), &form))
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
    match layer {
        LayerSpec::Linear { inputs, outputs, .. } => Ok(meet(Form::ending(*inputs))?.with_last(*outputs)),
        LayerSpec::Flatten => match (input.open, input.sizes.split_first()) {
            (false, None) => Err(refuse("[batch, …]")),
            (false, Some((batch, rest))) => {
                let joined = rest.iter().copied().collect::<Option<Vec<usize>>>().map(|rest| rest.iter().product());
                Ok(Form::closed(vec![*batch, joined]))
            }
            (true, _) => Ok(Form::closed(vec![None, None])),
        },
        LayerSpec::Relu => Ok(input.clone()),
        LayerSpec::Residual { layers } => {
            let inner = through(layers, &format!("{path}.layers."), input.clone())?;
            inner.meet(input).ok_or_else(|| EngineError::Shape {
                layer: format!("{path} ({})", layer.kind()),
                expected: format!("layers that give what they take, {input}"),
                found: format!("{inner} from its last layer"),
            })
        }
    }
}
