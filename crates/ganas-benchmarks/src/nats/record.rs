//! NATS-Bench and NAS-Bench-201: the record of one architecture, as the published files pickle it.
//!
//! A record maps a training schedule (`12`, `90`, `200` epochs; `less` and `full` in NAS-Bench-201) to the trainings of
//! the architecture with it, one for each data set and seed. A training has its curves; the table keeps their last
//! point, which is what the official interface returns unless it is asked for an epoch.

use ganas_formats::FormatProblem;
use ganas_formats::pickle::{Heap, Value};

/// The most measurements of a latency in one record.
const MAX_LATENCIES: usize = 1 << 16;

/// What a table keeps of the record of one architecture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    /// The official index.
    pub(crate) index: u64,
    /// The architecture as text.
    pub(crate) arch: String,
    pub(crate) trainings: Vec<Training>,
}

/// One training; percentages and seconds. Values that are not finite are not there.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Training {
    pub(crate) dataset: Dataset,
    pub(crate) seed: u32,
    pub(crate) epochs: u32,
    /// Millions.
    pub(crate) params: Option<f64>,
    /// Millions.
    pub(crate) flops: Option<f64>,
    /// Of one batch, in seconds: the mean of the measurements.
    pub(crate) latency: Option<f64>,
    pub(crate) train: Point,
    /// Seconds of all epochs.
    pub(crate) train_time: Option<f64>,
    /// In the order of [`Dataset::splits`].
    pub(crate) evaluations: Vec<Point>,
}

/// The last point of a curve.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Point {
    pub(crate) accuracy: Option<f64>,
    pub(crate) loss: Option<f64>,
    /// Seconds of one pass.
    pub(crate) time: Option<f64>,
}

/// A data set, as a network was trained on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Dataset {
    /// CIFAR-10, trained on half of the training images and validated on the other half.
    Cifar10Half,
    /// CIFAR-10, trained on all training images.
    Cifar10,
    Cifar100,
    ImageNet16,
}

impl Dataset {
    pub(crate) const ALL: [Self; 4] = [
        Self::Cifar10Half,
        Self::Cifar10,
        Self::Cifar100,
        Self::ImageNet16,
    ];

    fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|d| d.published_name() == name)
    }

    pub(crate) fn published_name(self) -> &'static str {
        match self {
            Self::Cifar10Half => "cifar10-valid",
            Self::Cifar10 => "cifar10",
            Self::Cifar100 => "cifar100",
            Self::ImageNet16 => "ImageNet16-120",
        }
    }

    /// The official names of what networks trained on it were evaluated on.
    pub(crate) fn splits(self) -> &'static [&'static str] {
        match self {
            Self::Cifar10Half => &["x-valid", "ori-test"],
            Self::Cifar10 => &["ori-test"],
            Self::Cifar100 | Self::ImageNet16 => &["x-valid", "x-test", "ori-test"],
        }
    }
}

/// Reads the record of one architecture.
pub(crate) fn record(heap: &Heap, value: &Value) -> Result<Record, FormatProblem> {
    let schedules = entries(heap, value, "a record: a mapping of training schedules")?;
    let mut record: Option<Record> = None;
    for [schedule, results] in schedules {
        let schedule = schedule.as_text().unwrap_or("(no text)");
        let index = field(heap, results, "arch_index")?
            .as_i64()
            .and_then(|index| u64::try_from(index).ok())
            .ok_or_else(|| wrong(heap, results, "arch_index", "a whole number"))?;
        let arch = field(heap, results, "arch_str")?
            .as_text()
            .ok_or_else(|| wrong(heap, results, "arch_str", "a text"))?;
        let record = record.get_or_insert_with(|| Record {
            index,
            arch: arch.to_owned(),
            trainings: Vec::new(),
        });
        if record.arch != arch || record.index != index {
            return Err(FormatProblem::content(
                format!(
                    "`{}` with index {} in all schedules",
                    record.arch, record.index
                ),
                format!("`{arch}` with index {index} in schedule `{schedule}`"),
            ));
        }
        let all = field(heap, results, "all_results")?;
        for [key, result] in entries(heap, all, "all_results: a mapping of trainings")? {
            record.trainings.extend(training(heap, key, result)?);
        }
    }
    record.ok_or_else(|| FormatProblem::content("at least one training schedule", "none"))
}

/// One training; none when it is of a data set that the benchmark does not have.
fn training(heap: &Heap, key: &Value, result: &Value) -> Result<Option<Training>, FormatProblem> {
    let Some([Value::Text(dataset), Value::Int(seed)]) = heap.elements(key) else {
        return Err(FormatProblem::content(
            "a training under a data set and a seed",
            key.kind(heap),
        ));
    };
    let dataset = Dataset::of(dataset)
        .ok_or_else(|| FormatProblem::content("a known data set", format!("`{}`", &**dataset)))?;
    let seed = u32::try_from(*seed)
        .map_err(|_| FormatProblem::content("a seed from 0 to 2^32 - 1", seed.to_string()))?;
    // A training that is listed, but was not kept.
    if matches!(result, Value::None) {
        return Ok(None);
    }
    let epochs = field(heap, result, "epochs")?
        .as_i64()
        .and_then(|epochs| u32::try_from(epochs).ok())
        .filter(|&epochs| (1..=100_000).contains(&epochs))
        .ok_or_else(|| wrong(heap, result, "epochs", "a number of epochs"))?;
    let last = i64::from(epochs) - 1;
    let of_epoch = |name: &str| {
        let curve = heap.get(result, name)?;
        finite(heap.get_int(curve, last)?)
    };
    let of_split = |name: &str, split: &str| {
        let curve = heap.get(result, name)?;
        finite(heap.get(curve, &format!("{split}@{last}"))?)
    };
    let train_time = heap
        .get(result, "train_times")
        .and_then(|times| sum_of_epochs(heap, times, epochs));
    let latencies: Vec<f64> = heap
        .get(result, "latency")
        .and_then(|values| heap.flat(values, MAX_LATENCIES))
        .unwrap_or_default()
        .iter()
        .filter_map(finite)
        .collect();
    Ok(Some(Training {
        dataset,
        seed,
        epochs,
        params: heap.get(result, "params").and_then(finite),
        flops: heap.get(result, "flop").and_then(finite),
        latency: mean(&latencies),
        train: Point {
            accuracy: of_epoch("train_acc1es"),
            loss: of_epoch("train_losses"),
            time: of_epoch("train_times"),
        },
        train_time,
        evaluations: dataset
            .splits()
            .iter()
            .map(|split| Point {
                accuracy: of_split("eval_acc1es", split),
                loss: of_split("eval_losses", split),
                time: of_split("eval_times", split),
            })
            .collect(),
    }))
}

/// The sum over all epochs in their order; none when one is missing.
fn sum_of_epochs(heap: &Heap, curve: &Value, epochs: u32) -> Option<f64> {
    // In one pass, since a search for each epoch would look at all others.
    let mut values = vec![None; epochs as usize];
    for [epoch, value] in heap.entries(curve)? {
        let place = epoch.as_i64().and_then(|epoch| usize::try_from(epoch).ok());
        if let Some(slot) = place.and_then(|place| values.get_mut(place)) {
            *slot = finite(value);
        }
    }
    values.into_iter().sum()
}

impl Training {
    /// The seconds that the official simulation charges for one query: all epochs and one pass over the validation
    /// images; none without validation images.
    pub(crate) fn query_time(&self) -> Option<f64> {
        let validation = self.dataset.splits().iter().position(|s| *s == "x-valid")?;
        Some(self.train_time? + self.evaluations[validation].time?)
    }
}

fn finite(value: &Value) -> Option<f64> {
    value.as_f64().filter(|value| value.is_finite())
}

/// The mean, or nothing of nothing.
pub(crate) fn mean(values: &[f64]) -> Option<f64> {
    #[expect(
        clippy::cast_precision_loss,
        reason = "there are fewer than 2^53 values"
    )]
    let n = values.len() as f64;
    (!values.is_empty()).then(|| values.iter().sum::<f64>() / n)
}

fn entries<'a>(
    heap: &'a Heap,
    value: &Value,
    expected: &str,
) -> Result<&'a [[Value; 2]], FormatProblem> {
    heap.entries(value)
        .ok_or_else(|| FormatProblem::content(expected, value.kind(heap)))
}

fn field<'a>(heap: &'a Heap, mapping: &Value, name: &str) -> Result<&'a Value, FormatProblem> {
    heap.get(mapping, name)
        .ok_or_else(|| FormatProblem::content(format!("`{name}`"), "no such entry"))
}

fn wrong(heap: &Heap, mapping: &Value, name: &str, expected: &str) -> FormatProblem {
    let found = heap.get(mapping, name).map_or("nothing", |v| v.kind(heap));
    FormatProblem::content(format!("{expected} as `{name}`"), found)
}
