//! Parameters of a workflow as flags of their own: `vmflow run rates/copy --account acct1`.
//!
//! Which flags there are depends on the workflow, which is not known before the command line is read. So flags that the
//! command itself does not have are set apart first, and held against the workflow's parameters later.

use std::ffi::OsString;

use clap::{Arg, Command};

/// The commands whose target has parameters.
const TAKING: [&str; 2] = ["run", "plan"];

/// Options that name what to run when no target does.
const NAMING: [&str; 2] = ["job-id", "plan"];

/// `--name VALUE`, `--name=VALUE`, or `--name` alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ParameterFlag {
    /// As written, without the dashes.
    pub(crate) name: String,
    /// What stands behind it.
    pub(crate) value: Option<String>,
}

/// A command line whose parameters are set apart.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Split {
    /// What is left for the command's own grammar.
    pub(crate) rest: Vec<OsString>,
    /// The parameters.
    pub(crate) flags: Vec<ParameterFlag>,
    /// Whether help of the target was asked for, and not of the command.
    pub(crate) wants_help: bool,
}

/// Sets apart the flags that `grammar` does not know, when the command takes parameters and has a target.
pub(crate) fn split(arguments: Vec<OsString>, grammar: &Command) -> Split {
    let mut walk = Walk { arguments: &arguments, at: 1, has_target: false, split: Split::default() };
    walk.split.rest.extend(arguments.first().cloned());
    let Some(command) = walk.command(grammar) else { return Split { rest: arguments, ..Split::default() } };
    walk.flags(grammar, command);
    // Without a target the flags are nobody's, and the command says so best.
    if walk.has_target { walk.split } else { Split { rest: arguments, ..Split::default() } }
}

struct Walk<'a> {
    arguments: &'a [OsString],
    at: usize,
    has_target: bool,
    split: Split,
}

impl Walk<'_> {
    fn take(&mut self) -> Option<OsString> {
        let next = self.arguments.get(self.at).cloned();
        self.at += 1;
        next
    }

    /// Keeps an argument that the grammar knows, with its value where that stands apart.
    fn keep(&mut self, argument: OsString, takes_value: bool) {
        self.split.rest.push(argument);
        if takes_value {
            let value = self.take();
            self.split.rest.extend(value);
        }
    }

    /// The command, when it is one that takes parameters; behind flags that every command has.
    fn command<'g>(&mut self, grammar: &'g Command) -> Option<&'g Command> {
        loop {
            let argument = self.take()?;
            let text = argument.to_str()?.to_owned();
            if !text.starts_with('-') {
                self.split.rest.push(argument);
                return TAKING.contains(&text.as_str()).then(|| grammar.find_subcommand(&text)).flatten();
            }
            let takes_value = known(&text, [grammar, grammar])?;
            self.keep(argument, takes_value);
        }
    }

    fn flags(&mut self, grammar: &Command, command: &Command) {
        while let Some(argument) = self.take() {
            let text = argument.to_str().map(str::to_owned);
            match text.as_deref() {
                Some("--") => {
                    self.split.rest.push(argument);
                    break;
                }
                Some("--help" | "-h") => self.split.wants_help = true,
                Some("--version") => self.split.rest.push(argument),
                Some(text) if text.starts_with('-') && text.len() > 1 => match known(text, [grammar, command]) {
                    Some(takes_value) => {
                        self.has_target |= NAMING.iter().any(|name| text.trim_start_matches("--").starts_with(name));
                        self.keep(argument, takes_value);
                    }
                    None => self.parameter(argument.clone(), text),
                },
                _ => {
                    self.has_target = true;
                    self.split.rest.push(argument);
                }
            }
        }
        let rest = self.arguments.get(self.at..).unwrap_or_default();
        self.has_target |= !rest.is_empty();
        self.split.rest.extend_from_slice(rest);
    }

    fn parameter(&mut self, argument: OsString, text: &str) {
        let Some(flag) =
            text.strip_prefix("--").filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
        else {
            return self.split.rest.push(argument);
        };
        let flag = match flag.split_once('=') {
            Some((name, value)) => ParameterFlag { name: name.to_owned(), value: Some(value.to_owned()) },
            None => ParameterFlag { name: flag.to_owned(), value: self.value() },
        };
        self.split.flags.push(flag);
    }

    /// What stands behind a flag, unless it is another one: `-7d` is a value, `-v` is none.
    fn value(&mut self) -> Option<String> {
        let next = self.arguments.get(self.at)?.to_str()?;
        let is_flag =
            next.strip_prefix('-').is_some_and(|rest| !rest.starts_with(|c: char| c.is_ascii_digit() || c == '.'));
        if is_flag && next != "-" {
            return None;
        }
        self.at += 1;
        Some(next.to_owned())
    }
}

/// Whether an option is one of the grammars', and whether its value is the next argument.
fn known(text: &str, grammars: [&Command; 2]) -> Option<bool> {
    let all = || grammars.into_iter().flat_map(Command::get_arguments);
    let takes = |argument: &Arg| argument.get_action().takes_values();
    if let Some(long) = text.strip_prefix("--") {
        let (name, is_whole) = long.split_once('=').map_or((long, true), |(name, _)| (name, false));
        return all().find(|argument| argument.get_long() == Some(name)).map(|argument| takes(argument) && is_whole);
    }
    let mut letters = text.chars();
    letters.next();
    loop {
        let letter = letters.next()?;
        let argument = all().find(|argument| argument.get_short() == Some(letter))?;
        match (takes(argument), letters.as_str().is_empty()) {
            (takes, true) => return Some(takes),
            // `-pname=value`
            (true, false) => return Some(false),
            (false, false) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(line: &str) -> (String, String, bool) {
        let arguments = line.split_whitespace().map(OsString::from).collect();
        let split = split(arguments, &super::super::command());
        let rest: Vec<String> = split.rest.iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let flag = |flag: &ParameterFlag| format!("{}={}", flag.name, flag.value.as_deref().unwrap_or("(none)"));
        (rest.join(" "), split.flags.iter().map(flag).collect::<Vec<_>>().join(" "), split.wants_help)
    }

    #[test]
    fn flags_that_the_command_does_not_have_are_the_workflows() {
        for (line, rest, flags) in [
            ("vmflow run rates/copy --account acct1 --at now", "vmflow run rates/copy --at now", "account=acct1"),
            ("vmflow run --account=a=b rates/copy -v", "vmflow run rates/copy -v", "account=a=b"),
            ("vmflow -v --color never run x --n -3 -pa=1 -p b=2", "vmflow -v --color never run x -pa=1 -p b=2", "n=-3"),
            ("vmflow run x --full", "vmflow run x", "full=(none)"),
            ("vmflow run x --full --account a", "vmflow run x", "full=(none) account=a"),
            ("vmflow run x --full -q --account a", "vmflow run x -q", "full=(none) account=a"),
            ("vmflow run x --since -7d --until now", "vmflow run x --since -7d --until now", ""),
            ("vmflow plan x --account a --offline", "vmflow plan x --offline", "account=a"),
            ("vmflow run --job-id x --account a", "vmflow run --job-id x", "account=a"),
            ("vmflow run --plan p.json --key k", "vmflow run --plan p.json", "key=k"),
            ("vmflow run x -- --account a", "vmflow run x -- --account a", ""),
        ] {
            assert_eq!(of(line), (rest.to_owned(), flags.to_owned(), false), "{line}");
        }
    }

    #[test]
    fn what_is_nobodys_stays_with_the_command() {
        for line in [
            "vmflow run --acount a",
            "vmflow check --acount",
            "vmflow run",
            "vmflow",
            "vmflow --nope run x --a b",
            "vmflow run x -z",
            "vmflow run x --",
            "vmflow run --help",
        ] {
            let (rest, flags, wants_help) = of(line);
            assert_eq!((rest.as_str(), flags.as_str(), wants_help), (line, "", false));
        }
    }

    #[test]
    fn help_of_a_target_is_told_from_help_of_the_command() {
        for line in ["vmflow run rates/copy --help", "vmflow run -h rates/copy", "vmflow plan x --help"] {
            assert!(of(line).2, "{line}");
        }
    }
}
