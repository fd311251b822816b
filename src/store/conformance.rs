//! What every store must do. A store's own tests call [`all`] with a way to open it.

use std::sync::Arc;

use serde_json::json;
use uuid::Uuid;

use super::{
    Attempt, Begin, Claim, EffectRow, Entry, EventRow, Finished, Program, Pruned, RunStore, Selection, Settled, Status,
    StepRow, StepState, Stop, StoreError, Text,
};

type Open<'a> = &'a (dyn Fn() -> Arc<dyn RunStore> + Sync);

/// Everything, on one store, whose earlier runs must not matter.
pub(super) async fn all(open: Open<'_>) {
    a_run_comes_back_as_it_went_in(open).await;
    what_a_former_owner_writes_is_refused(open).await;
    the_last_that_is_said_of_a_step_counts(open).await;
    an_announced_write_is_open_until_it_ends_or_somebody_says_so(open).await;
    runs_are_selected(open).await;
    only_what_is_over_may_be_taken_up(open).await;
    a_day_of_a_back_fill_is_one_runs(open).await;
    values_of_any_size_and_letters_come_back(open).await;
    whoever_runs_a_run_is_told_to_stop(open).await;
    pruning_leaves_what_runs_and_what_others_use(open).await;
    each_sink_is_told_from_its_own_place(open).await;
}

/// A run as it begins.
pub(super) fn begin(id: Uuid) -> Begin {
    let file = Text { path: "a.flow".to_owned(), text: "workflow a { }".to_owned() };
    Begin {
        id,
        workflow: "a".to_owned(),
        job: None,
        target: "a.flow".to_owned(),
        environment: "local".to_owned(),
        connections: "c".to_owned(),
        program_hash: "p".to_owned(),
        program: Program { files: vec![file], programs: Vec::new(), is_whole: true },
        params: json!({ "kept": { "n": 1 }, "withheld": ["token"] }),
        now: json!({ "timestamp": [1, 0] }),
        trigger: "run".to_owned(),
        batch: None,
        in_place_of: None,
        worker: "here:1".to_owned(),
        started_at: 1000,
        told: None,
    }
}

/// A step that is done.
pub(super) fn step(key: &str, output: Option<&str>) -> StepRow {
    StepRow {
        key: key.to_owned(),
        path: key.to_owned(),
        item: None,
        kind: "write".to_owned(),
        state: StepState::Done,
        code: "code".to_owned(),
        input: "input".to_owned(),
        output: output.map(str::to_owned),
        withheld: None,
        error: None,
        attempts: 1,
        tried: Vec::new(),
        started_at: 1001,
        duration_ms: 5,
        epoch: 1,
    }
}

fn attempt(number: u32, wait_ms: Option<u64>) -> Attempt {
    let error = Some(json!({ "kind": "timeout", "message": "it's \"late\"" }));
    Attempt { number, started_at: 1001, ended_at: 1003, error, wait_ms }
}

/// The end of a run.
pub(super) fn finished(status: Status) -> Finished {
    Finished {
        status,
        message: "it is over".to_owned(),
        result: json!({ "status": status.name() }),
        at: 2000,
        told: None,
    }
}

async fn a_run_comes_back_as_it_went_in(open: Open<'_>) {
    let (store, begun) = (open(), begin(Uuid::now_v7()));
    store.begin(&begun).await.unwrap();
    let events = [EventRow { seq: 0, epoch: 1, body: "{\"a\":\"ü'\\\"\"}".to_owned() }];
    let failed = StepRow {
        state: StepState::Failed,
        error: Some(json!({ "kind": "query", "message": "no 'such' table" })),
        item: Some("2026-10-30".to_owned()),
        attempts: 2,
        tried: vec![attempt(1, Some(1500)), attempt(2, None)],
        ..step("b", None)
    };
    let output = Entry::Output { hash: "h".to_owned(), json: "[1,null]".to_owned() };
    let entries =
        [output, Entry::Step(step("a", Some("h"))), Entry::Step(failed.clone()), Entry::Event(events[0].clone())];
    store.append(begun.id, 1, &entries).await.unwrap();
    store.finish(begun.id, 1, &[], &finished(Status::Partial)).await.unwrap();
    drop(store);
    let store = open();
    let runs = store.runs(&Selection::one(begun.id)).await.unwrap();
    let run = &runs[0];
    assert_eq!(run.begin, Begin { program: Program::default(), ..begun.clone() });
    assert_eq!((run.status, run.epoch, run.finished_at), (Status::Partial, 1, Some(2000)));
    assert_eq!(run.message.as_deref(), Some("it is over"));
    assert_eq!(run.result, Some(json!({ "status": "partial" })));
    assert_eq!(store.steps(begun.id).await.unwrap(), [step("a", Some("h")), failed]);
    assert_eq!(store.events(begun.id).await.unwrap(), events);
    assert_eq!(store.output("h").await.unwrap().as_deref(), Some("[1,null]"));
    assert_eq!(store.program("p").await.unwrap(), Some(begun.program));
    assert_eq!((store.output("none").await, store.program("none").await), (Ok(None), Ok(None)));
}

async fn what_a_former_owner_writes_is_refused(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    store.begin(&begin(run)).await.unwrap();
    assert!(store.begin(&begin(run)).await.is_err(), "an id is given once");
    assert_eq!(store.append(run, 2, &[]).await, Err(StoreError::Lost));
    store.finish(run, 1, &[], &finished(Status::Failed)).await.unwrap();
    assert_eq!(store.append(run, 1, &[Entry::Step(step("late", None))]).await, Err(StoreError::Lost));
    assert_eq!(store.claim(run, "b", &[Status::Failed]).await, Ok(Claim::Granted(2)));
    assert_eq!(store.finish(run, 1, &[], &finished(Status::Success)).await, Err(StoreError::Lost));
    assert!(store.steps(run).await.unwrap().is_empty());
    store.finish(run, 2, &[], &finished(Status::Success)).await.unwrap();
    assert_eq!(store.append(Uuid::now_v7(), 1, &[]).await, Err(StoreError::Lost));
}

async fn the_last_that_is_said_of_a_step_counts(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    store.begin(&begin(run)).await.unwrap();
    let failed = StepRow { state: StepState::Failed, ..step("a", None) };
    store
        .append(run, 1, &[Entry::Step(failed.clone()), Entry::Step(step("b", None)), Entry::Step(step("a", None))])
        .await
        .unwrap();
    assert_eq!(store.steps(run).await.unwrap(), [step("a", None), step("b", None)]);
    store.append(run, 1, &[Entry::Step(failed.clone())]).await.unwrap();
    assert_eq!(store.steps(run).await.unwrap(), [failed, step("b", None)]);
    store.finish(run, 1, &[], &finished(Status::Success)).await.unwrap();
}

async fn an_announced_write_is_open_until_it_ends_or_somebody_says_so(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    store.begin(&begin(run)).await.unwrap();
    let announced = |key| Entry::Announced(StepRow { state: StepState::Announced, ..step(key, None) });
    store
        .append(run, 1, &[announced("a"), announced("b"), announced("c"), Entry::Step(step("c", None))])
        .await
        .unwrap();
    let effect = |key: &str, has_happened| EffectRow { key: key.to_owned(), has_happened };
    let effects = store.effects(run).await.unwrap();
    assert_eq!(effects, [effect("a", None), effect("b", None), effect("c", Some(true))]);
    let settled = [
        Settled { key: "a".to_owned(), has_happened: true, output: Some(("seven".to_owned(), "7".to_owned())) },
        Settled { key: "b".to_owned(), has_happened: false, output: None },
    ];
    assert_eq!(store.settle(run, 2, &settled).await, Err(StoreError::Lost), "an epoch that is not the run's");
    assert_eq!(store.effects(run).await.unwrap()[0], effect("a", None));
    store.settle(run, 1, &settled).await.unwrap();
    let steps = store.steps(run).await.unwrap();
    let states: Vec<_> = steps.iter().map(|step| (step.state, step.output.as_deref())).collect();
    assert_eq!(states, [(StepState::Done, Some("seven")), (StepState::Failed, None), (StepState::Done, None)]);
    assert_eq!(store.output("seven").await.unwrap().as_deref(), Some("7"));
    assert_eq!(store.effects(run).await.unwrap()[1], effect("b", Some(false)));
    // Made again, it is open again.
    store.append(run, 1, &[announced("b")]).await.unwrap();
    assert_eq!(store.effects(run).await.unwrap()[1], effect("b", None));
    store.finish(run, 1, &[], &finished(Status::Crashed)).await.unwrap();
}

async fn runs_are_selected(open: Open<'_>) {
    let store = open();
    let batch = Some(Uuid::now_v7());
    let begun = |at, job: &str| {
        let (now, job) = (json!({ "timestamp": [at, 0] }), Some(job.to_owned()));
        Begin { started_at: at, job, batch, now, ..begin(Uuid::now_v7()) }
    };
    let all = [begun(50_001, "x"), begun(50_002, "y"), begun(50_003, "x")];
    for (run, status) in all.iter().zip([Status::Success, Status::Failed, Status::Partial]) {
        store.begin(run).await.unwrap();
        store.finish(run.id, 1, &[], &finished(status)).await.unwrap();
    }
    let ids = |selection: Selection| {
        let store = store.clone();
        async move {
            let found = store.runs(&selection).await.unwrap();
            found.iter().map(|run| run.begin.started_at).collect::<Vec<_>>()
        }
    };
    let of = |most| Selection { batch, ..Selection::newest(most) };
    assert_eq!(ids(of(9)).await, [50_003, 50_002, 50_001]);
    assert_eq!(ids(of(2)).await, [50_003, 50_002]);
    assert_eq!(ids(Selection { since_ms: Some(50_002), ..of(9) }).await, [50_003, 50_002]);
    assert_eq!(ids(Selection { job: Some("x".to_owned()), ..of(9) }).await, [50_003, 50_001]);
    assert_eq!(ids(Selection { job: Some("a".to_owned()), ..of(9) }).await.len(), 3, "a workflow's name does, too");
    let statuses = vec![Status::Failed, Status::Success];
    assert_eq!(ids(Selection { statuses, ..of(1) }).await, [50_002]);
    let statuses = vec![Status::Crashed, Status::Partial];
    assert_eq!(ids(Selection { statuses, ..of(9) }).await, [50_003]);
    let prefix = all[1].id.simple().to_string();
    assert_eq!(ids(Selection { prefix: Some(prefix[..30].to_owned()), ..of(9) }).await, [50_002]);
    assert!(ids(Selection { prefix: Some("%".to_owned()), ..of(9) }).await.is_empty());
}

async fn only_what_is_over_may_be_taken_up(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    store.begin(&begin(run)).await.unwrap();
    store.finish(run, 1, &[], &finished(Status::Success)).await.unwrap();
    assert_eq!(store.claim(run, "b", &[Status::Failed]).await, Ok(Claim::Refused(Status::Success)));
    assert_eq!(store.claim(run, "b", &[Status::Success]).await, Ok(Claim::Granted(2)));
    let found = store.runs(&Selection::one(run)).await.unwrap();
    assert_eq!((found[0].status, found[0].finished_at, &found[0].result), (Status::Running, None, &None));
    store.finish(run, 2, &[], &finished(Status::Success)).await.unwrap();
    assert_eq!(store.claim(Uuid::now_v7(), "b", &Status::ALL).await, Ok(Claim::Unknown));
}

async fn a_day_of_a_back_fill_is_one_runs(open: Open<'_>) {
    let (mine, theirs, batch) = (open(), open(), Uuid::now_v7());
    let day =
        |second: i64| Begin { batch: Some(batch), now: json!({ "timestamp": [second, 0] }), ..begin(Uuid::now_v7()) };
    let (first, late) = (day(1), day(1));
    let both = tokio::join!(mine.begin(&first), theirs.begin(&late));
    let (had, other) = if both.0.is_ok() { (&first, both.1) } else { (&late, both.0) };
    assert_eq!(other, Err(StoreError::Taken(had.id)), "one of those that come at once");
    let of_batch = Selection { batch: Some(batch), ..Selection::newest(9) };
    assert_eq!(theirs.runs(&of_batch).await.unwrap().len(), 1, "nothing is left of the other");
    theirs.begin(&day(2)).await.unwrap();
    // In the place of the run that has it, and of none that had it before.
    let anew = Begin { in_place_of: Some(had.id), ..day(1) };
    theirs.begin(&anew).await.unwrap();
    let again = Begin { in_place_of: Some(had.id), ..day(1) };
    assert_eq!(mine.begin(&again).await, Err(StoreError::Taken(anew.id)));
    for run in mine.runs(&of_batch).await.unwrap() {
        let owner = if run.begin.id == first.id { &mine } else { &theirs };
        owner.finish(run.begin.id, 1, &[], &finished(Status::Success)).await.unwrap();
    }
    mine.prune(i64::MAX, 0, false).await.unwrap();
    let free = day(1);
    mine.begin(&free).await.unwrap();
    mine.finish(free.id, 1, &[], &finished(Status::Success)).await.unwrap();
}

async fn values_of_any_size_and_letters_come_back(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    store.begin(&begin(run)).await.unwrap();
    let large = format!("\"{}\"", "ü".repeat(3 << 20));
    let odd = json!("a\0b \\u0000 \u{1f600}").to_string();
    let output = |hash: &str, json: &str| Entry::Output { hash: hash.to_owned(), json: json.to_owned() };
    let named = StepRow { item: Some("n: '\0'".to_owned()), error: Some(json!("\0")), ..step("odd", Some("odd")) };
    let event = EventRow { seq: 1, epoch: 1, body: json!({ "line": "\0" }).to_string() };
    let steps = [Entry::Step(step("big", Some("big"))), Entry::Step(named), Entry::Event(event.clone())];
    let values = [output("big", &large), output("odd", &odd), output("odd", &odd)];
    store.append(run, 1, &[&values[..], &steps[..]].concat()).await.unwrap();
    assert_eq!(store.output("big").await.unwrap(), Some(large));
    assert_eq!(store.output("odd").await.unwrap(), Some(odd), "a value is what it was, to the letter");
    assert_eq!(store.events(run).await.unwrap(), [event]);
    assert_eq!(store.steps(run).await.unwrap().len(), 2);
    store.finish(run, 1, &[], &finished(Status::Success)).await.unwrap();
}

async fn whoever_runs_a_run_is_told_to_stop(open: Open<'_>) {
    let (mine, other, run) = (open(), open(), Uuid::now_v7());
    assert_eq!(other.ask_to_stop(run).await, Ok(Stop::Unknown));
    mine.begin(&begin(run)).await.unwrap();
    assert_eq!((mine.beat(run, 1).await, mine.beat(run, 2).await), (Ok(false), Err(StoreError::Lost)));
    assert_eq!(other.ask_to_stop(run).await, Ok(Stop::Asked("here:1".to_owned())));
    assert_eq!(mine.beat(run, 1).await, Ok(true));
    assert_eq!(other.ask_to_stop(run).await, Ok(Stop::Asked("here:1".to_owned())), "twice is once");
    mine.finish(run, 1, &[], &finished(Status::Cancelled)).await.unwrap();
    assert_eq!(mine.beat(run, 1).await, Err(StoreError::Lost));
    assert_eq!(other.ask_to_stop(run).await, Ok(Stop::Over(Status::Cancelled)));
    assert_eq!(other.claim(run, "b", &[Status::Cancelled]).await, Ok(Claim::Granted(2)));
    assert_eq!(other.beat(run, 2).await, Ok(false), "who takes it up goes on");
    other.finish(run, 2, &[], &finished(Status::Success)).await.unwrap();
}

async fn pruning_leaves_what_runs_and_what_others_use(open: Open<'_>) {
    let store = open();
    store.prune(i64::MAX, 0, false).await.unwrap();
    let begun = |at| Begin { started_at: at, ..begin(Uuid::now_v7()) };
    let [old, older, runs] = [begun(20), begun(10), begun(1)];
    for run in [&old, &older, &runs] {
        store.begin(run).await.unwrap();
        let own = format!("of {}", run.started_at);
        let output = |hash: &str| Entry::Output { hash: hash.to_owned(), json: "1".to_owned() };
        let steps = [Entry::Step(step("a", Some("shared"))), Entry::Step(step("b", Some(&own)))];
        store.append(run.id, 1, &[&[output("shared"), output(&own)][..], &steps[..]].concat()).await.unwrap();
    }
    for run in [&old, &older] {
        store.finish(run.id, 1, &[], &finished(Status::Success)).await.unwrap();
    }
    let pruned = |runs, outputs| Pruned { runs, outputs };
    assert_eq!(store.prune(20, 1, true).await, Ok(pruned(1, 1)), "a trial removes nothing");
    assert_eq!(store.prune(20, 0, false).await, Ok(pruned(1, 1)), "what somebody runs stays, however old");
    assert_eq!(store.runs(&Selection::newest(9)).await.unwrap().len(), 2);
    assert_eq!(store.prune(i64::MAX, 1, false).await, Ok(pruned(0, 0)), "the newest stays");
    assert_eq!(store.output("shared").await.unwrap().as_deref(), Some("1"));
    store.finish(runs.id, 1, &[], &finished(Status::Success)).await.unwrap();
    assert_eq!(store.prune(i64::MAX, 0, false).await, Ok(pruned(2, 3)));
    assert_eq!(store.program("p").await, Ok(None));
}

async fn each_sink_is_told_from_its_own_place(open: Open<'_>) {
    let (store, run) = (open(), Uuid::now_v7());
    let told = |text: &str| Some(text.to_owned());
    store.begin(&Begin { told: told("start"), ..begin(run) }).await.unwrap();
    store.append(run, 1, &[Entry::Told("one".to_owned()), Entry::Told("two".to_owned())]).await.unwrap();
    assert_eq!(store.append(run, 9, &[Entry::Told("late".to_owned())]).await, Err(StoreError::Lost));
    store.finish(run, 1, &[], &Finished { told: told("end"), ..finished(Status::Success) }).await.unwrap();
    let bodies = async |sink: &str, most| {
        let rows = store.waiting(sink, most).await.unwrap();
        rows.into_iter().map(|(_, body)| body).collect::<Vec<_>>()
    };
    assert_eq!(bodies("a", 9).await, ["start", "one", "two", "end"]);
    let places: Vec<i64> = store.waiting("a", 9).await.unwrap().into_iter().map(|(place, _)| place).collect();
    assert!(places.is_sorted_by(|one, next| one < next), "{places:?}");

    store.passed("a", places[1], 1, Some("no such column")).await.unwrap();
    store.failed("b", "nobody is there").await.unwrap();
    assert_eq!((bodies("a", 1).await, bodies("b", 9).await.len()), (vec!["two".to_owned()], 4));
    let standing = store.standing(&["b", "a", "new"]).await.unwrap();
    let counts: Vec<_> = standing.iter().map(|row| (&*row.name, row.waiting, row.dropped)).collect();
    assert_eq!(counts, [("b", 4, 0), ("a", 2, 1), ("new", 4, 0)]);
    assert!(standing[0].failing_since.is_some() && standing[0].why.as_deref() == Some("nobody is there"));
    assert_eq!((standing[1].failing_since, standing[1].why.as_deref()), (None, Some("no such column")));

    store.forget(&["a", "b"]).await.unwrap();
    assert_eq!(bodies("b", 9).await.len(), 4, "what one has not been told stays");
    store.passed("b", places[3], 0, None).await.unwrap();
    assert_eq!(store.standing(&["b"]).await.unwrap()[0].failing_since, None);
    store.forget(&["a", "b"]).await.unwrap();
    assert_eq!(bodies("new", 9).await, ["two", "end"]);
    store.passed("a", places[3], 0, None).await.unwrap();
    store.forget(&["a", "b"]).await.unwrap();
    let standing = store.standing(&["a"]).await.unwrap();
    assert_eq!((standing[0].waiting, standing[0].dropped), (0, 1), "what was removed when all had it counts as told");

    let turn = store.turn("a").await.unwrap();
    assert!(turn.is_some() && open().turn("a").await.unwrap().is_none() && open().turn("b").await.unwrap().is_some());
    drop(turn);
    // A server needs a moment to see that somebody went.
    for _ in 0..500 {
        if open().turn("a").await.unwrap().is_some() {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    panic!("the turn is over, and nobody gets it");
}
