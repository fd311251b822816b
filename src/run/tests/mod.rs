//! Runs of small programs in a fake world.

pub(crate) mod build;
mod lifecycle;
mod limits;
mod loops;
mod order;
mod transactions;
