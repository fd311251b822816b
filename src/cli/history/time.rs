//! Lengths of time on the command line, and instants for people.

use chrono::{DateTime, SecondsFormat, Utc};

/// How long `7d`, `12h`, `90m`, `30s` or `2w` is, in milliseconds. A day is 24 hours here: how long ago something was is
/// no matter of a calendar.
pub(in crate::cli) fn span(text: &str) -> Result<i64, String> {
    let wrong = || format!("`{text}` is no length of time; write `7d`, `12h` or `90m`");
    let digits = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = match text.trim().get(digits.len()..) {
        Some("s") => 1000,
        Some("m") => 60_000,
        Some("h") => 3_600_000,
        Some("d") => 86_400_000,
        Some("w") => 7 * 86_400_000,
        _ => return Err(wrong()),
    };
    let count: i64 = digits.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?;
    count.checked_mul(unit).ok_or_else(wrong)
}

/// An instant, in UTC.
pub(super) fn instant(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// An instant to the second, as listings show it.
pub(super) fn second(ms: i64) -> String {
    DateTime::<Utc>::from_timestamp_millis(ms)
        .map_or_else(String::new, |at| at.format("%Y-%m-%d %H:%M:%SZ").to_string())
}

#[cfg(test)]
mod tests {
    use super::span;

    #[test]
    fn lengths_have_one_unit() {
        assert_eq!(span("7d"), Ok(7 * 86_400_000));
        assert_eq!(span("90m"), Ok(5_400_000));
        for wrong in ["", "7", "d", "-7d", "0d", "7 days", "7d12h", "99999999999999w", "7é"] {
            assert!(span(wrong).is_err(), "{wrong}");
        }
    }
}
