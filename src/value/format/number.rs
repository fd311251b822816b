//! Numbers in a format: digits first, exactly, then signs, groups and padding.

use std::num::NonZeroU64;

use bigdecimal::{BigDecimal, RoundingMode, Zero};

use super::layout::{Align, Layout};

/// The most digits a decimal may take to print in full.
const MOST_DIGITS: i64 = 20_000;

/// A number to print.
pub(super) enum Figure<'a> {
    /// An int.
    Int(i64),
    /// A float.
    Float(f64),
    /// A decimal.
    Decimal(&'a BigDecimal),
}

/// A number printed with a layout.
pub(super) fn print(layout: &Layout, figure: &Figure<'_>) -> Result<String, String> {
    let body = match figure.not_finite() {
        Some(word) if !matches!(layout.kind, Some('d' | 'x' | 's')) => {
            let plain = Layout { zero: false, grouping: None, ..layout.clone() };
            return Ok(plain.pad(sign(layout, figure), word, Align::Right));
        }
        _ => body(layout, figure)?,
    };
    let prefix = if layout.alternate && layout.kind == Some('x') { "0x" } else { "" };
    let sign = format!("{}{prefix}", sign(layout, figure));
    let body = group(layout, &body, sign.len())?;
    Ok(layout.pad(&sign, &body, Align::Right))
}

fn sign(layout: &Layout, figure: &Figure<'_>) -> &'static str {
    match (figure.is_negative(), layout.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    }
}

/// The digits, without a sign.
fn body(layout: &Layout, figure: &Figure<'_>) -> Result<String, String> {
    let precision = layout.precision;
    let digits = precision.unwrap_or(6);
    let pointed = |text: String| if layout.alternate && !text.contains('.') { format!("{text}.") } else { text };
    match (layout.kind, figure) {
        (None | Some('d' | 'x'), Figure::Int(_)) if precision.is_some() => {
            Err("an int has no digits after the point; write `f` after the number, as in `.2f`".to_owned())
        }
        (None | Some('d'), Figure::Int(n)) => Ok(n.unsigned_abs().to_string()),
        (Some('x'), Figure::Int(n)) => Ok(format!("{:x}", n.unsigned_abs())),
        (Some(kind @ ('d' | 'x')), _) => {
            Err(format!("`{kind}` prints an int, and this is none; `.0f` prints a whole number"))
        }
        (Some('s'), _) => Err("`s` prints a text, and this is a number; leave it out".to_owned()),
        (Some('e'), _) => figure.scientific(digits).map(|(mantissa, exponent)| power(&pointed(mantissa), exponent)),
        (Some('%'), _) => Ok(format!("{}%", pointed(hundredfold(&figure.fixed(digits + 2)?)))),
        (Some('g'), _) => general(figure, digits.max(1), layout.alternate),
        (None, _) => match precision {
            Some(digits) => general(figure, digits.max(1), layout.alternate),
            None => figure.plain(),
        },
        _ => figure.fixed(digits).map(pointed),
    }
}

fn power(mantissa: &str, exponent: i64) -> String {
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.unsigned_abs())
}

/// `digits` significant digits, with a power of ten only when the number is far from 1.
fn general(figure: &Figure<'_>, digits: usize, keeps_zeros: bool) -> Result<String, String> {
    let (mantissa, exponent) = figure.scientific(digits - 1)?;
    let trim = |text: &str| {
        let has_tail = text.contains('.') && !keeps_zeros;
        if has_tail { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text.to_owned() }
    };
    // A `digits` of at most 1000 always fits.
    let last = i64::try_from(digits).unwrap_or(i64::MAX) - 1;
    match usize::try_from(last - exponent) {
        Ok(after) if exponent >= -4 => figure.fixed(after).map(|text| trim(&text)),
        _ => Ok(power(&trim(&mantissa), exponent)),
    }
}

/// A number with at least two digits after the point, times a hundred: the point moves, nothing is rounded again.
fn hundredfold(fixed: &str) -> String {
    let (whole, fraction) = fixed.split_once('.').unwrap_or((fixed, "00"));
    let (moved, rest) = fraction.split_at_checked(2).unwrap_or((fraction, ""));
    let all = format!("{whole}{moved}");
    let digits = all.trim_start_matches('0');
    let whole = if digits.is_empty() { "0" } else { digits };
    if rest.is_empty() { whole.to_owned() } else { format!("{whole}.{rest}") }
}

/// Puts separators between the digits before the point, and zeros in front when the width asks for them.
fn group(layout: &Layout, body: &str, used: usize) -> Result<String, String> {
    let Some(separator) = layout.grouping else { return Ok(body.to_owned()) };
    let size = match (layout.kind, separator) {
        (Some('x'), ',') => return Err("`,` is for decimal digits; write `_` to group hexadecimal ones".to_owned()),
        (Some('x'), _) => 4,
        _ => 3,
    };
    let is_digit = |c: char| if size == 4 { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
    let (whole, rest) = body.split_at_checked(body.find(|c| !is_digit(c)).unwrap_or(body.len())).unwrap_or((body, ""));
    let mut digits = whole.to_owned();
    let mut grouped = separated(&digits, separator, size);
    while layout.zero && layout.align.is_none() && used + grouped.len() + rest.len() < layout.width {
        digits.insert(0, '0');
        grouped = separated(&digits, separator, size);
    }
    Ok(format!("{grouped}{rest}"))
}

fn separated(digits: &str, separator: char, size: usize) -> String {
    let mut text = String::with_capacity(digits.len() * 2);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(size) {
            text.push(separator);
        }
        text.push(digit);
    }
    text
}

impl Figure<'_> {
    fn not_finite(&self) -> Option<&'static str> {
        match self {
            Self::Float(x) if x.is_nan() => Some("nan"),
            Self::Float(x) if x.is_infinite() => Some("inf"),
            _ => None,
        }
    }

    fn is_negative(&self) -> bool {
        match self {
            Self::Int(n) => *n < 0,
            Self::Float(x) => x.is_sign_negative() && !x.is_nan(),
            Self::Decimal(d) => d.sign() == bigdecimal::num_bigint::Sign::Minus,
        }
    }

    /// As it prints without a format.
    fn plain(&self) -> Result<String, String> {
        match self {
            Self::Int(n) => Ok(n.unsigned_abs().to_string()),
            Self::Float(x) => Ok(x.abs().to_string()),
            Self::Decimal(d) => printable(d).map(|d| d.abs().to_plain_string()),
        }
    }

    /// With `digits` digits after the point.
    fn fixed(&self, digits: usize) -> Result<String, String> {
        let exact = |d: &BigDecimal| d.abs().with_scale_round(places(digits), RoundingMode::HalfEven).to_plain_string();
        match self {
            Self::Int(n) => Ok(exact(&BigDecimal::from(*n))),
            Self::Float(x) => Ok(format!("{:.digits$}", x.abs())),
            Self::Decimal(d) => printable(d).map(exact),
        }
    }

    /// A digit, `digits` digits after the point, and the power of ten.
    fn scientific(&self, digits: usize) -> Result<(String, i64), String> {
        match self {
            Self::Int(n) => Ok(scientific(&BigDecimal::from(*n), digits)),
            Self::Decimal(d) => printable(d).map(|d| scientific(d, digits)),
            Self::Float(x) => {
                let text = format!("{:.digits$e}", x.abs());
                let (mantissa, exponent) = text.split_once('e').unwrap_or((&text, "0"));
                Ok((mantissa.to_owned(), exponent.parse().unwrap_or(0)))
            }
        }
    }
}

fn places(digits: usize) -> i64 {
    i64::try_from(digits).unwrap_or(i64::MAX)
}

/// Refuses `1e999999999`, which is short as a number and a gigabyte as a text.
fn printable(d: &BigDecimal) -> Result<&BigDecimal, String> {
    let is_short = d.fractional_digit_count().unsigned_abs() <= MOST_DIGITS.unsigned_abs();
    is_short.then_some(d).ok_or_else(|| format!("the number has more than {MOST_DIGITS} digits"))
}

fn scientific(d: &BigDecimal, digits: usize) -> (String, i64) {
    let significant = NonZeroU64::MIN.saturating_add(digits as u64);
    if d.is_zero() {
        return (if digits == 0 { "0".to_owned() } else { format!("0.{}", "0".repeat(digits)) }, 0);
    }
    let (number, scale) = d.abs().with_precision_round(significant, RoundingMode::HalfEven).into_bigint_and_exponent();
    let mut all = number.to_string();
    let exponent = places(all.len()) - 1 - scale;
    all.extend(std::iter::repeat_n('0', (digits + 1).saturating_sub(all.len())));
    all.truncate(digits + 1);
    if digits > 0 {
        all.insert(1, '.');
    }
    (all, exponent)
}
