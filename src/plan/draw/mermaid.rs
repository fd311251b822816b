//! A Mermaid flowchart: steps are boxes, writes are filled, inner blocks are subgraphs.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::outcome::Outcome;
use super::outline::{Group, Node, Outline};
use crate::primitive::Effect;

pub(super) fn draw(outline: &Outline) -> String {
    let mut text = String::from("flowchart TD\n");
    if !outline.params.is_empty() {
        let lines: Vec<String> = outline.params.iter().map(|param| escaped(param)).collect();
        let _ = writeln!(text, "  params[/\"{}\"/]", lines.join("<br/>"));
    }
    for door in &outline.doors {
        let _ = writeln!(text, "  {}[(\"{}\")]", door.id, escaped(&door.label));
    }
    for group in &outline.groups {
        write_group(group, 1, &mut text);
    }
    outline.groups.iter().for_each(|group| write_edges(group, outline, &mut text));
    text.push_str("  classDef read fill:#e3f2fd,stroke:#1565c0,color:#0d2a4a\n");
    text.push_str("  classDef write fill:#fff3e0,stroke:#e65100,color:#4a2400\n");
    for outcome in used(&outline.groups) {
        let _ = writeln!(text, "  classDef {} {}", outcome.name(), style(outcome));
    }
    text
}

/// Mermaid reads entities, and ends a label at a quote.
fn escaped(label: &str) -> String {
    let mut text = String::new();
    for c in label.chars() {
        match c {
            '"' => text.push_str("#quot;"),
            '#' => text.push_str("#35;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '&' => text.push_str("&amp;"),
            '\n' => text.push(' '),
            other => text.push(other),
        }
    }
    text
}

/// The outcomes that a picture shows, each once.
fn used(groups: &[Group]) -> BTreeSet<Outcome> {
    let nodes = groups.iter().flat_map(|group| &group.nodes);
    nodes.flat_map(|node| used(&node.groups).into_iter().chain(node.mark.as_ref().map(|mark| mark.outcome))).collect()
}

fn style(outcome: Outcome) -> String {
    let (fill, stroke) = outcome.colors();
    let dashed = if outcome == Outcome::Skipped { ",stroke-dasharray:4" } else { "" };
    format!("fill:{fill},stroke:{stroke},color:#222{dashed}")
}

fn class(node: &Node) -> &'static str {
    if let Some(mark) = &node.mark {
        return mark.outcome.class();
    }
    match node.effect {
        Effect::Pure => "",
        Effect::Read => ":::read",
        Effect::Write => ":::write",
    }
}

fn label(node: &Node) -> String {
    let mark = node.mark.as_ref().map(|mark| format!("{} {}", mark.symbol(false), mark.words)).unwrap_or_default();
    let lines = [&*node.name, &node.detail, &mark].map(escaped);
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("<br/>")
}

fn write_group(group: &Group, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    if group.label.is_empty() {
        group.nodes.iter().for_each(|node| write_node(node, depth, text));
        return;
    }
    let _ = writeln!(text, "{pad}subgraph {}_group[\"{}\"]", group.id, group.label);
    group.nodes.iter().for_each(|node| write_node(node, depth + 1, text));
    let _ = writeln!(text, "{pad}end");
}

fn write_node(node: &Node, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    // An empty subgraph is drawn as nothing, and its edges with it.
    if node.groups.iter().all(|group| group.nodes.is_empty()) {
        let _ = writeln!(text, "{pad}{}[\"{}\"]{}", node.id, label(node), class(node));
        return;
    }
    let _ = writeln!(text, "{pad}subgraph {}[\"{}\"]", node.id, label(node));
    node.groups.iter().for_each(|group| write_group(group, depth + 1, text));
    let _ = writeln!(text, "{pad}end");
    if let Some(mark) = &node.mark {
        let _ = writeln!(text, "{pad}class {} {}", node.id, mark.outcome.name());
    }
}

fn write_edges(group: &Group, outline: &Outline, text: &mut String) {
    for node in &group.nodes {
        for before in node.after.iter().filter_map(|at| group.nodes.get(*at)) {
            let _ = writeln!(text, "  {} --> {}", before.id, node.id);
        }
        for door in node.doors.iter().filter_map(|at| outline.doors.get(*at)) {
            let (from, to) = if node.effect == Effect::Write { (&node.id, &door.id) } else { (&door.id, &node.id) };
            let _ = writeln!(text, "  {from} -.-> {to}");
        }
        node.groups.iter().for_each(|inner| write_edges(inner, outline, text));
    }
}
