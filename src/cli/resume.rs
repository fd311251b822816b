//! `vmflow resume` and `vmflow retry`: a run is taken up again, with its own program, parameters and instant.

mod settle;

use std::collections::HashSet;
use std::sync::Arc;

use indexmap::IndexMap;
use uuid::Uuid;

use super::arguments::{AgainArguments, ResumeArguments, RetryArguments, WhichRun};
use super::execution::{Kept, Ready, carry_out};
use super::history::{History, Refused};
use super::prepare::{self, Prepared, Refusal};
use super::project::{Project, refuse};
use super::recorded::{self, Recorded, now, params};
use super::recording::{self, Recording};
use super::terminal::Terminal;
use super::{Exit, given, keeping, logs};
use crate::check::program::Workflow;
use crate::config::Variables;
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::diagnostic::did_you_mean;
use crate::plan;
use crate::store::{Claim, Program, Recalled, Recorder, RunRow, RunStore, Status, StepRow, Story};

/// What may be taken up again by `resume`, by `retry --failed-items` and by `retry --from`.
const STOPPED: [Status; 3] = [Status::Crashed, Status::Failed, Status::Cancelled];
const INCOMPLETE: [Status; 4] = [Status::Partial, Status::Crashed, Status::Failed, Status::Cancelled];
const OVER: [Status; 5] = [Status::Success, Status::Partial, Status::Crashed, Status::Failed, Status::Cancelled];

/// How a run is taken up.
struct Again<'a> {
    which: &'a WhichRun,
    arguments: &'a AgainArguments,
    states: &'static [Status],
    from: Option<&'a str>,
    done: &'a [String],
    redo: &'a [String],
}

/// `vmflow resume`.
pub(super) fn resume(command: &ResumeArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let (which, arguments) = (&command.which, &command.again);
    Again { which, arguments, states: &STOPPED, from: None, done: &command.done, redo: &command.redo }
        .run(terminal, variables)
}

/// `vmflow retry`.
pub(super) fn retry(command: &RetryArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let (which, arguments, from) = (&command.which, &command.again, command.from.as_deref());
    let states: &'static [Status] = if from.is_some() { &OVER } else { &INCOMPLETE };
    Again { which, arguments, states, from, done: &[], redo: &[] }.run(terminal, variables)
}

/// A run that was taken up and waits to go on.
pub(super) struct TakenUp {
    pub(super) id: Uuid,
    pub(super) prepared: Prepared,
    pub(super) ready: Ready,
    pub(super) kept: Kept,
}

/// Takes up what is not complete of a run that a back-fill began.
pub(super) fn take_up_for_backfill(
    which: &WhichRun,
    arguments: &AgainArguments,
    terminal: &Terminal,
    variables: &Variables,
    clock: &Arc<dyn Clock>,
) -> Result<TakenUp, Exit> {
    Again { which, arguments, states: &INCOMPLETE, from: None, done: &[], redo: &[] }.begin(terminal, variables, clock)
}

impl Again<'_> {
    fn run(&self, terminal: &Terminal, variables: &Variables) -> Exit {
        logs::init(terminal);
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        match self.begin(terminal, variables, &clock) {
            Ok(TakenUp { id, prepared, ready, kept }) => {
                carry_out(self.arguments.format, terminal, &prepared, id, &clock, ready, Some(kept))
            }
            Err(exit) => exit,
        }
    }

    fn begin(&self, terminal: &Terminal, variables: &Variables, clock: &Arc<dyn Clock>) -> Result<TakenUp, Exit> {
        let mut project = Project::default();
        let history = History::open(&self.which.store, variables, &mut project, terminal)?;
        let told = |(exit, message): Refused| refuse(terminal, exit, &message);
        let run = history.find(&self.which.run).and_then(|run| self.may_take_up(run)).map_err(told)?;
        let prepared = self.prepare(&history, &run, variables, &mut project);
        let prepared = prepared.map_err(|refusal| refusal.tell(&project, terminal))?;
        let ready = Ready::open(&prepared, clock, terminal, &mut project)?;
        let store = history.anew().map_err(told)?;
        let traceparent = variables.traceparent();
        let recorder = self.take_up(&store, &run, &prepared, (&ready, traceparent), terminal).map_err(told)?;
        Ok(TakenUp { id: run.begin.id, prepared, ready, kept: (recorder, store) })
    }

    fn may_take_up(&self, run: RunRow) -> Result<RunRow, Refused> {
        if self.states.contains(&run.status) { Ok(run) } else { Err(refused(&run, run.status)) }
    }

    /// The run as it was, on the connections as they are.
    fn prepare(
        &self,
        history: &History,
        run: &RunRow,
        variables: &Variables,
        project: &mut Project,
    ) -> Result<Prepared, Refusal> {
        let begin = &run.begin;
        let program = self.program(history, run)?;
        let config = &history.config;
        let Recorded { checked, workflow, .. } = recorded::checked(&program, history, run, project)?;
        let job = begin.job.as_deref().and_then(|id| prepare::find_job(config, id, &mut Project::default()).ok());
        let (kept, withheld) = params(run);
        let given = given::pairs(&self.arguments.params).map_err(prepare::usage)?;
        let mut given = given::with_those_of(job.as_ref(), &given);
        given.retain(|name, _| withheld.contains(&**name) || self.is_given(name));
        let plan = plan::bind_again(checked.program.clone(), workflow, &kept, &given)
            .map_err(|errors| prepare::usage(prepare::refused_text(&errors)))?;
        let environment = prepare::environment_for(&plan, config, &begin.environment, project)?;
        if environment.protected && !self.arguments.yes {
            return Err(prepare::usage(format!("the environment `{}` is protected; add `--yes`", environment.name)));
        }
        let recording = Recording::of(config, &checked.modules, &environment);
        if !recording.leads_to(begin) && !self.arguments.yes {
            let message = "the connections lead elsewhere than when this run began; `--yes` goes on with them";
            return Err(prepare::usage(message));
        }
        let keeping = keeping::keeping(config, &checked.modules, &environment);
        let interpreters = prepare::interpreters(variables);
        let (now, target, given) = (now(run)?, begin.target.clone(), IndexMap::new());
        Ok(Prepared { plan, environment, job, interpreters, keeping, recording, now, target, given })
    }

    fn is_given(&self, name: &str) -> bool {
        self.arguments.params.iter().any(|pair| pair.split_once('=').is_some_and(|(given, _)| given.trim() == name))
    }

    fn program(&self, history: &History, run: &RunRow) -> Result<Program, Refusal> {
        let program = recorded::program(history, run)?;
        let changed = program
            .programs
            .iter()
            .find(|text| std::fs::read_to_string(&text.path).map_or(true, |found| found != text.text));
        match changed {
            Some(text) if !self.arguments.yes => Err(prepare::usage(format!(
                "`{}` is not what it was when this run began; `--yes` goes on with it as it is",
                text.path
            ))),
            _ => Ok(program),
        }
    }

    /// Makes the run ours, and brings what is on record of it.
    fn take_up(
        &self,
        store: &Arc<dyn RunStore>,
        run: &RunRow,
        prepared: &Prepared,
        (ready, traceparent): (&Ready, Option<String>),
        terminal: &Terminal,
    ) -> Result<Arc<Recorder>, Refused> {
        let (id, workflow) = (run.begin.id, &prepared.plan.workflow);
        let settled = settle::settled(&ready.ask(store.steps(id))?, self.done, self.redo, workflow)?;
        let forgotten = self.from.map(|from| downstream(workflow, from)).transpose()?.unwrap_or_default();
        let steps = ready.ask(store.steps(id))?;
        self.ask_about_doubles(&steps, &ready.ask(store.effects(id))?, &forgotten)?;
        let worker = recording::worker();
        let epoch = match ready.ask(store.claim(id, &worker, self.states))? {
            Claim::Granted(epoch) => epoch,
            Claim::Busy { owner, for_ms } => return Err((Exit::Usage, busy(&owner, for_ms))),
            Claim::Refused(status) => return Err(refused(run, status)),
            Claim::BrokenOff => {
                let why = "its record broke off while it went on, so what it did since is not known";
                return Err((Exit::Usage, format!("this run cannot be taken up: {why}")));
            }
            Claim::Unknown => return Err((Exit::Usage, "this run is not on record any more".to_owned())),
        };
        crate::abort::at(crate::abort::Point::J2);
        ready.ask(store.settle(id, epoch, &settled))?;
        let mut recalled = ready.ask(Recalled::of(store.clone(), id))?;
        recalled.forget(&forgotten);
        let (mask, warn) = (recording::mask(&ready.redactor), recording::warn(*terminal));
        let on = ready.runtime.handle();
        let story = (!ready.sinks.is_empty()).then(|| Story::of(&run.begin, epoch, traceparent));
        let recorder = Recorder::of_claimed(store.clone(), (id, epoch), recalled, mask, warn, on);
        Ok(Arc::new(recorder.telling(story)))
    }

    /// Writes that are no safer the second time are made again only when somebody says so.
    fn ask_about_doubles(
        &self,
        steps: &[StepRow],
        effects: &[crate::store::EffectRow],
        forgotten: &HashSet<String>,
    ) -> Result<(), Refused> {
        let is_made = |key: &str| effects.iter().any(|effect| effect.key == key && effect.has_happened != Some(false));
        let is_forgotten = |step: &StepRow| forgotten.contains(step.path.split('.').next().unwrap_or_default());
        let doubled: Vec<&StepRow> = steps.iter().filter(|step| is_forgotten(step) && is_made(&step.key)).collect();
        match doubled.first() {
            Some(first) if !self.arguments.yes => Err((
                Exit::Usage,
                format!(
                    "`{}` was made already, and made again it could double what it wrote; `--yes` makes it again{}",
                    first.path,
                    if doubled.len() > 1 { format!(" ({} such writes)", doubled.len()) } else { String::new() }
                ),
            )),
            _ => Ok(()),
        }
    }
}

/// That a run goes on; where only a lease says so, when it could be taken up if it does not.
fn busy(owner: &str, for_ms: Option<i64>) -> String {
    let until = for_ms.map(|ms| format!("; should that be gone, it can be taken up in {} s", ms / 1000 + 1));
    format!("this run goes on: {owner} runs it{}", until.unwrap_or_default())
}

fn refused(run: &RunRow, status: Status) -> Refused {
    let id = run.begin.id;
    let why = match status {
        Status::Running => format!("this run goes on: {} runs it", run.begin.worker),
        Status::Success => "this run ended well; `vmflow retry … --from STEP` does a part of it again".to_owned(),
        Status::Partial => {
            format!("this run ended partial; `vmflow retry {id} --failed-items` does those again that failed")
        }
        other => format!("this run is {}", other.name()),
    };
    (Exit::Usage, why)
}

/// A step of the workflow and all that follow from it, by name.
fn downstream(workflow: &Workflow, from: &str) -> Result<HashSet<String>, Refused> {
    let steps = &workflow.body.steps;
    let Some(first) = steps.iter().position(|step| &*step.name == from) else {
        let known = steps.iter().filter(|step| step.is_shown).map(|step| &*step.name);
        let hint = did_you_mean(from, known).map(|hint| format!("; {hint}")).unwrap_or_default();
        return Err((Exit::Usage, format!("the workflow `{}` has no step `{from}`{hint}", workflow.name)));
    };
    let mut again: HashSet<usize> = HashSet::from([first]);
    // What comes before a step stands before it in the file, or is found in the next round.
    loop {
        let more = steps
            .iter()
            .enumerate()
            .filter(|(at, step)| !again.contains(at) && step.upstream.iter().any(|before| again.contains(before)));
        let more: Vec<usize> = more.map(|(at, _)| at).collect();
        if more.is_empty() {
            break;
        }
        again.extend(more);
    }
    Ok(steps.iter().enumerate().filter(|(at, _)| again.contains(at)).map(|(_, step)| step.name.to_string()).collect())
}
