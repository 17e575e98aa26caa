//! NATS-Bench and NAS-Bench-201: from records to columns.
//!
//! Data sets are `cifar10`, `cifar100` and `imagenet16_120`; `cifar10_half` is CIFAR-10 trained on half of the training
//! images, whose other half is the validation set. `<run>` is `mean` or a seed (`seed777`), `<n>` the epochs of the
//! training.
//!
//! | column | content | official name |
//! |---|---|---|
//! | `cifar10_valid_<run>_<n>` | validation accuracy, trained on half | `x-valid` of `cifar10-valid` |
//! | `cifar10_valid_trained_test_<run>_<n>` | test accuracy, trained on half | `ori-test` of `cifar10-valid` |
//! | `cifar10_test_<run>_<n>` | test accuracy, trained on all | `ori-test` of `cifar10` |
//! | `cifar100_valid_<run>_<n>`, `cifar100_test_<run>_<n>` | validation and test accuracy | `x-valid`, `x-test` |
//! | `cifar100_heldout_acc_<run>_<n>` | accuracy on both together, not to be called test | `ori-test` |
//! | `…_loss_…`, `…_time_s_…` | loss, and seconds of one pass, of the same | |
//! | `…_train_acc_…`, `…_train_loss_…` | on the training images | `train` |
//! | `…_train_time_s_…` | seconds of all epochs | `train-all-time` |
//! | `…_query_time_s_…` | what the official simulation charges: all epochs and one validation pass | |
//! | `…_latency_s_…` | seconds of one batch | `latency` |
//! | `params_m_…`, `flops_m_…` | millions, of the first training in the record | `params`, `flops` |

pub(crate) mod archive;
pub(crate) mod record;
#[cfg(test)]
mod tests;

use indexmap::{IndexMap, IndexSet};

use self::record::{Dataset, Point, Record, Training};
use ganas_eval::{MetricMeaning, MetricRole};
use ganas_formats::FormatProblem;
use ganas_table::{Builder, FamilyId, Runs, SpilledMetric, Unit};

use crate::import::too_many_rows;

/// Data sets times training schedules.
const MAX_FAMILIES: usize = 32;

/// Takes the records of a file.
pub(crate) struct Records<'b, 'a> {
    builder: &'b mut Builder<'a>,
    /// The official indices seen, in the order of the rows.
    indices: IndexSet<u64>,
    costs: IndexMap<Dataset, FamilyId>,
    trainings: IndexMap<(Dataset, u32), FamilyId>,
}

impl<'b, 'a> Records<'b, 'a> {
    pub(crate) fn new(builder: &'b mut Builder<'a>) -> Self {
        let mut costs = IndexMap::new();
        for dataset in Dataset::ALL {
            // Both ways to train on CIFAR-10 train the same network.
            if dataset != Dataset::Cifar10Half {
                costs.insert(
                    dataset,
                    builder.spill.family(cost_metrics(dataset), Runs::One),
                );
            }
        }
        Self {
            builder,
            indices: IndexSet::new(),
            costs,
            trainings: IndexMap::new(),
        }
    }

    /// Adds a record.
    pub(crate) fn add(&mut self, record: &Record) -> Result<(), FormatProblem> {
        let space = self.builder.space();
        let arch = space
            .decode(&record.arch)
            .map_err(|source| FormatProblem::Arch {
                source: Box::new(source),
            })?;
        let published = space.enumeration().and_then(|list| list.index_of(&arch));
        let published = published.unwrap_or(record.index);
        if published != record.index {
            return Err(FormatProblem::content(
                format!("the index {published} of `{}`", record.arch),
                record.index.to_string(),
            ));
        }
        if !self.indices.insert(record.index) {
            return Err(FormatProblem::content(
                "one record for each architecture",
                format!("a second one of `{}`", record.arch),
            ));
        }
        let row = self.builder.row(&arch).map_err(too_many_rows)?;
        let mut counted = IndexSet::new();
        for training in &record.trainings {
            let network = match training.dataset {
                Dataset::Cifar10Half => Dataset::Cifar10,
                other => other,
            };
            if counted.insert(network) {
                let costs = [training.params, training.flops];
                self.spill(self.costs[&network], 0, row, &costs)?;
            }
            let family = self.family(training)?;
            self.spill(family, training.seed, row, &values(training))?;
        }
        Ok(())
    }

    fn family(&mut self, training: &Training) -> Result<FamilyId, FormatProblem> {
        let key = (training.dataset, training.epochs);
        if let Some(family) = self.trainings.get(&key) {
            return Ok(*family);
        }
        if self.trainings.len() >= MAX_FAMILIES {
            return Err(FormatProblem::TooMany {
                what: "kinds of training",
                limit: MAX_FAMILIES,
            });
        }
        let metrics = metrics(training.dataset, training.epochs);
        let family = self.builder.spill.family(metrics, Runs::Seeds);
        self.trainings.insert(key, family);
        Ok(family)
    }

    fn spill(
        &mut self,
        family: FamilyId,
        run: u32,
        row: u32,
        values: &[Option<f64>],
    ) -> Result<(), FormatProblem> {
        crate::import::spill(&mut self.builder.spill, family, run, row, values)
    }
}

/// The names of a data set: of the trainings, of the networks, and of each split.
fn names(dataset: Dataset) -> (&'static str, &'static str, &'static [&'static str]) {
    match dataset {
        Dataset::Cifar10Half => (
            "cifar10_half",
            "cifar10",
            &["cifar10_valid", "cifar10_valid_trained_test"],
        ),
        Dataset::Cifar10 => ("cifar10", "cifar10", &["cifar10_test"]),
        Dataset::Cifar100 => (
            "cifar100",
            "cifar100",
            &["cifar100_valid", "cifar100_test", "cifar100_heldout"],
        ),
        Dataset::ImageNet16 => (
            "imagenet16_120",
            "imagenet16_120",
            &[
                "imagenet16_120_valid",
                "imagenet16_120_test",
                "imagenet16_120_heldout",
            ],
        ),
    }
}

fn cost_metrics(dataset: Dataset) -> Vec<SpilledMetric> {
    let (_, network, _) = names(dataset);
    ["params_m", "flops_m"]
        .map(|quantity| SpilledMetric {
            name: format!("{quantity}_{network}"),
            after: String::new(),
            unit: Unit::Millions,
            meaning: MetricMeaning::of_role(quantity, MetricRole::Cost),
            epochs: None,
            schedule_epochs: None,
            query_time: None,
        })
        .into()
}

/// The metrics of a training, in the order of [`values`].
pub(crate) fn metrics(dataset: Dataset, epochs: u32) -> Vec<SpilledMetric> {
    let (trained, _, splits) = names(dataset);
    let has_query_time = dataset.splits().contains(&"x-valid");
    let metric = |name: String, role, unit| SpilledMetric {
        meaning: MetricMeaning::of_role(&name, role),
        name,
        after: epochs.to_string(),
        unit,
        epochs: Some(epochs),
        schedule_epochs: Some(epochs),
        query_time: (role != MetricRole::Cost && has_query_time).then_some(QUERY_TIME),
    };
    let cost = |name: String, unit| metric(name, MetricRole::Cost, unit);
    let mut metrics = vec![
        cost(format!("{trained}_query_time_s"), Unit::Seconds),
        cost(format!("{trained}_train_time_s"), Unit::Seconds),
        cost(format!("{trained}_latency_s"), Unit::Seconds),
        metric(
            format!("{trained}_train_acc"),
            MetricRole::Other,
            Unit::Percent,
        ),
        metric(
            format!("{trained}_train_loss"),
            MetricRole::Other,
            Unit::None,
        ),
    ];
    let mut roles = Vec::new();
    for (published, name) in dataset.splits().iter().zip(splits) {
        let (name, role) = match (*published, dataset) {
            ("x-valid", _) => ((*name).to_owned(), MetricRole::Validation),
            ("ori-test", Dataset::Cifar100 | Dataset::ImageNet16) => {
                (format!("{name}_acc"), MetricRole::Other)
            }
            _ => ((*name).to_owned(), MetricRole::Test),
        };
        metrics.push(metric(name, role, Unit::Percent));
        roles.push(role);
    }
    for (name, role) in splits.iter().zip(roles) {
        metrics.push(metric(format!("{name}_loss"), role, Unit::None));
        metrics.push(cost(format!("{name}_time_s"), Unit::Seconds));
    }
    metrics
}

/// The place of the query time in [`metrics`].
const QUERY_TIME: usize = 0;

fn values(training: &Training) -> Vec<Option<f64>> {
    let mut values = vec![
        training.query_time(),
        training.train_time,
        training.latency,
        training.train.accuracy,
        training.train.loss,
    ];
    values.extend(training.evaluations.iter().map(|point| point.accuracy));
    values.extend(
        training
            .evaluations
            .iter()
            .flat_map(|Point { loss, time, .. }| [*loss, *time]),
    );
    values
}
