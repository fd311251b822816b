//! Configurations, good and bad, as a user would write them.

mod environments;
mod jobs;
mod syntax;

use super::*;
use crate::diagnostic::{Code, Diagnostic, codes};
use crate::source::{Source, SourceId};

/// A source that is called like the file.
fn source(text: &str) -> Source {
    Source::new(SourceId(0), "project/vmflow.yaml", text)
}

fn variables(pairs: &[(&str, &str)]) -> Variables {
    pairs.iter().copied().collect()
}

/// A configuration in whose shape nothing is wrong.
fn config(text: &str, pairs: &[(&str, &str)]) -> Config {
    let (config, findings) = load(&source(text), &variables(pairs));
    assert_eq!(shown(&source(text), &findings), "", "{text}");
    config
}

/// One line for each finding: its place, what is underlined, what is said, what helps.
fn shown(source: &Source, findings: &[Diagnostic]) -> String {
    let line = |finding: &Diagnostic| {
        let span = finding.span().unwrap();
        let place = source.position(span.start);
        let help = finding.help.as_deref().unwrap_or("-");
        let code = if finding.is_error() { "" } else { "warning " };
        let other: String = match finding.code.id {
            "VF701" => code.to_owned(),
            id => format!("{code}{id} "),
        };
        format!("{}:{} [{}] {other}{} | {help}", place.line, place.column, source.slice(span), finding.message)
    };
    findings.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// What is wrong with the shape of `text`.
fn loading(text: &str) -> String {
    let source = source(text);
    shown(&source, &load(&source, &Variables::default()).1)
}

/// What is wrong with the environment `e` of `text`, whose connections `connection` stands among.
fn connecting(connection: &str, pairs: &[(&str, &str)]) -> String {
    let text = format!("environments:\n  e:\n    connections:\n      {connection}\n");
    match config(&text, pairs).environment("e") {
        Ok(environment) => shown(&source(&text), &environment.warnings),
        Err(findings) => shown(&source(&text), &findings),
    }
}

#[track_caller]
fn assert_lines(actual: &str, expected: &[&str]) {
    let actual: Vec<&str> = actual.lines().collect();
    assert_eq!(actual, expected);
}

#[test]
fn the_file_is_found_from_below() {
    let root = tempfile::tempdir().unwrap();
    let below = root.path().join("workflows/deep");
    std::fs::create_dir_all(&below).unwrap();
    let file = root.path().join(FILE_NAME);
    std::fs::write(&file, "").unwrap();
    std::fs::create_dir(root.path().join("workflows").join(FILE_NAME)).unwrap();
    assert_eq!(find(&below.join("a.flow")), Some(file.clone()));
    assert_eq!(find(root.path()), Some(file));
}

#[test]
fn the_process_is_asked_for_its_variables_once() {
    let process = Variables::from_process();
    assert!(process.names().any(|name| name.eq_ignore_ascii_case("path")));
    let given = variables(&[("NO_COLOR", ""), ("CI", "true"), ("VMFLOW_ENV", "dev")]);
    assert!(!given.no_color() && given.ci());
    assert_eq!((given.vmflow("ENV"), given.vmflow("CONFIG")), (Some("dev"), None));
}

/// Everything that is found in a configuration without any variable.
fn all_findings(text: &str) -> Vec<Diagnostic> {
    let (config, mut findings) = load(&source(text), &Variables::default());
    findings.extend(config.check());
    findings
}

#[test]
fn the_examples_on_the_pages_of_codes_fail_and_pass() {
    // What the record of runs tells is not found in the configuration alone.
    let is_here = |code: &&&Code| code.is_about_configuration() && code.runs().is_empty();
    let pages: Vec<&&Code> = codes::ALL.iter().filter(is_here).collect();
    assert_eq!(pages.len(), 4);
    for code in pages {
        let found: Vec<&Code> = all_findings(code.failing()).iter().map(|finding| finding.code).collect();
        assert_eq!(found, [*code]);
        assert_eq!(all_findings(code.passing()), []);
    }
}
