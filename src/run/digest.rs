//! A short text that stands for all that a write is given.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

use crate::value::{Sequence, Value, to_json};

struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The digest of a call's arguments. Secrets count as the dots that they print as: a digest of a short one would tell it.
pub(super) fn of(arguments: &[Option<Value>]) -> String {
    let mut hashed = Hashed(Sha256::new());
    for argument in arguments.iter().flatten() {
        tell(&mut hashed, argument);
    }
    hashed.0.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().concat()
}

fn tell(hashed: &mut Hashed, value: &Value) {
    // Item by item: the JSON of a million samples at once would take more memory than they do.
    match Sequence::of(value) {
        Some(items) => items.iter().for_each(|item| put(hashed, &item)),
        None => put(hashed, value),
    }
}

fn put(hashed: &mut Hashed, value: &Value) {
    // A hash takes whatever comes.
    let _ = serde_json::to_writer(&mut *hashed, &to_json(value))
        .and_then(|()| hashed.write_all(b"\n").map_err(serde_json::Error::io));
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
