//! Reading what a source answered.

use std::sync::Arc;

use serde_json::Value as Json;

use crate::connection::HttpResponse;
use crate::primitive::record::record;
use crate::value::{ErrorKind, StepError};

record! {
    /// What a source answered.
    pub(super) struct Answered {
        /// The status, 200 to 299.
        status: i64,
        /// The body as JSON; null when the body is empty.
        json: Arc<Json>,
        /// The body as text.
        text: Arc<str>,
    }
}

/// Reads an answer. A body that is not JSON fails the call: had `json` been empty instead, a page
/// of a proxy or a cut answer would read as "no data".
pub(super) fn read(path: &str, response: HttpResponse) -> Result<Answered, StepError> {
    let kind = response.content_type.as_deref();
    let text = String::from_utf8(response.body).map_err(|error| no_json(path, kind, &error.into_bytes()))?;
    // Some servers of Windows begin with a mark that JSON does not know.
    let json = match text.trim_start_matches('\u{feff}').trim() {
        "" => Json::Null,
        body => serde_json::from_str(body).map_err(|error| unreadable(path, kind, body, &error))?,
    };
    Ok(Answered { status: response.status.into(), json: Arc::new(json), text: text.into() })
}

fn unreadable(path: &str, kind: Option<&str>, body: &str, error: &serde_json::Error) -> StepError {
    if !body.starts_with(['{', '[']) {
        return no_json(path, kind, body.as_bytes());
    }
    if error.is_eof() {
        let message =
            format!("the answer to `{path}` is cut off: its JSON ends in the middle, after {} bytes", body.len());
        return StepError::transient(ErrorKind::Connection, message);
    }
    StepError::new(ErrorKind::Data, format!("the answer to `{path}` is broken JSON: {error}"))
        .help("the source is at fault; look at what it answers with curl")
}

/// How much of an unreadable body to quote, in characters.
const QUOTED: usize = 80;

fn no_json(path: &str, kind: Option<&str>, body: &[u8]) -> StepError {
    let begin = String::from_utf8_lossy(body.get(..QUOTED * 4).unwrap_or(body));
    let quoted: String = begin.chars().take(QUOTED).collect();
    let more = if quoted.len() < body.len() { "…" } else { "" };
    let but = kind.filter(|kind| !kind.contains("json")).map(|kind| format!(" but `{kind}`")).unwrap_or_default();
    StepError::new(ErrorKind::Data, format!("the answer to `{path}` is not JSON{but}; it begins {quoted:?}{more}"))
        .help("check the path; an address that exists and answers with a page is often a proxy's or a log-in")
}

/// A write was answered with 2xx: it happened, and nobody repeats it because its answer cannot be read.
pub(super) fn of_write(error: StepError) -> StepError {
    let (kind, retryable) = (ErrorKind::Data, false);
    StepError { kind, retryable, ..error }.help("the source took the request; only its answer cannot be read")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(body: &str) -> Result<Answered, StepError> {
        of_kind(None, body.as_bytes())
    }

    fn of_kind(kind: Option<&str>, body: &[u8]) -> Result<Answered, StepError> {
        let content_type = kind.map(str::to_owned);
        read("/api", HttpResponse { status: 200, content_type, next: None, body: body.to_vec() })
    }

    #[test]
    fn a_body_that_is_not_json_is_a_failure_and_an_empty_one_is_null() {
        assert_eq!(*answer(r#"[{"a":1}]"#).unwrap().json, serde_json::json!([{ "a": 1 }]));
        assert_eq!(*answer("\u{feff}[1]").unwrap().json, serde_json::json!([1]));
        assert_eq!(*answer(" \n").unwrap().json, Json::Null);
        let error = answer("<html>\nlog in").unwrap_err();
        assert_eq!(error.message, "the answer to `/api` is not JSON; it begins \"<html>\\nlog in\"");
        let error = of_kind(Some("text/html"), b"<html>").unwrap_err();
        assert_eq!(error.message, "the answer to `/api` is not JSON but `text/html`; it begins \"<html>\"");
        assert!(of_kind(Some("application/problem+json"), &[0xff; 1000]).unwrap_err().message.contains("not JSON;"));
    }

    #[test]
    fn a_cut_answer_may_be_whole_the_next_time_and_a_broken_one_not() {
        let cut = answer(r#"[{"a":1}"#).unwrap_err();
        assert_eq!(cut.message, "the answer to `/api` is cut off: its JSON ends in the middle, after 8 bytes");
        assert_eq!((cut.kind, cut.retryable), (ErrorKind::Connection, true));
        let broken = answer(r#"[{"a":1,}]"#).unwrap_err();
        assert_eq!(broken.message, "the answer to `/api` is broken JSON: trailing comma at line 1 column 9");
        assert_eq!((broken.kind, broken.retryable), (ErrorKind::Data, false));
        assert!(!answer(&"[".repeat(100_000)).unwrap_err().retryable, "too deep, which no retry makes less deep");
        assert!(!of_write(cut).retryable);
    }
}
