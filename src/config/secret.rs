//! Values that are never shown.

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A secret. Printing it in any way gives `•••`; only [`Secret::expose`] gives it away.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Arc<str>);

impl Secret {
    /// Wraps a secret.
    pub fn new(secret: impl Into<Arc<str>>) -> Self {
        Self(secret.into())
    }

    /// The secret itself, for the one who sends it to where it belongs.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("•••")
    }
}

/// A URL, shown without the password it may carry.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Url(Arc<str>);

impl Url {
    /// Wraps a URL that has been checked.
    pub fn new(url: impl Into<Arc<str>>) -> Self {
        Self(url.into())
    }

    /// The URL with its password, for the one who connects.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// The password in it, as written: still percent-encoded.
    pub fn password(&self) -> Option<&str> {
        password_range(&self.0).and_then(|range| self.0.get(range))
    }

    /// The user and the password in it, without escapes.
    pub(super) fn login(&self) -> Option<(String, String)> {
        let range = password_range(&self.0)?;
        let before = self.0.get(..range.start)?.strip_suffix(':')?;
        let user = before.rsplit_once("://").map_or(before, |(_, user)| user);
        Some((percent_decode(user), percent_decode(self.0.get(range)?)))
    }

    /// The host it leads to, without brackets; empty when it names none.
    pub fn host(&self) -> &str {
        let authority = authority_range(&self.0).and_then(|range| self.0.get(range)).unwrap_or_default();
        let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
        match host.strip_prefix('[').and_then(|host| host.split_once(']')) {
            Some((host, _)) => host,
            None => host.split(':').next().unwrap_or_default(),
        }
    }
}

/// Where the password of a URL stands in it, if it carries one.
pub(super) fn password_range(url: &str) -> Option<std::ops::Range<usize>> {
    let range = authority_range(url)?;
    let authority = url.get(range.clone())?;
    let (user_info, _) = authority.rsplit_once('@')?;
    let (user, password) = user_info.split_once(':')?;
    let start = range.start + user.len() + 1;
    (!password.is_empty()).then(|| start..start + password.len())
}

/// `text` with `%XX` put back; what is no escape stays.
pub(super) fn percent_decode(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What `Authorization: Basic …` carries, as a server may tell it back.
pub(super) fn basic(user: &str, password: &str) -> String {
    STANDARD.encode(format!("{user}:{password}"))
}

fn authority_range(url: &str) -> Option<std::ops::Range<usize>> {
    let start = url.find("://")? + 3;
    let length = url.get(start..)?.find(['/', '?', '#']).unwrap_or(url.len() - start);
    Some(start..start + length)
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match password_range(&self.0) {
            Some(range) => {
                let before = self.0.get(..range.start).unwrap_or_default();
                write!(f, "{before}•••{}", self.0.get(range.end..).unwrap_or_default())
            }
            None => f.write_str(&self.0),
        }
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// Whether `host` is this machine.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost")
        || host.starts_with('/')
        || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_do_not_print() {
        let secret = Secret::new("hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "••• •••");
        assert_eq!(secret.expose(), "hunter2");
    }

    #[test]
    fn a_url_prints_without_its_password() {
        let cases = [
            ("postgres://u:hunter2@db:5432/x?a=b:c@d", "postgres://u:•••@db:5432/x?a=b:c@d", Some("hunter2"), "db"),
            ("https://u:p@ss@h/", "https://u:•••@h/", Some("p@ss"), "h"),
            ("http://[::1]:80/a", "http://[::1]:80/a", None, "::1"),
            ("http://u@h", "http://u@h", None, "h"),
            ("nonsense", "nonsense", None, ""),
        ];
        for (given, shown, password, host) in cases {
            let url = Url::new(given);
            assert_eq!(format!("{url:?}"), shown);
            assert_eq!((url.password(), url.host()), (password, host), "{given}");
        }
    }

    #[test]
    fn credentials_are_known_as_they_are_sent() {
        let login = |url: &str| Url::new(url).login().map(|(user, password)| basic(&user, &password));
        assert_eq!(login("http://user:url-hunter3@h/").as_deref(), Some("dXNlcjp1cmwtaHVudGVyMw=="));
        assert_eq!(login("http://a:p%40ss@h").as_deref(), Some("YTpwQHNz"));
        assert_eq!(login("http://ab:pass@h").as_deref(), Some("YWI6cGFzcw=="));
        assert_eq!((login("http://user@h"), login("http://h")), (None, None));
    }

    #[test]
    fn escapes_are_put_back() {
        for (given, expected) in [("p%40ss", "p@ss"), ("%C3%A9%", "é%"), ("%zz%4", "%zz%4"), ("é%41", "éA")] {
            assert_eq!(percent_decode(given), expected);
        }
    }

    #[test]
    fn this_machine_has_several_names() {
        for host in ["localhost", "127.0.0.1", "127.9.9.9", "::1", "/var/run/postgresql"] {
            assert!(is_loopback(host), "{host}");
        }
        assert!(!is_loopback("db.example.com") && !is_loopback("10.0.0.1") && !is_loopback(""));
    }
}
