//! Scores of edges against the definition, and their gradient.

use super::{EdgeScoreDerivatives, EdgeScoreInputs, EdgeScores as _};
use crate::testing::{
    OnDevice, Tolerance, agree, check_gradient, close, index_of, indices, mat, random, read, unset,
    values, weighted_sum,
};
use crate::{Backend, Cpu, Mat};

/// Of nodes, decisions and weights.
const SHAPES: [(usize, usize); 3] = [(3, 4), (5, 4), (1, 5)];
const NODE_OF: [u32; 7] = [0, 0, 2, 1, 2, 0, 0];
const DECISION_OF: [u32; 7] = [0, 1, 1, 4, 4, 4, 4];

fn forward(x: &[Vec<f64>; 3]) -> Mat<Cpu<f64>> {
    let device = Cpu::new();
    let [nodes, decisions, w] = [0, 1, 2].map(|i| mat(&device, &x[i], SHAPES[i].0, SHAPES[i].1));
    let mut scores = unset(&device, 7, 1);
    let inputs = EdgeScoreInputs {
        nodes: nodes.view(),
        node_of: &NODE_OF.into(),
        decisions: decisions.view(),
        decision_of: &DECISION_OF.into(),
        w: w.view(),
    };
    device.edge_scores_fwd(scores.view_mut(), inputs);
    scores
}

fn inputs() -> [Vec<f64>; 3] {
    [0, 1, 2].map(|i| values(i as u64 + 1, SHAPES[i].0 * SHAPES[i].1))
}

#[test]
fn equals_the_definition() {
    let x = inputs();
    let score = |(n, d): (&u32, &u32)| {
        let (n, d) = (*n as usize, *d as usize);
        let hidden = (0..4).map(|k| x[2][k] * (x[0][n * 4 + k] + x[1][d * 4 + k]).max(0.0));
        hidden.sum::<f64>() + x[2][4]
    };
    let expected: Vec<f64> = NODE_OF.iter().zip(&DECISION_OF).map(score).collect();
    close(
        &Cpu::new(),
        forward(&x).view(),
        &expected,
        Tolerance::ROUNDING,
    );
}

#[test]
fn gradient() {
    let (x, upstream, device) = (inputs(), values(5, 7), Cpu::<f64>::new());
    let [nodes, decisions, w] = [0, 1, 2].map(|i| mat(&device, &x[i], SHAPES[i].0, SHAPES[i].1));
    let mut d_w = mat(&device, &[0.0; 5], 1, 5);
    let (mut d_nodes, mut d_decisions) = (unset(&device, 3, 4), unset(&device, 5, 4));
    device.edge_scores_bwd(
        EdgeScoreDerivatives {
            d_nodes: d_nodes.view_mut(),
            d_decisions: d_decisions.view_mut(),
            d_w: d_w.view_mut(),
        },
        mat(&device, &upstream, 7, 1).view(),
        EdgeScoreInputs {
            nodes: nodes.view(),
            node_of: &NODE_OF.into(),
            decisions: decisions.view(),
            decision_of: &DECISION_OF.into(),
            w: w.view(),
        },
    );
    for (i, d) in [d_nodes, d_decisions, d_w].iter().enumerate() {
        check_gradient("input", &x[i], d.view().host(), |values| {
            let mut x = x.clone();
            x[i] = values.to_vec();
            weighted_sum(forward(&x).view().host(), &upstream)
        });
    }
}

/// Nodes, decisions, edges and units.
struct Case([usize; 4]);

impl OnDevice for Case {
    fn results<B: Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        let Self([n, m, edges, c]) = *self;
        let index = |of: usize, step: usize| -> B::Ints {
            let index: Vec<u32> = (0..edges)
                .map(|e| index_of((e * e + step * e) % of))
                .collect();
            indices(device, &index)
        };
        let (node_of, decision_of) = (index(n, 3), index(m, 1));
        let (nodes, decisions) = (random(device, 1, n, c), random(device, 2, m, c));
        let w = random(device, 3, 1, c + 1);
        let (mut scores, d_scores) = (unset(device, edges, 1), random(device, 4, edges, 1));
        let inputs = EdgeScoreInputs {
            nodes: nodes.view(),
            node_of: &node_of,
            decisions: decisions.view(),
            decision_of: &decision_of,
            w: w.view(),
        };
        device.edge_scores_fwd(scores.view_mut(), inputs);
        let (mut d_nodes, mut d_decisions) = (unset(device, n, c), unset(device, m, c));
        let mut d_w = random(device, 5, 1, c + 1);
        let out = EdgeScoreDerivatives {
            d_nodes: d_nodes.view_mut(),
            d_decisions: d_decisions.view_mut(),
            d_w: d_w.view_mut(),
        };
        device.edge_scores_bwd(out, d_scores.view(), inputs);
        [
            ("scores", scores),
            ("d_nodes", d_nodes),
            ("d_decisions", d_decisions),
            ("d_w", d_w),
        ]
        .map(|(name, mat)| (name, read(device, mat.view())))
        .into()
    }
}

#[test]
fn devices_agree() {
    for shape in [
        [1, 1, 1, 1],
        [3, 2, 0, 4],
        [17, 40, 300, 33],
        [50, 31, 999, 128],
    ] {
        agree(&Case(shape), Tolerance::F32_LONG_SUM);
    }
}
