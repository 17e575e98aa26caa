//! A note about rounds that were written before studies had checksums.

use ganas::store::{RunFilter, Study};

use crate::printing::stderr::message;

/// Says on stderr how many rounds of the chosen runs have no checksums of when they were written, if there are any.
pub(crate) fn tell(study: &Study, filter: &RunFilter) -> anyhow::Result<()> {
    let runs = study.runs()?;
    let chosen = runs.iter().filter(|run| filter.matches(run));
    let (n_runs, n_rounds) = chosen
        .filter(|run| run.unchecked_rounds > 0)
        .fold((0, 0_u64), |(runs, rounds), run| {
            (runs + 1, rounds + u64::from(run.unchecked_rounds))
        });
    if n_runs > 0 {
        message(format_args!(
            "note: {n_rounds} rounds of {n_runs} runs were written by a version of ganas without checksums: damage from \
             before this version first wrote to the study is not noticed"
        ));
    }
    Ok(())
}
