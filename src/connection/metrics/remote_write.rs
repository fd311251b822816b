//! Prometheus remote write: the public message, encoded and compressed as every server takes it.

use super::batch::SeriesBatch;
use prost::Message;

/// Samples in one request.
const MOST_SAMPLES: usize = 10_000;
/// Bytes of labels in one request; far below the 32 MiB that servers take.
const MOST_LABEL_BYTES: usize = 8 * 1024 * 1024;

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
    samples: Vec<Point>,
}

#[derive(Clone, PartialEq, Eq, Message)]
struct Label {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(string, tag = "2")]
    value: String,
}

#[derive(Clone, Copy, PartialEq, Message)]
struct Point {
    #[prost(double, tag = "1")]
    value: f64,
    #[prost(int64, tag = "2")]
    timestamp: i64,
}

/// A part of a series to send: its index and the indices of its points.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    pub series: usize,
    pub points: Vec<usize>,
}

/// Cuts what is to be sent into requests, series by series: a series split over instants costs a
/// server nearly three times as much. `wanted` gives the indices of a series' points to send.
pub(super) fn requests(series: &[SeriesBatch], wanted: impl Fn(usize) -> Vec<usize>) -> Vec<Vec<Part>> {
    let mut requests: Vec<Vec<Part>> = Vec::new();
    let (mut samples, mut bytes) = (MOST_SAMPLES, 0);
    for (index, one) in series.iter().enumerate() {
        let label_bytes: usize = one.labels.iter().map(|(name, value)| name.len() + value.len() + 8).sum();
        for points in wanted(index).chunks(MOST_SAMPLES) {
            if samples + points.len() > MOST_SAMPLES || bytes + label_bytes > MOST_LABEL_BYTES {
                requests.push(Vec::new());
                (samples, bytes) = (0, 0);
            }
            samples += points.len();
            bytes += label_bytes;
            if let Some(request) = requests.last_mut() {
                request.push(Part { series: index, points: points.to_vec() });
            }
        }
    }
    requests
}

/// The body of a request: protobuf, in one block of snappy. (VictoriaMetrics 1.79 takes nothing else.)
pub(super) fn encode(series: &[SeriesBatch], parts: &[Part]) -> Result<Vec<u8>, String> {
    let timeseries = parts.iter().filter_map(|part| Some(time_series(series.get(part.series)?, part))).collect();
    let message = WriteRequest { timeseries }.encode_to_vec();
    snap::raw::Encoder::new().compress_vec(&message).map_err(|error| error.to_string())
}

fn time_series(series: &SeriesBatch, part: &Part) -> TimeSeries {
    let name = Label { name: "__name__".to_owned(), value: series.name.to_string() };
    let labels = series.labels.iter().map(|(name, value)| Label { name: name.to_string(), value: value.to_string() });
    let point = |at: &usize| Some(Point { value: *series.values.get(*at)?, timestamp: *series.at_ms.get(*at)? });
    TimeSeries {
        labels: std::iter::once(name).chain(labels).collect(),
        samples: part.points.iter().filter_map(point).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Labels;

    fn series(points: u16) -> SeriesBatch {
        let at_ms: Vec<i64> = (0..i64::from(points)).collect();
        let labels: Labels = [("job", "a")].into_iter().collect();
        SeriesBatch { name: "m".into(), labels, values: vec![1.0; points.into()], at_ms }
    }

    #[test]
    fn requests_hold_whole_series_and_at_most_ten_thousand_samples() {
        let all = [series(6_000), series(6_000), series(25_000), series(0)];
        let requests = requests(&all, |index| (0..all[index].at_ms.len()).collect());
        let sizes: Vec<usize> = requests.iter().map(|r| r.iter().map(|part| part.points.len()).sum()).collect();
        assert_eq!(sizes, [6_000, 6_000, 10_000, 10_000, 5_000]);
    }

    #[test]
    fn a_body_reads_back() {
        let all = [series(3)];
        let body = encode(&all, &[Part { series: 0, points: vec![0, 2] }]).unwrap();
        let message =
            WriteRequest::decode(snap::raw::Decoder::new().decompress_vec(&body).unwrap().as_slice()).unwrap();
        assert_eq!(message.timeseries[0].labels[1].value, "a");
        assert_eq!(message.timeseries[0].samples[1].timestamp, 2);
    }
}
