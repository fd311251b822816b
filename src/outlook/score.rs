//! How odd a value is beside its forecast.

/// The distance of a value from the forecast, as a share of the distance to the bound on its side: above 1 it lies outside of
/// the interval. That is the score of vmanomaly. Without any width it is 0 on the forecast, and infinite beside it.
pub fn score(value: f64, yhat: f64, lower: f64, upper: f64) -> f64 {
    let distance = (value - yhat).abs();
    let room = if value > yhat { upper - yhat } else { yhat - lower };
    if distance > 0.0 { distance / room.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn above_one_is_outside() {
        let of = |value| score(value, 10.0, 8.0, 14.0);
        for (value, wanted) in [(10.0, 0.0), (12.0, 0.5), (14.0, 1.0), (18.0, 2.0), (9.0, 0.5), (4.0, 3.0)] {
            assert!((of(value) - wanted).abs() < 1e-12, "{value}");
        }
        assert!(score(1.0, 0.0, 0.0, 0.0).is_infinite() && score(0.0, 0.0, 0.0, 0.0) == 0.0);
    }
}
