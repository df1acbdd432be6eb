//! What the derived schemas need so that they say exactly what is on the wire.

use serde_json::Value;

/// What is left out where there is nothing is never `null`: of the fields that need not be there,
/// takes `null` away.
pub(super) fn never_null(schema: &mut Value) {
    each(schema, &mut |schema| {
        let required = schema.get("required").cloned().unwrap_or_default();
        let required = required.as_array().cloned().unwrap_or_default();
        let Some(Value::Object(fields)) = schema.get_mut("properties") else { return };
        for (name, field) in fields {
            if !required.iter().any(|one| one == name) {
                without_null(field);
            }
        }
    });
}

fn without_null(field: &mut Value) {
    if let Some(Value::Array(types)) = field.get_mut("type") {
        types.retain(|one| one != "null");
        if let [only] = &types[..] {
            field["type"] = only.clone();
        }
    }
    let Some(Value::Array(ways)) = field.get_mut("anyOf") else { return };
    ways.retain(|way| way["type"] != "null");
    // A reference stands alone in draft 7, what is said beside it would not count.
    if let (1, Some(fields)) = (ways.len(), field.as_object_mut())
        && let Some(ways) = fields.remove("anyOf")
    {
        fields.insert("allOf".to_owned(), ways);
    }
}

/// Descriptions are written for readers of the Rust documentation; takes its links out.
pub(super) fn plain_words(schema: &mut Value) {
    each(schema, &mut |schema| {
        let Some(Value::String(words)) = schema.get_mut("description") else { return };
        let unlinked = words.replace("[`crate::stage::", "`").replace("[`", "`").replace("`]", "`");
        *words = unlinked.replace("::", ".");
    });
}

/// Does something to a schema and all within it.
fn each(schema: &mut Value, work: &mut impl FnMut(&mut Value)) {
    work(schema);
    match schema {
        Value::Object(fields) => fields.values_mut().for_each(|inner| each(inner, work)),
        Value::Array(list) => list.iter_mut().for_each(|inner| each(inner, work)),
        _ => {}
    }
}
