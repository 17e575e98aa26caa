//! Learning from episodes that are to be imitated.

use num_traits::Float;

use crate::number::{cast, count};

/// The imitation loss `L = -(weight / n) sum_i log p_i` of `n` episodes to be imitated: the cross-entropy of the policy
/// relative to their empirical distribution, up to a constant.
///
/// # Panics
///
/// When the slices differ in length.
pub fn imitation_loss<T: Float>(weight: f64, log_probs: &[T], d_log_probs: &mut [T]) -> T {
    let n = log_probs.len();
    assert_eq!(d_log_probs.len(), n, "one derivative for each episode");
    if n == 0 {
        return T::zero();
    }
    let slope = -cast::<T>(weight) / count(n);
    d_log_probs.fill(slope);
    log_probs
        .iter()
        .fold(T::zero(), |loss, &log_prob| loss + slope * log_prob)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imitation_is_the_weighted_mean() {
        let mut d_log_probs = [0.0; 2];
        assert_eq!(imitation_loss(0.5, &[-1.0, -3.0], &mut d_log_probs), 1.0);
        assert_eq!(d_log_probs, [-0.25, -0.25]);
    }
}
