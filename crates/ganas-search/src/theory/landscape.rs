//! All that a generator can draw in a space, with the search metric of each class.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use ganas_eval::SearchMetric;
use ganas_space::{Action, Arch, ArchKey, Partial, SearchSpace};

use crate::SearchError;
use crate::ga_nas::encode::{Open, OpenActions, Rollout, SeenGraph};

/// The largest number of decision sequences of a space that is measured. Each takes about 2 KB while a run is measured.
pub const MOST_EPISODES: usize = 1_000_000;

/// Every decision sequence of a space, its class, and the search metric of every class.
///
/// It belongs to the measurement alone: no searcher looks a metric up in it.
#[derive(Debug)]
pub struct Landscape {
    pub(crate) episodes: Vec<Rollout>,
    /// The class of each episode.
    pub(crate) class_of: Vec<usize>,
    keys: BTreeMap<ArchKey, usize>,
    /// What a discriminator sees of each class.
    pub(crate) seen: Vec<SeenGraph>,
    /// The gain of each class, of which larger is better; nothing for a class without a value.
    pub(crate) gains: Vec<Option<f64>>,
    /// All gains, best first.
    best_first: Vec<f64>,
}

impl Landscape {
    /// Lists a space; `value_of` says the search metric of a class, and nothing when its evaluation fails.
    ///
    /// # Errors
    ///
    /// [`SearchError::Unmeasurable`] for a space under constraints, for one with more than [`MOST_EPISODES`] decision sequences,
    /// and when no class has a value.
    pub fn new<E: From<SearchError>>(
        space: &dyn SearchSpace,
        mut value_of: impl FnMut(ArchKey, &Arch) -> Result<Option<SearchMetric>, E>,
    ) -> Result<Self, E> {
        let episodes = episodes(space)?;
        let mut keys = BTreeMap::new();
        let mut class_of = Vec::with_capacity(episodes.len());
        let (mut seen, mut gains) = (Vec::new(), Vec::new());
        for episode in &episodes {
            let key = space.key(&episode.arch);
            let class = match keys.entry(key) {
                Entry::Occupied(known) => *known.get(),
                Entry::Vacant(new) => {
                    seen.push(SeenGraph::of(space, &episode.arch));
                    gains.push(value_of(key, &episode.arch)?.map(SearchMetric::gain));
                    *new.insert(gains.len() - 1)
                }
            };
            class_of.push(class);
        }
        let mut best_first: Vec<f64> = gains.iter().flatten().copied().collect();
        best_first.sort_by(|a, b| b.total_cmp(a));
        if best_first.is_empty() {
            return Err(E::from(unmeasurable(
                space,
                "no architecture of it has a value of the search metric".to_owned(),
            )));
        }
        Ok(Self {
            episodes,
            class_of,
            keys,
            seen,
            gains,
            best_first,
        })
    }

    /// The number of decision sequences.
    #[must_use]
    pub fn n_episodes(&self) -> usize {
        self.episodes.len()
    }

    /// The number of classes.
    #[must_use]
    pub fn n_classes(&self) -> usize {
        self.keys.len()
    }

    /// The number of the class with this key.
    pub(crate) fn class(&self, key: ArchKey) -> Option<usize> {
        self.keys.get(&key).copied()
    }

    /// The best gain of any class.
    #[must_use]
    pub fn optimum(&self) -> f64 {
        self.best_first[0]
    }

    /// The gain of the class with this rank, from 1 on: the highest level that a truth set of so many can have.
    #[must_use]
    pub fn highest_level(&self, size: usize) -> f64 {
        self.best_first[size.clamp(1, self.best_first.len()) - 1]
    }
}

fn unmeasurable(space: &dyn SearchSpace, reason: String) -> SearchError {
    SearchError::Unmeasurable {
        space: space.name().to_owned(),
        reason,
    }
}

/// All decision sequences, in the order of their actions.
fn episodes(space: &dyn SearchSpace) -> Result<Vec<Rollout>, SearchError> {
    if space.constraints().is_some() {
        let reason = "constraints leave a part of it only: measure it without them".to_owned();
        return Err(unmeasurable(space, reason));
    }
    let mut listing = Listing {
        space,
        opened: Vec::new(),
        episodes: Vec::new(),
    };
    let is_complete = listing.extend(&space.start())?;
    if is_complete {
        return Ok(listing.episodes);
    }
    let size = match space.size() {
        Some(size) => format!(" ({size} architectures as text)"),
        None => String::new(),
    };
    Err(unmeasurable(
        space,
        format!(
            "it has more than {MOST_EPISODES} decision sequences{size}, and all of them would have to be listed: choose a smaller \
             space, such as nasbench201, or fix choices"
        ),
    ))
}

struct Listing<'a> {
    space: &'a dyn SearchSpace,
    /// What was open at each decision so far.
    opened: Vec<Open>,
    episodes: Vec<Rollout>,
}

impl Listing<'_> {
    /// Lists all that a beginning can become; says whether there was room for it.
    fn extend(&mut self, partial: &Partial) -> Result<bool, SearchError> {
        if self.space.decision(partial).is_none() {
            if self.episodes.len() == MOST_EPISODES {
                return Ok(false);
            }
            self.episodes.push(Rollout {
                arch: self.space.finish(partial)?,
                actions: partial.actions().to_vec(),
                open: self.opened.clone(),
            });
            return Ok(true);
        }
        let open = Open::next(self.space, OpenActions::Legal, partial);
        self.opened.push(open);
        for action in (0..64).filter(|action| open.actions >> action & 1 == 1) {
            let mut next = partial.clone();
            self.space.apply(&mut next, Action(action))?;
            if !self.extend(&next)? {
                return Ok(false);
            }
        }
        self.opened.pop();
        Ok(true)
    }
}
