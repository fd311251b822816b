//! Numbers, durations and quoted texts: from letters to values.

use std::sync::Arc;

use super::ast::Length;

/// The text between quotes, escapes resolved as Go resolves them; the error says what is wrong.
pub(super) fn unquote(quoted: &str) -> Result<Arc<str>, String> {
    let mut chars = quoted.chars();
    let (Some(quote), Some(_)) = (chars.next(), chars.next_back()) else {
        return Err("an empty text".to_owned());
    };
    let inside = chars.as_str();
    if quote == '`' {
        return Ok(inside.into());
    }
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => unescape(&mut rest, quote, &mut bytes)?,
            '\n' => return Err("a line break inside quotes; use backquotes, or write `\\n`".to_owned()),
            other => push(&mut bytes, other),
        }
    }
    String::from_utf8(bytes).map(Arc::from).map_err(|_| "a text that is not UTF-8".to_owned())
}

fn push(bytes: &mut Vec<u8>, c: char) {
    bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
}

fn unescape(rest: &mut std::str::Chars<'_>, quote: char, bytes: &mut Vec<u8>) -> Result<(), String> {
    let Some(c) = rest.next() else { return Err("a `\\` at the end of a text".to_owned()) };
    let simple = match c {
        'a' => 7,
        'b' => 8,
        'f' => 12,
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        'v' => 11,
        '\\' => b'\\',
        'x' => u8::try_from(digits(rest, 2, 16)?).unwrap_or_default(),
        '0'..='3' => {
            let low = digits(rest, 2, 8)?;
            u8::try_from(c.to_digit(8).unwrap_or_default() * 64 + low).unwrap_or_default()
        }
        'u' => return unescape_char(digits(rest, 4, 16)?, bytes),
        'U' => return unescape_char(digits(rest, 8, 16)?, bytes),
        c if c == quote => {
            push(bytes, c);
            return Ok(());
        }
        other => return Err(format!("`\\{other}` is no escape; write `\\\\{other}`, or use backquotes")),
    };
    bytes.push(simple);
    Ok(())
}

fn unescape_char(code: u32, bytes: &mut Vec<u8>) -> Result<(), String> {
    push(bytes, char::from_u32(code).ok_or("an escape that is no character")?);
    Ok(())
}

fn digits(rest: &mut std::str::Chars<'_>, count: usize, radix: u32) -> Result<u32, String> {
    (0..count).try_fold(0_u32, |sum, _| {
        let digit = rest.next().and_then(|c| c.to_digit(radix)).ok_or("an escape with too few digits")?;
        sum.checked_mul(radix).and_then(|sum| sum.checked_add(digit)).ok_or_else(|| "an escape too large".to_owned())
    })
}

/// `0x1f`, `017` (octal), `1.5e3`, `1Ki`, `Inf`.
pub(super) fn number(text: &str) -> Result<f64, String> {
    let lower = text.to_ascii_lowercase();
    let wrong = || format!("`{text}` is no number");
    match lower.as_str() {
        "inf" => return Ok(f64::INFINITY),
        "nan" => return Ok(f64::NAN),
        _ => {}
    }
    for (prefix, radix) in [("0x", 16), ("0b", 2), ("0o", 8)] {
        if let Some(digits) = lower.strip_prefix(prefix) {
            return i64::from_str_radix(digits, radix).map(|n| n as f64).map_err(|_| wrong());
        }
    }
    if lower.len() > 1 && lower.starts_with('0') && !lower.starts_with("0.") && !lower.starts_with("0e") {
        return i64::from_str_radix(&lower, 8).map(|n| n as f64).map_err(|_| wrong());
    }
    let end = lower.find(['k', 'm', 'g', 't']).unwrap_or(lower.len());
    let (digits, suffix) = lower.split_at(end);
    let value: f64 = digits.parse().map_err(|_| wrong())?;
    Ok(value * multiple(suffix))
}

fn multiple(suffix: &str) -> f64 {
    let base: f64 = if suffix.contains('i') { 1024.0 } else { 1000.0 };
    match suffix.chars().next() {
        Some('k') => base,
        Some('m') => base.powi(2),
        Some('g') => base.powi(3),
        Some('t') => base.powi(4),
        _ => 1.0,
    }
}

/// `1h30m`, `1h-30m`, `5i`; units were checked by the grammar.
pub(super) fn duration(text: &str) -> Length {
    let (mut ms, mut steps) = (0.0, 0.0);
    let mut rest = text;
    while !rest.is_empty() {
        let signed = rest.strip_prefix('-');
        let sign = if signed.is_some() { -1.0 } else { 1.0 };
        let part = signed.unwrap_or(rest);
        let digits_end = part.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(part.len());
        let (digits, tail) = part.split_at(digits_end);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, next) = tail.split_at(unit_end);
        let amount = sign * digits.parse::<f64>().unwrap_or_default();
        match unit_ms(unit) {
            Some(size) => ms += amount * size,
            None => steps += amount,
        }
        rest = next;
    }
    Length::Fixed { ms, steps }
}

/// What keeps a duration from being one of Prometheus, with what to do: whole amounts, each unit once,
/// the largest first, more than nothing, less than the 292 years that its clock counts.
pub(super) fn prometheus_duration(text: &str) -> Result<(), (&'static str, &'static str)> {
    const UNITS: [&str; 7] = ["y", "w", "d", "h", "m", "s", "ms"];
    let mut rest = text;
    let mut next = 0;
    while !rest.is_empty() {
        let digits_end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(digits_end);
        let unit_end = tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len());
        let (unit, after) = tail.split_at(unit_end);
        match (unit, UNITS.iter().position(|known| *known == unit)) {
            _ if digits.is_empty() => return Err(("a duration with a minus inside", "write the difference")),
            ("", _) => return Err(("a fraction of a unit", "write it in smaller units: `90s` for `1.5m`")),
            (_, None) => return Err(("the unit `i`", "write a duration: `5m`")),
            (_, Some(at)) if at < next => return Err(("this order of units", "write the largest first, each once")),
            (_, Some(at)) => next = at + 1,
        }
        rest = after;
    }
    match duration(text) {
        Length::Fixed { ms, .. } if ms <= 0.0 => Err(("a length of nothing", "write more than nothing")),
        Length::Fixed { ms, .. } if ms > 9.22e12 => Err(("a length of centuries", "292 years are the most")),
        _ => Ok(()),
    }
}

/// What keeps a number from being one of Prometheus, with what to do.
pub(super) fn foreign_number(text: &str, is_duration: bool) -> Option<(&'static str, &'static str)> {
    let lower = text.to_ascii_lowercase();
    let is_word = matches!(lower.as_str(), "inf" | "nan") || lower.starts_with("0x");
    if is_duration {
        Some(("a duration as a number", "write the seconds: `300` for `5m`"))
    } else if lower.starts_with("0b") || lower.starts_with("0o") {
        Some(("this way to write a number", "write it in decimal"))
    } else if !is_word && lower.contains(['k', 'm', 'g', 't']) {
        Some(("a number with a multiple", "write it out: `1000` for `1k`"))
    } else {
        None
    }
}

/// `None` for steps.
fn unit_ms(unit: &str) -> Option<f64> {
    Some(match unit {
        "ms" => 1.0,
        "s" => 1e3,
        "m" => 60e3,
        "h" => 3_600e3,
        "d" => 86_400e3,
        "w" => 604_800e3,
        "y" => 31_536_000e3,
        _ => return None,
    })
}

/// A text between double quotes, escaped so that [`unquote`] gives it back.
pub(super) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if c.is_ascii_control() => quoted.extend(["\\x", &format!("{:02x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The instant `ms` as decimal seconds that a server reads back to the same millisecond, whether it
/// rounds (new releases) or cuts off (1.79, which turns `….123` into 122 where the float falls short).
pub(crate) fn seconds(ms: i64) -> String {
    let sign = if ms < 0 { "-" } else { "" };
    let (whole, part) = (ms.unsigned_abs() / 1000, ms.unsigned_abs() % 1000);
    let plain = if part == 0 { format!("{sign}{whole}") } else { format!("{sign}{whole}.{part:03}") };
    #[expect(clippy::cast_possible_truncation, reason = "what the server does")]
    let cut = plain.parse::<f64>().map_or(ms, |seconds| (seconds * 1e3) as i64);
    if cut == ms { plain } else { format!("{sign}{whole}.{part:03}1") }
}
