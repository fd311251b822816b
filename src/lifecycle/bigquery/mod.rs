//! Rows in BigQuery's `event_log`, by `tabledata.insertAll`.

mod token;

use std::path::PathBuf;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use reqwest::Url;
use serde::Deserialize;
use serde_json::{Map, Value as Json, json};

use self::token::Tokens;
use super::endpoint::{Endpoint, TIMEOUT_MS};
use super::sink::{Refused, Sink, Undelivered};
use super::told::{Told, What, shown};
use crate::connection::Clock;
use crate::connection::transport::Authorization;
use crate::value::StepError;

/// Where Google's own service is.
const SERVICE: &str = "https://bigquery.googleapis.com";

/// A table that events become rows of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BigQueryOptions {
    /// Its project.
    pub project: Arc<str>,
    /// Its dataset.
    pub dataset: Arc<str>,
    /// Its name.
    pub table: Arc<str>,
    /// Another service than Google's own.
    pub endpoint: Option<String>,
    /// What stands in the column `source_system`; the job's name if nothing is given.
    pub source_system: Option<Arc<str>>,
    /// What proves who is telling.
    pub credentials: Credentials,
}

/// Where access tokens come from. Its `Debug` shows no secret.
#[derive(Clone, PartialEq, Eq)]
pub enum Credentials {
    /// None are wanted, as an emulator does.
    None,
    /// This one.
    Token(Arc<str>),
    /// The key of a service account, in the JSON file that Google gives out.
    ServiceAccount(PathBuf),
    /// The machine's own, from the metadata server at this address or at Google's.
    Metadata(Option<String>),
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Token(_) => "Token(•••)",
            Self::ServiceAccount(_) => "ServiceAccount(…)",
            Self::Metadata(_) => "Metadata",
        })
    }
}

pub(super) struct BigQuerySink {
    name: Arc<str>,
    endpoint: Endpoint,
    url: Url,
    source_system: Option<Arc<str>>,
    tokens: Tokens,
}

impl BigQuerySink {
    pub(super) fn new(name: Arc<str>, options: &BigQueryOptions, clock: Arc<dyn Clock>) -> Result<Self, StepError> {
        let service = options.endpoint.as_deref().unwrap_or(SERVICE);
        let endpoint = Endpoint::new("BigQuery", service, Authorization::None, Vec::new(), TIMEOUT_MS)?;
        let endpoint = match &options.credentials {
            Credentials::Token(token) => endpoint.hiding(token),
            _ => endpoint,
        };
        let mut url = endpoint.at("bigquery/v2");
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend([
                "projects",
                &options.project,
                "datasets",
                &options.dataset,
                "tables",
                &options.table,
                "insertAll",
            ]);
        }
        let tokens = Tokens::new(&options.credentials, clock)?;
        Ok(Self { name, endpoint, url, source_system: options.source_system.clone(), tokens })
    }

    async fn insert(&self, events: &[Told]) -> Result<Vec<Refused>, Undelivered> {
        let rows: Vec<Json> = events
            .iter()
            .map(|told| json!({ "insertId": told.id, "json": row(told, self.source_system.as_deref()) }))
            .collect();
        let body = json!({
            "kind": "bigquery#tableDataInsertAllRequest", "skipInvalidRows": true, "ignoreUnknownValues": false, "rows": rows,
        });
        let request = self.endpoint.post(self.url.clone()).json(&body);
        let request = match self.tokens.get().await? {
            Some(token) => request.bearer_auth(&*token),
            None => request,
        };
        let answer = self.endpoint.ask(request).await;
        if matches!(&answer, Err(Undelivered::Later { .. })) {
            // It may have been the token, which may have been taken back.
            self.tokens.forget().await;
        }
        let answer: InsertAll = serde_json::from_slice(&answer?).map_err(|error| {
            self.endpoint.senseless(&format!("what it answered is no answer to `insertAll`: {error}"))
        })?;
        refused(answer)
    }
}

#[derive(Deserialize)]
struct InsertAll {
    kind: String,
    #[serde(default, rename = "insertErrors")]
    insert_errors: Vec<RowErrors>,
}

#[derive(Deserialize)]
struct RowErrors {
    #[serde(default)]
    index: usize,
    #[serde(default)]
    errors: Vec<RowError>,
}

#[derive(Deserialize)]
struct RowError {
    #[serde(default)]
    reason: String,
    #[serde(default)]
    location: String,
    #[serde(default)]
    message: String,
}

impl RowError {
    fn shown(&self) -> String {
        let place = if self.location.is_empty() { String::new() } else { format!(" in `{}`", self.location) };
        format!("{}{place}: {}", self.reason, self.message)
    }
}

/// The rows that were not taken, although the answer is 200. What is wrong with a row stays wrong; any other reason
/// sends the whole batch again, of which the service drops what it has by `insertId`.
fn refused(answer: InsertAll) -> Result<Vec<Refused>, Undelivered> {
    if answer.kind != "bigquery#tableDataInsertAllResponse" {
        let why = format!("BigQuery answered with `{}`, not with rows inserted", answer.kind);
        return Err(Undelivered::Later { why, after_ms: None });
    }
    let mut refused = Vec::new();
    for row in answer.insert_errors {
        let why: Vec<String> = row.errors.iter().map(RowError::shown).collect();
        let why = format!("BigQuery refused a row: {}", why.join("; "));
        let is_wrong = row.errors.iter().any(|error| error.reason == "invalid");
        if !is_wrong {
            return Err(Undelivered::Later { why, after_ms: None });
        }
        refused.push(Refused { index: row.index, why });
    }
    Ok(refused)
}

/// The columns of `event_log`; those without a value are left out.
fn row(told: &Told, source_system: Option<&str>) -> Map<String, Json> {
    let (event_type, error) = match &told.what {
        What::RunStarted { .. } => ("job.started", None),
        What::RunEnded { status, error, message, .. } if status.is_failure() => {
            ("job.failed", Some(error.as_ref().map_or(message, |error| &error.message)))
        }
        What::RunEnded { .. } => ("job.completed", None),
        What::StepEnded { status, error, .. } if status.is_failure() => {
            ("step.failed", error.as_ref().map(|error| &error.message))
        }
        What::StepEnded { .. } => ("step.completed", None),
    };
    let is_failed = event_type.ends_with("failed");
    let mut row = Map::new();
    let mut put = |column: &str, value: &str| row.insert(column.to_owned(), Json::from(value));
    put("event_id", &told.id);
    put("event_type", event_type);
    put("source_system", source_system.unwrap_or(told.run.name()));
    put("correlation_id", &told.run.id);
    put("created_at", &shown(told.at));
    put("status", if is_failed { "failed" } else { "success" });
    if let Some(error) = error {
        put("error_message", error);
    }
    if let Some(trace) = told.run.traceparent.as_deref().and_then(|parent| parent.split('-').nth(1)) {
        put("trace_id", trace);
    }
    // The column is JSON, which `insertAll` takes as a text.
    put("payload", &payload(told).to_string());
    row
}

fn payload(told: &Told) -> Json {
    let mut payload = serde_json::to_value(&told.what).unwrap_or_default();
    if let Json::Object(members) = &mut payload {
        members.shift_remove("event");
        members.insert("workflow".to_owned(), told.run.workflow.clone().into());
        members.insert("environment".to_owned(), told.run.environment.clone().into());
        members.extend(told.duration_ms().map(|ms| ("duration_ms".to_owned(), ms.into())));
    }
    payload
}

impl Sink for BigQuerySink {
    fn name(&self) -> &str {
        &self.name
    }

    fn wants(&self, told: &Told) -> bool {
        !matches!(told.what, What::StepEnded { .. })
    }

    fn tell<'a>(&'a self, events: &'a [Told]) -> BoxFuture<'a, Result<Vec<Refused>, Undelivered>> {
        Box::pin(self.insert(events))
    }
}

#[cfg(test)]
mod tests {
    use super::super::told::EndStatus;
    use super::super::told::tests::{ended, started};
    use super::*;

    #[test]
    fn rows_have_the_columns_of_the_log() {
        let row = row(&started(), None);
        let columns: Vec<&str> = row.keys().map(String::as_str).collect();
        let wanted = ["event_id", "event_type", "source_system", "correlation_id", "created_at", "status", "payload"];
        assert_eq!(columns, wanted);
        assert_eq!(
            (&row["event_type"], &row["source_system"]),
            (&json!("job.started"), &json!("update bytemark, tickets"))
        );
        let failed = super::row(&ended(EndStatus::Failed), Some("warehouse"));
        assert_eq!((&failed["event_type"], &failed["status"]), (&json!("job.failed"), &json!("failed")));
        assert_eq!((&failed["error_message"], &failed["source_system"]), (&json!("it\nbroke"), &json!("warehouse")));
        let payload: Json = serde_json::from_str(failed["payload"].as_str().unwrap()).unwrap();
        assert_eq!((&payload["duration_ms"], &payload["counters"]["items_created"]), (&json!(412), &json!(12)));
    }

    #[test]
    fn an_answer_of_200_may_refuse_rows() {
        let answer = |text: &str| refused(serde_json::from_str(text).unwrap());
        let kind = r#""kind":"bigquery#tableDataInsertAllResponse""#;
        assert_eq!(answer(&format!("{{{kind}}}")), Ok(Vec::new()));
        let invalid = format!(
            r#"{{{kind},"insertErrors":[{{"index":1,"errors":[{{"reason":"invalid","location":"status","message":"no such field"}}]}}]}}"#
        );
        let why = "BigQuery refused a row: invalid in `status`: no such field".to_owned();
        assert_eq!(answer(&invalid), Ok(vec![Refused { index: 1, why }]));
        let busy = invalid.replace("invalid", "backendError");
        assert!(matches!(answer(&busy), Err(Undelivered::Later { .. })));
        assert!(matches!(answer(r#"{"kind":"login page"}"#), Err(Undelivered::Later { .. })));
    }
}
