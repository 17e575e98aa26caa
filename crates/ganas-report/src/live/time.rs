//! How long the rest takes, as far as that can be told.

use std::collections::VecDeque;
use std::time::Duration;

/// So many finished evaluations are remembered.
const REMEMBERED: usize = 4096;

/// Nothing is said before so many have finished.
const ENOUGH: usize = 3;

/// The rate is that of the last so many, and of several for each that goes on at the same time.
const RECENT: usize = 20;

/// When evaluations finished. Times are since the beginning.
#[derive(Clone, Debug, Default)]
pub struct Finishing {
    /// The end of the last one that is not remembered, or the beginning.
    before: Duration,
    ends: VecDeque<Duration>,
}

impl Finishing {
    /// Begins at this time.
    #[must_use]
    pub fn since(begin: Duration) -> Self {
        Self {
            before: begin,
            ends: VecDeque::new(),
        }
    }

    /// An evaluation has finished.
    pub fn add(&mut self, now: Duration) {
        if self.ends.len() == REMEMBERED {
            self.before = self.ends.pop_front().unwrap_or(self.before);
        }
        self.ends.push_back(now);
    }

    /// How long `left` evaluations will take at the rate of the last ones, while `running` go on at the same time; nothing
    /// before there is enough to tell.
    ///
    /// Those that go on at the same time end at about the same time, too: before each of them has ended once, the rate of
    /// those that were fast would be taken for that of all.
    #[must_use]
    pub fn time_left(&self, left: u32, running: usize, now: Duration) -> Option<Duration> {
        let running = running.max(1);
        if self.ends.len() < ENOUGH.max(running) || left == 0 {
            return None;
        }
        let n = self.ends.len().min(RECENT.max(running.saturating_mul(4)));
        let first = self.ends.len() - n;
        let begin = match first.checked_sub(1) {
            Some(before) => self.ends[before],
            None => self.before,
        };
        let last = *self.ends.back()?;
        let seconds = |from: Duration, to: Duration| to.saturating_sub(from).as_secs_f64();
        let interval = seconds(begin, last) / n as f64;
        let waited = seconds(last, now);
        // As long as none is overdue, the time runs down; after that, the rate itself has become lower.
        let left = f64::from(left);
        let rest = if waited <= interval * running as f64 {
            (left * interval - waited).max(0.0)
        } else {
            left * seconds(begin, now) / n as f64
        };
        Duration::try_from_secs_f64(rest).ok()
    }
}

/// A duration in words, as exactly as an estimate can be: `40 s`, `14 min`, `3.5 h`, `2.1 days`.
#[must_use]
pub fn about(time: Duration) -> String {
    let seconds = time.as_secs_f64();
    let (minutes, hours) = (seconds / 60.0, seconds / 3600.0);
    if seconds < 100.0 {
        format!("{:.0} s", seconds.ceil())
    } else if minutes < 100.0 {
        format!("{minutes:.0} min")
    } else if hours < 48.0 {
        format!("{hours:.1} h")
    } else {
        format!("{:.1} days", hours / 24.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn nothing_is_said_before_there_is_enough_to_tell() {
        let mut finishing = Finishing::default();
        for end in [10, 20] {
            finishing.add(s(end));
            assert_eq!(finishing.time_left(10, 1, s(end)), None);
        }
        finishing.add(s(30));
        assert_eq!(finishing.time_left(10, 1, s(30)), Some(s(100)));
        // Of five that go on, the first three say nothing of the other two.
        assert_eq!(finishing.time_left(10, 5, s(30)), None);
        assert_eq!(finishing.time_left(0, 1, s(30)), None);
    }

    #[test]
    fn time_runs_down_until_something_is_overdue() {
        let mut finishing = Finishing::since(s(100));
        for end in [110, 120, 130] {
            finishing.add(s(end));
        }
        assert_eq!(finishing.time_left(10, 1, s(134)), Some(s(96)));
        // Three in 60 seconds by now.
        assert_eq!(finishing.time_left(10, 1, s(160)), Some(s(200)));
    }

    #[test]
    fn the_rate_is_that_of_the_last_ones() {
        let mut finishing = Finishing::default();
        for end in 1..=100 {
            finishing.add(s(end));
        }
        for end in 1..=20 {
            finishing.add(s(100 + 60 * end));
        }
        assert_eq!(finishing.time_left(2, 1, s(1300)), Some(s(120)));
        for _ in 0..2 * REMEMBERED {
            finishing.add(s(1300));
        }
        assert_eq!(finishing.ends.len(), REMEMBERED);
    }

    #[test]
    fn estimates_in_words() {
        for (seconds, text) in [
            (0, "0 s"),
            (99, "99 s"),
            (840, "14 min"),
            (12_600, "3.5 h"),
            (200_000, "2.3 days"),
        ] {
            assert_eq!(about(s(seconds)), text);
        }
        assert_eq!(about(Duration::from_millis(400)), "1 s");
    }
}
