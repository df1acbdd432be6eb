//! Joins ES modules into one file, so that no program from elsewhere is needed to build scripts.
//!
//! This is no parser of JavaScript. It knows the few forms in which the modules of `sdk/js/src` are
//! written (imports and exports at the beginning of a line, comments on lines of their own,
//! templates that begin and end at the end and the beginning of a line) and refuses everything
//! else, so that what it makes means what the modules mean.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

/// Modules that were joined: one scope, in the order in which they would have run.
#[derive(Debug, Default)]
pub(crate) struct Joined {
    body: String,
    /// What is imported from modules that stay apart, by their names.
    apart: BTreeMap<String, Vec<String>>,
    /// What the first module exports.
    exports: Vec<String>,
}

impl Joined {
    /// As an ES module.
    pub(crate) fn module(&self) -> String {
        let import = |(from, names): (&String, &Vec<String>)| {
            format!("import {{ {} }} from \"{from}\";\n", names.join(", "))
        };
        let mut text: String = self.apart.iter().map(import).collect();
        text += &self.body;
        if !self.exports.is_empty() {
            text.extend(["export { ", &self.exports.join(", "), " };\n"]);
        }
        text
    }

    /// As a classic script that sets a global of this name.
    ///
    /// # Errors
    /// If it relies on being a module.
    pub(crate) fn classic(&self, global: &str) -> Result<String> {
        ensure!(self.apart.is_empty(), "a classic script imports nothing");
        ensure!(!self.body.contains("import.meta"), "a classic script has no import.meta");
        let exports = self.exports.join(", ");
        let body = &self.body;
        Ok(format!(
            "(() => {{\n\"use strict\";\n{body}globalThis.{global} = {{ {exports} }};\n}})();\n"
        ))
    }
}

/// Joins the module `entry` of a folder and all that it imports, except for what stays `apart`.
pub(crate) fn join(folder: &Path, entry: &str, apart: &[&str]) -> Result<Joined> {
    let mut joiner = Joiner {
        folder,
        apart,
        joined: Joined::default(),
        modules: BTreeMap::new(),
        names: BTreeMap::new(),
    };
    joiner.add(entry)?;
    if let Some(Some(exports)) = joiner.modules.remove(entry) {
        joiner.joined.exports = exports;
    }
    Ok(joiner.joined)
}

struct Joiner<'a> {
    folder: &'a Path,
    apart: &'a [&'a str],
    joined: Joined,
    /// What a module exports; nothing is known as long as its imports are being added.
    modules: BTreeMap<String, Option<Vec<String>>>,
    /// Which module has declared a name: they share one scope.
    names: BTreeMap<String, String>,
}

impl Joiner<'_> {
    fn add(&mut self, name: &str) -> Result<()> {
        let path = self.folder.join(name);
        let text = fs::read_to_string(&path)
            .with_context(|| format!("{} cannot be read", path.display()))?;
        self.modules.insert(name.to_owned(), None);
        let module = Module::read(&text).with_context(|| format!("{name} cannot be joined"))?;
        for import in &module.imports {
            self.import(import).with_context(|| format!("{name} cannot be joined"))?;
        }
        for declared in &module.declared {
            if let Some(other) = self.names.insert(declared.clone(), name.to_owned()) {
                bail!("{name} and {other} both declare `{declared}`: they will share one scope");
            }
        }
        let known = |export: &&String| {
            module.declared.contains(export)
                || module.imports.iter().any(|import| import.names.contains(export))
        };
        if let Some(unknown) = module.exports.iter().find(|export| !known(export)) {
            bail!("{name} exports `{unknown}`, which it does not have");
        }
        self.joined.body += &module.body;
        self.modules.insert(name.to_owned(), Some(module.exports));
        Ok(())
    }

    fn import(&mut self, Import { names, from }: &Import) -> Result<()> {
        if self.apart.contains(&from.as_str()) {
            let known = self.joined.apart.entry(from.clone()).or_default();
            known.extend(
                names.iter().filter(|name| !known.contains(name)).cloned().collect::<Vec<_>>(),
            );
            return Ok(());
        }
        let Some(file) = from.strip_prefix("./").filter(|file| !file.contains("..")) else {
            bail!("`{from}` is no module of this folder");
        };
        match self.modules.get(file) {
            None => self.add(file)?,
            Some(None) => bail!("`{from}` imports this module in turn"),
            Some(Some(_)) => {}
        }
        let exports = self.modules.get(file).cloned().flatten().unwrap_or_default();
        match names.iter().find(|name| !exports.contains(name)) {
            Some(missing) => bail!("`{from}` does not export `{missing}`"),
            None => Ok(()),
        }
    }
}

/// `import { names } from "from";`
#[derive(Debug, PartialEq, Eq)]
struct Import {
    names: Vec<String>,
    from: String,
}

/// A module, taken apart.
#[derive(Debug, Default)]
struct Module {
    imports: Vec<Import>,
    exports: Vec<String>,
    /// Every name of its outermost scope.
    declared: Vec<String>,
    /// Without imports, exports and comments.
    body: String,
}

impl Module {
    fn read(text: &str) -> Result<Self> {
        let mut module = Self::default();
        let mut lines = text.lines().enumerate();
        while let Some((number, line)) = lines.next() {
            let at = || format!("line {}", number + 1);
            let trimmed = line.trim();
            if trimmed.is_empty() || trimmed.starts_with("//") {
                continue;
            }
            if trimmed.starts_with("/*") {
                let mut last = trimmed;
                while !last.contains("*/") {
                    last =
                        lines.next().with_context(at).context("a comment does not end")?.1.trim();
                }
                ensure!(last.ends_with("*/"), "{}: code after a comment", at());
                continue;
            }
            if line.starts_with("import") && !line.starts_with("import.") {
                let mut statement = line.to_owned();
                while !statement.ends_with(';') {
                    let (_, next) =
                        lines.next().with_context(at).context("an import does not end")?;
                    statement += next.trim();
                }
                module.imports.push(read_import(&statement).with_context(at)?);
                continue;
            }
            ensure!(!line.contains("import("), "{}: a module imported while it runs", at());
            let code = match line.strip_prefix("export ") {
                Some(list) if list.starts_with('{') => {
                    module.exports.extend(
                        read_names(list.strip_suffix(';').unwrap_or(list)).with_context(at)?,
                    );
                    continue;
                }
                Some(code) => {
                    let name = declared(code).with_context(at)?;
                    module.exports.push(name.context("an export of this form").with_context(at)?);
                    code
                }
                None => line,
            };
            ensure!(!code.starts_with("export"), "{}: an export of this form", at());
            module.declared.extend(declared(code).with_context(at)?);
            module.push(code);
            if !backticks(code).is_multiple_of(2) {
                ensure!(
                    code.ends_with('`'),
                    "{}: a template over many lines begins within a line",
                    at()
                );
                loop {
                    let (_, line) =
                        lines.next().with_context(at).context("a template does not end")?;
                    module.push(line);
                    if backticks(line) > 0 {
                        let ends = line.trim_start().starts_with('`') && backticks(line) == 1;
                        ensure!(ends, "{}: a template over many lines ends within a line", at());
                        break;
                    }
                }
            }
        }
        Ok(module)
    }

    fn push(&mut self, line: &str) {
        self.body += line.trim_end();
        self.body.push('\n');
    }
}

/// How many backticks of a line begin or end a template.
fn backticks(line: &str) -> usize {
    line.matches('`').count() - line.matches("\\`").count()
}

fn read_import(statement: &str) -> Result<Import> {
    let read = || {
        let rest = statement.strip_prefix("import ")?.strip_suffix(';')?;
        let (names, from) = rest.split_once(" from ")?;
        let from = from.trim().strip_prefix('"')?.strip_suffix('"')?;
        Some((names, from))
    };
    let (names, from) = read().context("an import of this form")?;
    Ok(Import { names: read_names(names)?, from: from.to_owned() })
}

/// `{ a, b }`
fn read_names(list: &str) -> Result<Vec<String>> {
    let inside = list.trim().strip_prefix('{').and_then(|list| list.strip_suffix('}'));
    let names = inside.context("a list of this form")?.split(',').map(str::trim);
    let names: Vec<String> = names.filter(|name| !name.is_empty()).map(str::to_owned).collect();
    match names.iter().find(|name| !is_name(name)) {
        Some(bad) => bail!("`{bad}` is no plain name"),
        None => Ok(names),
    }
}

/// The name that a line of the outermost scope declares, if it declares one.
fn declared(line: &str) -> Result<Option<String>> {
    const FORMS: [&str; 6] = ["async function ", "function ", "class ", "const ", "let ", "var "];
    let Some(rest) = FORMS.iter().find_map(|form| line.strip_prefix(form)) else {
        ensure!(!line.starts_with("function*"), "a declaration of this form");
        return Ok(None);
    };
    let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '$'));
    let name = &rest[..end.unwrap_or(rest.len())];
    ensure!(is_name(name), "a declaration of this form");
    // The next would not be seen.
    let many = (line.starts_with("let ") || line.starts_with("var ")) && line.contains(',');
    ensure!(!many, "a declaration of many names");
    Ok(Some(name.to_owned()))
}

fn is_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && letters.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '$')
}

#[cfg(test)]
#[path = "script_tests.rs"]
mod tests;
