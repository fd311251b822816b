//! Pictures of a workflow, or of how one of its runs went: as text, for Mermaid, for Graphviz, as JSON. The same workflow
//! always gives the same picture.

mod dot;
mod json;
mod mermaid;
mod outcome;
mod outline;
mod text;

use crate::check::program::Workflow;
pub use outcome::{Mark, Marks, Outcome};

/// A way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drawing {
    /// Lines, inner steps indented, each with the steps it waits for.
    Text,
    /// A Mermaid flowchart.
    Mermaid,
    /// A Graphviz digraph.
    Dot,
    /// One document, steps inside steps.
    Json,
}

/// Draws a workflow.
pub fn draw(workflow: &Workflow, drawing: Drawing) -> String {
    draw_run(workflow, drawing, &Marks::default(), false)
}

/// Draws a workflow with how its steps went in a run. Colour is for text; the other pictures have theirs.
pub fn draw_run(workflow: &Workflow, drawing: Drawing, marks: &Marks, has_color: bool) -> String {
    let outline = outline::Outline::of(workflow, marks);
    match drawing {
        Drawing::Text => text::draw(&outline, has_color),
        Drawing::Mermaid => mermaid::draw(&outline),
        Drawing::Dot => dot::draw(&outline),
        Drawing::Json => json::draw(&outline),
    }
}

/// The steps of a workflow as text, without its head.
pub fn draw_steps(workflow: &Workflow) -> String {
    text::steps(&outline::Outline::of(workflow, &Marks::default()), 0, false)
}

#[cfg(test)]
mod tests;
