//! numpy's legacy generator: the Mersenne twister, and its uniform, normal and Laplace numbers.

#![allow(clippy::indexing_slicing)]
// The state has a fixed length, and every index is below it: counted loops to it, sums taken modulo it.

const LENGTH: usize = 624;
const SHIFT: usize = 397;

/// The generator's state, and the second of the last pair of normal numbers.
#[derive(Debug, Clone)]
pub(in super::super) struct Random {
    state: [u32; LENGTH],
    next: usize,
    spare: Option<f64>,
}

impl Random {
    /// As after `numpy.random.seed(seed)`.
    pub(in super::super) fn seeded(seed: u32) -> Self {
        let mut state = [0; LENGTH];
        let mut word = seed;
        for (place, slot) in (1u32..).zip(&mut state) {
            *slot = word;
            word = 1_812_433_253_u32.wrapping_mul(word ^ (word >> 30)).wrapping_add(place);
        }
        Self { state, next: LENGTH, spare: None }
    }

    fn refill(&mut self) {
        for i in 0..LENGTH {
            let word = (self.state[i] & 0x8000_0000) | (self.state[(i + 1) % LENGTH] & 0x7fff_ffff);
            let twist = if word & 1 == 1 { 0x9908_b0df } else { 0 };
            self.state[i] = self.state[(i + SHIFT) % LENGTH] ^ (word >> 1) ^ twist;
        }
        self.next = 0;
    }

    fn word(&mut self) -> u32 {
        if self.next >= LENGTH {
            self.refill();
        }
        let mut word = self.state[self.next];
        self.next += 1;
        word ^= word >> 11;
        word ^= (word << 7) & 0x9d2c_5680;
        word ^= (word << 15) & 0xefc6_0000;
        word ^ (word >> 18)
    }

    /// A number in [0, 1) of 53 bits.
    pub(super) fn uniform(&mut self) -> f64 {
        let high = f64::from(self.word() >> 5);
        let low = f64::from(self.word() >> 6);
        (high * 67_108_864.0 + low) / 9_007_199_254_740_992.0
    }

    /// The uniform number of a Laplace number: not 0.
    pub(super) fn laplace_uniform(&mut self) -> f64 {
        loop {
            let u = self.uniform();
            if u > 0.0 {
                return u;
            }
        }
    }

    /// A standard normal number, by the polar method.
    pub(in super::super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let a = 2.0 * self.uniform() - 1.0;
            let b = 2.0 * self.uniform() - 1.0;
            let square = a * a + b * b;
            if square < 1.0 && square != 0.0 {
                let factor = (-2.0 * square.ln() / square).sqrt();
                self.spare = Some(factor * a);
                return factor * b;
            }
        }
    }
}

/// The Laplace number around 0 of a uniform one.
pub(super) fn laplace(scale: f64, u: f64) -> f64 {
    if u >= 0.5 { 0.0 - scale * (2.0 - u - u).ln() } else { 0.0 + scale * (u + u).ln() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_those_of_numpy() {
        // numpy.random.seed(0); numpy.random.uniform(size=2); .laplace(0, 1.5, 2); .normal(0, 1, 3)
        let mut random = Random::seeded(0);
        assert_eq!([random.uniform(), random.uniform()], [0.548_813_503_927_324_8, 0.715_189_366_372_419_5]);
        let draw = random.laplace_uniform();
        assert_eq!(
            [laplace(1.5, draw), laplace(1.5, random.laplace_uniform())],
            [0.345_113_947_866_185_5, 0.141_080_957_635_987_94]
        );
        assert_eq!(
            [random.normal(), random.normal(), random.normal()],
            [1.867_557_990_149_967_5, -0.977_277_879_876_411, 0.950_088_417_525_589_4]
        );
    }
}
