//! Lines of JSON as `/api/v1/import` takes them: a series on each.

use super::parts::Part;
use super::{put_instant, put_value};

/// A line for each part. Infinite values stand there as `+Inf`, which is no JSON and what the server reads.
pub(super) fn encode(parts: &[Part]) -> Vec<u8> {
    let samples: usize = parts.iter().map(Part::len).sum();
    let mut out = Vec::with_capacity(samples * 24 + parts.len() * 100);
    for part in parts {
        let one = &part.series;
        out.extend_from_slice(b"{\"metric\":{\"__name__\":");
        put_text(&mut out, &one.name);
        for (name, value) in one.labels.iter() {
            out.push(b',');
            put_text(&mut out, name);
            out.push(b':');
            put_text(&mut out, value);
        }
        out.extend_from_slice(b"},\"values\":[");
        put_list(&mut out, part.points().map(|(_, value)| value), put_value);
        out.extend_from_slice(b"],\"timestamps\":[");
        put_list(&mut out, part.points().map(|(at_ms, _)| at_ms), put_instant);
        out.extend_from_slice(b"]}\n");
    }
    out
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    // A text always has a JSON form, and a vector takes it.
    let _ = serde_json::to_writer(out, text);
}

fn put_list<T>(out: &mut Vec<u8>, items: impl Iterator<Item = T>, put: fn(&mut Vec<u8>, T)) {
    for (at, item) in items.enumerate() {
        if at > 0 {
            out.push(b',');
        }
        put(out, item);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::{Points, Series};

    #[test]
    fn a_line_is_what_an_export_gives() {
        let labels = [("x", "a\"\\\n")].into_iter().collect();
        let points = Points { at_ms: vec![1, 2, 3, 4], values: vec![0.1, 1e300, f64::NEG_INFINITY, 5.0] };
        let one = Series { name: "m".into(), labels, points: points.into() };
        let text = String::from_utf8(encode(&[Part { series: one, runs: vec![0..1, 1..4] }])).unwrap();
        let wanted =
            r#"{"metric":{"__name__":"m","x":"a\"\\\n"},"values":[0.1,1e+300,-Inf,5.0],"timestamps":[1,2,3,4]}"#;
        assert_eq!(text, format!("{wanted}\n"));
    }
}
