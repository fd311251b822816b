//! HTTP sources: JSON in and out.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::record::record;
use super::refined::HttpPath;
use super::{Context, Effect, Effectful, Example, Form, Known, Primitive, Spec, args};
use crate::connection::{HttpRequest, HttpResponse};
use crate::value::{ErrorKind, HttpConnection, Labels, Sequence, StepError, T, Type, U, Value, to_json};

pub(super) static SPECS: &[Spec] = &[Spec::effectful::<Get>(), Spec::effectful::<Post>()];

record! {
    /// What a source answered.
    struct Answered {
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
fn read(path: &str, response: HttpResponse) -> Result<Answered, StepError> {
    let text = String::from_utf8(response.body).map_err(|error| no_json(path, &error.into_bytes()))?;
    let json = match text.trim() {
        "" => Json::Null,
        body => serde_json::from_str(body).map_err(|_| no_json(path, text.as_bytes()))?,
    };
    Ok(Answered { status: response.status.into(), json: Arc::new(json), text: text.into() })
}

/// How much of an unreadable body to quote, in characters.
const QUOTED: usize = 80;

fn no_json(path: &str, body: &[u8]) -> StepError {
    let begin = String::from_utf8_lossy(body.get(..QUOTED * 4).unwrap_or(body));
    let quoted: String = begin.chars().take(QUOTED).collect();
    let more = if quoted.len() < body.len() { "…" } else { "" };
    StepError::new(ErrorKind::Data, format!("the answer to `{path}` is not JSON; it begins {quoted:?}{more}"))
        .help("check the path; an address that exists and answers with a page is often a proxy's or a log-in")
}

/// The pairs of a query string: a list gives a pair for each item, `none` is left out.
fn query_pairs(query: Option<&Value>) -> Result<Vec<(Arc<str>, String)>, StepError> {
    let mut pairs = Vec::new();
    match query {
        None | Some(Value::None) => {}
        Some(Value::Record(record)) => {
            for (name, value) in record.fields() {
                add_pairs(&mut pairs, name, value)?;
            }
        }
        Some(Value::Map(map)) => {
            for (name, value) in map.iter() {
                let name = name.as_text().ok_or_else(|| no_query(name.kind()))?;
                add_pairs(&mut pairs, name, value)?;
            }
        }
        Some(other) => return Err(no_query(other.kind())),
    }
    Ok(pairs)
}

fn no_query(found: &str) -> StepError {
    StepError::new(ErrorKind::Data, format!("`query` wants a record such as `{{ page: 1 }}`, found `{found}`"))
}

fn add_pairs(pairs: &mut Vec<(Arc<str>, String)>, name: &Arc<str>, value: &Value) -> Result<(), StepError> {
    match (value, Sequence::of(value)) {
        (Value::None, _) => {}
        (_, Some(items)) => {
            for item in items.iter() {
                pairs.push((name.clone(), scalar(name, &item)?));
            }
        }
        _ => pairs.push((name.clone(), scalar(name, value)?)),
    }
    Ok(())
}

/// A scalar as a source reads it: dates and instants as ISO 8601, numbers as they print.
fn scalar(name: &str, value: &Value) -> Result<String, StepError> {
    match value {
        Value::Bool(_)
        | Value::Int(_)
        | Value::Float(_)
        | Value::Decimal(_)
        | Value::Text(_)
        | Value::Url(_)
        | Value::Date(_)
        | Value::Time(_)
        | Value::Timestamp(_) => Ok(value.to_string()),
        other => Err(StepError::new(ErrorKind::Data, format!("`query`: `{name}` cannot be a `{}`", other.kind()))
            .help("a query string holds texts, numbers, dates and lists of them; a secret belongs into the connection's headers")),
    }
}

/// Whether a query can be sent, as far as its type tells.
fn check_query(call: &Known<'_>, at: usize) -> Option<Result<Type, String>> {
    let query = call.types.get(at)?.as_ref()?.required();
    let odd = |name: &str, ty: &Type| Some(Err(format!("`query`: `{name}` cannot be a `{ty}`")));
    match &query {
        Type::Record(record) => {
            record.fields.iter().find(|field| !is_sendable(&field.ty)).and_then(|field| odd(&field.name, &field.ty))
        }
        Type::Map(key, _) if !key.is_text() && !key.is_unknown() => odd("a key", key),
        Type::Map(_, value) if !is_sendable(value) => odd("a value", value),
        Type::Map(..) | Type::Any | Type::Error | Type::None => None,
        other => Some(Err(format!("`query` wants a record such as `{{ page: 1 }}`, found `{other}`"))),
    }
}

fn is_sendable(ty: &Type) -> bool {
    match ty {
        Type::Optional(inner) | Type::List(inner) => is_sendable(inner),
        Type::Bool | Type::Int | Type::Float | Type::Decimal | Type::Date | Type::Time | Type::Timestamp => true,
        other => other.is_text() || other.is_unknown() || matches!(other, Type::Url | Type::None),
    }
}

async fn send(context: &Context, connection: &str, request: HttpRequest) -> Result<Answered, StepError> {
    let response = context.http(connection)?.send(&request).await?;
    read(&request.path, response)
}

struct Get;
args! {
    struct GetArgs {
        /// The source.
        connection: HttpConnection,
        /// The path below the source's base URL, such as `/api/items`.
        path: HttpPath,
        /// The query string, as a record or map: dates in ISO 8601, a list as repeated arguments, `none` left out.
        query: Option<T>,
        /// Further headers; secrets belong into the connection's.
        headers: Labels = Labels::default(),
    }
}
impl Primitive for Get {
    type Args = GetArgs;
    type Output = Answered;
    const NAME: &'static str = "http.get";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "Asks a source; any status but 200 to 299, and a body that is not JSON, is a failure.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"api.get("/api/items", query: { day: 2025-01-31, page: 1 }).json"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_query(&call, 2)
    }
}
impl Effectful for Get {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: GetArgs, context: &Context) -> BoxFuture<'_, Result<Answered, StepError>> {
        Box::pin(async move {
            let query = query_pairs(args.query.as_ref().map(|query| &query.0))?;
            let request = HttpRequest { method: "GET", path: args.path.0, query, headers: args.headers, json: None };
            send(context, &args.connection.0, request).await
        })
    }
}

struct Post;
args! {
    struct PostArgs {
        /// The source.
        connection: HttpConnection,
        /// The path below the source's base URL, such as `/api/items`.
        path: HttpPath,
        /// What to send, as JSON: dates and instants in ISO 8601, decimals as texts.
        json: T,
        /// The query string, as a record or map: dates in ISO 8601, a list as repeated arguments, `none` left out.
        query: Option<U>,
        /// Further headers; secrets belong into the connection's.
        headers: Labels = Labels::default(),
    }
}
impl Primitive for Post {
    type Args = PostArgs;
    type Output = Answered;
    const NAME: &'static str = "http.post";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "Sends JSON to a source; any status but 200 to 299, and a body that is neither empty nor JSON, is a failure.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"api.post("/hooks/metrics", json: { text: "done" })"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_query(&call, 3)
    }
}
impl Effectful for Post {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = false;
    fn run(args: PostArgs, context: &Context) -> BoxFuture<'_, Result<Answered, StepError>> {
        Box::pin(async move {
            let query = query_pairs(args.query.as_ref().map(|query| &query.0))?;
            let json = Some(body(&args.json.0)?);
            let request = HttpRequest { method: "POST", path: args.path.0, query, headers: args.headers, json };
            send(context, &args.connection.0, request).await
        })
    }
}

/// A value as a body. A secret would go out as dots, which no receiver wants.
fn body(value: &Value) -> Result<Json, StepError> {
    if holds_secret(value) {
        return Err(StepError::new(ErrorKind::Data, "`json` holds a `secret`, which is never sent in a body")
            .help("put it into the connection's headers in vmflow.yaml"));
    }
    Ok(to_json(value))
}

fn holds_secret(value: &Value) -> bool {
    match value {
        Value::Secret(_) => true,
        Value::List(items) => items.iter().any(holds_secret),
        Value::Column(column) => column.iter().any(|value| holds_secret(&value)),
        Value::Record(record) => record.values.iter().any(holds_secret),
        Value::Map(map) => map.iter().any(|(key, value)| holds_secret(key) || holds_secret(value)),
        Value::Table(table) => table.cells().any(|value| holds_secret(&value)),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::RecordType;

    fn answer(body: &str) -> Result<Answered, StepError> {
        read("/api", HttpResponse { status: 200, body: body.as_bytes().to_vec() })
    }

    #[test]
    fn a_body_that_is_not_json_is_a_failure_and_an_empty_one_is_null() {
        assert_eq!(*answer(r#"[{"a":1}]"#).unwrap().json, serde_json::json!([{ "a": 1 }]));
        assert_eq!(*answer(" \n").unwrap().json, Json::Null);
        let error = answer("<html>\nlog in").unwrap_err();
        assert_eq!(error.message, "the answer to `/api` is not JSON; it begins \"<html>\\nlog in\"");
        assert!(answer(r#"[{"a":1}"#).is_err());
        assert!(answer(&"[".repeat(100_000)).unwrap_err().message.ends_with("[\"…"));
        assert!(read("/api", HttpResponse { status: 200, body: vec![0xff; 1000] }).is_err());
    }

    #[test]
    fn query_values_read_as_sources_expect() {
        let query = Value::record([
            ("day", Value::Date("2025-01-31".parse().unwrap())),
            ("at", Value::Timestamp("2025-01-31T06:00:00Z".parse().unwrap())),
            ("ids", Value::list(vec![Value::Int(1), Value::Int(2)])),
            ("cursor", Value::None),
            ("q", Value::text("a&b=c")),
        ]);
        let pairs: Vec<String> =
            query_pairs(Some(&query)).unwrap().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(pairs, ["day=2025-01-31", "at=2025-01-31T06:00:00Z", "ids=1", "ids=2", "q=a&b=c"]);
        let secret = Value::record([("token", Value::Secret("hunter2".into()))]);
        assert_eq!(query_pairs(Some(&secret)).unwrap_err().message, "`query`: `token` cannot be a `secret`");
        assert!(query_pairs(Some(&Value::Int(1))).is_err());
    }

    #[test]
    fn queries_are_checked_by_type() {
        let infer = |ty: Type| {
            let types = [None, None, Some(ty)];
            check_query(&Known { types: &types, literals: &[] }, 2)
        };
        let record = |ty| Type::Record(RecordType::new([("day", ty)]));
        assert_eq!(infer(record(Type::Date.optional())), None);
        assert_eq!(infer(Type::map(Type::Text, Type::Any)), None);
        assert!(infer(record(Type::Secret)).unwrap().unwrap_err().contains("`day` cannot be a `secret`"));
        assert!(infer(Type::Int).unwrap().is_err());
    }

    #[test]
    fn secrets_do_not_go_into_bodies() {
        let value = Value::record([("auth", Value::list(vec![Value::Secret("hunter2".into())]))]);
        assert!(body(&value).unwrap_err().message.contains("never sent"));
    }
}
