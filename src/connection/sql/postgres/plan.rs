//! From a query to a statement of PostgreSQL: asking for the types of open parameters.
//!
//! A text is first sent without a type, as a literal would be, and the server says what it takes it for;
//! the statement then casts it (`$1::text::uuid`). Where it cannot say (`:x is null`), it is a text. The
//! answers are kept for each statement and each combination of types.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};

use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArguments, PgConnection, PgTypeInfo};
use sqlx::{AssertSqlSafe, Connection, Either, Executor, SqlSafeStr, Statement};

use super::encode::{ParameterType, arguments};
use super::error::{code, failure, server};
use crate::connection::SqlDialect;
use crate::query::sql::{Bound, Part, Rendered, SqlQuery, render};
use crate::value::StepError;

/// How many statements' answers are kept.
const KEPT: usize = 1000;

/// Types that a text needs no cast for: `text`, `varchar`, `unknown`, and arrays of them.
const TEXTS: [u32; 5] = [25, 1043, 705, 1009, 1015];

/// A statement ready to run.
pub(super) struct Ready {
    /// The text. The types stand in a comment at its end: the driver caches statements by text alone, and
    /// the same text with other types is another statement.
    pub text: String,
    /// What is bound.
    pub arguments: PgArguments,
    /// The parameters' types.
    pub types: Vec<PgTypeInfo>,
    /// The same by name.
    pub names: Vec<String>,
    /// The values that are bound.
    pub values: Vec<Bound>,
}

/// What the server said about a statement.
#[derive(Debug)]
struct Plan {
    /// Whether a name used twice is one parameter.
    share: bool,
    /// For each parameter the type to cast it to.
    casts: Vec<Option<String>>,
}

/// The answers of one database.
#[derive(Debug, Default)]
pub(super) struct Plans(Mutex<HashMap<String, Arc<Plan>>>);

impl Plans {
    fn get(&self, key: &str) -> Option<Arc<Plan>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned()
    }

    fn keep(&self, key: String, plan: Arc<Plan>) {
        let mut plans = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if plans.len() >= KEPT {
            plans.clear();
        }
        plans.insert(key, plan);
    }

    /// Forgets everything: tables may have changed.
    pub(super) fn forget(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Makes a query ready; `inside` says whether the connection is in a transaction, which a question that
/// fails must not spoil.
pub(super) async fn ready(
    connection: &mut PgConnection,
    plans: &Plans,
    query: &SqlQuery,
    inside: bool,
) -> Result<Ready, StepError> {
    let shared = Draft::new(query, true)?;
    if !shared.types.iter().any(|ty| ty.is_open()) {
        return shared.ready(&[]);
    }
    let key = shared.text(&[]);
    let plan = if let Some(plan) = plans.get(&key) {
        plan
    } else {
        let plan = Arc::new(ask(connection, query, inside).await?);
        plans.keep(key, plan.clone());
        plan
    };
    let draft = if plan.share { shared } else { Draft::new(query, false)? };
    draft.ready(&plan.casts)
}

/// A rendered query with its parameters' types.
struct Draft {
    rendered: Rendered,
    types: Vec<ParameterType>,
}

impl Draft {
    fn new(query: &SqlQuery, share: bool) -> Result<Self, StepError> {
        let rendered = render(query, SqlDialect::Postgres, share)?;
        let types = rendered.values.iter().map(ParameterType::of).collect::<Result<Vec<_>, _>>()?;
        Ok(Self { rendered, types })
    }

    fn text(&self, casts: &[Option<String>]) -> String {
        let placeholder = |n: usize| match (casts.get(n).and_then(Option::as_ref), self.types.get(n)) {
            (Some(cast), Some(ty)) => format!("(${}::{}::{cast})", n + 1, ty.name()),
            _ => format!("${}", n + 1),
        };
        let mut text = self.rendered.text(placeholder);
        let names: Vec<String> = self.types.iter().map(|ty| ty.name()).collect();
        if !names.is_empty() {
            let _ = write!(text, "\n-- {}", names.join(", "));
        }
        text
    }

    fn ready(self, casts: &[Option<String>]) -> Result<Ready, StepError> {
        Ok(Ready {
            text: self.text(casts),
            arguments: arguments(&self.rendered.values, &self.types)?,
            types: self.types.iter().map(|ty| ty.info()).collect(),
            names: self.types.iter().map(|ty| ty.name()).collect(),
            values: self.rendered.values,
        })
    }

    /// Whether the parameter with this number, from 0, stands in several places.
    fn is_shared(&self, number: usize) -> bool {
        self.rendered.parts.iter().filter(|part| **part == Part::Placeholder(number)).count() > 1
    }
}

/// Asks until every open parameter has a type or is a text.
async fn ask(connection: &mut PgConnection, query: &SqlQuery, inside: bool) -> Result<Plan, StepError> {
    let mut share = true;
    let mut draft = Draft::new(query, share)?;
    let mut texts: HashSet<usize> = HashSet::new();
    loop {
        let open = |(n, ty): (usize, &ParameterType)| (ty.is_open() && !texts.contains(&n)).then_some(n);
        let open: Vec<usize> = draft.types.iter().enumerate().filter_map(open).collect();
        if open.is_empty() {
            return Ok(Plan { share, casts: Vec::new() });
        }
        let error = match question(connection, &draft, &texts, inside).await {
            Ok(answers) => return Ok(Plan { share, casts: casts(connection, &open, &answers).await? }),
            Err(error) => error,
        };
        let doubtful = undetermined(&error);
        if share && doubtful.is_some_and(|number| draft.is_shared(number)) {
            share = false;
            draft = Draft::new(query, share)?;
            texts.clear();
            continue;
        }
        match doubtful {
            Some(number) if open.contains(&number) => drop(texts.insert(number)),
            // "operator is not unique": texts are what was meant.
            None if code(&error) == Some("42725") => texts.extend(open),
            _ => return Err(failure(&error, &draft.text(&[]))),
        }
    }
}

/// The number, from 0, of the parameter whose type the server cannot tell.
fn undetermined(error: &sqlx::Error) -> Option<usize> {
    let said = server(error).filter(|said| matches!(said.code(), "42P18" | "42P08"))?;
    let digits: String = said.message().split_once('$')?.1.chars().take_while(char::is_ascii_digit).collect();
    digits.parse::<usize>().ok()?.checked_sub(1)
}

/// The types of all parameters, as the server takes them.
async fn question(
    connection: &mut PgConnection,
    draft: &Draft,
    texts: &HashSet<usize>,
    inside: bool,
) -> Result<Vec<PgTypeInfo>, sqlx::Error> {
    let types: Vec<PgTypeInfo> = draft
        .types
        .iter()
        .enumerate()
        .map(|(n, ty)| if texts.contains(&n) { ty.info() } else { ty.question() })
        .collect();
    let text = draft.text(&[]);
    if inside {
        connection.execute("savepoint vmflow_types").await?;
    }
    let prepared = connection.prepare_with(AssertSqlSafe(text).into_sql_str(), &types).await;
    if inside {
        if prepared.is_err() {
            connection.execute("rollback to savepoint vmflow_types").await?;
        }
        connection.execute("release savepoint vmflow_types").await?;
    }
    let answers = prepared.map(|statement| match statement.parameters() {
        Some(Either::Left(types)) => types.to_vec(),
        _ => Vec::new(),
    })?;
    // The driver would answer the same question from memory after the table has changed.
    connection.clear_cached_statements().await?;
    Ok(answers)
}

/// The casts for the open parameters; none where a text will do.
async fn casts(
    connection: &mut PgConnection,
    open: &[usize],
    answers: &[PgTypeInfo],
) -> Result<Vec<Option<String>>, StepError> {
    let oids: Vec<Oid> = open.iter().map(|n| answers.get(*n).and_then(PgTypeInfo::oid).unwrap_or(Oid(25))).collect();
    let mut casts = vec![None; answers.len()];
    if oids.iter().all(|oid| TEXTS.contains(&oid.0)) {
        return Ok(casts);
    }
    // With the modifier -1, `bpchar` is itself; without, it would be `character`, which cuts to one letter.
    let names: Vec<String> = sqlx::query_scalar(
        "select format_type(o, -1) from unnest($1::oid[]) with ordinality as asked(o, n) order by n",
    )
    .bind(oids.clone())
    .fetch_all(connection)
    .await
    .map_err(|error| failure(&error, ""))?;
    for ((n, oid), name) in open.iter().zip(oids).zip(names) {
        if let Some(cast) = casts.get_mut(*n).filter(|_| !TEXTS.contains(&oid.0)) {
            *cast = Some(name);
        }
    }
    Ok(casts)
}
