//! A tiny search space and its evaluator, for the tests of this crate.
//!
//! Three operations between input and output, side by side: their order does not matter, so the n³ architectures form
//! n (n + 1) (n + 2) / 6 classes.

use std::sync::LazyLock;

use ganas_eval::{
    EvalError, Evaluator, Measurement, MetricPair, Query, ReportMetric, SearchMetric, SelectionKind,
};
use ganas_space::blueprint::{Blueprint, Labels, Sources, Vertex};
use ganas_space::{Arch, ArchKey, Enumeration, OpId, SearchSpace, SpaceError};
use rand::RngExt;
use rand_core::Rng;

/// The space with this number of operations.
#[derive(Debug)]
pub(crate) struct Toy(pub(crate) u8);

const INPUT: u8 = 60;
const OUTPUT: u8 = 61;

/// The architecture with these three operations.
pub(crate) fn arch(ops: [u8; 3]) -> Arch {
    let labels: Vec<OpId> = [INPUT, ops[0], ops[1], ops[2], OUTPUT].map(OpId).to_vec();
    Arch::new(labels, [0, 1, 1, 1, 0b1110]).expect("a valid graph")
}

/// The operations in increasing order.
pub(crate) fn sorted(arch: &Arch) -> [u8; 3] {
    let mut ops = [1, 2, 3].map(|v: usize| arch.labels()[v].0);
    ops.sort_unstable();
    ops
}

/// Of each number of operations, from 1 on.
static BLUEPRINTS: LazyLock<Vec<Blueprint>> = LazyLock::new(|| {
    let blueprint = |n_ops: u8| {
        let vertex = Vertex {
            labels: Labels::OneOf((1 << n_ops) - 1),
            sources: Sources::Fixed(1),
        };
        let operations = (0..INPUT).map(|op| op.to_string());
        Blueprint::new("toy", operations, [vertex; 3], Sources::Fixed(0b1110))
    };
    (1..=INPUT).map(blueprint).collect()
});

#[rustfmt::skip]
impl SearchSpace for Toy {
    fn blueprint(&self) -> &Blueprint { &BLUEPRINTS[usize::from(self.0) - 1] }
    fn encode(&self, arch: &Arch) -> String { format!("{:?}", sorted(arch)) }
    fn decode(&self, _text: &str) -> Result<Arch, SpaceError> { unreachable!() }
    fn size(&self) -> Option<u64> { Some(u64::from(self.0).pow(3)) }
    fn canonical(&self, a: &Arch) -> Arch { arch(sorted(a)) }
    fn key(&self, arch: &Arch) -> ArchKey {
        ArchKey(sorted(arch).iter().fold(0, |key, &op| key * 256 + u128::from(op)))
    }
    fn sample(&self, rng: &mut dyn Rng) -> Arch {
        let classes: Vec<Arch> = self.archs().filter(|a| *a == self.canonical(a)).collect();
        classes[rng.random_range(0..classes.len())].clone()
    }
    fn enumeration(&self) -> Option<&dyn Enumeration> { Some(self) }
}

impl Enumeration for Toy {
    fn archs(&self) -> Box<dyn Iterator<Item = Arch> + '_> {
        let n = self.0;
        Box::new(
            (0..n)
                .flat_map(move |a| (0..n).flat_map(move |b| (0..n).map(move |c| arch([a, b, c])))),
        )
    }
}

/// Measures the sum of the operations, as told by a function.
pub(crate) struct ToyEvaluator<F> {
    protocol: MetricPair,
    measure: F,
}

impl<F: Fn([u8; 3]) -> Option<(f64, f64)> + Send + Sync> ToyEvaluator<F> {
    /// An evaluator that returns (search, report) for the sorted operations, or fails.
    pub(crate) fn new(measure: F) -> Self {
        Self {
            protocol: MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected),
            measure,
        }
    }
}

impl<F: Fn([u8; 3]) -> Option<(f64, f64)> + Send + Sync> Evaluator for ToyEvaluator<F> {
    fn metric_pair(&self) -> &MetricPair {
        &self.protocol
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        match (self.measure)(sorted(query.arch)) {
            Some((search, report)) => Ok(Measurement {
                search: SearchMetric::maximized(search),
                report: ReportMetric(report),
                objectives: Vec::new(),
                violation: 0.0,
            }),
            None => Err(EvalError::MissingArch {
                arch: format!("{:?}", sorted(query.arch)),
            }),
        }
    }
}
