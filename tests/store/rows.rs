//! Which rows led to a value of a run.

use serde_json::{Value as Json, json};

use super::Project;
use super::lookback::{from, why};

/// Two reads, and most ways from their rows to others.
const FLOW: &str = r#"fn priced_in(row: { n: int, v: int, kind: text }, rates: map<text, int>) -> int = row.v * (rates[row.kind] ?? 0)

workflow rows {
  use db: sqlite
  param least: int = 40
  orders = db.query(sql"""
    select n, v, case when n % 3 = 0 then 'a' else 'b' end as kind from source order by n
  """) as table<{ n: int, v: int, kind: text }>
  rates = db.query(sql"""select 'a' as kind, 2 as rate union all select 'b', 3""") as table<{ kind: text, rate: int }>
  large = [{ n: o.n, v: o.v, kind: o.kind } for o in orders if o.v >= least]
  joined = [{ n: o.n, rate: r.rate, total: o.v * r.rate } for o in large for r in rates if o.kind == r.kind]
  best = first(sort_by(joined, "total"))
  groups = group(large, "kind")
  of_a = groups["a"] ?? []
  both = inner_join(large, rates, ["kind"])
  by_kind = { r.kind: r.rate for r in rates }
  worth = [{ n: o.n, worth: priced_in(o, by_kind) } for o in large]
  all = large + [o for o in orders]
  sum_a = sum([o.v for o in orders if o.kind == "a"])
  sorted = sort([o.v for o in orders])
  doubled = for each o in large {
    twice = o.v * 2
    yield { n: o.n, twice: twice }
  }
  later = [d.twice for d in doubled if d.n > 10]
  output sum_a = sum_a
  output whole = { best: best, of_a: of_a, both: both, worth: worth, all: all, sorted: sorted, later: later }
}
"#;

fn project() -> Project {
    let project = Project::new();
    project.sandbox.write("rows.flow", FLOW);
    project.run(&["run", "rows.flow"]).expect(0);
    project.execute("delete from source");
    project
}

/// The places of the rows of a node that led to what was asked for.
fn places(node: &Json) -> Vec<u64> {
    node["rows"]["first"].as_array().unwrap().iter().map(|row| row["at"].as_u64().unwrap()).collect()
}

#[test]
fn a_row_is_followed_to_the_rows_that_were_read() {
    let project = project();
    let joined = why(&project, "last", "joined[2]");
    assert_eq!(joined["value"], json!({ "n": 6, "rate": 2, "total": 120 }));
    let large = from(&joined, "large[2]");
    let order = from(large, "orders[5]");
    assert_eq!((&order["kind"], &order["value"]), (&json!("read"), &json!({ "n": 6, "v": 60, "kind": "a" })));
    assert_eq!(order["calls"][0]["action"], "sql.query");
    assert_eq!(from(&joined, "rates[0]")["value"], json!({ "kind": "a", "rate": 2 }));
    assert_eq!(why(&project, "last", "joined[2].total")["value"], 120);

    let best = from(&why(&project, "last", "best"), "joined[0]").clone();
    assert_eq!(from(from(&best, "large[0]"), "orders[3]")["value"]["n"], 4);
    let of_a = from(&why(&project, "last", "of_a"), "groups[a]").clone();
    assert_eq!(places(from(&of_a, "large")), [2, 5, 8]);
    assert_eq!(places(from(from(&of_a, "large"), "orders")), [5, 8, 11]);
    let both = why(&project, "last", "both[1]");
    assert_eq!(from(&both, "large[1]")["value"]["n"], 5);
    assert_eq!(from(&both, "rates[1]")["value"]["kind"], "b");
    let worth = why(&project, "last", "worth[2].worth");
    assert_eq!((&worth["value"], &from(&worth, "large[2]")["value"]["n"]), (&json!(120), &json!(6)));
    assert_eq!(from(from(&worth, "by_kind[a]"), "rates[0]")["value"]["rate"], 2);
    assert_eq!(from(&why(&project, "last", "all[2]"), "large[2]")["value"]["n"], 6);
    let second = why(&project, "last", "all[10]");
    assert_eq!((second["from"].as_array().unwrap().len(), &from(&second, "orders[1]")["value"]["n"]), (1, &json!(2)));
    let later = why(&project, "last", "later[1]");
    assert_eq!(from(from(&later, "doubled[8]"), "large[8]")["value"]["n"], 12);
    let item = why(&project, "last", "doubled[n: 5].twice");
    assert_eq!(from(from(&item, "doubled[n: 5, v: 50, kind: b]"), "large[1]")["value"]["n"], 5);
}

#[test]
fn of_a_sum_those_rows_are_told_that_went_in() {
    let project = project();
    let sum = why(&project, "last", "sum_a");
    let orders = from(from(&sum, "sum_a"), "orders");
    assert_eq!((&orders["rows"]["of"], &orders["rows"]["count"]), (&json!(12), &json!(4)));
    assert_eq!(places(orders), [2, 5, 8]);
    let text = project.run(&["why", "last", "sum_a"]).stdout;
    let line = r#"4 of its 12 rows led to it: [2] { n: 3, v: 30, kind: "a" }, [5] { n: 6, v: 60, kind: "a" }, "#;
    assert!(text.contains(line), "{text}");
}

#[test]
fn rows_are_named_by_what_is_in_them() {
    let project = project();
    let having = |name: &str, fields: &[&str]| {
        let fields: Vec<&str> = fields.iter().flat_map(|field| ["--where", field]).collect();
        project.run(&[&["why", "last", name, "--format", "json"], &fields[..]].concat())
    };
    let one = having("joined", &["n=6"]).expect(0)["why"].clone();
    assert_eq!((&one["name"], &one["value"]["total"]), (&json!("joined[2]"), &json!(120)));
    let several = having("orders", &["kind=a"]).expect(0)["why"].clone();
    assert_eq!((&several["rows"]["count"], places(&several)), (&json!(4), vec![2, 5, 8]));
    assert_eq!(having("orders", &["kind=a", "n=9"]).expect(0)["why"]["name"], "orders[8]");
    for (name, field, words) in [
        ("joined", "kind=a", "no row of `joined` has a field `kind`"),
        ("joined", "n=99", "no row of `joined` has `n=99`"),
        ("least", "n=1", "`least` has no rows on record"),
        ("joined", "n", "write a field and its text"),
    ] {
        let ran = having(name, &[field]);
        assert!(ran.code == 2 && ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn what_cannot_be_followed_is_said() {
    let project = project();
    let sorted = why(&project, "last", "sorted[0]");
    let orders = from(&sorted, "orders");
    assert_eq!(
        (&sorted["value"], &orders["rows"]["of"], &orders["rows"]["count"]),
        (&json!(10), &json!(12), &Json::Null)
    );
    let text = project.run(&["why", "last", "sorted[0]"]).stdout;
    assert!(text.contains("which of its 12 rows led to it cannot be followed"), "{text}");
}

#[test]
fn nothing_is_compared_with_what_stands_for_a_secret() {
    let mut project = Project::new();
    project.sandbox.set("API_TOKEN", "correct-horse-battery");
    let api = "      api: { kind: http, base_url: \"http://127.0.0.1:9\", token: \"${API_TOKEN}\" }\n";
    project.sandbox.write("vmflow.yaml", &format!("{}{api}", super::CONFIG));
    let flow = r#"workflow hidden {
  use db: sqlite
  use api: http
  param wanted: text
  found = db.query(sql"""select n, '•••' as t from source""") as table<{ n: int, t: text }>
  mine = [f.n for f in found if f.t == wanted]
  output n = mine.count
}
"#;
    project.sandbox.write("hidden.flow", flow);
    let ran = project.run(&["run", "hidden.flow", "-p", "wanted=correct-horse-battery"]);
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    let told = why(&project, "last", "mine");
    assert_eq!(
        (&from(&told, "found")["rows"]["of"], &from(&told, "found")["rows"]["count"]),
        (&json!(12), &Json::Null)
    );
}
