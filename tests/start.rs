//! What starts people: `vmflow init`, `vmflow new`, help, man pages, completions.

use std::path::Path;
use std::process::Command;

use crate::support::place::AT;
use crate::support::sandbox::{Ran, Sandbox};

/// A project as `vmflow init` leaves it, in the folder `p`.
struct Project {
    sandbox: Sandbox,
}

impl Project {
    fn new() -> Self {
        let sandbox = Sandbox::new();
        let ran = sandbox.run(&["init", "p"]);
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        Self { sandbox }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        self.sandbox.command(arguments).current_dir(self.sandbox.path().join("p")).output().unwrap().into()
    }

    fn read(&self, file: &str) -> String {
        self.sandbox.read(&format!("p/{file}"))
    }

    /// Writes something new, and makes sure that all of the project is as it should be.
    fn begin(&self, arguments: &[&str]) {
        let ran = self.run(&[&["new"], arguments].concat());
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{arguments:?}");
        self.assert_clean();
    }

    fn refuse(&self, arguments: &[&str], words: &str) {
        let ran = self.run(&[&["new"], arguments].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (2, ""), "{arguments:?}");
        assert!(ran.stderr.contains(words), "{arguments:?}: {}", ran.stderr);
    }

    fn assert_clean(&self) {
        let ran = self.run(&["check", "--deny", "warnings"]);
        assert_eq!(ran.code, 0, "{}", ran.stdout);
    }
}

#[test]
fn what_cannot_be_written_is_no_mistake_of_the_command() {
    let project = Project::new();
    std::fs::write(project.sandbox.path().join("p/lib"), "a file where a folder is wanted").unwrap();
    let ran = project.run(&["new", "step", "rounded"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write `lib/rounded.flow`"), "{}", ran.stderr);
}

#[test]
fn a_new_project_is_clean_and_runs_at_once() {
    let project = Project::new();
    project.assert_clean();
    let first = project.run(&["run", "example", "--at", "2026-01-15T12:00Z"]).expect(0);
    assert_eq!((&first["status"], &first["metrics"]["items_created"]), (&"success".into(), &3.into()));
    assert_eq!(first["outputs"]["samples_written"], 3);
    let second = project.run(&["run", "example", "--at", "2026-01-15T12:00Z"]).expect(0);
    assert_eq!((&second["status"], &second["metrics"]["items_created"]), (&"success".into(), &0.into()));
    assert!(project.sandbox.path().join("p/.vmflow/warehouse.db").is_file());
    assert_eq!(project.read(".gitignore"), ".vmflow/\n");
    let prod = project.run(&["run", "example", "--env", "prod"]);
    assert!(prod.code == 4 && prod.stderr.contains("`DATABASE_URL` is not set: the warehouse"), "{}", prod.stderr);
}

#[test]
fn every_command_of_its_readme_works() {
    let project = Project::new();
    let readme = project.read("README.md");
    let commands: Vec<Vec<&str>> = readme
        .lines()
        .filter_map(|line| line.strip_prefix("    vmflow "))
        .map(|line| line.split('#').next().unwrap().split_whitespace().collect())
        .collect();
    assert!(commands.len() > 4);
    let known: Vec<String> = vmflow::cli::command().get_subcommands().map(|it| it.get_name().to_owned()).collect();
    for command in commands.iter().filter(|command| known.contains(&command[0].to_owned())) {
        let ran = project.run(command);
        assert_eq!(ran.code, 0, "{command:?}: {}{}", ran.stdout, ran.stderr);
    }
}

#[test]
fn nothing_is_overwritten() {
    let sandbox = Sandbox::new();
    let before = sandbox.read("vmflow.yaml");
    let ran = sandbox.run(&["init"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (2, ""));
    assert!(ran.stderr.contains("there already: `vmflow.yaml`\n"), "{}", ran.stderr);
    assert_eq!(sandbox.read("vmflow.yaml"), before);
    assert!(!sandbox.path().join("workflows/example.flow").exists(), "a project was begun in part");
    let again = sandbox.run(&["init", "p"]).code + sandbox.run(&["init", "p"]).code;
    assert_eq!(again, 2);
    std::os::unix::fs::symlink("nowhere", sandbox.path().join("dangling")).unwrap();
    std::fs::create_dir(sandbox.path().join("q")).unwrap();
    std::os::unix::fs::symlink("../elsewhere", sandbox.path().join("q/README.md")).unwrap();
    let linked = sandbox.run(&["init", "q"]);
    assert!(linked.code == 2 && linked.stderr.contains("`q/README.md`"), "{}", linked.stderr);
    assert!(!sandbox.path().join("elsewhere").exists());
    sandbox.write("file", "");
    assert_eq!(sandbox.run(&["init", "file/p"]).code, 4);
}

#[test]
fn a_project_is_made_wholly_or_not_at_all() {
    let sandbox = Sandbox::new();
    // No folder can be made where a file is.
    sandbox.write("q/schema", "");
    let ran = sandbox.run(&["init", "q"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (4, ""), "{}", ran.stderr);
    assert!(ran.stderr.contains("cannot write `q/schema/warehouse.sql`"), "{}", ran.stderr);
    assert_eq!(std::fs::read_dir(sandbox.path().join("q")).unwrap().count(), 1);
    std::fs::remove_file(sandbox.path().join("q/schema")).unwrap();
    assert_eq!(sandbox.run(&["init", "q"]).code, 0);
    let told = sandbox.run(&["init", "my dir"]).stderr;
    assert_eq!(told, "Try it: cd 'my dir' && vmflow run example\n");
}

#[test]
fn what_is_begun_passes_its_checks_and_runs() {
    let project = Project::new();
    project.begin(&["workflow", "daily_rates"]);
    assert_eq!(project.run(&["run", "workflows/daily_rates.flow"]).expect(0)["status"], "success");
    project.begin(&["step", "newest_value"]);
    assert!(project.read("lib/newest_value.flow").contains("\nstep newest_value(vm: metrics,"));
    project.begin(&["step", "other_value", "--in", "lib/newest_value.flow"]);
    let both = project.read("lib/newest_value.flow");
    assert!(
        both.contains("step newest_value(")
            && both.contains("}\n\n## The newest")
            && both.contains("step other_value(")
    );
    project.begin(&["workflow", "hourly", "--in", "workflows/daily_rates.flow"]);
    project.begin(&["workflow", "sub", "--in", "./deep/er/sub.flow"]);
    assert_eq!(project.run(&["run", "deep/er/sub.flow"]).code, 0);
}

#[test]
fn a_test_has_a_value_for_each_parameter_and_each_read() {
    let project = Project::new();
    let flow = "workflow asked {\n  use db: sql\n  use vm: metrics\n  use api: http\n  param job: text = \"a\"\n  param day: date\n  \
                param last: date = day\n  param until_day: date?\n  param way: \"up\" | \"down\"\n\n  \
                rows = db.query(sql\"\"\"select id, name from t where day = :day\"\"\") as table<{ id: int, name: text }>\n  \
                marks = vm.instant(promql\"\"\"last_over_time(m{job=$job, way=$way}[1d])\"\"\", at: run.now)\n  \
                each_one = for each r in rows {\n    found = api.get(f\"/{r.id}\").json as list<int>\n    \
                yield found.count\n  }\n\n  output items_processed = marks.count + sum(each_one)\n  output days = [last, until_day ?? day]\n}\n";
    project.sandbox.write("p/workflows/asked.flow", flow);
    project.begin(&["test", "workflows/asked.flow"]);
    let wanted = "import \"../asked.flow\"\n\ntest \"asked succeeds\" of asked {\n  at 2026-01-15T12:00Z\n  \
                  set { job: \"a\", day: 2026-01-15, until_day: none, way: \"down\" }\n\n  given rows = table {\n    | id | name |\n  }\n  \
                  given marks = []\n  given each_one.found = []\n\n  expect run.status == \"success\"\n}\n";
    assert_eq!(project.read("workflows/tests/asked_test.flow"), wanted);
    project.refuse(
        &["test", "workflows/asked.flow"],
        "is there already; add to it with `--in workflows/tests/asked_test.flow`",
    );
    project.begin(&["test", "workflows/example.flow", "--in", "workflows/tests/asked_test.flow"]);
    let both = project.read("workflows/tests/asked_test.flow");
    assert!(
        both.starts_with(wanted)
            && both.contains("\nimport \"../example.flow\"\n\ntest \"example succeeds\" of example {")
    );
    project.begin(&["test", "workflows/example.flow:example", "--in", "all_test.flow"]);
    assert!(project.read("all_test.flow").starts_with("import \"workflows/example.flow\"\n"));
}

#[test]
fn whatever_a_file_and_its_parameters_are_like_its_test_passes_its_checks() {
    let project = Project::new();
    let flow = r#"type Way = "up" | "down"
fn twice(n: int) -> int = n * 2

workflow odd {
  use db: sql
  use vm: metrics
  use api: http
  param free: json
  param pattern: regex
  param page: url
  param rows: table<{ a: int, b: json }>
  param both: { when: timestamp, more: table<{ x: decimal }> }
  param count: int = twice(2)
  param way: text = "up" as Way
  param names: list<text> = [
    "two  blanks", # and a comment
    "that are kept",
  ]

  found = api.get("/x").json
  whole = api.get("/y")
  newest = vm.instant(promql"""last_over_time(nav[1d])""", at: run.now)[0]
  price = api.get("/price").json as decimal on failure {
    known = db.query(sql"""select 5 as price""") as table<{ price: decimal }>
    yield known[0].price
  }

  output all = f"{way} {found} {whole.status} {newest.value} {page} {both.when} {price}"
  output counts = [rows.count, both.more.count, count, names.count]
  output fits = matches("a", pattern) and free != none
}
"#;
    for name in ["daily-rates", "odd näme", "x.y", "1x-y", "for", "qu\"ote", "plain"] {
        project.sandbox.write(&format!("p/workflows/{name}.flow"), flow);
        let file = format!("{name}_test.flow");
        project.begin(&["test", &format!("workflows/{name}.flow"), "--in", &file]);
        let ran = project.run(&["fmt", "--check", &file]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
        let ran = project.run(&["test", &file]);
        assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    }
    let text = project.read("daily-rates_test.flow");
    assert!(text.starts_with("import \"workflows/daily-rates.flow\" as daily_rates\n"), "{text}");
    assert!(
        text.contains("\"two  blanks\", # and a comment") && !text.contains("twice") && !text.contains("Way"),
        "{text}"
    );
}

#[test]
fn reads_inside_are_given_and_missed_once() {
    let sandbox = Sandbox::new();
    let flow = r#"action copy(db: sql, day: date) -> int {
  found = db.query(sql"""select id from t where day = :day""") as table<{ id: int }>
  do db.execute(sql"""delete from t where day = :day""")
  yield found.count
}
workflow asked {
  use db: sql
  r = do transaction db {
    old = db.query(sql"""select id from t""") as table<{ id: int }>
    do db.execute(sql"""delete from t""")
    yield old.count
  }
  br = when 1 > 0 {
    x = db.query(sql"""select id from u""") as table<{ id: int }>
    yield x.count
  } else {
    yield 0
  }
  mark = do copy(db, 2026-01-15)
  tried = for each a in [1, 2] {
    n = db.query(sql"""select id from v where id = :a""") as table<{ id: int }>
    yield n.count
  } on failure continue
  over = for each a in (db.query(sql"""select id from v""") as table<{ id: int }>) {
    yield a.id
  } on failure continue
  output items_processed = r + br + mark + sum(tried.ok) + sum(over.ok)
  finally {
    last = db.query(sql"""select id from w""") as table<{ id: int }>
    do db.execute(sql"""update w set n = :last.count""")
  }
}
"#;
    sandbox.write("inner.flow", flow);
    assert_eq!(sandbox.run(&["new", "test", "inner.flow", "--in", "t.flow"]).code, 0);
    let test = sandbox.read("t.flow");
    let paths: Vec<&str> =
        test.lines().filter_map(|line| line.trim().strip_prefix("given ")?.split(' ').next()).collect();
    assert_eq!(paths, ["r.old", "br.x", "mark.found", "tried.n", "over", "last"]);
    let ran = sandbox.run(&["test", "t.flow"]);
    assert_eq!(ran.code, 0, "{}{}", ran.stdout, ran.stderr);
    let begin = test.find("  given r.old").unwrap();
    let end = test.find("  given mark.found").unwrap();
    sandbox.write("t.flow", &format!("{}{}", &test[..begin], &test[end..]));
    let ran = sandbox.run(&["test", "t.flow"]);
    assert_eq!(ran.stdout.matches("nothing is given for").count(), 2, "{}", ran.stdout);
}

#[test]
fn names_and_places_that_cannot_be_are_refused() {
    let project = Project::new();
    for name in ["Daily", "1st", "a-b", "../x", "", "a b", "é"] {
        project.refuse(&["workflow", name], "is no name; write one of letters in lower case");
    }
    for name in ["for", "workflow", "none"] {
        project.refuse(&["step", name], "is a word of the language");
    }
    std::os::unix::fs::symlink("/tmp", project.sandbox.path().join("p/out")).unwrap();
    for place in ["../x.flow", "/tmp/x.flow", "a/../../x.flow", "out/x.flow"] {
        project.refuse(&["workflow", "x", "--in", place], "leads out of the working directory");
    }
    project.refuse(&["workflow", "x", "--in", "x.txt"], "is no `.flow` file");
    project.refuse(&["workflow", "example"], "is there already");
    project.refuse(
        &["workflow", "example", "--in", "workflows/example.flow"],
        "would not pass its checks; nothing was written",
    );
    assert_eq!(project.read("workflows/example.flow").matches("workflow example").count(), 1);
    project.refuse(&["test", "workflows/nope.flow"], "cannot read `workflows/nope.flow`");
    project.refuse(&["test", "workflows/example.flow:nope"], "holds no workflow `nope`");
    project.refuse(&["test", "../workflows/extractor.flow"], "leads out of the working directory");
}

/// A command and all those inside it, each with its path.
fn tree(command: &clap::Command, path: &[String], found: &mut Vec<Vec<String>>) {
    for inner in command.get_subcommands() {
        let path = [path, &[inner.get_name().to_owned()]].concat();
        found.push(path.clone());
        tree(inner, &path, found);
    }
}

fn commands() -> Vec<Vec<String>> {
    let mut found = Vec::new();
    tree(&vmflow::cli::command(), &[], &mut found);
    assert!(found.len() > 10, "{found:?}");
    found
}

#[test]
fn every_command_shows_an_example_and_describes_its_flags() {
    let sandbox = Sandbox::new();
    for path in commands() {
        let arguments: Vec<&str> = path.iter().map(String::as_str).chain(["--help"]).collect();
        let help = sandbox.run(&arguments);
        assert_eq!(help.code, 0, "{path:?}");
        let (_, examples) = help.stdout.split_once("\nExample").unwrap_or_else(|| panic!("{path:?} has no example"));
        assert!(examples.contains(&format!("vmflow {}", path.join(" "))), "{path:?}:\n{}", help.stdout);
    }
    // What is broken in the middle cannot be copied.
    let wide = |line: &&str| line.trim_start().starts_with("vmflow ") && line.len() > 80;
    for path in commands() {
        let command =
            path.iter().fold(vmflow::cli::command(), |command, name| command.find_subcommand(name).unwrap().clone());
        let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
        assert_eq!(examples.lines().find(wide), None);
    }
    let mut undescribed = Vec::new();
    described(&vmflow::cli::command(), &mut undescribed);
    assert_eq!(undescribed, Vec::<String>::new());
}

fn described(command: &clap::Command, undescribed: &mut Vec<String>) {
    for argument in command.get_arguments().filter(|argument| argument.get_help().is_none()) {
        undescribed.push(format!("{} {}", command.get_name(), argument.get_id()));
    }
    if command.get_about().is_none() {
        undescribed.push(command.get_name().to_owned());
    }
    command.get_subcommands().for_each(|inner| described(inner, undescribed));
}

#[test]
fn the_overview_names_every_command_on_one_screen() {
    let help = Sandbox::new().run(&["--help"]);
    assert_eq!(help.code, 0);
    for path in commands().iter().filter(|path| path.len() == 1) {
        assert!(
            help.stdout.lines().any(|line| line.starts_with(&format!("  {} ", path[0]))),
            "{path:?}\n{}",
            help.stdout
        );
    }
    assert!(help.stdout.lines().count() <= 50, "{}", help.stdout);
    assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{}", help.stdout);
}

#[test]
fn every_shell_completes_every_command() {
    let sandbox = Sandbox::new();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let ran = sandbox.run(&["completions", shell]);
        assert_eq!((ran.code, ran.stderr.as_str()), (0, ""), "{shell}");
        for path in commands() {
            assert!(ran.stdout.contains(path.last().unwrap()), "{shell} does not know {path:?}");
        }
        let file = sandbox.write(&format!("complete.{shell}"), &ran.stdout);
        if ["bash", "zsh", "fish"].contains(&shell) {
            assert_read(shell, &file);
        }
    }
}

/// A word as bash takes it apart.
fn broken(word: &str) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), word);
    while let Some(at) = rest.find([':', '=']) {
        parts.extend((at > 0).then_some(&rest[..at]));
        parts.push(&rest[at..=at]);
        rest = &rest[at + 1..];
    }
    parts.extend((!rest.is_empty() || parts.is_empty()).then_some(rest));
    parts
}

/// What bash offers for the last of some words: its script is loaded, and its function called as bash calls it.
fn offered(sandbox: &Sandbox, words: &[&str]) -> Vec<String> {
    let parts: Vec<&str> = std::iter::once(&"vmflow").chain(words).flat_map(|word| broken(word)).collect();
    let line: Vec<String> = parts.iter().map(|part| format!("'{part}'")).collect();
    let asked = format!(
        // Only while it completes does bash take word of how to.
        "source complete.bash; compopt() {{ :; }}; COMP_LINE='vmflow {}'; COMP_WORDS=({}); COMP_CWORD={}; COMP_WORDBREAKS=' =:'
         _vmflow_values vmflow \"${{COMP_WORDS[COMP_CWORD]}}\" \"${{COMP_WORDS[COMP_CWORD-1]}}\"
         printf '%s\\n' \"${{COMPREPLY[@]}}\"; complete -p vmflow >&2",
        words.join(" "),
        line.join(" "),
        parts.len() - 1
    );
    let folder = Path::new(env!("CARGO_BIN_EXE_vmflow")).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let output = Command::new("bash").args(["-c", &asked]).current_dir(sandbox.path()).env("PATH", path).output();
    let output = output.unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.trim().starts_with("complete ") && told.contains("-F _vmflow_values vmflow"), "{told}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_offers_what_stands_in_the_project() {
    let sandbox = Sandbox::new();
    sandbox.write("complete.bash", &sandbox.run(&["completions", "bash"]).stdout);
    sandbox.write("packages/rates/copied.flow", "workflow copied {\n  output n = 1\n}\n");
    // What a shell would take for a command is not offered.
    sandbox.write("workflows/$(touch x).flow", "workflow w {\n  output n = 1\n}\n");
    let offers = |words: &[&str]| offered(&sandbox, words);
    assert_eq!(offers(&["run", "apex_e"]), ["apex_extractor"]);
    assert_eq!(offers(&["run", "rates/"]), ["rates/copied"]);
    let files = offers(&["plan", "workflows/"]);
    assert!(files.contains(&"workflows/extractor.flow".to_owned()), "{files:?}");
    assert!(!files.iter().any(|file| file.contains("touch")), "{files:?}");
    assert_eq!(offers(&["run", "--env", "pr"]), ["prod"]);
    assert_eq!(offers(&["jobs", "list", "ra"]), ["rates"]);
    assert!(offers(&["runs", "show", "la"]).is_empty(), "there is none yet: {:?}", offers(&["runs", "show", "la"]));
    let ran = sandbox.run(&["run", "workflows/extractor.flow", "--at", AT]).expect(0);
    let id = ran["run_id"].as_str().unwrap();
    assert_eq!(offers(&["-v", "runs", "show", &id[..9]]), [id]);
    assert_eq!(offers(&["resume", "la"]), ["last"]);
    assert_eq!(offers(&["retry", "last", "--from", "copied_"]), ["copied_at"]);
    assert!(offers(&["runs", "show", "last", "copied."]).contains(&"copied.stored".to_owned()));
    assert_eq!(offers(&["why", "last", "items_p"]), ["items_processed"]);
    assert_eq!(offers(&["run", "--jso"]), [""; 0], "flags are clap's");
    assert!(offers(&["run", "--param"]).contains(&"--params".to_owned()));
    std::fs::write(sandbox.path().join("vmflow.yaml"), "jobs: [").unwrap();
    assert_eq!(
        offers(&["run", "--env", "pr"]),
        ["pr"],
        "nothing is told of what is wrong, and no file is an environment"
    );
}

#[test]
fn bash_offers_files_workflows_and_codes_and_flags_to_who_begins_one() {
    let sandbox = Sandbox::new();
    sandbox.write("complete.bash", &sandbox.run(&["completions", "bash"]).stdout);
    sandbox.write("g.flow", "workflow one {\n  output n = 1\n}\nworkflow two {\n  output n = 1\n}\n");
    let offers = |words: &[&str]| offered(&sandbox, words);
    for command in [["check"].as_slice(), &["fmt"], &["doc"], &["new", "test"], &["test", "new"], &["check", "g.flow"]]
    {
        assert_eq!(offers(&[command, &[""]].concat()), ["g.flow", "workflows/"], "{command:?}");
    }
    assert_eq!(offers(&["test", ""]), ["new", "g.flow", "workflows/"]);
    assert_eq!(offers(&["runs", ""]), ["show", "prune", "help"]);
    assert_eq!(offers(&["check", "workflows/ext"]), ["workflows/extractor.flow"]);
    // Bash puts what is offered behind the last `:` or `=`.
    assert_eq!(offers(&["run", "g.flow:"]), ["one", "two"]);
    assert_eq!(offers(&["graph", "g.flow:t"]), ["two"]);
    assert_eq!(offers(&["run", "nothing.flow:"]), [""; 0]);
    assert_eq!(offers(&["check", "--format=s"]), ["short", "sarif"]);
    assert_eq!(offers(&["check", "--format", "s"]), ["short", "sarif"]);
    assert_eq!(offers(&["run", "--env=pr"]), ["prod"]);
    assert!(offers(&["explain", "VF20"]).contains(&"VF201".to_owned()));
    assert_eq!(offers(&["check", "--deny", "warnings,VF102"]), ["warnings,VF102"]);
    assert!(offers(&["check", "--"]).contains(&"--fix".to_owned()));
}

/// The shell reads the script without complaint; one that is not installed is passed over, but for bash.
fn assert_read(shell: &str, file: &Path) {
    let read = Command::new(shell).arg("-n").arg(file).output();
    match read {
        Ok(output) => assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => assert_ne!(shell, "bash", "bash is everywhere"),
    }
}

#[test]
fn there_is_a_man_page_for_every_command() {
    let sandbox = Sandbox::new();
    let first = sandbox.run(&["man"]);
    assert!(first.code == 0 && first.stdout.contains(".TH vmflow 1"), "{}", first.stdout);
    let ran = sandbox.run(&["man", "--out", "share/man1"]);
    assert_eq!((ran.code, ran.stdout.as_str(), ran.stderr.as_str()), (0, "", ""));
    assert_eq!(sandbox.read("share/man1/vmflow.1"), first.stdout);
    for path in commands() {
        let page = sandbox.read(&format!("share/man1/vmflow-{}.1", path.join("-")));
        assert!(page.contains(".SH SYNOPSIS") && page.contains("Example"), "{path:?}:\n{page}");
    }
    sandbox.write("file", "");
    let refused = sandbox.run(&["man", "--out", "file/man1"]);
    assert!(refused.code == 4 && refused.stderr.contains("cannot write to `file/man1`"), "{}", refused.stderr);
}
