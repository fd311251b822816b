#![no_main]

libfuzzer_sys::fuzz_target!(|text: &str| vmflow_fuzz::format_file(text));
