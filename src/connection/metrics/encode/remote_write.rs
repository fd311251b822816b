//! Prometheus remote write: the public message, encoded and compressed as every server takes it.
//!
//! By hand: a derived encoder wants a struct for each sample first, which costs twice the time.

use super::parts::Part;
use crate::value::Series;

/// The tag of a field that is a message, a text or bytes.
const fn block(field: u8) -> u8 {
    field << 3 | 2
}

/// The tag of a double, the first field of a sample.
const VALUE: u8 = 1 << 3 | 1;
/// The tag of an integer, the second field of a sample.
const INSTANT: u8 = 2 << 3;

/// Stands in snappy before bytes that are not packed, and the four bytes of their number.
const PLAIN: u8 = 63 << 2;

/// The body of a request: protobuf, in one block of snappy. (VictoriaMetrics 1.79 takes nothing else.) What need not be
/// packed, as packing costs more than it saves on the same machine, is snappy too, of one plain piece.
pub(super) fn encode(parts: &[Part], packs: bool) -> Result<Vec<u8>, String> {
    let message = message(parts);
    if packs {
        return snap::raw::Encoder::new().compress_vec(&message).map_err(|error| error.to_string());
    }
    let mut body = Vec::with_capacity(message.len() + 10);
    put_varint(&mut body, message.len() as u64);
    if let Some(before_last) = message.len().checked_sub(1) {
        body.push(PLAIN);
        body.extend(u32::try_from(before_last).map_err(|error| error.to_string())?.to_le_bytes());
    }
    body.extend_from_slice(&message);
    Ok(body)
}

fn message(parts: &[Part]) -> Vec<u8> {
    let samples: usize = parts.iter().map(Part::len).sum();
    let mut message = Vec::with_capacity(samples * 20 + parts.len() * 128);
    let mut labels = Vec::new();
    for part in parts {
        labels.clear();
        put_labels(&part.series, &mut labels);
        let points: usize = part.points().map(|(at_ms, _)| 2 + sample_size(at_ms)).sum();
        message.push(block(1));
        put_varint(&mut message, (labels.len() + points) as u64);
        message.extend_from_slice(&labels);
        for (at_ms, value) in part.points() {
            put_sample(&mut message, at_ms, value);
        }
    }
    message
}

/// The labels in order of their names, the metric's among them: capitals come before `__name__`.
fn put_labels(series: &Series, out: &mut Vec<u8>) {
    let is_before = |name: &str| name < "__name__";
    for (name, value) in series.labels.iter().filter(|(name, _)| is_before(name)) {
        put_label(out, name, value);
    }
    put_label(out, "__name__", &series.name);
    for (name, value) in series.labels.iter().filter(|(name, _)| !is_before(name)) {
        put_label(out, name, value);
    }
}

fn put_label(out: &mut Vec<u8>, name: &str, value: &str) {
    let text_size = |text: &str| 1 + varint_size(text.len() as u64) + text.len();
    out.push(block(1));
    put_varint(out, (text_size(name) + text_size(value)) as u64);
    for (field, text) in [(1, name), (2, value)] {
        out.push(block(field));
        put_varint(out, text.len() as u64);
        out.extend_from_slice(text.as_bytes());
    }
}

fn put_sample(out: &mut Vec<u8>, at_ms: i64, value: f64) {
    let instant = at_ms.cast_unsigned();
    out.push(block(2));
    // At most 20, so one byte.
    put_varint(out, sample_size(at_ms) as u64);
    out.push(VALUE);
    out.extend_from_slice(&value.to_le_bytes());
    out.push(INSTANT);
    put_varint(out, instant);
}

/// Without its tag and length.
fn sample_size(at_ms: i64) -> usize {
    10 + varint_size(at_ms.cast_unsigned())
}

fn varint_size(value: u64) -> usize {
    (64 - (value | 1).leading_zeros()).div_ceil(7) as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the lowest seven bits")]
fn put_varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use prost::Message;

    use super::*;
    use crate::value::Points;

    /// The message as everybody else reads it.
    #[derive(Clone, PartialEq, Message)]
    struct WriteRequest {
        #[prost(message, repeated, tag = "1")]
        timeseries: Vec<TimeSeries>,
    }

    #[derive(Clone, PartialEq, Message)]
    struct TimeSeries {
        #[prost(message, repeated, tag = "1")]
        labels: Vec<Label>,
        #[prost(message, repeated, tag = "2")]
        samples: Vec<Sample>,
    }

    #[derive(Clone, PartialEq, Eq, Message)]
    struct Label {
        #[prost(string, tag = "1")]
        name: String,
        #[prost(string, tag = "2")]
        value: String,
    }

    #[derive(Clone, Copy, PartialEq, Message)]
    struct Sample {
        #[prost(double, tag = "1")]
        value: f64,
        #[prost(int64, tag = "2")]
        timestamp: i64,
    }

    fn decoded(parts: &[Part]) -> Vec<TimeSeries> {
        let unpacked = |packs| snap::raw::Decoder::new().decompress_vec(&encode(parts, packs).unwrap()).unwrap();
        assert_eq!(unpacked(true), unpacked(false));
        WriteRequest::decode(unpacked(false).as_slice()).unwrap().timeseries
    }

    #[test]
    fn a_body_reads_back() {
        let at_ms = vec![0, 1, 127, 128, 1_736_467_200_000, i64::MAX];
        let values = vec![0.0, -0.5, f64::INFINITY, 1e300, f64::MIN_POSITIVE, 5.0];
        let long = "é".repeat(9_000);
        let labels = [("Zone", "z"), ("a", ""), ("b", long.as_str())].into_iter().collect();
        let series = Series { name: "m".into(), labels, points: Arc::new(Points { at_ms, values }) };
        let found = decoded(&[Part { series, runs: vec![0..2, 3..6] }]);
        let names: Vec<&str> = found[0].labels.iter().map(|label| &*label.name).collect();
        assert_eq!(names, ["Zone", "__name__", "a", "b"]);
        assert_eq!((&*found[0].labels[1].value, &found[0].labels[3].value), ("m", &long));
        let samples: Vec<(i64, f64)> = found[0].samples.iter().map(|s| (s.timestamp, s.value)).collect();
        let wanted = [(0, 0.0), (1, -0.5), (128, 1e300), (1_736_467_200_000, f64::MIN_POSITIVE), (i64::MAX, 5.0)];
        assert_eq!(samples, wanted);
        assert!(decoded(&[]).is_empty());
    }
}
