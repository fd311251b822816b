//! The shipped workflows, through the built binary, on the embedded default and on real servers.

mod coins;
mod collector;
mod converter;
mod extract;
mod extractor;
mod forecast;
mod together;
