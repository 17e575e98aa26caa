//! NAS-Bench-101: from trainings to columns.
//!
//! | column | content |
//! |---|---|
//! | `params` | trainable parameters |
//! | `valid_mean_108`, `valid_run0_108` … `valid_run2_108` | validation accuracy (a fraction) after 108 epochs: mean and repeats |
//! | `test_…`, `train_acc_…` | the same on the test and on the training images |
//! | `train_time_s_…` | seconds of training |
//! | `valid_mean_54of108` … | the same half-way through a training of 108 epochs |
//!
//! The official interface charges the training time of each query, half-way or complete, and draws a repeat at random.

pub(crate) mod naslib;
pub(crate) mod records;
#[cfg(test)]
mod tests;

use indexmap::{IndexMap, IndexSet};

use self::records::{Cell, Evaluation, Training, arch_of};
use ganas_eval::{MetricMeaning, MetricRole};
use ganas_formats::FormatProblem;
use ganas_table::{Builder, FamilyId, Runs, SpilledMetric, Unit};

use crate::import::too_many_rows;

/// Repeats of a training; the published files have three.
const MAX_REPEATS: u8 = 16;
/// Kinds of training: budgets, each with the epoch of its half-way evaluation.
const MAX_KINDS: usize = 16;
/// The beginning of the names of spaces whose keys are the official hashes.
const HASHED_SPACES: &str = "nasbench101";

/// Takes trainings in any order.
pub(crate) struct Trainings<'b, 'a> {
    builder: &'b mut Builder<'a>,
    /// The rows by hash.
    rows: IndexSet<u128>,
    fixed: FamilyId,
    kinds: IndexMap<Kind, (FamilyId, Vec<u8>)>,
}

/// What a family of trainings has in common.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Kind {
    budget: u32,
    /// Bits of the epoch of the half-way evaluation.
    half: u64,
}

impl<'b, 'a> Trainings<'b, 'a> {
    pub(crate) fn new(builder: &'b mut Builder<'a>) -> Self {
        let params = SpilledMetric {
            name: "params".to_owned(),
            after: String::new(),
            unit: Unit::None,
            meaning: MetricMeaning::of_role("params", MetricRole::Cost),
            epochs: None,
            schedule_epochs: None,
            query_time: None,
        };
        let fixed = builder.spill.family(vec![params], Runs::One);
        Self {
            builder,
            rows: IndexSet::new(),
            fixed,
            kinds: IndexMap::new(),
        }
    }

    /// Adds a training.
    pub(crate) fn add(&mut self, cell: Cell<'_>, training: &Training) -> Result<(), FormatProblem> {
        let row = match self.rows.get_index_of(&training.hash) {
            Some(row) => u32::try_from(row).map_err(|_| too_many_cells())?,
            None => self.new_row(cell, training)?,
        };
        let [half, end] = training.evaluations;
        let kind = Kind {
            budget: training.budget,
            half: half.epoch.to_bits(),
        };
        if !self.kinds.contains_key(&kind) {
            if self.kinds.len() >= MAX_KINDS {
                return Err(FormatProblem::TooMany {
                    what: "budgets of epochs",
                    limit: MAX_KINDS,
                });
            }
            let family = self.builder.spill.family(metrics(training), Runs::Repeats);
            self.kinds.insert(kind, (family, Vec::new()));
        }
        let Some((family, repeats)) = self.kinds.get_mut(&kind) else {
            return Err(too_many_cells());
        };
        let index = row as usize;
        if repeats.len() <= index {
            repeats.resize(index + 1, 0);
        }
        let repeat = repeats[index];
        if repeat >= MAX_REPEATS {
            return Err(FormatProblem::TooMany {
                what: "trainings of a cell with the same budget",
                limit: MAX_REPEATS.into(),
            });
        }
        repeats[index] += 1;
        let mut values = [None; 8];
        for (slots, evaluation) in values.chunks_mut(4).zip([end, half]) {
            slots.copy_from_slice(&measured(&evaluation));
        }
        let family = *family;
        self.spill(family, repeat.into(), row, &values)
    }

    fn new_row(&mut self, cell: Cell<'_>, training: &Training) -> Result<u32, FormatProblem> {
        let arch = arch_of(self.builder.space(), cell)?;
        let row = self.builder.row(&arch).map_err(too_many_rows)?;
        let key = self.builder.key(row);
        if self.builder.space().name().starts_with(HASHED_SPACES) && key.0 != training.hash {
            return Err(FormatProblem::Hash {
                arch: self.builder.space().encode(&arch),
                expected: format!("{:032x}", training.hash),
                found: key.to_string(),
            });
        }
        self.rows.insert(training.hash);
        self.spill(self.fixed, 0, row, &[Some(training.params)])?;
        Ok(row)
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

/// In the order of [`metrics`].
fn measured(evaluation: &Evaluation) -> [Option<f64>; 4] {
    [
        evaluation.validation_accuracy,
        evaluation.test_accuracy,
        evaluation.train_accuracy,
        evaluation.training_time,
    ]
    .map(|value| value.is_finite().then_some(value))
}

fn metrics(training: &Training) -> Vec<SpilledMetric> {
    let budget = training.budget;
    let half = training.evaluations[0].epoch;
    let end = (budget.to_string(), Some(budget));
    let whole = epochs(half);
    let half = (format!("{half}of{budget}"), whole);
    [end, half]
        .into_iter()
        .zip([3, 7])
        .flat_map(|((after, epochs), query_time)| {
            [
                ("valid", MetricRole::Validation, Unit::None),
                ("test", MetricRole::Test, Unit::None),
                ("train_acc", MetricRole::Other, Unit::None),
                ("train_time_s", MetricRole::Cost, Unit::Seconds),
            ]
            .map(move |(name, role, unit)| SpilledMetric {
                name: name.to_owned(),
                after: after.clone(),
                unit,
                meaning: MetricMeaning::of_role(name, role),
                epochs,
                schedule_epochs: Some(budget),
                query_time: (role != MetricRole::Cost).then_some(query_time),
            })
        })
        .collect()
}

/// The epoch as a number of epochs, when it is one.
fn epochs(epoch: f64) -> Option<u32> {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "it is a whole number within the range of u32"
    )]
    (epoch.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&epoch)).then_some(epoch as u32)
}

fn too_many_cells() -> FormatProblem {
    FormatProblem::TooMany {
        what: "cells",
        limit: u32::MAX as usize,
    }
}
