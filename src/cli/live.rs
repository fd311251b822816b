//! `check --live`: the databases themselves are asked.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::runtime::Runtime;

use super::Exit;
use super::connect::describe;
use super::project::Project;
use super::schema::{Refused, connections};
use super::snapshots;
use crate::check::program::Statement;
use crate::config::Config;
use crate::connection::{Describe, Refusal};
use crate::diagnostic::{Diagnostic, codes};
use crate::query::sql::{SqlDialect, StatementKind, prepare};
use crate::schema::Schema;
use crate::source::{Source, Span};

/// The databases of an environment.
pub(super) struct Live {
    runtime: Runtime,
    databases: HashMap<Arc<str>, Database>,
}

/// A database with what it holds.
type Database = (Arc<dyn Describe>, Arc<Schema>);

impl Live {
    /// Asks every SQL connection of the environment what it holds.
    pub(super) fn open(config: &Config, environment: &str, project: &mut Project) -> Result<Self, Refused> {
        let runtime = Runtime::new().map_err(|error| (Exit::Environment, format!("cannot start: {error}")))?;
        let mut databases = HashMap::new();
        if snapshots::databases(config, environment).is_empty() {
            return Ok(Self { runtime, databases });
        }
        for connection in connections(config, environment, None, project)? {
            let fault = |why: String| (Exit::Environment, format!("the connection `{}`: {why}", connection.name));
            let database = describe(&connection).map_err(fault)?;
            let schema = runtime.block_on(database.schema(&[])).map_err(|error| fault(error.to_string()))?;
            let origin = format!("the database `{}`, read just now", connection.name);
            databases.insert(connection.name.clone(), (database, Arc::new(Schema { origin, ..schema })));
        }
        Ok(Self { runtime, databases })
    }

    /// What they hold.
    pub(super) fn schemas(&self) -> HashMap<Arc<str>, Arc<Schema>> {
        self.databases.iter().map(|(name, (_, schema))| (name.clone(), schema.clone())).collect()
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
