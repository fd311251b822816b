//! What other languages call things, for names that are not near ours: `len`, `str`, `datetime`.

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
            "give it an `output`, or say it in the message of an `expect`"
        }
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
