//! `vmflow runs prune`.

use serde_json::json;

use super::time::span;
use super::{History, Refused};
use crate::cli::Exit;
use crate::cli::arguments::{ListFormat, RunsPrune};

pub(super) fn prune(command: &RunsPrune, history: &History, now_ms: i64) -> Result<String, Refused> {
    let older = span(&command.older_than).map_err(|why| (Exit::Usage, format!("`--older-than`: {why}")))?;
    let before = now_ms.saturating_sub(older);
    let pruned = history.ask(history.store.prune(before, command.keep, command.dry_run))?;
    Ok(match command.format {
        ListFormat::Json => format!("{:#}\n", json!({ "runs": pruned.runs, "outputs": pruned.outputs })),
        ListFormat::Human => {
            let would = if command.dry_run { "would remove" } else { "removed" };
            let runs = if pruned.runs == 1 { "1 run".to_owned() } else { format!("{} runs", pruned.runs) };
            format!("{would} {runs} and {} values that no other run has\n", pruned.outputs)
        }
    })
}
