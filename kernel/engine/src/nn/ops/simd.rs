//! Loops in the widest vectors the processor has, with the same bits on every processor. Read [`vectorized`] first.
//!
//! Rust neither fuses nor reorders floating-point operations, so a wider vector changes the speed only. The
//! functions here are written without branches and library calls, so that a loop over them is vectorised; the C
//! library's `expf` and `tanhf` are scalar and differ between systems.

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E};

/// Runs `work`, its loops compiled for the processor at hand. A closure and all it calls must be `#[inline(always)]`:
/// what stays a function of its own is compiled for the least processor.
#[inline(always)]
pub fn vectorized<R>(work: impl FnOnce() -> R) -> R {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512vl") {
            // SAFETY: the processor has what the function is compiled for, as was just asked.
            return unsafe { with_avx512(work) };
        }
        if is_x86_feature_detected!("avx2") {
            // SAFETY: the processor has what the function is compiled for, as was just asked.
            return unsafe { with_avx2(work) };
        }
    }
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512vl")]
fn with_avx512<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(work: impl FnOnce() -> R) -> R {
    work()
}

/// `eˣ` within 2 units in the last place; 0 below −87, infinite above 88.
///
/// `eˣ = 2ⁿ·eʳ` with `n` the whole number nearest to `x/ln 2`; `eʳ` is its Taylor polynomial of degree 7, whose
/// remainder for `|r| ≤ ln 2 / 2` is below 6·10⁻⁹.
#[inline(always)]
pub fn exp(x: f32) -> f32 {
    // Adding 1.5·2²³ leaves the nearest whole number in the lowest bits.
    const SHIFT: f32 = 12_582_912.0;
    // ln 2 in two parts, the first with few enough bits that n times it is exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;
    let inside = x.clamp(-87.0, 88.0);
    let shifted = inside * LOG2_E + SHIFT;
    let n = shifted - SHIFT;
    let r = (inside - n * LN_2_HIGH) - n * LN_2_LOW;
    let mut p = 1.0 / 5040.0;
    for factor in [1.0 / 720.0, 1.0 / 120.0, 1.0 / 24.0, 1.0 / 6.0, 0.5, 1.0, 1.0] {
        p = p * r + factor;
    }
    let power = f32::from_bits(shifted.to_bits().wrapping_sub(SHIFT.to_bits()).wrapping_add(127) << 23);
    let y = p * power;
    let y = if x < -87.0 { 0.0 } else { y };
    if x > 88.0 { f32::INFINITY } else { y }
}

/// `1 / (1 + e⁻ˣ)`.
#[inline(always)]
pub fn sigmoid(x: f32) -> f32 {
    1.0 / (1.0 + exp(-x))
}

/// The hyperbolic tangent within 4 units in the last place: its Taylor polynomial of degree 13 for small `|x|`,
/// where `1 − 2/(e²ˣ + 1)` would cancel, and that elsewhere.
#[inline(always)]
pub fn tanh(x: f32) -> f32 {
    let s = x * x;
    let mut p = 21_844.0 / 6_081_075.0;
    for factor in [-1382.0 / 155_925.0, 62.0 / 2835.0, -17.0 / 315.0, 2.0 / 15.0, -1.0 / 3.0, 1.0] {
        p = p * s + factor;
    }
    let far = 1.0 - 2.0 / (exp(2.0 * x) + 1.0);
    if s < 0.35 * 0.35 { x * p } else { far }
}

/// The standard normal distribution's `Φ(x)` and density `φ(x)`.
///
/// `Φ` by Abramowitz and Stegun 7.1.26 (absolute error below 1.5·10⁻⁷), from the tail, so that nothing cancels.
#[inline(always)]
pub fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * FRAC_1_SQRT_2;
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    for factor in [-1.453_152, 1.421_413_7, -0.284_496_74, 0.254_829_6] {
        p = p * t + factor;
    }
    let e = exp(-z * z);
    let tail = 0.5 * p * t * e;
    // 1/√(2π)
    (if x < 0.0 { tail } else { 1.0 - tail }, 0.398_942_3 * e)
}

/// `Σ f(x)` in sixteen lanes, joined in a fixed order.
#[inline(always)]
pub fn sum(numbers: &[f32], f: impl Fn(f32) -> f32) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let (blocks, rest) = numbers.as_chunks::<LANES>();
    for block in blocks {
        (0..LANES).for_each(|i| lanes[i] += f(block[i]));
    }
    lanes.iter_mut().zip(rest).for_each(|(lane, &x)| *lane += f(x));
    lanes.iter().sum()
}

/// `Σ a·b` in sixteen lanes, joined in a fixed order.
#[inline(always)]
pub fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; LANES];
    let ((a, rest_a), (b, rest_b)) = (a.as_chunks::<LANES>(), b.as_chunks::<LANES>());
    for (a, b) in a.iter().zip(b) {
        (0..LANES).for_each(|i| lanes[i] += a[i] * b[i]);
    }
    lanes.iter_mut().zip(rest_a.iter().zip(rest_b)).for_each(|(lane, (a, b))| *lane += a * b);
    lanes.iter().sum()
}

/// As many numbers as the widest vector holds.
const LANES: usize = 16;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_close_to_the_exact_ones() {
        let check = |name: &str, f: fn(f32) -> f32, exact: fn(f64) -> f64, error: f64| {
            for i in -4000..=4000 {
                let x = i as f32 / 200.0;
                let (found, expect) = (f64::from(f(x)), exact(f64::from(x)));
                let by = (found - expect).abs() / expect.abs().max(1e-30);
                assert!(by <= error, "{name}({x}) is {found}, not {expect}");
            }
        };
        check("exp", exp, f64::exp, 2.4e-7);
        check("tanh", tanh, f64::tanh, 5e-7);
        check("sigmoid", sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 4e-7);
        // Values of Φ from a table.
        for (x, expect) in [(0.0, 0.5), (1.0, 0.841_344_7), (-1.96, 0.024_997_9), (3.0, 0.998_650_1)] {
            assert!((normal(x).0 - expect).abs() < 2e-7, "{x}");
        }
    }

    #[test]
    fn the_ends_of_the_range() {
        assert_eq!([exp(f32::NEG_INFINITY), exp(-200.0), exp(0.0), exp(f32::INFINITY)], [0.0, 0.0, 1.0, f32::INFINITY]);
        assert!(exp(f32::NAN).is_nan() && tanh(f32::NAN).is_nan() && sigmoid(f32::NAN).is_nan());
        assert_eq!([tanh(100.0), tanh(-100.0), sigmoid(200.0)], [1.0, -1.0, 1.0]);
    }

    #[test]
    fn wide_vectors_give_the_same_bits() {
        let x: Vec<f32> = (0..1001).map(|i| i as f32 / 50.0 - 10.0).collect();
        let plain: Vec<f32> = x.iter().map(|&x| tanh(x) + normal(x).0).collect();
        assert_eq!(
            vectorized(
                #[inline(always)]
                || x.iter().map(|&x| tanh(x) + normal(x).0).collect::<Vec<f32>>()
            ),
            plain
        );
    }
}
