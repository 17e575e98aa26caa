//! When a line of progress is due, where there is no terminal that could show a bar.

use std::time::Duration;

/// Between two lines that tell nothing better.
const EVERY: Duration = Duration::from_secs(30);

/// A line that tells nothing new says that the search is still there.
const AT_LEAST: Duration = Duration::from_secs(30 * 60);

/// How soon something better is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Eagerness {
    /// At once: evaluations take long.
    AtOnce,
    /// With the next line: searches on tables mostly end before there is one.
    InTime,
}

/// Decides when a line is due. `S` is what a line says, and `B` what is best; times are since the beginning.
#[derive(Clone, Debug)]
pub struct Due<S, B> {
    eagerness: Eagerness,
    last: Duration,
    told: Option<S>,
    best: Option<B>,
}

impl<S: PartialEq, B: PartialEq> Due<S, B> {
    /// Nothing has been said yet.
    #[must_use]
    pub fn new(eagerness: Eagerness) -> Self {
        Self {
            eagerness,
            last: Duration::ZERO,
            told: None,
            best: None,
        }
    }

    /// Whether a line is due now; it is then taken for said.
    pub fn is_due(&mut self, state: S, best: Option<B>, now: Duration) -> bool {
        let waited = now.saturating_sub(self.last);
        let is_better = best.is_some() && best != self.best;
        let is_new = self.told.as_ref() != Some(&state);
        let is_due = is_better && self.eagerness == Eagerness::AtOnce
            || is_new && waited >= EVERY
            || waited >= AT_LEAST;
        if is_due {
            *self = Self {
                eagerness: self.eagerness,
                last: now,
                told: Some(state),
                best,
            };
        }
        is_due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn due_at(eagerness: Eagerness, steps: &[(u64, u32, Option<u32>)]) -> Vec<u64> {
        let mut due = Due::new(eagerness);
        let steps = steps.iter();
        steps
            .filter(|(now, state, best)| due.is_due(*state, *best, Duration::from_secs(*now)))
            .map(|(now, ..)| *now)
            .collect()
    }

    #[test]
    fn what_is_better_is_told_at_once_and_the_rest_in_time() {
        let steps = [
            (1, 0, None),
            (2, 1, Some(1)),
            (3, 2, Some(1)),
            (4, 3, Some(3)),
            (33, 4, Some(3)),
            (34, 5, Some(3)),
            (35, 6, Some(3)),
            (90, 6, Some(3)),
            (1889, 6, Some(3)),
            (1890, 6, Some(3)),
            (1891, 6, Some(3)),
        ];
        assert_eq!(due_at(Eagerness::AtOnce, &steps), [2, 4, 34, 90, 1890]);
    }

    #[test]
    fn a_search_of_seconds_says_nothing() {
        let steps = [
            (1, 1, Some(1)),
            (5, 50, Some(30)),
            (29, 90, Some(90)),
            (31, 92, Some(91)),
            (60, 99, Some(99)),
            (61, 100, Some(100)),
        ];
        assert_eq!(due_at(Eagerness::InTime, &steps), [31, 61]);
    }
}
