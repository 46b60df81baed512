//! A net as a table: what each layer gives and how much it holds. Read [`LayerSummary`] first.

use super::shape::{self, Form};
use super::{LayerSpec, Net, init};
use crate::Result;
use serde::Serialize;

/// One row of a net's summary.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LayerSummary {
    /// The layer's path, such as `2.layers.0`.
    pub path: String,
    /// Its kind, such as `linear`.
    pub kind: &'static str,
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
        add(self.layers(), "", input.map_or_else(Form::unknown, Form::exact), &mut rows)?;
        Ok(rows)
    }
}

fn add(layers: &[LayerSpec], prefix: &str, mut form: Form, rows: &mut Vec<LayerSummary>) -> Result<()> {
    for (i, layer) in layers.iter().enumerate() {
        let path = format!("{prefix}{i}");
        let output = shape::output(layer, &path, &form)?;
        let count = |shape: &[usize]| shape.iter().fold(1usize, |product, length| product.saturating_mul(*length));
        let counts = init::slots(layer).into_iter().map(|slot| (slot.trained, count(&slot.shape)));
        let (mut parameters, mut bytes) = (0, 0);
        for (trained, count) in counts {
            parameters = if trained { count.saturating_add(parameters) } else { parameters };
            bytes = count.saturating_mul(size_of::<f32>()).saturating_add(bytes);
        }
        rows.push(LayerSummary {
            path: path.clone(),
            kind: layer.kind(),
            output: output.to_string(),
            parameters,
            bytes,
        });
        if let LayerSpec::Residual { layers } = layer {
            add(layers, &format!("{path}.layers."), form, rows)?;
        }
        form = output;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_a_net() {
        let inner = LayerSpec::residual(vec![LayerSpec::linear(8, 8).unwrap()]).unwrap();
        let layers = vec![LayerSpec::linear(4, 8).unwrap(), inner, LayerSpec::batch_norm(8).unwrap()];
        let net = Net::sequential(layers).unwrap();
        let row = |path: &str, kind, output: &str, parameters, bytes| LayerSummary {
            path: path.to_owned(),
            kind,
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
