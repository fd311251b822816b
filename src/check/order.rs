//! What depends on what: order, and cycles drawn as a path.

use std::collections::BTreeSet;

use petgraph::algo::kosaraju_scc;
use petgraph::graph::{DiGraph, NodeIndex};

/// Nodes `0..n`, with an edge from each to what it uses.
pub(super) struct Graph {
    uses: Vec<Vec<usize>>,
}

impl Graph {
    /// A graph of `count` nodes; an edge `(a, b)` says that `a` uses `b`.
    pub(super) fn new(count: usize, edges: impl IntoIterator<Item = (usize, usize)>) -> Self {
        let mut uses = vec![Vec::new(); count];
        for (from, to) in edges {
            if let Some(list) = uses.get_mut(from) {
                list.push(to);
            }
        }
        Self { uses }
    }

    fn components(&self) -> Vec<Vec<usize>> {
        let mut graph: DiGraph<(), ()> = DiGraph::with_capacity(self.uses.len(), 0);
        for _ in &self.uses {
            graph.add_node(());
        }
        for (from, list) in self.uses.iter().enumerate() {
            for to in list {
                graph.add_edge(NodeIndex::new(from), NodeIndex::new(*to), ());
            }
        }
        // Not Tarjan's: that one is recursive, and a long chain would need a frame for each link.
        kosaraju_scc(&graph).into_iter().map(|part| part.into_iter().map(NodeIndex::index).collect()).collect()
    }

    /// One cycle for each knot, each beginning at its lowest node: `[a, b, c]` where a uses b, b uses c, c uses a.
    pub(super) fn cycles(&self) -> Vec<Vec<usize>> {
        let mut cycles: Vec<Vec<usize>> = self.components().iter().filter_map(|part| self.cycle_in(part)).collect();
        cycles.sort();
        cycles
    }

    /// The shortest way from the lowest node of a component back to itself.
    fn cycle_in(&self, part: &[usize]) -> Option<Vec<usize>> {
        let start = *part.iter().min()?;
        // Nearly all: a statement by itself, which does not wait for itself.
        if part.len() == 1 && !self.uses.get(start)?.contains(&start) {
            return None;
        }
        let inside: BTreeSet<usize> = part.iter().copied().collect();
        let mut came_from = std::collections::HashMap::new();
        let mut queue = std::collections::VecDeque::from([start]);
        while let Some(at) = queue.pop_front() {
            for next in self.uses.get(at)?.iter().filter(|next| inside.contains(next)) {
                if *next == start {
                    return Some(path_to(at, start, &came_from));
                }
                if !came_from.contains_key(next) {
                    came_from.insert(*next, at);
                    queue.push_back(*next);
                }
            }
        }
        None
    }

    /// Every node after what it uses; nodes that are free to choose keep their order. Nodes on a
    /// cycle come where they can.
    pub(super) fn order(&self) -> Vec<usize> {
        let mut order = Vec::with_capacity(self.uses.len());
        let mut state = vec![0_u8; self.uses.len()];
        for start in 0..self.uses.len() {
            self.visit(start, &mut state, &mut order);
        }
        order
    }

    /// Depth first without recursion: a chain of 10,000 steps must not need 10,000 frames.
    fn visit(&self, start: usize, state: &mut [u8], order: &mut Vec<usize>) {
        let mut stack = vec![(start, 0_usize)];
        while let Some((at, edge)) = stack.pop() {
            let Some(mark) = state.get_mut(at) else { continue };
            if edge == 0 {
                if *mark != 0 {
                    continue;
                }
                *mark = 1;
            }
            match self.uses.get(at).and_then(|uses| uses.get(edge)) {
                Some(next) => {
                    stack.push((at, edge + 1));
                    if state.get(*next) == Some(&0) {
                        stack.push((*next, 0));
                    }
                }
                None => order.push(at),
            }
        }
    }
}

fn path_to(end: usize, start: usize, came_from: &std::collections::HashMap<usize, usize>) -> Vec<usize> {
    let mut path = vec![end];
    let mut at = end;
    while at != start {
        let Some(before) = came_from.get(&at) else { break };
        at = *before;
        path.push(at);
    }
    path.reverse();
    path
}

/// `a → b → c → a`.
pub(super) fn draw(names: &[&str]) -> String {
    let mut path = names.to_vec();
    path.extend(names.first());
    path.join(" → ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_follows_uses_and_keeps_the_rest() {
        let graph = Graph::new(4, [(0, 2), (2, 3)]);
        assert_eq!(graph.order(), [3, 2, 0, 1]);
        assert!(graph.cycles().is_empty());
    }

    #[test]
    fn a_cycle_is_its_shortest_path_from_the_lowest_node() {
        let graph = Graph::new(5, [(1, 2), (2, 3), (3, 1), (2, 1), (4, 4)]);
        assert_eq!(graph.cycles(), [vec![1, 2], vec![4]]);
        assert_eq!(draw(&["a", "b"]), "a → b → a");
    }

    #[test]
    fn a_long_chain_needs_no_stack() {
        let graph = Graph::new(100_000, (1..100_000).map(|n| (n - 1, n)));
        assert_eq!(graph.order().first(), Some(&99_999));
    }
}
