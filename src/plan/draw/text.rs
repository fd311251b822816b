//! Lines of text.

use std::fmt::Write;

use super::outline::{Group, Node, Outline};

pub(super) fn draw(outline: &Outline, has_color: bool) -> String {
    let mut text = format!("workflow {}\n", outline.name);
    let doors: Vec<&str> = outline.doors.iter().map(|door| &*door.label).collect();
    for (what, items) in [("uses", doors.join(", ")), ("takes", outline.params.join(", "))] {
        if !items.is_empty() {
            let _ = writeln!(text, "  {what} {items}");
        }
    }
    text.push('\n');
    text.push_str(&steps(outline, 1, has_color));
    text
}

/// The steps alone, `depth` levels in.
pub(super) fn steps(outline: &Outline, depth: usize, has_color: bool) -> String {
    let drawn = |group: &Group| {
        let mut text = String::new();
        write_group(group, depth, has_color, &mut text);
        text
    };
    outline.groups.iter().map(drawn).collect::<Vec<_>>().join("\n")
}

fn write_group(group: &Group, mut depth: usize, has_color: bool, text: &mut String) {
    if !group.label.is_empty() {
        let _ = writeln!(text, "{}{}", "  ".repeat(depth), group.label);
        depth += 1;
    }
    let width = group.nodes.iter().map(|node| node.name.chars().count()).max().unwrap_or(0);
    for node in &group.nodes {
        write_node(node, group, (depth, width), has_color, text);
        node.groups.iter().for_each(|inner| write_group(inner, depth + 1, has_color, text));
    }
}

fn write_node(node: &Node, group: &Group, (depth, width): (usize, usize), has_color: bool, text: &mut String) {
    let mark = node.mark.as_ref().map(|mark| format!("{} ", mark.symbol(has_color))).unwrap_or_default();
    let mut line = format!("{}{mark}{:width$}  {:5}", "  ".repeat(depth), node.name, node.effect.name());
    if let Some(mark) = &node.mark {
        let _ = write!(line, "  {}", mark.words);
    }
    if !node.detail.is_empty() {
        let _ = write!(line, "  {}", node.detail);
    }
    let after: Vec<&str> = node.after.iter().filter_map(|at| group.nodes.get(*at)).map(|node| &*node.name).collect();
    if !after.is_empty() {
        let _ = write!(line, "  after: {}", after.join(", "));
    }
    text.push_str(line.trim_end());
    text.push('\n');
}
