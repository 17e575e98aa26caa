//! What a trainer asks of a policy.

use std::fmt::Debug;

use ganas_random::StreamKey;
use num_traits::Float;

/// Something with parameters that draws episodes, decision by decision, and says how likely each decision was.
///
/// What an episode is belongs to the policy: a trainer only knows how many decisions it has, and what the policy says of
/// them. Memory that the passes need belongs to the policy, too, so that an update allocates nothing once it has grown.
pub trait Policy {
    /// The numbers that the policy computes in.
    type Elem: Float + Default + Debug;
    /// What the policy draws, with whatever it needs to find the decisions again.
    type Episode;
    /// Why drawing may fail; `Infallible` where it cannot.
    type Error;

    /// Draws `n` episodes from the policy as it is.
    ///
    /// The random numbers come from streams whose keys differ from `key` in `item` and `step` at most, so that a draw
    /// depends neither on threads nor on earlier draws.
    ///
    /// # Errors
    ///
    /// Whatever stops the policy from building an episode.
    fn draw(&mut self, key: StreamKey, n: usize) -> Result<Vec<Self::Episode>, Self::Error>;

    /// Takes up the episodes that [`forward`](Self::forward) and [`backward`](Self::backward) are about from now on, and
    /// adds to `episode_of` one entry for each of their decisions: the number of the episode that it belongs to.
    ///
    /// The decisions of an episode come in the order in which they are taken; those of different episodes may be mixed.
    fn take_up<'a>(
        &mut self,
        episode_of: &mut Vec<usize>,
        episodes: impl Iterator<Item = &'a Self::Episode> + Clone,
    ) where
        Self::Episode: 'a;

    /// Says what the present parameters make of each decision of the episodes that were taken up.
    fn forward(&mut self, decisions: &mut Decisions<Self::Elem>);

    /// Adds the derivative of a loss to the gradient of the parameters, given its derivatives with respect to what the
    /// last [`forward`](Self::forward) said.
    fn backward(&mut self, d_decisions: &Decisions<Self::Elem>);

    /// The Euclidean norm of the whole gradient.
    fn gradient_norm(&self) -> f64;

    /// Takes a step of the optimiser and sets the gradient to zero.
    fn step(&mut self, size: StepSize);
}

/// What a policy says of decisions, or the derivatives of a loss with respect to that: one entry for each decision.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Decisions<T> {
    /// The log-probability of the action that was taken.
    pub log_probs: Vec<T>,
    /// The entropy of the distribution that the action was drawn from, in nats.
    pub entropies: Vec<T>,
    /// The return that the critic expects from here on; zeros where there is no critic, which only PPO reads.
    pub values: Vec<T>,
}

/// The size of a step of the optimiser.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepSize {
    /// The learning rate.
    pub learning_rate: f64,
    /// Multiplies the gradient before the optimiser sees it; at most 1.
    pub gradient_scale: f64,
}

impl<T: Float> Decisions<T> {
    /// Zeros for `n` decisions.
    pub(crate) fn clear(&mut self, n: usize) {
        for values in [&mut self.log_probs, &mut self.entropies, &mut self.values] {
            values.clear();
            values.resize(n, T::zero());
        }
    }

    /// Takes over the entries of some rows, in their order.
    pub(crate) fn gather(&mut self, from: &Self, rows: &[usize]) {
        for (to, from) in [
            (&mut self.log_probs, &from.log_probs),
            (&mut self.entropies, &from.entropies),
            (&mut self.values, &from.values),
        ] {
            to.clear();
            to.extend(rows.iter().map(|&row| from[row]));
        }
    }

    /// Overwrites some rows with the entries of another one, in its order.
    pub(crate) fn scatter(&mut self, from: &Self, rows: &[usize]) {
        for (to, from) in [
            (&mut self.log_probs, &from.log_probs),
            (&mut self.entropies, &from.entropies),
            (&mut self.values, &from.values),
        ] {
            for (&row, &value) in rows.iter().zip(from) {
                to[row] = value;
            }
        }
    }

    /// Panics unless there is an entry for each of `n` decisions.
    pub(crate) fn expect_len(&self, n: usize) {
        let lengths = [
            self.log_probs.len(),
            self.entropies.len(),
            self.values.len(),
        ];
        assert_eq!(lengths, [n; 3], "a policy says as much of each decision");
    }
}
