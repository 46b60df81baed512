//! Random numbers for plugins: a stream that whoever owns the seed has opened.
//!
//! Must not know how the stream is made. Read [`Random`] first.

/// Where random bits come from.
pub trait RandomSource {
    /// The next 32 bits.
    fn next_u32(&mut self) -> u32;
}

/// A stream of random numbers, the same for the same seed and name.
pub struct Random(Box<dyn RandomSource>);

impl Random {
    /// Numbers out of these bits.
    pub fn new(source: impl RandomSource + 'static) -> Self {
        Self(Box::new(source))
    }

    /// Uniform in `[0, 1)`, 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        let bits = u64::from(self.0.next_u32()) << 32 | u64::from(self.0.next_u32());
        (bits >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `0..bound`, without bias (Lemire's multiply and reject); 0 when the bound is 0.
    pub fn below(&mut self, bound: u32) -> u32 {
        let reject_under = bound.wrapping_neg() % bound.max(1);
        loop {
            let wide = u64::from(self.0.next_u32()) * u64::from(bound);
            if wide as u32 >= reject_under {
                return (wide >> 32) as u32;
            }
        }
    }

    /// Standard normal (Box–Muller; one number per two uniform ones).
    pub fn normal(&mut self) -> f64 {
        let (u, v) = (1.0 - self.uniform(), self.uniform());
        (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
    }

    /// Puts the items into random order (Fisher–Yates).
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u32 + 1) as usize);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A counter spread over all bits (Weyl sequence with a mixing step): enough to test the arithmetic.
    struct Counter(u64);

    impl RandomSource for Counter {
        fn next_u32(&mut self) -> u32 {
            self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
            ((self.0 ^ self.0 >> 31).wrapping_mul(0xbf58_476d_1ce4_e5b9) >> 32) as u32
        }
    }

    struct Ones;

    impl RandomSource for Ones {
        fn next_u32(&mut self) -> u32 {
            u32::MAX
        }
    }

    #[test]
    fn numbers_are_where_they_should_be() {
        let mut random = Random::new(Counter(1));
        let mean = (0..10_000).map(|_| random.uniform()).sum::<f64>() / 10_000.0;
        assert!((mean - 0.5).abs() < 0.02, "{mean}");
        assert!((0..1_000).all(|_| random.below(3) < 3));
        assert!((0..1_000).all(|_| random.normal().abs() < 7.0));
        assert_eq!(random.below(0), 0);
        assert!(Random::new(Ones).uniform() < 1.0);
        let mut items = [1, 2, 3, 4, 5];
        random.shuffle(&mut items);
        items.sort_unstable();
        assert_eq!(items, [1, 2, 3, 4, 5]);
    }
}
