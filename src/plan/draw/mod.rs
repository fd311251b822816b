//! Pictures of a workflow: as text, for Mermaid, for Graphviz. The same workflow always gives the same picture.

mod dot;
mod mermaid;
mod outline;
mod text;

use crate::check::program::Workflow;

/// A way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Lines, inner steps indented, each with the steps it waits for.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz digraph.
    Dot,
}

/// Draws a workflow.
pub fn draw(workflow: &Workflow, drawing: Drawing) -> String {
    let outline = outline::Outline::of(workflow);
    match drawing {
        Drawing::Text => text::draw(&outline),
        Drawing::Mermaid => mermaid::draw(&outline),
        Drawing::Dot => dot::draw(&outline),
    }
}

/// The steps of a workflow as text, without its head.
pub fn draw_steps(workflow: &Workflow) -> String {
    text::steps(&outline::Outline::of(workflow), 0)
}

#[cfg(test)]
mod tests;
