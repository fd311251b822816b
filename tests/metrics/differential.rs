//! The embedded store against the server: the same data, the same expressions, the same answers.

use std::sync::Arc;

use vmflow::connection::Metrics;
use vmflow::query::promql;
use vmflow::source::{SourceId, Span};
use vmflow::value::{ErrorKind, Sample, StepError};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, embedded, export, sample};
use crate::support::victoria::{self, unique};

/// A small generator, so that every run and every failure has the same data.
pub(super) struct Random(pub(super) u64);

impl Random {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        self.0 >> 33
    }

    pub(super) fn below(&mut self, limit: u64) -> i64 {
        i64::try_from(self.next() % limit).unwrap()
    }
}

/// Two days of irregular samples; labels that some series do not have; whole and odd milliseconds.
fn data(job: &str) -> Vec<Arc<Sample>> {
    let mut random = Random(42);
    let series: [(&str, &[(&str, &str)]); 9] = [
        ("ma", &[("x", "1"), ("y", "p")]),
        ("ma", &[("x", "1"), ("y", "q")]),
        ("ma", &[("x", "2")]),
        ("ma", &[("x", "10"), ("z", "a.b")]),
        ("mb", &[("x", "1"), ("y", "p")]),
        ("mb", &[("y", "q")]),
        ("mc", &[]),
        ("mc", &[("x", "2"), ("y", "é")]),
        ("negative", &[("x", "3")]),
    ];
    let mut samples = Vec::new();
    for (name, labels) in series {
        let labels: Vec<(&str, &str)> = labels.iter().copied().chain([("job", job)]).collect();
        let mut instant = MIDNIGHT + random.below(6) * HOUR;
        while instant < MIDNIGHT + 2 * DAY {
            let value = (random.below(2_000_000) - 300_000) as f64 / 1000.0;
            samples.push(sample(name, &labels, if name == "negative" { -value.abs() } else { value }, instant));
            instant += 1 + random.below(3) * 60_000 + random.below(4 * 3_600_000);
        }
    }
    let labels = [("job", job)];
    for (n, value) in (0..).zip([f64::INFINITY, 1.0, f64::NEG_INFINITY, 0.0, -0.0]) {
        samples.push(sample("edge", &labels, value, MIDNIGHT + DAY + n * 1000));
    }
    samples
}

fn selectors(job: &str) -> Vec<String> {
    [
        "ma{J}",
        "{J}",
        "{J,x=\"1\"}",
        "{J,x!=\"1\"}",
        "{J,x=\"\"}",
        "{J,x!=\"\"}",
        "{J,y=~\"p|q\"}",
        "{J,y!~\"p|q\"}",
        "{J,x=~\"1.*\"}",
        "{J,x=~\"1\"}",
        "{J,y=~\".+\"}",
        "{J,y=~\".*\"}",
        "{J,y!~\".+\"}",
        "{J,y!~\".*\"}",
        "{J,y=~\"|p\"}",
        "{J,y!~\"|p\"}",
        "{J,y=~\"\"}",
        "{J,y!~\"\"}",
        "{J,z=\"a.b\"}",
        "{J,z=~\"a.b\"}",
        "{J,z=~\"a\\\\.b\"}",
        "{J,z=~\"a\\\\db\"}",
        "{J,y=\"é\"}",
        "{J,y=~\".\"}",
        "{J,y=~\"..\"}",
        "{J,__name__=~\"m.\"}",
        "{J,__name__!=\"ma\"}",
        "{J,__name__!~\"m.|e.*\"}",
        "{J,__name__=\"mb\"}",
        "{J,nosuch=\"\"}",
        "{J,nosuch!=\"\"}",
        "ma{J,x=\"1\",x=\"2\"}",
        "ma{J,x=~\"1|2\",x!=\"2\"}",
        "{J,x=~\"[0-9]+\"}",
        "{J,x=~\"\\\\d+\"}",
        "{J,x=~\"\\\\w\"}",
        "{J,x=~\"[^\\\\x00-\\\\x{10FFFF}]\"}",
        "{J,x!~\"[^\\\\x00-\\\\x{10FFFF}]\"}",
        "negative{J}",
        "edge{J}",
        "mc{J}",
        "{J,x=~\"(1|2)0?\"}",
        "{J,x=~\"1{1,2}\"}",
        "{J,y=~\"p$|^q\"}",
        "{J,y=~\"P\"}",
        "{J,y!~\"1.*\"}",
        "{J,x=~\"|.*1.*\"}",
        "{J,y!~\"(.*)\"}",
    ]
    .iter()
    .map(|selector| selector.replace('J', &format!("job={job:?}")))
    .collect()
}

/// Every fold over every selector, and every other form of the subset over some.
fn corpus(job: &str) -> Vec<String> {
    let ma = format!("ma{{job={job:?}}}[1d]");
    let every = format!("{{job={job:?},__name__!=\"edge\"}}[1d]");
    let vector = format!("last_over_time({ma})");
    let mut all = folds(job);
    all.extend(aggregates(job, &every));
    all.extend(arithmetic(&vector));
    all.extend(offsets(&ma, &every));
    for number in [
        "1",
        "1 / 0",
        "0 / 0",
        "-(1 + 2) * 3",
        "2 ^ 3 ^ 2",
        "-2 ^ 2",
        "2 ^ -1 ^ 2",
        "-2 * -3 ^ 2 - -1",
        "- - 2 ^ -2",
        "5 % 3",
        "1Ki",
        "5m",
        "1e3 > 5",
        "1 > 5",
        "(1)",
        "+1",
        "--1",
    ] {
        all.push(number.to_owned());
    }
    all.push(format!("count(first_over_time({every}) ^ 2 > 10)"));
    all.push(format!("-{vector}"));
    all.push(format!("-({vector} * 2) + 1"));
    all.push(format!("({vector} > 5) * 2"));
    all.push(format!("({vector} - 100) / 2 > 0"));
    all.push(format!("max by (x) (tlast_over_time({{job={job:?},y=~\"p|q\"}}[400d]))"));
    all.push(format!("sum(count_over_time({every})) / 2"));
    all
}

fn folds(job: &str) -> Vec<String> {
    let folds = ["last", "first", "min", "max", "sum", "avg", "count", "tlast", "tfirst"];
    let mut all = Vec::new();
    for (n, selector) in selectors(job).iter().enumerate() {
        let window = ["1h", "1d", "90m", "3h30m", "2d", "12345ms", "0.5d"][n % 7];
        for (m, fold) in folds.iter().enumerate() {
            let keep = if (n + m) % 3 == 0 || *fold == "count" { " keep_metric_names" } else { "" };
            all.push(format!("{fold}_over_time({selector}[{window}]){keep}"));
        }
    }
    all
}

fn aggregates(job: &str, every: &str) -> Vec<String> {
    let groupings = [
        "",
        " by (x)",
        " by (x, y)",
        " without (x)",
        " without (job, y)",
        " by (__name__)",
        " by ()",
        " without ()",
        " by (nosuch)",
        " by (__name__, x)",
        " without (__name__)",
    ];
    let mut all = Vec::new();
    for aggregate in ["sum", "min", "max", "avg", "count"] {
        for grouping in groupings {
            all.push(format!("{aggregate}(last_over_time({every})){grouping}"));
            all.push(format!("{aggregate}{grouping} (tlast_over_time({every}))"));
            all.push(format!("{aggregate}(max_over_time({every}) keep_metric_names > 200){grouping}"));
        }
        all.push(format!("{aggregate}(5)"));
        all.push(format!("{aggregate}(sum(last_over_time({every})) by (x, y)) by (x)"));
        all.push(format!("{aggregate}(last_over_time(edge{{job={job:?}}}[2d]))"));
    }
    all
}

fn arithmetic(vector: &str) -> Vec<String> {
    let mut all = Vec::new();
    let comparisons = ["==", "!=", ">", "<", ">=", "<="];
    for operator in ["+", "-", "*", "/", "%", "^"].into_iter().chain(comparisons) {
        for number in ["2", "0", "-1.5", "100", "Inf", "NaN", "(1 + 2)"] {
            all.push(format!("{vector} {operator} {number}"));
            all.push(format!("{number} {operator} {vector}"));
            all.push(format!("7 {operator} {number}"));
        }
        all.push(format!("{vector} {operator} 2 {operator} 3"));
    }
    for operator in comparisons {
        for number in ["100", "NaN", "-Inf"] {
            all.push(format!("{vector} {operator} bool {number}"));
            all.push(format!("{number} {operator} bool {vector}"));
            all.push(format!("7 {operator} bool {number}"));
        }
    }
    all
}

fn offsets(ma: &str, every: &str) -> Vec<String> {
    let mut all = Vec::new();
    for offset in ["1h", "-1h", "1d", "36h", "1ms", "-1ms", "0s", "90m"] {
        all.push(format!("last_over_time({ma} offset {offset})"));
        all.push(format!("tlast_over_time({ma} offset {offset})"));
        all.push(format!("max(tlast_over_time({every} offset {offset}) keep_metric_names) by (__name__)"));
    }
    all
}

pub(super) type Answer = Result<Vec<(String, f64)>, ErrorKind>;

pub(super) fn plain(answer: Result<Vec<Sample>, StepError>) -> Answer {
    let row = |s: &Sample| (format!("{}{}", s.name, s.labels), s.value);
    answer.map(|samples| samples.iter().map(row).collect()).map_err(|error| error.kind)
}

#[allow(clippy::float_cmp, reason = "equal infinities have no difference")]
pub(super) fn same(a: &Answer, b: &Answer) -> bool {
    let close = |a: f64, b: f64| a == b || (a - b).abs() <= 1e-12 * a.abs().max(b.abs());
    match (a, b) {
        (Ok(a), Ok(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| a.0 == b.0 && close(a.1, b.1)),
        (a, b) => a == b,
    }
}

#[tokio::test]
async fn every_expression_of_the_subset_has_one_answer() {
    let (server, job) = (victoria::client(&victoria::url()), unique("differential"));
    let (store, _directory) = embedded().await;
    let samples = data(&job);
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    let corpus = corpus(&job);
    let instants = [
        MIDNIGHT,
        MIDNIGHT + DAY,
        MIDNIGHT + DAY + 2000,
        MIDNIGHT + 30 * HOUR + 17,
        MIDNIGHT + 2 * DAY,
        MIDNIGHT + 9 * HOUR,
    ];
    let mut differences = Vec::new();
    let mut answered = 0;
    for (n, query) in corpus.iter().enumerate() {
        let span = Span::new(SourceId(0), 0, u32::try_from(query.len()).unwrap());
        let outside = promql::embedded_subset(&promql::parse(query, span).0);
        assert!(outside.is_empty(), "{query}: {outside:?}");
        for instant in [instants[n % 6], instants[(n + 1) % 6], instants[(n + 3) % 6]] {
            let theirs = plain(server.instant(query, at(instant)).await);
            let ours = plain(store.instant(query, at(instant)).await);
            answered += usize::from(ours.as_ref().is_ok_and(|rows| !rows.is_empty()));
            if !same(&theirs, &ours) {
                differences.push(format!("{query} @ {instant}\n  server   {theirs:?}\n  embedded {ours:?}"));
            }
        }
    }
    assert!(corpus.len() >= 60 && answered > corpus.len(), "{} expressions, {answered} answers", corpus.len());
    assert!(
        differences.is_empty(),
        "{} differ:\n{}",
        differences.len(),
        differences[..differences.len().min(40)].join("\n")
    );
}

#[tokio::test]
async fn every_selector_exports_the_same_points() {
    let (server, job) = (victoria::client(&victoria::url()), unique("exports"));
    let (store, _directory) = embedded().await;
    let samples = data(&job);
    server.put(&samples).await.unwrap();
    store.put(&samples).await.unwrap();
    for selector in selectors(&job) {
        for (from, to) in
            [(MIDNIGHT, MIDNIGHT + 2 * DAY), (MIDNIGHT + HOUR, MIDNIGHT + DAY), (MIDNIGHT + DAY, MIDNIGHT + DAY + 1)]
        {
            let theirs = export(&server, &selector, from, to).await.unwrap();
            let ours = export(&store, &selector, from, to).await.unwrap();
            assert_eq!(theirs, ours, "{selector} in {from}..{to}");
        }
    }
}
