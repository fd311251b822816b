//! How samples are sent to a `victoria_metrics` server, and made to last.

/// The protocol of a connection's writes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum WriteProtocol {
    /// Prometheus remote write.
    #[default]
    RemoteWrite,
    /// Lines of JSON at `/api/v1/import`.
    Import,
    /// Prometheus' lines of text.
    PrometheusText,
    /// Influx line protocol at `/write`.
    Influx,
    /// Influx line protocol at `/api/v2/write`.
    InfluxV2,
}

impl WriteProtocol {
    pub(super) const ALL: [(&'static str, Self); 5] = [
        ("remote_write", Self::RemoteWrite),
        ("import", Self::Import),
        ("prometheus_text", Self::PrometheusText),
        ("influx", Self::Influx),
        ("influx_v2", Self::InfluxV2),
    ];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, protocol)| *protocol == self).map_or("remote_write", |(name, _)| name)
    }
}

/// How samples are made to outlive a crash of the server.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Durable {
    /// A snapshot is made after each write, and deleted.
    #[default]
    Snapshot,
    /// Each write waits until the server has surely written its memory to the disk.
    Wait,
    /// They are not.
    Off,
}

impl Durable {
    pub(super) const ALL: [(&'static str, Self); 3] =
        [("snapshot", Self::Snapshot), ("wait", Self::Wait), ("off", Self::Off)];

    /// The word in the configuration.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(_, durable)| *durable == self).map_or("snapshot", |(name, _)| name)
    }
}
