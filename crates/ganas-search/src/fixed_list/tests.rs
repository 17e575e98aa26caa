//! Lists of the toy space.

use super::*;
use crate::MethodSearcher;
use crate::method_tests::Session;
use crate::toy::{Toy, sorted};

/// The operation at a place, in increasing order.
#[derive(Debug)]
struct Operation(usize);

impl Property for Operation {
    fn name(&self) -> &str {
        "operation"
    }

    fn value(&self, arch: &Arch) -> Option<f64> {
        Some(f64::from(sorted(arch)[self.0])).filter(|value| *value < 3.5)
    }
}

fn list(orders: &[(usize, Direction)], seed: u64) -> Vec<[u8; 3]> {
    let order = |&(place, direction): &(usize, Direction)| PropertyOrder {
        property: Arc::new(Operation(place)),
        direction,
    };
    let orders = orders.iter().map(order).collect();
    let method = FixedList::new(FixedList::BY_COLUMNS, &Toy(5), orders).unwrap();
    let space: Arc<dyn SearchSpace> = Arc::new(Toy(5));
    let searcher = MethodSearcher::new(Arc::clone(&space), method, seed);
    let mut session = Session::new(space, Box::new(searcher));
    while session.round(|_| Some(0.0)) > 0 {}
    session.trials.iter().map(|t| sorted(&t.arch)).collect()
}

#[test]
fn the_better_come_first_what_is_not_known_last_and_ties_at_random() {
    let one = list(&[(0, Direction::Maximize)], 1);
    let first: Vec<u8> = one.iter().map(|ops| ops[0]).collect();
    let known = first.iter().take_while(|op| **op < 4).count();
    assert_eq!(known, 34);
    assert!(first[..known].is_sorted_by(|a, b| a >= b));
    let other = list(&[(0, Direction::Maximize)], 2);
    assert_ne!(one, other);
    let smallest = list(&[(0, Direction::Minimize)], 1);
    assert_eq!(smallest[0][0], 0);
}

#[test]
fn several_orders_are_one_by_the_mean_rank() {
    let both = list(&[(0, Direction::Maximize), (2, Direction::Minimize)], 1);
    // Equal operations are high as the lowest and low as the highest.
    let spread = |ops: &[u8; 3]| ops[2] - ops[0];
    let head: u8 = both[..6].iter().map(spread).sum();
    let tail: u8 = both[both.len() - 6..].iter().map(spread).sum();
    assert!(head < tail, "{both:?}");
}

#[test]
fn equal_values_share_their_ranks() {
    let found = ranks(&[Some(1.0), Some(3.0), None, Some(3.0), Some(f64::NAN)]);
    let expected = [3.0, 1.5, 4.5, 1.5, 4.5];
    let differ = found
        .iter()
        .zip(expected)
        .any(|(a, b)| (a - b).abs() > 1e-12);
    assert!(!differ, "{found:?}");
}

#[test]
fn what_has_no_list_or_no_order_is_refused() {
    let darts = ganas_space::by_name("darts").unwrap();
    let order = PropertyOrder {
        property: Arc::new(Operation(0)),
        direction: Direction::Maximize,
    };
    let refused = FixedList::new(FixedList::BY_PARAMETERS, &*darts, vec![order]);
    let message = refused.unwrap_err().to_string();
    assert!(message.contains("`darts` cannot be listed"), "{message}");
    let refused = FixedList::new(FixedList::BY_COLUMNS, &Toy(5), Vec::new());
    assert!(refused.unwrap_err().to_string().contains("columns"));
}
