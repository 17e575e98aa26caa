//! Reads, writes and fsyncs that fail, and disks that are full: an error is said, and what was promised is kept.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, ensure};
use rayon::prelude::*;
use tempfile::TempDir;

use crate::folder::{below, chance, copy};
use crate::outcome::{Outcome, Tally};
use crate::program::Ganas;
use crate::samples::{self, SEARCH};

const IO_FAULTS: u8 = 5;

const ENOSPC: i32 = 28;
const EIO: i32 = 5;

/// What fails: the kind of call, the error, and whether it goes on failing.
const FAULTS: [(&str, i32, &str); 5] = [
    ("write", ENOSPC, "from"),
    ("write", EIO, "once"),
    ("sync", EIO, "once"),
    ("sync", EIO, "from"),
    ("read", EIO, "once"),
];

/// The last call that fails is below two to this power; a search of a few rounds does about so many calls. Early calls are
/// drawn more often, since a command may do few of a kind.
const LAST_CALL: usize = 7;

/// A command that writes, and what prints all that it has written.
struct Victim {
    name: &'static str,
    command: String,
    observe: &'static str,
}

fn victims() -> [Victim; 3] {
    [
        Victim {
            name: "a search",
            command: format!("{SEARCH} --table pair.arrow --study f.db --seeds 0..2 --resume"),
            observe: "export f.db --format jsonl",
        },
        Victim {
            name: "an import",
            command: "table import pair.csv --space pair.toml -o f.arrow --overwrite".to_owned(),
            observe: "table export f.arrow",
        },
        Victim {
            name: "an export of a study",
            command: "export s.db --output f.csv --format csv".to_owned(),
            observe: "",
        },
    ]
}

/// Lets one call after the other fail.
pub(crate) fn run(seed: u64, times: usize) -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let library = library(&samples)?;
    let tallies = victims().into_iter().map(|victim| {
        let expected = {
            let folder = copy(samples.path())?;
            Ganas::new(&victim.command).must(folder.path())?;
            observe(&victim, folder.path())?
        };
        let outcomes = (0..times).into_par_iter().map(|number| {
            let mut chance = chance(seed, IO_FAULTS, number);
            let (call, error, mode) = FAULTS[below(&mut chance, FAULTS.len())];
            let first = 1 << below(&mut chance, LAST_CALL);
            let at = first + below(&mut chance, first);
            let fault = format!("{call} {at} {error} {mode}");
            let outcome = attack(&victim, samples.path(), (&library, &fault), &expected)?;
            Ok((outcome, format!("GANAS_FAULT=\"{fault}\"")))
        });
        let outcomes: Vec<_> = outcomes.collect::<Result<_>>()?;
        Ok(Tally::new(
            format!("failing calls in {}", victim.name),
            outcomes,
        ))
    });
    tallies.collect()
}

fn attack(
    victim: &Victim,
    samples: &Path,
    (library, fault): (&Path, &str),
    expected: &str,
) -> Result<Outcome> {
    let folder = copy(samples)?;
    let faulty = Ganas::new(&victim.command)
        .variable("LD_PRELOAD", library)
        .variable("GANAS_FAULT", fault);
    let ended = faulty.run(folder.path())?;
    if let Some(fault) = Outcome::fault(&ended) {
        return Ok(fault);
    }
    let outcome = if ended.code == Some(0) {
        Outcome::Same
    } else {
        Outcome::Error
    };
    if outcome == Outcome::Error {
        // Nothing is lost: without the fault it goes on.
        let again = Ganas::new(&victim.command).run(folder.path())?;
        if let Some(fault) = Outcome::fault(&again) {
            return Ok(fault);
        }
    }
    let found = observe(victim, folder.path())?;
    Ok(if found == expected {
        outcome
    } else {
        Outcome::Silent
    })
}

fn observe(victim: &Victim, folder: &Path) -> Result<String> {
    if victim.observe.is_empty() {
        return Ok(std::fs::read_to_string(folder.join("f.csv")).unwrap_or_default());
    }
    Ok(Ganas::new(victim.observe).run(folder)?.stdout)
}

/// The library that lets calls fail, built by the C compiler.
fn library(folder: &TempDir) -> Result<PathBuf> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("attack/faults.c");
    let library = folder.path().join("faults.so");
    let compiler = std::env::var_os("CC").unwrap_or_else(|| "cc".into());
    let status = Command::new(compiler)
        .args(["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o"])
        .arg(&library)
        .arg(&source)
        .arg("-ldl")
        .status()?;
    ensure!(status.success(), "cannot build {}", source.display());
    Ok(library)
}
