//! The key-value part of a header, with getters that check types.

use std::borrow::Cow;

use crate::error::Error;
use crate::strings::Strings;
use crate::value::{Array, Value};

/// Metadata in file order, found by key in logarithmic time.
///
/// A getter gives `Ok(None)` for a key that is not there, so the caller decides whether that is an error, and
/// [`Error::WrongType`] for a value that does not fit.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metadata {
    entries: Vec<(String, Value)>,
    by_key: Vec<u32>, // indices of `entries`, sorted by key
}

/// A value for all layers or one for each.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OneOrMany {
    /// The same everywhere.
    One(u32),
    /// One for each index.
    Many(Vec<u32>),
}

impl OneOrMany {
    /// The value for `index`; `None` past the end of a list.
    pub fn get(&self, index: usize) -> Option<u32> {
        match self {
            OneOrMany::One(value) => Some(*value),
            OneOrMany::Many(values) => values.get(index).copied(),
        }
    }
}

impl Metadata {
    /// Entries in this order.
    ///
    /// # Errors
    /// [`Error::Malformed`] if a key occurs twice.
    pub fn new(entries: Vec<(String, Value)>) -> Result<Self, Error> {
        let by_key =
            crate::header::sorted_by_name(entries.len(), |index| &entries[index].0).map_err(|key| {
                Error::Malformed { what: format!("key `{key}`"), problem: "occurs twice".to_owned() }
            })?;
        Ok(Self { entries, by_key })
    }

    /// How many entries there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Keys and values in the order of the file.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &Value)> {
        self.entries.iter().map(|(key, value)| (key.as_str(), value))
    }

    /// The value of a key, of whatever type.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.find(key).map(|at| &self.entries[self.by_key[at] as usize].1)
    }

    /// Takes an entry out, so that a large value (a vocabulary) can be used and its memory freed.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let entry = self.by_key.remove(self.find(key)?);
        for index in &mut self.by_key {
            *index -= u32::from(*index > entry);
        }
        Some(self.entries.remove(entry as usize).1)
    }

    /// A number of any integer type that fits in 32 bits without sign.
    pub fn u32(&self, key: &str) -> Result<Option<u32>, Error> {
        self.integer(key, "an integer from 0 to 4294967295")
    }

    /// A number of any integer type that fits in 64 bits without sign.
    pub fn u64(&self, key: &str) -> Result<Option<u64>, Error> {
        self.integer(key, "an integer of 64 bits without sign")
    }

    /// A number of any integer type that fits in 32 bits with sign.
    pub fn i32(&self, key: &str) -> Result<Option<i32>, Error> {
        self.integer(key, "an integer of 32 bits")
    }

    /// A number of a floating-point or integer type, rounded to 32 bits.
    pub fn f32(&self, key: &str) -> Result<Option<f32>, Error> {
        self.typed(key, "a number", |value| match *value {
            Value::F32(number) => Some(number),
            Value::F64(number) => Some(number as f32),
            ref other => other.as_integer().map(|number| number as f32),
        })
    }

    /// A boolean.
    pub fn bool(&self, key: &str) -> Result<Option<bool>, Error> {
        self.typed(key, "a bool", |value| match value {
            Value::Bool(truth) => Some(*truth),
            _ => None,
        })
    }

    /// A string.
    pub fn str(&self, key: &str) -> Result<Option<&str>, Error> {
        self.typed(key, "a string", |value| match value {
            Value::String(text) => Some(text.as_str()),
            _ => None,
        })
    }

    /// An array of strings.
    pub fn strings(&self, key: &str) -> Result<Option<&Strings>, Error> {
        self.typed(key, "an array of string", |value| match value {
            Value::Array(Array::Strings(strings)) => Some(strings),
            _ => None,
        })
    }

    /// An array of booleans.
    pub fn bools(&self, key: &str) -> Result<Option<&[bool]>, Error> {
        self.typed(key, "an array of bool", |value| match value {
            Value::Array(Array::Bool(truths)) => Some(truths.as_slice()),
            _ => None,
        })
    }

    /// An array of any integer type whose items fit in 32 bits with sign; borrowed if they are stored so.
    pub fn i32s(&self, key: &str) -> Result<Option<Cow<'_, [i32]>>, Error> {
        self.typed(key, "an array of integers of 32 bits", |value| match value {
            Value::Array(Array::I32(numbers)) => Some(Cow::Borrowed(numbers.as_slice())),
            Value::Array(array) => integers(array).map(Cow::Owned),
            _ => None,
        })
    }

    /// An array of floating-point numbers; borrowed if they are stored in 32 bits.
    pub fn f32s(&self, key: &str) -> Result<Option<Cow<'_, [f32]>>, Error> {
        self.typed(key, "an array of floating-point numbers", |value| match value {
            Value::Array(Array::F32(numbers)) => Some(Cow::Borrowed(numbers.as_slice())),
            Value::Array(Array::F64(numbers)) => Some(numbers.iter().map(|&number| number as f32).collect()),
            _ => None,
        })
    }

    /// A number, or an array with one for each layer, of any integer type that fits in 32 bits without sign.
    pub fn u32_or_array(&self, key: &str) -> Result<Option<OneOrMany>, Error> {
        self.typed(key, "an integer from 0 to 4294967295 or an array of them", |value| match value {
            Value::Array(array) => integers(array).map(OneOrMany::Many),
            single => u32::try_from(single.as_integer()?).ok().map(OneOrMany::One),
        })
    }

    fn integer<T: TryFrom<i128>>(&self, key: &str, expected: &'static str) -> Result<Option<T>, Error> {
        self.typed(key, expected, |value| T::try_from(value.as_integer()?).ok())
    }

    fn typed<'a, T>(
        &'a self,
        key: &str,
        expected: &'static str,
        convert: impl FnOnce(&'a Value) -> Option<T>,
    ) -> Result<Option<T>, Error> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || Error::WrongType { key: key.to_owned(), found: described(value), expected };
        convert(value).map(Some).ok_or_else(wrong)
    }

    fn find(&self, key: &str) -> Option<usize> {
        self.by_key.binary_search_by(|&index| self.entries[index as usize].0.as_str().cmp(key)).ok()
    }
}

/// The items of an array of any integer type, `None` if it is of another or one does not fit.
fn integers<T: TryFrom<i128>>(array: &Array) -> Option<Vec<T>> {
    fn fit<S: Copy + Into<i128>, T: TryFrom<i128>>(items: &[S]) -> Option<Vec<T>> {
        items.iter().map(|&item| T::try_from(item.into()).ok()).collect()
    }
    match array {
        Array::U8(items) => fit(items),
        Array::I8(items) => fit(items),
        Array::U16(items) => fit(items),
        Array::I16(items) => fit(items),
        Array::U32(items) => fit(items),
        Array::I32(items) => fit(items),
        Array::U64(items) => fit(items),
        Array::I64(items) => fit(items),
        _ => None,
    }
}

/// Type and, for what fits on a line, value.
fn described(value: &Value) -> String {
    match value {
        Value::String(_) => "a string".to_owned(),
        Value::Array(_) => format!("an {} {value}", value.type_name()),
        single => format!("{} {single}", single.type_name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Metadata {
        let entry = |key: &str, value: Value| (key.to_owned(), value);
        Metadata::new(vec![
            entry("z.count", Value::U64(7)),
            entry("a.small", Value::I8(-3)),
            entry("scale", Value::F64(0.5)),
            entry("flag", Value::Bool(true)),
            entry("name", "gemma".into()),
            entry("heads", Value::Array(Array::U16(vec![2, 4]))),
            entry("tokens", Value::Array(Array::Strings(["a", "b"].into_iter().collect()))),
            entry("pattern", vec![true, false].into()),
        ])
        .unwrap()
    }

    #[test]
    fn numbers_of_any_width_are_read_if_they_fit() {
        let data = sample();
        assert_eq!(data.u32("z.count"), Ok(Some(7)));
        assert_eq!(data.i32("a.small"), Ok(Some(-3)));
        assert_eq!(data.f32("scale"), Ok(Some(0.5)));
        assert_eq!(data.f32("z.count"), Ok(Some(7.0)));
        assert_eq!(data.bool("flag"), Ok(Some(true)));
        assert_eq!(data.str("name"), Ok(Some("gemma")));
        assert_eq!(data.u32_or_array("heads"), Ok(Some(OneOrMany::Many(vec![2, 4]))));
        assert_eq!(data.u32_or_array("z.count"), Ok(Some(OneOrMany::One(7))));
        assert_eq!(data.i32s("heads").unwrap().unwrap().as_ref(), [2, 4]);
        assert_eq!(data.bools("pattern"), Ok(Some(&[true, false][..])));
        assert_eq!(data.strings("tokens").unwrap().unwrap().get(1), Some("b"));
        assert_eq!(data.u32("absent"), Ok(None));
    }

    #[test]
    fn a_wrong_type_names_key_found_and_expected() {
        let check = |result: Result<Option<u32>, Error>, message: &str| {
            assert_eq!(result.unwrap_err().to_string(), message);
        };
        let data = sample();
        check(data.u32("a.small"), "key `a.small`: is i8 -3, expected an integer from 0 to 4294967295");
        check(data.u32("name"), "key `name`: is a string, expected an integer from 0 to 4294967295");
        check(
            data.u32("heads"),
            "key `heads`: is an array of 2 u16 [2, 4], expected an integer from 0 to 4294967295",
        );
        check(data.str("flag").map(|_| None), "key `flag`: is bool true, expected a string");
    }

    #[test]
    fn removing_keeps_order_and_the_other_keys() {
        let mut data = sample();
        assert_eq!(data.remove("scale"), Some(Value::F64(0.5)));
        assert_eq!(data.remove("scale"), None);
        assert_eq!(data.get("scale"), None);
        assert_eq!(data.u32("z.count"), Ok(Some(7)));
        assert_eq!(data.bools("pattern"), Ok(Some(&[true, false][..])));
        let keys: Vec<_> = data.iter().map(|(key, _)| key).collect();
        assert_eq!(keys, ["z.count", "a.small", "flag", "name", "heads", "tokens", "pattern"]);
    }

    #[test]
    fn a_key_may_occur_once() {
        let twice = vec![("k".to_owned(), Value::U8(1)), ("k".to_owned(), Value::U8(1))];
        assert!(Metadata::new(twice).unwrap_err().to_string().starts_with("key `k`: occurs twice"));
    }
}
