//! Which steps of a block can start, as others end.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::check::program::Step;

/// The order of a block's steps, worked out once for all executions of the block.
#[derive(Debug)]
pub(crate) struct Order {
    upstream: Vec<usize>,
    downstream: Vec<Vec<usize>>,
}

impl Order {
    /// Reads the order off the steps.
    pub(crate) fn of(steps: &[Step]) -> Self {
        let mut downstream = vec![Vec::new(); steps.len()];
        for (at, step) in steps.iter().enumerate() {
            for before in &step.upstream {
                if let Some(after) = downstream.get_mut(*before) {
                    after.push(at);
                }
            }
        }
        Self { upstream: steps.iter().map(|step| step.upstream.len()).collect(), downstream }
    }
}

/// One execution of a block: what is ready, what still waits.
#[derive(Debug)]
pub(crate) struct Schedule<'a> {
    order: &'a Order,
    waiting_for: Vec<usize>,
    ready: BinaryHeap<Reverse<usize>>,
    left: usize,
}

impl<'a> Schedule<'a> {
    /// Nothing has run yet.
    pub(crate) fn new(order: &'a Order) -> Self {
        let waiting_for = order.upstream.clone();
        let ready = waiting_for.iter().enumerate().filter(|(_, n)| **n == 0).map(|(at, _)| Reverse(at)).collect();
        Self { order, left: waiting_for.len(), waiting_for, ready }
    }

    /// The first step, in the order of the file, that can start now.
    pub(crate) fn next(&mut self) -> Option<usize> {
        self.ready.pop().map(|Reverse(at)| at)
    }

    /// A step ended well: those that waited for it alone are ready.
    pub(crate) fn done(&mut self, at: usize) {
        self.left = self.left.saturating_sub(1);
        for after in self.order.downstream.get(at).into_iter().flatten() {
            if let Some(waiting) = self.waiting_for.get_mut(*after) {
                *waiting = waiting.saturating_sub(1);
                if *waiting == 0 {
                    self.ready.push(Reverse(*after));
                }
            }
        }
    }

    /// Whether every step has ended well.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }
}
