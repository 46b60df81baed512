//! Tensors of candle as values: making one, its shape and type, how it looks.
//!
//! Must not know models or runs. Read [`BUILTINS`] first.

use super::{Builtin, Kind};
use crate::problem::Fault;
use crate::show::{Show, Shows};
use candle_core::{DType, Device, Tensor};
use candlewick_display as display;
use rhai::{Array, Dynamic, Engine, EvalAltResult};

/// The name of tensors for users.
const TENSOR: &str = "tensor";

/// Tensors.
pub const BUILTINS: &[Builtin] = &[
    Builtin {
        name: "tensor",
        kind: Kind::Function,
        signature: "tensor(numbers) -> tensor",
        doc: "makes a tensor of f32 from a number or from nested arrays of equal lengths",
        example: "tensor([[1.0, 2.0], [3.0, 4.0]])",
        bind: |engine, _| {
            engine.register_fn("tensor", tensor);
        },
    },
    Builtin {
        name: "shape",
        kind: Kind::Property(TENSOR),
        signature: "shape -> array",
        doc: "the length of each dimension",
        example: "tensor([1, 2, 3]).shape",
        bind: |engine, _| {
            engine.register_get("shape", |tensor: &mut Tensor| -> Array {
                tensor.dims().iter().map(|&length| Dynamic::from(length as i64)).collect()
            });
        },
    },
    Builtin {
        name: "dtype",
        kind: Kind::Property(TENSOR),
        signature: "dtype -> string",
        doc: "the type of the elements, such as f32",
        example: "tensor([1, 2, 3]).dtype",
        bind: |engine, _| {
            engine.register_get("dtype", |tensor: &mut Tensor| tensor.dtype().as_str().to_owned());
        },
    },
];

/// Names the types of this file.
pub fn types(engine: &mut Engine) {
    engine.register_type_with_name::<Tensor>(TENSOR);
}

/// Makes tensors show.
pub fn shows(shows: &mut Shows) {
    shows.add::<Tensor>();
}

impl Show for Tensor {
    fn bundle(&self) -> display::Bundle {
        let shown = picked_values(self).map_err(|error| error.to_string()).and_then(|values| {
            let device = if self.device().is_cuda() { "cuda" } else { "cpu" };
            display::Tensor::new(self.dims(), self.dtype().as_str(), device, values).map_err(|e| e.to_string())
        });
        match shown {
            Ok(tensor) => tensor.bundle(),
            Err(error) => display::Bundle::new(format!("a tensor of shape {:?}: {error}", self.dims())),
        }
    }
}

/// The values that are printed, and no others: a long tensor is not copied whole.
fn picked_values(tensor: &Tensor) -> candle_core::Result<Vec<f64>> {
    let places: Vec<i64> = display::picked(tensor.dims()).into_iter().map(|place| place as i64).collect();
    if places.is_empty() {
        return Ok(Vec::new());
    }
    let flat = tensor.detach().flatten_all()?;
    let whole = places.len() == flat.elem_count();
    let picked = if whole {
        flat
    } else {
        let count = places.len();
        flat.index_select(&Tensor::from_vec(places, count, tensor.device())?, 0)?
    };
    picked.to_dtype(DType::F64)?.to_vec1()
}

fn tensor(value: Dynamic) -> Result<Tensor, Box<EvalAltResult>> {
    let (mut values, mut shape) = (Vec::new(), Vec::new());
    gather(&value, 0, &mut shape, &mut values)?;
    values.shrink_to_fit(); // it grew by doubling, and the tensor keeps the whole of it
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(|error| Fault::error("TensorError", error.to_string()))
}

/// Appends all numbers of a nested array; each array of one depth must have the length of the first.
fn gather(
    value: &Dynamic,
    depth: usize,
    shape: &mut Vec<usize>,
    values: &mut Vec<f32>,
) -> Result<(), Box<EvalAltResult>> {
    if let Some(items) = value.read_lock::<Array>() {
        if shape.len() == depth && values.is_empty() {
            shape.push(items.len());
        } else if shape.get(depth) != Some(&items.len()) {
            let found = format!(
                "tensor takes arrays of equal lengths; dimension {depth} has {:?} items and then {}",
                shape.get(depth).unwrap_or(&0),
                items.len()
            );
            return Err(Fault::error("ShapeError", found));
        }
        return items.iter().try_for_each(|item| gather(item, depth + 1, shape, values));
    }
    if depth != shape.len() {
        return Err(Fault::error(
            "ShapeError",
            "tensor takes arrays of equal depth; a number stands where an array is expected",
        ));
    }
    let number = value.as_float().or_else(|_| value.as_int().map(|whole| whole as f64));
    match number {
        Ok(number) => values.push(number as f32),
        Err(found) => return Err(Fault::error("TypeError", format!("tensor takes numbers; found {found}"))),
    }
    Ok(())
}
