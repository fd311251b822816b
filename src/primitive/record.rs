//! Records that primitives give: a Rust struct is the declaration.

/// Declares a struct whose language type is the record with the same fields.
macro_rules! record {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[doc = $doc:literal])+ $field:ident : $ty:ty),* $(,)? }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq)]
        $vis struct $name { $($(#[doc = $doc])+ $vis $field: $ty),* }
        impl $crate::value::Reflect for $name {
            fn ty() -> $crate::value::Type {
                let fields = [$((stringify!($field), <$ty as $crate::value::Reflect>::ty())),*];
                $crate::value::Type::Record($crate::value::RecordType::new(fields))
            }
            fn from_value(value: $crate::value::Value) -> Result<Self, $crate::value::ReflectError> {
                let $crate::value::Value::Record(record) = &value else {
                    return Err($crate::value::ReflectError::Type { wanted: Self::ty(), found: value.kind() });
                };
                let field = |name| record.get(name).cloned().unwrap_or($crate::value::Value::None);
                Ok(Self { $($field: <$ty as $crate::value::Reflect>::from_value(field(stringify!($field)))?),* })
            }
            fn into_value(self) -> $crate::value::Value {
                $crate::value::Value::record([$((stringify!($field), $crate::value::Reflect::into_value(self.$field))),*])
            }
        }
    };
}
pub(crate) use record;
