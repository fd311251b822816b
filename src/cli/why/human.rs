//! A lineage as a tree for people: each value, how it came about, its text, its query; below it what led to it.

use std::fmt::Write;

use crate::lookback::{Kind, Lineage, Rows, brief};
use crate::run::{Called, Noted, StepStatus};
use crate::source::{Sources, Span};
use crate::store::RunRow;
use crate::value::Value;

/// The longest line of a workflow or of a query that is shown, in characters.
const LONGEST: usize = 110;

pub(super) fn tree(lineage: &Lineage, run: &RunRow, sources: &Sources, has_color: bool) -> String {
    let mut text = String::new();
    let shown = Shown { sources, id: run.begin.id.to_string(), has_color };
    shown.node(lineage, "", "", &mut text);
    text
}

struct Shown<'a> {
    sources: &'a Sources,
    id: String,
    has_color: bool,
}

impl Shown<'_> {
    /// A node behind `first`, what belongs to it behind `rest`.
    fn node(&self, lineage: &Lineage, first: &str, rest: &str, text: &mut String) {
        let _ = writeln!(text, "{first}{}", self.head(lineage));
        if lineage.is_told {
            return;
        }
        let bar = if lineage.from.is_empty() && lineage.more_items == 0 { "   " } else { "│  " };
        for line in self.details(lineage) {
            let _ = writeln!(text, "{rest}{}", self.dim(&format!("{bar}{line}")));
        }
        let more = (lineage.more_items > 0).then(|| self.more(lineage));
        let last = lineage.from.len() + usize::from(more.is_some());
        for (at, from) in lineage.from.iter().enumerate() {
            let (branch, below) = if at + 1 == last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            self.node(from, &format!("{rest}{branch}"), &format!("{rest}{below}"), text);
        }
        if let Some(more) = more {
            let _ = writeln!(text, "{rest}└─ {}", self.dim(&more));
        }
    }

    fn head(&self, lineage: &Lineage) -> String {
        let name = if self.has_color { format!("\u{1b}[1m{}\u{1b}[0m", lineage.name) } else { lineage.name.clone() };
        let value = match (&lineage.value, &lineage.absent) {
            (Some(value), _) => format!(" = {}", brief(value)),
            (None, Some(why)) => format!(": no value: {why}"),
            (None, None) => String::new(),
        };
        let place = self.place(lineage.span).map(|(file, line)| format!(", {file}:{line}")).unwrap_or_default();
        let told = if lineage.is_told { ", told above" } else { "" };
        format!("{name}{value}  {}", self.dim(&format!("({}{place}{told})", how(lineage))))
    }

    /// The text of a step, and what it asked.
    fn details(&self, lineage: &Lineage) -> Vec<String> {
        let mut lines = Vec::new();
        if !matches!(lineage.kind, Kind::Param | Kind::Fact | Kind::Item) && lineage.calls.is_empty() {
            lines.push(first_line(self.sources.slice(lineage.span)));
        }
        lines.extend(lineage.calls.iter().flat_map(asked));
        lines.extend(lineage.rows.iter().map(rows));
        lines
    }

    fn more(&self, lineage: &Lineage) -> String {
        let (count, name) = (lineage.more_items, &lineage.name);
        let items = if count == 1 { "item" } else { "items" };
        format!("{count} more {items}; `vmflow why {} '{name}[ITEM]'` shows one", self.id)
    }

    fn place(&self, span: Span) -> Option<(String, usize)> {
        let source = self.sources.get(span.source)?;
        Some((source.name.to_string(), source.position(span.start).line))
    }

    fn dim(&self, text: &str) -> String {
        if self.has_color { format!("\u{1b}[2m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// How something came about, in words.
fn how(lineage: &Lineage) -> String {
    let mut words = vec![lineage.kind.name().to_owned()];
    match lineage.how.status {
        Some(StepStatus::Recovered) => words.push("made up for".to_owned()),
        Some(StepStatus::Partial) => words.push("partial".to_owned()),
        _ => {}
    }
    match (lineage.how.recalled, lineage.how.took) {
        _ if lineage.how.is_cached => words.push("kept by an earlier run".to_owned()),
        (Some(attempt), _) => words.push(format!("recalled from the {attempt}. time that it ran")),
        (None, Some((attempts, ms))) if attempts > 1 => words.push(format!("{ms} ms, {attempts} attempts")),
        (None, Some((_, ms))) => words.push(format!("{ms} ms")),
        (None, None) => {}
    }
    words.join(", ")
}

fn first_line(text: &str) -> String {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.next().unwrap_or_default();
    let rest = if lines.next().is_some() { " …" } else { "" };
    format!("{}{rest}", cut(first))
}

fn cut(line: &str) -> String {
    if line.chars().count() <= LONGEST {
        return line.to_owned();
    }
    line.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// Which rows led to what was asked for.
fn rows(rows: &Rows) -> String {
    let Some(count) = rows.count else {
        return format!("which of its {} rows led to it cannot be followed", rows.of);
    };
    let first: Vec<String> = rows.first.iter().map(|(at, row)| format!("[{at}] {}", brief(row))).collect();
    let rest = if count > first.len() { ", …" } else { "" };
    let them = if first.is_empty() { String::new() } else { format!(": {}", first.join(", ")) };
    format!("{count} of its {} rows led to it{them}{rest}", rows.of)
}

/// A query with its parameters, a line each.
fn asked(call: &Noted<Called>) -> Vec<String> {
    let called = &call.what;
    let arguments = called.arguments.iter();
    let through = arguments.clone().find_map(|(_, value)| match value {
        Some(Value::Connection(_, name)) => Some(format!(" through `{name}`")),
        _ => None,
    });
    let transaction = if called.transaction.is_some() { ", in a transaction" } else { "" };
    let mut lines = vec![format!("{}{}{transaction}", called.action, through.unwrap_or_default())];
    for (name, value) in arguments {
        match value {
            Some(Value::Connection(..)) => {}
            Some(Value::Sql(query)) => {
                lines.push(format!("  {name}: {}", one_line(&query.to_string())));
                let holes = query.template.holes.iter().zip(&query.arguments);
                lines.extend(holes.map(|(hole, value)| format!("    :{} = {}", hole.path.join("."), brief(value))));
            }
            Some(Value::Promql(text)) => lines.push(format!("  {name}: {}", one_line(text))),
            Some(value) => lines.push(format!("  {name}: {}", brief(value))),
            None => {}
        }
    }
    lines
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
