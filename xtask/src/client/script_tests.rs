use super::*;

/// Joins modules given as text; the first is the entry.
fn joined(name: &str, modules: &[(&str, &str)]) -> Result<Joined> {
    let root = std::env::temp_dir().join(format!("nowcast-script-{}-{name}", std::process::id()));
    fs::create_dir_all(&root).expect("the temporary folder can be made");
    for (name, text) in modules {
        fs::write(root.join(name), text).expect("it can be written");
    }
    let joined = join(&root, modules[0].0, &["./apart.js"]);
    fs::remove_dir_all(&root).expect("the temporary folder can be removed");
    joined
}

#[test]
fn modules_are_joined_in_the_order_in_which_they_run() {
    let modules = [
        (
            "a.js",
            "// The first.\nimport { c } from \"./c.js\";\nimport {\n  b,\n} from \"./b.js\";\n\n\
             /** Says it. */\nexport const a = () => b + c;\nexport { b };\n",
        ),
        ("b.js", "import { c } from \"./c.js\";\nexport const b = c + 1; // kept\n"),
        ("c.js", "/*\n * Text.\n */\nexport const c = 1;\n"),
    ];
    let joined = joined("order", &modules).expect("they can be joined");
    let body = "const c = 1;\nconst b = c + 1; // kept\nconst a = () => b + c;\n";
    assert_eq!(joined.module(), format!("{body}export {{ a, b }};\n"));
    let classic = joined.classic("it").expect("it relies on nothing");
    assert_eq!(
        classic,
        format!("(() => {{\n\"use strict\";\n{body}globalThis.it = {{ a, b }};\n}})();\n")
    );
}

#[test]
fn a_module_that_stays_apart_is_imported() {
    let modules = [("a.js", "import { x, y } from \"./apart.js\";\nx(y, import.meta.url);\n")];
    let joined = joined("apart", &modules).expect("it can be joined");
    assert_eq!(joined.module(), "import { x, y } from \"./apart.js\";\nx(y, import.meta.url);\n");
    assert!(joined.classic("it").is_err(), "a classic script cannot import");
}

#[test]
fn a_template_over_many_lines_stays_as_it_is() {
    let text =
        "const style = `\n  // no comment\n\n  /* this neither */\n`;\nconst one = `a${`b`}`;\n";
    let joined = joined("template", &[("a.js", text)]).expect("it can be joined");
    assert_eq!(joined.module(), text);
}

#[test]
fn what_is_not_understood_is_refused() {
    let refused = [
        "export default 1;",
        "export * from \"./b.js\";",
        "export { b } from \"./b.js\";",
        "export const { b } = c;",
        "import b from \"./b.js\";",
        "import * as b from \"./b.js\";",
        "import { b as c } from \"./b.js\";",
        "import { b } from \"somewhere\";",
        "import { b } from \"../b.js\";",
        "import { missing } from \"./b.js\";",
        "import \"./b.js\";",
        "const b = await import(\"./b.js\");",
        "const text = `begins here\n`;",
        "const text = `\nends here`;",
        "/* text */ const b = 1;",
        "let b, c;",
        "export { nothing };",
    ];
    for text in refused {
        let modules = [("a.js", text), ("b.js", "export const b = 1;\n")];
        assert!(joined("refused", &modules).is_err(), "{text}");
    }
}

#[test]
fn one_name_in_two_modules_and_a_circle_are_refused() {
    let twice = [
        ("a.js", "import { b } from \"./b.js\";\nconst same = b;\n"),
        ("b.js", "const same = 1;\nexport const b = same;\n"),
    ];
    let error = joined("twice", &twice).expect_err("they share a scope");
    assert!(error.to_string().contains("`same`"), "{error}");
    let circle = [
        ("a.js", "import { b } from \"./b.js\";\nexport const a = 1;\n"),
        ("b.js", "import { a } from \"./a.js\";\nexport const b = 1;\n"),
    ];
    assert!(joined("circle", &circle).is_err());
}
