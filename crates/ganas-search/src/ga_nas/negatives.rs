//! What the pairwise discriminator learns to tell from the truth set.

use ganas_gnn::Element as _;
use rand::seq::index;

use super::config::GaNasConfig;
use super::encode::SeenGraph;
use super::history::History;
use crate::streams::{Purpose, Streams};

/// The negatives of a pairwise step: as many as the truth set, generated, a share of them losers of history instead.
#[expect(
    clippy::too_many_arguments,
    reason = "parts of one searcher, borrowed apart"
)]
pub(super) fn negatives<'a>(
    config: &GaNasConfig,
    history: &'a History,
    losers: &[usize],
    generated: &[&'a SeenGraph],
    count: usize,
    streams: Streams,
    round: u32,
    inner: usize,
) -> Vec<&'a SeenGraph> {
    let share = config.discriminator.loser_share;
    let from_history = (0..count)
        .filter(|&i| share > 0.0 && f64::of_count(i + 1) <= share * f64::of_count(count))
        .count()
        .min(losers.len());
    let mut stream = streams.get(Purpose::Negatives, round, 0, inner);
    let chosen = index::sample(&mut stream, losers.len(), from_history);
    let chosen = chosen.iter().map(|i| &history.entries()[losers[i]].seen);
    generated
        .iter()
        .copied()
        .take(count - from_history)
        .chain(chosen)
        .collect()
}
