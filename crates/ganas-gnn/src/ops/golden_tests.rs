//! Decisions and losses against PyTorch, with logits as far apart as they can be.

use ndarray::Array2;

use super::bce::Targets;
use super::bernoulli::{BernoulliIn, BernoulliOut, Choices, Draw, Exploration, Logits};
use super::categorical::{CategoricalIn, CategoricalOut};
use super::ranking::Comparisons;
use crate::nets::golden_tests::{Case, golden};
use crate::testing::on_every_device;
use crate::{Backend, Mat};

/// A matrix to be overwritten, whose values no result may keep.
fn unset<B: Backend>(case: &Case<B>, like: &str) -> Mat<B> {
    let nan = <B::Elem as num_traits::Float>::nan();
    let like = case.matrix(like);
    Mat::from_host(&case.device, like.mapv(|_| nan).view())
}

/// With the distribution as it is, and with the exploration that the script has.
const DRAWS: [(&str, Exploration); 2] = [
    ("drawn", Exploration::NONE),
    (
        "explored",
        Exploration {
            temperature: 2.0,
            uniform_mix: 0.5,
        },
    ),
];

fn check_categorical<B: Backend>(device: B) {
    let case = Case::new(device, golden!("categorical"));
    let device = &case.device;
    let (logits, masks, chosen) = (case.mat("logits"), case.masks("masks"), case.ints("chosen"));
    let [mut log_prob, mut entropy] = ["log_prob", "entropy"].map(|name| unset(&case, name));
    let [mut log_probs, mut d_logits] = [(); 2].map(|()| unset(&case, "logits"));
    let out = CategoricalOut {
        log_prob: log_prob.view_mut(),
        entropy: entropy.view_mut(),
        log_probs: log_probs.view_mut(),
    };
    let choices = Choices {
        masks: &masks,
        chosen: &chosen,
    };
    device.categorical_fwd(out, logits.view(), choices);
    case.check("log_prob", log_prob.view());
    case.check("entropy", entropy.view());
    let [d_log_prob, d_entropy] = ["d_log_prob", "d_entropy"].map(|name| case.mat(name));
    let d = CategoricalIn {
        d_log_prob: d_log_prob.view(),
        d_entropy: d_entropy.view(),
        log_probs: log_probs.view(),
    };
    device.categorical_bwd(d_logits.view_mut(), d, choices);
    case.check("d_logits", d_logits.view());
    let uniforms = case.mat("uniforms");
    for (name, exploration) in DRAWS {
        let mut drawn = case.ints("chosen");
        let draw = Draw {
            masks: &masks,
            uniforms: uniforms.view(),
            exploration,
        };
        device.categorical_sample(&mut drawn, logits.view(), draw);
        case.check_ints(name, &drawn);
    }
}

#[test]
fn categorical() {
    on_every_device!(check_categorical);
}

fn check_bernoulli<B: Backend>(device: B) {
    let case = Case::new(device, golden!("bernoulli"));
    let device = &case.device;
    let (logits, masks, chosen) = (case.mat("logits"), case.masks("masks"), case.ints("chosen"));
    let even = Mat::from_host(device, Array2::default([logits.n_rows(), 1]).view());
    let [mut log_prob, mut entropy, mut d_logits] =
        ["log_prob", "entropy", "d_logits"].map(|name| unset(&case, name));
    let parts = Logits {
        scores: logits.view(),
        prior: even.view(),
    };
    let choices = Choices {
        masks: &masks,
        chosen: &chosen,
    };
    let out = BernoulliOut {
        log_prob: log_prob.view_mut(),
        entropy: entropy.view_mut(),
    };
    device.bernoulli_fwd(out, parts, choices);
    case.check("log_prob", log_prob.view());
    case.check("entropy", entropy.view());
    let [d_log_prob, d_entropy] = ["d_log_prob", "d_entropy"].map(|name| case.mat(name));
    let d = BernoulliIn {
        d_log_prob: d_log_prob.view(),
        d_entropy: d_entropy.view(),
        logits: parts,
    };
    device.bernoulli_bwd(d_logits.view_mut(), d, choices);
    case.check("d_logits", d_logits.view());
    let uniforms = case.mat("uniforms");
    for (name, exploration) in DRAWS {
        let mut drawn = case.ints("chosen");
        let draw = Draw {
            masks: &masks,
            uniforms: uniforms.view(),
            exploration,
        };
        device.bernoulli_sample(&mut drawn, parts, draw);
        case.check_ints(name, &drawn);
    }
}

#[test]
fn bernoulli() {
    on_every_device!(check_bernoulli);
}

fn check_bce<B: Backend>(device: B) {
    let case = Case::new(device, golden!("bce"));
    let [logits, targets, weights] = ["logits", "targets", "weights"].map(|name| case.mat(name));
    let mut d_logits = unset(&case, "d_logits");
    let targets = Targets {
        values: targets.view(),
        weights: weights.view(),
    };
    let loss = (case.device).bce(d_logits.view_mut(), logits.view(), targets);
    case.check_values("loss", &[loss]);
    case.check("d_logits", d_logits.view());
}

#[test]
fn bce() {
    on_every_device!(check_bce);
}

fn check_ranking<B: Backend>(device: B) {
    let case = Case::new(device, golden!("ranking"));
    let (scores, ranks, partners) = (
        case.mat("scores"),
        case.ints("ranks"),
        case.ints("partners"),
    );
    let mut d_scores = unset(&case, "d_scores");
    let comparisons = Comparisons {
        ranks: &ranks,
        partners: &partners,
    };
    let loss = (case.device).ranking_loss(d_scores.view_mut(), scores.view(), comparisons);
    case.check_values("loss", &[loss]);
    case.check("d_scores", d_scores.view());
}

#[test]
fn ranking() {
    on_every_device!(check_ranking);
}
