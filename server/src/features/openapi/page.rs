//! The document as a page: no script is needed to read it, nothing is loaded from elsewhere.

use axum::http::HeaderValue;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::fmt::Write;

/// The look of all pages, and what this one adds.
const STYLE: &str =
    concat!(include_str!("../../../../style/base.css"), "\n", include_str!("page.css"));
const SCRIPT: &str = include_str!("page.js");

/// The HTML, and the policy under which a browser shows it.
pub(super) fn page(document: &Value) -> (String, HeaderValue) {
    let info = &document["info"];
    let mut page = Page { document, out: String::new() };
    page.navigation();
    page.out.push_str("<main>");
    page.add(&format!("<header><h1>{}</h1>", text(&info["title"])));
    page.add(&format!("<p class=\"version\">HTTP, version {}</p>", text(&info["version"])));
    page.markdown(&info["description"]);
    page.add("<p><a href=\"/api/openapi.json\">openapi.json</a></p></header>");
    page.groups();
    page.codes();
    page.types();
    page.out.push_str("</main>");
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{} over HTTP</title>\n<style>{STYLE}</style>\n<body>{}<script>{SCRIPT}</script>\n",
        text(&info["title"]),
        page.out
    );
    let hash = |text| BASE64_STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT)
    );
    (html, HeaderValue::try_from(policy).unwrap_or(HeaderValue::from_static("default-src 'none'")))
}

struct Page<'d> {
    document: &'d Value,
    out: String,
}

impl<'d> Page<'d> {
    fn add(&mut self, html: &str) {
        self.out.push_str(html);
    }

    fn markdown(&mut self, value: &Value) {
        let html = value.as_str().map(prose).unwrap_or_default();
        self.add(&html);
    }

    /// The operations of a group, in order: path, method, operation.
    fn operations(&self, group: &'d Value) -> Vec<(&'d str, &'d str, &'d Value)> {
        let order = group["x-order"].as_array().into_iter().flatten();
        let all = order.filter_map(|one| {
            let (path, method) = (one[0].as_str()?, one[1].as_str()?);
            Some((path, method, &self.document["paths"][path][method]))
        });
        all.collect()
    }

    fn tags(&self) -> impl Iterator<Item = &'d Value> + use<'d> {
        self.document["tags"].as_array().into_iter().flatten()
    }

    fn navigation(&mut self) {
        self.add("<nav><details open><summary>All addresses</summary>");
        for tag in self.tags() {
            self.add(&format!("<h2>{}</h2><ul>", text(&tag["name"])));
            for (_, method, operation) in self.operations(tag) {
                let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
                let item = format!("<li><a href=\"#{id}\">{summary} {}</a></li>", mark(method));
                self.add(&item);
            }
            self.add("</ul>");
        }
        self.add(
            "<h2>More</h2><ul><li><a href=\"#codes\">Codes</a></li>\
             <li><a href=\"#types\">Types</a></li></ul></details></nav>",
        );
    }

    fn groups(&mut self) {
        for tag in self.tags() {
            self.add(&format!("<section><h2>{}</h2>", text(&tag["name"])));
            self.markdown(&tag["description"]);
            for (path, method, operation) in self.operations(tag) {
                self.operation(path, method, operation);
            }
            self.add("</section>");
        }
    }

    fn operation(&mut self, path: &str, method: &str, operation: &Value) {
        let (id, summary) = (text(&operation["operationId"]), text(&operation["summary"]));
        self.add(&format!(
            "<article id=\"{id}\"><h3><a href=\"#{id}\">{summary}</a></h3>\
             <p class=\"address\">{} <code>{}</code></p>",
            mark(method),
            // An address may be broken after a slash.
            escape(path).replace('/', "/<wbr>")
        ));
        self.markdown(&operation["description"]);
        if let Some(access) = operation["x-access"].as_str() {
            self.add(&format!("<p class=\"access\">{}.</p>", inline(access)));
        }
        for sample in operation["x-codeSamples"].as_array().into_iter().flatten() {
            let source = text(&sample["source"]);
            self.add(&format!("<div class=\"sample\"><pre><code>{source}</code></pre></div>"));
        }
        self.parameters(operation);
        if let Some(contents) = operation["requestBody"]["content"].as_object() {
            self.add("<h4>Body</h4>");
            // Ways to say the same stand together.
            let mut last = None;
            for (media, content) in contents {
                self.add(&format!("<p class=\"media\">{}</p>", escape(media)));
                if last != Some(&content["schema"]) {
                    self.content(content);
                }
                last = Some(&content["schema"]);
            }
        }
        self.answers(operation);
        self.add("</article>");
    }

    fn parameters(&mut self, operation: &Value) {
        let Some(parameters) = operation["parameters"].as_array() else { return };
        self.add("<h4>Parameters</h4><table><tbody>");
        for parameter in parameters {
            let parameter = self.resolve(parameter);
            let place = match text(&parameter["in"]).as_str() {
                "query" => "query",
                "header" => "header",
                _ => "address",
            };
            let row = row(
                &text(&parameter["name"]),
                &format!("{}, {place}", kind(&parameter["schema"])),
                parameter["required"] == true,
                parameter["description"].as_str().unwrap_or_default(),
            );
            self.add(&row);
        }
        self.add("</tbody></table>");
    }

    fn answers(&mut self, operation: &Value) {
        self.add("<h4>Answers</h4><dl>");
        for (status, answer) in operation["responses"].as_object().into_iter().flatten() {
            let refused = answer["content"].get("application/problem+json");
            if let Some(problem) = refused {
                let codes = problem["schema"]["allOf"][1]["properties"]["code"]["enum"].as_array();
                let links = codes.into_iter().flatten().map(|code| {
                    let code = text(code);
                    format!("<a href=\"#code-{code}\"><code>{code}</code></a>")
                });
                let links = links.collect::<Vec<_>>().join(" ");
                self.add(&format!("<dt>{status}</dt><dd class=\"codes\">{links}</dd>"));
                continue;
            }
            self.add(&format!("<dt class=\"good\">{status}</dt><dd>"));
            self.markdown(&answer["description"]);
            for (name, header) in answer["headers"].as_object().into_iter().flatten() {
                let told = inline(header["description"].as_str().unwrap_or_default());
                self.add(&format!("<p class=\"media\"><code>{}</code> {told}</p>", escape(name)));
            }
            for content in answer["content"].as_object().into_iter().flat_map(|all| all.values()) {
                self.content(content);
            }
            self.add("</dd>");
        }
        self.add("</dl>");
    }

    /// What a body is made of, and one such.
    fn content(&mut self, content: &Value) {
        self.schema(&content["schema"]);
        if let Some(example) = content.get("example") {
            let example = match example {
                Value::String(text) => text.clone(),
                other => serde_json::to_string_pretty(other).unwrap_or_default(),
            };
            self.add(&format!("<pre><code>{}</code></pre>", escape(&example)));
        }
    }

    /// The fields of a schema, or in a word what it is.
    fn schema(&mut self, schema: &Value) {
        if schema.is_null() || schema == &serde_json::json!({}) {
            return;
        }
        let whole = kind(schema);
        let mut fields = String::new();
        collect(schema, &mut fields);
        if fields.is_empty() {
            self.add(&format!("<p class=\"type\">{whole}</p>"));
        } else {
            self.add(&format!("<table><tbody>{fields}</tbody></table>"));
        }
    }

    fn codes(&mut self) {
        self.add("<section id=\"codes\"><h2>Codes</h2><table><tbody>");
        for code in self.document["x-codes"].as_array().into_iter().flatten() {
            let name = text(&code["code"]);
            let told = inline(code["description"].as_str().unwrap_or_default());
            self.add(&format!(
                "<tr id=\"code-{name}\"><th scope=\"row\"><code>{name}</code> <small>{}</small></th>\
                 <td>{told}</td></tr>",
                code["status"]
            ));
        }
        self.add("</tbody></table></section>");
    }

    fn types(&mut self) {
        self.add("<section id=\"types\"><h2>Types</h2>");
        for (name, schema) in
            self.document["components"]["schemas"].as_object().into_iter().flatten()
        {
            let name = escape(name);
            let heading = format!("<h3><a href=\"#type-{name}\">{name}</a></h3>");
            self.add(&format!("<article id=\"type-{name}\">{heading}"));
            self.markdown(&schema["description"]);
            self.schema(schema);
            self.add("</article>");
        }
        self.add("</section>");
    }

    fn resolve(&self, value: &'d Value) -> &'d Value {
        let pointer = value["$ref"].as_str().and_then(|to| to.strip_prefix('#'));
        pointer.and_then(|pointer| self.document.pointer(pointer)).unwrap_or(value)
    }
}

/// A row for each field of an object, also where it is put together of several.
fn collect(schema: &Value, out: &mut String) {
    let required = schema["required"].as_array();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let needed = required.is_some_and(|all| all.iter().any(|one| one == name));
        let told = field["description"].as_str().unwrap_or_default();
        out.push_str(&row(&escape(name), &kind(field), needed, told));
    }
    for part in schema["allOf"].as_array().into_iter().flatten() {
        if part.get("$ref").is_some() {
            let _ = write!(out, "<tr><th scope=\"row\">…</th><td>All of {}</td></tr>", kind(part));
        }
        collect(part, out);
    }
}

fn row(name: &str, kind: &str, needed: bool, told: &str) -> String {
    let mark = if needed { "" } else { " <small>optional</small>" };
    let told = inline(told);
    format!(
        "<tr><th scope=\"row\"><code>{name}</code>{mark}</th>\
         <td><span class=\"type\">{kind}</span> {told}</td></tr>"
    )
}

/// What a value is, in a few words.
fn kind(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        let name = escape(reference.rsplit('/').next().unwrap_or_default());
        return format!("<a href=\"#type-{name}\">{name}</a>");
    }
    if let Some(value) = schema.get("const") {
        return format!("<code>{}</code>", escape(&value.to_string()));
    }
    if let Some(values) = schema["enum"].as_array() {
        let values =
            values.iter().map(|value| format!("<code>{}</code>", escape(&value.to_string())));
        return values.collect::<Vec<_>>().join(", ");
    }
    for some in ["oneOf", "anyOf"] {
        if let Some(ones) = schema[some].as_array() {
            return ones.iter().map(kind).collect::<Vec<_>>().join(" or ");
        }
    }
    if let Some(ones) = schema["allOf"].as_array() {
        return ones.iter().map(kind).collect::<Vec<_>>().join(" with ");
    }
    match &schema["type"] {
        Value::String(kind) if kind == "array" => {
            format!("list of {}", self::kind(&schema["items"]))
        }
        Value::String(kind) if kind == "object" => match schema.get("additionalProperties") {
            Some(values) if values.is_object() => format!("object of {}", self::kind(values)),
            _ => "object".to_owned(),
        },
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => {
            kinds.iter().filter_map(Value::as_str).map(escape).collect::<Vec<_>>().join(" or ")
        }
        _ => "any JSON".to_owned(),
    }
}

fn mark(method: &str) -> String {
    format!("<span class=\"method {method}\">{}</span>", method.to_uppercase())
}

/// Markdown of ours: unlike what strangers write, it is trusted.
fn prose(markdown: &str) -> String {
    let mut html = String::new();
    pulldown_cmark::html::push_html(&mut html, pulldown_cmark::Parser::new(markdown));
    html
}

/// A sentence of Markdown without a paragraph around it.
fn inline(markdown: &str) -> String {
    let html = prose(markdown);
    let html = html.trim();
    html.strip_prefix("<p>").and_then(|html| html.strip_suffix("</p>")).unwrap_or(html).to_owned()
}

fn text(value: &Value) -> String {
    escape(value.as_str().unwrap_or_default())
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_operation_code_and_type_and_all_its_links_lead_somewhere() {
        let document = super::super::document::document();
        let (html, policy) = page(&document);
        let mut targets = html.match_indices("href=\"#").map(|(at, found)| {
            let rest = &html[at + found.len()..];
            &rest[..rest.find('"').unwrap()]
        });
        assert!(targets.all(|target| html.contains(&format!("id=\"{target}\""))));
        for code in nowcast_shared::error::Code::ALL {
            assert!(html.contains(&format!("id=\"code-{code}\"")), "{code}");
        }
        for id in ["publish", "poll", "setVariable", "realTimeFeed", "type-Item", "type-Problem"] {
            assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
        }
        assert!(policy.to_str().unwrap().contains("sha256-"));
    }

    #[test]
    fn what_stands_in_the_document_is_no_markup() {
        assert_eq!(escape("<a href=\"x\">&"), "&lt;a href=&quot;x&quot;&gt;&amp;");
    }
}
