//! The log density and its derivatives, written without regard to speed: loops over rows and columns in the reference's order.

use super::super::problem::Problem;
use crate::forecast::{Growth, Mode};

fn redux(values: &[f64]) -> f64 {
    let n = values.len();
    let (mut first, mut second) = ([0.0, 0.0], [0.0, 0.0]);
    for i in 0..n / 4 {
        first = [first[0] + values[4 * i], first[1] + values[4 * i + 1]];
        second = [second[0] + values[4 * i + 2], second[1] + values[4 * i + 3]];
    }
    let mut pair = [first[0] + second[0], first[1] + second[1]];
    let mut next = n / 4 * 4;
    if n - next >= 2 {
        pair = [pair[0] + values[next], pair[1] + values[next + 1]];
        next += 2;
    }
    let sum = pair[0] + pair[1];
    if next < n { sum + values[next] } else { sum }
}

/// A matrix times a vector: the columns in groups, each summed by itself.
fn times(columns: &[Vec<f64>], factors: &[f64], rows: usize) -> Vec<f64> {
    let size = if columns.len() < 128 {
        columns.len()
    } else if rows * 8 < 32_000 {
        16
    } else {
        4
    };
    let mut result = vec![0.0; rows];
    for (group, its) in columns.chunks(size).zip(factors.chunks(size)) {
        for (row, result) in result.iter_mut().enumerate() {
            let mut sum = 0.0;
            for (column, factor) in group.iter().zip(its) {
                sum += column[row] * factor;
            }
            *result += sum;
        }
    }
    result
}

/// A column times a vector: even and odd rows by themselves, then an odd last one.
fn product(column: &[f64], vector: &[f64]) -> f64 {
    let (mut even, mut odd) = (0.0, 0.0);
    for i in 0..vector.len() / 2 {
        even += column[2 * i] * vector[2 * i];
        odd += column[2 * i + 1] * vector[2 * i + 1];
    }
    let sum = even + odd;
    if vector.len() % 2 == 1 { sum + column[vector.len() - 1] * vector[vector.len() - 1] } else { sum }
}

/// Every column times a vector; a single column is summed row by row.
fn transposed(columns: &[Vec<f64>], vector: &[f64]) -> Vec<f64> {
    if let [only] = columns {
        return vec![only.iter().zip(vector).fold(0.0, |sum, (value, weight)| sum + value * weight)];
    }
    columns.iter().map(|column| product(column, vector)).collect()
}

fn sign(value: f64) -> f64 {
    if value == 0.0 { 0.0 } else { value.signum() }
}

/// The columns of a mode, zeros in the place of the others.
fn masked(problem: &Problem, mode: Mode) -> Vec<Vec<f64>> {
    let columns = problem.columns.iter().zip(&problem.modes);
    columns.map(|(column, own)| if *own == Some(mode) { column.clone() } else { vec![0.0; column.len()] }).collect()
}

/// The saturating trend's offsets, and the rates they come from.
fn offsets(problem: &Problem, k: f64, m: f64, delta: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let mut rates = vec![k];
    let mut total = 0.0;
    for change in delta {
        total += change;
        rates.push(k + total);
    }
    let mut offset = m;
    let mut gammas = Vec::new();
    for (place, change) in problem.changes.iter().enumerate() {
        let gamma = (change - offset) * (1.0 - rates[place] / rates[place + 1]);
        gammas.push(gamma);
        offset += gamma;
    }
    (gammas, rates)
}

/// The negative log density at a point, and its derivatives.
#[allow(clippy::too_many_lines, reason = "read from top to bottom, as the model is written")]
pub(super) fn value_and_gradient(problem: &Problem, jacobian: bool, at: &[f64], gradient: &mut [f64]) -> f64 {
    let (rows, changes) = (problem.t.len(), problem.changes.len());
    let (k, m, delta) = (at[0], at[1], &at[2..2 + changes]);
    let (sigma, beta) = (at[2 + changes].exp(), &at[3 + changes..]);
    let inverse = 1.0 / sigma;
    let steps: Vec<Vec<f64>> = problem
        .changes
        .iter()
        .map(|change| problem.t.iter().map(|t| f64::from(u8::from(t >= change))).collect())
        .collect();
    let rates = times(&steps, delta, rows);
    let moves: Vec<f64> = problem.changes.iter().zip(delta).map(|(change, delta)| -change * delta).collect();
    let (gammas, segment_rates) = offsets(problem, k, m, delta);
    let offsets =
        if problem.growth == Growth::Logistic { times(&steps, &gammas, rows) } else { times(&steps, &moves, rows) };
    let (mut trend, mut share) = (vec![m; rows], vec![0.0; rows]);
    for row in 0..rows {
        match problem.growth {
            Growth::Linear => trend[row] = (k + rates[row]) * problem.t[row] + (m + offsets[row]),
            Growth::Logistic => {
                share[row] = 1.0 / (1.0 + (-((k + rates[row]) * (problem.t[row] - (m + offsets[row])))).exp());
                trend[row] = problem.cap[row] * share[row];
            }
            Growth::Flat => {}
        }
    }
    let (additive, multiplicative) = (masked(problem, Mode::Additive), masked(problem, Mode::Multiplicative));
    let (added, factor) = (times(&additive, beta, rows), times(&multiplicative, beta, rows));
    let factor: Vec<f64> = factor.iter().map(|share| 1.0 + share).collect();
    let residual: Vec<f64> =
        (0..rows).map(|row| ((problem.y[row] - added[row]) - trend[row] * factor[row]) * inverse).collect();
    let square = redux(&residual.iter().map(|residual| residual * residual).collect::<Vec<_>>());
    let mu: Vec<f64> = residual.iter().map(|residual| inverse * residual).collect();

    let scaled: Vec<f64> = beta.iter().zip(&problem.inverse_priors).map(|(beta, inverse)| beta * inverse).collect();
    let scaled_squares: Vec<f64> = scaled.iter().map(|scaled| scaled * scaled).collect();
    let sizes: Vec<f64> = delta.iter().map(|delta| delta.abs() * problem.inverse_tau).collect();
    let fifth = 1.0 / 5.0;
    let mut density = -0.5 * ((k * fifth) * (k * fifth)) + -0.5 * ((m * fifth) * (m * fifth));
    density += -redux(&sizes);
    density += -0.5 * ((sigma * 2.0) * (sigma * 2.0));
    density += -0.5 * redux(&scaled_squares);
    density += (0.0 - rows as f64 * sigma.ln()) - 0.5 * square;
    density += if jacobian { at[2 + changes] } else { 0.0 };

    gradient[2 + changes] = ((square - rows as f64) * inverse + -(2.0 * (sigma * 2.0))) * sigma;
    gradient[2 + changes] += if jacobian { 1.0 } else { 0.0 };
    let of_likelihood: Vec<f64> = match &*additive {
        [only] => vec![redux(&only.iter().zip(&mu).map(|(value, mu)| value * mu).collect::<Vec<_>>())],
        all => transposed(all, &mu),
    };
    let by_factor: Vec<f64> = trend.iter().zip(&mu).map(|(trend, mu)| trend * mu).collect();
    let of_factor = transposed(&multiplicative, &by_factor);
    for column in 0..beta.len() {
        let prior = -(problem.inverse_priors[column] * scaled[column]);
        gradient[3 + changes + column] = (of_likelihood[column] + of_factor[column]) + prior;
    }
    let weight: Vec<f64> = mu.iter().zip(&factor).map(|(mu, factor)| mu * factor).collect();
    gradient[0] = -(fifth * (k * fifth));
    gradient[1] = -(fifth * (m * fifth));
    for change in 0..changes {
        gradient[2 + change] = -(sign(delta[change]) * problem.inverse_tau);
    }
    match problem.growth {
        Growth::Flat => gradient[1] += weight.iter().fold(0.0, |sum, weight| sum + weight),
        Growth::Linear => {
            let weighted: Vec<f64> = problem.t.iter().zip(&weight).map(|(t, weight)| t * weight).collect();
            for row in 0..rows {
                gradient[0] += weighted[row];
                gradient[1] += weight[row];
            }
            let (of_rates, of_offsets) = (transposed(&steps, &weighted), transposed(&steps, &weight));
            for change in 0..changes {
                gradient[2 + change] += of_rates[change];
                gradient[2 + change] += -problem.changes[change] * of_offsets[change];
            }
        }
        Growth::Logistic => {
            let (mut of_rate, mut of_offset) = (Vec::new(), Vec::new());
            for row in 0..rows {
                let by_exponent = problem.cap[row] * weight[row] * share[row] * (1.0 - share[row]);
                of_rate.push(by_exponent * (problem.t[row] - (m + offsets[row])));
                of_offset.push(-(by_exponent * (k + rates[row])));
                gradient[0] += of_rate[row];
                gradient[1] += of_offset[row];
            }
            let (of_rates, of_gammas) = (transposed(&steps, &of_rate), transposed(&steps, &of_offset));
            for change in 0..changes {
                gradient[2 + change] += of_rates[change];
            }
            backwards(problem, m, (&gammas, &segment_rates), &of_gammas, gradient);
        }
    }
    for slope in gradient {
        *slope = -*slope;
    }
    -density
}

/// The saturating trend's offsets backwards, each number's derivative in a place of its own.
fn backwards(problem: &Problem, m: f64, (gammas, rates): (&[f64], &[f64]), of_gammas: &[f64], gradient: &mut [f64]) {
    let changes = gammas.len();
    let mut offsets = vec![m];
    for gamma in gammas {
        offsets.push(offsets[offsets.len() - 1] + gamma);
    }
    // The first offset and the first rate are parameters.
    let mut by_offset = vec![0.0; changes + 1];
    by_offset[0] = gradient[1];
    let mut by_rate = vec![0.0; changes + 1];
    by_rate[0] = gradient[0];
    for place in (0..changes).rev() {
        let by_gamma = of_gammas[place] + by_offset[place + 1];
        by_offset[place] += by_offset[place + 1];
        by_offset[place] -= (1.0 - rates[place] / rates[place + 1]) * by_gamma;
        let by_ratio = -((problem.changes[place] - offsets[place]) * by_gamma);
        by_rate[place] += by_ratio / rates[place + 1];
        by_rate[place + 1] -= by_ratio * rates[place] / (rates[place + 1] * rates[place + 1]);
    }
    gradient[1] = by_offset[0];
    gradient[0] = by_rate[0];
    for place in 0..changes {
        gradient[0] += by_rate[place + 1];
    }
    let mut by_total = by_rate[1..].to_vec();
    for place in (1..changes).rev() {
        gradient[2 + place] += by_total[place];
        by_total[place - 1] += by_total[place];
    }
    gradient[2] += by_total[0];
}
