//! What must never be in the store.

use std::path::Path;

use serde_json::json;

use super::Project;

const SECRET: &str = "correct-horse-battery";

/// Whether any file below a folder holds some bytes.
fn found(folder: &Path, bytes: &[u8]) -> bool {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.into_iter().any(|path| {
        if path.is_dir() {
            found(&path, bytes)
        } else {
            std::fs::read(&path).unwrap().windows(bytes.len()).any(|part| part == bytes)
        }
    })
}

#[test]
fn a_secret_is_nowhere_in_the_bytes_of_the_store() {
    let mut project = Project::new();
    project.sandbox.set("API_TOKEN", SECRET);
    let connections = "      api: { kind: http, base_url: \"http://127.0.0.1:9\", token: \"${API_TOKEN}\" }\n";
    let config = format!(
        "{}{connections}jobs:\n  j: {{ workflow: leaky.flow, params: {{ text: \"${{API_TOKEN}}\" }} }}\n",
        super::CONFIG
    );
    project.sandbox.write("vmflow.yaml", &config);
    project.sandbox.write(
        "leaky.flow",
        r#"workflow leaky {
  use db: sqlite
  use api: http
  param text: text
  param hidden: secret? = none
  rows = db.query(sql"""select :text as v""") as table<{ v: text }>
  kept = log(f"it is {text}")
  do db.upsert("notes", rows: [{ name: text, v: 1 }], key: ["name"])
  listed = for each v in rows.v {
    found = db.query(sql"""select :v as v, 'more' as w""") as table<{ v: text, w: text }>
    yield found.v
  }
  told = api.get("/" + text) on failure skip
  require rows.count > 1 else f"no more than {text}"
  output value = text
}
"#,
    );
    let ran = project.run(&["run", "j", "-p", &format!("hidden={SECRET}")]);
    assert_eq!(ran.code, 1, "{}{}", ran.stdout, ran.stderr);
    let shown = project.shown();
    let recorded = shown["recorded"].as_array().unwrap();
    let rows = recorded.iter().find(|step| step["step"] == "rows").unwrap();
    assert_eq!(rows["withheld"], "its value holds a secret");
    assert_eq!(shown["params"], json!({ "text": "•••", "hidden": "•••" }));
    assert!(found(project.sandbox.path(), b"leaky"), "the search finds what is there");
    assert!(!found(&project.sandbox.path().join(".vmflow"), SECRET.as_bytes()));
    // What was withheld is asked for again.
    let again = project.run(&["resume", "last"]);
    assert_eq!(again.code, 1, "the job gives it: {}", again.stderr);
    assert!(!found(&project.sandbox.path().join(".vmflow"), SECRET.as_bytes()));
}

#[test]
fn a_program_that_holds_a_secret_is_recorded_without_it_and_cannot_be_taken_up() {
    let mut project = Project::new();
    project.sandbox.set("API_TOKEN", SECRET);
    let connections = "      api: { kind: http, base_url: \"http://127.0.0.1:9\", token: \"${API_TOKEN}\" }\n";
    project.sandbox.write("vmflow.yaml", &format!("{}{connections}", super::CONFIG));
    let text = format!(
        "workflow w {{\n  use api: http\n  xs = [i for i in range(1)]\n  x = xs[3]\n  output y = \"{SECRET}\"\n  output z = x\n}}\n"
    );
    project.sandbox.write("w.flow", &text);
    assert_eq!(project.run(&["run", "w.flow"]).code, 1);
    assert!(!found(&project.sandbox.path().join(".vmflow"), SECRET.as_bytes()));
    let refused = project.run(&["resume", "last"]);
    assert_eq!(refused.code, 2);
    assert!(refused.stderr.contains("held a secret"), "{}", refused.stderr);
}
