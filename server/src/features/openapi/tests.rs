//! The document and the code say the same.

use super::*;
use nowcast_shared::error::Code;
use serde_json::Value;
use std::collections::BTreeSet;

/// The files in which addresses stand.
const ROUTES: &[(&str, &str)] = &[
    ("http.rs", include_str!("../../http.rs")),
    ("asyncapi.rs", include_str!("../asyncapi.rs")),
    ("openapi.rs", include_str!("../openapi.rs")),
    #[cfg(feature = "compat")]
    ("compat.rs", include_str!("../compat.rs")),
    #[cfg(feature = "sources")]
    ("sources.rs", include_str!("../sources.rs")),
    #[cfg(feature = "socketio")]
    ("socketio.rs", include_str!("../socketio.rs")),
    #[cfg(feature = "stats")]
    ("stats.rs", include_str!("../stats.rs")),
    #[cfg(feature = "stats")]
    ("visits.rs", include_str!("../stats/visits.rs")),
];

/// Files of the pages' build, which the fallback serves.
const FILES: [&str; 3] = ["/nowcast.js", "/nowcast.classic.js", "/embed.js"];

/// A method at an address.
type Route = (String, String);

/// What `.route("path", get(…).post(…))` says, as it stands in the code.
fn routes(code: &str) -> Vec<Route> {
    let code = code.split("#[cfg(test)]").next().unwrap_or_default();
    let mut routes = Vec::new();
    let calls = code.split(".route(").skip(1).filter(|call| call.trim_start().starts_with('"'));
    for call in calls {
        let mut depth = 1;
        let end = call.find(|letter| {
            depth += match letter {
                '(' => 1,
                ')' => -1,
                _ => 0,
            };
            depth == 0
        });
        let call = &call[..end.expect("a call has an end")];
        let path = call.split('"').nth(1).unwrap_or_else(|| panic!("an address in {call}"));
        let path = path.replace("{*", "{");
        let methods = call.split('"').nth(2).expect("methods");
        let found = ["get", "post", "put", "delete", "any"].into_iter().filter(|method| {
            let call = format!("{method}(");
            let mut calls = methods.match_indices(&call);
            calls.any(|(at, _)| !methods[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        });
        let found: Vec<_> = found.collect();
        assert!(!found.is_empty(), "{path} has a method");
        for method in found {
            let methods = if method == "any" { vec!["get", "post"] } else { vec![method] };
            routes.extend(methods.into_iter().map(|method| (method.to_owned(), path.clone())));
        }
    }
    routes
}

fn documented(document: &Value) -> BTreeSet<Route> {
    let paths = document["paths"].as_object().unwrap().iter();
    let all = paths.flat_map(|(path, methods)| {
        methods.as_object().unwrap().keys().map(move |method| (method.clone(), path.clone()))
    });
    all.collect()
}

#[test]
fn every_address_is_documented_and_every_documented_address_is_there() {
    let routed: BTreeSet<Route> = ROUTES.iter().flat_map(|(_, code)| routes(code)).collect();
    assert!(routed.len() > 50, "{routed:?}");
    let files = FILES.map(|path| ("get".to_owned(), path.to_owned()));
    let routed: BTreeSet<Route> = routed.into_iter().chain(files).collect();
    let documented = documented(&DOCUMENT);
    let missing: Vec<_> = routed.difference(&documented).collect();
    let gone: Vec<_> = documented.difference(&routed).collect();
    assert!(missing.is_empty() && gone.is_empty(), "undocumented {missing:?}, gone {gone:?}");
}

#[test]
fn all_files_with_addresses_are_looked_at() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut waiting = vec![folder];
    let mut with_routes = BTreeSet::new();
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = entry.path();
            if path.is_dir() {
                waiting.push(path);
            } else if std::fs::read_to_string(&path).unwrap().contains("\n        .route(\"/")
                || std::fs::read_to_string(&path).unwrap().contains(").route(\"/")
            {
                with_routes.insert(path.file_name().unwrap().to_str().unwrap().to_owned());
            }
        }
    }
    let known: BTreeSet<_> = ROUTES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(with_routes, known);
}

#[test]
fn every_code_is_documented_with_its_status() {
    let codes = DOCUMENT["x-codes"].as_array().unwrap();
    assert_eq!(codes.len(), Code::ALL.len());
    for (told, code) in codes.iter().zip(Code::ALL) {
        assert_eq!(
            (&told["code"], &told["status"]),
            (&code.as_str().into(), &code.status().into())
        );
        assert!(!told["description"].as_str().unwrap().is_empty(), "{code} means something");
    }
    // Where an operation has a code, it stands at that code's status.
    let mut used = BTreeSet::new();
    for (path, methods) in DOCUMENT["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            for (status, answer) in operation["responses"].as_object().unwrap() {
                let content = &answer["content"]["application/problem+json"];
                let codes = content["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array();
                for code in codes.into_iter().flatten() {
                    let code = Code::from_name(code.as_str().unwrap()).unwrap();
                    assert_eq!(&code.status().to_string(), status, "{method} {path} {code}");
                    used.insert(code.as_str());
                }
            }
        }
    }
    let unused: Vec<_> = Code::ALL.iter().filter(|code| !used.contains(code.as_str())).collect();
    // Where no method is known there is no operation that could say so.
    let expected = [Code::MethodNotAllowed, Code::Conflict];
    // What is built without has no operations.
    let sources = [
        Code::UnknownSource,
        Code::BadSource,
        Code::BadSignature,
        Code::SourcesFull,
        Code::SecretsLocked,
    ];
    let absent: &[Code] = if cfg!(feature = "sources") { &[] } else { &sources };
    let expected: Vec<Code> = expected.iter().chain(absent).copied().collect();
    assert!(unused.iter().all(|code| expected.contains(code)), "{unused:?}");
}

/// Every `$ref` in it.
fn references<'v>(value: &'v Value, found: &mut BTreeSet<&'v str>) {
    match value {
        Value::Object(fields) => {
            found.extend(fields.get("$ref").and_then(Value::as_str));
            fields.values().for_each(|value| references(value, found));
        }
        Value::Array(values) => values.iter().for_each(|value| references(value, found)),
        _ => {}
    }
}

#[test]
fn everything_that_is_referred_to_is_there_and_names_are_used_once() {
    let mut found = BTreeSet::new();
    references(&DOCUMENT, &mut found);
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(DOCUMENT.pointer(pointer).is_some(), "{reference}");
    }
    let paths = DOCUMENT["paths"].as_object().unwrap().values();
    let operations: Vec<_> = paths.flat_map(|path| path.as_object().unwrap().values()).collect();
    let ids: BTreeSet<_> =
        operations.iter().map(|operation| operation["operationId"].as_str().unwrap()).collect();
    assert_eq!(ids.len(), operations.len());
    for operation in operations {
        let answers = operation["responses"].as_object().unwrap();
        assert!(!answers.is_empty(), "{} answers", operation["operationId"]);
    }
}
