//! Parameter types narrower than the language's own: a count is an `int` that is not negative.
//!
//! The check sits in `from_value`, so a literal argument is refused before the run and any other
//! one when it is bound, in the same words.

use std::sync::Arc;

use chrono::format::{Fixed, Item, Numeric, Pad, StrftimeItems};
use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime};

use crate::connection::files;
use crate::value::{Milliseconds, Reflect, ReflectError, Type, Value};

/// Declares types with a condition: the inner type, what must hold, what was wanted.
macro_rules! refined {
    ($($(#[$doc:meta])* $name:ident($inner:ty) if $holds:expr, $wanted:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub(super) struct $name(pub(super) $inner);
        impl Reflect for $name {
            fn ty() -> Type {
                <$inner>::ty()
            }
            fn from_value(value: Value) -> Result<Self, ReflectError> {
                let inner = <$inner>::from_value(value)?;
                let holds: fn(&$inner) -> bool = $holds;
                if holds(&inner) { Ok(Self(inner)) } else { Err(refused($wanted, inner)) }
            }
            fn into_value(self) -> Value {
                self.0.into_value()
            }
        }
    )*};
}

fn refused(wanted: &str, inner: impl Reflect) -> ReflectError {
    let shown = match inner.into_value() {
        Value::Text(text) => format!("{text:?}"),
        other => other.to_string(),
    };
    ReflectError::Value(format!("expected {wanted}, found `{shown}`"))
}

refined! {
    /// How many of something.
    Count(i64) if |n| *n >= 0, "a number that is not negative";
    /// How many of something that there must be.
    Positive(i64) if |n| *n >= 1, "a number of at least 1";
    /// Digits after the point. More than 30 says nothing of a float and little of a decimal.
    Digits(i64) if |n| (0..=30).contains(n), "a number of digits from 0 to 30";
    /// How long to wait.
    Wait(Milliseconds) if |ms| ms.0 >= 0, "a duration that is not negative";
    /// What to look for: an empty text is found everywhere, which nobody means.
    Part(Arc<str>) if |text| !text.is_empty(), "a text with at least one character";
    /// A path below a connection's base URL. The connection refuses what leads out of it; here a
    /// literal is told before the run.
    HttpPath(Arc<str>) if |path| is_path(path), "a path such as `/api/items` below the connection's address (pairs go into `query`)";
    /// A path below a connection's directory.
    FilePath(Arc<str>) if |path| files::refusal(path).is_none(), "a path below the connection's directory, such as `2025/prices.csv`";
    /// What stands between the fields of a file.
    Delimiter(Arc<str>) if |text| is_delimiter(text), "one character such as `,` or `;`";
}

fn is_path(path: &str) -> bool {
    let is_dots = |segment: &str| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | "..");
    let is_odd = |c: char| c.is_control() || matches!(c, '?' | '#' | '\\');
    !path.contains("://") && !path.starts_with("//") && !path.contains(is_odd) && !path.split('/').any(is_dots)
}

fn is_delimiter(text: &str) -> bool {
    let [byte] = text.as_bytes() else { return false };
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !matches!(byte, b'"' | b'\n' | b'\r' | b'.' | b'-' | b'+')
}

impl Delimiter {
    /// The character.
    pub(super) fn byte(&self) -> u8 {
        self.0.bytes().next().unwrap_or(b',')
    }
}

/// A strftime format that names a whole day, such as `%d/%m/%Y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateFormat(pub(super) Arc<str>);

impl Reflect for DateFormat {
    fn ty() -> Type {
        Type::Text
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let format = Arc::<str>::from_value(value)?;
        if StrftimeItems::new(&format).any(|item| item == Item::Error) {
            return Err(ReflectError::Value(format!("`{format}` is not a date format; write one like `%d/%m/%Y`")));
        }
        if names_a_day(&format) {
            Ok(Self(format))
        } else {
            Err(ReflectError::Value(format!(
                "the format `{format}` does not make a whole day; it needs year, month and day, like `%d/%m/%Y`"
            )))
        }
    }
    fn into_value(self) -> Value {
        Value::Text(self.0)
    }
}

/// Whether a day printed with the format reads back as the same day. Trying it is the one check that
/// knows every combination (`%F`, `%Y-%j`, `%G-W%V-%u`) and needs no list of them.
fn names_a_day(format: &str) -> bool {
    use std::fmt::Write;
    let Some(day) = NaiveDate::from_ymd_opt(2023, 11, 30) else { return false };
    let mut printed = String::new();
    write!(printed, "{}", day.format(format)).is_ok() && NaiveDate::parse_from_str(&printed, format) == Ok(day)
}

/// A strftime format that names an instant, such as `%Y-%m-%d %H:%M`: a whole day and a time on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimestampFormat {
    /// The format.
    pub(super) format: Arc<str>,
    /// The same, for reading: an offset may be written any way, `Z`, `+02`, `+0200`, `+02:00`.
    pub(super) lenient: Arc<str>,
    /// Whether what is written so has an offset, and needs no zone to be an instant.
    pub(super) has_offset: bool,
}

impl Reflect for TimestampFormat {
    fn ty() -> Type {
        Type::Text
    }
    fn from_value(value: Value) -> Result<Self, ReflectError> {
        let format = Arc::<str>::from_value(value)?;
        let lenient = with_any_offset(&format);
        let has_offset = names_an_instant(&lenient);
        match odd(&format, has_offset || names_a_clock(&format)) {
            Some(why) => Err(ReflectError::Value(format!("the format `{format}` {why}"))),
            None => Ok(Self { format, lenient: lenient.into(), has_offset }),
        }
    }
    fn into_value(self) -> Value {
        Value::Text(self.format)
    }
}

/// What is wrong with a format of instants, and behind the `;` what to do.
fn odd(format: &str, is_whole: bool) -> Option<&'static str> {
    let has = |wanted: &Item<'_>| StrftimeItems::new(format).any(|item| item == *wanted);
    if has(&Item::Error) {
        return Some("is none of instants; write one like `%Y-%m-%d %H:%M:%S`");
    }
    // chrono skips the letters whatever they are, and would read an hour of one zone as that of another.
    if has(&Item::Fixed(Fixed::TimezoneName)) {
        return Some(
            "has `%Z`, and no zone can be told from its letters; write these as they stand, and name the `zone`",
        );
    }
    // Python's microseconds; `.5` would be five nanoseconds.
    if has(&Item::Numeric(Numeric::Nanosecond, Pad::Zero)) {
        return Some("has `%f`, which counts nanoseconds; write `%.f` for a point and what follows it");
    }
    let has_half = has(&Item::Fixed(Fixed::UpperAmPm)) || has(&Item::Fixed(Fixed::LowerAmPm));
    if has(&Item::Numeric(Numeric::Hour12, Pad::Zero)) && !has_half {
        return Some("has `%I`, an hour of a half day; write `%H`, or add `%p` for the half");
    }
    if is_whole {
        return None;
    }
    Some("does not make an instant; it needs year, month, day, hour and minute, like `%Y-%m-%d %H:%M`")
}

/// `%#z` for `%z` and `%:z`.
fn with_any_offset(format: &str) -> String {
    let mut lenient = String::with_capacity(format.len());
    let mut rest = format;
    while let Some((before, after)) = rest.split_once('%') {
        let (letters, behind) = match after.strip_prefix('z').or_else(|| after.strip_prefix(":z")) {
            Some(behind) => ("%#z", behind),
            // `%%z` is a percent sign and a letter.
            None if after.starts_with('%') => ("%%", after.get(1..).unwrap_or_default()),
            None => ("%", after),
        };
        lenient.extend([before, letters]);
        rest = behind;
    }
    lenient.push_str(rest);
    lenient
}

/// An instant whose every part differs from what is taken where it is not named.
fn sample() -> Option<DateTime<FixedOffset>> {
    let clock = NaiveDate::from_ymd_opt(2023, 11, 30)?.and_hms_opt(17, 45, 0)?;
    clock.and_local_timezone(FixedOffset::east_opt(2 * 3600)?).single()
}

fn printed(format: &str) -> Option<String> {
    use std::fmt::Write;
    let mut printed = String::new();
    // `%#z` only reads.
    let format = format.replace("%#z", "%z");
    write!(printed, "{}", sample()?.format(&format)).is_ok().then_some(printed)
}

/// Whether an instant printed with the format reads back as the same, by an offset or as seconds since 1970.
fn names_an_instant(format: &str) -> bool {
    let read = printed(format).and_then(|printed| DateTime::parse_from_str(&printed, format).ok());
    read.is_some() && read == sample()
}

/// Whether a day and a time on it do.
fn names_a_clock(format: &str) -> bool {
    let read = printed(format).and_then(|printed| NaiveDateTime::parse_from_str(&printed, format).ok());
    read.is_some() && read == sample().map(|at| at.naive_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn date_formats_are_checked_without_a_date() {
        let check = |format: &str| DateFormat::from_value(Value::text(format)).map(|_| ()).map_err(|e| e.to_string());
        for good in ["%d/%m/%Y", "%F", "%Y%m%d", "%d.%m.%y", "%G-W%V-%u", "%Y-%j"] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for (bad, why) in [("%Q", "not a date format"), ("%d/%m", "whole day"), ("%H:%M", "whole day"), ("", "whole")] {
            assert!(check(bad).unwrap_err().contains(why), "{bad}");
        }
    }

    #[test]
    fn formats_of_instants_name_a_day_and_a_time_on_it() {
        let read = |format: &str| TimestampFormat::from_value(Value::text(format)).map_err(|error| error.to_string());
        for clock in ["%Y-%m-%d %H:%M", "%FT%T%.f", "%Y%m%d%H%M%S", "%I:%M %p %F", "%FT%TZ", "%A %F %H Uhr %M"] {
            assert_eq!(read(clock).map(|read| read.has_offset), Ok(false), "{clock}");
        }
        for instant in ["%d/%b/%Y:%H:%M:%S %z", "%+", "%s", "%F %R%:z", "%FT%T%#z"] {
            assert_eq!(read(instant).map(|read| read.has_offset), Ok(true), "{instant}");
        }
        for (bad, why) in
            [("%Q", "none of instants"), ("%F", "hour"), ("%H:%M", "year"), ("%I:%M %F", "%p"), ("", "hour")]
        {
            assert!(read(bad).unwrap_err().contains(why), "{bad}");
        }
        for (bad, why) in [
            ("%F %R %Z", "no zone can be told"),
            ("%FT%T.%f", "write `%.f`"),
            ("%F %I:%M", "add `%p`"),
            ("%F %R %%z%", "none of instants"),
        ] {
            assert!(read(bad).unwrap_err().contains(why), "{bad}");
        }
        assert_eq!(with_any_offset("%F%%z%z%:z%::z %"), "%F%%z%#z%#z%::z %");
    }

    #[test]
    fn delimiters_cannot_be_part_of_a_number() {
        let check = |text: &str| Delimiter::from_value(Value::text(text)).is_ok();
        assert!([",", ";", "\t", "|", " "].into_iter().all(check));
        assert!(!["", ",,", "\"", "\n", "a", "1", ".", "é"].into_iter().any(check));
    }

    #[test]
    fn a_path_cannot_leave_its_base() {
        let check = |path: &str| HttpPath::from_value(Value::text(path)).is_ok();
        for good in ["", "/", "api", "/api/v3/coins/markets", "/a..b/c", "/caf%C3%A9"] {
            assert!(check(good), "{good}");
        }
        for bad in ["//evil.example", "https://evil.example/", "/a/../b", "/%2E%2e/b", "/a?b=1", "/a\n"] {
            assert!(!check(bad), "{bad}");
        }
    }
}
