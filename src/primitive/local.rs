//! SQL over values that a workflow has already.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::sql::{Found, rows};
use super::{Context, Effect, Effectful, Example, Form, Primitive, Spec, args};
use crate::connection::sql::local_query;
use crate::query::sql::SqlQuery;
use crate::value::{Sequence, StepError, Value};

pub(super) static SPECS: &[Spec] = &[Spec::effectful::<Query>()];

struct Query;
args! {
    struct QueryArgs {
        /// A statement that reads. The tables it names are values of these names: tables, and lists of records.
        query: Arc<SqlQuery>,
    }
}
impl Primitive for Query {
    type Args = QueryArgs;
    type Output = Found;
    const NAME: &'static str = "local.query";
    const FORM: Form = Form::Namespace;
    const SUMMARY: &'static str =
        "The rows of a query whose tables are values that the workflow has: to join, group and sort them.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"local.query(sql"""select 1 as n""") as table<{ n: int }>"#, gives: "" }];
}
impl Effectful for Query {
    const EFFECT: Effect = Effect::Read;
    const IDEMPOTENT: bool = true;
    fn run(args: QueryArgs, _context: &Context) -> BoxFuture<'_, Result<Found, StepError>> {
        Box::pin(async move {
            let query = with_tables(&args.query)?;
            local_query(&query).await.map(|table| Found(Arc::new(table)))
        })
    }
}

/// The query with every list of records as a table.
fn with_tables(query: &SqlQuery) -> Result<SqlQuery, StepError> {
    let one = |(at, value): (usize, &Value)| {
        // A list that is bound stands in a place for lists.
        let is_list = query.template.holes.get(at).is_none_or(|hole| hole.is_list);
        match Sequence::of(value).filter(|_| !is_list) {
            Some(items) => rows::to_table(&items).map(Value::Table),
            None => Ok(value.clone()),
        }
    };
    let arguments = query.arguments.iter().enumerate().map(one).collect::<Result<_, _>>()?;
    Ok(SqlQuery { template: query.template.clone(), arguments })
}
