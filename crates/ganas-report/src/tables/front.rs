//! The fronts of a search with several objectives, for people.

use std::fmt::Write as _;

use ganas_store::Objectives;
use ganas_store::pareto::Archive;

use super::{Align, TextTable, mean_and_deviation, measurement, optional};
use crate::records::{FrontMember, FrontRecord, RunRecord};

/// A line for each run, and what nothing dominates over all runs, the best in the first objective first.
pub(super) fn text(objectives: &Objectives, runs: &[RunRecord]) -> String {
    let names: Vec<&str> = objectives.all().iter().map(|o| &*o.name).collect();
    let mut table = TextTable::new([
        ("seed", Align::Right),
        ("front", Align::Right),
        ("hypervolume", Align::Right),
        ("reference point", Align::Left),
    ]);
    for (run, front) in fronts(runs) {
        let reference = front.reference_point.as_ref().map(|point| {
            let values = names
                .iter()
                .map(|name| format!("{name}={}", measurement(point[*name])));
            values.collect::<Vec<_>>().join(", ")
        });
        table.row([
            run.seed.to_string(),
            front.front.len().to_string(),
            optional(front.hypervolume),
            reference.unwrap_or_else(|| "-".to_owned()),
        ]);
    }
    let mut text = format!("\n{}", table.to_text());
    if objectives.reference_point().is_some() {
        let volumes: Vec<f64> = fronts(runs).filter_map(|(_, f)| f.hypervolume).collect();
        if let Some(of) = mean_and_deviation(&volumes, 4) {
            let _ = writeln!(text, "hypervolume  {of}");
        }
    } else {
        text.push_str(
            "the reference point is the worst of each objective among the first 10 classes of a run, so hypervolumes \
             of different runs are not comparable; --reference-point sets one\n",
        );
    }
    text + &joint(objectives, &names, runs)
}

fn fronts(runs: &[RunRecord]) -> impl Iterator<Item = (&RunRecord, &FrontRecord)> {
    runs.iter()
        .filter_map(|run| Some((run, run.front.as_ref()?)))
}

fn joint(objectives: &Objectives, names: &[&str], runs: &[RunRecord]) -> String {
    let mut archive: Archive<(u64, &FrontMember)> = Archive::default();
    for (run, front) in fronts(runs) {
        for member in &front.front {
            let values: Vec<f64> = names.iter().map(|name| member.objectives[*name]).collect();
            let point = objectives.point(&values);
            archive.insert(
                (run.seed, member),
                point.expect("invariant: the front was made of points"),
            );
        }
    }
    let columns = names.iter().map(|&name| (name, Align::Right));
    let more = [
        ("report", Align::Right),
        ("seed", Align::Right),
        ("at query", Align::Right),
        ("architecture", Align::Left),
    ];
    let mut table = TextTable::new(columns.chain(more).collect::<Vec<_>>());
    let front = archive.by_first_objective();
    for ((seed, member), _) in &front {
        let values = names
            .iter()
            .map(|name| measurement(member.objectives[*name]));
        let more = [
            measurement(member.report),
            seed.to_string(),
            member.query.to_string(),
            member.arch.clone(),
        ];
        table.row(values.chain(more).collect::<Vec<_>>());
    }
    let of = if runs.len() == 1 {
        String::new()
    } else {
        format!(" over {} runs", runs.len())
    };
    let n = front.len();
    format!(
        "\nfront{of}: {n} architectures that nothing found dominates (equal points are shown once)\n{}",
        table.to_text()
    )
}
