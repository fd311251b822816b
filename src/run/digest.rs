//! A short text that stands for all that a write is given.

use crate::value::{Fingerprint, Value};

/// The digest of a call's arguments; one that is left out counts for nothing.
pub(super) fn of(arguments: &[Option<Value>]) -> String {
    let mut all = Fingerprint::default();
    arguments.iter().flatten().for_each(|argument| all.value(argument));
    all.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_arguments_have_one_digest_and_others_another() {
        let list = |n: i64| Some(Value::list(vec![Value::Int(1), Value::Int(n)]));
        assert_eq!(of(&[list(2), None]), of(&[list(2)]));
        assert_ne!(of(&[list(2)]), of(&[list(3)]));
        assert_eq!(of(&[Some(Value::Secret("a".into()))]), of(&[Some(Value::Secret("b".into()))]));
    }
}
