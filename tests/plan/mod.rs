//! `vmflow plan`: that a run does what its plan says, that a plan writes nothing, and that it says what it does not know.

mod saved;
mod shipped;
mod statements;
mod unknown;

use serde_json::Value as Json;

use crate::support::place::{AT, Place};
use crate::support::sandbox::{Ran, Sandbox};

/// A project with one workflow on an SQLite warehouse and an embedded store, both empty.
pub(crate) fn project(tables: &str, body: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    sandbox.write("schema.sql", tables);
    sandbox.write(
        "vmflow.yaml",
        "default_environment: local
environments:
  local:
    connections:
      db: { kind: sqlite, path: data/warehouse.db, schema: schema.sql }
      vm: { kind: embedded, path: data/metrics }
",
    );
    sandbox.write("a.flow", &format!("workflow a {{\n  use db: sql\n  use vm: metrics\n{body}\n}}\n"));
    sandbox
}

/// Plans `a.flow` of a [`project`].
pub(crate) fn plan(sandbox: &Sandbox, more: &[&str]) -> Ran {
    sandbox.run(&[&["plan", "a.flow", "--at", AT], more].concat())
}

/// The group of a step.
pub(crate) fn group<'j>(plan: &'j Json, step: &str) -> &'j Json {
    let groups = plan["writes"].as_array().unwrap();
    groups.iter().find(|group| group["step"] == step).unwrap_or_else(|| panic!("no `{step}` in {plan:#}"))
}

/// The numbers of a group that are not zero.
pub(crate) fn counts(group: &Json) -> Vec<(String, u64)> {
    let counts = group["counts"].as_object().unwrap();
    let counts = counts.iter().map(|(name, n)| (name.clone(), n.as_u64().unwrap()));
    counts.filter(|(_, n)| *n > 0).collect()
}

/// One pair, as [`counts`] gives it.
pub(crate) fn only(name: &str, n: u64) -> Vec<(String, u64)> {
    vec![(name.to_owned(), n)]
}

/// Plans the extractor at [`AT`].
pub(crate) fn plan_extractor(place: &Place, more: &[&str]) -> Ran {
    place.plan("workflows/extractor.flow", &[&["--at", AT], more].concat())
}
