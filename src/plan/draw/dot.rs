//! A Graphviz digraph: steps are boxes, writes are filled, inner blocks are clusters around their step.

use std::fmt::Write;

use super::outline::{Group, Node, Outline};
use crate::primitive::Effect;

pub(super) fn draw(outline: &Outline) -> String {
    let mut text = format!("digraph {} {{\n", quoted(&outline.name));
    text.push_str("  rankdir=TB;\n  node [shape=box, style=\"rounded,filled\", fillcolor=white];\n");
    if !outline.params.is_empty() {
        let _ = writeln!(text, "  params [shape=note, label={}];", quoted(&outline.params.join("\n")));
    }
    for door in &outline.doors {
        let _ = writeln!(text, "  {} [shape=cylinder, label={}];", door.id, quoted(&door.label));
    }
    outline.groups.iter().for_each(|group| write_group(group, 1, &mut text));
    outline.groups.iter().for_each(|group| write_edges(group, outline, &mut text));
    text.push_str("}\n");
    text
}

/// A quoted string of Graphviz's; a line break becomes a left-aligned one.
fn quoted(label: &str) -> String {
    let escaped = label.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\l");
    format!("\"{escaped}\"")
}

fn color(node: &Node) -> String {
    if let Some(mark) = &node.mark {
        let (fill, stroke) = mark.outcome.colors();
        return format!("\"{fill}\", color=\"{stroke}\"");
    }
    match node.effect {
        Effect::Pure => "white",
        Effect::Read => "\"#e3f2fd\"",
        Effect::Write => "\"#fff3e0\"",
    }
    .to_owned()
}

fn write_group(group: &Group, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    if group.label.is_empty() {
        group.nodes.iter().for_each(|node| write_node(node, depth, text));
        return;
    }
    let _ = writeln!(text, "{pad}subgraph cluster_{} {{\n{pad}  label={};", group.id, quoted(group.label));
    group.nodes.iter().for_each(|node| write_node(node, depth + 1, text));
    let _ = writeln!(text, "{pad}}}");
}

fn write_node(node: &Node, depth: usize, text: &mut String) {
    let pad = "  ".repeat(depth);
    let mark = node.mark.as_ref().map(|mark| format!("{} {}", mark.symbol(false), mark.words)).unwrap_or_default();
    let lines = [&*node.name, &node.detail, &mark];
    let label = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n");
    let box_ = format!("{} [label={}, fillcolor={}];", node.id, quoted(&label), color(node));
    if node.groups.is_empty() {
        let _ = writeln!(text, "{pad}{box_}");
        return;
    }
    // The step's own box stands in its cluster: Graphviz draws edges between nodes only.
    let _ = writeln!(text, "{pad}subgraph cluster_{} {{\n{pad}  {box_}", node.id);
    node.groups.iter().for_each(|group| write_group(group, depth + 1, text));
    let _ = writeln!(text, "{pad}}}");
}

fn write_edges(group: &Group, outline: &Outline, text: &mut String) {
    for node in &group.nodes {
        for before in node.after.iter().filter_map(|at| group.nodes.get(*at)) {
            let _ = writeln!(text, "  {} -> {};", before.id, node.id);
        }
        for door in node.doors.iter().filter_map(|at| outline.doors.get(*at)) {
            let (from, to) = if node.effect == Effect::Write { (&node.id, &door.id) } else { (&door.id, &node.id) };
            let _ = writeln!(text, "  {from} -> {to} [style=dashed];");
        }
        node.groups.iter().for_each(|inner| write_edges(inner, outline, text));
    }
}
