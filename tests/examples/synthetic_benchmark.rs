//! Writes benchmark files of full size with made-up numbers, to measure the time and memory of an import:
//!
//! ```text
//! cargo run --release -p ganas-cli --example synthetic_benchmark -- nasbench101 nasbench_full.tfrecord 423624
//! cargo run --release -p ganas-cli --example synthetic_benchmark -- nats NATS-tss.tar 15625
//! command time -v ganas table import nasbench_full.tfrecord --space nasbench101 --output nb101.arrow
//! ```
//!
//! The files have the layout, the number of records and about the size of the official ones. Writing that of
//! NATS-Bench takes minutes, because compressing is slower than decompressing.

use std::error::Error;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bzip2::Compression;
use bzip2::write::BzEncoder;
use ganas_space::nasbench101::NasBench101;
use ganas_space::nasbench201::NasBench201;
use ganas_space::{Enumeration as _, SearchSpace};

const BUDGETS: [u32; 4] = [4, 12, 36, 108];
const REPEATS: usize = 3;
const SEEDS: [u16; 3] = [777, 888, 999];

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["nasbench101", file, count] => nasbench101(Path::new(file), count.parse()?),
        ["nats", file, count] => nats(Path::new(file), count.parse()?),
        _ => Err("expected: nasbench101 FILE COUNT, or nats FILE COUNT".into()),
    }
}

/// Numbers that look random and are the same every time.
struct Numbers(u64);

impl Numbers {
    /// Between 0 and 1.
    fn next(&mut self) -> f64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        f64::from(u32::try_from(self.0 >> 32).unwrap_or_default()) / f64::from(u32::MAX)
    }
}

/// Writes the trainings of the first cells as a TFRecord file.
pub(crate) fn nasbench101(file: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let space = NasBench101::new();
    let mut out = BufWriter::new(File::create(file)?);
    let mut numbers = Numbers(1);
    for arch in space.classes().take(count) {
        let text = space.encode(&arch);
        let (matrix, ops) = text.split_once('|').ok_or("a cell without operations")?;
        let adjacency = matrix.replace(' ', "");
        let key = space.key(&arch);
        for budget in BUDGETS {
            for _ in 0..REPEATS {
                let metrics = STANDARD.encode(metrics(budget, &mut numbers));
                let record = serde_json::to_vec(&(key, budget, &adjacency, ops, metrics))?;
                let length = (record.len() as u64).to_le_bytes();
                out.write_all(&length)?;
                out.write_all(&masked_crc(&length).to_le_bytes())?;
                out.write_all(&record)?;
                out.write_all(&masked_crc(&record).to_le_bytes())?;
            }
        }
    }
    Ok(out.flush()?)
}

fn masked_crc(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes)
        .rotate_right(15)
        .wrapping_add(0xa282_ead8)
}

/// A protocol buffer with three evaluations and the parameters.
fn metrics(budget: u32, numbers: &mut Numbers) -> Vec<u8> {
    let mut message = Vec::new();
    for stage in [0.0, 0.5, 1.0] {
        let mut evaluation = Vec::new();
        let values = [stage * f64::from(budget), 1e3 * numbers.next()];
        let accuracies = [numbers.next(), numbers.next(), numbers.next()];
        for (tag, value) in [0x09u8, 0x11, 0x19, 0x21, 0x29]
            .into_iter()
            .zip(values.into_iter().chain(accuracies))
        {
            evaluation.push(tag);
            evaluation.extend(value.to_le_bytes());
        }
        let path = b"checkpoints/model.ckpt";
        evaluation.extend([0x32, u8::try_from(path.len()).unwrap_or_default()]);
        evaluation.extend(path);
        message.extend([0x0a, u8::try_from(evaluation.len()).unwrap_or_default()]);
        message.extend(evaluation);
    }
    message.extend([0x10, 0x80, 0x80, 0x40, 0x19]);
    message.extend(numbers.next().to_le_bytes());
    message
}

/// Writes the records of the first architectures as a tar file.
pub(crate) fn nats(file: &Path, count: usize) -> Result<(), Box<dyn Error>> {
    let space = NasBench201::new();
    let mut tar = tar::Builder::new(BufWriter::new(File::create(file)?));
    let mut numbers = Numbers(2);
    for (index, arch) in space.archs().take(count).enumerate() {
        let index = u16::try_from(index)?;
        let pickle = nats_record(index, &space.encode(&arch), &mut numbers);
        let mut encoder = BzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&pickle)?;
        let bytes = encoder.finish()?;
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        let name = format!("NATS-tss-v1_0-3ffb9-simple/{index:06}.pickle.pbz2");
        tar.append_data(&mut header, name, &bytes[..])?;
    }
    Ok(tar.into_inner()?.flush()?)
}

/// A pickle of protocol 4.
struct Pickle(Vec<u8>);

impl Pickle {
    fn text(&mut self, text: &str) {
        self.0
            .extend([0x8c, u8::try_from(text.len()).unwrap_or_default()]);
        self.0.extend(text.as_bytes());
        self.0.push(0x94);
    }

    fn int(&mut self, value: u16) {
        self.0.push(b'M');
        self.0.extend(value.to_le_bytes());
    }

    fn float(&mut self, value: f64) {
        self.0.push(b'G');
        self.0.extend(value.to_be_bytes());
    }

    fn begin(&mut self) {
        self.0.extend(*b"}\x94(");
    }

    fn end(&mut self) {
        self.0.push(b'u');
    }

    /// A curve that does not change, as the official times.
    fn constant(&mut self, epochs: u16, splits: &[&str], value: f64) {
        self.begin();
        for split in splits {
            for epoch in 0..epochs {
                if split.is_empty() {
                    self.int(epoch);
                } else {
                    self.text(&format!("{split}@{epoch}"));
                }
                self.float(value);
            }
        }
        self.end();
    }

    fn curve(&mut self, epochs: u16, splits: &[&str], numbers: &mut Numbers) {
        self.begin();
        for split in splits {
            for epoch in 0..epochs {
                if split.is_empty() {
                    self.int(epoch);
                } else {
                    self.text(&format!("{split}@{epoch}"));
                }
                // Hundredths, because measurements do not have all the digits of a float either.
                self.float((10_000.0 * numbers.next()).floor() / 100.0);
            }
        }
        self.end();
    }
}

fn nats_record(index: u16, arch: &str, numbers: &mut Numbers) -> Vec<u8> {
    let mut pickle = Pickle(vec![0x80, 4]);
    pickle.begin();
    for (schedule, epochs, seeds) in [("12", 12, &SEEDS[..1]), ("200", 200, &SEEDS[..])] {
        pickle.text(schedule);
        pickle.begin();
        pickle.text("arch_index");
        pickle.int(index);
        pickle.text("arch_str");
        pickle.text(arch);
        pickle.text("all_results");
        pickle.begin();
        for (dataset, splits) in [
            ("cifar10-valid", &["x-valid", "ori-test"][..]),
            ("cifar10", &["ori-test"]),
            ("cifar100", &["x-valid", "x-test", "ori-test"]),
            ("ImageNet16-120", &["x-valid", "x-test", "ori-test"]),
        ] {
            for &seed in seeds {
                pickle.text(dataset);
                pickle.int(seed);
                pickle.0.extend([0x86, 0x94]);
                pickle.begin();
                pickle.text("epochs");
                pickle.int(epochs);
                for name in ["params", "flop"] {
                    pickle.text(name);
                    pickle.float(numbers.next());
                }
                for name in ["train_acc1es", "train_losses"] {
                    pickle.text(name);
                    pickle.curve(epochs, &[""], numbers);
                }
                for name in ["eval_acc1es", "eval_losses"] {
                    pickle.text(name);
                    pickle.curve(epochs, splits, numbers);
                }
                pickle.text("train_times");
                pickle.constant(epochs, &[""], numbers.next());
                pickle.text("eval_times");
                pickle.constant(epochs, splits, numbers.next());
                pickle.end();
            }
        }
        pickle.end();
        pickle.end();
    }
    pickle.end();
    pickle.0.push(b'.');
    pickle.0
}
