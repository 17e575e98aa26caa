//! What the pairwise discriminator learns to tell from the truth set.

use ganas_gnn::Element as _;
use ganas_random::Stream;
use rand::seq::index;

use super::encode::SeenGraph;

/// The negatives of a pairwise step, `count` of them: generated, a share of them losers of history instead.
pub(super) fn negatives<'a>(
    generated: &[&'a SeenGraph],
    losers: &[&'a SeenGraph],
    count: usize,
    share: f64,
    mut stream: Stream,
) -> Vec<&'a SeenGraph> {
    let from_history = (0..count)
        .filter(|&i| share > 0.0 && f64::of_count(i + 1) <= share * f64::of_count(count))
        .count()
        .min(losers.len());
    let chosen = index::sample(&mut stream, losers.len(), from_history);
    let generated = generated.iter().take(count - from_history).copied();
    generated.chain(chosen.iter().map(|i| losers[i])).collect()
}
