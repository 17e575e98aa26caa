//! The published table, when GANAS_DATA names a folder that holds it.

use std::path::PathBuf;

use crate::sandbox::Sandbox;

#[test]
fn the_published_table_is_imported_and_searched() {
    let folder = std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("SKIPPED the_published_table_is_imported_and_searched: GANAS_DATA is not set");
        return;
    };
    let source = folder.join("nasbench201/nb201_accuracy.csv.gz");
    if !source.is_file() {
        eprintln!(
            "SKIPPED the_published_table_is_imported_and_searched: there is no {}",
            source.display()
        );
        return;
    }
    let sandbox = Sandbox::new();
    let mut import = sandbox.command([
        "table",
        "import",
        "--space",
        "nasbench201",
        "--key",
        "arch",
        "-o",
        "nb201.arrow",
    ]);
    let ended = import.arg(&source).output().unwrap();
    let ended = crate::sandbox::Ended::from(ended).expect_code(0);
    assert!(
        ended.stdout.contains("15625 rows (all of the space"),
        "{}",
        ended.stdout
    );

    // The command of the README, with a smaller budget.
    let run = || {
        let output = sandbox
            .command([
                "search",
                "--space",
                "nasbench201",
                "--budget",
                "40",
                "--json",
            ])
            .env("GANAS_DATA", &folder)
            .output();
        crate::sandbox::Ended::from(output.unwrap()).expect_code(0)
    };
    let first = run().expect_stderr(&["importing ", "imported 15625 rows of 8765 classes"]);
    let second = run();
    assert!(!second.stderr.contains("import"), "{}", second.stderr);
    let (first, second) = (first.json(), second.json());
    assert_eq!(first["runs"][0]["best"], second["runs"][0]["best"]);
    assert_eq!(first["protocol"]["kind"], "validation-selected");
    assert_eq!(first["protocol"]["search_epochs"], 200);
    let best = first["runs"][0]["best"]["search"].as_f64().unwrap();
    assert!((85.0..91.7).contains(&best), "{best}");
}

/// The table of NAS-Bench-101 that has every cell, as `docs/DATA.md` imports it.
#[test]
fn the_published_test_accuracies_of_nasbench101_are_imported_and_searched() {
    let test = "the_published_test_accuracies_of_nasbench101_are_imported_and_searched";
    let Some(source) = crate::official_files::sample(test, "nasbench101/nb101_full_test.csv.gz")
    else {
        return;
    };
    let sandbox = Sandbox::new();
    let import = "table import --space nasbench101 -o t.arrow --key {vertices}:{adjacency_hex}:{ops} \
                  --metric test_run0_108=test_correct_of_9984/9984";
    let ended = sandbox
        .command(import.split_whitespace())
        .arg(&source)
        .output();
    let ended = crate::sandbox::Ended::from(ended.unwrap()).expect_code(0);
    let rows = "423624 rows (all of the space, by official index), 423624 classes";
    assert!(ended.stdout.contains(rows), "{}", ended.stdout);
    let search = "search --space nasbench101 --table t.arrow --search test_run0_108 \
                  --report test_run0_108 --algorithm random --budget 40 --json --quiet";
    let found = sandbox
        .ganas(search.split_whitespace())
        .expect_code(0)
        .json();
    assert_eq!(found["protocol"]["kind"], "test-selected");
    let best = &found["runs"][0]["best"];
    assert!(best["search"].as_f64().unwrap() > 0.9, "{best}");
    assert_eq!(best["rank"]["of"], 423_624);
    assert!(best["rank"]["search"].as_f64().unwrap() >= 1.0, "{best}");
    let best = best["arch"].as_str().unwrap();
    let query = ["table", "query", "t.arrow", best, "--json"];
    let metrics = sandbox.ganas(query).expect_code(0).json();
    assert_eq!(metrics["metrics"][0]["rank"]["of"], 423_624);
}

#[test]
fn the_front_of_published_accuracies_and_latencies_is_searched() {
    const NAME: &str = "the_front_of_published_accuracies_and_latencies_is_searched";
    let folder = std::env::var_os("GANAS_DATA").filter(|folder| !folder.is_empty());
    let Some(folder) = folder.map(PathBuf::from) else {
        eprintln!("SKIPPED {NAME}: GANAS_DATA is not set");
        return;
    };
    let sandbox = Sandbox::new();
    for (file, table) in [
        ("nb201_accuracy", "nb201.arrow"),
        ("nb201_hw_nas_bench", "hw.arrow"),
    ] {
        let source = folder.join(format!("nasbench201/{file}.csv.gz"));
        if !source.is_file() {
            eprintln!("SKIPPED {NAME}: there is no {}", source.display());
            return;
        }
        let mut import = sandbox.command(["table", "import", "--space", "nasbench201"]);
        let ended = import.args(["--key", "arch", "-o", table]).arg(&source);
        crate::sandbox::Ended::from(ended.output().unwrap()).expect_code(0);
    }
    let shares = ["random", "local-search", "ga-nas"].map(|algorithm| {
        let mut arguments = crate::sandbox::search(&["--properties", "hw.arrow", "--json"]);
        arguments.extend(["--objective", "accuracy,-cifar10_edgegpu_latency"]);
        arguments.extend(["--reference-point", "accuracy=80,cifar10_edgegpu_latency=7"]);
        arguments.extend(["--budget", "100", "--algorithm", algorithm]);
        let json = sandbox.ganas(arguments).expect_code(0).json();
        let volume = &json["runs"][0]["hypervolume"];
        // Of the whole table the front has 54.1821.
        volume.as_f64().unwrap() / 54.1821
    });
    assert!(
        shares.iter().all(|share| (0.2..=1.0).contains(share)),
        "{shares:?}"
    );
    assert!(shares[0] < shares[1] && shares[0] < shares[2], "{shares:?}");
}
