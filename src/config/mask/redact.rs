//! Taking known secrets out of a text.

use std::borrow::Cow;
use std::fmt::Write as _;

use regex::Regex;
use serde_json::Value;

/// What stands where a secret stood.
const MASK: &str = "•••";

/// A secret shorter than this many characters is left alone: replacing it would tear ordinary words apart.
const SHORTEST: usize = 4;

/// The most bytes of secrets that go into one pattern; building it takes time and memory.
const LARGEST_PATTERN: usize = 64 * 1024;

/// Replaces secrets by `•••` wherever they turn up, also in the encodings of URLs, forms and JSON.
#[derive(Clone, Default)]
pub struct Redactor {
    /// All secrets as one alternation, the longest first; the engine runs in time linear in the text.
    pattern: Option<Regex>,
    /// The secrets one by one, for when there are too many for one pattern.
    singly: Vec<String>,
}

impl Redactor {
    /// A redactor of these secrets.
    pub fn new(secrets: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut forms: Vec<String> = secrets.into_iter().flat_map(|secret| forms(secret.as_ref())).collect();
        forms.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        forms.dedup();
        if forms.is_empty() {
            return Self::default();
        }
        let is_small = forms.iter().map(String::len).sum::<usize>() <= LARGEST_PATTERN;
        let alternatives = || forms.iter().map(|form| regex::escape(form)).collect::<Vec<_>>().join("|");
        match is_small.then(|| Regex::new(&alternatives())) {
            Some(Ok(pattern)) => Self { pattern: Some(pattern), singly: Vec::new() },
            _ => Self { pattern: None, singly: forms },
        }
    }

    /// `text` without the secrets; borrowed when it holds none.
    pub fn redact<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if let Some(pattern) = &self.pattern {
            return pattern.replace_all(text, MASK);
        }
        let replace = |text: Cow<'t, str>, secret: &String| {
            if text.contains(secret.as_str()) { Cow::Owned(text.replace(secret.as_str(), MASK)) } else { text }
        };
        self.singly.iter().fold(Cow::Borrowed(text), replace)
    }

    /// `value` with the secrets taken out of every text in it, keys included.
    #[must_use]
    pub fn redact_json(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.redact(text).into_owned()),
            Value::Array(items) => Value::Array(items.iter().map(|item| self.redact_json(item)).collect()),
            Value::Object(entries) => {
                let redact = |(key, value): (&String, &Value)| (self.redact(key).into_owned(), self.redact_json(value));
                Value::Object(entries.iter().map(redact).collect())
            }
            other => other.clone(),
        }
    }
}

/// Says nothing about what it hides.
impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor(•••)")
    }
}

/// The spellings under which a secret turns up.
fn forms(secret: &str) -> Vec<String> {
    if secret.chars().count() < SHORTEST {
        return Vec::new();
    }
    let url = percent_encode(secret);
    let json = Value::from(secret).to_string();
    let json = json.get(1..json.len().saturating_sub(1)).unwrap_or_default().to_owned();
    let mut forms = vec![url.replace("%20", "+"), lower_case_escapes(&url), url, json, secret.to_owned()];
    forms.retain(|form| form.chars().count() >= SHORTEST);
    forms
}

/// Every byte but the unreserved ones as `%XX`, as in the user information of a URL and in its query.
fn percent_encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

/// `%2F` as `%2f`; letters that stand for themselves stay.
fn lower_case_escapes(encoded: &str) -> String {
    let mut left = 0_u8;
    let lower = encoded.chars().map(|letter| {
        let is_digit = left > 0;
        left = if letter == '%' { 2 } else { left.saturating_sub(1) };
        if is_digit { letter.to_ascii_lowercase() } else { letter }
    });
    lower.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_longest_secret_wins_and_short_ones_are_left_alone() {
        let redactor = Redactor::new(["hunter2", "hunter2-extended", "abc", ""]);
        assert_eq!(redactor.redact("a hunter2-extended b hunter2, abc"), "a ••• b •••, abc");
        assert!(matches!(redactor.redact("nothing here"), Cow::Borrowed(_)));
        assert_eq!(Redactor::default().redact("hunter2"), "hunter2");
    }

    #[test]
    fn encoded_spellings_are_found() {
        let redactor = Redactor::new(["p@ss w\"rd/é"]);
        for text in ["p@ss w\"rd/é", "p%40ss%20w%22rd%2F%C3%A9", "p%40ss+w%22rd%2F%C3%A9", "p%40ss%20w%22rd%2f%c3%a9"]
        {
            assert_eq!(redactor.redact(text), "•••", "{text}");
        }
        assert_eq!(redactor.redact(r#"{"a":"p@ss w\"rd/é"}"#), r#"{"a":"•••"}"#);
    }

    #[test]
    fn json_is_redacted_in_keys_and_values() {
        let redactor = Redactor::new(["hunter2"]);
        let given = json!({ "hunter2": ["x hunter2", 1, null], "b": { "c": "hunter2" } });
        assert_eq!(redactor.redact_json(&given), json!({ "•••": ["x •••", 1, null], "b": { "c": "•••" } }));
    }

    #[test]
    fn regex_signs_in_a_secret_mean_nothing() {
        assert_eq!(Redactor::new([".*[a"]).redact("x.*[ay and others"), "x•••y and others");
    }

    #[test]
    fn very_many_secrets_still_go() {
        let secrets: Vec<String> = (0..300).map(|n| format!("{n:04}").repeat(5_000)).collect();
        let text = format!("a{}b", secrets[7]);
        assert_eq!(Redactor::new(&secrets).redact(&text), "a•••b");
    }
}
