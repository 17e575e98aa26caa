//! Collections: evaluations for a table, kept one by one as they are finished.

use std::collections::BTreeMap;

use ganas_space::ArchKey;
use rusqlite::types::Value;
use rusqlite::{Connection, Row};

use crate::checksum::{COLLECTIONS, EVALUATIONS};
use crate::error::Fault;
use crate::study::Durability;
use crate::{OnExisting, StoreError, Study};

/// All metrics of an evaluation by name, or why there are none.
pub type Collected = Result<BTreeMap<String, f64>, String>;

/// What is evaluated: an architecture, and the seed that the evaluator is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EvaluationId {
    /// The class of the architecture.
    pub key: ArchKey,
    /// The seed.
    pub seed: u32,
}

/// What a collection holds evaluations of, and by whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectionSpec {
    /// The name of the search space.
    pub space: String,
    /// The sha256 of what the evaluator is.
    pub evaluator: String,
    /// The evaluator, for people.
    pub description: String,
}

/// The right to add to the evaluations of one evaluator in one space, until another process claims it.
#[derive(Debug)]
pub struct Collection {
    study: Study,
    id: i64,
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
        spec: &CollectionSpec,
        on_existing: OnExisting,
    ) -> Result<Collection, StoreError> {
        self.write(Durability::Promised, "begin a collection", |tx| {
            let (id, session) = match (self.find(tx, spec)?, on_existing) {
                (Some((_, evaluations @ 1..)), OnExisting::Refuse) => {
                    return Err(Fault::Store(StoreError::CollectionExists {
                        path: self.path().to_owned(),
                        evaluations,
                    }));
                }
                (Some((id, _)), _) => (id, self.claim_collection(tx, id)?),
                (None, _) => {
                    if on_existing == OnExisting::Resume {
                        self.refuse_others(tx, spec)?;
                    }
                    (self.insert_collection(tx, spec)?, 1)
                }
            };
            Ok(Collection {
                study: self.clone(),
                id,
                session,
            })
        })
    }

    /// The collection of an evaluator, and how many evaluations it has.
    fn find(
        &self,
        connection: &Connection,
        spec: &CollectionSpec,
    ) -> Result<Option<(i64, i64)>, Fault> {
        let sql = COLLECTIONS.select("WHERE space = ?1 AND evaluator = ?2");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query((&spec.space, &spec.evaluator))?;
        let Some(row) = rows.next()? else {
            return Ok(None);
        };
        self.verify(&COLLECTIONS, row, &[], || {
            format!("the evaluations of {}", spec.space)
        })?;
        let collection: i64 = row.get(0)?;
        let evaluations = connection.query_row(
            "SELECT count(*) FROM evaluations WHERE collection = ?1",
            [collection],
            |row| row.get(0),
        )?;
        Ok(Some((collection, evaluations)))
    }

    fn insert_collection(
        &self,
        connection: &Connection,
        spec: &CollectionSpec,
    ) -> Result<i64, Fault> {
        let number: i64 = connection.query_row(
            "SELECT coalesce(max(collection), 0) + 1 FROM collections",
            [],
            |row| row.get(0),
        )?;
        let values = [
            Value::Integer(number),
            Value::Text(spec.space.clone()),
            Value::Text(spec.evaluator.clone()),
            Value::Text(spec.description.clone()),
            Value::Integer(1),
        ];
        let mut statement = COLLECTIONS.insert(connection)?;
        let id = self.writing_id()?;
        id.insert(&COLLECTIONS, &mut statement, &values, &[])?;
        Ok(number)
    }

    /// A new session of a collection.
    fn claim_collection(&self, connection: &Connection, collection: i64) -> Result<i64, Fault> {
        let session = connection.query_row(
            "UPDATE collections SET session = session + 1 WHERE collection = ?1 RETURNING session",
            [collection],
            |row| row.get(0),
        )?;
        self.writing_id()?
            .reseal(connection, &COLLECTIONS, collection)?;
        Ok(session)
    }

    /// Fails when there are collections, none of them the one that is to be resumed.
    fn refuse_others(&self, connection: &Connection, spec: &CollectionSpec) -> Result<(), Fault> {
        let mut statement =
            connection.prepare("SELECT space, description FROM collections ORDER BY collection")?;
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
    pub fn evaluations(&self) -> Result<BTreeMap<EvaluationId, Collected>, StoreError> {
        self.study.read("read the evaluations", |tx| {
            let mut statement = tx.prepare(&EVALUATIONS.select("WHERE collection = ?1"))?;
            let mut rows = statement.query([self.id])?;
            let mut known = BTreeMap::new();
            while let Some(row) = rows.next()? {
                let (id, collected) = self.evaluation(row)?;
                known.insert(id, collected);
            }
            Ok(known)
        })
    }

    fn evaluation(&self, row: &Row<'_>) -> Result<(EvaluationId, Collected), Fault> {
        let (key, seed): (String, i64) = (row.get(1)?, row.get(2)?);
        let what = || format!("the evaluation of {key} with seed {seed}");
        self.study.verify(&EVALUATIONS, row, &[], what)?;
        let damaged = |reason: String| self.study.damaged(what(), reason);
        let id = EvaluationId {
            key: key
                .parse()
                .map_err(|e: ganas_space::SpaceError| damaged(e.to_string()))?,
            seed: u32::try_from(seed).map_err(|e| damaged(e.to_string()))?,
        };
        let collected = match (row.get::<_, Option<String>>(3)?, row.get(4)?) {
            (Some(metrics), None) => {
                Ok(serde_json::from_str(&metrics).map_err(|e| damaged(e.to_string()))?)
            }
            (None, Some(reason)) => Err(reason),
            _ => {
                let reason = "it has neither metrics nor a reason".to_owned();
                return Err(damaged(reason).into());
            }
        };
        Ok((id, collected))
    }

    /// Keeps a finished evaluation, in place of one of the same architecture and seed.
    ///
    /// # Errors
    ///
    /// [`StoreError::CollectionConflict`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn keep(&self, id: EvaluationId, collected: &Collected) -> Result<(), StoreError> {
        let (metrics, reason) = match collected {
            Ok(metrics) => {
                let text = serde_json::to_string(metrics);
                let text = text.map_err(|source| StoreError::Encoding {
                    what: "the metrics of an evaluation",
                    source,
                })?;
                (Some(text), None)
            }
            Err(reason) => (None, Some(reason)),
        };
        let text = |text: Option<String>| text.map_or(Value::Null, Value::Text);
        let values = [
            Value::Integer(self.id),
            Value::Text(id.key.to_string()),
            Value::Integer(id.seed.into()),
            text(metrics),
            text(reason.cloned()),
        ];
        let durability = Durability::Promised;
        self.study.write(durability, "keep an evaluation", |tx| {
            self.check(tx)?;
            let mut statement = EVALUATIONS.replace(tx)?;
            let id = self.study.writing_id()?;
            id.insert(&EVALUATIONS, &mut statement, &values, &[])?;
            Ok(())
        })
    }

    /// Forgets failed evaluations, so that they are made again; returns how many those were.
    ///
    /// # Errors
    ///
    /// [`StoreError::CollectionConflict`], [`StoreError::Unwritable`], [`StoreError::Database`].
    pub fn forget_failures(&self) -> Result<usize, StoreError> {
        let durability = Durability::Promised;
        self.study
            .write(durability, "forget failed evaluations", |tx| {
                self.check(tx)?;
                Ok(tx.execute(
                    "DELETE FROM evaluations WHERE collection = ?1 AND reason IS NOT NULL",
                    [self.id],
                )?)
            })
    }

    /// Fails when another process has claimed the collection.
    fn check(&self, connection: &Connection) -> Result<(), Fault> {
        let session: i64 = connection
            .prepare_cached("SELECT session FROM collections WHERE collection = ?1")?
            .query_row([self.id], |row| row.get(0))?;
        if session == self.session {
            return Ok(());
        }
        Err(Fault::Store(StoreError::CollectionConflict {
            path: self.study.path().to_owned(),
        }))
    }
}

/// The first collection of a study that is read only.
#[cfg(test)]
pub(crate) fn of_reader(study: &Study) -> Collection {
    Collection {
        study: study.clone(),
        id: 1,
        session: 0,
    }
}
