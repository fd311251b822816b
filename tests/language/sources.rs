//! JSON from a source: a ranking of coins that is kept in a database, and walking json that is not all there.

use serde_json::json;

use super::{lab, run};
use crate::support::faulty::{Faulty, answer};

const SCHEMA: &str = "
create table assets (id integer primary key, coingecko_id text not null unique, symbol text not null, name text not null);
create table asset_rankings (
  asset_id integer not null references assets (id), snapshot_date text not null, source text not null, rank integer not null,
  market_cap_usd text, price_usd text, primary key (asset_id, snapshot_date, source));
";

#[test]
fn coins_are_ranked_and_kept() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let coin = |id: &str, rank: &str, price: &str| {
        format!(
            r#"{{"id":"{id}","symbol":"{id}","name":"{id} coin","market_cap_rank":{rank},"market_cap":1234567890.5,"current_price":{price},"image":"x"}}"#
        )
    };
    let coins = [coin("btc", "1", "0.1000000000000000055"), coin("eth", "2", "1e-7"), coin("odd", "null", "1")];
    let body = format!("[{}]", coins.join(","));
    let server = runtime.block_on(Faulty::start(move |_| answer("200 OK", "", &body)));
    let sandbox = lab();
    sandbox.write("schema.sql", SCHEMA);
    sandbox.write(
        "vmflow.yaml",
        &format!(
            "default_environment: local\nenvironments:\n  local:\n    connections:\n      db: {{ kind: sqlite, path: coins.db, schema: schema.sql }}\n      api: {{ kind: http, base_url: \"{}\" }}\n",
            server.url()
        ),
    );
    sandbox.write("top_coins.flow", include_str!("top_coins.flow"));
    assert_eq!(sandbox.run(&["check", "top_coins.flow"]).stdout.trim(), "no findings in 1 file");
    let first = sandbox.run(&["run", "top_coins.flow", "-p", "limit=3", "--at", "2025-01-31T12:00Z"]).expect(0);
    let counters = [3, 2, 0, 1].map(|count| json!(count));
    let shown = ["items_processed", "items_created", "items_updated", "items_skipped"]
        .map(|name| first["metrics"][name].clone());
    assert_eq!(shown, counters);
    let again = sandbox.run(&["run", "top_coins.flow", "-p", "limit=3", "--at", "2025-01-31T13:00Z"]).expect(0);
    assert_eq!((&again["metrics"]["items_created"], &again["outputs"]["rankings_written"]), (&json!(0), &json!(2)));
    let head = server.asked()[0].head.clone();
    assert!(
        head.starts_with("GET /api/v3/coins/markets?vs_currency=usd&order=market_cap_desc&per_page=3&page=1 "),
        "{head}"
    );
    sandbox.write(
        "read.flow",
        "workflow read {\n  use db: sql\n  rows = db.query(sql\"\"\"select price_usd as price from asset_rankings order by rank\"\"\") as table<{ price: decimal }>\n  output prices = rows.price\n}\n",
    );
    let prices = &sandbox.run(&["run", "read.flow"]).expect(0)["outputs"]["prices"];
    assert_eq!(*prices, json!(["0.1000000000000000055", "0.0000001"]));
}

#[test]
fn json_is_walked_as_far_as_it_goes() {
    let text = r#"
type R = { a: { b: list<float?> }, d: date, missing: text? }
step answered() -> json = external.shell(shell"""
  echo '{"a": {"b": [1, null, 2.5]}, "n": null, "s": "x", "d": "2025-01-31", "big": 12345678901234567890}'
""")
workflow main {
  v = answered()
  output first = v.a.b[0]
  output nowhere = v.x.y.z
  output beyond = v.a.b[7]["k"][0]
  output null_inside = v.n.m
  output decoded = (v as R).d
  output missing = (v as R).missing ?? "none"
  output some = v.s as text?
  output none_of_it = v.nope as text?
  output indexed = v["a"]["b"]
  output large = v.big
  output list = [x ?? 0.0 for x in (v.a.b as list<float?>?) ?? []]
}
"#;
    let outputs = run(text, &[]).expect(0)["outputs"].clone();
    let expected = json!({
        "first": 1, "nowhere": null, "beyond": null, "null_inside": null, "decoded": "2025-01-31", "missing": "none",
        "some": "x", "none_of_it": null, "indexed": [1, null, 2.5], "large": 12_345_678_901_234_567_890_u64, "list": [1.0, 0.0, 2.5],
    });
    assert_eq!(outputs, expected);
}

#[test]
fn a_record_may_come_without_its_optional_fields() {
    let text = "type R = { a: int, b: int? }\nfn f(r: R) -> int = r.b ?? 7\nworkflow main { output x = f({ a: 1 }) }\n";
    assert_eq!(run(text, &[]).expect(0)["outputs"]["x"], 7);
}
