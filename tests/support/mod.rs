//! What several tests need.

pub(crate) mod faulty;
pub(crate) mod golden;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod sandbox;
pub(crate) mod victoria;
