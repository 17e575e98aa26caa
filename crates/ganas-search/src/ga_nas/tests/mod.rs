//! GA-NAS as a searcher: what it learns, what it depends on, how it continues.

use std::sync::Arc;

use ganas_gnn::Cpu;
use ganas_space::SearchSpace;
use ganas_space::nasbench101::NasBench101;
use ganas_space::nasbench201::NasBench201;

use super::encode::Rollout;
use super::violations::{admitted, penalise};
use super::*;
use crate::{ConstrainedSpace, Constraint, TrialNumber, TrialState};
use ganas_eval::{ClosedForm, CostProperty, SearchMetric};

/// A metric that rewards 3x3 convolutions and a skip on the edge from input to output; the best cell is unique on
/// NAS-Bench-201.
fn metric(space: &dyn SearchSpace, arch: &Arch) -> f64 {
    let canonical = space.canonical(arch);
    let labels = canonical.labels();
    if space.name() == NasBench101::NAME {
        let name = |label: &ganas_space::OpId| &*space.labels()[label.index()];
        let convolutions = labels.iter().filter(|l| name(l) == "conv3x3-bn-relu");
        let skip = canonical.predecessors()[labels.len() - 1] & 1;
        return f64::of_count(convolutions.count()) + if skip == 1 { 1.5 } else { 0.0 };
    }
    let convolutions = labels.iter().filter(|label| label.0 == 3).count();
    let skip = if labels[4].0 == 1 { 1.5 } else { 0.0 };
    f64::of_count(convolutions) + skip
}

mod front;
mod measuring;
mod neighbours;

struct Session {
    space: Arc<dyn SearchSpace>,
    searcher: GaNas<Cpu<f32>>,
    trials: Vec<Trial>,
}

impl Session {
    fn new(config: GaNasConfig, seed: u64) -> Self {
        Self::on(Arc::new(NasBench201::new()), config, seed)
    }

    fn on(space: Arc<dyn SearchSpace>, config: GaNasConfig, seed: u64) -> Self {
        let searcher = GaNas::new(&Cpu::new(), Arc::clone(&space), config, seed).unwrap();
        Self {
            space,
            searcher,
            trials: Vec::new(),
        }
    }

    /// One round; every `fail`-th trial fails.
    fn round(&mut self, fail: Option<u32>) {
        let round = self.searcher.round;
        let proposals = self.searcher.ask(1000).unwrap();
        let new: Vec<Trial> = proposals
            .into_iter()
            .zip(self.trials.len()..)
            .map(|(proposal, number)| {
                let number = u32::try_from(number).unwrap();
                let failed = fail.is_some_and(|every| number.is_multiple_of(every));
                let key = self.space.key(&proposal.arch);
                let value = metric(&*self.space, &proposal.arch);
                let proposal_labels = self.space.canonical(&proposal.arch).labels().to_vec();
                Trial {
                    number: TrialNumber(number),
                    round,
                    repeat: self.trials.iter().any(|t| t.key == key),
                    arch: proposal.arch,
                    key,
                    state: if failed {
                        TrialState::Failed("on purpose".to_owned())
                    } else {
                        TrialState::Completed(SearchMetric::maximized(value))
                    },
                    objectives: if self.searcher.history.front_size().is_some() && !failed {
                        vec![value, front::cost(&proposal_labels)]
                    } else {
                        Vec::new()
                    },
                    violation: 0.0,
                    lower: Vec::new(),
                    missing: 0,
                }
            })
            .collect();
        self.searcher.tell(&new).unwrap();
        self.trials.extend(new);
    }

    fn best(&self) -> f64 {
        self.trials
            .iter()
            .filter_map(Trial::search)
            .map(|s| s.value())
            .fold(f64::MIN, f64::max)
    }

    /// The mean search metric of a part of the trials.
    fn mean(&self, trials: std::ops::Range<usize>) -> f64 {
        let n = f64::of_count(trials.len());
        let values = self.trials[trials].iter().filter_map(Trial::search);
        values.map(|s| s.value()).sum::<f64>() / n
    }

    /// How much better the last ten trials are than the initial design, on average.
    fn gain(&self) -> f64 {
        let n = self.trials.len();
        self.mean(n - 10..n) - self.mean(0..20)
    }

    fn keys(&self) -> Vec<ganas_space::ArchKey> {
        self.trials.iter().map(|t| t.key).collect()
    }
}

/// A preset that takes a fraction of the time.
fn small(preset: Preset) -> GaNasConfig {
    small_for(preset, Topology::Fixed)
}

fn small_for(preset: Preset, topology: Topology) -> GaNasConfig {
    let mut config = GaNasConfig::preset(preset, topology);
    config.initial_designs = 20;
    config.batch = 10;
    config.truth_set = 10;
    config.rollouts = 32;
    config.inner_iterations = if preset == Preset::Faithful { 20 } else { 5 };
    config.generator.encoder_width = 16;
    config.generator.state_width = 24;
    config.generator.head_width = 24;
    config.discriminator.width = 16;
    config.discriminator.steps = if preset == Preset::Faithful { 2 } else { 30 };
    config.discriminator.ensemble = if preset == Preset::Faithful { 1 } else { 2 };
    config.proposal.pool = 100;
    config
}

/// All forms that a configuration can choose.
fn variants() -> Vec<GaNasConfig> {
    let change = |preset, edit: fn(&mut GaNasConfig)| {
        let mut config = small(preset);
        edit(&mut config);
        config
    };
    vec![
        small(Preset::Faithful),
        small(Preset::Improved),
        change(Preset::Faithful, |c| c.generator.update = PolicyUpdate::Ppo),
        change(Preset::Faithful, |c| {
            c.generator.encoder = GeneratorEncoder::LastLabel
        }),
        change(Preset::Faithful, |c| {
            c.generator.baseline = BaselineKind::MovingAverage;
            c.generator.max_gradient_norm = 1.0;
            c.discriminator.warm = false;
            c.discriminator.loser_share = 0.5;
            c.generator.imitation_weight = 0.3;
        }),
        change(Preset::Improved, |c| {
            c.discriminator.warm = true;
            c.proposal.pick = Pick::Mean;
        }),
        change(Preset::Improved, |c| c.proposal.pick = Pick::Draws),
        change(Preset::Improved, |c| {
            c.proposal.neighbour_share = 0.5;
            c.proposal.neighbours = 50;
        }),
    ]
}

#[test]
fn every_variant_improves_on_its_initial_design() {
    for config in variants() {
        let mut session = Session::new(config.clone(), 3);
        session.round(None);
        let start = session.best();
        for _ in 0..8 {
            session.round(None);
        }
        assert!(
            session.best() >= start + 1.0,
            "{start} -> {} with {config:?}",
            session.best()
        );
    }
}

#[test]
fn nothing_is_proposed_twice() {
    for preset in [Preset::Faithful, Preset::Improved] {
        let mut session = Session::new(small(preset), 5);
        for _ in 0..5 {
            session.round(None);
        }
        assert_eq!(session.trials.len(), 60);
        assert!(session.trials.iter().all(|t| !t.repeat));
    }
}

#[test]
fn proposals_depend_on_the_seed_only() {
    let run = |seed, threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            let mut config = small(Preset::Improved);
            config.proposal.neighbour_share = 0.3;
            let mut session = Session::new(config, seed);
            for _ in 0..3 {
                session.round(None);
            }
            session.keys()
        })
    };
    assert_eq!(run(7, 1), run(7, 2));
    assert_ne!(run(7, 1), run(8, 1));
}

#[test]
fn a_restored_searcher_continues_as_the_one_that_was_not_stopped() {
    for config in variants() {
        let mut session = Session::new(config.clone(), 11);
        for _ in 0..3 {
            session.round(None);
        }
        let checkpoint = session.searcher.checkpoint().unwrap();
        let mut restored = Session::new(config, 11);
        restored
            .searcher
            .restore(&checkpoint, &session.trials, &[])
            .unwrap();
        restored.trials = session.trials.clone();
        assert_eq!(restored.searcher.checkpoint().unwrap(), checkpoint);
        for _ in 0..2 {
            session.round(None);
            restored.round(None);
        }
        assert_eq!(session.keys(), restored.keys());
    }
}

#[test]
fn failed_trials_are_not_learnt_from_and_not_proposed_again() {
    let mut session = Session::new(small(Preset::Improved), 2);
    for _ in 0..4 {
        session.round(Some(2));
    }
    assert!(session.trials.iter().all(|t| !t.repeat));
    assert_eq!(
        session.searcher.history.entries().len(),
        session.trials.len() / 2
    );
}

/// With nothing but failures there is nothing to learn from: the design goes on.
#[test]
fn a_design_that_fails_altogether_is_continued() {
    let mut session = Session::new(small(Preset::Faithful), 2);
    for _ in 0..3 {
        session.round(Some(1));
    }
    assert_eq!(session.trials.len(), 60);
}

#[test]
fn checkpoints_that_do_not_fit_are_refused() {
    let mut session = Session::new(small(Preset::Improved), 1);
    session.round(None);
    let checkpoint = session.searcher.checkpoint().unwrap();
    let refused = |mut other: Session, bytes: &[u8]| {
        let error = other
            .searcher
            .restore(bytes, &session.trials, &[])
            .unwrap_err();
        assert!(
            matches!(error, SearchError::BadCheckpoint { .. }),
            "{error}"
        );
    };
    let mut wider = small(Preset::Improved);
    wider.generator.state_width = 32;
    refused(Session::new(wider, 1), &checkpoint);
    let mut warm = small(Preset::Improved);
    warm.discriminator.warm = true;
    refused(Session::new(warm, 1), &checkpoint);
    refused(
        Session::new(small(Preset::Improved), 1),
        &checkpoint[..checkpoint.len() / 2],
    );
    refused(Session::new(small(Preset::Improved), 1), b"");
}

#[test]
fn trials_are_told_in_order() {
    let mut session = Session::new(small(Preset::Faithful), 1);
    session.round(None);
    let late = Trial {
        number: TrialNumber(99),
        ..session.trials[0].clone()
    };
    let error = session.searcher.tell(&[late]).unwrap_err();
    assert!(
        matches!(
            error,
            SearchError::OutOfOrder {
                told: 99,
                expected: 20
            }
        ),
        "{error}"
    );
}

/// On a space where edges are free: what is proposed is new, gets better, and is the same after a resume.
#[test]
fn free_edges_are_searched() {
    for preset in [Preset::Faithful, Preset::Improved] {
        let session = || {
            let config = small_for(preset, Topology::Free);
            Session::on(Arc::new(NasBench101::new()), config, 4)
        };
        let mut first = session();
        for _ in 0..12 {
            first.round(None);
        }
        assert!(first.trials.iter().all(|t| !t.repeat));
        // The faithful generator learns slowly here, since it starts with small cells.
        if preset == Preset::Improved {
            assert!(first.gain() > 0.2, "{}", first.gain());
        }
        let checkpoint = first.searcher.checkpoint().unwrap();
        let mut restored = session();
        restored
            .searcher
            .restore(&checkpoint, &first.trials, &[])
            .unwrap();
        restored.trials = first.trials.clone();
        first.round(None);
        restored.round(None);
        assert_eq!(first.keys(), restored.keys());
    }
}

/// Every draw is a cell with a path from input to output and within the limits, from the first round on: the masks see
/// to it, so none has to be thrown away.
#[test]
fn every_rollout_is_valid() {
    let config = small_for(Preset::Faithful, Topology::Free);
    let mut session = Session::on(Arc::new(NasBench101::new()), config, 1);
    let space = Arc::clone(&session.space);
    for round in 0..3 {
        let key = session.searcher.streams.key(Purpose::Rollout, round, 0, 0);
        let rollouts = session.searcher.generator.draw(key, 500);
        for rollout in rollouts.unwrap() {
            // Decoding checks the limits and the path.
            let arch = space.decode(&space.encode(&rollout.arch)).unwrap();
            assert_eq!((arch.n_vertices(), arch.n_edges() <= 9), (7, true));
            assert_eq!(
                Rollout::of(&*space, OpenActions::Legal, arch).unwrap(),
                rollout
            );
        }
        session.round(None);
    }
}

#[test]
fn free_edges_need_a_graph_encoder() {
    let mut config = GaNasConfig::preset(Preset::Improved, Topology::Free);
    config.generator.encoder = GeneratorEncoder::LastLabel;
    let space: Arc<dyn SearchSpace> = Arc::new(NasBench101::new());
    let error = GaNas::new(&Cpu::<f32>::new(), space, config, 1).unwrap_err();
    assert!(error.to_string().contains("`generator.encoder`"), "{error}");
}

/// Under a constraint every proposal satisfies it, whatever happens to rollouts that do not, and the search still learns.
#[test]
fn constraints_are_kept() {
    let whole: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    for violations in [Violations::Mask, Violations::Penalty, Violations::Reject] {
        for preset in [Preset::Faithful, Preset::Improved] {
            let property = CostProperty::new(Arc::clone(&whole), ClosedForm::Parameters);
            let constraint =
                Constraint::new("params <= 0.4e6".parse().unwrap(), Arc::new(property));
            let space = ConstrainedSpace::new(Arc::clone(&whole), vec![constraint]).unwrap();
            let mut config = small(preset);
            config.violations = violations;
            let mut session = Session::on(Arc::new(space), config, 6);
            for _ in 0..7 {
                session.round(None);
            }
            let kept =
                |t: &Trial| whole.costs().unwrap().cost(&t.arch).parameters.unwrap() <= 400_000;
            assert!(session.trials.iter().all(kept));
            assert!(
                session.gain() > 0.3,
                "{violations:?} {preset:?} {}",
                session.gain()
            );
        }
    }
}

/// Under masks no rollout violates the constraint; without them many do, and the event says how many.
#[test]
fn masked_rollouts_satisfy_the_constraint() {
    let whole: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    for (violations, violate) in [(Violations::Mask, false), (Violations::Penalty, true)] {
        let property = CostProperty::new(Arc::clone(&whole), ClosedForm::Parameters);
        let constraint = Constraint::new("params <= 0.3e6".parse().unwrap(), Arc::new(property));
        let space = ConstrainedSpace::new(Arc::clone(&whole), vec![constraint]).unwrap();
        let mut config = small(Preset::Improved);
        config.violations = violations;
        // Imitation takes the same masks.
        config.generator.imitation_weight = 0.5;
        let mut session = Session::on(Arc::new(space), config, 2);
        let mut violating = 0.0;
        for _ in 0..3 {
            session.round(None);
            let events = session.searcher.take_events();
            let values = events.iter().flat_map(|event| &event.values);
            let counts = values.filter(|(name, _)| name == "violating_rollouts");
            violating += counts.map(|(_, count)| count).sum::<f64>();
        }
        assert_eq!(violating > 0.0, violate, "{violations:?} {violating}");
    }
}

#[test]
fn violations_get_the_lowest_reward() {
    let whole: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let property = CostProperty::new(Arc::clone(&whole), ClosedForm::Parameters);
    let constraint = Constraint::new("params <= 0.4e6".parse().unwrap(), Arc::new(property));
    let space = ConstrainedSpace::new(Arc::clone(&whole), vec![constraint]).unwrap();
    let rollouts: Vec<Rollout> = whole
        .enumeration()
        .unwrap()
        .archs()
        .step_by(1500)
        .map(|arch| Rollout::of(&*whole, OpenActions::Legal, arch).unwrap())
        .collect();
    let before: Vec<f64> = (0..rollouts.len())
        .map(|i| 0.1 * f64::of_count(i))
        .collect();
    let mut after = before.clone();
    let admitted = admitted(&space, &rollouts);
    penalise(&admitted, &mut after);
    assert!(admitted.iter().any(|a| *a) && admitted.iter().any(|a| !*a));
    let lowest = |rewards: &[f64], admitted: &[bool], is: bool| {
        let of = rewards.iter().zip(admitted).filter(|(_, a)| **a == is);
        of.map(|(r, _)| *r).fold(f64::INFINITY, f64::min)
    };
    for ((before, after), admitted) in before.iter().zip(&after).zip(&admitted) {
        if *admitted {
            assert!((before - after).abs() < 1e-15);
        }
    }
    assert!(lowest(&after, &admitted, false) < lowest(&after, &admitted, true));
}
