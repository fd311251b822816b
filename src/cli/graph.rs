//! `vmflow graph`.

use std::sync::Arc;

use serde_json::Value as Json;

use super::Exit;
use super::arguments::{GraphArguments, GraphFormat};
use super::history::{self, History};
use super::packages::{self, Place};
use super::past::Past;
use super::prepare::{self, Refusal};
use super::project::{Project, text_of, workflow_of};
use super::terminal::Terminal;
use crate::check::Surroundings;
use crate::check::program::Workflow;
use crate::config::Variables;
use crate::lookback::marks;
use crate::plan::{Drawing, draw, draw_run};

pub(super) fn graph(command: &GraphArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    match &command.run {
        Some(run) => of_run(command, run, terminal, variables),
        None => of_file(command, terminal, variables),
    }
}

impl From<GraphFormat> for Drawing {
    fn from(format: GraphFormat) -> Self {
        match format {
            GraphFormat::Text => Self::Text,
            GraphFormat::Mermaid => Self::Mermaid,
            GraphFormat::Dot => Self::Dot,
            GraphFormat::Json => Self::Json,
        }
    }
}

fn of_file(command: &GraphArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    match today(command.file.as_deref().unwrap_or_default(), &mut project, variables) {
        Ok(workflow) => {
            terminal.print(&draw(&workflow, command.format.into()));
            Exit::Ok
        }
        Err(refusal) => refuse_to_draw(refusal, &project, terminal),
    }
}

/// Findings say by themselves what is wrong.
fn refuse_to_draw(refusal: Refusal, project: &Project, terminal: &Terminal) -> Exit {
    if refusal.exit == Exit::Failed && project.has_errors() {
        project.tell(terminal);
        return Exit::Failed;
    }
    refusal.tell(project, terminal)
}

/// The workflow as its file has it.
fn today(target: &str, project: &mut Project, variables: &Variables) -> Result<Arc<Workflow>, Refusal> {
    let Place { file, workflow: name } = packages::place(target, variables, project)?;
    let text = text_of(&file).map_err(prepare::usage)?;
    let checked = project.check(vec![(file.clone(), text)], &Surroundings::default());
    if project.has_errors() {
        return Err(Refusal { exit: Exit::Failed, message: format!("`{}` does not pass its checks", file.display()) });
    }
    workflow_of(&checked.program, name.as_deref(), &file).map_err(prepare::usage)
}

/// A run on record: the workflow as it was then, or as a file has it.
fn of_run(command: &GraphArguments, run: &str, terminal: &Terminal, variables: &Variables) -> Exit {
    let history = match History::open(&command.store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let mut project = Project::default();
    let drawn = Past::of(&history, run, &mut project).and_then(|past| {
        let workflow = match &command.file {
            Some(target) => {
                project = Project::default();
                today(target, &mut project, variables)?
            }
            None => past.workflow.clone(),
        };
        if workflow.name != past.workflow.name {
            let (was, is) = (&past.workflow.name, &workflow.name);
            return Err(prepare::usage(format!("this run is one of the workflow `{was}`, not of `{is}`")));
        }
        let marks = marks(&workflow, &past.run, &past.rows);
        let drawing = draw_run(&workflow, command.format.into(), &marks, terminal.color_out);
        Ok(with_run(&drawing, command.format, &past))
    });
    match drawn {
        Ok(text) => {
            terminal.print(&text);
            Exit::Ok
        }
        Err(refusal) => refuse_to_draw(refusal, &project, terminal),
    }
}

/// The drawing, and which run it is of.
fn with_run(drawing: &str, format: GraphFormat, past: &Past) -> String {
    let run = &past.run;
    let message = run.message.as_ref().map(|message| format!(": {message}")).unwrap_or_default();
    let title = format!("run {} {}{}", run.begin.id, run.status.name(), message.lines().next().unwrap_or_default());
    match format {
        GraphFormat::Text => format!("{title}\n{drawing}"),
        GraphFormat::Mermaid => format!("%% {title}\n{drawing}"),
        GraphFormat::Dot => format!("// {title}\n{drawing}"),
        GraphFormat::Json => {
            let mut document: Json = serde_json::from_str(drawing).unwrap_or_default();
            if let Some(fields) = document.as_object_mut() {
                fields.insert("run".to_owned(), history::as_json(run));
            }
            format!("{document:#}\n")
        }
    }
}
