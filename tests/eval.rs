//! `vmflow eval`: what an expression gives, and what is said when it gives nothing.

use std::process::Stdio;

use serde_json::json;

use crate::support::golden;
use crate::support::sandbox::{Ran, Sandbox, root};

const AT: &str = "2026-10-30T18:00Z";

fn eval(arguments: &[&str]) -> Ran {
    Sandbox::new().run(&[&["eval", "--at", AT], arguments].concat())
}

fn gives(arguments: &[&str]) -> String {
    let ran = eval(arguments);
    assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
    ran.stdout
}

#[test]
fn an_expression_gives_its_value() {
    let cases: [(&[&str], &str); 9] = [
        (&["business_date(run.now, cutoff: 06:00, on: calendars.weekdays(zone: \"UTC\"))"], "2026-10-30\n"),
        (&["run.now - 1h"], "2026-10-30T17:00:00Z\n"),
        (&["-3 + 1"], "-2\n"),
        (&["is_newer(run.now, than: none)"], "true\n"),
        (&["status.as_gauge(\"failed\")"], "0\n"),
        (&["calendars.weekdays()"], "weekdays (UTC)\n"),
        (&["sql\"\"\"select :x\"\"\"", "-p", "x=3"], "select :x\n"),
        (&["[x * 2 for x in xs if x > 1]", "-p", "xs=[1, 2, 3]"], "[4, 6]\n"),
        (&["run.job"], "eval\n"),
    ];
    for (arguments, value) in cases {
        assert_eq!(gives(arguments), value, "{arguments:?}");
    }
}

#[test]
fn a_parameter_is_a_literal_or_a_text() {
    let cases = [
        ("2025-01-31", "date"),
        ("-3", "int"),
        ("[1, 2.5]", "list<float>"),
        ("{ a: 1, b: [\"x\"] }", "{ a: int, b: list<text> }"),
        ("2025-01-01 through 2025-01-31", "range<date>"),
        ("EURUSD", "text"),
        ("run.now", "text"),
        ("http://example.com/?a=b", "text"),
        ("", "text"),
    ];
    for (value, ty) in cases {
        assert_eq!(gives(&["x", "-p", &format!("x={value}"), "--type"]), format!("{ty}\n"), "{value}");
    }
    assert_eq!(gives(&["f\"{day:%d/%m/%Y} {name}\"", "-p", "day=2025-01-31", "-p", "name=a=b"]), "31/01/2025 a=b\n");
}

#[test]
fn rows_are_a_table_for_people() {
    let rows = "[{ day: 2025-01-31, n: 1 }, { day: 2025-02-03, n: 100 }]";
    assert_eq!(gives(&[rows]), "day         n\n2025-01-31  1\n2025-02-03  100\n");
    let table = "table {\n | city     | c |\n | \"Lisbon\" | 14.5 |\n | \"Łódź\" | none |\n}";
    assert_eq!(gives(&[table]), "city    c\nLisbon  14.5\nŁódź    none\n");
    assert_eq!(gives(&["[{ a: \"x\\ny\", b: 1 }]"]), "a    b\nx y  1\n");
    assert_eq!(gives(&["[]"]), "[]\n");
    assert_eq!(
        eval(&[rows, "--format", "json"]).expect(0),
        json!({
            "type": "list<{ day: date, n: int }>",
            "value": [{ "day": "2025-01-31", "n": 1 }, { "day": "2025-02-03", "n": 100 }],
        })
    );
    assert_eq!(eval(&["1", "--type", "--format", "json"]).expect(0), json!({ "type": "int" }));
}

#[test]
fn functions_of_files_are_imported() {
    let sandbox = Sandbox::new();
    sandbox.write(
        "lib/markets.flow",
        "fn twice(x: int) -> int = x * 2\nstep asked(x: int) -> int = external.python(\"a.py\", entry: \"x\")\n",
    );
    sandbox.write("lib/a.py", "def x(x):\n    return x\n");
    sandbox.write("lib/status.flow", "fn own() -> int = 7\n");
    let run = |more: &[&str]| sandbox.run(&[&["eval"], more].concat());
    assert_eq!(run(&["markets.twice(21)", "--import", "lib/markets.flow"]).stdout, "42\n");
    assert_eq!(run(&["status.own()", "--import", "lib/status.flow"]).stdout, "7\n");
    let asked = run(&["markets.asked(1)", "--import", "lib/markets.flow"]);
    assert!(
        asked.code == 1 && asked.stderr.starts_with("error[VF602]: this looks at the outside world"),
        "{}",
        asked.stderr
    );
    let missing = run(&["nope.f(1)", "--import", "lib/nope.flow"]);
    assert!(missing.code == 1 && missing.stderr.contains("cannot read `lib/nope.flow`"), "{}", missing.stderr);
    assert_eq!(missing.stderr.matches("error[").count(), 1, "{}", missing.stderr);
}

#[test]
fn what_is_wrong_is_shown_in_the_expression() {
    let cases: [&[&str]; 10] = [
        &["dayz + 1", "-p", "days=3"],
        &["1 +"],
        &[""],
        &["x y"],
        &["1 + \"a\""],
        &["day + 1h", "-p", "day=2025-01-31"],
        &["2025-01-31 + 3bd"],
        &["run.status"],
        &["x", "-p", "x=1", "-p", "x=2"],
        &["1 / (2 - 2)"],
    ];
    let mut shown = String::new();
    for arguments in cases {
        let ran = eval(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{arguments:?}");
        shown.push_str(&format!("$ vmflow eval {}\n{}\n", arguments.join(" "), ran.stderr));
    }
    golden::assert(&root().join("tests/ui/eval/wrong.txt"), &shown);
}

#[test]
fn bad_usage_is_told_apart() {
    for (arguments, told) in [
        (["1", "-p", "x"], "vmflow: `-p x`: write `-p name=value`\n"),
        (["1", "-p", "a b=1"], "vmflow: `-p a b=1`: `a b` is no name"),
        (["1", "--at", "2026-10-30"], "vmflow: `--at 2026-10-30` is a day; name the instant"),
    ] {
        let ran = Sandbox::new().run(&[&["eval"], arguments.as_slice()].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.starts_with(told), "{}", ran.stderr);
    }
}

#[test]
fn an_expression_comes_from_stdin() {
    use std::io::Write;
    let sandbox = Sandbox::new();
    let mut command = sandbox.command(&["eval", "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"# a sum\n1 +\n  2\n").unwrap();
    let ran: Ran = child.wait_with_output().unwrap().into();
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "3\n", ""));
}

#[test]
fn a_deep_or_large_expression_ends() {
    let deep = format!("{}1{}", "(".repeat(100), ")".repeat(100));
    assert_eq!(gives(&[&deep]), "1\n");
    let too_deep = format!("{}1{}", "(".repeat(5000), ")".repeat(5000));
    assert!(eval(&[&too_deep]).stderr.starts_with("error[VF001]"));
    let long = vec!["1"; 900].join(" + ");
    assert_eq!(gives(&[&long]), "900\n");
}
