//! A net as a table: what each layer gives and how much it holds. Read [`LayerSummary`] first.

use super::layer::{Filled, Layer};
use super::shape::{self, Form};
use super::{LayerSpec, Net, init};
use crate::Result;
use serde::Serialize;
use std::rc::Rc;

/// One row of a net's summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerSummary {
    /// The layer's path, such as `2.layers.0`.
    pub path: String,
    /// Its kind, such as `linear`; the name of a module of the user's own; `parameter` or `buffer` for what such a module
    /// holds itself.
    pub kind: String,
    /// The shape it gives, such as `[32, 10]`; sizes that are not known are `?`, any number of them `…`.
    pub output: String,
    /// How many numbers it trains; those of layers inside it stand in their own rows.
    pub parameters: usize,
    /// Bytes of its parameters and buffers.
    pub bytes: usize,
}

impl Net {
    /// One row for each layer, those inside another after it; shapes as far as they follow from `input`.
    ///
    /// # Errors
    /// [`EngineError::Shape`](crate::EngineError::Shape) when `input` does not fit.
    pub fn summary(&self, input: Option<&[usize]>) -> Result<Vec<LayerSummary>> {
        let mut rows = Vec::new();
        // What a module is made of is known only once it was made.
        let made = if self.has_own() { Some(self.made()?) } else { None };
        let form = input.map_or_else(Form::unknown, Form::exact);
        add(self.layers(), made.as_deref(), "", form, &mut rows)?;
        Ok(rows)
    }
}

fn add(
    layers: &[LayerSpec],
    made: Option<&[Rc<Layer>]>,
    prefix: &str,
    mut form: Form,
    rows: &mut Vec<LayerSummary>,
) -> Result<()> {
    for (i, layer) in layers.iter().enumerate() {
        let path = layer.path(prefix, i);
        let output = shape::output(layer, &path, &form)?;
        let made = made.and_then(|made| made.get(i));
        if let (LayerSpec::Own(_), Some(made)) = (layer, made) {
            add_made(made, rows);
            form = output;
            continue;
        }
        rows.push(row(layer, &path, &output));
        if let LayerSpec::Residual { layers } = layer {
            add(layers, made.map(|made| made.inside()), &format!("{path}.layers."), form, rows)?;
        }
        form = output;
    }
    Ok(())
}

/// A layer inside a module: only the module knows what comes into it.
fn add_made(layer: &Rc<Layer>, rows: &mut Vec<LayerSummary>) {
    if let LayerSpec::Own(own) = layer.spec() {
        // A module that is the whole net has no path; the net has its name.
        if !layer.path().is_empty() {
            let (path, kind) = (layer.path().to_owned(), own.name().to_owned());
            rows.push(LayerSummary { path, kind, output: Form::unknown().to_string(), parameters: 0, bytes: 0 });
        }
        rows.extend(layer.slots().iter().map(held));
    } else {
        let form = shape::output(layer.spec(), layer.path(), &Form::unknown()).unwrap_or_else(|_| Form::unknown());
        rows.push(row(layer.spec(), layer.path(), &form));
    }
    layer.inside().iter().for_each(|inside| add_made(inside, rows));
}

fn row(layer: &LayerSpec, path: &str, output: &Form) -> LayerSummary {
    let (mut parameters, mut bytes) = (0usize, 0usize);
    for slot in init::slots(layer) {
        let size = slot.bytes();
        parameters = parameters.saturating_add(if slot.trained { size / size_of::<f32>() } else { 0 });
        bytes = bytes.saturating_add(size);
    }
    LayerSummary { path: path.to_owned(), kind: layer.kind().to_owned(), output: output.to_string(), parameters, bytes }
}

/// What a module holds itself, as a row of its own.
fn held(slot: &Filled) -> LayerSummary {
    let count = slot.var.elem_count();
    LayerSummary {
        path: slot.name.clone(),
        kind: if slot.trained { "parameter" } else { "buffer" }.to_owned(),
        output: format!("{:?}", slot.var.dims()),
        parameters: if slot.trained { count } else { 0 },
        bytes: count * size_of::<f32>(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_net() {
        let inner = LayerSpec::residual(vec![LayerSpec::linear(8, 8).unwrap()]).unwrap();
        let layers = vec![LayerSpec::linear(4, 8).unwrap(), inner, LayerSpec::batch_norm(8).unwrap()];
        let net = Net::sequential(layers).unwrap();
        let row = |path: &str, kind: &str, output: &str, parameters, bytes| LayerSummary {
            path: path.to_owned(),
            kind: kind.to_owned(),
            output: output.to_owned(),
            parameters,
            bytes,
        };
        let expect = [
            row("0", "linear", "[32, 8]", 40, 160),
            row("1", "residual", "[32, 8]", 0, 0),
            row("1.layers.0", "linear", "[32, 8]", 72, 288),
            row("2", "batch_norm", "[32, 8]", 16, 128),
        ];
        assert_eq!(net.summary(Some(&[32, 4])).unwrap(), expect);
        assert_eq!(net.summary(None).unwrap()[0].output, "[…, 8]");
    }
}
