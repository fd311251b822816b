//! The grammar against real databases: what they take it lets pass, what they refuse it refuses.

use sqlx::mysql::MySqlDatabaseError;
use sqlx::{AssertSqlSafe, Connection, Executor, MySqlConnection, PgConnection, SqlSafeStr, SqliteConnection};
use vmflow::diagnostic::Diagnostic;
use vmflow::query::sql::{SqlDialect, parse, prepare, read};
use vmflow::source::{SourceId, Span};

use crate::support;
use crate::support::golden;
use crate::support::sandbox::root;

const CORPUS: &str = include_str!("../fixtures/sql.txt");

/// Broken statements that the grammar lets pass, each with its reason; the database finds them.
const LET_PASS: &[(&str, &str)] = &[
    ("select - from assets", "`from` may be a column for the grammar"),
    ("select * from assets where not", "`not` may be a column for the grammar"),
    ("select values from assets", "`values` may be a column"),
    ("insert assets (id) values (1)", "MySQL needs no `into`, and the grammar lets it go"),
    ("insert into assets (id, symbol) value (1, 'a')", "MySQL says `value` too"),
    ("insert itno assets (id) values (1)", "`itno` may be a table with an alias"),
    ("select [symbol] from assets", "`[` opens an array's index for the grammar"),
];

/// A statement with where the corpus says it is valid or broken.
struct Case {
    is_valid: bool,
    dialects: Vec<SqlDialect>,
    text: &'static str,
}

fn cases() -> Vec<Case> {
    let (mut cases, mut heading) = (Vec::new(), "");
    for line in CORPUS.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(text) = line.strip_prefix("== ") {
            heading = text;
            continue;
        }
        let named = [("sqlite", SqlDialect::Sqlite), ("postgres", SqlDialect::Postgres), ("mysql", SqlDialect::MySql)];
        let dialects =
            named.into_iter().filter(|(name, _)| heading.contains(name)).map(|(_, dialect)| dialect).collect();
        cases.push(Case { is_valid: heading.starts_with("valid"), dialects, text: line });
    }
    cases
}

fn found(text: &str, dialect: SqlDialect) -> Option<Diagnostic> {
    let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
    let (_, slips) = parse(text, span);
    slips.into_iter().next().or_else(|| read(text, span, Some(dialect)).1)
}

const TABLES: &str = "
    create table assets (id integer primary key, symbol text not null unique, name text, currency text, listed date,
        price double precision, active boolean, meta jsonb, created timestamp);
    create table prices (asset_id integer not null, day date not null, value double precision, volume bigint, source text,
        primary key (asset_id, day));
    create table jobs (job_id text, status text, source text, started timestamp, ended timestamp, message text)";

/// A database to ask.
enum Database {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
    Mysql(MySqlConnection),
}

impl Database {
    /// What the database has against a statement, and whether its form is the reason.
    async fn refuses(&mut self, text: &str) -> Option<(bool, String)> {
        let span = Span::new(SourceId(0), 0, u32::try_from(text.len()).unwrap());
        let (template, _) = parse(text, span);
        match self {
            Self::Sqlite(connection) => {
                let asked = prepare(&template, SqlDialect::Sqlite)?.text;
                let error = connection.prepare(AssertSqlSafe(asked).into_sql_str()).await.err()?.to_string();
                let forms =
                    ["syntax error", "incomplete input", "unrecognized token", "clause should come", "no tables"];
                Some((forms.iter().any(|form| error.contains(form)), error))
            }
            Self::Postgres(connection) => {
                let asked = prepare(&template, SqlDialect::Postgres)?.text;
                let error = connection.prepare(AssertSqlSafe(asked).into_sql_str()).await.err()?;
                let said = error.as_database_error()?;
                Some((said.code().as_deref() == Some("42601"), said.to_string()))
            }
            Self::Mysql(connection) => {
                let asked = prepare(&template, SqlDialect::MySql)?.text;
                let error = connection.prepare(AssertSqlSafe(asked).into_sql_str()).await.err()?;
                let said = error.as_database_error()?.downcast_ref::<MySqlDatabaseError>();
                Some((said.number() == 1064, said.to_string()))
            }
        }
    }
}

async fn agree(database: &mut Database, dialect: SqlDialect) {
    let mut wrong = Vec::new();
    for case in cases() {
        let (ours, theirs) = (found(case.text, dialect), database.refuses(case.text).await);
        let is_meant = case.dialects.contains(&dialect);
        let shown = |finding: Diagnostic| {
            let span = finding.span().unwrap();
            format!("{} at `{}`", finding.message, &case.text[span.start as usize..span.end as usize])
        };
        let is_refused = theirs.as_ref().is_some_and(|(is_form, _)| *is_form || !case.is_valid);
        let is_let_pass = LET_PASS.iter().any(|(text, _)| *text == case.text);
        match (ours.map(shown), theirs) {
            (_, theirs) if is_meant && is_refused == case.is_valid => {
                wrong.push(format!("the corpus is wrong: {}\n    {theirs:?}", case.text));
            }
            (Some(ours), theirs) if if is_meant { !is_refused } else { theirs.is_none() } => {
                wrong.push(format!("a false alarm: {}\n    {ours}", case.text));
            }
            (None, Some((_, theirs))) if is_meant && is_refused && !is_let_pass => {
                wrong.push(format!("not found: {}\n    {theirs}", case.text));
            }
            _ => {}
        }
    }
    assert!(wrong.is_empty(), "{} of {}\n{}", wrong.len(), cases().len(), wrong.join("\n"));
}

#[tokio::test]
async fn sqlite_and_the_grammar_agree() {
    let mut connection = SqliteConnection::connect(":memory:").await.unwrap();
    for text in TABLES.split(';') {
        connection.execute(text).await.unwrap();
    }
    agree(&mut Database::Sqlite(connection), SqlDialect::Sqlite).await;
}

#[tokio::test]
async fn postgres_and_the_grammar_agree() {
    let url = support::postgres::fresh_schema().await;
    let mut connection = PgConnection::connect(&url).await.unwrap();
    for text in TABLES.split(';') {
        connection.execute(text).await.unwrap();
    }
    agree(&mut Database::Postgres(connection), SqlDialect::Postgres).await;
}

/// The mode is that of the driver's sessions.
#[tokio::test]
async fn mariadb_and_the_grammar_agree() {
    let mut connection = MySqlConnection::connect(&support::mysql::fresh_database().await).await.unwrap();
    connection.execute("set sql_mode = 'ANSI_QUOTES,PIPES_AS_CONCAT,NO_BACKSLASH_ESCAPES'").await.unwrap();
    for text in TABLES.replace("jsonb", "json").split(';') {
        connection.execute(AssertSqlSafe(text)).await.unwrap();
    }
    agree(&mut Database::Mysql(connection), SqlDialect::MySql).await;
}

/// What is said of each broken statement.
#[test]
fn complaints_are_golden() {
    let mut told = String::new();
    for case in cases().iter().filter(|case| !case.is_valid) {
        let Some(finding) = case.dialects.first().and_then(|dialect| found(case.text, *dialect)) else { continue };
        let span = finding.span().unwrap();
        let marks = "^".repeat((span.end - span.start).max(1) as usize);
        let said = finding.help.or(finding.fix.map(|fix| fix.message)).unwrap_or_default();
        told.push_str(&format!(
            "{}\n{}{marks} {}; {said}\n",
            case.text,
            " ".repeat(span.start as usize),
            finding.message
        ));
    }
    golden::assert(&root().join("tests/fixtures/sql_findings.txt"), &told);
}
