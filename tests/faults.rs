//! What the predecessors hid: no failure looks like success, or like "no data".

mod committed;
mod down;
mod interrupted;
mod killed;
mod refused;

use serde_json::Value as Json;

/// A port that nobody listens on.
const NOBODY: &str = "127.0.0.1:9";

/// Asserts the family and the words of a run's error.
fn assert_error(result: &Json, kind: &str, words: &[&str]) {
    assert_eq!(result["error"]["kind"], kind, "{:#}", result["error"]);
    let message = result["error"]["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "`{message}` does not hold `{word}`");
    }
    let sentence = result["message"].as_str().unwrap();
    assert!(sentence.contains(message), "`{sentence}` does not tell why");
}
