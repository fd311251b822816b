//! Where the two databases differ in their words. All else is said once, in SQL that both understand.

use serde_json::Value as Json;

/// What a database calls things.
#[derive(Debug)]
pub(in crate::store) struct Words {
    /// Begins a transaction that will write.
    pub(super) begin: &'static str,
    /// The present instant, in milliseconds: the database's own clock, on which all of its machines agree.
    pub(super) now: &'static str,
    /// The column in whose order rows were put in.
    pub(super) order: &'static str,
    /// Keeps others from adding values and programs until the end of the transaction.
    pub(super) alone: Option<&'static str>,
    /// Keeps others from changing the rows of a query until the end of the transaction.
    pub(super) locked: &'static str,
    list: fn(param: &str, columns: &[Column]) -> String,
    escape: fn(String) -> String,
}

/// A field of the objects of a list: its name, and whether it is a number.
pub(super) type Column = (&'static str, Kind);

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A text, or anything as JSON.
    Text,
    /// A whole number.
    Int,
}

impl Words {
    /// A table out of a parameter that holds a list of objects as JSON, in its order: for `from`.
    pub(super) fn list(&self, param: &str, columns: &[Column]) -> String {
        (self.list)(param, columns)
    }

    /// A list as such a parameter.
    pub(super) fn as_list(&self, rows: &[Json]) -> String {
        (self.escape)(serde_json::to_string(rows).unwrap_or_default())
    }
}

pub(super) const SQLITE: Words = Words {
    // It says at once that it will write: a transaction that begins by reading could not be sure to go on.
    begin: "begin immediate",
    now: "cast(unixepoch('subsec') * 1000 as integer)",
    order: "rowid",
    alone: None,
    locked: "",
    list: sqlite_list,
    escape: |text| text,
};

pub(super) const POSTGRES: Words = Words {
    begin: "begin",
    now: "cast(extract(epoch from clock_timestamp()) * 1000 as bigint)",
    order: "place",
    alone: Some("lock table programs, outputs in share row exclusive mode"),
    locked: " for update",
    list: postgres_list,
    escape: without_nul,
};

fn sqlite_list(param: &str, columns: &[Column]) -> String {
    let fields: Vec<String> = columns.iter().map(|(name, _)| format!("j.value ->> '{name}' as {name}")).collect();
    format!("(select {} from json_each({param}) as j order by j.key) as list", fields.join(", "))
}

fn postgres_list(param: &str, columns: &[Column]) -> String {
    let ty = |kind: Kind| if kind == Kind::Int { "bigint" } else { "text" };
    let fields: Vec<String> = columns.iter().map(|(name, kind)| format!("{name} {}", ty(*kind))).collect();
    format!("json_to_recordset(cast({param} as json)) as list ({})", fields.join(", "))
}

/// PostgreSQL takes no NUL, also escaped. A backslash before it is one of an inner text's own, which stays.
fn without_nul(text: String) -> String {
    const NUL: &str = "\\u0000";
    if !text.contains(NUL) {
        return text;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = &*text;
    while let Some(at) = rest.find(NUL) {
        let (before, after) = rest.split_at(at);
        out.push_str(before);
        let backslashes = out.len() - out.trim_end_matches('\\').len();
        out.push_str(if backslashes.is_multiple_of(2) { "\\ufffd" } else { NUL });
        rest = after.get(NUL.len()..).unwrap_or_default();
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nul_becomes_what_stands_for_none_and_the_text_of_an_escape_stays() {
        let rows = [json!({ "a": "x\0y", "b": json!({ "inner": "\0" }).to_string(), "c": "\\\0" })];
        let text = POSTGRES.as_list(&rows);
        let read: Json = serde_json::from_str(&text).unwrap();
        assert_eq!(read, json!([{ "a": "x\u{fffd}y", "b": "{\"inner\":\"\\u0000\"}", "c": "\\\u{fffd}" }]), "{text}");
        assert_eq!(SQLITE.as_list(&rows), json!(rows).to_string());
    }
}
