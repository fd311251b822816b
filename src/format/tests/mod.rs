//! What the formatter makes of texts.

mod random;

use std::sync::LazyLock;

use regex::Regex;

use super::{format, same};
use crate::source::{Source, SourceId};
use crate::syntax::parse;

fn source(text: &str) -> Source {
    Source::new(SourceId(0), "test.flow", text)
}

/// The text in canonical form.
fn formatted(text: &str) -> String {
    match format(&source(text)) {
        Ok(text) => text,
        Err(trouble) => panic!("{trouble:?}\n{text}"),
    }
}

/// The tree without places, and without the white space in its texts, which queries may change.
fn tree(text: &str) -> String {
    static PLACES: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"Span \{ source: SourceId\(\d+\), start: \d+, end: \d+ \}|\\[nrt]|\s").unwrap());
    let (file, findings) = parse(&source(text));
    assert!(findings.is_empty(), "{findings:?}\n{text}");
    PLACES.replace_all(&format!("{file:?}"), "").into_owned()
}

/// Everything that must hold for a text without errors.
fn sound(text: &str) {
    let once = formatted(text);
    assert_eq!(formatted(&once), once, "not stable:\n{text}");
    assert_eq!(formatted(text.trim_end_matches('\n')), once, "without its last line end:\n{text}");
    assert_eq!(tree(text), tree(&once), "another tree:\n{text}\n{once}");
    assert_eq!(same::compare(text, &once), Ok(()));
    let ragged = |line: &str| line.ends_with([' ', '\t', '\r']) || line.starts_with('\t');
    let outside = !once.contains("\"\"\"");
    assert!(once.lines().all(|line| !ragged(line) || !outside), "{once}");
    assert!(once.is_empty() || once.ends_with('\n') && !once.ends_with("\n\n"), "{once:?}");
    assert!(!once.contains("\n\n\n") || !outside, "{once}");
}

/// What a workflow with this body becomes, without the workflow.
fn body(text: &str) -> String {
    let whole = formatted(&format!("workflow w {{\n{text}\n}}\n"));
    sound(&whole);
    let lines = whole.strip_prefix("workflow w {\n").unwrap().strip_suffix("}\n").unwrap();
    let shallower = |line| str::strip_prefix(line, "  ").unwrap_or(line);
    lines.split_inclusive('\n').map(shallower).collect()
}

#[track_caller]
fn becomes(before: &str, after: &str) {
    assert_eq!(body(before), format!("{}\n", after.trim_end()));
}

/// The texts of the repository: files, and workflows shown on pages.
fn repository(found: &mut Vec<String>, directory: &std::path::Path) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !name.starts_with('.') && name != "target" {
                repository(found, &path);
            }
        } else if path.extension().is_some_and(|extension| extension == "flow") {
            found.push(std::fs::read_to_string(path).unwrap());
        } else if path.extension().is_some_and(|extension| extension == "md") {
            let page = std::fs::read_to_string(path).unwrap();
            let blocks = page.split("\n```flow\n").skip(1).filter_map(|rest| rest.split("\n```").next());
            found.extend(blocks.map(|block| format!("{block}\n")));
        }
    }
}

#[test]
fn all_texts_of_the_repository_keep_their_meaning() {
    let mut texts = Vec::new();
    repository(&mut texts, std::path::Path::new(env!("CARGO_MANIFEST_DIR")));
    let (right, wrong): (Vec<_>, Vec<_>) = texts.iter().partition(|text| parse(&source(text)).1.is_empty());
    assert!(right.len() > 80, "only {} texts", right.len());
    for text in right {
        sound(text);
    }
    for text in wrong {
        assert!(matches!(format(&source(text)), Err(super::Trouble::Syntax(_))), "{text}");
    }
}

#[test]
fn white_space_is_one_way() {
    becomes("x=f( 1,b :2 )[ 0 ] . y as  list < int >", "x = f(1, b: 2)[0].y as list<int>");
    becomes("\tx = - a+not b\r\n", "x = -a + not b");
    becomes("x = - -1 not  in [ ]", "x = - -1 not in []");
    becomes("r = {a:1,\"b\":2,}", "r = { a: 1, \"b\": 2 }");
    becomes("a = 1 b = 2\n\n\n\nc = 3", "a = 1\nb = 2\n\nc = 3");
    becomes("a\u{B}=\u{C}1", "a = 1");
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("fn f(a: int) -> int = a - (g(a) - 1)"), "fn f(a: int) -> int = a - (g(a) - 1)\n");
    assert_eq!(formatted("\u{FEFF}\r\n\r\n"), "");
    assert_eq!(formatted("\u{FEFF}# a  \r\n\r\n\r\nimport std . x\r\n\r\n"), "# a\n\nimport std.x\n");
}

#[test]
fn what_was_written_is_kept() {
    let spellings =
        "x = [1_000, 1e3, 1h30m, 2025-01-31T06:00[Europe/London], \"\\n\\u{e9}\", f\"{ a  :%d} {{\", (((a)) + 1)]";
    becomes(spellings, spellings);
    becomes("x = python\"\"\"\n\tif a:\n\t  b  \n\"\"\"", "x = python\"\"\"\n\tif a:\n\t  b  \n\"\"\"");
}

#[test]
fn a_symbol_that_is_two_is_cut() {
    becomes("x:list<int>=[]\ny = [] as list<int>==z", "x: list<int> = []\ny = [] as list<int> == z");
    becomes("x = table{|a||1|\n|2|}", "x = table {\n  | a |\n  | 1 |\n  | 2 |\n}");
}

#[test]
fn a_new_line_behind_a_bracket_stays() {
    becomes("x = [\n1, 2]", "x = [\n  1,\n  2,\n]");
    becomes("x = [1,\n2]", "x = [1, 2]");
    becomes("x = f(a, b: [\n1])", "x = f(a, b: [\n  1,\n])");
    becomes("x = f([\n1], a)", "x = f(\n  [\n    1,\n  ],\n  a,\n)");
    becomes("x = (\n1\n)", "x = (1)");
    becomes("when a { yield 1 } else { yield 2 }", "when a { yield 1 } else { yield 2 }");
    becomes("when a { yield 1 } else {\nyield 2 }", "when a {\n  yield 1\n} else {\n  yield 2\n}");
}

#[test]
fn long_lines_break_at_the_end_first() {
    let long = "a_name_that_is_forty_characters_long_ok_";
    becomes(&format!("x = {long} + {long} * 2 - {long}"), &format!("x = {long}\n  + {long} * 2\n  - {long}"));
    becomes(
        &format!("x = {{ a: 1 }} + {{ a: {long}, b: {long}, c: {long} }}"),
        &format!("x = {{ a: 1 }} + {{\n  a: {long},\n  b: {long},\n  c: {long},\n}}"),
    );
    becomes(&format!("x = f({long}, {long}, {long})"), &format!("x = f(\n  {long},\n  {long},\n  {long},\n)"));
    becomes(
        &format!("x = if {long} then {long} else {long}{long}"),
        &format!("x =\n  if {long} then {long}\n  else {long}{long}"),
    );

    becomes(
        &format!("require {long} == {long} else \"{long}\""),
        &format!("require {long} == {long}\n  else \"{long}\""),
    );
    becomes(
        &format!("x = [{long} for {long} in f(1) if {long}]"),
        &format!("x = [\n  {long}\n  for {long} in f(1)\n  if {long}\n]"),
    );
}

#[test]
fn a_value_that_is_whole_on_the_next_line_goes_there() {
    let (name, call) = ("n".repeat(60), "f(1, x)");
    let chain = format!("{name} + {call} - 2");
    becomes(&format!("{name} = {chain}"), &format!("{name} =\n  {chain}"));
    becomes(&format!("{name} = if a then {name} else b"), &format!("{name} =\n  if a then {name} else b"));
    becomes(&format!("{name} = f({name}, b)"), &format!("{name} = f(\n  {name},\n  b,\n)"));
    let function = format!("fn {name}() -> int =\n  f({name}, b)\n");
    assert_eq!(formatted(&function.replace("\n ", "")), function);
    sound(&function);
}

#[test]
fn queries_move_with_their_statement() {
    becomes(
        "x = db.query(sql\"\"\"\n        select a  \n\n          from t\"\"\") as table<{ a: int }>",
        "x = db.query(sql\"\"\"\n  select a\n\n    from t\"\"\") as table<{ a: int }>",
    );
    becomes("x = promql\"\"\"\n\tup\n\"\"\"", "x = promql\"\"\"\n  up\n\"\"\"");
    becomes("x = sql\"\"\"select 1,\n2\"\"\"", "x = sql\"\"\"select 1,\n  2\"\"\"");
    becomes("x = sql\"\"\"\n select 'a\n b'\n\"\"\"", "x = sql\"\"\"\n select 'a\n b'\n\"\"\"");
}

#[test]
fn tables_align() {
    becomes(
        "x = table { # a\n|name|n|\n# b\n|\"日本\"|1|# c\n\n|none|-20|\n# d\n}",
        "x = table { # a\n  | name   | n   |\n  # b\n  | \"日本\" | 1   | # c\n\n  | none   | -20 |\n  # d\n}",
    );
}

#[test]
fn comments_stay_where_they_are() {
    becomes("#a\nx = 1 #b\n\n\n#c\n\n#d\ny = 2\n#e", "#a\nx = 1 #b\n\n#c\n\n#d\ny = 2\n#e");
    becomes("x = [1 # a\n, 2, # b\n# c\n3 # d\n# e\n]", "x = [\n  1, # a\n  2, # b\n  # c\n  3, # d\n  # e\n]");
    becomes("x = f(a, b) # c\ny = f(a) # d\n + 1", "x = f(a, b) # c\ny = f(a) # d\n  + 1");
    becomes("when a { } # b\nelse # c\n{ # d\n}", "when a {} # b\nelse # c\n  { # d\n}");
    becomes("use a # b\n: sql", "use a # b\n  : sql");
    becomes(
        "## one\n# two\n\n## three\nuse a: sql ## four\nuse b: sql",
        "## one\n# two\n\n## three\nuse a: sql\n## four\nuse b: sql",
    );
    assert_eq!(formatted("workflow w { # a\n\n# b\n\n}\n# c"), "workflow w { # a\n  # b\n}\n# c\n");
}

#[test]
fn deep_and_long_texts_are_formatted() {
    for value in [
        "([".repeat(64) + "1" + &"])".repeat(64),
        "f({ a: ".repeat(60) + "1" + &" })".repeat(60),
        "if a then b else ".repeat(127) + "c",
    ] {
        sound(&format!("calendar c = {value}\n"));
    }
    for link in [" + a", ".b(1)", "[0]", " and a", ".b"] {
        sound(&format!("calendar c = a{}\n", link.repeat(450)));
    }
    let when = format!("workflow w {{ {} {{}} }}", vec!["when a { yield 1 }"; 120].join(" else "));
    sound(&when.replace(" {} }", " }"));
}

#[test]
fn a_difference_is_found() {
    assert_eq!(same::compare("a = [1, 2]", "a = [\n1,\n2,\n]"), Ok(()));
    assert_eq!(same::compare("a # b\n, c", "a, # b\nc"), Ok(()));
    for (before, after) in [
        ("a b", "b a"),
        ("a", "a b"),
        ("a # b", "a # c"),
        ("# b\na", "a # b"),
        ("f(a, b)", "f(a b)"),
        ("\"a\"", "\"a \""),
        ("## a\nb", "b"),
    ] {
        assert!(same::compare(before, after).is_err(), "{before}");
    }
    assert!(same::compare("sql\"\"\"select '\na'\"\"\"", "sql\"\"\"select '\n  a'\"\"\"").is_err());
    assert!(same::compare("python\"\"\"\na\"\"\"", "python\"\"\"\n  a\"\"\"").is_err());
}
