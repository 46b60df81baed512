//! What makes a crate a plugin: [`plugin!`](crate::plugin).
//!
//! The worker's `rust_crate` is the other side; neither it nor the builder may be known here, so the variables and the mark
//! are spelled out, and a test builds a crate. Read the macro.

/// Makes this crate a plugin of Candlewick: `candlewick::plugin!(EXPRESSION);`, whose value is the plugin.
///
/// Writes a record of the build into the compiled file, plain bytes that are compared before any of its code is called,
/// and the one function that is called afterwards. Only a build by Candlewick knows what to write.
#[macro_export]
macro_rules! plugin {
    ($new:expr) => {
        const CANDLEWICK_RECORD_TEXT: &str = concat!(
            "candlewick plugin record 1: ",
            env!("CANDLEWICK_RUSTC", "run `candlewick plugins test` instead of cargo"),
            "\0",
            env!("CANDLEWICK_LIBRARY", "run `candlewick plugins test` instead of cargo"),
            "\0"
        );

        #[used]
        #[unsafe(no_mangle)]
        static CANDLEWICK_PLUGIN_RECORD: [u8; CANDLEWICK_RECORD_TEXT.len()] =
            match CANDLEWICK_RECORD_TEXT.as_bytes().first_chunk() {
                Some(bytes) => *bytes,
                None => [0; CANDLEWICK_RECORD_TEXT.len()],
            };

        #[unsafe(no_mangle)]
        fn candlewick_plugin() -> ::std::boxed::Box<dyn $crate::plugin_api::Plugin> {
            ::std::boxed::Box::new($new)
        }
    };
}
