//! Flipped bits and files that end too early.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Result;
use rayon::prelude::*;

use crate::folder::{below, chance, copy, only};
use crate::outcome::{Outcome, Tally};
use crate::program::Ganas;
use crate::samples::{self, FOREIGN, SEARCH};

const FLIPS: u8 = 1;
const FOREIGN_FLIPS: u8 = 2;
const TRUNCATIONS: u8 = 3;

/// A file of ganas, and commands that print all that it holds.
struct Own {
    name: &'static str,
    file: fn(&Path) -> Result<PathBuf>,
    commands: Vec<Ganas>,
}

fn own() -> [Own; 3] {
    [
        Own {
            name: "table",
            file: |folder| Ok(folder.join("pair.arrow")),
            commands: vec![
                Ganas::new("table export pair.arrow"),
                Ganas::new("table info pair.arrow --json"),
            ],
        },
        Own {
            name: "cache",
            file: |folder| only(&folder.join("cache/ganas/tables"), "arrow"),
            commands: vec![
                Ganas::new(&format!("{SEARCH} --table pair.csv --study x.db")),
                Ganas::new("export x.db --format csv"),
            ],
        },
        Own {
            name: "study",
            file: |folder| Ok(folder.join("s.db")),
            commands: vec![
                Ganas::new("export s.db --format jsonl"),
                Ganas::new("top s.db --json"),
            ],
        },
    ]
}

/// Flips one bit at a time in each of table, cache and study, and in foreign files.
pub(crate) fn flip(seed: u64, times: usize) -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let mut tallies = Vec::new();
    for own in own() {
        let expected = observe(&own, samples.path())?;
        let outcomes = (0..times).into_par_iter().map(|number| {
            let folder = copy(samples.path())?;
            let file = (own.file)(folder.path())?;
            let mut chance = chance(seed, FLIPS, number);
            let what = change(&file, |bytes| {
                let (byte, bit) = (below(&mut chance, bytes.len()), below(&mut chance, 8));
                bytes[byte] ^= 1 << bit;
                format!("bit {bit} of byte {byte} (--seed {seed})")
            })?;
            Ok((attacked(&own, folder.path(), &expected)?, what))
        });
        let outcomes: Vec<_> = outcomes.collect::<Result<_>>()?;
        tallies.push(Tally::new(
            format!("flipped bit in a {}", own.name),
            outcomes,
        ));
    }
    let change = |number: usize, bytes: &mut Vec<u8>| {
        let mut chance = chance(seed, FOREIGN_FLIPS, number);
        let (byte, bit) = (below(&mut chance, bytes.len()), below(&mut chance, 8));
        bytes[byte] ^= 1 << bit;
        format!("bit {bit} of byte {byte} (--seed {seed})")
    };
    // What foreign files say may differ, so there is less to see.
    let times = times.div_ceil(10);
    tallies.extend(foreign("flipped bit in", samples.path(), times, &change)?);
    Ok(tallies)
}

/// Cuts files off.
pub(crate) fn truncate(seed: u64, times: usize) -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let cut = |number: usize, bytes: &mut Vec<u8>| {
        let length = below(&mut chance(seed, TRUNCATIONS, number), bytes.len());
        bytes.truncate(length);
        format!("cut off after {length} bytes (--seed {seed})")
    };
    let mut tallies = Vec::new();
    for own in own() {
        let expected = observe(&own, samples.path())?;
        let outcomes = (0..times).into_par_iter().map(|number| {
            let folder = copy(samples.path())?;
            let what = change(&(own.file)(folder.path())?, |bytes| cut(number, bytes))?;
            Ok((attacked(&own, folder.path(), &expected)?, what))
        });
        let outcomes: Vec<_> = outcomes.collect::<Result<_>>()?;
        tallies.push(Tally::new(format!("a {} cut off", own.name), outcomes));
    }
    tallies.extend(foreign("cut off:", samples.path(), times, &cut)?);
    Ok(tallies)
}

/// Attacks files that hold no checksums: what they say may differ, but nothing else may happen.
fn foreign(
    attack: &str,
    samples: &Path,
    times: usize,
    change_bytes: &(impl Fn(usize, &mut Vec<u8>) -> String + Sync),
) -> Result<Vec<Tally>> {
    let tallies = FOREIGN.iter().map(|sample| {
        let outcomes = (0..times).into_par_iter().map(|number| {
            let folder = copy(samples)?;
            let file = folder.path().join(sample.name);
            let what = change(&file, |bytes| change_bytes(number, bytes))?;
            let ended = Ganas::new(sample.command).run(folder.path())?;
            let outcome = Outcome::fault(&ended).unwrap_or(match ended.code {
                Some(0) => Outcome::Same,
                _ => Outcome::Error,
            });
            Ok((outcome, what))
        });
        let outcomes: Vec<_> = outcomes.collect::<Result<_>>()?;
        Ok(Tally::new(
            format!("{attack} {} (read or refused)", sample.name),
            outcomes,
        ))
    });
    tallies.collect()
}

fn change(file: &Path, how: impl FnOnce(&mut Vec<u8>) -> String) -> Result<String> {
    let mut bytes = fs::read(file)?;
    let what = how(&mut bytes);
    fs::write(file, bytes)?;
    Ok(what)
}

/// What the commands print of an undisturbed file.
fn observe(own: &Own, samples: &Path) -> Result<Vec<String>> {
    let folder = copy(samples)?;
    let printed = own
        .commands
        .iter()
        .map(|command| command.must(folder.path()));
    let printed = printed.collect::<Result<Vec<_>>>()?;
    Ok(printed.iter().map(|text| without_times(text)).collect())
}

/// How the commands took the attack: the worst of it.
fn attacked(own: &Own, folder: &Path, expected: &[String]) -> Result<Outcome> {
    let mut worst = Outcome::Same;
    for (command, expected) in own.commands.iter().zip(expected) {
        let mut ended = command.run(folder)?;
        ended.stdout = without_times(&ended.stdout);
        worst = worst.max(Outcome::of(&ended, expected));
        if worst != Outcome::Same {
            break;
        }
    }
    Ok(worst)
}

/// A search prints how long it took.
fn without_times(text: &str) -> String {
    let words = text.split_inclusive('\n').map(|line| {
        if line.contains("seconds") || line.contains("budget spent") {
            ""
        } else {
            line
        }
    });
    words.collect()
}
