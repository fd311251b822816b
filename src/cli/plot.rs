//! `vmflow plot`: the forecasts that a run would make, or that one on record made, drawn.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use uuid::Uuid;

use super::arguments::{PlotArguments, StoreArguments};
use super::history::History;
use super::past::Past;
use super::perform::{Performed, Sink};
use super::plan::read_only;
use super::prepare::{Permission, Prepared, prepare};
use super::project::{Project, refuse};
use super::terminal::Terminal;
use super::{Exit, logs};
use crate::config::Variables;
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::plot::{self, Look, Picture, Subject};
use crate::primitive::{Made, made};
use crate::run::{self, EventSink, RunEvent, RunStatus, StepPlace};
use crate::value::{StepError, Value};

pub(super) fn plot(command: &PlotArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    match command.wanted.target.as_deref().filter(|target| is_run(target)) {
        Some(run) => of_run(command, run, terminal, variables),
        None => of_plan(command, terminal, variables),
    }
}

/// The fewest letters of an id that are taken for one; what is shorter is more likely to be the name of a job.
const SHORTEST_ID: usize = 8;

/// Whether a run is meant, and no file or job.
fn is_run(target: &str) -> bool {
    let digits = target.chars().filter(|letter| *letter != '-');
    let is_id = digits.clone().count() >= SHORTEST_ID && digits.clone().all(|letter| letter.is_ascii_hexdigit());
    (is_id || target == "last") && !Path::new(target).exists()
}

/// The forecasts that a run on record made: it is gone through once more, with what it had read.
fn of_run(command: &PlotArguments, run: &str, terminal: &Terminal, variables: &Variables) -> Exit {
    let store = StoreArguments { config: command.wanted.config.config.clone() };
    let history = match History::open(&store, variables, &mut Project::default(), terminal) {
        Ok(history) => history,
        Err(exit) => return exit,
    };
    let mut project = Project::default();
    let course = Past::of(&history, run, &mut project).and_then(|past| {
        let retrace = Arc::new(past.retrace(&history)?);
        past.go_through(&history, &retrace)
    });
    let course = match course {
        Ok(course) => course,
        Err(refusal) if project.has_errors() => return refusal.tell(&project, terminal),
        Err(refusal) => return refusal.tell(&Project::default(), terminal),
    };
    let mut found: Vec<Model> = course.values().flat_map(|((step, _), value)| models(step, value)).collect();
    found.sort_by_key(|model| (series(model), model.step.clone()));
    let wanted = wanted(found, command);
    if wanted.is_empty() {
        let message = match (&command.step, &command.series) {
            (None, None) => "no forecast of this run is on record",
            _ => "no forecast of this run is of that step and series; without `--step` and `--series` all are drawn",
        };
        return refuse(terminal, Exit::Failed, message);
    }
    match draw(command, &wanted, terminal) {
        Ok(()) => Exit::Ok,
        Err(exit) => exit,
    }
}

/// The models in a value that a step gave.
fn models(step: &str, value: &Value) -> Vec<Model> {
    made(value).into_iter().map(|made| Model { step: step.to_owned(), made }).collect()
}

/// Those that were asked for, each once, though more than one step may hand it on.
fn wanted(found: Vec<Model>, command: &PlotArguments) -> Vec<Model> {
    let mut models: Vec<Model> = found.into_iter().filter(|model| model.is_wanted(command)).collect();
    models.dedup_by_key(|model| (series(model), model.made.as_ref().ok().map(|made| made.method.clone())));
    models
}

fn of_plan(command: &PlotArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    let mut project = Project::default();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let prepared = match prepare(&command.wanted, Permission::Look, variables, &mut project, &*clock) {
        Ok(prepared) => prepared,
        Err(refusal) => return refusal.tell(&project, terminal),
    };
    let (found, performed) = match watch(&prepared, &clock, terminal, &mut project) {
        Ok(seen) => seen,
        Err(exit) => return exit,
    };
    if let Some(error) = &performed.outcome.error {
        let step = error.step.join(".");
        terminal.tell(&prepared.environment.redactor().redact(&format!("vmflow: `{step}` failed: {}", error.message)));
    }
    let models = wanted(found, command);
    if models.is_empty() {
        return nothing(command, &performed, terminal);
    }
    match draw(command, &models, terminal) {
        Ok(()) => performed.exit,
        Err(exit) => exit,
    }
}

/// A model and the step that gave it.
struct Model {
    step: String,
    made: Result<Made, StepError>,
}

fn series(model: &Model) -> String {
    model.made.as_ref().map(|made| made.series.clone()).unwrap_or_default()
}

impl Model {
    fn is_wanted(&self, command: &PlotArguments) -> bool {
        let is_step = command.step.as_deref().is_none_or(|step| {
            self.step == step || self.step.strip_suffix(step).is_some_and(|before| before.ends_with('.'))
        });
        let series = self.made.as_ref().map_or("", |made| made.series.as_str());
        is_step && command.series.as_deref().is_none_or(|text| series.contains(text))
    }
}

/// Watches what steps give, and keeps the models.
struct Watch {
    shown: Sink,
    found: Arc<Mutex<Vec<Model>>>,
}

impl EventSink for Watch {
    fn emit(&self, event: RunEvent) {
        self.shown.emit(event);
    }

    fn gave(&self, place: &dyn Fn() -> StepPlace, value: &Value) {
        let models = made(value);
        if !models.is_empty() {
            let step = place().path.join(".");
            let models = models.into_iter().map(|made| Model { step: step.clone(), made });
            self.found.lock().unwrap_or_else(PoisonError::into_inner).extend(models);
        }
    }
}

/// Runs without writing, and gives the models in the order of their series.
fn watch(
    prepared: &Prepared,
    clock: &Arc<dyn Clock>,
    terminal: &Terminal,
    project: &mut Project,
) -> Result<(Vec<Model>, Performed), Exit> {
    let runtime =
        run::runtime().map_err(|error| refuse(terminal, Exit::Environment, &format!("cannot start: {error}")))?;
    let (id, found) = (Uuid::now_v7(), Arc::new(Mutex::new(Vec::new())));
    let shown = Sink::quiet(*terminal, id, Arc::new(prepared.environment.redactor()));
    let sink = Watch { shown, found: found.clone() };
    let ran = read_only(&runtime, prepared, id, clock, (terminal, project), sink);
    runtime.shutdown_background();
    let (performed, _) = ran?;
    let mut models = std::mem::take(&mut *found.lock().unwrap_or_else(PoisonError::into_inner));
    // Items that ran at once came in any order.
    models.sort_by_key(|model| (series(model), model.step.clone()));
    Ok((models, performed))
}

fn nothing(command: &PlotArguments, performed: &Performed, terminal: &Terminal) -> Exit {
    if performed.outcome.status == RunStatus::Failed {
        return performed.exit;
    }
    let message = match (&command.step, &command.series) {
        (None, None) => "no step of this run gave a forecast; `forecast.prophet(…)` and its like do",
        _ => "no forecast of this run is of that step and series; without `--step` and `--series` all are drawn",
    };
    refuse(terminal, Exit::Failed, message)
}

fn draw(command: &PlotArguments, models: &[Model], terminal: &Terminal) -> Result<(), Exit> {
    if let Some(output) = &command.output {
        return save(command, output, models, terminal);
    }
    let look = Look { width: terminal.width, has_color: terminal.color_out, has_parts: command.components };
    for (at, model) in models.iter().take(command.limit).enumerate() {
        let gap = if at > 0 { "\n" } else { "" };
        terminal.print(&format!("{gap}{}", plot::text(&picture(model, terminal)?, look)));
    }
    let more = models.len().saturating_sub(command.limit);
    if more > 0 {
        terminal.tell(&format!("{more} more; `--limit` draws them, `--series` chooses, `-o DIR` writes all as SVG"));
    }
    Ok(())
}

/// A model is fitted again to be drawn; what it was fitted with it carries along.
fn picture(model: &Model, terminal: &Terminal) -> Result<Picture, Exit> {
    let cannot = |why: &str| refuse(terminal, Exit::Bug, &format!("cannot draw what `{}` gave: {why}", model.step));
    let Made { series, history, method, days } = model.made.clone().map_err(|error| cannot(&error.message))?;
    let subject = Subject { title: series, history, method, days };
    Picture::of(&subject).map_err(|refusal| cannot(&refusal.message))
}

/// What a file is written as.
#[derive(Clone, Copy)]
enum Format {
    Svg,
    Png,
}

impl Format {
    /// By the ending of a file; none for a directory.
    fn of(output: &Path) -> Option<Self> {
        let extension = output.extension()?;
        let all = [("svg", Self::Svg), ("png", Self::Png)];
        all.into_iter().find(|(name, _)| extension.eq_ignore_ascii_case(name)).map(|(_, format)| format)
    }
}

fn save(command: &PlotArguments, output: &Path, models: &[Model], terminal: &Terminal) -> Result<(), Exit> {
    let format = Format::of(output);
    let is_file = format.is_some();
    if let Some(other) = output.extension().filter(|_| !is_file && !output.is_dir()) {
        let message = format!(
            "pictures are written as SVG or PNG, not as `{}`; name a file `….svg` or `….png`, or a directory",
            other.display()
        );
        return Err(refuse(terminal, Exit::Usage, &message));
    }
    if is_file && models.len() > 1 {
        let message = format!(
            "{} forecasts do not go into one file; name a directory, or one series with `--series`",
            models.len()
        );
        return Err(refuse(terminal, Exit::Usage, &message));
    }
    let failed = |path: &Path, error: &std::io::Error| {
        refuse(terminal, Exit::Environment, &format!("cannot write `{}`: {error}", path.display()))
    };
    if !is_file {
        std::fs::create_dir_all(output).map_err(|error| failed(output, &error))?;
    }
    for (model, name) in models.iter().zip(file_names(models)) {
        let path = if is_file { output.to_path_buf() } else { output.join(name) };
        let picture = picture(model, terminal)?;
        let drawn = match format.unwrap_or(Format::Svg) {
            Format::Svg => Ok(plot::svg(&picture, command.components).into_bytes()),
            Format::Png => plot::png(&picture, command.components),
        };
        drawn.and_then(|drawn| std::fs::write(&path, drawn)).map_err(|error| failed(&path, &error))?;
        terminal.tell(&format!("wrote {}", path.display()));
    }
    Ok(())
}

/// The longest name of a file, in characters, without its ending.
const LONGEST_NAME: usize = 100;

/// A name for each model's file, from its series: letters, digits and dashes, numbered where two would be the same.
fn file_names(models: &[Model]) -> Vec<String> {
    let mut taken = std::collections::HashMap::new();
    let name = |model: &Model| {
        let series = model.made.as_ref().map_or("forecast", |made| made.series.as_str());
        let plain: String = series.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect();
        let parts: Vec<&str> = plain.split('-').filter(|part| !part.is_empty()).collect();
        let name: String = parts.join("-").chars().take(LONGEST_NAME).collect();
        let count = taken.entry(name.clone()).and_modify(|count| *count += 1).or_insert(1_usize);
        if *count > 1 { format!("{name}-{count}.svg") } else { format!("{name}.svg") }
    };
    models.iter().map(name).collect()
}
