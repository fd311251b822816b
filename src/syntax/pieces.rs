//! A long workflow, read in pieces by several threads.
//!
//! The body is cut before lines that can only begin a statement, `name = …` and `output …`; each piece is parsed alone and gives
//! the same tree as it does within the whole. Where that is not plain, because a piece does not parse or something is found in it,
//! there is no answer here, and the text is parsed as a whole.

use std::ops::Range;
use std::sync::Arc;

use super::ast::{File, ItemKind, Tagged, WorkflowItem};
use super::build::Reader;
use super::letters::Letters;
use super::parser::{Rule, STACK, apply};
use super::scan::{Bracket, Kind, Scan, Token};
use crate::parallel;
use crate::source::Source;

/// A body shorter than this, in bytes, is not worth cutting.
const SHORTEST_BODY: usize = 32 << 10;

/// How many tokens a piece has: what the grammar makes of so many fits into a core's cache and is reused for the next
/// piece, and no thread waits long for another.
const TOKENS_PER_PIECE: usize = 2_000;

/// The file, when it has one long workflow and nothing wrong in it.
pub(super) fn file(source: &Source, scan: &Arc<Scan>) -> Option<File> {
    let is_plain = scan.unclosed.is_empty() && scan.habits.is_empty();
    if source.text.len() < SHORTEST_BODY || !is_plain || parallel::cores() == 1 {
        return None;
    }
    let body = Body::longest(&source.text, &scan.tokens).filter(|body| body.bytes.len() >= SHORTEST_BODY)?;
    let pieces = pieces(&scan.tokens, &body)?;
    let read = parallel::map(&pieces, STACK, || (), |(), piece| piece.read(source, scan));
    join(source, &body, read.into_iter().collect::<Option<Vec<_>>>()?)
}

/// The body of a workflow, between its brackets.
struct Body {
    bytes: Range<usize>,
    /// The numbers of its tokens.
    tokens: Range<usize>,
    /// The numbers of the tokens before which it can be cut.
    cuts: Vec<usize>,
}

impl Body {
    /// The longest body of the file's workflows.
    fn longest(text: &str, tokens: &[Token]) -> Option<Self> {
        let (mut depth, mut open, mut longest) = (0_usize, None, None::<Self>);
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Open(Bracket::Brace) if depth == 0 && begins_workflow(text, tokens, at) => {
                    open = Some(Self { bytes: token.end..token.end, tokens: at + 1..at + 1, cuts: Vec::new() });
                    depth += 1;
                }
                Kind::Open(_) => depth += 1,
                Kind::Close(_) => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0
                        && let Some(mut body) = open.take()
                    {
                        body.bytes.end = token.start;
                        body.tokens.end = at;
                        longest = longest.filter(|longest| longest.bytes.len() > body.bytes.len()).or(Some(body));
                    }
                }
                Kind::Word if depth == 1 && token.first && begins_statement(text, tokens, at) => {
                    if let Some(body) = &mut open {
                        body.cuts.push(start_of_statement(tokens, at));
                    }
                }
                _ => {}
            }
        }
        longest
    }
}

/// Whether the bracket with this number opens a workflow: `workflow name {`.
fn begins_workflow(text: &str, tokens: &[Token], at: usize) -> bool {
    let back = |n: usize| at.checked_sub(n).and_then(|at| tokens.get(at));
    back(1).is_some_and(|token| token.kind == Kind::Word) && back(2).is_some_and(|token| token.text(text) == "workflow")
}

/// Whether the word with this number begins a statement whatever stands before it: nothing continues with `name =`,
/// and with `output` only what begins an output.
fn begins_statement(text: &str, tokens: &[Token], at: usize) -> bool {
    let text_of = |at: usize| tokens.get(at).map_or("", |token| token.text(text));
    text_of(at + 1) == "=" || (text_of(at) == "output" && text_of(at + 2) == "=")
}

/// The token that the statement begins with whose first word has this number: the first of the `##` lines above it.
fn start_of_statement(tokens: &[Token], at: usize) -> usize {
    let above = tokens.get(..at).unwrap_or_default().iter().rev();
    at - above.take_while(|token| token.kind == Kind::Doc).count()
}

/// What is parsed alone, by the numbers of its tokens.
enum Piece {
    /// What stands before the body, and a bracket that closes it at once.
    Head(Range<usize>),
    /// A part of the body.
    Part(Range<usize>),
    /// What stands behind the workflow.
    Tail(Range<usize>),
}

/// What a piece holds.
enum Read {
    File(File),
    Parts(Vec<WorkflowItem>, Vec<Tagged>),
}

fn pieces(tokens: &[Token], body: &Body) -> Option<Vec<Piece>> {
    let mut pieces = vec![Piece::Head(0..body.tokens.start)];
    let mut from = body.tokens.start;
    for &cut in &body.cuts {
        if cut >= from + TOKENS_PER_PIECE {
            pieces.push(Piece::Part(from..cut));
            from = cut;
        }
    }
    if from == body.tokens.start {
        // One statement, or nearly: read once, not twice.
        return None;
    }
    pieces.push(Piece::Part(from..body.tokens.end));
    pieces.push(Piece::Tail(body.tokens.end + 1..tokens.len()));
    Some(pieces)
}

impl Piece {
    /// What it holds; nothing when anything is wrong with it.
    fn read(&self, source: &Source, scan: &Arc<Scan>) -> Option<Read> {
        let (rule, range) = match self {
            Self::Part(range) => (Rule::parts, range),
            Self::Head(range) | Self::Tail(range) => (Rule::file, range),
        };
        let tokens = scan.tokens.get(range.clone())?;
        let end = tokens.last().map_or(0, |token| token.end);
        let letters = Letters::of(&source.text, tokens, end);
        let reader = Reader::of_piece(source, scan.clone(), letters);
        let pairs = apply(rule, reader.letters().text()).ok()?;
        let read = match self {
            Self::Part(_) => {
                let (parts, tagged) = reader.parts(pairs);
                Read::Parts(parts, tagged)
            }
            Self::Head(_) | Self::Tail(_) => Read::File(reader.file(pairs)),
        };
        reader.finish().is_empty().then_some(read)
    }
}

/// The whole file again: the parts belong to the last workflow of the head.
fn join(source: &Source, body: &Body, read: Vec<Read>) -> Option<File> {
    let mut read = read.into_iter();
    let Some(Read::File(mut file)) = read.next() else { return None };
    let mut tail = File::default();
    {
        let last = file.items.last_mut()?;
        let ItemKind::Workflow(workflow) = &mut last.kind else { return None };
        last.span.end = source.span().slice(0, body.bytes.end + 1).end;
        for piece in read {
            match piece {
                Read::Parts(parts, tagged) => {
                    workflow.items.extend(parts);
                    file.tagged.extend(tagged);
                }
                Read::File(rest) => tail = rest,
            }
        }
    }
    file.items.append(&mut tail.items);
    file.tagged.append(&mut tail.tagged);
    Some(file)
}
