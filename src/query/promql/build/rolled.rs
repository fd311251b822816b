//! Operands with what may follow them: windows, offsets, `@`.

use pest::iterators::Pair;

use super::{Builder, Built, first, place};
use crate::query::promql::ast::{Length, Node, NodeKind, Window};
use crate::query::promql::literal;
use crate::query::promql::syntax::Rule;
use crate::query::promql::template::HolePosition;

impl Builder<'_> {
    /// An operand, and where its minus stands: `-a ^ b` is `-(a ^ b)`.
    pub(super) fn operand(&mut self, pair: Pair<'_, Rule>) -> Built<(Node, Option<usize>)> {
        let (start, end) = place(&pair);
        let mut negative = false;
        let mut rolled = Rolled::default();
        let mut node = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::sign => negative ^= part.as_str() == "-",
                Rule::primary => node = Some(self.primary(part)?),
                Rule::window => rolled.window = Some(self.window(part)?),
                _ => self.shift(part, &mut rolled)?,
            }
        }
        let node = node.ok_or_else(|| self.error((start, end), "an expression is missing"))?;
        Ok((self.roll(node, rolled, end)?, negative.then_some(start)))
    }

    pub(super) fn roll(&mut self, node: Node, rolled: Rolled, end: usize) -> Built<Node> {
        if rolled.is_empty() {
            return Ok(node);
        }
        if let (NodeKind::Hole(hole), Some(_)) = (&node.kind, &rolled.window)
            && !self.is_misplaced(*hole)
        {
            self.misplaced_name(*hole, (node.start, node.end), None);
        }
        let start = node.start;
        let Rolled { window, offset, at } = rolled;
        self.node(NodeKind::Rolled { of: Box::new(node), window, offset, at }, (start, end))
    }

    pub(super) fn window(&mut self, pair: Pair<'_, Rule>) -> Built<Window> {
        let at = place(&pair);
        let mut window = Window { range: None, step: None };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::length => window.range = Some(self.length(part)?),
                _ => window.step = Some(first(part, Rule::step).map(|step| self.length(step)).transpose()?),
            }
        }
        if window.range.is_none() {
            self.foreign(at, "a subquery without a range", "write how far back it goes: `[1h:1m]`");
        }
        Ok(window)
    }

    pub(super) fn length(&mut self, pair: Pair<'_, Rule>) -> Built<Length> {
        let at = place(&pair);
        let Some(part) = pair.into_inner().next() else { return Err(self.error(at, "a duration is missing")) };
        match part.as_rule() {
            Rule::hole => Ok(Length::Hole(self.hole(&part, HolePosition::Duration { signed: false }))),
            Rule::duration | Rule::whole => {
                if let Err((what, help)) = literal::prometheus_duration(part.as_str()) {
                    self.foreign(at, what, help);
                }
                Ok(literal::duration(part.as_str()))
            }
            _ => {
                self.foreign(at, "a length without a unit", "add the unit: `5m`, `30s`");
                let seconds = literal::number(part.as_str()).map_err(|message| self.error(at, message))?;
                Ok(Length::Fixed { ms: seconds * 1e3, steps: 0.0 })
            }
        }
    }

    pub(super) fn shift(&mut self, pair: Pair<'_, Rule>, rolled: &mut Rolled) -> Built<()> {
        let at = place(&pair);
        let Some(part) = pair.into_inner().next() else { return Ok(()) };
        let is_offset = part.as_rule() == Rule::offset;
        if (is_offset && rolled.offset.is_some()) || (!is_offset && rolled.at.is_some()) {
            return Err(self.error(at, if is_offset { "a second `offset`" } else { "a second `@`" }));
        }
        if is_offset {
            rolled.offset = Some(self.offset(part)?);
        } else {
            let (node, sign) = self.operand(part)?;
            if let NodeKind::Hole(hole) = node.kind {
                self.place_hole(hole, HolePosition::Instant);
            }
            let node = if let Some(start) = sign { self.negate(node, start)? } else { node };
            rolled.at = Some(Box::new(node));
        }
        Ok(())
    }

    pub(super) fn offset(&mut self, pair: Pair<'_, Rule>) -> Built<Length> {
        let mut sign = 1.0;
        let mut length = Length::Fixed { ms: 0.0, steps: 0.0 };
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::minus => sign = -1.0,
                Rule::length => length = self.length(part)?,
                _ => {}
            }
        }
        Ok(match length {
            Length::Fixed { ms, steps } => Length::Fixed { ms: sign * ms, steps: sign * steps },
            Length::Hole(hole) => {
                self.place_hole(hole, HolePosition::Duration { signed: sign > 0.0 });
                length
            }
        })
    }
}

#[derive(Default)]
pub(super) struct Rolled {
    window: Option<Window>,
    offset: Option<Length>,
    at: Option<Box<Node>>,
}

impl Rolled {
    fn is_empty(&self) -> bool {
        self.window.is_none() && self.offset.is_none() && self.at.is_none()
    }
}
