//! Tool declarations: a JSON schema in the template's notation. Which keywords are written, and in which order, is
//! the template's choice; keywords it does not know are left out, except inside array items.

use serde_json::{Map, Value};

use super::conversation::Function;
use super::rendered::Rendered;
use super::value::{self, Keys, quoted, sorted};

/// Keywords of a schema; in an object without `properties` every other key is taken for a property.
const KEYWORDS: [&str; 5] = ["description", "type", "properties", "required", "nullable"];

/// Writes `declaration:NAME{description:..,parameters:{..}}`.
pub(super) fn declaration(out: &mut Rendered, function: &Function) {
    out.text("declaration:");
    out.text(&function.name);
    out.text("{description:");
    quoted(out, &function.description);
    if let Some(parameters) = filled(&function.parameters) {
        out.text(",parameters:{");
        let mut comma = Comma::default();
        if let Some(properties) = filled(field(parameters, "properties")) {
            comma.before(out, "properties:{");
            self::properties(out, properties, &[]);
            out.text("}");
        }
        required(out, parameters, &mut comma);
        if truthy(field(parameters, "type")) {
            comma.before(out, "type:");
            quoted(out, &upper(field(parameters, "type")));
        }
        out.text("}");
    }
    if let Some(response) = function.response.as_object() {
        out.text(",response:{");
        let mut comma = Comma::default();
        if truthy(field(response, "description")) {
            comma.before(out, "description:");
            quoted(out, &plain(field(response, "description")));
        }
        if upper(field(response, "type")) == "OBJECT" {
            comma.before(out, "type:");
            quoted(out, "OBJECT");
        }
        out.text("}");
    }
    out.text("}");
}

/// Writes `NAME:{..},..` for every property that `skipped` does not name.
fn properties(out: &mut Rendered, properties: &Map<String, Value>, skipped: &[&str]) {
    let no_fields = Map::new();
    let mut comma = Comma::default();
    for (name, schema) in sorted(properties).into_iter().filter(|(name, _)| !skipped.contains(&name.as_str()))
    {
        comma.before(out, name);
        out.text(":{");
        property(out, schema.as_object().unwrap_or(&no_fields));
        out.text("}");
    }
}

/// Writes the keywords of one property; `type` comes last and always.
fn property(out: &mut Rendered, schema: &Map<String, Value>) {
    let kind = upper(field(schema, "type"));
    let mut comma = Comma::default();
    if truthy(field(schema, "description")) {
        comma.before(out, "description:");
        quoted(out, &plain(field(schema, "description")));
    }
    if kind == "STRING" && truthy(field(schema, "enum")) {
        comma.before(out, "enum:");
        value::value(out, field(schema, "enum"), Keys::Quoted);
    }
    if kind == "ARRAY"
        && let Some(items) = filled(field(schema, "items"))
    {
        comma.before(out, "items:{");
        self::items(out, items);
        out.text("}");
    }
    if truthy(field(schema, "nullable")) {
        comma.before(out, "nullable:true");
    }
    if kind == "OBJECT" {
        comma.before(out, "properties:{");
        match field(schema, "properties").as_object() {
            Some(fields) => properties(out, fields, &[]),
            None => properties(out, schema, &KEYWORDS),
        }
        out.text("}");
        required(out, schema, &mut comma);
    }
    comma.before(out, "type:");
    quoted(out, &kind);
}

/// Writes the schema of array items: all its keywords, by name.
fn items(out: &mut Rendered, schema: &Map<String, Value>) {
    let mut comma = Comma::default();
    for (name, item) in sorted(schema).into_iter().filter(|(_, item)| !item.is_null()) {
        comma.before(out, name);
        out.text(":");
        match (name.as_str(), item) {
            ("properties", _) => {
                out.text("{");
                if let Some(fields) = item.as_object() {
                    properties(out, fields, &[]);
                }
                out.text("}");
            }
            ("required", Value::Array(names)) => {
                value::list(out, names.iter(), |out, name| quoted(out, &plain(name)));
            }
            ("type", Value::Array(kinds)) => {
                value::list(out, kinds.iter(), |out, kind| quoted(out, &upper(kind)));
            }
            ("type", _) => quoted(out, &upper(item)),
            _ => value::value(out, item, Keys::Quoted),
        }
    }
}

fn required(out: &mut Rendered, schema: &Map<String, Value>, comma: &mut Comma) {
    if let Some(names) = field(schema, "required").as_array().filter(|names| !names.is_empty()) {
        comma.before(out, "required:");
        value::list(out, names.iter(), |out, name| quoted(out, &plain(name)));
    }
}

/// Writes a comma before every entry but the first.
#[derive(Default)]
struct Comma {
    wrote: bool,
}

impl Comma {
    fn before(&mut self, out: &mut Rendered, entry: &str) {
        if self.wrote {
            out.text(",");
        }
        self.wrote = true;
        out.text(entry);
    }
}

fn field<'a>(fields: &'a Map<String, Value>, name: &str) -> &'a Value {
    fields.get(name).unwrap_or(&Value::Null)
}

/// An object with at least one field.
fn filled(value: &Value) -> Option<&Map<String, Value>> {
    value.as_object().filter(|fields| !fields.is_empty())
}

/// What counts as given: anything but null, false, zero and the empty.
fn truthy(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Bool(given) => *given,
        Value::Number(number) => number.as_f64() != Some(0.0),
        Value::String(text) => !text.is_empty(),
        Value::Array(items) => !items.is_empty(),
        Value::Object(fields) => !fields.is_empty(),
    }
}

/// A string as it is, nothing for null, anything else as JSON.
fn plain(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A type name in upper case; several of them the way the template's language prints a list.
fn upper(kind: &Value) -> String {
    match kind {
        Value::Array(kinds) => {
            let kinds: Vec<String> = kinds.iter().map(|kind| format!("'{}'", upper(kind))).collect();
            format!("[{}]", kinds.join(", "))
        }
        kind => plain(kind).to_uppercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(parameters: &str, expected: &str) {
        let function = Function {
            name: "f".into(),
            description: String::new(),
            parameters: serde_json::from_str(parameters).unwrap(),
            response: Value::Null,
        };
        let mut out = Rendered::default();
        declaration(&mut out, &function);
        let text = out.to_text().replace("<|\"|>", "'");
        let inner = text.strip_prefix("declaration:f{description:''").and_then(|t| t.strip_suffix("}"));
        assert_eq!(inner, Some(expected), "{parameters}");
    }

    #[test]
    fn schemas_that_the_goldens_lack() {
        check("null", "");
        check("{}", "");
        check(r#"{"properties": {}}"#, ",parameters:{}");
        check(r#"{"properties": {"a": {}}}"#, ",parameters:{properties:{a:{type:''}}}");
        check(
            r#"{"type": "object", "properties": {"b": 1, "A": {"type": "integer"}}}"#,
            ",parameters:{properties:{A:{type:'INTEGER'},b:{type:''}},type:'OBJECT'}",
        );
        check(
            r#"{"properties": {"a": {"type": ["string", "null"], "enum": ["x"]}}}"#,
            ",parameters:{properties:{a:{type:'['STRING', 'NULL']'}}}",
        );
        check(
            r#"{"properties": {"a": {"type": "object", "extra": false, "nullable": true}}}"#,
            ",parameters:{properties:{a:{nullable:true,properties:{extra:{type:''}},type:'OBJECT'}}}",
        );
        check(
            r#"{"properties": {"a": {"type": "array", "items": {"type": ["string"], "items": {"x": 1}, "y": null}}}}"#,
            ",parameters:{properties:{a:{items:{items:{'x':1},type:['STRING']},type:'ARRAY'}}}",
        );
    }

    #[test]
    fn a_declared_result() {
        let json = r#"{"name": "f", "description": "d", "response": {"type": "object", "description": "r"}}"#;
        let mut out = Rendered::default();
        declaration(&mut out, &serde_json::from_str(json).unwrap());
        let expected = "declaration:f{description:'d',response:{description:'r',type:'OBJECT'}}";
        assert_eq!(out.to_text().replace("<|\"|>", "'"), expected);
    }
}
