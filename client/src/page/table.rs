//! Any JSON for people: a table, with smaller ones in it. Everything in it is placed as text, so
//! deep and as many rows as can be read; how much is left out is said.

use super::part::append;
use super::post::linked;
use crate::read::{self, get};
use js_sys::{Array, Object};
use std::cell::Cell;
use wasm_bindgen::prelude::*;
use web_sys::Element;

/// How many tables stand in each other.
const DEEPEST: usize = 3;
/// How many rows a table has.
const ROWS: u32 = 20;
/// How many rows all tables of an item have together.
const ALL_ROWS: u32 = 120;
/// How many columns a list of similar things may have to be one table.
const COLUMNS: usize = 5;
/// How many characters of a text are shown, and of JSON that stands too deep.
const TEXT: usize = 2000;
const CODE: usize = 200;

/// Shows a value in an element.
pub fn fill(place: &Element, value: &JsValue) {
    let table = Table { left: Cell::new(ALL_ROWS) };
    if value.is_object() {
        table.value(place, value, 0);
    } else {
        table.value(&append(place, "p", "prose plain", ""), value, 0);
    }
}

/// What is left of the room for a value.
struct Table {
    left: Cell<u32>,
}

impl Table {
    fn value(&self, place: &Element, value: &JsValue, depth: usize) {
        if let Some(text) = value.as_string() {
            return words(place, &text);
        }
        if !value.is_object() {
            let told = match value.as_bool() {
                Some(true) => "yes".to_owned(),
                Some(false) => "no".to_owned(),
                None if value.is_null() => "–".to_owned(),
                None => json(value),
            };
            return drop(append(place, "span", "plain", &told));
        }
        let list = Array::is_array(value);
        let fields = Object::entries(value.unchecked_ref());
        if fields.length() == 0 {
            drop(append(place, "span", "faded", if list { "Empty list" } else { "Empty" }));
        } else if depth == DEEPEST || self.left.get() == 0 {
            let text = json(value);
            drop(append(place, "code", "", &cut(&text, CODE).unwrap_or(text)));
        } else if list && !fields.iter().any(|field| of(&field).is_object()) {
            self.values(place, &fields);
        } else if let Some(names) = columns(&fields).filter(|_| list) {
            self.columns(place, &fields, &names, depth);
        } else {
            self.fields(place, &fields, list, depth);
        }
    }

    /// A row for each field, or for each element of a list.
    fn fields(&self, place: &Element, fields: &Array, list: bool, depth: usize) {
        let table = append(place, "table", "", "");
        self.rows(&table, fields, 2, |n, field| {
            let row = append(&table, "tr", "", "");
            let name = if list { (n + 1).to_string() } else { name_of(field) };
            let head = append(&row, "th", "", &name);
            let _ = head.set_attribute("scope", "row");
            let _ = head.set_attribute("dir", "auto");
            self.cell(&row, &of(field), depth);
        });
    }

    /// A row for each element of a list of similar things.
    fn columns(&self, place: &Element, fields: &Array, names: &[String], depth: usize) {
        let table = append(place, "table", "wide", "");
        let head = append(&table, "tr", "", "");
        for name in names {
            let cell = append(&head, "th", "", name);
            let _ = cell.set_attribute("scope", "col");
            let _ = cell.set_attribute("dir", "auto");
        }
        self.rows(&table, fields, names.len(), |_, field| {
            let row = append(&table, "tr", "", "");
            for name in names {
                let value = get(&of(field), name);
                if value.is_undefined() {
                    append(&row, "td", "", "");
                } else {
                    self.cell(&row, &value, depth);
                }
            }
        });
    }

    fn cell(&self, row: &Element, value: &JsValue, depth: usize) {
        let cell = append(row, "td", "", "");
        let _ = cell.set_attribute("dir", "auto");
        self.value(&cell, value, depth + 1);
    }

    /// As many rows as there is room for, and how many there are beside them.
    fn rows(&self, table: &Element, all: &Array, width: usize, draw: impl Fn(u32, &JsValue)) {
        let count = all.length();
        let most = count.min(ROWS).min(self.left.get());
        self.left.set(self.left.get() - most);
        for n in 0..most {
            draw(n, &all.get(n));
        }
        if most < count {
            let row = append(table, "tr", "", "");
            let cell = append(&row, "td", "faded", &more(count - most));
            let _ = cell.set_attribute("colspan", &width.to_string());
        }
    }

    /// Plain values of a list, side by side.
    fn values(&self, place: &Element, fields: &Array) {
        let list = append(place, "ul", "", "");
        let most = fields.length().min(ROWS);
        for n in 0..most {
            self.value(&append(&list, "li", "", ""), &of(&fields.get(n)), DEEPEST);
        }
        if most < fields.length() {
            append(&list, "li", "faded", &more(fields.length() - most));
        }
    }
}

/// A text, with its links, as far as it goes.
fn words(place: &Element, text: &str) {
    let place = append(place, "span", "plain", "");
    if text.is_empty() {
        place.set_class_name("faded");
        place.set_text_content(Some("Empty text"));
    }
    match cut(text, TEXT) {
        Some(begin) => {
            linked(&place, &begin);
            append(&place, "span", "faded", " The rest is left out here.");
        }
        None => linked(&place, text),
    }
}

/// The beginning of a text that is longer than so many characters.
fn cut(text: &str, most: usize) -> Option<String> {
    text.char_indices().nth(most).map(|(end, _)| text[..end].to_owned() + "…")
}

fn more(count: u32) -> String {
    format!("and {count} more")
}

fn json(value: &JsValue) -> String {
    read::json(value).map(|json| json.0).unwrap_or_default()
}

/// Name and value of a field, as `Object.entries` has them.
fn name_of(field: &JsValue) -> String {
    field.unchecked_ref::<Array>().get(0).as_string().unwrap_or_default()
}

fn of(field: &JsValue) -> JsValue {
    field.unchecked_ref::<Array>().get(1)
}

/// The names of all fields, if these are a few objects that look alike.
fn columns(fields: &Array) -> Option<Vec<String>> {
    let mut names = Vec::new();
    for field in fields.iter().take(ROWS as usize) {
        let value = of(&field);
        if !value.is_object() || Array::is_array(&value) {
            return None;
        }
        for field in Object::entries(value.unchecked_ref()).iter() {
            let name = name_of(&field);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        if names.len() > COLUMNS {
            return None;
        }
    }
    (fields.length() > 1 && !names.is_empty()).then_some(names)
}
