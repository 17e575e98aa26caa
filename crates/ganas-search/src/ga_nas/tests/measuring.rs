//! The exact probabilities of the generator, and that a search that is measured is the same search.

use ganas_gnn::ops::categorical::Exploration;
use ganas_rl::{Decisions, Policy as _};

use super::*;
use crate::ga_nas::generator::GraphPolicy;
use crate::ga_nas::measuring::ExactPolicy;
use crate::theory::Landscape;
use crate::toy::Toy;

/// What sums of probabilities differ from 1 by: each is of six logarithms in single precision, within some 1e-7 each.
const SUM: f64 = 5e-6;

fn landscape(space: &dyn SearchSpace) -> Arc<Landscape> {
    let value = |_, arch: &Arch| {
        let value = if space.name() == NasBench201::NAME {
            metric(space, arch)
        } else {
            f64::from(crate::toy::sorted(arch).iter().sum::<u8>())
        };
        Ok::<_, SearchError>(Some(SearchMetric::maximized(value)))
    };
    Arc::new(Landscape::new(space, value).unwrap())
}

fn measured(config: &GaNasConfig, landscape: &Arc<Landscape>) -> Session {
    let mut session = Session::new(config.clone(), 3);
    let searcher = session.searcher.measured_by(Arc::clone(landscape));
    session.searcher = searcher.unwrap();
    session
}

#[test]
fn exact_probabilities_sum_to_one_and_agree_with_draws() {
    let space = NasBench201::new();
    let landscape = landscape(&space);
    assert_eq!(landscape.n_episodes(), 15_625);
    for encoder in [GeneratorEncoder::Graph, GeneratorEncoder::LastLabel] {
        let mut config = small(Preset::Faithful);
        config.generator.encoder = encoder;
        let mut session = Session::new(config, 4);
        for _ in 0..4 {
            session.round(None);
        }
        let policy = session.searcher.generator.policy();
        let exact = ExactPolicy::new(policy, Arc::clone(&landscape)).class_probabilities(policy);
        let sum: f64 = exact.iter().sum();
        assert!((sum - 1.0).abs() < SUM, "{sum}");
        // It has learnt something.
        let most = exact.iter().copied().fold(0.0, f64::max);
        assert!(most > 10.0 / 15_625.0, "{most}");

        let n = 4000;
        let key = session.searcher.draw_key(Purpose::Pool, 99);
        let policy = session.searcher.generator.policy_mut();
        let drawn = policy.explore(key, n, Exploration::NONE).unwrap();
        let mut counts = vec![0.0; exact.len()];
        for rollout in drawn {
            counts[landscape.class(space.key(&rollout.arch)).unwrap()] += 1.0;
        }
        // The most probable classes, and all others together: Pearson's statistic is near its degrees of freedom.
        let mut order: Vec<usize> = (0..exact.len()).collect();
        order.sort_by(|&a, &b| exact[b].total_cmp(&exact[a]));
        let (frequent, rest) = order.split_at(20);
        let sums = |classes: &[usize], of: &[f64]| classes.iter().map(|&c| of[c]).sum::<f64>();
        let of_cells = frequent.iter().map(std::slice::from_ref).chain([rest]);
        let statistic: f64 = of_cells
            .map(|cell| {
                let expected = f64::of_count(n) * sums(cell, &exact);
                (sums(cell, &counts) - expected).powi(2) / expected
            })
            .sum();
        // The 99.9 % quantile of 20 degrees of freedom is 45.3.
        assert!(statistic < 45.3, "{statistic}");
    }
}

/// The probability of each decision of one episode on its own, in double precision, by the code that training uses.
fn single_steps(policy: &mut GraphPolicy<Cpu<f64>>, rollout: &Rollout) -> Vec<f64> {
    let mut decisions = Decisions::default();
    policy.take_up(&mut Vec::new(), std::iter::once(rollout));
    policy.forward(&mut decisions);
    decisions.log_probs.iter().map(|p| p.exp()).collect()
}

#[test]
fn exact_probabilities_are_products_of_single_steps() {
    // With fixed edges, and with edges that are decided.
    for (name, n_steps) in [("toy", 3), ("nasbench101-v4", 3)] {
        let space: Arc<dyn SearchSpace> = match name {
            "toy" => Arc::new(Toy(3)),
            _ => ganas_space::by_name(name).unwrap(),
        };
        let equal = |_, _: &Arch| Ok::<_, SearchError>(Some(SearchMetric::maximized(1.0)));
        let landscape = Arc::new(Landscape::new(&*space, equal).unwrap());
        let config = small_for(Preset::Improved, Topology::of(&*space).unwrap());
        let searcher = GaNas::new(&Cpu::<f64>::new(), Arc::clone(&space), config, 6);
        let mut searcher = searcher.unwrap();
        let policy = searcher.generator.policy();
        let exact = ExactPolicy::new(policy, Arc::clone(&landscape)).log_probs(policy);
        let policy = searcher.generator.policy_mut();
        let mut sum = 0.0;
        let mut distinct = std::collections::BTreeSet::new();
        for (rollout, exact) in landscape.episodes.iter().zip(exact) {
            let steps = single_steps(policy, rollout);
            assert_eq!(steps.len(), n_steps, "{name}");
            let product: f64 = steps.iter().product();
            assert!((exact.exp() - product).abs() < 1e-14, "{exact} {product}");
            sum += product;
            distinct.insert(product.to_bits());
        }
        assert!((sum - 1.0).abs() < 1e-12, "{name}: {sum}");
        assert!(distinct.len() > 10, "{name}");
    }
}

#[test]
fn a_measured_search_is_the_same_search() {
    let landscape = landscape(&NasBench201::new());
    for preset in [Preset::Faithful, Preset::Improved] {
        let config = small(preset);
        let mut plain = Session::new(config.clone(), 3);
        let mut session = measured(&config, &landscape);
        for round in 0..4 {
            plain.round(None);
            session.round(None);
            assert_eq!(session.keys(), plain.keys(), "round {round}");
            let events = session.searcher.take_events();
            assert_eq!(events, plain.searcher.take_events());
            assert_eq!(
                session.searcher.checkpoint().unwrap(),
                plain.searcher.checkpoint().unwrap()
            );
            assert!(plain.searcher.take_measured().is_empty());
            let measured = session.searcher.take_measured();
            // Nothing is trained for the initial design.
            assert_eq!(measured.len(), usize::from(round > 0));
            for event in measured {
                check(&event);
            }
        }
    }
}

/// What holds of every round.
fn check(event: &Event) {
    let value = |name: &str| event.values.iter().find(|(n, _)| n == name).unwrap().1;
    assert!(value("gap") >= 0.0, "{event:?}");
    assert!((0.0..=1.0 + SUM).contains(&value("p_level")), "{event:?}");
    let (js, pairs) = (value("js"), value("js_pairs"));
    assert!(0.0 < js && js <= pairs, "{event:?}");
    assert!(pairs <= std::f64::consts::LN_2, "{event:?}");
    assert!(value("js_estimate") <= pairs + SUM, "{event:?}");
    assert!(value("kl_optimum") > 0.0, "{event:?}");
}

#[test]
fn a_search_for_a_front_is_not_measured() {
    let landscape = landscape(&NasBench201::new());
    let config = small(Preset::Improved);
    let objectives = front::objectives();
    let space: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let searcher = GaNas::for_front(&Cpu::<f32>::new(), space, config, objectives, 0).unwrap();
    let error = searcher.measured_by(landscape).unwrap_err().to_string();
    assert!(error.contains("with several objectives"), "{error}");
}
