//! The language from outside: programs of the user's own, calendars, the standard library, imports.

mod cache;
mod external;
mod forecast;
mod imports;
mod library;
mod sources;

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
