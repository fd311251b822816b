//! Infix operators.

use super::Checker;
use super::expression::{broken, right_side_truth};
use super::fit::fitted;
use super::program::{Expr, ExprKind};
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Span, Spanned};
use crate::syntax::ast::{self, BinaryOperator as Op};
use crate::value::{Type, Value};

impl Checker<'_> {
    pub(super) fn binary(
        &mut self,
        scope: &mut Scope,
        left: &ast::Expr,
        operator: &Spanned<Op>,
        right: &ast::Expr,
        wanted: Option<&Type>,
        span: Span,
    ) -> Expr {
        let op = operator.node;
        let guide = matches!(op, Op::Coalesce | Op::Add).then_some(wanted).flatten();
        let checked_left = self.expr(scope, left, guide);
        let guide = right_guide(op, &checked_left.ty, guide);
        let visit = |checker: &mut Self, scope: &mut Scope| checker.expr(scope, right, guide.as_ref());
        let checked_right = match right_side_truth(op) {
            Some(truth) => self.narrowed(scope, left, truth, visit),
            None => visit(self, scope),
        };
        let checked_left = match (&checked_left.kind, &checked_right.ty) {
            (ExprKind::Literal(Value::Float(_)), Type::Decimal) => {
                self.decimal(checked_left.span).unwrap_or(checked_left)
            }
            _ => checked_left,
        };
        let ty = match op {
            Op::And | Op::Or => self.logic(op, &checked_left, &checked_right),
            Op::Equal | Op::NotEqual => self.equality(operator, &checked_left, &checked_right),
            Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
                self.comparison(operator, &checked_left, &checked_right)
            }
            Op::In | Op::NotIn => self.membership(operator, &checked_left, &checked_right),
            Op::Coalesce => self.coalesce(operator, &checked_left, &checked_right),
            Op::Through | Op::Until => self.range(operator, &checked_left, &checked_right),
            Op::Add | Op::Subtract | Op::Multiply | Op::Divide | Op::Remainder => {
                return self.arithmetic(scope, checked_left, operator, checked_right, span);
            }
        };
        let effect = checked_left.effect.max(checked_right.effect);
        let (checked_left, checked_right) = match op {
            Op::Coalesce => (fitted(checked_left, &ty.clone().optional()), fitted(checked_right, &ty)),
            _ => (checked_left, checked_right),
        };
        Expr { kind: ExprKind::Binary(op, Box::new(checked_left), Box::new(checked_right)), ty, span, effect }
    }

    fn logic(&mut self, op: Op, left: &Expr, right: &Expr) -> Type {
        if let (Op::Or, Type::Optional(inner)) = (op, &left.ty)
            && **inner != Type::Bool
            && inner.join(&right.ty.required()).is_some()
        {
            let finding = Diagnostic::new(&codes::VF201, left.span.to(right.span), "`or` joins two conditions");
            let finding = finding.label(left.span, format!("`{}`", left.ty));
            self.report(finding.help("write `??` for what to take instead of `none`"));
            return Type::Error;
        }
        let whence = format!("`{}`", op.symbol());
        self.expect(left, &Type::Bool, &whence);
        self.expect(right, &Type::Bool, &whence);
        Type::Bool
    }

    fn equality(&mut self, operator: &Spanned<Op>, left: &Expr, right: &Expr) -> Type {
        let comparable = left.ty.join(&right.ty).is_some() || are_numbers(&left.ty.required(), &right.ty.required());
        if let (Type::Literals(a), Type::Literals(b)) = (left.ty.required(), right.ty.required())
            && a.is_disjoint(&b)
        {
            // A literal that is no member of the union: the comparison has one answer for ever.
            self.expect(right, &left.ty.required(), "this comparison");
            return Type::Bool;
        }
        if !comparable {
            let finding = cannot(operator, left, right, "compares two values of one type");
            self.report(finding.help(comparison_help(&left.ty.required(), &right.ty.required())));
        }
        Type::Bool
    }

    /// [`Self::decide`] of both sides. Beside one that is always `none` nothing is to be said of the other.
    fn decide_both(&mut self, left: &Expr, right: &Expr, doing: &str) -> (Type, Type) {
        let is_none = |expr: &Expr| expr.ty == Type::None;
        match (is_none(left), is_none(right)) {
            (true, _) => (self.decide(left, doing), right.ty.required()),
            (false, true) => (left.ty.required(), self.decide(right, doing)),
            (false, false) => (self.decide(left, doing), self.decide(right, doing)),
        }
    }

    fn comparison(&mut self, operator: &Spanned<Op>, left: &Expr, right: &Expr) -> Type {
        let doing = format!("`{}`", operator.node.symbol());
        let (a, b) = self.decide_both(left, right, &doing);
        let fits = are_numbers(&a, &b) || (a.join(&b).is_some() && a.is_ordered() && b.is_ordered());
        if !fits {
            let finding = cannot(operator, left, right, "compares two values of one type that has an order");
            self.report(finding.help(comparison_help(&a, &b)));
        }
        Type::Bool
    }

    fn membership(&mut self, operator: &Spanned<Op>, left: &Expr, right: &Expr) -> Type {
        let doing = format!("`{}`", operator.node.symbol());
        let container = self.decide(right, &doing);
        let item = match &container {
            Type::Map(key, _) => Some((**key).clone()),
            Type::Range(end) => Some((**end).clone()),
            Type::Text => Some(Type::Text),
            other => other.item(),
        };
        match item {
            Some(item) if left.ty.join(&item).is_some() => {}
            Some(item) => {
                let message = format!("{doing} looks for `{item}` here, found `{}`", left.ty);
                let finding = Diagnostic::new(&codes::VF201, left.span, message)
                    .label(right.span, format!("`{container}`"))
                    .help("both sides have the same type");
                self.report(finding);
            }
            None => {
                let message =
                    format!("{doing} needs a list, a map, a range or a text on its right, found `{container}`");
                self.report(Diagnostic::new(&codes::VF201, right.span, message).help("compare one value with `==`"));
            }
        }
        Type::Bool
    }

    fn coalesce(&mut self, operator: &Spanned<Op>, left: &Expr, right: &Expr) -> Type {
        if !left.ty.is_optional() && !left.ty.is_unknown() {
            let message = format!("the left side of `??` is never `none`: it is `{}`", left.ty);
            let finding = Diagnostic::new(&codes::VF201, operator.span, message)
                .label(left.span, format!("`{}`", left.ty))
                .help(match &left.kind {
                    ExprKind::Field { .. } => {
                        "drop `??` and what follows it; of a map, write `m[key]`, which is `none` without the key"
                    }
                    _ => "drop `??` and what follows it",
                });
            self.report(finding);
            return left.ty.clone();
        }
        let plain = Expr { ty: left.ty.required(), ..left.clone() };
        if left.ty == Type::None { right.ty.clone() } else { self.join(&plain, right, "both sides of `??`") }
    }

    fn range(&mut self, operator: &Spanned<Op>, left: &Expr, right: &Expr) -> Type {
        let (end, other) = match operator.node {
            Op::Through => (Type::Date, Op::Until),
            _ => (Type::Timestamp, Op::Through),
        };
        let is_other = |expr: &Expr| expr.ty == if end == Type::Date { Type::Timestamp } else { Type::Date };
        if is_other(left) && is_other(right) {
            let (word, instead) = (operator.node.symbol(), other.symbol());
            let message = format!("`{word}` is for a range of `{end}`s, these are `{}`s", left.ty);
            let finding = Diagnostic::new(&codes::VF301, operator.span, message)
                .note("`a through b` takes both days; `a until b` ends just before the instant b")
                .fix(format!("write `{instead}`"), operator.span, instead);
            self.report(finding);
            return Type::Range(Box::new(left.ty.clone()));
        }
        let whence = format!("`{}`", operator.node.symbol());
        self.expect(left, &end, &whence);
        self.expect(right, &end, &whence);
        Type::Range(Box::new(end))
    }

    fn arithmetic(&mut self, scope: &mut Scope, left: Expr, operator: &Spanned<Op>, right: Expr, span: Span) -> Expr {
        let doing = format!("`{}`", operator.node.symbol());
        let (a, b) = self.decide_both(&left, &right, &doing);
        let effect = left.effect.max(right.effect);
        if a.is_unknown() || b.is_unknown() {
            let ty = if a == Type::Error || b == Type::Error { Type::Error } else { Type::Any };
            return Expr { kind: ExprKind::Binary(operator.node, Box::new(left), Box::new(right)), ty, span, effect };
        }
        if a == Type::Date && b == Type::BusinessDays {
            return self.add_business_days(scope, left, operator, right, span);
        }
        if let Some(finding) = split_date(self.source_text(span), span).filter(|_| a.is_number() && b == Type::Int) {
            self.report(finding);
            return broken(span);
        }
        let Some(ty) = arithmetic_type(operator.node, &a, &b) else {
            let texts = (self.short(left.span), self.short(right.span));
            let finding = arithmetic_finding(operator, &left, &right, (&a, &b), (&texts.0, &texts.1));
            self.report(finding);
            return broken(span);
        };
        Expr { kind: ExprKind::Binary(operator.node, Box::new(left), Box::new(right)), ty, span, effect }
    }

    /// `date ± bdays` counts in the one calendar in scope.
    fn add_business_days(
        &mut self,
        scope: &mut Scope,
        left: Expr,
        operator: &Spanned<Op>,
        right: Expr,
        span: Span,
    ) -> Expr {
        let right = match operator.node {
            Op::Add => right,
            Op::Subtract => Expr { kind: ExprKind::Negate(Box::new(right.clone())), ..right },
            _ => {
                self.report(cannot(operator, &left, &right, "does not work on dates"));
                return broken(span);
            }
        };
        let calendars = scope.calendars();
        let [calendar] = calendars.as_slice() else {
            let finding = no_one_calendar(operator, &left, &right, &calendars);
            self.report(finding);
            return broken(span);
        };
        let name = ast::Expr { kind: ast::ExprKind::Name(calendar.clone()), span: operator.span };
        let calendar = self.expr(scope, &name, None);
        let effect = left.effect.max(right.effect);
        let kind = ExprKind::AddBusinessDays(Box::new(left), Box::new(calendar), Box::new(right));
        Expr { kind, ty: Type::Date, span, effect }
    }
}

/// The finding for `31/01/2025`: three numbers that are a day, however they are read. With spaces, which `vmflow fmt` writes,
/// only where one begins with a 0, as no number does that is meant as such.
fn split_date(text: &str, span: Span) -> Option<Diagnostic> {
    if !(8..=14).contains(&text.len()) {
        return None;
    }
    let (sign, does) = if text.contains('/') { ('/', "divides") } else { ('-', "subtracts") };
    let parts: Vec<&str> = text.split(sign).map(str::trim).collect();
    let [a, b, c] = parts.as_slice() else { return None };
    if text.contains(' ') && !parts.iter().any(|part| part.starts_with('0')) {
        return None;
    }
    let (year, first, second) = if a.len() == 4 { (a, b, c) } else { (c, a, b) };
    let is_short = |part: &str| matches!(part.len(), 1 | 2);
    if year.len() != 4 || !(1900..2100).contains(&year.parse::<i32>().ok()?) || !is_short(first) || !is_short(second) {
        return None;
    }
    let day = |month: &str, day: &str| {
        chrono::NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
    };
    let monthly = day(first, second);
    let daily = day(second, first).filter(|_| a.len() != 4);
    let finding = Diagnostic::new(&codes::VF003, span, format!("`{text}` {does} numbers, and is no date"));
    Some(match (monthly, daily) {
        (Some(one), Some(other)) if one != other => {
            finding.help(format!("a date is written year first: `{one}`, or `{other}` if the day came first"))
        }
        (Some(day), _) | (None, Some(day)) => finding.fix(format!("write `{day}`"), span, day.to_string()),
        (None, None) => return None,
    })
}

fn no_one_calendar(operator: &Spanned<Op>, left: &Expr, right: &Expr, calendars: &[std::sync::Arc<str>]) -> Diagnostic {
    let (message, help) = if calendars.is_empty() {
        (
            "adding business days needs a calendar",
            "add one line:   calendar weekdays = calendars.weekdays(zone: \"UTC\")".to_owned(),
        )
    } else {
        let names: Vec<String> = calendars.iter().map(|name| format!("`{name}`")).collect();
        (
            "adding business days needs one calendar",
            format!("say which, {}: `{}.add(day, 3bd)`", names.join(" or "), calendars.first().map_or("", |n| n)),
        )
    };
    Diagnostic::new(&codes::VF302, operator.span, message)
        .label(left.span, format!("`{}`", left.ty))
        .label(right.span, format!("`{}`", right.ty))
        .note("business days differ by market")
        .help(help)
}

fn comparison_help(a: &Type, b: &Type) -> &'static str {
    match (a, b) {
        (Type::Date, Type::Timestamp) | (Type::Timestamp, Type::Date) => {
            "name the zone: `date_of(at, \"UTC\")` of the instant, or `midnight(day, \"UTC\")` of the day"
        }
        (text, Type::Date) | (Type::Date, text) if text.is_text() => {
            "write a date without quotes, `2025-01-31`, or use `parse_date(text, \"%d/%m/%Y\")`"
        }
        (text, other) | (other, text) if text.is_text() && other.is_number() => {
            "write the number without quotes, or read the text as one: `parse_float(text)`"
        }
        (Type::Json, _) | (_, Type::Json) => {
            "decode the json first: `… as int`, or `… as int?` where it may be missing"
        }
        (Type::Bool, _) => "compare two at a time: `a < b and b < c`",
        (Type::Outcomes(..), _) | (_, Type::Outcomes(..)) => "look at `.ok` or `.failed`",
        (a, b) if a == b => "values of this type have no order; compare a field of them",
        _ => "turn one side into the type of the other",
    }
}

fn are_numbers(a: &Type, b: &Type) -> bool {
    let plain = |ty: &Type| matches!(ty, Type::Int | Type::Float | Type::Decimal);
    plain(a) && plain(b)
}

/// What the right side is read as when the left side says it: a union's member, the same kind of map.
fn right_guide(op: Op, left: &Type, wanted: Option<&Type>) -> Option<Type> {
    match (op, left.required()) {
        (Op::In | Op::NotIn, ty @ Type::Literals(_)) => Some(Type::list(ty)),
        (Op::Equal | Op::NotEqual, ty @ Type::Literals(_)) | (Op::Add, ty @ Type::Map(..)) => Some(ty),
        (op, Type::Decimal) if meets_numbers(op) => Some(Type::Decimal),
        (Op::Coalesce, ty) if !ty.is_unknown() && ty != Type::None => Some(ty),
        _ => wanted.cloned(),
    }
}

/// Operators of two numbers. A number that is written out beside a decimal is one.
fn meets_numbers(op: Op) -> bool {
    use Op::{Add, Divide, Equal, Greater, GreaterOrEqual, Less, LessOrEqual, Multiply, NotEqual, Remainder, Subtract};
    matches!(
        op,
        Add | Subtract
            | Multiply
            | Divide
            | Remainder
            | Equal
            | NotEqual
            | Less
            | LessOrEqual
            | Greater
            | GreaterOrEqual
    )
}

/// The type of `a op b`, `None` when there is none.
fn arithmetic_type(op: Op, a: &Type, b: &Type) -> Option<Type> {
    use Type::{BusinessDays, Date, Decimal, Duration, Float, Int, List, Map, Period, Record, Text, Timestamp};
    match (op, a, b) {
        (Op::Divide, Int, Int) | (Op::Divide, Duration, Duration) => Some(Float),
        (_, Int, Int) => Some(Int),
        (_, Float | Int, Float | Int) => Some(Float),
        (_, Decimal, Decimal | Int) | (_, Int, Decimal) => Some(Decimal),
        (Op::Add | Op::Subtract, Duration, Duration)
        | (Op::Multiply | Op::Divide, Duration, Int | Float)
        | (Op::Multiply, Int | Float, Duration)
        | (Op::Subtract, Timestamp, Timestamp) => Some(Duration),
        (Op::Add | Op::Subtract, Period, Period) | (Op::Multiply, Period, Int) | (Op::Multiply, Int, Period) => {
            Some(Period)
        }
        (Op::Add | Op::Subtract, BusinessDays, BusinessDays)
        | (Op::Multiply, BusinessDays, Int)
        | (Op::Multiply, Int, BusinessDays) => Some(BusinessDays),
        (Op::Add | Op::Subtract, Timestamp, Duration) => Some(Timestamp),
        (Op::Add | Op::Subtract, Date, Period) => Some(Date),
        (Op::Subtract, Date, Date) => Some(Period),
        (Op::Add, Text | Type::Literals(_), Text | Type::Literals(_)) => Some(Text),
        (Op::Add, List(_), List(_)) | (Op::Add, Map(..), Map(..)) => a.join(b),
        (Op::Add, Record(left), Record(right)) => Some(Record(merged(left, right))),
        _ => None,
    }
}

fn merged(
    left: &crate::value::RecordType,
    right: &crate::value::RecordType,
) -> std::sync::Arc<crate::value::RecordType> {
    let mut fields: indexmap::IndexMap<_, _> =
        left.fields.iter().map(|field| (field.name.clone(), field.ty.clone())).collect();
    fields.extend(right.fields.iter().map(|field| (field.name.clone(), field.ty.clone())));
    crate::value::RecordType::new(fields)
}

fn arithmetic_finding(
    operator: &Spanned<Op>,
    left: &Expr,
    right: &Expr,
    types: (&Type, &Type),
    (a, b): (&str, &str),
) -> Diagnostic {
    match (operator.node, types.0, types.1) {
        (Op::Add | Op::Subtract, Type::Timestamp, Type::Period) => {
            let sign = operator.node.symbol();
            let in_zone = format!("`midnight(date_of({a}, \"UTC\") {sign} {b}, \"UTC\")`");
            labelled(
                &codes::VF303,
                operator,
                left,
                right,
                "an instant and calendar days need a zone: a day is not always 24 hours".to_owned(),
            )
            .help(match hours(b) {
                Some(hours) => format!("write hours, `{a} {sign} {hours}`, or name the zone: {in_zone}"),
                None => format!("name the zone: {in_zone}"),
            })
        }
        (Op::Add | Op::Subtract, Type::Timestamp, Type::BusinessDays) => {
            labelled(&codes::VF303, operator, left, right, "an instant and business days need a zone".to_owned())
                .help(format!("take the day first: `date_of({a}, \"UTC\")`"))
        }
        (Op::Add | Op::Subtract, Type::Date, Type::Duration) => {
            labelled(&codes::VF301, operator, left, right, "a date has no hours until a zone is named".to_owned())
                .help(format!("write days, `1d`, or take the instant: `midnight({a}, \"UTC\") + {b}`"))
        }
        (Op::Add | Op::Subtract, Type::Date, Type::Int) => labelled(
            &codes::VF201,
            operator,
            left,
            right,
            format!("`{}` needs a period beside a date, found `int`", operator.node.symbol()),
        )
        .help("write the unit: `1d`, or `1bd` for business days"),
        (Op::Add, one, other) if one.is_text() || other.is_text() => {
            let joined = format!("put values into a text: `f\"{}{}\"`", in_text(a), in_text(b));
            let help = match number_in_text(types, (a, b)) {
                Some(reader) => format!("{joined}, or read the text as a number: `{reader}`"),
                None => joined,
            };
            cannot(operator, left, right, "joins two texts").help(help)
        }
        (_, Type::Decimal, Type::Float) | (_, Type::Float, Type::Decimal) => {
            cannot(operator, left, right, "does not mix `decimal` and `float`: the float has lost digits already")
                .help("say which you want: `… as float`")
        }
        (Op::Subtract, Type::Date, Type::Timestamp) | (Op::Subtract, Type::Timestamp, Type::Date) => {
            cannot(operator, left, right, "does not mix a day and an instant")
                .help("name the zone: `date_of(at, \"UTC\")` of the instant, or `midnight(day, \"UTC\")` of the day")
        }
        (_, Type::Outcomes(..), _) | (_, _, Type::Outcomes(..)) => labelled(
            &codes::VF203,
            operator,
            left,
            right,
            "this loop goes on after failures, so it gives outcomes, not a list".to_owned(),
        )
        .help("write `.ok` for the results, `.failed` for what went wrong"),
        (op, one, other) => {
            let help = match number_in_text(types, (a, b)) {
                Some(reader) => format!("read the text as a number: `{reader}`"),
                None if matches!(op, Op::Add | Op::Subtract) => {
                    "turn one side into what the other goes with".to_owned()
                }
                None => "write numbers, or a duration beside a number".to_owned(),
            };
            cannot(operator, left, right, &format!("does not work on `{one}` and `{other}`")).help(help)
        }
    }
}

/// What reads the side as a number that is a text, where the other is one; a text in quotes is none that came from elsewhere.
fn number_in_text((one, other): (&Type, &Type), (a, b): (&str, &str)) -> Option<String> {
    let (number, text) = match (one, other) {
        (number, Type::Text) => (number, b),
        (Type::Text, number) => (number, a),
        _ => return None,
    };
    let reader = number.reader().filter(|_| number.is_number() && !text.starts_with('"'))?;
    Some(reader.replacen("text", text, 1))
}

/// `7d` as hours; nothing where that is no number of days.
fn hours(period: &str) -> Option<String> {
    let days: u32 = match period.strip_suffix('w') {
        Some(weeks) => weeks.parse::<u32>().ok()?.checked_mul(7)?,
        None => period.strip_suffix('d')?.parse().ok()?,
    };
    Some(format!("{}h", days.checked_mul(24)?))
}

/// A part of an interpolated text: a text as it stands, everything else in a hole.
fn in_text(written: &str) -> String {
    let quoted = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    quoted.map_or_else(|| format!("{{{written}}}"), str::to_owned)
}

fn cannot(operator: &Spanned<Op>, left: &Expr, right: &Expr, why: &str) -> Diagnostic {
    labelled(&codes::VF201, operator, left, right, format!("`{}` {why}", operator.node.symbol()))
}

fn labelled(
    code: &'static codes::Code,
    operator: &Spanned<Op>,
    left: &Expr,
    right: &Expr,
    message: String,
) -> Diagnostic {
    Diagnostic::new(code, operator.span, message)
        .label(left.span, format!("`{}`", left.ty))
        .label(right.span, format!("`{}`", right.ty))
}
