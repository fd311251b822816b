//! Which breaks are taken.
//!
//! One pass with a stack of what is still to print, each part with its mode. A group is tried on one line,
//! which costs no more than the width of a line; so the time is linear.

use super::document::{Body, Commas, Doc, Group, List, width};
use super::{STEP, WIDTH};

/// How a part is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// On one line.
    Flat,
    /// Over several lines.
    Break,
    /// On one line but for what is in the brackets at its end.
    Hug,
}

/// A part that is still to print.
#[derive(Debug, Clone, Copy)]
struct Todo<'d, 's> {
    indent: usize,
    mode: Mode,
    doc: &'d Doc<'s>,
}

/// The text of a document.
pub(super) fn print(document: &Doc<'_>) -> String {
    let mut printer = Printer::default();
    let mut todo = vec![Todo { indent: 0, mode: Mode::Break, doc: document }];
    while let Some(next) = todo.pop() {
        printer.print(next, &mut todo);
    }
    printer.end()
}

#[derive(Debug, Default)]
struct Printer<'s> {
    out: String,
    column: usize,
    /// New lines to write before the next characters.
    breaks: usize,
    /// How far the line after them is indented.
    indent: usize,
    /// Whether a space stands before the next characters of this line.
    space: bool,
    /// The comment that ends this line.
    comment: Option<&'s str>,
}

impl<'s> Printer<'s> {
    fn print<'d>(&mut self, next: Todo<'d, 's>, todo: &mut Vec<Todo<'d, 's>>) {
        let Todo { indent, mode, doc } = next;
        match doc {
            Doc::Text(text, width) => self.text(text, *width, indent),
            Doc::Verbatim(text) => self.verbatim(text, indent),
            Doc::Body(body) => self.body(body, indent),
            Doc::Space => self.space = true,
            Doc::Line if mode != Mode::Break => self.space = true,
            Doc::Line | Doc::HardLine => self.line(indent),
            Doc::Blank if self.breaks > 0 => self.breaks = 2,
            Doc::Blank => {}
            Doc::Comma if self.comment.is_some() => self.out.push(','),
            Doc::Comma => self.text(",", 1, indent),
            Doc::Trailing(comment) => self.comment = Some(comment),
            Doc::Leading(comment) => self.leading(comment, indent),
            Doc::Indent(inner) => todo.push(Todo { indent: deeper(indent, mode), mode, doc: inner }),
            Doc::Value(inner) => self.value(Todo { doc: inner, ..next }, todo),
            Doc::Concat(_) => spread(next, todo),
            Doc::Group(group) => {
                todo.push(Todo { indent, mode: self.group_mode(next, group, todo), doc: &group.content });
            }
            Doc::List(list) => expand(list, Todo { mode: self.list_mode(next, list, todo), ..next }, todo),
        }
    }

    fn text(&mut self, text: &str, width: usize, indent: usize) {
        self.settle(indent);
        self.out.push_str(text);
        self.column += width;
    }

    /// Writes what has to stand before the next characters: the end of this line, or a space.
    fn settle(&mut self, indent: usize) {
        if let Some(comment) = self.comment.take() {
            self.out.push(' ');
            self.out.push_str(comment);
            if self.breaks == 0 {
                // Within a statement, where no break was foreseen.
                self.line(indent + STEP);
            }
        }
        if self.breaks > 0 {
            if !self.out.is_empty() {
                self.out.extend(std::iter::repeat_n('\n', self.breaks));
            }
            self.out.extend(std::iter::repeat_n(' ', self.indent));
            self.column = self.indent;
        } else if self.space {
            self.out.push(' ');
            self.column += 1;
        }
        (self.breaks, self.space) = (0, false);
    }

    fn value<'d>(&mut self, inner: Todo<'d, 's>, todo: &mut Vec<Todo<'d, 's>>) {
        self.space = true;
        let flat = Todo { mode: Mode::Flat, ..inner };
        let mut indent = inner.indent;
        if inner.mode == Mode::Break && !inner.doc.is_forced() && !self.fits(flat, todo) {
            let here = (self.breaks, self.indent);
            self.line(indent + STEP);
            if self.fits(flat, todo) {
                indent += STEP;
            } else {
                (self.breaks, self.indent) = here;
            }
        }
        todo.push(Todo { indent, ..inner });
    }

    fn line(&mut self, indent: usize) {
        self.breaks = self.breaks.max(1);
        self.indent = indent;
    }

    fn leading(&mut self, comment: &str, indent: usize) {
        if self.breaks == 0 && self.comment.is_none() {
            self.line(indent + STEP);
        }
        self.text(comment, 0, indent);
        self.line(self.indent);
    }

    fn verbatim(&mut self, text: &str, indent: usize) {
        self.settle(indent);
        self.out.push_str(text);
        self.column = width(text.rsplit('\n').next().unwrap_or(""));
    }

    fn body(&mut self, body: &Body<'_>, indent: usize) {
        self.text(body.open, 0, indent);
        for line in &body.lines {
            self.out.push('\n');
            if !line.is_empty() {
                self.out.extend(std::iter::repeat_n(' ', indent + STEP));
                self.out.push_str(line);
            }
            self.column = indent + STEP + width(line);
        }
        if body.closes_alone {
            self.line(indent);
        }
        self.text("\"\"\"", 3, indent);
    }

    fn end(mut self) -> String {
        if let Some(comment) = self.comment.take() {
            self.out.push(' ');
            self.out.push_str(comment);
        }
        if !self.out.is_empty() {
            self.out.push('\n');
        }
        self.out
    }

    fn group_mode(&self, next: Todo<'_, '_>, group: &Group<'_>, rest: &[Todo<'_, '_>]) -> Mode {
        let Todo { indent, mode, doc } = next;
        let fits = |mode| self.fits(Todo { indent, mode, doc: &group.content }, rest);
        match mode {
            Mode::Flat => Mode::Flat,
            _ if mode == Mode::Break && !doc.is_forced() && fits(Mode::Flat) => Mode::Flat,
            _ if group.hugs && fits(Mode::Hug) => Mode::Hug,
            _ => Mode::Break,
        }
    }

    fn list_mode(&self, next: Todo<'_, '_>, list: &List<'_>, rest: &[Todo<'_, '_>]) -> Mode {
        let fits = |mode| self.fits(Todo { mode, ..next }, rest);
        match next.mode {
            _ if list.is_empty() && !next.doc.is_forced() => Mode::Flat,
            Mode::Flat => Mode::Flat,
            Mode::Break if !next.doc.is_forced() && fits(Mode::Flat) => Mode::Flat,
            _ if list.hugs && fits(Mode::Hug) => Mode::Hug,
            _ => Mode::Break,
        }
    }

    /// Whether the line has room for `next` and for what follows it, up to the first place where it may break.
    fn fits(&self, next: Todo<'_, '_>, rest: &[Todo<'_, '_>]) -> bool {
        let used = if self.breaks > 0 { self.indent } else { self.column + usize::from(self.space) };
        let mut room = (WIDTH + 1).saturating_sub(used);
        let mut todo = Vec::new();
        match (next.doc, next.mode) {
            (Doc::List(list), Mode::Hug) => expand(list, next, &mut todo),
            _ => todo.push(next),
        }
        let mut rest = rest.iter().rev();
        let mut is_commented = false;
        while let Some(next) = todo.pop().or_else(|| rest.next().copied()) {
            // A comma changes sides with a comment; anything else goes on behind it on the next line.
            if is_commented && !matches!(next.doc, Doc::Comma) {
                return true;
            }
            match measure(next, &mut todo) {
                Measure::Width(width) if width >= room => return false,
                Measure::Width(width) => room -= width,
                Measure::Last(width) => return width < room,
                Measure::Comment => is_commented = true,
            }
        }
        true
    }
}

/// What a part takes of its line.
enum Measure {
    /// So many columns.
    Width(usize),
    /// So many columns, and the line ends.
    Last(usize),
    /// The rest of the line, which does not count.
    Comment,
}

/// What a part takes of the line that it begins on; what it consists of goes on the stack.
fn measure<'d, 's>(next: Todo<'d, 's>, todo: &mut Vec<Todo<'d, 's>>) -> Measure {
    match next.doc {
        Doc::Text(_, width) => return Measure::Width(*width),
        Doc::Space | Doc::Comma => return Measure::Width(1),
        Doc::Line if next.mode != Mode::Break => return Measure::Width(1),
        Doc::Line | Doc::HardLine | Doc::Leading(_) => return Measure::Last(0),
        Doc::Verbatim(text) => return Measure::Last(width(text.split('\n').next().unwrap_or(""))),
        Doc::Body(body) => return Measure::Last(width(body.open)),
        Doc::Trailing(_) => return Measure::Comment,
        Doc::Blank => {}
        Doc::Value(_) if next.mode == Mode::Break => return Measure::Last(0),
        Doc::Value(inner) => {
            todo.push(Todo { doc: inner, ..next });
            return Measure::Width(1);
        }
        Doc::Indent(inner) => todo.push(Todo { doc: inner, ..next }),
        Doc::Group(group) => todo.push(Todo { doc: &group.content, ..next }),
        Doc::Concat(_) => spread(next, todo),
        Doc::List(list) => {
            let mode = if next.mode == Mode::Flat || list.is_empty() { Mode::Flat } else { Mode::Break };
            expand(list, Todo { mode, ..next }, todo);
        }
    }
    Measure::Width(0)
}

/// A level deeper; not where the line goes on, to end in brackets that close at its own level.
const fn deeper(indent: usize, mode: Mode) -> usize {
    if matches!(mode, Mode::Hug) { indent } else { indent + STEP }
}

/// Puts the parts of a concatenation on the stack.
fn spread<'d, 's>(next: Todo<'d, 's>, todo: &mut Vec<Todo<'d, 's>>) {
    let Doc::Concat(concat) = next.doc else { return };
    let last = concat.parts.len().saturating_sub(1);
    for (at, doc) in concat.parts.iter().enumerate().rev() {
        let mode = if next.mode == Mode::Hug && at < last { Mode::Flat } else { next.mode };
        todo.push(Todo { mode, doc, ..next });
    }
}

/// Puts brackets and what is between them on the stack.
fn expand<'d, 's>(list: &'d List<'s>, next: Todo<'d, 's>, todo: &mut Vec<Todo<'d, 's>>) {
    let from = todo.len();
    let inner = if next.mode == Mode::Break { next.indent + STEP } else { next.indent };
    let mut push = |doc, indent, mode| todo.push(Todo { indent, mode, doc });
    let edge = match next.mode {
        Mode::Break => Some(&Doc::HardLine),
        _ if list.style.padded && !list.is_empty() => Some(&Doc::Space),
        _ => None,
    };
    let commas = list.style.commas;
    let last = list.items.len().saturating_sub(1);

    push(&list.open, next.indent, next.mode);
    if let Some(edge) = edge {
        push(edge, inner, next.mode);
    }
    for (at, item) in list.items.iter().enumerate() {
        let mode = if next.mode == Mode::Hug && at < last { Mode::Flat } else { next.mode };
        push(&item.doc, inner, mode);
        if commas == Commas::Trailing && next.mode == Mode::Break || commas != Commas::None && at < last {
            push(&Doc::Comma, inner, mode);
        }
        if let Some(comment) = &item.trailing {
            push(comment, inner, mode);
        }
        if at < last {
            push(if next.mode == Mode::Break { &Doc::HardLine } else { &Doc::Space }, inner, mode);
        }
    }
    for comment in &list.dangling {
        push(&Doc::HardLine, inner, next.mode);
        push(comment, inner, next.mode);
    }
    if let Some(edge) = edge {
        push(edge, next.indent, next.mode);
    }
    push(&list.close, next.indent, next.mode);
    if let Some(pushed) = todo.get_mut(from..) {
        pushed.reverse();
    }
}
