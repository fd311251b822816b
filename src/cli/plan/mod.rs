//! `vmflow plan`, and what `vmflow run --plan` needs of it.

mod report;
mod saved;

use std::sync::Arc;

use indexmap::IndexMap;
use tokio::runtime::Runtime;
use uuid::Uuid;

pub(super) use saved::{Saved, load};

use super::arguments::{PlanArguments, PlanFormat};
use super::connect::connect_to_read;
use super::perform::{Performed, Sink, perform};
use super::prepare::{Permission, Prepared, prepare};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{Exit, jobs, logs};
use crate::config::{Redactor, Variables};
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::plan::GivenArgument;
use crate::preview::{self, Basis, Given, Plan};
use crate::run::{self, EventSink, Preview, RunStatus};
use crate::value::{Type, to_json};

/// What a plan with changes exits with, when asked to tell.
const CHANGES: u8 = 6;

pub(super) fn plan(command: &PlanArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    if command.wanted.wants_help {
        return jobs::help(&command.wanted, "plan", terminal, variables);
    }
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let prepared = match prepare(&command.wanted, Permission::Look, variables, &mut project, &*clock) {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(&project, terminal),
    };
    if !project.findings.is_empty() && terminal.verbosity >= 0 {
        project.tell(terminal);
    }
    let made = if command.offline {
        Ok(Made { plan: outline(&prepared), exit: Exit::Ok })
    } else {
        make(&prepared, Uuid::now_v7(), &clock, terminal, &mut project)
    };
    match made {
        Ok(made) => finish(command, terminal, &prepared, &made),
        Err(exit) => exit,
    }
}

/// A plan, and what the command that made it exits with.
pub(super) struct Made {
    pub(super) plan: Plan,
    pub(super) exit: Exit,
}

/// Does all the reads of a run and none of its writes. What cannot be planned at all has been told.
pub(super) fn make(
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    terminal: &Terminal,
    project: &mut Project,
) -> Result<Made, Exit> {
    let runtime =
        run::runtime().map_err(|error| refuse(terminal, Exit::Environment, &format!("cannot start: {error}")))?;
    let made = make_on(&runtime, prepared, id, clock, terminal, project);
    runtime.shutdown_background();
    made
}

fn make_on(
    runtime: &Runtime,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    terminal: &Terminal,
    project: &mut Project,
) -> Result<Made, Exit> {
    let sink = Sink::quiet(*terminal, id, Arc::new(prepared.environment.redactor()));
    let (Performed { outcome, exit }, preview) = read_only(runtime, prepared, id, clock, (terminal, project), sink)?;
    let (program, workflow) = (&prepared.plan.program, &prepared.plan.workflow);
    let plan = preview::gather(basis(prepared, id), program, workflow, &outcome, preview.take());
    Ok(Made { plan, exit })
}

/// A run that reads and does not write; `sink` is told what happens, the preview knows what would be written.
pub(super) fn read_only(
    runtime: &Runtime,
    prepared: &Prepared,
    id: Uuid,
    clock: &Arc<dyn Clock>,
    (terminal, project): (&Terminal, &mut Project),
    sink: impl EventSink + 'static,
) -> Result<(Performed, Arc<Preview>), Exit> {
    let connecting = connect_to_read(&prepared.plan.workflow, &prepared.environment, clock);
    let reading = runtime.block_on(connecting).map_err(|findings| {
        project.findings = findings;
        project.tell(terminal);
        Exit::Environment
    })?;
    let preview = Arc::new(Preview::default());
    let services = run::Services {
        connections: reading.connections.clone(),
        clock: clock.clone(),
        interrupt: run::Interrupt::default(),
        keeping: Some(prepared.keeping.clone()),
        preview: Some(preview.clone()),
        records: None,
    };
    let performed = perform(prepared, id, services, sink, runtime);
    let broken = || refuse(terminal, Exit::Bug, "the plan broke down; this is a bug of vmflow's");
    Ok((performed.ok_or_else(broken)?, preview))
}

/// A plan as it would be saved: without the secrets of the environment.
pub(super) fn as_saved(plan: &Plan, redactor: &Redactor) -> Plan {
    Plan::from_json(&redactor.redact_json(&plan.to_json()).to_string()).unwrap_or_else(|_| plan.clone())
}

fn outline(prepared: &Prepared) -> Plan {
    let (program, workflow) = (&prepared.plan.program, &prepared.plan.workflow);
    let given = workflow.params.iter().zip(&prepared.plan.arguments);
    let params = given.filter_map(|(param, value)| Some((param.name.to_string(), to_json(value.as_ref()?)))).collect();
    preview::outline(basis(prepared, Uuid::now_v7()), program, workflow, params)
}

fn basis(prepared: &Prepared, id: Uuid) -> Basis {
    Basis {
        target: prepared.target.clone(),
        job_id: prepared.job.as_ref().map(|job| job.id.clone()),
        environment: prepared.environment.name.clone(),
        run_id: id.to_string(),
        now: prepared.now,
        given: given(prepared),
        program: prepared.keeping.origin.to_string(),
    }
}

/// The arguments of the command line. Secrets are left out, also those of the environment that stand in other texts: a run
/// of the plan is given them again.
fn given(prepared: &Prepared) -> IndexMap<String, Given> {
    let redactor = prepared.environment.redactor();
    let is_secret = |name: &str| {
        let mut params = prepared.plan.workflow.params.iter();
        params.any(|param| &*param.name == name && matches!(param.ty.required(), Type::Secret))
    };
    let kept = prepared.given.iter().filter(|(name, _)| !is_secret(name)).filter_map(|(name, argument)| {
        let given = match argument {
            GivenArgument::Text(text) => Given::Text(text.clone()),
            GivenArgument::Json(json) => Given::Json(json.clone()),
        };
        let text = serde_json::to_string(&given).ok()?;
        (redactor.redact(&text) == text).then(|| (name.to_string(), given))
    });
    kept.collect()
}

fn finish(command: &PlanArguments, terminal: &Terminal, prepared: &Prepared, made: &Made) -> Exit {
    let redactor = prepared.environment.redactor();
    let text = format!("{:#}\n", redactor.redact_json(&made.plan.to_json()));
    if let Some(file) = &command.output
        && let Err(why) = saved::save(file, &text)
    {
        return refuse(terminal, Exit::Environment, &why);
    }
    let default = if terminal.is_interactive { PlanFormat::Human } else { PlanFormat::Json };
    match command.format.unwrap_or(default) {
        PlanFormat::Human => {
            terminal.print(&redactor.redact(&report::human(&made.plan, terminal.color_out)));
            if let Some(file) = &command.output {
                terminal.tell(&format!("saved; `vmflow run --plan {}` carries it out", file.display()));
            }
        }
        PlanFormat::Json => terminal.print(&text),
    }
    let is_well = made.plan.status == RunStatus::Success;
    match made.exit {
        Exit::Code(0) | Exit::Ok if command.detailed_exitcode && is_well && made.plan.has_changes() => {
            Exit::Code(CHANGES)
        }
        exit => exit,
    }
}
