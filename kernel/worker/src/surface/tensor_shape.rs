//! The shape, elements and type of tensors: turned, cut, indexed, read as numbers and arrays.
//!
//! Must not know what is computed. Read [`BUILTINS`] first. Dimensions and places count from the end when negative.

use super::arguments::{self, Answer, fault, unknown};
use super::tensor_make::{dimension, lengths};
use super::tensor_math::{TENSOR, number_of};
use super::{Builtin, Kind};
use crate::problem::Fault;
use candle_core::{DType, Tensor};
use rhai::{Array, Dynamic, Engine};

/// Elements that one call turns into an array.
const ELEMENTS: usize = 1_000_000;
const DTYPES: [DType; 7] = [DType::U8, DType::U32, DType::I64, DType::BF16, DType::F16, DType::F32, DType::F64];

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Method(TENSOR),
        "transpose",
        "transpose() or transpose(a, b) -> tensor",
        "the last two dimensions, or two others, exchanged",
        "tensor([[1, 2], [3, 4]]).transpose(0, 1)",
        |engine, _| {
            engine.register_fn("transpose", |tensor: &mut Tensor| transposed("transpose", tensor, -2, -1));
            engine
                .register_fn("transpose", |tensor: &mut Tensor, a: i64, b: i64| transposed("transpose", tensor, a, b));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "t",
        "t() -> tensor",
        "the last two dimensions exchanged",
        "tensor([[1, 2], [3, 4]]).t()",
        |engine, _| {
            engine.register_fn("t", |tensor: &mut Tensor| transposed("t", tensor, -2, -1));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "reshape",
        "reshape(shape) -> tensor",
        "the same elements in another shape; one length may be -1, which is then worked out",
        "tensor([1, 2, 3, 4]).reshape([2, -1])",
        |engine, _| {
            engine.register_fn("reshape", reshaped);
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "narrow",
        "narrow(dim, start, len) -> tensor",
        "`len` places of a dimension from `start` on",
        "tensor([1, 2, 3, 4]).narrow(0, 1, 2)",
        |engine, _| {
            engine.register_fn("narrow", narrowed);
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "squeeze",
        "squeeze(dim) -> tensor",
        "without a dimension of length 1",
        "tensor([[1, 2]]).squeeze(0)",
        |engine, _| {
            engine.register_fn("squeeze", squeezed);
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "unsqueeze",
        "unsqueeze(dim) -> tensor",
        "with a new dimension of length 1",
        "tensor([1, 2]).unsqueeze(0)",
        |engine, _| {
            engine.register_fn("unsqueeze", |tensor: &mut Tensor, dim: i64| {
                tensor.unsqueeze(dimension("unsqueeze", dim, tensor.rank() + 1)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "flatten",
        "flatten() -> tensor",
        "all elements in one dimension",
        "ones([2, 3]).flatten()",
        |engine, _| {
            engine.register_fn("flatten", |tensor: &mut Tensor| tensor.flatten_all().map_err(fault));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "to_dtype",
        "to_dtype(name) -> tensor",
        "the elements as another type: u8, u32, i64, bf16, f16, f32, f64",
        "tensor([1, 2]).to_dtype(\"u32\")",
        |engine, _| {
            engine.register_fn("to_dtype", |tensor: &mut Tensor, name: &str| {
                tensor.to_dtype(dtype(name)?).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "item",
        "item() -> number",
        "the one element of a tensor",
        "tensor([[7]]).item()",
        |engine, _| {
            engine.register_fn("item", item);
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "to_array",
        "to_array() -> array or number",
        "the elements as nested arrays",
        "tensor([[1, 2], [3, 4]]).to_array()",
        |engine, _| {
            engine.register_fn("to_array", to_array);
        },
    ),
    Builtin::new(
        Kind::Property(TENSOR),
        "len",
        "len -> integer",
        "the length of the first dimension",
        "tensor([1, 2]).len",
        |engine, _| {
            engine.register_get("len", |tensor: &mut Tensor| length(tensor));
            engine.register_fn("len", |tensor: &mut Tensor| length(tensor));
        },
    ),
    Builtin::new(
        Kind::Property(TENSOR),
        "device",
        "device -> string",
        "where the elements are: cpu or cuda",
        "tensor([1, 2]).device",
        |engine, _| {
            engine.register_get("device", |tensor: &mut Tensor| {
                let name = if tensor.device().is_cuda() { "cuda" } else { "cpu" };
                name.to_owned()
            });
        },
    ),
];

/// Makes `t[i]` known: the part at that place of the first dimension, a number when there is only one.
pub fn types(engine: &mut Engine) {
    engine.register_indexer_get(|tensor: &mut Tensor, index: i64| at(tensor, index));
}

fn transposed(name: &str, tensor: &Tensor, a: i64, b: i64) -> Answer<Tensor> {
    if tensor.rank() < 2 {
        let shape = tensor.dims();
        return Err(Fault::error(
            "ShapeError",
            format!("{name} takes a tensor of 2 dimensions or more; found {shape:?}"),
        ));
    }
    let (a, b) = (dimension(name, a, tensor.rank())?, dimension(name, b, tensor.rank())?);
    tensor.transpose(a, b).map_err(fault)
}

fn reshaped(tensor: &mut Tensor, shape: Array) -> Answer<Tensor> {
    let open: Vec<usize> = (0..shape.len()).filter(|&dim| matches!(shape[dim].as_int(), Ok(-1))).collect();
    let mut known = shape;
    open.iter().for_each(|&dim| known[dim] = Dynamic::from(1_i64));
    let mut wanted = lengths("reshape", &Dynamic::from(known))?;
    let (product, count) = (wanted.iter().product::<usize>(), tensor.elem_count());
    let fits = match open.as_slice() {
        [] => product == count,
        [dim] if product > 0 && count.is_multiple_of(product) => {
            wanted[*dim] = count / product;
            true
        }
        _ => false,
    };
    if !fits {
        let asked: Vec<i64> = wanted
            .iter()
            .enumerate()
            .map(|(dim, &length)| if open.contains(&dim) { -1 } else { length as i64 })
            .collect();
        let found = tensor.dims();
        let message = format!("reshape to {asked:?} does not fit the {count} elements of a tensor of shape {found:?}");
        return Err(Fault::error("ShapeError", message));
    }
    tensor.reshape(wanted).map_err(fault)
}

fn narrowed(tensor: &mut Tensor, dim: i64, start: i64, count: i64) -> Answer<Tensor> {
    let dim = dimension("narrow", dim, tensor.rank())?;
    let length = tensor.dims()[dim] as i64;
    let from = if start < 0 { start + length } else { start };
    if from < 0 || count < 0 || from.checked_add(count).is_none_or(|end| end > length) {
        let message =
            format!("narrow was asked for {count} places from {start} on; dimension {dim} has {length} places");
        return Err(Fault::error("ShapeError", message));
    }
    tensor.narrow(dim, from as usize, count as usize).map_err(fault)
}

fn squeezed(tensor: &mut Tensor, dim: i64) -> Answer<Tensor> {
    let dim = dimension("squeeze", dim, tensor.rank())?;
    match tensor.dims()[dim] {
        1 => tensor.squeeze(dim).map_err(fault),
        length => {
            let message = format!("squeeze takes a dimension of length 1; dimension {dim} has length {length}");
            Err(Fault::error("ShapeError", message))
        }
    }
}

fn dtype(name: &str) -> Answer<DType> {
    let found = DTYPES.into_iter().find(|dtype| dtype.as_str() == name);
    found.ok_or_else(|| unknown("type of elements", name, DTYPES.map(|dtype| dtype.as_str())))
}

fn length(tensor: &Tensor) -> Answer<i64> {
    let first = tensor.dims().first().map(|&length| length as i64);
    first.ok_or_else(|| Fault::error("ShapeError", "a tensor without dimensions has no length; `item()` is its number"))
}

fn at(tensor: &Tensor, index: i64) -> Answer<Dynamic> {
    let count = length(tensor)?;
    let Some(place) = arguments::place(index, count as usize) else {
        let message = format!("index {index} was asked for; the tensor's first dimension has {count} places");
        return Err(Fault::error("IndexError", message));
    };
    let part = tensor.get(place);
    let value = part.and_then(|part| if part.rank() == 0 { number_of(&part) } else { Ok(Dynamic::from(part)) });
    value.map_err(fault)
}

fn item(tensor: &mut Tensor) -> Answer<Dynamic> {
    if tensor.elem_count() != 1 {
        let shape = tensor.dims();
        return Err(Fault::error(
            "ShapeError",
            format!("item takes a tensor of one element; found one of shape {shape:?}"),
        ));
    }
    tensor.flatten_all().and_then(|flat| number_of(&flat.get(0)?)).map_err(fault)
}

fn to_array(tensor: &mut Tensor) -> Answer<Dynamic> {
    let count = tensor.elem_count();
    if count > ELEMENTS {
        let message = format!(
            "to_array was asked for {count} elements; it gives {ELEMENTS} at most, so cut the tensor with `narrow` first"
        );
        return Err(Fault::error("LimitError", message));
    }
    let numbers: Vec<Dynamic> = if tensor.dtype().is_int() {
        let flat = tensor.flatten_all().and_then(|flat| flat.to_dtype(DType::I64)?.to_vec1::<i64>());
        flat.map_err(fault)?.into_iter().map(Dynamic::from).collect()
    } else {
        let flat = tensor.flatten_all().and_then(|flat| flat.to_dtype(DType::F64)?.to_vec1::<f64>());
        flat.map_err(fault)?.into_iter().map(Dynamic::from).collect()
    };
    Ok(nested(&numbers, tensor.dims()))
}

fn nested(numbers: &[Dynamic], shape: &[usize]) -> Dynamic {
    match shape {
        [] => numbers.first().cloned().unwrap_or_default(),
        [length, rest @ ..] => {
            let size: usize = rest.iter().product();
            let part = |place: usize| nested(&numbers[place * size..(place + 1) * size], rest);
            Dynamic::from((0..*length).map(part).collect::<Array>())
        }
    }
}
