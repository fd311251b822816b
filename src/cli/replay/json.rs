//! What differs, as one document.

use serde_json::{Map, Value as Json, json};

use crate::lookback::{Change, Comparison, Written};
use crate::store::RunRow;

pub(super) fn document(comparison: &Comparison, run: &RunRow) -> Json {
    let outputs = comparison.outputs.iter().map(|(name, change)| (name.clone(), output(change)));
    let unread = comparison.unread.iter();
    let unread = unread.map(|unread| json!({ "step": unread.step, "items": unread.items, "why": unread.why }));
    json!({
        "run_id": run.begin.id.to_string(),
        "workflow": run.begin.workflow,
        "same": comparison.is_same(),
        "status": { "on_record": comparison.status.0, "today": comparison.status.1 },
        "error": comparison.error,
        "outputs": outputs.collect::<Map<_, _>>(),
        "writes": comparison.writes.iter().map(writes).collect::<Vec<_>>(),
        "not_on_record": unread.collect::<Vec<_>>(),
    })
}

fn output(change: &Change) -> Json {
    match change {
        Change::Same => json!({ "is": "same" }),
        Change::Other { sides: (was, is), notes } => {
            json!({ "is": "other", "on_record": was, "today": is, "notes": notes })
        }
        Change::New(is) => json!({ "is": "new", "today": is }),
        Change::Gone(was) => json!({ "is": "gone", "on_record": was }),
        Change::NotKnown => json!({ "is": "not_known" }),
    }
}

fn writes(written: &Written) -> Json {
    json!({
        "connection": written.connection,
        "action": written.action,
        "target": written.target,
        "same": written.is_same(),
        "on_record": written.counts.0,
        "today": written.counts.1,
        "only_on_record": written.only.0,
        "only_today": written.only.1,
        "examples": { "on_record": written.examples.0, "today": written.examples.1 },
        "not_known": written.not_known,
    })
}
