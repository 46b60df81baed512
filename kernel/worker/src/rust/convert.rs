//! Values of Rust as Rhai has them, and back: one table by type.
//!
//! Handles (tensors, nets, data sets, frames) are the same object on both sides. Numbers are checked, texts and containers
//! are copied. A type that is not in the table stays itself: Rhai keeps it and hands it on. The table is looked up by
//! `TypeId`, because traits of Rust cannot tell `Vec<f64>` from "any other type that can be cloned". Read [`read`] first.

use super::driven::LiveRun;
use crate::runs::RunHandle;
use crate::script::{from_json, from_passed, to_json, to_passed};
use candle_core::Tensor;
use candlewick_engine::data::{Dataset, Frame};
use candlewick_engine::nn::{LayerSpec, Loss, Net, OptimizerSpec, Schedule};
use candlewick_plugin_api::Value;
use rhai::{Array, Blob, Dynamic, ImmutableString, Map};
use serde_json::Value as Json;
use std::any::{Any, TypeId, type_name};
use std::collections::{BTreeMap, HashMap};
use std::sync::OnceLock;

/// Names a value's type as users know it.
pub type Names<'a> = &'a dyn Fn(&Dynamic) -> String;

/// A value that was not what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unfit {
    /// What it is.
    pub found: String,
    /// What was asked for.
    pub asked: String,
}

/// The value as Rust has it.
///
/// # Errors
/// It is something else, or a number out of range.
pub fn read<T: Clone + 'static>(value: Dynamic, names: Names) -> Result<T, Unfit> {
    let value = value.flatten();
    let Some(row) = table().get(&TypeId::of::<T>()) else {
        let (found, asked) = (found(&value, names), asked::<T>());
        // A type that was defined anew is another one.
        let found = if found == asked { format!("{found} as it was before it was defined anew") } else { found };
        return value.try_cast::<T>().ok_or(Unfit { found, asked });
    };
    let unfit = |found| Unfit { found, asked: (row.called)() };
    let read = (row.read)(&value, names).map_err(unfit)?;
    // The row makes values of its own type only.
    read.downcast::<T>().map(|read| *read).map_err(|_| unfit(found(&value, names)))
}

/// The value as Rhai has it. What only Rust knows is shared, so that it is cloned only when Rust asks for it.
pub fn write<T: Clone + 'static>(value: T) -> Dynamic {
    match table().get(&TypeId::of::<T>()) {
        Some(row) => (row.write)(Box::new(value)),
        None => kept(Dynamic::from(value)),
    }
}

/// The value in a form that is cheap to clone, where cloning would call code of a cell.
pub fn kept(value: Dynamic) -> Dynamic {
    if is_foreign(&value) { value.into_shared() } else { value }
}

/// What was asked for, in words.
pub fn asked<T: 'static>() -> String {
    match table().get(&TypeId::of::<T>()) {
        Some(row) => (row.called)(),
        None => format!("a value of type `{}`", short(type_name::<T>())),
    }
}

/// What a value is, in words.
pub fn found(value: &Dynamic, names: Names) -> String {
    if value.is_unit() {
        return "()".to_owned();
    }
    match names(value).as_str() {
        "i64" => "a whole number".to_owned(),
        "f64" => "a number with a fraction".to_owned(),
        "bool" => "true or false".to_owned(),
        name if name.contains("::") => format!("a value of type `{}`", short(name)),
        name => with_article(name),
    }
}

/// A type's name without the modules that its parts stand in.
pub fn short(name: &str) -> String {
    let mut short = String::new();
    for (index, path) in name.split("::").enumerate() {
        if index > 0 {
            let word = short.trim_end_matches(|c: char| c.is_alphanumeric() || "_{}".contains(c)).len();
            short.truncate(word);
        }
        short.push_str(path);
    }
    short
}

fn with_article(name: &str) -> String {
    let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {name}")
}

/// Whether a value's type is neither Rhai's nor ours.
fn is_foreign(value: &Dynamic) -> bool {
    const OURS: [&str; 4] = ["rhai::", "candlewick", "candle_", "alloc::rc::Rc<candlewick"];
    if value.is_shared() || !value.is_variant() {
        return false;
    }
    let name = value.type_name();
    !OURS.iter().any(|own| name.starts_with(own))
}

/// From Rhai: a value of the row's own type, or what was found instead.
type Read = fn(&Dynamic, Names) -> Result<Box<dyn Any>, String>;

/// A row of the table.
struct Row {
    called: fn() -> String,
    read: Read,
    write: fn(Box<dyn Any>) -> Dynamic,
}

/// A type that Rhai has in a form of its own.
trait Kind: Clone + Sized + 'static {
    /// What it is, in words.
    fn called() -> String;

    /// What many are, in words.
    fn many() -> String;

    /// From Rhai; what was found instead.
    fn read(value: &Dynamic, names: Names) -> Result<Self, String>;

    /// To Rhai.
    fn write(self) -> Dynamic;

    /// Several, from Rhai.
    fn read_list(value: &Dynamic, names: Names) -> Result<Vec<Self>, String> {
        let Some(items) = value.read_lock::<Array>() else { return Err(found(value, names)) };
        let item = |(place, item): (usize, &Dynamic)| {
            Self::read(item, names).map_err(|found| format!("an array with {found} at place {place}"))
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Several, to Rhai.
    fn write_list(items: Vec<Self>) -> Dynamic {
        items.into_iter().map(Self::write).collect::<Array>().into()
    }
}

impl Row {
    fn of<K: Kind>() -> (TypeId, Self) {
        let read = |value: &Dynamic, names: Names| K::read(value, names).map(|read| Box::new(read) as Box<dyn Any>);
        let write = |value: Box<dyn Any>| value.downcast::<K>().map_or(Dynamic::UNIT, |value| value.write());
        (TypeId::of::<K>(), Self { called: K::called, read, write })
    }

    /// The type itself and the containers of it.
    fn family<K: Kind>() -> [(TypeId, Self); 7] {
        [
            Self::of::<K>(),
            Self::of::<Vec<K>>(),
            Self::of::<Vec<Vec<K>>>(),
            Self::of::<Option<K>>(),
            Self::of::<Option<Vec<K>>>(),
            Self::of::<HashMap<String, K>>(),
            Self::of::<BTreeMap<String, K>>(),
        ]
    }
}

fn table() -> &'static HashMap<TypeId, Row> {
    static TABLE: OnceLock<HashMap<TypeId, Row>> = OnceLock::new();
    TABLE.get_or_init(|| {
        let whole = Row::family::<i64>().into_iter().chain(Row::family::<i32>()).chain(Row::family::<i16>());
        let whole = whole.chain(Row::family::<i8>()).chain(Row::family::<isize>()).chain(Row::family::<u64>());
        let whole = whole.chain(Row::family::<u32>()).chain(Row::family::<u16>()).chain(Row::family::<usize>());
        let plain = whole.chain(Row::family::<u8>()).chain(Row::family::<f64>()).chain(Row::family::<f32>());
        let plain = plain.chain(Row::family::<bool>()).chain(Row::family::<char>()).chain(Row::family::<String>());
        let data = plain.chain(Row::family::<Json>()).chain(Row::family::<Value>());
        let handles = data.chain(Row::family::<Tensor>()).chain(Row::family::<Net>()).chain(Row::family::<Dataset>());
        let handles = handles.chain(Row::family::<Frame>()).chain(Row::family::<LayerSpec>());
        let handles = handles.chain(Row::family::<OptimizerSpec>()).chain(Row::family::<Schedule>());
        let handles = handles.chain(Row::family::<Loss>()).chain(Row::family::<LiveRun>());
        handles.chain([Row::of::<serde_json::Map<String, Json>>(), Row::of::<&'static str>()]).collect()
    })
}

/// A whole number, as itself or as a float without a fraction.
fn whole(value: &Dynamic) -> Option<i64> {
    let float = |number: f64| (number.fract() == 0.0 && number.abs() < 9e18).then_some(number as i64);
    value.as_int().ok().or_else(|| value.as_float().ok().and_then(float))
}

/// A number that does not fit, or what else there is.
fn number_found(value: &Dynamic, names: Names) -> String {
    if value.is_int() || value.is_float() { value.to_string() } else { found(value, names) }
}

macro_rules! whole_numbers {
    ($($own:ty),*) => {$(
        impl Kind for $own {
            fn called() -> String {
                if <$own>::MIN == 0 {
                    format!("a whole number from 0 to {}", <$own>::MAX)
                } else {
                    format!("a whole number from {} to {}", <$own>::MIN, <$own>::MAX)
                }
            }

            fn many() -> String {
                "whole numbers".to_owned()
            }

            fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
                let own = whole(value).and_then(|number| <$own>::try_from(number).ok());
                own.ok_or_else(|| number_found(value, names))
            }

            fn write(self) -> Dynamic {
                // What Rhai's whole numbers cannot hold becomes the nearest float.
                i64::try_from(self).map_or_else(|_| (self as f64).into(), Dynamic::from)
            }
        }
    )*};
}
whole_numbers!(i32, i16, i8, isize, u64, u32, u16, usize);

impl Kind for i64 {
    fn called() -> String {
        "a whole number".to_owned()
    }

    fn many() -> String {
        "whole numbers".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        whole(value).ok_or_else(|| number_found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

/// A byte; many of them are a blob.
impl Kind for u8 {
    fn called() -> String {
        "a whole number from 0 to 255".to_owned()
    }

    fn many() -> String {
        "bytes".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        let own = whole(value).and_then(|number| Self::try_from(number).ok());
        own.ok_or_else(|| number_found(value, names))
    }

    fn write(self) -> Dynamic {
        i64::from(self).into()
    }

    fn read_list(value: &Dynamic, names: Names) -> Result<Vec<Self>, String> {
        if let Some(bytes) = value.read_lock::<Blob>() {
            return Ok(bytes.clone());
        }
        let Some(items) = value.read_lock::<Array>() else { return Err(found(value, names)) };
        items.iter().map(|item| Self::read(item, names).map_err(|found| format!("an array with {found}"))).collect()
    }

    fn write_list(items: Vec<Self>) -> Dynamic {
        Dynamic::from_blob(items)
    }
}

impl Kind for f64 {
    fn called() -> String {
        "a number".to_owned()
    }

    fn many() -> String {
        "numbers".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        let own = value.as_float().or_else(|_| value.as_int().map(|whole| whole as Self));
        own.map_err(|_| found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

impl Kind for f32 {
    fn called() -> String {
        "a number".to_owned()
    }

    fn many() -> String {
        "numbers".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        let wide = f64::read(value, names)?;
        let own = wide as Self;
        if wide.is_finite() && own.is_infinite() { Err(format!("{wide}, which f32 cannot hold")) } else { Ok(own) }
    }

    fn write(self) -> Dynamic {
        f64::from(self).into()
    }
}

impl Kind for bool {
    fn called() -> String {
        "true or false".to_owned()
    }

    fn many() -> String {
        "truth values".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        value.as_bool().map_err(|_| found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

impl Kind for char {
    fn called() -> String {
        "a character".to_owned()
    }

    fn many() -> String {
        "characters".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        if let Some(text) = value.read_lock::<ImmutableString>() {
            let mut letters = text.chars();
            return match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(letter),
                _ => Err(format!("{:?}", text.as_str())),
            };
        }
        value.as_char().map_err(|_| found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

impl Kind for String {
    fn called() -> String {
        "a string".to_owned()
    }

    fn many() -> String {
        "strings".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        if let Ok(letter) = value.as_char() {
            return Ok(letter.into());
        }
        let text = value.read_lock::<ImmutableString>().map(|text| text.to_string());
        text.ok_or_else(|| found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

/// What is written in a program; what is read has an owner, so a `String` is read.
impl Kind for &'static str {
    fn called() -> String {
        "a text of the program itself; a `String`".to_owned()
    }

    fn many() -> String {
        "texts of the program itself".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        Err(found(value, names))
    }

    fn write(self) -> Dynamic {
        self.into()
    }
}

impl Kind for Json {
    fn called() -> String {
        "plain data".to_owned()
    }

    fn many() -> String {
        "plain data".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        if let Some(data) = value.read_lock::<Value>() {
            return Ok(data.json());
        }
        to_json(value).map_err(|inner| {
            let whole = found(value, names);
            if value.is_array() || value.is_map() { format!("{whole} with {} in it", short(&inner)) } else { whole }
        })
    }

    fn write(self) -> Dynamic {
        from_json(&self)
    }
}

impl Kind for serde_json::Map<String, Json> {
    fn called() -> String {
        "a map of plain data".to_owned()
    }

    fn many() -> String {
        "maps of plain data".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        match Json::read(value, names)? {
            Json::Object(fields) => Ok(fields),
            _ => Err(found(value, names)),
        }
    }

    fn write(self) -> Dynamic {
        from_json(&Json::Object(self))
    }
}

/// What passes between plugins: anything.
impl Kind for Value {
    fn called() -> String {
        "any value".to_owned()
    }

    fn many() -> String {
        "values".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        Ok(to_passed(value, &names))
    }

    fn write(self) -> Dynamic {
        from_passed(&self)
    }
}

macro_rules! handles {
    ($($own:ty, $one:literal, $many:literal;)*) => {$(
        impl Kind for $own {
            fn called() -> String {
                $one.to_owned()
            }

            fn many() -> String {
                $many.to_owned()
            }

            fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
                value.read_lock::<Self>().map(|own| own.clone()).ok_or_else(|| found(value, names))
            }

            fn write(self) -> Dynamic {
                Dynamic::from(self)
            }
        }
    )*};
}
handles! {
    Tensor, "a tensor", "tensors";
    Net, "a net", "nets";
    Dataset, "a dataset", "datasets";
    Frame, "a frame", "frames";
    LayerSpec, "a layer", "layers";
    OptimizerSpec, "an optimizer", "optimizers";
    Schedule, "a schedule", "schedules";
    Loss, "a loss", "losses";
}

/// A run is the handle that Rhai has.
impl Kind for LiveRun {
    fn called() -> String {
        "a run".to_owned()
    }

    fn many() -> String {
        "runs".to_owned()
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        value.read_lock::<RunHandle>().map(|run| Self::of(&run)).ok_or_else(|| found(value, names))
    }

    fn write(self) -> Dynamic {
        Dynamic::from(self.handle().clone())
    }
}

impl<K: Kind> Kind for Vec<K> {
    fn called() -> String {
        format!("an array of {}", K::many())
    }

    fn many() -> String {
        format!("arrays of {}", K::many())
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        K::read_list(value, names)
    }

    fn write(self) -> Dynamic {
        K::write_list(self)
    }
}

/// `()` is none.
impl<K: Kind> Kind for Option<K> {
    fn called() -> String {
        format!("{} or ()", K::called())
    }

    fn many() -> String {
        format!("{} or ()", K::many())
    }

    fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
        if value.is_unit() { Ok(None) } else { K::read(value, names).map(Some) }
    }

    fn write(self) -> Dynamic {
        self.map_or(Dynamic::UNIT, K::write)
    }
}

/// The fields of a map.
fn fields<K: Kind, M: FromIterator<(String, K)>>(value: &Dynamic, names: Names) -> Result<M, String> {
    let Some(fields) = value.read_lock::<Map>() else { return Err(found(value, names)) };
    let field = |(name, value): (&rhai::Identifier, &Dynamic)| {
        let value = K::read(value, names).map_err(|found| format!("a map with {found} as `{name}`"))?;
        Ok((name.to_string(), value))
    };
    fields.iter().map(field).collect()
}

fn map<K: Kind>(fields: impl IntoIterator<Item = (String, K)>) -> Dynamic {
    fields.into_iter().map(|(name, value)| (name.into(), value.write())).collect::<Map>().into()
}

macro_rules! maps {
    ($($own:ident),*) => {$(
        impl<K: Kind> Kind for $own<String, K> {
            fn called() -> String {
                format!("a map of {}", K::many())
            }

            fn many() -> String {
                format!("maps of {}", K::many())
            }

            fn read(value: &Dynamic, names: Names) -> Result<Self, String> {
                fields(value, names)
            }

            fn write(self) -> Dynamic {
                map(self)
            }
        }
    )*};
}
maps!(HashMap, BTreeMap);

#[cfg(test)]
mod tests {
    use super::*;

    fn read_of<T: Clone + 'static>(value: impl Into<Dynamic>) -> Result<T, String> {
        let names = |value: &Dynamic| value.type_name().to_owned();
        read::<T>(value.into(), &names).map_err(|unfit| format!("{} for {}", unfit.found, unfit.asked))
    }

    #[test]
    fn numbers_are_checked() {
        assert_eq!(read_of::<i64>(3_i64), Ok(3));
        assert_eq!(read_of::<usize>(3.0), Ok(3));
        assert_eq!(read_of::<f64>(3_i64), Ok(3.0));
        assert_eq!(read_of::<f32>(0.5), Ok(0.5));
        assert_eq!(read_of::<i64>(2.5), Err("2.5 for a whole number".to_owned()));
        assert_eq!(read_of::<u8>(256_i64), Err("256 for a whole number from 0 to 255".to_owned()));
        assert!(read_of::<usize>(-1_i64).unwrap_err().starts_with("-1 for a whole number from 0 to 1844"));
        assert!(read_of::<f32>(1e300).unwrap_err().contains("which f32 cannot hold"));
        assert_eq!(read_of::<f64>("x"), Err("a string for a number".to_owned()));
        assert_eq!(read_of::<bool>(1_i64), Err("a whole number for true or false".to_owned()));
    }

    #[test]
    fn containers_are_read_item_by_item() {
        let list = |items: &[Dynamic]| Dynamic::from_array(items.to_vec());
        assert_eq!(read_of::<Vec<f64>>(list(&[1_i64.into(), 2.5.into()])), Ok(vec![1.0, 2.5]));
        let mixed = list(&[1_i64.into(), "two".into()]);
        assert_eq!(
            read_of::<Vec<f64>>(mixed.clone()),
            Err("an array with a string at place 1 for an array of numbers".to_owned())
        );
        assert_eq!(read_of::<Json>(mixed), Ok(serde_json::json!([1, "two"])));
        assert_eq!(read_of::<Option<i64>>(Dynamic::UNIT), Ok(None));
        assert_eq!(read_of::<Vec<u8>>(Dynamic::from_blob(vec![1, 2])), Ok(vec![1, 2]));
        let map = write(HashMap::from([("a".to_owned(), 1_i32)]));
        assert_eq!(read_of::<BTreeMap<String, usize>>(map), Ok(BTreeMap::from([("a".to_owned(), 1)])));
    }

    #[test]
    fn what_only_rust_knows_stays_itself() {
        #[derive(Clone, Debug, PartialEq)]
        struct Own(u8);
        let value = write(Own(7));
        assert_eq!(read_of::<Own>(value.clone()), Ok(Own(7)));
        assert_eq!(read_of::<i64>(value.clone()), Err("a value of type `Own` for a whole number".to_owned()));
        let other = {
            #[derive(Clone, Debug)]
            struct Own;
            read_of::<Own>(value).map(drop)
        };
        let expect = "a value of type `Own` as it was before it was defined anew for a value of type `Own`";
        assert_eq!(other, Err(expect.to_owned()));
        assert_eq!(read_of::<Own>(1_i64), Err("a whole number for a value of type `Own`".to_owned()));
    }

    #[test]
    fn written_values_are_rhais_own() {
        assert_eq!(write(2_usize).as_int(), Ok(2));
        assert_eq!(write(u64::MAX).as_float(), Ok(u64::MAX as f64));
        assert_eq!(write("text").into_string(), Ok("text".to_owned()));
        assert!(write(Vec::<u8>::new()).is_blob() && write(Vec::<f32>::new()).is_array());
        assert!(write(()).is_unit() && write(None::<i64>).is_unit());
    }

    #[test]
    fn names_are_short() {
        let check = |name: &str, expect: &str| assert_eq!(short(name), expect);
        check("i64", "i64");
        check("ctx::Config", "Config");
        check("alloc::vec::Vec<ctx::inner::Config>", "Vec<Config>");
        check("(a::B, &c::D<e::F>)", "(B, &D<F>)");
        check("a::b::{{closure}}::C", "C");
    }
}
