//! `vmflow graph`.

use super::Exit;
use super::arguments::{GraphArguments, GraphFormat};
use super::packages::{self, Place};
use super::project::{Project, read_text, refuse, workflow_of};
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::config::Variables;
use crate::plan::{Drawing, draw};

pub(super) fn graph(command: &GraphArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let Place { file, workflow: name } = match packages::place(&command.file, variables, &mut project) {
        Ok(place) => place,
        Err(refusal) => return refusal.tell(&project, terminal),
    };
    let text = match read_text(&file) {
        Ok(text) => text,
        Err(why) => return refuse(terminal, Exit::Usage, &format!("cannot read `{}`: {why}", file.display())),
    };
    let checked = project.check(vec![(file.clone(), text)], &Surroundings::default());
    if project.has_errors() {
        project.tell(terminal);
        return Exit::Failed;
    }
    let workflow = match workflow_of(&checked.program, name.as_deref(), &file) {
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
