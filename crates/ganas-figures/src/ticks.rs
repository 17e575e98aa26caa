//! From values to places, and the values that are written at an axis.

/// From values to places along an axis.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    from: f64,
    to: f64,
}

impl Scale {
    /// The scale of values from `low` to `high`, which are positive when it is logarithmic; `from` and `to` are their places.
    pub(crate) fn new((low, high): (f64, f64), log: bool, (from, to): (f64, f64)) -> Self {
        let (low, high) = if high > low {
            (low, high)
        } else if log {
            (low / 2.0, low * 2.0)
        } else {
            let margin = (low.abs() * 0.05).max(1e-3);
            (low - margin, low + margin)
        };
        Self {
            low,
            high,
            log,
            from,
            to,
        }
    }

    /// The place of a value; one that is not on the axis is at its end.
    pub(crate) fn place(&self, value: f64) -> f64 {
        let of = |x: f64| if self.log { x.max(self.low).ln() } else { x };
        let share = (of(value) - of(self.low)) / (of(self.high) - of(self.low));
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Values that are written at the axis: round ones, between three and ten where that is possible.
    pub(crate) fn ticks(&self) -> Vec<f64> {
        if self.log {
            self.log_ticks()
        } else {
            self.linear_ticks()
        }
    }

    fn linear_ticks(&self) -> Vec<f64> {
        let raw = (self.high - self.low) / 5.0;
        let magnitude = 10f64.powf(raw.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0]
            .map(|m| m * magnitude)
            .into_iter()
            .find(|step| *step >= raw)
            .unwrap_or(raw);
        let mut ticks = Vec::new();
        let mut number = (self.low / step).ceil();
        while number * step <= self.high + step * 1e-9 && ticks.len() < 12 {
            ticks.push(number * step + 0.0);
            number += 1.0;
        }
        ticks
    }

    fn log_ticks(&self) -> Vec<f64> {
        let decades = (self.high / self.low).log10();
        let factors: &[f64] = if decades < 1.0 {
            &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]
        } else if decades < 3.0 {
            &[1.0, 2.0, 5.0]
        } else {
            &[1.0]
        };
        let mut ticks = Vec::new();
        let mut exponent = self.low.log10().floor();
        while exponent <= self.high.log10() {
            for factor in factors {
                let value = factor * 10f64.powf(exponent);
                if value >= self.low * (1.0 - 1e-9) && value <= self.high * (1.0 + 1e-9) {
                    ticks.push(value);
                }
            }
            exponent += if decades > 8.0 { 2.0 } else { 1.0 };
        }
        ticks
    }
}

/// A number at an axis, in few digits.
pub(crate) fn tick_text(value: f64) -> String {
    let size = value.abs();
    if size != 0.0 && !(1e-4..1e6).contains(&size) {
        return format!("{value:.0e}");
    }
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn round_values() {
        let linear = Scale::new((0.0, 100.0), false, (0.0, 1.0));
        assert_eq!(linear.ticks(), [0.0, 20.0, 40.0, 60.0, 80.0, 100.0]);
        let log = Scale::new((1.0, 500.0), true, (0.0, 1.0));
        let texts: Vec<String> = log.ticks().into_iter().map(tick_text).collect();
        assert_eq!(
            texts,
            ["1", "2", "5", "10", "20", "50", "100", "200", "500"]
        );
        assert_eq!(tick_text(0.05), "0.05");
        assert_eq!(tick_text(2e-7), "2e-7");
    }

    proptest! {
        /// Ticks lie on the axis in order, and places keep the order of values.
        #[test]
        fn ticks_and_places(low in 1e-6..1e3f64, width in 1e-3..1e5f64, log: bool) {
            let scale = Scale::new((low, low + width), log, (10.0, 20.0));
            let ticks = scale.ticks();
            prop_assert!(ticks.len() <= 30 && ticks.windows(2).all(|pair| pair[0] < pair[1]));
            let places: Vec<f64> = ticks.iter().map(|tick| scale.place(*tick)).collect();
            prop_assert!(places.windows(2).all(|pair| pair[0] <= pair[1]));
            prop_assert!(places.iter().all(|place| (10.0..=20.0).contains(place)));
        }
    }
}
