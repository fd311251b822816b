//! Properties: what can be read off a value with a dot and no call, `xs.count`, `s.labels`.

use crate::value::{Type, Value};

/// A property of the values of one family of types.
#[derive(Debug, Clone, Copy)]
pub struct Property {
    /// The family, as [`Type::family`] names it.
    pub family: &'static str,
    /// The name after the dot.
    pub name: &'static str,
    /// What it is, in a few words.
    pub docs: &'static str,
    /// Its type on a value of the given type.
    pub ty: fn(&Type) -> Type,
    /// Its value; `None` only for a value of another family.
    pub get: fn(&Value) -> Option<Value>,
}

impl PartialEq for Property {
    fn eq(&self, other: &Self) -> bool {
        (self.family, self.name) == (other.family, other.name)
    }
}
