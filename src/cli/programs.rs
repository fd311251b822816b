//! Whether the programs of external steps can be read: asked of their own interpreters, which run nothing of them.

use std::sync::Arc;

use indexmap::IndexMap;

use super::project::Checked;
use crate::check::program::{External, Function, FunctionBody};
use crate::diagnostic::{Diagnostic, codes};
use crate::external::{Code, Interpreters, Language, Slip, slip};
use crate::source::{Sources, Span};

/// VF907: a program with a slip in it. Each is read once, however many steps stand for it.
pub(super) fn slips(checked: &Checked, sources: &Sources, interpreters: &Interpreters) -> Vec<Diagnostic> {
    let mut programs: IndexMap<(Language, &Code), Vec<(&External, &Function)>> = IndexMap::new();
    for function in &checked.program.functions {
        if let FunctionBody::External(external) = &function.body {
            let program = &external.program;
            programs.entry((program.language, &program.code)).or_default().push((external, function));
        }
    }
    let mut findings = Vec::new();
    for ((language, code), externals) in programs {
        let Some(text) = text(checked, code) else { continue };
        let entries: Vec<String> = externals.iter().map(|(external, function)| called(external, function)).collect();
        let externals: Vec<&External> = externals.into_iter().map(|(external, _)| external).collect();
        match slip(language, &text, &entries, interpreters) {
            Some(Slip::Line { line, message }) => {
                // The text is what is wrong, not each step that stands for it.
                findings.extend(externals.first().map(|external| unreadable(external, line, &message, sources)));
            }
            Some(Slip::Missing(missing)) => {
                let is_missing = |external: &&&External| missing.iter().any(|entry| **entry == *external.program.entry);
                findings.extend(externals.iter().filter(is_missing).map(|external| uncallable(external, sources)));
            }
            Some(Slip::Misfit { entry, message }) => {
                let is_it = |external: &&&External| *external.program.entry == *entry;
                findings.extend(externals.iter().find(is_it).map(|external| misfit(external, &message, sources)));
            }
            None => {}
        }
    }
    findings
}

/// A function's name with those of what the step gives it.
fn called(external: &External, function: &Function) -> String {
    let names: Vec<&str> = function.params.iter().map(|param| &*param.name).collect();
    format!("{}({}", external.program.entry, names.join(","))
}

fn misfit(external: &External, message: &str, sources: &Sources) -> Diagnostic {
    let span = match &external.program.code {
        Code::File(_) => external.span,
        Code::Inline { .. } => line_of(sources, external.span, 1),
    };
    Diagnostic::new(&codes::VF907, span, format!("`{}` {message}", external.program.entry))
        .help("give the function the names of the step's parameters")
}

/// The program's text; a file that cannot be read has a finding already.
fn text(checked: &Checked, code: &Code) -> Option<Arc<str>> {
    match code {
        Code::File(path) => checked.modules.programs.get(path)?.as_ref().ok().cloned(),
        Code::Inline { text, .. } => Some(text.clone()),
    }
}

fn unreadable(external: &External, line: usize, message: &str, sources: &Sources) -> Diagnostic {
    match &external.program.code {
        Code::File(path) => {
            let message = format!("`{}` cannot be read: {message} in line {line}", path.display());
            Diagnostic::new(&codes::VF907, external.span, message).help("mend the program")
        }
        Code::Inline { .. } => {
            let span = line_of(sources, external.span, line);
            Diagnostic::new(&codes::VF907, span, format!("this cannot be read: {message}")).help("mend this line")
        }
    }
}

fn uncallable(external: &External, sources: &Sources) -> Diagnostic {
    let entry = &external.program.entry;
    let (span, text) = match &external.program.code {
        Code::File(path) => (external.span, format!("`{}`", path.display())),
        Code::Inline { .. } => (line_of(sources, external.span, 1), "this program".to_owned()),
    };
    Diagnostic::new(&codes::VF907, span, format!("{text} has no function `{entry}`"))
        .help("name a function of it: `entry: \"…\"`")
}

/// A line of a text in a file, without the white space around it; the first line that holds anything when it is empty.
fn line_of(sources: &Sources, text: Span, line: usize) -> Span {
    let whole = sources.slice(text);
    let mut start = 0;
    let lines = whole.split_inclusive('\n').map(|line| {
        start += line.len();
        (start - line.len(), line)
    });
    let mut lines = lines.skip(line.saturating_sub(1)).filter(|(_, line)| !line.trim().is_empty());
    let Some((start, line)) = lines.next() else { return text };
    let from = start + (line.len() - line.trim_start().len());
    text.slice(from, start + line.trim_end().len())
}
