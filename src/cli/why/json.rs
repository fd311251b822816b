//! A lineage as one document.

use serde_json::{Map, Value as Json, json};

use crate::lookback::{Lineage, Rows, brief, count};
use crate::run::{Called, Noted, StepStatus};
use crate::source::Sources;
use crate::store::RunRow;
use crate::value::{Value, to_json};

/// A value with more items than this is counted and shortened only.
const MOST: usize = 50;

/// The longest JSON of a value that is given whole, in bytes.
const LARGEST: usize = 4000;

pub(super) fn document(lineage: &Lineage, run: &RunRow, sources: &Sources) -> Json {
    json!({
        "run_id": run.begin.id.to_string(),
        "workflow": run.begin.workflow,
        "status": run.status.name(),
        "why": node(lineage, sources),
    })
}

fn node(lineage: &Lineage, sources: &Sources) -> Json {
    let source = sources.get(lineage.span.source);
    json!({
        "name": lineage.name,
        "kind": lineage.kind.name(),
        "file": source.map(|source| source.name.to_string()),
        "line": source.map(|source| source.position(lineage.span.start).line),
        "source": sources.slice(lineage.span),
        "value": lineage.value.as_ref().and_then(whole),
        "shown": lineage.value.as_ref().map(brief),
        "count": lineage.value.as_ref().and_then(count),
        "no_value": lineage.absent,
        "status": lineage.how.status.map(StepStatus::name),
        "attempts": lineage.how.took.map(|(attempts, _)| attempts),
        "duration_ms": lineage.how.took.map(|(_, ms)| ms),
        "recalled_from_attempt": lineage.how.recalled,
        "cached": lineage.how.is_cached,
        "calls": lineage.calls.iter().map(call).collect::<Vec<_>>(),
        "from": lineage.from.iter().map(|from| node(from, sources)).collect::<Vec<_>>(),
        "rows": lineage.rows.as_ref().map(rows),
        "more_items": lineage.more_items,
        "told_above": lineage.is_told,
    })
}

/// Which rows of a value led to what was asked for; without a count nobody can say.
fn rows(rows: &Rows) -> Json {
    let first = rows.first.iter().map(|(at, row)| json!({ "at": at, "value": argument(row) }));
    json!({ "of": rows.of, "count": rows.count, "first": first.collect::<Vec<_>>() })
}

/// A value that is small enough to be given whole.
fn whole(value: &Value) -> Option<Json> {
    if count(value).is_some_and(|count| count > MOST) {
        return None;
    }
    Some(to_json(value)).filter(|json| json.to_string().len() <= LARGEST)
}

fn call(call: &Noted<Called>) -> Json {
    let called = &call.what;
    let (mut connection, mut query, mut parameters, mut arguments) = (None, None, Map::new(), Map::new());
    for (name, value) in &called.arguments {
        match value {
            Some(Value::Connection(_, name)) => connection = Some(name.to_string()),
            Some(Value::Sql(sql)) => {
                query = Some(sql.to_string());
                let holes = sql.template.holes.iter().zip(&sql.arguments);
                parameters.extend(holes.map(|(hole, value)| (hole.path.join("."), argument(value))));
            }
            Some(Value::Promql(text)) => query = Some(text.to_string()),
            Some(value) => drop(arguments.insert(name.clone(), argument(value))),
            None => {}
        }
    }
    json!({
        "action": called.action,
        "step": call.step.join("."),
        "item": call.item,
        "connection": connection,
        "query": query,
        "parameters": parameters,
        "arguments": arguments,
        "transaction": called.transaction.as_ref().map(|path| path.join(".")),
    })
}

fn argument(value: &Value) -> Json {
    whole(value).unwrap_or_else(|| json!({ "shown": brief(value), "count": count(value) }))
}
