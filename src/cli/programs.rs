//! Whether the programs of external steps can be read: asked of their own interpreters, which run nothing of them.

use std::collections::HashMap;
use std::sync::Arc;

use super::project::Checked;
use crate::check::program::{External, FunctionBody};
use crate::diagnostic::{Diagnostic, codes};
use crate::external::{Code, Interpreters, Program, Slip, slip};
use crate::source::{Sources, Span};

/// VF907: a program with a slip in it. Each is looked at once, however many steps stand for it.
pub(super) fn slips(checked: &Checked, sources: &Sources, interpreters: &Interpreters) -> Vec<Diagnostic> {
    let mut known: HashMap<&Program, Option<Slip>> = HashMap::new();
    let externals = checked.program.functions.iter().filter_map(|function| match &function.body {
        FunctionBody::External(external) => Some(external),
        _ => None,
    });
    let mut findings = Vec::new();
    for external in externals {
        let Some(text) = text(checked, &external.program) else { continue };
        let program = &external.program;
        let slip =
            known.entry(program).or_insert_with(|| slip(program.language, &text, &program.entry, interpreters)).clone();
        findings.extend(slip.map(|slip| finding(external, &slip, sources)));
    }
    findings
}

/// The program's text; a file that cannot be read has a finding already.
fn text(checked: &Checked, program: &Program) -> Option<Arc<str>> {
    match &program.code {
        Code::File(path) => checked.modules.programs.get(path)?.as_ref().ok().cloned(),
        Code::Inline { text, .. } => Some(text.clone()),
    }
}

fn finding(external: &External, slip: &Slip, sources: &Sources) -> Diagnostic {
    let message = &slip.message;
    match (&external.program.code, slip.line) {
        (Code::File(path), Some(line)) => {
            let message = format!("`{}` cannot be read: {message} in line {line}", path.display());
            Diagnostic::new(&codes::VF907, external.span, message).help("mend the program")
        }
        (Code::File(path), None) => {
            let message = format!("`{}` cannot be called: {message}", path.display());
            Diagnostic::new(&codes::VF907, external.span, message).help("name a function of it: `entry: \"…\"`")
        }
        (Code::Inline { .. }, Some(line)) => {
            let span = line_of(sources, external.span, line);
            Diagnostic::new(&codes::VF907, span, format!("this cannot be read: {message}")).help("mend this line")
        }
        (Code::Inline { .. }, None) => {
            let message = format!("this cannot be called: {message}");
            let span = line_of(sources, external.span, 1);
            Diagnostic::new(&codes::VF907, span, message).help("name a function of it: `entry: \"…\"`")
        }
    }
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
