//! `vmflow graph`.

use super::Exit;
use super::arguments::{GraphArguments, GraphFormat};
use super::project::{Project, read_text, refuse, split_target, workflow_of};
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::plan::{Drawing, draw};

pub(super) fn graph(command: &GraphArguments, terminal: &Terminal) -> Exit {
    let (file, name) = split_target(&command.file);
    let text = match read_text(&file) {
        Ok(text) => text,
        Err(why) => return refuse(terminal, Exit::Usage, &format!("cannot read `{}`: {why}", file.display())),
    };
    let mut project = Project::default();
    let checked = project.check(vec![(file.clone(), text)], &Surroundings::default());
    if project.has_errors() {
        project.tell(terminal);
        return Exit::Failed;
    }
    let workflow = match workflow_of(&checked.program, name, &file) {
        Ok(workflow) => workflow,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let drawing = match command.format {
        GraphFormat::Text => Drawing::Text,
        GraphFormat::Mermaid => Drawing::Mermaid,
        GraphFormat::Dot => Drawing::Dot,
    };
    terminal.print(&draw(&workflow, drawing));
    Exit::Ok
}
