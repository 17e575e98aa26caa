//! Rollouts that violate a constraint.

use ganas_gnn::Element;
use ganas_space::SearchSpace;

use super::encode::Rollout;

/// Which of the rollouts satisfy all constraints.
pub(super) fn admitted(space: &dyn SearchSpace, rollouts: &[Rollout]) -> Vec<bool> {
    rollouts.iter().map(|r| space.admits(&r.arch)).collect()
}

/// Gives rollouts that violate a constraint the lowest reward of the others, less half a standard deviation of theirs.
pub(super) fn penalise<T: Element>(admitted: &[bool], rewards: &mut [T]) {
    if admitted.iter().all(|admitted| *admitted) {
        return;
    }
    let kept = || {
        rewards
            .iter()
            .zip(admitted)
            .filter(|(_, admitted)| **admitted)
    };
    let n = f64::of_count(kept().count().max(1));
    let mean = kept().map(|(r, _)| r.wide()).sum::<f64>() / n;
    let variance = kept().map(|(r, _)| (r.wide() - mean).powi(2)).sum::<f64>() / n;
    let lowest = kept().map(|(r, _)| r.wide()).fold(f64::INFINITY, f64::min);
    // When all of them violate it, none is better than another.
    let penalty = if lowest.is_finite() {
        // The small number keeps a violation worse where all rewards are equal.
        T::of(lowest - 0.5 * (variance.sqrt() + 1e-3))
    } else {
        T::zero()
    };
    for (reward, admitted) in rewards.iter_mut().zip(admitted) {
        if !admitted {
            *reward = penalty;
        }
    }
}
