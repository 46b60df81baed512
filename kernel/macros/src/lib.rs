//! The attributes that Rust cells mark things with.
//!
//! They leave what they mark as it is: whoever compiles the cell reads them (`rust-cells`). They are here so that rustc and
//! rust-analyzer know them. Read [`callable`] first.

use proc_macro::TokenStream;

/// Marks a function of a Rust cell that Rhai cells may call by its name; its documentation shows in `inspect`.
///
/// Arguments are what Rhai has (numbers, texts, truth values, tensors, nets, datasets, frames); the result is one of
/// these, nothing, or a `Result` of it.
#[proc_macro_attribute]
pub fn callable(_options: TokenStream, function: TokenStream) -> TokenStream {
    function
}
