//! One method for each type that a setting can have.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use super::{Reading, Scalar, list};
use crate::config::secret::{Url, percent_decode};
use crate::config::yaml::{Field, Shape};
use crate::diagnostic::closest;

/// The units of a duration, in milliseconds.
const UNITS: [(&str, u64); 6] =
    [("ms", 1), ("s", 1_000), ("m", 60_000), ("h", 3_600_000), ("d", 86_400_000), ("w", 604_800_000)];

/// The units of a size, in bytes.
const SIZES: [(&str, usize); 3] = [("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30)];

/// How a wrong size is answered.
const A_SIZE: &str = "a size such as `64MiB`, in `KiB`, `MiB` or `GiB`";

/// How a wrong duration is answered.
const A_DURATION: &str = "a duration such as `30s`, `500ms` or `1h30m`";

impl Reading<'_> {
    /// A text. Numbers count as texts, spelt as they are: `password: 0123` loses no zero.
    pub(in crate::config) fn text(&mut self, field: Field<'_>) -> Option<Arc<str>> {
        let scalar = self.scalar(field, "a text")?;
        if matches!(scalar.shape, Shape::Bool(_)) {
            self.mismatch(field, "a text", "true or false");
            return None;
        }
        Some(scalar.text)
    }

    /// A text that is not empty.
    pub(in crate::config) fn name(&mut self, field: Field<'_>) -> Option<Arc<str>> {
        let text = self.text(field)?;
        if text.is_empty() {
            self.mismatch(field, "a text", "empty");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(in crate::config) fn boolean(&mut self, field: Field<'_>) -> Option<bool> {
        let scalar = self.scalar(field, "`true` or `false`")?;
        match &*scalar.text.to_ascii_lowercase() {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.unfit(field, "`true` or `false`", &scalar);
                None
            }
        }
    }

    /// A whole number in `range`.
    pub(in crate::config) fn integer<N>(&mut self, field: Field<'_>, range: &RangeInclusive<N>) -> Option<N>
    where
        N: FromStr + PartialOrd + std::fmt::Display,
    {
        let wanted = format!("a whole number from {} to {}", range.start(), range.end());
        let scalar = self.scalar(field, &wanted)?;
        let number = scalar.text.trim().parse().ok().filter(|number| range.contains(number));
        if number.is_none() {
            self.unfit(field, &wanted, &scalar);
        }
        number
    }

    /// A duration, in milliseconds, more than none.
    pub(in crate::config) fn duration_ms(&mut self, field: Field<'_>) -> Option<u64> {
        let scalar = self.scalar(field, A_DURATION)?;
        match duration_ms(scalar.text.trim()) {
            Ok(ms) => Some(ms),
            Err(Unfit::NoUnit) => {
                let message = format!("`{}` has no unit", field.key);
                self.report(field.node.span, message, format!("write `{}s` for seconds", scalar.text.trim()));
                None
            }
            Err(Unfit::Other) => {
                self.unfit(field, A_DURATION, &scalar);
                None
            }
        }
    }

    /// A size, in bytes, more than none and no more than this machine could hold.
    pub(in crate::config) fn bytes(&mut self, field: Field<'_>) -> Option<usize> {
        let scalar = self.scalar(field, A_SIZE)?;
        let bytes = bytes(scalar.text.trim());
        if bytes.is_none() {
            self.unfit(field, A_SIZE, &scalar);
        }
        bytes
    }

    /// A path, relative ones being relative to the configuration's directory.
    pub(in crate::config) fn path(&mut self, field: Field<'_>) -> Option<PathBuf> {
        let text = self.name(field)?;
        Some(self.directory.join(&*text))
    }

    /// A URL with one of `schemes` and a host, without a slash at its end.
    pub(in crate::config) fn url(&mut self, field: Field<'_>, schemes: &[&str]) -> Option<Url> {
        let text = self.text(field)?;
        let url = Url::new(text.trim().trim_end_matches('/'));
        self.secrets.extend(url.password().map(Arc::from));
        self.secrets.extend(url.password().map(percent_decode).map(Arc::from));
        let scheme = url.expose().split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
        let fits = scheme.is_some_and(|scheme| schemes.contains(&scheme.as_str()));
        // A socket's directory stands in the query of a PostgreSQL URL, which then names no host.
        let has_host = !url.host().is_empty() || !schemes.contains(&"http");
        if fits && has_host && !url.expose().contains(char::is_whitespace) {
            return Some(url);
        }
        let wanted = format!("a URL that begins with {}", list_or(schemes));
        self.mismatch(field, &wanted, "something else");
        None
    }

    /// One of a few words.
    pub(in crate::config) fn word<W: Copy>(&mut self, field: Field<'_>, words: &[(&str, W)]) -> Option<W> {
        let names = || words.iter().map(|(name, _)| *name);
        let wanted = format!("one of {}", list(names()));
        let scalar = self.scalar(field, &wanted)?;
        let found = words.iter().find(|(name, _)| *name == &*scalar.text);
        if found.is_none() {
            self.unfit(field, &wanted, &scalar);
            if let (Some(near), Some(finding)) = (closest(&scalar.text, names()), self.findings.last_mut()) {
                finding.help = Some(format!("did you mean `{near}`?"));
            }
        }
        found.map(|(_, word)| *word)
    }

    /// Says that a scalar is not what was wanted, showing it when it is no secret.
    pub(in crate::config) fn unfit(&mut self, field: Field<'_>, wanted: &str, scalar: &Scalar) {
        let shown: String = scalar.text.chars().take(40).collect();
        let found = if scalar.substituted || self.words.is_sensitive(field.key) {
            "something else".to_owned()
        } else {
            format!("`{shown}`")
        };
        self.mismatch(field, wanted, &found);
    }
}

fn list_or(schemes: &[&str]) -> String {
    schemes.iter().map(|scheme| format!("`{scheme}://`")).collect::<Vec<_>>().join(" or ")
}

/// Why a text is no duration.
#[derive(Debug, PartialEq, Eq)]
enum Unfit {
    /// It is a bare number.
    NoUnit,
    /// It is something else, nothing, or too long.
    Other,
}

/// `1h30m` in milliseconds, where nobody is told what is wrong with it.
pub(in crate::config) fn plain_duration_ms(text: &str) -> Option<u64> {
    duration_ms(text.trim()).ok()
}

/// `1h30m` in milliseconds.
fn duration_ms(text: &str) -> Result<u64, Unfit> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Unfit::NoUnit);
    }
    let mut rest = text;
    let mut total = 0_u64;
    while !rest.is_empty() {
        let (amount, tail) = split_while(rest, |byte| byte.is_ascii_digit());
        let (unit, tail) = split_while(tail, |byte| byte.is_ascii_alphabetic());
        let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit).ok_or(Unfit::Other)?;
        let amount: u64 = amount.parse().map_err(|_| Unfit::Other)?;
        let part = amount.checked_mul(*factor).ok_or(Unfit::Other)?;
        total = total.checked_add(part).filter(|total| i64::try_from(*total).is_ok()).ok_or(Unfit::Other)?;
        rest = tail;
    }
    if total == 0 { Err(Unfit::Other) } else { Ok(total) }
}

/// `64MiB` in bytes.
fn bytes(text: &str) -> Option<usize> {
    let (amount, unit) = split_while(text, |byte| byte.is_ascii_digit());
    let (_, factor) = SIZES.iter().find(|(name, _)| *name == unit.trim_start())?;
    amount.parse::<usize>().ok()?.checked_mul(*factor).filter(|bytes| *bytes > 0 && isize::try_from(*bytes).is_ok())
}

fn split_while(text: &str, keep: impl Fn(u8) -> bool) -> (&str, &str) {
    let length = text.bytes().take_while(|byte| keep(*byte)).count();
    text.split_at_checked(length).unwrap_or((text, ""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_amounts_with_units() {
        for (text, size) in [("64MiB", 64 << 20), ("1 KiB", 1024), ("2GiB", 2 << 30)] {
            assert_eq!(bytes(text), Some(size), "{text}");
        }
        for text in ["", "64", "0MiB", "MiB", "64MB", "-1KiB", "1.5MiB", "99999999999999999999GiB", "9999999999GiB"] {
            assert_eq!(bytes(text), None, "{text}");
        }
    }

    #[test]
    fn durations_are_amounts_with_units() {
        let good = [("30s", 30_000), ("2d", 172_800_000), ("500ms", 500), ("1h30m", 5_400_000), ("1w", 604_800_000)];
        for (text, ms) in good {
            assert_eq!(duration_ms(text), Ok(ms), "{text}");
        }
        for text in
            ["", "s", "30 s", "1.5s", "-3s", "0s", "30sec", "3é", "1mo", "99999999999999999999s", "999999999999w"]
        {
            assert_eq!(duration_ms(text), Err(Unfit::Other), "{text}");
        }
        assert_eq!(duration_ms("30"), Err(Unfit::NoUnit));
    }
}
