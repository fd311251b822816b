//! `forecast.…` from outside: what is told before a run, what a run gives, time limits, values kept.

use serde_json::{Value as Json, json};

use super::{lab, run};

/// Sixty business days in which nothing happens every year, and how to fit them quickly.
const SERIES: &str = "  calendar open = calendars.weekdays()
  s = series(\"nav\", points: [
    { at: midnight(day, \"UTC\") + 17h, value: day.day * 1.0 } for day in open.days(2025-01-06 through 2025-03-28)
  ])
";

fn workflow(body: &str) -> String {
    format!("workflow w {{\n{SERIES}{body}\n}}\n")
}

fn outputs(body: &str) -> Json {
    run(&workflow(body), &["--at", "2025-04-01T06:00Z"]).expect(0)["outputs"].clone()
}

/// The findings for an expression.
fn told(expression: &str) -> String {
    let sandbox = lab();
    sandbox.write("main.flow", &workflow(&format!("  it = {expression}\n  output it = it")));
    let ran = sandbox.run(&["check", "main.flow"]);
    assert_eq!(ran.code, 1, "{expression}\n{}", ran.stdout);
    ran.stdout.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn wrong_settings_are_told_before_the_run() {
    for (arguments, wanted) in [
        ("growth: \"logistic\"", "logistic growth needs `cap`"),
        ("cap: 3.0, growth: \"flat\"", "`cap` and `floor` are for logistic growth"),
        ("growht: \"flat\"", "did you mean `growth`"),
        ("growth: \"flatt\"", "did you mean `\"flat\"`?"),
        ("fit: { iteration: 500 }", "did you mean `iterations`"),
        ("fit: { iterations: 0 }", "expected a number of iterations from 1 to 1000000 as `iterations`, found `0`"),
        ("interval: 95", "expected a share between 0 and 1, found `95`"),
        ("mcmc_samples: 300", "the model is fitted, not sampled"),
        (
            "seasonalities: [{ name: \"m\", period: -30.5, order: 5 }]",
            "expected a number above 0 as `period`, found `-30.5`",
        ),
        ("horizon: 20d", "write business days: `20bd`"),
        ("horizon: 0bd", "1 to 2600 business days"),
    ] {
        let found = told(&format!("forecast.prophet(s, on: open, {arguments})"));
        assert!(found.contains(wanted), "{arguments}\n{found}");
        assert_eq!(found.matches("error[").count(), 1, "{found}");
    }
    assert!(told("forecast.prophet(s)").contains("needs `on: calendar`"));
    assert!(
        told("forecast.best(s, on: open, models: [\"arima\"])")
            .contains("expected `\"ets\" | \"naive\" | \"prophet\"`")
    );
    assert!(told("s.by_day(\"median\")").contains("argument `how` of `by_day`"));
}

#[test]
fn a_record_is_read_by_names_that_are_known() {
    let found = outputs(
        "  model = forecast.naive(s, on: open, horizon: 2bd)
  output values = [p[v] for p in model.predictions for v in [\"yhat\", \"lower\"] as list<\"yhat\" | \"lower\">]
  output day = model.predictions[0][\"day\"]",
    );
    assert_eq!(found["values"].as_array().unwrap().len(), 4);
    assert_eq!(found["day"], "2025-03-31");
    assert!(told("{ a: 1, b: 2 }[\"c\"]").contains("this record has no field `c`"));
    assert!(told("{ a: 1, b: \"x\" }[\"a\" as \"a\" | \"b\"]").contains("have one type"));
    assert!(told("{ a: 1, b: 2 }[s.name]").contains("a field of a record is named by a union of names"));
}

#[test]
fn models_are_compared_and_the_best_one_forecasts() {
    let found = outputs(
        "  # The month is in the values, and nothing else: Prophet is told of it.
  best = forecast.best(s, on: open, horizon: 5bd, windows: 2, step: 5bd, prophet: {
    yearly: false, weekly: false, n_changepoints: 0, growth: \"flat\", seasonalities: [{ name: \"month\", period: 30.4, order: 3 }]
  })
  odd = forecast.anomalies(
    series(\"nav\", points: [{ at: 2025-03-31T06:00Z, value: 999.0 }, { at: 2025-05-01T06:00Z, value: 1.0 }]),
    predictions: best.predictions,
    on: open,
  )
  output scores = best.scores
  output best = best.model
  output column = forecast.column(best.predictions[0], \"yhat\") == best.predictions[0].yhat
  output odd = odd",
    );
    let scores = found["scores"].as_array().unwrap();
    assert_eq!(scores.iter().map(|score| &score["model"]).collect::<Vec<_>>(), ["prophet", "ets", "naive"]);
    let mae = |score: &Json| score["mae"].as_f64().unwrap();
    let best = scores.iter().min_by(|a, b| mae(a).total_cmp(&mae(b))).unwrap();
    assert_eq!((&found["best"], &best["points"]), (&best["model"], &json!(10)));
    assert_eq!(found["column"], true);
    assert_eq!(found["odd"].as_array().unwrap().len(), 1, "the other day was not forecast");
    assert!(found["odd"][0]["score"].as_f64().unwrap() > 1.0);
}

#[test]
fn a_fit_has_a_time_limit_and_its_value_is_kept() {
    let sandbox = lab();
    let fit = "  param limit: duration = 5m
  model = forecast.prophet(s, on: open, horizon: 1bd, yearly: false, n_changepoints: 2) with { timeout: limit, cache: 12h }
  output yhat = model.predictions[0].yhat";
    sandbox.write("main.flow", &workflow(fit));
    let ran = |more: &[&str]| sandbox.run(&[&["run", "main.flow", "--at", "2025-04-01T06:00Z"], more].concat());
    let late = ran(&["-p", "limit=1ms"]).expect(1);
    assert_eq!(late["error"]["kind"], "timeout");
    assert!(late["error"]["message"].as_str().unwrap().contains("was not done after 1ms"), "{late}");
    let (first, second) = (ran(&[]).expect(0), ran(&[]).expect(0));
    assert_eq!(first["outputs"], second["outputs"]);
    assert_eq!((first["steps"][1].get("cached"), &second["steps"][1]["cached"]), (None, &json!(true)));
}

#[test]
fn a_step_that_did_not_run_is_none_in_the_end() {
    let text = workflow(
        "  never = s.points[100000].value
  finally {
    seen = if never != none then never else -1.0
    _told = log(f\"seen {seen}\")
  }",
    );
    let ran = run(&text, &["--at", "2025-04-01T06:00Z"]);
    assert_eq!(ran.code, 1);
    assert!(ran.stderr.contains("seen -1"), "{}", ran.stderr);
    assert_eq!(ran.json()["warnings"], json!([]));
}
