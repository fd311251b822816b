//! How deep a text nests, told before anything recursive touches it.

use super::tokens::{Kind, Token};

/// The first token that stands deeper than `limit`, counting open brackets, `if`s within one
/// expression, `else when`s of one chain, and the `<` of types.
pub(crate) fn too_deep(text: &str, tokens: &[Token], limit: usize) -> Option<Token> {
    let mut frames = vec![Frame::default()];
    let mut depth = 0_usize;
    let mut previous = "";
    for token in tokens {
        let word = token.text(text);
        let before = depth;
        match token.kind {
            Kind::Open(_) => {
                frames.push(Frame::default());
                depth += 1;
            }
            Kind::Close(_) if frames.len() > 1 => {
                depth -= 1 + frames.pop().map_or(0, |frame| frame.chain + frame.angles);
            }
            Kind::Word | Kind::Symbol => {
                if let Some(frame) = frames.last_mut() {
                    let old = frame.chain + frame.angles;
                    frame.step(previous, word);
                    depth = (depth + frame.chain + frame.angles).saturating_sub(old);
                }
            }
            _ => {}
        }
        if depth > limit && depth > before {
            return Some(*token);
        }
        previous = word;
    }
    None
}

/// What nests within one pair of brackets without brackets of its own.
#[derive(Default)]
struct Frame {
    chain: usize,
    angles: usize,
}

impl Frame {
    fn step(&mut self, previous: &str, word: &str) {
        match word {
            "when" if previous == "else" => self.chain += 1,
            "if" => self.chain += 1,
            "=" | "," | "when" | "require" | "expect" | "yield" | "do" => self.chain = 0,
            _ => {}
        }
        match word {
            "<" => self.angles += 1,
            ">" => self.angles = self.angles.saturating_sub(1),
            "," | "." | "?" | "|" => {}
            _ if word.starts_with(|first: char| first.is_alphanumeric() || first == '_') => {}
            _ => self.angles = 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scan;
    use super::too_deep;

    fn deep(text: &str) -> bool {
        too_deep(text, &Scan::of(text).tokens, 20).is_some()
    }

    #[test]
    fn brackets_conditions_and_types_nest() {
        assert!(deep(&"(".repeat(21)));
        assert!(deep(&"if a then b else ".repeat(21)));
        assert!(deep(&"when a { } else ".repeat(22)));
        assert!(deep(&"list<".repeat(21)));
        assert!(deep(&format!("{}a{}", "f\"{".repeat(21), "}\"".repeat(21))));
    }

    #[test]
    fn what_stands_side_by_side_does_not_nest() {
        assert!(!deep(&"(a)[b]{c} ".repeat(100)));
        assert!(!deep(&"x = if a then b else c\n".repeat(100)));
        assert!(!deep(&"when a { if b }\n".repeat(100)));
        assert!(!deep(&"x = a < b\n".repeat(100)));
        assert!(!deep(&"))]".repeat(100)));
    }
}
