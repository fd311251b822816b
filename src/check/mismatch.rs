//! "Expected this, found that": one finding per mistake, with the fix that usually fits.

use super::Checker;
use super::program::Expr;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;
use crate::value::{Mismatch, Type};

impl Checker<'_> {
    /// Reports when `expr` does not fit `wanted`; `whence` says where the want comes from.
    pub(super) fn expect(&mut self, expr: &Expr, wanted: &Type, whence: &str) -> bool {
        match expr.ty.fits(wanted) {
            Ok(()) => true,
            Err(mismatch) => {
                let finding = describe(expr.span, &expr.ty, wanted, &mismatch, whence);
                self.report(finding);
                false
            }
        }
    }

    /// Reports an optional that is used as if it were always there; gives the type without `?`.
    pub(super) fn decide(&mut self, expr: &Expr, doing: &str) -> Type {
        match &expr.ty {
            Type::Optional(inner) => {
                self.report(undecided(expr.span, &expr.ty, doing));
                (**inner).clone()
            }
            Type::None => {
                self.report(Diagnostic::new(
                    &codes::VF202,
                    expr.span,
                    format!("this is always `none`, so {doing} cannot work"),
                ));
                Type::Error
            }
            other => other.clone(),
        }
    }
}

fn undecided(span: Span, found: &Type, doing: &str) -> Diagnostic {
    Diagnostic::new(&codes::VF202, span, format!("this may be `none`, and {doing} needs a value"))
        .at(format!("`{found}`"))
        .help("say what to do without it: `… ?? default`, or test it with `… != none` first")
}

/// The finding for a mismatch, by the kind of mistake.
pub(super) fn describe(span: Span, found: &Type, wanted: &Type, mismatch: &Mismatch, whence: &str) -> Diagnostic {
    let place = if mismatch.place.is_empty() { String::new() } else { format!(" {}", mismatch.place) };
    match (&mismatch.found, &mismatch.wanted) {
        (Type::Optional(inner), wanted) if inner.fits(wanted).is_ok() => {
            Diagnostic::new(&codes::VF202, span, format!("this may be `none`, and {whence} needs `{wanted}`{place}"))
                .at(format!("`{found}`"))
                .help("say what to do without it: `… ?? default`, or test it with `… != none` first")
        }
        (Type::Outcomes(..), _) => {
            Diagnostic::new(&codes::VF203, span, "this loop goes on after failures, so it gives outcomes, not a list")
                .at(format!("`{found}`"))
                .help("write `.ok` for the results, `.failed` for what went wrong")
                .fix("write `.ok`", span.after(), ".ok")
        }
        (Type::Date, Type::Timestamp) => Diagnostic::new(
            &codes::VF301,
            span,
            format!("a date is a day, not an instant; {whence} needs an instant{place}"),
        )
        .at("`date`")
        .help("name the zone: `midnight(day, \"UTC\")`"),
        (Type::Timestamp, Type::Date) => Diagnostic::new(
            &codes::VF301,
            span,
            format!("an instant has no day until a zone is named; {whence} needs a day{place}"),
        )
        .at("`timestamp`")
        .help("name the zone: `date_of(at, \"UTC\")`"),
        (found, Type::Sql | Type::Promql | Type::Url) if found.is_text() => {
            let tag = mismatch.wanted.to_string();
            Diagnostic::new(&codes::VF201, span, format!("expected `{tag}`, found `text`{place}"))
                .at(format!("{whence} wants `{tag}`"))
                .help(format!("write it as a query literal, {tag}\"\"\"…\"\"\"; a text may hold anything"))
        }
        (inner_found, inner_wanted) => {
            let mut finding = Diagnostic::new(
                &codes::VF201,
                span,
                format!("expected `{inner_wanted}`, found `{inner_found}`{place}"),
            )
            .at(format!("{whence} wants `{wanted}`"));
            if !mismatch.place.is_empty() {
                finding = finding.note(format!("the whole is `{found}`"));
            }
            match hint(inner_found, inner_wanted) {
                Some(help) => finding.help(help),
                None => finding,
            }
        }
    }
}

fn hint(found: &Type, wanted: &Type) -> Option<String> {
    match (found, wanted) {
        (Type::Record(found), Type::Record(wanted)) => {
            let missing =
                wanted.fields.iter().find(|field| found.get(&field.name).is_none() && !field.ty.is_optional());
            let surplus = found.names().find(|name| wanted.get(name).is_none());
            match (missing, surplus) {
                (_, Some(name)) => Some(format!("`{name}` is not a field of the wanted record")),
                (Some(field), None) => Some(format!("add the field `{}: {}`", field.name, field.ty)),
                _ => None,
            }
        }
        (Type::Record(_), Type::Map(..)) => {
            Some("write the fields here as a literal, or as a map with keys in quotes".to_owned())
        }
        (Type::Int, Type::Text) | (Type::Float, Type::Text) | (Type::Date, Type::Text) => {
            Some("write it in a text: `f\"{…}\"`".to_owned())
        }
        (found, Type::Int | Type::Float) if found.is_text() => Some("write the number without quotes".to_owned()),
        (found, Type::Date) if found.is_text() => {
            Some("write a date without quotes, `2025-01-31`, or use `parse_date(text, \"%d/%m/%Y\")`".to_owned())
        }
        (Type::Int, Type::Period) => Some("write the unit: `30d`, `2w`, `3mo`, `1y`".to_owned()),
        (Type::Int, Type::Duration) => Some("write the unit: `90s`, `5m`, `1h`".to_owned()),
        (Type::Int, Type::BusinessDays) => Some("write the unit: `20bd`".to_owned()),
        (Type::Period, Type::Duration) => Some("a calendar day is not 24 hours; write `24h`".to_owned()),
        (Type::Duration, Type::Period) => Some("write days: `1d`".to_owned()),
        (Type::BusinessDays, Type::Period) => Some("write calendar days: `30d`".to_owned()),
        (Type::Period, Type::BusinessDays) => Some("write business days: `20bd`".to_owned()),
        (found, Type::List(item)) if found.fits(item).is_ok() => Some("put it in a list: `[…]`".to_owned()),
        (found, Type::Bool) if !found.is_unknown() => {
            Some("a condition is a `bool`: compare it with something".to_owned())
        }
        _ => None,
    }
}
