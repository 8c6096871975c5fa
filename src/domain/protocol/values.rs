//! What was typed into the fields of a configuration, converted to the type that the field declares.

use serde_json::{Value, json};

use super::configuration::{properties, simple};
use super::{Object, is_blank};

/// One field: as it is stored, completed by what is known of it.
struct Field {
    properties: Object,
}

impl Field {
    fn of(stored: Option<&Value>, known: Option<&Value>) -> Self {
        let mut all = properties();
        if let Some(Value::Object(known)) = known {
            all.extend(known.clone());
        }
        match stored {
            Some(Value::Object(field)) => all.extend(field.clone()),
            Some(bare) => all.extend([("value".to_owned(), bare.clone())]),
            None => {}
        }
        Self { properties: all }
    }

    fn is_required(&self) -> bool {
        self.properties["required"] == Value::Bool(true)
    }

    fn typed(&self) -> Value {
        convert(self.properties["type"].as_str().unwrap_or("str"), &self.properties["value"])
    }

    /// The value, or the one that a field which may be empty falls back to.
    fn value(&self) -> Value {
        let typed = self.typed();
        if self.is_required() || !is_blank(&typed) { typed } else { self.properties["default_value"].clone() }
    }

    fn label(&self, key: &str) -> String {
        self.properties["label"].as_str().filter(|label| !label.is_empty()).map_or_else(|| key.to_uppercase(), str::to_owned)
    }
}

fn field(configuration: &Object, known: &Object, key: &str) -> Field {
    Field::of(configuration.get(key), known.get(key))
}

/// The bare value of every field, those included that only the reference's defaults have.
///
/// A text that cannot be converted stays as it is, so that whoever reads it can say what is wrong with it. The reference takes any text for
/// true, `false` included; here it has to say so.
pub fn values(configuration: &Object) -> Object {
    let known = simple();
    let keys = known.keys().chain(configuration.keys().filter(|key| !known.contains_key(*key)));
    keys.map(|key| (key.clone(), field(configuration, &known, key).value())).collect()
}

/// What keeps a configuration from being used, each a text that names the field by its label.
///
/// Fields that depend on others count only when those have the value that they depend on. The fields of Salesforce declare no `validations`.
pub fn mistakes(configuration: &Object) -> Vec<String> {
    let known = simple();
    let mut mistakes = Vec::new();
    for key in known.keys().chain(configuration.keys().filter(|key| !known.contains_key(*key))) {
        let field = field(configuration, &known, key);
        match counts(&field, configuration, &known) {
            Err(other) => mistakes.push(format!("`{}` depends on the field `{other}`, which does not exist", field.label(key))),
            Ok(true) if field.is_required() && is_blank(&field.typed()) => mistakes.push(format!("`{}` is empty", field.label(key))),
            Ok(_) => {}
        }
    }
    mistakes
}

/// Whether what a field depends on is so; an error names a field that does not exist.
fn counts(field: &Field, configuration: &Object, known: &Object) -> Result<bool, String> {
    let dependencies = field.properties["depends_on"].as_array().map(Vec::as_slice).unwrap_or_default();
    for dependency in dependencies {
        let name = dependency["field"].as_str().unwrap_or_default();
        if !configuration.contains_key(name) && !known.contains_key(name) {
            return Err(name.to_owned());
        }
        if self::field(configuration, known, name).value() != dependency["value"] {
            return Ok(false);
        }
    }
    Ok(true)
}

fn convert(kind: &str, raw: &Value) -> Value {
    let number = |parsed: Option<Value>| if is_blank(raw) { Value::Null } else { parsed.unwrap_or_else(|| raw.clone()) };
    let text = raw.as_str().map(str::trim);
    match kind {
        "str" => match raw {
            Value::Number(_) | Value::Bool(_) => json!(raw.to_string()),
            other => other.clone(),
        },
        "int" => number(text.and_then(|text| text.parse::<i64>().ok()).map(|number| json!(number))),
        "float" => number(text.and_then(|text| text.parse::<f64>().ok()).map(|number| json!(number))),
        "bool" => number(match text.map(str::to_ascii_lowercase).as_deref() {
            Some("true") => Some(json!(true)),
            Some("false") => Some(json!(false)),
            _ => None,
        }),
        "list" => match raw {
            Value::Array(items) => json!(items),
            Value::Null => json!([]),
            Value::String(text) => json!(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect::<Vec<_>>()),
            scalar => json!([scalar]),
        },
        _ => raw.clone(),
    }
}
