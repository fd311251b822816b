//! HTTP sources: JSON in and out.

mod answer;
mod pages;
mod query;
mod write;

use futures_util::future::BoxFuture;

use super::refined::HttpPath;
use super::{Context, Effect, Effectful, Example, Form, Known, Primitive, Spec, args};
use crate::connection::{HttpRequest, HttpResponse};
use crate::value::{HttpConnection, Labels, StepError, T, Type};
use answer::Answered;
use query::{check_query, query_pairs};

pub(crate) use pages::PagesSoFar;

pub(super) static SPECS: &[Spec] = &[
    Spec::effectful::<Get>(),
    Spec::effectful::<pages::Pages>(),
    Spec::effectful::<write::Post>(),
    Spec::effectful::<write::Put>(),
    Spec::effectful::<write::Patch>(),
    Spec::effectful::<write::Delete>(),
];

/// Sends a request when it is its turn.
async fn exchange(context: &Context, connection: &str, request: &HttpRequest) -> Result<HttpResponse, StepError> {
    let source = context.http(connection)?;
    let turn = context.attempts.wait(source.turn()).await?;
    source.send(request, turn).await
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
            let response = exchange(context, &args.connection.0, &request).await?;
            answer::read(&request.path, response)
        })
    }
}
