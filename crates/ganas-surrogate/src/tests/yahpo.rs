//! The network for NAS-Bench-301 against onnxruntime, and against the predictions that lie beside it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use ganas_space::SearchSpace;
use ganas_space::darts::Darts;

use super::{data, rows};
use crate::SurrogateEvaluator;
use crate::folder::Folder;
use crate::yahpo::Yahpo;
use ganas_eval::{Direction, Evaluator, Query, SelectionKind};

use crate::SurrogateError;

const FOLDER: &str = "nasbench301/yahpo_nb301";

/// 1,000 random genotypes with the outputs of onnxruntime; xtask/golden/yahpo_nb301.py makes it.
const GOLDEN: &str = include_str!("../../goldens/yahpo_nb301.csv");

/// Sums of up to 512 products of singles in another order; measured: at most 2.3e-5 percent
/// and 6.3e-3 s.
const ACCURACY: f64 = 5e-5;
const SECONDS: f64 = 2e-2;

#[test]
fn random_genotypes_have_the_outputs_of_onnxruntime() {
    let Some(folder) = data("random_genotypes_have_the_outputs_of_onnxruntime", FOLDER) else {
        return;
    };
    let network = Yahpo::open(&mut Folder::new(&folder)).unwrap();
    let (mut n, mut worst) = (0, [0.0_f64; 2]);
    for line in GOLDEN.lines().filter(|line| !line.starts_with(['#', 'g'])) {
        let fields: Vec<&str> = line.split(',').collect();
        let arch = Darts::new().decode(&compact(fields[0])).unwrap();
        let found = network.predict_at(&arch, 98).unwrap().map(f64::from);
        for ((worst, found), expected) in worst.iter_mut().zip(found).zip(&fields[1..]) {
            *worst = worst.max((found - expected.parse::<f64>().unwrap()).abs());
        }
        n += 1;
    }
    assert_eq!(n, 1_000);
    assert!(worst[0] < ACCURACY && worst[1] < SECONDS, "{worst:?}");
}

/// `04130…`: what is read and the number of the operation, eight times for each cell.
fn compact(digits: &str) -> String {
    let digits = digits.as_bytes();
    let pairs: Vec<String> = digits
        .chunks(2)
        .map(|pair| format!("({}, {})", char::from(pair[0]), char::from(pair[1])))
        .collect();
    format!(
        "numbers-without-none:(({}), ({}))",
        pairs[..8].join(", "),
        pairs[8..].join(", ")
    )
}

#[test]
fn published_predictions_are_repeated() {
    let Some(folder) = data("published_predictions_are_repeated", "nasbench301") else {
        return;
    };
    let network = Yahpo::open(&mut Folder::new(&folder.join("yahpo_nb301"))).unwrap();
    let (mut n, mut worst) = (0, [0.0_f64; 2]);
    for file in ["nb301_archs_11221.csv.gz", "nb301_surrogate_1218.csv.gz"] {
        let (headers, rows) = rows(&folder.join(file));
        let column = |name| headers.iter().position(|header| header == name).unwrap();
        let columns = ["compact", "yahpo_val_accuracy_ep98", "yahpo_runtime_s_ep98"].map(column);
        for row in rows {
            let [text, accuracy, seconds] = columns.map(|column| row[column].to_owned());
            let arch = Darts::new()
                .decode(&format!("numbers-without-none:{text}"))
                .unwrap();
            let found = network.predict_at(&arch, 98).unwrap().map(f64::from);
            let expected = [accuracy, seconds].map(|text| text.parse::<f64>().unwrap());
            for ((worst, found), expected) in worst.iter_mut().zip(found).zip(expected) {
                *worst = worst.max((found - expected).abs());
            }
            n += 1;
        }
    }
    assert!(worst[0] < ACCURACY && worst[1] < SECONDS, "{worst:?}");
    assert_eq!(n, 11_221 + 1_218);
}

#[test]
fn a_class_has_one_value() {
    let Some(folder) = data("a_class_has_one_value", FOLDER) else {
        return;
    };
    let space: Arc<dyn SearchSpace> = Arc::new(Darts::new());
    let evaluator =
        SurrogateEvaluator::open(&folder, Arc::clone(&space), None, Some("params")).unwrap();
    let metric_pair = evaluator.metric_pair();
    assert_eq!(
        (metric_pair.search.as_str(), metric_pair.search_epochs),
        ("val_accuracy", Some(98))
    );
    assert_eq!(metric_pair.kind, SelectionKind::Predicted);
    // Two orders of the first two nodes.
    let [a, b] = [
        "(0, 3), (1, 3), (0, 2), (1, 5)",
        "(0, 2), (1, 5), (0, 3), (1, 3)",
    ]
    .map(|nodes| {
        let cell = format!("({nodes}, (0, 1), (1, 2), (0, 0), (1, 6))");
        space
            .decode(&format!("numbers-without-none:({cell}, {cell})"))
            .unwrap()
    });
    assert_ne!(a, b);
    let [a_value, b_value] =
        [&a, &b].map(|arch| evaluator.evaluate(Query::new(&*space, arch)).unwrap());
    assert_eq!(a_value, b_value);
    assert!(
        (90.0..96.0).contains(&a_value.search.value()),
        "{a_value:?}"
    );
    let parameters = space.costs().unwrap().cost(&a).parameters;
    assert_eq!(
        a_value.report.0.to_string(),
        parameters.unwrap().to_string()
    );
}

#[test]
fn bad_names_are_refused() {
    let Some(folder) = data("bad_names_are_refused", FOLDER) else {
        return;
    };
    let open =
        |search, report| SurrogateEvaluator::open(&folder, Arc::new(Darts::new()), search, report);
    let error = open(Some("val_acuracy"), None).unwrap_err();
    assert!(
        matches!(&error, SurrogateError::UnknownPrediction { suggestion: Some(s), .. } if s == "val_accuracy"),
        "{error}"
    );
    let cost = open(Some("runtime_s"), None).unwrap();
    assert_eq!(cost.metric_pair().search_direction, Direction::Minimize);
    let error =
        SurrogateEvaluator::open("nowhere", Arc::new(Darts::new()), None, None).unwrap_err();
    assert!(
        matches!(error, SurrogateError::NoSurrogate { .. }),
        "{error}"
    );
}

/// Files that are cut short, or that say something else, name the file and the place.
#[test]
fn damaged_files_are_refused() {
    let Some(folder) = data("damaged_files_are_refused", FOLDER) else {
        return;
    };
    let graph = ganas_formats::source::Source::read(
        &folder.join("graph.json.gz"),
        ganas_formats::limit::MODEL,
        ganas_formats::MaxUnpacked::default(),
    )
    .unwrap()
    .text;
    let graph = String::from_utf8(graph).unwrap();
    let check = |graph: &str, tensors: usize, expected: &str| {
        let sandbox = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| fs::write(sandbox.path().join(name), bytes).unwrap();
        write("graph.json", graph.as_bytes());
        write(
            "tensors.bin",
            &fs::read(folder.join("tensors.bin")).unwrap()[..tensors],
        );
        write(
            "encoding.json",
            &fs::read(folder.join("encoding.json")).unwrap(),
        );
        let error = open(sandbox.path()).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    };
    let whole = 2_568_376;
    check(
        &graph,
        700_000,
        "tensors.bin: tensor `deep.0.1.weight`: bytes 10768 to 700944 are beyond the end",
    );
    check(
        &graph[..graph.len() - 9],
        whole,
        "graph.json: line 1, column",
    );
    check(
        &graph.replacen("\"Selu\"", "\"Softsign\"", 1),
        whole,
        "the operation Softsign",
    );
    check(
        &graph.replacen("[512, 337]", "[337, 512]", 1),
        whole,
        "do not fit",
    );
    check(
        &graph.replacen("[512, 337]", "[512, 338]", 1),
        whole,
        "has another number",
    );
    check(
        &graph.replacen("\"output\": [\"209\"]", "\"output\": [\"x\"]", 1),
        whole,
        "`output`",
    );
    check(
        &graph.replacen("darts_COLON_edge_normal_0", "darts_COLON_edge_normal_99", 1),
        whole,
        "encoding.json: `",
    );
}

fn open(folder: &Path) -> Result<Yahpo, SurrogateError> {
    Yahpo::open(&mut Folder::new(folder))
}
