//! Calendars whose holidays are a list: how far the list reaches.

use chrono::{Datelike, NaiveDate};

use super::Facts;
use crate::check::call::constant;
use crate::check::program::{CalendarBinding, Expr, ExprKind, Workflow};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::value::{Sequence, Value};

/// A calendar of a workflow with a list of holidays that ends.
struct Listed<'a> {
    binding: &'a CalendarBinding,
    /// The last year that the list knows.
    until: i32,
    /// Where the list stands.
    span: Span,
}

/// VF304: a date beyond the last year of a list of holidays is asked for.
pub(super) fn not_covered(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for workflow in &facts.program.workflows {
        let listed: Vec<Listed<'_>> = workflow.calendars.iter().filter_map(listed).collect();
        if !listed.is_empty() {
            look_through(workflow, &listed, findings);
        }
    }
}

fn look_through(workflow: &Workflow, listed: &[Listed<'_>], findings: &mut Vec<Diagnostic>) {
    walk::workflow_steps(workflow, &mut |site| {
        walk::step_expressions(site.step, &mut |expr| {
            look_at(expr, listed, &|up| site.is_outermost(up), findings);
        });
    });
    for output in &workflow.outputs {
        look_at(&output.value, listed, &|up| up == 0, findings);
    }
}

fn look_at(expr: &Expr, listed: &[Listed<'_>], is_outermost: &dyn Fn(usize) -> bool, findings: &mut Vec<Diagnostic>) {
    walk::visit(expr, &mut |expr| {
        let Some((calendar, asked)) = asked(expr) else { return };
        let ExprKind::Slot { up, index } = calendar.kind else { return };
        let Some(listed) = listed.iter().find(|listed| is_outermost(up) && listed.binding.slot == index) else {
            return;
        };
        for expr in asked {
            walk::visit(expr, &mut |expr| {
                if let ExprKind::Literal(Value::Date(day)) = expr.kind
                    && day.year() > listed.until
                {
                    findings.push(finding(listed, expr.span, day));
                }
            });
        }
    });
}

fn finding(listed: &Listed<'_>, span: Span, day: NaiveDate) -> Diagnostic {
    let name = &listed.binding.name;
    let message = format!("the holidays of `{name}` end in {}, and this is {}", listed.until, day.year());
    Diagnostic::new(&codes::VF304, span, message)
        .label(listed.span, format!("holidays until {}", listed.until))
        .help(format!("add the holidays of {} to the list", day.year()))
}

/// The calendar that an expression asks, and what it asks for.
fn asked(expr: &Expr) -> Option<(&Expr, Vec<&Expr>)> {
    match &expr.kind {
        ExprKind::AddBusinessDays(day, calendar, _) => Some((calendar, vec![day])),
        ExprKind::Primitive(spec, arguments) if spec.family() == "calendar" => {
            // What names days asks for none.
            let asks = !matches!(spec.verb(), "closed_on" | "open_on");
            let (calendar, asked) = arguments.split_first().filter(|_| asks)?;
            Some((calendar.as_ref()?, asked.iter().flatten().collect()))
        }
        _ => None,
    }
}

/// The list of holidays upon plain weekdays, when it is literal. A market's calendar knows its own holidays.
fn listed(binding: &CalendarBinding) -> Option<Listed<'_>> {
    let mut at = &binding.value;
    let mut last: Option<(i32, Span)> = None;
    loop {
        let ExprKind::Primitive(spec, arguments) = &at.kind else { return None };
        match (spec.name, arguments.as_slice()) {
            ("calendars.weekdays", _) => break,
            ("calendar.open_on", [Some(base), _]) => at = base,
            ("calendar.closed_on", [Some(base), Some(days)]) => {
                let until = last_year(&constant(days)?)?;
                if last.is_none_or(|(before, _)| until > before) {
                    last = Some((until, days.span));
                }
                at = base;
            }
            _ => return None,
        }
    }
    last.map(|(until, span)| Listed { binding, until, span })
}

fn last_year(days: &Value) -> Option<i32> {
    let year = |day: Value| match day {
        Value::Date(day) => Some(day.year()),
        _ => None,
    };
    Sequence::of(days)?.iter().filter_map(year).max()
}
