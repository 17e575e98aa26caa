//! The ranking loss against the definition, and its gradient.

use super::{Comparisons, Ranking as _};
use crate::Cpu;
use crate::testing::{Tolerance, check_gradient, mat, values};

const RANKS: [u32; 4] = [3, 0, 1, 1];
const PARTNERS: [u32; 8] = [1, 2, 3, 0, 2, 3, 1, 0];

fn loss(scores: &[f64], ranks: &[u32]) -> (f64, Vec<f64>) {
    let device = Cpu::<f64>::new();
    let mut d = mat(&device, &[9.0; 4], 4, 1);
    let loss = device.ranking_loss(
        d.view_mut(),
        mat(&device, scores, 4, 1).view(),
        Comparisons {
            ranks: &ranks.to_vec(),
            partners: &PARTNERS.to_vec(),
        },
    );
    (loss, d.view().host().to_vec())
}

#[test]
fn equals_the_definition() {
    let f = values(1, 4);
    // Winners and losers of the pairs with a winner; the pair (2, 3) is a tie.
    let pairs = [(0, 1), (2, 1), (0, 3), (0, 2), (3, 1), (2, 1), (0, 3)];
    let expected: f64 = pairs
        .iter()
        .map(|&(w, l)| (1.0 + (f[l] - f[w]).exp()).ln())
        .sum();
    Tolerance::ROUNDING.check("loss", &[loss(&f, &RANKS).0], &[expected / 7.0]);
}

#[test]
fn gradient() {
    let f = values(1, 4);
    check_gradient("scores", &f, &loss(&f, &RANKS).1, |f| loss(f, &RANKS).0);
}

#[test]
fn ties_teach_nothing() {
    assert_eq!(loss(&values(1, 4), &[5; 4]), (0.0, vec![0.0; 4]));
}

struct Case(usize, usize);

impl crate::testing::OnDevice for Case {
    fn results<B: crate::Backend>(&self, device: &B) -> Vec<(&'static str, Vec<f64>)> {
        use crate::testing::{index_of, indices, random, read, unset};
        let Self(n, permutations) = *self;
        let ranks: Vec<u32> = (0..n).map(|i| index_of((i * 7) % 11)).collect();
        let partners: Vec<u32> = (0..permutations)
            .flat_map(|k| (0..n).map(move |i| index_of((i + 3 * k + 1) % n)))
            .collect();
        let (ranks, partners) = (indices(device, &ranks), indices(device, &partners));
        let (scores, mut d) = (random(device, 1, n, 1), unset(device, n, 1));
        let comparisons = Comparisons {
            ranks: &ranks,
            partners: &partners,
        };
        let loss = device.ranking_loss(d.view_mut(), scores.view(), comparisons);
        vec![("loss", vec![loss]), ("d_scores", read(device, d.view()))]
    }
}

#[test]
fn devices_agree() {
    for (n, permutations) in [(0, 1), (1, 1), (5, 2), (300, 4)] {
        crate::testing::agree(&Case(n, permutations), Tolerance::F32_POINTWISE);
    }
}
