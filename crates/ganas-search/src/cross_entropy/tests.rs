//! The cross-entropy method on NAS-Bench-201, with the number of 3x3 convolutions as the metric.

use ganas_gnn::Cpu;
use ganas_space::Arch;

use super::*;
use crate::method_tests::Session;
use crate::{MethodSearcher, Trial};

fn convolutions(arch: &Arch) -> f64 {
    let labels = arch.labels().iter();
    labels.map(|label| f64::from(u8::from(label.0 == 3))).sum()
}

#[test]
fn what_is_drawn_comes_nearer_to_the_best() {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let config = CrossEntropyConfig::default();
    let method = CrossEntropy::new(&Cpu::<f32>::new(), Arc::clone(&space), config, 1).unwrap();
    let searcher = MethodSearcher::new(Arc::clone(&space), method, 1);
    let mut session = Session::new(space, Box::new(searcher));
    assert_eq!(session.round(|arch| Some(convolutions(arch))), 20);
    while session.trials.len() < 200 {
        assert_eq!(session.round(|arch| Some(convolutions(arch))), 10);
    }
    let mean = |trials: &[Trial]| {
        let sum: f64 = trials.iter().map(|t| convolutions(&t.arch)).sum();
        sum / f64::from(u32::try_from(trials.len()).unwrap())
    };
    let (first, last) = (mean(&session.trials[..20]), mean(&session.trials[180..]));
    assert!(last > first + 1.5, "{first} {last}");
}
