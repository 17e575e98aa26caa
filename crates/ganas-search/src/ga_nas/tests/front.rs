//! GA-NAS with several objectives: the metric, and a cost that each operation has.

use ganas_space::OpId;

use super::*;
use crate::pareto::{Archive, Point};
use ganas_eval::Direction;

use crate::Objective;

/// A cost that makes 3x3 convolutions dear, and every operation something.
pub(super) fn cost(labels: &[OpId]) -> f64 {
    let of_label = [0.0, 1.0, 3.0, 7.0, 2.0];
    labels
        .iter()
        .map(|label| of_label.get(label.index()).copied().unwrap_or(0.0))
        .sum()
}

pub(super) fn objectives() -> Objectives {
    let objective = |name: &str, direction| Objective {
        name: name.to_owned(),
        direction,
        table: None,
    };
    let both = vec![
        objective("metric", Direction::Maximize),
        objective("cost", Direction::Minimize),
    ];
    Objectives::new(both, Some(vec![0.0, 50.0])).unwrap()
}

fn session(config: GaNasConfig, seed: u64) -> Session {
    let space: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let objectives = objectives();
    let searcher =
        GaNas::for_front(&Cpu::new(), Arc::clone(&space), config, objectives, seed).unwrap();
    Session {
        space,
        searcher,
        trials: Vec::new(),
    }
}

/// The hypervolume of all trials, as a share of what there is.
fn share(session: &Session) -> f64 {
    let objectives = objectives();
    let reference = objectives.point(&[0.0, 50.0]).unwrap();
    let volume = |points: &mut dyn Iterator<Item = Point>| {
        let mut archive = Archive::default();
        for point in points {
            archive.insert((), point);
        }
        archive.hypervolume(&reference)
    };
    let space = &*session.space;
    let all = space.enumeration().unwrap().archs().map(|arch| {
        let labels = space.canonical(&arch).labels().to_vec();
        objectives
            .point(&[metric(space, &arch), cost(&labels)])
            .unwrap()
    });
    let completed = session.trials.iter().filter(|t| t.search().is_some());
    let found = completed.map(|t| objectives.point(&t.objectives).unwrap());
    volume(&mut Box::new(found)) / volume(&mut Box::new(all))
}

#[test]
fn every_variant_extends_the_front_of_its_initial_design() {
    let mut configs = vec![small(Preset::Faithful), small(Preset::Improved)];
    configs.push(small(Preset::Improved));
    configs[2].proposal.pick = Pick::Mean;
    configs[2].discriminator.warm = true;
    for config in configs {
        let mut session = session(config.clone(), 3);
        session.round(None);
        let start = share(&session);
        for _ in 0..8 {
            session.round(Some(7));
        }
        let end = share(&session);
        assert!(
            end > start + 0.5 * (1.0 - start),
            "{start} -> {end} with {config:?}"
        );
    }
}

#[test]
fn a_restored_search_for_a_front_goes_on_as_the_first() {
    for preset in [Preset::Faithful, Preset::Improved] {
        let mut first = session(small(preset), 6);
        for _ in 0..3 {
            first.round(None);
        }
        let checkpoint = first.searcher.checkpoint().unwrap();
        let mut second = session(small(preset), 6);
        second
            .searcher
            .restore(&checkpoint, &first.trials, &[])
            .unwrap();
        second.trials.clone_from(&first.trials);
        for _ in 0..2 {
            first.round(None);
            second.round(None);
        }
        assert_eq!(first.keys(), second.keys());
    }
}

#[test]
fn a_trial_without_its_objectives_is_refused() {
    let mut session = session(small(Preset::Improved), 1);
    let proposal = session.searcher.ask(1).unwrap().remove(0);
    let trial = Trial::new(
        TrialNumber(0),
        0,
        proposal,
        Ok(SearchMetric::maximized(1.0)),
    );
    let error = session.searcher.tell(&[trial]).unwrap_err();
    assert!(
        error.to_string().contains("0 values for 2 objectives"),
        "{error}"
    );
}
