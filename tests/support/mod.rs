//! What several test modules share.

pub(crate) mod faulty;
pub(crate) mod victoria;
