//! Masks: what they leave, that it can be completed, and what is drawn where almost nothing is left.

use ganas_eval::{ClosedForm, CostProperty};
use ganas_space::nasbench101::NasBench101;
use ganas_space::{Action, Arch, Constraints as _, Partial, SearchSpace};
use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;
use rand::seq::IteratorRandom;
use rand_core::Rng;

use super::*;

fn space(name: &str) -> Arc<dyn SearchSpace> {
    ganas_space::by_name(name).unwrap()
}

fn constrained(name: &str, texts: &[String]) -> Result<ConstrainedSpace, SearchError> {
    let constraints = texts.iter().map(|text| {
        let bound: Bound = text.parse().unwrap();
        let cost = ClosedForm::ALL.into_iter();
        let cost = cost.clone().find(|cost| cost.name() == bound.property);
        let property = CostProperty::new(space(name), cost.unwrap());
        Constraint::new(bound, Arc::new(property))
    });
    ConstrainedSpace::new(space(name), constraints.collect())
}

/// An architecture built of admissible actions at random.
fn built(space: &dyn SearchSpace, rng: &mut dyn Rng) -> Arch {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        let open = space.admissible(&partial, decision.legal);
        assert!(open.count() > 0 && open.0 & !decision.legal.0 == 0);
        let action = open.iter().choose(rng).unwrap();
        space.apply(&mut partial, action).unwrap();
    }
    space.finish(&partial).unwrap()
}

/// The lowest number of parameters in a space.
fn fewest_parameters(space: &Arc<dyn SearchSpace>) -> f64 {
    let property = CostProperty::new(Arc::clone(space), ClosedForm::Parameters);
    property.bounds(&**space).unwrap().of_space().least
}

/// Bounds that halve the range, from either side.
fn halves(name: &str) -> [String; 2] {
    let property = CostProperty::new(space(name), ClosedForm::Parameters);
    let range = property.bounds(&*space(name)).unwrap().of_space();
    let middle = (range.least + range.most) / 2.0;
    ["<=", ">="].map(|relation| format!("params {relation} {middle}"))
}

const BOUNDED: [&str; 6] = [
    "nasbench201",
    "darts",
    "mbconv",
    "ofa-proxyless",
    "ofa-mbv3",
    "nasbench-macro",
];

/// Whatever is built of admissible actions satisfies one constraint, and whatever satisfies it can be built of them.
#[test]
fn masks_leave_what_satisfies_a_constraint() {
    for name in BOUNDED {
        let [below, above] = halves(name);
        for text in [below, above] {
            let space = constrained(name, &[text]).unwrap();
            proptest!(ProptestConfig::with_cases(8), |(seed: u64)| {
                let mut rng = SmallRng::seed_from_u64(seed);
                let arch = built(&space, &mut rng);
                prop_assert!(space.admits(&arch));
                check_imitable(&space, &arch);
                let sampled = space.sample(&mut rng);
                check_imitable(&space, &sampled);
                check_imitable(&space, &space.relabelled(&sampled, &mut rng));
            });
        }
    }
}

/// Every decision that builds an admitted architecture is admissible.
fn check_imitable(space: &dyn SearchSpace, arch: &Arch) {
    assert!(space.admits(arch));
    let mut partial = space.start();
    for action in space.actions_of(arch).unwrap() {
        let decision = space.decision(&partial).unwrap();
        assert!(space.admissible(&partial, decision.legal).contains(action));
        space.apply(&mut partial, action).unwrap();
    }
}

/// By hand: two 3x3 convolutions fit, and the third does not.
#[test]
fn the_action_that_costs_too_much_is_masked() {
    let space = constrained("nasbench201", &["params <= 0.6e6".to_owned()]).unwrap();
    let space: &dyn SearchSpace = &space;
    let mut partial = space.start();
    let open = |partial: &Partial| {
        let decision = space.decision(partial).unwrap();
        space.admissible(partial, decision.legal).0
    };
    assert_eq!(open(&partial), 0b1_1111);
    space.apply(&mut partial, Action(3)).unwrap();
    space.apply(&mut partial, Action(3)).unwrap();
    assert_eq!(open(&partial), 0b1_0111);
}

/// Where constraints can be satisfied one by one but no longer together, everything is legal again.
#[test]
fn dead_ends_leave_all_legal_actions() {
    // Five or six 1x1 convolutions of 28,000 parameters each; one 3x3 convolution of 243,040 is too much.
    let texts = ["params >= 213306".to_owned(), "params <= 250000".to_owned()];
    let space = constrained("nasbench201", &texts).unwrap();
    let space: &dyn SearchSpace = &space;
    let mut partial = space.start();
    for _ in 0..5 {
        // A 3x3 convolution could still lift the sum over the lower bound, so nothing is found out before the end.
        let decision = space.decision(&partial).unwrap();
        let open = space.admissible(&partial, decision.legal);
        assert!(open.contains(Action(0)) && !open.contains(Action(3)));
        space.apply(&mut partial, Action(0)).unwrap();
    }
    let decision = space.decision(&partial).unwrap();
    assert_eq!(space.admissible(&partial, decision.legal), decision.legal);
    // What is sampled satisfies both nevertheless.
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..20 {
        assert!(space.admits(&space.sample(&mut rng)));
    }
}

/// Random draws almost never find what is left within a twentieth of the minimum.
#[test]
fn tight_bounds_are_sampled() {
    for name in ["mbconv", "ofa-proxyless", "darts"] {
        let inner = space(name);
        let bound = 1.05 * fewest_parameters(&inner);
        let space = constrained(name, &[format!("params <= {bound}")]).unwrap();
        let mut rng = SmallRng::seed_from_u64(1);
        let mut classes = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let arch = space.sample(&mut rng);
            assert!(space.admits(&arch), "{name}");
            classes.insert(space.key(&arch));
        }
        assert!(classes.len() > 5, "{name}: {}", classes.len());
    }
}

#[test]
fn the_nearest_value_is_exact_in_large_spaces() {
    for name in ["mbconv", "ofa-proxyless", "ofa-mbv3", "darts"] {
        let least = fewest_parameters(&space(name));
        let error = constrained(name, &["params < 10".to_owned()]).unwrap_err();
        let expected = format!("in the whole space): `params < 10`: the nearest params is {least}");
        let error = error.to_string();
        assert!(error.contains(&expected), "{error}");
        assert!(constrained(name, &[format!("params <= {least}")]).is_ok());
    }
}

/// Milliseconds that are no whole numbers: a third of a millionth of the FLOPs.
#[derive(Debug)]
struct Fractions(Arc<dyn SearchSpace>);

impl Property for Fractions {
    fn name(&self) -> &str {
        "ms"
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        let flops = CostProperty::new(Arc::clone(&self.0), ClosedForm::Flops).value(arch)?;
        Some(flops / 3e6)
    }

    fn bounds(&self, space: &dyn SearchSpace) -> Option<ganas_space::CostBounds> {
        ganas_space::CostBounds::new(space, &|arch| self.value(arch))
    }
}

/// Sums of numbers that are not whole have rounding errors, which never mask what is admitted.
#[test]
fn rounding_masks_nothing_that_is_admitted() {
    let inner = space("nasbench-macro");
    let property = Arc::new(Fractions(Arc::clone(&inner)));
    let mut rng = SmallRng::seed_from_u64(3);
    for _ in 0..20 {
        let arch = inner.sample(&mut rng);
        let bound = property.value(&arch).unwrap();
        for relation in ["<=", ">="] {
            let bound: Bound = format!("ms {relation} {bound}").parse().unwrap();
            let constraint = Constraint::new(bound, Arc::clone(&property) as _);
            let space = ConstrainedSpace::new(Arc::clone(&inner), vec![constraint]).unwrap();
            check_imitable(&space, &arch);
        }
    }
}

#[test]
fn constraints_without_bounds_mask_nothing() {
    let space = constrained(NasBench101::NAME, &["params <= 3e6".to_owned()]).unwrap();
    assert!(space.masking().is_empty());
    let space: &dyn SearchSpace = &space;
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        assert_eq!(space.admissible(&partial, decision.legal), decision.legal);
        let last = decision.legal.iter().last().unwrap();
        space.apply(&mut partial, last).unwrap();
    }
    let with_bounds = constrained("mbconv", &["params <= 4.5e6".to_owned()]).unwrap();
    assert_eq!(with_bounds.masking(), ["params <= 4500000"]);
}
