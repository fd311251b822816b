//! What an enemy, or an accident, puts where packages are.

use std::os::unix::fs::symlink;

use super::{assert_refused, project, run};

#[test]
fn links_lead_nowhere_out_of_a_package() {
    let sandbox = project();
    let outside = tempfile::tempdir().unwrap();
    std::fs::write(outside.path().join("spy.flow"), "workflow spy { output x = 1 }\n").unwrap();
    let at = |file: &str| sandbox.path().join(file);
    symlink(outside.path().join("spy.flow"), at("shared/loans/spy.flow")).unwrap();
    symlink(outside.path(), at("shared/loans/folder")).unwrap();
    symlink(at("shared/loans/nowhere.flow"), at("shared/loans/dangling.flow")).unwrap();
    symlink(at("shared/loans"), at("shared/loans/round")).unwrap();
    symlink(outside.path(), at("packages/outside")).unwrap();
    let ran = sandbox.run(&["jobs", "list"]);
    assert_eq!(ran.code, 1);
    for said in [
        "`shared/loans/spy.flow` is not part of the package: it is a link that leads out of the package",
        "`shared/loans/dangling.flow` is not part of the package: there is no such file",
        "`packages/outside` is a link, and no package by itself",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    assert!(!ran.stdout.contains("/spy ") && ran.stdout.contains("rates/copy"), "{}", ran.stdout);
    assert_eq!(run(&sandbox, "loans/loan", &[]).code, 0);
    assert_refused(&run(&sandbox, "loans/spy", &[]), 2, &["has no job `loans/spy`"]);
    assert_refused(&run(&sandbox, "outside/spy", &[]), 2, &["no job has this id"]);
    // Who names it means it.
    let text = sandbox.read("vmflow.yaml").replace("[shared/loans]", "[packages/outside]");
    sandbox.write("vmflow.yaml", &text);
    assert_eq!(run(&sandbox, "outside/spy", &[]).code, 0);
    assert_eq!(sandbox.run(&["jobs", "list"]).code, 0);
}

#[test]
fn a_manifest_behind_a_link_is_not_read() {
    let sandbox = project();
    let outside = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(outside.path(), "description: secret words\n").unwrap();
    std::fs::remove_file(sandbox.path().join("shared/loans/package.yaml")).unwrap();
    symlink(outside.path(), sandbox.path().join("shared/loans/package.yaml")).unwrap();
    let ran = sandbox.run(&["jobs", "list", "loans"]);
    assert!(ran.code == 1 && ran.stdout.contains("leads out of the package"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("secret words"), "{}", ran.stdout);
    assert_refused(&run(&sandbox, "loans/loan", &[]), 4, &["leads out of the package"]);
}

#[test]
fn of_two_packages_with_one_name_neither_runs() {
    let sandbox = project();
    sandbox.write("packages/other/package.yaml", "name: rates\n");
    sandbox.write("packages/other/x.flow", "workflow copy { output x = 1 }\n");
    let ran = sandbox.run(&["jobs", "list"]);
    let said = "several packages are called `rates`: `packages/other` and `packages/rates`";
    assert!(ran.code == 1 && ran.stdout.contains(said), "{}", ran.stdout);
    assert!(ran.stdout.contains("rates/days") && ran.stdout.contains("loans/loan"), "{}", ran.stdout);
    assert_refused(&run(&sandbox, "rates/copy", &[]), 4, &[said, "give one of them another name"]);
    assert_eq!(run(&sandbox, "loans/loan", &[]).code, 0);
}

#[test]
fn folders_are_what_they_are() {
    let sandbox = project();
    sandbox.write("packages/my rates/a.flow", "workflow a { output x = 1 }\n");
    sandbox.write("packages/.hidden/a.flow", "workflow a { output x = 1 }\n");
    sandbox.write("packages/notes/readme.txt", "no package\n");
    sandbox.write("packages/yml/package.yml", "name: other\n");
    sandbox.write("packages/yml/a.flow", "workflow a { output x = 1 }\n");
    sandbox.write("packages/empty/package.yaml", "description: Nothing yet\n");
    sandbox.write("packages/outer/a.flow", "workflow a { output x = 1 }\n");
    sandbox.write("packages/outer/inner/package.yaml", "name: inner\n");
    sandbox.write("packages/outer/inner/b.flow", "workflow b { output x = 1 }\n");
    std::fs::write(sandbox.path().join("packages/outer/bytes.flow"), [0xff, 0xfe]).unwrap();
    std::fs::create_dir(sandbox.path().join("packages/outer/folder.flow")).unwrap();
    let text = sandbox.read("vmflow.yaml").replace("[shared/loans]", "[shared/loans, ./packages/rates, shared/lones]");
    sandbox.write("vmflow.yaml", &text);
    let ran = sandbox.run(&["jobs", "list"]);
    assert_eq!(ran.code, 1);
    for said in [
        "vmflow.yaml:2:44: error[VF701]: there is no folder `shared/lones`",
        "the folder's name, `my rates`, cannot be the name of a package",
        "`packages/yml/package.yml` is not read",
        "empty (packages/empty): Nothing yet\n",
        "`packages/outer/bytes.flow` is not part of the package: it is not UTF-8",
    ] {
        assert!(ran.stdout.contains(said), "{said}\n{}", ran.stdout);
    }
    for not in ["hidden", "notes", "inner/b", "outer/b\n"] {
        assert!(!ran.stdout.contains(not), "{not}\n{}", ran.stdout);
    }
    assert_eq!(ran.stdout.matches("rates/copy ").count(), 1, "{}", ran.stdout);
    assert_eq!(run(&sandbox, "outer/a", &[]).code, 0);
}

#[test]
fn terminals_are_not_steered_by_names_and_texts() {
    let sandbox = project();
    sandbox.write("shared/loans/package.yaml", "description: \"red \\x1b[31m\\nand a line\"\nversion: \"1\\e\"\n");
    let ran = sandbox.run(&["jobs", "list"]);
    assert!(!ran.stdout.contains('\u{1b}'), "{:?}", ran.stdout);
    let shown = sandbox.run(&["jobs", "show", "loans/loan"]);
    assert!(!shown.stdout.contains('\u{1b}'), "{:?}", shown.stdout);
}

#[test]
fn a_thousand_files_are_a_package() {
    let sandbox = project();
    for at in 0..1000 {
        let text = format!("## Number {at}.\nworkflow w{at} {{\n  param n: int = {at}\n  output x = n + 1\n}}\n");
        sandbox.write(&format!("packages/many/{:02}/w{at}.flow", at % 40), &text);
    }
    let json = sandbox.run(&["jobs", "list", "many", "--format", "json"]).expect(0);
    assert_eq!(json["jobs"].as_array().unwrap().len(), 1000);
    assert_eq!(run(&sandbox, "many/w999", &["--n", "5"]).expect(0)["outputs"]["x"], 6);
}
