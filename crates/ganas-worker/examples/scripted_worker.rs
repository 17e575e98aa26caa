//! A worker for tests: its measurements are made up, and it misbehaves as it is told, by chance under a fixed seed.
//!
//! Arguments are `name=value`: `seed=1`, `percent=30` (of attempts that misbehave), `kinds=crash,hang` (how),
//! `delay_ms=5`, `finished=FILE` (gets a line for each evaluation that is answered), `capacity=1`,
//! `start=slow` (never says hello), `by_seed=1` (measurements depend on the seed of the evaluation, too), `fidelities=3,9`
//! (declares epochs), `begun=FILE` (gets a line for each evaluation that is begun: class, seed, fidelity), `wait=FILE` (no
//! evaluation ends before this file is there), `steps=4` (tells a rising metric step by step, and hears no `cancel` meanwhile).
//! What an attempt does is a function of the seed, the architecture and the number of the attempt alone.

#![expect(
    clippy::disallowed_methods,
    reason = "an example may touch what a library may not"
)]

use std::collections::BTreeMap;
use std::fs::OpenOptions;
use std::io::{self, BufRead as _, Write as _};
use std::path::Path;
use std::time::Duration;

use ganas_eval::{MetricDeclaration, MetricRole};
use ganas_worker::message::{
    Answer, Capabilities, Evaluation, FromWorker, PROTOCOL_VERSION, Progress, Refusal, ToWorker,
};

const FOREVER: Duration = Duration::from_secs(3600);

struct Script {
    seed: u64,
    percent: u64,
    kinds: Vec<String>,
    delay: Duration,
    finished: Option<String>,
    begun: Option<String>,
    wait: Option<String>,
    epochs: Vec<f64>,
    capacity: u32,
    slow_start: bool,
    by_seed: bool,
    has_cost: bool,
    steps: u32,
}

fn main() -> io::Result<()> {
    let script = Script::read();
    if script.slow_start {
        std::thread::sleep(FOREVER);
    }
    let mut answered = None;
    for line in io::stdin().lock().lines() {
        match serde_json::from_str(&line?)? {
            ToWorker::Hello(_) => say(&FromWorker::Hello(script.capabilities()))?,
            ToWorker::Evaluate(evaluation) => {
                if script.evaluate(&evaluation)? {
                    answered = Some(evaluation.id);
                }
            }
            // It came too late.
            ToWorker::Cancel { id } if answered == Some(id) => {}
            ToWorker::Cancel { id } => say(&failure(id, "cancelled"))?,
            ToWorker::Shutdown => break,
        }
    }
    Ok(())
}

impl Script {
    fn read() -> Self {
        let arguments: BTreeMap<String, String> = std::env::args()
            .skip(1)
            .filter_map(|argument| {
                let (name, value) = argument.split_once('=')?;
                Some((name.to_owned(), value.to_owned()))
            })
            .collect();
        let number = |name: &str, default: u64| {
            let value = arguments.get(name);
            value.map_or(default, |value| value.parse().expect("a number"))
        };
        let kinds = arguments.get("kinds").map_or("", String::as_str);
        Self {
            seed: number("seed", 0),
            percent: number("percent", 0),
            kinds: kinds.split(',').map(str::to_owned).collect(),
            delay: Duration::from_millis(number("delay_ms", 0)),
            finished: arguments.get("finished").cloned(),
            begun: arguments.get("begun").cloned(),
            wait: arguments.get("wait").cloned(),
            epochs: arguments.get("fidelities").map_or_else(Vec::new, |all| {
                let all = all.split(',');
                all.map(|epochs| epochs.parse().expect("a number"))
                    .collect()
            }),
            capacity: u32::try_from(number("capacity", 1)).expect("a small number"),
            slow_start: arguments.contains_key("start"),
            by_seed: arguments.contains_key("by_seed"),
            has_cost: arguments.contains_key("cost"),
            steps: u32::try_from(number("steps", 1)).expect("a small number"),
        }
    }

    fn capabilities(&self) -> Capabilities {
        let metric = |name: &str, role| MetricDeclaration {
            name: name.to_owned(),
            role,
            direction: None,
            unit: None,
            min: Some(0.0),
            max: Some(1.0),
            missing: None,
        };
        let mut metrics = vec![
            metric("valid", MetricRole::Validation),
            metric("test", MetricRole::Test),
        ];
        if self.has_cost {
            metrics.push(metric("cost", MetricRole::Cost));
        }
        Capabilities {
            protocol: PROTOCOL_VERSION,
            name: "scripted".to_owned(),
            version: "1".to_owned(),
            metrics,
            capacity: self.capacity,
            fidelities: (self.epochs.iter())
                .map(|&epochs| BTreeMap::from([("epochs".to_owned(), epochs)]))
                .collect(),
        }
    }

    /// Does an evaluation as it is told; says whether it was answered.
    fn evaluate(&self, evaluation: &Evaluation) -> io::Result<bool> {
        if let Some(path) = &self.begun {
            let fidelity = serde_json::to_string(&evaluation.fidelity)?;
            let (key, seed) = (&evaluation.arch.key, evaluation.seed);
            append(path, &format!("{key} {seed} {fidelity}\n"))?;
        }
        while self
            .wait
            .as_ref()
            .is_some_and(|path| !Path::new(path).exists())
        {
            std::thread::sleep(Duration::from_millis(5));
        }
        std::thread::sleep(self.delay);
        let id = evaluation.id;
        let measured = if self.by_seed {
            format!("{} {}", evaluation.arch.key, evaluation.seed)
        } else {
            evaluation.arch.key.clone()
        };
        let draw = hash(&format!("{} {measured} {}", self.seed, evaluation.attempt));
        let kind = if draw % 100 < self.percent {
            let kinds = u64::try_from(self.kinds.len()).expect("a small number");
            let at = usize::try_from(draw / 100 % kinds).expect("a small number");
            self.kinds[at].as_str()
        } else {
            "none"
        };
        let value = (hash(&measured) % 1_000_000) as f64 / 1e6;
        let metrics = |value| {
            let test = Some(1.0 - value);
            let mut metrics =
                BTreeMap::from([("valid".to_owned(), Some(value)), ("test".to_owned(), test)]);
            if self.has_cost {
                metrics.insert("cost".to_owned(), Some(value * value));
            }
            metrics
        };
        let result = |id, value| {
            FromWorker::Result(Answer {
                id,
                metrics: metrics(value),
                cost: BTreeMap::new(),
                artifact: None,
            })
        };
        match kind {
            "crash" => std::process::abort(),
            "exit" => std::process::exit(3),
            "hang" => std::thread::sleep(FOREVER),
            // Answers `cancel`, which a worker that hangs does not.
            "slow" => return Ok(false),
            "garbage" => return write(b"Epoch 1 of 10: loss 0.3\n").map(|()| true),
            "wrong_id" => return say(&result(id + 1_000_000, value)).map(|()| true),
            "nan" => {
                let result = format!(r#""id":{id},"metrics":{{"valid":NaN,"test":1}}"#);
                return write(format!("{{\"type\":\"result\",{result}}}\n").as_bytes())
                    .map(|()| true);
            }
            "out_of_range" => return say(&result(id, 93.5)).map(|()| true),
            "refuse" => return say(&failure(id, "unbuildable")).map(|()| true),
            _ => {}
        }
        for step in 1..=self.steps {
            let part = f64::from(step) / f64::from(self.steps);
            say(&FromWorker::Progress(Progress {
                id,
                done: Some(part),
                step: Some(step),
                metrics: metrics(value * part),
            }))?;
        }
        if let Some(path) = &self.finished {
            append(path, &format!("{measured}\n"))?;
        }
        say(&result(id, value))?;
        if kind == "duplicate" {
            return say(&result(id, 0.5)).map(|()| true);
        }
        if kind == "late_exit" {
            std::process::exit(4);
        }
        Ok(true)
    }
}

fn append(path: &str, line: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().append(true).create(true).open(path)?;
    file.write_all(line.as_bytes())
}

fn failure(id: u64, kind: &str) -> FromWorker {
    FromWorker::Failure(Refusal {
        id,
        kind: kind.to_owned(),
        message: "as scripted".to_owned(),
        retryable: false,
    })
}

fn say(message: &FromWorker) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    write(&line)
}

fn write(line: &[u8]) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(line)?;
    stdout.flush()
}

/// FNV-1a, mixed once more so that the low digits depend on all of the text.
fn hash(text: &str) -> u64 {
    let fnv = text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    let mixed = (fnv ^ (fnv >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed ^ (mixed >> 33)
}
