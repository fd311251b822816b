//! What a test's run would have written, chosen from all of it. Nothing but `writes(…)` in a test calls this, so it
//! is not in the registry.

use std::sync::Arc;

use super::{Example, Form, Primitive, Pure, Spec, args};
use crate::value::{StepError, T, Value};

/// `writes(connection, …)`, with the whole record before its arguments.
pub static WRITES: Spec = Spec::pure::<Writes>();

/// An entry of the record: something written through a connection, under the name of a table, metric or path.
pub fn recorded(connection: &str, name: Option<&str>, written: Value) -> Value {
    let name = name.map_or(Value::None, Value::text);
    Value::record([("connection", Value::text(connection)), ("name", name), ("written", written)])
}

struct Writes;
args! {
    struct WritesArgs {
        /// Everything that was recorded.
        all: Vec<T>,
        /// The connection's name.
        connection: Arc<str>,
        /// The name of a table, metric or path; left out, all count.
        name: Option<Arc<str>>,
    }
}
impl Primitive for Writes {
    type Args = WritesArgs;
    type Output = Vec<T>;
    const NAME: &'static str = "tests.writes";
    const FORM: Form = Form::Prelude;
    const SUMMARY: &'static str = "What would have been written through a connection, in order.";
    const EXAMPLES: &'static [Example] =
        &[Example { source: r#"writes(vm, metric: "nav")"#, gives: "" }, Example { source: "writes(db)", gives: "" }];
}
impl Pure for Writes {
    fn run(args: WritesArgs) -> Result<Vec<T>, StepError> {
        let chosen = args.all.into_iter().filter_map(|entry| {
            let Value::Record(entry) = entry.0 else { return None };
            let is_asked = entry.get("connection")?.as_text() == Some(&args.connection)
                && (args.name.is_none() || entry.get("name")?.as_text() == args.name.as_ref());
            is_asked.then(|| entry.get("written").cloned().map(T)).flatten()
        });
        Ok(chosen.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_are_chosen_by_connection_and_name() {
        let entry = |connection, name, n| T(recorded(connection, name, Value::Int(n)));
        let all = || vec![entry("db", Some("nav"), 1), entry("vm", Some("nav"), 2), entry("db", None, 3)];
        let chosen = |name: Option<&str>| {
            let args = WritesArgs { all: all(), connection: "db".into(), name: name.map(Arc::from) };
            Writes::run(args).unwrap().into_iter().map(|one| one.0).collect::<Vec<_>>()
        };
        assert_eq!(chosen(None), [Value::Int(1), Value::Int(3)]);
        assert_eq!(chosen(Some("nav")), [Value::Int(1)]);
        assert!(chosen(Some("nave")).is_empty());
    }
}
