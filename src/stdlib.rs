//! The standard library: modules in the language itself, carried in the binary.
//!
//! They are checked, tested and documented like any file of a user's. [`PRELUDE`] is in every scope;
//! the others are imported as `std.name`.

/// The module whose functions are in every scope.
pub const PRELUDE: &str = "prelude";

/// Names and texts of the modules, by name.
pub static MODULES: &[(&str, &str)] = &[
    (PRELUDE, include_str!("../stdlib/prelude.flow")),
    ("dates", include_str!("../stdlib/dates.flow")),
    ("numbers", include_str!("../stdlib/numbers.flow")),
    ("reconcile", include_str!("../stdlib/reconcile.flow")),
    ("status", include_str!("../stdlib/status.flow")),
    ("texts", include_str!("../stdlib/texts.flow")),
    ("watermark", include_str!("../stdlib/watermark.flow")),
];

/// The text of the module `name` (`status` for `std.status`).
pub fn module(name: &str) -> Option<&'static str> {
    MODULES.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The names of the modules that can be imported.
pub fn names() -> impl Iterator<Item = &'static str> {
    MODULES.iter().map(|(name, _)| *name).filter(|name| *name != PRELUDE)
}
