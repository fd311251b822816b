//! Steps that are Python functions or shell scripts.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::json;

use super::{lab, run};
use crate::support::sandbox::Ran;

#[test]
fn values_go_in_as_json_and_come_back_as_declared() {
    let text = r#"
step priced(day: date, names: list<text>, rate: decimal, at: timestamp?) -> list<{ name: text, price: decimal, on: date }> = external.python(python"""
  import datetime, decimal
  def priced(day, names, rate, at):
      assert isinstance(rate, str) and at is None
      print("what is printed is no result")
      day = datetime.date.fromisoformat(day)
      return [{"name": n, "price": decimal.Decimal(rate) / 3, "on": day + datetime.timedelta(1)} for n in names]
""")
step shouted(name: text) -> text = external.shell(shell"""
  sed -e 's/.*"name":"\([^"]*\)".*/\1!/'
""")
workflow main {
  rate = 1.50 as decimal
  rows = priced(2025-01-31, ["ä\"\n", "b"], rate, none)
  output rows = rows
  shout = shouted("$(id) `id` a b")
  output shout = shout
}
"#;
    let outputs = &run(text, &[]).expect(0)["outputs"];
    assert_eq!(outputs["rows"][0]["name"], "ä\"\n");
    assert_eq!((&outputs["rows"][1]["price"], &outputs["rows"][1]["on"]), (&json!("0.50"), &json!("2025-02-01")));
    assert_eq!(outputs["shout"], "$(id) `id` a b!", "arguments are never spliced into the script");
}

#[test]
fn a_result_of_another_type_is_named_by_its_path() {
    let text = |body: &str, ty: &str| {
        format!(
            "step bad() -> {ty} = external.python(python\"\"\"\ndef bad():\n  {body}\n\"\"\")\nworkflow main {{ x = bad() output x = x }}\n"
        )
    };
    let ty = "{ items: list<{ price: decimal }> }";
    for (body, message) in [
        (
            "return {'items': [{'price': 1}, {'price': 'n/a'}]}",
            "`bad` gave back: items[1].price: expected decimal, got \"n/a\"",
        ),
        ("return {'items': [{}]}", "`bad` gave back: items[0].price: expected decimal, found no such field"),
        ("return None", "`bad` gave back: expected { items: list<{ price: decimal }> }, got null"),
        (
            "return {'items': float('nan')}",
            "`bad` failed: ValueError: Out of range float values are not JSON compliant",
        ),
        ("return object()", "`bad` failed: TypeError: a `object` cannot become JSON"),
        ("return missing", "`bad` failed: NameError: name 'missing' is not defined"),
    ] {
        let error = run(&text(body, ty), &[]).expect(1)["error"].clone();
        assert!(error["message"].as_str().unwrap().starts_with(message), "{error}");
    }
}

#[test]
fn dates_are_keys_and_secrets_stay() {
    let text = r#"
step navs() -> map<date, float> = external.python(python"""
  import datetime
  def navs(): return {datetime.date(2025, 1, 1): 1.5}
""")
step signed(key: secret) -> text = external.python(python"""
  def signed(key): return "Bearer " + key
""")
workflow w {
  param key: secret
  param tells: bool = false
  found = navs()
  output nav = found[2025-01-01]
  told = when tells { yield signed(key) }
  output told = told
}
"#;
    assert_eq!(run(text, &["-p", "key=hunter22"]).expect(0)["outputs"]["nav"], 1.5);
    let refused = run(text, &["-p", "key=hunter22", "-p", "tells=true"]);
    let error = refused.expect(1)["error"].clone();
    assert_eq!(error["message"], "`signed` gave back a secret that it was given");
    assert!(!format!("{}{}", refused.stdout, refused.stderr).contains("hunter22"));
}

#[test]
fn a_function_takes_what_the_step_has() {
    let told = |function: &str| {
        let sandbox = lab();
        let step = format!("step f(x: int) -> int = external.python(python\"\"\"\n  {function}\n\"\"\")\n");
        sandbox.write("main.flow", &format!("{step}workflow w {{ x = f(1) output x = x }}\n"));
        let checked = sandbox.run(&["check", "main.flow", "--format", "short"]).stdout;
        checked.lines().filter(|line| line.contains("VF907")).map(str::to_owned).collect::<Vec<_>>()
    };
    let lacks = "main.flow:2:3: warning[VF907]: `f` has no parameter `x`, which the step gives it";
    assert_eq!(told("def f(y=1): return y"), [lacks]);
    assert_eq!(
        told("def f(x, z): return x"),
        ["main.flow:2:3: warning[VF907]: `f` wants `z`, which the step does not give it"]
    );
    for well in ["def f(x): return x", "def f(**all): return 1", "def f(x, *, z=2): return x", "f = lambda x: x"] {
        assert_eq!(told(well), [] as [&str; 0], "{well}");
    }
}

#[test]
fn paths_and_the_working_directory_are_those_of_the_declaring_file() {
    let sandbox = lab();
    sandbox.write(
        "lib/steps.flow",
        "step here() -> text = external.shell(\"sh/here.sh\")\nstep name() -> text = external.python(\"py/name.py\", entry: \"f\")\n",
    );
    sandbox.write("lib/sh/here.sh", "cat data.txt\n");
    sandbox.write("lib/data.txt", "found");
    sandbox.write("lib/py/name.py", "from helper import name\ndef f():\n  return name\n");
    sandbox.write("lib/py/helper.py", "name = 'helped'\n");
    sandbox.write(
        "flows/main.flow",
        "import \"../lib/steps.flow\" as steps\nworkflow main {\n  a = steps.here()\n  output a = a\n  b = steps.name()\n  output b = b\n}\n",
    );
    let outputs = sandbox.run(&["run", "flows/main.flow"]).expect(0)["outputs"].clone();
    assert_eq!(outputs, json!({ "a": "found", "b": "helped" }));
    std::fs::remove_file(sandbox.path().join("lib/sh/here.sh")).unwrap();
    let told = sandbox.run(&["check", "flows/main.flow"]);
    assert!(told.code == 1 && told.stdout.contains("cannot read `lib/sh/here.sh`"), "{}", told.stdout);
}

#[test]
fn a_failing_program_shows_its_last_words_and_a_read_is_tried_again() {
    let text = r#"
step fragile() -> int = external.shell(shell"""
  echo x >> tries
  echo "first line" >&2
  echo "no such series" >&2
  exit 3
""")
action sent() -> int = external.shell(shell"""
  echo x >> sends
  false | true
  echo 1
""")
workflow main {
  a = fragile() with { retry: 2, backoff: constant(1ms) } on failure skip
  output a = a
  b = do sent() with { key: [1], timeout: 20s }
  output b = b
}
"#;
    let sandbox = lab();
    sandbox.write("main.flow", text);
    let ran = sandbox.run(&["run", "main.flow", "-v"]);
    assert!(ran.stderr.contains("attempt 2 failed"), "{}", ran.stderr);
    assert!(ran.stderr.contains("a: first line"), "{}", ran.stderr);
    assert!(ran.stderr.contains("`fragile` ended with exit code 3: no such series"), "{}", ran.stderr);
    assert_eq!(sandbox.read("tries").lines().count(), 3);
    assert!(sandbox.read("sends").lines().count() >= 1);
    assert_eq!(ran.expect(1)["error"]["message"], "`sent` ended with exit code 1", "a pipe that breaks is a failure");
    sandbox.write("main.flow", &text.replace("key: [1], timeout: 20s", "retry: 3"));
    let warned = sandbox.run(&["check", "main.flow"]).stdout;
    assert!(warned.contains("VF604"), "{warned}");
    std::fs::remove_file(sandbox.path().join("sends")).unwrap();
    sandbox.run(&["run", "main.flow"]).expect(1);
    assert_eq!(sandbox.read("sends").lines().count(), 1, "an action is not repeated");
}

/// A step that starts a grandchild, writes down its id, and waits.
const FAMILY: &str = r#"
step family() -> int = external.python(python"""
  import subprocess, time
  def family():
      child = subprocess.Popen(["sh", "-c", "sleep 300 & echo $! > pid.new; mv pid.new pid; wait"])
      time.sleep(300)
""")
workflow main { x = family() with_timeout output x = x }
"#;

fn is_alive(pid: &str) -> bool {
    let status = std::fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"));
    status.is_ok_and(|status| !status.contains(") Z "))
}

/// Waits for something that will happen, and fails when it does not.
fn until(what: &str, mut has_happened: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !has_happened() {
        assert!(Instant::now() < deadline, "{what} did not happen");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn the_time_limit_ends_the_grandchildren_too() {
    let sandbox = lab();
    sandbox.write("main.flow", &FAMILY.replace("with_timeout", "with { timeout: 3s }"));
    let result = sandbox.run(&["run", "main.flow"]).expect(1);
    assert_eq!(result["error"]["message"], "no answer after 3s");
    let pid = sandbox.read("pid");
    until("the end of the grandchild", || !is_alive(&pid));
}

#[test]
fn ctrl_c_ends_the_grandchildren_too() {
    let sandbox = lab();
    sandbox.write("main.flow", &FAMILY.replace(" with_timeout", ""));
    let mut command = sandbox.command(&["run", "main.flow"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    until("the start of the grandchild", || sandbox.path().join("pid").exists());
    let pid = sandbox.read("pid");
    assert!(is_alive(&pid));
    assert!(Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap().success());
    Ran::from(child.wait_with_output().unwrap()).expect(130);
    until("the end of the grandchild", || !is_alive(&pid));
}

#[test]
fn what_a_program_leaves_behind_is_ended_and_not_waited_for() {
    let text = r#"
step quick() -> int = external.shell(shell"""
  sleep 300 &
  echo $! > pid
  echo 7
""")
step escaped() -> int = external.shell(shell"""
  setsid sleep 30 &
  echo 8
""")
workflow main {
  a = quick()
  output a = a
  b = escaped()
  output b = b
}
"#;
    let sandbox = lab();
    sandbox.write("main.flow", text);
    assert_eq!(sandbox.run(&["run", "main.flow"]).expect(0)["outputs"], json!({ "a": 7, "b": 8 }));
    let pid = sandbox.read("pid");
    until("the end of what was left", || !is_alive(&pid));
}

#[test]
fn much_goes_both_ways_and_too_much_is_refused() {
    let text = r#"
step counted(xs: list<text>) -> int = external.python(python"""
  def counted(xs):
      return len(xs)
""")
step deaf(xs: list<text>) -> int = external.shell(shell"""
  exec <&-
  head -c 3000000 /dev/zero | tr '\0' 'e' >&2
  echo 5
""")
step echoed(xs: list<text>) -> list<text> = external.shell(shell"""
  cat | sed -e 's/^{"xs"://' -e 's/}$//'
""")
step endless() -> text = external.shell(shell"""
  cat /dev/zero
""")
workflow main {
  xs = [f"{n:06d}-ää" for n in range(200000)]
  a = counted(xs)
  output a = a
  b = deaf(xs)
  output b = b
  back = echoed(xs)
  output c = back.count
  none_of_it = endless() with { after: [a, b, back] }
  output d = none_of_it
}
"#;
    let result = run(text, &[]).expect(1);
    assert_eq!(
        (&result["outputs"]["a"], &result["outputs"]["b"], &result["outputs"]["c"]),
        (&json!(200_000), &json!(5), &json!(200_000))
    );
    assert_eq!(result["error"]["message"], "`endless` gave back more than 64 MiB");
}

#[test]
fn the_environment_is_small_and_secrets_are_arguments_only() {
    let text = r#"
step seen(token: secret) -> text = external.shell(shell"""
  input=$(cat)
  case "$input" in *\"token\"*) echo "it came: $input" >&2 ;; *) exit 9 ;; esac
  tr '\0' ' ' < /proc/$$/cmdline
  env | cut -d= -f1 | sort | tr '\n' ' '
  env
""")
workflow main {
  param token: secret
  said = seen(token)
  output seen = said
}
"#;
    let mut sandbox = lab();
    sandbox.set("APEX_TOKEN", "hunter33").set("LANG", "C.UTF-8").set("HOME", "/nowhere");
    sandbox.write("main.flow", text);
    let ran = sandbox.run(&["run", "main.flow", "-p", "token=hunter22", "-v"]);
    assert!(ran.stderr.contains("it came: {\"token\":\"•••\"}"), "{}", ran.stderr);
    let result = ran.expect(0);
    let seen = result["outputs"]["seen"].as_str().unwrap();
    assert!(seen.contains("HOME LANG PATH PWD "), "{seen}");
    assert!(!seen.contains("APEX_TOKEN") && !seen.contains("hunter"), "{seen}");
}

#[test]
fn an_interpreter_is_named_by_a_variable_and_its_absence_is_told() {
    let mut sandbox = lab();
    sandbox.write(
        "main.flow",
        "step x() -> int = external.python(python\"\"\"\ndef x():\n  return * 1\n\"\"\")\nworkflow main { y = x() output x = y }\n",
    );
    assert!(sandbox.run(&["check", "main.flow"]).stdout.contains("VF907"));
    sandbox.set("VMFLOW_PYTHON", "/nowhere/python");
    assert_eq!(sandbox.run(&["check", "main.flow"]).stdout.trim(), "no findings in 1 file", "nobody can look");
    let error = sandbox.run(&["run", "main.flow"]).expect(4)["error"].clone();
    assert!(error["message"].as_str().unwrap().starts_with("`/nowhere/python` cannot be started"), "{error}");
    assert_eq!(error["help"], "install Python 3, or name it in the variable `VMFLOW_PYTHON`");
}

#[test]
fn checking_executes_nothing() {
    let sandbox = lab();
    sandbox.write("evil.py", "open('ran', 'w').write('x')\ndef f():\n  return 1\n");
    sandbox.write("evil.sh", "touch ran\n$(touch ran)\n");
    sandbox.write("sitecustomize.py", "open('ran', 'w').write('x')\n");
    let text = "step a() -> int = external.python(\"evil.py\", entry: \"f\")\nstep b() -> int = external.shell(\"evil.sh\")\nworkflow main {\n  c = a()\n  d = b()\n  output a = c\n  output b = d\n}\n";
    sandbox.write("main.flow", text);
    let ran = sandbox.run(&["check", "main.flow"]);
    assert_eq!(ran.stdout.trim(), "no findings in 1 file");
    assert!(!sandbox.path().join("ran").exists());
}

#[test]
fn each_program_is_read_once_and_its_slip_told_once() {
    let sandbox = lab();
    sandbox.write("lib.py", "def f():\n  return 1\n");
    let steps: String = (0..300).fold(String::new(), |steps, n| {
        let entry = if n == 7 { "g" } else { "f" };
        steps + &format!("step s{n}() -> int = external.python(\"lib.py\", entry: \"{entry}\")\n")
    });
    sandbox.write("main.flow", &format!("{steps}workflow main {{ x = s0() output x = x }}\n"));
    let told = |sandbox: &crate::support::sandbox::Sandbox| {
        let ran = sandbox.run(&["check", "main.flow", "--format", "short"]);
        ran.stdout.lines().filter(|line| line.contains("VF907")).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(told(&sandbox), ["main.flow:8:36: warning[VF907]: `lib.py` has no function `g`"]);
    sandbox.write("lib.py", "def f():\n  return (1\n");
    let broken = told(&sandbox);
    assert_eq!(broken.len(), 1, "{broken:?}");
    assert!(broken[0].starts_with("main.flow:1:36: warning[VF907]: `lib.py` cannot be read: "), "{broken:?}");
}

#[test]
fn line_ends_of_two_bytes_change_no_literal() {
    let text = r#"
step shouted() -> text = external.shell(shell"""
  if true; then
    echo fine
  fi
""")
step counted() -> int = external.python(python"""
  def counted():
    return len('''a
  b''')
""")
workflow main {
  one = [{ n: 1 }]
  texts = local.query(sql"""
    select 'a
b' as t from one
  """) as table<{ t: text }>
  shout = shouted()
  count = counted()
  output found = texts[0].t
  output shout = shout
  output count = count
  output matches = matches("a\nb", regex"""a
b""")
}
"#;
    let wanted = json!({ "found": "a\nb", "shout": "fine", "count": 3, "matches": true });
    for text in [text.to_owned(), text.replace('\n', "\r\n")] {
        assert_eq!(run(&text, &[]).expect(0)["outputs"], wanted);
    }
}
