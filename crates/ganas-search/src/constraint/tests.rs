//! Constraints on NAS-Bench-201, whose parameters are known in closed form.

use ganas_eval::{ClosedForm, CostProperty};
use ganas_space::SearchSpace;
use ganas_space::nasbench201::NasBench201;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::toy::Toy;
use crate::{LocalSearch, Proposal, RandomSearch, Searcher};

fn constraint(text: &str) -> Constraint {
    let bound: Bound = text.parse().unwrap();
    let cost = ClosedForm::ALL
        .into_iter()
        .find(|cost| cost.name() == bound.property)
        .unwrap();
    Constraint::new(
        bound,
        Arc::new(CostProperty::new(Arc::new(NasBench201::new()), cost)),
    )
}

fn constrained(texts: &[&str]) -> Result<ConstrainedSpace, SearchError> {
    let constraints = texts.iter().map(|text| constraint(text)).collect();
    ConstrainedSpace::new(Arc::new(NasBench201::new()), constraints)
}

#[test]
fn bounds_are_read_and_written() {
    for (text, written) in [
        ("params <= 3.0e6", "params <= 3000000"),
        ("a_ms<12", "a_ms < 12"),
        (" x >=-1.5", "x >= -1.5"),
        ("x > 0", "x > 0"),
    ] {
        let bound: Bound = text.parse().unwrap();
        assert_eq!(bound.to_string(), written);
        assert_eq!(written.parse::<Bound>().unwrap(), bound);
    }
    for (text, reason) in [
        ("params", "there is no <, <=, > or >="),
        ("<= 3", "there is no name"),
        ("params <= many", "`many` is not a number"),
        ("params <= inf", "`inf` is not a finite number"),
        ("params = 3", "there is no <, <=, > or >="),
        ("params == 3", "there is no <, <=, > or >="),
    ] {
        let error = text.parse::<Bound>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}

#[test]
fn relations_hold_at_and_beside_the_bound() {
    let holds = |relation: Relation| [0.0, 1.0, 2.0].map(|value| relation.holds(value, 1.0));
    assert_eq!(holds(Relation::Less), [true, false, false]);
    assert_eq!(holds(Relation::AtMost), [true, true, false]);
    assert_eq!(holds(Relation::Greater), [false, false, true]);
    assert_eq!(holds(Relation::AtLeast), [false, true, true]);
}

/// Draws, lists and neighbours: only what is left, and all of it.
#[test]
fn only_what_satisfies_is_left() {
    let whole = NasBench201::new();
    let space = constrained(&["params <= 0.3e6", "params >= 0.1e6"]).unwrap();
    let parameters = |arch: &Arch| whole.costs().unwrap().cost(arch).parameters.unwrap();
    let satisfied = |arch: &Arch| (100_000..=300_000).contains(&parameters(arch));
    let left: Vec<Arch> = space.enumeration().unwrap().archs().collect();
    let expected: Vec<Arch> = whole
        .enumeration()
        .unwrap()
        .archs()
        .filter(satisfied)
        .collect();
    assert!(!left.is_empty() && left.len() < 10_000);
    assert_eq!(left, expected);
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..200 {
        let arch = space.sample(&mut rng);
        assert!(satisfied(&arch));
        let neighbours = space.neighbours(&arch);
        assert!(neighbours.iter().all(satisfied));
        let of_whole = whole.neighbours(&arch);
        assert_eq!(
            neighbours.len(),
            of_whole.iter().filter(|a| satisfied(a)).count()
        );
    }
}

/// One class in thousands: drawing it needs the list.
#[test]
fn needles_are_found() {
    let whole = NasBench201::new();
    let most = whole
        .enumeration()
        .unwrap()
        .archs()
        .map(|arch| whole.costs().unwrap().cost(&arch).parameters.unwrap())
        .max()
        .unwrap();
    let space = constrained(&[&format!("params >= {most}")]).unwrap();
    let mut rng = SmallRng::seed_from_u64(1);
    for _ in 0..3 {
        assert_eq!(
            whole
                .costs()
                .unwrap()
                .cost(&space.sample(&mut rng))
                .parameters
                .unwrap(),
            most
        );
    }
    let mut search = RandomSearch::new(Arc::new(space), 1);
    assert_eq!(search.ask(10).unwrap().len(), 1);
}

#[test]
fn the_impossible_is_an_error_with_the_nearest_value() {
    let whole = NasBench201::new();
    let least = whole
        .enumeration()
        .unwrap()
        .archs()
        .map(|arch| whole.costs().unwrap().cost(&arch).parameters.unwrap())
        .min()
        .unwrap();
    let error = constrained(&["params < 10"]).unwrap_err().to_string();
    let expected = format!("`params < 10`: the nearest params is {least}");
    assert!(error.contains(&expected), "{error}");
    // Each alone is possible.
    let error = constrained(&["params >= 1.0e6", "flops <= 50e6"]).unwrap_err();
    let error = error.to_string();
    assert!(
        error.contains("`params >= 1000000`: the nearest params under the other constraints is"),
        "{error}"
    );
    assert!(
        error.contains("`flops <= 50000000`: the nearest flops"),
        "{error}"
    );
}

/// A property that is not known of an architecture is not satisfied by it.
#[test]
fn unknown_values_do_not_satisfy() {
    #[derive(Debug)]
    struct Unknown;
    impl Property for Unknown {
        fn name(&self) -> &str {
            "latency"
        }
        fn value(&self, _arch: &Arch) -> Option<f64> {
            None
        }
    }
    let constraint = Constraint::new("latency < 1".parse().unwrap(), Arc::new(Unknown));
    let error = ConstrainedSpace::new(Arc::new(Toy(3)), vec![constraint]).unwrap_err();
    let error = error.to_string();
    assert!(error.contains("nothing satisfies"), "{error}");
}

#[test]
fn searchers_propose_only_what_is_admitted() {
    let space: Arc<dyn SearchSpace> = Arc::new(constrained(&["params <= 0.2e6"]).unwrap());
    let mut searchers: [Box<dyn Searcher>; 2] = [
        Box::new(RandomSearch::new(Arc::clone(&space), 1)),
        Box::new(LocalSearch::new(Arc::clone(&space), 1)),
    ];
    for searcher in &mut searchers {
        for Proposal { arch, .. } in searcher.ask(10).unwrap() {
            assert!(space.admits(&arch), "{}", searcher.name());
        }
    }
}
