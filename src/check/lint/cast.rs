//! `as` that does nothing, or that loses something.

use super::{Facts, literal};
use crate::check::program::{Expr, ExprKind};
use crate::diagnostic::{Diagnostic, Edit, Fix, codes};
use crate::source::Span;
use crate::value::{Type, Value};

/// VF205: a cast to the type that the value has already, there and back again, or of a number that does not fit.
pub(super) fn lossy_or_repeated(facts: &Facts<'_>, findings: &mut Vec<Diagnostic>) {
    for expr in &facts.expressions {
        let ExprKind::Cast(of, _) = &expr.kind else { continue };
        findings
            .extend(repeated(facts, expr, of).or_else(|| there_and_back(facts, expr, of)).or_else(|| lossy(expr, of)));
    }
}

/// Literals of lists, maps, records and decimals take their type from the cast, so theirs is never repeated.
fn repeated(facts: &Facts<'_>, expr: &Expr, of: &Expr) -> Option<Diagnostic> {
    let takes_type = matches!(of.kind, ExprKind::List(_) | ExprKind::Map(_) | ExprKind::Record(..))
        || matches!(literal(of), Some(Value::Decimal(_)));
    if of.ty != expr.ty || of.ty.is_unknown() || takes_type {
        return None;
    }
    let written = written(facts, expr, of)?;
    let message = format!("{} has this type already: `as` changes nothing", facts.short(of.span));
    let mut finding = Diagnostic::new(&codes::VF205, written, message).label(of.span, format!("`{}`", of.ty));
    let gap = Span { start: of.span.end + blank(facts, expr, of), ..written };
    finding.fix = Some(Fix {
        message: format!("leave `{}` out", facts.text(written)),
        edits: vec![Edit { span: gap, replacement: String::new() }],
    });
    Some(finding.help("leave it out"))
}

/// `n as float as int`, where `n` is an `int`.
fn there_and_back(facts: &Facts<'_>, expr: &Expr, of: &Expr) -> Option<Diagnostic> {
    let ExprKind::Cast(first, _) = &of.kind else { return None };
    let is_number = matches!(expr.ty, Type::Int | Type::Decimal);
    if first.ty != expr.ty || !is_number {
        return None;
    }
    let message = format!("{} is `{}`, becomes `{}` and turns back", facts.short(first.span), first.ty, of.ty);
    let place = Span { start: first.span.end, ..expr.span };
    let place = written(facts, expr, first).unwrap_or(place);
    Some(
        Diagnostic::new(&codes::VF205, place, message)
            .label(first.span, format!("`{}`", first.ty))
            .note("a `float` holds whole numbers up to 9007199254740992 exactly, and no decimals")
            .help("leave both out"),
    )
}

/// `1.5 as int` fails in every run.
fn lossy(expr: &Expr, of: &Expr) -> Option<Diagnostic> {
    let Value::Float(number) = literal(of)? else { return None };
    if expr.ty != Type::Int || number.fract() == 0.0 {
        return None;
    }
    let message = format!("`{}` is no whole number, and `as int` drops no digits: this fails", literal(of)?);
    Some(
        Diagnostic::new(&codes::VF205, expr.span, message)
            .help("say how to round: `round(…)`, `floor(…)` or `ceil(…)`"),
    )
}

/// Where `as T` stands, behind what it is about and the parentheses around that.
fn written(facts: &Facts<'_>, expr: &Expr, of: &Expr) -> Option<Span> {
    let behind = Span { start: of.span.end, ..expr.span };
    let text = facts.text(behind);
    let at = text.len() - text.trim_start_matches(|c: char| c.is_whitespace() || c == ')').len();
    text.get(at..)?.starts_with("as").then(|| behind.slice(at, text.len()))
}

/// How far the closing parentheses behind a cast's value reach.
fn blank(facts: &Facts<'_>, expr: &Expr, of: &Expr) -> u32 {
    let text = facts.text(Span { start: of.span.end, ..expr.span });
    let closing = text.trim_start_matches(|c: char| c.is_whitespace() || c == ')');
    let before = text.strip_suffix(closing).unwrap_or_default().trim_end();
    u32::try_from(before.len()).unwrap_or(0)
}
