//! Connections of `kind: http`: what goes with every request, and the limits that all of them share.

use std::sync::Arc;

use indexmap::IndexMap;

use super::connection::{ConnectionConfig, Login, Rate};
use super::kinds::{TIMEOUT_MS, WEB, login, pool};
use super::reading::{Reading, optional, or_default};
use super::secret::Secret;
use super::yaml::{Field, Mapping, field, fields};
use crate::source::Span;

/// The largest body unless the connection says otherwise: 64 MiB.
const MAX_BODY: usize = 64 << 20;

/// What `rate:` is written with, and in how many milliseconds that is.
const RATES: [(&str, u64); 3] = [("per_second", 1_000), ("per_minute", 60_000), ("per_hour", 3_600_000)];

pub(super) fn http(reading: &mut Reading<'_>, owner: &str, map: &Mapping, span: Span) -> Option<ConnectionConfig> {
    let base_url = reading.required(map, "base_url", span, owner).and_then(|field| reading.url(field, WEB));
    let headers = or_default(map, "headers", IndexMap::new(), |field| headers(reading, field));
    let query = or_default(map, "query", IndexMap::new(), |field| pairs(reading, field));
    let login = login(reading, owner, map, span);
    let timeout_ms = or_default(map, "timeout", TIMEOUT_MS, |field| reading.duration_ms(field));
    let pool = pool(reading, map);
    let rate = optional(map, "rate", |field| rate(reading, field));
    let max_body = or_default(map, "max_body", MAX_BODY, |field| reading.bytes(field));
    let proxy = proxy(reading, map);
    let (headers, login) = (headers?, login?);
    report_two_logins(reading, map, &headers, login.as_ref());
    Some(ConnectionConfig::Http {
        base_url: base_url?,
        headers,
        query: query?,
        login,
        timeout_ms: timeout_ms?,
        pool: pool?,
        rate: rate?,
        max_body: max_body?,
        proxy: proxy?,
    })
}

/// Two ways of saying who asks: a server would take either, and nobody knows which.
fn report_two_logins(
    reading: &mut Reading<'_>,
    map: &Mapping,
    headers: &IndexMap<Arc<str>, Secret>,
    login: Option<&Login>,
) {
    let has_header = headers.keys().any(|name| name.eq_ignore_ascii_case("authorization"));
    if let (true, Some(_), Some(headers)) = (has_header, login, field(map, "headers")) {
        let message = "`headers` holds an `authorization` beside `token` or `password`";
        reading.report(headers.key_span, message, "keep one of them");
    }
}

pub(super) fn headers(reading: &mut Reading<'_>, field: Field<'_>) -> Option<IndexMap<Arc<str>, Secret>> {
    let map = reading.map(field)?;
    let mut is_complete = true;
    for header in fields(map) {
        if header.key.is_empty() || !header.key.bytes().all(is_header_byte) {
            let message = format!("`{}` is no name of a header", header.key);
            reading.report(header.key_span, message, "use letters, digits and `-`");
            is_complete = false;
        }
    }
    pairs(reading, field).filter(|_| is_complete)
}

/// Names with secrets. One that is empty, as `${KEY:-}` may be, is left out.
fn pairs(reading: &mut Reading<'_>, field: Field<'_>) -> Option<IndexMap<Arc<str>, Secret>> {
    let map = reading.map(field)?;
    let read: Vec<Option<(Arc<str>, Arc<str>)>> = fields(map).map(|field| pair(reading, field)).collect();
    let given = read.into_iter().collect::<Option<Vec<_>>>()?.into_iter().filter(|(_, value)| !value.is_empty());
    Some(given.map(|(name, value)| (name, Secret::new(value))).collect())
}

/// What a variable gives here is a secret whatever its name: keys are called `appid` and `signature`, too.
fn pair(reading: &mut Reading<'_>, field: Field<'_>) -> Option<(Arc<str>, Arc<str>)> {
    let scalar = reading.scalar(field, "a text")?;
    if scalar.substituted {
        reading.secrets.push(scalar.text.clone());
    }
    Some((Arc::from(field.key), scalar.text))
}

/// A byte that may stand in the name of a header (RFC 9110, `tchar`).
const fn is_header_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        )
}

/// `per_minute(30)`, as in a workflow's `with { rate: … }`.
fn rate(reading: &mut Reading<'_>, field: Field<'_>) -> Option<Rate> {
    const WANTED: &str = "a rate such as `per_minute(30)`";
    let scalar = reading.scalar(field, WANTED)?;
    let found = parse_rate(&scalar.text);
    if found.is_none() {
        reading.unfit(field, WANTED, &scalar);
    }
    found
}

fn parse_rate(text: &str) -> Option<Rate> {
    let (word, count) = text.trim().strip_suffix(')')?.split_once('(')?;
    let (_, per_ms) = RATES.into_iter().find(|(name, _)| *name == word.trim())?;
    let count = count.trim().parse().ok().filter(|count| (1..=1_000_000).contains(count))?;
    Some(Rate { count, per_ms })
}

/// A proxy that may be missing or empty; the outer `None` means that a finding was made.
#[allow(clippy::option_option, reason = "a setting is wrong, missing or given: three cases")]
fn proxy(reading: &mut Reading<'_>, map: &Mapping) -> Option<Option<super::secret::Url>> {
    let Some(field) = field(map, "proxy") else { return Some(None) };
    // `${HTTPS_PROXY:-}` is none where the variable is not set.
    if reading.text(field)?.is_empty() { Some(None) } else { reading.url(field, WEB).map(Some) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_as_in_a_workflow() {
        let of = |text: &str| parse_rate(text).map(|rate| (rate.count, rate.per_ms));
        assert_eq!(of("per_minute(30)"), Some((30, 60_000)));
        assert_eq!(of(" per_second( 5 ) "), Some((5, 1_000)));
        assert_eq!(of("per_hour(100)"), Some((100, 3_600_000)));
        for text in
            ["", "30", "30/min", "per_minute", "per_minute(0)", "per_minute(-1)", "per_minute(1.5)", "per_day(1)"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
