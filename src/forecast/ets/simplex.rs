//! The method of Nelder and Mead (1965), begun anew from where it ends until that brings nothing.

/// The turns of a first search, and of one that goes on, for each dimension.
const FIRST_TURNS: usize = 50;
const TURNS: usize = 150;
/// A simplex whose values differ by less has arrived.
const ARRIVED: f64 = 1e-9;
/// A search that brought less is not begun anew.
const GAIN: f64 = 1e-3;
const RESTARTS: usize = 5;

type Vertex = (f64, Vec<f64>);

/// The point of the least cost that is found from the most promising of some first ones.
pub(super) fn minimise(starts: &[Vec<f64>], cost: impl Fn(&[f64]) -> f64) -> Vec<f64> {
    let tried = starts.iter().map(|start| search((cost(start), start.clone()), FIRST_TURNS, &cost));
    let Some(mut best) = tried.reduce(|best, other| if other.0 < best.0 { other } else { best }) else {
        return Vec::new();
    };
    for _ in 0..RESTARTS {
        let before = best.0;
        best = search(best, TURNS, &cost);
        if before.is_finite() && before - best.0 < GAIN {
            break;
        }
    }
    best.1
}

fn search(first: Vertex, turns: usize, cost: &impl Fn(&[f64]) -> f64) -> Vertex {
    let dimension = first.1.len();
    let mut simplex = vec![first.clone()];
    for place in 0..dimension {
        let mut at = first.1.clone();
        if let Some(slot) = at.get_mut(place) {
            *slot += 0.5;
        }
        simplex.push((cost(&at), at));
    }
    for _ in 0..turns * dimension {
        simplex.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(best), Some(worst)) = (simplex.first().cloned(), simplex.last().cloned()) else { break };
        if worst.0 - best.0 <= ARRIVED {
            break;
        }
        turn(&mut simplex, &best, &worst, cost);
    }
    simplex.into_iter().reduce(|best, other| if other.0 < best.0 { other } else { best }).unwrap_or(first)
}

/// Replaces the worst vertex, or draws all to the best.
fn turn(simplex: &mut Vec<Vertex>, best: &Vertex, worst: &Vertex, cost: &impl Fn(&[f64]) -> f64) {
    simplex.pop();
    let count = simplex.len() as f64;
    let mut centre = vec![0.0; best.1.len()];
    for (_, at) in &*simplex {
        centre.iter_mut().zip(at).for_each(|(centre, at)| *centre += at / count);
    }
    let at = |share: f64| {
        let point: Vec<f64> =
            centre.iter().zip(&worst.1).map(|(centre, worst)| centre + share * (worst - centre)).collect();
        (cost(&point), point)
    };
    let second = simplex.last().map_or(worst.0, |vertex| vertex.0);
    let reflected = at(-1.0);
    if reflected.0 < best.0 {
        let expanded = at(-2.0);
        simplex.push(if expanded.0 < reflected.0 { expanded } else { reflected });
    } else if reflected.0 < second {
        simplex.push(reflected);
    } else {
        let contracted = if reflected.0 < worst.0 { at(-0.5) } else { at(0.5) };
        if contracted.0 < worst.0.min(reflected.0) {
            simplex.push(contracted);
            return;
        }
        simplex.push(worst.clone());
        for vertex in simplex.iter_mut().skip(1) {
            let point: Vec<f64> = best.1.iter().zip(&vertex.1).map(|(best, at)| 0.5 * (best + at)).collect();
            *vertex = (cost(&point), point);
        }
    }
}
