//! `--select`, `--ignore` and `--deny`.

use crate::support::sandbox::{Ran, Sandbox};

const TWO_WARNINGS: &str = "workflow w {\n  param limit: int = 1\n  unused = 2\n  output n = 1\n}\n";

fn check(text: &str, more: &[&str]) -> Ran {
    let sandbox = Sandbox::new();
    sandbox.write("a.flow", text);
    sandbox.run(&[&["check", "a.flow", "--format", "short"], more].concat())
}

/// The codes that are shown, with their severities.
fn shown(ran: &Ran) -> Vec<String> {
    let title = |line: &str| line.split(": ").nth(1).unwrap_or_default().to_owned();
    ran.stdout.lines().map(title).collect()
}

#[test]
fn what_is_ignored_is_not_shown_and_does_not_fail() {
    assert_eq!(shown(&check(TWO_WARNINGS, &[])), ["warning[VF104]", "warning[VF103]"]);
    assert_eq!(shown(&check(TWO_WARNINGS, &["--ignore", "VF103"])), ["warning[VF104]"]);
    for all in [["--ignore", "VF103,VF104"].as_slice(), &["--ignore", "vf1xx"], &["--ignore=VF103", "--ignore=VF104"]] {
        let ran = check(TWO_WARNINGS, &[all, &["--deny", "warnings"]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (0, ""), "{all:?}");
    }
}

#[test]
fn an_error_is_never_ignored() {
    let wrong = "workflow w {\n  output n = m\n}\n";
    assert_eq!(shown(&check(wrong, &["--ignore", "VF1"])), ["error[VF101]"]);
    let refused = check(wrong, &["--ignore", "VF101"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("VF101 is an error, which cannot be ignored"), "{}", refused.stderr);
}

#[test]
fn selecting_hides_nothing() {
    assert_eq!(shown(&check(TWO_WARNINGS, &["--select", "VF103"])), ["warning[VF104]", "warning[VF103]"]);
}

#[test]
fn what_is_denied_fails() {
    let ran = check(TWO_WARNINGS, &["--deny", "VF103"]);
    assert_eq!((ran.code, shown(&ran)), (1, vec!["warning[VF104]".to_owned(), "error[VF103]".to_owned()]));
    let ran = check(TWO_WARNINGS, &["--deny", "VF2,warnings"]);
    assert_eq!((ran.code, shown(&ran)), (1, vec!["error[VF104]".to_owned(), "error[VF103]".to_owned()]));
}

#[test]
fn a_misspelt_code_is_refused_with_a_near_one() {
    for flag in ["--select", "--ignore", "--deny"] {
        let ran = check(TWO_WARNINGS, &[flag, "VF1030"]);
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{flag}");
        assert!(ran.stderr.contains("no check is called `VF1030`; did you mean VF103?"), "{}", ran.stderr);
    }
    let ran = check(TWO_WARNINGS, &["--deny", "warning"]);
    assert!(ran.code == 2 && ran.stderr.contains("did you mean `warnings`?"), "{}", ran.stderr);
}
