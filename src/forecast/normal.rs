//! The normal distribution: its function after Hart (1968, no. 5666, as West gives it) and its quantiles.

/// The probability of a standard normal number below `x`, to about 15 digits.
pub(super) fn cumulative(x: f64) -> f64 {
    let size = x.abs();
    let beyond = if size > 37.0 {
        0.0
    } else if size < 7.071_067_811_865_47 {
        (-0.5 * size * size).exp() * ratio(size)
    } else {
        let fraction = [4.0, 3.0, 2.0, 1.0].iter().fold(size + 0.65, |below, above| size + above / below);
        (-0.5 * size * size).exp() / fraction / 2.506_628_274_631
    };
    if x > 0.0 { 1.0 - beyond } else { beyond }
}

fn ratio(x: f64) -> f64 {
    let polynomial = |coefficients: &[f64]| coefficients.iter().fold(0.0, |value, coefficient| value * x + coefficient);
    let above = polynomial(&[
        3.526_249_659_989_11e-2,
        0.700_383_064_443_688,
        6.373_962_203_531_65,
        33.912_866_078_383,
        112.079_291_497_871,
        221.213_596_169_931,
        220.206_867_912_376,
    ]);
    let below = polynomial(&[
        8.838_834_764_831_84e-2,
        1.755_667_163_182_64,
        16.064_177_579_207,
        86.780_732_202_946_1,
        296.564_248_779_674,
        637.333_633_378_831,
        793.826_512_519_948,
        440.413_735_824_752,
    ]);
    above / below
}

/// The density of the standard normal distribution.
pub(super) fn density(x: f64) -> f64 {
    (-0.5 * x * x).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// The number that a standard normal one is below with probability `p`, for `p` in [0.5, 1).
pub(super) fn quantile(p: f64) -> f64 {
    let (mut low, mut high) = (0.0, 38.0);
    for _ in 0..200 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if cumulative(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_tables() {
        let known = [
            (0.0, 0.5),
            (1.0, 0.841_344_746_068_543),
            (-2.5, 0.006_209_665_325_776_132),
            (8.0, 0.999_999_999_999_999_3),
        ];
        for (x, p) in known {
            assert!((cumulative(x) - p).abs() < 2e-15, "{x}");
        }
        assert!((cumulative(-8.0) / 6.220_960_574_271_785e-16 - 1.0).abs() < 1e-8);
        assert!((quantile(0.9) - 1.281_551_565_544_6).abs() < 1e-13);
        assert!((quantile(0.975) - 1.959_963_984_540_054).abs() < 1e-13);
    }
}
