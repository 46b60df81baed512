//! What is computed with tensors: operators, functions of each element, sums and the like, comparisons, products.
//!
//! Must not know models or runs. Read [`BUILTINS`] first. Whole numbers are computed as i64, and together with other
//! numbers as those; functions of each element, division and products take whole numbers as f32. (candle panics where
//! it has no such function for whole numbers, and wraps round where they are too small.)

use super::arguments::{Answer, fault, number};
use super::tensor_make::dimension;
use super::{Builtin, Kind};
use crate::problem::Fault;
use candle_core::{DType, Result, Tensor};
use rhai::{Dynamic, Engine};

/// The name of tensors for users.
pub const TENSOR: &str = "tensor";

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Method(TENSOR),
        "matmul",
        "matmul(other) -> tensor",
        "the matrix product of [.., m, k] and [.., k, n]",
        "ones([2, 3]).matmul(ones([3, 1]))",
        |engine, _| {
            engine.register_fn("matmul", |left: &mut Tensor, right: Tensor| product(left, &right));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "abs",
        "abs() -> tensor",
        "each element without its sign",
        "tensor([0.5, 1]).abs()",
        |engine, _| each(engine, "abs", absolute),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "exp",
        "exp() -> tensor",
        "e to the power of each element",
        "tensor([0.5, 1]).exp()",
        |engine, _| each(engine, "exp", |t| floating(t)?.exp()),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "log",
        "log() -> tensor",
        "the natural logarithm of each element",
        "tensor([0.5, 1]).log()",
        |engine, _| each(engine, "log", |t| floating(t)?.log()),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "sqrt",
        "sqrt() -> tensor",
        "the square root of each element",
        "tensor([0.5, 1]).sqrt()",
        |engine, _| each(engine, "sqrt", |t| floating(t)?.sqrt()),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "sqr",
        "sqr() -> tensor",
        "each element times itself",
        "tensor([0.5, 1]).sqr()",
        |engine, _| {
            each(engine, "sqr", |t| if whole(t) { t.to_dtype(DType::I64).and_then(|t| &t * &t) } else { t.sqr() })
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "tanh",
        "tanh() -> tensor",
        "the hyperbolic tangent of each element",
        "tensor([0.5, 1]).tanh()",
        |engine, _| each(engine, "tanh", |t| floating(t)?.tanh()),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "sigmoid",
        "sigmoid() -> tensor",
        "1 / (1 + exp(-x)) of each element",
        "tensor([0.5, 1]).sigmoid()",
        |engine, _| {
            // exp(-x) of a very negative x is infinite, and 1 divided by it is 0, as it should be
            each(engine, "sigmoid", |t| (floating(t)?.neg()?.exp()? + 1.0)?.recip())
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "relu",
        "relu() -> tensor",
        "each element, 0 where it is negative",
        "tensor([0.5, 1]).relu()",
        |engine, _| each(engine, "relu", |t| if whole(t) { t.maximum(&t.zeros_like()?) } else { t.relu() }),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "softmax",
        "softmax(dim) -> tensor",
        "exp(x) over its sum along a dimension",
        "tensor([1, 2]).softmax(0)",
        |engine, _| along(engine, "softmax", softmax),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "pow",
        "pow(x) -> tensor",
        "each element to the power of x",
        "tensor([1, 2]).pow(0.5)",
        |engine, _| {
            engine.register_fn("pow", |tensor: &mut Tensor, x: Dynamic| power(tensor, number("pow", &x)?));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "clamp",
        "clamp(low, high) -> tensor",
        "each element brought into that range",
        "tensor([1, 2]).clamp(0, 1.5)",
        |engine, _| {
            engine.register_fn("clamp", |tensor: &mut Tensor, low: Dynamic, high: Dynamic| clamp(tensor, &low, &high));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "sum",
        "sum() -> number or sum(dim) -> tensor",
        "the sum of all elements, or along a dimension",
        "tensor([[1, 2], [3, 4]]).sum(0)",
        |engine, _| {
            engine.register_fn("sum", |tensor: &mut Tensor| scalar(tensor, |t| wide(t)?.sum_all()));
            along(engine, "sum", |t, dim| if whole(t) { t.to_dtype(DType::I64)?.sum(dim) } else { t.sum(dim) });
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "mean",
        "mean() -> number or mean(dim) -> tensor",
        "the mean of all elements, or along a dimension",
        "tensor([[1, 2], [3, 4]]).mean(0)",
        |engine, _| {
            engine.register_fn("mean", |tensor: &mut Tensor| {
                filled("mean", tensor)?;
                scalar(tensor, |t| t.to_dtype(DType::F64)?.mean_all())
            });
            along(engine, "mean", |t, dim| floating(t)?.mean(dim));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "min",
        "min() -> number or min(dim) -> tensor",
        "the lowest element, or the lowest along a dimension",
        "tensor([[1, 2], [3, 4]]).min(0)",
        |engine, _| {
            engine.register_fn("min", |tensor: &mut Tensor| {
                filled("min", tensor)?;
                scalar(tensor, |t| wide(t)?.flatten_all()?.min(0))
            });
            along(engine, "min", |t, dim| t.min(dim));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "max",
        "max() -> number or max(dim) -> tensor",
        "the highest element, or the highest along a dimension",
        "tensor([[1, 2], [3, 4]]).max(0)",
        |engine, _| {
            engine.register_fn("max", |tensor: &mut Tensor| {
                filled("max", tensor)?;
                scalar(tensor, |t| wide(t)?.flatten_all()?.max(0))
            });
            along(engine, "max", |t, dim| t.max(dim));
        },
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "argmax",
        "argmax(dim) -> tensor",
        "the place of the highest element along a dimension, as u32",
        "tensor([1, 2]).argmax(0)",
        |engine, _| along(engine, "argmax", |t, dim| t.argmax(dim)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "argmin",
        "argmin(dim) -> tensor",
        "the place of the lowest element along a dimension, as u32",
        "tensor([1, 2]).argmin(0)",
        |engine, _| along(engine, "argmin", |t, dim| t.argmin(dim)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "eq",
        "eq(other) -> tensor",
        "1 where elements are equal, else 0, as u8",
        "tensor([1, 2]).eq(2)",
        |engine, _| compare(engine, "eq", |a, b| a.broadcast_eq(b)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "ne",
        "ne(other) -> tensor",
        "1 where elements differ, else 0, as u8",
        "tensor([1, 2]).ne(2)",
        |engine, _| compare(engine, "ne", |a, b| a.broadcast_ne(b)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "gt",
        "gt(other) -> tensor",
        "1 where elements are greater, else 0, as u8",
        "tensor([1, 2]).gt(2)",
        |engine, _| compare(engine, "gt", |a, b| a.broadcast_gt(b)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "ge",
        "ge(other) -> tensor",
        "1 where elements are greater or equal, else 0, as u8",
        "tensor([1, 2]).ge(2)",
        |engine, _| compare(engine, "ge", |a, b| a.broadcast_ge(b)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "lt",
        "lt(other) -> tensor",
        "1 where elements are less, else 0, as u8",
        "tensor([1, 2]).lt(2)",
        |engine, _| compare(engine, "lt", |a, b| a.broadcast_lt(b)),
    ),
    Builtin::new(
        Kind::Method(TENSOR),
        "le",
        "le(other) -> tensor",
        "1 where elements are less or equal, else 0, as u8",
        "tensor([1, 2]).le(2)",
        |engine, _| compare(engine, "le", |a, b| a.broadcast_le(b)),
    ),
];

/// Makes the operators known: between tensors, whose shapes broadcast, and between tensors and numbers.
pub fn types(engine: &mut Engine) {
    operator(engine, "+", |a, b| a.broadcast_add(b));
    operator(engine, "-", |a, b| a.broadcast_sub(b));
    operator(engine, "*", |a, b| a.broadcast_mul(b));
    operator(engine, "/", |a, b| floating(a)?.broadcast_div(&floating(b)?));
    // Without these Rhai takes tensors for things that cannot be compared, and answers false.
    operator(engine, ">", |a, b| a.broadcast_gt(b));
    operator(engine, ">=", |a, b| a.broadcast_ge(b));
    operator(engine, "<", |a, b| a.broadcast_lt(b));
    operator(engine, "<=", |a, b| a.broadcast_le(b));
    engine.register_fn("-", |tensor: Tensor| negated(&tensor).map_err(fault));
    engine.register_fn("**", |tensor: Tensor, x: f64| power(&tensor, x));
    engine.register_fn("**", |tensor: Tensor, x: i64| power(&tensor, x as f64));
}

/// Tensors brought to the widest of their types; none without a tensor.
pub fn alike(tensors: &[Tensor]) -> Option<Result<Vec<Tensor>>> {
    let dtype = tensors.iter().map(Tensor::dtype).reduce(|a, b| if a == b { a } else { wider(a, b) })?;
    Some(tensors.iter().map(|tensor| tensor.to_dtype(dtype)).collect())
}

type Binary = fn(&Tensor, &Tensor) -> Result<Tensor>;

fn operator(engine: &mut Engine, name: &'static str, compute: Binary) {
    engine.register_fn(name, move |a: Tensor, b: Tensor| pair(name, &a, &b, compute));
    engine.register_fn(name, move |a: Tensor, b: f64| pair(name, &a, &single(b, &a)?, compute));
    engine.register_fn(name, move |a: Tensor, b: i64| pair(name, &a, &single_whole(b, &a)?, compute));
    engine.register_fn(name, move |a: f64, b: Tensor| pair(name, &single(a, &b)?, &b, compute));
    engine.register_fn(name, move |a: i64, b: Tensor| pair(name, &single_whole(a, &b)?, &b, compute));
}

fn compare(engine: &mut Engine, name: &'static str, compute: Binary) {
    engine.register_fn(name, move |a: &mut Tensor, b: Tensor| pair(name, a, &b, compute));
    engine.register_fn(name, move |a: &mut Tensor, b: f64| pair(name, a, &single(b, a)?, compute));
    engine.register_fn(name, move |a: &mut Tensor, b: i64| pair(name, a, &single_whole(b, a)?, compute));
}

fn each(engine: &mut Engine, name: &'static str, compute: fn(&Tensor) -> Result<Tensor>) {
    engine.register_fn(name, move |tensor: &mut Tensor| compute(tensor).map_err(fault));
}

fn along(engine: &mut Engine, name: &'static str, compute: fn(&Tensor, usize) -> Result<Tensor>) {
    engine.register_fn(name, move |tensor: &mut Tensor, dim: i64| {
        let dim = dimension(name, dim, tensor.rank())?;
        if tensor.dims()[dim] == 0 && name != "sum" {
            filled(name, tensor)?;
        }
        compute(tensor, dim).map_err(fault)
    });
}

fn filled(name: &str, tensor: &Tensor) -> Answer<()> {
    if tensor.elem_count() > 0 {
        return Ok(());
    }
    let shape = tensor.dims();
    Err(Fault::error("ShapeError", format!("{name} takes a tensor with elements; found one of shape {shape:?}")))
}

/// Two tensors of which each was brought to the wider type.
fn pair(name: &str, a: &Tensor, b: &Tensor, compute: Binary) -> Answer<Tensor> {
    if a.shape().broadcast_shape_binary_op(b.shape(), "broadcast").is_err() {
        let (a, b) = (a.dims(), b.dims());
        let message = format!(
            "`{name}` takes tensors whose shapes are equal from the last dimension on, or 1, or missing; found {a:?} and {b:?}"
        );
        return Err(Fault::error("ShapeError", message));
    }
    let dtype = wider(a.dtype(), b.dtype());
    let computed = a.to_dtype(dtype).and_then(|a| compute(&a, &b.to_dtype(dtype)?));
    computed.map_err(fault)
}

/// A number beside a tensor: it has the tensor's type, unless that is for whole numbers.
fn single(x: f64, beside: &Tensor) -> Answer<Tensor> {
    let dtype = if whole(beside) { DType::F32 } else { beside.dtype() };
    Tensor::new(x, beside.device()).and_then(|single| single.to_dtype(dtype)).map_err(fault)
}

fn single_whole(x: i64, beside: &Tensor) -> Answer<Tensor> {
    let dtype = if whole(beside) { DType::I64 } else { beside.dtype() };
    Tensor::new(x, beside.device()).and_then(|single| single.to_dtype(dtype)).map_err(fault)
}

fn wider(a: DType, b: DType) -> DType {
    match (a.is_int(), b.is_int()) {
        (true, true) => DType::I64,
        (true, false) => b,
        (false, true) => a,
        (false, false) if a == b => a,
        (false, false) if a == DType::F64 || b == DType::F64 => DType::F64,
        (false, false) => DType::F32,
    }
}

fn whole(tensor: &Tensor) -> bool {
    tensor.dtype().is_int()
}

fn floating(tensor: &Tensor) -> Result<Tensor> {
    if whole(tensor) { tensor.to_dtype(DType::F32) } else { Ok(tensor.clone()) }
}

/// The type in which all elements are summed up.
fn wide(tensor: &Tensor) -> Result<Tensor> {
    tensor.to_dtype(if whole(tensor) { DType::I64 } else { DType::F64 })
}

fn scalar(tensor: &Tensor, compute: fn(&Tensor) -> Result<Tensor>) -> Answer<Dynamic> {
    compute(tensor).and_then(|tensor| number_of(&tensor)).map_err(fault)
}

/// The one element of a tensor without dimensions.
pub fn number_of(tensor: &Tensor) -> Result<Dynamic> {
    if whole(tensor) {
        return tensor.to_dtype(DType::I64)?.to_scalar::<i64>().map(Dynamic::from);
    }
    tensor.to_dtype(DType::F64)?.to_scalar::<f64>().map(Dynamic::from)
}

fn negated(tensor: &Tensor) -> Result<Tensor> {
    if whole(tensor) { tensor.to_dtype(DType::I64)?.affine(-1.0, 0.0) } else { tensor.neg() }
}

fn absolute(tensor: &Tensor) -> Result<Tensor> {
    if whole(tensor) { tensor.to_dtype(DType::I64)?.maximum(&negated(tensor)?) } else { tensor.abs() }
}

fn power(tensor: &Tensor, x: f64) -> Answer<Tensor> {
    floating(tensor).and_then(|tensor| tensor.powf(x)).map_err(fault)
}

fn clamp(tensor: &Tensor, low: &Dynamic, high: &Dynamic) -> Answer<Tensor> {
    let (from, to) = (number("clamp", low)?, number("clamp", high)?);
    if from > to {
        return Err(Fault::error("ValueError", format!("clamp takes a range from low to high; found {from} and {to}")));
    }
    let fractional = from.fract() != 0.0 || to.fract() != 0.0;
    let tensor = if fractional { floating(tensor) } else { Ok(tensor.clone()) };
    let bounded = tensor.and_then(|tensor| {
        let dtype = if whole(&tensor) { DType::I64 } else { tensor.dtype() };
        let bound = |x: f64| Tensor::new(x, tensor.device())?.to_dtype(dtype);
        tensor.to_dtype(dtype)?.broadcast_maximum(&bound(from)?)?.broadcast_minimum(&bound(to)?)
    });
    bounded.map_err(fault)
}

/// The highest element is taken off first, so that no power is infinite.
fn softmax(tensor: &Tensor, dim: usize) -> Result<Tensor> {
    let tensor = floating(tensor)?;
    let powers = tensor.broadcast_sub(&tensor.max_keepdim(dim)?)?.exp()?;
    powers.broadcast_div(&powers.sum_keepdim(dim)?)
}

fn product(left: &Tensor, right: &Tensor) -> Answer<Tensor> {
    let (a, b) = (left.dims(), right.dims());
    let fits = a.len() >= 2 && b.len() >= 2 && a[a.len() - 1] == b[b.len() - 2];
    if !fits {
        let message = format!("matmul takes [.., m, k] and [.., k, n]; found {a:?} and {b:?}");
        return Err(Fault::error("ShapeError", message));
    }
    let multiplied = floating(left).and_then(|left| {
        let right = floating(right)?;
        let dtype = wider(left.dtype(), right.dtype());
        left.to_dtype(dtype)?.broadcast_matmul(&right.to_dtype(dtype)?)
    });
    multiplied.map_err(fault)
}
