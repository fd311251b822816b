//! Expressions.

use std::sync::{Arc, LazyLock};

use pest::iterators::{Pair, Pairs};
use pest::pratt_parser::{Assoc, Op, PrattParser};

use super::super::ast::{
    Argument, BinaryOperator, Comprehension, Entry, Expr, ExprKind, Fragment, Literal, UnaryOperator,
};
use super::super::parser::Rule;
use super::super::{MAX_DEPTH, MAX_NESTING};
use super::{Reader, child, children, literals};
use crate::diagnostic::{Diagnostic, codes};
use crate::source::{Span, Spanned};

type Node<'i> = Pair<'i, Rule>;

/// From what binds least to what binds most.
static PRATT: LazyLock<PrattParser<Rule>> = LazyLock::new(|| {
    let left = |rule| Op::infix(rule, Assoc::Left);
    PrattParser::new()
        .op(left(Rule::k_or))
        .op(left(Rule::k_and))
        .op(Op::prefix(Rule::k_not))
        .op(left(Rule::compare_op))
        .op(left(Rule::coalesce))
        .op(left(Rule::range_op))
        .op(left(Rule::add_op))
        .op(left(Rule::multiply_op))
        .op(Op::prefix(Rule::minus))
        .op(Op::postfix(Rule::cast))
        .op(Op::postfix(Rule::call) | Op::postfix(Rule::index) | Op::postfix(Rule::field))
});

/// An expression with the number of levels below it, itself included.
pub(super) struct Built {
    pub(super) expr: Expr,
    depth: usize,
}

impl Reader<'_> {
    /// An expression by the rule `expr`.
    pub(super) fn expr(&self, pair: Node<'_>) -> Option<Expr> {
        self.built(pair).map(|built| built.expr)
    }

    /// The one expression of a text.
    pub(in crate::syntax) fn lone_expression(&self, mut pairs: Pairs<'_, Rule>) -> Option<Expr> {
        self.expr(child(&pairs.next()?, Rule::expr)?)
    }

    fn built(&self, pair: Node<'_>) -> Option<Built> {
        let span = self.span(&pair);
        let mut inner = pair.into_inner();
        if inner.len() == 1 {
            return self.primary(&inner.next()?);
        }
        let prefixes = inner.clone().filter(|part| matches!(part.as_rule(), Rule::minus | Rule::k_not)).count();
        if prefixes > MAX_NESTING || inner.len() > 2 * MAX_DEPTH {
            return Some(self.too_long(span));
        }
        PRATT
            .map_primary(|primary| self.primary(&primary))
            .map_prefix(|operator, operand| operand.map(|operand| self.unary(&operator, operand)))
            .map_postfix(|operand, postfix| self.postfix(operand?, &postfix))
            .map_infix(|left, operator, right| self.binary(left?, &operator, right?))
            .parse(inner)
    }

    /// Puts an expression over others, of which the deepest has `below` levels.
    fn seal(&self, kind: ExprKind, span: Span, below: usize) -> Built {
        if below >= MAX_DEPTH {
            return self.too_long(span);
        }
        Built { expr: Expr { kind, span }, depth: below + 1 }
    }

    fn too_long(&self, span: Span) -> Built {
        if !self.chained.replace(true) {
            let message = format!("this expression is a chain of more than {MAX_DEPTH} operations");
            let finding = Diagnostic::new(&codes::VF001, span, message)
                .help("give its parts names of their own, or put the values in a list and use `sum`, `all` or `any`");
            self.report(finding);
        }
        Built { expr: Expr { kind: ExprKind::Literal(Literal::None), span }, depth: 1 }
    }

    fn unary(&self, operator: &Node<'_>, operand: Built) -> Built {
        let symbol = if operator.as_rule() == Rule::k_not { UnaryOperator::Not } else { UnaryOperator::Negate };
        let place = self.span(operator);
        let span = place.to(operand.expr.span);
        self.seal(ExprKind::Unary(Spanned::new(symbol, place), Box::new(operand.expr)), span, operand.depth)
    }

    fn binary(&self, left: Built, operator: &Node<'_>, right: Built) -> Option<Built> {
        let symbol = Spanned::new(binary_operator(self.written(operator))?, self.span(operator));
        let span = left.expr.span.to(right.expr.span);
        let below = left.depth.max(right.depth);
        Some(self.seal(ExprKind::Binary(Box::new(left.expr), symbol, Box::new(right.expr)), span, below))
    }

    fn postfix(&self, operand: Built, pair: &Node<'_>) -> Option<Built> {
        let span = operand.expr.span.to(self.span(pair));
        let of = Box::new(operand.expr);
        let (kind, below) = match pair.as_rule() {
            Rule::field => {
                let name = self.label(&child(pair, Rule::label)?);
                (ExprKind::Field { of, name, optional: child(pair, Rule::dot_or_none).is_some() }, 0)
            }
            Rule::index => {
                let index = self.built(child(pair, Rule::expr)?)?;
                (ExprKind::Index(of, Box::new(index.expr)), index.depth)
            }
            Rule::cast => (ExprKind::Cast(of, self.type_expr(&child(pair, Rule::ty)?)?), 0),
            _ => {
                let (arguments, below) = self.arguments(pair)?;
                (ExprKind::Call { callee: of, arguments, arguments_span: self.span(pair) }, below)
            }
        };
        Some(self.seal(kind, span, operand.depth.max(below)))
    }

    fn label(&self, pair: &Node<'_>) -> Spanned<Arc<str>> {
        Spanned::new(Arc::from(self.written(pair)), self.span(pair))
    }

    fn arguments(&self, pair: &Node<'_>) -> Option<(Vec<Argument>, usize)> {
        let mut below = 0;
        let argument = |pair: Node<'_>| {
            let value = self.built(child(&pair, Rule::expr)?)?;
            below = below.max(value.depth);
            Some(Argument { name: child(&pair, Rule::label).map(|name| self.label(&name)), value: value.expr })
        };
        let arguments = children(pair, Rule::arg).map(argument).collect::<Option<_>>()?;
        Some((arguments, below))
    }

    fn primary(&self, pair: &Node<'_>) -> Option<Built> {
        let span = self.span(pair);
        let leaf = |kind| Some(self.seal(kind, span, 0));
        match pair.as_rule() {
            Rule::literal => self.literal_expr(pair),
            Rule::ident => leaf(self.name_or_literal(pair)),
            Rule::paren => {
                let mut inner = self.built(child(pair, Rule::expr)?)?;
                inner.expr.span = span;
                Some(inner)
            }
            Rule::if_ => self.conditional(pair),
            Rule::list => self.list(pair),
            Rule::record => self.record(pair),
            Rule::table => leaf(self.table(pair)?),
            _ => None,
        }
    }

    /// A name; what other languages write for `none`, `true` and `false` is reported and read as that.
    fn name_or_literal(&self, pair: &Node<'_>) -> ExprKind {
        let written = self.written(pair);
        let Some(word) = literals::foreign_literal(written) else {
            return ExprKind::Name(Arc::from(written));
        };
        let span = self.span(pair);
        let finding = Diagnostic::new(&codes::VF001, span, format!("`{written}` is written `{word}` here"));
        self.report(finding.fix(format!("write `{word}`"), span, word));
        ExprKind::Literal(match word {
            "none" => Literal::None,
            word => Literal::Bool(word == "true"),
        })
    }

    fn conditional(&self, pair: &Node<'_>) -> Option<Built> {
        let mut parts = children(pair, Rule::expr).map(|part| self.built(part));
        let (condition, then, otherwise) = (parts.next()??, parts.next()??, parts.next()??);
        let below = condition.depth.max(then.depth).max(otherwise.depth);
        let kind = ExprKind::If(Box::new(condition.expr), Box::new(then.expr), Box::new(otherwise.expr));
        Some(self.seal(kind, self.span(pair), below))
    }

    fn list(&self, pair: &Node<'_>) -> Option<Built> {
        let built: Vec<Built> = children(pair, Rule::expr).map(|item| self.built(item)).collect::<Option<_>>()?;
        let below = built.iter().map(|item| item.depth).max().unwrap_or(0);
        let mut items: Vec<Expr> = built.into_iter().map(|item| item.expr).collect();
        let Some(comprehension) = child(pair, Rule::comprehension) else {
            return Some(self.seal(ExprKind::List(items), self.span(pair), below));
        };
        let (comprehension, deeper) = self.comprehension(&comprehension)?;
        let kind = ExprKind::ListComprehension(Box::new(items.pop()?), comprehension);
        Some(self.seal(kind, self.span(pair), below.max(deeper)))
    }

    fn comprehension(&self, pair: &Node<'_>) -> Option<(Comprehension, usize)> {
        let mut below = 0;
        let mut level = |pair: Node<'_>| {
            let built = self.built(pair)?;
            below = below.max(built.depth);
            Some(built.expr)
        };
        let mut loops = Vec::new();
        for each in children(pair, Rule::comp_for) {
            loops.push((self.pattern(&child(&each, Rule::pattern)?)?, level(child(&each, Rule::expr)?)?));
        }
        let filter = match child(pair, Rule::comp_if) {
            Some(filter) => Some(Box::new(level(child(&filter, Rule::expr)?)?)),
            None => None,
        };
        Some((Comprehension { loops, filter }, below))
    }

    /// `{ … }`: a record, a map or a map comprehension.
    pub(super) fn record(&self, pair: &Node<'_>) -> Option<Built> {
        let mut below = 0;
        let mut entries = Vec::new();
        for entry in children(pair, Rule::entry) {
            let (entry, depth) = self.entry(&entry)?;
            below = below.max(depth);
            entries.push(entry);
        }
        let Some(comprehension) = child(pair, Rule::comprehension) else {
            return Some(self.seal(ExprKind::Record(entries), self.span(pair), below));
        };
        let (comprehension, deeper) = self.comprehension(&comprehension)?;
        let kind = ExprKind::MapComprehension(Box::new(entries.pop()?), comprehension);
        Some(self.seal(kind, self.span(pair), below.max(deeper)))
    }

    fn entry(&self, pair: &Node<'_>) -> Option<(Entry, usize)> {
        let label = child(pair, Rule::label);
        let is_label = label.is_some();
        let mut parts = children(pair, Rule::expr);
        let key = match label {
            Some(label) => self.seal(ExprKind::Name(Arc::from(self.written(&label))), self.span(&label), 0),
            None => self.built(parts.next()?)?,
        };
        let value = self.built(parts.next()?)?;
        Some((Entry { key: key.expr, is_label, value: value.expr }, key.depth.max(value.depth)))
    }

    fn table(&self, pair: &Node<'_>) -> Option<ExprKind> {
        let header = child(pair, Rule::header)?;
        let columns: Vec<_> = children(&header, Rule::label).map(|label| self.label(&label)).collect();
        let mut rows = Vec::new();
        for row in children(pair, Rule::row) {
            let cells: Vec<Expr> = children(&row, Rule::cell).map(|cell| self.cell(&cell)).collect::<Option<_>>()?;
            if cells.len() == columns.len() {
                rows.push(cells);
            } else {
                let message = format!("this row has {}, the header has {}", counted(cells.len()), columns.len());
                let finding = Diagnostic::new(&codes::VF001, self.span(&row), message);
                self.report(
                    finding
                        .label(self.span(&header), "the header")
                        .help("give each row as many cells as the header; `none` stands for an absent value"),
                );
            }
        }
        Some(ExprKind::Table { columns, rows })
    }

    fn cell(&self, pair: &Node<'_>) -> Option<Expr> {
        let mut inner = pair.clone().into_inner();
        let first = inner.next()?;
        let built = match (first.as_rule(), inner.next()) {
            (Rule::literal, _) => self.literal_expr(&first)?,
            (Rule::minus, Some(number)) => {
                let kind = self.literal(&number)?;
                self.unary(&first, self.seal(kind, self.span(&number), 0))
            }
            _ => self.seal(self.name_or_literal(&first), self.span(&first), 0),
        };
        Some(built.expr)
    }

    fn literal_expr(&self, pair: &Node<'_>) -> Option<Built> {
        let inner = pair.clone().into_inner().next()?;
        if inner.as_rule() == Rule::fstring {
            return self.interpolated(&inner);
        }
        Some(self.seal(self.literal(&inner)?, self.span(pair), 0))
    }

    fn interpolated(&self, pair: &Node<'_>) -> Option<Built> {
        let mut below = 0;
        let mut fragments = Vec::new();
        for part in pair.clone().into_inner() {
            if part.as_rule() != Rule::hole {
                let written = self.written(&part);
                let written = if part.as_rule() == Rule::fend { written.strip_suffix('"')? } else { written };
                if !written.is_empty() {
                    fragments.push(Fragment::Text(self.unescaped(written, self.range(&part).start, true)));
                }
                continue;
            }
            let value = self.built(child(&part, Rule::expr)?)?;
            below = below.max(value.depth);
            fragments.push(Fragment::Hole { value: Box::new(value.expr), format: self.format(&part) });
        }
        Some(self.seal(ExprKind::Interpolated(fragments), self.span(pair), below))
    }

    fn format(&self, hole: &Node<'_>) -> Option<Spanned<Arc<str>>> {
        let format = child(hole, Rule::format)?;
        let range = self.range(&format);
        let text = self.written(&format).strip_prefix(':')?;
        Some(Spanned::new(Arc::from(text), self.span_of(range.start + 1..range.end)))
    }
}

fn counted(cells: usize) -> String {
    if cells == 1 { "1 cell".to_owned() } else { format!("{cells} cells") }
}

fn binary_operator(written: &str) -> Option<BinaryOperator> {
    use BinaryOperator as B;
    Some(match written {
        "or" => B::Or,
        "and" => B::And,
        "==" => B::Equal,
        "!=" => B::NotEqual,
        "<" => B::Less,
        "<=" => B::LessOrEqual,
        ">" => B::Greater,
        ">=" => B::GreaterOrEqual,
        "in" => B::In,
        "??" => B::Coalesce,
        "through" => B::Through,
        "until" => B::Until,
        "+" => B::Add,
        "-" => B::Subtract,
        "*" => B::Multiply,
        "/" => B::Divide,
        "%" => B::Remainder,
        // `not   in`, with whatever white space between.
        _ if written.starts_with("not") => B::NotIn,
        _ => return None,
    })
}
