//! REINFORCE on NAS-Bench-201, with the number of 3x3 convolutions as the metric.

use ganas_gnn::Cpu;
use ganas_space::Arch;

use super::*;
use crate::MethodSearcher;
use crate::method_tests::Session;

fn convolutions(arch: &Arch) -> f64 {
    let labels = arch.labels().iter();
    labels.map(|label| f64::from(u8::from(label.0 == 3))).sum()
}

#[test]
fn what_is_drawn_gets_better() {
    let space = ganas_space::by_name("nasbench201").unwrap();
    let config = ReinforceConfig::default();
    let method = Reinforce::new(&Cpu::<f32>::new(), Arc::clone(&space), config, 1).unwrap();
    let searcher = MethodSearcher::new(Arc::clone(&space), method, 1);
    let mut session = Session::new(space, Box::new(searcher));
    while session.trials.len() < 120 {
        assert_eq!(session.round(|arch| Some(convolutions(arch))), 10);
    }
    let mean = |trials: &[Trial]| {
        let sum: f64 = trials.iter().map(|t| convolutions(&t.arch)).sum();
        sum / f64::from(u32::try_from(trials.len()).unwrap())
    };
    // Later it draws what it knows, and what is proposed is far from that.
    let (first, last) = (mean(&session.trials[..20]), mean(&session.trials[80..120]));
    assert!(last > first + 1.5, "{first} {last}");
}
