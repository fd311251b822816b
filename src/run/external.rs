//! Programs of the user's own: `external.python("lib/features.py", entry: "extract")`.
//!
//! The arguments go in as one JSON object on stdin, the result comes back as JSON on stdout and is read
//! as the declared type. What the program prints goes to stderr, whose end is shown when it fails.

use std::path::Path;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Map, Value as Json};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::{Child, Command};

use super::fault::{Fault, Ran};
use super::frame::Frame;
use crate::check::program::{External, Function};
use crate::value::{ErrorKind, StepError, Value, from_json, to_json};

/// Loads the file, calls the function with the arguments by name, and keeps stdout for the result alone.
const BOOTSTRAP: &str = "\
import importlib.util, json, os, sys
result = os.fdopen(os.dup(1), 'w')
os.dup2(2, 1)
path, entry = sys.argv[1:3]
sys.path.insert(0, os.path.dirname(os.path.abspath(path)))
spec = importlib.util.spec_from_file_location('external', path)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
json.dump(getattr(module, entry)(**json.load(sys.stdin)), result)
result.close()
";

/// The longest answer, in bytes.
const LONGEST_ANSWER: u64 = 256 * 1024 * 1024;

/// How much of what the program said is shown when it fails, in characters.
const SHOWN_OF_STDERR: usize = 800;

/// Calls the program with the arguments of the function that it stands for.
pub(crate) async fn call(program: &External, function: &Function, arguments: &[Value], frame: &Frame) -> Ran<Value> {
    let names = function.params.iter().map(|param| param.name.to_string());
    let input: Map<String, Json> = names.zip(arguments.iter().map(to_json)).collect();
    let path = frame.run.directory.join(&*program.path);
    let answer = ask(&path, &program.entry, &Json::Object(input)).await.and_then(|json| {
        from_json(&json, &function.returns).map_err(|error| error.context(format!("`{}` returned", program.entry)))
    });
    answer.map_err(Fault::new)
}

/// Ends the program, and whatever it started, when the call ends in any way.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // It may have ended already, which is what is wanted.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

async fn ask(path: &Path, entry: &str, input: &Json) -> Result<Json, StepError> {
    if !path.is_file() {
        return Err(StepError::new(ErrorKind::Configuration, format!("there is no file `{}`", path.display())));
    }
    let mut child = start(path, entry)?;
    let group = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    let _group = Group(group);
    let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let write = async {
        if let Some(mut stdin) = stdin {
            // A program that does not read its arguments closes the pipe; its answer tells.
            let _ = stdin.write_all(input.to_string().as_bytes()).await;
        }
    };
    let ((), answer, said) = tokio::join!(write, read(stdout), read(stderr));
    let status = child.wait().await.map_err(|error| failed(entry, &error.to_string()))?;
    judge(entry, status, &answer, &said)
}

fn start(path: &Path, entry: &str) -> Result<Child, StepError> {
    let mut command = Command::new("python3");
    command.arg("-c").arg(BOOTSTRAP).arg(path).arg(entry);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    command.spawn().map_err(|error| {
        StepError::new(ErrorKind::Configuration, format!("`python3` cannot be started: {error}"))
            .help("install Python 3, or put it on the PATH")
    })
}

async fn read(pipe: Option<impl AsyncRead + Unpin>) -> Vec<u8> {
    let mut bytes = Vec::new();
    if let Some(pipe) = pipe {
        // A pipe that breaks ends the answer; what came is judged below.
        let _ = pipe.take(LONGEST_ANSWER).read_to_end(&mut bytes).await;
    }
    bytes
}

fn failed(entry: &str, why: &str) -> StepError {
    StepError::new(ErrorKind::Query, format!("the external function `{entry}` failed: {why}"))
}

fn judge(entry: &str, status: ExitStatus, answer: &[u8], said: &[u8]) -> Result<Json, StepError> {
    if !status.success() {
        let said = String::from_utf8_lossy(said);
        let last = said.trim_end().lines().next_back().unwrap_or("it said nothing");
        let tail: Vec<char> = said.trim_end().chars().rev().take(SHOWN_OF_STDERR).collect();
        return Err(failed(entry, last).help(format!("it said: {}", tail.into_iter().rev().collect::<String>())));
    }
    serde_json::from_slice(answer).map_err(|error| {
        StepError::new(ErrorKind::Data, format!("the external function `{entry}` did not return JSON: {error}"))
            .help("it must return what `json.dump` can write: numbers, texts, lists, dicts")
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use serde_json::json;

    use super::*;

    fn program(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    #[test]
    fn a_function_is_called_by_name_and_may_print() {
        let file = program("def double(x):\n    print('noise')\n    return {'twice': x * 2}\n");
        let answer = crate::run::runtime().unwrap().block_on(ask(file.path(), "double", &json!({ "x": 21 })));
        assert_eq!(answer.unwrap(), json!({ "twice": 42 }));
    }

    #[test]
    fn a_failure_shows_what_the_program_said() {
        let file = program("def f():\n    raise ValueError('no such series')\n");
        let error = crate::run::runtime().unwrap().block_on(ask(file.path(), "f", &json!({}))).unwrap_err();
        assert_eq!(error.message, "the external function `f` failed: ValueError: no such series");
    }

    #[test]
    fn dropping_the_call_ends_what_the_program_started() {
        let file = program(
            "import subprocess, time\ndef f(mark):\n    subprocess.Popen(['sh', '-c', f'sleep 1; touch {mark}'])\n    time.sleep(60)\n",
        );
        let mark = file.path().with_extension("mark");
        crate::run::runtime().unwrap().block_on(async {
            let input = json!({ "mark": mark });
            let call = ask(file.path(), "f", &input);
            assert!(tokio::time::timeout(std::time::Duration::from_millis(600), call).await.is_err());
            tokio::time::sleep(std::time::Duration::from_millis(1200)).await;
        });
        assert!(!mark.exists());
    }
}
