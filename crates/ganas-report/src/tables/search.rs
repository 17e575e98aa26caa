//! The result of a search, for people.

use std::fmt::Write as _;

use ganas_store::StopReason;

use super::{Align, TextTable, front, mean_and_deviation, optional};
use crate::records::{RunRecord, SearchRecord};

impl SearchRecord {
    /// A table with a line for each run, the mean over runs, and the best architectures.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut table = TextTable::new([
            ("seed", Align::Right),
            ("best search", Align::Right),
            ("its report", Align::Right),
            ("rank", Align::Right),
            ("at query", Align::Right),
            ("unique", Align::Right),
            ("queries", Align::Right),
            ("failed", Align::Right),
            ("seconds", Align::Right),
            ("stop", Align::Left),
        ]);
        for run in &self.runs {
            let best = run.best.as_ref();
            table.row([
                run.seed.to_string(),
                optional(best.map(|best| best.search)),
                optional(best.map(|best| best.report)),
                best.and_then(|best| best.rank)
                    .map_or_else(|| "-".to_owned(), |rank| rank.search.to_string()),
                run.queries_to_best
                    .map_or_else(|| "-".to_owned(), |n| n.to_string()),
                run.unique_queries.to_string(),
                run.queries.to_string(),
                run.failed.to_string(),
                format!("{:.1}", run.wall_s),
                stop_text(run.stop).to_owned(),
            ]);
        }
        let mut text = format!("{}\n\n{}", self.protocol, table.to_text());
        self.write_means(&mut text);
        self.write_best(&mut text);
        if let Some(objectives) = &self.objectives {
            text.push_str(&front::text(objectives, &self.runs));
        }
        if let Some(gains) = &self.improve {
            text.push_str(&gains.to_text());
        }
        text
    }

    fn write_means(&self, text: &mut String) {
        let of = |value: fn(&RunRecord) -> Option<f64>| {
            let values: Vec<f64> = self.runs.iter().filter_map(value).collect();
            mean_and_deviation(&values, 4)
        };
        let means = [
            ("best search", of(|run| Some(run.best.as_ref()?.search))),
            ("its report", of(|run| Some(run.best.as_ref()?.report))),
            ("rank", of(|run| Some(run.best.as_ref()?.rank?.search))),
            ("at query", of(|run| run.queries_to_best.map(f64::from))),
        ];
        if means.iter().all(|(_, mean)| mean.is_none()) {
            return;
        }
        let _ = writeln!(text, "\nmean ± sd over {} runs", self.runs.len());
        for (name, mean) in means {
            if let Some(mean) = mean {
                let _ = writeln!(text, "{name:<11}  {mean}");
            }
        }
    }

    fn write_best(&self, text: &mut String) {
        let best = self
            .runs
            .iter()
            .filter_map(|run| Some((run.seed, run.best.as_ref()?)))
            .reduce(|a, b| {
                let direction = self.protocol.search_direction;
                let is_better = direction.compare(b.1.search, a.1.search).is_gt();
                if is_better { b } else { a }
            });
        if let Some((seed, best)) = best {
            let _ = writeln!(text, "\nbest architecture (seed {seed})\n{}", best.arch);
        }
    }
}

/// The text of a stop reason, for people.
#[must_use]
pub fn stop_text(stop: StopReason) -> &'static str {
    match stop {
        StopReason::BudgetSpent => "budget spent",
        StopReason::SpaceExhausted => "space exhausted",
        StopReason::OnlyRepeats => "only repeats",
        StopReason::TargetReached => "target reached",
        StopReason::NoImprovement => "no improvement",
        StopReason::TimeSpent => "time spent",
        StopReason::Interrupted => "interrupted",
    }
}
