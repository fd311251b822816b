//! Texts that come again: most columns of texts hold few different ones.

use std::hash::{BuildHasher, BuildHasherDefault, DefaultHasher};
use std::sync::Arc;

/// How many texts are remembered.
const PLACES: usize = 256;

/// The longest text that is remembered, in bytes; longer ones seldom come again.
const LONGEST: usize = 64;

/// The last texts of a column, so that equal ones share their memory.
#[derive(Debug, Default)]
pub(super) struct Recent(Vec<Option<Arc<str>>>);

impl Recent {
    /// The text, or the same one from before.
    pub(super) fn shared(&mut self, text: &str) -> Arc<str> {
        if text.len() > LONGEST {
            return text.into();
        }
        if self.0.is_empty() {
            self.0.resize(PLACES, None);
        }
        let hash = BuildHasherDefault::<DefaultHasher>::default().hash_one(text);
        let at = usize::try_from(hash % PLACES as u64).unwrap_or_default();
        match self.0.get_mut(at) {
            Some(Some(known)) if **known == *text => known.clone(),
            Some(place) => {
                let new: Arc<str> = text.into();
                *place = Some(new.clone());
                new
            }
            None => text.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_their_memory() {
        let mut recent = Recent::default();
        let first = recent.shared("EURUSD");
        assert!(Arc::ptr_eq(&first, &recent.shared("EURUSD")));
        let long = "x".repeat(LONGEST + 1);
        assert!(!Arc::ptr_eq(&recent.shared(&long), &recent.shared(&long)));
        for n in 0..10_000 {
            assert_eq!(&*recent.shared(&n.to_string()), n.to_string());
        }
    }
}
