//! Ranges and instants that are off by one.

use super::{Facts, argument, literal};
use crate::check::program::{BinaryOperator as Op, Expr, ExprKind};
use crate::diagnostic::{Diagnostic, codes};
use crate::primitive::Effect;
use crate::source::Span;
use crate::value::{Type, Value};

/// VF305: a range that is empty or leaves its last day out, an end that belongs to the next day, a place behind the last.
pub(super) fn off_by_one(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for expr in &facts.expressions {
        match &expr.kind {
            ExprKind::Binary(Op::Through, start, end) => findings.extend(backwards(facts, expr.span, start, end)),
            ExprKind::Binary(Op::Until, start, end) => findings.extend(
                backwards(facts, expr.span, start, end)
                    .or_else(|| without_last_day(facts, start, end))
                    .or_else(|| shortened(facts, end)),
            ),
            ExprKind::Index(of, key) => findings.extend(behind_the_last(facts, of, key)),
            ExprKind::Primitive(spec, _) if matches!(spec.verb(), "sample" | "date_of") => {
                findings.extend(argument(expr, "at").and_then(|at| on_the_next_day(facts, at, spec.verb())));
            }
            _ => {}
        }
    }
}

/// The end lies before the start in every run; of instants also at it, because the end is excluded.
fn backwards(facts: &Facts<'_>, span: Span, start: &Expr, end: &Expr) -> Option<Diagnostic> {
    let is_instants = end.ty == Type::Timestamp;
    let why = match (literal(start), literal(end)) {
        (Some(first), Some(last)) if last < first => "ends before it starts",
        (Some(first), Some(last)) if last == first && is_instants => "ends where it starts, and the end is excluded",
        (Some(_), Some(_)) => return None,
        _ => of_one_base(facts, start, end, is_instants)?,
    };
    let finding = Diagnostic::new(&codes::VF305, span, format!("this range is empty: it {why}"));
    Some(finding.help(if why.starts_with("ends before") {
        "exchange the two ends"
    } else {
        "name a later end: `midnight(day, zone) until end_of(day, zone)` is one day"
    }))
}

/// Both ends are the same but for what is added to them.
fn of_one_base(facts: &Facts<'_>, start: &Expr, end: &Expr, is_instants: bool) -> Option<&'static str> {
    let ((base, from), (other, to)) = (moved(start), moved(end));
    let is_pure = start.effect == Effect::Pure && end.effect == Effect::Pure;
    if !is_pure || facts.text(base.span) != facts.text(other.span) {
        return None;
    }
    let length = to.checked_less(from)?;
    match length {
        0 if is_instants => Some("ends where it starts, and the end is excluded"),
        length if length < 0 => Some("ends before it starts"),
        _ => None,
    }
}

/// How far a literal moves its base, in units that only compare with their own kind.
#[derive(Clone, Copy, PartialEq)]
enum Offset {
    Nothing,
    Milliseconds(i64),
    Days(i64),
    Months(i64),
    BusinessDays(i64),
}

impl Offset {
    fn of(value: &Value) -> Option<Self> {
        Some(match value {
            Value::Duration(ms) => Self::Milliseconds(*ms),
            Value::Period(period) if period.months == 0 => Self::Days(period.days.into()),
            Value::Period(period) if period.days == 0 => Self::Months(period.months.into()),
            Value::BusinessDays(days) => Self::BusinessDays(*days),
            _ => return None,
        })
    }

    fn times(self, sign: i64) -> Self {
        match self {
            Self::Nothing => self,
            Self::Milliseconds(n) => Self::Milliseconds(n.saturating_mul(sign)),
            Self::Days(n) => Self::Days(n.saturating_mul(sign)),
            Self::Months(n) => Self::Months(n.saturating_mul(sign)),
            Self::BusinessDays(n) => Self::BusinessDays(n.saturating_mul(sign)),
        }
    }

    fn amount(self) -> i64 {
        match self {
            Self::Nothing => 0,
            Self::Milliseconds(n) | Self::Days(n) | Self::Months(n) | Self::BusinessDays(n) => n,
        }
    }

    /// How much farther this goes than another, when both count in the same unit.
    fn checked_less(self, other: Self) -> Option<i64> {
        let is_same = std::mem::discriminant(&self) == std::mem::discriminant(&other);
        let comparable = is_same || self == Self::Nothing || other == Self::Nothing;
        comparable.then(|| self.amount().saturating_sub(other.amount()))
    }
}

/// `day - 5d` as `day` and how far it is moved; what is moved by no literal is a base of its own.
fn moved(expr: &Expr) -> (&Expr, Offset) {
    let (base, by, sign) = match &expr.kind {
        ExprKind::Binary(Op::Add, base, by) => (base, by, 1),
        ExprKind::Binary(Op::Subtract, base, by) => (base, by, -1),
        ExprKind::AddBusinessDays(base, _, by) => (base, by, 1),
        _ => return (expr, Offset::Nothing),
    };
    let (by, sign) = match &by.kind {
        ExprKind::Negate(by) => (by, -sign),
        _ => (by, sign),
    };
    match literal(by).and_then(Offset::of) {
        Some(offset) => (base, offset.times(sign)),
        None => (expr, Offset::Nothing),
    }
}

/// `midnight(range.start, z) until midnight(range.end, z)`: the last day ends a day later.
fn without_last_day(facts: &Facts<'_>, start: &Expr, end: &Expr) -> Option<Diagnostic> {
    let (first, last) = (day_of(start)?, day_of(end)?);
    let is_last = match (&first.kind, &last.kind) {
        (ExprKind::Property { of, property: from, .. }, ExprKind::Property { of: other, property: to, .. }) => {
            (from.name, to.name) == ("start", "end") && facts.text(of.span) == facts.text(other.span)
        }
        (ExprKind::Primitive(from, days), ExprKind::Primitive(to, others)) => {
            let of =
                |arguments: &[Option<Expr>]| arguments.first().and_then(Option::as_ref).map(|a| facts.text(a.span));
            matches!((from.verb(), to.verb()), ("first", "last") | ("min", "max")) && of(days) == of(others)
        }
        _ => false,
    };
    let message = format!("the day {} is left out: the range ends where it begins", facts.short(last.span));
    is_last.then(|| {
        Diagnostic::new(&codes::VF305, end.span, message)
            .note("the end of `until` is excluded")
            .help(format!("write `end_of({}, …)`", facts.text(last.span)))
    })
}

/// The day in `midnight(day, zone)`.
fn day_of(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Primitive(spec, arguments) if spec.verb() == "midnight" => arguments.first()?.as_ref(),
        _ => None,
    }
}

/// `until end_of(day, z) - 1s`: the end is excluded anyway.
fn shortened(facts: &Facts<'_>, end: &Expr) -> Option<Diagnostic> {
    let ExprKind::Binary(Op::Subtract, instant, by) = &end.kind else { return None };
    let ExprKind::Primitive(spec, _) = &instant.kind else { return None };
    let is_short = matches!(literal(by), Some(Value::Duration(ms)) if (1..=LONGEST_SLIVER_MS).contains(ms));
    if !is_short || !matches!(spec.verb(), "midnight" | "end_of") {
        return None;
    }
    let gap = Span { start: instant.span.end, ..end.span };
    let message = format!("the end of `until` is excluded already: this leaves out the last {}", facts.short(by.span));
    let finding = Diagnostic::new(&codes::VF305, gap, message);
    let finding = finding.help(format!("write `until {}`", facts.text(instant.span)));
    let is_plain = facts.text(gap).trim_start().starts_with('-');
    Some(if is_plain { finding.fix("leave it out", gap, "") } else { finding })
}

/// The longest time that is subtracted to mean "just before".
const LONGEST_SLIVER_MS: i64 = 1000;

/// `xs[xs.count]`.
fn behind_the_last(facts: &Facts<'_>, of: &Expr, key: &Expr) -> Option<Diagnostic> {
    let ExprKind::Property { of: counted, property, .. } = &key.kind else { return None };
    let is_same = property.name == "count" && facts.text(counted.span) == facts.text(of.span);
    let is_list = matches!(of.ty, Type::List(_) | Type::Table(_));
    let message = format!("places count from 0, so {} has none at its count: this fails", facts.short(of.span));
    (is_same && is_list).then(|| {
        Diagnostic::new(&codes::VF305, key.span, message).help(format!("write `last({})`", facts.text(of.span)))
    })
}

/// `sample(…, at: end_of(day, z))`: the instant is the first of the next day.
fn on_the_next_day(facts: &Facts<'_>, at: &Expr, verb: &str) -> Option<Diagnostic> {
    let ExprKind::Primitive(spec, arguments) = &at.kind else { return None };
    let day = arguments.first().and_then(Option::as_ref).filter(|_| spec.verb() == "end_of")?;
    let day = facts.text(day.span);
    let (what, help) = match verb {
        "sample" => ("the sample lies on", format!("a day's value is kept at its first instant: `midnight({day}, …)`")),
        _ => ("this gives", format!("write `{day}`, or `{day} + 1d` if the next day is meant")),
    };
    let message = format!("`end_of` is the first instant of the next day, so {what} the day after `{day}`");
    Some(Diagnostic::new(&codes::VF305, at.span, message).help(help))
}
