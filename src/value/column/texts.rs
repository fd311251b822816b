//! Texts: a dictionary while they repeat, and themselves when they do not.

use std::sync::Arc;

use indexmap::IndexSet;

use super::Coder;
use crate::value::Value;

/// After so many different texts it is asked whether a dictionary pays.
const TRIAL: usize = 1024;

/// Texts of a column, shared with whatever read them.
#[derive(Debug, Clone)]
pub(super) enum Texts {
    /// Places in a dictionary, which columns made of this one share.
    Coded(Arc<IndexSet<Arc<str>>>, Vec<u32>),
    /// One text each.
    Plain(Vec<Arc<str>>),
}

impl Default for Texts {
    fn default() -> Self {
        Self::Coded(Arc::default(), Vec::new())
    }
}

impl Texts {
    /// A text; `None` past the end.
    pub(super) fn get(&self, at: usize) -> Option<&Arc<str>> {
        match self {
            Self::Coded(texts, codes) => texts.get_index(*codes.get(at)? as usize),
            Self::Plain(texts) => texts.get(at),
        }
    }

    /// Adds a text. A dictionary with more than half as many texts as there are rows costs more than it saves.
    pub(super) fn push<T: AsRef<str> + Into<Arc<str>>>(&mut self, text: T) {
        let Self::Coded(texts, codes) = self else {
            if let Self::Plain(texts) = self {
                texts.push(text.into());
            }
            return;
        };
        let is_before = |code: &&u32| texts.get_index(**code as usize).is_some_and(|before| **before == *text.as_ref());
        let known = match codes.last().filter(is_before) {
            Some(before) => Some(*before as usize),
            None => texts.get_index_of(text.as_ref()),
        };
        if known.is_none() && texts.len() >= TRIAL && texts.len() > codes.len() / 2 {
            let mut plain: Vec<Arc<str>> =
                (0..codes.len()).map(|at| self.get(at).cloned().unwrap_or_default()).collect();
            plain.push(text.into());
            *self = Self::Plain(plain);
            return;
        }
        let code = known.unwrap_or_else(|| Arc::make_mut(texts).insert_full(text.into()).0);
        codes.push(u32::try_from(code).unwrap_or(u32::MAX));
    }

    /// Adds a text so many times.
    pub(super) fn push_times(&mut self, text: &Arc<str>, times: usize) {
        let Some(more) = times.checked_sub(1) else { return };
        self.push(text.clone());
        match self {
            Self::Coded(_, codes) => codes.resize(codes.len() + more, codes.last().copied().unwrap_or_default()),
            Self::Plain(texts) => texts.resize(texts.len() + more, text.clone()),
        }
    }

    /// The number of each text; those of a dictionary are asked for once.
    pub(super) fn codes(&self, coder: &mut Coder) -> Vec<u32> {
        match self {
            Self::Coded(texts, codes) => {
                let mut known: Vec<Option<u32>> = vec![None; texts.len()];
                let mut of = |code: u32| {
                    let text = || Value::Text(texts.get_index(code as usize).cloned().unwrap_or_default());
                    match known.get_mut(code as usize) {
                        Some(known) => *known.get_or_insert_with(|| coder.code(text())),
                        None => coder.code(text()),
                    }
                };
                codes.iter().map(|code| of(*code)).collect()
            }
            Self::Plain(texts) => texts.iter().map(|text| coder.code(Value::Text(text.clone()))).collect(),
        }
    }

    /// Adds what stands where there is none.
    pub(super) fn push_nothing(&mut self) {
        match self {
            Self::Coded(_, codes) => codes.push(0),
            Self::Plain(texts) => texts.push(Arc::default()),
        }
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Coded(_, codes) => codes.len(),
            Self::Plain(texts) => texts.len(),
        }
    }

    /// The texts of some rows, in the order of the rows; those past the end are empty.
    pub(super) fn pick(&self, rows: &[usize]) -> Self {
        match self {
            Self::Coded(texts, codes) => {
                Self::Coded(texts.clone(), rows.iter().map(|at| codes.get(*at).copied().unwrap_or(0)).collect())
            }
            Self::Plain(texts) => {
                Self::Plain(rows.iter().map(|at| texts.get(*at).cloned().unwrap_or_default()).collect())
            }
        }
    }

    /// How many bytes they take, the letters not counted.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Coded(texts, codes) => texts.capacity() * 40 + codes.capacity() * 4,
            Self::Plain(texts) => texts.capacity() * 16,
        }
    }
}
