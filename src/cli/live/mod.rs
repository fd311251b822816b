//! `check --live`: the databases and the stores of metrics themselves are asked.

mod index;
mod names;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::Exit;
use super::connect::{describe, open_to_read};
use super::project::Project;
use super::schema::{Refused, connections, told};
use super::snapshots;
use crate::check::metrics_queries::{MetricsQuery, metrics_queries, stated_texts};
use crate::check::program::Statement;
use crate::check::{Program, Schemas};
use crate::config::{Config, Connection};
use crate::connection::clock::SystemClock;
use crate::connection::{Clock, Describe, Refusal};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::sql::{SqlDialect, StatementKind, prepare};
use crate::schema::Schema;
use crate::source::{Source, Span};
use index::Index;
use names::Known;

/// How far ahead of now samples are looked for, in milliseconds: two years, as forecasts may lie there.
const AHEAD_MS: i64 = 2 * 366 * 24 * 3_600_000;

/// The databases of an environment, and its stores of metrics.
pub(super) struct Live {
    runtime: Runtime,
    environment: String,
    databases: HashMap<Arc<str>, Database>,
}

/// A database with what it holds.
type Database = (Arc<dyn Describe>, Arc<Schema>);

impl Live {
    /// Asks every SQL connection of the environment what it holds.
    pub(super) fn open(config: &Config, environment: &str, project: &mut Project) -> Result<Self, Refused> {
        let runtime = Runtime::new().map_err(|error| (Exit::Environment, format!("cannot start: {error}")))?;
        let mut databases = HashMap::new();
        let environment = environment.to_owned();
        if snapshots::databases(config, &environment).is_empty() {
            return Ok(Self { runtime, environment, databases });
        }
        for connection in connections(config, &environment, None, project)? {
            let fault = |why: String| (Exit::Environment, format!("the connection `{}`: {why}", connection.name));
            let database = describe(&connection).map_err(fault)?;
            let schema = runtime.block_on(database.schema(&[])).map_err(|error| fault(error.to_string()))?;
            let origin = format!("the database `{}`, read just now", connection.name);
            databases.insert(connection.name.clone(), (database, Arc::new(Schema { origin, ..schema })));
        }
        Ok(Self { runtime, environment, databases })
    }

    /// What they hold.
    pub(super) fn schemas(&self) -> Schemas {
        self.databases.iter().map(|(name, (_, schema))| (name.clone(), schema.clone())).collect()
    }

    /// What is to be told of views that they cannot read themselves, a line each.
    pub(super) fn left_out(&self) -> Vec<String> {
        let lines = |(name, (_, schema)): (&Arc<str>, &Database)| -> Vec<String> {
            schema.left_out().map(|line| told(name, &line)).collect()
        };
        self.databases.iter().flat_map(lines).collect()
    }

    /// What they have against statements in which nothing else is wrong.
    pub(super) fn refusals(&self, statements: &[Statement], project: &Project) -> Vec<Diagnostic> {
        let is_clean = |statement: &&Statement| {
            let within = |span: Span| {
                span.source == statement.text.source
                    && span.start >= statement.text.start
                    && span.end <= statement.text.end
            };
            !project.findings.iter().any(|finding| finding.is_error() && finding.span().is_some_and(within))
        };
        statements.iter().filter(is_clean).filter_map(|statement| self.refusal(statement, project)).collect()
    }

    /// What the stores of metrics do not hold of what queries name. Only those that are asked something are looked into.
    pub(super) fn unknown(
        &self,
        program: &Program,
        config: &Config,
        project: &mut Project,
    ) -> Result<Vec<Diagnostic>, Refused> {
        let queries = metrics_queries(program);
        let is_asked = |name: &str| queries.iter().any(|query| *query.connection == *name);
        if queries.is_empty() {
            return Ok(Vec::new());
        }
        let read = project.accept(config.environment_for(&self.environment, &is_asked));
        let has_errors = || (Exit::Environment, format!("`{}` has errors", config.source().name));
        let stated = stated_texts(program);
        let mut found = Vec::new();
        for connection in read.ok_or_else(has_errors)?.connections.values().filter(|known| is_asked(&known.name)) {
            let own: Vec<&MetricsQuery> = queries.iter().filter(|query| query.connection == connection.name).collect();
            let unknown = self.unknown_to(connection, &own, &stated);
            found.extend(
                unknown.map_err(|why| (Exit::Environment, format!("the connection `{}`: {why}", connection.name)))?,
            );
        }
        Ok(found)
    }

    fn unknown_to(
        &self,
        connection: &Connection,
        queries: &[&MetricsQuery],
        stated: &HashSet<Arc<str>>,
    ) -> Result<Vec<Diagnostic>, String> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let reading = self.runtime.block_on(open_to_read(connection, &clock))?;
        let Some(store) = reading.connections.metrics.get(&connection.name).cloned() else { return Ok(Vec::new()) };
        let until_ms = clock.now().timestamp_millis().saturating_add(AHEAD_MS);
        let mut index = Index::new(store, until_ms);
        loop {
            let known = Known { connection: &connection.name, index: &index, stated };
            let found = queries.iter().flat_map(|query| names::unknown(&known, query)).collect();
            if !self.runtime.block_on(index.fetch()).map_err(|error| error.to_string())? {
                return Ok(found);
            }
        }
    }

    fn refusal(&self, statement: &Statement, project: &Project) -> Option<Diagnostic> {
        let (database, schema) = self.databases.get(&statement.connection)?;
        let dialect = SqlDialect::of_database(&schema.database)?;
        // A table that does not exist yet may be made by the same workflow.
        if statement.template.kind == StatementKind::Definition {
            return None;
        }
        let asked = prepare(&statement.template, dialect)?;
        let told = match self.runtime.block_on(database.refusal(&asked.text)) {
            Ok(refusal) => refusal?,
            Err(error) => Refusal { message: error.message, help: error.help, at: None },
        };
        let source = project.sources.get(statement.text.source)?;
        let place = told.at.map(|at| asked.place(at));
        let span = place.map_or(statement.text, |at| word_at(source, statement.text, at));
        let finding = Diagnostic::new(&codes::VF401, span, format!("the database refuses this: {}", told.message));
        let help = told.help.unwrap_or_else(|| "the database looked at the statement and ran nothing".to_owned());
        Some(finding.help(help))
    }
}

/// The word that begins at a byte of a literal.
fn word_at(source: &Source, text: Span, at: usize) -> Span {
    let rest = source.slice(text).get(at..).unwrap_or_default();
    let length = rest.find(|c: char| !c.is_alphanumeric() && !matches!(c, '_' | '.')).unwrap_or(rest.len());
    text.slice(at, at + length.max(rest.chars().next().map_or(0, char::len_utf8)))
}
