//! Values as blocks hold them: whole numbers, with one power of ten for all of them.

/// Above these there are only marks, that are no numbers.
const LARGEST: i64 = i64::MAX - 2;
const SMALLEST: i64 = i64::MIN + 1;

/// `1e0` to `1e31`.
#[rustfmt::skip]
const POWERS: [f64; 32] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26, 1e27, 1e28, 1e29, 1e30, 1e31,
];
/// Every thirty-second one.
const FAR_POWERS: [f64; 10] = [1e0, 1e32, 1e64, 1e96, 1e128, 1e160, 1e192, 1e224, 1e256, 1e288];

/// Ten to the power of a number, rounded as the server rounds it: a product of two.
fn ten_to(power: u16) -> f64 {
    let (far, near) = (usize::from(power) / 32, usize::from(power) % 32);
    match (FAR_POWERS.get(far), POWERS.get(near)) {
        (Some(far), Some(near)) => far * near,
        _ => f64::INFINITY,
    }
}

/// Whether a number stands for itself.
fn is_plain(number: i64) -> bool {
    (SMALLEST..=LARGEST).contains(&number)
}

/// Adds values and their instants to others. What marks a series as gone is no value; says whether there was such a mark.
pub(super) fn append(at_ms: &[i64], numbers: &[i64], scale: i16, times: &mut Vec<i64>, values: &mut Vec<f64>) -> bool {
    let before = times.len();
    let power = ten_to(scale.unsigned_abs());
    let value = |number: i64| if scale < 0 { number as f64 / power } else { number as f64 * power };
    if numbers.iter().all(|number| is_plain(*number)) {
        times.extend_from_slice(at_ms);
        values.extend(numbers.iter().map(|number| value(*number)));
        return false;
    }
    for (at_ms, number) in at_ms.iter().zip(numbers) {
        let found = match *number {
            i64::MAX => f64::INFINITY,
            i64::MIN => f64::NEG_INFINITY,
            plain if is_plain(plain) => value(plain),
            _ => continue,
        };
        times.push(*at_ms);
        values.push(found);
    }
    times.len() - before < numbers.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_become_values() {
        let (mut times, mut values) = (Vec::new(), Vec::new());
        assert!(!append(&[1, 2], &[1234, -5], -3, &mut times, &mut values));
        assert!(append(&[3, 4, 5, 6], &[i64::MAX, i64::MIN, i64::MAX - 1, 7], 2, &mut times, &mut values));
        assert_eq!(times, [1, 2, 3, 4, 6]);
        assert_eq!(values, [1.234, -0.005, f64::INFINITY, f64::NEG_INFINITY, 700.0]);
    }

    #[test]
    fn powers_reach_as_far_as_values_do() {
        assert_eq!((ten_to(0), ten_to(22), ten_to(300)), (1.0, 1e22, 1e300));
        assert!(ten_to(400).is_infinite());
    }
}
