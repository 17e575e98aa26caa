//! Collections: evaluations for a table, kept one by one as they are finished.

use std::collections::BTreeMap;

use rusqlite::{Connection, Row};

use crate::checksum::EVALUATORS;
use crate::error::Fault;
use crate::outcomes::{Evaluation, EvaluationId, Evaluations};
use crate::study::Durability;
use crate::{EvaluatorSpec, OnExisting, StoreError, Study};

/// The right to add to the evaluations of one evaluator in one space, until another process claims it.
#[derive(Debug)]
pub struct Collection {
    evaluations: Evaluations,
    session: i64,
}

impl Study {
    /// Claims a collection, new or begun before. A study holds any number of them.
    ///
    /// The newest claim holds: an older one gets [`StoreError::CollectionConflict`].
    ///
    /// # Errors
    ///
    /// [`StoreError::CollectionExists`] for [`OnExisting::Refuse`]. [`StoreError::OtherCollections`] for
    /// [`OnExisting::Resume`] when the study has nothing of this evaluator, but something of others.
    /// [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn collect(
        &self,
        spec: &EvaluatorSpec,
        on_existing: OnExisting,
    ) -> Result<Collection, StoreError> {
        self.write(Durability::Promised, "begin a collection", |tx| {
            let id = self.find_evaluator(tx, spec)?;
            let evaluations = match id {
                None => 0,
                Some(id) => count(tx, id)?,
            };
            if evaluations > 0 && on_existing == OnExisting::Refuse {
                return Err(Fault::Store(StoreError::CollectionExists {
                    path: self.path().to_owned(),
                    evaluations,
                }));
            }
            if id.is_none() && on_existing != OnExisting::Refuse {
                self.refuse_others(tx, spec)?;
            }
            let id = self.evaluator(tx, spec)?;
            Ok(Collection {
                session: self.claim_collection(tx, id)?,
                evaluations: Evaluations::of(self, id),
            })
        })
    }

    /// A new session of a collection.
    fn claim_collection(&self, connection: &Connection, collection: i64) -> Result<i64, Fault> {
        let session = connection.query_row(
            "UPDATE evaluators SET session = session + 1 WHERE evaluator = ?1 RETURNING session",
            [collection],
            |row| row.get(0),
        )?;
        self.writing_id()?
            .reseal(connection, &EVALUATORS, collection)?;
        Ok(session)
    }

    /// Fails when there are collections, none of them the one that is to be resumed.
    fn refuse_others(&self, connection: &Connection, spec: &EvaluatorSpec) -> Result<(), Fault> {
        let mut statement =
            connection.prepare("SELECT space, description FROM evaluators ORDER BY evaluator")?;
        let describe = |row: &Row<'_>| -> rusqlite::Result<String> {
            Ok(format!(
                "{} by {}",
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?
            ))
        };
        let others: Vec<String> = statement
            .query_map([], describe)?
            .collect::<Result<_, _>>()?;
        if others.is_empty() {
            return Ok(());
        }
        Err(Fault::Store(StoreError::OtherCollections {
            path: self.path().to_owned(),
            asked: format!("{} by {}", spec.space, spec.description),
            found: others.join("; "),
        }))
    }
}

impl Collection {
    /// Everything that was kept.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn evaluations(&self) -> Result<BTreeMap<EvaluationId, Evaluation>, StoreError> {
        self.evaluations.all()
    }

    /// Keeps a finished evaluation, in place of one of the same architecture and seed.
    ///
    /// # Errors
    ///
    /// [`StoreError::CollectionConflict`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn keep(&self, evaluation: &Evaluation) -> Result<(), StoreError> {
        self.evaluations
            .keep_checked(evaluation, |tx| self.check(tx))
    }

    /// Forgets failed evaluations, so that they are made again; returns how many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError::CollectionConflict`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn forget_failures(&self) -> Result<usize, StoreError> {
        let durability = Durability::Promised;
        let study = self.evaluations.study();
        study.write(durability, "forget failed evaluations", |tx| {
            self.check(tx)?;
            Ok(tx.execute(
                "DELETE FROM outcomes WHERE evaluator = ?1 AND reason IS NOT NULL AND seed >= 0",
                [self.evaluations.evaluator()],
            )?)
        })
    }

    /// Fails when another process has claimed the collection.
    fn check(&self, connection: &Connection) -> Result<(), Fault> {
        let session: i64 = connection
            .prepare_cached("SELECT session FROM evaluators WHERE evaluator = ?1")?
            .query_row([self.evaluations.evaluator()], |row| row.get(0))?;
        if session == self.session {
            return Ok(());
        }
        Err(Fault::Store(StoreError::CollectionConflict {
            path: self.evaluations.study().path().to_owned(),
        }))
    }
}

/// How many evaluations an evaluator has made for tables: with seeds that were asked for.
fn count(connection: &Connection, evaluator: i64) -> rusqlite::Result<i64> {
    connection.query_row(
        "SELECT count(*) FROM outcomes WHERE evaluator = ?1 AND seed >= 0",
        [evaluator],
        |row| row.get(0),
    )
}
