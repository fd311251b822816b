//! What is looked for on request, below the command that asks: message by message.

use std::path::PathBuf;

use crate::check::{Surroundings, check, modules};
use crate::diagnostic::Code;
use crate::diagnostic::codes::{VF207, VF704, VF804, VF902, VF903, VF904};
use crate::source::Sources;

/// Where a code is found in a text, and what is said there.
fn found(code: &Code, text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    let roots = vec![(PathBuf::from("test.flow"), text.to_owned())];
    let (modules, unread) = modules::load(roots, &mut sources, &mut |_| Err("there is no such file".to_owned()));
    let (_, findings) = check(&modules, &Surroundings::default());
    let wrong = unread.iter().chain(&findings).find(|finding| finding.is_error() && finding.code != code);
    assert_eq!(wrong, None, "{text}");
    let told = findings.into_iter().filter(|finding| finding.code == code);
    told.map(|finding| (sources.slice(finding.span().unwrap()).to_owned(), finding.message)).collect()
}

fn places(code: &Code, text: &str) -> Vec<String> {
    found(code, text).into_iter().map(|(place, _)| place).collect()
}

fn said(code: &Code, text: &str) -> Vec<String> {
    found(code, text).into_iter().map(|(_, message)| message).collect()
}

/// A workflow that asks for `ids`, then goes on with `lines`.
fn asking(lines: &str) -> String {
    format!(
        "workflow w {{\n  use db: sql\n  use api: http\n  param wanted: list<text> = []\n  ids = api.get(\"/ids\").json as list<text>\n{lines}\n  output n = ids.count + wanted.count\n}}\n"
    )
}

#[test]
fn requests_for_all_that_was_read_have_no_bound() {
    let each = |over: &str| format!("for each id in {over} {{ do api.post(f\"/{{id}}\", json: id) }}");
    assert_eq!(said(&VF804, &asking(&each("ids"))), ["`ids` has as many items as was read, and each makes a request"]);
    let derived = format!("some = [i for i in ids if i != \"a\"] {}", each("some"));
    assert_eq!(places(&VF804, &asking(&derived)), ["some"]);
    let inner = "for each g in wanted { when ids.count > 1 { for each id in ids { do api.post(id, json: g) } } }";
    assert_eq!(places(&VF804, &asking(inner)), ["ids"]);
}

#[test]
fn bounds_of_many_kinds_are_seen() {
    let each = |over: &str| format!("for each id in {over} {{ do api.post(f\"/{{id}}\", json: id) }}");
    let few = "few = db.query(sql\"\"\"select id from t limit 10\"\"\") as table<{ id: text }>";
    let bounded = [
        format!("require ids.count <= 10 {}", each("ids")),
        format!("require 10 > ids.count {}", each("ids")),
        each("ids.take(10)"),
        format!("some = [i for i in ids.take(10)] {}", each("some")),
        format!("{few} {}", each("few.id")),
        each("wanted"),
        "for each id in ids { do db.upsert(\"t\", rows: [{ id: id }], key: [\"id\"]) }".to_owned(),
    ];
    for lines in bounded {
        assert_eq!(places(&VF804, &asking(&lines)), [""; 0], "{lines}");
    }
    // A lower bound is none.
    assert_eq!(places(&VF804, &asking(&format!("require ids.count > 0 {}", each("ids")))), ["ids"]);
}

#[test]
fn a_database_without_a_timeout_is_found_wherever_it_is_asked() {
    let text = |lines: &str| format!("workflow w {{\n  use db: sql\n{lines}\n}}\n");
    let write = "do db.execute(sql\"\"\"delete from t where n = 1\"\"\")";
    let endless = [
        write.to_owned(),
        format!("for each x in [1, 2] {{ when x > 1 {{ {write} }} }}"),
        format!("do transaction db {{ {write} }}"),
        format!("{write} with {{ timeout: 1m }} {write}"),
    ];
    for lines in endless {
        assert_eq!(places(&VF704, &text(&lines)), ["db"], "{lines}");
    }
    let bounded = [
        format!("defaults {{ timeout: 1m }} {write}"),
        format!("{write} with {{ timeout: 1m }}"),
        format!("for each x in [1, 2] {{ when x > 1 {{ {write} }} }} with {{ timeout: 1m }}"),
    ];
    for lines in bounded {
        assert_eq!(places(&VF704, &text(&lines)), [""; 0], "{lines}");
    }
}

#[test]
fn what_has_no_documentation_is_named() {
    let text = "workflow w {\n  ## Some.\n  param a: int = 1\n  param b: int = 2\n  output c = a + b\n}\n";
    assert_eq!(
        said(&VF902, text),
        [
            "nothing says what the workflow `w` is",
            "nothing says what the parameter `b` is",
            "nothing says what the output `c` is"
        ]
    );
}

#[test]
fn values_that_come_again_and_again_are_found_at_the_first() {
    let output = |(at, value): (usize, &&str)| format!("  output o{at} = {value}\n");
    let outputs = |values: &[&str]| {
        let lines: Vec<String> = values.iter().enumerate().map(output).collect();
        format!("workflow w {{\n{}}}\n", lines.concat())
    };
    assert_eq!(
        said(&VF903, &outputs(&["365d", "2025-01-31 + 365d", "365d + 1d"])),
        ["`365d` is written 3 times in this file"]
    );
    assert_eq!(places(&VF903, &outputs(&["86400 * 2", "86400", "-86400", "86400"])), ["86400"]);
    for fine in ["1d", "24h", "10", "100", "1.0", "\"a\"", "true", "none", "[365, 365, 365]"] {
        assert_eq!(places(&VF903, &outputs(&[fine, fine, fine])), [""; 0], "{fine}");
    }
    assert_eq!(places(&VF903, &outputs(&["365d", "365d"])), [""; 0]);
}

#[test]
fn a_workflow_that_no_test_is_of_is_found() {
    let workflows = "workflow a {\n  output n = 1\n}\nworkflow b {\n  output n = 1\n}\n";
    let text = format!("{workflows}test \"one\" of a {{\n  expect n == 1\n}}\n");
    assert_eq!(said(&VF904, &text), ["no test is of `b`"]);
    assert_eq!(places(&VF904, workflows), ["a", "b"]);
}

#[test]
fn what_always_fails_is_told_where_it_fails() {
    let told =
        |lines: &str| found(&VF207, &format!("workflow w {{\n  param n: int = 3\n{lines}\n  output last = n\n}}\n"));
    let at = |place: &str, message: &str| vec![(place.to_owned(), message.to_owned())];
    assert_eq!(told("x = n + 2 * (1 / (3 - 3))"), at("(1 / (3 - 3))", "`1 / 0` divides by zero"));
    assert_eq!(told("x = [1, n][2 - 3]"), [], "`n` is not known");
    let behind = at("[[1], [2, 3]][1][2]", "there is no item 2: the list has 2, counted from 0");
    assert_eq!(told("x = [[1], [2, 3]][1][2]"), behind);
    assert_eq!(told("x = [i for i in [1, 2] if i > 1 % 0]")[0].0, "1 % 0");
    assert_eq!(told("x = parse_int(\"abc\") + n")[0].0, "parse_int(\"abc\")");
    assert_eq!(told("x = 9223372036854775807 + 1 - 2")[0].0, "9223372036854775807 + 1");
    for well in ["x = 1 / n", "x = [1, 2][1] % [3].count", "x = parse_int(\"12\") / 2.5", "x = none ?? 1 / 2"] {
        assert_eq!(told(well), [], "{well}");
    }
}

#[test]
fn a_default_that_its_own_require_refuses_is_none() {
    let told = |param: &str| places(&VF207, &format!("workflow w {{\n  param {param}\n  output last = n\n}}\n"));
    assert_eq!(told("n: int = 0\n    require n > 0"), ["0"]);
    assert_eq!(told("n: int = -(2 + 3)\n    require n > 0 and 10 / n < 20"), ["-(2 + 3)"]);
    assert_eq!(told("n: list<text> = []\n    require n.count > 0 else \"none\""), ["[]"]);
    assert_eq!(told("n: text = \"abc\"\n    require matches(n, regex\"\"\"^[0-9]+$\"\"\")"), ["\"abc\""]);
    for well in
        ["n: int = 1\n    require n > 0", "n: int\n    require n > 0", "n: int = 0\n    require n == 0 or 10 / n > 1"]
    {
        assert_eq!(told(well), [] as [&str; 0], "{well}");
    }
}
