//! What SQLite has not, as it is built into this program. Nothing adds to its functions: no connection loads extensions.

use sqlparser::ast::{Expr, Function, FunctionArguments};

use super::Reader;
use crate::diagnostic::codes::VF401;
use crate::diagnostic::{Diagnostic, closest};
use crate::source::Span;

/// All of them, those of full texts and of R-trees included.
const FUNCTIONS: &[&str] = &[
    "abs",
    "avg",
    "bm25",
    "changes",
    "char",
    "coalesce",
    "concat",
    "concat_ws",
    "count",
    "cume_dist",
    "current_date",
    "current_time",
    "current_timestamp",
    "date",
    "datetime",
    "dense_rank",
    "first_value",
    "format",
    "fts3_tokenizer",
    "fts5",
    "fts5_get_locale",
    "fts5_insttoken",
    "fts5_locale",
    "fts5_source_id",
    "glob",
    "group_concat",
    "hex",
    "highlight",
    "if",
    "ifnull",
    "iif",
    "instr",
    "json",
    "json_array",
    "json_array_length",
    "json_error_position",
    "json_extract",
    "json_group_array",
    "json_group_object",
    "json_insert",
    "json_object",
    "json_patch",
    "json_pretty",
    "json_quote",
    "json_remove",
    "json_replace",
    "json_set",
    "json_type",
    "json_valid",
    "jsonb",
    "jsonb_array",
    "jsonb_extract",
    "jsonb_group_array",
    "jsonb_group_object",
    "jsonb_insert",
    "jsonb_object",
    "jsonb_patch",
    "jsonb_remove",
    "jsonb_replace",
    "jsonb_set",
    "julianday",
    "lag",
    "last_insert_rowid",
    "last_value",
    "lead",
    "length",
    "like",
    "likelihood",
    "likely",
    "load_extension",
    "lower",
    "ltrim",
    "match",
    "matchinfo",
    "max",
    "min",
    "nth_value",
    "ntile",
    "nullif",
    "octet_length",
    "offsets",
    "optimize",
    "percent_rank",
    "printf",
    "quote",
    "random",
    "randomblob",
    "rank",
    "replace",
    "round",
    "row_number",
    "rtreecheck",
    "rtreedepth",
    "rtreenode",
    "rtrim",
    "sign",
    "snippet",
    "soundex",
    "sqlite_compileoption_get",
    "sqlite_compileoption_used",
    "sqlite_log",
    "sqlite_source_id",
    "sqlite_version",
    "strftime",
    "string_agg",
    "substr",
    "substring",
    "subtype",
    "sum",
    "time",
    "timediff",
    "total",
    "total_changes",
    "trim",
    "typeof",
    "unhex",
    "unicode",
    "unistr",
    "unistr_quote",
    "unixepoch",
    "unlikely",
    "upper",
    "zeroblob",
];

/// What other databases have, and what to write instead.
const ELSEWHERE: &[(&str, &str)] = &[
    ("now", "bind the run's instant, `:now`, of a step `now = run.now`"),
    ("getdate", "bind the run's instant, `:now`, of a step `now = run.now`"),
    ("curdate", "bind the day: `:day`"),
    ("date_trunc", "write `date(day, 'start of month')`, `strftime(…)`, or compute the day in the workflow"),
    ("date_part", "write `strftime('%Y', day)`"),
    ("date_add", "write `date(day, '+1 day')`"),
    ("date_sub", "write `date(day, '-1 day')`"),
    ("dateadd", "write `date(day, '+1 day')`"),
    ("datediff", "write `julianday(a) - julianday(b)`"),
    ("to_date", "write `date(…)`"),
    ("to_char", "write `strftime('%Y-%m-%d', day)`"),
    ("date_format", "write `strftime('%Y-%m-%d', day)`"),
    ("year", "write `strftime('%Y', day)`"),
    ("month", "write `strftime('%m', day)`"),
    ("day", "write `strftime('%d', day)`"),
    ("greatest", "write `max(a, b)`"),
    ("least", "write `min(a, b)`"),
    ("nvl", "write `coalesce(a, b)`"),
    ("isnull", "write `coalesce(a, b)`"),
    ("left", "write `substr(text, 1, n)`"),
    ("right", "write `substr(text, -n)`"),
    ("strpos", "write `instr(text, part)`"),
    ("position", "write `instr(text, part)`"),
    ("char_length", "write `length(text)`"),
    ("character_length", "write `length(text)`"),
    ("len", "write `length(text)`"),
    ("btrim", "write `trim(text)`"),
    ("array_agg", "write `json_group_array(…)`"),
    ("json_agg", "write `json_group_array(…)`"),
    ("jsonb_agg", "write `json_group_array(…)`"),
    ("json_object_agg", "write `json_group_object(…)`"),
    ("bool_and", "write `min(…)`"),
    ("every", "write `min(…)`"),
    ("bool_or", "write `max(…)`"),
    ("mod", "write `a % b`"),
    ("regexp", "write `like` or `glob`, or look at the rows in the workflow"),
    ("regexp_like", "write `like` or `glob`, or look at the rows in the workflow"),
    ("generate_series", "write a recursive `with`, or make the rows in the workflow"),
    ("top", "write `limit` at the end"),
];

/// Types of which SQLite makes numbers, those that a text begins with, and what to write instead.
const NUMBERS: &[(&str, &str)] = &[
    ("date", "date(…)"),
    ("time", "time(…)"),
    ("timestamp", "datetime(…)"),
    ("timestamptz", "datetime(…)"),
    ("datetime", "datetime(…)"),
    ("json", "json(…)"),
    ("jsonb", "json(…)"),
    ("string", "cast(… as text)"),
    ("uuid", "cast(… as text)"),
];

impl Reader<'_> {
    /// `cast(day as date)`, with the type as it is written; `of` is what is cast.
    pub(super) fn cast_to(&mut self, written: &str, of: &Expr) {
        let lower = written.to_lowercase();
        let name = lower.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default();
        let Some((_, instead)) = NUMBERS.iter().find(|(ty, _)| *ty == name).filter(|_| self.is_sqlite()) else {
            return;
        };
        let message = format!("SQLite has no casts to `{name}`: it makes a number of this");
        self.findings.push(Diagnostic::new(&VF401, self.whole(of), message).help(format!("write `{instead}`")));
    }

    /// A call of a function that is not there.
    pub(super) fn known_function(&mut self, call: &Function) {
        let path = Self::path(&call.name).unwrap_or_default();
        if let ([name], FunctionArguments::List(_)) = (path.as_slice(), &call.args) {
            self.function(&name.value, self.at(name));
        }
    }

    /// The same, of a name and its place.
    pub(super) fn function(&mut self, name: &str, span: Span) {
        let lower = name.to_lowercase();
        if !self.is_sqlite() || FUNCTIONS.contains(&&*lower) {
            return;
        }
        let finding = Diagnostic::new(&VF401, span, format!("SQLite has no function `{name}`"));
        let instead = ELSEWHERE.iter().find(|(theirs, _)| *theirs == lower).map(|(_, help)| *help);
        let near = closest(&lower, FUNCTIONS.iter().copied()).filter(|near| near.len() > 2);
        self.findings.push(match (instead, near) {
            (Some(help), _) => finding.help(help),
            (None, Some(near)) => {
                finding.at(format!("did you mean `{near}`?")).fix(format!("write `{near}`"), span, near)
            }
            (None, None) => finding.help("compute it in the workflow, or write it with what SQLite has"),
        });
    }

    /// `offset 5`, without `limit`.
    pub(super) fn offset_alone(&mut self, offset: &Expr) {
        if self.is_sqlite() {
            let finding = Diagnostic::new(&VF401, self.whole(offset), "SQLite has no `offset` without `limit`");
            self.findings.push(finding.help("write `limit -1` before it"));
        }
    }

    /// A clause that no database here has.
    pub(super) fn qualify(&mut self, condition: &Expr) {
        if let Some(dialect) = self.surroundings.dialect {
            let message = format!("{} has no `qualify`", dialect.database());
            let finding = Diagnostic::new(&VF401, self.whole(condition), message);
            self.findings.push(finding.help("compute the window in an inner query, and write `where` around it"));
        }
    }
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Row, SqliteConnection};

    use super::*;

    #[tokio::test]
    async fn the_functions_are_those_of_the_engine() {
        let mut engine = SqliteConnection::connect(":memory:").await.unwrap();
        let rows = sqlx::query("select distinct name from pragma_function_list").fetch_all(&mut engine).await.unwrap();
        let mut theirs: Vec<String> =
            rows.iter().map(|row| row.get(0)).filter(|name: &String| !name.starts_with('-')).collect();
        theirs.sort_unstable();
        assert_eq!(FUNCTIONS, theirs);
        assert!(ELSEWHERE.iter().all(|(name, _)| !FUNCTIONS.contains(name)));
    }
}
