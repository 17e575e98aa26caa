//! Constraints on what restrictions leave of a space.

use std::collections::BTreeSet;
use std::sync::Arc;

use ganas_eval::{ClosedForm, CostProperty, Property as _};
use ganas_space::{Arch, RestrictedSpace, Restriction, SearchSpace};
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::IteratorRandom;

use super::{Bound, ConstrainedSpace, Constraint, ListedSpace};
use crate::{LocalSearch, RandomSearch, SearchError, Searcher};

/// Some choices of each space.
const RESTRICTED: [(&str, &[&str]); 5] = [
    (
        "nasbench201",
        &["edge(0->1)=nor_conv_3x3", "edge(2->3)=skip_connect"],
    ),
    ("mbconv", &["kernel=5", "stage2.expand=6"]),
    (
        "ofa-mbv3",
        &["stage1.depth=3", "stage2.kernel=7", "resolution=192"],
    ),
    (
        "darts",
        &["normal.op*=sep_conv_3x3", "reduce.node5.input1=1"],
    ),
    ("nasbench-macro", &["stage3.block=mb3_k3"]),
];

fn restricted(name: &str, fixed: &[&str]) -> Arc<dyn SearchSpace> {
    let restrictions = fixed.iter().map(|text| Restriction::fix(text).unwrap());
    let space = ganas_space::by_name(name).unwrap();
    Arc::new(RestrictedSpace::new(space, restrictions).unwrap())
}

fn parameters(name: &str) -> CostProperty {
    CostProperty::new(ganas_space::by_name(name).unwrap(), ClosedForm::Parameters)
}

fn constrained(
    name: &str,
    space: &Arc<dyn SearchSpace>,
    bound: &str,
) -> Result<ConstrainedSpace, SearchError> {
    let bound: Bound = bound.parse().unwrap();
    let constraint = Constraint::new(bound, Arc::new(parameters(name)));
    ConstrainedSpace::new(Arc::clone(space), vec![constraint])
}

/// An architecture built of admissible actions at random.
fn built(space: &dyn SearchSpace, rng: &mut SmallRng) -> Arch {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        let open = space.admissible(&partial, decision.legal);
        let action = open.iter().choose(rng).unwrap();
        space.apply(&mut partial, action).unwrap();
    }
    space.finish(&partial).unwrap()
}

/// The bounds are those of what is left: everything that is built satisfies both, and the least that there is can be built.
#[test]
fn bounds_and_restrictions_mask_together() {
    for (name, fixed) in RESTRICTED {
        let space = restricted(name, fixed);
        let range = parameters(name).bounds(&*space).unwrap().of_space();
        let whole = parameters(name).bounds(&*ganas_space::by_name(name).unwrap());
        assert!(whole.unwrap().of_space().least < range.least, "{name}");
        for bound in [range.least, (range.least + range.most) / 2.0] {
            let both = constrained(name, &space, &format!("params <= {bound}")).unwrap();
            let mut rng = SmallRng::seed_from_u64(1);
            for _ in 0..20 {
                for arch in [built(&both, &mut rng), both.sample(&mut rng)] {
                    assert!(space.admits(&arch), "{name}");
                    assert!(parameters(name).value(&arch).unwrap() <= bound, "{name}");
                }
            }
        }
        let error = constrained(name, &space, &format!("params < {}", range.least));
        let error = error.unwrap_err().to_string();
        assert!(
            error.contains("in what --fix and --exclude leave"),
            "{error}"
        );
        assert!(
            error.contains(&format!("the nearest params is {}", range.least)),
            "{error}"
        );
    }
}

#[test]
fn searchers_propose_what_is_left() {
    for (name, fixed) in RESTRICTED {
        let space = restricted(name, fixed);
        let mut proposals = RandomSearch::new(Arc::clone(&space), 1).ask(10).unwrap();
        let mut local = LocalSearch::new(Arc::clone(&space), 1);
        proposals.extend(local.ask(10).unwrap());
        // A network that violates the restrictions leads to the nearest that does not.
        let mut rng = SmallRng::seed_from_u64(2);
        let given = ganas_space::by_name(name).unwrap().sample(&mut rng);
        let improving = LocalSearch::new(Arc::clone(&space), 1).starting_from(given);
        let mut improving = improving;
        let first = improving.ask(1).unwrap();
        assert_eq!(first.len(), 1, "{name}");
        proposals.extend(first);
        for proposal in proposals {
            assert!(space.admits(&proposal.arch), "{name}");
            assert!(space.actions_of(&proposal.arch).is_ok(), "{name}");
        }
    }
}

/// A small part of a space is searched to its last class.
#[test]
fn what_is_left_is_exhausted() {
    let fixed = ["edge(0->*)=nor_conv_1x1", "edge(1->2)=none"];
    let space = restricted("nasbench201", &fixed);
    let classes: BTreeSet<_> = space.enumeration().unwrap().keys().collect();
    assert_eq!(space.size(), Some(25));
    let mut random = RandomSearch::new(Arc::clone(&space), 1);
    let mut found = BTreeSet::new();
    loop {
        let proposals = random.ask(10).unwrap();
        if proposals.is_empty() {
            break;
        }
        found.extend(proposals.into_iter().map(|proposal| proposal.key));
    }
    assert_eq!(found, classes);
}

/// Of a list, the classes with a member that is left; as that member.
#[test]
fn a_list_has_what_is_left_of_its_classes() {
    let whole = ganas_space::by_name("nasbench101-v5").unwrap();
    let space = restricted(
        "nasbench101-v5",
        &["node1=maxpool3x3", "edge(1->2)=present"],
    );
    let all: Vec<Arch> = whole.enumeration().unwrap().archs().collect();
    let listed = ListedSpace::new(Arc::clone(&space), all);
    let left: BTreeSet<_> = space.enumeration().unwrap().keys().collect();
    let keys: BTreeSet<_> = (&listed as &dyn SearchSpace)
        .enumeration()
        .unwrap()
        .keys()
        .collect();
    assert_eq!(keys, left);
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..100 {
        assert!(space.admits(&built(&listed, &mut rng)));
        assert!(space.admits(&listed.sample(&mut rng)));
    }
}
