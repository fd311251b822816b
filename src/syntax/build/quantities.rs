//! Numbers with units: durations, periods and business days, which do not mix.

use super::super::ast::Literal;
use super::literals::Impossible;

/// What a unit counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Duration,
    Period,
    BusinessDays,
}

impl Kind {
    const fn said(self) -> &'static str {
        match self {
            Self::Duration => "a duration (`h`, `m`, `s`, `ms`)",
            Self::Period => "a calendar period (`d`, `w`, `mo`, `y`)",
            Self::BusinessDays => "business days (`bd`)",
        }
    }

    const fn zero(self) -> Literal {
        match self {
            Self::Duration => Literal::Duration(0),
            Self::Period => Literal::Period { months: 0, days: 0 },
            Self::BusinessDays => Literal::BusinessDays(0),
        }
    }
}

/// A unit: what it counts, and how many milliseconds, days, months or business days it is.
#[derive(Clone, Copy)]
struct Unit {
    kind: Kind,
    size: i64,
    months: bool,
}

fn unit(name: &str) -> Option<Unit> {
    let unit = |kind, size, months| Some(Unit { kind, size, months });
    match name {
        "ms" => unit(Kind::Duration, 1, false),
        "s" => unit(Kind::Duration, 1000, false),
        "m" => unit(Kind::Duration, 60_000, false),
        "h" => unit(Kind::Duration, 3_600_000, false),
        "d" => unit(Kind::Period, 1, false),
        "w" => unit(Kind::Period, 7, false),
        "mo" => unit(Kind::Period, 1, true),
        "y" => unit(Kind::Period, 12, true),
        "bd" => unit(Kind::BusinessDays, 1, false),
        _ => None,
    }
}

/// `1h30m`, `30d`, `20bd`: a sum of numbers with units of one kind.
pub(super) fn quantity(text: &str) -> Result<Literal, Impossible<Literal>> {
    let mut total: Option<(Kind, i64, i64)> = None;
    let mut rest = text;
    while let Some((number, name, after)) = split(rest) {
        let Some(unit) = unit(name) else { return Err(odd_number(text)) };
        let (kind, months, others) = total.unwrap_or((unit.kind, 0, 0));
        if kind != unit.kind {
            return Err(mixed(text, kind, unit.kind));
        }
        let Some(amount) = amount(number, unit) else { return Err(not_whole(text, number, unit)) };
        let sums = if unit.months {
            (months.checked_add(amount), Some(others))
        } else {
            (Some(months), others.checked_add(amount))
        };
        let (Some(months), Some(others)) = sums else { return Err(too_large(text, kind)) };
        total = Some((kind, months, others));
        rest = after;
    }
    let Some((kind, months, others)) = total else { return Err(odd_number(text)) };
    finished(kind, months, others).ok_or_else(|| too_large(text, kind))
}

/// `90`, `s` and what follows.
fn split(text: &str) -> Option<(&str, &str, &str)> {
    let unit_at = text.find(|next: char| next.is_ascii_alphabetic())?;
    let (number, rest) = text.split_at(unit_at);
    let unit_len = rest.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(rest.len());
    let (unit, after) = rest.split_at(unit_len);
    Some((number, unit, after))
}

/// A whole number of the unit's parts: `1.5h` is one, `1.5d` is not.
fn amount(number: &str, unit: Unit) -> Option<i64> {
    let digits = number.replace('_', "");
    let (whole, fraction) = digits.split_once('.').unwrap_or((&digits, ""));
    let fraction = fraction.trim_end_matches('0');
    let scaled = whole.parse::<i64>().unwrap_or(i64::MAX).saturating_mul(unit.size);
    if fraction.is_empty() {
        return Some(scaled);
    }
    let scale = 10_i64.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let part = fraction.parse::<i64>().ok()?.checked_mul(unit.size)?;
    let exact = unit.kind == Kind::Duration && part % scale == 0;
    exact.then(|| scaled.saturating_add(part / scale))
}

fn finished(kind: Kind, months: i64, others: i64) -> Option<Literal> {
    let bounded = others < i64::MAX && months < i64::MAX;
    match kind {
        _ if !bounded => None,
        Kind::Duration => Some(Literal::Duration(others)),
        Kind::Period => {
            Some(Literal::Period { months: i32::try_from(months).ok()?, days: i32::try_from(others).ok()? })
        }
        Kind::BusinessDays => Some(Literal::BusinessDays(others)),
    }
}

fn too_large(text: &str, kind: Kind) -> Impossible<Literal> {
    Impossible::new(kind.zero(), format!("`{text}` is too large"))
}

fn not_whole(text: &str, number: &str, unit: Unit) -> Impossible<Literal> {
    let reason = match unit.kind {
        Kind::Duration => "durations are whole milliseconds",
        Kind::Period => "calendar periods are whole, since a day is not always 24 hours",
        Kind::BusinessDays => "business days are whole",
    };
    Impossible::new(unit.kind.zero(), format!("`{text}` cannot have {number}: {reason}"))
}

fn mixed(text: &str, first: Kind, second: Kind) -> Impossible<Literal> {
    let message = format!("`{text}` mixes {} with {}", first.said(), second.said());
    let help = if first == Kind::BusinessDays || second == Kind::BusinessDays {
        "business days are counted on a calendar and stand alone; add them in a step of their own"
    } else {
        "a calendar day is not always 24 hours, so the two are added apart: the period to a date, the duration to a timestamp"
    };
    Impossible::new(first.zero(), message).help(help)
}

/// What people write for units.
const LONG_UNITS: [(&str, &str); 9] = [
    ("ms", "MS msec msecs milliseconds"),
    ("s", "S sec secs second seconds"),
    ("m", "min mins minute minutes"),
    ("h", "H hr hrs hour hours"),
    ("d", "D day days"),
    ("w", "W wk week weeks"),
    ("mo", "M mon month months"),
    ("y", "Y yr yrs year years"),
    ("bd", "BD bday bdays"),
];

/// The unit that `word` spells out.
pub(in crate::syntax) fn unit_meant(word: &str) -> Option<&'static str> {
    LONG_UNITS
        .iter()
        .find(|(unit, long)| *unit == word || long.split(' ').any(|long| long == word))
        .map(|(unit, _)| *unit)
}

/// Digits run together with letters that are no unit.
pub(super) fn odd_number(text: &str) -> Impossible<Literal> {
    let (digits, letters) = text.split_at(text.find(|next: char| next.is_ascii_alphabetic()).unwrap_or(text.len()));
    let meant = unit_meant(letters);
    let stand_in = meant.and_then(unit).map_or(Literal::Int(0), |unit| unit.kind.zero());
    let wrong = Impossible::new(stand_in, format!("`{text}` is neither a number nor a number with a unit"));
    match meant {
        Some(unit) => wrong.instead(format!("{digits}{unit}")),
        None => wrong.help("units are ms, s, m, h (durations), d, w, mo, y (calendar periods) and bd (business days)"),
    }
}
