//! `vmflow run`.

use std::path::Path;
use std::sync::Arc;

use uuid::Uuid;

use super::Exit;
use super::arguments::{JobsList, ListFormat, RunArguments, RunFormat, Wanted};
use super::execution::{How, execute};
use super::plan::Saved;
use super::prepare::{Permission, Prepared, prepare};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{jobs, logs, plan};
use crate::config::Variables;
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::preview::differences;

pub(super) fn run(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    if command.list_jobs {
        return list_jobs(command, terminal, variables);
    }
    if command.wanted.wants_help {
        return jobs::help(&command.wanted, "run", terminal, variables);
    }
    let saved = match command.plan.as_deref().map(|file| plan::load(file, &command.wanted)).transpose() {
        Ok(saved) => saved,
        Err(why) => return refuse(terminal, Exit::Usage, &why),
    };
    let wanted = saved.as_ref().map_or(&command.wanted, |saved| &saved.wanted);
    match ready(command, wanted, saved.as_ref(), terminal, variables, &mut project, &clock) {
        Ok(prepared) => {
            let id = saved.as_ref().map_or_else(Uuid::now_v7, |saved| saved.id);
            let how = How {
                format: command.format,
                trigger: saved.map_or("run", |_| "plan"),
                batch: None,
                in_place_of: None,
                traceparent: variables.traceparent(),
            };
            execute(&how, terminal, &prepared, id, &clock, &mut project)
        }
        Err(exit) => exit,
    }
}

/// Everything that comes before the run; of a saved plan also whether it still holds.
fn ready(
    command: &RunArguments,
    wanted: &Wanted,
    saved: Option<&Saved>,
    terminal: &Terminal,
    variables: &Variables,
    project: &mut Project,
    clock: &Arc<dyn Clock>,
) -> Result<Prepared, Exit> {
    let permission = if command.yes || saved.is_some() { Permission::Given } else { Permission::Ask };
    let prepared = match prepare(wanted, permission, variables, project, &**clock) {
        Ok(prepared) => prepared,
        Err(refusal) => return Err(refusal.tell(project, terminal)),
    };
    if !project.findings.is_empty() && terminal.verbosity >= 0 {
        project.tell(terminal);
    }
    let Some(saved) = saved else { return Ok(prepared) };
    let now = plan::make(&prepared, saved.id, clock, terminal, project)?.plan;
    let redactor = prepared.environment.redactor();
    let found = differences(&saved.plan, &plan::as_saved(&now, &redactor));
    if found.is_empty() {
        return Ok(prepared);
    }
    let file = command.plan.as_deref().unwrap_or(Path::new("")).display();
    let lines: Vec<String> = found.iter().map(|line| format!("\n  {}", redactor.redact(line))).collect();
    let message = format!("the plan `{file}` is not what a run would do now; nothing was run{}", lines.concat());
    Err(refuse(terminal, Exit::Failed, &message))
}

fn list_jobs(command: &RunArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let format = if command.format == Some(RunFormat::Json) { ListFormat::Json } else { ListFormat::Human };
    let list = JobsList { package: None, config: command.wanted.config.clone(), format };
    jobs::list_of(&list, terminal, variables)
}
