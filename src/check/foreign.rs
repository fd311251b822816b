//! What other languages call things, for names that are not near ours: `len`, `str`, `datetime`.

use super::program::Expr;
use super::scope::Scope;
use crate::diagnostic::{Diagnostic, codes, nearest};
use crate::primitive::{Form, Spec, registry};
use crate::source::Span;
use crate::syntax::ast::{self, Argument, Name};
use crate::value::Type;

/// What stands here for a type of another language.
pub(super) fn ty(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "string" | "str" | "varchar" | "char" | "symbol" => "text",
        "integer" | "long" | "bigint" | "smallint" | "i64" | "i32" | "u64" | "u32" | "usize" => "int",
        "number" | "double" | "real" | "f64" | "f32" => "float",
        "numeric" | "bigdecimal" => "decimal",
        "boolean" => "bool",
        "datetime" | "instant" | "timestamptz" => "timestamp",
        "timedelta" => "duration",
        "interval" | "days" => "period",
        "array" | "vec" | "vector" | "set" | "tuple" => "list<T>",
        "dict" | "dictionary" | "hashmap" | "hash" => "map<text, T>",
        "object" | "struct" | "record" => "{ name: T }",
        "dataframe" | "rows" => "table<{ column: T }>",
        "database" | "connection" => "sql",
        _ => return None,
    })
}

/// What is written here for a function of another language.
pub(super) fn function(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "len" | "length" | "size" => "write `xs.count`",
        "str" | "string" | "tostring" | "to_string" | "repr" | "text" => "write `f\"{x}\"`",
        "int" | "integer" => "write `x as int`, or `parse_int(x)` where it is a text",
        "float" | "number" | "double" => "write `x as float`, or `parse_float(x)` where it is a text",
        "decimal" | "numeric" => "write `x as decimal`, or `parse_decimal(x)` where it is a text",
        "loads" | "fromjson" | "from_json" | "json_parse" | "json" => "write `parse_json(text)`",
        "date" | "to_date" | "strptime" => "write `parse_date(x, \"%Y-%m-%d\")`; a day as it stands is `2025-01-31`",
        "timestamp" | "to_timestamp" | "fromtimestamp" => {
            "write `from_unix(x)`, or `parse_timestamp(x, \"%Y-%m-%d %H:%M\", \"UTC\")` where it is a text; an instant as it stands is `2025-01-31T10:00Z`"
        }
        "duration" | "timedelta" | "interval" => "write it as it stands: `90s`, `5m`, `36h`",
        "bool" | "boolean" => "compare the value: `x != 0`",
        "print" | "println" | "printf" | "echo" | "puts" => {
            "write `_told = log(x)`, which tells it in the log of the run; a result is an `output`"
        }
        "cast" | "convert" | "try_cast" | "safe_cast" => "write `x as int`, or `parse_int(x)` where it is a text",
        "now" | "today" | "getdate" | "datetime" | "current_timestamp" => {
            "write `run.now`, the instant that the run takes for now"
        }
        "avg" | "average" => "write `mean(xs)`",
        "lowercase" | "tolower" => "write `lower(text)`",
        "uppercase" | "toupper" => "write `upper(text)`",
        "strip" => "write `trim(text)`",
        "map" | "filter" | "select" | "where" => "write a comprehension, `[f(x) for x in xs if p(x)]`",
        "reduce" | "fold" => "write `sum([f(x) for x in xs])`, or another of `min`, `max`, `mean`",
        "sorted" | "order_by" => "write `sort(xs)`",
        "distinct" | "set" | "uniq" => "write `unique(xs)`",
        "ifnull" | "isnull" | "nvl" | "coalesce" => "write `x ?? default`",
        "concat" | "format_string" => "write `f\"{a}{b}\"`",
        "isnan" | "isfinite" => "write `is_finite(x)`",
        "raise" | "throw" | "fail" => "write `require false else \"why\"`",
        "sleep" => "a step waits for its data only; how often one may start says `with { rate: per_minute(10) }`",
        _ => return None,
    })
}

/// Whether a name is that of a module or an object whose functions other languages call with a dot.
pub(super) fn is_module(name: &str) -> bool {
    matches!(
        name,
        "np" | "numpy"
            | "pd"
            | "pandas"
            | "math"
            | "Math"
            | "statistics"
            | "json"
            | "JSON"
            | "datetime"
            | "Date"
            | "date"
            | "time"
            | "timedelta"
            | "moment"
            | "dayjs"
            | "os"
            | "sys"
            | "re"
            | "random"
            | "requests"
            | "axios"
            | "itertools"
            | "functools"
            | "Object"
            | "Array"
            | "Number"
            | "String"
            | "console"
            | "logging"
    )
}

/// What is written here for a function of such a module that is called otherwise than there.
pub(super) fn of_module(module: &str, name: &str) -> Option<&'static str> {
    match module {
        "requests" | "axios" => Some("name a connection, `use api: http`, and write `api.get(\"/path\")`"),
        "os" | "sys" => Some("a workflow sees no environment: give it a parameter, `param name: text`"),
        "console" | "logging" => function("print"),
        "pd" | "pandas" => Some("a query gives a table: `db.query(…) as table<{ name: type }>`"),
        "re" => Some("write `matches(text, regex\"\"\"…\"\"\")`, or `extract` for what it finds"),
        _ => function(name),
    }
}

/// What a parameter is called here that has another name elsewhere.
pub(super) fn parameter(name: &str) -> &'static [&'static str] {
    match name.to_ascii_lowercase().as_str() {
        "params" | "parameters" | "qs" | "querystring" | "search" => &["query"],
        "url" | "uri" | "endpoint" | "route" => &["path"],
        "data" | "records" | "items" | "values" => &["rows", "samples"],
        "time" | "timestamp" | "when" | "ts" | "instant" => &["at"],
        "keys" | "primary_key" | "on" | "conflict" => &["key"],
        "interval" | "resolution" => &["step"],
        _ => &[],
    }
}

/// What is written here for a field or method that an instant or a day has in another language.
pub(super) fn member_of_time(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "date" | "day" | "todate" | "to_date" => "write `date_of(at, \"UTC\")`, the day in a zone",
        "strftime" | "format" | "isoformat" | "toisostring" => "write `f\"{at:%Y-%m-%d}\"`",
        "timestamp" | "unix" | "epoch" | "gettime" => "write `to_unix(at)`",
        _ => return None,
    })
}

/// What is written here for a field or method of another language.
pub(super) fn member(name: &str) -> Option<&'static str> {
    Some(match name.to_ascii_lowercase().as_str() {
        "length" | "len" | "size" => "write `.count`",
        "isempty" | "is_empty" | "empty" => "write `.count == 0`",
        "push" | "append" | "add" | "insert" => "nothing changes once it has a name: make a new list, `xs + [x]`",
        "map" | "filter" | "foreach" => "write a comprehension, `[f(x) for x in xs if p(x)]`",
        "tostring" | "to_s" => "write `f\"{x}\"`",
        "get" => "write `m[key] ?? default`",
        "items" | "entries" | "iteritems" => "walk it with two names: `for key, value in m`",
        "isnull" | "is_none" | "isna" => "write `== none`",
        "unwrap" | "value_or" | "getordefault" => "write `?? default`",
        _ => return None,
    })
}

/// The finding for a query literal that its connection reads, given to a method that is like none of that connection:
/// another method of this one was meant, not another connection.
pub(super) fn method_of_kind(receiver: &Expr, ty: &Type, name: &Name, arguments: &[Argument]) -> Option<Diagnostic> {
    let Type::Connection(kind) = ty else { return None };
    let ast::ExprKind::Tagged(tagged) = &arguments.first()?.value.kind else { return None };
    let of = methods_for(kind.family(), tagged.tag)?;
    let own = registry::all().filter(|spec| spec.form == Form::Method && spec.family() == kind.family());
    if !nearest(&name.node, own.map(Spec::verb)).is_empty() {
        return None;
    }
    let finding = Diagnostic::new(
        &codes::VF101,
        name.span,
        format!("no method `{}` on a `{}` connection", name.node, kind.name()),
    );
    Some(finding.label(receiver.span, format!("`{ty}`")).help(format!("such a query is asked by {of}")))
}

/// The methods that read what a literal asks, where connections of a family take it.
const fn methods_for(family: &str, tag: ast::Tag) -> Option<&'static str> {
    match (family.as_bytes(), tag) {
        (b"sql", ast::Tag::Sql) => Some("`.query(…)`, or by `.execute(…)` when it writes"),
        (b"metrics", ast::Tag::Promql) => Some("`.instant(…, at: run.now)`, or by `.range(…)` over a stretch of time"),
        _ => None,
    }
}

/// The module of another language that a call's receiver names, or begins with.
pub(super) fn module_in<'e>(scope: &Scope, of: &'e ast::Expr) -> Option<&'e str> {
    match &of.kind {
        ast::ExprKind::Name(name) => Some(&**name).filter(|name| is_module(name) && scope.bound_at(name).is_none()),
        ast::ExprKind::Field { of, .. } => module_in(scope, of),
        _ => None,
    }
}

pub(super) fn unknown_module(module: &str, span: Span, name: &Name) -> Diagnostic {
    let finding =
        Diagnostic::new(&codes::VF101, span, format!("nothing is called `{module}` here, and no module needs to be"));
    match (registry::prelude(&name.node), of_module(module, &name.node)) {
        (Some(_), _) => finding.help(format!("write `{}(…)`", name.node)),
        (None, Some(help)) => finding.help(help),
        (None, None) => finding.help("`vmflow doc` lists the functions that there are"),
    }
}
