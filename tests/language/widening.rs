//! A value is what its type says, wherever it goes.

use serde_json::json;

use super::{lab, run};

#[test]
fn an_int_is_a_float_where_one_is_wanted() {
    let text = r#"
step half(db: sql, x: float) -> list<float> {
  h = db.query(sql"""select :x / 2 as h""") as table<{ h: float }>
  yield [r.h for r in h]
}
fn same(x: float) -> float = x
workflow w {
  use db: sql
  param x: float = 1
  param many: bool = true
  param bad: text = "none"
  n = 3
  of_int = half(db, n)
  of_default = half(db, x)
  chosen: float = when many { yield n } else { yield 2.5 }
  of_step = half(db, chosen)
  replaced = parse_float(bad) on failure use n
  of_other = half(db, replaced)
  large = sum([9000000000000000000, 1000000000000000000, same(n)])
  output halves = [of_int, of_default, of_step, of_other]
  output large = large > 9e18
  output listed = [f"{v / 2}" for v in [n, 2.5]]
}
"#;
    let sandbox = lab();
    let database = "default_environment: local\nenvironments:\n  local:\n    connections:\n      db: { kind: sqlite, path: a.db }\n";
    sandbox.write("vmflow.yaml", database);
    sandbox.write("main.flow", text);
    let outputs = sandbox.run(&["run", "main.flow"]).expect(0)["outputs"].clone();
    assert_eq!(outputs["halves"], json!([[1.5], [0.5], [1.5], [1.5]]));
    assert_eq!((&outputs["large"], &outputs["listed"]), (&json!(true), &json!(["1.5", "1.25"])));
}

#[test]
fn a_record_has_the_optional_fields_of_its_type() {
    let text = r#"
fn own(r: { a: int, b: text? }) -> { a: int, b: text? } = r
workflow w {
  rows: list<{ k: text, n: int? }> = [{ k: "b" }, { k: "a", n: 1 }]
  t: table<{ a: int, b: text? }> = table {
    | a |
    | 1 |
  }
  some: { a: int, b: text? } = { a: 1 }
  output sorted = [r.k for r in sort_by(rows, by: "n")]
  output column = t.b
  output same = [own({ a: 1 }) == { a: 1, b: none }, some == own(some)]
}
"#;
    let outputs = run(text, &[]).expect(0)["outputs"].clone();
    assert_eq!(outputs["sorted"].as_array().unwrap().len(), 2);
    assert_eq!((&outputs["column"], &outputs["same"]), (&json!([null]), &json!([true, true])));
}

#[test]
fn the_sum_of_nothing_is_of_the_kind_of_its_list() {
    let text = r#"
workflow w {
  param n: int = 0
  spent = sum([1h for _ in range(n)])
  paid = sum([parse_decimal("1.5") for _ in range(n)])
  output later = run.now + spent == run.now
  output seconds = spent.seconds
  output paid = paid
}
"#;
    let outputs = run(text, &[]).expect(0)["outputs"].clone();
    assert_eq!(outputs, json!({ "later": true, "seconds": 0.0, "paid": "0" }));
}

#[test]
fn a_number_that_is_written_out_is_the_decimal_that_is_wanted() {
    let text = r"
workflow w {
  param price: decimal = 0.10
  param fee: decimal = -1_000.50
  rows: table<{ rate: decimal }> = table {
    | rate |
    | 1.10 |
    | -2   |
  }
  output sum = price + 0.2
  output product = 1.1 * price
  output fee = fee
  output dear = price > 0.1 or price == 0.1
  output rates = rows.rate
}
";
    let outputs = run(text, &[]).expect(0)["outputs"].clone();
    let wanted = json!({ "sum": "0.30", "product": "0.110", "fee": "-1000.50", "dear": true, "rates": ["1.10", "-2"] });
    assert_eq!(outputs, wanted);
}

#[test]
fn what_an_empty_list_would_hold_is_looked_for() {
    let failed = run("workflow w {\n  x = first([]).foo\n  output x = x\n}\n", &[]);
    assert!(
        failed.code == 1 && failed.stderr.contains("an empty list has no `first`"),
        "{} {}",
        failed.code,
        failed.stderr
    );
}
