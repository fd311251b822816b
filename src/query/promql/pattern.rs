//! Regular expressions of label matchers: RE2 as Go has it, matched on the whole value.

use regex::Regex;

/// A pattern that no value matches, not even the empty one.
pub(super) const NOTHING: &str = "[^\\x00-\\x{10FFFF}]";

/// The text as a pattern that matches only itself.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 2);
    for c in text.chars() {
        if "\\.+*?()|[]{}^$".contains(c) {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}

/// A compiled pattern.
#[derive(Debug, Clone)]
pub struct Pattern {
    regex: Regex,
    /// Whether a `.` stands for a character.
    has_dot: bool,
}

/// Why a pattern was not compiled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PatternError {
    /// It is wrong; in a few words.
    Wrong(String),
    /// It may be right in Go and cannot be matched here with the same meaning.
    Foreign(&'static str),
}

impl Pattern {
    /// Compiles a pattern; the error says what is wrong, or what cannot be matched here.
    pub fn new(pattern: &str) -> Result<Self, String> {
        let translated = translate(pattern).and_then(|(text, has_dot)| Ok(Self { regex: compile(&text)?, has_dot }));
        translated.map_err(|error| match error {
            PatternError::Wrong(why) => why,
            PatternError::Foreign(what) => format!("{what} is not supported here"),
        })
    }

    /// Whether servers disagree with themselves on this value: there `.` matches a line break in `a.*`,
    /// and does not in `a.` or `b|a.*`.
    pub fn is_unsure_of(&self, value: &str) -> bool {
        self.has_dot && value.contains('\n')
    }

    /// Whether the whole of `value` matches.
    pub fn matches(&self, value: &str) -> bool {
        self.regex.is_match(value)
    }
}

/// A wrong pattern, as far as it is sure to be wrong in Go.
pub(super) fn mistake(pattern: &str) -> Option<String> {
    match translate(pattern).and_then(|(text, _)| compile(&text)) {
        Err(PatternError::Wrong(why)) => Some(why),
        _ => None,
    }
}

fn compile(translated: &str) -> Result<Regex, PatternError> {
    Regex::new(&format!("^(?:{translated})$")).map_err(|error| match error {
        regex::Error::CompiledTooBig(_) => PatternError::Wrong("the pattern is too large".to_owned()),
        other => {
            let text = other.to_string();
            let line = text.lines().last().unwrap_or_default().trim();
            let why = line.strip_prefix("error: ").unwrap_or(line);
            if text.contains("Unicode") {
                return PatternError::Foreign("a Unicode class or case-insensitive matching");
            }
            PatternError::Wrong(why.to_owned())
        }
    })
}

/// Go's spelling to that of the `regex` crate where they differ: `\d`, `\w`, `\s` are ASCII in Go,
/// a `{` that begins no repetition and a `[` inside a class stand for themselves, and `&&` is no operator.
/// Says too whether a `.` stands for a character.
fn translate(pattern: &str) -> Result<(String, bool), PatternError> {
    let mut has_dot = false;
    let mut translator = Translator { out: String::with_capacity(pattern.len() + 8), last: Last::Nothing };
    let mut rest = pattern;
    while let Some(c) = rest.chars().next() {
        let used = match c {
            '\\' => translator.escape(rest)?,
            '[' => translator.class(rest)?,
            '(' => translator.group(rest)?,
            '{' => translator.brace(rest)?,
            '*' | '+' | '?' => translator.repeat(rest, 1)?,
            '|' => translator.alternative(),
            '}' | ']' => translator.literal(c, "\\"),
            other => {
                has_dot |= other == '.';
                translator.literal(other, "")
            }
        };
        rest = rest.get(used..).unwrap_or("");
    }
    Ok((translator.out, has_dot))
}

/// What stands before the next repetition sign.
#[derive(PartialEq, Eq)]
enum Last {
    Nothing,
    Item,
    Repetition,
}

struct Translator {
    out: String,
    last: Last,
}

impl Translator {
    fn literal(&mut self, c: char, prefix: &str) -> usize {
        self.out.push_str(prefix);
        self.out.push(c);
        self.last = Last::Item;
        c.len_utf8()
    }

    fn alternative(&mut self) -> usize {
        self.out.push('|');
        self.last = Last::Nothing;
        1
    }

    fn escape(&mut self, rest: &str) -> Result<usize, PatternError> {
        self.last = Last::Item;
        let used = escape_length(rest)?;
        let escape = rest.get(..used).unwrap_or(rest);
        self.out.push_str(match escape {
            "\\d" => "[0-9]",
            "\\D" => "[^0-9]",
            "\\w" => "[0-9A-Za-z_]",
            "\\W" => "[^0-9A-Za-z_]",
            "\\s" => "[\\t\\n\\x0c\\r ]",
            "\\S" => "[^\\t\\n\\x0c\\r ]",
            "\\b" => "(?-u:\\b)",
            "\\B" => return Err(PatternError::Foreign("`\\B`")),
            "\\<" => "<",
            "\\>" => ">",
            other => other,
        });
        Ok(used)
    }

    /// The sign of `length` bytes at the start of `rest`, with the `?` that makes it lazy. Go refuses a
    /// repetition of a repetition.
    fn repeat(&mut self, rest: &str, length: usize) -> Result<usize, PatternError> {
        if self.last != Last::Item {
            return Err(PatternError::Wrong("a repetition of nothing, or of a repetition".to_owned()));
        }
        let used = length + usize::from(rest.get(length..).is_some_and(|tail| tail.starts_with('?')));
        self.out.push_str(rest.get(..used).unwrap_or(rest));
        self.last = Last::Repetition;
        Ok(used)
    }

    fn brace(&mut self, rest: &str) -> Result<usize, PatternError> {
        let Some((least, most, used)) = repetition(rest) else { return Ok(self.literal('{', "\\")) };
        if least > 1000 || most.is_some_and(|most| most > 1000 || most < least) {
            return Err(PatternError::Wrong("a repeat count above 1000, or the wrong way round".to_owned()));
        }
        self.repeat(rest, used)
    }

    fn group(&mut self, rest: &str) -> Result<usize, PatternError> {
        self.last = Last::Nothing;
        let Some(inside) = rest.strip_prefix("(?") else {
            self.out.push('(');
            return Ok(1);
        };
        let end = inside.find([':', ')', '<', '>', '=', '!']).unwrap_or(inside.len());
        let flags = inside.get(..end).unwrap_or("");
        let close = inside.get(end..=end).unwrap_or("");
        let is_flags = flags.chars().all(|c| "imsU-".contains(c)) && matches!(close, ":" | ")");
        if is_flags && flags.contains('i') {
            return Err(PatternError::Foreign("case-insensitive matching"));
        }
        if is_flags || (flags == "P" && close == "<") {
            let used = 2 + end + 1;
            self.out.push_str(rest.get(..used).unwrap_or(rest));
            return Ok(used);
        }
        Err(PatternError::Wrong("a group such as `(?=…)` or `(?<name>…)` is unknown".to_owned()))
    }

    fn class(&mut self, rest: &str) -> Result<usize, PatternError> {
        let mut used = if rest.starts_with("[^") { 2 } else { 1 };
        self.out.push_str(rest.get(..used).unwrap_or("["));
        let mut is_first = true;
        loop {
            let tail = rest.get(used..).unwrap_or("");
            let Some(c) = tail.chars().next() else {
                return Err(PatternError::Wrong("`[` is never closed".to_owned()));
            };
            if c == ']' && !is_first {
                self.out.push(']');
                self.last = Last::Item;
                return Ok(used + 1);
            }
            used += self.class_item(c, tail)?;
            is_first = false;
        }
    }

    fn class_item(&mut self, c: char, tail: &str) -> Result<usize, PatternError> {
        if c == '\\' {
            return self.escape(tail);
        }
        if let Some(name) = tail.strip_prefix("[:").and_then(|inside| inside.split_once(":]")) {
            self.out.extend(["[:", name.0, ":]"]);
            return Ok(name.0.len() + 4);
        }
        let escaped = matches!(c, '[' | ']' | '&' | '~');
        Ok(self.literal(c, if escaped { "\\" } else { "" }))
    }
}

/// How long the escape at the start of `rest` is, when Go knows it.
fn escape_length(rest: &str) -> Result<usize, PatternError> {
    let wrong = |what: &str| PatternError::Wrong(format!("`{what}` is no escape in a pattern"));
    let Some(c) = rest.chars().nth(1) else { return Err(wrong("\\")) };
    match c {
        'Q' => Err(PatternError::Foreign("`\\Q…\\E`")),
        'C' => Err(PatternError::Foreign("`\\C`")),
        '0' => Err(PatternError::Foreign("an octal escape")),
        '1'..='7' if rest.chars().nth(2).is_some_and(|next| next.is_digit(8)) => {
            Err(PatternError::Foreign("an octal escape"))
        }
        'p' | 'P' => Err(PatternError::Foreign("a Unicode class")),
        'x' => hex_length(rest).ok_or_else(|| wrong("\\x")),
        'a' | 'f' | 'n' | 'r' | 't' | 'v' | 'd' | 'D' | 'w' | 'W' | 's' | 'S' | 'b' | 'B' | 'A' | 'z' => Ok(2),
        c if c.is_ascii_punctuation() => Ok(2),
        other => Err(wrong(&format!("\\{other}"))),
    }
}

fn hex_length(rest: &str) -> Option<usize> {
    let tail = rest.get(2..)?;
    let (digits, used) = match tail.strip_prefix('{') {
        Some(inside) => (inside.split_once('}')?.0, 4 + inside.find('}')?),
        None => (tail.get(..2)?, 4),
    };
    let code = u32::from_str_radix(digits, 16).ok()?;
    char::from_u32(code).map(|_| used)
}

/// `{2}`, `{2,}`, `{2,5}` at the start of `rest`: least, most, length.
fn repetition(rest: &str) -> Option<(u32, Option<u32>, usize)> {
    let (inside, _) = rest.strip_prefix('{')?.split_once('}')?;
    let used = inside.len() + 2;
    let count = |text: &str| {
        let digits = (1..=9).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
        if digits { text.parse::<u32>().ok() } else { None }
    };
    match inside.split_once(',') {
        None => count(inside).map(|n| (n, Some(n), used)),
        Some((least, "")) => Some((count(least)?, None, used)),
        Some((least, most)) => Some((count(least)?, Some(count(most)?), used)),
    }
}
