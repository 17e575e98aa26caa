//! A space of which a list names some classes.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_space::{Arch, ArchKey, SearchSpace};
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::{ConstrainedSpace, ListedSpace};
use crate::{LocalSearch, RandomSearch, Searcher};

/// Some architectures of a space, drawn at random.
fn some(space: &dyn SearchSpace, n: usize) -> Vec<Arch> {
    let mut rng = SmallRng::seed_from_u64(7);
    (0..n).map(|_| space.sample(&mut rng)).collect()
}

fn keys(space: &dyn SearchSpace, archs: &[Arch]) -> BTreeSet<ArchKey> {
    archs.iter().map(|arch| space.key(arch)).collect()
}

/// Whatever is built of admissible actions is listed, and whatever is listed can be imitated, in spaces of any size.
#[test]
fn only_what_is_listed_is_built_drawn_and_reached() {
    for name in [
        "nasbench201",
        "nasbench101",
        "nasbench-macro",
        "mbconv",
        "ofa-mbv3",
        "darts",
    ] {
        let whole = ganas_space::by_name(name).unwrap();
        let archs = some(&*whole, 200);
        let listed = keys(&*whole, &archs);
        let space = ListedSpace::new(Arc::clone(&whole), archs.clone());
        assert_eq!(space.n_classes(), listed.len(), "{name}");
        let space: &dyn SearchSpace = &space;
        let mut rng = SmallRng::seed_from_u64(1);
        let mut drawn = BTreeSet::new();
        for _ in 0..3_000 {
            drawn.insert(space.key(&space.sample(&mut rng)));
        }
        assert_eq!(drawn, listed, "{name}");
        for arch in &archs {
            assert!(space.admits(arch));
            let imitated = space.relabelled(arch, &mut rng);
            assert_eq!(space.key(&imitated), space.key(arch), "{name}");
            let mut partial = space.start();
            for action in space.actions_of(&imitated).unwrap() {
                let decision = space.decision(&partial).unwrap();
                let admissible = space.admissible(&partial, decision.legal);
                assert!(admissible.contains(action), "{name}");
                space.apply(&mut partial, action).unwrap();
            }
            assert!(space.neighbours(arch).iter().all(|a| space.admits(a)));
        }
        for round in 0..50 {
            let mut partial = space.start();
            while let Some(decision) = space.decision(&partial) {
                let admissible = space.admissible(&partial, decision.legal);
                let n = usize::try_from(admissible.count()).unwrap();
                let action = admissible.iter().nth(round % n).unwrap();
                space.apply(&mut partial, action).unwrap();
            }
            assert!(space.admits(&space.finish(&partial).unwrap()), "{name}");
        }
    }
}

/// Searchers that draw find all that is listed, and then stop.
#[test]
fn a_list_is_exhausted() {
    for name in ["nasbench201", "mbconv"] {
        let whole = ganas_space::by_name(name).unwrap();
        let archs = some(&*whole, 8);
        let listed = keys(&*whole, &archs);
        let space: Arc<dyn SearchSpace> = Arc::new(ListedSpace::new(whole, archs));
        let mut random = RandomSearch::new(Arc::clone(&space), 1);
        // Nothing is learnt of values in a random search, which is asked once.
        let proposals = random.ask(RandomSearch::PER_ASK).unwrap();
        let found: BTreeSet<ArchKey> = proposals.iter().map(|p| p.key).collect();
        assert_eq!(found, listed, "{name}");
        let mut local = LocalSearch::new(space, 1);
        let proposals = local.ask(1).unwrap();
        assert!(proposals.iter().all(|p| listed.contains(&p.key)));
    }
}

/// A list under constraints has what both leave.
#[test]
fn constraints_hold_of_a_list() {
    let whole = ganas_space::by_name("nasbench201").unwrap();
    let archs = some(&*whole, 300);
    let bound = "params <= 0.4e6".parse().unwrap();
    let cost = ganas_eval::ClosedForm::ALL
        .into_iter()
        .find(|cost| cost.name() == "params")
        .unwrap();
    let property = ganas_eval::CostProperty::new(Arc::clone(&whole), cost);
    let constraint = super::Constraint::new(bound, Arc::new(property));
    let constrained = ConstrainedSpace::new(Arc::clone(&whole), vec![constraint]).unwrap();
    let n_left = (archs.iter())
        .filter(|arch| constrained.constraints().unwrap().admits(arch))
        .map(|arch| whole.key(arch))
        .collect::<BTreeSet<_>>()
        .len();
    let space = ListedSpace::new(Arc::new(constrained), archs);
    assert!(n_left > 0 && n_left < 300);
    assert_eq!(space.n_classes(), n_left);
    assert_eq!(space.size(), Some(n_left as u64));
}
