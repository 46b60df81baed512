//! All randomness: named ChaCha streams of one seed. candle's CPU generator cannot be seeded and is never used.

use candlewick_plugin_api::{Random, RandomSource, Streams};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};
use std::rc::Rc;

/// The seed of a run. Each use of randomness draws from its own named stream, so uses do not disturb each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The stream of that name, from its start: `ChaCha8(key = SHA-256(seed as 8 bytes little-endian, then name))`.
    /// A name such as `dropout/2/step/17` makes any position reachable without drawing what comes before.
    pub fn stream(self, name: &str) -> Stream {
        let key = Sha256::new().chain_update(self.0.to_le_bytes()).chain_update(name).finalize();
        Stream(ChaCha8Rng::from_seed(key.into()))
    }
}

impl Seed {
    /// Opens this seed's streams for plugins.
    pub fn streams(self) -> Streams {
        Rc::new(move |name| Random::new(self.stream(name)))
    }
}

/// A stream of random numbers, the same on every machine.
#[derive(Clone, Debug)]
pub struct Stream(ChaCha8Rng);

impl RandomSource for Stream {
    fn next_u32(&mut self) -> u32 {
        self.0.next_u32()
    }
}

impl Stream {
    /// Uniform in `[0, 1)`, 24 random bits.
    pub fn uniform(&mut self) -> f32 {
        (self.0.next_u32() >> 8) as f32 * (1.0 / (1u32 << 24) as f32)
    }

    /// Standard normal (Box–Muller in f64; one number per two draws).
    pub fn normal(&mut self) -> f32 {
        let bits = |word: u64| ((word >> 11) as f64 + 0.5) * (1.0 / (1u64 << 53) as f64);
        let (u, v) = (bits(self.0.next_u64()), bits(self.0.next_u64()));
        ((-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()) as f32
    }

    /// Uniform in `0..bound`, without bias (Lemire's multiply and reject).
    pub fn below(&mut self, bound: u32) -> u32 {
        let reject_under = bound.wrapping_neg() % bound.max(1);
        loop {
            let wide = u64::from(self.0.next_u32()) * u64::from(bound);
            if wide as u32 >= reject_under {
                return (wide >> 32) as u32;
            }
        }
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

    #[test]
    fn streams_are_repeatable_and_apart() {
        let draw = |seed, name| {
            let mut stream = Seed(seed).stream(name);
            [stream.uniform(), stream.normal(), stream.below(1000) as f32]
        };
        assert_eq!(draw(1, "a"), draw(1, "a"));
        assert_ne!(draw(1, "a"), draw(1, "b"));
        assert_ne!(draw(1, "a"), draw(2, "a"));
    }

    #[test]
    fn numbers_have_the_right_spread() {
        let mut stream = Seed(7).stream("spread");
        let uniform: Vec<f32> = (0..20_000).map(|_| stream.uniform()).collect();
        let normal: Vec<f32> = (0..20_000).map(|_| stream.normal()).collect();
        let mean = |x: &[f32]| x.iter().sum::<f32>() / x.len() as f32;
        let variance = |x: &[f32]| x.iter().map(|v| (v - mean(x)).powi(2)).sum::<f32>() / x.len() as f32;
        assert!((mean(&uniform) - 0.5).abs() < 0.01 && (variance(&uniform) - 1.0 / 12.0).abs() < 0.005);
        assert!(mean(&normal).abs() < 0.03 && (variance(&normal) - 1.0).abs() < 0.05);
        assert!((0..1000).all(|_| stream.below(3) < 3));
    }

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut items: Vec<u32> = (0..100).collect();
        Seed(3).stream("shuffle").shuffle(&mut items);
        assert_ne!(items, (0..100).collect::<Vec<_>>());
        items.sort_unstable();
        assert_eq!(items, (0..100).collect::<Vec<_>>());
    }
}
