//! `ganas table list`: the benchmarks that can be read, and which files of them are in the data folder.

use ganas::table::EMBEDDED;
use ganas::{DATA_VARIABLE, tables};
use serde_json::json;

use crate::arguments::environment;
use crate::printing::output;

/// How to print.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// Prints one JSON object.
    #[arg(long)]
    json: bool,
}

/// A benchmark.
struct Benchmark {
    name: &'static str,
    space: &'static str,
    /// Its official files, and where they come from.
    files: &'static str,
}

const BENCHMARKS: [Benchmark; 6] = [
    Benchmark {
        name: "NAS-Bench-101",
        space: "nasbench101",
        files: "nasbench_full.tfrecord, nasbench_only108.tfrecord (https://storage.googleapis.com/nasbench/)",
    },
    Benchmark {
        name: "NAS-Bench-101 of NASLib",
        space: "nasbench101",
        files: "nasbench_only108.pkl (github.com/automl/NASLib)",
    },
    Benchmark {
        name: "NATS-Bench, topology",
        space: "nasbench201",
        files: "NATS-tss-v1_0-3ffb9-simple (folder or tar), NATS-tss-v1_0-3ffb9.pickle.pbz2 (github.com/D-X-Y/NATS-Bench)",
    },
    Benchmark {
        name: "NATS-Bench, size",
        space: "nats-sss",
        files: "NATS-sss-v1_0-50262-simple (folder or tar), NATS-sss-v1_0-50262.pickle.pbz2 (github.com/D-X-Y/NATS-Bench)",
    },
    Benchmark {
        name: "NAS-Bench-301",
        space: "darts",
        files: "the folders with the results_….json of its trainings (github.com/automl/nasbench301)",
    },
    Benchmark {
        name: "NAS-Bench-201",
        space: "nasbench201",
        files: "NAS-Bench-201-v1_0-e61699.pth, NAS-Bench-201-v1_1-096897.pth (github.com/D-X-Y/NAS-Bench-201)",
    },
];

/// Lists.
pub(crate) fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let folder = environment::folders()?.data;
    let present = folder.as_deref().map(tables::present).unwrap_or_default();
    if arguments.json {
        let benchmarks: Vec<_> = BENCHMARKS
            .iter()
            .map(|b| json!({ "name": b.name, "space": b.space, "files": b.files }))
            .collect();
        let present: Vec<_> = present
            .iter()
            .map(|p| json!({ "path": p.path, "what": p.what }))
            .collect();
        let embedded: Vec<_> = EMBEDDED
            .iter()
            .map(|e| json!({ "name": e.name, "about": e.about }))
            .collect();
        return output::print_json(&json!({
            "embedded": embedded,
            "benchmarks": benchmarks,
            "data_folder": folder,
            "present": present,
        }));
    }
    let mut text = String::from("tables inside the program, for `--table NAME`:\n");
    for embedded in EMBEDDED {
        text.push_str(&format!("  {}: {}\n", embedded.name, embedded.about));
    }
    text.push_str("benchmarks whose official files `ganas table import` reads:\n");
    for benchmark in &BENCHMARKS {
        let known = ganas::space::by_name(benchmark.space).is_ok();
        let space = if known {
            format!("--space {}", benchmark.space)
        } else {
            format!("the space {} is not built in yet", benchmark.space)
        };
        text.push_str(&format!(
            "  {} ({space})\n    {}\n",
            benchmark.name, benchmark.files
        ));
    }
    text.push_str(
        "any CSV, JSON lines or Parquet file with architectures as text and numbers is imported, too\n\n",
    );
    match folder {
        None => text.push_str(&format!(
            "set {DATA_VARIABLE} to a folder to see what is there\n"
        )),
        Some(folder) => {
            let n = present.len();
            text.push_str(&format!(
                "{n} official files and tables below {}:\n",
                folder.display()
            ));
            for file in present {
                text.push_str(&format!("  {}: {}\n", file.path.display(), file.what));
            }
        }
    }
    output::print_text(&text)
}
