//! BANANAS on NAS-Bench-201, with the number of 3x3 convolutions as the metric.

use ganas_gnn::Cpu;

use super::*;
use crate::MethodSearcher;
use crate::method_tests::Session;

fn session(config: BananasConfig, seed: u64) -> Session {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let method = Bananas::new(&Cpu::<f32>::new(), &space, config).unwrap();
    let searcher = MethodSearcher::new(Arc::clone(&space), method, seed);
    Session::new(space, Box::new(searcher))
}

/// Six of 15,625 choices are right.
#[test]
fn finds_the_only_maximum_of_an_additive_metric() {
    let mut session = session(BananasConfig::default(), 1);
    let convolutions = |arch: &Arch| {
        let labels = arch.labels().iter();
        Some(labels.map(|l| f64::from(u8::from(l.0 == 3))).sum())
    };
    while session.trials.len() < 100 {
        assert_eq!(session.round(convolutions), 10);
    }
    assert!(session.best() > 5.5, "{}", session.best());
}

#[test]
fn equal_values_are_all_nothing() {
    assert_eq!(standardised(vec![2.0, 2.0]), [0.0, 0.0]);
    assert_eq!(standardised(vec![1.0, 3.0]), [-1.0, 1.0]);
}
