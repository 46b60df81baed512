//! Numbers of the stand-in.

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseIntError { kind: () }
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseFloatError { kind: () }
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TryFromIntError(());
macro_rules! errors { ($($t:ty)*) => { $(
    impl crate::fmt::Display for $t { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }
    impl crate::error::Error for $t {}
)* } }
errors! { ParseIntError ParseFloatError TryFromIntError crate::str::Utf8Error crate::fmt::Error crate::convert::Infallible }
impl crate::fmt::Display for crate::str::Utf8Error { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }

macro_rules! whole { ($($t:ident)*) => { $(impl $t {
    /// The smallest value.
    pub const MIN: $t = 0;
    /// The largest value.
    pub const MAX: $t = 0;
    pub const BITS: u32 = 0;
    pub const fn pow(self, exp: u32) -> $t { loop {} }
    pub const fn isqrt(self) -> $t { loop {} }
    /// The sum; none when it does not fit.
    pub const fn checked_add(self, rhs: $t) -> Option<$t> { loop {} }
    pub const fn checked_sub(self, rhs: $t) -> Option<$t> { loop {} }
    pub const fn checked_mul(self, rhs: $t) -> Option<$t> { loop {} }
    pub const fn checked_div(self, rhs: $t) -> Option<$t> { loop {} }
    /// The sum, or the nearest value that fits.
    pub const fn saturating_add(self, rhs: $t) -> $t { loop {} }
    pub const fn saturating_sub(self, rhs: $t) -> $t { loop {} }
    pub const fn saturating_mul(self, rhs: $t) -> $t { loop {} }
    pub const fn wrapping_add(self, rhs: $t) -> $t { loop {} }
    pub const fn wrapping_sub(self, rhs: $t) -> $t { loop {} }
    pub const fn wrapping_mul(self, rhs: $t) -> $t { loop {} }
    pub const fn abs_diff(self, other: $t) -> $t { loop {} }
    pub const fn rem_euclid(self, rhs: $t) -> $t { loop {} }
    pub const fn div_euclid(self, rhs: $t) -> $t { loop {} }
    pub const fn count_ones(self) -> u32 { loop {} }
    pub const fn leading_zeros(self) -> u32 { loop {} }
    pub const fn trailing_zeros(self) -> u32 { loop {} }
    pub const fn rotate_left(self, n: u32) -> $t { loop {} }
    pub const fn ilog2(self) -> u32 { loop {} }
    pub const fn ilog10(self) -> u32 { loop {} }
    pub const fn from_str_radix(src: &str, radix: u32) -> Result<$t, ParseIntError> { loop {} }
}
impl crate::str::FromStr for $t { type Err = ParseIntError; fn from_str(s: &str) -> Result<$t, ParseIntError> { loop {} } }
)* } }
whole! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 }

macro_rules! signed { ($($t:ident)*) => { $(impl $t {
    pub const fn abs(self) -> $t { loop {} }
    pub const fn signum(self) -> $t { loop {} }
    pub const fn is_negative(self) -> bool { loop {} }
    pub const fn is_positive(self) -> bool { loop {} }
})* } }
signed! { isize i8 i16 i32 i64 i128 }

macro_rules! unsigned { ($($t:ident)*) => { $(impl $t {
    pub const fn is_power_of_two(self) -> bool { loop {} }
    pub const fn next_power_of_two(self) -> $t { loop {} }
    pub const fn div_ceil(self, rhs: $t) -> $t { loop {} }
    pub const fn next_multiple_of(self, rhs: $t) -> $t { loop {} }
})* } }
unsigned! { usize u8 u16 u32 u64 u128 }

macro_rules! narrows { ($($to:ty: $($from:ty)*;)*) => { $($(impl TryFrom<$from> for $to {
    type Error = TryFromIntError;
    fn try_from(value: $from) -> Result<$to, TryFromIntError> { loop {} }
})*)* } }
narrows! {
    u8: u16 u32 u64 usize i32 i64; u16: u32 u64 usize i32 i64; u32: u64 usize i32 i64; u64: usize i32 i64;
    usize: u32 u64 i32 i64; i32: u32 u64 usize i64; i64: u64 usize;
}

macro_rules! real { ($($t:ident $bits:ident)*) => { $(impl $t {
    pub const MIN: $t = 0.0;
    pub const MAX: $t = 0.0;
    pub const EPSILON: $t = 0.0;
    pub const INFINITY: $t = 0.0;
    pub const NEG_INFINITY: $t = 0.0;
    pub const NAN: $t = 0.0;
    pub const fn is_nan(self) -> bool { loop {} }
    pub const fn is_infinite(self) -> bool { loop {} }
    pub const fn is_finite(self) -> bool { loop {} }
    pub const fn is_sign_negative(self) -> bool { loop {} }
    pub const fn max(self, other: $t) -> $t { loop {} }
    pub const fn min(self, other: $t) -> $t { loop {} }
    pub const fn clamp(self, min: $t, max: $t) -> $t { loop {} }
    pub fn total_cmp(&self, other: &$t) -> crate::cmp::Ordering { loop {} }
    pub const fn to_bits(self) -> $bits { loop {} }
    pub const fn from_bits(v: $bits) -> $t { loop {} }
    pub const fn abs(self) -> $t { loop {} }
    pub const fn signum(self) -> $t { loop {} }
    pub const fn floor(self) -> $t { loop {} }
    pub const fn ceil(self) -> $t { loop {} }
    pub const fn round(self) -> $t { loop {} }
    pub const fn trunc(self) -> $t { loop {} }
    pub const fn fract(self) -> $t { loop {} }
    pub const fn recip(self) -> $t { loop {} }
    pub fn mul_add(self, a: $t, b: $t) -> $t { loop {} }
    pub fn rem_euclid(self, rhs: $t) -> $t { loop {} }
    pub fn powi(self, n: i32) -> $t { loop {} }
    pub fn powf(self, n: $t) -> $t { loop {} }
    pub fn sqrt(self) -> $t { loop {} }
    pub fn cbrt(self) -> $t { loop {} }
    pub fn exp(self) -> $t { loop {} }
    pub fn exp2(self) -> $t { loop {} }
    pub fn exp_m1(self) -> $t { loop {} }
    pub fn ln(self) -> $t { loop {} }
    pub fn ln_1p(self) -> $t { loop {} }
    pub fn log(self, base: $t) -> $t { loop {} }
    pub fn log2(self) -> $t { loop {} }
    pub fn log10(self) -> $t { loop {} }
    pub fn hypot(self, other: $t) -> $t { loop {} }
    pub fn sin(self) -> $t { loop {} }
    pub fn cos(self) -> $t { loop {} }
    pub fn tan(self) -> $t { loop {} }
    pub fn asin(self) -> $t { loop {} }
    pub fn acos(self) -> $t { loop {} }
    pub fn atan(self) -> $t { loop {} }
    pub fn atan2(self, other: $t) -> $t { loop {} }
    pub fn sinh(self) -> $t { loop {} }
    pub fn cosh(self) -> $t { loop {} }
    pub fn tanh(self) -> $t { loop {} }
    pub const fn to_degrees(self) -> $t { loop {} }
    pub const fn to_radians(self) -> $t { loop {} }
}
impl crate::str::FromStr for $t { type Err = ParseFloatError; fn from_str(s: &str) -> Result<$t, ParseFloatError> { loop {} } }
)* } }
real! { f32 u32 f64 u64 }
