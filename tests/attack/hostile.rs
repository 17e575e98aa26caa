//! Files that are made to harm: each is refused in time, within the limits of memory.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use anyhow::Result;
use bzip2::write::BzEncoder;
use flate2::write::GzEncoder;

use crate::folder::copy;
use crate::outcome::{Outcome, Tally};
use crate::program::Ganas;
use crate::samples;

/// A file, and a command that reads it.
struct Hostile {
    what: &'static str,
    write: fn(&mut dyn Write) -> io::Result<()>,
    name: &'static str,
    command: &'static str,
}

const IMPORT_CSV: &str = "table import x.csv --space pair.toml -o x.arrow";
const IMPORT_PICKLE: &str = "table import x.pkl --space nasbench101 -o x.arrow";
const DESCRIBE: &str = "space describe x.toml";

const CORPUS: &[Hostile] = &[
    Hostile {
        what: "gzip of 3 GB of zeros",
        write: |out| zeros(GzEncoder::new(out, flate2::Compression::fast()), 3 << 30),
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "gzip of rows that go on",
        write: |out| {
            let mut gzip = GzEncoder::new(out, flate2::Compression::fast());
            gzip.write_all(b"arch,val_acc\n")?;
            let rows = "conv3x3:0 conv3x3:0,90.5\n".repeat(1 << 12);
            (0..1 << 14).try_for_each(|_| gzip.write_all(rows.as_bytes()))?;
            gzip.finish().map(drop)
        },
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "bzip2 of 1 GB as a pickle",
        write: |out| zeros(BzEncoder::new(out, bzip2::Compression::best()), 1 << 30),
        name: "x.pkl",
        command: IMPORT_PICKLE,
    },
    Hostile {
        what: "pickle of empty lists",
        write: |out| {
            out.write_all(b"\x80\x04(")?;
            (0..5 << 20).try_for_each(|_| out.write_all(b"]"))?;
            out.write_all(b"l.")
        },
        name: "x.pkl",
        command: IMPORT_PICKLE,
    },
    Hostile {
        what: "pickle that doubles itself",
        write: |out| {
            out.write_all(b"\x80\x04]\x94")?;
            (0..200).try_for_each(|_| out.write_all(b"(h\x00h\x00h\x00h\x00l\x94"))?;
            out.write_all(b".")
        },
        name: "x.pkl",
        command: IMPORT_PICKLE,
    },
    Hostile {
        what: "pickle nested deeply",
        write: |out| {
            out.write_all(b"\x80\x04")?;
            out.write_all(&b"]".repeat(1 << 20))?;
            out.write_all(&b"a".repeat((1 << 20) - 1))?;
            out.write_all(b".")
        },
        name: "x.pkl",
        command: IMPORT_PICKLE,
    },
    Hostile {
        what: "100,000 columns",
        write: |out| {
            out.write_all(b"arch")?;
            (0..100_000).try_for_each(|at| write!(out, ",c{at}"))?;
            out.write_all(b"\nconv3x3:0 conv3x3:0")?;
            (0..100_000).try_for_each(|at| write!(out, ",{at}"))?;
            out.write_all(b"\n")
        },
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "JSON lines with new keys in each",
        write: |out| {
            (0..20_000).try_for_each(|at| {
                writeln!(out, r#"{{"arch":"conv3x3:0 conv3x3:0","k{at}":{at}}}"#)
            })
        },
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "JSON nested deeply",
        write: |out| {
            out.write_all(br#"{"arch":"#)?;
            out.write_all(&b"[".repeat(1 << 20))?;
            out.write_all(b"\n")
        },
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "a cell of 4 MB",
        write: |out| {
            out.write_all(b"arch,val_acc\n")?;
            out.write_all(&b"x".repeat(4 << 20))?;
            out.write_all(b",1\n")
        },
        name: "x.csv",
        command: IMPORT_CSV,
    },
    Hostile {
        what: "an expression of 40,000 terms",
        write: |out| description(out, &vec!["conv3x3"; 40_000].join(" + ")),
        name: "x.toml",
        command: DESCRIBE,
    },
    Hostile {
        what: "an expression in 100,000 brackets",
        write: |out| {
            let brackets = [&"(".repeat(100_000), "conv3x3", &")".repeat(100_000)].concat();
            description(out, &brackets)
        },
        name: "x.toml",
        command: DESCRIBE,
    },
    Hostile {
        what: "an expression with 100,000 signs",
        write: |out| description(out, &["-".repeat(100_000).as_str(), "conv3x3"].concat()),
        name: "x.toml",
        command: DESCRIBE,
    },
    Hostile {
        what: "a factor with 1,000,000 values",
        write: |out| {
            let values: Vec<String> = (0..1_000_000).map(|value: u32| value.to_string()).collect();
            write!(
                out,
                "name = \"x\"\n\n[chain]\nlayers = 2\n\n[chain.factors]\nwidth = [{}]\n",
                values.join(", ")
            )
        },
        name: "x.toml",
        command: DESCRIBE,
    },
    Hostile {
        what: "TOML nested deeply",
        write: |out| write!(out, "name = {}", "[".repeat(1 << 20)),
        name: "x.toml",
        command: DESCRIBE,
    },
    Hostile {
        what: "a study that is none",
        write: |out| zeros(out, 1 << 20),
        name: "x.db",
        command: "export x.db",
    },
];

/// Commands without a file of their own.
const COMMANDS: &[&str] = &[
    "table import /dev/zero --space pair.toml -o x.arrow",
    "table info /dev/zero",
    "search --space pair.toml --table /dev/zero --search val_acc --report test_acc",
    "space describe /dev/zero",
    "export /dev/zero",
    "search --table digits-5 --threads 100000 --budget 5 --algorithm random",
    "search --table digits-5 --threads 0",
    "search --space nasbench201 --evaluator true --workers 4294967295 --study x.db --budget 5",
];

/// Reads all of them.
pub(crate) fn run() -> Result<Vec<Tally>> {
    let samples = samples::folder()?;
    let mut outcomes = Vec::new();
    for hostile in CORPUS {
        let folder = copy(samples.path())?;
        let mut file = BufWriter::new(File::create(folder.path().join(hostile.name))?);
        (hostile.write)(&mut file)?;
        file.flush()?;
        drop(file);
        outcomes.push((
            outcome(folder.path(), hostile.command)?,
            hostile.what.to_owned(),
        ));
    }
    for command in COMMANDS {
        let folder = copy(samples.path())?;
        outcomes.push((outcome(folder.path(), command)?, (*command).to_owned()));
    }
    Ok(vec![Tally::new("hostile files and arguments", outcomes)])
}

fn outcome(folder: &Path, command: &str) -> Result<Outcome> {
    let ended = Ganas::new(command).run(folder)?;
    let outcome = Outcome::fault(&ended).unwrap_or(match ended.code {
        Some(0) => Outcome::Same,
        _ => Outcome::Error,
    });
    // What goes wrong is said in a few lines.
    Ok(if ended.stderr.len() > 1 << 16 {
        Outcome::Silent
    } else {
        outcome
    })
}

fn zeros(mut out: impl Write, n: usize) -> io::Result<()> {
    let block = vec![0; 1 << 20];
    (0..n >> 20).try_for_each(|_| out.write_all(&block))?;
    out.flush()
}

fn description(out: &mut dyn Write, parameters: &str) -> io::Result<()> {
    let space = include_str!("pair.toml").replace("PARAMETERS", parameters);
    out.write_all(space.as_bytes())
}
