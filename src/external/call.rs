//! One call of a program.

use std::path::absolute;

use serde_json::{Map, Value as Json, json};
use tokio::process::Command;

use super::process::{self, Ended, LONGEST_ANSWER};
use super::{Code, Interpreters, Language, Program};
use crate::memory;
use crate::value::{ErrorKind, StepError};

/// Loads a Python file or text and calls a function of it.
const BOOTSTRAP: &str = include_str!("bootstrap.py");

/// What a call is told.
pub struct Call<'a> {
    /// The program.
    pub program: &'a Program,
    /// What runs it.
    pub interpreters: &'a Interpreters,
    /// The arguments, by name.
    pub arguments: Map<String, Json>,
    /// Whether the result is a text: a shell script then simply prints it.
    pub gives_text: bool,
    /// Takes each line that the program says on stderr.
    pub tell: &'a (dyn Fn(&str) + Sync),
}

/// Calls a program; dropping the future ends it.
pub async fn call(call: Call<'_>) -> Result<Json, StepError> {
    let program = call.program;
    if let Code::File(path) = &program.code
        && !path.is_file()
    {
        return Err(StepError::new(ErrorKind::Configuration, format!("there is no file `{}`", path.display())));
    }
    let interpreter = call.interpreters.of(program.language);
    let command = command(program, call.interpreters);
    let ended = process::run(command, input(program, call.arguments), call.tell).await;
    let ended = ended.map_err(|error| {
        let message = format!("`{interpreter}` cannot be started: {error}");
        StepError::new(ErrorKind::Configuration, message).help(match program.language {
            Language::Python => "install Python 3, or name it in the variable `VMFLOW_PYTHON`",
            Language::Shell => "install bash, or put it on the PATH",
        })
    })?;
    judge(program, &ended)?;
    if call.gives_text && program.language == Language::Shell {
        return text(program, ended.answer);
    }
    serde_json::from_slice(&ended.answer).map_err(|error| no_json(program, &ended.answer, &error))
}

/// The command with nothing of ours in it: no argument that anybody gave, a small environment.
fn command(program: &Program, interpreters: &Interpreters) -> Command {
    // What we start would inherit it.
    memory::in_small_pages(false);
    let mut command = Command::new(interpreters.of(program.language));
    command.env_clear().envs(interpreters.environment.iter().map(|(name, value)| (name, value)));
    // A directory without a name is the one we are in.
    if program.directory.as_os_str().is_empty() {
        command.current_dir(".")
    } else {
        command.current_dir(&program.directory)
    };
    match (program.language, &program.code) {
        (Language::Python, _) => command.env("PYTHONUTF8", "1").env("PYTHONUNBUFFERED", "1").args(["-c", BOOTSTRAP]),
        (Language::Shell, Code::File(path)) => {
            command.args(["-euo", "pipefail"]).arg(absolute(path).unwrap_or_else(|_| path.clone()))
        }
        (Language::Shell, Code::Inline { text, .. }) => {
            command.args(["-euo", "pipefail", "-c", text]).arg(&*program.entry)
        }
    };
    command
}

/// What the program reads on stdin. The Python bootstrap wants to know what to call besides.
fn input(program: &Program, arguments: Map<String, Json>) -> Vec<u8> {
    let document = match program.language {
        Language::Shell => Json::Object(arguments),
        Language::Python => {
            let path = absolute(program.file()).unwrap_or_else(|_| program.file().to_path_buf());
            let (code, line) = match &program.code {
                Code::File(_) => (None, 1),
                Code::Inline { text, line, .. } => (Some(&**text), *line),
            };
            json!({ "path": path.display().to_string(), "code": code, "line": line, "entry": &*program.entry, "arguments": arguments })
        }
    };
    document.to_string().into_bytes()
}

/// A program may fail for reasons that pass, so a read may be tried again.
fn judge(program: &Program, ended: &Ended) -> Result<(), StepError> {
    let entry = &program.entry;
    if ended.is_too_long() {
        let most = LONGEST_ANSWER >> 20;
        return Err(StepError::new(ErrorKind::Data, format!("`{entry}` gave back more than {most} MiB"))
            .help("let it give back less, or write the rest to a store itself"));
    }
    if ended.status.success() {
        return Ok(());
    }
    let how = match (program.language, ended.status.code()) {
        (_, None) => "was ended by a signal".to_owned(),
        (Language::Python, Some(1)) => "failed".to_owned(),
        (_, Some(code)) => format!("ended with exit code {code}"),
    };
    let cause = match program.language {
        Language::Python => raised(&ended.tail),
        Language::Shell => ended.tail.lines().next_back().unwrap_or_default().to_owned(),
    };
    let colon = if cause.is_empty() { "" } else { ": " };
    let error = StepError::transient(ErrorKind::Query, format!("`{entry}` {how}{colon}{cause}"));
    Err(if ended.tail.is_empty() { error } else { error.help(format!("it said: {}", ended.tail)) })
}

/// What a traceback ends with: the exception, whose message may have several lines, behind the indented lines of the calls.
fn raised(tail: &str) -> String {
    let lines: Vec<&str> = tail.lines().collect();
    let behind =
        lines.iter().rposition(|line| line.starts_with([' ', '\t'])).map_or(lines.len().saturating_sub(1), |at| at + 1);
    lines.get(behind..).unwrap_or_default().join(" ")
}

/// What a script printed, without the line's end that every `echo` writes.
fn text(program: &Program, answer: Vec<u8>) -> Result<Json, StepError> {
    let wrong = |_| StepError::new(ErrorKind::Data, format!("`{}` printed bytes that are no UTF-8", program.entry));
    let text = String::from_utf8(answer).map_err(wrong)?;
    Ok(Json::String(text.strip_suffix('\n').unwrap_or(&text).to_owned()))
}

fn no_json(program: &Program, answer: &[u8], error: &serde_json::Error) -> StepError {
    let entry = &program.entry;
    if answer.trim_ascii().is_empty() {
        let help = "print the result as JSON on stdout; what is meant for people goes to stderr";
        return StepError::new(ErrorKind::Data, format!("`{entry}` gave nothing back")).help(help);
    }
    let begin: String = String::from_utf8_lossy(answer).chars().take(60).collect();
    StepError::new(ErrorKind::Data, format!("`{entry}` did not give back JSON: {error}"))
        .help(format!("it began: {}", begin.trim_end()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exception_stands_behind_the_calls() {
        let traceback =
            "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\n    raise E\nE: no such\nday";
        assert_eq!(raised(traceback), "E: no such day");
        assert_eq!(raised("warned\nsys.exit said why"), "sys.exit said why");
        assert_eq!((raised("").as_str(), raised("  indented").as_str()), ("", ""));
    }
}
