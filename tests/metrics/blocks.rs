//! Series in the server's own form: they are what its lines of JSON say, and read as lines where they are not understood.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use vmflow::connection::clock::SystemClock;
use vmflow::connection::metrics::victoria::{Durability, VictoriaMetrics, VictoriaOptions};
use vmflow::connection::{Metrics, Written};

use super::{DAY, HOUR, MIDNIGHT, WriteSamples, at, export, sample};
use crate::support::faulty::{Asked, Faulty, answer};
use crate::support::victoria::{self, Throwaway};

type Points = Vec<(i64, u64)>;

/// What the lines of an export of everything say, by the text of the labels; the bits of the values.
async fn lines(url: &str, from: i64, to: i64) -> BTreeMap<String, Points> {
    let (start, end) = (from as f64 / 1000.0, (to - 1) as f64 / 1000.0);
    let query = [("match[]", "{n!=\"\"}"), ("start", &start.to_string()), ("end", &end.to_string())];
    let text = reqwest::Client::new().get(format!("{url}/api/v1/export")).query(&query).send().await.unwrap();
    said(&text.text().await.unwrap())
}

fn said(text: &str) -> BTreeMap<String, Points> {
    let mut found = BTreeMap::<String, Points>::new();
    for line in text.lines() {
        let labels = line.strip_prefix("{\"metric\":").unwrap();
        let (metric, rest) = labels.split_once(",\"values\":[").unwrap();
        let (values, times) = rest.split_once("],\"timestamps\":[").unwrap();
        let metric: BTreeMap<String, String> = serde_json::from_str(metric).unwrap();
        let pairs =
            times.trim_end_matches("]}").split(',').zip(values.split(',')).filter(|(_, value)| *value != "null");
        let pairs = pairs.map(|(at, value)| (at.parse().unwrap(), value.parse::<f64>().unwrap().to_bits()));
        found.entry(format!("{metric:?}")).or_default().extend(pairs);
    }
    found.retain(|_, points| !points.is_empty());
    found
}

/// The same by way of vmflow.
async fn read(store: &VictoriaMetrics, selector: &str, from: i64, to: i64) -> BTreeMap<String, Points> {
    use futures_util::TryStreamExt;
    let pieces: Vec<vmflow::value::Series> = store.export(selector, from, to).try_collect().await.unwrap();
    let mut found = BTreeMap::<String, Points>::new();
    for piece in pieces {
        let labels = piece.labels.iter().map(|(name, value)| (name.to_string(), value.to_string()));
        let metric: BTreeMap<String, String> =
            labels.chain([("__name__".to_owned(), piece.name.to_string())]).collect();
        let points = piece.points.at_ms.iter().copied().zip(piece.points.values.iter().map(|value| value.to_bits()));
        found.entry(format!("{metric:?}")).or_default().extend(points);
    }
    found.values_mut().for_each(|points| points.sort_unstable());
    found
}

/// All kinds of values that [`made_up`] knows.
const ANY: [u64; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

/// Those that keep all their digits in one block with each other. Values share the exponent of their block, so that the
/// digits of others change whenever the server merges blocks, which is between two reads at times.
const EVEN: [u64; 5] = [0, 1, 2, 5, 8];

/// Lines as `/api/v1/import` takes them, of many kinds of series.
fn made_up(seed: u64, series: usize, kinds: &[u64]) -> String {
    let mut state = seed;
    let mut random = move |below: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % below
    };
    let mut text = String::new();
    for n in 0..series {
        let count = [1, 2, 3, 20, 300, 9_000][usize::try_from(random(6)).unwrap()];
        let kind = kinds[usize::try_from(random(u64::try_from(kinds.len()).unwrap())).unwrap()];
        let (mut at_ms, mut counter) = (MIDNIGHT + i64::try_from(random(3_600_000)).unwrap(), 0.0);
        let steps = [1, 15_000][usize::try_from(random(2)).unwrap()];
        let (mut values, mut times) = (Vec::new(), Vec::new());
        for _ in 0..count {
            let noise = random(1_000_000) as f64;
            counter += noise;
            values.push(match kind {
                0 => "5".to_owned(),
                1 => counter.to_string(),
                2 => (noise / 1000.0).to_string(),
                3 => (-noise / 7.0).to_string(),
                4 => format!("{noise}e{}", i64::try_from(random(560)).unwrap() - 290),
                5 => ["+Inf", "-Inf", "0", "1.5"][usize::try_from(random(4)).unwrap()].to_owned(),
                6 => (f64::MAX / (noise + 1.0)).to_string(),
                7 => (noise * 9_007_199_254.0).to_string(),
                _ => (f64::from(u8::try_from(random(2)).unwrap())).to_string(),
            });
            times.push(at_ms.to_string());
            at_ms += if random(2) == 0 { steps } else { 1 + i64::try_from(random(60_000)).unwrap() };
        }
        let name = ["a", "b_total", "ünï"][n % 3];
        let label = ["x", "y\\u0000z", "\\u0001\\u0002", "é\\\"\\\\\\n"][n % 4];
        text += &format!(
            "{{\"metric\":{{\"__name__\":\"{name}\",\"n\":\"{n}\",\"label\":\"{label}\"}},\"values\":[{}],\"timestamps\":[{}]}}\n",
            values.join(","),
            times.join(",")
        );
    }
    text
}

async fn import(url: &str, lines: String) {
    // Whichever client is made first needs it; a second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::new();
    assert!(client.post(format!("{url}/api/v1/import")).body(lines).send().await.unwrap().status().is_success());
    client.get(format!("{url}/internal/force_flush")).send().await.unwrap();
}

/// A client that goes through a server that counts what it is asked.
async fn watched(server: Throwaway) -> (VictoriaMetrics, Faulty, Arc<Mutex<Throwaway>>) {
    let server = Arc::new(Mutex::new(server));
    let target = server.clone();
    let between = Faulty::start(move |asked| target.lock().unwrap().forward(asked)).await;
    (victoria::client(&between.url()), between, server)
}

fn asked_for(between: &Faulty, path: &str) -> usize {
    between.asked().iter().filter(|asked| asked.head.starts_with(&format!("POST {path} "))).count()
}

/// Of several values for one instant, a server that deduplicates gives one, and not always the same; another gives all.
fn same(
    found: &BTreeMap<String, Points>,
    wanted: &BTreeMap<String, Points>,
    sent: &BTreeMap<String, Points>,
    deduplicates: bool,
) {
    assert!(found.keys().eq(wanted.keys()));
    for (id, found) in found {
        let (wanted, sent) = (&wanted[id], &sent[id]);
        let times = |points: &Points| points.iter().map(|(at_ms, _)| *at_ms).collect::<BTreeSet<i64>>();
        assert_eq!(times(found), times(wanted), "{id}");
        let all = |points: &Points| points.iter().copied().collect::<BTreeSet<_>>();
        assert!(deduplicates || all(found) == all(wanted), "{id}");
        assert!(!deduplicates || found.len() == wanted.len(), "each instant once: {id}");
        for (at_ms, value) in all(found).difference(&all(wanted)) {
            let values = sent.iter().filter(|(at, _)| at == at_ms).map(|(_, value)| f64::from_bits(*value));
            let found = f64::from_bits(*value);
            let near = values
                .clone()
                .filter(|value| (value - found).abs() <= found.abs() * 1e-12 || value.total_cmp(&found).is_eq());
            assert!(near.count() > 0, "{id} {at_ms}: {found} is none of {:?}", values.collect::<Vec<_>>());
        }
    }
}

const RANGES: [(i64, i64); 4] = [
    (0, MIDNIGHT + 9 * DAY),
    (MIDNIGHT + HOUR, MIDNIGHT + 2 * HOUR),
    (MIDNIGHT, MIDNIGHT + HOUR),
    (MIDNIGHT - DAY, MIDNIGHT),
];

const SERVERS: [(bool, &[&str]); 2] =
    [(true, &["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]), (false, &["-retentionPeriod=100y"])];

#[tokio::test]
async fn blocks_say_what_lines_say() {
    for (_, flags) in SERVERS {
        let server = Throwaway::start(flags).await;
        let url = server.url();
        let (store, between, _server) = watched(server).await;
        import(&url, made_up(1, 60, &ANY)).await;
        for (from, to) in RANGES {
            assert_eq!(read(&store, "{n!=\"\"}", from, to).await, lines(&url, from, to).await, "{from} {to}");
        }
        assert_eq!(asked_for(&between, "/api/v1/export"), 0, "nothing was in doubt");
    }
}

/// Two writers by turns, so that blocks share time all along, as when a long series came by several connections.
#[tokio::test]
async fn a_long_series_is_given_in_pieces_that_are_the_whole() {
    let server = Throwaway::start(&["-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms"]).await;
    let url = server.url();
    for writer in 0..2 {
        let list = |of: &dyn Fn(i64) -> i64| (0..200_000).map(|n| of(n).to_string()).collect::<Vec<_>>().join(",");
        let (values, times) = (list(&|n| n * 7 % 1000 + writer), list(&|n| MIDNIGHT + 2 * n + writer));
        let line = format!(
            "{{\"metric\":{{\"__name__\":\"long\",\"n\":\"1\"}},\"values\":[{values}],\"timestamps\":[{times}]}}\n"
        );
        import(&url, line).await;
    }
    let (store, between, _server) = watched(server).await;
    let (from, to) = (MIDNIGHT + 5, MIDNIGHT + 390_000);
    let pieces: Vec<vmflow::value::Series> =
        futures_util::TryStreamExt::try_collect(store.export("long", from, to)).await.unwrap();
    assert!(pieces.len() > 2 && pieces.iter().all(|piece| piece.points.len() < 140_000));
    let at_ms: Vec<i64> = pieces.iter().flat_map(|piece| piece.points.at_ms.clone()).collect();
    assert!(at_ms.iter().copied().eq(from..to), "each instant once and in order");
    assert_eq!(read(&store, "long", from, to).await, lines(&url, from, to).await);
    assert_eq!(asked_for(&between, "/api/v1/export"), 0, "nothing was in doubt");
}

#[tokio::test]
async fn of_values_for_one_instant_lines_say_which_counts() {
    for (deduplicates, flags) in SERVERS {
        let server = Throwaway::start(flags).await;
        let url = server.url();
        let (store, between, _server) = watched(server).await;
        // Some of it again, and other values for the same instants: the server knows which of them count.
        let other =
            made_up(1, 40, &EVEN).replace("\"values\":[", "\"values\":[7").replace("[7+", "[+").replace("[7-", "[-");
        let sent = [made_up(1, 60, &EVEN), made_up(1, 30, &EVEN), made_up(2, 60, &EVEN), other];
        for lines in &sent {
            import(&url, lines.clone()).await;
        }
        let sent = said(&sent.concat());
        for (from, to) in RANGES {
            let found = read(&store, "{n!=\"\"}", from, to).await;
            same(&found, &lines(&url, from, to).await, &sent, deduplicates);
        }
        assert!(asked_for(&between, "/api/v1/export") > 0, "lines say what counts");
    }
}

#[tokio::test]
async fn blocks_that_are_not_understood_are_read_as_lines() {
    let line = "{\"metric\":{\"__name__\":\"a\"},\"values\":[1.5],\"timestamps\":[5]}\n";
    for strange in [
        "",
        "garbage that is longer than sixteen bytes",
        "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x02\0\0\0\x02a\x01\0\0\0\x01\x02",
    ] {
        let server = Faulty::start(move |asked: &Asked| match &asked.head {
            head if head.contains("/flags") => answer("200 OK", "", "-dedup.minScrapeInterval=\"1ms\"\n"),
            head if head.contains("export/native") => answer("200 OK", "", strange),
            head if head.contains("/export ") => answer("200 OK", "", line),
            _ => answer("204 No Content", "", ""),
        })
        .await;
        let options = VictoriaOptions { durability: Durability::Off, ..victoria::options(&server.url()) };
        let store = VictoriaMetrics::new(&options, Arc::new(SystemClock)).unwrap();
        for _ in 0..2 {
            assert_eq!(export(&store, "a", 0, 10).await.unwrap(), [("a{}".to_owned(), vec![(5, 1.5)])]);
        }
        assert_eq!(asked_for(&server, "/api/v1/export/native"), 1, "it is not asked for again: {strange:?}");
        assert_eq!(store.put(&[sample("a", &[], 1.5, 5)]).await.unwrap(), Written { written: 0, unchanged: 1 });
    }
}

/// Seen on 1.79.5: for up to ten seconds a server remembers which series a selector matched, even after a flush.
#[tokio::test]
async fn gotcha_05_a_series_that_begins_is_seen_by_whoever_asked_before() {
    let server = Throwaway::start(&["-retentionPeriod=100y"]).await;
    let url = server.url();
    let between = Faulty::start(move |asked| {
        if asked.head.contains("force_flush") {
            // Long enough for the server to have made the series visible by itself.
            std::thread::sleep(std::time::Duration::from_millis(2_500));
        }
        server.forward(asked)
    })
    .await;
    let store = victoria::client_that_waits_for_nobody(&between.url());
    let one = |n: &str| sample("a", &[("n", n)], 1.0, MIDNIGHT);
    store.put(&[one("1")]).await.unwrap();
    let count = async || {
        let counted = store.instant("count(last_over_time(a[1h]))", at(MIDNIGHT + 1)).await.unwrap();
        (export(&store, "a", MIDNIGHT, MIDNIGHT + DAY).await.unwrap().len(), counted[0].value.to_string())
    };
    assert_eq!(count().await, (1, "1".to_owned()));
    let both = [one("1"), one("2")];
    assert_eq!(store.put(&both).await.unwrap(), Written { written: 1, unchanged: 1 });
    assert_eq!(count().await, (2, "2".to_owned()));
    // Nobody doubles what another has just written.
    assert_eq!(victoria::client(&url).put(&both).await.unwrap(), Written { written: 0, unchanged: 2 });
}
