//! A plan for people.

use std::fmt::Write;

use crate::connection::preview::{Counts, Example};
use crate::preview::{Failure, Group, Plan, Told};

/// How many items of a loop, failures, steps are listed.
const MOST: usize = 5;

/// The colours of what is added, changed, left, at odds, not known.
const GREEN: u8 = 32;
const YELLOW: u8 = 33;
const RED: u8 = 31;
const CYAN: u8 = 36;
const DIM: u8 = 2;

/// The whole report.
pub(super) fn human(plan: &Plan, has_color: bool) -> String {
    let mut page = Page { text: String::new(), has_color };
    let how = if plan.offline { "which writes it may make; nothing was read" } else { "what a run would write" };
    page.line(&format!("{} in `{}` at {}: {how}", plan.workflow, plan.environment, plan.now));
    page.gap();
    for group in &plan.writes {
        page.group(group, plan.offline);
    }
    if plan.writes.is_empty() {
        page.line("  nothing");
    }
    page.unknown(plan);
    page.failures(plan);
    if !plan.if_failed.is_empty() {
        page.gap();
        page.line("  only if the run fails:");
        for group in &plan.if_failed {
            page.line(&format!("    {}", addressed(group)));
        }
    }
    page.gap();
    page.line(&summary(plan));
    page.text
}

struct Page {
    text: String,
    has_color: bool,
}

impl Page {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.text, "{text}");
    }

    fn gap(&mut self) {
        self.line("");
    }

    fn marked(&mut self, mark: char, color: u8, text: &str) {
        let mark = if self.has_color { format!("\u{1b}[{color}m{mark}\u{1b}[0m") } else { mark.to_string() };
        self.line(&format!("    {mark} {text}"));
    }

    fn group(&mut self, group: &Group, offline: bool) {
        self.line(&format!("  {}{}", group.step, beside(group)));
        if offline {
            self.marked('?', CYAN, &addressed(group));
        } else {
            self.counts(group);
        }
        if let Some(before) = &group.seen_before {
            self.marked('!', YELLOW, &format!("compared with what was there before `{before}` changes it"));
        }
        if group.repeated > 0 {
            let text = format!(
                "{} with a key that an earlier write of this plan has, too",
                count(group.repeated, unit(group))
            );
            self.marked('!', YELLOW, &text);
        }
        self.items(group);
    }

    fn counts(&mut self, group: &Group) {
        let Counts { created, updated, unchanged, conflicting, taken, beyond, touched, sent } = group.counts;
        let (what, target) = (unit(group), target(group));
        if created > 0 {
            let how = if group.action == "sql.upsert" { " (created)" } else { "" };
            let into = if what == "file" { "as" } else { "into" };
            self.marked('+', GREEN, &format!("{} {into} {target}{how}", count(created, what)));
            // Of rows and samples the examples are those that change.
            self.examples(if what == "file" { &group.examples } else { &[] });
        }
        if updated > 0 {
            self.marked('~', YELLOW, &format!("{} in {target} ({})", count(updated, what), columns(group)));
            self.examples(&group.examples);
        }
        if conflicting > 0 {
            let text = format!("{} in {target} where another value is stored", count(conflicting, what));
            self.marked('!', RED, &text);
            self.examples(&group.examples);
        }
        if taken > 0 {
            let text = format!("{} whose unique key {target} has already: the insert would fail", count(taken, what));
            self.marked('!', RED, &text);
        }
        if beyond > 0 {
            let text = format!("{} older than {target} keeps: the write would fail", count(beyond, what));
            self.marked('!', RED, &text);
        }
        if touched > 0 {
            self.marked('~', YELLOW, &format!("{} of {target}", count(touched, what)));
        }
        if sent > 0 {
            self.marked('+', GREEN, &format!("{} to {target}", count(sent, "request")));
            self.examples(&group.examples);
        }
        if unchanged > 0 {
            self.marked('=', DIM, &format!("{unchanged} unchanged"));
        }
        if group.unknown > 0 {
            let times = if group.unknown == 1 { String::new() } else { format!("{} times ", group.unknown) };
            let why = group.why.as_deref().unwrap_or("not known");
            self.marked('?', CYAN, &format!("{times}{target}: {why}"));
        }
        let is_nothing = group.counts == Counts::default() && group.unknown == 0;
        if is_nothing {
            self.marked('=', DIM, &format!("no {what} of {target}"));
        }
    }

    fn examples(&mut self, examples: &[Example]) {
        for example in examples {
            let changes = example.differences.iter();
            let changes: Vec<String> =
                changes.map(|change| format!("{} {} → {}", change.column, change.old, change.new)).collect();
            let changes = if changes.is_empty() { String::new() } else { format!(": {}", changes.join(", ")) };
            self.line(&format!("        {}{changes}", example.what));
        }
    }

    fn items(&mut self, group: &Group) {
        let total = group.items.len() as u64 + group.items_left_out;
        if total < 2 {
            return;
        }
        let told = group.items.iter().take(MOST).map(|item| {
            let n = item.counts.changes();
            if item.unknown { format!("{}: ?", item.item) } else { format!("{}: {n}", item.item) }
        });
        let mut told: Vec<String> = told.collect();
        if total > MOST as u64 {
            told.push(format!("{} more", total - MOST as u64));
        }
        self.line(&format!("      {}", told.join(", ")));
    }

    fn unknown(&mut self, plan: &Plan) {
        self.told("whether this holds is known after the run", &plan.unknown_checks);
        self.told("seen before the write", &plan.reads_before_writes);
        if !plan.unknown_outputs.is_empty() {
            self.gap();
            self.line(&format!("  known after the run: {}", plan.unknown_outputs.join(", ")));
        }
    }

    fn told(&mut self, title: &str, told: &[Told]) {
        if told.is_empty() {
            return;
        }
        self.gap();
        for one in told.iter().take(MOST) {
            self.line(&format!("  {title}: `{}`, {}", one.step, one.message));
        }
        if told.len() > MOST {
            self.line(&format!("  … and {} more", told.len() - MOST));
        }
    }

    fn failures(&mut self, plan: &Plan) {
        let total = plan.failures.len() as u64 + plan.failures_left_out;
        for failure in plan.failures.iter().take(MOST) {
            self.gap();
            let item = failure.item.as_deref().unwrap_or_default();
            self.line(&format!("  {item} would fail in `{}`: {}", failure.step, failure.message));
            self.help(failure);
        }
        if total > MOST as u64 {
            self.line(&format!("\n  … and {} more would fail", total - MOST as u64));
        }
        for warning in &plan.warnings {
            let place = if warning.step.is_empty() { String::new() } else { format!(" in `{}`", warning.step) };
            self.line(&format!("\n  warning{place}: {}", warning.message));
        }
        if let Some(error) = &plan.error {
            let place = if error.step.is_empty() { String::new() } else { format!(" in `{}`", error.step) };
            let item = error.item.as_ref().map(|item| format!(", item {item}")).unwrap_or_default();
            self.line(&format!("\n  {} error{place}{item}: {}", error.kind, error.message));
            self.help(error);
        }
    }

    fn help(&mut self, failure: &Failure) {
        if let Some(help) = &failure.help {
            self.line(&format!("    help: {help}"));
        }
    }
}

/// What stands beside a step's name.
fn beside(group: &Group) -> String {
    let mut parts = Vec::new();
    if group.writes > 1 {
        parts.push(format!("{} writes", group.writes));
    }
    if let Some(transaction) = &group.transaction {
        parts.push(format!("in the transaction `{transaction}`"));
    }
    if let Some(only_if) = &group.only_if {
        parts.push(only_if.clone());
    }
    if parts.is_empty() { String::new() } else { format!("  ({})", parts.join("; ")) }
}

/// What a write is counted in.
fn unit(group: &Group) -> &'static str {
    match group.action.split('.').next() {
        Some("metrics") => "sample",
        Some("http") => "request",
        Some("files") => "file",
        _ => "row",
    }
}

fn count(n: u64, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

fn target(group: &Group) -> String {
    match (&group.target, &group.connection) {
        (Some(target), Some(connection)) => format!("{target} (`{connection}`)"),
        (Some(target), None) => target.clone(),
        (None, Some(connection)) => format!("`{connection}`"),
        (None, None) => "something".to_owned(),
    }
}

fn addressed(group: &Group) -> String {
    format!("{} to {}", group.action, target(group))
}

fn columns(group: &Group) -> String {
    let columns: Vec<String> = group.columns.keys().take(MOST).cloned().collect();
    let more = group.columns.len().saturating_sub(MOST);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    if columns.is_empty() { "updated".to_owned() } else { format!("{}{more}", columns.join(", ")) }
}

fn summary(plan: &Plan) -> String {
    if plan.offline {
        return format!("plan: {} that may write", count(plan.writes.len() as u64, "step"));
    }
    let summary = plan.summary;
    let mut parts = Vec::new();
    if summary.to_write > 0 {
        parts.push(format!("{} to write", summary.to_write));
    }
    if summary.unchanged > 0 {
        parts.push(format!("{} unchanged", summary.unchanged));
    }
    if summary.conflicting > 0 {
        parts.push(format!("{} conflicting", summary.conflicting));
    }
    if summary.unknown > 0 {
        parts.push(format!("{} unknown", summary.unknown));
    }
    if !plan.has_changes() {
        parts.insert(0, "no changes".to_owned());
    }
    let ends = match plan.status.name() {
        "success" => String::new(),
        status => format!("; the run would end `{status}`"),
    };
    format!("plan: {}{ends}", parts.join(", "))
}
