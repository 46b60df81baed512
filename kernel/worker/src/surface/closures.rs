//! Functions of a cell that are called elsewhere, by a plugin or as a run's loss: each takes its notebook's functions and
//! constants with it.
//!
//! To Rhai a closure is a number, which means something among the functions of the script that wrote it only. Must not
//! know what is called with it. Read [`carried`] first.

use super::Answer;
use crate::problem::Fault;
use crate::session::Session;
use candle_core::Tensor;
use candlewick_engine::EngineError;
use candlewick_engine::nn::Loss;
use rhai::{AST, Array, Dynamic, EvalAltResult, FnPtr, Map, NativeCallContext};

/// A loss that a function `|predictions, targets|` computes: the mean of the tensor that it gives.
///
/// # Errors
/// A function of another number of arguments, which Rhai only tells when it is called, is an error of the run.
pub fn loss(session: &Session, call: &NativeCallContext, function: &FnPtr) -> Answer<Loss> {
    let name = if function.is_anonymous() { "closure" } else { function.fn_name() };
    let bound = bound(call, function)
        .ok_or_else(|| Fault::error("TypeError", format!("the function {name} cannot be called as a loss")))?;
    let session = session.clone();
    Ok(Loss::own(name, move |predictions: &Tensor, targets: &Tensor| {
        let gone = || EngineError::Value("the notebook that has this function is gone".to_owned());
        let engine = session.language().ok_or_else(gone)?;
        let answer = bound.call::<Dynamic>(&engine, &AST::empty(), (predictions.clone(), targets.clone()));
        let answer = answer.map_err(|error| match *error {
            EvalAltResult::ErrorTerminated(..) => EngineError::Interrupted,
            other => EngineError::Value(other.to_string()),
        })?;
        let found = engine.map_type_name(answer.type_name()).to_owned();
        let how = "its mean is taken for it, and a number has no gradient";
        let wrong = || EngineError::Value(format!("it gives a tensor: {how}; found {found}"));
        Ok::<_, EngineError>(answer.try_cast::<Tensor>().ok_or_else(wrong)?.mean_all()?)
    }))
}

/// The value with every function in it made so that it can be called by another script: it runs where it comes from, but
/// as part of the call that calls it, so that the plugin's limits and capabilities hold for it.
pub fn carried(call: &NativeCallContext, value: &Dynamic) -> Dynamic {
    if let Some(function) = value.read_lock::<FnPtr>() {
        return bound(call, &function).map_or_else(|| value.clone(), Dynamic::from);
    }
    if let Some(items) = value.read_lock::<Array>() {
        return items.iter().map(|item| carried(call, item)).collect::<Array>().into();
    }
    if let Some(fields) = value.read_lock::<Map>() {
        return fields.iter().map(|(key, item)| (key.clone(), carried(call, item))).collect::<Map>().into();
    }
    value.clone()
}

fn bound(call: &NativeCallContext, function: &FnPtr) -> Option<FnPtr> {
    let name = if function.is_anonymous() { "closure" } else { function.fn_name() };
    let own = function.clone();
    #[allow(deprecated)] // Rhai's mark for interfaces that may still change
    let home = call.store_data();
    #[allow(deprecated)] // as above
    let made = FnPtr::from_fn(name, move |there, arguments| {
        let mut home = home.clone();
        // Calls go on being counted where it is called.
        home.global.level = there.global_runtime_state().level;
        let context = home.create_context(there.engine());
        own.call_raw(&context, None, arguments.iter().map(|argument| (**argument).clone()).collect::<Vec<_>>())
    });
    made.ok()
}
