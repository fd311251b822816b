//! Expressions that a store answers, and not with what was meant.

use super::{Facts, expressions};
use crate::check::program::ExprKind;
use crate::diagnostic::{Code, Diagnostic, Severity, codes};
use crate::query::promql::{
    Length, MatchSign, Matcher, MatcherValue, Node, NodeKind, Pattern, PromqlTemplate, Window, takes_share,
};

/// Looks at every query literal.
pub(in crate::check::lint) fn queries(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    expressions(facts.program, &mut |expr| {
        if let ExprKind::Promql(template, _) = &expr.kind
            && let Some(tree) = template.tree()
        {
            tree.visit(&mut |node| {
                let found = [everything(template, node), counters_and_gauges(template, node)];
                findings.extend(found.into_iter().flatten());
                findings.extend(contradiction(template, node));
                findings.extend(shares(template, node));
                between_steps(template, node, findings);
            });
        }
    });
}

fn finding(code: &'static Code, template: &PromqlTemplate, node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, template.span.slice(node.start, node.end), message)
}

/// VF503: a selector that no series, or hardly one, is left out of.
fn everything(template: &PromqlTemplate, node: &Node) -> Option<Diagnostic> {
    let matchers = node.matchers().filter(|all| !all.is_empty())?;
    let message = "this selector matches every series of the store";
    let help = "state the metric's name, or a label with a value";
    let all = matchers.iter().all(matches_everything);
    all.then(|| finding(&codes::VF503, template, node, message).help(help))
}

/// Whether every series passes: those without the label too, or the label is the name, which all have.
fn matches_everything(matcher: &Matcher) -> bool {
    let MatcherValue::Text(text) = &matcher.value else { return false };
    let is_name = &*matcher.label == "__name__";
    match (matcher.sign, &**text) {
        (MatchSign::Matches, ".*") => true,
        (MatchSign::Matches, ".+") | (MatchSign::NotEqual | MatchSign::NotMatches, "") => is_name,
        _ => false,
    }
}

/// VF204: a selector that compares one label with values that it cannot have at once.
fn contradiction(template: &PromqlTemplate, node: &Node) -> Option<Diagnostic> {
    let texts: Vec<_> = node.matchers()?.iter().filter_map(|matcher| Some((matcher, text_of(matcher)?))).collect();
    let equal = |(matcher, _): &&(&Matcher, &str)| matcher.sign == MatchSign::Equal;
    let (first, other) = texts.iter().filter(equal).find_map(|(first, value)| {
        let of_label = texts.iter().filter(|(other, _)| other.label == first.label);
        of_label.map(|(other, _)| *other).find(|other| refuses(other, value)).map(|other| (*first, other))
    })?;
    let message = format!("no series has a `{}` that passes both comparisons", first.label);
    let place = |matcher: &Matcher| template.span.slice(matcher.start, matcher.end);
    let finding = Diagnostic::new(&codes::VF204, place(other), message).label(place(first), "the other one");
    Some(finding.help(format!("leave one of them out, or match several values: `{}=~\"a|b\"`", first.label)))
}

fn text_of(matcher: &Matcher) -> Option<&str> {
    match &matcher.value {
        MatcherValue::Text(text) => Some(text),
        MatcherValue::Hole(_) | MatcherValue::Name(_) => None,
    }
}

/// Whether a label with this value does not pass.
fn refuses(matcher: &Matcher, value: &str) -> bool {
    let Some(text) = text_of(matcher) else { return false };
    let matches = || Pattern::new(text).ok().map(|pattern| pattern.matches(value));
    match matcher.sign {
        MatchSign::Equal => text != value,
        MatchSign::NotEqual => text == value,
        MatchSign::Matches => matches() == Some(false),
        MatchSign::NotMatches => matches() == Some(true),
    }
}

/// VF003: a quantile of 90, where one of 0.9 was meant.
fn shares(template: &PromqlTemplate, node: &Node) -> Option<Diagnostic> {
    let NodeKind::Call(call) = &node.kind else { return None };
    let function = call.name.to_ascii_lowercase();
    let argument = call.arguments.first().filter(|_| takes_share(&function))?;
    let NodeKind::Number(share) = argument.bare().kind else { return None };
    if (0.0..=1.0).contains(&share) || !share.is_finite() {
        return None;
    }
    let message = format!("`{function}` takes a share, from 0 to 1, found {share}");
    let finding = finding(&codes::VF003, template, argument, message);
    let finding = Diagnostic { severity: Severity::Warning, ..finding };
    Some(if share <= 100.0 {
        finding.help(format!("write `{}` for {share} per cent", share / 100.0))
    } else {
        finding.help("write a number from 0 to 1")
    })
}

/// Functions that read a counter, and nothing else.
const OF_COUNTERS: [&str; 6] = ["rate", "irate", "increase", "increase_pure", "increase_prometheus", "rollup_increase"];

/// Ends of names that no counter has.
const GAUGES: [&str; 6] = ["_ratio", "_percent", "_celsius", "_info", "_timestamp", "_timestamp_seconds"];

/// VF504: a rate of what goes up and down, or a sum of what only goes up.
fn counters_and_gauges(template: &PromqlTemplate, node: &Node) -> Option<Diagnostic> {
    let NodeKind::Call(call) = &node.kind else { return None };
    let function = call.name.to_ascii_lowercase();
    let (argument, name) = call.arguments.iter().find_map(|argument| Some((argument, argument.metric()?)))?;
    let (message, help) = if OF_COUNTERS.contains(&&*function) && GAUGES.iter().any(|end| name.ends_with(end)) {
        let message = format!("`{function}` is for counters, and `{name}` goes up and down");
        (message, "write `delta(…)` for the change, or `deriv(…)` for the slope".to_owned())
    } else if matches!(&*function, "sum" | "avg") && name.ends_with("_total") && !argument.is_range() {
        let message = format!("`{name}` counts from the start of a process, so its `{function}` says little");
        (message, format!("write `{function}(rate({name}[5m]))` for the speed, or `increase` for the number"))
    } else {
        return None;
    };
    Some(finding(&codes::VF504, template, argument, message).help(help))
}

/// VF505: a window that is shorter than the step at which it is evaluated leaves points out.
fn between_steps(template: &PromqlTemplate, node: &Node, findings: &mut Vec<Diagnostic>) {
    let NodeKind::Rolled { of, window: Some(Window { step: Some(Some(step)), .. }), .. } = &node.kind else { return };
    let Some(step) = milliseconds(step) else { return };
    for (window, _) in windows(of).into_iter().filter(|(_, range)| *range < step) {
        let message = "this window is shorter than the step of the subquery, so points between are left out";
        let help = "make the window at least as long as the step";
        findings.push(finding(&codes::VF505, template, window, message).help(help));
    }
}

/// The windows on selectors that are evaluated at each step of a subquery, with their lengths.
fn windows(node: &Node) -> Vec<(&Node, f64)> {
    let mut found = Vec::new();
    let mut waiting = vec![node];
    while let Some(node) = waiting.pop() {
        match &node.kind {
            // Another subquery has a step of its own.
            NodeKind::Rolled { window: Some(Window { step: Some(_), .. }), .. } => {}
            NodeKind::Rolled { window: Some(Window { range: Some(range), .. }), .. } => {
                found.extend(milliseconds(range).map(|range| (node, range)));
            }
            kind => waiting.extend(kind.children()),
        }
    }
    found
}

const fn milliseconds(length: &Length) -> Option<f64> {
    match length {
        Length::Fixed { ms, steps: 0.0 } => Some(*ms),
        _ => None,
    }
}
