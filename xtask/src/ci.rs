//! `cargo xtask ci`: everything that a change must pass, apart from the tests, in order, with times.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context as _, bail, ensure};

use crate::{cargo, check, command_line, kernels, loom, python, tidy};

/// Options of `cargo xtask ci`.
#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct Options {
    /// Report the time of the cold release build, but do not fail when it is over the limit.
    #[arg(long)]
    no_time_limit: bool,
}

/// The longest cold release build of the command line, on 2 cores.
const TIME_LIMIT: Duration = Duration::from_secs(240);

/// The largest number of crates that the command line may consist of.
const CRATE_LIMIT: usize = 250;

/// Runs all steps; the first one that fails ends the run.
///
/// # Errors
///
/// The name of the step that failed, and why it did.
pub(crate) fn run(root: &Path, options: Options) -> anyhow::Result<()> {
    let mut rows = Vec::new();
    for step in STEPS {
        println!("\n==> {}", step.name);
        let start = crate::clock::now();
        let result = (step.run)(root, options);
        let row = Row {
            name: step.name,
            time: start.elapsed(),
            result,
        };
        println!("<== {}: {:.1} s", row.name, row.time.as_secs_f64());
        let failed = row.result.is_err();
        rows.push(row);
        if failed {
            break;
        }
    }
    println!("\n{}", table(&rows));
    match rows.pop() {
        Some(Row {
            name,
            result: Err(error),
            ..
        }) => Err(error.context(format!("step `{name}` failed"))),
        _ => Ok(()),
    }
}

/// One step: what it is called, and what it does; the text it returns goes into the closing table.
struct Step {
    name: &'static str,
    run: fn(root: &Path, options: Options) -> anyhow::Result<String>,
}

/// Cheap steps first.
const STEPS: &[Step] = &[
    Step {
        name: "fmt",
        run: |root, _| {
            check(cargo(root).args(["fmt", "--all", "--check"]))
                .context("run `cargo fmt --all` to repair it")?;
            Ok(String::new())
        },
    },
    Step {
        name: "clippy",
        run: |root, _| {
            check(cargo(root).args([
                "clippy",
                "--workspace",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ]))?;
            Ok(String::new())
        },
    },
    Step {
        name: "tidy",
        run: |root, _| tidy::run(root).map(|()| String::new()),
    },
    Step {
        name: "python",
        run: |root, _| python::run(root),
    },
    Step {
        name: "kernels",
        run: |root, _| kernels::ci(root),
    },
    Step {
        name: "loom",
        run: |root, _| loom::run(root).map(|()| String::new()),
    },
    Step {
        name: "cold release build",
        run: cold_release_build,
    },
    Step {
        name: "doc",
        run: |root, _| {
            check(
                cargo(root)
                    .args(["doc", "--workspace", "--no-deps"])
                    .env("RUSTDOCFLAGS", "-D warnings"),
            )?;
            Ok(String::new())
        },
    },
];

/// A finished step.
struct Row {
    name: &'static str,
    time: Duration,
    result: anyhow::Result<String>,
}

/// The closing table.
fn table(rows: &[Row]) -> String {
    let width = rows.iter().map(|row| row.name.len()).max().unwrap_or(0);
    let mut text = format!("{:width$}  seconds  result\n", "step");
    let mut total = Duration::ZERO;
    for row in rows {
        total += row.time;
        let result = match &row.result {
            Ok(note) if note.is_empty() => "ok".to_owned(),
            Ok(note) => format!("ok: {note}"),
            Err(_) => "FAILED".to_owned(),
        };
        let _ = writeln!(
            text,
            "{:width$}  {:7.1}  {result}",
            row.name,
            row.time.as_secs_f64()
        );
    }
    let _ = write!(text, "{:width$}  {:7.1}", "total", total.as_secs_f64());
    text
}

/// Builds the command line as a user does who has just cloned the repository: from nothing, in release mode.
fn cold_release_build(root: &Path, options: Options) -> anyhow::Result<String> {
    let (mut time, crates) = cold_build(root)?;
    let limited = !options.no_time_limit;
    let mut builds = "";
    if limited && time > TIME_LIMIT {
        // Other work on a shared machine makes builds slower, and never faster.
        println!(
            "{:.0} s; once more, since other work may have slowed it down",
            time.as_secs_f64()
        );
        time = time.min(cold_build(root)?.0);
        builds = ", the shorter of two builds";
    }
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let note = format!(
        "{:.0} s on {cores} cores{builds} (limit {} s, stated for 2 cores), {crates} crates (limit {CRATE_LIMIT})",
        time.as_secs_f64(),
        TIME_LIMIT.as_secs()
    );
    println!("{note}");
    within_limits(time, limited.then_some(TIME_LIMIT), crates)?;
    Ok(note)
}

/// Builds the command line from nothing: how long that takes, and of how many crates it consists.
fn cold_build(root: &Path) -> anyhow::Result<(Duration, usize)> {
    let folder = FreshFolder::new(root.join("target").join("cold-build"))?;
    let mut command = cargo(root);
    command
        .args([
            "build",
            "--release",
            "--package",
            "ganas-cli",
            "--message-format",
            "json-render-diagnostics",
            "--target-dir",
        ])
        .arg(&folder.0)
        // A cache would make the build warm.
        .env("RUSTC_WRAPPER", "")
        .stdout(Stdio::piped());
    let start = crate::clock::now();
    let mut child = command.spawn().context("cannot start cargo")?;
    let messages = BufReader::new(child.stdout.take().context("cargo has no output")?);
    let crates = count_packages(messages)?;
    let status = child.wait()?;
    let time = start.elapsed();
    ensure!(
        status.success(),
        "{} ended with {status}",
        command_line(&command)
    );
    Ok((time, crates))
}

/// The number of packages that cargo's messages, one JSON object a line, say were built.
fn count_packages(messages: impl BufRead) -> anyhow::Result<usize> {
    let mut packages = BTreeSet::new();
    for line in messages.lines() {
        let line = line?;
        let message: serde_json::Value = serde_json::from_str(&line)
            .with_context(|| format!("cargo printed something that is not JSON: {line}"))?;
        if message["reason"] == "compiler-artifact"
            && let Some(package) = message["package_id"].as_str()
        {
            packages.insert(package.to_owned());
        }
    }
    Ok(packages.len())
}

/// Whether a cold build is light enough.
fn within_limits(
    time: Duration,
    time_limit: Option<Duration>,
    crates: usize,
) -> anyhow::Result<()> {
    let advice = "drop a dependency, or put it behind a cargo feature that is off by default";
    if crates > CRATE_LIMIT {
        bail!("the release build has {crates} crates, the limit is {CRATE_LIMIT}; {advice}");
    }
    if let Some(limit) = time_limit
        && time > limit
    {
        bail!(
            "the cold release build took {:.0} s, the limit is {} s; {advice} \
             (on a slow or busy machine: --no-time-limit)",
            time.as_secs_f64(),
            limit.as_secs()
        );
    }
    Ok(())
}

/// A folder that does not exist before and after.
struct FreshFolder(PathBuf);

impl FreshFolder {
    fn new(path: PathBuf) -> anyhow::Result<Self> {
        if path.exists() {
            // A run that was interrupted has left it behind.
            std::fs::remove_dir_all(&path)
                .with_context(|| format!("cannot delete {}", path.display()))?;
        }
        Ok(Self(path))
    }
}

impl Drop for FreshFolder {
    fn drop(&mut self) {
        if self.0.exists()
            && let Err(error) = std::fs::remove_dir_all(&self.0)
        {
            eprintln!("warning: cannot delete {}: {error}", self.0.display());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_counted_once() {
        let messages = r#"{"reason":"compiler-artifact","package_id":"a 1","target":{"kind":["custom-build"]}}
{"reason":"build-script-executed","package_id":"a 1"}
{"reason":"compiler-artifact","package_id":"a 1","target":{"kind":["lib"]}}
{"reason":"compiler-artifact","package_id":"b 1"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(count_packages(messages.as_bytes()).unwrap(), 2);
        assert!(count_packages("warning".as_bytes()).is_err());
    }

    #[test]
    fn limits() {
        let seconds = Duration::from_secs;
        for (time, limit, crates, good) in [
            (240, Some(TIME_LIMIT), 250, true),
            (241, Some(TIME_LIMIT), 250, false),
            (241, None, 250, true),
            (1, Some(TIME_LIMIT), 251, false),
            (1, None, 251, false),
        ] {
            assert_eq!(
                within_limits(seconds(time), limit, crates).is_ok(),
                good,
                "{time} s, {crates} crates"
            );
        }
    }

    #[test]
    fn table_ends_with_the_failure_and_the_total() {
        let rows = [
            Row {
                name: "fmt",
                time: Duration::from_millis(1500),
                result: Ok(String::new()),
            },
            Row {
                name: "clippy",
                time: Duration::from_millis(2000),
                result: Err(anyhow::anyhow!("no")),
            },
        ];
        let expected = "step    seconds  result\n\
                        fmt         1.5  ok\n\
                        clippy      2.0  FAILED\n\
                        total       3.5";
        assert_eq!(table(&rows), expected);
    }
}
