//! How far the runs of a search are, evaluation by evaluation.

use std::collections::BTreeMap;
use std::time::Duration;

use ganas_store::{QueryCounts, SearchMetric};

use super::{Finishing, about};
use crate::escape::escaped;
use crate::tables::measurement;

/// What came of an evaluation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Ended {
    /// Nothing.
    Failed,
    /// Something that cannot be the best, such as what violates bounds, or was stopped early.
    Unfit,
    /// A value of the metric that is searched on.
    Measured(SearchMetric),
}

/// What a round tells of a run.
#[derive(Clone, Copy, Debug)]
pub struct Round {
    /// The number of its last trial.
    pub last: u32,
    /// All queries so far.
    pub counts: QueryCounts,
    /// The best so far, and the number of its trial.
    pub best: Option<(SearchMetric, u32)>,
}

/// How far a run is. Times are since the beginning of the search.
#[derive(Clone, Debug)]
pub struct RunProgress {
    budget: u32,
    /// What the rounds have told.
    told: QueryCounts,
    best_told: Option<(SearchMetric, u32)>,
    /// What is evaluated and was not told in a round yet, by the number of the trial.
    early: BTreeMap<u32, Ended>,
    finishing: Finishing,
    has_ended: bool,
}

impl RunProgress {
    fn new(budget: u32, now: Duration) -> Self {
        Self {
            budget,
            told: QueryCounts::default(),
            best_told: None,
            early: BTreeMap::new(),
            finishing: Finishing::since(now),
            has_ended: false,
        }
    }

    /// How many evaluations are there, failed ones included.
    #[must_use]
    pub fn evaluated(&self) -> u32 {
        let early = u32::try_from(self.early.len()).unwrap_or(u32::MAX);
        self.told.unique.saturating_add(early)
    }

    /// What stands beside a bar, where `running` evaluations go on: all but what the bar shows.
    #[must_use]
    pub fn beside_bar(&self, running: usize, now: Duration) -> String {
        let best = self.best().map(|(value, _)| measurement(value.value()));
        let best = best.map(|best| format!("best {best}"));
        let parts = [running_text(running), failed_text(self.failed()), best];
        let left = self.finishing.time_left(self.left(), running, now);
        joined(parts.into_iter().chain([left_text(left)]))
    }

    fn failed(&self) -> u32 {
        let early = self.early.values();
        let early = early.filter(|ended| **ended == Ended::Failed).count();
        let early = u32::try_from(early).unwrap_or(u32::MAX);
        self.told.failed.saturating_add(early)
    }

    /// The best and the number of its trial: the earliest among equals, whichever is finished first.
    fn best(&self) -> Option<(SearchMetric, u32)> {
        let early = self
            .early
            .iter()
            .filter_map(|(&number, ended)| match ended {
                Ended::Measured(value) => Some((*value, number)),
                Ended::Failed | Ended::Unfit => None,
            });
        let all = self.best_told.into_iter().chain(early);
        all.reduce(|best, other| if other.0 > best.0 { other } else { best })
    }

    fn left(&self) -> u32 {
        if self.has_ended {
            0
        } else {
            self.budget.saturating_sub(self.evaluated())
        }
    }
}

/// How far all runs of a search are.
#[derive(Clone, Debug)]
pub struct SearchProgress {
    /// The metric that is searched on.
    metric: String,
    n_runs: usize,
    budget: u32,
    runs: BTreeMap<u64, RunProgress>,
    finishing: Finishing,
}

impl SearchProgress {
    /// Runs of `budget` unique queries each, which search on a metric.
    #[must_use]
    pub fn new(n_runs: usize, budget: u32, metric: impl Into<String>) -> Self {
        Self {
            metric: metric.into(),
            n_runs,
            budget,
            runs: BTreeMap::new(),
            finishing: Finishing::default(),
        }
    }

    /// A run begins, with what there is of it.
    pub fn begin(
        &mut self,
        seed: u64,
        counts: QueryCounts,
        best: Option<(SearchMetric, u32)>,
        now: Duration,
    ) {
        let mut run = RunProgress::new(self.budget, now);
        (run.told, run.best_told) = (counts, best);
        self.runs.insert(seed, run);
    }

    /// An evaluation of a run has finished, before its round is told.
    pub fn evaluated(&mut self, seed: u64, number: u32, ended: Ended, now: Duration) {
        self.remembered(seed, number, ended);
        self.count(seed, 1, now);
    }

    /// An evaluation was not made again, which says nothing of how long others take.
    pub fn remembered(&mut self, seed: u64, number: u32, ended: Ended) {
        if let Some(run) = self.runs.get_mut(&seed) {
            run.early.insert(number, ended);
        }
    }

    /// A round was told: this is all that came of the trials up to its last.
    pub fn told(&mut self, seed: u64, round: Round, now: Duration) {
        let Round { last, counts, best } = round;
        let Some(run) = self.runs.get_mut(&seed) else {
            return;
        };
        let before = run.evaluated();
        run.early.retain(|&number, _| number > last);
        (run.told, run.best_told) = (counts, best);
        // What was given up with a lower fidelity is told in rounds only.
        let more = run.evaluated().saturating_sub(before);
        self.count(seed, more, now);
    }

    fn count(&mut self, seed: u64, more: u32, now: Duration) {
        if let Some(run) = self.runs.get_mut(&seed) {
            for _ in 0..more {
                run.finishing.add(now);
                self.finishing.add(now);
            }
        }
    }

    /// A run has ended, whatever was left of its budget.
    pub fn end(&mut self, seed: u64) {
        let run = self.runs.entry(seed);
        let run = run.or_insert_with(|| RunProgress::new(self.budget, Duration::ZERO));
        run.has_ended = true;
    }

    /// A run that has begun.
    #[must_use]
    pub fn run(&self, seed: u64) -> Option<&RunProgress> {
        self.runs.get(&seed)
    }

    /// What is told when it changes: evaluations, failures, and runs that have ended.
    #[must_use]
    pub fn state(&self) -> [u64; 3] {
        let sum =
            |of: fn(&RunProgress) -> u32| self.runs.values().map(|run| u64::from(of(run))).sum();
        [
            sum(RunProgress::evaluated),
            sum(RunProgress::failed),
            sum(|run| run.has_ended.into()),
        ]
    }

    /// The seed and the number of the best.
    #[must_use]
    pub fn best(&self) -> Option<(u64, u32)> {
        self.best_of_all().map(|(seed, (_, number))| (seed, number))
    }

    fn best_of_all(&self) -> Option<(u64, (SearchMetric, u32))> {
        let of_runs = (self.runs.iter()).filter_map(|(&seed, run)| Some((seed, run.best()?)));
        of_runs.reduce(|a, b| if b.1.0 > a.1.0 { b } else { a })
    }

    /// How long all of it will take, while `running` evaluations go on.
    #[must_use]
    pub fn time_left(&self, running: usize, now: Duration) -> Option<Duration> {
        let begun: u32 = self.runs.values().map(RunProgress::left).sum();
        let others = u32::try_from(self.n_runs.saturating_sub(self.runs.len())).ok()?;
        let left = begun.checked_add(others.checked_mul(self.budget)?)?;
        self.finishing.time_left(left, running, now)
    }

    /// One line about all of it, where `running` evaluations go on.
    #[must_use]
    pub fn line(&self, running: usize, now: Duration) -> String {
        let [evaluated, failed, ended] = self.state();
        let all = u64::from(self.budget) * self.n_runs as u64;
        let best = self.best_of_all().map(|(seed, (value, number))| {
            let value = measurement(value.value());
            let metric = escaped(&self.metric);
            match self.n_runs {
                1 => format!("best {metric} {value} (number {number})"),
                _ => format!("best {metric} {value} (seed {seed}, number {number})"),
            }
        });
        let whose = match (self.n_runs, self.runs.keys().next()) {
            (1, Some(seed)) => format!("seed {seed}: "),
            (1, None) => String::new(),
            (n, _) => format!("all seeds: {ended} of {n} runs have ended, "),
        };
        let left = left_text(self.time_left(running, now));
        let parts = [
            Some(format!("{evaluated} of {all} evaluated")),
            running_text(running),
            failed_text(failed),
            best,
            left,
        ];
        format!("{whose}{}", joined(parts))
    }
}

fn running_text(running: usize) -> Option<String> {
    (running > 0).then(|| format!("{running} running"))
}

fn failed_text(failed: impl Into<u64>) -> Option<String> {
    let failed = failed.into();
    (failed > 0).then(|| format!("{failed} failed"))
}

fn left_text(left: Option<Duration>) -> Option<String> {
    left.map(|left| format!("about {} left", about(left)))
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn value(value: f64) -> Ended {
        Ended::Measured(SearchMetric::maximized(value))
    }

    #[test]
    fn a_line_tells_of_a_run() {
        let mut search = SearchProgress::new(1, 40, "valid_acc");
        assert_eq!(search.line(0, s(0)), "0 of 40 evaluated");
        search.begin(7, QueryCounts::default(), None, s(0));
        assert_eq!(search.line(2, s(0)), "seed 7: 0 of 40 evaluated, 2 running");
        for number in 0..10 {
            search.evaluated(7, number, value(0.5), s(10 * u64::from(number) + 10));
        }
        search.evaluated(7, 11, Ended::Failed, s(110));
        search.evaluated(7, 10, value(0.93125), s(120));
        assert_eq!(
            search.line(4, s(120)),
            "seed 7: 12 of 40 evaluated, 4 running, 1 failed, best valid_acc 0.9313 (number 10), about 5 min left"
        );
        let run = search.run(7).unwrap();
        assert_eq!(
            run.beside_bar(4, s(120)),
            "4 running, 1 failed, best 0.9313, about 5 min left"
        );
        search.end(7);
        assert_eq!(search.time_left(0, s(120)), None);
    }

    #[test]
    fn the_best_is_the_earliest_among_equals_whichever_is_finished_first() {
        let mut search = SearchProgress::new(1, 9, "a");
        search.begin(0, QueryCounts::default(), None, s(0));
        for (number, measured, best) in [(5, 0.5, 5), (3, 0.5, 3), (4, 0.5, 3), (8, 0.6, 8)] {
            search.remembered(0, number, value(measured));
            assert_eq!(search.best(), Some((0, best)));
        }
        // What was not made again says nothing of how long others take.
        assert_eq!(search.time_left(1, s(100)), None);
    }

    #[test]
    fn rounds_tell_what_was_not_seen_before() {
        let mut search = SearchProgress::new(1, 9, "a");
        search.begin(0, QueryCounts::default(), None, s(0));
        search.evaluated(0, 2, value(0.5), s(10));
        search.evaluated(0, 3, Ended::Unfit, s(20));
        search.evaluated(0, 4, Ended::Failed, s(30));
        assert_eq!(search.state(), [3, 1, 0]);
        let counts = QueryCounts {
            raw: 4,
            unique: 4,
            failed: 1,
        };
        let round = Round {
            last: 3,
            counts,
            best: Some((SearchMetric::maximized(0.6), 1)),
        };
        search.told(0, round, s(40));
        // Of the trials 0 and 1 nothing was seen; 4 is still to be told.
        assert_eq!(search.state(), [5, 2, 0]);
        assert_eq!(search.best(), Some((0, 1)));
        assert_eq!(search.time_left(1, s(40)), Some(s(32)));
    }

    #[test]
    fn a_line_tells_of_all_seeds() {
        let mut search = SearchProgress::new(3, 10, "a\u{1b}");
        let counts = QueryCounts {
            raw: 9,
            unique: 8,
            failed: 2,
        };
        let best = Some((SearchMetric::maximized(0.7), 4));
        search.begin(1, counts, best, s(0));
        search.begin(0, QueryCounts::default(), None, s(0));
        search.evaluated(0, 0, value(0.6), s(60));
        search.evaluated(0, 1, value(0.6), s(120));
        search.evaluated(1, 8, value(0.7), s(180));
        search.end(1);
        assert_eq!(
            search.line(2, s(180)),
            r"all seeds: 1 of 3 runs have ended, 11 of 30 evaluated, 2 running, 2 failed, best a\u{1b} 0.7000 (seed 1, number 4), about 18 min left"
        );
    }
}
