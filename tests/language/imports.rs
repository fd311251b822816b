//! Imports: what can be wrong with one, each told once.

use super::lab;
use crate::support::sandbox::Sandbox;

fn library() -> Sandbox {
    let sandbox = lab();
    sandbox.write("lib/a.flow", "fn one() -> int = 1\n");
    sandbox.write("lib/b.flow", "import \"a.flow\" as a\nfn two() -> int = a.one() + 1\n");
    sandbox.write("lib/c.flow", "import \"./a.flow\" as x\nfn three() -> int = x.one() + 2\n");
    sandbox.write("lib/my-lib.flow", "fn one() -> int = 1\n");
    sandbox.write("lib/for.flow", "fn one() -> int = 1\n");
    sandbox.write("lib/broken.flow", "fn bad( -> int = 1\n");
    sandbox.write("lib/wrong.flow", "fn wrong() -> int = \"x\"\n");
    sandbox.write("lib/cyclic.flow", "import \"../main.flow\" as m\nfn f() -> int = 1\n");
    sandbox.write("dir.flow/x.flow", "");
    sandbox
}

#[test]
fn each_mistake_is_told_once_where_it_is() {
    let sandbox = library();
    for (imported, used, told) in [
        ("\"main.flow\" as n", "n.one()", "main.flow:1:8: error[VF105]: this file imports itself"),
        (
            "\"nope.flow\" as n",
            "n.one()",
            "main.flow:1:8: error[VF101]: cannot read `nope.flow`: there is no such file",
        ),
        (
            "\"lib/A.flow\" as n",
            "n.one()",
            "main.flow:1:8: error[VF101]: cannot read `lib/A.flow`: there is no such file",
        ),
        ("\"dir.flow\" as n", "n.one()", "main.flow:1:8: error[VF101]: cannot read `dir.flow`: it is a directory"),
        (
            "\"/dev/zero\" as n",
            "n.one()",
            "main.flow:1:8: error[VF101]: cannot read `/dev/zero`: it is no regular file",
        ),
        ("\"lib/broken.flow\" as n", "n.bad()", "lib/broken.flow:1:7: error[VF002]: this `(` is not closed"),
        ("\"lib/wrong.flow\" as n", "n.wrong()", "lib/wrong.flow:1:21: error[VF201]: expected `int`, found `text`"),
        ("\"lib/cyclic.flow\" as n", "n.f()", "main.flow:1:8: error[VF105]: these files import each other"),
        ("\"lib/my-lib.flow\"", "1", "main.flow:1:8: error[VF001]: `my-lib` cannot be a name"),
        ("\"lib/for.flow\"", "1", "main.flow:1:8: error[VF001]: `for` cannot be a name"),
        ("std.stats", "stats.one()", "main.flow:1:8: error[VF101]: no module is called `std.stats`"),
    ] {
        let main = format!("import {imported}\nworkflow main {{ output x = {used} }}\n");
        sandbox.write("main.flow", &main);
        let ran = sandbox.run(&["check", "main.flow", "--format", "short"]);
        let lines: Vec<&str> = ran.stdout.lines().filter(|line| line.contains("VF")).collect();
        assert_eq!((ran.code, lines.as_slice()), (1, [told].as_slice()), "{main}");
    }
}

#[test]
fn one_file_is_reached_by_many_paths() {
    let sandbox = library();
    let absolute = sandbox.path().join("lib/a.flow").display().to_string();
    let main = format!(
        "import \"lib/b.flow\" as b\nimport \"lib/c.flow\" as c\nimport \"lib/../lib/a.flow\" as a\nimport \"{absolute}\" as far\n\
         workflow main {{ output x = b.two() + c.three() + a.one() + far.one() }}\n"
    );
    sandbox.write("main.flow", &main);
    assert_eq!(sandbox.run(&["run", "main.flow"]).expect(0)["outputs"]["x"], 7);
    let ran = sandbox.run(&["check", "main.flow", "lib/a.flow", "./lib/b.flow"]);
    assert_eq!((ran.code, ran.stdout.trim()), (0, "no findings in 3 files"));
}

#[test]
fn a_failed_run_has_an_error_to_tell_of() {
    let sandbox = lab();
    let text = "action tell(what: text) -> text = external.shell(shell\"\"\"\n  cat > told\n  echo done\n\"\"\")\n\
                workflow main {\n  require run.job == \"other\" else \"not this one\"\n  output x = 1\n\
                  failed { do tell(f\"{run.id}: {run.error.message}\") }\n}\n";
    sandbox.write("main.flow", text);
    sandbox.run(&["run", "main.flow"]).expect(1);
    assert!(sandbox.read("told").contains("not this one"));
    sandbox.write("main.flow", &text.replace("failed {", "finally {"));
    let told = sandbox.run(&["check", "main.flow"]).stdout;
    assert!(told.contains("VF202"), "a run that went well has none: {told}");
}
