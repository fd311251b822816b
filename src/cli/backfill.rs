//! `vmflow backfill`: a run for each business day of a time, the oldest first.
//!
//! The runs of a back-fill know each other by what was asked for, the days aside. So the same command goes on where an
//! earlier one stopped, and one for more days leaves alone what is there already. The store gives each day to one run, so
//! that two which are started at once share the days.

use std::collections::HashMap;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{NaiveDate, TimeZone, Utc};
use serde_json::{Value as Json, json};
use uuid::Uuid;

use super::arguments::{AgainArguments, BackfillArguments, ListFormat, RunFormat, StoreArguments, Wanted, WhichRun};
use super::execution::{Carried, How, Ready, carry};
use super::history::{History, short};
use super::prepare::{Permission, prepare};
use super::project::{Project, refuse};
use super::resume::{TakenUp, take_up_for_backfill};
use super::terminal::Terminal;
use super::{Exit, eval, logs};
use crate::calendar::Calendar;
use crate::config::Variables;
use crate::connection::Clock;
use crate::connection::clock::SystemClock;
use crate::run;
use crate::store::{RunRow, Selection, Status, hash_of};
use crate::value::{Timestamp, Value, from_kept};

/// The most days of one back-fill.
const MOST: usize = 10_000;

/// A day, and what is on record of it.
struct Day {
    date: NaiveDate,
    now: Timestamp,
    known: Option<RunRow>,
}

/// Whether there is nothing to do for a run.
const fn is_done(run: &RunRow) -> bool {
    matches!(run.status, Status::Success | Status::Running)
}

impl Day {
    fn is_done(&self) -> bool {
        self.known.as_ref().is_some_and(is_done)
    }

    /// What would be done, for people.
    fn plan(&self) -> String {
        match &self.known {
            None => "to be run".to_owned(),
            Some(run) if run.status == Status::Running => format!("runs just now ({})", short(run)),
            Some(run) if run.status == Status::Success => format!("done ({})", short(run)),
            Some(run) if run.is_broken_off => format!("to be run anew: the record of {} broke off", short(run)),
            Some(run) => format!("to be taken up again: {} ({})", run.status.name(), short(run)),
        }
    }
}

/// A day that is over.
struct Ended {
    day: NaiveDate,
    came: Came,
}

/// What came of a day.
enum Came {
    /// It was run, and this is its result.
    Run(Exit, Json),
    /// It could not be begun.
    Nothing(Exit),
    /// Another back-fill runs it, or has run it meanwhile.
    Elsewhere,
}

impl Ended {
    fn code(&self) -> u8 {
        match &self.came {
            Came::Run(exit, _) | Came::Nothing(exit) => exit.code(),
            Came::Elsewhere => 0,
        }
    }

    fn result(&self) -> Option<&Json> {
        if let Came::Run(_, result) = &self.came { Some(result) } else { None }
    }

    fn is_elsewhere(&self) -> bool {
        matches!(self.came, Came::Elsewhere)
    }

    /// What keeps one day from beginning keeps the others from it as well.
    fn ends_all(&self) -> bool {
        matches!(self.came, Came::Nothing(_)) || self.code() >= 130
    }
}

pub(super) fn backfill(command: &BackfillArguments, terminal: &Terminal, variables: &Variables) -> Exit {
    logs::init(terminal);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let days = match days(command, clock.now()) {
        Ok(days) => days,
        Err(message) => return refuse(terminal, Exit::Usage, &message),
    };
    let batch = batch(command);
    let known = known(command, batch, variables);
    let days: Vec<Day> =
        days.into_iter().map(|(date, now)| Day { date, now, known: known.get(&now).cloned() }).collect();
    if command.plan {
        terminal.print(&planned(command, &days));
        return Exit::Ok;
    }
    let work = Work { command, batch, terminal: Terminal { animates: false, ..*terminal }, variables, clock };
    let ended = work.all(&days);
    if command.format == ListFormat::Json {
        let list = ended.iter().filter(|one| !one.is_elsewhere());
        let list =
            list.map(|one| json!({ "day": one.day.to_string(), "exit_code": one.code(), "result": one.result() }));
        let elsewhere = ended.iter().filter(|one| one.is_elsewhere()).map(|one| one.day.to_string());
        let document = json!({
            "batch": batch.to_string(),
            "days": list.collect::<Vec<_>>(),
            "elsewhere": elsewhere.collect::<Vec<_>>(),
        });
        terminal.print(&format!("{document:#}\n"));
    } else {
        terminal.print(&summary(&days, &ended));
    }
    worst(&ended)
}

/// The business days, each with the instant that its run takes for now.
fn days(command: &BackfillArguments, now: Timestamp) -> Result<Vec<(NaiveDate, Timestamp)>, String> {
    if command.to < command.from {
        return Err(format!("`--from {}` lies after `--to {}`", command.from, command.to));
    }
    let calendar = calendar(&command.on, now).map_err(|why| format!("`--on {}`: {why}", command.on))?;
    if let Some(why) = calendar.refusal(command.from) {
        return Err(format!("`--on {}`: {why}", command.on));
    }
    let all = command.from.iter_days().take_while(|day| *day <= command.to).filter(|day| calendar.is_open(*day));
    let days: Vec<NaiveDate> = all.take(MOST + 1).collect();
    match days.len() {
        0 => Err(format!("there is no business day from {} to {}", command.from, command.to)),
        len if len > MOST => Err(format!("a back-fill has {MOST} days at most")),
        _ => days.into_iter().map(|day| Ok((day, instant(command, &calendar, day)?))).collect(),
    }
}

fn instant(command: &BackfillArguments, calendar: &Calendar, day: NaiveDate) -> Result<Timestamp, String> {
    let local = calendar.zone().from_local_datetime(&day.and_time(command.time)).earliest();
    let missing =
        || format!("{day} has no {} in {}: the clocks skip it", command.time.format("%H:%M"), calendar.zone());
    local.map(|at| at.with_timezone(&Utc)).ok_or_else(missing)
}

fn calendar(text: &str, now: Timestamp) -> Result<Arc<Calendar>, String> {
    let expression = match text {
        "weekdays" => "calendars.weekdays(zone: \"UTC\")".to_owned(),
        name if super::project::is_name(name) => format!("calendars.{name}()"),
        expression => expression.to_owned(),
    };
    match eval::alone(&expression, now)? {
        Value::Calendar(calendar) => Ok(calendar),
        other => Err(format!("it is a `{}` and no calendar", other.kind())),
    }
}

/// What the runs of one back-fill have in common, the days aside.
fn batch(command: &BackfillArguments) -> Uuid {
    let environment = command.config.env.as_deref();
    let asked = json!([command.target, environment, command.on, command.time.to_string(), command.params]);
    let hash = hash_of(&asked.to_string());
    // The first half of a hash, in the form of an id.
    hash.get(..32).and_then(|half| half.parse().ok()).unwrap_or_default()
}

/// The store of runs, when there is anything in it.
fn history(command: &BackfillArguments, variables: &Variables) -> Option<History> {
    let config = Project::default().config(&command.config, Path::new("."), variables).ok().flatten();
    config.and_then(|config| History::of(config).ok())
}

/// The newest run of each instant, as far as anything is on record.
fn known(command: &BackfillArguments, batch: Uuid, variables: &Variables) -> HashMap<Timestamp, RunRow> {
    let Some(history) = history(command, variables) else { return HashMap::new() };
    let selection = Selection { batch: Some(batch), ..Selection::newest(u32::MAX) };
    let mut runs = history.ask(history.store.runs(&selection)).unwrap_or_default();
    runs.reverse();
    let now = |run: &RunRow| match from_kept(&run.begin.now) {
        Some(Value::Timestamp(now)) => Some(now),
        _ => None,
    };
    runs.into_iter().filter_map(|run| Some((now(&run)?, run))).collect()
}

fn planned(command: &BackfillArguments, days: &[Day]) -> String {
    match command.format {
        ListFormat::Json => {
            let list = days.iter().map(|one| {
                let run = one.known.as_ref().map(|run| run.begin.id.to_string());
                json!({ "day": one.date.to_string(), "now": one.now.to_rfc3339(), "is_done": one.is_done(), "run_id": run })
            });
            format!("{:#}\n", json!({ "days": list.collect::<Vec<_>>() }))
        }
        ListFormat::Human => {
            let lines = days.iter().map(|one| format!("{}  {}\n", one.date, one.plan()));
            let left = days.iter().filter(|one| !one.is_done()).count();
            format!("{}\n{left} of {} days to do\n", lines.collect::<Vec<_>>().concat(), days.len())
        }
    }
}

fn summary(days: &[Day], ended: &[Ended]) -> String {
    let done = days.iter().filter(|day| day.is_done()).count();
    let elsewhere = ended.iter().filter(|one| one.is_elsewhere()).count();
    let well = ended.iter().filter(|one| one.code() == 0).count() - elsewhere;
    let open = days.len() - done - ended.len();
    let mut parts = vec![format!("{well} of {} days went well", ended.len() - elsewhere)];
    parts.extend((done > 0).then(|| format!("{done} were done before")));
    parts.extend((elsewhere > 0).then(|| format!("{elsewhere} were left to another back-fill")));
    parts.extend((open > 0).then(|| format!("{open} were not begun")));
    format!("\n{}\n", parts.join(", "))
}

/// What the command exits with: an interruption, else the worst of the days.
fn worst(ended: &[Ended]) -> Exit {
    let codes: Vec<u8> = ended.iter().map(Ended::code).collect();
    let stopped = codes.iter().copied().find(|code| *code >= 130);
    let failed = codes.iter().copied().find(|code| !matches!(code, 0 | 3));
    Exit::Code(stopped.or(failed).or_else(|| codes.into_iter().max()).unwrap_or(0))
}

fn came(carried: Result<Option<Carried>, Exit>) -> Came {
    match carried {
        Ok(Some(Carried { result, exit, .. })) => Came::Run(exit, result),
        Ok(None) => Came::Nothing(Exit::Bug),
        Err(exit) => Came::Nothing(exit),
    }
}

/// What every day is run with.
struct Work<'a> {
    command: &'a BackfillArguments,
    batch: Uuid,
    terminal: Terminal,
    variables: &'a Variables,
    clock: Arc<dyn Clock>,
}

impl Work<'_> {
    /// Runs the days that are not done, so many at once, until all are over or somebody interrupts.
    fn all(&self, days: &[Day]) -> Vec<Ended> {
        let left: Vec<&Day> = days.iter().filter(|day| !day.is_done()).collect();
        let (next, stopped, ended) = (AtomicUsize::new(0), AtomicBool::new(false), Mutex::new(Vec::new()));
        let work = || {
            while !stopped.load(Ordering::Relaxed) {
                let Some(day) = left.get(next.fetch_add(1, Ordering::Relaxed)) else { break };
                let one = self.day(day);
                self.tell(&one);
                stopped.fetch_or(one.ends_all(), Ordering::Relaxed);
                ended.lock().unwrap_or_else(PoisonError::into_inner).push(one);
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..usize::from(self.command.max_parallel).min(left.len()) {
                let started = std::thread::Builder::new().stack_size(run::STACK).spawn_scoped(scope, work);
                if let Err(error) = started {
                    refuse(&self.terminal, Exit::Environment, &format!("cannot start a thread: {error}"));
                }
            }
        });
        let mut ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
        ended.sort_by_key(|one: &Ended| one.day);
        ended
    }

    fn tell(&self, one: &Ended) {
        if self.command.format == ListFormat::Json {
            return;
        }
        if one.is_elsewhere() {
            self.terminal.print(&format!("{}  left to another back-fill\n", one.day));
            return;
        }
        let field = |name: &str| one.result().and_then(|result| result.get(name)).and_then(Json::as_str);
        let status = field("status").unwrap_or("not run");
        self.terminal.print(&format!("{}  {status}: {}\n", one.day, field("message").unwrap_or("see above")));
    }

    fn day(&self, day: &Day) -> Ended {
        let came = match &day.known {
            Some(run) if !run.is_broken_off => self.finish(run.begin.id),
            _ => match self.anew(day) {
                Ok(Some(Carried { taken_by: Some(other), .. })) => self.finish(other),
                carried => came(carried),
            },
        };
        Ended { day: day.date, came }
    }

    /// Takes a run up again, unless another back-fill is faster: it may also be so between the look and the taking up.
    fn finish(&self, run: Uuid) -> Came {
        match self.standing(run) {
            Some(run) if is_done(&run) => Came::Elsewhere,
            Some(run) => match self.again(&run) {
                Err(_) if self.standing(run.begin.id).is_some_and(|run| is_done(&run)) => Came::Elsewhere,
                carried => came(carried),
            },
            None => {
                Came::Nothing(refuse(&self.terminal, Exit::Environment, &format!("the run {run} is not on record")))
            }
        }
    }

    /// How a run stands now.
    fn standing(&self, run: Uuid) -> Option<RunRow> {
        let history = history(self.command, self.variables)?;
        history.ask(history.store.runs(&Selection::one(run))).ok()?.pop()
    }

    fn anew(&self, day: &Day) -> Result<Option<Carried>, Exit> {
        let (command, mut project) = (self.command, Project::default());
        let wanted = Wanted {
            target: Some(command.target.clone()),
            config: command.config.clone(),
            job_id: None,
            params: command.params.clone(),
            params_file: None,
            since: None,
            until: None,
            at: Some(day.now.to_rfc3339()),
            flags: Vec::new(),
            wants_help: false,
            saved: indexmap::IndexMap::new(),
        };
        let permission = if command.yes { Permission::Given } else { Permission::Ask };
        let prepared = prepare(&wanted, permission, self.variables, &mut project, &*self.clock);
        let prepared = prepared.map_err(|refusal| refusal.tell(&project, &self.terminal))?;
        let ready = Ready::open(&prepared, &self.clock, &self.terminal, &mut project)?;
        let (how, id) = (
            How {
                format: None,
                trigger: "backfill",
                batch: Some(self.batch),
                in_place_of: day.known.as_ref().map(|run| run.begin.id),
                traceparent: self.variables.traceparent(),
            },
            Uuid::now_v7(),
        );
        let told = (&self.terminal, &ready);
        let kept = prepared.recording.begin(&how, &prepared, id, &*self.clock, told, &mut project)?;
        Ok(carry(RunFormat::Json, &self.terminal, &prepared, id, &self.clock, ready, kept))
    }

    fn again(&self, run: &RunRow) -> Result<Option<Carried>, Exit> {
        let store = StoreArguments { config: self.command.config.config.clone() };
        let which = WhichRun { run: run.begin.id.to_string(), store };
        let arguments = AgainArguments { params: Vec::new(), yes: self.command.yes, format: None };
        let taken = take_up_for_backfill(&which, &arguments, &self.terminal, self.variables, &self.clock)?;
        let TakenUp { id, prepared, ready, kept } = taken;
        Ok(carry(RunFormat::Json, &self.terminal, &prepared, id, &self.clock, ready, Some(kept)))
    }
}
