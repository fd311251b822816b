//! What several tests need.

pub(crate) mod coingecko;
pub(crate) mod faulty;
pub(crate) mod golden;
pub(crate) mod influx;
pub(crate) mod mysql;
pub(crate) mod place;
pub(crate) mod postgres;
pub(crate) mod prometheus;
pub(crate) mod proxy;
pub(crate) mod receivers;
pub(crate) mod sandbox;
pub(crate) mod source;
pub(crate) mod victoria;
pub(crate) mod wire;
