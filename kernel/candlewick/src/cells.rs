//! What Rust code in cells may call: the notebook's variables, showing, functions for Rhai, interrupts.
//!
//! The functions live in the worker; the macros are here because cells know no other crate. Read [`session`] first, then
//! [`show!`](show) and [`callable!`](callable).

pub use crate::{
    __candlewick_bundle as bundle, __candlewick_callable as callable, __candlewick_display as display,
    __candlewick_show as show,
};
pub use candlewick_worker::rust::registering::register;
pub use candlewick_worker::rust::{Bundle, CellError, Display, LiveRun, Session, Show, interrupted, session};
pub use candlewick_worker::{eprintln, register};

/// What the macros name.
#[doc(hidden)]
pub mod parts {
    pub use candlewick_worker::rust::{Callable, Look, answers, callable, display, failed, looks, shown};
}

/// Shows a value as the cell's result: `show!(expression)`. The last expression of a cell is shown so without being asked.
///
/// Tensors, nets, data sets, frames and runs look as in Rhai; so does what implements [`Show`], or has a method
/// `evcxr_display(&self)`. Anything else is shown by `Debug`, else by `Display`, else by its type's name. `()` shows
/// nothing. Of a `Result` the value is shown; an `Err` fails the cell, as `?` would. Nothing is moved.
///
/// ```no_run
/// candlewick::cells::show!(vec![1, 2, 3]);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __candlewick_show {
    ($value:expr $(,)?) => {
        match &$value {
            value => {
                #[allow(unused_imports)]
                use $crate::cells::parts::looks::{
                    Any as _, Debugged as _, Debugs as _, Displays as _, Fallback as _, Live as _, Nothing as _,
                    Own as _, Results as _, Shows as _, Silent as _, Told as _, Values as _,
                };
                match (&&$crate::cells::parts::Look(value)).inner() {
                    ::std::result::Result::Ok(value) => {
                        if !(&(&*value).evcxr_display()).is_own() {
                            $crate::cells::parts::shown((&&&&&$crate::cells::parts::Look(value)).look());
                        }
                    }
                    ::std::result::Result::Err(error) => {
                        $crate::cells::parts::failed("Error", (&&&$crate::cells::parts::Look(error)).words());
                    }
                }
            }
        }
    };
}

/// Displays any value in the middle of a cell: `let shown = display!(value);`. What it gives replaces what is shown:
/// `shown.update(bundle!(other))`.
///
/// ```no_run
/// use candlewick::cells::{bundle, display};
/// let shown = display!("0 %");
/// shown.update(bundle!("100 %"));
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __candlewick_display {
    ($value:expr $(,)?) => {
        $crate::cells::parts::display($crate::cells::bundle!($value))
    };
}

/// The look of any value, as [`show!`](crate::cells::show) shows it: a [`Bundle`](crate::cells::Bundle).
///
/// ```
/// let look = candlewick::cells::bundle!([1, 2]);
/// assert_eq!(look.text(), "[1, 2]");
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __candlewick_bundle {
    ($value:expr $(,)?) => {
        match &$value {
            value => {
                #[allow(unused_imports)]
                use $crate::cells::parts::looks::{Any as _, Debugs as _, Displays as _, Shows as _};
                (&&&&$crate::cells::parts::Look(value)).look().unwrap_or_else(|| $crate::cells::Bundle::new("()"))
            }
        }
    };
}

/// Makes a function of Rust callable from Rhai by name: `callable!("name", "signature", "documentation", function)`.
///
/// `#[callable]` above a function of a cell writes this line. Parameters are any types that are `Clone`; numbers, texts,
/// lists and maps are converted, handles are shared, and any other type is what Rust code has put into Rhai. A result is one of
/// these or a `Result` of it, whose error and any panic become Rhai's error at the place of the call. For parameters
/// that are references the types are listed: `callable!("norm", "norm(x)", "", norm, (&Tensor))`.
///
/// A function of the same name is replaced. What cannot be made callable fails the cell.
///
/// ```no_run
/// fn twice(x: f64) -> f64 {
///     2.0 * x
/// }
/// candlewick::cells::callable!("twice", "twice(x: f64) -> f64", "doubles a number", twice);
/// ```
#[doc(hidden)]
#[macro_export]
macro_rules! __candlewick_callable {
    (@typed ($name:expr, $signature:expr, $doc:expr, $function:expr) [$($parameters:tt)*] [$($arguments:tt)*] $(,)?) => {
        $crate::cells::callable!($name, $signature, $doc, move |$($parameters)*| $function($($arguments)*))
    };
    (@typed $call:tt [$($parameters:tt)*] [$($arguments:tt)*] & $($life:lifetime)? str $(, $($rest:tt)*)?) => {
        $crate::cells::callable!(
            @typed $call [$($parameters)* argument: ::std::string::String,] [$($arguments)* &argument,] $($($rest)*)?
        )
    };
    (@typed $call:tt [$($parameters:tt)*] [$($arguments:tt)*] & $($life:lifetime)? [$type:ty] $(, $($rest:tt)*)?) => {
        $crate::cells::callable!(
            @typed $call [$($parameters)* argument: ::std::vec::Vec<$type>,] [$($arguments)* &argument,] $($($rest)*)?
        )
    };
    (@typed $call:tt [$($parameters:tt)*] [$($arguments:tt)*] & $($life:lifetime)? $type:ty $(, $($rest:tt)*)?) => {
        $crate::cells::callable!(
            @typed $call [$($parameters)* argument: $type,] [$($arguments)* &argument,] $($($rest)*)?
        )
    };
    (@typed $call:tt [$($parameters:tt)*] [$($arguments:tt)*] $type:ty $(, $($rest:tt)*)?) => {
        $crate::cells::callable!(
            @typed $call [$($parameters)* argument: $type,] [$($arguments)* argument,] $($($rest)*)?
        )
    };
    ($name:expr, $signature:expr, $doc:expr, $function:expr, ($($types:tt)*) $(,)?) => {
        $crate::cells::callable!(@typed ($name, $signature, $doc, $function) [] [] $($types)*)
    };
    ($name:expr, $signature:expr, $doc:expr, $function:expr $(,)?) => {
        match $crate::cells::parts::callable($function) {
            prepared => {
                #[allow(unused_imports)]
                use $crate::cells::parts::answers::{Debugged as _, Plain as _, Told as _};
                let native = (&&&prepared).erased();
                if let ::std::result::Result::Err(error) =
                    $crate::cells::parts::Callable::register($name, $signature, $doc, native)
                {
                    $crate::cells::parts::failed("NameError", error.to_string());
                }
            }
        }
    };
}
