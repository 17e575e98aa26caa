//! Small files of every format that ganas reads.

use std::fs;
use std::path::Path;

use anyhow::Result;
use tempfile::TempDir;

use crate::program::Ganas;

#[expect(
    dead_code,
    reason = "the program is an example, whose functions are used here"
)]
#[path = "../examples/synthetic_benchmark.rs"]
mod synthetic_benchmark;

/// A space of 7 networks.
fn pair() -> String {
    include_str!("pair.toml").replace("PARAMETERS", "9 * channels^2 * conv3x3")
}

/// The arguments of a search on the table of pairs.
pub(crate) const SEARCH: &str = "search --space pair.toml --search val_acc --report test_acc --algorithm random --budget 7 --quiet";

/// A file of a format, and a command that reads all of it.
pub(crate) struct Sample {
    pub(crate) name: &'static str,
    pub(crate) command: &'static str,
}

/// Formats of files that ganas reads once, to make others of them. They come from elsewhere, and hold no checksums but those of
/// their compression.
pub(crate) const FOREIGN: &[Sample] = &[
    Sample {
        name: "pair.csv",
        command: "table import pair.csv --space pair.toml -o x.arrow",
    },
    Sample {
        name: "pair.csv.gz",
        command: "table import pair.csv.gz --space pair.toml -o x.arrow",
    },
    Sample {
        name: "pair.jsonl",
        command: "table import pair.jsonl --space pair.toml -o x.arrow",
    },
    Sample {
        name: "pair.parquet",
        command: "table import pair.parquet --space pair.toml -o x.arrow",
    },
    Sample {
        name: "nasbench.tfrecord",
        command: "table import nasbench.tfrecord --space nasbench101 -o x.arrow",
    },
    Sample {
        name: "nats.tar",
        command: "table import nats.tar --space nasbench201 -o x.arrow",
    },
    Sample {
        name: "pair.toml",
        command: "space describe pair.toml",
    },
];

/// A folder with all of them, a table, a study, a study with what was not yet written back, and a cache.
pub(crate) fn folder() -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let path = folder.path();
    fs::write(path.join("pair.toml"), pair())?;
    fs::write(path.join("pair.csv"), csv())?;
    for command in [
        "table import pair.csv --space pair.toml -o pair.arrow",
        "table export pair.arrow --format jsonl --output pair.jsonl",
        "table export pair.arrow --format parquet --output pair.parquet",
    ] {
        Ganas::new(command).must(path)?;
    }
    gzip(path, "pair.csv")?;
    synthetic_benchmark::nasbench101(&path.join("nasbench.tfrecord"), 5)
        .and_then(|()| synthetic_benchmark::nats(&path.join("nats.tar"), 2))
        .map_err(|error| anyhow::anyhow!("{error}"))?;
    let study = format!("{SEARCH} --table pair.arrow --study s.db --seeds 0..3");
    Ganas::new(&study).must(path)?;
    Ganas::new(&format!("{SEARCH} --table pair.csv")).must(path)?;
    Ok(folder)
}

fn csv() -> String {
    let archs = [
        "conv3x3:0 conv3x3:0",
        "conv3x3:0 maxpool3x3:0",
        "maxpool3x3:0 maxpool3x3:0",
        "conv3x3:0 conv3x3:1",
        "conv3x3:0 maxpool3x3:1",
        "maxpool3x3:0 conv3x3:1",
        "maxpool3x3:0 maxpool3x3:1",
    ];
    let mut text = "arch,val_acc,test_acc,lat_ms\n".to_owned();
    for (row, arch) in archs.iter().enumerate() {
        text.push_str(&format!(
            "{arch},{}.25,{}.5,{}\n",
            80 + row,
            70 + row * 3 % 7,
            9 - row
        ));
    }
    text
}

fn gzip(folder: &Path, name: &str) -> Result<()> {
    use std::io::Write as _;
    let bytes = fs::read(folder.join(name))?;
    let file = fs::File::create(folder.join(format!("{name}.gz")))?;
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::default());
    encoder.write_all(&bytes)?;
    encoder.finish()?;
    Ok(())
}
