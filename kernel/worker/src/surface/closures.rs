//! Functions of a cell that are handed to a plugin: each takes its notebook's functions and constants with it.
//!
//! To Rhai a closure is a number, which means something among the functions of the script that wrote it only. Must not
//! know what is called with it. Read [`carried`] first.

use rhai::{Array, Dynamic, FnPtr, Map, NativeCallContext};

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
