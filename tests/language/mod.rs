//! The language from outside: programs of the user's own, calendars, the standard library, imports.

mod cache;
mod external;
mod forecast;
mod imports;
mod library;
mod sources;
mod widening;

use crate::support::sandbox::{Ran, Sandbox};

/// An empty project with one environment and no connections.
pub(crate) fn lab() -> Sandbox {
    let sandbox = Sandbox::new();
    let nothing = "default_environment: local\nenvironments:\n  local:\n    connections: {}\n";
    sandbox.write("vmflow.yaml", nothing);
    sandbox
}

/// Runs a file's text in an empty project.
pub(crate) fn run(text: &str, more: &[&str]) -> Ran {
    let sandbox = lab();
    sandbox.write("main.flow", text);
    sandbox.run(&[&["run", "main.flow"], more].concat())
}

#[test]
fn what_a_parameter_requires_is_known_below_it() {
    let text = "workflow w {\n  param x: int? = none\n  require x != none else \"no x\"\n  param y: int = 1\n  \
                require rows.count > 1 else \"few rows\"\n  rows = [x, y]\n  output sum = x + y\n}\n";
    assert_eq!(run(text, &["-p", "x=2"]).expect(0)["outputs"]["sum"], 3);
    let refused = run(text, &[]);
    assert!(refused.code == 2 && refused.stdout.contains("no x"), "{}", refused.stdout);
    let failed = run(&text.replace("rows.count > 1", "rows.count > 2"), &["-p", "x=2"]);
    assert!(failed.code == 1 && failed.stderr.contains("few rows"), "{} {}", failed.code, failed.stderr);
}

#[test]
fn braces_in_a_plain_text_wait_for_nothing() {
    let text = "workflow w {\n  x = \"{y}\"\n  y = f\"{x}a\"\n  output z = y\n}\n";
    let ran = run(text, &[]);
    assert!(ran.stderr.contains("VF208"), "{}", ran.stderr);
    assert_eq!(ran.expect(0)["outputs"]["z"], "{y}a");
}
