//! Tokens to the letters that the grammar reads; `grammar/flow.pest` says which.

use std::ops::Range;

use super::parser::{Rule, apply};
use super::scan::{Bracket, Kind, Token};

/// A part of a text in letters, and where each of them comes from.
pub(super) struct Letters {
    text: String,
    /// The bytes of the text that each letter stands for.
    places: Vec<(u32, u32)>,
    /// The byte behind the last one.
    end: usize,
}

impl Letters {
    /// Writes tokens in letters. `end` is the byte behind the part of the text that they are of.
    ///
    /// Brackets match in what it gives, whatever the text: a closer that fits no open bracket is a sign that fits
    /// nowhere, and what is open at the end is closed there. Where a block lacked its end, the grammar would read what is
    /// in it twice, as a block and then for recovery, and that at each level.
    pub(super) fn of(text: &str, tokens: &[Token], end: usize) -> Self {
        let letters =
            Self { text: String::with_capacity(3 * tokens.len()), places: Vec::with_capacity(3 * tokens.len()), end };
        let mut speller = Speller { text, letters, texts: Vec::new(), open: Vec::new(), table: None };
        let mut before = None;
        for (at, token) in tokens.iter().enumerate() {
            speller.token(token, before, tokens.get(at + 1));
            before = Some(token);
        }
        speller.finish()
    }

    /// What the grammar reads.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The byte of the text that a letter begins at.
    pub(super) fn byte(&self, letter: usize) -> usize {
        self.places.get(letter).map_or(self.end, |(start, _)| *start as usize)
    }

    /// The bytes of the text that some letters stand for.
    pub(super) fn bytes(&self, letters: Range<usize>) -> Range<usize> {
        let start = self.byte(letters.start);
        let last = letters.end.checked_sub(1).filter(|last| *last >= letters.start);
        let end = last.and_then(|last| self.places.get(last)).map_or(start, |(_, end)| *end as usize);
        start..end.max(start)
    }
}

/// Signs that stand for themselves.
const SIGNS: &[u8] = b".,:=<>|+-*/%?!";

/// Writes one token after another.
struct Speller<'s> {
    text: &'s str,
    letters: Letters,
    /// The `f"…"` that are open, and whether a hole of each is.
    texts: Vec<bool>,
    /// The brackets that are open.
    open: Vec<Bracket>,
    /// How many were when the table opened that this is in.
    table: Option<usize>,
}

impl Speller<'_> {
    fn token(&mut self, token: &Token, before: Option<&Token>, next: Option<&Token>) {
        if token.first {
            self.texts.clear();
            if self.table.is_some() {
                self.write("\n", token.start, token.end);
            }
        }
        let text = self.text;
        let written = token.text(text);
        match token.kind {
            // What stands instead of `f'…'` is a text.
            Kind::Word
                if written == "f" && next.is_some_and(|next| next.kind == Kind::Text && next.start == token.end) => {}
            Kind::Word => self.word(written, token),
            Kind::Number => self.put(number(written), token),
            Kind::Text => self.piece(written, token, next),
            Kind::Query => self.put(if written.starts_with('"') { "$" } else { "'" }, token),
            Kind::Open(bracket) | Kind::Close(bracket) => self.bracket(bracket, written, token, before),
            Kind::Doc if !token.first => self.put("# ", token),
            Kind::Doc => self.put(if token.indent == 0 { "### " } else { "## " }, token),
            // What `&&` and `||` are read as.
            Kind::Symbol if written == "or" => self.put("or ", token),
            Kind::Symbol if is_format(written, token, next) => self.put(":", token),
            Kind::Symbol => self.signs(written, token, before),
        }
    }

    fn put(&mut self, letters: &str, token: &Token) {
        self.write(letters, token.start, token.end);
    }

    fn write(&mut self, letters: &str, start: usize, end: usize) {
        let place = (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(end).unwrap_or(u32::MAX));
        self.letters.text.push_str(letters);
        self.letters.places.extend(std::iter::repeat_n(place, letters.len()));
    }

    fn word(&mut self, word: &str, token: &Token) {
        let Some(own) = own_word(word) else {
            let letter = match (word.is_ascii(), token.first) {
                (false, _) => "$",
                (_, true) => "X",
                (_, false) => "x",
            };
            return self.put(letter, token);
        };
        let from = self.letters.text.len();
        if own == Own::Perhaps {
            self.put("~", token);
        }
        let first = self.letters.text.len();
        self.put(word, token);
        self.put(" ", token);
        let capitals = if !token.first {
            0..0
        } else if token.indent == 0 && ITEMS.contains(&word) {
            from..self.letters.text.len()
        } else {
            first..first + 1
        };
        if let Some(letters) = self.letters.text.get_mut(capitals) {
            letters.make_ascii_uppercase();
        }
    }

    fn piece(&mut self, written: &str, token: &Token, next: Option<&Token>) {
        if self.texts.last() == Some(&false) {
            let goes_on = next.is_some_and(|next| next.kind == Kind::Open(Bracket::Hole) && next.start == token.end);
            if !goes_on {
                self.texts.pop();
            }
            return self.put(if goes_on { "t" } else { "\"" }, token);
        }
        if written == "f\"" {
            self.texts.push(false);
            return self.put("f\"", token);
        }
        // What stands instead of `'…'` may be shorter, and then ends with spaces.
        let is_whole = written.len() > 1 && written.trim_end_matches(' ').ends_with('"');
        self.put(if is_whole { "\"" } else { "$" }, token);
    }

    fn bracket(&mut self, bracket: Bracket, written: &str, token: &Token, before: Option<&Token>) {
        if bracket == Bracket::Hole
            && let Some(hole) = self.texts.last_mut()
        {
            *hole = matches!(token.kind, Kind::Open(_));
        }
        match written {
            // It has no partner.
            " " => {}
            "(" => self.open(Bracket::Paren, token, before),
            "[" => self.open(Bracket::Square, token, before),
            "{" => self.open(bracket, token, before),
            closer => self.close(closer, token),
        }
    }

    fn open(&mut self, bracket: Bracket, token: &Token, before: Option<&Token>) {
        if bracket == Bracket::Brace && self.table.is_none() && before.is_some_and(|it| it.text(self.text) == "table") {
            self.table = Some(self.open.len());
        }
        self.open.push(bracket);
        self.put(bracket.opener(), token);
    }

    fn close(&mut self, written: &str, token: &Token) {
        if self.open.last().is_none_or(|open| open.closer() != written) {
            return self.put("$", token);
        }
        self.open.pop();
        if self.table.is_some_and(|table| table >= self.open.len()) {
            self.table = None;
        }
        self.put(written, token);
    }

    /// Closes what is open.
    fn finish(mut self) -> Letters {
        let end = self.letters.end;
        while let Some(bracket) = self.open.pop() {
            self.write(bracket.closer(), end, end);
        }
        self.letters
    }

    fn signs(&mut self, written: &str, token: &Token, before: Option<&Token>) {
        let apart = before.filter(|before| before.kind == Kind::Symbol && before.end < token.start);
        if let Some(before) = apart.filter(|before| joins(before.text(self.text), written)) {
            self.write(" ", before.end, before.end);
        }
        for (at, sign) in written.char_indices() {
            let start = token.start + at;
            let is_known = u8::try_from(sign).is_ok_and(|sign| SIGNS.contains(&sign));
            let mut letter = [0; 4];
            self.write(if is_known { sign.encode_utf8(&mut letter) } else { "$" }, start, start + sign.len_utf8());
        }
    }
}

/// Whether two signs side by side would be another one.
fn joins(before: &str, after: &str) -> bool {
    let is_long = |long: &[u8]| before.as_bytes().last() == long.first() && after.as_bytes().first() == long.last();
    [b"->", b"==", b"!=", b"<=", b">=", b"??", b"?."].into_iter().any(|long| is_long(long))
}

/// What follows a `:` in the hole of a text, up to its bracket.
fn is_format(written: &str, token: &Token, next: Option<&Token>) -> bool {
    let closes = |next: &Token| next.kind == Kind::Close(Bracket::Hole) && next.start == token.end;
    written.starts_with(':') && next.is_some_and(closes)
}

fn number(written: &str) -> &'static str {
    if !written.bytes().any(|byte| matches!(byte, b':' | b'-' | b'+')) {
        "0"
    } else if apply(Rule::one_moment, written).is_ok() {
        "1"
    } else if apply(Rule::numeral, written).is_ok() {
        "0"
    } else {
        "$"
    }
}

/// The words that begin an item.
const ITEMS: [&str; 8] = ["workflow", "test", "import", "type", "calendar", "fn", "step", "action"];

/// A word of the language.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Own {
    /// It is no name.
    Surely,
    /// In its place it is a word of the language, elsewhere a name.
    Perhaps,
}

/// Whether a word is one of the language.
fn own_word(word: &str) -> Option<Own> {
    let surely: &[&str] = match word.as_bytes().first()? {
        b'a' => &["as", "and", "async", "action"],
        b'c' => &["calendar"],
        b'd' => &["do", "defaults"],
        b'e' => &["else", "each", "expect"],
        b'f' => &["fn", "for", "false", "failed", "failure", "finally"],
        b'g' => &["given"],
        b'i' => &["in", "if", "import"],
        b'l' => &["let"],
        b'm' => &["match", "module"],
        b'n' => &["not", "none"],
        b'o' => &["or", "on", "output"],
        b'p' => &["param", "parallel"],
        b'r' => &["require"],
        b's' => &["set", "step"],
        b't' => &["then", "true", "test", "type", "through", "transaction"],
        b'u' => &["use", "until"],
        b'w' => &["when", "with", "workflow"],
        b'y' => &["yield"],
        _ => return None,
    };
    if surely.contains(&word) {
        return Some(Own::Surely);
    }
    matches!(word, "at" | "of" | "table" | "skip" | "continue" | "stop").then_some(Own::Perhaps)
}

#[cfg(test)]
mod tests {
    use super::super::scan::Scan;
    use super::super::slips::RESERVED;
    use super::*;

    fn letters(text: &str) -> String {
        Letters::of(text, &Scan::of(text).tokens, text.len()).text
    }

    #[test]
    fn words_of_the_language_are_spelt_out_and_names_are_not() {
        assert_eq!(letters("workflow w {\n  when when_ { at = of }\n"), "WORKFLOW x{When x{~at =~of }}");
        assert_eq!(letters("  workflow\nx naïve of\nof"), "Workflow X$~of ~Of ");
        assert!(RESERVED.iter().all(|word| own_word(word) == Some(Own::Surely)));
    }

    #[test]
    fn numbers_and_texts_are_one_letter() {
        assert_eq!(letters("1 1.5e-3 30d 0x1f 5min"), "00000");
        assert_eq!(letters("2025-01-31 06:00 2025-01-31T06:00[Europe/London] 6:00"), "111$");
        assert_eq!(letters(r#""a" f"b{x}c{y:%d}" f"" sql"""d""" """e""""#), r#""f"t{x}t{x:}"f""'$"#);
    }

    #[test]
    fn signs_stay_as_they_are_joined() {
        assert_eq!(letters("a>=b > = c? ?? -1 = - 1"), "X>=x> =x? ??-0=-0");
        assert_eq!(letters("# c\n## d\n  ## e\nx ## f\n@ &&"), "### ## X# $$$");
    }

    #[test]
    fn brackets_match_whatever_the_text() {
        assert_eq!(letters("a ( b ] c"), "X(x$x)");
        assert_eq!(letters("x = {\n y = f\"{z [) }\"\n w )"), "X={X=f\"{x[$$\"X$]}}");
        assert_eq!(letters("x = table {\n| a |\ny"), "X=~table {\n|x|\nX}");
    }

    #[test]
    fn the_ends_of_lines_are_kept_in_tables() {
        assert_eq!(letters("x = table {\n| a |\n| 1 |\n}\ny"), "X=~table {\n|x|\n|0|\n}X");
    }

    #[test]
    fn letters_know_their_places() {
        let text = "x: list<int>=  when";
        let letters = Letters::of(text, &Scan::of(text).tokens, text.len());
        assert_eq!(letters.text(), "X:x<x>=when ");
        assert_eq!((letters.bytes(2..6), letters.byte(6), letters.byte(9), letters.byte(99)), (3..12, 12, 15, 19));
    }
}
