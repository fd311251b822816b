//! Times of day that clocks skip, or show twice.

use std::collections::HashMap;

use chrono::{Datelike, LocalResult, NaiveDate, NaiveTime, TimeZone, Weekday};
use chrono_tz::Tz;

use super::{Facts, argument, literal};
use crate::check::program::{Expr, ExprKind, Workflow};
use crate::check::walk;
use crate::diagnostic::{Diagnostic, Severity, codes};
use crate::value::Value;

/// The years that are looked at, those to come first. Rules of zones change; these are the years that data is about.
fn years() -> impl Iterator<Item = i32> {
    (2026..=2035).chain((2015..2026).rev())
}

/// VF307: a literal time of day in a literal zone whose clocks skip it or show it twice.
pub(super) fn impossible_times(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    let mut known = Known::default();
    for workflow in &facts.program.workflows {
        walk::workflow_expressions(workflow, &mut |expr| findings.extend(cutoff(facts, &mut known, workflow, expr)));
    }
    findings.extend(facts.expressions.iter().filter_map(|expr| midnight(&mut known, expr)));
}

/// What was worked out before: looking through the years takes a while.
#[derive(Default)]
struct Known {
    odd: HashMap<(Tz, NaiveTime, Among), Option<Odd>>,
}

/// The days that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Among {
    Weekdays,
    /// All days, for times that are skipped.
    Skipped,
}

/// A day on which a time of day is not one instant.
#[derive(Debug, Clone, Copy)]
struct Odd {
    day: NaiveDate,
    is_skipped: bool,
}

impl Known {
    /// The first such day of those to come, or the last of those that were.
    fn odd_day(&mut self, zone: Tz, time: NaiveTime, among: Among) -> Option<Odd> {
        *self.odd.entry((zone, time, among)).or_insert_with(|| odd_day(zone, time, among))
    }
}

fn odd_day(zone: Tz, time: NaiveTime, among: Among) -> Option<Odd> {
    let days = years().flat_map(|year| (1..=366).filter_map(move |day| NaiveDate::from_yo_opt(year, day)));
    let mut odd = days.filter_map(|day| odd_on(zone, time, day));
    odd.find(|odd| match among {
        Among::Weekdays => !matches!(odd.day.weekday(), Weekday::Sat | Weekday::Sun),
        Among::Skipped => odd.is_skipped,
    })
}

fn odd_on(zone: Tz, time: NaiveTime, day: NaiveDate) -> Option<Odd> {
    match zone.from_local_datetime(&day.and_time(time)) {
        LocalResult::Single(_) => None,
        LocalResult::Ambiguous(..) => Some(Odd { day, is_skipped: false }),
        LocalResult::None => Some(Odd { day, is_skipped: true }),
    }
}

/// `business_date(…, cutoff: 02:30, on: weekdays)` on a business day whose clocks do not show 02:30 once.
fn cutoff(facts: &Facts<'_>, known: &mut Known, workflow: &Workflow, expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Primitive(spec, _) = &expr.kind else { return None };
    let cutoff = argument(expr, "cutoff").filter(|_| spec.verb() == "business_date")?;
    let Value::Time(time) = literal(cutoff)? else { return None };
    let on = argument(expr, "on")?;
    let zone = zone_of(facts, workflow, on)?;
    let odd = known.odd_day(zone, *time, Among::Weekdays)?;
    let what =
        if odd.is_skipped { "is skipped" } else { "comes twice, so the business day begins, ends and begins again" };
    let message = format!("in {zone} {} {what} on {}, when the clocks change", facts.text(cutoff.span), odd.day);
    let finding = Diagnostic::new(&codes::VF307, cutoff.span, message).label(on.span, format!("in {zone}"));
    Some(finding.help("take a cutoff outside of the hours in which clocks change, or a calendar in UTC"))
}

/// The zone of a calendar, where both are written out.
fn zone_of(facts: &Facts<'_>, workflow: &Workflow, calendar: &Expr) -> Option<Tz> {
    let name = facts.text(calendar.span);
    let declared = workflow.calendars.iter().find(|declared| &*declared.name == name).map(|declared| &declared.value);
    literal_zone(argument(declared.unwrap_or(calendar), "zone")?)
}

/// `midnight(day, "Africa/Cairo")`, where some day begins at 01:00.
fn midnight(known: &mut Known, expr: &Expr) -> Option<Diagnostic> {
    let ExprKind::Primitive(spec, _) = &expr.kind else { return None };
    let zone = argument(expr, "zone").filter(|_| spec.verb() == "midnight")?;
    let (day, tz) = (argument(expr, "day")?, literal_zone(zone)?);
    let odd = match literal(day) {
        Some(Value::Date(day)) => odd_on(tz, NaiveTime::MIN, *day).filter(|odd| odd.is_skipped)?,
        _ => known.odd_day(tz, NaiveTime::MIN, Among::Skipped)?,
    };
    let message = format!("{} has no 00:00 in {tz}: its clocks skip it", odd.day);
    let finding = Diagnostic::new(&codes::VF307, zone.span, message)
        .label(day.span, "gives the first instant of such a day")
        .help("keep it if the first instant is meant; for one clock on all days take `\"UTC\"`");
    Some(Diagnostic { severity: Severity::Info, ..finding })
}

fn literal_zone(expr: &Expr) -> Option<Tz> {
    match literal(expr)? {
        Value::Text(name) => name.parse().ok(),
        _ => None,
    }
}
