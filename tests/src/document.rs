//! What documents show, so that tests can run it as it stands there.

use crate::server::repository;

/// The fenced block of a document (its path in the checkout) after the line
/// `<!-- example: NAME -->`.
///
/// # Panics
/// When there is none, or more than one.
pub fn example(document: &str, name: &str) -> String {
    let mut found = examples(document).into_iter().filter(|(other, _)| other == name);
    let (_, text) = found.next().unwrap_or_else(|| panic!("{document} has no example {name}"));
    assert!(found.next().is_none(), "{document} has two examples {name}");
    text
}

/// All of them, by name.
///
/// # Panics
/// When the document cannot be read, or a name has no block.
pub fn examples(document: &str) -> Vec<(String, String)> {
    let path = repository().join(document);
    let text = std::fs::read_to_string(&path);
    let text = text.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut lines = text.lines();
    let mut examples = Vec::new();
    while let Some(line) = lines.next() {
        let name = line.strip_prefix("<!-- example: ").and_then(|rest| rest.strip_suffix(" -->"));
        let Some(name) = name else { continue };
        let fence = lines.next().unwrap_or_default();
        assert!(fence.starts_with("```"), "{document}: no block follows the name {name}");
        let block: Vec<&str> = lines.by_ref().take_while(|line| !line.starts_with("```")).collect();
        examples.push((name.to_owned(), format!("{}\n", block.join("\n"))));
    }
    examples
}
