//! A block's steps as a graph.

use petgraph::graph::{DiGraph, NodeIndex};

use crate::check::program::{Block, Step};

/// The steps of a block; an edge leads from a step to one that waits for it. Node `i` is the step `i`.
pub fn graph(block: &Block) -> DiGraph<&Step, ()> {
    let mut graph = DiGraph::new();
    let nodes: Vec<NodeIndex> = block.steps.iter().map(|step| graph.add_node(step)).collect();
    for (step, to) in block.steps.iter().zip(&nodes) {
        for from in step.upstream.iter().filter_map(|at| nodes.get(*at)) {
            graph.add_edge(*from, *to, ());
        }
    }
    graph
}
