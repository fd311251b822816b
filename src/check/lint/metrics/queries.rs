//! Expressions that a store answers, and not with what was meant.

use super::{Facts, expressions};
use crate::check::program::ExprKind;
use crate::diagnostic::{Code, Diagnostic, codes};
use crate::query::promql::{self, Length, MatchSign, Matcher, MatcherValue, Node, NodeKind, PromqlTemplate, Window};

/// Calls `look` for the tree of every query literal.
fn trees(facts: &Facts<'_>, look: &mut impl FnMut(&PromqlTemplate, &Node)) {
    expressions(facts.program, &mut |expr| {
        if let ExprKind::Promql(template, _) = &expr.kind
            && let Some(node) = promql::tree(template)
        {
            look(template, &node);
        }
    });
}

fn finding(code: &'static Code, template: &PromqlTemplate, node: &Node, message: impl Into<String>) -> Diagnostic {
    Diagnostic::new(code, template.span.slice(node.start, node.end), message)
}

/// VF503: a selector that no series, or hardly one, is left out of.
pub(in crate::check::lint) fn selectors_of_everything(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    trees(facts, &mut |template, tree| {
        tree.visit(&mut |node| {
            let all = node.matchers().is_some_and(|all| !all.is_empty() && all.iter().all(matches_everything));
            if all {
                let message = "this selector matches every series of the store";
                let help = "state the metric's name, or a label with a value";
                findings.push(finding(&codes::VF503, template, node, message).help(help));
            }
        });
    });
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

/// Functions that read a counter, and nothing else.
const OF_COUNTERS: [&str; 6] = ["rate", "irate", "increase", "increase_pure", "increase_prometheus", "rollup_increase"];

/// Ends of names that no counter has.
const GAUGES: [&str; 6] = ["_ratio", "_percent", "_celsius", "_info", "_timestamp", "_timestamp_seconds"];

/// VF504: a rate of what goes up and down, or a sum of what only goes up.
pub(in crate::check::lint) fn counters_and_gauges(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    trees(facts, &mut |template, tree| {
        tree.visit(&mut |node| {
            let Some(function) = node.function() else { return };
            let NodeKind::Call(call) = &node.bare().kind else { return };
            let Some((argument, name)) = call.arguments.iter().find_map(|a| Some((a, a.metric()?))) else { return };
            if OF_COUNTERS.contains(&&*function) && GAUGES.iter().any(|end| name.ends_with(end)) {
                let message = format!("`{function}` is for counters, and `{name}` goes up and down");
                let help = "write `delta(…)` for the change, or `deriv(…)` for the slope";
                findings.push(finding(&codes::VF504, template, argument, message).help(help));
            } else if matches!(&*function, "sum" | "avg") && name.ends_with("_total") && !argument.is_range() {
                let message = format!("`{name}` counts from the start of a process, so its `{function}` says little");
                let help = format!("write `{function}(rate({name}[5m]))` for the speed, or `increase` for the number");
                findings.push(finding(&codes::VF504, template, argument, message).help(help));
            }
        });
    });
}

/// VF505: a window that is shorter than the step at which it is evaluated leaves points out.
pub(in crate::check::lint) fn windows_between_steps(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    trees(facts, &mut |template, tree| {
        tree.visit(&mut |node| {
            let NodeKind::Rolled { of, window: Some(Window { step: Some(Some(step)), .. }), .. } = &node.kind else {
                return;
            };
            let Some(step) = milliseconds(step) else { return };
            for (inner, range) in windows(of) {
                if range < step {
                    let message =
                        "this window is shorter than the step of the subquery, so points between are left out";
                    let help = "make the window at least as long as the step";
                    findings.push(finding(&codes::VF505, template, inner, message).help(help));
                }
            }
        });
    });
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
