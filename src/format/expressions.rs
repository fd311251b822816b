//! Expressions.
//!
//! Chains lean to the left in the tree and may be long, so they are walked by loops; what recurses is bounded by
//! the nesting of brackets.

use super::document::{Commas, Doc, Item, List, Style};
use super::lexemes::is_paren;
use super::writer::{BRACES, Writer, tight};
use super::{queries, tables};
use crate::syntax::ast::{Argument, BinaryOperator, Comprehension, Entry, Expr, ExprKind, Pattern};

/// An expression with what matters to what stands around it.
pub(super) struct Written<'s> {
    pub(super) doc: Doc<'s>,
    shape: Shape,
}

/// What an expression ends with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shape {
    /// Brackets, or a query of several lines, and nothing before them.
    Brackets,
    /// The arguments of a call.
    Call,
    /// Anything else.
    Plain,
}

impl<'s> Written<'s> {
    const fn plain(doc: Doc<'s>) -> Self {
        Self { doc, shape: Shape::Plain }
    }

    const fn brackets(doc: Doc<'s>) -> Self {
        Self { doc, shape: Shape::Brackets }
    }
}

impl<'s> Writer<'s> {
    /// An expression.
    pub(super) fn expr(&mut self, expr: &Expr) -> Doc<'s> {
        self.written(expr).doc
    }

    /// An expression behind a `:` or a keyword, with the space before it. A conditional that does not fit begins a
    /// line.
    pub(super) fn value(&mut self, expr: &Expr) -> Doc<'s> {
        match &expr.kind {
            ExprKind::If(..) if !is_paren(self.next().and_then(|next| next.kind)) => {
                let branches = self.branches(expr);
                Doc::group(Doc::indent([Doc::Line, Doc::group(branches)]))
            }
            _ => Doc::concat([Doc::Space, self.expr(expr)]),
        }
    }

    /// An expression behind the `=` of a step, an output, a default. A chain of operators goes to the next line if
    /// it is whole there; calls and lists break in their brackets.
    pub(super) fn assigned(&mut self, expr: &Expr) -> Doc<'s> {
        match &expr.kind {
            ExprKind::Binary(..) => self.defined(expr),
            _ => self.value(expr),
        }
    }

    /// An expression behind the `=` of a definition, whose head is long.
    pub(super) fn defined(&mut self, expr: &Expr) -> Doc<'s> {
        match &expr.kind {
            ExprKind::If(..) => self.value(expr),
            _ => Doc::Value(Box::new(self.expr(expr))),
        }
    }

    fn written(&mut self, expr: &Expr) -> Written<'s> {
        self.wrapped(expr, self.last_until(expr.span.end))
    }

    /// An expression whose last token has the number `last`. The tree has no node for parentheses; those that the
    /// next token opens are around all of it if they do not close before that.
    fn wrapped(&mut self, expr: &Expr, last: usize) -> Written<'s> {
        let next = self.next();
        let partner = next.filter(|next| is_paren(next.kind)).and_then(|next| next.partner);
        match partner.filter(|partner| *partner >= last) {
            Some(partner) => Written::plain(self.parentheses(expr, partner)),
            None => self.bare(expr, last),
        }
    }

    fn parentheses(&mut self, expr: &Expr, partner: usize) -> Doc<'s> {
        let inner = |writer: &mut Self, inner: &Expr| writer.wrapped(inner, partner.saturating_sub(1)).doc;
        self.list(std::slice::from_ref(expr), tight(Commas::None), false, inner).doc()
    }

    fn bare(&mut self, expr: &Expr, last: usize) -> Written<'s> {
        match &expr.kind {
            ExprKind::Field { .. } | ExprKind::Call { .. } | ExprKind::Index(..) | ExprKind::Cast(..) => {
                self.postfixes(expr)
            }
            ExprKind::Unary(operator, operand) => Written::plain(self.unary(operator.span.end, operand)),
            ExprKind::Binary(_, operator, _) => Written::plain(self.chain(expr, operator.node)),
            ExprKind::If(..) => Written::plain(Doc::group(self.branches(expr))),
            ExprKind::List(items) => {
                let breaks = self.ends_line();
                Written::brackets(self.list(items, tight(Commas::Trailing), breaks, Self::expr).doc())
            }
            ExprKind::Record(entries) => {
                let breaks = self.ends_line();
                Written::brackets(self.list(entries, BRACES, breaks, Self::entry).doc())
            }
            ExprKind::ListComprehension(item, comprehension) => {
                self.comprehension(tight(Commas::None), comprehension, |writer| writer.expr(item))
            }
            ExprKind::MapComprehension(entry, comprehension) => {
                let style = Style { padded: true, commas: Commas::None };
                self.comprehension(style, comprehension, |writer| writer.entry(entry))
            }
            ExprKind::Table { columns, rows } => Written::brackets(tables::table(self, columns, rows)),
            ExprKind::Tagged(tagged) => {
                Written::brackets(self.take(self.end_of(last), |text| queries::query(text, tagged.tag)))
            }
            ExprKind::Literal(_) | ExprKind::Interpolated(_) | ExprKind::Name(_) => Written::plain(self.through(last)),
        }
    }

    /// `-a`, `not a`. Two signs stay apart: `--` is taken for the beginning of a comment.
    fn unary(&mut self, operator_end: u32, operand: &Expr) -> Doc<'s> {
        let is_word = self.peek() != "-";
        let operator = self.until(operator_end as usize);
        let space = is_word || self.peek() == "-";
        let operand = self.expr(operand);
        if space { Doc::concat([operator, Doc::Space, operand]) } else { Doc::concat([operator, operand]) }
    }

    // ---- chains --------------------------------------------------------------------------------------

    /// `a.b(c)[d] as T`.
    fn postfixes(&mut self, expr: &Expr) -> Written<'s> {
        let mut links = vec![expr];
        while let Some(of) = links.last().and_then(|link| operand(link))
            && operand(of).is_some_and(|inner| !is_wrapped(of, inner))
        {
            links.push(of);
        }
        let base = links.last().and_then(|link| operand(link));
        let Written { doc, mut shape } =
            base.map_or_else(|| Written::plain(Doc::concat([])), |base| self.written(base));
        let mut parts = vec![doc];
        for link in links.into_iter().rev() {
            let (part, ends_with) = self.postfix(link);
            parts.push(part);
            shape = ends_with;
        }
        Written { doc: Doc::concat(parts), shape }
    }

    fn postfix(&mut self, link: &Expr) -> (Doc<'s>, Shape) {
        match &link.kind {
            ExprKind::Call { arguments, .. } => (self.arguments(arguments), Shape::Call),
            ExprKind::Index(_, index) => {
                let index = std::slice::from_ref(&**index);
                (self.list(index, tight(Commas::None), false, Self::expr).doc(), Shape::Plain)
            }
            ExprKind::Cast(_, ty) => (Doc::concat([Doc::Space, self.word(), self.ty(ty)]), Shape::Plain),
            _ => (self.tokens(2), Shape::Plain),
        }
    }

    fn arguments(&mut self, arguments: &[Argument]) -> Doc<'s> {
        let breaks = self.ends_line();
        let mut last = Shape::Plain;
        let list = self.list(arguments, tight(Commas::Trailing), breaks, |writer, argument| {
            if argument.name.is_some() {
                let name = writer.tokens(2);
                let written = writer.named(&argument.value);
                last = written.shape;
                return Doc::concat([name, written.doc]);
            }
            let written = writer.written(&argument.value);
            last = written.shape;
            written.doc
        });
        let hugs = !breaks && (last == Shape::Brackets || last == Shape::Call && arguments.len() == 1);
        if hugs { list.hugging() } else { list }.doc()
    }

    /// A value behind its name and colon.
    fn named(&mut self, value: &Expr) -> Written<'s> {
        if matches!(value.kind, ExprKind::If(..)) {
            return Written::plain(self.value(value));
        }
        let Written { doc, shape } = self.written(value);
        Written { doc: Doc::concat([Doc::Space, doc]), shape }
    }

    fn entry(&mut self, entry: &Entry) -> Doc<'s> {
        let key = if entry.is_label { self.token() } else { self.expr(&entry.key) };
        Doc::concat([key, self.token(), self.value(&entry.value)])
    }

    /// `a + b - c`: operators that bind alike break together.
    fn chain(&mut self, expr: &Expr, operator: BinaryOperator) -> Doc<'s> {
        let mut links = Vec::new();
        let mut first = expr;
        while let ExprKind::Binary(left, symbol, right) = &first.kind
            && level(symbol.node) == level(operator)
            && (links.is_empty() || !is_wrapped(first, left))
        {
            links.push((symbol.span.end, right));
            first = left;
        }
        let first = self.expr(first);
        let mut rest = Vec::new();
        let mut shape = Shape::Plain;
        for (end, operand) in links.into_iter().rev() {
            let operator = self.operator(end);
            let operand = self.written(operand);
            shape = operand.shape;
            rest.extend([Doc::Line, operator, Doc::Space, operand.doc]);
        }
        let chain = Doc::concat([first, Doc::indent(rest)]);
        if shape == Shape::Brackets { Doc::hugging(chain) } else { Doc::group(chain) }
    }

    /// An operator up to the byte `end`; `not in` is of two words.
    fn operator(&mut self, end: u32) -> Doc<'s> {
        if self.peek() == "not" {
            return Doc::concat([self.word(), self.token()]);
        }
        self.until(end as usize)
    }

    /// `if a then b else if c then d else e`.
    fn branches(&mut self, expr: &Expr) -> Doc<'s> {
        let mut parts = Vec::new();
        let mut rest = expr;
        while let ExprKind::If(condition, then, otherwise) = &rest.kind
            && self.peek() != "("
        {
            let (word, condition) = (self.word(), self.expr(condition));
            let then = Doc::concat([self.token(), self.value(then)]);
            parts.push(Doc::group(Doc::concat([word, condition, Doc::indent([Doc::Line, then])])));
            parts.extend([Doc::Line, self.word()]);
            rest = otherwise;
        }
        parts.push(self.expr(rest));
        Doc::concat(parts)
    }

    // ---- comprehensions ------------------------------------------------------------------------------

    fn comprehension(
        &mut self,
        style: Style,
        comprehension: &Comprehension,
        write: impl FnOnce(&mut Self) -> Doc<'s>,
    ) -> Written<'s> {
        let breaks = self.ends_line();
        let open = self.open();
        let mut parts = vec![self.begin(write)];
        for (pattern, over) in &comprehension.loops {
            parts.push(self.begin(|writer| {
                Doc::concat([writer.word(), writer.pattern(pattern), Doc::Space, writer.word(), writer.expr(over)])
            }));
        }
        if let Some(filter) = &comprehension.filter {
            parts.push(self.begin(|writer| Doc::concat([writer.word(), writer.expr(filter)])));
        }
        let items = parts.into_iter().map(|doc| Item { doc, trailing: None }).collect();
        let (dangling, close) = self.close();
        Written::brackets(List::new(open, items, close, style, breaks).dangling(dangling).doc())
    }

    /// `x`, or `k, v`.
    pub(super) fn pattern(&mut self, pattern: &Pattern) -> Doc<'s> {
        let first = self.token();
        if pattern.second.is_none() {
            return first;
        }
        Doc::concat([first, self.word(), self.token()])
    }
}

/// What a postfix operator stands behind.
fn operand(expr: &Expr) -> Option<&Expr> {
    match &expr.kind {
        ExprKind::Field { of, .. } | ExprKind::Call { callee: of, .. } => Some(of),
        ExprKind::Index(of, _) | ExprKind::Cast(of, _) => Some(of),
        _ => None,
    }
}

/// Whether an expression stands in parentheses; its span begins with them then, and not with what it begins with.
const fn is_wrapped(expr: &Expr, begins_with: &Expr) -> bool {
    expr.span.start < begins_with.span.start
}

/// How much an operator binds.
const fn level(operator: BinaryOperator) -> u8 {
    use BinaryOperator as B;
    match operator {
        B::Or => 1,
        B::And => 2,
        B::Equal | B::NotEqual | B::Less | B::LessOrEqual | B::Greater | B::GreaterOrEqual | B::In | B::NotIn => 3,
        B::Coalesce => 4,
        B::Through | B::Until => 5,
        B::Add | B::Subtract => 6,
        B::Multiply | B::Divide | B::Remainder => 7,
    }
}
