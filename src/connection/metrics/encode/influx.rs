//! Influx line protocol: `measurement,tag=value field=1.5 1736467200000`.

use super::parts::Part;
use super::{put_instant, put_value};
use crate::value::{ErrorKind, Series, StepError};

/// Who reads the lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::connection::metrics) enum InfluxDialect {
    /// Without a measurement the field is the metric's name. Two backslashes are one.
    VictoriaMetrics,
    /// The measurement is the metric's name, its one field is `value`. A backslash is one, and none may stand at an end.
    InfluxDb,
}

/// Refuses series that have no form.
pub(super) fn check(series: &[Series], dialect: InfluxDialect) -> Result<(), StepError> {
    let refuse = |one: &Series, what: &str, help: &str| {
        let message = format!("the series {} has {what}, for which Influx line protocol has no form", one.id());
        Err(StepError::new(ErrorKind::Data, message).help(help))
    };
    for one in series {
        if one.labels.iter().any(|(_, value)| value.contains(['\n', '\r'])) {
            return refuse(one, "a line break in a label", "replace it, or write by another protocol");
        }
        if dialect == InfluxDialect::VictoriaMetrics {
            continue;
        }
        if one.labels.iter().any(|(_, value)| value.ends_with('\\')) {
            return refuse(one, "a backslash at the end of a label", "leave it out");
        }
        if one.labels.iter().any(|(name, _)| &**name == "time") {
            return refuse(one, "the label `time`", "rename it");
        }
        if one.points.values.iter().any(|value| value.is_infinite()) {
            return refuse(one, "an infinite value", "leave it out: `for s in samples if is_finite(s.value)`");
        }
    }
    Ok(())
}

/// A line for each sample.
pub(super) fn encode(parts: &[Part], dialect: InfluxDialect) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = Vec::new();
    for part in parts {
        start.clear();
        put_series(&mut start, &part.series, dialect);
        for (at_ms, value) in part.points() {
            out.extend_from_slice(&start);
            put_value(&mut out, value);
            out.push(b' ');
            put_instant(&mut out, at_ms);
            out.push(b'\n');
        }
    }
    out
}

/// All before the value.
fn put_series(out: &mut Vec<u8>, series: &Series, dialect: InfluxDialect) {
    let is_victoria = dialect == InfluxDialect::VictoriaMetrics;
    if !is_victoria {
        out.extend_from_slice(series.name.as_bytes());
    }
    for (name, value) in series.labels.iter() {
        out.push(b',');
        put_escaped(out, name, is_victoria);
        out.push(b'=');
        put_escaped(out, value, is_victoria);
    }
    out.push(b' ');
    // Names of metrics hold nothing that would have to be escaped.
    out.extend_from_slice(if is_victoria { series.name.as_bytes() } else { b"value" });
    out.push(b'=');
}

fn put_escaped(out: &mut Vec<u8>, text: &str, backslashes: bool) {
    for byte in text.bytes() {
        if matches!(byte, b',' | b'=' | b' ') || (byte == b'\\' && backslashes) {
            out.push(b'\\');
        }
        out.push(byte);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Labels, Points};

    fn series(labels: &[(&str, &str)], value: f64) -> Series {
        let labels: Labels = labels.iter().copied().collect();
        let points = Points { at_ms: vec![7], values: vec![value] };
        Series { name: "nav".into(), labels, points: points.into() }
    }

    #[test]
    fn each_reader_has_its_lines() {
        let parts = [Part { series: series(&[("a", "x y,z=\\w")], 1.5), runs: vec![0..1, 1..1] }];
        let line = |dialect| String::from_utf8(encode(&parts, dialect)).unwrap();
        assert_eq!(line(InfluxDialect::VictoriaMetrics), ",a=x\\ y\\,z\\=\\\\w nav=1.5 7\n");
        assert_eq!(line(InfluxDialect::InfluxDb), "nav,a=x\\ y\\,z\\=\\w value=1.5 7\n");
    }

    #[test]
    fn what_has_no_form_is_refused() {
        for (labels, value) in [("a\nb", 1.0), ("a\r", 1.0), ("a\\", 1.0), ("a", f64::INFINITY)] {
            assert!(check(&[series(&[("x", labels)], value)], InfluxDialect::InfluxDb).is_err(), "{labels:?}");
        }
        assert!(check(&[series(&[("x", "a\\")], f64::INFINITY)], InfluxDialect::VictoriaMetrics).is_ok());
        assert!(check(&[series(&[("time", "1")], 1.0)], InfluxDialect::InfluxDb).is_err());
    }
}
