//! The embedded store against the server, on expressions that nobody wrote: made from the whole declared subset,
//! over data of every shape that is known to be special.

use std::sync::Arc;

use vmflow::connection::Metrics;
use vmflow::query::promql;
use vmflow::source::{SourceId, Span};
use vmflow::value::{ErrorKind, Sample};

use super::differential::{Random, plain, same};
use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, embedded, export, sample};
use crate::support::victoria::{self, unique};

/// How many expressions; each is asked for at an instant of its own.
const EXPRESSIONS: usize = 600;

impl Random {
    fn one<'a, T: ?Sized>(&mut self, of: &[&'a T]) -> &'a T {
        of[usize::try_from(self.below(of.len() as u64)).unwrap()]
    }
}

type Shape = (&'static str, &'static [(&'static str, &'static str)], Vec<(i64, f64)>);

/// Instants and values of a series from `begin` on: `gaps` are drawn for the next instant, `value` gives what is there.
fn series(
    random: &mut Random,
    begin: i64,
    count: usize,
    gap: u64,
    value: impl Fn(&mut Random, usize) -> f64,
) -> Vec<(i64, f64)> {
    let mut instant = begin;
    let mut points = Vec::new();
    for n in 0..count {
        points.push((instant, value(random, n)));
        instant += 1 + random.below(gap);
    }
    points
}

fn shapes() -> Vec<Shape> {
    let mut random = Random(2025);
    let decimal = |random: &mut Random, _| (random.below(2_000_000) - 700_000) as f64 / 1000.0;
    let counter = |step: u64, reset: usize| {
        move |random: &mut Random, n: usize| (n % reset) as f64 * step as f64 + random.below(step) as f64
    };
    let daily = |day: i64| (MIDNIGHT + day * DAY, day as f64 + 0.25);
    let edges = [-DAY, -1, 0, 1, DAY - 1, DAY, DAY + 1, 2 * DAY - 1];
    let infinite = [f64::INFINITY, 3.0, f64::NEG_INFINITY, 0.0, -0.0, 1.5];
    vec![
        (
            "requests_total",
            &[("code", "200"), ("path", "/a.b")],
            series(&mut random, MIDNIGHT, 900, 200_000, counter(7, 250)),
        ),
        (
            "requests_total",
            &[("code", "500"), ("path", "/a+b")],
            series(&mut random, MIDNIGHT + 5, 900, 200_000, counter(3, 90)),
        ),
        ("requests_total", &[("code", "404")], series(&mut random, MIDNIGHT + HOUR, 40, 9_000_000, counter(1, 7))),
        ("burst", &[("code", "200")], series(&mut random, MIDNIGHT - 4_000, 600, 40, decimal)),
        ("burst", &[("zone", "x|y")], series(&mut random, MIDNIGHT + DAY - 300, 600, 2, decimal)),
        ("daily", &[("zone", "é")], (0..12).map(daily).collect()),
        ("daily", &[], (3..6).map(daily).collect()),
        ("edges", &[("zone", "(1)")], edges.iter().map(|at| (MIDNIGHT + at, *at as f64)).collect()),
        ("single", &[("zone", "say \"no\"")], vec![(MIDNIGHT + 6 * HOUR + 17, -2.5)]),
        ("single", &[("zone", " ")], vec![(MIDNIGHT, 0.0)]),
        ("flat", &[("code", "200"), ("zone", "1")], series(&mut random, MIDNIGHT, 300, 600_000, |_, _| 0.0)),
        ("flat", &[("code", "20"), ("zone", "10")], series(&mut random, MIDNIGHT, 300, 600_000, |_, _| 42.0)),
        ("large", &[("code", "1")], series(&mut random, MIDNIGHT, 100, 900_000, |r, _| r.below(1 << 50) as f64)),
        ("small", &[("code", "1")], series(&mut random, MIDNIGHT, 100, 900_000, |r, _| r.below(1000) as f64 / 1e6)),
        ("infinite", &[("code", "1")], (0..).map(|n| MIDNIGHT + DAY + n * 1000).zip(infinite).collect()),
        ("long", &[("code", "300")], series(&mut random, MIDNIGHT - 2 * DAY, 3_000, 120_000, decimal)),
        ("ended", &[("code", "300"), ("zone", "1")], series(&mut random, MIDNIGHT - 9 * DAY, 50, 300_000, decimal)),
        ("ancient", &[("zone", "a.b")], series(&mut random, 31_536_000_000, 20, 86_400_000, decimal)),
    ]
}

fn samples(job: &str) -> Vec<Arc<Sample>> {
    let of = |(name, labels, points): Shape| {
        let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("job", job)]).collect();
        points.into_iter().map(move |(at, value)| sample(name, &labels, value, at)).collect::<Vec<_>>()
    };
    shapes().into_iter().flat_map(of).collect()
}

const NAMES: [&str; 11] =
    ["requests_total", "burst", "daily", "edges", "single", "flat", "large", "small", "infinite", "long", "ended"];
const WINDOWS: [&str; 18] = [
    "1ms", "7ms", "250ms", "30s", "59s", "17m", "1h", "5h", "1d", "1d", "36h", "0.5d", "2d", "3d", "5d", "400d",
    "400d", "50y",
];
const OFFSETS: [&str; 8] = [
    " offset 1ms",
    " offset -1ms",
    " offset 40ms",
    " offset 1h",
    " offset -1h",
    " offset 1d",
    " offset 0s",
    " offset 36h",
];
const NUMBERS: [&str; 12] = ["2", "0", "-1.5", "100", "1e3", "Inf", "-Inf", "NaN", "(1 + 2)", "0.1", "1Ki", "7 % 4"];

fn matcher(random: &mut Random) -> String {
    let label = random.one(&["code", "code", "zone", "path", "nosuch", "__name__"]);
    let sign = random.one(&["=", "!=", "=~", "!~"]);
    let plain = ["200", "500", "1", "", "a.b", "x|y", "(1)", "é", "say \"no\"", "/a+b", "daily", " "];
    let patterns = [
        "2.*",
        "200|404",
        ".+",
        ".*",
        "",
        "|1",
        "[0-9]+",
        "\\d{3}",
        "a.b",
        "x\\|y",
        "/a[.+]b",
        "(20)?0?",
        "d.*|s.*",
        "[^1]",
        "2..",
        "daily|é|x.y",
        "^200$",
        ".",
        "\\(1\\)",
        "e.*s",
        "20{1,2}",
        ".*0.*",
        "\\S+",
    ];
    let value = if sign.ends_with('~') { random.one(&patterns) } else { random.one(&plain) };
    format!("{label}{sign}{value:?}")
}

fn selector(random: &mut Random, job: &str) -> String {
    let name = if random.below(4) > 0 { random.one(&NAMES) } else { "" };
    let mut matchers = vec![format!("job={job:?}")];
    for _ in 0..[0, 0, 0, 1, 1, 2][usize::try_from(random.below(6)).unwrap()] {
        matchers.push(matcher(random));
    }
    format!("{name}{{{}}}", matchers.join(","))
}

fn folded(random: &mut Random, job: &str) -> String {
    let fold = random.one(&["last", "first", "min", "max", "sum", "avg", "count", "tlast", "tfirst"]);
    let offset = if random.below(3) == 0 { random.one(&OFFSETS) } else { "" };
    let keep = if random.below(2) == 0 { " keep_metric_names" } else { "" };
    format!("{fold}_over_time({}[{}]{offset}){keep}", selector(random, job), random.one(&WINDOWS))
}

fn expression(random: &mut Random, job: &str, depth: usize) -> String {
    if depth == 0 {
        return folded(random, job);
    }
    let inner = |random: &mut Random| expression(random, job, depth - 1);
    match random.below(8) {
        0..4 => {
            let aggregate = random.one(&["sum", "min", "max", "avg", "count"]);
            let grouping = random.one(&[
                "",
                " by (code)",
                " by (zone, code)",
                " without (zone)",
                " without (job, code)",
                " by (__name__)",
                " by ()",
                " without ()",
                " by (nosuch)",
                " without (__name__)",
                " by (__name__, zone)",
            ]);
            if random.below(2) == 0 {
                format!("{aggregate}({}){grouping}", inner(random))
            } else {
                format!("{aggregate}{grouping} ({})", inner(random))
            }
        }
        4..6 => {
            let operator = random.one(&["+", "-", "*", "/", "%", "^"]);
            // A remainder makes a difference in the sixteenth digit of something large a large one.
            let series = if operator == "%" { folded(random, job) } else { inner(random) };
            let number = random.one(&NUMBERS);
            if random.below(2) == 0 {
                format!("({series}) {operator} {number}")
            } else {
                format!("{number} {operator} ({series})")
            }
        }
        6 => {
            let operator = random.one(&["==", "!=", "<", "<=", ">", ">=", "> bool", "== bool", "<= bool", "!= bool"]);
            let (series, number) = (inner(random), random.one(&NUMBERS));
            if random.below(2) == 0 {
                format!("({series}) {operator} {number}")
            } else {
                format!("{number} {operator} ({series})")
            }
        }
        _ => format!("-({})", inner(random)),
    }
}

/// Where something begins, ends or lies, and a millisecond beside it.
fn instant(random: &mut Random, samples: &[Arc<Sample>]) -> i64 {
    match random.below(3) {
        0 => MIDNIGHT + random.below(4) * DAY,
        1 => MIDNIGHT + random.below(3 * 86_400_000),
        _ => samples[usize::try_from(random.below(samples.len() as u64)).unwrap()].at_ms + random.below(3) - 1,
    }
}

#[tokio::test]
async fn any_expression_of_the_subset_has_one_answer() {
    let (server, job) = (victoria::client(&victoria::url()), unique("generated"));
    let (store, _directory) = embedded().await;
    let samples = samples(&job);
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    let mut random = Random(99);
    let (mut differences, mut answered) = (Vec::new(), 0);
    for n in 0..EXPRESSIONS {
        let query = expression(&mut random, &job, n % 4);
        let instant = instant(&mut random, &samples);
        let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
        let outside = promql::embedded_subset(&promql::parse(&query, span).0);
        assert!(outside.is_empty(), "{query}: {outside:?}");
        let theirs = plain(server.instant(&query, at(instant)).await);
        let ours = plain(store.instant(&query, at(instant)).await);
        answered += usize::from(ours.as_ref().is_ok_and(|rows| !rows.is_empty()));
        if !same(&theirs, &ours) {
            differences.push(format!("{query} @ {instant}\n  server   {theirs:?}\n  embedded {ours:?}"));
        }
    }
    assert!(answered > EXPRESSIONS / 4, "{answered} answers that say something");
    assert!(differences.is_empty(), "{} differ:\n{}", differences.len(), differences.join("\n"));
}

/// What a server leaves out of arithmetic, and where it folds numbers first.
#[tokio::test]
async fn arithmetic_with_what_has_no_value() {
    let (server, job) = (victoria::client(&victoria::url()), unique("no_value"));
    let (store, _directory) = embedded().await;
    let samples = [sample("one", &[("job", &job)], 1.0, MIDNIGHT), sample("zero", &[("job", &job)], 0.0, MIDNIGHT)];
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    for query in
        ["NaN ^ 0", "1 ^ NaN", "zero ^ NaN", "NaN ^ zero", "one ^ NaN", "1 ^ (one > 5)", "(zero > 5) ^ 0", "one != NaN"]
    {
        let with = |name: &str| format!("last_over_time({name}{{job={job:?}}}[1d])");
        let query = query.replace("one", &with("one")).replace("zero", &with("zero"));
        let theirs = plain(server.instant(&query, at(MIDNIGHT + HOUR)).await);
        let ours = plain(store.instant(&query, at(MIDNIGHT + HOUR)).await);
        assert!(same(&theirs, &ours), "{query}: {theirs:?} {ours:?}");
    }
}

/// A server says that there is nothing; that is an error.
#[tokio::test]
async fn a_window_that_begins_before_1970_is_refused() {
    let (server, job) = (victoria::client(&victoria::url()), unique("early"));
    let (store, _directory) = embedded().await;
    let samples = [sample("early", &[("job", &job)], 1.0, DAY)];
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    let query = |window: i64| format!("last_over_time(early{{job={job:?}}}[{window}ms])");
    let allowed = 2 * DAY - 300_000;
    for store in [&server as &dyn Metrics, &store] {
        assert_eq!(store.instant(&query(allowed), at(2 * DAY)).await.unwrap().len(), 1);
    }
    let asked = [("query", query(allowed + 1)), ("time", (2 * DAY / 1000).to_string())];
    let said =
        reqwest::Client::new().get(format!("{}/api/v1/query", victoria::url())).query(&asked).send().await.unwrap();
    assert!(said.text().await.unwrap().contains("\"result\":[]"));
    for store in [&server as &dyn Metrics, &store] {
        let error = store.instant(&query(allowed + 1), at(2 * DAY)).await.unwrap_err();
        assert_eq!(error.kind, ErrorKind::Query);
        assert!(error.message.contains("begins before 1970"), "{}", error.message);
    }
}

#[tokio::test]
async fn any_selector_exports_the_same_points() {
    let (server, job) = (victoria::client(&victoria::url()), unique("generated_exports"));
    let (store, _directory) = embedded().await;
    let samples = samples(&job);
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    let mut random = Random(5);
    for _ in 0..100 {
        let selector = selector(&mut random, &job);
        let (a, b) = (instant(&mut random, &samples).max(0), instant(&mut random, &samples).max(0));
        let (from, to) = (a.min(b), a.max(b));
        let theirs = export(&server, &selector, from, to).await.unwrap();
        let ours = export(&store, &selector, from, to).await.unwrap();
        assert_eq!(theirs, ours, "{selector} in {from}..{to}");
    }
}
