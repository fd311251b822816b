//! Requests that change something.

use std::future::ready;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use serde_json::Value as Json;

use super::answer::{self, Answered};
use super::exchange;
use super::query::{check_query, query_pairs};
use crate::connection::preview::Change;
use crate::connection::{HttpRequest, preview};
use crate::primitive::refined::HttpPath;
use crate::primitive::{Context, Effect, Effectful, Example, Foreseen, Form, Known, Primitive, args};
use crate::value::{ErrorKind, HttpConnection, Labels, StepError, T, Type, U, Value, to_json};

args! {
    pub(super) struct BodyArgs {
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

/// A write with a body: its method, whether repeating it is safe, what it is for, how it is written.
macro_rules! writes {
    ($($name:ident = $verb:literal, $method:literal, $idempotent:literal, $summary:literal, $example:literal;)*) => {$(
        pub(super) struct $name;
        impl Primitive for $name {
            type Args = BodyArgs;
            type Output = Answered;
            const NAME: &'static str = $verb;
            const FORM: Form = Form::Method;
            const SUMMARY: &'static str = $summary;
            const EXAMPLES: &'static [Example] = &[Example { source: $example, gives: "" }];
            fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
                check_query(&call, 3)
            }
        }
        impl Effectful for $name {
            const EFFECT: Effect = Effect::Write;
            const IDEMPOTENT: bool = $idempotent;
            fn run(args: BodyArgs, context: &Context) -> BoxFuture<'_, Result<Answered, StepError>> {
                Box::pin(async move {
                    let query = query_pairs(args.query.as_ref().map(|query| &query.0))?;
                    let json = Some(body(&args.json.0)?);
                    let request = HttpRequest { method: $method, path: args.path.0, query, headers: args.headers, json };
                    send(context, &args.connection.0, &request).await
                })
            }
            fn preview(args: BodyArgs, _context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
                let pairs = query_pairs(args.query.as_ref().map(|query| &query.0));
                let told = body(&args.json.0).and_then(|json| Ok(foreseen($method, &args.path.0, &pairs?, Some(&json))));
                Box::pin(ready(told))
            }
        }
    )*};
}

writes! {
    Post = "http.post", "POST", false,
        "Sends JSON to a source; any status but 200 to 299, and a body that is neither empty nor JSON, is a failure.",
        r#"api.post("/hooks/metrics", json: { text: "done" })"#;
    Put = "http.put", "PUT", true,
        "Puts JSON in the place of what is at a path; doing it twice is doing it once, so it may be tried again.",
        r#"api.put("/rates/EURUSD", json: { value: 1.1 })"#;
    Patch = "http.patch", "PATCH", false,
        "Changes a part of what is at a path; tried again only with a `key`.",
        r#"api.patch("/rates/EURUSD", json: { value: 1.1 })"#;
}

args! {
    pub(super) struct DeleteArgs {
        /// The source.
        connection: HttpConnection,
        /// The path below the source's base URL, such as `/api/items/7`.
        path: HttpPath,
        /// The query string, as a record or map: dates in ISO 8601, a list as repeated arguments, `none` left out.
        query: Option<T>,
        /// Further headers; secrets belong into the connection's.
        headers: Labels = Labels::default(),
    }
}

pub(super) struct Delete;
impl Primitive for Delete {
    type Args = DeleteArgs;
    type Output = Answered;
    const NAME: &'static str = "http.delete";
    const FORM: Form = Form::Method;
    const SUMMARY: &'static str =
        "Removes what is at a path; may be tried again, and a source may then say that it is gone already.";
    const EXAMPLES: &'static [Example] = &[Example { source: r#"api.delete("/rates/EURUSD")"#, gives: "" }];
    fn infer(call: Known<'_>) -> Option<Result<Type, String>> {
        check_query(&call, 2)
    }
}
impl Effectful for Delete {
    const EFFECT: Effect = Effect::Write;
    const IDEMPOTENT: bool = true;
    fn run(args: DeleteArgs, context: &Context) -> BoxFuture<'_, Result<Answered, StepError>> {
        Box::pin(async move {
            let query = query_pairs(args.query.as_ref().map(|query| &query.0))?;
            let request = HttpRequest { method: "DELETE", path: args.path.0, query, headers: args.headers, json: None };
            send(context, &args.connection.0, &request).await
        })
    }
    fn preview(args: DeleteArgs, _context: &Context) -> BoxFuture<'_, Result<Foreseen, StepError>> {
        let pairs = query_pairs(args.query.as_ref().map(|query| &query.0));
        Box::pin(ready(pairs.map(|pairs| foreseen("DELETE", &args.path.0, &pairs, None))))
    }
}

async fn send(context: &Context, connection: &Arc<str>, request: &HttpRequest) -> Result<Answered, StepError> {
    let response = exchange(context, connection, request).await?;
    answer::read(&request.path, response).map_err(answer::of_write)
}

/// What sending a request does: nobody but the receiver knows more than that.
fn foreseen(method: &str, path: &str, query: &[(Arc<str>, String)], json: Option<&Json>) -> Foreseen {
    let pairs: Vec<String> = query.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
    let bytes = json.map_or(0, |json| json.to_string().len());
    let what = format!("{method} {path}{query}, {bytes} bytes");
    let examples = vec![preview::Example { what, differences: Vec::new() }];
    let counts = preview::Counts { sent: 1, ..preview::Counts::default() };
    Foreseen::Change(Change { examples, ..Change::of(counts) })
}

/// A value as a body. A secret would go out as dots, which no receiver wants.
fn body(value: &Value) -> Result<Json, StepError> {
    if holds_secret(value) {
        return Err(StepError::new(ErrorKind::Data, "`json` holds a `secret`, which is never sent in a body")
            .help("put it into the connection's `headers` or `query` in vmflow.yaml"));
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

    #[test]
    fn secrets_do_not_go_into_bodies() {
        let value = Value::record([("auth", Value::list(vec![Value::Secret("hunter2".into())]))]);
        assert!(body(&value).unwrap_err().message.contains("never sent"));
    }
}
