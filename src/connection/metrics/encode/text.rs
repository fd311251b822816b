//! Prometheus' lines of text: `name{label="value"} 1.5 1736467200000`.

use super::parts::Part;
use super::{put_instant, put_value};
use crate::value::Series;

/// A line for each sample.
pub(super) fn encode(parts: &[Part]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut start = Vec::new();
    for part in parts {
        start.clear();
        put_series(&mut start, &part.series);
        for (at_ms, value) in part.points() {
            out.extend_from_slice(&start);
            out.push(b' ');
            put_value(&mut out, value);
            out.push(b' ');
            put_instant(&mut out, at_ms);
            out.push(b'\n');
        }
    }
    out
}

fn put_series(out: &mut Vec<u8>, series: &Series) {
    out.extend_from_slice(series.name.as_bytes());
    if series.labels.is_empty() {
        return;
    }
    for (at, (name, value)) in series.labels.iter().enumerate() {
        out.push(if at == 0 { b'{' } else { b',' });
        out.extend_from_slice(name.as_bytes());
        out.extend_from_slice(b"=\"");
        for byte in value.bytes() {
            match byte {
                b'"' => out.extend_from_slice(b"\\\""),
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                plain => out.push(plain),
            }
        }
        out.push(b'"');
    }
    out.push(b'}');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Labels, Points};

    #[test]
    fn a_sample_is_a_line() {
        let one = |labels: Labels| {
            let points = Points { at_ms: vec![7, 8], values: vec![1.5, f64::INFINITY] };
            let one = Series { name: "m".into(), labels, points: points.into() };
            String::from_utf8(encode(&[Part { series: one, runs: vec![0..1, 1..2] }])).unwrap()
        };
        assert_eq!(one(Labels::default()), "m 1.5 7\nm +Inf 8\n");
        let labels = [("a", "x\\\"\n"), ("b", "é,}")].into_iter().collect();
        assert!(one(labels).starts_with("m{a=\"x\\\\\\\"\\n\",b=\"é,}\"} 1.5 7\n"));
    }
}
