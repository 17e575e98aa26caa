//! The description is read, one benchmark is tried out with two seeds and few queries, and the page says who won.

use std::path::Path;

use ganas_report::comparison::SearchedTable;

use super::super::tests::{binary, options};
use super::*;

fn described() -> Description {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    Description::read(folder.parent().expect("xtask lies in the workspace")).unwrap()
}

fn table(title: &str) -> SearchedTable {
    serde_json::from_value(serde_json::json!({
        "label": title,
        "space": "nasbench201",
        "protocol": {
            "search": "cifar10_valid_mean_200",
            "search_direction": "maximize",
            "report": "cifar10_test_mean_200",
            "report_direction": "maximize",
            "kind": "validation-selected",
        },
        "best_search": 10.0,
        "best_report": 9.0,
        "cost": null,
    }))
    .unwrap()
}

/// Runs with ten seeds: the first algorithm is at 5, the baseline at 6, and another one at 7.
fn kept(title: &str) -> Kept {
    let runs = [("random", 5.0), ("ga-nas:improved", 6.0), ("bananas", 7.0)];
    let runs = runs.into_iter().flat_map(|(algorithm, value)| {
        (0..10).map(move |seed| kept::Run {
            algorithm: algorithm.to_owned(),
            seed,
            queries: 500,
            steps: vec![(1, 1.0, 1.0), (20, value + seed as f64 / 100.0, value)],
        })
    });
    Kept {
        head: kept::Head {
            version: "0.0.0".to_owned(),
            device: "cpu".to_owned(),
            table_sha256: "ab".to_owned(),
            budget: 500,
            table: table(title),
        },
        runs: runs.collect(),
    }
}

#[test]
fn what_is_kept_is_read_back() {
    let kept = kept("t");
    assert_eq!(Kept::parse(&kept.to_text().unwrap()).unwrap(), kept);
    let cut = kept.to_text().unwrap().replace("\"seed\":3,", "");
    let error = Kept::parse(&cut).unwrap_err();
    assert!(format!("{error:#}").contains("line 5"), "{error:#}");
}

#[test]
fn runs_that_lack_are_noticed() {
    let described = described();
    let benchmark = &described.benchmarks[0];
    let mut options = options(None);
    options.budget = None;
    let mut wanted = described.wanted(benchmark, &options).unwrap();
    wanted.algorithms = vec!["random", "bananas"];
    assert!(kept("t").has(&wanted));
    wanted.seeds.push(10);
    assert!(!kept("t").has(&wanted));
    wanted.seeds.pop();
    wanted.algorithms.push("evolution");
    assert!(!kept("t").has(&wanted));
    options.seeds = "5".to_owned();
    assert!(described.wanted(benchmark, &options).is_err());
}

#[test]
fn curves_of_exports_are_shortened_to_their_steps() {
    let described = described();
    let options = options(None);
    let mut wanted = described
        .wanted(&described.benchmarks[0], &options)
        .unwrap();
    wanted.algorithms = vec!["random", "ga-nas:improved", "ga-nas:faithful"];
    wanted.seeds = vec![3];
    let text = "algorithm,seed,unique_queries,best_search,best_report\n\
                random,3,1,,\nrandom,3,2,5,4\nrandom,3,2,5,4\nrandom,3,3,6,3\nother,3,1,9,9\n\
                ga-nas (preset faithful),3,1,2,2\nga-nas (preset improved),3,1,1,1\n";
    let runs = search::runs(text, &wanted, &table("t")).unwrap();
    assert_eq!(runs.len(), 3);
    assert_eq!(runs[1].algorithm, "ga-nas:improved");
    assert_eq!(runs[1].steps, [(1, 1.0, 1.0)]);
    assert_eq!(runs[0].queries, 3);
    assert_eq!(runs[0].steps, [(2, 5.0, 4.0), (3, 6.0, 3.0)]);
    wanted.seeds = vec![3, 4];
    let error = search::runs(text, &wanted, &table("t")).unwrap_err();
    assert!(error.to_string().contains("no run of `random` with seed 4"));
}

#[test]
fn losses_come_first() {
    let described = described();
    let [a, b, ..] = &*described.benchmarks else {
        panic!("there are several")
    };
    let found = [(a, Some(kept(&a.title))), (b, None)];
    let page = page::page(&described, &found).unwrap();
    let lines: Vec<&str> = page.lines().collect();
    assert_eq!(
        lines[3],
        "Significantly better than `ga-nas:improved` were:"
    );
    assert!(lines[5].starts_with("* `bananas` in 6 of 6: "), "{page}");
    assert!(
        lines[5].ends_with(" at 25, 50, 100, 150, 300 and 500."),
        "{page}"
    );
    assert!(
        page.contains(
            "worse than `ga-nas:improved` were `bananas` in 0 of 6 and `random` in 6 of 6."
        )
    );
    assert!(
        page.contains(&format!("Not searched yet: {}.", b.title)),
        "{page}"
    );
    assert!(page.contains("| random | 0 | 0 | 6 |"), "{page}");
}

/// With the binary that `cargo test --workspace` builds beside this test.
#[test]
fn a_benchmark_is_searched_once() {
    let Some(binary) = binary() else {
        eprintln!("skipped: the comparison needs the built ganas");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(None);
    options.only = Some("digits-5".to_owned());
    let described = described();
    let results = folder.path().join("results");
    let runner = Runner::new(binary, folder.path().to_owned(), &options).unwrap();
    make(&described, &runner, &results).unwrap();
    let file = results.join("comparison/digits-5.jsonl");
    let kept = Kept::read(&file).unwrap();
    let n_algorithms = described.algorithms.len() + 1;
    assert_eq!(kept.runs.len(), 2 * n_algorithms);
    let page = fs::read_to_string(results.join("comparison.md")).unwrap();
    assert!(page.contains("## digits-5, validation-selected"), "{page}");
    // What is there is not searched again, not even where there is nothing to search with.
    let nothing = Runner::new("nothing".into(), folder.path().to_owned(), &options).unwrap();
    make(&described, &nothing, &results).unwrap();
}
