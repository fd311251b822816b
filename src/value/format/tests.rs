use super::*;
use crate::value::RecordType;

fn decimal(text: &str) -> Value {
    Value::Decimal(std::sync::Arc::new(text.parse().unwrap()))
}

fn shown(value: &Value, spec: &str) -> String {
    format(value, spec).unwrap_or_else(|error| error.message)
}

/// What Python 3 prints.
#[test]
fn numbers_print_as_in_python() {
    let floats = [
        (1234.5, ",.2f", "1,234.50"),
        (0.125, ".2f", "0.12"),
        (2.675, ".2f", "2.67"),
        (-0.001, ".2f", "-0.00"),
        (3.0, "", "3"),
        (2.5, ".0f", "2"),
        (2.5, "#.0f", "2."),
        (0.29, "%", "29.000000%"),
        (0.29, ".0%", "29%"),
        (0.005, ".1%", "0.5%"),
        (12.5, ".1%", "1250.0%"),
        (0.0, ".0%", "0%"),
        (123_456.0, "e", "1.234560e+05"),
        (0.00012, ".1e", "1.2e-04"),
        (123_456_789.0, "g", "1.23457e+08"),
        (0.0001, "g", "0.0001"),
        (0.00001, "g", "1e-05"),
        (100_000.0, "g", "100000"),
        (999_999.5, "g", "1e+06"),
        (1.5, "#g", "1.50000"),
        (3.25, ".2", "3.2"),
        (3.5, "+.1f", "+3.5"),
        (3.5, " .1f", " 3.5"),
        (-3.5, "08.2f", "-0003.50"),
        (-3.5, "*^9.1f", "**-3.5***"),
        (1234.5, "012,.1f", "00,001,234.5"),
        (f64::NAN, ".2f", "nan"),
        (f64::NEG_INFINITY, "6.1f", "  -inf"),
    ];
    for (x, spec, wanted) in floats {
        assert_eq!(shown(&Value::Float(x), spec), wanted, "{x:?} {spec}");
    }
    let ints = [
        (1_234_567, ",", "1,234,567"),
        (1_234_567, "_d", "1_234_567"),
        (-42, "=+6d", "-   42"),
        (255, "#x", "0xff"),
        (255, "#08x", "0x0000ff"),
        (1_048_576, "_x", "10_0000"),
        (1234, "08,", "0,001,234"),
        (7, "<3", "7  "),
        (5, "<03", "500"),
        (1, ".2f", "1.00"),
        (i64::MIN, "", "-9223372036854775808"),
        (i64::MAX, ".1e", "9.2e+18"),
        (12, ".0%", "1200%"),
        (0, "g", "0"),
    ];
    for (n, spec, wanted) in ints {
        assert_eq!(shown(&Value::Int(n), spec), wanted, "{n} {spec}");
    }
}

#[test]
fn decimals_stay_exact() {
    assert_eq!(shown(&decimal("0.1000000000000000000001"), ".22f"), "0.1000000000000000000001");
    assert_eq!(shown(&decimal("12345678901234567890.125"), ",.2f"), "12,345,678,901,234,567,890.12");
    assert_eq!(shown(&decimal("-0.00012345"), ".2e"), "-1.23e-04");
    assert_eq!(shown(&decimal("99.996"), ".4g"), "100");
    assert_eq!(shown(&decimal("1e3"), ""), "1000");
    assert_eq!(shown(&decimal("0.015"), ".1%"), "1.5%");
    assert_eq!(shown(&decimal("1e999999999"), ".2f"), "format `.2f`: the number has more than 20000 digits");
}

#[test]
fn texts_have_width_and_length() {
    assert_eq!(shown(&Value::text("café"), ">6"), "  café");
    assert_eq!(shown(&Value::text("café"), ".2s"), "ca");
    assert_eq!(shown(&Value::text("x"), "é^3"), "éxé");
    assert_eq!(shown(&Value::Bool(true), "6"), "true  ");
}

#[test]
fn dates_and_instants_take_strftime() {
    let day = Value::Date(NaiveDate::from_ymd_opt(2025, 1, 31).unwrap());
    assert_eq!(shown(&day, "%d/%m/%Y"), "31/01/2025");
    assert_eq!(shown(&Value::Timestamp(DateTime::UNIX_EPOCH), "%F %T %Z"), "1970-01-01 00:00:00 UTC");
    assert!(shown(&day, "%H:%M").contains("does not have"));
    assert!(shown(&day, "%Q").contains("not a date format"));
    assert!(shown(&day, ">10").contains("no part of a date"));
}

#[test]
fn a_format_is_checked_by_type() {
    let check = |ty: &Type, spec: &str| check_format(ty, spec).err();
    assert_eq!(check(&Type::Float, ",.2f"), None);
    assert_eq!(check(&Type::Date, "%d/%m/%Y"), None);
    assert_eq!(check(&Type::Any, "whatever"), None);
    assert!(check(&Type::Float, "d").unwrap().contains("prints an int"));
    assert!(check(&Type::Int, ".2").unwrap().contains("`.2f`"));
    assert!(check(&Type::Text, ".2f").unwrap().contains("prints numbers"));
    assert!(check(&Type::Int, "%d").unwrap().contains("strftime"));
    assert!(check(&Type::Float, "2000.2f").unwrap().contains("up to 1000"));
    assert!(check(&Type::Float, "99999999999999999999999").unwrap().contains("up to 1000"));
    assert!(check(&Type::Float, ".f").unwrap().contains("missing after the point"));
    assert!(check(&Type::Float.optional(), ".2f").unwrap().contains("none"));
    assert!(check(&Type::Record(RecordType::new([("a", Type::Int)])), ">5").is_none());
}

#[test]
fn no_format_panics() {
    let values = [Value::Int(i64::MIN), Value::Float(-0.0), decimal("-1e-300"), Value::text("é"), Value::None];
    let parts = [
        "", "é<", "=", "+", " ", "#", "0", "7", "1000", ",", "_", ".0", ".9", "d", "f", "e", "g", "%", "s", "x", "%Y",
        "%",
    ];
    for value in &values {
        for a in parts {
            for b in parts {
                for c in parts {
                    let _ = format(value, &format!("{a}{b}{c}"));
                }
            }
        }
    }
}
