//! Samples as servers take them: cut into requests, and written in the form of each protocol.

mod import;
mod influx;
mod parts;
mod remote_write;
mod text;

pub(super) use influx::InfluxDialect;
pub(super) use parts::{Part, Runs, requests};

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use reqwest::{Method, RequestBuilder, Url};

use crate::connection::transport::Transport;
use crate::value::{ErrorKind, Series, StepError};

/// A protocol by which VictoriaMetrics takes samples.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WriteProtocol {
    /// Prometheus remote write, which costs both sides the least.
    #[default]
    RemoteWrite,
    /// Lines of JSON at `/api/v1/import`.
    Import,
    /// Lines of text at `/api/v1/import/prometheus`.
    PrometheusText,
    /// Influx line protocol at `/write`.
    Influx,
    /// Influx line protocol at `/api/v2/write`.
    InfluxV2,
}

/// A request to write.
#[derive(Debug)]
pub(super) struct Body {
    pub bytes: Vec<u8>,
    pub content_type: &'static str,
    /// How it is compressed already.
    pub encoding: Option<&'static str>,
}

impl Body {
    fn lines(bytes: Vec<u8>) -> Self {
        Self { bytes, content_type: "text/plain", encoding: None }
    }

    /// The same compressed.
    pub(super) fn compressed(self) -> Self {
        let mut encoder = GzEncoder::new(Vec::with_capacity(self.bytes.len() / 4), Compression::fast());
        match encoder.write_all(&self.bytes).and_then(|()| encoder.finish()) {
            Ok(bytes) => Self { bytes, encoding: Some("gzip"), ..self },
            // A vector takes everything.
            Err(_) => self,
        }
    }

    /// What is asked to send it to an address.
    pub(super) fn request(self, transport: &Transport, url: Url) -> RequestBuilder {
        let request = transport.request(Method::POST, url).header("content-type", self.content_type);
        let request = match self.encoding {
            Some(encoding) => request.header("content-encoding", encoding),
            None => request,
        };
        request.body(self.bytes)
    }
}

impl WriteProtocol {
    /// Where it goes, below the server's address, with what is said there.
    pub(super) const fn path(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::RemoteWrite => ("api/v1/write", None),
            Self::Import => ("api/v1/import", None),
            Self::PrometheusText => ("api/v1/import/prometheus", None),
            Self::Influx => ("write", Some("precision=ms")),
            Self::InfluxV2 => ("api/v2/write", Some("precision=ms")),
        }
    }

    /// Whether labels stand in the request once for each sample.
    pub(super) const fn repeats_labels(self) -> bool {
        matches!(self, Self::PrometheusText | Self::Influx | Self::InfluxV2)
    }

    /// Refuses what the protocol has no form for.
    pub(super) fn check(self, series: &[Series]) -> Result<(), StepError> {
        if !matches!(self, Self::Influx | Self::InfluxV2) {
            return Ok(());
        }
        influx::check(series, InfluxDialect::VictoriaMetrics)
    }

    /// The body of a request with these parts, compressed or not.
    pub(super) fn body(self, parts: &[Part], compresses: bool) -> Result<Body, StepError> {
        let body = match self {
            Self::RemoteWrite => return remote_write_body(parts, compresses),
            Self::Import => Body::lines(import::encode(parts)),
            Self::PrometheusText => Body::lines(text::encode(parts)),
            Self::Influx | Self::InfluxV2 => influx_body(parts, InfluxDialect::VictoriaMetrics),
        };
        Ok(if compresses { body.compressed() } else { body })
    }
}

/// The body of a request by remote write.
pub(super) fn remote_write_body(parts: &[Part], compresses: bool) -> Result<Body, StepError> {
    let bytes = remote_write::encode(parts, compresses)
        .map_err(|why| StepError::new(ErrorKind::Internal, format!("samples cannot be encoded: {why}")))?;
    Ok(Body { bytes, content_type: "application/x-protobuf", encoding: Some("snappy") })
}

/// The body of a request in Influx line protocol.
pub(super) fn influx_body(parts: &[Part], dialect: InfluxDialect) -> Body {
    Body::lines(influx::encode(parts, dialect))
}

/// See [`influx::check`].
pub(super) fn check_influx(series: &[Series], dialect: InfluxDialect) -> Result<(), StepError> {
    influx::check(series, dialect)
}

/// A value as every one of the text protocols reads it: the shortest that gives the same number, `+Inf`, `-Inf`.
fn put_value(out: &mut Vec<u8>, value: f64) {
    let infinite: Option<&[u8]> =
        value.is_infinite().then_some(if value > 0.0 { b"+Inf".as_slice() } else { b"-Inf".as_slice() });
    out.extend_from_slice(infinite.unwrap_or(zmij::Buffer::new().format(value).as_bytes()));
}

fn put_instant(out: &mut Vec<u8>, at_ms: i64) {
    out.extend_from_slice(itoa::Buffer::new().format(at_ms).as_bytes());
}
