//! Every format over one example with an error in SQL, a warning, a note, letters of several bytes, fixes, and a
//! character that would steer a terminal; and each machine format against what reads it.

use std::fmt::Write as _;

use serde::Deserialize;
use serde_json::Value as Json;

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

const EXAMPLE: &str = "workflow several {
  use db: sql
  days = \"日本 \u{1b}[31m & <b> 100%\"
  rows = db.query(sql\"\"\"
    select é, * form t where n < 1
  \"\"\")
  other = db.query(sql\"\"\"select * from t\"\"\")
  output n = \"é\" + dayz
  output m = other.count # vmflow: alow VF402 because it is an example
}
";

const FORMATS: [&str; 8] = ["human", "short", "json", "jsonl", "sarif", "github", "gitlab", "junit"];

/// A project with the example in a file of this name, and a file without findings.
fn project(name: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::remove_file(sandbox.path().join("vmflow.yaml")).unwrap();
    std::fs::remove_dir_all(sandbox.path().join("workflows")).unwrap();
    sandbox.write(name, EXAMPLE);
    sandbox.write("flows/right.flow", "workflow right {\n  param n: int = 1\n  output m = n\n}\n");
    sandbox
}

fn report(sandbox: &Sandbox, format: &str) -> String {
    let ran = sandbox.run(&["check", "--format", format]);
    assert_eq!(ran.code, 1, "{format}: {}{}", ran.stdout, ran.stderr);
    ran.stdout
}

#[test]
fn every_format_is_golden() {
    let sandbox = project("flows/several.flow");
    for format in FORMATS {
        // What is printed depends on the version nowhere else.
        let shown = report(&sandbox, format).replace(env!("CARGO_PKG_VERSION"), "VERSION");
        golden::assert(&root().join(format!("tests/report/golden/{format}.txt")), &shown);
    }
}

#[test]
fn no_format_prints_what_steers_a_terminal() {
    // JSON and XML escape what they hold; whoever reads them decides.
    let sandbox = project("flows/several\u{1b}[31m.flow");
    for format in FORMATS {
        let shown = report(&sandbox, format);
        assert!(!shown.chars().any(|c| c.is_control() && c != '\n'), "{format}: {shown:?}");
    }
}

/// A finding of a Code Quality report, as GitLab documents it; other keys are not allowed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Issue {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: IssueSeverity,
    location: IssueLocation,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum IssueSeverity {
    Info,
    Minor,
    Major,
    Critical,
    Blocker,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueLocation {
    path: String,
    lines: IssueLines,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueLines {
    begin: usize,
    end: usize,
}

fn issues(sandbox: &Sandbox) -> Vec<Issue> {
    serde_json::from_str(&report(sandbox, "gitlab")).unwrap()
}

#[test]
fn gitlab_gets_what_it_reads() {
    let sandbox = project("flows/several.flow");
    let found = issues(&sandbox);
    assert!(found.len() > 2);
    for issue in &found {
        assert!(!issue.description.is_empty() && issue.check_name.starts_with("VF"));
        assert!(issue.fingerprint.len() == 32 && issue.location.path == "flows/several.flow");
        assert!(issue.location.lines.begin >= 1 && issue.location.lines.begin <= issue.location.lines.end);
        let is_error = issue.check_name == "VF401" || issue.check_name == "VF101";
        assert_eq!(matches!(issue.severity, IssueSeverity::Critical), is_error, "{}", issue.check_name);
        assert!(!matches!(issue.severity, IssueSeverity::Major | IssueSeverity::Blocker));
        assert_eq!(matches!(issue.severity, IssueSeverity::Info), issue.check_name == "VF402");
        assert_eq!(matches!(issue.severity, IssueSeverity::Minor), issue.check_name == "VF906");
    }
}

#[test]
fn a_fingerprint_outlives_the_lines_and_tells_repetitions_apart() {
    let sandbox = project("flows/several.flow");
    let prints = |sandbox: &Sandbox| issues(sandbox).into_iter().map(|it| it.fingerprint).collect::<Vec<_>>();
    let before = prints(&sandbox);
    sandbox.write("flows/several.flow", &format!("# moved\n\n{EXAMPLE}"));
    assert_eq!(prints(&sandbox), before);
    let twice = "workflow w {\n  output a = [m, m]\n}\n";
    sandbox.write("flows/several.flow", twice);
    let two = prints(&sandbox);
    assert!(two.len() == 2 && two[0] != two[1], "{two:?}");
}

#[test]
fn sarif_is_what_its_schema_says() {
    // The types are made from the schema. What it does not know or wants otherwise is lost or refused.
    let sandbox = project("flows/several é,%.flow");
    let text = report(&sandbox, "sarif");
    let written: Json = serde_json::from_str(&text).unwrap();
    let log: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
    let mut read = serde_json::to_value(&log).unwrap();
    without_nothing(&mut read);
    assert_eq!(read, written);
    let run = &log.runs[0];
    let rules = run.tool.driver.rules.as_ref().unwrap();
    for result in run.results.as_ref().unwrap() {
        let rule = &rules[usize::try_from(result.rule_index.unwrap()).unwrap()];
        assert_eq!(Some(&rule.id), result.rule_id.as_ref());
    }
    let place = &written["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "flows/several%20%C3%A9%2C%25.flow");
}

/// Takes out the keys without a value.
fn without_nothing(json: &mut Json) {
    match json {
        Json::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nothing);
        }
        Json::Array(list) => list.iter_mut().for_each(without_nothing),
        _ => {}
    }
}

#[test]
fn junit_is_well_formed_and_counts() {
    let name = "flows/<several> & \"é\" '1'.flow";
    let sandbox = project(name);
    let text = report(&sandbox, "junit");
    let document = roxmltree::Document::parse(&text).unwrap();
    let suites = document.root_element();
    let suite = suites.first_element_child().unwrap();
    let cases: Vec<_> = suite.children().filter(roxmltree::Node::is_element).collect();
    for counted in [suites, suite] {
        assert_eq!((counted.attribute("tests"), counted.attribute("failures")), (Some("2"), Some("1")));
    }
    let names: Vec<_> = cases.iter().map(|case| case.attribute("name").unwrap()).collect();
    assert_eq!(names, [name, "flows/right.flow"]);
    let failures: Vec<_> = cases[0].children().filter(|child| child.has_tag_name("failure")).collect();
    let kinds: Vec<_> = failures.iter().map(|failure| failure.attribute("type").unwrap()).collect();
    assert_eq!(kinds, ["VF401", "VF101"]);
    assert!(failures[0].text().unwrap().starts_with(&format!("{name}:5:")), "{text}");
    let told = cases[0].children().find(|child| child.has_tag_name("system-out")).unwrap();
    assert!(told.text().unwrap().contains("info[VF402]"), "{text}");
    assert_eq!(cases[1].children().count(), 0);
}

#[test]
fn github_is_not_told_commands_by_a_name_or_a_text() {
    let sandbox = project("flows/a\n::stop-commands::x,line=1%0A.flow");
    let text = report(&sandbox, "github");
    for line in text.lines() {
        let levels = ["::error file=", "::warning file=", "::notice file="];
        assert!(levels.iter().any(|level| line.starts_with(level)), "{line}");
        assert!(line.contains("file=flows/a%0A%3A%3Astop-commands%3A%3Ax%2Cline=1%250A.flow,line="), "{line}");
    }
    assert_eq!(text.lines().count(), issues(&sandbox).len());
}

#[test]
fn jsonl_has_the_findings_of_json() {
    let sandbox = project("flows/several.flow");
    let document: Json = serde_json::from_str(&report(&sandbox, "json")).unwrap();
    let lines: Vec<Json> = report(&sandbox, "jsonl").lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(document["diagnostics"], Json::Array(lines));
}

#[test]
fn many_findings_are_printed_in_every_format() {
    let sandbox = project("flows/several.flow");
    let mut text = String::from("workflow w {\n");
    for line in 0..10_000 {
        let _ = writeln!(text, "  output o{line} = missing{line}");
    }
    sandbox.write("flows/several.flow", &(text + "}\n"));
    assert_eq!(report(&sandbox, "short").lines().count(), 10_000);
    assert_eq!(report(&sandbox, "github").lines().count(), 10_000);
    assert_eq!(report(&sandbox, "jsonl").lines().count(), 10_000);
    assert_eq!(issues(&sandbox).len(), 10_000);
    assert_eq!(report(&sandbox, "junit").matches("<failure ").count(), 10_000);
    let sarif: Json = serde_json::from_str(&report(&sandbox, "sarif")).unwrap();
    assert_eq!(sarif["runs"][0]["results"].as_array().unwrap().len(), 10_000);
}

#[test]
fn a_file_that_cannot_be_read_hides_no_other() {
    let sandbox = Sandbox::new();
    sandbox.write("f/a.flow", "workflow w { output n = m }");
    std::fs::write(sandbox.path().join("f/bin.flow"), b"\xff").unwrap();
    let ran = sandbox.run(&["check", "f", "--format", "short"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, "f/a.flow:1:25: error[VF101]: nothing is called `m` here\n"));
    assert_eq!(ran.stderr, "vmflow: cannot read `f/bin.flow`: it is not UTF-8 (byte 0)\n");
    // A reader of a format gets a document also when there is nothing to tell.
    for format in ["json", "sarif", "gitlab"] {
        assert!(!sandbox.run(&["check", "f", "--format", format]).expect(2).is_null(), "{format}");
        assert!(!sandbox.run(&["check", "f/bin.flow", "--format", format]).expect(2).is_null(), "{format}");
    }
    assert!(sandbox.run(&["check", "f/bin.flow", "--format", "junit"]).stdout.starts_with("<?xml"));
    let ran = sandbox.run(&["check", "f", "--write-baseline", "known.json"]);
    assert!(ran.code == 2 && ran.stderr.contains("no baseline is written"), "{}", ran.stderr);
    assert!(!sandbox.path().join("known.json").exists());
}

/// What a person sees on a terminal of so many columns.
fn seen_on_a_terminal(sandbox: &Sandbox, columns: usize) -> String {
    let asked = format!("stty rows 40 cols {columns}; {} check --color never", env!("CARGO_BIN_EXE_vmflow"));
    let mut command = std::process::Command::new("script");
    command.args(["-qec", &asked, "/dev/null"]).current_dir(sandbox.path()).env("TERM", "xterm");
    String::from_utf8(command.output().unwrap().stdout).unwrap().replace("\r\n", "\n")
}

#[test]
fn what_is_told_is_as_wide_as_the_terminal() {
    let sandbox = project("flows/a.flow");
    sandbox.write("flows/a.flow", "workflow w {\n  x = f\"\"\"day {day}\"\"\"\n}\n");
    let widest = |text: &str| text.lines().skip(1).map(|line| line.chars().count()).max().unwrap();
    let narrow = seen_on_a_terminal(&sandbox, 60);
    assert!(widest(&narrow) <= 60, "{narrow}");
    assert!(widest(&seen_on_a_terminal(&sandbox, 90)) > 60, "no line was long enough to tell");
    assert_eq!(seen_on_a_terminal(&sandbox, 300), seen_on_a_terminal(&sandbox, 100));
}
