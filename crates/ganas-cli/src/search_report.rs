//! The result of a search: one JSON object, or a table for people.

use std::fmt::Write as _;

use ganas_eval::Protocol;
use ganas_search::Objectives;
use serde::Serialize;

use crate::front_report;
use crate::improve::Gains;
use crate::number::{mean_and_sd, measurement, optional};
use crate::run_record::{RunRecord, stop_text};
use crate::text_table::{Align, TextTable};

/// What `ganas search --json` prints.
#[derive(Debug, Serialize)]
pub(crate) struct SearchReport<'a> {
    /// The version of ganas.
    pub(crate) version: &'static str,
    /// The name of the search space.
    pub(crate) space: &'a str,
    /// The sha256 of the table file, or the fingerprint of the surrogate.
    pub(crate) table_sha256: &'a str,
    /// What was searched on and what is reported.
    pub(crate) protocol: &'a Protocol,
    /// The name of the algorithm.
    pub(crate) algorithm: &'static str,
    /// Its configuration, every field.
    pub(crate) config: &'a serde_json::Value,
    /// What every evaluated architecture satisfies.
    pub(crate) constraints: &'a [String],
    /// Those of them that mask the actions of the generator.
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub(crate) masked: &'a [String],
    /// Unique queries of each run.
    pub(crate) budget: u32,
    /// The device and the instruction set.
    pub(crate) device: &'a str,
    /// The runs, in the order of the seeds; those that were not begun are left out.
    pub(crate) runs: &'a [RunRecord],
    /// What was searched for, when it is a front.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) objectives: Option<&'a Objectives>,
    /// What was gained over the given network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) improve: Option<&'a Gains>,
}

impl SearchReport<'_> {
    /// A table with a line for each run, the mean over runs, and the best architectures.
    pub(crate) fn text(&self) -> String {
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
        for run in self.runs {
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
        let mut text = format!(
            "search {}, report {} ({})\n\n{}",
            self.protocol.search,
            self.protocol.report,
            self.protocol.kind,
            table.render()
        );
        self.write_means(&mut text);
        self.write_best(&mut text);
        if let Some(objectives) = self.objectives {
            text.push_str(&front_report::text(objectives, self.runs));
        }
        if let Some(gains) = self.improve {
            text.push_str(&gains.text());
        }
        text
    }

    fn write_means(&self, text: &mut String) {
        let of = |value: fn(&RunRecord) -> Option<f64>| {
            let values: Vec<f64> = self.runs.iter().filter_map(value).collect();
            mean_and_sd(&values)
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
            if let Some((mean, sd)) = mean {
                let _ = writeln!(
                    text,
                    "{name:<11}  {} ± {}",
                    measurement(mean),
                    measurement(sd)
                );
            }
        }
    }

    fn write_best(&self, text: &mut String) {
        let best = self
            .runs
            .iter()
            .filter_map(|run| Some((run.seed, run.best.as_ref()?)))
            .reduce(|a, b| if b.1.search > a.1.search { b } else { a });
        if let Some((seed, best)) = best {
            let _ = writeln!(text, "\nbest architecture (seed {seed})\n{}", best.arch);
        }
    }
}
