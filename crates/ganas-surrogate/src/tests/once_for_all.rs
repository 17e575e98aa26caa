//! The predictors of the once-for-all supernets, and the latencies of a phone.

use std::sync::Arc;

use ganas_space::SearchSpace;

use super::{data, rows};
use crate::SurrogateEvaluator;

const FOLDER: &str = "ofa";

fn open(test: &str, space: &str) -> Option<(SurrogateEvaluator, Arc<dyn SearchSpace>)> {
    let folder = data(test, FOLDER)?;
    let space = ganas_space::by_name(space).unwrap();
    let evaluator = SurrogateEvaluator::open(&folder, Arc::clone(&space), None, None).unwrap();
    Some((evaluator, space))
}

/// Every fifth of 5,000 subnets at five sides of the images; the table has six decimals of the fraction.
#[test]
fn published_predictions_are_repeated() {
    let test = "published_predictions_are_repeated";
    let Some((evaluator, space)) = open(test, "ofa-mbv3") else {
        return;
    };
    let path = data(test, FOLDER)
        .unwrap()
        .join("ofa_mbv3_5000_latency_help.csv.gz");
    let (headers, rows) = rows(&path);
    let column = |name: &str| headers.iter().position(|header| header == name).unwrap();
    let [kernels, expansions, depths] = ["ks", "e", "d"].map(column);
    let (mut n, mut worst) = (0, 0.0_f64);
    let mut latencies = Vec::new();
    for row in rows.iter().step_by(5) {
        let blocks = text_of_digits(&row[kernels], &row[expansions], &row[depths]);
        for side in [160, 176, 192, 208, 224] {
            let arch = space.decode(&format!("r{side} {blocks}")).unwrap();
            let found = evaluator.predict(&arch).unwrap();
            let expected: f64 = row[column(&format!("pred_top1_r{side}"))].parse().unwrap();
            worst = worst.max((found[0] - 100.0 * expected).abs());
            latencies.push(found[1]);
            n += 1;
        }
    }
    assert_eq!(n, 5_000);
    // Half of the last decimal, and the sums of singles; measured 5.9e-5.
    assert!(worst < 1e-4, "{worst}");
    // Every block of every subnet is in the tables.
    assert!(latencies.iter().all(|ms| (10.0..150.0).contains(ms)));
}

/// `7555…`, `6446…`, `22223`: a digit for each of 20 blocks, and the depth of each stage.
fn text_of_digits(kernels: &str, expansions: &str, depths: &str) -> String {
    let (kernels, expansions) = (kernels.as_bytes(), expansions.as_bytes());
    let stages = depths.bytes().enumerate().map(|(stage, depth)| {
        let blocks = (4 * stage..).take(usize::from(depth - b'0'));
        let words =
            blocks.map(|b| format!("k{}e{}", char::from(kernels[b]), char::from(expansions[b])));
        words.collect::<Vec<_>>().join(",")
    });
    stages.collect::<Vec<_>>().join(" ")
}

/// The largest subnet, and two known networks as far as the space has them; values of NumPy with the same weights.
#[test]
fn proxyless_subnets_have_their_predictions() {
    let Some((evaluator, space)) =
        open("proxyless_subnets_have_their_predictions", "ofa-proxyless")
    else {
        return;
    };
    let largest = format!("r224{}", " k7e6,k7e6,k7e6,k7e6".repeat(5));
    for (text, expected) in [
        (largest.as_str(), 79.063_20),
        ("proxyless-mobile", 76.330_82),
        ("proxyless-gpu", 76.008_42),
    ] {
        let found = evaluator.predict(&space.decode(text).unwrap()).unwrap()[0];
        assert!((found - expected).abs() < 5e-5, "{text}: {found}");
    }
}

/// By hand from the table for 224 pixels: the common layers, the first block, and ten blocks.
#[test]
fn latencies_are_sums_of_the_table() {
    let Some((evaluator, space)) = open("latencies_are_sums_of_the_table", "ofa-mbv3") else {
        return;
    };
    let smallest = format!("r224{}", " k3e3,k3e3".repeat(5));
    let names: Vec<&str> = evaluator.predictions().map(|p| p.name).collect();
    assert_eq!(names, ["heldout_top1", "note10_ms", "params", "flops"]);
    let found = evaluator
        .predict(&space.decode(&smallest).unwrap())
        .unwrap();
    assert!((found[1] - BY_HAND).abs() < 1e-9, "{}", found[1]);
}

/// The sum of 16 means.
const BY_HAND: f64 = 17.769_055_648_085_84;
