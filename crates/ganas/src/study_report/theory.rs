//! What was measured of the theory: how probable the level is, how far truth set and generator are apart, how far the
//! generator is from the optimum, and how the level rose.

use std::collections::BTreeMap;

use ganas_figures::XyPlot;
use ganas_report::statistics::median;
use ganas_report::tables::{Align, TextTable};

use super::diagnostics::{Measured, plot_of};
use super::{Content, Read, Section};
use crate::Error;
use crate::theory::{Lifts, MeasuredRound, measured_rounds};

/// A figure: its title, what its vertical axis shows, and its series.
type Drawn = (&'static str, &'static str, &'static [SeriesOf]);

/// A series: what its label says, and its value.
type SeriesOf = (&'static str, fn(&MeasuredRound) -> f64);

const FIGURES: [Drawn; 4] = [
    (
        "Probability of the level",
        "probability that the generator draws a class at or above the level",
        &[("", |round| round.p_level)],
    ),
    (
        "Divergence of truth set and generator",
        "Jensen-Shannon divergence (nats)",
        &[
            ("exact", |round| round.js),
            ("exact, of pairs", |round| round.js_pairs),
            ("the discriminator's estimate", |round| round.js_estimate),
        ],
    ),
    (
        "Divergence from the optimum",
        "-ln of the optimum's probability (nats)",
        &[("", |round| round.kl_optimum)],
    ),
    (
        "Gap to the highest level",
        "highest level of such a truth set, less the level",
        &[("", |round| round.gap)],
    ),
];

/// The runs that were measured, by algorithm and table.
type Groups = BTreeMap<String, Vec<Vec<MeasuredRound>>>;

pub(super) fn section(read: &Read<'_>) -> Result<Option<Section>, Error> {
    let mut groups = Groups::new();
    for (curve, run) in read.of.curves.iter().zip(&read.of.runs) {
        let rounds = measured_rounds(read.study, run.id)?;
        if !rounds.is_empty() {
            let label = format!("{} on {}", curve.algorithm, curve.table);
            groups.entry(label).or_default().push(rounds);
        }
    }
    if groups.is_empty() {
        return Ok(None);
    }
    let mut section = Section::new("Theory, measured");
    section.content.push(Content::Text(
        "Exact over all that the generator can draw, after the training of each round; docs/THEORY.md defines every value. Figures have \
         the mean over seeds in each round, and the range from the lowest to the highest seed."
            .to_owned(),
    ));
    let figures = FIGURES
        .iter()
        .filter_map(|drawn| plot(drawn, &groups).figure());
    section.content.extend(figures.map(Content::Figure));
    section
        .content
        .push(Content::Heading("How the level rose".to_owned()));
    section.content.push(Content::Table(lifts(&groups)));
    section.content.push(Content::Text(
        "The theorem assumes that the level rises in every round by at least some δ. Counted are rounds before which it could still rise. \
         The bound is the largest gap by the smallest rise, rounded up: it would follow if the level rose in every round."
            .to_owned(),
    ));
    section
        .content
        .push(Content::Heading("First and last round".to_owned()));
    section.content.push(Content::Table(ends(&groups)));
    Ok(Some(section))
}

fn plot((title, shows, series): &Drawn, groups: &Groups) -> XyPlot {
    let mut measured = Measured::new();
    for (label, runs) in groups {
        for (says, value) in *series {
            let label = if says.is_empty() {
                label.clone()
            } else {
                format!("{label}: {says}")
            };
            let by_round = measured.entry(label).or_default();
            for round in runs.iter().flatten() {
                let value = value(round);
                if value.is_finite() {
                    by_round.entry(round.round).or_default().push(value);
                }
            }
        }
    }
    let description = format!("{shows}, in each round: the mean over seeds, and their range.");
    XyPlot {
        title: (*title).to_owned(),
        ..plot_of(shows, description, measured)
    }
}

/// Medians over runs, to so many digits; a dash when there are none.
fn middle(values: impl Iterator<Item = f64>, digits: usize) -> String {
    let values: Vec<f64> = values.collect();
    median(&values).map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

fn count(n: usize) -> f64 {
    f64::from(u32::try_from(n).expect("invariant: rounds are numbered in 32 bits"))
}

fn lifts(groups: &Groups) -> TextTable {
    let mut table = TextTable::new([
        ("searcher", Align::Left),
        ("runs", Align::Right),
        ("rounds counted", Align::Right),
        ("level rose", Align::Right),
        ("runs where it always did", Align::Right),
        ("smallest rise (median)", Align::Right),
        ("bound on rounds (median)", Align::Right),
        ("runs that reached the highest level", Align::Right),
        ("rounds until then (median)", Align::Right),
    ]);
    for (label, runs) in groups {
        let all: Vec<Lifts> = runs.iter().filter_map(|rounds| Lifts::of(rounds)).collect();
        let sum = |of: fn(&Lifts) -> usize| all.iter().map(of).sum::<usize>();
        let (pairs, held) = (sum(|lifts| lifts.pairs), sum(|lifts| lifts.held));
        let share = if pairs == 0 {
            "-".to_owned()
        } else {
            format!("{held} ({:.1} %)", 100.0 * count(held) / count(pairs))
        };
        let always = all.iter().filter(|lifts| lifts.held == lifts.pairs).count();
        let reached = all.iter().filter_map(|lifts| lifts.reached);
        table.row([
            label.clone(),
            runs.len().to_string(),
            pairs.to_string(),
            share,
            always.to_string(),
            middle(all.iter().filter_map(|lifts| lifts.smallest), 4),
            middle(all.iter().filter_map(|lifts| lifts.bound), 0),
            reached.clone().count().to_string(),
            middle(reached.map(count), 1),
        ]);
    }
    table
}

/// The values of the first and of the last measured round: medians over runs.
fn ends(groups: &Groups) -> TextTable {
    let mut table = TextTable::new([
        ("searcher", Align::Left),
        ("round", Align::Left),
        ("P(level)", Align::Right),
        ("JS", Align::Right),
        ("JS of pairs", Align::Right),
        ("JS estimate", Align::Right),
        ("KL from the optimum", Align::Right),
        ("draws, exp(KL)", Align::Right),
    ]);
    for (label, runs) in groups {
        let firsts: Vec<&MeasuredRound> = runs.iter().filter_map(|rounds| rounds.first()).collect();
        let lasts: Vec<&MeasuredRound> = runs.iter().filter_map(|rounds| rounds.last()).collect();
        for (which, rounds) in [("first", firsts), ("last", lasts)] {
            let of = |value: fn(&MeasuredRound) -> f64, digits| {
                middle(rounds.iter().map(|round| value(round)), digits)
            };
            table.row([
                label.clone(),
                which.to_owned(),
                of(|round| round.p_level, 4),
                of(|round| round.js, 4),
                of(|round| round.js_pairs, 4),
                of(|round| round.js_estimate, 4),
                of(|round| round.kl_optimum, 2),
                of(|round| round.kl_optimum.exp(), 0),
            ]);
        }
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two runs of two rounds, of which the second is a tenth above the first.
    fn groups() -> Groups {
        let round = |round, gap: f64, add: f64| MeasuredRound {
            round,
            gap,
            p_level: 0.2 + add,
            js: 0.3 + add,
            js_pairs: 0.4 + add,
            js_estimate: 0.1 + add,
            kl_optimum: if round == 1 { 2.0 } else { f64::INFINITY },
        };
        let run = |add| vec![round(1, 4.0, add), round(2, 1.0, add)];
        Groups::from([("ga-nas on t".to_owned(), vec![run(0.0), run(0.2)])])
    }

    #[test]
    fn figures_have_means_and_ranges_of_what_was_measured() {
        let groups = groups();
        let drawn: Vec<XyPlot> = FIGURES.iter().map(|drawn| plot(drawn, &groups)).collect();
        let labels = |plot: &XyPlot| -> Vec<String> {
            plot.series
                .iter()
                .map(|series| series.label.clone())
                .collect()
        };
        assert_eq!(labels(&drawn[0]), ["ga-nas on t"]);
        assert_eq!(
            labels(&drawn[1]),
            [
                "ga-nas on t: exact",
                "ga-nas on t: exact, of pairs",
                "ga-nas on t: the discriminator's estimate"
            ]
        );
        let near = |value: f64, expected: f64| (value - expected).abs() < 1e-12;
        for (plot, series, mean) in [(0, 0, 0.3), (1, 0, 0.4), (1, 1, 0.5), (1, 2, 0.2)] {
            let point = &drawn[plot].series[series].points[1];
            let (low, high) = point.band.unwrap();
            assert!(near(point.x, 2.0) && near(point.y, mean), "{point:?}");
            assert!(near(low, mean - 0.1) && near(high, mean + 0.1), "{point:?}");
        }
        // What is not finite is not drawn.
        assert_eq!(drawn[2].series[0].points.len(), 1);
        assert!(near(drawn[3].series[0].points[0].y, 4.0));
        assert!(drawn.iter().all(|plot| plot.figure().is_some()));
    }

    #[test]
    fn tables_have_medians_over_runs() {
        let groups = groups();
        let csv = lifts(&groups).to_csv();
        let line = "ga-nas on t,2,2,2 (100.0 %),2,3.0000,2,0,-";
        assert_eq!(csv.lines().nth(1), Some(line), "{csv}");
        let csv = ends(&groups).to_csv();
        let line = "ga-nas on t,first,0.3000,0.4000,0.5000,0.2000,2.00,7";
        assert_eq!(csv.lines().nth(1), Some(line), "{csv}");
    }
}
