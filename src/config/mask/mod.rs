//! What is shown of sensitive values.
//!
//! [`mask_json`] masks by key, wherever configuration or parameters are shown. A [`Redactor`]
//! masks by value, wherever a secret could have got into a text: logs, errors, results.

mod redact;

use serde_json::Value;

pub use redact::Redactor;

/// A key that contains one of these, in any case, is sensitive.
const WORDS: [&str; 28] = [
    "password",
    "passwd",
    "pwd",
    "token",
    "key",
    "secret",
    "auth",
    "credential",
    "cred",
    "api_key",
    "apikey",
    "access_key",
    "private_key",
    "privatekey",
    "session",
    "sessionid",
    "bearer",
    "authorization",
    "jwt",
    "oauth",
    "refresh_token",
    "client_secret",
    "client_id",
    "encryption_key",
    "decryption_key",
    "salt",
    "hash",
    "checksum",
];

/// The words that make a key sensitive.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MaskWords {
    extra: Vec<String>,
}

impl MaskWords {
    /// The built-in words and those of a project (`mask: [iban]`). Empty ones count for nothing.
    pub fn with(extra: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let extra = extra.into_iter().map(|word| word.as_ref().trim().to_lowercase());
        Self { extra: extra.filter(|word| !word.is_empty()).collect() }
    }

    /// Whether values under `key` are to be masked.
    pub fn is_sensitive(&self, key: &str) -> bool {
        let key = key.to_lowercase();
        WORDS.iter().any(|word| key.contains(word)) || self.extra.iter().any(|word| key.contains(word.as_str()))
    }
}

/// `value` with everything under sensitive keys masked, lists and maps throughout.
#[must_use]
pub fn mask_json(value: &Value, words: &MaskWords) -> Value {
    match value {
        Value::Object(entries) => {
            let masked = entries.iter().map(|(key, value)| {
                let shown = if words.is_sensitive(key) { mask_all(value) } else { mask_json(value, words) };
                (key.clone(), shown)
            });
            Value::Object(masked.collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| mask_json(item, words)).collect()),
        other => other.clone(),
    }
}

/// `value` with every scalar in it masked.
#[must_use]
pub fn mask_all(value: &Value) -> Value {
    match value {
        Value::Object(entries) => Value::Object(entries.iter().map(|(key, v)| (key.clone(), mask_all(v))).collect()),
        Value::Array(items) => Value::Array(items.iter().map(mask_all).collect()),
        Value::String(text) => Value::String(mask_text(text)),
        Value::Bool(_) => Value::from("<bool>"),
        Value::Null => Value::from("<null>"),
        Value::Number(number) if number.is_f64() => Value::from("<float>"),
        Value::Number(_) => Value::from("<int>"),
    }
}

/// A text of four characters or fewer as that many stars; a longer one keeps its first and last two.
#[must_use]
pub fn mask_text(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let stars = |count| "*".repeat(count);
    match letters.as_slice() {
        [a, b, middle @ .., y, z] if !middle.is_empty() => format!("{a}{b}{}{y}{z}", stars(middle.len())),
        all => stars(all.len()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn texts_keep_two_characters_at_each_end() {
        let cases = [
            ("secret123", "se*****23"),
            ("", ""),
            ("a", "*"),
            ("abcd", "****"),
            ("abcde", "ab*de"),
            ("éèàçù", "éè*çù"),
            ("日本", "**"),
        ];
        for (given, expected) in cases {
            assert_eq!(mask_text(given), expected, "{given}");
        }
    }

    #[test]
    fn a_key_is_sensitive_when_it_contains_a_word() {
        let words = MaskWords::with(["IBAN", " "]);
        for key in ["password", "DB_PASSWORD", "X-Api-Key", "Authorization", "client_id", "ibanOfCustomer", "sessionId"]
        {
            assert!(words.is_sensitive(key), "{key}");
        }
        for key in ["host", "database", "url", "pool", "user", ""] {
            assert!(!words.is_sensitive(key), "{key}");
        }
        assert!(!MaskWords::default().is_sensitive("iban"));
    }

    #[test]
    fn maps_and_lists_under_a_sensitive_key_are_masked_throughout() {
        let given = json!({
            "host": "db", "port": 5432,
            "password": "secret123",
            "auth": { "user": "alice", "n": 1, "f": 1.5, "b": true, "z": null, "list": ["abc", 7] },
            "deep": [{ "token": 12 }, "plain"],
        });
        let expected = json!({
            "host": "db", "port": 5432,
            "password": "se*****23",
            "auth": { "user": "al*ce", "n": "<int>", "f": "<float>", "b": "<bool>", "z": "<null>", "list": ["***", "<int>"] },
            "deep": [{ "token": "<int>" }, "plain"],
        });
        assert_eq!(mask_json(&given, &MaskWords::default()), expected);
    }
}
