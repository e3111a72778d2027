//! JSON values in the template's own notation: strings between `<|"|>`, keys sorted, everything else bare.

use serde_json::{Map, Number, Value};

use super::rendered::Rendered;

/// How the keys of an object are written.
#[derive(Clone, Copy)]
pub(super) enum Keys {
    /// As they are: in calls and results.
    Bare,
    /// Between `<|"|>`: in declarations, below the keys that the template knows.
    Quoted,
}

/// Writes `<|"|>text<|"|>`.
pub(super) fn quoted(out: &mut Rendered, text: &str) {
    out.control("<|\"|>");
    out.text(text);
    out.control("<|\"|>");
}

/// Writes any value.
pub(super) fn value(out: &mut Rendered, value: &Value, keys: Keys) {
    match value {
        Value::Null => out.text("null"),
        Value::Bool(true) => out.text("true"),
        Value::Bool(false) => out.text("false"),
        Value::Number(number) => out.text(&number_text(number)),
        Value::String(text) => quoted(out, text),
        Value::Array(items) => list(out, items.iter(), |out, item| self::value(out, item, keys)),
        Value::Object(fields) => object(out, fields, keys),
    }
}

/// Writes `{key:value,..}` in the order of the keys.
pub(super) fn object(out: &mut Rendered, fields: &Map<String, Value>, keys: Keys) {
    out.text("{");
    for (index, (key, field)) in sorted(fields).into_iter().enumerate() {
        if index > 0 {
            out.text(",");
        }
        match keys {
            Keys::Bare => out.text(key),
            Keys::Quoted => quoted(out, key),
        }
        out.text(":");
        value(out, field, keys);
    }
    out.text("}");
}

/// Writes `[item,..]`.
pub(super) fn list<'a, T: 'a>(
    out: &mut Rendered,
    items: impl Iterator<Item = &'a T>,
    mut item: impl FnMut(&mut Rendered, &'a T),
) {
    out.text("[");
    for (index, each) in items.enumerate() {
        if index > 0 {
            out.text(",");
        }
        item(out, each);
    }
    out.text("]");
}

/// Fields in the template's order: by key, ignoring case.
pub(super) fn sorted(fields: &Map<String, Value>) -> Vec<(&String, &Value)> {
    let mut fields: Vec<_> = fields.iter().collect();
    fields.sort_by_cached_key(|(key, _)| key.to_lowercase());
    fields
}

/// The smallest magnitude that the template's language prints without an exponent.
const PLAIN_MIN: f64 = 1e-4;

/// A number as the template's language prints it: as JSON does, but an exponent comes sooner, has a sign and two digits.
fn number_text(number: &Number) -> String {
    let small = number.as_f64().filter(|value| value.abs() < PLAIN_MIN && *value != 0.0);
    let text = small.map_or_else(|| number.to_string(), |value| format!("{value:e}"));
    let Some((digits, exponent)) = text.split_once(['e', 'E']) else { return text };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent.trim_start_matches('+')),
    };
    format!("{digits}e{sign}{exponent:0>2}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, keys: Keys, expected: &str) {
        let mut out = Rendered::default();
        value(&mut out, &serde_json::from_str(json).unwrap(), keys);
        assert_eq!(out.to_text(), expected, "{json}");
    }

    #[test]
    fn values() {
        check("null", Keys::Bare, "null");
        check("[1, -2.5, 3.0, 1e-7, 1.5e300]", Keys::Bare, "[1,-2.5,3.0,1e-07,1.5e+300]");
        check("[0.0001, 0.00001, -0.000025, 0, 0.0]", Keys::Bare, "[0.0001,1e-05,-2.5e-05,0,0.0]");
        check(r#"{"b": true, "A": "x", "c": {}}"#, Keys::Bare, r#"{A:<|"|>x<|"|>,b:true,c:{}}"#);
        check(r#"{"b": [], "a": false}"#, Keys::Quoted, r#"{<|"|>a<|"|>:false,<|"|>b<|"|>:[]}"#);
    }
}
