//! `vmflow doc`: what it finds by which name, and what it says of files.

use serde_json::json;

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

fn text(arguments: &[&str]) -> String {
    let ran = Sandbox::new().run(&[&["doc"], arguments].concat());
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    ran.stdout
}

#[test]
fn without_a_name_everything_is_listed() {
    let index = text(&[]);
    for name in vmflow::primitive::registry::all().map(|spec| spec.summary) {
        let first_word = name.split(' ').next().unwrap();
        assert!(index.contains(first_word), "{name}");
    }
    for line in [
        "sum ",
        "metrics.write ",
        "calendars.weekdays ",
        "list.count ",
        "is_newer ",
        "status.publish ",
        "std.watermark",
    ] {
        assert!(index.lines().any(|found| format!("{found} ").starts_with(line)), "{line}\n{index}");
    }
    assert!(index.lines().all(|line| line.chars().count() <= 100), "{index}");
    assert!(!index.contains(['\u{1b}', '`', '|']) || index.contains("`vmflow doc NAME`"), "{index}");
}

#[test]
fn a_thing_has_several_names() {
    let sum =
        "sum\n═══\n\n    sum(items: list<N>) -> N\n\nNumbers or durations added up; 0 for an empty list. *pure*\n";
    assert!(text(&["sum"]).starts_with(sum), "{}", text(&["sum"]));
    assert!(text(&["dates"]).contains("\nmidnight\n════════\n"));
    for name in ["metrics.write", "vm.write", "write"] {
        assert!(text(&[name]).starts_with("metrics.write\n"), "{name}");
    }
    for name in ["status.publish", "std.status.publish"] {
        assert!(text(&[name]).starts_with("status.publish\n"), "{name}");
    }
    for name in ["status", "std.status"] {
        assert!(text(&[name]).starts_with("std.status\n"), "{name}");
    }
    assert!(text(&["is_newer"]).contains("fn is_newer(a: timestamp?, than: timestamp?) -> bool"));
    assert!(text(&["status.Status"]).contains("type Status = \"success\" | \"partial\""));
    let family = text(&["metrics"]);
    assert!(family.contains("metrics.export(") && family.contains("metrics.instant("), "{family}");
    assert!(text(&["list.count"]).contains("list  .count    How many items it has."));
    assert!(text(&["s.labels"]).contains(".labels"));
}

#[test]
fn a_name_that_is_not_there_is_near_another() {
    let sandbox = Sandbox::new();
    for (name, near) in [
        ("smu", "sum"),
        ("vm.writ", "vm.write"),
        ("list.tak", "list.take"),
        ("status.pubish", "status.publish"),
        ("std.statsu", "std.status"),
        ("midnigth", "midnight"),
    ] {
        let ran = sandbox.run(&["doc", name]);
        let told = format!("vmflow: nothing is called `{name}`; did you mean `{near}`?\n");
        assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (2, "", told.as_str()));
    }
    assert_eq!(sandbox.run(&["doc", ""]).code, 2);
    let far = sandbox.run(&["doc", "sum", "zebra"]);
    assert_eq!((far.code, far.stdout.as_str()), (2, ""));
    assert_eq!(far.stderr, "vmflow: nothing is called `zebra`; `vmflow doc` lists all there is\n");
}

#[test]
fn a_file_is_documented_whole_or_in_part() {
    let sandbox = Sandbox::new();
    let file = std::fs::read_to_string(root().join("tests/ui/doc/file.flow")).unwrap();
    sandbox.write("file.flow", &file);
    let ran = sandbox.run(&["doc", "file.flow", "--format", "markdown"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    golden::assert(&root().join("tests/ui/doc/file.md"), &ran.stdout);
    golden::assert(&root().join("tests/ui/doc/file.txt"), &sandbox.run(&["doc", "file.flow"]).stdout);
    let part = sandbox.run(&["doc", "file.flow:levels"]);
    assert!(part.stdout.starts_with("levels\n══════\n") && !part.stdout.contains("fn grade"), "{}", part.stdout);
    let missing = sandbox.run(&["doc", "file.flow:lebels"]);
    assert_eq!(
        (missing.code, missing.stderr.as_str()),
        (2, "vmflow: `file.flow` holds nothing that is called `lebels`\n")
    );
    sandbox.write("broken.flow", "workflow a { x = 1 + }\n");
    let broken = sandbox.run(&["doc", "broken.flow"]);
    assert!(broken.code == 1 && broken.stdout.is_empty() && broken.stderr.contains("VF001"), "{}", broken.stderr);
    assert_eq!(sandbox.run(&["doc", "nope.flow"]).code, 2);
}

#[test]
fn what_steers_a_terminal_is_not_printed() {
    let sandbox = Sandbox::new();
    sandbox.write("red.flow", "## \u{1b}[31mred\nfn red(a: text = \"\u{9b}31m\") -> text = a\n");
    let shown = sandbox.run(&["doc", "red.flow"]).stdout;
    assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{shown:?}");
}

/// The document is one for whatever was asked for; this pins its shape.
#[test]
fn the_document_is_the_documented_one() {
    let sandbox = Sandbox::new();
    let all = sandbox.run(&["doc", "--format", "json"]).expect(0);
    assert_eq!(all["primitives"].as_array().unwrap().len(), vmflow::primitive::registry::all().count());
    assert_eq!(all["properties"].as_array().unwrap().len(), vmflow::primitive::registry::properties().count());
    assert_eq!(all["modules"].as_array().unwrap().len(), vmflow::stdlib::MODULES.len());
    let some = sandbox.run(&["doc", "round", "list.count", "status.publish", "--format", "json"]).expect(0);
    assert_eq!(some["primitives"][0]["called"], "round");
    assert_eq!(some["primitives"][0]["parameters"][1]["default"], "0");
    assert_eq!(some["properties"], json!([{ "family": "list", "name": "count", "doc": "How many items it has." }]));
    let publish = &some["modules"][0]["functions"][0];
    assert_eq!(
        (&publish["name"], &publish["kind"], &publish["needs_outcome"]),
        (&json!("publish"), &json!("action"), &json!(true))
    );
    let file = sandbox.run(&["doc", "workflows/extractor.flow", "--format", "json"]).expect(0);
    let workflow = &file["modules"][0]["workflows"][0];
    assert_eq!(
        workflow["parameters"][1],
        json!({
            "name": "lookback", "type": "period", "default": "30d", "require": "lookback <= 400d",
            "message": "\"at most 400 days\"", "doc": "How far back to look, in calendar days.",
        })
    );
    assert_eq!(workflow["connections"], json!([{ "name": "db", "kind": "sql" }, { "name": "vm", "kind": "metrics" }]));
    assert_eq!(
        workflow["steps"][1],
        json!({ "name": "days", "type": "list<date>", "effect": "pure", "after": ["today"] })
    );
    assert_eq!(workflow["outputs"][5], json!({ "name": "days_failed", "type": "list<date>", "doc": "" }));
}

#[test]
fn everything_in_the_standard_library_is_documented() {
    let all = Sandbox::new().run(&["doc", "std", "--format", "json"]).expect(0);
    for module in all["modules"].as_array().unwrap() {
        assert_ne!(module["doc"], "", "{}", module["name"]);
        for part in ["types", "functions", "calendars"] {
            for item in module[part].as_array().unwrap() {
                assert_ne!(item["doc"], "", "{} {}", module["name"], item["name"]);
            }
        }
    }
}

#[test]
fn colour_is_for_headings() {
    let colored = text(&["sum", "--color", "always"]);
    assert!(colored.starts_with("\u{1b}[1msum\u{1b}[0m\n\n    sum("), "{colored}");
}
