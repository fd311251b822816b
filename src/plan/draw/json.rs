//! One document: the steps, inside each the blocks that it has.

use serde_json::{Map, Value as Json, json};

use super::outline::{Group, Node, Outline};

pub(super) fn draw(outline: &Outline) -> String {
    let doors: Vec<&str> = outline.doors.iter().map(|door| &*door.label).collect();
    let blocks = outline.groups.iter().map(|group| self::group(group, outline)).collect::<Vec<_>>();
    let document =
        json!({ "workflow": &*outline.name, "params": outline.params, "connections": doors, "blocks": blocks });
    format!("{document:#}\n")
}

/// A block: `body`, `failed`, `finally`; inside a step what decides whether it runs.
fn group(group: &Group, outline: &Outline) -> Json {
    let label = if group.label.is_empty() { "body" } else { group.label };
    json!({ "block": label, "steps": group.nodes.iter().map(|step| node(step, group, outline)).collect::<Vec<_>>() })
}

fn node(node: &Node, group: &Group, outline: &Outline) -> Json {
    let after: Vec<&str> = node.after.iter().filter_map(|at| group.nodes.get(*at)).map(|node| &*node.name).collect();
    let doors: Vec<&str> = node.doors.iter().filter_map(|at| outline.doors.get(*at)).map(|door| &*door.label).collect();
    let mut fields = Map::new();
    for (name, value) in [
        ("name", json!(&*node.name)),
        ("path", json!(node.path)),
        ("effect", json!(node.effect.name())),
        ("detail", json!(node.detail)),
        ("after", json!(after)),
        ("connections", json!(doors)),
        ("blocks", node.groups.iter().map(|inner| self::group(inner, outline)).collect()),
    ] {
        fields.insert(name.to_owned(), value);
    }
    if let Some(mark) = &node.mark {
        let counts = mark.counts.map(|(total, failed)| json!({ "total": total, "failed": failed }));
        let went = json!({
            "outcome": mark.outcome.name(), "words": mark.words, "duration_ms": mark.duration_ms, "counts": counts,
        });
        fields.insert("run".to_owned(), went);
    }
    Json::Object(fields)
}
