//! What is to be printed, with every place where a line may break.

use std::borrow::Cow;

use unicode_width::UnicodeWidthStr;

/// A part of the output.
#[derive(Debug)]
pub(super) enum Doc<'s> {
    /// Characters without a new line, and how many columns they take.
    Text(Cow<'s, str>, usize),
    /// Several lines exactly as written.
    Verbatim(&'s str),
    /// A query whose lines move with their statement.
    Body(Body<'s>),
    /// A space, unless the line ends here.
    Space,
    /// A comma; it stands before a comment that follows its element.
    Comma,
    /// A space, or a new line where the group breaks.
    Line,
    /// A new line.
    HardLine,
    /// Makes the new line before it an empty one too.
    Blank,
    /// A comment on a line of its own.
    Leading(&'s str),
    /// A comment at the end of its line.
    Trailing(&'s str),
    /// One level deeper.
    Indent(Box<Doc<'s>>),
    /// One after another.
    Concat(Concat<'s>),
    /// Whose lines break all or none.
    Group(Box<Group<'s>>),
    /// What stands behind a `=`: on the same line; or on the next, if it is whole there and would not be here.
    Value(Box<Doc<'s>>),
    /// Brackets and what is between them.
    List(Box<List<'s>>),
}

/// One after another.
#[derive(Debug)]
pub(super) struct Concat<'s> {
    pub(super) parts: Vec<Doc<'s>>,
    is_forced: bool,
}

/// A document whose lines break all or none; or, when its last part is a list, that list's instead of them.
#[derive(Debug)]
pub(super) struct Group<'s> {
    pub(super) content: Doc<'s>,
    /// Whether the list at its end may break alone.
    pub(super) hugs: bool,
    is_forced: bool,
}

/// A query whose lines move with their statement.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Body<'s> {
    /// The tag, the quotes, and what stands behind them on their line.
    pub(super) open: &'s str,
    /// The lines between, without their common indentation.
    pub(super) lines: Vec<&'s str>,
    /// Whether the closing quotes have a line of their own.
    pub(super) closes_alone: bool,
}

/// Brackets and what is between them: on one line, each element on a line, or everything on one line but
/// the inside of the last element.
#[derive(Debug)]
pub(super) struct List<'s> {
    pub(super) open: Doc<'s>,
    pub(super) items: Vec<Item<'s>>,
    /// The comments before the closing bracket.
    pub(super) dangling: Vec<Doc<'s>>,
    pub(super) close: Doc<'s>,
    pub(super) style: Style,
    /// Whether the last element may break alone.
    pub(super) hugs: bool,
    is_forced: bool,
}

/// How a list looks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Style {
    /// Whether there are spaces inside the brackets.
    pub(super) padded: bool,
    /// What stands between elements.
    pub(super) commas: Commas,
}

/// What stands between elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Commas {
    /// White space.
    None,
    /// Commas.
    Between,
    /// Commas, and one after the last when each has its own line.
    Trailing,
}

/// An element of a list.
#[derive(Debug)]
pub(super) struct Item<'s> {
    pub(super) doc: Doc<'s>,
    /// The comment behind its comma.
    pub(super) trailing: Option<Doc<'s>>,
}

impl<'s> Doc<'s> {
    /// Characters without a new line.
    pub(super) fn text(text: impl Into<Cow<'s, str>>) -> Self {
        let text = text.into();
        let width = width(&text);
        Self::Text(text, width)
    }

    /// Source text as written.
    pub(super) fn verbatim(text: &'s str) -> Self {
        if text.contains('\n') { Self::Verbatim(text) } else { Self::text(text) }
    }

    /// One after another.
    pub(super) fn concat(parts: impl Into<Vec<Self>>) -> Self {
        let parts = parts.into();
        let before = parts.split_last().map_or(parts.as_slice(), |(_, before)| before);
        let is_forced = before.iter().any(Self::breaks_line) || parts.last().is_some_and(Self::is_forced);
        Self::Concat(Concat { parts, is_forced })
    }

    /// One level deeper.
    pub(super) fn indent(parts: impl Into<Vec<Self>>) -> Self {
        Self::Indent(Box::new(Self::concat(parts)))
    }

    /// Whose lines break all or none.
    pub(super) fn group(content: Self) -> Self {
        let is_forced = content.is_forced();
        Self::Group(Box::new(Group { content, hugs: false, is_forced }))
    }

    /// As [`Doc::group`], but the list at its end may break alone.
    pub(super) fn hugging(content: Self) -> Self {
        let (is_forced, hugs) = (content.is_forced(), content.is_huggable());
        Self::Group(Box::new(Group { content, hugs, is_forced }))
    }

    /// Whether it cannot be on one line. A comment at its end is no reason.
    pub(super) fn is_forced(&self) -> bool {
        match self {
            Self::Verbatim(_) | Self::Body(_) | Self::HardLine | Self::Leading(_) => true,
            Self::Text(..) | Self::Space | Self::Comma | Self::Line | Self::Blank | Self::Trailing(_) => false,
            Self::Indent(inner) | Self::Value(inner) => inner.is_forced(),
            Self::Concat(concat) => concat.is_forced,
            Self::Group(group) => group.is_forced,
            Self::List(list) => list.is_forced,
        }
    }

    /// Whether it cannot be on one line together with what follows.
    pub(super) fn breaks_line(&self) -> bool {
        self.is_forced() || self.ends_with_comment()
    }

    fn ends_with_comment(&self) -> bool {
        match self {
            Self::Trailing(_) => true,
            Self::Indent(inner) | Self::Value(inner) => inner.ends_with_comment(),
            Self::Concat(concat) => concat.parts.last().is_some_and(Self::ends_with_comment),
            Self::Group(group) => group.content.ends_with_comment(),
            Self::List(list) => list.close.ends_with_comment(),
            _ => false,
        }
    }

    /// Whether it can stay on one line but for the inside of brackets, or of a query, at its end.
    pub(super) fn is_huggable(&self) -> bool {
        match self {
            Self::Verbatim(_) | Self::Body(_) => true,
            Self::List(list) => !list.is_empty() && !list.open.breaks_line(),
            Self::Indent(inner) => inner.is_huggable(),
            Self::Group(group) => group.hugs,
            Self::Concat(Concat { parts, .. }) => parts
                .split_last()
                .is_some_and(|(last, before)| last.is_huggable() && !before.iter().any(Self::breaks_line)),
            _ => false,
        }
    }
}

impl<'s> List<'s> {
    /// Brackets with elements; `breaks` puts each on a line, whether they fit on one or not.
    pub(super) fn new(open: Doc<'s>, items: Vec<Item<'s>>, close: Doc<'s>, style: Style, breaks: bool) -> Self {
        let is_forced = breaks
            || open.breaks_line()
            || close.is_forced()
            || items.iter().any(|item| item.trailing.is_some() || item.doc.breaks_line());
        Self { open, items, dangling: Vec::new(), close, style, hugs: false, is_forced }
    }

    /// With comments before the closing bracket.
    pub(super) fn dangling(mut self, dangling: Vec<Doc<'s>>) -> Self {
        self.is_forced |= !dangling.is_empty();
        self.dangling = dangling;
        self
    }

    /// Lets the last element break alone, if nothing before it has to break. Not where the first line would end
    /// with a comment.
    pub(super) fn hugging(mut self) -> Self {
        self.hugs = self.dangling.is_empty()
            && !self.open.breaks_line()
            && self.items.iter().all(|item| item.trailing.is_none() && !item.doc.ends_with_comment())
            && self.items.split_last().is_some_and(|(last, before)| {
                !before.iter().any(|item| item.doc.is_forced()) && last.doc.is_huggable()
            });
        self
    }

    /// Whether nothing is between the brackets.
    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty() && self.dangling.is_empty()
    }

    /// As a document.
    pub(super) fn doc(self) -> Doc<'s> {
        Doc::List(Box::new(self))
    }
}

/// The columns that a text takes.
pub(super) fn width(text: &str) -> usize {
    if text.is_ascii() { text.len() } else { text.width() }
}
