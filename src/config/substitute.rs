//! `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` in a text.
//!
//! A text is split into [`Part`]s once; what they stand for is asked for only when the value is used.

use std::ops::Range;

/// The deepest `${A:-${B:-…}}`.
const DEEPEST: usize = 8;

/// A piece of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// As written; `$$` has become `$`.
    Text(String),
    /// A variable, with the bytes of the text it was written in.
    Variable {
        /// Its name.
        name: String,
        /// From the `$` to its end, in bytes of the whole text.
        range: Range<usize>,
        /// What to do without it.
        otherwise: Otherwise,
    },
}

/// What a variable that is not set comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Otherwise {
    /// Nothing is said: an error.
    Nothing,
    /// `:-`: this instead, also when it is set to nothing.
    Default(Vec<Part>),
    /// `:?`: an error with this message, also when it is set to nothing.
    Required(String),
}

/// A `$` that makes no sense, with its bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Where, in bytes of the text.
    pub(super) range: Range<usize>,
    /// What is wrong with it.
    pub(super) message: &'static str,
}

/// Splits `text` at its variables.
pub(super) fn parse(text: &str) -> Result<Vec<Part>, Malformed> {
    parse_within(text, 0, 0)
}

/// Splits a piece that begins `base` bytes into the whole text.
fn parse_within(text: &str, base: usize, depth: usize) -> Result<Vec<Part>, Malformed> {
    let mut parts = Vec::new();
    let mut plain = String::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let Some(dollar) = rest.find('$') else {
            plain.push_str(rest);
            break;
        };
        let (before, rest) = rest.split_at(dollar);
        plain.push_str(before);
        at += dollar;
        let behind = rest.get(1..).unwrap_or_default();
        let taken = if behind.starts_with('$') {
            plain.push('$');
            2
        } else if behind.starts_with('{') {
            flush(&mut parts, &mut plain);
            let (part, length) = braced(rest, base + at, depth)?;
            parts.push(part);
            length
        } else if let Some(name) = leading_name(behind) {
            flush(&mut parts, &mut plain);
            let range = base + at..base + at + 1 + name.len();
            parts.push(Part::Variable { name: name.to_owned(), range, otherwise: Otherwise::Nothing });
            1 + name.len()
        } else {
            plain.push('$');
            1
        };
        at += taken;
    }
    flush(&mut parts, &mut plain);
    Ok(parts)
}

fn flush(parts: &mut Vec<Part>, plain: &mut String) {
    if !plain.is_empty() {
        parts.push(Part::Text(std::mem::take(plain)));
    }
}

/// The name that `text` begins with.
fn leading_name(text: &str) -> Option<&str> {
    let length = text.bytes().take_while(|byte| byte.is_ascii_alphanumeric() || *byte == b'_').count();
    text.get(..length).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_'))
}

/// The variable that `text` begins with (`${…}`, at byte `start` of the whole), and its length.
fn braced(text: &str, start: usize, depth: usize) -> Result<(Part, usize), Malformed> {
    let wrong = |length: usize, message| Malformed { range: start..start + length, message };
    let Some(length) = braced_length(text) else {
        return Err(wrong(text.len(), "`${` is not closed with `}`"));
    };
    if depth >= DEEPEST {
        return Err(wrong(length, "defaults are nested too deep"));
    }
    let inner = text.get(2..length - 1).unwrap_or_default();
    let name = leading_name(inner).ok_or_else(|| wrong(length, "no name stands in `${…}`"))?;
    let rest = inner.get(name.len()..).unwrap_or_default();
    let otherwise = if rest.is_empty() {
        Otherwise::Nothing
    } else if let Some(default) = rest.strip_prefix(":-") {
        Otherwise::Default(parse_within(default, start + 2 + name.len() + 2, depth + 1)?)
    } else if let Some(message) = rest.strip_prefix(":?") {
        Otherwise::Required(message.trim().to_owned())
    } else {
        return Err(wrong(length, "behind the name of a variable stands `:-default`, `:?message` or nothing"));
    };
    Ok((Part::Variable { name: name.to_owned(), range: start..start + length, otherwise }, length))
}

/// The length in bytes of the `${…}` at the start of `text`, nested ones included.
fn braced_length(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = b' ';
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' if previous == b'$' => depth += 1,
            b'}' if depth == 1 => return Some(at + 1),
            b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        previous = byte;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variable(name: &str, range: Range<usize>, otherwise: Otherwise) -> Part {
        Part::Variable { name: name.to_owned(), range, otherwise }
    }

    #[test]
    fn every_form_is_read_with_its_place() {
        let text = |text: &str| Part::Text(text.to_owned());
        assert_eq!(parse("a $B_1-").unwrap(), [text("a "), variable("B_1", 2..6, Otherwise::Nothing), text("-")]);
        assert_eq!(parse("${B}").unwrap(), [variable("B", 0..4, Otherwise::Nothing)]);
        assert_eq!(parse("${B:-5}").unwrap(), [variable("B", 0..7, Otherwise::Default(vec![text("5")]))]);
        assert_eq!(parse("${B:-}").unwrap(), [variable("B", 0..6, Otherwise::Default(vec![]))]);
        assert_eq!(parse("${B:? the host}").unwrap(), [variable("B", 0..15, Otherwise::Required("the host".into()))]);
        let inner = variable("C", 5..13, Otherwise::Default(vec![text("é")]));
        assert_eq!(parse("${B:-${C:-é}}").unwrap(), [variable("B", 0..14, Otherwise::Default(vec![inner]))]);
    }

    #[test]
    fn a_dollar_alone_or_doubled_is_a_dollar() {
        for (given, expected) in [("$$5", "$5"), ("$5", "$5"), ("a$", "a$"), ("$$A", "$A"), ("^x$ é", "^x$ é")] {
            assert_eq!(parse(given).unwrap(), [Part::Text(expected.to_owned())], "{given}");
        }
    }

    #[test]
    fn what_makes_no_sense_is_said_at_its_place() {
        assert_eq!(parse("a ${B").unwrap_err().range, 2..5);
        assert_eq!(parse("${}").unwrap_err().message, "no name stands in `${…}`");
        assert!(parse("${B:=5}").unwrap_err().message.contains(":-default"));
        let deep = format!("{}x{}", "${A:-".repeat(5_000), "}".repeat(5_000));
        assert_eq!(parse(&deep).unwrap_err().message, "defaults are nested too deep");
    }
}
