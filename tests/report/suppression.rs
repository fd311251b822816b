//! `# vmflow: allow CODE because …`.

use crate::support::sandbox::Sandbox;

/// `line code` of each finding in a workflow with this body, whose lines count from 1.
fn found(body: &str, more: &[&str]) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.write("a.flow", &format!("workflow w {{\n{body}\n}}\n"));
    let ran = sandbox.run(&[&["check", "a.flow", "--format", "json"], more].concat());
    let document = ran.json();
    let found = document["diagnostics"].as_array().unwrap().iter().map(|finding| {
        let line = finding["span"]["start"]["line"].as_u64().unwrap() - 1;
        format!("{line} {}", finding["code"].as_str().unwrap())
    });
    found.collect()
}

#[test]
fn a_comment_allows_what_is_found_in_its_line_or_the_next() {
    assert_eq!(found("  x = 1\n  output n = 1", &[]), ["1 VF103"]);
    let none: [&str; 0] = [];
    for body in [
        "  x = 1 # vmflow: allow VF103 because x\n  output n = 1",
        "  # vmflow: allow VF103 because x\n  x = 1\n  output n = 1",
        "  # vmflow: allow VF103 because x\n\n  # told\n  x = 1\n  output n = 1",
        "  #vmflow: allow VF103,VF104 because x\n  x = 1  param p: int = 1\n  output n = 1",
        "  # vmflow: allow VF104 because x\n  # vmflow: allow vf103 because x\n  x = 1  param p: int = 1\n  output n = 1",
    ] {
        assert_eq!(found(body, &["--deny", "warnings"]), none, "{body}");
    }
    assert_eq!(found("  # vmflow: allow VF103 because x\n  x = 1\n  y = 1\n  output n = 1", &[]), ["3 VF103"]);
}

#[test]
fn a_statement_of_several_lines_is_one() {
    // `select *` without a schema has unknown types, told at the query.
    let query = "x =\n    db.query(sql\"\"\"\n      select * from t\n    \"\"\")";
    let body = |above: &str, behind: &str| format!("  use db: sql\n{above}  {query}{behind}\n  output n = 1");
    let codes = found(&body("", ""), &[]);
    assert!(codes.contains(&"2 VF103".to_owned()) && codes.len() == 2, "{codes:?}");
    let other = codes.iter().find(|code| *code != "2 VF103").unwrap();
    assert!(!other.starts_with("2 "), "the second finding should stand further down: {other}");
    let code = other.split(' ').next_back().unwrap();
    let allow = format!("# vmflow: allow VF103, {code} because x");
    let none: [&str; 0] = [];
    assert_eq!(found(&body(&format!("  {allow}\n"), ""), &[]), none);
    assert_eq!(found(&body("", &format!(" {allow}")), &[]), none);
}

#[test]
fn a_block_is_not_its_heads() {
    let body = "  # vmflow: allow VF103 because x\n  when true {\n    x = 1\n  }\n  output n = 1";
    let codes = found(body, &[]);
    assert!(codes.contains(&"1 VF906".to_owned()) && codes.contains(&"3 VF103".to_owned()), "{codes:?}");
}

#[test]
fn an_error_is_not_allowed() {
    assert_eq!(found("  # vmflow: allow VF101 because x\n  output n = m", &[]), ["1 VF906", "2 VF101"]);
    // In a file with errors not everything is looked for, so nothing is called useless.
    assert_eq!(found("  # vmflow: allow VF103 because x\n  x = 1\n  output n = m", &[]), ["3 VF101"]);
}

#[test]
fn what_allows_nothing_is_told_with_its_fix() {
    let cases = [
        ("vmflow: allow VF103 because x", "there is no finding VF103 here to allow", Some("")),
        ("vmflow: allow VF1033 because x", "no check is called `VF1033`; did you mean VF103?", Some("")),
        ("vmflow: alow VF103 because x", "this allows nothing as it is written", Some("vmflow: allow")),
        ("vmflow:allow VF103 because x", "this allows nothing as it is written", Some("vmflow: allow")),
        ("vmflow: allow", "this does not say what it allows", Some("")),
        ("vmflow: allow because x", "this does not say what it allows", Some("")),
    ];
    for (comment, message, replacement) in cases {
        let sandbox = Sandbox::new();
        sandbox.write("a.flow", &format!("workflow w {{\n  # {comment}\n  output n = 1\n}}\n"));
        let document = sandbox.run(&["check", "a.flow", "--format", "json"]).json();
        let found = document["diagnostics"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{comment}: {found:?}");
        assert_eq!((&found[0]["code"], &found[0]["message"]), (&"VF906".into(), &message.into()), "{comment}");
        assert_eq!(found[0]["fix"]["edits"][0]["replacement"].as_str(), replacement, "{comment}");
    }
}

#[test]
fn documentation_allows_nothing_until_it_is_a_comment() {
    let body = "  ## vmflow: allow VF104 because x\n  param p: int = 1\n  output n = 1";
    assert_eq!(found(body, &[]), ["1 VF906", "2 VF104"]);
    let none: [&str; 0] = [];
    // Removing the parameter would be a fix, too: `VF906` alone is wanted.
    let mended = body.replace("##", "#");
    assert_eq!(found(&mended, &[]), none);
}

#[test]
fn a_reason_is_wanted() {
    let body = |comment: &str| format!("  x = 1 # vmflow: allow VF103{comment}\n  output n = 1");
    assert_eq!(found(&body(""), &[]), ["1 VF906"]);
    assert_eq!(found(&body(" because"), &[]), ["1 VF906"]);
    assert_eq!(found(&body(" it is there for its log line"), &[]), ["1 VF906"]);
}

#[test]
fn no_comment_is_read_in_a_text() {
    let body = "  x = \"# vmflow: allow VF103 because x\"\n  output n = 1";
    assert_eq!(found(body, &[]), ["1 VF103"]);
}

#[test]
fn what_is_not_asked_for_may_be_allowed() {
    let body = "  x = 1 # vmflow: allow VF103 because x\n  output n = 1";
    let none: [&str; 0] = [];
    assert_eq!(found(body, &["--ignore", "VF103"]), none);
}

#[test]
fn runs_do_not_tell_of_what_is_allowed() {
    let sandbox = Sandbox::new();
    let workflow = |comment: &str| format!("workflow w {{\n  x = 1{comment}\n  output n = 1\n}}\n");
    sandbox.write("a.flow", &workflow(""));
    assert!(sandbox.run(&["run", "a.flow"]).stderr.contains("VF103"));
    sandbox.write("a.flow", &workflow(" # vmflow: allow VF103 because x"));
    assert_eq!(sandbox.run(&["run", "a.flow"]).stderr, "");
}
