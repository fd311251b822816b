//! What is looked for on request, below the command that asks: message by message.

use std::path::PathBuf;

use crate::check::{Surroundings, check, modules};
use crate::diagnostic::Code;
use crate::diagnostic::codes::{VF704, VF804, VF902, VF903, VF904};
use crate::source::Sources;

/// Where a code is found in a text, and what is said there.
fn found(code: &Code, text: &str) -> Vec<(String, String)> {
    let mut sources = Sources::default();
    let roots = vec![(PathBuf::from("test.flow"), text.to_owned())];
    let (modules, unread) = modules::load(roots, &mut sources, &mut |_| Err("there is no such file".to_owned()));
    let (_, findings) = check(&modules, &Surroundings::default());
    let wrong = unread.iter().chain(&findings).find(|finding| finding.is_error());
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
