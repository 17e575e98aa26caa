//! What `--measure-theory` has measured of runs, read from a study; docs/THEORY.md defines it.

use ganas_store::{RunId, Study};
use serde::Serialize;

use crate::Error;

/// A measured round. Logarithms are natural.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct MeasuredRound {
    /// The number of the round in which it was recorded.
    pub round: u32,
    /// By how much the level of the truth set is below the highest one that a truth set of the configured size can have, in the
    /// unit of the search metric; it may be negative while the truth set is smaller.
    pub gap: f64,
    /// The probability that the generator draws a class at or above the level.
    pub p_level: f64,
    /// The Jensen-Shannon divergence of truth set and generator, in nats.
    pub js: f64,
    /// The mean of it over truth sets without one cell each, in nats: what a discriminator of pairs can tell.
    pub js_pairs: f64,
    /// What the discriminator says of that, in nats: never more.
    pub js_estimate: f64,
    /// The Kullback-Leibler divergence of the generator from the indicator of the best classes, in nats: -ln of their
    /// probability.
    pub kl_optimum: f64,
}

/// How the level rose from round to round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifts {
    /// Pairs of a round and the next one, of those where the level could still rise.
    pub pairs: usize,
    /// In how many of them it rose.
    pub held: usize,
    /// The smallest rise; nothing when there was none.
    pub smallest: Option<f64>,
    /// The number of rounds in which the largest gap is closed, had every rise been at least the smallest one.
    pub bound: Option<f64>,
    /// After how many rounds it was; nothing when the run ended before.
    pub reached: Option<usize>,
}

/// The measured rounds of a run, in order; none when it was not measured.
///
/// # Errors
///
/// The study cannot be read, or has a measurement without one of these values.
pub fn measured_rounds(study: &Study, run: RunId) -> Result<Vec<MeasuredRound>, Error> {
    let rows = study.measured(run)?;
    let rounds = rows.iter().map(|row| {
        let value = |name: &str| {
            let values = &row.event.values;
            let found = values.iter().find(|(known, _)| known == name);
            found.map(|(_, value)| *value).ok_or_else(|| {
                Error::Failed(format!(
                    "{}: what was measured in round {} has no `{name}`: it was written by another version of ganas, which can report it",
                    study.path().display(),
                    row.round
                ))
            })
        };
        Ok(MeasuredRound {
            round: row.round,
            gap: value("gap")?,
            p_level: value("p_level")?,
            js: value("js")?,
            js_pairs: value("js_pairs")?,
            js_estimate: value("js_estimate")?,
            kl_optimum: value("kl_optimum")?,
        })
    });
    rounds.collect()
}

impl Lifts {
    /// The rises of the level over the rounds of a run; nothing when fewer than two were measured.
    #[must_use]
    pub fn of(rounds: &[MeasuredRound]) -> Option<Self> {
        let last = rounds.last().filter(|_| rounds.len() > 1)?;
        let gaps = rounds.iter().map(|round| round.gap);
        let largest = gaps.max_by(f64::total_cmp)?;
        let pairs = rounds.windows(2).filter(|pair| pair[0].gap > 0.0);
        let rises: Vec<f64> = pairs.map(|pair| pair[0].gap - pair[1].gap).collect();
        let positive = rises.iter().copied().filter(|rise| *rise > 0.0);
        let smallest = positive.clone().min_by(f64::total_cmp);
        Some(Self {
            pairs: rises.len(),
            held: positive.count(),
            smallest,
            bound: smallest.map(|smallest| (largest / smallest).ceil()),
            // The level of a truth set that still grows may be higher for a while.
            reached: (last.gap <= 0.0).then(|| {
                let open = rounds.iter().rposition(|round| round.gap > 0.0);
                open.map_or(0, |round| round + 1)
            }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rounds(gaps: &[f64]) -> Vec<MeasuredRound> {
        let round = |(round, &gap)| MeasuredRound {
            round,
            gap,
            p_level: 0.5,
            js: 0.1,
            js_pairs: 0.1,
            js_estimate: 0.0,
            kl_optimum: 1.0,
        };
        (0..).zip(gaps).map(round).collect()
    }

    #[test]
    fn lifts_are_counted_where_the_level_can_rise() {
        let lifts = Lifts::of(&rounds(&[8.0, 4.0, 4.0, 2.0, 0.0, 0.0])).unwrap();
        let expected = Lifts {
            pairs: 4,
            held: 3,
            smallest: Some(2.0),
            bound: Some(4.0),
            reached: Some(4),
        };
        assert_eq!(lifts, expected);
    }

    #[test]
    fn a_level_above_the_highest_one_counts_once_it_stays() {
        let lifts = Lifts::of(&rounds(&[-1.0, 3.0, 1.0, 0.0])).unwrap();
        assert_eq!((lifts.pairs, lifts.held, lifts.reached), (2, 2, Some(3)));
        assert_eq!(lifts.bound, Some(3.0));
    }

    #[test]
    fn no_bound_follows_where_nothing_rises() {
        let lifts = Lifts::of(&rounds(&[3.0, 3.0])).unwrap();
        assert_eq!((lifts.held, lifts.smallest, lifts.bound), (0, None, None));
        assert_eq!(lifts.reached, None);
        assert_eq!(Lifts::of(&rounds(&[3.0])), None);
    }
}
