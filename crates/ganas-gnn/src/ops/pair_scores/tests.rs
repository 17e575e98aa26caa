//! Scores of pairs against the definition, and their gradient.

use super::{PairDerivatives, PairInputs, PairScores as _};
use crate::testing::{Tolerance, check_gradient, close, mat, values, weighted_sum};
use crate::{Cpu, Mat};

const SHAPES: [(usize, usize); 3] = [(3, 4), (5, 4), (1, 5)];

fn inputs() -> [Vec<f64>; 3] {
    [0, 1, 2].map(|i| values(i as u64 + 1, SHAPES[i].0 * SHAPES[i].1))
}

fn mats(device: &Cpu<f64>, x: &[Vec<f64>; 3]) -> [Mat<Cpu<f64>>; 3] {
    [0, 1, 2].map(|i| mat(device, &x[i], SHAPES[i].0, SHAPES[i].1))
}

fn forward(x: &[Vec<f64>; 3]) -> (Cpu<f64>, Mat<Cpu<f64>>) {
    let device = Cpu::new();
    let mut scores = mat(&device, &[9.0; 15], 3, 5);
    let [a, b, w] = mats(&device, x);
    let inputs = PairInputs {
        a: a.view(),
        b: b.view(),
        w: w.view(),
    };
    device.pair_scores_fwd(scores.view_mut(), inputs);
    (device, scores)
}

#[test]
fn equals_the_definition() {
    let x = inputs();
    let mut expected = Vec::new();
    for i in 0..3 {
        for j in 0..5 {
            let hidden = (0..4).map(|k| x[2][k] * (x[0][i * 4 + k] + x[1][j * 4 + k]).max(0.0));
            expected.push(hidden.sum::<f64>() + x[2][4]);
        }
    }
    let (device, scores) = forward(&x);
    close(&device, scores.view(), &expected, Tolerance::ROUNDING);
}

#[test]
fn gradient() {
    let x = inputs();
    let upstream = values(5, 15);
    let device = Cpu::<f64>::new();
    let [a, b, w] = mats(&device, &x);
    let [mut d_a, mut d_b, mut d_w] =
        SHAPES.map(|(rows, cols)| mat(&device, &vec![0.0; rows * cols], rows, cols));
    device.pair_scores_bwd(
        PairDerivatives {
            d_a: d_a.view_mut(),
            d_b: d_b.view_mut(),
            d_w: d_w.view_mut(),
        },
        mat(&device, &upstream, 3, 5).view(),
        PairInputs {
            a: a.view(),
            b: b.view(),
            w: w.view(),
        },
    );
    for (i, d) in [d_a, d_b, d_w].iter().enumerate() {
        check_gradient("input", &x[i], d.view().host(), |values| {
            let mut x = x.clone();
            x[i] = values.to_vec();
            weighted_sum(forward(&x).1.view().host(), &upstream)
        });
    }
}

struct Case([usize; 3]);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{random, read, unset};
        let Self([m, n, c]) = *self;
        let (a, b, w) = (
            random(device, 1, m, c),
            random(device, 2, n, c),
            random(device, 3, 1, c + 1),
        );
        let (mut scores, d_scores) = (unset(device, m, n), random(device, 4, m, n));
        let inputs = PairInputs {
            a: a.view(),
            b: b.view(),
            w: w.view(),
        };
        device.pair_scores_fwd(scores.view_mut(), inputs);
        let (mut d_a, mut d_b) = (unset(device, m, c), unset(device, n, c));
        let mut d_w = random(device, 5, 1, c + 1);
        let out = PairDerivatives {
            d_a: d_a.view_mut(),
            d_b: d_b.view_mut(),
            d_w: d_w.view_mut(),
        };
        device.pair_scores_bwd(out, d_scores.view(), inputs);
        let mats = [("scores", scores), ("d_a", d_a), ("d_b", d_b), ("d_w", d_w)];
        mats.map(|(name, mat)| (name, read(device, mat.view())))
            .into()
    }
}

#[test]
fn devices_agree() {
    for shape in [[1, 1, 1], [3, 0, 4], [17, 40, 33], [50, 31, 128]] {
        crate::testing::agree(&Case(shape), Tolerance::F32_SUM);
    }
}
