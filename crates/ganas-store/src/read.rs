//! Reading what a run has recorded: trials, events, sessions.

use std::collections::BTreeMap;

use ganas_eval::{Direction, ReportMetric, SearchMetric, StoppedAt};
use ganas_search::{Event, TrialNumber, TrialState};
use ganas_space::ArchKey;
use rusqlite::{Connection, Row};

use crate::checksum::{ROUNDS, Running, SESSIONS, TRIALS};
use crate::error::Fault;
use crate::event_values::EventValues;
use crate::{RunId, RunSummary, StoreError, Study};

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
    /// The reported metric; `None` for a trial that failed or was stopped.
    pub report: Option<ReportMetric>,
    /// The measured value of each of several objectives; empty for a failed trial, and when there is one objective.
    pub objectives: Vec<f64>,
    /// By how much it misses bounds on what was measured, relative to them; 0 for what satisfies all of them.
    pub violation: f64,
    /// The search metric with each lower fidelity, the lowest first, when there are rungs.
    pub lower: Vec<f64>,
    /// How many higher fidelities it was not evaluated with.
    pub missing: u32,
}

impl TrialRow {
    /// Whether it can be the best: it satisfies all bounds, and was evaluated with the highest fidelity.
    #[must_use]
    pub fn is_eligible(&self) -> bool {
        self.violation <= 0.0 && self.missing == 0
    }
}

/// What a trial is beside its metrics.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Standing {
    pub(crate) violation: f64,
    pub(crate) missing: u32,
    pub(crate) lower: Vec<f64>,
}

impl Standing {
    /// The numbers that the checksum of a trial is over as well; nothing for what has no row.
    pub(crate) fn values(&self) -> Vec<f64> {
        if *self == Self::default() {
            return Vec::new();
        }
        let mut values = vec![self.violation, f64::from(self.missing)];
        values.extend(&self.lower);
        values
    }
}

/// The numbers that the checksum of a trial is over when it was stopped.
pub(crate) fn stop_values(stop: Option<StoppedAt>) -> Vec<f64> {
    stop.map_or_else(Vec::new, |StoppedAt { step, value }| {
        vec![f64::from(step), value]
    })
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
    /// [`StoreError::UnknownRun`], [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn trials(&self, run: RunId) -> Result<Vec<TrialRow>, StoreError> {
        let mut trials = Vec::new();
        self.read("read the trials", |tx| {
            self.each_trial(tx, &self.find_run(tx, run)?, |trial| {
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
    /// [`StoreError::UnknownRun`], [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn events(&self, run: RunId) -> Result<Vec<EventRow>, StoreError> {
        let mut events = Vec::new();
        self.read("read the events", |tx| {
            self.each_event(tx, &self.find_run(tx, run)?, |event| {
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
    /// [`StoreError::UnknownRun`], [`StoreError::Damaged`], [`StoreError::Database`].
    pub fn sessions(&self, run: RunId) -> Result<Vec<SessionRow>, StoreError> {
        self.read("read the sessions", |tx| {
            let summary = self.find_run(tx, run)?;
            let expected: u32 = tx
                .prepare_cached("SELECT sessions FROM runs WHERE run = ?1")?
                .query_row([run.0], |row| row.get(0))?;
            let sql = SESSIONS.select("WHERE run = ?1 ORDER BY session");
            let mut statement = tx.prepare_cached(&sql)?;
            let mut rows = statement.query([run.0])?;
            let mut sessions = Vec::new();
            while let Some(row) = rows.next()? {
                let what = || format!("session {} of {}", sessions.len(), summary.describe());
                self.verify(&SESSIONS, row, &[], what)?;
                sessions.push(SessionRow {
                    started_at: row.get(2)?,
                    version: row.get(3)?,
                    device: row.get(4)?,
                    pid: row.get(5)?,
                });
            }
            if u32::try_from(sessions.len()) != Ok(expected) {
                let reason = format!("{} sessions, expected {expected}", sessions.len());
                return Err(self.damaged(summary.describe(), reason).into());
            }
            Ok(sessions)
        })
    }

    pub(crate) fn each_trial(
        &self,
        connection: &Connection,
        run: &RunSummary,
        mut visit: impl FnMut(TrialRow) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let sql = TRIALS.select("WHERE run = ?1 ORDER BY number");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut objectives = self.objectives(connection, run)?;
        let mut standings = self.standings(connection, run)?;
        let mut stops = self.stops(connection, run)?;
        let mut rounds = self.rounds(connection, run, Part::Trials)?;
        let mut rows = statement.query([run.id.0])?;
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(1)?;
            let measured = objectives.remove(&number).unwrap_or_default();
            let standing = standings.remove(&number).unwrap_or_default();
            let stop = stops.remove(&number);
            let what = || format!("trial {number} of {}", run.describe());
            let beside = [&measured[..], &standing.values(), &stop_values(stop)].concat();
            let checksum = self.verify(&TRIALS, row, &beside, what)?;
            let trial = TrialRow {
                objectives: measured,
                violation: standing.violation,
                lower: standing.lower,
                missing: standing.missing,
                ..self.trial(what, run.spec.protocol.search_direction, row, stop)?
            };
            rounds.found(trial.round, |of_round| of_round.add(checksum));
            visit(trial)?;
        }
        let beside = objectives.keys().chain(standings.keys());
        if let Some(number) = beside.chain(stops.keys()).next() {
            let what = format!("trial {number} of {}", run.describe());
            return Err(self
                .damaged(what, "it has more than its row, which is missing")
                .into());
        }
        self.check_rounds(run, &rounds)
    }

    /// Where the trials of a run were stopped.
    fn stops(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<BTreeMap<u32, StoppedAt>, Fault> {
        let mut statement =
            connection.prepare_cached("SELECT number, step, value FROM stops WHERE run = ?1")?;
        let rows = statement.query_map([run.id.0], |row| {
            let (step, value) = (row.get(1)?, row.get(2)?);
            Ok((row.get(0)?, StoppedAt { step, value }))
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }

    /// What the trials of a run are beside their metrics.
    fn standings(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<BTreeMap<u32, Standing>, Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT number, violation, missing, lower FROM standings WHERE run = ?1",
        )?;
        let mut rows = statement.query([run.id.0])?;
        let mut all = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let number: u32 = row.get(0)?;
            let lower: String = row.get(3)?;
            let standing = Standing {
                violation: row.get(1)?,
                missing: row.get(2)?,
                lower: serde_json::from_str(&lower).map_err(|e| {
                    self.damaged(format!("trial {number} of {}", run.describe()), e)
                })?,
            };
            all.insert(number, standing);
        }
        Ok(all)
    }

    /// The objectives of each trial of a run.
    fn objectives(
        &self,
        connection: &Connection,
        run: &RunSummary,
    ) -> Result<BTreeMap<u32, Vec<f64>>, Fault> {
        let mut all: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        let mut statement = connection.prepare_cached(
            "SELECT number, position, measured FROM objectives WHERE run = ?1 ORDER BY number, position",
        )?;
        let mut rows = statement.query([run.id.0])?;
        while let Some(row) = rows.next()? {
            let (number, position): (u32, u32) = (row.get(0)?, row.get(1)?);
            let measured = all.entry(number).or_default();
            if u32::try_from(measured.len()) != Ok(position) {
                let what = format!("trial {number} of {}", run.describe());
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
        run: &RunSummary,
        mut visit: impl FnMut(EventRow) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut statement = connection.prepare_cached(
            "SELECT round, kind, measured, position FROM events WHERE run = ?1 ORDER BY round, position",
        )?;
        let mut rounds = self.rounds(connection, run, Part::Events)?;
        let mut rows = statement.query([run.id.0])?;
        while let Some(row) = rows.next()? {
            let (round, kind): (u32, String) = (row.get(0)?, row.get(1)?);
            let text: String = row.get(2)?;
            let values = [row.get_ref(3)?, row.get_ref(1)?, row.get_ref(2)?];
            rounds.found(round, |of_round| of_round.add_values(values));
            let EventValues(values) = serde_json::from_str(&text).map_err(|e| {
                let what = format!("event `{kind}` in round {round} of {}", run.describe());
                self.damaged(what, e)
            })?;
            visit(EventRow {
                round,
                event: Event { kind, values },
            })?;
        }
        self.check_rounds(run, &rounds)
    }

    fn trial(
        &self,
        what: impl Fn() -> String,
        direction: Direction,
        row: &Row<'_>,
        stop: Option<StoppedAt>,
    ) -> Result<TrialRow, Fault> {
        let key: String = row.get(4)?;
        let state = match (row.get(7)?, row.get(9)?, stop) {
            (Some(search), None, None) => {
                TrialState::Completed(SearchMetric::new(search, direction))
            }
            (None, Some(reason), None) => TrialState::Failed(reason),
            (None, None, Some(at)) => TrialState::Stopped(at),
            _ => {
                let reason =
                    "expected a search metric, a reason of failure, or where it was stopped";
                return Err(self.damaged(what(), reason).into());
            }
        };
        Ok(TrialRow {
            number: TrialNumber(row.get(1)?),
            round: row.get(2)?,
            arch: row.get(3)?,
            key: key.parse().map_err(|e| self.damaged(what(), e))?,
            repeat: row.get(5)?,
            state,
            report: row.get::<_, Option<f64>>(8)?.map(ReportMetric),
            objectives: Vec::new(),
            violation: 0.0,
            lower: Vec::new(),
            missing: 0,
        })
    }

    /// What the rounds of a run should have of its trials or events.
    fn rounds(
        &self,
        connection: &Connection,
        run: &RunSummary,
        part: Part,
    ) -> Result<Rounds, Fault> {
        let mut rounds = Rounds::default();
        if self.id().is_none() {
            return Ok(rounds);
        }
        let sql = ROUNDS.select("WHERE run = ?1 ORDER BY round");
        let mut statement = connection.prepare_cached(&sql)?;
        let mut rows = statement.query([run.id.0])?;
        let first = match part {
            Part::Trials => 2,
            Part::Events => 4,
        };
        while let Some(row) = rows.next()? {
            let round = rounds.expected.len();
            self.verify(&ROUNDS, row, &[], || {
                format!("round {round} of {}", run.describe())
            })?;
            rounds.expected.push(Running {
                n: row.get(first)?,
                crc: row.get(first + 1)?,
            });
        }
        if u32::try_from(rounds.expected.len()) != Ok(run.rounds) {
            let reason = format!("{} rounds, expected {}", rounds.expected.len(), run.rounds);
            return Err(self.damaged(run.describe(), reason).into());
        }
        Ok(rounds)
    }

    /// Fails when a round has other rows than were written.
    fn check_rounds(&self, run: &RunSummary, rounds: &Rounds) -> Result<(), Fault> {
        if self.id().is_none() {
            return Ok(());
        }
        let n = rounds.expected.len().max(rounds.found.len());
        for round in 0..n {
            let of = |all: &[Running]| all.get(round).copied().unwrap_or_default();
            let (expected, found) = (of(&rounds.expected), of(&rounds.found));
            if found != expected {
                let what = format!("round {round} of {}", run.describe());
                let reason = format!(
                    "{} rows with the checksum {:#010x}, expected {} with {:#010x}",
                    found.n, found.crc, expected.n, expected.crc
                );
                return Err(self.damaged(what, reason).into());
            }
        }
        Ok(())
    }
}

/// What a round has.
#[derive(Clone, Copy)]
enum Part {
    Trials,
    Events,
}

/// The rows of the rounds of a run.
#[derive(Default)]
struct Rounds {
    expected: Vec<Running>,
    found: Vec<Running>,
}

impl Rounds {
    /// A row of a round was read. One of a round that there is not is counted with the round after the last.
    fn found(&mut self, round: u32, add: impl FnOnce(&mut Running)) {
        let last = self.expected.len();
        let round = usize::try_from(round).map_or(last, |round| round.min(last));
        if self.found.len() <= round {
            self.found.resize(round + 1, Running::default());
        }
        add(&mut self.found[round]);
    }
}
