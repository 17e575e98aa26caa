//! Reading what a run has recorded: trials, events, sessions.

use std::collections::BTreeMap;

use ganas_eval::{Direction, ReportMetric, SearchMetric};
use ganas_search::{Event, RunSpec, TrialNumber, TrialState};
use ganas_space::ArchKey;
use rusqlite::{Connection, Row};

use crate::error::Fault;
use crate::event_values::EventValues;
use crate::{RunId, StoreError, Study};

/// A recorded trial. The architecture is text, so that no search space is needed to read it.
#[derive(Clone, Debug, PartialEq)]
pub struct TrialRow {
    /// The number within the run.
    pub number: TrialNumber,
    /// The round in which it was proposed.
    pub round: u32,
    /// The architecture as text of its space.
    pub arch: String,
    /// Its class.
    pub key: ArchKey,
    /// Whether its class had been evaluated before in the run.
    pub repeat: bool,
    /// How it ended.
    pub state: TrialState,
    /// The reported metric; `None` for a failed trial.
    pub report: Option<ReportMetric>,
    /// The measured value of each of several objectives; empty for a failed trial, and when there is one objective.
    pub objectives: Vec<f64>,
}

/// A recorded event.
#[derive(Clone, Debug, PartialEq)]
pub struct EventRow {
    /// The round in which it was measured.
    pub round: u32,
    /// What was measured.
    pub event: Event,
}

/// One process that worked on a run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionRow {
    /// When it began, in Unix seconds.
    pub started_at: i64,
    /// The version of ganas.
    pub version: String,
    /// The device and the instruction set.
    pub device: String,
    /// Its process id.
    pub pid: u32,
}

impl Study {
    /// The trials of a run, in the order of proposal.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn trials(&self, run: RunId) -> Result<Vec<TrialRow>, StoreError> {
        let mut trials = Vec::new();
        self.read("read the trials", |tx| {
            self.each_trial(tx, run, |trial| {
                trials.push(trial);
                Ok(())
            })
        })?;
        Ok(trials)
    }

    /// The events of a run, in the order of measurement.
    ///
    /// # Errors
    ///
    /// [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn events(&self, run: RunId) -> Result<Vec<EventRow>, StoreError> {
        let mut events = Vec::new();
        self.read("read the events", |tx| {
            self.each_event(tx, run, |event| {
                events.push(event);
                Ok(())
            })
        })?;
        Ok(events)
    }

    /// The processes that worked on a run, in order; the last one owns it.
    ///
    /// # Errors
    ///
    /// [`StoreError::Database`].
    pub fn sessions(&self, run: RunId) -> Result<Vec<SessionRow>, StoreError> {
        self.read("read the sessions", |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT started_at, version, device, pid FROM sessions WHERE run = ?1 ORDER BY session",
            )?;
            let rows = statement.query_map([run.0], |row| {
                Ok(SessionRow {
                    started_at: row.get(0)?,
                    version: row.get(1)?,
                    device: row.get(2)?,
                    pid: row.get(3)?,
                })
            })?;
            Ok(rows.collect::<rusqlite::Result<Vec<SessionRow>>>()?)
        })
    }

    pub(crate) fn each_trial(
        &self,
        connection: &Connection,
        run: RunId,
        mut visit: impl FnMut(TrialRow) -> Result<(), StoreError>,
    ) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT number, round, arch, key, repeat, search, report, reason FROM trials
             WHERE run = ?1 ORDER BY number",
        )?;
        let direction = self.search_direction(connection, run)?;
        let mut objectives = self.objectives(connection, run)?;
        let mut rows = statement.query([run.0])?;
        while let Some(row) = rows.next()? {
            let mut trial = self.trial(run, direction, row)?;
            if let Some(measured) = objectives.remove(&trial.number.0) {
                trial.objectives = measured;
            }
            visit(trial)?;
        }
        Ok(())
    }

    /// Which values of the search metric of a run are better.
    fn search_direction(&self, connection: &Connection, run: RunId) -> Result<Direction, Fault> {
        let text: String = connection
            .prepare_cached("SELECT spec FROM runs WHERE run = ?1")?
            .query_row([run.0], |row| row.get(0))?;
        let spec: RunSpec = serde_json::from_str(&text)
            .map_err(|e| self.damaged(format!("the specification of run {run}"), e))?;
        Ok(spec.protocol.search_direction)
    }

    /// The objectives of each trial of a run.
    fn objectives(
        &self,
        connection: &Connection,
        run: RunId,
    ) -> Result<BTreeMap<u32, Vec<f64>>, Fault> {
        let mut all: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        // A study of an earlier version that cannot be written has no such table.
        if !connection.table_exists(None, "objectives")? {
            return Ok(all);
        }
        let mut statement = connection.prepare_cached(
            "SELECT number, position, measured FROM objectives WHERE run = ?1 ORDER BY number, position",
        )?;
        let mut rows = statement.query([run.0])?;
        while let Some(row) = rows.next()? {
            let (number, position): (u32, u32) = (row.get(0)?, row.get(1)?);
            let measured = all.entry(number).or_default();
            if u32::try_from(measured.len()) != Ok(position) {
                let what = format!("trial {number} of run {run}");
                let reason = format!("objective {} is missing", measured.len());
                return Err(self.damaged(what, reason).into());
            }
            measured.push(row.get(2)?);
        }
        Ok(all)
    }

    pub(crate) fn each_event(
        &self,
        connection: &Connection,
        run: RunId,
        mut visit: impl FnMut(EventRow) -> Result<(), StoreError>,
    ) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT round, kind, measured FROM events WHERE run = ?1 ORDER BY round, position",
        )?;
        let mut rows = statement.query([run.0])?;
        while let Some(row) = rows.next()? {
            let (round, kind): (u32, String) = (row.get(0)?, row.get(1)?);
            let text: String = row.get(2)?;
            let EventValues(values) = serde_json::from_str(&text).map_err(|e| {
                self.damaged(format!("event `{kind}` in round {round} of run {run}"), e)
            })?;
            visit(EventRow {
                round,
                event: Event { kind, values },
            })?;
        }
        Ok(())
    }

    fn trial(&self, run: RunId, direction: Direction, row: &Row<'_>) -> Result<TrialRow, Fault> {
        let number = row.get(0)?;
        let what = || format!("trial {number} of run {run}");
        let key: String = row.get(3)?;
        let state = match (row.get(5)?, row.get(7)?) {
            (Some(search), None) => TrialState::Completed(SearchMetric::new(search, direction)),
            (None, Some(reason)) => TrialState::Failed(reason),
            _ => {
                let reason = "expected either a search metric or a reason of failure";
                return Err(self.damaged(what(), reason).into());
            }
        };
        Ok(TrialRow {
            number: TrialNumber(number),
            round: row.get(1)?,
            arch: row.get(2)?,
            key: key.parse().map_err(|e| self.damaged(what(), e))?,
            repeat: row.get(4)?,
            state,
            report: row.get::<_, Option<f64>>(6)?.map(ReportMetric),
            objectives: Vec::new(),
        })
    }
}
