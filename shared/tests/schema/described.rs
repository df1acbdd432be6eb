//! Holds JSON against the schemas.

use jsonschema::Validator;
use nowcast_shared::schema::asyncapi;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::{Mutex, OnceLock};

/// The document that the server gives out.
pub(crate) fn document() -> &'static Value {
    static DOCUMENT: OnceLock<Value> = OnceLock::new();
    DOCUMENT.get_or_init(|| asyncapi::document("0.0.0"))
}

/// What is wrong with `value`, held against the schema of this name; `None` if nothing is.
pub(crate) fn error(name: &str, value: &Value) -> Option<String> {
    static COMPILED: OnceLock<Mutex<HashMap<String, Validator>>> = OnceLock::new();
    let mut compiled = COMPILED.get_or_init(Mutex::default).lock().expect("no test panics here");
    let validator = compiled.entry(name.to_owned()).or_insert_with(|| {
        let components = &document()["components"];
        let schema =
            json!({"$ref": format!("#/components/schemas/{name}"), "components": components});
        jsonschema::draft7::new(&schema).expect("the document's schemas are schemas")
    });
    validator.validate(value).err().map(|error| format!("{error}, in {value}"))
}

/// Makes sure that `text`, which is a `T`, is what the schema of `T` says.
#[allow(dead_code, reason = "not every test that includes this has types to check")]
pub(crate) fn check<T: schemars::JsonSchema>(text: &str) {
    let name = T::schema_name();
    let value: Value = serde_json::from_str(text).expect("it is JSON");
    let (name, values) = match name.strip_prefix("Array_of_") {
        Some(of) => (of, value.as_array().cloned().unwrap_or_default()),
        None => (&*name, vec![value]),
    };
    for value in values {
        assert_eq!(error(name, &value), None, "{name}");
    }
}
