//! Functions that make tensors: filled, counted, random, joined.
//!
//! Must not know what is computed with them. Read [`BUILTINS`] first. Randomness always takes a seed: candle's own CPU
//! generator cannot be seeded.

use super::arguments::{self, Answer, fault, interrupted, number};
use super::tensor_math::alike;
use super::{Builtin, Kind};
use crate::problem::Fault;
use candle_core::{Device, Tensor};
use candlewick_engine::{Seed, Stream, interrupt};
use rhai::{Array, Dynamic};

/// Elements that one call may make.
const ELEMENTS: usize = 1 << 30;
/// Random numbers drawn between two looks at the interrupt.
const DRAWS: usize = 1 << 16;

pub const BUILTINS: &[Builtin] = &[
    Builtin::new(
        Kind::Function,
        "zeros",
        "zeros(shape) -> tensor",
        "a tensor of zeros",
        "zeros([2, 3])",
        |engine, _| {
            engine.register_fn("zeros", |lengths: Dynamic| filled("zeros", &lengths, 0.0));
        },
    ),
    Builtin::new(Kind::Function, "ones", "ones(shape) -> tensor", "a tensor of ones", "ones([2, 3])", |engine, _| {
        engine.register_fn("ones", |lengths: Dynamic| filled("ones", &lengths, 1.0));
    }),
    Builtin::new(
        Kind::Function,
        "full",
        "full(shape, x) -> tensor",
        "a tensor whose elements all are x",
        "full([2], 0.5)",
        |engine, _| {
            engine.register_fn("full", |lengths: Dynamic, x: Dynamic| filled("full", &lengths, number("full", &x)?));
        },
    ),
    Builtin::new(
        Kind::Function,
        "arange",
        "arange(n) or arange(from, to) -> tensor",
        "whole numbers counted up from 0 or `from`, without n or `to`, as f32",
        "arange(10)",
        |engine, _| {
            engine.register_fn("arange", |to: i64| counted(0, to));
            engine.register_fn("arange", counted);
        },
    ),
    Builtin::new(
        Kind::Function,
        "randn",
        "randn(shape, seed) -> tensor",
        "random numbers of mean 0 and variance 1; the same for the same seed",
        "randn([2, 3], 42)",
        |engine, _| {
            engine.register_fn("randn", |lengths: Dynamic, seed: i64| random("randn", &lengths, seed, Stream::normal));
        },
    ),
    Builtin::new(
        Kind::Function,
        "uniform",
        "uniform(shape, seed) -> tensor",
        "random numbers from 0 to 1 (1 left out); the same for the same seed",
        "uniform([2, 3], 42)",
        |engine, _| {
            engine.register_fn("uniform", |lengths: Dynamic, seed: i64| {
                random("uniform", &lengths, seed, Stream::uniform)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "cat",
        "cat(tensors, dim) -> tensor",
        "joins tensors along a dimension they have",
        "cat([ones([2]), zeros([1])], 0)",
        |engine, _| {
            engine.register_fn("cat", |tensors: Array, dim: i64| {
                let tensors = gathered("cat", &tensors)?;
                let dim = dimension("cat", dim, tensors[0].rank())?;
                Tensor::cat(&tensors, dim).map_err(fault)
            });
        },
    ),
    Builtin::new(
        Kind::Function,
        "stack",
        "stack(tensors, dim) -> tensor",
        "joins tensors of one shape along a new dimension",
        "stack([ones([2]), zeros([2])], 0)",
        |engine, _| {
            engine.register_fn("stack", |tensors: Array, dim: i64| {
                let tensors = gathered("stack", &tensors)?;
                let dim = dimension("stack", dim, tensors[0].rank() + 1)?;
                Tensor::stack(&tensors, dim).map_err(fault)
            });
        },
    ),
];

/// The number of a dimension, counted from the end when negative.
pub fn dimension(what: &str, dim: i64, rank: usize) -> Answer<usize> {
    arguments::place(dim, rank).ok_or_else(|| {
        let known = if rank == 0 { "none".to_owned() } else { format!("0 to {}", rank - 1) };
        Fault::error("ShapeError", format!("{what} was given dimension {dim}; the tensor's dimensions are {known}"))
    })
}

/// A shape: an array of whole numbers, or one of them.
pub fn lengths(what: &str, value: &Dynamic) -> Answer<Vec<usize>> {
    let shape = match value.read_lock::<Array>() {
        Some(items) => items.iter().map(|item| arguments::count(what, item)).collect::<Answer<Vec<_>>>()?,
        None => vec![arguments::count(what, value)?],
    };
    let elements = shape.iter().try_fold(1usize, |product, &length| product.checked_mul(length));
    match elements.filter(|&elements| elements <= ELEMENTS) {
        Some(_) => Ok(shape),
        None => {
            let message =
                format!("{what} was asked for a tensor of shape {shape:?}; one call makes {ELEMENTS} elements at most");
            Err(Fault::error("LimitError", message))
        }
    }
}

fn filled(what: &str, shape: &Dynamic, x: f64) -> Answer<Tensor> {
    Tensor::full(x as f32, lengths(what, shape)?, &Device::Cpu).and_then(|tensor| tensor.contiguous()).map_err(fault)
}

fn counted(from: i64, to: i64) -> Answer<Tensor> {
    let count = to.checked_sub(from).unwrap_or(i64::MAX).max(0);
    lengths("arange", &Dynamic::from(count))?;
    let values: Vec<f32> = (from..to).map(|value| value as f32).collect();
    Tensor::from_vec(values, count as usize, &Device::Cpu).map_err(fault)
}

fn random(what: &str, shape: &Dynamic, seed: i64, draw: fn(&mut Stream) -> f32) -> Answer<Tensor> {
    let shape = lengths(what, shape)?;
    let mut stream = Seed(seed as u64).stream(what);
    let total: usize = shape.iter().product();
    let mut values = Vec::with_capacity(total);
    while values.len() < total {
        if interrupt::requested() {
            return Err(interrupted());
        }
        let more = DRAWS.min(total - values.len());
        values.extend((0..more).map(|_| draw(&mut stream)));
    }
    Tensor::from_vec(values, shape, &Device::Cpu).map_err(fault)
}

/// The tensors of an array, of one type of elements.
fn gathered(what: &str, items: &Array) -> Answer<Vec<Tensor>> {
    let tensor = |item: &Dynamic| {
        let found = item.read_lock::<Tensor>().map(|tensor| tensor.clone());
        found.ok_or_else(|| {
            Fault::error("TypeError", format!("{what} takes an array of tensors; found {} in it", item.type_name()))
        })
    };
    let tensors = items.iter().map(tensor).collect::<Answer<Vec<_>>>()?;
    match alike(&tensors) {
        Some(alike) => alike.map_err(fault),
        None => Err(Fault::error("ValueError", format!("{what} takes an array of tensors; found an empty array"))),
    }
}
