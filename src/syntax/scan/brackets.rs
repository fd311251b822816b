//! Which bracket is the one that was not closed.
//!
//! Counting alone blames the wrong one: a block that lacks its `}` takes that of the block around
//! it, and the fault shows at the end of the file. Indentation tells what was meant. It is asked
//! only when the brackets do not match, so no correct file depends on how it is indented; and its
//! answer is dropped where counting finds less to complain of. Where both complain more than once, other
//! readings are tried: one slip should be one finding.

use super::tokens::{Bracket, Kind, Token, Unclosed, UnclosedKind};

/// The words that begin a statement or an item.
const STARTERS: [&str; 23] = [
    "use",
    "param",
    "calendar",
    "defaults",
    "output",
    "failed",
    "finally",
    "do",
    "for",
    "when",
    "require",
    "expect",
    "yield",
    "given",
    "set",
    "workflow",
    "test",
    "import",
    "type",
    "fn",
    "step",
    "action",
    "transaction",
];

/// The brackets that do not match. `cut` says that the text goes on in a way nobody can read, so that
/// what is open at its end may well be closed.
pub(super) fn unclosed(text: &str, tokens: &[Token], cut: bool) -> Vec<Unclosed> {
    let run = |by_indent, choices: &[Choice]| Matching::run(text, tokens, by_indent, cut, choices);
    let counted = run(false, &[]);
    if counted.is_empty() {
        return counted;
    }
    let indented = run(true, &[]);
    let best = if indented.is_empty() || indented.len() > counted.len() { counted } else { indented };
    fewest(best, |choices| run(false, choices))
}

/// What a closer means that does not fit the innermost open bracket.
#[derive(Clone, Copy)]
enum Choice {
    /// It is one too many.
    Stray,
    /// It closes its partner, and what was opened since is not closed.
    Over,
    /// It closes the innermost bracket, and should be of that one's kind.
    Wrong,
    /// It should open a bracket of this kind, which a later one closes.
    Opens(Bracket),
}

/// In the order of preference where they explain as much.
const CHOICES: [Choice; 6] = [
    Choice::Over,
    Choice::Stray,
    Choice::Wrong,
    Choice::Opens(Bracket::Square),
    Choice::Opens(Bracket::Brace),
    Choice::Opens(Bracket::Paren),
];

/// So many closers that do not fit are read each way; each costs six passes over the text.
const MOST_CHOICES: usize = 4;

/// The shortest list of findings that reading closers one way or the other gives, if it is shorter than `best`.
fn fewest(mut best: Vec<Unclosed>, run: impl Fn(&[Choice]) -> Vec<Unclosed>) -> Vec<Unclosed> {
    let mut choices = Vec::new();
    while best.len() > 1 && choices.len() < MOST_CHOICES {
        let read = |choice| (run(&[choices.as_slice(), &[choice]].concat()), choice);
        let Some((found, choice)) = CHOICES.map(read).into_iter().min_by_key(|(found, _)| found.len()) else { break };
        choices.push(choice);
        if found.len() < best.len() {
            best = found;
        }
    }
    best
}

/// Beyond this the text is no flow; it also keeps the list of open brackets short, and the pass linear.
const MOST_FOUND: usize = 20;

struct Matching<'s> {
    text: &'s str,
    open: Vec<Token>,
    found: Vec<Unclosed>,
    by_indent: bool,
    /// What the next closers mean that do not fit.
    choices: std::slice::Iter<'s, Choice>,
}

impl<'s> Matching<'s> {
    fn run(text: &'s str, tokens: &[Token], by_indent: bool, cut: bool, choices: &'s [Choice]) -> Vec<Unclosed> {
        let mut matching = Self { text, open: Vec::new(), found: Vec::new(), by_indent, choices: choices.iter() };
        for (index, token) in tokens.iter().enumerate() {
            if matching.found.len() >= MOST_FOUND {
                return matching.found;
            }
            if by_indent && token.first && starts_statement(text, token, tokens.get(index + 1)) {
                matching.close_deeper(token);
            }
            match token.kind {
                Kind::Open(_) => matching.open.push(*token),
                Kind::Close(bracket) => matching.close(token, bracket),
                _ => {}
            }
        }
        if !cut {
            matching.end();
        }
        matching.found
    }

    /// A statement begins: whatever was opened on an earlier line that is indented as much or more has
    /// to be closed by now.
    fn close_deeper(&mut self, at: &Token) {
        while let Some(top) = self.open.last()
            && top.indent >= at.indent
            && top.line < at.line
        {
            self.blame_top(at.start);
        }
    }

    fn close(&mut self, token: &Token, bracket: Bracket) {
        if self.by_indent && token.first && bracket == Bracket::Brace {
            if let Some(partner) =
                self.open.iter().rposition(|open| open.kind == Kind::Open(bracket) && open.indent <= token.indent)
            {
                while self.open.len() > partner + 1 {
                    self.blame_top(token.start);
                }
            }
            if self.open.last().is_some_and(|top| top.indent < token.indent) {
                return self.stray(token);
            }
        }
        let partner = self.open.iter().rposition(|open| open.kind == Kind::Open(bracket));
        let innermost = self.open.len().checked_sub(1);
        let choice = if partner == innermost { None } else { self.choices.next() };
        match (choice, partner) {
            (Some(Choice::Wrong), _) => self.wrong(token),
            (Some(Choice::Stray), _) => self.stray(token),
            (Some(Choice::Opens(meant)), _) => self.opens(token, *meant),
            (Some(Choice::Over), Some(partner)) => self.close_over(partner, token),
            (None, Some(partner)) if self.may_close_over(partner) => self.close_over(partner, token),
            _ => self.stray(token),
        }
    }

    fn close_over(&mut self, partner: usize, token: &Token) {
        while self.open.len() > partner + 1 {
            self.blame_top(token.start);
        }
        self.open.pop();
    }

    /// The innermost bracket is closed by one of another kind.
    fn wrong(&mut self, token: &Token) {
        match self.open.pop() {
            Some(Token { kind: Kind::Open(bracket), start, end, .. }) if bracket != Bracket::Hole => {
                let outer = std::iter::once(start..end).collect();
                let (kind, open) = (UnclosedKind::Wrong(bracket), token.range());
                self.found.push(Unclosed { kind, open, reach: token.end, outer });
            }
            top => {
                self.open.extend(top);
                self.stray(token);
            }
        }
    }

    /// It stands where a bracket opens.
    fn opens(&mut self, token: &Token, meant: Bracket) {
        self.open.push(Token { kind: Kind::Open(meant), ..*token });
        let (open, reach) = (token.range(), token.end);
        self.found.push(Unclosed { kind: UnclosedKind::Opens(meant), open, reach, outer: Vec::new() });
    }

    /// `)` and `]` do not reach across a block: `( { ) }` has a stray `)`, not two open brackets.
    fn may_close_over(&self, partner: usize) -> bool {
        let block = |token: &Token| token.kind == Kind::Open(Bracket::Brace);
        self.open.get(partner).is_some_and(block) || !self.open.iter().skip(partner + 1).any(block)
    }

    fn blame_top(&mut self, reach: usize) {
        if let Some(Token { kind: Kind::Open(bracket), start, end, .. }) = self.open.pop() {
            self.found.push(Unclosed {
                kind: UnclosedKind::Bracket(bracket),
                open: start..end,
                reach,
                outer: Vec::new(),
            });
        }
    }

    fn stray(&mut self, token: &Token) {
        let (open, reach) = (token.range(), token.end);
        self.found.push(Unclosed { kind: UnclosedKind::Stray, open, reach, outer: Vec::new() });
    }

    /// What is open at the end is one finding, about the innermost.
    fn end(&mut self) {
        self.blame_top(self.text.len());
        if let Some(last) = self.found.last_mut()
            && !self.open.is_empty()
        {
            last.outer = self.open.iter().rev().map(Token::range).collect();
        }
    }
}

fn starts_statement(text: &str, token: &Token, next: Option<&Token>) -> bool {
    let word = token.text(text);
    match token.kind {
        Kind::Doc => true,
        Kind::Word => {
            let after = next.map_or("", |next| next.text(text));
            after == "=" || (STARTERS.contains(&word) && !matches!(after, ":" | "," | "." | "(" | ")"))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Scan;

    fn blamed(text: &str) -> Vec<(usize, &str)> {
        let scan = Scan::of(text);
        scan.unclosed
            .iter()
            .map(|found| (text[..found.open.start].matches('\n').count() + 1, &text[found.open.clone()]))
            .collect()
    }

    #[test]
    fn matching_brackets_are_no_finding_however_they_are_indented() {
        assert!(blamed("workflow a {\nx = [1,\n(2)]\n  }\ny = f\"{m[\"a\"]:%d}\"").is_empty());
    }

    #[test]
    fn indentation_finds_the_block_that_lacks_its_brace() {
        let text = "workflow a {\n  x = for each d in ds {\n    yield d\n\n  y = 1\n}\nworkflow b {\n}\n";
        assert_eq!(blamed(text), [(2, "{")]);
    }

    #[test]
    fn without_indentation_counting_decides() {
        assert_eq!(blamed("workflow a {\nx = f(1, 2\ny = 3\n}\n"), [(2, "(")]);
    }

    #[test]
    fn a_closer_too_many_is_found_where_it_stands() {
        assert_eq!(blamed("workflow a {\n  x = 1\n  }\n  y = 2\n}\n"), [(3, "}")]);
        assert_eq!(blamed("workflow a {\n  x = 1)\n  y = 2\n}\n"), [(2, ")")]);
    }

    #[test]
    fn one_slip_is_one_finding() {
        assert_eq!(blamed("test a {\n  given x = [ last: none }]\n  y = 1\n}\n"), [(2, "}")]);
        assert_eq!(blamed("workflow a {\n  x = f(\n    {\n      a: 1\n  )\n}\n"), [(3, "{")]);
        assert_eq!(blamed("test a {\n  x = [\n    f({ b: c } }, [\n      1,\n    ]),\n  ]\n}\n"), [(3, "}")]);
        assert_eq!(blamed("test a {\n  x = [f({ b: c } }]\n  y = [{ d: 1]\n}\n"), [(2, "}"), (3, "{")]);
        assert_eq!(blamed("workflow a {\n  x = f(a: (1, 2], b: [3])\n}\n"), [(2, "]")]);
        assert_eq!(blamed("test a {\n  given x = ]]\n  y = 1\n}\n"), [(2, "]")]);
        assert_eq!(blamed("test a {\n  x = [{ a: ) b: 1 } }]\n}\n"), [(2, ")")]);
    }

    #[test]
    fn texts_end_with_their_line_and_queries_with_three_quotes() {
        assert_eq!(blamed("a = \"x\nb = 2\n"), [(1, "\"")]);
        assert_eq!(blamed("a = f\"{x y\nb = 2\n"), [(1, "{")]);
        assert_eq!(blamed("workflow a {\n  x = sql\"\"\"select '\n  y = 2\n}\n"), [(2, "sql\"\"\"")]);
    }

    #[test]
    fn the_first_of_two_queries_is_the_open_one() {
        let text = "workflow a {\n  x = sql\"\"\"\n    select 1\n  y = sql\"\"\"\n    select 2\n  \"\"\"\n}\n";
        assert_eq!(blamed(text), [(2, "sql\"\"\"")]);
    }
}
