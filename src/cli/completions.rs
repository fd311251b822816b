//! `vmflow completions`: generated from the arguments; and what stands in the project, which the scripts ask for.
//!
//! A script asks with `VMFLOW_COMPLETE=N vmflow WORD…`: which values could stand in the place of the Nth word. No flag of its
//! own is made for that, which people would see. (clap's dynamic completions are marked as unstable.)

mod values;

use std::ffi::OsString;

use clap::{Command, ValueHint};
use clap_complete::Shell;

use super::Exit;
use super::arguments::{CompletionsArguments, command as grammar};
use super::terminal::Terminal;
use crate::config::Variables;

const BASH: &str = include_str!("completions/values.bash");
const ZSH: &str = include_str!("completions/values.zsh");
const FISH: &str = include_str!("completions/values.fish");

pub(super) fn completions(command: &CompletionsArguments, terminal: &Terminal) -> Exit {
    // Not to stdout directly: the generator panics when the reader has gone away.
    let mut script = Vec::new();
    clap_complete::generate(command.shell, &mut hinted(grammar()), "vmflow", &mut script);
    terminal.print(&with_values(command.shell, &String::from_utf8_lossy(&script)));
    Exit::Ok
}

/// The grammar, each option with what it takes: a file, a folder, or nothing that lies on the disk. Its name says so.
fn hinted(command: Command) -> Command {
    command.mut_subcommands(hinted).mut_args(|argument| {
        let takes = argument.get_value_names().and_then(|names| names.first());
        let hint = match takes.map_or("", |name| name.as_str()) {
            name if name.contains("FILE") || name.contains("PATH") => ValueHint::FilePath,
            "DIR" => ValueHint::DirPath,
            _ if argument.is_positional() || !argument.get_action().takes_values() => ValueHint::Unknown,
            _ => ValueHint::Other,
        };
        argument.value_hint(hint)
    })
}

/// The script, asking first for what stands in the project.
fn with_values(shell: Shell, script: &str) -> String {
    match shell {
        Shell::Bash => format!("{script}\n{BASH}"),
        // Its function is found by its name, so ours takes that.
        Shell::Zsh => script.replacen("\n_vmflow() {", &format!("\n{ZSH}\n_vmflow_words() {{"), 1),
        Shell::Fish => format!("{script}\n{FISH}"),
        _ => script.to_owned(),
    }
}

/// Prints, a line each, what could stand in the place of a word of a command line. Whatever is wrong, nothing is told: a
/// person is typing.
pub(super) fn complete(at: usize, line: Vec<OsString>, variables: &Variables) -> Exit {
    let words: Vec<String> = line.into_iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let text: String = values::of(at, &words, variables).into_iter().map(|value| value + "\n").collect();
    // A shell that does not listen any more wants nothing.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    Exit::Ok
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_shell_asks_for_values() {
        for (shell, once) in [(Shell::Bash, "_vmflow_values"), (Shell::Zsh, "_vmflow_words"), (Shell::Fish, "__vmflow")]
        {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut grammar(), "vmflow", &mut script);
            let script = with_values(shell, &String::from_utf8(script).unwrap());
            assert!(script.contains("VMFLOW_COMPLETE=") && script.matches(once).count() >= 2, "{shell}");
        }
    }
}
