//! `ganas search --measure-theory`: a record that is the same, measurements that a run goes on with, and where it is refused.

use crate::sandbox::{SMALL, Sandbox};

/// Searches a table that is part of the program, of a space with 576 decision sequences or fewer.
fn search(sandbox: &Sandbox, study: &str, more: &str) {
    let words = format!("search --table digits-4 --quiet --seeds 0..2 --study {study} {more}");
    let words = words.split_whitespace().chain(SMALL.iter().copied());
    sandbox.ganas(words).expect_code(0);
}

fn measured(sandbox: &Sandbox, study: &str) -> String {
    let words = ["export", study, "--format", "theory"];
    sandbox.ganas(words).expect_code(0).stdout
}

#[test]
fn the_record_is_the_same_and_a_run_goes_on_with_its_measurements() {
    let sandbox = Sandbox::new();
    for pace in ["", "--window 3"] {
        let name = |what: &str| format!("{what}{}.db", pace.len());
        let (plain, whole, parts) = (name("plain"), name("whole"), name("parts"));
        search(&sandbox, &plain, &format!("--budget 24 {pace}"));
        search(
            &sandbox,
            &whole,
            &format!("--budget 24 --measure-theory {pace}"),
        );
        search(
            &sandbox,
            &parts,
            &format!("--budget 14 --measure-theory {pace}"),
        );
        search(
            &sandbox,
            &parts,
            &format!("--budget 24 --measure-theory --resume --threads 1 {pace}"),
        );
        let record = sandbox.export(&plain);
        assert_eq!(sandbox.export(&whole), record);
        assert_eq!(sandbox.export(&parts), record);
        let csv = measured(&sandbox, &whole);
        assert_eq!(measured(&sandbox, &parts), csv);
        assert_eq!(measured(&sandbox, &plain).lines().count(), 1);
        check(&csv, pace);
    }
    let page = ["report", "whole0.db", "-o", "page.html"];
    sandbox.ganas(page).expect_code(0);
    let html = std::fs::read_to_string(sandbox.path("page.html")).unwrap();
    for said in [
        "<h2>Theory, measured</h2>",
        "Probability of the level",
        "Divergence of truth set and generator",
        "Divergence from the optimum",
        "How the level rose",
    ] {
        assert!(html.contains(said), "{said}");
    }
}

/// What holds of every measured round.
fn check(csv: &str, pace: &str) {
    let mut lines = csv.lines();
    assert_eq!(
        lines.next().unwrap(),
        "algorithm,table,seed,run,round,gap,p_level,js,js_pairs,js_estimate,kl_optimum"
    );
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    // Eight are designed, then four are proposed in each round, or one.
    let rounds = if pace.is_empty() { 4 } else { 16 };
    assert_eq!(rows.len(), 2 * rounds, "{csv}");
    for row in rows {
        let value = |column: usize| -> f64 { row[column].parse().unwrap() };
        let (gap, p_level, js, pairs) = (value(5), value(6), value(7), value(8));
        // It may be negative while the truth set is smaller than configured.
        assert!(gap.is_finite() && p_level > 0.0 && p_level < 1.0, "{row:?}");
        assert!(0.0 < js && js <= pairs && pairs <= 2_f64.ln(), "{row:?}");
        assert!(value(9) <= pairs + 1e-5, "{row:?}");
        assert!(value(10) > 0.0, "{row:?}");
    }
}

#[test]
fn what_cannot_be_measured_is_refused() {
    let sandbox = Sandbox::new();
    for (words, says) in [
        (
            "--algorithm random --study s.db",
            "--measure-theory: random is not measured: leave it out, or choose --algorithm ga-nas",
        ),
        // What is measured would be lost.
        ("--algorithm ga-nas", "--study <FILE>"),
    ] {
        let words = format!("search --table digits-4 {words} --measure-theory --quiet");
        let ended = sandbox.ganas(words.split(' ')).expect_code(2);
        assert!(ended.stderr.contains(says), "{}", ended.stderr);
    }
}
