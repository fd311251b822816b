//! `vmflow explain`.

use super::Exit;
use super::arguments::ExplainArguments;
use super::terminal::Terminal;
use crate::diagnostic::{codes, no_such};

pub(super) fn explain(command: &ExplainArguments, terminal: &Terminal) -> Exit {
    if command.list {
        let lines: Vec<String> = codes::ALL
            .iter()
            .map(|code| format!("{}  {:7}  {}\n", code.id, format!("{:?}", code.severity).to_lowercase(), code.title))
            .collect();
        terminal.print(&lines.concat());
        return Exit::Ok;
    }
    let asked = command.code.as_deref().unwrap_or_default();
    match codes::find(asked) {
        Some(code) => {
            terminal.print(code.page);
            Exit::Ok
        }
        None => {
            terminal.tell(&format!("vmflow: {}", no_such(asked)));
            Exit::Usage
        }
    }
}
