//! Comparisons as a library runs them: the record does not depend on threads or interruptions, and mistakes are found before
//! anything runs.

#![cfg(feature = "tables")]
#![expect(clippy::unwrap_used, reason = "tests: a failed step ends the test")]

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use ganas::compare::{Benchmark, Compare, NamedAlgorithm, Plan};
use ganas::report::comparison::Options;
use ganas::search::{Observer, ObserverError, RoundReport, RunOutcome};
use ganas::store::{Export, ExportFormat, Study};
use ganas::{AlgorithmName, Budget, StopFlag};

fn compare(study: &Path) -> Compare {
    Compare::new(study)
        .benchmark(Benchmark::table("digits-5"))
        .benchmark(Benchmark::table("digits-4"))
        .algorithm("random".parse().unwrap())
        .algorithm("local-search".parse().unwrap())
        .seeds("0..3".parse().unwrap())
        .budgets([5, 12].map(|queries| Budget::unique(queries).unwrap()))
}

fn export(study: &Path) -> String {
    let study = Study::open_read_only(study).unwrap();
    let mut bytes = Vec::new();
    study
        .export(&mut bytes, &Export::new(ExportFormat::JsonLines))
        .unwrap();
    String::from_utf8(bytes).unwrap()
}

fn threads(n: usize) -> NonZeroUsize {
    NonZeroUsize::new(n).unwrap()
}

/// Sets a flag once so many rounds were done.
struct Stopping {
    left: Arc<AtomicU32>,
    stop: StopFlag,
}

impl Observer for Stopping {
    fn name(&self) -> &'static str {
        "stopping"
    }

    fn on_round(&mut self, _: &RoundReport<'_>) -> Result<(), ObserverError> {
        if self.left.fetch_sub(1, Ordering::Relaxed) == 1 {
            self.stop.stop();
        }
        Ok(())
    }

    fn on_finish(&mut self, _: &RunOutcome) -> Result<(), ObserverError> {
        Ok(())
    }
}

#[test]
fn the_record_depends_neither_on_threads_nor_on_interruptions() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let prepared = compare(&path("one.db")).threads(threads(1)).prepare();
    let prepared = prepared.unwrap();
    assert_eq!(
        (prepared.n_runs(), prepared.n_queries()),
        (2 * 2 * 3, 2 * 2 * 3 * 12)
    );
    assert!(prepared.run().unwrap().is_finished());
    drop(prepared);

    let three = compare(&path("three.db")).threads(threads(3));
    assert!(three.prepare().unwrap().run().unwrap().is_finished());
    assert_eq!(export(&path("one.db")), export(&path("three.db")));

    for rounds in [1, 9, 20] {
        let study = path(&format!("stopped-{rounds}.db"));
        let stop = StopFlag::default();
        let mut stopped = compare(&study)
            .threads(threads(2))
            .stop(stop.clone())
            .prepare()
            .unwrap();
        let left = Arc::new(AtomicU32::new(rounds));
        stopped.observe(move |_| {
            Box::new(Stopping {
                left: Arc::clone(&left),
                stop: stop.clone(),
            })
        });
        let outcome = stopped.run().unwrap();
        assert!(!outcome.is_finished(), "{outcome:?}");
        drop(stopped);
        let resumed = compare(&study).resume().prepare().unwrap();
        assert!(resumed.run().unwrap().is_finished());
        drop(resumed);
        assert_eq!(export(&path("one.db")), export(&study), "{rounds}");
    }
}

#[test]
fn a_comparison_grows_by_algorithms_seeds_and_budgets() {
    let folder = tempfile::tempdir().unwrap();
    let (grown, once) = (
        folder.path().join("grown.db"),
        folder.path().join("once.db"),
    );
    let small = Compare::new(&grown)
        .benchmark(Benchmark::table("digits-5"))
        .algorithm("random".parse().unwrap())
        .budgets([Budget::unique(5).unwrap()]);
    small.prepare().unwrap().run().unwrap();
    let again = compare(&grown).prepare().unwrap_err().to_string();
    assert!(again.contains("random on digits-5"), "{again}");
    let more = compare(&grown).resume().prepare().unwrap();
    assert!(more.run().unwrap().is_finished());
    drop(more);
    compare(&once).prepare().unwrap().run().unwrap();
    assert_eq!(export(&grown), export(&once));
}

#[test]
fn runs_have_the_names_of_their_benchmark_and_algorithm() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let named = Compare::new(&path)
        .benchmark(Benchmark::table("digits-5").named("digits"))
        .algorithm("ga-nas:faithful initial_designs=4".parse().unwrap())
        .algorithm("random".parse().unwrap())
        .budgets([Budget::unique(3).unwrap()]);
    let prepared = named.prepare().unwrap();
    prepared.run().unwrap();
    let runs = prepared.study().runs().unwrap();
    let names = runs.iter().map(|run| prepared.names_of(&run.spec).unwrap());
    assert_eq!(
        names.collect::<Vec<_>>(),
        [
            ("digits", "ga-nas:faithful initial_designs=4"),
            ("digits", "random")
        ]
    );
    let mut other = runs[0].spec.clone();
    other.space = "another".to_owned();
    assert_eq!(prepared.names_of(&other), None);
}

/// What a study has beyond what is asked for is not told, and a benchmark with a budget of its own is told at that.
#[test]
fn results_are_those_of_what_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let budgets = |queries: &[u32]| {
        let budgets = queries.iter().map(|queries| Budget::unique(*queries));
        budgets.collect::<Result<Vec<_>, _>>().unwrap()
    };
    let asked = |seeds: &str, queries: &[u32]| {
        Compare::new(&path)
            .benchmark(Benchmark::table("digits-5"))
            .benchmark(Benchmark::table("digits-4").budget(Budget::unique(3).unwrap()))
            .algorithm("random".parse().unwrap())
            .seeds(seeds.parse().unwrap())
            .budgets(budgets(queries))
            .resume()
            .prepare()
            .unwrap()
    };
    let told = |seeds: &str, queries: &[u32]| {
        let prepared = asked(seeds, queries);
        assert!(prepared.run().unwrap().is_finished());
        let results = prepared.results(Options::default()).unwrap();
        let cells = results.sides[0].cells.iter();
        let cells = cells.map(|cell| (cell.table.clone(), cell.budget, cell.runs));
        (cells.collect::<Vec<_>>(), results.sides[0].cells.clone())
    };
    let on = |table: &str, budget: f64, runs: usize| (table.to_owned(), budget, runs);
    let (cells, _) = told("0..4", &[5, 12]);
    let all = [
        on("digits-5", 3.0, 4),
        on("digits-4", 3.0, 4),
        on("digits-5", 5.0, 4),
        on("digits-5", 12.0, 4),
    ];
    assert_eq!(cells, all);
    let (cells, part) = told("1..3", &[5]);
    let fewer = [
        on("digits-5", 3.0, 2),
        on("digits-4", 3.0, 2),
        on("digits-5", 5.0, 2),
    ];
    assert_eq!(cells, fewer);
    // They are those of a study that has nothing else.
    std::fs::remove_file(&path).unwrap();
    assert_eq!(told("1..3", &[5]).1, part);
}

#[test]
fn mistakes_are_found_before_anything_runs() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s.db");
    let fails = |compare: Compare, expected: &[&str]| {
        let error = compare.prepare().unwrap_err();
        let sources = std::iter::successors(Some(&error as &dyn std::error::Error), |e| e.source());
        let all = sources.map(ToString::to_string).collect::<Vec<_>>();
        let all = all.join(": ");
        for part in expected {
            assert!(all.contains(part), "{part}: {all}");
        }
        assert!(error.is_usage(), "{all}");
    };
    fails(
        Compare::new(&path).algorithm("random".parse().unwrap()),
        &["there is no benchmark"],
    );
    fails(
        Compare::new(&path).benchmark(Benchmark::table("digits-5")),
        &["there is no algorithm"],
    );
    fails(
        compare(&path).algorithm("random".parse().unwrap()),
        &["two of the algorithms are called `random`"],
    );
    for name in ["local-search", " ", "a\nb"] {
        let named = NamedAlgorithm::new(name, AlgorithmName::Random.into());
        fails(
            Compare::new(&path)
                .benchmark(Benchmark::table("digits-5"))
                .algorithm(named),
            &["name"],
        );
    }
    let improved = "ga-nas:improved".parse().unwrap();
    fails(
        compare(&path)
            .algorithm("ga-nas".parse().unwrap())
            .algorithm(improved),
        &[
            "ga-nas:improved on digits-5",
            "ga-nas on digits-5",
            "the same search",
        ],
    );
    fails(
        compare(&path).algorithm("ga-nas bach=5".parse().unwrap()),
        &["ga-nas bach=5 on digits-5", "bach"],
    );
    let study = Study::open_read_only(&path).unwrap();
    assert_eq!(study.runs().unwrap().len(), 0);
}

#[test]
fn a_plan_says_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    let error = |text: &str| {
        std::fs::write(&path, text).unwrap();
        let error = match Plan::read(&path) {
            Err(error) => error,
            Ok(plan) => plan
                .benchmarks(folder.path(), &|| Box::new(|_| {}))
                .unwrap_err(),
        };
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    };
    for (text, expected) in [
        ("seeds = \"3..1\"", vec!["line 1", "is empty"]),
        ("budgets = [10, 0]", vec!["line 1", "budget"]),
        (
            "[[algorithm]]\nalgorithm = \"randon\"",
            vec!["line 2", "did you mean `random`"],
        ),
        ("sets = 1", vec!["line 1", "unknown field `sets`"]),
        (
            "[[benchmark]]\nname = \"b\"\ntable = \"a\"\nsurrogate = \"b\"",
            vec!["[[benchmark]] number 1 (b)", "expected one of `table`"],
        ),
        (
            "[[benchmark]]\ntable = \"a\"\nworkers = 2",
            vec![
                "[[benchmark]] number 1",
                "`workers` says something of an evaluator",
            ],
        ),
        (
            "[[benchmark]]\nspace = \"nasbench202\"",
            vec!["nasbench202", "nasbench201"],
        ),
        (
            "[[benchmark]]\ntable = \"a\"\nminimize = [\"x\"]\nmaximize = [\"x\"]",
            vec!["number 1", "`x`"],
        ),
    ] {
        let error = error(text);
        for part in expected {
            assert!(error.contains(part), "{part}: {error}");
        }
    }
}

#[test]
fn a_plan_is_read_as_it_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plan.toml");
    std::fs::write(
        &path,
        r#"
            study = "s.db"
            seeds = "1,5"
            budgets = [4, 2]
            baseline = "plain"

            [[algorithm]]
            algorithm = "random"
            name = "plain"

            [[algorithm]]
            algorithm = "local-search"

            [[benchmark]]
            table = "digits-5"
            name = "digits"
            budget = 3
        "#,
    )
    .unwrap();
    let plan = Plan::read(&path).unwrap();
    assert_eq!(plan.baseline.as_deref(), Some("plain"));
    let study = folder.path().join("s.db");
    assert_eq!(plan.study.as_deref(), Some(&*study));
    let mut compare = Compare::new(&study)
        .seeds(plan.seeds.clone().unwrap())
        .budgets(plan.budgets.iter().copied());
    for algorithm in plan.algorithms() {
        compare = compare.algorithm(algorithm);
    }
    let listener = || -> ganas::worker::PoolListener { Box::new(|_| {}) };
    for benchmark in plan.benchmarks(folder.path(), &listener).unwrap() {
        compare = compare.benchmark(benchmark);
    }
    let prepared = compare.prepare().unwrap();
    let budgets = prepared.budgets().iter().map(|b| b.unique_queries());
    assert_eq!(budgets.collect::<Vec<_>>(), [2, 4]);
    assert!(prepared.run().unwrap().is_finished());
    let runs = prepared.study().runs().unwrap();
    let seen: Vec<_> = runs
        .iter()
        .map(|run| {
            let (benchmark, algorithm) = prepared.names_of(&run.spec).unwrap();
            (benchmark, algorithm, run.spec.seed, run.counts.unique)
        })
        .collect();
    assert_eq!(
        seen,
        [
            ("digits", "local-search", 1, 3),
            ("digits", "local-search", 5, 3),
            ("digits", "plain", 1, 3),
            ("digits", "plain", 5, 3)
        ]
    );
}
