//! All primitives and properties, and how a name finds one.

use super::{
    Form, Property, Spec, by_day, calendars, dates, digest, errors, files, forecast, http, lists, local, log, maps,
    metrics, numbers, outcomes, policy, regexes, samples, sql, statistics, text,
};

/// The families' declarations: one line each.
static FAMILIES: &[&[Spec]] = &[
    by_day::SPECS,
    calendars::SPECS,
    dates::SPECS,
    digest::SPECS,
    errors::SPECS,
    files::SPECS,
    forecast::SPECS,
    http::SPECS,
    lists::SPECS,
    lists::join::SPECS,
    lists::keyed::SPECS,
    lists::reshape::SPECS,
    local::SPECS,
    log::SPECS,
    maps::SPECS,
    metrics::SPECS,
    metrics::OVER,
    numbers::SPECS,
    policy::SPECS,
    regexes::SPECS,
    samples::SPECS,
    sql::SPECS,
    statistics::SPECS,
    text::SPECS,
];

/// The families' properties: one line each.
static PROPERTIES: &[&[Property]] = &[
    calendars::PROPERTIES,
    dates::PROPERTIES,
    lists::PROPERTIES,
    maps::PROPERTIES,
    outcomes::PROPERTIES,
    samples::PROPERTIES,
];

/// Every primitive.
pub fn all() -> impl Iterator<Item = &'static Spec> {
    FAMILIES.iter().flat_map(|family| family.iter())
}

/// Every property.
pub fn properties() -> impl Iterator<Item = &'static Property> {
    PROPERTIES.iter().flat_map(|family| family.iter())
}

/// Whether a primitive is called by this name. The last letters tell most apart, before any name is cut.
fn is_called(spec: &Spec, verb: &str) -> bool {
    spec.name.ends_with(verb) && spec.verb() == verb
}

/// The primitive called as `verb(…)`.
pub fn prelude(verb: &str) -> Option<&'static Spec> {
    all().find(|spec| spec.form == Form::Prelude && is_called(spec, verb))
}

/// The primitive called as `value.verb(…)` on a value of this family.
pub fn method(family: &str, verb: &str) -> Option<&'static Spec> {
    all().find(|spec| spec.form == Form::Method && is_called(spec, verb) && spec.family() == family)
}

/// The primitive called as `family.verb(…)`.
pub fn namespace(family: &str, verb: &str) -> Option<&'static Spec> {
    all().find(|spec| spec.form == Form::Namespace && is_called(spec, verb) && spec.family() == family)
}

/// Whether some primitive is called as `family.…(…)`.
pub fn is_namespace(family: &str) -> bool {
    all().any(|spec| spec.form == Form::Namespace && spec.family() == family)
}

/// The property `name` of the values of this family.
pub fn property(family: &str, name: &str) -> Option<&'static Property> {
    properties().find(|property| property.family == family && property.name == name)
}
