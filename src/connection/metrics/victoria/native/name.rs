//! Names of series as blocks have them: the name, then labels and their values by turns, each with a byte after it that
//! ends it.

use std::collections::HashMap;
use std::sync::Arc;

use super::Unreadable;
use crate::value::{Labels, Series};

/// Stands before a digit that stands for one of these three bytes.
const ESCAPE: u8 = 0;
/// Ends a text.
const END: u8 = 1;
const SEPARATOR: u8 = 2;

/// Puts the name of a series behind what is in `out`.
fn put(series: &Series, out: &mut Vec<u8>) {
    put_text(&series.name, out);
    for (name, value) in series.labels.iter() {
        put_text(name, out);
        put_text(value, out);
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    if memchr::memchr3(ESCAPE, END, SEPARATOR, text.as_bytes()).is_none() {
        out.extend_from_slice(text.as_bytes());
    } else {
        for byte in text.bytes() {
            match byte {
                ESCAPE..=SEPARATOR => out.extend([ESCAPE, b'0' + byte]),
                plain => out.push(plain),
            }
        }
    }
    out.push(END);
}

/// Series by their names, with the labels in order of their own names. The server's order begins with some that it holds for
/// common, such as `job`.
pub(in crate::connection::metrics::victoria) struct Places {
    series: HashMap<Box<[u8]>, usize>,
    /// The name that is looked for, in that order.
    ordered: Vec<u8>,
}

impl Places {
    /// Of the places of these series among themselves.
    pub(in crate::connection::metrics::victoria) fn of(series: &[&Series]) -> Self {
        let mut name = Vec::new();
        let place = |(at, one): (usize, &&Series)| {
            name.clear();
            put(one, &mut name);
            (name.as_slice().into(), at)
        };
        Self { series: series.iter().enumerate().map(place).collect(), ordered: Vec::new() }
    }

    /// The place of the one that is called so.
    pub(super) fn find(&mut self, name: &[u8]) -> Option<usize> {
        let mut texts = name.split_inclusive(|byte| *byte == END);
        self.ordered.clear();
        self.ordered.extend_from_slice(texts.next()?);
        let mut labels = Vec::with_capacity(8);
        while let (Some(label), Some(value)) = (texts.next(), texts.next()) {
            labels.push((label, value));
        }
        labels.sort_unstable();
        for (label, value) in labels {
            self.ordered.extend_from_slice(label);
            self.ordered.extend_from_slice(value);
        }
        self.series.get(self.ordered.as_slice()).copied()
    }
}

/// Reads names. Neighbours mostly have most of their labels in common, which they then share.
#[derive(Default)]
pub(super) struct Names {
    texts: Vec<Arc<str>>,
}

impl Names {
    /// The metric's name and the labels.
    pub(super) fn read(&mut self, mut bytes: &[u8]) -> Result<(Arc<str>, Labels), Unreadable> {
        let mut count = 0;
        while !bytes.is_empty() {
            self.text(count, &mut bytes)?;
            count += 1;
        }
        let Some((name, labels)) = self.texts.get(..count).and_then(<[_]>::split_first) else {
            return Err("a series without a name");
        };
        let (pairs, rest) = labels.as_chunks::<2>();
        if !rest.is_empty() {
            return Err("a label without a value");
        }
        let labels: Labels = pairs.iter().map(|[name, value]| (name.clone(), value.clone())).collect();
        if labels.len() == pairs.len() { Ok((name.clone(), labels)) } else { Err("a label that is there twice") }
    }

    /// Takes a text off the front and puts it at a place.
    fn text(&mut self, at: usize, bytes: &mut &[u8]) -> Result<(), Unreadable> {
        let end = memchr::memchr(END, bytes).ok_or("a name has no end")?;
        let (text, rest) = bytes.split_at_checked(end).ok_or("a name has no end")?;
        *bytes = rest.get(1..).unwrap_or_default();
        let unescaped;
        let text = match memchr::memchr(ESCAPE, text) {
            None => text,
            Some(_) => {
                unescaped = unescape(text)?;
                &unescaped
            }
        };
        if self.texts.get(at).is_some_and(|before| before.as_bytes() == text) {
            return Ok(());
        }
        let text: Arc<str> = std::str::from_utf8(text).map_err(|_| "a name is not UTF-8")?.into();
        match self.texts.get_mut(at) {
            Some(place) => *place = text,
            None => self.texts.push(text),
        }
        Ok(())
    }
}

fn unescape(text: &[u8]) -> Result<Vec<u8>, Unreadable> {
    let mut plain = Vec::with_capacity(text.len());
    let mut bytes = text.iter();
    while let Some(byte) = bytes.next() {
        plain.push(match byte {
            &ESCAPE => match bytes.next() {
                Some(digit @ b'0'..=b'2') => digit - b'0',
                _ => return Err("a name with an unknown escape"),
            },
            byte => *byte,
        });
    }
    Ok(plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Points;

    fn series(name: &str, labels: &[(&str, &str)]) -> Series {
        Series { name: name.into(), labels: labels.iter().copied().collect(), points: Points::default().into() }
    }

    #[test]
    fn names_read_back_and_are_found() {
        let all = [
            series("m", &[("a", "1"), ("b", "x")]),
            series("m", &[("a", "\u{0}\u{1}\u{2}"), ("b", "x")]),
            series("n", &[]),
            series("", &[("é", "\u{0}0")]),
        ];
        let mut places = Places::of(&all.iter().collect::<Vec<_>>());
        let mut names = Names::default();
        for (at, one) in all.iter().enumerate() {
            let mut name = Vec::new();
            put(one, &mut name);
            assert_eq!(places.find(&name), Some(at));
            assert_eq!(names.read(&name).unwrap(), (one.name.clone(), one.labels.clone()));
        }
        assert_eq!(places.find(b"m\x01b\x01x\x01a\x011\x01"), Some(0), "in another order");
        assert!(places.find(b"o\x01").is_none() && places.find(b"").is_none() && places.find(b"m\x01a").is_none());
    }

    #[test]
    fn garbage_is_no_name() {
        for bytes in [
            &b""[..],
            b"m",
            b"m\x01a\x01",
            b"m\x01a",
            b"m\x00\x01",
            b"m\x003\x01",
            b"\xff\x01",
            b"m\x01a\x01b\x01a\x01c\x01",
        ] {
            assert!(Names::default().read(bytes).is_err(), "{bytes:?}");
        }
    }
}
