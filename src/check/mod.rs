//! From syntax trees to a typed program: names, types, effects.

pub mod program;
