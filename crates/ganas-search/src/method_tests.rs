//! What all searchers have in common: the same laws for each of them.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_eval::{Direction, Property, SearchMetric};
use ganas_gnn::Cpu;
use ganas_space::{Arch, ArchKey, SearchSpace};
use proptest::prelude::*;

use crate::toy::{Toy, arch, sorted};
use crate::{
    Bananas, BananasConfig, ConstrainedSpace, Constraint, CrossEntropy, CrossEntropyConfig,
    Evolution, EvolutionConfig, FixedList, GaNas, GaNasConfig, GaussianProcess,
    GaussianProcessConfig, LocalSearch, Method, MethodSearcher, NaszillaConfig,
    NaszillaLocalSearch, Preset, PropertyOrder, Proposal, RandomSearch, Reinforce, ReinforceConfig,
    SearchError, Searcher, Topology, Trial, TrialNumber,
};

/// A searcher, and what it was told.
pub(crate) struct Session {
    pub(crate) space: Arc<dyn SearchSpace>,
    pub(crate) searcher: Box<dyn Searcher>,
    pub(crate) trials: Vec<Trial>,
    /// What was proposed and not told.
    pending: Vec<Proposal>,
}

impl Session {
    pub(crate) fn new(space: Arc<dyn SearchSpace>, searcher: Box<dyn Searcher>) -> Self {
        Self {
            space,
            searcher,
            trials: Vec::new(),
            pending: Vec::new(),
        }
    }

    /// One ask, and one tell of what it gave; says how much that was. A measurement of nothing is a failure.
    pub(crate) fn round(&mut self, measure: impl Fn(&Arch) -> Option<f64>) -> usize {
        let n = self.ask(usize::MAX);
        self.tell(n, measure);
        n
    }

    fn ask(&mut self, limit: usize) -> usize {
        let proposals = self.searcher.ask(limit).unwrap();
        let n = proposals.len();
        assert!(n <= limit);
        for proposal in &proposals {
            assert_eq!(proposal.key, self.space.key(&proposal.arch));
            assert!(self.space.admits(&proposal.arch));
        }
        self.pending.extend(proposals);
        n
    }

    /// Tells the first of what was proposed.
    fn tell(&mut self, n: usize, measure: impl Fn(&Arch) -> Option<f64>) {
        let first = u32::try_from(self.trials.len()).unwrap();
        let proposals = self.pending.drain(..n);
        let told: Vec<Trial> = (first..)
            .zip(proposals)
            .map(|(number, proposal)| {
                let result = measure(&proposal.arch).map(SearchMetric::maximized);
                let result = result.ok_or_else(|| "on purpose".to_owned());
                Trial::new(TrialNumber(number), number, proposal, result)
            })
            .collect();
        self.searcher.tell(&told).unwrap();
        self.trials.extend(told);
    }

    pub(crate) fn best(&self) -> f64 {
        let values = self.trials.iter().filter_map(Trial::search);
        values.map(|search| search.value()).fold(f64::MIN, f64::max)
    }

    fn keys(&self) -> BTreeSet<ArchKey> {
        let told = self.trials.iter().map(|trial| trial.key);
        told.chain(self.pending.iter().map(|p| p.key)).collect()
    }
}

/// A searcher under test, made for a space and a seed.
#[derive(Clone, Copy)]
struct Maker {
    name: &'static str,
    make: fn(Arc<dyn SearchSpace>, u64) -> Box<dyn Searcher>,
}

fn method<M: Method + 'static>(
    space: Arc<dyn SearchSpace>,
    method: M,
    seed: u64,
) -> Box<dyn Searcher> {
    Box::new(MethodSearcher::new(space, method, seed))
}

/// Every searcher, in settings that fit a tiny space.
const ALL: &[Maker] = &[
    Maker {
        name: "random",
        make: |space, seed| Box::new(RandomSearch::new(space, seed)),
    },
    Maker {
        name: "local-search",
        make: |space, seed| Box::new(LocalSearch::new(space, seed)),
    },
    Maker {
        name: "ga-nas",
        make: |space, seed| {
            let mut config = GaNasConfig::preset(Preset::Improved, Topology::Fixed);
            config.initial_designs = 4;
            config.batch = 3;
            config.inner_iterations = 1;
            config.rollouts = 4;
            config.discriminator.steps = 2;
            config.proposal.pool = 10;
            Box::new(GaNas::new(&Cpu::<f32>::new(), space, config, seed).unwrap())
        },
    },
    Maker {
        name: "evolution",
        make: |space, seed| {
            let config = EvolutionConfig {
                population: 4,
                ..EvolutionConfig::natsbench()
            };
            method(space, Evolution::new(config).unwrap(), seed)
        },
    },
    Maker {
        name: "local-search-naszilla",
        make: |space, seed| {
            let config = NaszillaConfig {
                initial: 3,
                ..NaszillaConfig::paper()
            };
            method(space, NaszillaLocalSearch::new(config).unwrap(), seed)
        },
    },
    Maker {
        name: "gaussian-process",
        make: |space, seed| {
            let config = GaussianProcessConfig {
                initial: 4,
                random: 10,
                neighbours: 10,
                fit_steps: 3,
                ..GaussianProcessConfig::default()
            };
            method(space, GaussianProcess::new(config).unwrap(), seed)
        },
    },
    Maker {
        name: "bananas",
        make: |space, seed| {
            let config = BananasConfig {
                initial: 4,
                batch: 3,
                epochs: 3,
                ensemble: 2,
                candidates: 10,
                ..BananasConfig::default()
            };
            let bananas = Bananas::new(&Cpu::<f32>::new(), &space, config).unwrap();
            method(space, bananas, seed)
        },
    },
    Maker {
        name: "cross-entropy",
        make: |space, seed| {
            let config = CrossEntropyConfig {
                initial_designs: 4,
                batch: 3,
                steps: 2,
                ..CrossEntropyConfig::default()
            };
            let cpu = Cpu::<f32>::new();
            let entropy = CrossEntropy::new(&cpu, Arc::clone(&space), config, seed).unwrap();
            method(space, entropy, seed)
        },
    },
    Maker {
        name: "reinforce",
        make: |space, seed| {
            let config = ReinforceConfig {
                batch: 3,
                ..ReinforceConfig::default()
            };
            let cpu = Cpu::<f32>::new();
            let reinforce = Reinforce::new(&cpu, Arc::clone(&space), config, seed).unwrap();
            method(space, reinforce, seed)
        },
    },
    Maker {
        name: "by-parameters",
        make: |space, seed| {
            let order = PropertyOrder {
                property: Arc::new(Sum),
                direction: Direction::Maximize,
            };
            let list = FixedList::new(FixedList::BY_PARAMETERS, &*space, vec![order]).unwrap();
            method(space, list, seed)
        },
    },
];

/// Those that are methods.
fn methods() -> impl Iterator<Item = Maker> {
    let others = ["random", "local-search", "ga-nas"];
    ALL.iter()
        .copied()
        .filter(move |maker| !others.contains(&maker.name))
}

fn session(maker: Maker, n_ops: u8, seed: u64) -> Session {
    let space: Arc<dyn SearchSpace> = Arc::new(Toy(n_ops));
    Session::new(Arc::clone(&space), (maker.make)(space, seed))
}

fn value(arch: &Arch) -> Option<f64> {
    let [a, b, c] = sorted(arch).map(f64::from);
    Some((a * 3.1 + b * 1.7 - c * 0.9).sin())
}

fn some_fail(arch: &Arch) -> Option<f64> {
    value(arch).filter(|_| sorted(arch)[1] != 1)
}

/// The number of classes of the toy space.
fn n_classes(n_ops: usize) -> usize {
    n_ops * (n_ops + 1) * (n_ops + 2) / 6
}

/// What is proposed and told in this order: with how many proposals on their way, and where it is restored.
fn run(
    maker: Maker,
    (seed, window): (u64, usize),
    restored: impl Fn(usize) -> bool,
    n: usize,
) -> Vec<Arch> {
    let mut one = session(maker, 5, seed);
    let mut starved = false;
    while one.trials.len() < n {
        if one.pending.len() < window && !starved {
            starved = one.ask(1) == 0;
            assert!(!starved || !one.pending.is_empty(), "{}", maker.name);
            continue;
        }
        starved = false;
        one.tell(1, some_fail);
        if restored(one.trials.len()) {
            let checkpoint = one.searcher.checkpoint().unwrap();
            let mut again = session(maker, 5, seed).searcher;
            again
                .restore(&checkpoint, &one.trials, &one.pending)
                .unwrap();
            assert_eq!(again.checkpoint().unwrap(), checkpoint, "{}", maker.name);
            one.searcher = again;
        }
    }
    one.trials.into_iter().map(|trial| trial.arch).collect()
}

#[test]
fn names_are_those_of_the_command_line() {
    for maker in ALL {
        assert_eq!(session(*maker, 3, 0).searcher.name(), maker.name);
    }
}

#[test]
fn a_space_is_exhausted_to_the_last_class_and_no_class_is_proposed_twice() {
    for maker in ALL {
        for measure in [value, some_fail, |_: &Arch| None] {
            let mut session = session(*maker, 4, 1);
            while session.round(measure) > 0 {}
            assert_eq!(session.trials.len(), n_classes(4), "{}", maker.name);
            assert_eq!(session.keys().len(), n_classes(4), "{}", maker.name);
        }
    }
}

#[test]
fn a_space_is_exhausted_in_windows_too() {
    for maker in ALL {
        let mut session = session(*maker, 4, 1);
        let mut is_over = false;
        while !is_over {
            while session.pending.len() < 3 && session.ask(1) > 0 {}
            is_over = session.pending.is_empty();
            session.tell(usize::from(!is_over), value);
        }
        assert_eq!(session.keys().len(), n_classes(4), "{}", maker.name);
        assert_eq!(session.trials.len(), n_classes(4), "{}", maker.name);
    }
}

#[test]
fn seeds_lead_to_different_searches_and_the_same_seed_to_the_same() {
    for maker in ALL {
        let archs = |seed| run(*maker, (seed, 1), |_| false, 20);
        assert_eq!(archs(3), archs(3), "{}", maker.name);
        assert_ne!(archs(3), archs(4), "{}", maker.name);
    }
}

#[test]
fn what_was_known_or_is_enqueued_is_not_proposed() {
    for maker in ALL {
        let known: Vec<Trial> = [[0, 1, 2], [3, 3, 3], [0, 0, 4]]
            .into_iter()
            .zip(0..)
            .map(|(ops, number)| {
                let proposal = Proposal::new(&Toy(5), arch(ops));
                let value = value(&proposal.arch).unwrap();
                let result = Ok(SearchMetric::maximized(value));
                Trial::new(TrialNumber(number), 0, proposal, result)
            })
            .collect();
        let first = [[1, 1, 1], [4, 4, 4]].map(|ops| Proposal::new(&Toy(5), arch(ops)));
        let mut session = session(*maker, 5, 2);
        session.searcher.learn(&known).unwrap();
        session.searcher.enqueue(&first);
        session.pending.extend(first);
        session.tell(2, value);
        while session.round(value) > 0 {}
        let of_known: BTreeSet<ArchKey> = known.iter().map(|trial| trial.key).collect();
        assert!(
            session.keys().is_disjoint(&of_known),
            "{} proposes what is known",
            maker.name
        );
        assert_eq!(session.trials.len(), n_classes(5) - 3, "{}", maker.name);
        assert_eq!(session.keys().len(), n_classes(5) - 3, "{}", maker.name);
    }
}

/// The sum of the operations.
#[derive(Debug)]
struct Sum;

impl Property for Sum {
    fn name(&self) -> &str {
        "sum"
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        Some(sorted(arch).iter().copied().map(f64::from).sum())
    }
}

#[test]
fn what_violates_a_constraint_is_not_proposed() {
    let whole: Arc<dyn SearchSpace> = Arc::new(Toy(5));
    let bound = "sum <= 5".parse().unwrap();
    let constraints = vec![Constraint::new(bound, Arc::new(Sum))];
    let space: Arc<dyn SearchSpace> =
        Arc::new(ConstrainedSpace::new(Arc::clone(&whole), constraints).unwrap());
    let admitted: BTreeSet<ArchKey> = space
        .enumeration()
        .unwrap()
        .archs()
        .map(|arch| space.key(&arch))
        .collect();
    for maker in ALL {
        let searcher = (maker.make)(Arc::clone(&space), 1);
        let mut session = Session::new(Arc::clone(&space), searcher);
        while session.round(value) > 0 {}
        assert_eq!(session.keys(), admitted, "{}", maker.name);
    }
}

#[test]
fn trials_out_of_order_are_refused() {
    for maker in ALL {
        let mut session = session(*maker, 5, 9);
        session.round(value);
        let trials = session.trials.clone();
        let refused = session.searcher.tell(&trials[..1]);
        assert!(
            matches!(refused, Err(SearchError::OutOfOrder { told: 0, .. })),
            "{}: {refused:?}",
            maker.name
        );
    }
}

#[test]
fn the_checkpoint_of_another_run_is_refused() {
    for maker in methods() {
        let mut one = session(maker, 5, 9);
        one.round(value);
        let checkpoint = one.searcher.checkpoint().unwrap();
        for (seed, trials, bytes) in [
            (8, &one.trials[..], &checkpoint[..]),
            (9, &one.trials[1..], &checkpoint),
            (9, &one.trials, &checkpoint[1..]),
        ] {
            let refused = session(maker, 5, seed).searcher.restore(bytes, trials, &[]);
            assert!(
                matches!(refused, Err(SearchError::BadCheckpoint { .. })),
                "{}: {refused:?}",
                maker.name
            );
        }
    }
}

/// The driver takes them for failures; who has no driver may tell them.
#[test]
fn values_that_are_no_numbers_are_failures() {
    for maker in methods() {
        let mut session = session(maker, 4, 5);
        let measure = |arch: &Arch| match sorted(arch)[0] {
            0 => Some(f64::NAN),
            1 => Some(f64::INFINITY),
            _ => value(arch),
        };
        while session.round(measure) > 0 {}
        assert_eq!(session.keys().len(), n_classes(4), "{}", maker.name);
    }
}

/// What misses bounds on what was measured, and what was not evaluated with the highest fidelity, is told like all else.
#[test]
fn trials_of_all_standings_are_taken() {
    for maker in ALL {
        let mut session = session(*maker, 4, 6);
        while session.ask(usize::MAX) > 0 {
            let first = session.trials.len();
            let proposals = std::mem::take(&mut session.pending);
            let told: Vec<Trial> = (first..)
                .zip(proposals)
                .map(|(number, proposal)| {
                    let [a, b, _] = sorted(&proposal.arch);
                    let value = value(&proposal.arch).unwrap();
                    let number = TrialNumber(u32::try_from(number).unwrap());
                    let result = Ok(SearchMetric::maximized(value));
                    let trial = Trial::new(number, number.0, proposal, result);
                    trial
                        .violating(f64::from(a))
                        .at_rung(Vec::new(), u32::from(b % 2))
                })
                .collect();
            session.searcher.tell(&told).unwrap();
            session.trials.extend(told);
        }
        assert_eq!(session.keys().len(), n_classes(4), "{}", maker.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Wherever a search is killed and restored, with whatever on its way, it goes on as if nothing had happened.
    #[test]
    fn a_restored_searcher_goes_on_as_the_first(
        seed in 0_u64..1000,
        window in 1_usize..6,
        places in prop::collection::btree_set(1_usize..25, 1..6),
    ) {
        // GA-NAS takes too long for so many runs; it is restored at every point below.
        for maker in ALL.iter().filter(|maker| maker.name != "ga-nas") {
            let undisturbed = run(*maker, (seed, window), |_| false, 25);
            let killed = run(*maker, (seed, window), |told| places.contains(&told), 25);
            prop_assert_eq!(&undisturbed, &killed, "{}", maker.name);
        }
    }
}

/// At every single point.
#[test]
fn restored_after_every_trial_a_search_is_the_same() {
    for maker in ALL {
        for window in [1, 4] {
            let undisturbed = run(*maker, (7, window), |_| false, 20);
            let killed = run(*maker, (7, window), |_| true, 20);
            assert_eq!(undisturbed, killed, "{} in windows of {window}", maker.name);
        }
    }
}
