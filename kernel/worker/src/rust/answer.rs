//! A function of Rust as Rhai calls it: how many arguments, of which types, and what becomes of the answer.
//!
//! The types of an ordinary function are read off by the compiler: [`Takes`] by its parameters, [`Prepared`] by its result, where
//! the most special of three forms is chosen (`Result` with an error that has words, `Result` with one that only `Debug`
//! shows, any value). Must not know names or where functions are kept. Read [`callable`] first.

use super::convert::{self, Unfit};
use super::current;
use rhai::Dynamic;
use std::any::type_name;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::rc::Rc;

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refused {
    /// An argument, by its place from 1, was not what it has to be.
    Argument(usize, Unfit),
    /// The function's own error, in its words.
    Error(String),
}

/// A function without its types.
#[derive(Clone)]
pub struct Native {
    /// What its parameters take, in words.
    pub parameters: Vec<String>,
    /// The name of the type of the first parameter that nothing of Rhai could ever be, such as a reference.
    pub unusable: Option<&'static str>,
    /// Calls it.
    pub call: Rc<dyn Fn(Vec<Dynamic>) -> Result<Dynamic, Refused>>,
}

/// A function whose parameters Rhai's values can be given to.
#[diagnostic::on_unimplemented(
    message = "Rhai cannot call `{Self}`",
    label = "not callable from Rhai",
    note = "a callable function has at most eight parameters, each with a type of its own (`Tensor`, not `&Tensor`) that is `Clone`"
)]
pub trait Takes<Arguments> {
    /// What it gives.
    type Given;

    /// What its parameters take, in words, and the type of the first one that cannot be given at all.
    fn parameters() -> (Vec<String>, Option<&'static str>);

    /// Calls it with as many arguments as it has parameters.
    ///
    /// # Errors
    /// The first argument that does not fit.
    fn call(&self, arguments: Vec<Dynamic>) -> Result<Self::Given, Refused>;
}

/// What a function may give that Rhai calls.
#[diagnostic::on_unimplemented(
    message = "Rhai cannot be given a `{Self}`",
    note = "derive `Clone` for it, or give it as an `Rc`"
)]
pub trait Called {
    /// It as Rhai has it.
    fn given(self) -> Dynamic;
}

impl<T: Clone + 'static> Called for T {
    fn given(self) -> Dynamic {
        convert::write(self)
    }
}

/// A function whose parameters are known, for [`Answers`].
pub struct Prepared<F, Arguments, Given> {
    function: Rc<F>,
    types: PhantomData<fn(Arguments) -> Given>,
}

/// Prepares a function; `Answers` makes a [`Native`] of it. Called by `callable!` only.
pub fn callable<F: Takes<Arguments>, Arguments>(function: F) -> Prepared<F, Arguments, F::Given> {
    Prepared { function: Rc::new(function), types: PhantomData }
}

impl<F: Takes<Arguments> + 'static, Arguments, Given> Prepared<F, Arguments, Given> {
    fn native(&self, answer: impl Fn(F::Given) -> Result<Dynamic, Refused> + 'static) -> Native {
        let function = self.function.clone();
        let (parameters, unusable) = F::parameters();
        let call = Rc::new(move |arguments: Vec<Dynamic>| function.call(arguments).and_then(&answer));
        Native { parameters, unusable, call }
    }
}

/// The three forms of a result, from the most special one: method resolution takes the first that fits when it is called on
/// `&&&Prepared`.
#[doc(hidden)]
pub mod answers {
    use super::{Called, Debug, Display, Native, Prepared, Refused, Takes};

    /// `Result` with an error that has words.
    pub trait Told {
        /// The function without its types.
        fn erased(&self) -> Native;
    }

    /// `Result` with an error that only `Debug` shows.
    pub trait Debugged {
        /// The function without its types.
        fn erased(&self) -> Native;
    }

    /// Any value.
    pub trait Plain {
        /// The function without its types.
        fn erased(&self) -> Native;
    }

    impl<F, A, T: Called, E: Display> Told for &&Prepared<F, A, Result<T, E>>
    where
        F: Takes<A, Given = Result<T, E>> + 'static,
    {
        fn erased(&self) -> Native {
            self.native(|given| given.map(T::given).map_err(|error| Refused::Error(error.to_string())))
        }
    }

    impl<F, A, T: Called, E: Debug> Debugged for &Prepared<F, A, Result<T, E>>
    where
        F: Takes<A, Given = Result<T, E>> + 'static,
    {
        fn erased(&self) -> Native {
            self.native(|given| given.map(T::given).map_err(|error| Refused::Error(format!("{error:?}"))))
        }
    }

    impl<F, A, T: Called> Plain for Prepared<F, A, T>
    where
        F: Takes<A, Given = T> + 'static,
    {
        fn erased(&self) -> Native {
            self.native(|given| Ok(given.given()))
        }
    }
}

/// One argument as the function has it.
fn argument<T: Clone + 'static>(place: usize, value: Option<Dynamic>) -> Result<T, Refused> {
    let value = value.unwrap_or(Dynamic::UNIT);
    convert::read(value, &current::type_name).map_err(|unfit| Refused::Argument(place, unfit))
}

/// A reference that Rhai could never give.
fn unusable<T>() -> Option<&'static str> {
    let name = type_name::<T>();
    name.contains('&').then_some(name)
}

macro_rules! takes {
    ($($type:ident $place:literal),*) => {
        impl<Function, Given, $($type: Clone + 'static),*> Takes<($($type,)*)> for Function
        where
            Function: Fn($($type),*) -> Given,
        {
            type Given = Given;

            fn parameters() -> (Vec<String>, Option<&'static str>) {
                (vec![$(convert::asked::<$type>()),*], None$(.or(unusable::<$type>()))*)
            }

            #[allow(unused_mut, unused_variables)] // without parameters
            fn call(&self, arguments: Vec<Dynamic>) -> Result<Given, Refused> {
                let mut arguments = arguments.into_iter();
                Ok(self($(argument::<$type>($place, arguments.next())?),*))
            }
        }
    };
}
takes!();
takes!(A 1);
takes!(A 1, B 2);
takes!(A 1, B 2, C 3);
takes!(A 1, B 2, C 3, D 4);
takes!(A 1, B 2, C 3, D 4, E 5);
takes!(A 1, B 2, C 3, D 4, E 5, F 6);
takes!(A 1, B 2, C 3, D 4, E 5, F 6, G 7);
takes!(A 1, B 2, C 3, D 4, E 5, F 6, G 7, H 8);
