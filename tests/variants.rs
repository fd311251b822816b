//! Broken variants of `extractor.flow`: each has one mistake and gets one precise finding, kept as a golden file.

use crate::support::golden;
use crate::support::sandbox::{Sandbox, root};

/// A mistake: the golden file's name, what is replaced (it must occur), and by what.
const VARIANTS: &[(&str, &str, &str)] = &[
    ("misspelt_step", "for each day in stale", "for each day in stlae"),
    ("misspelt_function", "today = business_date(", "today = busines_date("),
    ("misspelt_method", "found = vm.export(", "found = vm.exprot("),
    ("misspelt_argument", "cutoff: cutoff, on: weekdays", "cutof: cutoff, on: weekdays"),
    ("misspelt_field", "value: last(s.points).value", "value: last(s.points).valeu"),
    (
        "misspelt_column",
        "copied_at = { c.biz_date: c.copied_at for c in copies }",
        "copied_at = { c.biz_dat: c.copied_at for c in copies }",
    ),
    ("misspelt_module", "import std.status", "import std.statos"),
    ("misspelt_module_function", "do status.publish(vm,", "do status.pubish(vm,"),
    ("misspelt_type", "param job: text", "param job: txet"),
    ("misspelt_clause", "with { timeout: 2m }", "with { timeuot: 2m }"),
    ("misspelt_connection_kind", "use vm: metrics", "use vm: metrix"),
    ("missing_argument", "parse_date(s.labels.biz_date, \"%d/%m/%Y\")", "parse_date(s.labels.biz_date)"),
    ("wrong_type_of_default", "param lookback: period = 30d", "param lookback: period = 30"),
    (
        "wrong_type_of_argument",
        "labels = [f\"{d:%d/%m/%Y}\" for d in days]",
        "labels = [parse_date(d, \"%d/%m/%Y\") for d in days]",
    ),
    ("wrong_type_of_condition", "require rows.count > 0 else", "require rows.count else"),
    (
        "optional_used_bare",
        "if is_newer(published_at[d], than: copied_at[d])]",
        "if published_at[d] > midnight(d, \"UTC\")]",
    ),
    (
        "outcomes_used_as_list",
        "output items_created = sum([c.created for c in copied.ok])",
        "output items_created = sum([c.created for c in copied])",
    ),
    ("date_used_as_instant", "over: midnight(day, \"UTC\") until run.now + 24h", "over: day until run.now + 24h"),
    ("period_added_to_instant", "at: run.now + 24h,\n  )\n  published_at", "at: run.now + 1d,\n  )\n  published_at"),
    ("missing_do", "saved = do db.upsert(", "saved = db.upsert("),
    ("missing_do_in_finally", "do status.publish(", "status.publish("),
    ("cycle", "today = business_date(run.now, cutoff: cutoff, on: weekdays)", "today = days[0]"),
    ("unbound_sql_name", "where job_id = :job and", "where job_id = :jbo and"),
    ("list_bound_as_value", "biz_date in :days", "biz_date = :days"),
    (
        "query_that_writes",
        "select biz_date, max(max_data_timestamp) as copied_at\n    from vm_extraction_jobs\n    where job_id = :job and biz_date in :days\n    group by biz_date",
        "delete from vm_extraction_jobs where job_id = :job and biz_date in :days",
    ),
    ("column_not_in_query", "max(max_data_timestamp) as copied_at", "max(max_data_timestamp) as copied_ta"),
    (
        "broken_promql",
        "max by (biz_date) (tlast_over_time({job=$job, biz_date=~$labels}[400d]))",
        "max by (biz_date) (tlast_over_time({job=$job, biz_date=~$labels}[400d])",
    ),
    ("unknown_promql_function", "tlast_over_time(", "tlst_over_time("),
    ("list_as_promql_value", "biz_date=~$labels", "biz_date=$labels"),
    ("unbound_promql_name", "{job=$job, biz_date=$label}", "{job=$job, biz_date=$lable}"),
    (
        "outside_the_embedded_subset",
        "max by (biz_date) (tlast_over_time({job=$job, biz_date=~$labels}[400d]))",
        "topk(3, tlast_over_time({job=$job, biz_date=~$labels}[400d]))",
    ),
    ("impossible_date", "param cutoff: time = 06:00", "param cutoff: time = 06:00\n  param since: date = 2025-02-30"),
    ("impossible_time", "param cutoff: time = 06:00", "param cutoff: time = 25:00"),
    ("unknown_zone", "calendars.weekdays(zone: \"UTC\")", "calendars.weekdays(zone: \"Europe/Lodnon\")"),
    ("bad_format", "labels = [f\"{d:%d/%m/%Y}\" for d in days]", "labels = [f\"{d:%d/%m/%Q}\" for d in days]"),
    (
        "unclosed_block",
        "    yield { day: day, created: stored.created, updated: stored.updated }\n  } on failure continue",
        "    yield { day: day, created: stored.created, updated: stored.updated }",
    ),
    ("unclosed_string", "else \"at most 400 days\"", "else \"at most 400 days"),
    ("unclosed_query", "group by biz_date\n  \"\"\")", "group by biz_date\n  )"),
    ("unclosed_bracket", "labels = [f\"{d:%d/%m/%Y}\" for d in days]", "labels = [f\"{d:%d/%m/%Y}\" for d in days"),
    (
        "equals_for_colon",
        "lookback through today)",
        "lookback through today)\n  other = weekdays.days(range = today - lookback through today)\n  output other = other.count",
    ),
    ("name_defined_twice", "labels = [f\"", "days = [today]\n  labels = [f\""),
    ("shadowed_name", "label = f\"{day:%d/%m/%Y}\"", "job = \"x\"\n    label = f\"{day:%d/%m/%Y}\""),
    (
        "outcome_during_the_run",
        "output items_processed = sum([c.created + c.updated for c in copied.ok])",
        "output items_processed = if run.status == \"success\" then 1 else 0",
    ),
    ("unknown_run_fact", "extracted_at: run.now", "extracted_at: run.nwo"),
    ("text_as_promql", "promql\"\"\"{job=$job, biz_date=$label}\"\"\"", "label"),
    ("two_types_in_a_list", "[\"job\", \"auid\", \"biz_date\"]", "[\"job\", 1, \"biz_date\"]"),
];

#[test]
fn each_mistake_gets_one_precise_finding() {
    let whole = std::fs::read_to_string(root().join("workflows/extractor.flow")).unwrap();
    let sandbox = Sandbox::new();
    let mut wrong = Vec::new();
    for (name, old, new) in VARIANTS {
        assert!(whole.contains(old), "{name}: `{old}` is not in extractor.flow");
        sandbox.write("workflows/extractor.flow", &whole.replacen(old, new, 1));
        let human = sandbox.run(&["check", "workflows/extractor.flow"]);
        let summary = sandbox.run(&["check", "workflows/extractor.flow", "--format", "json"]);
        let errors = summary.json()["summary"]["errors"].as_u64();
        if errors != Some(1) || human.code != 1 {
            wrong.push(format!("{name}: {errors:?} errors, exit {}\n{}", human.code, human.stdout));
            continue;
        }
        golden::assert(&root().join(format!("tests/ui/extractor/{name}.txt")), &human.stdout);
    }
    assert!(wrong.is_empty(), "{} of {} variants:\n{}", wrong.len(), VARIANTS.len(), wrong.join("\n"));
}

#[test]
fn every_golden_file_has_its_variant() {
    for entry in std::fs::read_dir(root().join("tests/ui/extractor")).unwrap() {
        let name = entry.unwrap().file_name().to_string_lossy().trim_end_matches(".txt").to_owned();
        assert!(VARIANTS.iter().any(|(variant, ..)| *variant == name), "{name} belongs to no variant");
    }
}
