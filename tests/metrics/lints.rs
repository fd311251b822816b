//! Lints of queries and samples: what each finds, where, and what it leaves alone.

use crate::support::sandbox::Sandbox;

const CONFIGURATION: &str = "
default_environment: prod
environments:
  prod:
    connections:
      vm: { kind: victoria_metrics, url: 'http://localhost:8428' }
      far: { kind: victoria_metrics, url: 'http://localhost:8428', future_retention: 60d }
      box: { kind: embedded, path: metrics }
      prom: { kind: prometheus, url: 'http://localhost:9090' }
";

/// The code and the underlined text of each finding in a workflow with this body.
fn found(body: &str) -> Vec<String> {
    let sandbox = Sandbox::new();
    sandbox.write("vmflow.yaml", CONFIGURATION);
    let uses = ["vm", "far", "box", "prom"].into_iter().filter(|name| body.contains(&format!("{name}.")));
    let uses: String = uses.map(|name| format!("  use {name}: metrics\n")).collect();
    let text = format!("workflow w {{\n{uses}  calendar open = calendars.weekdays(zone: \"UTC\")\n{body}\n}}\n");
    sandbox.write("w.flow", &text);
    let document = sandbox.run(&["check", "w.flow", "--format", "json"]).json();
    let offset = |place: &serde_json::Value| usize::try_from(place["offset"].as_u64().unwrap()).unwrap();
    let shown = |finding: &serde_json::Value| {
        let (start, end) = (offset(&finding["span"]["start"]), offset(&finding["span"]["end"]));
        format!("{} {}", finding["code"].as_str().unwrap(), text.get(start..end).unwrap())
    };
    // A calendar that nobody uses is no matter here.
    let findings = document["diagnostics"].as_array().unwrap().iter().filter(|finding| finding["code"] != "VF104");
    findings.map(shown).collect()
}

/// What is found in an expression.
fn in_query(query: &str) -> Vec<String> {
    found(&format!("  q = vm.instant(promql\"\"\"{query}\"\"\", at: run.now)\n  output items = q.count"))
}

/// What is found in a write of these samples.
fn in_samples(store: &str, samples: &str) -> Vec<String> {
    found(&format!(
        "  param ids: list<text> = [\"a\"]\n  param horizon: bdays = 20bd\n  today = date_of(run.now, \"UTC\")\n  \
         output items = ids.count\n  output first = today\n  output last = open.days(today through today + horizon)\n  \
         do {store}.write({samples})"
    ))
}

const NOTHING: [&str; 0] = [];

#[test]
fn selectors_of_everything() {
    for all in ["{job=~\".*\"}", "{__name__!=\"\"}", "{__name__=~\".+\"}", "{job=~\".*\", __name__!~\"\"}"] {
        assert_eq!(in_query(&format!("count({all})")), [format!("VF503 {all}")]);
    }
    for some in ["{job=\"a\"}", "m{job=~\".*\"}", "{job!=\"\"}", "{__name__!=\"\", job=\"a\"}", "{__name__=~\"a.*\"}"] {
        assert_eq!(in_query(&format!("count({some})")), NOTHING, "{some}");
    }
}

#[test]
fn counters_and_gauges() {
    assert_eq!(in_query("sum by (job) (http_requests_total)"), ["VF504 http_requests_total"]);
    assert_eq!(in_query("avg(last_over_time(x[5m])) + sum(errors_total offset 5m)"), ["VF504 errors_total offset 5m"]);
    assert_eq!(in_query("rate(disk_used_ratio{a=\"b\"}[5m])"), ["VF504 disk_used_ratio{a=\"b\"}[5m]"]);
    for fine in [
        "sum(rate(http_requests_total[5m]))",
        "max(http_requests_total)",
        "count(http_requests_total)",
        "sum(total)",
        "rate(cpu_seconds[5m])",
        "rate(load_average[5m])",
        "delta(disk_used_ratio[5m])",
    ] {
        assert_eq!(in_query(fine), NOTHING, "{fine}");
    }
}

#[test]
fn windows_between_steps() {
    assert_eq!(in_query("max_over_time(rate(x[1m])[1d:1h])"), ["VF505 x[1m]"]);
    assert_eq!(in_query("sum_over_time((sum(rate(x[1m])) > 1)[1d:5m])"), ["VF505 x[1m]"]);
    for fine in [
        "max_over_time(rate(x[1h])[1d:1h])",
        "max_over_time(rate(x[1m])[1d:])",
        "max_over_time(max_over_time(rate(x[1m])[1h:1m])[1d:1h])",
        "max_over_time(rate(x[5i])[1d:1h])",
    ] {
        assert_eq!(in_query(fine), NOTHING, "{fine}");
    }
}

#[test]
fn samples_beyond_the_future() {
    let sample = |at: &str| format!("[sample(\"f\", labels: {{ day: \"a\" }}, value: 1.0, at: {at})]");
    let days = "for day in open.days(today through today + horizon)]";
    let forecast = format!("[sample(\"f\", value: 1.0, at: midnight(day, \"UTC\")) {days}");
    assert_eq!(in_samples("vm", &forecast), ["VF510 midnight(day, \"UTC\")"]);
    assert_eq!(in_samples("vm", &sample("run.now + 49h")), ["VF510 run.now + 49h"]);
    assert_eq!(in_samples("vm", &sample("midnight(today + 1mo, \"UTC\")")), ["VF510 midnight(today + 1mo, \"UTC\")"]);
    for near in ["run.now + 48h", "run.now + 96h - 95h", "midnight(today + 4d, \"UTC\")", "2099-01-01T00:00Z"] {
        assert_eq!(in_samples("vm", &sample(near)), NOTHING, "{near}");
    }
    assert_eq!(in_samples("far", &forecast), NOTHING);
    assert_eq!(in_samples("box", &forecast), NOTHING);
}

#[test]
fn forecasts_beyond_the_future() {
    let body = |horizon: &str, samples: &str| {
        format!(
            "  param horizon: bdays = 20bd\n  \
             sales = first(vm.export(promql\"\"\"sales\"\"\", over: midnight(2024-01-01, \"UTC\") until run.now))\n  \
             model = forecast.ets(sales, on: open{horizon})\n  \
             rows = [{{ on: p.day, value: p.yhat }} for p in model.predictions]\n  \
             do vm.write([{samples}])\n  output first = rows.count\n  output horizon = horizon\n"
        )
    };
    let direct = "sample(\"f\", value: p.yhat, at: midnight(p.day, \"UTC\")) for p in model.predictions";
    let through = "sample(\"f\", value: r.value, at: midnight(r.on, \"UTC\")) for r in rows";
    // A default of the primitive, a literal, a parameter with a default.
    for horizon in ["", ", horizon: 10bd", ", horizon: horizon"] {
        assert_eq!(found(&body(horizon, direct)), ["VF510 midnight(p.day, \"UTC\")"], "{horizon}");
        assert_eq!(found(&body(horizon, through)), ["VF510 midnight(r.on, \"UTC\")"], "{horizon}");
    }
    assert_eq!(found(&body(", horizon: 2bd", direct)), NOTHING);
    assert_eq!(found(&body("", direct).replace("vm.", "far.")), NOTHING);
}

#[test]
fn samples_beyond_the_future_in_a_loop() {
    let body = |range: &str| {
        format!(
            "  today = business_date(run.now, cutoff: 06:00, on: open)\n  days = open.days({range})\n  \
             done = for each day in days {{\n    at = midnight(day, \"UTC\")\n    \
             written = do vm.write([sample(\"f\", value: 1.0, at: at)])\n    yield written\n  }}\n  \
             output items = done.count"
        )
    };
    assert_eq!(found(&body("today through today + 20bd")), ["VF510 at"]);
    assert_eq!(found(&body("today - 20bd through today")), NOTHING);
}

#[test]
fn unbounded_labels() {
    let labels =
        |value: &str| format!("[sample(\"f\", labels: {{ job: \"a\" }} + {{ x: {value} }}, value: 1.0, at: run.now)]");
    for (value, underlined) in [
        ("run.id", "run.id"),
        ("f\"a {run.id}\"", "f\"a {run.id}\""),
        ("f\"{run.now}\"", "f\"{run.now}\""),
        ("f\"{run.now:%Y-%m-%d %H:%M}\"", "f\"{run.now:%Y-%m-%d %H:%M}\""),
    ] {
        assert_eq!(in_samples("vm", &labels(value)), [format!("VF511 {underlined}")]);
    }
    for fine in
        ["run.job", "run.env", "f\"{today}\"", "f\"{today:%d/%m/%Y}\"", "f\"{run.now:%Y-%m-%d}\"", "f\"{run.now:%H}\""]
    {
        assert_eq!(in_samples("vm", &labels(fine)), NOTHING, "{fine}");
    }
    let message = "  a = vm.instant(promql\"\"\"m\"\"\", at: run.now)\n  output items = a.count\n  failed {\n    \
        do vm.write([sample(\"f\", labels: { why: run.error?.message ?? \"\" }, value: 1.0, at: run.now)])\n  }";
    assert_eq!(found(message), ["VF511 run.error?.message ?? \"\""]);
    assert_eq!(found(&message.replace("message", "kind")), NOTHING);
}

#[test]
fn one_series_at_one_instant() {
    let each = |sample: &str, rest: &str| in_samples("vm", &format!("[sample({sample}) for id in ids{rest}]"));
    let same = "\"f\", labels: { job: run.job }, value: 1.0, at: run.now";
    assert_eq!(each(same, ""), ["VF512 \"f\""]);
    assert_eq!(each(same, " if id == \"a\""), NOTHING);
    assert_eq!(each("\"f\", labels: { id: id }, value: 1.0, at: run.now", ""), NOTHING);
    assert_eq!(each("f\"f_{id}\", value: 1.0, at: run.now", ""), NOTHING);
    assert_eq!(in_samples("vm", "[sample(\"f\", value: 1.0, at: run.now)]"), NOTHING);
    let looped = |inner: &str| {
        found(&format!(
            "  param ids: list<text> = [\"a\"]\n  done = for each id in ids {{\n{inner}\n    yield id\n  }}\n  output items = done.count"
        ))
    };
    let write =
        |labels: &str| format!("    do vm.write([sample(\"f\", labels: {{ {labels} }}, value: 1.0, at: run.now)])");
    assert_eq!(looped(&write("job: run.job")), ["VF512 \"f\""]);
    assert_eq!(looped(&write("id: id")), NOTHING);
    assert_eq!(looped(&format!("    when id == \"a\" {{\n{}\n    }}", write("job: run.job"))), NOTHING);
    assert_eq!(looped(&format!("    x = f\"{{id}}\"\n{}", write("id: x"))), NOTHING);
}

#[test]
fn the_connection_says_the_dialect() {
    let body = |store: &str, query: &str| {
        found(&format!("  q = {store}.instant(promql\"\"\"{query}\"\"\", at: run.now)\n  output items = q.count"))
    };
    assert_eq!(body("prom", "tlast_over_time(m[5m])"), ["VF501 tlast_over_time"]);
    assert_eq!(body("vm", "tlast_over_time(m[5m])"), NOTHING);
    assert_eq!(body("prom", "histogram_count(m)"), NOTHING);
    assert_eq!(body("vm", "histogram_count(m)"), ["VF501 histogram_count"]);
    assert_eq!(body("prom", "rate(m[1.5m])"), ["VF501 1.5m"]);
    assert_eq!(body("prom", "rate(m)"), ["VF501 m"]);
    assert_eq!(found("  do prom.write([sample(\"f\", value: 1.0, at: run.now)])"), NOTHING);
}
