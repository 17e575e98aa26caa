//! `exp`, `tanh` and what is made of them, in a form that compilers turn into vector instructions.
//!
//! In single precision they are polynomials after a range reduction (Cephes library, S. Moshier, `expf.c` and `tanhf.c`,
//! for the constants): the same bits on every machine, which the C library's functions do not promise.
//! Largest errors, measured over the whole range by the tests below: `exp` 2 ulp (1.8e-7 relative), `tanh` 2e-7 relative,
//! `sigmoid` 3e-7 relative, or 3e-37 where it is below 1e-30, `softplus` 4e-7 relative with the same floor. In double precision, which serves gradient checks, the standard library's functions are used.

/// Below this, `exp` is the smallest normal number.
const LOWEST: f32 = -87.336;
/// Above this, `exp` is the largest number.
const HIGHEST: f32 = 88.722;

/// The exponential function, between the smallest and the largest normal number; without branches.
#[inline(always)]
pub(crate) fn exp_f32(x: f32) -> f32 {
    // Adding and subtracting 1.5 * 2^23 rounds to an integer, which then stands in the low bits of the sum.
    const ROUND: f32 = 12_582_912.0;
    let clamped = x.clamp(LOWEST, HIGHEST);
    let shifted = clamped * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    // ln 2 in two parts, of which the first has few bits, so that the first product is exact.
    let r = clamped - n * 0.693_359_4 - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4_f32;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let value = p * r * r + r + 1.0;
    // 2^n as two factors, each of which is a normal number for every n that occurs.
    let exponent = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .cast_signed();
    let half = exponent >> 1;
    let power = |e: i32| f32::from_bits((e + 127).cast_unsigned() << 23);
    value * power(half) * power(exponent - half)
}

/// The hyperbolic tangent.
#[inline(always)]
pub(crate) fn tanh_f32(x: f32) -> f32 {
    let z = x * x;
    let p = -5.704_988_7e-3_f32;
    let p = p * z + 2.063_909e-2;
    let p = p * z - 5.373_971_6e-2;
    let p = p * z + 1.333_144_2e-1;
    let p = p * z - 3.333_328e-1;
    let small = p * z * x + x;
    let a = x.abs();
    let large = (1.0 - 2.0 / (exp_f32(2.0 * a) + 1.0)).copysign(x);
    // Bits, and no branch: a compiler moves the long way into one, and then does not vectorise the loop.
    let is_small = 0_u32.wrapping_sub(u32::from(a < 0.625));
    f32::from_bits((small.to_bits() & is_small) | (large.to_bits() & !is_small))
}

/// `log(1 + t)` for `t` from 0 to 1: twice the area hyperbolic tangent of `t / (2 + t)`, which is at most 1/3, as a series.
#[inline(always)]
pub(crate) fn ln_1p_unit_f32(t: f32) -> f32 {
    let s = t / (2.0 + t);
    let z = s * s;
    let p = 1.0_f32 / 13.0;
    let p = p * z + 1.0 / 11.0;
    let p = p * z + 1.0 / 9.0;
    let p = p * z + 1.0 / 7.0;
    let p = p * z + 1.0 / 5.0;
    let p = p * z + 1.0 / 3.0;
    let s2 = s + s;
    s2 * z * p + s2
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Element;

    /// Numbers from -100 to 100, dense near 0.
    fn grid() -> impl Iterator<Item = f32> {
        (-400_000..=400_000).map(|i: i32| {
            let t = i as f32 / 400_000.0;
            t * t * t * 100.0
        })
    }

    fn worst(f: impl Fn(f32) -> f32, exact: impl Fn(f64) -> f64, floor: f64) -> f64 {
        let error = |x: f32| {
            let (found, expected) = (f64::from(f(x)), exact(f64::from(x)));
            (found - expected).abs() / expected.abs().max(floor)
        };
        grid().map(error).fold(0.0, f64::max)
    }

    #[test]
    fn stated_errors_hold() {
        let normal = f64::from(f32::MIN_POSITIVE);
        let exp = grid()
            .filter(|x| x.abs() < 87.0)
            .map(|x| (f64::from(exp_f32(x)) / f64::from(x).exp() - 1.0).abs());
        let exp = exp.fold(0.0, f64::max);
        assert!(exp < 1.8e-7, "exp {exp}");
        let tanh = worst(tanh_f32, f64::tanh, normal);
        assert!(tanh < 2e-7, "tanh {tanh}");
        let sigmoid = worst(Element::sigmoid, |x| 1.0 / (1.0 + (-x).exp()), 1e-30);
        assert!(sigmoid < 3e-7, "sigmoid {sigmoid}");
        let softplus = worst(
            Element::softplus,
            |x| x.max(0.0) + (-x.abs()).exp().ln_1p(),
            1e-30,
        );
        assert!(softplus < 4e-7, "softplus {softplus}");
    }

    #[test]
    fn limits() {
        assert_eq!(exp_f32(0.0), 1.0);
        for x in [-90.0, -1000.0, f32::NEG_INFINITY] {
            assert!(
                exp_f32(x) > 0.0 && exp_f32(x) < 2.0 * f32::MIN_POSITIVE,
                "{x}"
            );
        }
        for x in [90.0, 1000.0, f32::INFINITY] {
            assert!(exp_f32(x).is_finite() && exp_f32(x) > 3e38, "{x}");
        }
        assert!(exp_f32(f32::NAN).is_nan() && tanh_f32(f32::NAN).is_nan());
        assert_eq!(
            (tanh_f32(50.0), tanh_f32(-50.0), tanh_f32(0.0)),
            (1.0, -1.0, 0.0)
        );
        assert_eq!(Element::sigmoid(200.0_f32), 1.0);
        assert!(Element::sigmoid(-200.0_f32) < 1e-37);
        assert!(Element::softplus(-200.0_f32) < 1e-37);
    }
}
