//! The lowest point of a function of few numbers, without its derivative: the simplex of Nelder and Mead (1965).

/// How many times the function is asked at most, for each number.
const ASKED: usize = 250;

/// The numbers at which `f` is lowest, from `start` on, each moved by `step` at first.
pub(super) fn lowest(f: &dyn Fn(&[f64]) -> f64, start: &[f64], step: f64) -> Vec<f64> {
    let mut corners: Vec<(f64, Vec<f64>)> = vec![(f(start), start.to_vec())];
    for at in 0..start.len() {
        let moved: Vec<f64> =
            start.iter().enumerate().map(|(place, x)| if place == at { x + step } else { *x }).collect();
        corners.push((f(&moved), moved));
    }
    for _ in 0..ASKED * start.len().max(1) {
        corners.sort_by(|a, b| a.0.total_cmp(&b.0));
        let (Some(best), Some(worst)) = (corners.first().cloned(), corners.pop()) else { break };
        if (worst.0 - best.0).abs() <= 1e-10 * (worst.0.abs() + best.0.abs() + 1e-12) {
            corners.push(worst);
            break;
        }
        turn(f, &mut corners, &best, worst);
    }
    corners.sort_by(|a, b| a.0.total_cmp(&b.0));
    corners.into_iter().next().map_or_else(|| start.to_vec(), |(_, x)| x)
}

/// Puts something better in the place of the worst corner, or draws all corners nearer to the best.
fn turn(f: &dyn Fn(&[f64]) -> f64, corners: &mut Vec<(f64, Vec<f64>)>, best: &(f64, Vec<f64>), worst: (f64, Vec<f64>)) {
    let count = corners.len() as f64;
    let middle: Vec<f64> =
        (0..worst.1.len()).map(|at| corners.iter().filter_map(|(_, x)| x.get(at)).sum::<f64>() / count).collect();
    let beyond = |factor: f64| {
        let x: Vec<f64> = middle.iter().zip(&worst.1).map(|(m, w)| m + factor * (m - w)).collect();
        (f(&x), x)
    };
    let second_worst = corners.last().map_or(f64::INFINITY, |corner| corner.0);
    let reflected = beyond(1.0);
    let better = if reflected.0 < best.0 {
        let expanded = beyond(2.0);
        Some(if expanded.0 < reflected.0 { expanded } else { reflected })
    } else if reflected.0 < second_worst {
        Some(reflected)
    } else {
        let contracted = beyond(if reflected.0 < worst.0 { 0.5 } else { -0.5 });
        (contracted.0 < worst.0.min(reflected.0)).then_some(contracted)
    };
    if let Some(better) = better {
        corners.push(better);
        return;
    }
    corners.push(worst);
    for corner in corners.iter_mut() {
        let nearer: Vec<f64> = corner.1.iter().zip(&best.1).map(|(x, b)| b + 0.5 * (x - b)).collect();
        *corner = (f(&nearer), nearer);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curved_valley_is_followed_to_its_lowest_point() {
        let valley = |x: &[f64]| (1.0 - x[0]).powi(2) + 100.0 * (x[1] - x[0] * x[0]).powi(2);
        let found = lowest(&valley, &[-1.2, 1.0], 0.5);
        assert!((found[0] - 1.0).abs() < 1e-2 && (found[1] - 1.0).abs() < 1e-2, "{found:?}");
        assert_eq!(lowest(&|_| 1.0, &[], 0.5), Vec::<f64>::new());
        assert!(lowest(&|_| f64::NAN, &[0.0], 0.5)[0].is_finite());
    }
}
