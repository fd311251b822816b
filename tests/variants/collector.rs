//! What goes wrong when somebody writes or changes `apex_collector.flow` and its tests.

use super::Mistake;

pub(super) const MISTAKES: &[Mistake] = &[
    // Imports.
    ("import_missing", "import std.watermark\n", ""),
    ("import_under_another_name", "import std.watermark\n", "import std.watermark as wm\n"),
    ("import_of_a_function", "import std.watermark\n", "import std.watermark.date\n"),
    // The type.
    ("type_misspelt_column_type", "business_date: date, auid", "business_date: dtae, auid"),
    ("type_pandas_column_type", "auid: text, values", "auid: str, values"),
    ("type_with_equals_in_fields", "{ business_date: date, auid", "{ business_date = date, auid"),
    ("type_without_equals", "type ApexRow = {", "type ApexRow {"),
    ("type_dict", "map<text, float?>", "dict<text, float?>"),
    ("type_map_of_one", "map<text, float?>", "map<float?>"),
    ("type_square_brackets", "map<text, float?>", "map[text, float?]"),
    ("type_optional_as_union", "backfill_from: date? = none", "backfill_from: date | none = none"),
    ("type_misspelt_where_used", "as list<ApexRow>", "as list<ApexRows>"),
    (
        "union_default_outside",
        "data_lag: bdays = 1bd",
        "data_lag: bdays = 1bd\n  param mode: \"full\" | \"delta\" = \"fulll\"",
    ),
    // Parameters, business days, calendars.
    ("bdays_as_period", "param data_lag: bdays = 1bd", "param data_lag: bdays = 1d"),
    ("bdays_as_number", "param data_lag: bdays = 1bd", "param data_lag: bdays = 1"),
    ("bdays_spelt_out", "param data_lag: bdays = 1bd", "param data_lag: bdays = 1bday"),
    ("require_as_text", "require max_days_per_run >= 1", "require \"max_days_per_run >= 1\""),
    ("calendar_unknown", "calendars.weekdays(zone: \"UTC\")", "calendars.nyse(zone: \"UTC\")"),
    ("calendar_zone_abbreviated", "calendars.weekdays(zone: \"UTC\")", "calendars.weekdays(zone: \"CEST\")"),
    ("calendar_method_misspelt", "weekdays.next(done)", "weekdays.nxt(done)"),
    ("calendar_as_text", "on: weekdays) - data_lag", "on: \"weekdays\") - data_lag"),
    // Settings.
    ("rate_as_number", "rate: per_second(5)", "rate: 5"),
    ("rate_as_text", "rate: per_second(5)", "rate: \"5/s\""),
    ("rate_misspelt", "rate: per_second(5)", "rate: per_secnd(5)"),
    ("backoff_misspelt", "backoff: exponential(1s", "backoff: exponental(1s"),
    // Watermark.
    ("watermark_misspelt_function", "done = watermark.date(vm", "done = watermark.dat(vm"),
    ("watermark_of_http", "done = watermark.date(vm, ", "done = watermark.date(source, "),
    ("watermark_lookback_in_hours", "lookback: 90d)", "lookback: 90h)"),
    ("watermark_advance_without_do", "    do watermark.advance(", "    moved = watermark.advance("),
    (
        "watermark_may_be_none",
        "if done != none then weekdays.next(done) else backfill_from ?? end - 20bd",
        "weekdays.next(done)",
    ),
    // HTTP.
    ("http_method_misspelt", "source.get(", "source.gte("),
    ("http_params_of_python", "query: { business_date: day }", "params: { business_date: day }"),
    ("http_json_called", "}).json as list", "}).json() as list"),
    ("http_body_field_without_as", ".json as list<ApexRow>", ".json"),
    ("http_as_in_brackets", "as list<ApexRow>", "as [ApexRow]"),
    ("http_as_date", "as list<ApexRow>", "as date"),
    (
        "http_post_without_do",
        "source.get(\"/api/apex\", query: { business_date: day })",
        "source.post(\"/api/apex\", json: { day: day })",
    ),
    ("http_path_without_quotes", "source.get(\"/api/apex\"", "source.get(/api/apex"),
    ("http_secret_in_a_path", "source.get(\"/api/apex\"", "source.get(f\"/api/apex?key={run.secret}\""),
    (
        "secret_in_a_text",
        "param data_lag: bdays = 1bd",
        "param data_lag: bdays = 1bd\n  param key: secret\n  shown = f\"key {key}\"\n  output key_shown = shown",
    ),
    (
        "secret_with_default",
        "param data_lag: bdays = 1bd",
        "param data_lag: bdays = 1bd\n  param key: secret = \"s3cret\"",
    ),
    // The comprehension with two loops.
    ("comprehension_items_of_python", "for field, value in r.values\n", "for field, value in r.values.items()\n"),
    ("comprehension_pair_in_parentheses", "for field, value in r.values\n", "for (field, value) in r.values\n"),
    (
        "comprehension_order_swapped",
        "      for r in rows\n      for field, value in r.values\n",
        "      for field, value in r.values\n      for r in rows\n",
    ),
    ("comprehension_comma_between", "      for r in rows\n      for field", "      for r in rows,\n      for field"),
    ("comprehension_misspelt_field", "r.business_date == day", "r.busines_date == day"),
    ("comprehension_single_equals", "r.business_date == day", "r.business_date = day"),
    ("comprehension_optional_value", " and value != none", ""),
    ("fstring_without_f", "f\"apex_data_{field}\"", "\"apex_data_{field}\""),
    ("fstring_unclosed_hole", "f\"apex_data_{field}\"", "f\"apex_data_{field\""),
    ("fstring_misspelt_name", "f\"apex_data_{field}\"", "f\"apex_data_{feild}\""),
    ("label_not_text", "biz_date: f\"{day:%d/%m/%Y}\"", "biz_date: day"),
    ("instant_as_date", "at: midnight(day, \"UTC\"),", "at: day,"),
    // Choices.
    (
        "when_as_a_value",
        "if done != none then weekdays.next(done) else backfill_from ?? end - 20bd",
        "when done != none then weekdays.next(done) else backfill_from ?? end - 20bd",
    ),
    (
        "when_with_a_colon",
        "    require samples.count > 0 else",
        "    when samples.count == 0: yield none\n    require samples.count > 0 else",
    ),
    (
        "ternary_of_c",
        "if done != none then weekdays.next(done) else backfill_from ?? end - 20bd",
        "done != none ? weekdays.next(done) : end",
    ),
    ("coalesce_as_or", "backfill_from ?? end - 20bd", "backfill_from or end - 20bd"),
    ("loop_with_a_colon", "in todo {", "in todo: {"),
    ("write_as_a_reader", "do vm.write(samples)", "do vm.wrte(samples)"),
    ("key_as_text", "key: [day, digest(samples)]", "key: \"day\""),
    ("key_misspelt", "with { key: [day, digest(samples)] }", "with { keys: [day, digest(samples)] }"),
];

pub(super) const MISTAKES_IN_TESTS: &[Mistake] = &[
    ("given_misspelt", "given done = 2025-01-07", "given dnoe = 2025-01-07"),
    ("given_of_the_wrong_type", "given done = 2025-01-07", "given done = \"2025-01-07\""),
    ("given_inside_misspelt", "given published.rows = [\n", "given published.row = [\n"),
    ("given_inside_without_its_loop", "given published.rows = [\n", "given rows = [\n"),
    (
        "given_record_misses_a_field",
        "{ business_date: day, auid: \"A1\", values: { \"nav\": 101.5, \"aum\": none } }",
        "{ business_date: day, values: { \"nav\": 101.5 } }",
    ),
    ("given_colon", "given done = 2025-01-07", "given done: 2025-01-07"),
    ("set_unknown_parameter", "set { backfill_from: 2024-12-30,", "set { backfil_from: 2024-12-30,"),
    ("set_of_the_wrong_type", "max_days_per_run: 3 }", "max_days_per_run: \"3\" }"),
    ("set_without_braces", "set { sliding_window: 2bd }", "set sliding_window = 2bd"),
    ("workflow_misspelt", "labels\" of apex_collector {", "labels\" of apex_colector {"),
    ("at_a_date", "at 2025-01-10T07:00Z", "at 2025-01-10"),
    ("at_without_zone", "at 2025-01-10T07:00Z", "at 2025-01-10T07:00"),
    ("expect_single_equals", "expect items_processed == 2", "expect items_processed = 2"),
    ("expect_misspelt_output", "expect items_processed == 2", "expect items_procesed == 2"),
    ("assert_of_python", "expect items_processed == 2", "assert items_processed == 2"),
    ("writes_of_another_connection", "writes(vm, metric: \"apex_data_aum\")", "writes(mv, metric: \"apex_data_aum\")"),
    ("status_misspelt", "expect run.status == \"failed\"\n", "expect run.status == \"failure\"\n"),
    ("import_misspelt", "import \"../apex_collector.flow\"", "import \"../apex_colector.flow\""),
    ("test_name_without_quotes", "test \"a sliding window goes over days again\" of", "test sliding_window of"),
];
