//! The evaluator: answers queries.

use ganas_space::{Arch, ArchKey, SearchSpace};

use crate::{EvalError, Measurement, MetricPair};

/// One query.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The class of the architecture.
    pub key: ArchKey,
    /// The architecture.
    pub arch: &'a Arch,
}

impl<'a> Query<'a> {
    /// The query of an architecture of a space.
    #[must_use]
    pub fn new(space: &dyn SearchSpace, arch: &'a Arch) -> Self {
        Self {
            key: space.key(arch),
            arch,
        }
    }
}

/// Is told each result of a batch as soon as it is there, with the position of its query. An error ends the batch.
pub type Finished<'a> =
    dyn FnMut(usize, &Result<Measurement, EvalError>) -> Result<(), EvalError> + 'a;

/// Something that measures architectures: a table, a surrogate, a training script.
pub trait Evaluator: Send + Sync {
    /// What it measures.
    fn metric_pair(&self) -> &MetricPair;

    /// Measures one architecture.
    ///
    /// # Errors
    ///
    /// Why there is no measurement, for example [`EvalError::MissingArch`]. A search survives it.
    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError>;

    /// Whether [`evaluate_all`](Self::evaluate_all) does more than to evaluate one after another, so that a driver is to
    /// use it. A table answers faster than a batch is put together.
    fn takes_batches(&self) -> bool {
        false
    }

    /// Measures several architectures of different classes; the results are in the order of the queries.
    ///
    /// An evaluator that can do several at the same time does it here. `finished` is told the results in whatever order
    /// they come.
    ///
    /// # Errors
    ///
    /// What makes it pointless to go on, for example [`EvalError::Unusable`], or what `finished` returned.
    fn evaluate_all(
        &self,
        queries: &[Query<'_>],
        finished: &mut Finished<'_>,
    ) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
        let measure = |(index, query): (usize, &Query<'_>)| {
            let result = self.evaluate(*query);
            finished(index, &result).map(|()| result)
        };
        queries.iter().enumerate().map(measure).collect()
    }
}

/// Measures one architecture by an evaluator that takes batches: how it implements [`Evaluator::evaluate`].
///
/// # Errors
///
/// Those of the one result, and of [`Evaluator::evaluate_all`].
///
/// # Panics
///
/// When the evaluator returns another number of results than it has queries.
pub fn evaluate_as_batch(
    evaluator: &impl Evaluator,
    query: Query<'_>,
) -> Result<Measurement, EvalError> {
    let results = evaluator.evaluate_all(&[query], &mut |_, _| Ok(()))?;
    let mut results = results.into_iter();
    results.next().expect("invariant: one query has one result")
}

/// Asks `inner` for all of them, and changes each measurement, in what is told of the progress and in the results.
pub(crate) fn evaluate_all_changed(
    inner: &dyn Evaluator,
    queries: &[Query<'_>],
    finished: &mut Finished<'_>,
    change: impl Fn(&Arch, Measurement) -> Result<Measurement, EvalError>,
) -> Result<Vec<Result<Measurement, EvalError>>, EvalError> {
    let measured = inner.evaluate_all(queries, &mut |index, result| {
        // An error ends up in the results, which are told below; here only progress is.
        match result {
            Ok(measurement) => finished(index, &change(queries[index].arch, measurement.clone())),
            Err(_) => finished(index, result),
        }
    })?;
    let results = queries.iter().zip(measured);
    Ok(results
        .map(|(query, result)| change(query.arch, result?))
        .collect())
}
