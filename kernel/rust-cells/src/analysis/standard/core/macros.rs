//! Macros of the stand-in; the compiler's own are known to rust-analyzer by name.

#[macro_export]
macro_rules! panic { ($($arg:tt)*) => { $crate::macros::never($crate::format_args!($($arg)*)) } }
#[macro_export]
macro_rules! unreachable { ($($arg:tt)*) => { $crate::macros::never($crate::format_args!($($arg)*)) } }
#[macro_export]
macro_rules! unimplemented { ($($arg:tt)*) => { $crate::macros::never($crate::format_args!($($arg)*)) } }
#[macro_export]
macro_rules! todo { ($($arg:tt)*) => { $crate::macros::never($crate::format_args!($($arg)*)) } }
/// Panics when two values are not equal.
#[macro_export]
macro_rules! assert_eq { ($left:expr, $right:expr $(,)?) => { { let _ = $left == $right; } }; ($left:expr, $right:expr, $($arg:tt)+) => { { let _ = $left == $right; let _ = $crate::format_args!($($arg)+); } } }
/// Panics when two values are equal.
#[macro_export]
macro_rules! assert_ne { ($left:expr, $right:expr $(,)?) => { { let _ = $left == $right; } }; ($left:expr, $right:expr, $($arg:tt)+) => { { let _ = $left == $right; let _ = $crate::format_args!($($arg)+); } } }
#[macro_export]
macro_rules! debug_assert { ($($arg:tt)*) => { $crate::assert!($($arg)*) } }
#[macro_export]
macro_rules! debug_assert_eq { ($($arg:tt)*) => { $crate::assert_eq!($($arg)*) } }
/// Whether a value fits a pattern.
#[macro_export]
macro_rules! matches { ($expression:expr, $pattern:pat $(if $guard:expr)? $(,)?) => { match $expression { $pattern $(if $guard)? => true, _ => false } } }
/// Writes formatted text.
#[macro_export]
macro_rules! write { ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) } }
#[macro_export]
macro_rules! writeln { ($dst:expr $(,)?) => { $dst.write_fmt($crate::format_args!("\n")) }; ($dst:expr, $($arg:tt)*) => { $dst.write_fmt($crate::format_args!($($arg)*)) } }

pub fn never(message: crate::fmt::Arguments<'_>) -> ! { loop {} }

#[rustc_builtin_macro]
#[macro_export]
macro_rules! assert { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! format_args { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! concat { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! stringify { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! line { () => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! column { () => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! file { () => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! module_path { () => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! cfg { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! env { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! option_env { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! include { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! include_str { ($($arg:tt)*) => {} }
#[rustc_builtin_macro]
#[macro_export]
macro_rules! include_bytes { ($($arg:tt)*) => {} }

pub(crate) use {assert, cfg, column, concat, env, file, format_args, include, include_bytes, include_str, line, module_path, option_env, stringify};

pub mod builtin {
    #[rustc_builtin_macro]
    pub macro derive($item:item) {}
    #[rustc_builtin_macro]
    pub macro test($item:item) {}
    #[rustc_builtin_macro]
    pub macro global_allocator($item:item) {}
}
