//! NAS-Bench-301: from the results of trainings to columns.
//!
//! `<run>` is `mean` or the number of the training in the order of the files (`run0`), `<n>` the epochs of the training;
//! `<n>of<m>` when `m` epochs were planned.
//!
//! | column | content | official name |
//! |---|---|---|
//! | `valid_<run>_<n>`, `test_<run>_<n>` | accuracy | `val_accuracy`, `test_accuracy` |
//! | `train_acc_<run>_<n>` | on the training images, augmented | `train_accuracy` |
//! | `valid_loss_…`, `train_loss_…` | cross entropy | `val_cross_entropy`, `train_cross_entropy` |
//! | `train_time_s_…` | seconds of the training with its evaluations: what a query is charged | `runtime` |
//! | `params` | trainable parameters | `model_parameters` |

pub(crate) mod results;
#[cfg(test)]
mod tests;

use indexmap::IndexMap;

use crate::nasbench301::results::{Network, Training};
use ganas_eval::{MetricMeaning, MetricRole};
use ganas_formats::FormatProblem;
use ganas_table::{Builder, FamilyId, Runs, SpilledMetric, Unit};

use crate::import::too_many_rows;

/// Repeats of a training.
const MAX_REPEATS: u32 = 32;
/// Numbers of epochs, planned and done.
const MAX_KINDS: usize = 16;

/// Takes the trainings.
pub(crate) struct Trainings<'b, 'a> {
    builder: &'b mut Builder<'a>,
    /// The rows by the text that the space writes.
    rows: IndexMap<String, u32>,
    network: Option<Network>,
    fixed: FamilyId,
    kinds: IndexMap<(u32, u32), (FamilyId, IndexMap<u32, u32>)>,
}

impl<'b, 'a> Trainings<'b, 'a> {
    pub(crate) fn new(builder: &'b mut Builder<'a>) -> Self {
        let params = metric("params", "", MetricRole::Cost, Unit::None);
        let fixed = builder.spill.family(vec![params], Runs::One);
        Self {
            builder,
            rows: IndexMap::new(),
            network: None,
            fixed,
            kinds: IndexMap::new(),
        }
    }

    /// Adds a training.
    pub(crate) fn add(&mut self, training: &Training) -> Result<(), FormatProblem> {
        let network = *self.network.get_or_insert(training.network);
        if network != training.network {
            let words = |n: Network| format!("{} layers of {} channels", n.layers, n.init_channels);
            return Err(FormatProblem::content(
                format!("{}, as in the first file", words(network)),
                words(training.network),
            ));
        }
        let space = self.builder.space();
        let arch = space
            .decode(&training.arch)
            .map_err(|source| FormatProblem::Arch {
                source: Box::new(source),
            })?;
        let text = space.encode(&arch);
        let row = match self.rows.get(&text) {
            Some(row) => *row,
            None => {
                let row = self.builder.row(&arch).map_err(too_many_rows)?;
                self.rows.insert(text, row);
                let spill = &mut self.builder.spill;
                crate::import::spill(spill, self.fixed, 0, row, &[training.params])?;
                row
            }
        };
        let kind = (training.epochs, training.budget);
        if !self.kinds.contains_key(&kind) {
            if self.kinds.len() >= MAX_KINDS {
                return Err(FormatProblem::TooMany {
                    what: "numbers of epochs",
                    limit: MAX_KINDS,
                });
            }
            let family = self
                .builder
                .spill
                .family(metrics(training.epochs, training.budget), Runs::Repeats);
            self.kinds.insert(kind, (family, IndexMap::new()));
        }
        let (family, repeats) = &mut self.kinds[&kind];
        let repeat = repeats.entry(row).or_insert(0);
        if *repeat >= MAX_REPEATS {
            return Err(FormatProblem::TooMany {
                what: "trainings of an architecture with the same epochs",
                limit: MAX_REPEATS as usize,
            });
        }
        let values = [
            training.seconds,
            training.validation_accuracy,
            training.test_accuracy,
            training.train_accuracy,
            training.validation_loss,
            training.train_loss,
        ];
        crate::import::spill(&mut self.builder.spill, *family, *repeat, row, &values)?;
        *repeat += 1;
        Ok(())
    }
}

fn metric(name: &str, after: &str, role: MetricRole, unit: Unit) -> SpilledMetric {
    SpilledMetric {
        name: name.to_owned(),
        after: after.to_owned(),
        unit,
        meaning: MetricMeaning::of_role(name, role),
        epochs: None,
        schedule_epochs: None,
        query_time: None,
    }
}

/// The metrics of a training; the first is what a query is charged.
fn metrics(epochs: u32, budget: u32) -> Vec<SpilledMetric> {
    let after = if epochs == budget {
        epochs.to_string()
    } else {
        format!("{epochs}of{budget}")
    };
    [
        ("train_time_s", MetricRole::Cost, Unit::Seconds),
        ("valid", MetricRole::Validation, Unit::Percent),
        ("test", MetricRole::Test, Unit::Percent),
        ("train_acc", MetricRole::Other, Unit::Percent),
        ("valid_loss", MetricRole::Validation, Unit::None),
        ("train_loss", MetricRole::Other, Unit::None),
    ]
    .map(|(name, role, unit)| SpilledMetric {
        epochs: Some(epochs),
        schedule_epochs: Some(budget),
        query_time: (role != MetricRole::Cost).then_some(0),
        ..metric(name, &after, role, unit)
    })
    .into()
}
