//! What did not parse: one finding for each, at the place where it went wrong.

use std::ops::Range;

use pest::iterators::Pair;

use super::build::Reader;
use super::parser::{Rule, Trouble, apply};
use super::scan::{Bracket, Kind, Token, Unclosed, UnclosedKind};
use super::{slips, words};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::Span;

impl Reader<'_> {
    /// Reports an item or statement that did not parse, by parsing it again alone as `rule`. Gives
    /// nothing, as the callers' builders do.
    pub(super) fn bad<T>(&self, pair: &Pair<'_, Rule>, rule: Rule) -> Option<T> {
        self.note_bad();
        let (range, letters) = (self.range(pair), pair.as_span());
        // What stands between this and the next letter may be a bracket without a partner, which has no letter.
        let reach = range.start..self.letters().byte(letters.end()).max(range.end);
        if self.is_full() {
            return None;
        }
        let trouble = match apply(rule, letters.as_str()) {
            Err(mut trouble) => {
                trouble.at += letters.start();
                trouble
            }
            Ok(_) => Trouble { at: letters.end(), tried: Vec::new(), limit: false },
        };
        if !self.scan().disturbs(&reach, self.letters().byte(trouble.at)) {
            self.note_explained(reach);
            self.explain(rule, range, &trouble);
        }
        None
    }

    /// Reports that a whole text was refused.
    pub(super) fn refused(&self, rule: Rule, trouble: &Trouble) {
        self.note_bad();
        let range = 0..self.source_text().len();
        if !self.scan().disturbs(&range, self.letters().byte(trouble.at)) {
            self.explain(rule, range, trouble);
        }
    }

    fn explain(&self, rule: Rule, range: Range<usize>, trouble: &Trouble) {
        if trouble.limit {
            let at = self.letters().byte(trouble.at);
            let span = self.span_of(at..at);
            let finding = Diagnostic::new(&codes::VF001, span, "this is nested too deeply to be read");
            return self.report(finding.help("give the inner parts names of their own"));
        }
        let case = Case::new(self, rule, range, trouble);
        self.report(slips::recognised(&case).unwrap_or_else(|| case.expected()));
    }
}

const LINES: &str = "a line begins with a keyword, or gives a value its name: `name = …`";

/// Something that did not parse, seen as tokens.
pub(super) struct Case<'r> {
    pub(super) reader: &'r Reader<'r>,
    /// What it was tried as.
    pub(super) rule: Rule,
    /// The number of its first token that is no documentation.
    pub(super) first: usize,
    /// The number of the token that did not fit.
    pub(super) at: usize,
    /// What would have fitted.
    pub(super) tried: &'r [Rule],
}

impl<'r> Case<'r> {
    fn new(reader: &'r Reader<'_>, rule: Rule, range: Range<usize>, trouble: &'r Trouble) -> Self {
        let scan = reader.scan();
        let mut first = scan.index_at(range.start);
        while scan.token(first).is_some_and(|token| token.kind == Kind::Doc && token.start < range.end) {
            first += 1;
        }
        let at = scan.index_at(reader.letters().byte(trouble.at)).max(first);
        Self { reader, rule, first, at, tried: &trouble.tried }
    }

    /// The token with this number, counted over the whole text.
    pub(super) fn token(&self, index: usize) -> Option<Token> {
        self.reader.scan().token(index)
    }

    /// The characters of the token with this number; empty outside of the text.
    pub(super) fn text(&self, index: usize) -> &'r str {
        self.token(index).map_or("", |token| token.text(self.reader.source_text()))
    }

    /// The kind of the token with this number.
    pub(super) fn kind(&self, index: usize) -> Option<Kind> {
        self.token(index).map(|token| token.kind)
    }

    /// The span of the token with this number, of nothing at the end of the text.
    pub(super) fn span(&self, index: usize) -> Span {
        let end = self.reader.source_text().len();
        self.reader.span_of(self.token(index).map_or(end..end, |token| token.range()))
    }

    /// The number of the token before the one that did not fit, unless that is the first.
    pub(super) fn previous(&self) -> Option<usize> {
        self.at.checked_sub(1).filter(|previous| *previous >= self.first)
    }

    /// Whether a line ends between the token that did not fit and the one before.
    pub(super) fn at_new_line(&self) -> bool {
        self.token(self.at).is_none_or(|token| token.first)
    }

    /// The innermost bracket that is open where it did not fit.
    pub(super) fn innermost_open(&self) -> Option<usize> {
        let mut open = Vec::new();
        for index in self.first..self.at {
            match self.kind(index) {
                Some(Kind::Open(_)) => open.push(index),
                Some(Kind::Close(_)) => {
                    open.pop();
                }
                _ => {}
            }
        }
        open.pop()
    }

    /// The token that closes the bracket `open`.
    pub(super) fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut index = open;
        loop {
            match self.kind(index)? {
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => depth = depth.checked_sub(1)?,
                _ => {}
            }
            if depth == 0 {
                return Some(index);
            }
            index += 1;
        }
    }

    /// What stands between two tokens.
    pub(super) fn between(&self, first: usize, last: usize) -> &'r str {
        let range = self.token(first).zip(self.token(last)).map(|(first, last)| first.end..last.start);
        range.and_then(|range| self.reader.source_text().get(range)).unwrap_or("")
    }

    /// What stands from one token to another, on one line.
    pub(super) fn written(&self, first: usize, last: usize) -> String {
        let range = self.token(first).zip(self.token(last)).map(|(first, last)| first.start..last.end);
        let text = range.and_then(|range| self.reader.source_text().get(range)).unwrap_or("");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    /// Whether a whole expression stands before the token that did not fit.
    pub(super) fn after_expression(&self) -> bool {
        self.tried.contains(&Rule::add_op)
    }

    /// What would have fitted, and what was found instead.
    fn expected(&self) -> Diagnostic {
        let words = words::wanted(self.tried);
        let wanted = words::sentence(&words);
        let found = self.described(self.at);
        let Some(previous) = self.previous() else {
            let wanted = wanted.unwrap_or_else(|| "a statement".to_owned());
            let finding =
                Diagnostic::new(&codes::VF001, self.span(self.at), format!("expected {wanted}, found {found}"));
            let is_line = self.rule != Rule::one_expression;
            return if is_line { finding.help(LINES) } else { finding };
        };
        let before = self.described(previous);
        let helped = |finding: Diagnostic| match slips::help(self, &words) {
            Some(help) => finding.help(help),
            None => finding,
        };
        // A sign begins no line: it is what is wrong, not the end of the line above.
        if self.at_new_line() && self.kind(self.at) != Some(Kind::Symbol) {
            let wanted = wanted.unwrap_or_else(|| "more".to_owned());
            let place = self.span(previous).after();
            let finding = Diagnostic::new(&codes::VF001, place, format!("expected {wanted} after {before}"));
            if wanted == "`{`" {
                self.reader.note_unopened();
                return finding.fix("write `{`", place, " {");
            }
            return helped(finding);
        }
        let message = match &wanted {
            Some(wanted) => format!("expected {wanted} after {before}, found {found}"),
            None => format!("{found} cannot follow {before}"),
        };
        let finding = Diagnostic::new(&codes::VF001, self.span(self.at), message);
        match (wanted.as_deref(), previous.checked_sub(1).map(|keyword| self.text(keyword))) {
            (Some("`=`"), Some("output" | "calendar")) if self.text(self.at) == ":" => {
                finding.fix("write `=`", self.span(previous).after().to(self.span(self.at)), " =")
            }
            (Some("`=`"), Some("output" | "calendar")) => finding.fix("write `=`", self.span(self.at).before(), "= "),
            (Some("`:`"), Some("param" | "use")) => finding.fix("write `:`", self.span(previous).after(), ":"),
            _ => helped(finding),
        }
    }

    /// A token in a message.
    pub(super) fn described(&self, index: usize) -> String {
        let text = self.text(index);
        match self.kind(index) {
            None => "the end of the file".to_owned(),
            Some(Kind::Text) => "the text".to_owned(),
            Some(Kind::Query) => "the query".to_owned(),
            Some(Kind::Doc) => "a `##` comment".to_owned(),
            Some(_) if text.chars().count() > 40 => format!("`{}…`", text.chars().take(40).collect::<String>()),
            Some(_) => format!("`{text}`"),
        }
    }
}

/// The finding for something that is not closed, or that closes nothing; `parses` says that the text does without all of
/// the latter.
pub(super) fn not_closed(reader: &Reader<'_>, unclosed: &Unclosed, parses: bool) -> Diagnostic {
    let span = reader.span_of(unclosed.open.clone());
    let opener = reader.source_text().get(unclosed.open.clone()).unwrap_or("");
    if unclosed.kind == UnclosedKind::Stray {
        let finding = Diagnostic::new(&codes::VF001, span, format!("`{opener}` closes nothing"))
            .at("no bracket is open here that it could close")
            .help("remove it, or look for an opening bracket that is missing before it");
        return if parses { finding.fix(format!("remove `{opener}`"), span, "") } else { finding };
    }
    if let (UnclosedKind::Wrong(bracket), [partner]) = (unclosed.kind, unclosed.outer.as_slice()) {
        let meant = bracket.closer();
        let opened = reader.source_text().get(partner.clone()).unwrap_or("");
        return Diagnostic::new(&codes::VF001, span, format!("`{opener}` closes no `{opened}`"))
            .label(reader.span_of(partner.clone()), "opened here")
            .fix(format!("write `{meant}`"), span, meant);
    }
    if let UnclosedKind::Opens(meant) = unclosed.kind {
        let meant = meant.opener();
        return Diagnostic::new(&codes::VF001, span, format!("`{opener}` closes nothing"))
            .at(format!("what is closed further on would open here by `{meant}`"))
            .fix(format!("write `{meant}`"), span, meant);
    }
    let (message, help) = match unclosed.kind {
        UnclosedKind::Text => {
            ("this text is not closed".to_owned(), "close it with `\"` on the same line; `\\n` stands for a new line")
        }
        UnclosedKind::Query => (format!("this `{opener}` is not closed"), "close it with `\"\"\"`"),
        UnclosedKind::Bracket(Bracket::Hole) => {
            ("this `{` in a text is not closed".to_owned(), "close it with `}`, or write `{{` for a brace")
        }
        UnclosedKind::Bracket(Bracket::Paren) => ("this `(` is not closed".to_owned(), "close it with `)`"),
        UnclosedKind::Bracket(Bracket::Square) => ("this `[` is not closed".to_owned(), "close it with `]`"),
        UnclosedKind::Bracket(Bracket::Brace)
        | UnclosedKind::Stray
        | UnclosedKind::Wrong(_)
        | UnclosedKind::Opens(_) => ("this `{` is not closed".to_owned(), "close it with `}`"),
    };
    let finding = Diagnostic::new(&codes::VF002, span, message).help(help);
    let outer = unclosed.outer.iter().take(3).map(|outer| reader.span_of(outer.clone()));
    outer.fold(finding, |finding, span| finding.label(span, "not closed either"))
}
