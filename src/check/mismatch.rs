//! "Expected this, found that": one finding per mistake, with the fix that usually fits.

use super::Checker;
use super::program::{Expr, ExprKind};
use crate::diagnostic::{Diagnostic, codes, did_you_mean, is_sure, nearest};
use crate::source::Span;
use crate::syntax::ast::BinaryOperator;
use crate::value::{Mismatch, RecordType, Type, Value};

/// Where a want comes from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Want<'a> {
    /// In words: "`require`", "`over` of `export`".
    pub(super) what: &'a str,
    /// Where the file says so.
    pub(super) declared: Option<Span>,
}

impl<'a> From<&'a str> for Want<'a> {
    fn from(what: &'a str) -> Self {
        Self { what, declared: None }
    }
}

impl<'a> From<&'a String> for Want<'a> {
    fn from(what: &'a String) -> Self {
        Self { what, declared: None }
    }
}

/// An expression longer than this is not repeated in a message.
const LONGEST_TEXT: usize = 32;

impl Checker<'_> {
    /// Reports when `expr` does not fit `wanted`; `want` says where that comes from.
    pub(super) fn expect<'w>(&mut self, expr: &Expr, wanted: &Type, want: impl Into<Want<'w>>) -> bool {
        match expr.ty.fits(wanted) {
            Ok(()) => true,
            Err(mismatch) => {
                self.report_mismatch(expr, wanted, &mismatch, want.into());
                false
            }
        }
    }

    /// Reports that `expr` does not fit.
    pub(super) fn report_mismatch(&mut self, expr: &Expr, wanted: &Type, mismatch: &Mismatch, want: Want<'_>) {
        if let Some((part, wanted)) = part_to_blame(expr, wanted)
            && let Err(mismatch) = part.ty.fits(&wanted)
        {
            self.report_mismatch(part, &wanted, &mismatch, want);
            return;
        }
        let finding = describe(expr, &self.short(expr.span), wanted, mismatch, want.what);
        let finding = with_member(finding, expr, wanted);
        let finding = self.with_declaration(finding, expr.span);
        self.report(match want.declared {
            Some(span) => finding.label(span, format!("declared as `{}`", self.text(span))),
            None => finding,
        });
    }

    /// Reports an optional that is used as if it were always there; gives the type without `?`.
    pub(super) fn decide(&mut self, expr: &Expr, doing: &str) -> Type {
        match &expr.ty {
            Type::Optional(inner) => {
                let (text, is_json) = (self.short(expr.span), **inner == Type::Json);
                let message = format!("this may be `none`, and {doing} needs a value");
                let help = if is_json { decoding(&text, "int", "0") } else { decision(&text) };
                let finding =
                    Diagnostic::new(&codes::VF202, expr.span, message).at(format!("`{}`", expr.ty)).help(help);
                let finding = self.with_declaration(finding, expr.span);
                self.report(finding);
                // Decoded it is of another type, about which nothing can be said.
                if is_json { Type::Error } else { (**inner).clone() }
            }
            Type::None if self.has_told_yield => Type::Error,
            Type::None if !self.without_yield.is_empty() && !matches!(expr.kind, ExprKind::Literal(_)) => {
                self.has_told_yield = true;
                let finding =
                    Diagnostic::new(&codes::VF202, expr.span, format!("{doing} needs a value, and this is `none`"));
                let loops = std::mem::take(&mut self.without_yield);
                let finding =
                    loops.iter().fold(finding, |finding, over| finding.label(*over, "this loop yields nothing"));
                self.report(finding.help("end the block of the loop with `yield { … }`"));
                Type::Error
            }
            Type::None => {
                let message = format!("this is always `none`, so {doing} cannot work");
                let help = if matches!(expr.kind, ExprKind::Literal(_)) {
                    "ask for it with `== none` or `!= none`, or use something that has a value"
                } else {
                    "use something that has a value"
                };
                self.report(Diagnostic::new(&codes::VF202, expr.span, message).help(help));
                Type::Error
            }
            other => other.clone(),
        }
    }

    /// Points at the parameter that an expression names.
    fn with_declaration(&self, finding: Diagnostic, span: Span) -> Diagnostic {
        match self.declared.get(&span) {
            Some(param) => finding.label(*param, format!("declared as `{}`", self.text(*param))),
            None => finding,
        }
    }

    /// An expression as written, or dots when it is long.
    pub(super) fn short(&self, span: Span) -> String {
        let text = self.text(span);
        if text.is_empty() || text.starts_with('{') || text.chars().count() > LONGEST_TEXT {
            "…".to_owned()
        } else {
            text.to_string()
        }
    }
}

/// The part of an expression that makes it unfit, and what is wanted of that part.
fn part_to_blame<'e>(expr: &'e Expr, wanted: &Type) -> Option<(&'e Expr, Type)> {
    let unfit = |part: &Expr, wanted: &Type| part.ty.fits(wanted).is_err();
    match (&expr.kind, wanted) {
        (ExprKind::If(_, yes, no), wanted) => {
            let part = [yes, no].into_iter().find(|part| unfit(part, wanted))?;
            Some((part, wanted.clone()))
        }
        (ExprKind::Binary(BinaryOperator::Coalesce, _, right), wanted) if unfit(right, wanted) => {
            Some((right, wanted.clone()))
        }
        (ExprKind::Table(shape, rows), wanted) => {
            let Type::Record(wanted) = wanted.required().item()? else { return None };
            let cells = rows.iter().flat_map(|row| shape.iter().zip(row));
            let mut unfit = cells.filter_map(|(name, cell)| Some((cell, wanted.get(name)?.clone())));
            unfit.find(|(cell, wanted)| cell.ty.fits(wanted).is_err())
        }
        (ExprKind::ListComprehension(item, _), Type::List(wanted)) => Some((item, (**wanted).clone())),
        (ExprKind::MapComprehension(entry, _), Type::Map(key, value)) => {
            let part = if unfit(&entry.0, key) { (&entry.0, key) } else { (&entry.1, value) };
            Some((part.0, (**part.1).clone()))
        }
        _ => None,
    }
}

/// Offers the member of a union that a literal text is close to.
fn with_member(finding: Diagnostic, expr: &Expr, wanted: &Type) -> Diagnostic {
    let (ExprKind::Literal(Value::Text(text)), Type::Literals(members)) = (&expr.kind, wanted.required()) else {
        return finding;
    };
    let near = nearest(text, members.iter().map(|member| &**member));
    let quoted: Vec<String> = near.iter().map(|near| format!("`{near:?}`")).collect();
    match near.as_slice() {
        [] => finding,
        [near] if is_sure(text, near) => finding.help(format!("did you mean `{near:?}`?")).fix(
            format!("write `{near:?}`"),
            expr.span,
            format!("{near:?}"),
        ),
        _ => finding.help(format!("did you mean {}?", quoted.join(" or "))),
    }
}

/// What to do with json that may not be there; `ty` is a type that it may have, and `default` a value of it.
fn decoding(text: &str, ty: &str, default: &str) -> String {
    format!("decode it and say what to do without it: `({text} as {ty}?) ?? {default}`")
}

fn decision(text: &str) -> String {
    format!("say what to do without it: `{text} ?? default`, or test `{text} != none` first")
}

/// The finding for a mismatch, by the kind of mistake.
fn describe(expr: &Expr, text: &str, wanted: &Type, mismatch: &Mismatch, what: &str) -> Diagnostic {
    let place = if mismatch.place.is_empty() { String::new() } else { format!(" {}", mismatch.place) };
    let finding = |code, message: String| Diagnostic::new(code, expr.span, message).at(format!("`{}`", expr.ty));
    match (&mismatch.found, &mismatch.wanted) {
        (Type::Optional(inner), wanted) if would_fit(inner, wanted) => {
            let (message, help) = match mismatch.place.as_str() {
                OF_ITEMS => (
                    format!("items of this list may be `none`, and {what} needs a value of each"),
                    format!("leave those out that are: `[x for x in {text} if x != none]`"),
                ),
                inner => (
                    format!("this may be `none`, and {what} needs {}{place}", in_words(wanted, wanted)),
                    match inner {
                        "" => decision(text),
                        _ => "say what to do without it, `… ?? default`, where the value is put in".to_owned(),
                    },
                ),
            };
            finding(&codes::VF202, message).help(help)
        }
        (Type::Outcomes(..), _) => {
            let message = "this loop goes on after failures, so it gives outcomes, not a list";
            finding(&codes::VF203, message.to_owned())
                .help("write `.ok` for the results, `.failed` for what went wrong")
                .fix("write `.ok`", expr.span.after(), ".ok")
        }
        (Type::Date, Type::Timestamp) => {
            let message = format!("a date is a day, not an instant; {what} needs an instant{place}");
            finding(&codes::VF301, message).help(format!("name the zone: `midnight({text}, \"UTC\")`"))
        }
        (Type::Timestamp, Type::Date) => {
            let message = format!("an instant has no day until a zone is named; {what} needs a day{place}");
            finding(&codes::VF301, message).help(format!("name the zone: `date_of({text}, \"UTC\")`"))
        }
        (found, Type::Secret) if found.is_text() => {
            let message = "a secret may not stand in the file, where everybody can read it";
            Diagnostic::new(&codes::VF702, expr.span, message)
                .help("leave it out, and give it with the job: `params: { name: ${VARIABLE:?} }`")
        }
        (found, Type::Regex) if found.is_text() => {
            let message = format!("expected `regex`, found `text`{place}");
            let finding = finding(&codes::VF201, message).at(format!("{what} wants `regex`"));
            let finding = finding.help("write it as a literal, regex\"\"\"…\"\"\", which is checked before the run");
            match &expr.kind {
                ExprKind::Literal(Value::Text(pattern)) if !pattern.contains('"') => {
                    finding.fix("make it a `regex`", expr.span, format!("regex\"\"\"{pattern}\"\"\""))
                }
                _ => finding,
            }
        }
        (found, Type::Url) if found.is_text() => finding(&codes::VF201, format!("expected `url`, found `text`{place}"))
            .at(format!("{what} wants `url`"))
            .help("say that it is one: `… as url`"),
        (found, Type::Sql | Type::Promql) if found.is_text() => {
            let tag = mismatch.wanted.to_string();
            finding(&codes::VF201, format!("expected `{tag}`, found `text`{place}"))
                .at(format!("{what} wants `{tag}`"))
                .help(format!("write it as a query literal, {tag}\"\"\"…\"\"\"; a text may hold anything"))
        }
        (inner_found, inner_wanted) => plain(expr, text, wanted, (inner_found, inner_wanted), &place, what),
    }
}

fn plain(expr: &Expr, text: &str, wanted: &Type, inner: (&Type, &Type), place: &str, what: &str) -> Diagnostic {
    let (found, want) = inner;
    let message = format!("expected {}, found `{}`{place}", in_words(want, &want.brief()), found.brief());
    let mut finding =
        Diagnostic::new(&codes::VF201, expr.span, message).at(format!("{what} wants {}", in_words(wanted, wanted)));
    if !place.is_empty() {
        finding = finding.note(format!("the whole is `{}`", expr.ty.brief()));
    }
    if let Some(value) = only_value(expr, want) {
        return finding.help(format!("write the value alone: `{value}`")).fix(
            "take it out of the record",
            expr.span,
            value,
        );
    }
    let walks =
        what == "a loop" && matches!(want, Type::List(_)) && !text.starts_with(|first: char| first.is_ascii_digit());
    finding.help = if walks && found.item().is_none() && !matches!(found, Type::Json | Type::Record(_)) {
        let found = found.brief();
        Some(format!("where `{text}` gets its type, write `list<{found}>`; one value alone is walked as `[{text}]`"))
    } else if place.trim_start() == OF_ITEMS {
        match want.reader().filter(|_| found.is_text()) {
            Some(reader) => Some(format!("read each: `[{} for x in {text}]`", reader.replacen("text", "x", 1))),
            None => hint(found, want, "…"),
        }
    } else {
        hint(found, want, text)
    };
    finding
}

/// Where a mismatch lies in the items of a list.
const OF_ITEMS: &str = "of the list's items";

/// Whether a value fits that is no `none`. Numbers of the wrong kind are told when it is one.
fn would_fit(inner: &Type, wanted: &Type) -> bool {
    let is_any = matches!(wanted, Type::Variable(_) | Type::Number(_) | Type::Ordered(_));
    is_any || inner.fits(wanted).is_ok() || inner.is_number() && wanted.is_number()
}

/// A wanted type as people say it: what a primitive takes of several types has a letter for its name. Another is `shown`.
fn in_words(wanted: &Type, shown: &dyn std::fmt::Display) -> String {
    let one = |ty: &Type, many: bool| {
        Some(match (ty, many) {
            (Type::Number(_), false) => "a number",
            (Type::Number(_), true) => "numbers",
            (Type::Ordered(_), false) => "a value that has an order",
            (Type::Ordered(_), true) => "values that have an order",
            (Type::Variable(_), false) => "a value",
            (Type::Variable(_), true) => "values",
            _ => return None,
        })
    };
    let list = |item: &Type| one(item, true).map(|items| format!("a list of {items}"));
    match wanted {
        Type::List(item) => list(item),
        other => one(other, false).map(str::to_owned),
    }
    .unwrap_or_else(|| format!("`{shown}`"))
}

/// `72h` is `3d`.
fn days(text: &str) -> Option<String> {
    let hours: u64 = text.strip_suffix('h')?.parse().ok()?;
    (hours > 0 && hours.is_multiple_of(24)).then(|| format!("{}d", hours / 24))
}

/// The value in a record that holds nothing else: `{ times: 3 }` where `3` was wanted.
fn only_value(expr: &Expr, wanted: &Type) -> Option<String> {
    let ExprKind::Record(_, values) = &expr.kind else { return None };
    let [Expr { kind: ExprKind::Literal(value), ty, .. }] = values.as_slice() else { return None };
    (matches!(value, Value::Int(_) | Value::Float(_) | Value::Bool(_)) && ty.fits(wanted).is_ok())
        .then(|| value.to_string())
}

/// `30` wants `30d`, `n` wants `n * 1d`.
fn unit(text: &str, unit: &str, others: &str) -> String {
    let is_literal = text.chars().all(|letter| letter.is_ascii_digit());
    let written = if is_literal { format!("{text}{unit}") } else { format!("{text} * 1{unit}") };
    format!("write the unit: `{written}`, or with {others}")
}

fn hint(found: &Type, wanted: &Type, text: &str) -> Option<String> {
    if found.is_text()
        && let Some(hint) = of_text(wanted, text)
    {
        return Some(hint);
    }
    match (found, wanted) {
        (found, Type::Bool) => Some(of_condition(found, text)),
        (Type::Record(found), Type::Record(wanted)) => of_record(found, wanted),
        (found, Type::Optional(wanted)) if !found.is_optional() && *found != Type::None => hint(found, wanted, text),
        (Type::Json, Type::List(item)) if **item == Type::Any => {
            Some(format!("say what it holds: `{text} as list<T>`"))
        }
        (Type::Record(_), Type::Map(..)) => {
            Some("write the fields here as a literal, or as a map with keys in quotes".to_owned())
        }
        (Type::Optional(_), Type::Text) => None,
        (Type::Int | Type::Float, Type::Text) if text.parse::<f64>().is_ok() => {
            Some(format!("write it in quotes: `\"{text}\"`"))
        }
        (Type::Date, Type::Text) => Some(format!("write it in a text: `f\"{{{text}:%Y-%m-%d}}\"`")),
        (found, Type::Text) if found.is_number() || matches!(found, Type::Time | Type::Timestamp | Type::Bool) => {
            Some(format!("write it in a text: `f\"{{{text}}}\"`"))
        }
        (Type::Float | Type::Decimal, Type::Int) => {
            Some(format!("say how: `round({text}) as int`, or with `floor` or `ceil`"))
        }
        (Type::Decimal, Type::Float) => Some(format!("say that digits may be lost: `{text} as float`")),
        (Type::Float | Type::Int, Type::Decimal) => Some(format!("say that it is one: `{text} as decimal`")),
        (_, Type::Date) if is_split_date(text) || *found == Type::Int && is_damaged_date(text) => {
            Some("a date is written year first, with all digits and without quotes: `2025-01-31`".to_owned())
        }
        (Type::Int, Type::Period) => Some(unit(text, "d", "`w`, `mo`, `y`")),
        (Type::Int, Type::Duration) => Some(unit(text, "s", "`m`, `h`")),
        (Type::Int, Type::BusinessDays) => Some(unit(text, "bd", "`d` for calendar days")),
        (Type::Period, Type::Duration) => Some("a calendar day is not 24 hours; write `24h`".to_owned()),
        (Type::Duration, Type::Period) => {
            Some(format!("write days: `{}`", days(text).unwrap_or_else(|| "1d".to_owned())))
        }
        (Type::BusinessDays, Type::Period) => Some("write calendar days: `30d`".to_owned()),
        (Type::Period, Type::BusinessDays) => {
            let count = text.strip_suffix('d').filter(|count| count.bytes().all(|byte| byte.is_ascii_digit()));
            Some(format!("write business days: `{}bd`", count.unwrap_or("20")))
        }
        (Type::Range(of), Type::List(_)) if **of == Type::Date => Some(format!(
            "ask a calendar for its days: `c.days({text})`, with `calendar c = calendars.weekdays(zone: \"UTC\")`"
        )),
        (found, Type::List(item)) if found.fits(item).is_ok() => Some(format!("put it in a list: `[{text}]`")),
        (Type::List(_) | Type::Table(_), wanted) if found.item().is_some_and(|item| item.fits(wanted).is_ok()) => {
            Some(format!("take one of them, as in `first({text})`, or walk them"))
        }
        (Type::Literals(_), Type::Literals(_)) => {
            Some(format!("it is one of {}", wanted.to_string().replace(" | ", ", ")))
        }
        (Type::Text, Type::Literals(_)) => Some(format!("hold it against the union: `{text} as {wanted}`")),
        (Type::Json, wanted) => Some(format!("decode it: `{text} as {wanted}`")),
        (Type::None, _) => Some("give a value; `none` is for types with a `?`".to_owned()),
        (_, wanted) if in_words(wanted, wanted).starts_with('`') => Some(format!("give {} here", a(wanted))),
        (_, wanted) => Some(format!("give {} here", in_words(wanted, wanted))),
    }
}

/// What to write where a text stands; text in quotes is what the author meant, another one comes from elsewhere.
fn of_text(wanted: &Type, text: &str) -> Option<String> {
    let Some(inner) = text.strip_prefix('"').map(|rest| rest.trim_end_matches('"')) else {
        return match wanted {
            Type::Duration | Type::Period | Type::BusinessDays | Type::Time => {
                Some(format!("write it without quotes: `{text}`"))
            }
            wanted => wanted.reader().map(|reader| format!("use `{}`", reader.replacen("text", text, 1))),
        };
    };
    Some(match wanted {
        Type::Decimal => format!("read it: `parse_decimal({text})`"),
        Type::Int | Type::Float if inner.parse::<f64>().is_ok() => "write the number without quotes".to_owned(),
        Type::Date => "write a date without quotes: `2025-01-31`".to_owned(),
        Type::Duration | Type::Period | Type::BusinessDays | Type::Time => {
            format!("write it without quotes: `{inner}`")
        }
        Type::Bool if inner.contains(['<', '>', '=']) => "write the condition without quotes".to_owned(),
        Type::Calendar | Type::Connection(_) => format!("write the name without quotes: `{inner}`"),
        _ => return None,
    })
}

/// What to write where a condition is wanted.
fn of_condition(found: &Type, text: &str) -> String {
    match found {
        Type::Optional(json) if **json == Type::Json => decoding(text, "bool", "false"),
        Type::Optional(_) => format!("test it: `{text} != none`"),
        Type::Json => format!("decode it: `{text} as bool`"),
        found if found.is_number() => format!("compare it: `{text} > 0`"),
        Type::List(_) | Type::Table(_) | Type::Map(..) => format!("compare it: `{text}.count > 0`"),
        _ => "compare it with something; nothing but a `bool` is true or false".to_owned(),
    }
}

fn of_record(found: &RecordType, wanted: &RecordType) -> Option<String> {
    let missing = wanted.fields.iter().find(|field| found.get(&field.name).is_none() && !field.ty.is_optional());
    match (missing, found.names().find(|name| wanted.get(name).is_none())) {
        (_, Some(name)) => {
            let near = did_you_mean(name, wanted.names()).map(|near| format!("; {near}")).unwrap_or_default();
            Some(format!("`{name}` is not a field of the wanted record{near}"))
        }
        (Some(field), None) => Some(format!("add the field `{}: {}`", field.name, field.ty)),
        _ => None,
    }
}

/// A type with its article: "an `int`", "a connection of the kind `sql`".
fn a(ty: &Type) -> String {
    match ty {
        Type::Connection(kind) => format!("a connection of the kind `{}`", kind.name()),
        Type::Int | Type::Failure | Type::Any => format!("an `{ty}`"),
        ty => format!("a `{}`", ty.brief()),
    }
}

/// `2025-0110`, a difference of numbers.
fn is_damaged_date(text: &str) -> bool {
    let is_plain = text.chars().all(|c| c.is_ascii_digit() || c == '-' || c.is_whitespace());
    is_plain && text.contains('-') && text.starts_with(|c: char| c.is_ascii_digit())
}

/// `01/31/2025`, as it is written elsewhere.
fn is_split_date(text: &str) -> bool {
    let parts: Vec<&str> = text.trim_matches('"').split(['/', '.']).collect();
    let is_number = |part: &&str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.len() == 3 && parts.iter().all(is_number)
}
