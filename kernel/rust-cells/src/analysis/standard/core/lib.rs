//! A stand-in for the crate `core`, our own text, read by completion and hover where the component rust-src is missing.
//!
//! It has what cells use most, with signatures as in Rust's own library; bodies are left out. Never compiled.

#![feature(arbitrary_self_types, auto_traits, decl_macro, fundamental, lang_items, never_type, prelude_import, rustc_attrs, unboxed_closures)]
#![no_core]
#![allow(unused)]

#[prelude_import]
use prelude::rust_2024::*;

pub mod marker {
    #[lang = "pointee_sized"]
    pub trait PointeeSized {}
    #[lang = "meta_sized"]
    pub trait MetaSized: PointeeSized {}
    /// Types whose size is known when they are compiled.
    #[lang = "sized"]
    pub trait Sized: MetaSized {}
    #[lang = "unsize"]
    pub trait Unsize<T: ?Sized> {}
    /// Types whose values are copied by copying their bytes.
    #[lang = "copy"]
    pub trait Copy: Clone {}
    #[rustc_builtin_macro]
    pub macro Copy($item:item) {}
    /// Types that may be sent to another thread.
    pub unsafe auto trait Send {}
    /// Types that may be shared by threads.
    #[lang = "sync"]
    pub unsafe auto trait Sync {}
    #[lang = "unpin"]
    pub auto trait Unpin {}
    #[lang = "tuple_trait"]
    pub trait Tuple {}
    #[lang = "destruct"]
    pub trait Destruct {}
    #[lang = "discriminant_kind"]
    pub trait DiscriminantKind {
        #[lang = "discriminant_type"]
        type Discriminant;
    }
    /// A type parameter that is not used otherwise.
    #[lang = "phantom_data"]
    pub struct PhantomData<T: ?Sized>;
    macro_rules! copies { ($($t:ty)*) => { $(impl Copy for $t {})* } }
    copies! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char ! }
    impl<T: ?Sized> Copy for &T {}
    impl<T: ?Sized> Copy for *const T {}
    impl<T: ?Sized> Copy for *mut T {}
    impl<T: ?Sized> Copy for PhantomData<T> {}
}

pub mod clone {
    /// Types whose values can be made twice.
    #[lang = "clone"]
    pub trait Clone: Sized {
        /// Another value like this one.
        fn clone(&self) -> Self;
        /// Makes this value like another one.
        fn clone_from(&mut self, source: &Self) {}
    }
    #[rustc_builtin_macro]
    pub macro Clone($item:item) {}
    macro_rules! clones { ($($t:ty)*) => { $(impl Clone for $t { fn clone(&self) -> Self { loop {} } })* } }
    clones! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char ! }
    impl<T: ?Sized> Clone for &T { fn clone(&self) -> Self { loop {} } }
    impl<T: ?Sized> Clone for *const T { fn clone(&self) -> Self { loop {} } }
    impl<T: ?Sized> Clone for *mut T { fn clone(&self) -> Self { loop {} } }
    impl<T: ?Sized> Clone for crate::marker::PhantomData<T> { fn clone(&self) -> Self { loop {} } }
}

pub mod default {
    /// Types with a value to begin with.
    pub trait Default: Sized {
        /// The value.
        fn default() -> Self;
    }
    #[rustc_builtin_macro(Default, attributes(default))]
    pub macro Default($item:item) {}
    macro_rules! defaults { ($($t:ty)*) => { $(impl Default for $t { fn default() -> Self { loop {} } })* } }
    defaults! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char () &str }
    impl<T> Default for Option<T> { fn default() -> Self { loop {} } }
    impl<T: Default, const N: usize> Default for [T; N] { fn default() -> Self { loop {} } }
}

pub mod hash {
    pub trait Hasher { fn finish(&self) -> u64; fn write(&mut self, bytes: &[u8]); }
    /// Types that can be keys of a `HashMap`.
    pub trait Hash { fn hash<H: Hasher>(&self, state: &mut H); }
    pub(crate) mod derive { #[rustc_builtin_macro] pub macro Hash($item:item) {} }
    pub use derive::Hash;
    macro_rules! hashes { ($($t:ty)*) => { $(impl Hash for $t { fn hash<H: Hasher>(&self, state: &mut H) {} })* } }
    hashes! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 bool char str }
    impl<T: Hash + ?Sized> Hash for &T { fn hash<H: Hasher>(&self, state: &mut H) {} }
}

pub mod cmp {
    /// How two values stand to each other.
    #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
    pub enum Ordering { Less = -1, Equal = 0, Greater = 1 }
    pub use Ordering::*;
    impl Ordering {
        /// The other way round.
        pub const fn reverse(self) -> Ordering { loop {} }
        /// This one, or another one when this is `Equal`.
        pub const fn then(self, other: Ordering) -> Ordering { loop {} }
        pub fn then_with<F: FnOnce() -> Ordering>(self, f: F) -> Ordering { loop {} }
        pub const fn is_lt(self) -> bool { loop {} }
        pub const fn is_gt(self) -> bool { loop {} }
        pub const fn is_eq(self) -> bool { loop {} }
    }
    /// A value that orders the other way round.
    #[derive(Clone, Copy, PartialEq, Eq, Debug)]
    pub struct Reverse<T>(pub T);
    /// Types that can be compared with `==`.
    #[lang = "eq"]
    pub trait PartialEq<Rhs: ?Sized = Self> {
        fn eq(&self, other: &Rhs) -> bool;
        fn ne(&self, other: &Rhs) -> bool { loop {} }
    }
    pub trait Eq: PartialEq<Self> {}
    /// Types that can be compared with `<`.
    #[lang = "partial_ord"]
    pub trait PartialOrd<Rhs: ?Sized = Self>: PartialEq<Rhs> {
        fn partial_cmp(&self, other: &Rhs) -> Option<Ordering>;
        fn lt(&self, other: &Rhs) -> bool { loop {} }
        fn le(&self, other: &Rhs) -> bool { loop {} }
        fn gt(&self, other: &Rhs) -> bool { loop {} }
        fn ge(&self, other: &Rhs) -> bool { loop {} }
    }
    /// Types whose values have one order.
    pub trait Ord: Eq + PartialOrd<Self> {
        fn cmp(&self, other: &Self) -> Ordering;
        fn max(self, other: Self) -> Self where Self: Sized { loop {} }
        fn min(self, other: Self) -> Self where Self: Sized { loop {} }
        fn clamp(self, min: Self, max: Self) -> Self where Self: Sized { loop {} }
    }
    #[rustc_builtin_macro]
    pub macro PartialEq($item:item) {}
    #[rustc_builtin_macro]
    pub macro Eq($item:item) {}
    #[rustc_builtin_macro]
    pub macro PartialOrd($item:item) {}
    #[rustc_builtin_macro]
    pub macro Ord($item:item) {}
    /// The larger of two.
    pub fn max<T: Ord>(v1: T, v2: T) -> T { loop {} }
    /// The smaller of two.
    pub fn min<T: Ord>(v1: T, v2: T) -> T { loop {} }
    macro_rules! compares { ($($t:ty)*) => { $(
        impl PartialEq for $t { fn eq(&self, other: &$t) -> bool { loop {} } }
        impl PartialOrd for $t { fn partial_cmp(&self, other: &$t) -> Option<Ordering> { loop {} } }
    )* } }
    compares! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char str () }
    macro_rules! orders { ($($t:ty)*) => { $(
        impl Eq for $t {}
        impl Ord for $t { fn cmp(&self, other: &$t) -> Ordering { loop {} } }
    )* } }
    orders! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 bool char str () }
    impl<A: ?Sized + PartialEq<B>, B: ?Sized> PartialEq<&B> for &A { fn eq(&self, other: &&B) -> bool { loop {} } }
    impl<A: ?Sized + PartialOrd<B>, B: ?Sized> PartialOrd<&B> for &A {
        fn partial_cmp(&self, other: &&B) -> Option<Ordering> { loop {} }
    }
    impl<T: PartialEq<U>, U> PartialEq<[U]> for [T] { fn eq(&self, other: &[U]) -> bool { loop {} } }
    impl<T: PartialEq<U>, U, const N: usize> PartialEq<[U; N]> for [T; N] { fn eq(&self, other: &[U; N]) -> bool { loop {} } }
}

pub mod ops {
    macro_rules! operators_for { ($($name:ident $call:ident $name2:ident $call2:ident),* : $types:tt) => {
        $(operators_for! { @ $name $call $name2 $call2 $types })*
    }; (@ $name:ident $call:ident $name2:ident $call2:ident ($($t:ty)*)) => { $(
        impl $name for $t { type Output = $t; fn $call(self, rhs: $t) -> $t { loop {} } }
        impl $name<&$t> for $t { type Output = $t; fn $call(self, rhs: &$t) -> $t { loop {} } }
        impl $name<$t> for &$t { type Output = $t; fn $call(self, rhs: $t) -> $t { loop {} } }
        impl $name<&$t> for &$t { type Output = $t; fn $call(self, rhs: &$t) -> $t { loop {} } }
        impl $name2 for $t { fn $call2(&mut self, rhs: $t) {} }
    )* } }
    #[lang = "add"]
    pub trait Add<Rhs = Self> { type Output; fn add(self, rhs: Rhs) -> Self::Output; }
    #[lang = "sub"]
    pub trait Sub<Rhs = Self> { type Output; fn sub(self, rhs: Rhs) -> Self::Output; }
    #[lang = "mul"]
    pub trait Mul<Rhs = Self> { type Output; fn mul(self, rhs: Rhs) -> Self::Output; }
    #[lang = "div"]
    pub trait Div<Rhs = Self> { type Output; fn div(self, rhs: Rhs) -> Self::Output; }
    #[lang = "rem"]
    pub trait Rem<Rhs = Self> { type Output; fn rem(self, rhs: Rhs) -> Self::Output; }
    #[lang = "bitand"]
    pub trait BitAnd<Rhs = Self> { type Output; fn bitand(self, rhs: Rhs) -> Self::Output; }
    #[lang = "bitor"]
    pub trait BitOr<Rhs = Self> { type Output; fn bitor(self, rhs: Rhs) -> Self::Output; }
    #[lang = "bitxor"]
    pub trait BitXor<Rhs = Self> { type Output; fn bitxor(self, rhs: Rhs) -> Self::Output; }
    #[lang = "shl"]
    pub trait Shl<Rhs = Self> { type Output; fn shl(self, rhs: Rhs) -> Self::Output; }
    #[lang = "shr"]
    pub trait Shr<Rhs = Self> { type Output; fn shr(self, rhs: Rhs) -> Self::Output; }
    #[lang = "add_assign"]
    pub trait AddAssign<Rhs = Self> { fn add_assign(&mut self, rhs: Rhs); }
    #[lang = "sub_assign"]
    pub trait SubAssign<Rhs = Self> { fn sub_assign(&mut self, rhs: Rhs); }
    #[lang = "mul_assign"]
    pub trait MulAssign<Rhs = Self> { fn mul_assign(&mut self, rhs: Rhs); }
    #[lang = "div_assign"]
    pub trait DivAssign<Rhs = Self> { fn div_assign(&mut self, rhs: Rhs); }
    #[lang = "rem_assign"]
    pub trait RemAssign<Rhs = Self> { fn rem_assign(&mut self, rhs: Rhs); }
    operators_for! {
        Add add AddAssign add_assign, Sub sub SubAssign sub_assign, Mul mul MulAssign mul_assign,
        Div div DivAssign div_assign, Rem rem RemAssign rem_assign
        : (usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64)
    }
    #[lang = "not"]
    pub trait Not { type Output; fn not(self) -> Self::Output; }
    #[lang = "neg"]
    pub trait Neg { type Output; fn neg(self) -> Self::Output; }
    macro_rules! negatives { ($($t:ty)*) => { $(impl Neg for $t { type Output = $t; fn neg(self) -> $t { loop {} } })* } }
    negatives! { isize i8 i16 i32 i64 i128 f32 f64 }
    macro_rules! complements { ($($t:ty)*) => { $(impl Not for $t { type Output = $t; fn not(self) -> $t { loop {} } })* } }
    complements! { bool usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 }
    #[lang = "deref"]
    pub trait Deref {
        #[lang = "deref_target"]
        type Target: ?Sized;
        fn deref(&self) -> &Self::Target;
    }
    #[lang = "deref_mut"]
    pub trait DerefMut: Deref { fn deref_mut(&mut self) -> &mut Self::Target; }
    #[lang = "receiver"]
    pub trait Receiver {
        #[lang = "receiver_target"]
        type Target: ?Sized;
    }
    impl<P: Deref<Target = T> + ?Sized, T: ?Sized> Receiver for P { type Target = T; }
    impl<T: ?Sized> Deref for &T { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized> Deref for &mut T { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized> DerefMut for &mut T { fn deref_mut(&mut self) -> &mut T { loop {} } }
    #[lang = "coerce_unsized"]
    pub trait CoerceUnsized<T: ?Sized> {}
    impl<'a, 'b: 'a, T: ?Sized + crate::marker::Unsize<U>, U: ?Sized> CoerceUnsized<&'a U> for &'b T {}
    impl<'a, T: ?Sized + crate::marker::Unsize<U>, U: ?Sized> CoerceUnsized<&'a mut U> for &'a mut T {}
    #[lang = "dispatch_from_dyn"]
    pub trait DispatchFromDyn<T> {}
    /// What happens when a value goes.
    #[lang = "drop"]
    pub trait Drop { fn drop(&mut self); }
    #[lang = "index"]
    pub trait Index<Idx: ?Sized> { type Output: ?Sized; fn index(&self, index: Idx) -> &Self::Output; }
    #[lang = "index_mut"]
    pub trait IndexMut<Idx: ?Sized>: Index<Idx> { fn index_mut(&mut self, index: Idx) -> &mut Self::Output; }
    impl<T, I: crate::slice::SliceIndex<[T]>> Index<I> for [T] { type Output = I::Output; fn index(&self, index: I) -> &I::Output { loop {} } }
    impl<T, I: crate::slice::SliceIndex<[T]>> IndexMut<I> for [T] { fn index_mut(&mut self, index: I) -> &mut I::Output { loop {} } }
    impl<T, I: crate::slice::SliceIndex<[T]>, const N: usize> Index<I> for [T; N] { type Output = I::Output; fn index(&self, index: I) -> &I::Output { loop {} } }
    impl<T, I: crate::slice::SliceIndex<[T]>, const N: usize> IndexMut<I> for [T; N] { fn index_mut(&mut self, index: I) -> &mut I::Output { loop {} } }
    impl<I: crate::slice::SliceIndex<str>> Index<I> for str { type Output = I::Output; fn index(&self, index: I) -> &I::Output { loop {} } }
    #[lang = "RangeFull"]
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RangeFull;
    /// `start..end`
    #[lang = "Range"]
    #[derive(Clone, Debug, PartialEq)]
    pub struct Range<Idx> { pub start: Idx, pub end: Idx }
    #[lang = "RangeFrom"]
    #[derive(Clone, Debug, PartialEq)]
    pub struct RangeFrom<Idx> { pub start: Idx }
    #[lang = "RangeTo"]
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RangeTo<Idx> { pub end: Idx }
    /// `start..=end`
    #[lang = "RangeInclusive"]
    #[derive(Clone, Debug, PartialEq)]
    pub struct RangeInclusive<Idx> { pub(crate) start: Idx, pub(crate) end: Idx, pub(crate) exhausted: bool }
    #[lang = "RangeToInclusive"]
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub struct RangeToInclusive<Idx> { pub end: Idx }
    impl<Idx: PartialOrd<Idx>> Range<Idx> {
        pub fn contains(&self, item: &Idx) -> bool { loop {} }
        pub fn is_empty(&self) -> bool { loop {} }
    }
    impl<Idx: PartialOrd<Idx>> RangeInclusive<Idx> {
        pub const fn new(start: Idx, end: Idx) -> Self { loop {} }
        pub const fn start(&self) -> &Idx { loop {} }
        pub const fn end(&self) -> &Idx { loop {} }
        pub fn contains(&self, item: &Idx) -> bool { loop {} }
    }
    /// The end of a range.
    #[derive(Clone, Copy, Debug)]
    pub enum Bound<T> { Included(T), Excluded(T), Unbounded }
    pub trait RangeBounds<T: ?Sized> {
        fn start_bound(&self) -> Bound<&T>;
        fn end_bound(&self) -> Bound<&T>;
        fn contains<U: ?Sized>(&self, item: &U) -> bool { loop {} }
    }
    macro_rules! bounds { ($($t:ident)*) => { $(impl<T> RangeBounds<T> for $t<T> {
        fn start_bound(&self) -> Bound<&T> { loop {} }
        fn end_bound(&self) -> Bound<&T> { loop {} }
    })* } }
    bounds! { Range RangeFrom RangeTo RangeInclusive RangeToInclusive }
    impl<T: ?Sized> RangeBounds<T> for RangeFull {
        fn start_bound(&self) -> Bound<&T> { loop {} }
        fn end_bound(&self) -> Bound<&T> { loop {} }
    }
    #[lang = "fn_once"]
    #[fundamental]
    pub trait FnOnce<Args: crate::marker::Tuple> {
        #[lang = "fn_once_output"]
        type Output;
        extern "rust-call" fn call_once(self, args: Args) -> Self::Output;
    }
    #[lang = "fn_mut"]
    #[fundamental]
    pub trait FnMut<Args: crate::marker::Tuple>: FnOnce<Args> { extern "rust-call" fn call_mut(&mut self, args: Args) -> Self::Output; }
    #[lang = "fn"]
    #[fundamental]
    pub trait Fn<Args: crate::marker::Tuple>: FnMut<Args> { extern "rust-call" fn call(&self, args: Args) -> Self::Output; }
    /// Whether to go on.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum ControlFlow<B, C = ()> {
        #[lang = "Continue"]
        Continue(C),
        #[lang = "Break"]
        Break(B),
    }
    #[lang = "FromResidual"]
    pub trait FromResidual<R = <Self as Try>::Residual> {
        #[lang = "from_residual"]
        fn from_residual(residual: R) -> Self;
    }
    #[lang = "Try"]
    pub trait Try: FromResidual<Self::Residual> {
        type Output;
        type Residual;
        #[lang = "from_output"]
        fn from_output(output: Self::Output) -> Self;
        #[lang = "branch"]
        fn branch(self) -> ControlFlow<Self::Residual, Self::Output>;
    }
    impl<T> Try for Option<T> {
        type Output = T;
        type Residual = Option<crate::convert::Infallible>;
        fn from_output(output: T) -> Self { loop {} }
        fn branch(self) -> ControlFlow<Self::Residual, T> { loop {} }
    }
    impl<T> FromResidual<Option<crate::convert::Infallible>> for Option<T> {
        fn from_residual(residual: Option<crate::convert::Infallible>) -> Self { loop {} }
    }
    impl<T, E> Try for Result<T, E> {
        type Output = T;
        type Residual = Result<crate::convert::Infallible, E>;
        fn from_output(output: T) -> Self { loop {} }
        fn branch(self) -> ControlFlow<Self::Residual, T> { loop {} }
    }
    impl<T, E, F: From<E>> FromResidual<Result<crate::convert::Infallible, E>> for Result<T, F> {
        fn from_residual(residual: Result<crate::convert::Infallible, E>) -> Self { loop {} }
    }
}

pub mod convert {
    /// An error that cannot happen.
    #[derive(Clone, Copy, Debug, PartialEq)]
    pub enum Infallible {}
    pub trait From<T>: Sized { fn from(value: T) -> Self; }
    pub trait Into<T>: Sized { fn into(self) -> T; }
    pub trait TryFrom<T>: Sized { type Error; fn try_from(value: T) -> Result<Self, Self::Error>; }
    pub trait TryInto<T>: Sized { type Error; fn try_into(self) -> Result<T, Self::Error>; }
    pub trait AsRef<T: ?Sized> { fn as_ref(&self) -> &T; }
    pub trait AsMut<T: ?Sized> { fn as_mut(&mut self) -> &mut T; }
    impl<T> From<T> for T { fn from(value: T) -> T { loop {} } }
    impl<T, U: From<T>> Into<U> for T { fn into(self) -> U { loop {} } }
    impl<T, U: Into<T>> TryFrom<U> for T { type Error = Infallible; fn try_from(value: U) -> Result<T, Infallible> { loop {} } }
    impl<T, U: TryFrom<T>> TryInto<U> for T { type Error = U::Error; fn try_into(self) -> Result<U, U::Error> { loop {} } }
    impl<T: ?Sized + AsRef<U>, U: ?Sized> AsRef<U> for &T { fn as_ref(&self) -> &U { loop {} } }
    impl<T> AsRef<[T]> for [T] { fn as_ref(&self) -> &[T] { loop {} } }
    impl AsRef<str> for str { fn as_ref(&self) -> &str { loop {} } }
    macro_rules! widens { ($($to:ty: $($from:ty)*;)*) => { $($(impl From<$from> for $to { fn from(value: $from) -> $to { loop {} } })*)* } }
    widens! {
        u16: u8 bool; u32: u8 u16 char bool; u64: u8 u16 u32 bool; usize: u8 u16 bool; i16: u8 i8; i32: u8 i8 u16 i16 bool;
        i64: u8 i8 u16 i16 u32 i32 bool; f32: u8 i8 u16 i16; f64: u8 i8 u16 i16 u32 i32 f32; char: u8;
    }
}

pub mod borrow {
    pub trait Borrow<Borrowed: ?Sized> { fn borrow(&self) -> &Borrowed; }
    impl<T: ?Sized> Borrow<T> for T { fn borrow(&self) -> &T { loop {} } }
    impl<T: ?Sized> Borrow<T> for &T { fn borrow(&self) -> &T { loop {} } }
}

pub mod mem {
    /// The size of a type, in bytes.
    pub const fn size_of<T>() -> usize { loop {} }
    pub fn size_of_val<T: ?Sized>(val: &T) -> usize { loop {} }
    /// Puts a value in a place and gives what was there.
    pub fn replace<T>(dest: &mut T, src: T) -> T { loop {} }
    /// Puts the default value in a place and gives what was there.
    pub fn take<T: Default>(dest: &mut T) -> T { loop {} }
    pub fn swap<T>(x: &mut T, y: &mut T) {}
    /// Lets a value go.
    pub fn drop<T>(_x: T) {}
    pub fn forget<T>(t: T) {}
}

pub mod any {
    pub trait Any: 'static { fn type_id(&self) -> TypeId; }
    impl<T: 'static + ?Sized> Any for T { fn type_id(&self) -> TypeId { loop {} } }
    #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
    pub struct TypeId { t: u128 }
    impl TypeId { pub const fn of<T: ?Sized + 'static>() -> TypeId { loop {} } }
    impl dyn Any {
        pub fn is<T: Any>(&self) -> bool { loop {} }
        pub fn downcast_ref<T: Any>(&self) -> Option<&T> { loop {} }
        pub fn downcast_mut<T: Any>(&mut self) -> Option<&mut T> { loop {} }
    }
    /// The name of a type, for people.
    pub const fn type_name<T: ?Sized>() -> &'static str { loop {} }
    pub fn type_name_of_val<T: ?Sized>(_val: &T) -> &'static str { loop {} }
}

pub mod error {
    /// What went wrong.
    pub trait Error: crate::fmt::Debug + crate::fmt::Display {
        fn source(&self) -> Option<&(dyn Error + 'static)> { loop {} }
        fn description(&self) -> &str { loop {} }
    }
}

pub mod fmt {
    pub struct Error;
    pub type Result = crate::result::Result<(), Error>;
    /// Where formatted text goes.
    #[lang = "Formatter"]
    pub struct Formatter<'a> { buf: &'a mut dyn Write }
    impl<'a> Formatter<'a> {
        pub fn write_str(&mut self, data: &str) -> Result { loop {} }
        pub fn write_fmt(&mut self, fmt: Arguments<'_>) -> Result { loop {} }
        pub fn alternate(&self) -> bool { loop {} }
        pub fn width(&self) -> Option<usize> { loop {} }
        pub fn precision(&self) -> Option<usize> { loop {} }
        pub fn pad(&mut self, s: &str) -> Result { loop {} }
    }
    #[lang = "format_arguments"]
    #[derive(Clone, Copy)]
    pub struct Arguments<'a> { pieces: &'a [&'static str] }
    pub trait Write { fn write_str(&mut self, s: &str) -> Result; fn write_fmt(&mut self, args: Arguments<'_>) -> Result { loop {} } }
    macro_rules! formats { ($($name:ident)*) => { $(pub trait $name { fn fmt(&self, f: &mut Formatter<'_>) -> Result; })* } }
    formats! { LowerExp LowerHex UpperHex Binary Octal Pointer }
    /// `{}`
    pub trait Display { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    /// `{:?}`
    pub trait Debug { fn fmt(&self, f: &mut Formatter<'_>) -> Result; }
    pub(crate) mod derive { #[rustc_builtin_macro] pub macro Debug($item:item) {} }
    pub use derive::Debug;
    macro_rules! shows { ($($t:ty)*) => { $(
        impl Display for $t { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
        impl Debug for $t { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
    )* } }
    shows! { usize u8 u16 u32 u64 u128 isize i8 i16 i32 i64 i128 f32 f64 bool char str Arguments<'_> Error }
    impl<T: Display + ?Sized> Display for &T { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
    impl<T: Debug + ?Sized> Debug for &T { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
    impl<T: Debug> Debug for [T] { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
    impl Debug for () { fn fmt(&self, f: &mut Formatter<'_>) -> Result { loop {} } }
}

pub mod option;
pub mod result;
pub mod iter;
pub mod slice;
pub mod num;

/// Text, UTF-8.
pub mod str {
    pub trait FromStr: Sized { type Err; fn from_str(s: &str) -> Result<Self, Self::Err>; }
    #[derive(Clone, Debug, PartialEq)]
    pub struct Utf8Error { valid_up_to: usize }
    pub const fn from_utf8(v: &[u8]) -> Result<&str, Utf8Error> { loop {} }
    pub trait Pattern {}
    impl Pattern for char {}
    impl Pattern for &str {}
    impl<F: FnMut(char) -> bool> Pattern for F {}
    impl<const N: usize> Pattern for [char; N] {}
    impl Pattern for &[char] {}
    macro_rules! pieces { ($($name:ident: $item:ty;)*) => { $(
        #[derive(Clone, Debug)]
        pub struct $name<'a>(&'a str);
        impl<'a> Iterator for $name<'a> { type Item = $item; fn next(&mut self) -> Option<$item> { loop {} } }
    )* } }
    pieces! { Chars: char; CharIndices: (usize, char); Bytes: u8; Lines: &'a str; SplitWhitespace: &'a str; Split: &'a str; Matches: &'a str; }
    impl<'a> DoubleEndedIterator for Chars<'a> { fn next_back(&mut self) -> Option<char> { loop {} } }
    impl str {
        /// How long it is, in bytes.
        pub const fn len(&self) -> usize { loop {} }
        pub const fn is_empty(&self) -> bool { loop {} }
        pub const fn as_bytes(&self) -> &[u8] { loop {} }
        pub fn chars(&self) -> Chars<'_> { loop {} }
        pub fn char_indices(&self) -> CharIndices<'_> { loop {} }
        pub fn bytes(&self) -> Bytes<'_> { loop {} }
        pub fn lines(&self) -> Lines<'_> { loop {} }
        pub fn split_whitespace(&self) -> SplitWhitespace<'_> { loop {} }
        pub fn contains<P: Pattern>(&self, pat: P) -> bool { loop {} }
        pub fn starts_with<P: Pattern>(&self, pat: P) -> bool { loop {} }
        pub fn ends_with<P: Pattern>(&self, pat: P) -> bool { loop {} }
        pub fn find<P: Pattern>(&self, pat: P) -> Option<usize> { loop {} }
        pub fn rfind<P: Pattern>(&self, pat: P) -> Option<usize> { loop {} }
        pub fn split<P: Pattern>(&self, pat: P) -> Split<'_> { loop {} }
        pub fn splitn<P: Pattern>(&self, n: usize, pat: P) -> Split<'_> { loop {} }
        pub fn matches<P: Pattern>(&self, pat: P) -> Matches<'_> { loop {} }
        pub fn split_once<P: Pattern>(&self, delimiter: P) -> Option<(&str, &str)> { loop {} }
        pub fn rsplit_once<P: Pattern>(&self, delimiter: P) -> Option<(&str, &str)> { loop {} }
        pub fn strip_prefix<P: Pattern>(&self, prefix: P) -> Option<&str> { loop {} }
        pub fn strip_suffix<P: Pattern>(&self, suffix: P) -> Option<&str> { loop {} }
        pub fn trim(&self) -> &str { loop {} }
        pub fn trim_start(&self) -> &str { loop {} }
        pub fn trim_end(&self) -> &str { loop {} }
        pub fn trim_matches<P: Pattern>(&self, pat: P) -> &str { loop {} }
        /// Reads a value, such as a number.
        pub fn parse<F: FromStr>(&self) -> Result<F, F::Err> { loop {} }
        pub fn get<I: crate::slice::SliceIndex<str>>(&self, i: I) -> Option<&I::Output> { loop {} }
        pub const fn is_char_boundary(&self, index: usize) -> bool { loop {} }
        pub fn split_at(&self, mid: usize) -> (&str, &str) { loop {} }
        pub const fn eq_ignore_ascii_case(&self, other: &str) -> bool { loop {} }
        pub const fn is_ascii(&self) -> bool { loop {} }
    }
}

pub mod char {
    impl char {
        pub const MAX: char = '\u{10ffff}';
        pub fn is_alphabetic(self) -> bool { loop {} }
        pub fn is_alphanumeric(self) -> bool { loop {} }
        pub fn is_numeric(self) -> bool { loop {} }
        pub fn is_whitespace(self) -> bool { loop {} }
        pub fn is_uppercase(self) -> bool { loop {} }
        pub fn is_lowercase(self) -> bool { loop {} }
        pub const fn is_ascii_digit(&self) -> bool { loop {} }
        pub const fn is_ascii(&self) -> bool { loop {} }
        pub const fn to_ascii_lowercase(&self) -> char { loop {} }
        pub const fn to_ascii_uppercase(&self) -> char { loop {} }
        pub const fn to_digit(self, radix: u32) -> Option<u32> { loop {} }
        pub const fn from_u32(i: u32) -> Option<char> { loop {} }
        pub const fn from_digit(num: u32, radix: u32) -> Option<char> { loop {} }
        pub const fn len_utf8(self) -> usize { loop {} }
    }
}

pub mod bool {
    impl bool {
        /// `Some(t)` when true.
        pub fn then_some<T>(self, t: T) -> Option<T> { loop {} }
        /// `Some(f())` when true.
        pub fn then<T, F: FnOnce() -> T>(self, f: F) -> Option<T> { loop {} }
    }
}

pub mod array {
    impl<T, const N: usize> [T; N] {
        /// An array of what a function gives for each element.
        pub fn map<F: FnMut(T) -> U, U>(self, f: F) -> [U; N] { loop {} }
        pub const fn as_slice(&self) -> &[T] { loop {} }
        pub fn each_ref(&self) -> [&T; N] { loop {} }
    }
    #[derive(Clone)]
    pub struct IntoIter<T, const N: usize>([T; N]);
    impl<T, const N: usize> Iterator for IntoIter<T, N> { type Item = T; fn next(&mut self) -> Option<T> { loop {} } }
    impl<T, const N: usize> IntoIterator for [T; N] { type Item = T; type IntoIter = IntoIter<T, N>; fn into_iter(self) -> IntoIter<T, N> { loop {} } }
    impl<'a, T, const N: usize> IntoIterator for &'a [T; N] { type Item = &'a T; type IntoIter = crate::slice::Iter<'a, T>; fn into_iter(self) -> crate::slice::Iter<'a, T> { loop {} } }
    impl<T: Clone, const N: usize> Clone for [T; N] { fn clone(&self) -> Self { loop {} } }
    impl<T: Copy, const N: usize> Copy for [T; N] {}
    impl<T: crate::fmt::Debug, const N: usize> crate::fmt::Debug for [T; N] { fn fmt(&self, f: &mut crate::fmt::Formatter<'_>) -> crate::fmt::Result { loop {} } }
    impl<T, const N: usize> AsRef<[T]> for [T; N] { fn as_ref(&self) -> &[T] { loop {} } }
    pub fn from_fn<T, const N: usize, F: FnMut(usize) -> T>(f: F) -> [T; N] { loop {} }
}

pub mod cell {
    /// A place whose value can be replaced though it is shared.
    pub struct Cell<T: ?Sized> { value: T }
    impl<T> Cell<T> {
        pub const fn new(value: T) -> Cell<T> { loop {} }
        pub fn set(&self, val: T) {}
        pub fn replace(&self, val: T) -> T { loop {} }
        pub fn into_inner(self) -> T { loop {} }
    }
    impl<T: Copy> Cell<T> { pub fn get(&self) -> T { loop {} } }
    impl<T: Default> Cell<T> { pub fn take(&self) -> T { loop {} } }
    /// A place whose value can be changed though it is shared; borrows are counted while the program runs.
    pub struct RefCell<T: ?Sized> { value: T }
    impl<T> RefCell<T> {
        pub const fn new(value: T) -> RefCell<T> { loop {} }
        pub fn into_inner(self) -> T { loop {} }
        pub fn replace(&self, t: T) -> T { loop {} }
    }
    impl<T: ?Sized> RefCell<T> {
        pub fn borrow(&self) -> Ref<'_, T> { loop {} }
        pub fn borrow_mut(&self) -> RefMut<'_, T> { loop {} }
    }
    pub struct Ref<'b, T: ?Sized + 'b>(&'b T);
    impl<T: ?Sized> crate::ops::Deref for Ref<'_, T> { type Target = T; fn deref(&self) -> &T { loop {} } }
    pub struct RefMut<'b, T: ?Sized + 'b>(&'b mut T);
    impl<T: ?Sized> crate::ops::Deref for RefMut<'_, T> { type Target = T; fn deref(&self) -> &T { loop {} } }
    impl<T: ?Sized> crate::ops::DerefMut for RefMut<'_, T> { fn deref_mut(&mut self) -> &mut T { loop {} } }
}

pub mod pin {
    #[lang = "pin"]
    pub struct Pin<Ptr> { pub pointer: Ptr }
}

pub mod future {
    #[lang = "future_trait"]
    pub trait Future {
        #[lang = "future_output"]
        type Output;
        #[lang = "poll"]
        fn poll(self: crate::pin::Pin<&mut Self>, cx: &mut crate::task::Context<'_>) -> crate::task::Poll<Self::Output>;
    }
    pub trait IntoFuture { type Output; type IntoFuture: Future<Output = Self::Output>; fn into_future(self) -> Self::IntoFuture; }
}

pub mod task {
    #[lang = "Context"]
    pub struct Context<'a>(&'a ());
    #[lang = "Poll"]
    pub enum Poll<T> {
        #[lang = "Ready"]
        Ready(T),
        #[lang = "Pending"]
        Pending,
    }
}

pub mod sync {
    pub mod atomic {
        /// How memory accesses around an atomic one are ordered.
        #[derive(Clone, Copy, Debug, PartialEq)]
        pub enum Ordering { Relaxed, Release, Acquire, AcqRel, SeqCst }
        macro_rules! atomics { ($($name:ident $t:ty;)*) => { $(
            pub struct $name { v: $t }
            impl $name {
                pub const fn new(v: $t) -> $name { loop {} }
                pub fn load(&self, order: Ordering) -> $t { loop {} }
                pub fn store(&self, val: $t, order: Ordering) {}
                pub fn swap(&self, val: $t, order: Ordering) -> $t { loop {} }
                pub fn fetch_add(&self, val: $t, order: Ordering) -> $t { loop {} }
            }
        )* } }
        atomics! { AtomicBool bool; AtomicU8 u8; AtomicU32 u32; AtomicU64 u64; AtomicUsize usize; AtomicI32 i32; AtomicI64 i64; }
    }
}

pub mod time {
    /// A span of time.
    #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Hash, Default)]
    pub struct Duration { secs: u64, nanos: u32 }
    impl Duration {
        pub const ZERO: Duration = loop {};
        pub const fn from_secs(secs: u64) -> Duration { loop {} }
        pub const fn from_millis(millis: u64) -> Duration { loop {} }
        pub const fn from_micros(micros: u64) -> Duration { loop {} }
        pub fn from_secs_f64(secs: f64) -> Duration { loop {} }
        pub const fn as_secs(&self) -> u64 { loop {} }
        pub const fn as_millis(&self) -> u128 { loop {} }
        pub const fn as_micros(&self) -> u128 { loop {} }
        pub fn as_secs_f64(&self) -> f64 { loop {} }
        pub fn as_secs_f32(&self) -> f32 { loop {} }
    }
}

pub mod f32 { pub mod consts { pub const PI: f32 = 3.14159274; pub const E: f32 = 2.71828175; pub const TAU: f32 = 6.28318548; pub const LN_2: f32 = 0.693147182; } }
pub mod f64 { pub mod consts { pub const PI: f64 = 3.141592653589793; pub const E: f64 = 2.718281828459045; pub const TAU: f64 = 6.283185307179586; pub const LN_2: f64 = 0.6931471805599453; } }

#[macro_use]
mod macros;

pub mod prelude {
    pub mod v1 {
        pub use crate::clone::Clone;
        pub use crate::cmp::{Eq, Ord, PartialEq, PartialOrd};
        pub use crate::convert::{AsMut, AsRef, From, Into, TryFrom, TryInto};
        pub use crate::default::Default;
        pub use crate::fmt::derive::Debug;
        pub use crate::future::{Future, IntoFuture};
        pub use crate::hash::derive::Hash;
        pub use crate::iter::{DoubleEndedIterator, ExactSizeIterator, Extend, FromIterator, IntoIterator, Iterator};
        pub use crate::macros::builtin::{derive, global_allocator, test};
        pub use crate::macros::{assert, cfg, column, concat, env, file, format_args, include, include_bytes, include_str, line, module_path, option_env, stringify};
        pub use crate::{assert_eq, assert_ne, debug_assert, debug_assert_eq, matches, panic, todo, unimplemented, unreachable, write, writeln};
        pub use crate::marker::{Copy, Send, Sized, Sync, Unpin};
        pub use crate::mem::{drop, size_of, size_of_val};
        pub use crate::ops::{Drop, Fn, FnMut, FnOnce};
        pub use crate::option::Option::{self, None, Some};
        pub use crate::result::Result::{self, Err, Ok};
    }
    pub mod rust_2021 { pub use super::v1::*; }
    pub mod rust_2024 { pub use super::v1::*; }
}
