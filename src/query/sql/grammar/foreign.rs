//! What one database has and another has not, though the grammar lets it pass.

use super::Source;
use super::pattern::{Pattern, places};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::SqlDialect;
use crate::query::sql::scan::{Token, TokenKind};

/// A construct, how it is called, and what to write instead.
struct Foreign {
    pattern: Pattern,
    name: &'static str,
    help: &'static str,
}

const fn foreign(pattern: Pattern, name: &'static str, help: &'static str) -> Foreign {
    Foreign { pattern, name, help }
}

/// What SQLite has not.
const NOT_SQLITE: &[Foreign] = &[
    foreign("::", "`::` casts", "write `cast(value as type)`"),
    foreign("_ ilike", "`ilike`", "write `like`, which ignores case there"),
    foreign("not ilike", "`ilike`", "write `like`, which ignores case there"),
    foreign("distinct on (", "`distinct on`", "number the rows with `row_number() over (…)` and keep the first"),
    foreign("interval '", "intervals", "write `date(day, '+1 day')`, or compute the day in the workflow"),
    foreign("date '", "`date '…'`", "write the text alone, or `date('…')`"),
    foreign("timestamp '", "`timestamp '…'`", "write the text alone, or `datetime('…')`"),
    foreign("array [", "arrays", "write `in (…)`, or use JSON"),
    foreign("at time zone", "`at time zone`", "times are in UTC there: use `datetime(value, '+1 hour')`"),
    foreign("similar to", "`similar to`", "write `like` or `glob`"),
    foreign("join lateral", "`lateral`", "join a plain subquery, or use a window function"),
    foreign(", lateral", "`lateral`", "join a plain subquery, or use a window function"),
    foreign("for update", "row locks", "leave it out: a transaction there has the whole database"),
    foreign("for share", "row locks", "leave it out: a transaction there has the whole database"),
    foreign("within group", "ordered-set aggregates", "number the rows with a window function"),
    foreign("grouping sets", "`grouping sets`", "write a query for each and join them with `union all`"),
    foreign("by rollup", "`rollup`", "write a query for each and join them with `union all`"),
    foreign("by cube", "`cube`", "write a query for each and join them with `union all`"),
    foreign("fetch first", "`fetch first`", "write `limit`"),
    foreign("limit all", "`limit all`", "leave it out"),
    foreign("extract ( _ from", "`extract`", "write `strftime('%Y', day)`"),
];

/// What PostgreSQL has not.
const NOT_POSTGRES: &[Foreign] = &[
    foreign("insert or", "`insert or …`", "write `on conflict (key) do update set …` behind the values"),
    foreign("update or", "`update or …`", "leave it out"),
    foreign("replace into", "`replace into`", "write `insert … on conflict (key) do update set …`"),
    foreign("_ glob", "`glob`", "write `like` or `~`"),
    foreign("not glob", "`glob`", "write `not like` or `!~`"),
    foreign("indexed by", "`indexed by`", "leave it out"),
    foreign("not indexed", "`not indexed`", "leave it out"),
    foreign("= =", "`==`", "write `=`"),
    foreign("limit # ,", "`limit` with two numbers", "write `limit 10 offset 5`"),
    foreign("in ( )", "empty lists", "write `false`, or `in :list`, which may be empty"),
    foreign("`", "names in backticks", "write the name bare or in double quotes"),
];

/// What neither has.
const NOWHERE: &[Foreign] =
    &[foreign("select top #", "`top`", "write `limit` at the end"), foreign("= <", "`=<`", "write `<=`")];

/// The first construct that the database has not.
pub(super) fn find(source: &Source<'_>, dialect: SqlDialect) -> Option<Diagnostic> {
    let (known, database) = match dialect {
        SqlDialect::Sqlite => (NOT_SQLITE, "SQLite"),
        SqlDialect::Postgres => (NOT_POSTGRES, "PostgreSQL"),
    };
    let found = known
        .iter()
        .chain(NOWHERE)
        .filter_map(|one| Some((places(source, one.pattern).next()?, one)))
        .min_by_key(|f| f.0);
    let quoted = || match dialect {
        SqlDialect::Sqlite => source.tokens.iter().find(|token| is_foreign_text(source.text, token)),
        SqlDialect::Postgres => None,
    };
    if let Some((at, one)) = found {
        let words = one.pattern.split(' ').filter(|part| *part != "'").count();
        // An operator is blamed alone, without what stands before it.
        let skip = usize::from(one.pattern.starts_with(['_', ',']) || one.pattern.starts_with("join "));
        let first = source.tokens.get(at + skip)?;
        let last = source.tokens.get(at + words - 1).unwrap_or(first);
        let span = source.span.slice(first.start, last.end);
        return Some(Diagnostic::new(&VF401, span, format!("{database} has no {}", one.name)).help(one.help));
    }
    let text = quoted()?;
    let message = "SQLite has no dollar-quoted or escaped texts";
    Some(Diagnostic::new(&VF401, source.at(text), message).help("write it in single quotes"))
}

/// `$$…$$`, `E'…'`.
fn is_foreign_text(text: &str, token: &Token) -> bool {
    token.kind == TokenKind::Text && token.text(text).starts_with(['$', 'e', 'E'])
}
