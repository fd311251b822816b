//! What several tests need.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]

pub(crate) mod faulty;
pub(crate) mod golden;
pub(crate) mod place;
pub(crate) mod postgres;
pub(crate) mod proxy;
pub(crate) mod sandbox;
pub(crate) mod source;
pub(crate) mod victoria;
