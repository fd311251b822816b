//! Jobs, their parameters and their schedules.

use std::path::Path;

use serde_json::json;

use super::*;

const EXAMPLE: &str = r#"
environments: { prod: {}, dev: {} }
jobs:
  apex_collector:
    workflow: workflows/apex.flow:collect
  system_a_extractor:
    name: System A extraction
    workflow: workflows/extractor.flow
    enabled: ${SYSTEM_A_ENABLED:-true}
    environment: dev
    params: { job: system_a, lookback: 30d, limit: 100, ratio: 1.5, on: true, none: ~, ids: [1, "2", "${ID}"], when: 2025-01-31 }
    schedule: { cron: "0 2 * * *", timezone: Europe/London, calendar: weekdays, overlap: queue, catch_up: none }
    timeout: 1h30m
    after: [apex_collector]
"#;

#[test]
fn a_job_is_typed() {
    let config = config(EXAMPLE, &[("ID", "7")]);
    let job = config.job("system_a_extractor").unwrap();
    assert_eq!((&*job.name, job.enabled, job.timeout_ms), ("System A extraction", true, Some(5_400_000)));
    assert_eq!(job.workflow, Path::new("project/workflows/extractor.flow"));
    assert_eq!((job.workflow_name, job.description), (None, None));
    assert_eq!(&*job.after[0].node, "apex_collector");
    let params: serde_json::Map<_, _> =
        job.params.iter().map(|(name, p)| (name.to_string(), p.value.clone())).collect();
    let expected = json!({
        "job": "system_a", "lookback": "30d", "limit": 100, "ratio": 1.5, "on": true, "none": null,
        "ids": [1, "2", "7"], "when": "2025-01-31",
    });
    assert_eq!(serde_json::Value::Object(params), expected);
    assert!(job.params["ids"].substituted && !job.params["job"].substituted);
    let source = source(EXAMPLE);
    assert_eq!(
        (source.slice(job.params["lookback"].span), source.slice(job.params["lookback"].key_span)),
        ("30d", "lookback")
    );
    let schedule = job.schedule.unwrap();
    assert_eq!((&*schedule.cron.node, schedule.timezone), ("0 2 * * *", chrono_tz::Europe::London));
    assert_eq!((schedule.overlap, schedule.catch_up), (Overlap::Queue, CatchUp::None));
    assert_eq!(schedule.calendar.as_ref().map(|calendar| &*calendar.node), Some("weekdays"));
}

#[test]
fn what_is_not_said_has_a_default() {
    let job = config(EXAMPLE, &[]).job("apex_collector").unwrap();
    assert_eq!((&*job.name, job.enabled, job.timeout_ms, job.schedule), ("apex_collector", true, None, None));
    assert_eq!(job.workflow, Path::new("project/workflows/apex.flow"));
    assert_eq!(job.workflow_name.map(|name| name.node).as_deref(), Some("collect"));
}

#[test]
fn a_job_chooses_its_environment_behind_flags_and_variables() {
    let chosen = |flag: Option<&str>, set: &[(&str, &str)]| {
        let config = config(EXAMPLE, &[&[("ID", "7")], set].concat());
        let job = config.job("system_a_extractor").unwrap();
        config.choose_environment(flag, Some(&job)).unwrap().to_string()
    };
    assert_eq!(chosen(None, &[]), "dev");
    assert_eq!(chosen(None, &[("VMFLOW_ENV", "prod")]), "prod");
    assert_eq!(chosen(Some("prod"), &[]), "prod");
}

#[test]
fn jobs_may_be_a_list() {
    let text = "jobs:\n  - { id: a, workflow: a.flow }\n  - { id: b, workflow: b.flow, after: a }\n";
    let config = config(text, &[]);
    assert_eq!(config.job_ids().collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(&*config.job("b").unwrap().after[0].node, "a");
    assert_lines(
        &loading("jobs: [{ id: a }, { id: a }, { name: b }]"),
        &[
            "1:25 [a] job `a` is given twice | keep one of them",
            "1:30 [{ name: b] a job in a list wants `id` | add `id: …`",
        ],
    );
    assert_eq!(loading("jobs: { a: { id: b } }"), "1:14 [id] job `a` has its id as its key | remove the `id`");
}

#[test]
fn an_unknown_job_is_answered_with_those_there_are() {
    let findings = config(EXAMPLE, &[]).job("apex_colector").unwrap_err();
    assert_eq!(
        shown(&source(EXAMPLE), &findings),
        "3:1 [jobs] no job `apex_colector` | did you mean `apex_collector`? jobs: `apex_collector`, `system_a_extractor`"
    );
    assert_eq!(config("", &[]).job("a").unwrap_err()[0].help.as_deref(), Some("there are no jobs"));
}

#[test]
fn a_job_says_all_that_is_wrong() {
    let text = "
jobs:
  a:
    workflw: a.flow
    enabled: perhaps
    params: [1]
    schedule: { cron: , timezone: Europe/Lodnon, overlap: skp, catchup: all }
    timeout: 1
    after: [a, b, ab]
  ab: { workflow: a.sql, environment: prod }
";
    let config = config(text, &[]);
    let said = |id| shown(&source(text), &config.job(id).unwrap_err());
    assert_lines(
        &said("a"),
        &[
            "4:5 [workflw] job `a` has no key `workflw` | did you mean `workflow`?",
            "5:14 [perhaps] `enabled` is `perhaps`, where `true` or `false` is wanted | write `true` or `false`",
            "6:13 [[1] `params` is a list, where a map is wanted | write a map",
            "7:64 [catchup] a schedule has no key `catchup` | did you mean `catch_up`?",
            "7:17 [cron] `cron` has no value | write a text behind it, or remove the key",
            "7:35 [Europe/Lodnon] no time zone `Europe/Lodnon` | did you mean `Europe/London`?",
            "7:59 [skp] `overlap` is `skp`, where one of `skip`, `queue`, `cancel_old` is wanted | did you mean `skip`?",
            "8:14 [1] `timeout` has no unit | write `1s` for seconds",
            "9:13 [a] job `a` waits for itself | remove it from `after`",
            "9:16 [b] no job `b` to wait for | jobs: `a`, `ab`",
        ],
    );
    assert_eq!(
        said("ab"),
        "10:19 [a.sql] `workflow` is something else, where a path such as `workflows/name.flow` is wanted | write a path such as `workflows/name.flow`"
    );
}

#[test]
fn jobs_that_wait_in_a_circle_are_found() {
    let text = "
jobs:
  a: { workflow: a.flow, after: [b, d] }
  b: { workflow: a.flow, after: [c] }
  c: { workflow: a.flow, after: [a] }
  d: { workflow: a.flow, environment: prd }
";
    assert_lines(
        &shown(&source(text), &config(text, &[]).check()),
        &[
            "3:34 [b] jobs wait for each other: `a`, `b`, `c` | remove one of them from an `after`",
            "6:39 [prd] no environment `prd` | there are no environments",
        ],
    );
}

/// What is wrong with the schedule of a job.
fn scheduling(schedule: &str) -> String {
    let text = format!("jobs: {{ a: {{ workflow: a.flow, schedule: {{ {schedule} }} }} }}");
    match config(&text, &[("HOUR", "25"), ("CRON", "x")]).job("a") {
        Ok(job) => shown(&source(&text), &job.warnings),
        Err(findings) => shown(&source(&text), &findings),
    }
}

#[test]
fn cron_texts_are_read() {
    for fine in ["cron: '0 2 * * *'", "cron: '@daily'", "cron: '*/15 8-18 * * mon-fri', calendar: weekdays"] {
        assert_eq!(scheduling(fine), "", "{fine}");
    }
    assert_eq!(
        scheduling("cron: '0 24 * * *'"),
        "1:53 [24] `24` is no hour | write 0 to 23, `*`, or several with `-` and `,`"
    );
    assert_eq!(
        scheduling("cron: '0 2 * * mon-fry'"),
        "1:59 [mon-fry] `fry` is no day of the week | write 0 to 7, or `sun` to `sat`, `*`, or several with `-` and `,`"
    );
    assert_eq!(
        scheduling("cron: 0 0 2 * * *"),
        "1:50 [0 0 2 * * *] a cron text has five fields, and this has 6 | leave the seconds out: the first of five fields is the minute"
    );
    let substituted = scheduling("cron: '0 ${HOUR} * * *'");
    assert!(substituted.contains("['0 ${HOUR} * * *'] `25` is no hour"), "{substituted}");
}

#[test]
fn a_schedule_that_is_never_due_is_found() {
    assert_eq!(
        scheduling("cron: '0 2 * * 6', calendar: weekdays"),
        "1:50 ['0 2 * * 6'] warning VF306 this is due on weekends only, when the calendar is closed, so it never runs | name a weekday, or leave the calendar out"
    );
    assert_eq!(scheduling("cron: '0 2 * * 6', calendar: traders"), "");
    assert_eq!(scheduling("cron: '0 2 * * 5-6', calendar: weekdays"), "");
}

#[test]
fn a_time_that_the_clocks_skip_is_found() {
    assert_eq!(
        scheduling("cron: '30 2 * * *', timezone: Europe/Berlin"),
        "1:50 ['30 2 * * *'] warning VF303 02:30 does not exist in Europe/Berlin on a day that this is due: the clocks skip it | choose another hour, or `timezone: UTC`, where every time exists"
    );
    for fine in [
        "cron: '30 2 * * *', timezone: Europe/London",
        "cron: '30 2 * * *', timezone: Europe/Berlin, calendar: weekdays",
        "cron: '30 2 * * *'",
        "cron: '30 * * * *', timezone: Europe/Berlin",
    ] {
        assert_eq!(scheduling(fine), "", "{fine}");
    }
}

#[test]
fn a_misspelt_key_is_one_finding() {
    let lines = |text: &str| all_findings(text).iter().map(|it| it.message.clone()).collect::<Vec<_>>();
    let environment = |connection: &str| format!("environments:\n  e:\n    connections:\n      {connection}\n");
    let job = |job: &str| format!("environments:\n  e: {{}}\njobs:\n  j: {job}\n");
    for (text, wanted) in [
        (environment("a: { kind: http, url: 'http://a.b' }"), "a `http` connection has no key `url`"),
        (environment("a: { knd: http, base_url: 'http://a.b' }"), "connection `a` has no key `knd`"),
        (
            environment("a: { kind: victoria_metrics, query_url: 'http://a.b', write_url: 'http://a.b' }"),
            "a `victoria_metrics` connection has no key `query_url`",
        ),
        (job("{ workflows: a.flow }"), "job `j` has no key `workflows`"),
        (job("{ flow: a.flow }"), "job `j` has no key `flow`"),
        (job("{ workflow: a.flow, schedule: { crom: '0 1 * * *' } }"), "a schedule has no key `crom`"),
        (
            "default_environment: local\nenvironment:\n  local: {}\n".to_owned(),
            "a configuration has no key `environment`",
        ),
    ] {
        let found = all_findings(&text);
        assert_eq!(lines(&text), [wanted]);
        assert!(
            found.iter().all(|it| it.help.as_ref().is_some_and(|help| help.starts_with("did you mean"))),
            "{found:?}"
        );
    }
}

#[test]
fn jobs_without_their_line_are_one_finding() {
    let text = "default_environment: e\nenvironments:\n  e: {}\n\n  a: { workflow: a.flow }\n  b: { workflow: b.flow, after: [a] }\n";
    let found = all_findings(text);
    assert_eq!(
        shown(&source(text), &found),
        "5:3 [a] the job `a` stands among the environments | write the line `jobs:` above the jobs"
    );
}
