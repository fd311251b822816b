//! What one database has and another has not, though the grammar lets it pass.

use super::pattern::{Pattern, places};
use super::{Source, mysql, sqlite};
use crate::diagnostic::Diagnostic;
use crate::diagnostic::codes::VF401;
use crate::query::sql::SqlDialect;
use crate::query::sql::scan::TokenKind;

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
    foreign("_ ~ '", "`~` for patterns", "write `like` or `glob`"),
    foreign("_ ~ :", "`~` for patterns", "write `like` or `glob`"),
    foreign("_ ~ * '", "`~` for patterns", "write `like`, which ignores case there"),
    foreign("_ ! ~ '", "`~` for patterns", "write `not like` or `not glob`"),
    foreign("on duplicate key", "`on duplicate key`", "write `on conflict (key) do update set …`, or use `db.upsert`"),
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
    foreign("on duplicate key", "`on duplicate key`", "write `on conflict (key) do update set …`, or use `db.upsert`"),
];

/// What neither MySQL nor MariaDB has.
const NOT_MYSQL: &[Foreign] = &[
    foreign("::", "`::` casts", "write `cast(value as type)`"),
    foreign("_ ilike", "`ilike`", "write `like`, which ignores case there unless the collation says otherwise"),
    foreign("not ilike", "`ilike`", "write `not like`, which ignores case there unless the collation says otherwise"),
    foreign("distinct on (", "`distinct on`", "number the rows with `row_number() over (…)` and keep the first"),
    foreign("timestamptz '", "`timestamptz '…'`", "write `timestamp '…'`, which is in UTC there"),
    foreign("array [", "arrays", "write `in (…)`, or use JSON"),
    foreign("at time zone", "`at time zone`", "write `convert_tz(value, '+00:00', '+01:00')`"),
    foreign("similar to", "`similar to`", "write `like` or `regexp`"),
    foreign("full outer join", "`full join`", "write a left and a right join with `union` between them"),
    foreign("full join", "`full join`", "write a left and a right join with `union` between them"),
    foreign("nulls first", "`nulls first`", "write `order by name is not null, name`"),
    foreign("nulls last", "`nulls last`", "write `order by name is null, name`"),
    foreign("is distinct from", "`is distinct from`", "write `not (a <=> b)`"),
    foreign("is not distinct from", "`is not distinct from`", "write `a <=> b`"),
    foreign("filter ( where", "`filter`", "write `sum(case when … then … end)`"),
    foreign("on conflict", "`on conflict`", "write `on duplicate key update …`, or use `db.upsert`"),
    foreign("default values", "`default values`", "write `() values ()`"),
    foreign("as materialized (", "`materialized`", "leave it out"),
    foreign("as not materialized (", "`materialized`", "leave it out"),
    foreign("grouping sets", "`grouping sets`", "write a query for each and join them with `union all`"),
    foreign("by cube (", "`cube`", "write a query for each and join them with `union all`"),
    foreign("groups between", "`groups`", "write `rows` or `range`"),
    foreign("set (", "assignments of several columns at once", "assign each column by itself"),
    foreign("limit all", "`limit all`", "leave it out"),
    foreign("_ isnull", "`isnull`", "write `is null`"),
    foreign("_ notnull", "`notnull`", "write `is not null`"),
    foreign("_ glob", "`glob`", "write `like` or `regexp`"),
    foreign("not glob", "`glob`", "write `not like` or `not regexp`"),
    foreign("_ ~ '", "`~` for patterns", "write `regexp`"),
    foreign("insert or", "`insert or …`", "write `on duplicate key update …` behind the values, or use `db.upsert`"),
    foreign("update or", "`update or …`", "leave it out"),
    foreign("indexed by", "`indexed by`", "write `use index (…)`, or leave it out"),
    foreign("not indexed", "`not indexed`", "leave it out"),
    foreign("= =", "`==`", "write `=`"),
    foreign("in ( )", "empty lists", "write `false`, or `in :list`, which may be empty"),
];

/// What none of them has.
const NOWHERE: &[Foreign] = &[
    foreign("select top #", "`top`", "write `limit` at the end"),
    foreign("select top ( # ) *", "`top`", "write `limit` at the end"),
    foreign("= <", "`=<`", "write `<=`"),
    foreign("minus select", "`minus`", "write `except`"),
    foreign("minus ( select", "`minus`", "write `except`"),
    foreign("try_cast (", "`try_cast`", "write `cast`, or convert the value in the workflow"),
    foreign("safe_cast (", "`safe_cast`", "write `cast`, or convert the value in the workflow"),
    foreign("left semi join", "`semi join`", "write `where exists (select 1 from …)`"),
    foreign("left anti join", "`anti join`", "write `where not exists (select 1 from …)`"),
    foreign("_ semi join", "`semi join`", "write `where exists (select 1 from …)`"),
    foreign("_ anti join", "`anti join`", "write `where not exists (select 1 from …)`"),
];

/// The first construct that the database has not.
pub(super) fn find(source: &Source<'_>, dialect: SqlDialect) -> Option<Diagnostic> {
    let database = dialect.database();
    let known = match dialect {
        SqlDialect::Sqlite => NOT_SQLITE,
        SqlDialect::Postgres => NOT_POSTGRES,
        SqlDialect::MySql => NOT_MYSQL,
    };
    let found = known
        .iter()
        .chain(NOWHERE)
        .filter_map(|one| Some((places(source, one.pattern).next()?, one)))
        .filter(|(_, one)| !is_alias(source, one.pattern))
        .min_by_key(|f| f.0);
    if let Some((at, one)) = found {
        let words = one.pattern.split(' ').filter(|part| !["'", ":"].contains(part)).count();
        // An operator is blamed alone, without what stands before it.
        let skip = usize::from(one.pattern.starts_with(['_', ',']) || one.pattern.starts_with("join "));
        let first = source.tokens.get(at + skip)?;
        let last = source.tokens.get(at + words - 1).unwrap_or(first);
        let span = source.span.slice(first.start, last.end);
        return Some(Diagnostic::new(&VF401, span, format!("{database} has no {}", one.name)).help(one.help));
    }
    let own = match dialect {
        SqlDialect::Sqlite => sqlite::find(source),
        SqlDialect::Postgres => None,
        SqlDialect::MySql => mysql::find(source),
    };
    if own.is_some() {
        return own;
    }
    let (token, name, help) = source.tokens.iter().find_map(|token| {
        let (name, help) = foreign_token(token.kind, token.text(source.text), dialect)?;
        Some((token, name, help))
    })?;
    Some(Diagnostic::new(&VF401, source.at(token), format!("{database} has no {name}")).help(help))
}

/// Whether the word of a join is what the statement calls a table.
fn is_alias(source: &Source<'_>, pattern: Pattern) -> bool {
    let uses = [("_ semi join", "semi ."), ("_ anti join", "anti .")];
    uses.iter().any(|(join, path)| *join == pattern && places(source, path).next().is_some())
}

/// What a single word or sign is that the database has not, with what to write instead.
fn foreign_token(kind: TokenKind, written: &str, dialect: SqlDialect) -> Option<(&'static str, &'static str)> {
    match (dialect, kind) {
        (SqlDialect::Sqlite | SqlDialect::MySql, TokenKind::Text) if written.starts_with(['$', 'e', 'E']) => {
            Some(("dollar-quoted or escaped texts", "write it in single quotes"))
        }
        (SqlDialect::Postgres, TokenKind::QuotedName) if written.starts_with('`') => {
            Some(("names in backticks", "write the name bare or in double quotes"))
        }
        _ => None,
    }
}
