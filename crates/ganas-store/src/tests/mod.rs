//! The study with real runs: random search on NAS-Bench-201 with a made-up evaluator.

mod beginning;
mod bit_flips;
mod collecting;
mod concurrency;
mod durability;
mod export_schema;
mod exporting;
mod extending;
mod formats;
mod killing;
mod large;
mod measured;
mod opening;
mod remembered;
mod resuming;
mod reusing;
mod sidecars;
mod stopping;
mod taken_away;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use ganas_eval::{
    EvalError, Evaluator, Fidelity, Measurement, MetricPair, Query, ReportMetric, SearchMetric,
    SelectionKind,
};
use ganas_search::{
    Budget, Event, Observer, Pace, Proposal, RandomSearch, ResumePoint, Run, RunOutcome, RunSpec,
    SearchError, Searcher, StopFlag, Trial,
};
use ganas_space::{Arch, SearchSpace, by_name};

use crate::checksum::{CHECKPOINTS, RUNS};
use crate::spec_hash::sha256;
use crate::state::StoredState;
use crate::{
    Begun, EvaluatorSpec, Export, ExportFormat, OnExisting, RunFilter, RunId, Session, StoreError,
    Study,
};

/// A made-up measurement of each class; some fail.
struct MadeUp {
    space: Arc<dyn SearchSpace>,
    protocol: MetricPair,
}

impl MadeUp {
    fn new() -> Self {
        Self {
            space: space(),
            protocol: protocol(),
        }
    }
}

impl Evaluator for MadeUp {
    fn metric_pair(&self) -> &MetricPair {
        &self.protocol
    }

    fn evaluate(&self, query: Query<'_>) -> Result<Measurement, EvalError> {
        let n = u32::try_from(query.key.0.wrapping_mul(7919) % 10_007).unwrap();
        if n.is_multiple_of(17) {
            return Err(EvalError::MissingArch {
                arch: self.space.encode(query.arch),
            });
        }
        Ok(Measurement {
            search: SearchMetric::maximized(f64::from(n) / 3.0),
            report: ReportMetric(f64::from(n % 1000) / 7.0),
            objectives: Vec::new(),
            violation: 0.0,
        })
    }
}

/// Random search that also measures itself, so that there are events to record.
#[derive(Debug)]
struct Measured {
    inner: RandomSearch,
    told: u32,
}

impl Searcher for Measured {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn ask(&mut self, limit: usize) -> Result<Vec<Proposal>, SearchError> {
        self.inner.ask(limit.min(4))
    }

    fn learn(&mut self, known: &[Trial]) -> Result<(), SearchError> {
        self.inner.learn(known)
    }

    fn enqueue(&mut self, first: &[Proposal]) {
        self.inner.enqueue(first);
    }

    fn tell(&mut self, trials: &[Trial]) -> Result<(), SearchError> {
        self.told += u32::try_from(trials.len()).unwrap();
        self.inner.tell(trials)
    }

    fn take_events(&mut self) -> Vec<Event> {
        let event = |kind: &str, value| Event {
            kind: kind.into(),
            values: vec![("told".into(), value), ("again".into(), value / 3.0)],
        };
        vec![
            event("told", f64::from(self.told)),
            event("another", f64::NAN),
        ]
    }

    fn checkpoint(&self) -> Result<Vec<u8>, SearchError> {
        self.inner.checkpoint()
    }

    fn restore(
        &mut self,
        checkpoint: &[u8],
        trials: &[Trial],
        pending: &[Proposal],
    ) -> Result<(), SearchError> {
        self.told = u32::try_from(trials.len()).unwrap();
        self.inner.restore(checkpoint, trials, pending)
    }
}

fn space() -> Arc<dyn SearchSpace> {
    by_name("nasbench201").unwrap()
}

fn protocol() -> MetricPair {
    MetricPair {
        search_epochs: Some(12),
        ..MetricPair::maximized("valid", "test", SelectionKind::ValidationSelected)
    }
}

fn spec(seed: u64) -> RunSpec {
    RunSpec {
        version: "0.1.0".into(),
        space: "nasbench201".into(),
        table_sha256: "ab".repeat(32),
        protocol: protocol(),
        algorithm: "random".into(),
        config: r#"{"per_ask":4}"#.into(),
        fidelity: Fidelity::new(),
        rungs: None,
        stop_below: None,
        pace: Pace::Rounds,
        budget: Budget::unique(30).unwrap(),
        device: "cpu-f32 x86_64 avx2 fma".into(),
        seed,
        objectives: None,
    }
}

fn session() -> Session {
    Session {
        started_at: 1_700_000_000,
        pid: 42,
        host: "host".into(),
    }
}

/// Who evaluates in these tests.
fn evaluator_spec() -> EvaluatorSpec {
    EvaluatorSpec {
        space: "nasbench201".into(),
        identity: "ab".repeat(32),
        fidelity: Fidelity::new(),
        description: "made up".into(),
    }
}

/// A study in a directory of its own.
struct Place {
    directory: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    fn path(&self) -> PathBuf {
        self.directory.path().join("study.db")
    }

    fn study(&self) -> Study {
        Study::create_or_open(self.path()).unwrap()
    }
}

/// Copies the files of a study as they are now: what a killed process leaves behind.
fn copy_study(from: &Path, to: &Path) {
    for suffix in ["", "-wal"] {
        let named = |path: &Path| {
            let mut name = path.as_os_str().to_owned();
            name.push(suffix);
            PathBuf::from(name)
        };
        if named(from).exists() {
            std::fs::copy(named(from), named(to)).unwrap();
        }
    }
}

/// The tables that format 3 has more than format 2.
const OF_FORMAT_3: [&str; 8] = [
    "circumstances",
    "outcomes",
    "sources",
    "evaluators",
    "proposals",
    "endings",
    "standings",
    "activity",
];

/// Makes a closed study into one of format 3, whose rows have the key and the text of their class.
fn downgrade_to_3(path: &Path) {
    let raw = rusqlite::Connection::open(path).unwrap();
    crate::schema::add_views(&raw, crate::schema::FORMAT).unwrap();
    for (table, rows) in [
        ("trials", "trial_rows"),
        ("proposals", "proposal_rows"),
        ("outcomes", "outcome_rows"),
        ("circumstances", "circumstance_rows"),
    ] {
        raw.execute_batch(&format!(
            "CREATE TEMP TABLE old_{table} AS SELECT * FROM {rows}"
        ))
        .unwrap();
    }
    raw.execute_batch(
        "DROP VIEW trial_rows; DROP VIEW proposal_rows; DROP VIEW outcome_rows; DROP VIEW circumstance_rows;
         DROP VIEW curve_rows; DROP TABLE trials; DROP TABLE proposals; DROP TABLE outcomes; DROP TABLE circumstances;
         DROP TABLE curves; DROP TABLE stops; DROP TABLE classes;
         CREATE TABLE trials (
             run INTEGER NOT NULL REFERENCES runs, number INTEGER NOT NULL, round INTEGER NOT NULL,
             arch TEXT NOT NULL, key TEXT NOT NULL, repeat INTEGER NOT NULL CHECK (repeat IN (0, 1)),
             state TEXT NOT NULL CHECK (state IN ('completed', 'failed')),
             search REAL CHECK ((search IS NOT NULL) = (state = 'completed')),
             report REAL CHECK ((report IS NOT NULL) = (state = 'completed')),
             reason TEXT CHECK ((reason IS NOT NULL) = (state = 'failed')), checksum INTEGER,
             PRIMARY KEY (run, number)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE proposals (
             run INTEGER NOT NULL REFERENCES runs, number INTEGER NOT NULL, arch TEXT NOT NULL, key TEXT NOT NULL,
             checksum INTEGER NOT NULL, PRIMARY KEY (run, number)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE outcomes (
             evaluator INTEGER NOT NULL REFERENCES evaluators, key TEXT NOT NULL, seed INTEGER NOT NULL, arch TEXT,
             run INTEGER, metrics TEXT, reason TEXT, cost TEXT NOT NULL, artifact TEXT, attempts INTEGER NOT NULL,
             timed INTEGER NOT NULL, checksum INTEGER NOT NULL, CHECK ((metrics IS NULL) = (reason IS NOT NULL)),
             PRIMARY KEY (evaluator, key, seed)
         ) STRICT, WITHOUT ROWID;
         CREATE INDEX outcomes_by_run ON outcomes (run);
         CREATE TABLE circumstances (
             evaluator INTEGER NOT NULL REFERENCES evaluators, key TEXT NOT NULL, seed INTEGER NOT NULL,
             host TEXT NOT NULL, worker INTEGER NOT NULL, queued REAL NOT NULL, started REAL NOT NULL,
             ended REAL NOT NULL, log TEXT NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (evaluator, key, seed)
         ) STRICT, WITHOUT ROWID;
         INSERT INTO trials SELECT run, number, round, arch, key, repeat, state, search, report, reason, checksum
             FROM old_trials;
         INSERT INTO proposals SELECT run, number, arch, key, checksum FROM old_proposals;
         INSERT INTO outcomes SELECT evaluator, key, seed, arch, run, metrics, reason, cost, artifact, attempts,
             timed, checksum FROM old_outcomes;
         INSERT INTO circumstances SELECT evaluator, key, seed, host, worker, queued, started, ended, log, checksum
             FROM old_circumstances;
         PRAGMA user_version = 3",
    )
    .unwrap();
}

/// Makes a closed study into one of format 2, which kept evaluations of unfinished rounds and of tables only.
fn downgrade_to_2(path: &Path) {
    downgrade_to_3(path);
    let raw = rusqlite::Connection::open(path).unwrap();
    for table in OF_FORMAT_3 {
        raw.execute_batch(&format!("DROP TABLE {table}")).unwrap();
    }
    raw.execute_batch(
        "CREATE TABLE unfinished (
             run INTEGER NOT NULL REFERENCES runs, key TEXT NOT NULL, search REAL, report REAL, reason TEXT,
             further TEXT, checksum INTEGER, PRIMARY KEY (run, key)
         ) STRICT, WITHOUT ROWID;
         CREATE TABLE collections (
             collection INTEGER PRIMARY KEY, space TEXT NOT NULL, evaluator TEXT NOT NULL,
             description TEXT NOT NULL, session INTEGER NOT NULL, checksum INTEGER, UNIQUE (space, evaluator)
         ) STRICT;
         CREATE TABLE evaluations (
             collection INTEGER NOT NULL REFERENCES collections, key TEXT NOT NULL, seed INTEGER NOT NULL,
             metrics TEXT, reason TEXT, checksum INTEGER, PRIMARY KEY (collection, key, seed)
         ) STRICT, WITHOUT ROWID;
         PRAGMA user_version = 2",
    )
    .unwrap();
    name_as_before(&raw);
}

/// Gives the runs the names of before, of which the budget was a part, and searchers their checkpoints alone.
fn name_as_before(raw: &rusqlite::Connection) {
    let pairs = |sql: &str| -> Vec<(i64, rusqlite::types::Value)> {
        let mut statement = raw.prepare(sql).unwrap();
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.unwrap().map(Result::unwrap).collect()
    };
    for (run, spec) in pairs("SELECT run, spec FROM runs") {
        let rusqlite::types::Value::Text(spec) = spec else {
            panic!("a spec is text");
        };
        let mut experiment: serde_json::Value = serde_json::from_str(&spec).unwrap();
        for name in ["version", "device", "seed"] {
            experiment.as_object_mut().unwrap().remove(name);
        }
        raw.execute(
            "UPDATE runs SET name = ?2, experiment = ?3 WHERE run = ?1",
            (
                run,
                &sha256(spec.as_bytes())[..16],
                sha256(experiment.to_string().as_bytes()),
            ),
        )
        .unwrap();
    }
    for (run, state) in pairs("SELECT run, state FROM checkpoints") {
        let rusqlite::types::Value::Blob(state) = state else {
            panic!("a state is bytes");
        };
        let state = StoredState::decode(&state).unwrap().searcher;
        raw.execute(
            "UPDATE checkpoints SET sha256 = ?2, state = ?3 WHERE run = ?1",
            (run, sha256(&state), state),
        )
        .unwrap();
    }
    let id = crate::mark::Mark::read(raw).unwrap().unwrap().id;
    for table in [&RUNS, &CHECKPOINTS] {
        id.seal_all(raw, table, |_| Ok(Vec::new()))
            .map_err(drop)
            .unwrap();
    }
}

/// An export in JSON without the names of runs, which are others in studies of earlier formats.
fn nameless(export: &str) -> Vec<serde_json::Value> {
    let without_names = |line: &str| {
        let mut line: serde_json::Value = serde_json::from_str(line).unwrap();
        let fields = line.as_object_mut().unwrap();
        fields.remove("run");
        fields.remove("experiment");
        line
    };
    export.lines().map(without_names).collect()
}

/// Makes a closed study into one of format 1, which had neither checksums nor a mark; `more` is done to it as well.
fn downgrade(path: &Path, more: &str) {
    downgrade_to_2(path);
    let raw = rusqlite::Connection::open(path).unwrap();
    raw.execute_batch("DROP TABLE study; DROP TABLE rounds")
        .unwrap();
    for table in [
        "runs",
        "sessions",
        "trials",
        "checkpoints",
        "unfinished",
        "collections",
        "evaluations",
    ] {
        raw.execute_batch(&format!("ALTER TABLE {table} DROP COLUMN checksum"))
            .unwrap();
    }
    raw.execute_batch(
        "ALTER TABLE runs DROP COLUMN sessions; ALTER TABLE runs DROP COLUMN unchecked_rounds;
         PRAGMA user_version = 1",
    )
    .unwrap();
    raw.execute_batch(more).unwrap();
}

fn begin(study: &Study, spec: &RunSpec, on_existing: OnExisting) -> Result<Begun, StoreError> {
    study.begin(spec, on_existing, &*space(), session())
}

/// Searches as a process would: begins or resumes the run, and drives it to its end or until the flag is set.
fn search(
    study: &Study,
    spec: &RunSpec,
    on_existing: OnExisting,
    more: &mut [&mut dyn Observer],
    stop: &StopFlag,
) -> Result<RunOutcome, SearchError> {
    let (claim, resume) = match begin(study, spec, on_existing).unwrap() {
        Begun::Fresh(claim) => (claim, None),
        Begun::Resume(claim, point) => (claim, Some(point)),
        Begun::Finished(run) => panic!("run {run} has ended"),
    };
    let mut writer = claim.writer(space(), || Duration::from_millis(250));
    let mut observers: Vec<&mut dyn Observer> = vec![&mut writer];
    for observer in more {
        observers.push(*observer);
    }
    drive(spec, resume, &mut observers, stop)
}

fn drive(
    spec: &RunSpec,
    resume: Option<ResumePoint>,
    observers: &mut [&mut dyn Observer],
    stop: &StopFlag,
) -> Result<RunOutcome, SearchError> {
    let mut searcher = Measured {
        inner: RandomSearch::new(space(), spec.seed),
        told: 0,
    };
    let (space, evaluator) = (space(), MadeUp::new());
    let mut run = Run::new(&*space, &mut searcher, &evaluator, spec.budget)
        .pace(spec.pace)
        .resume(resume)
        .stop(stop);
    for observer in observers {
        run = run.observe(&mut **observer);
    }
    run.run()
}

/// Runs to the end without interruption.
fn finish(study: &Study, spec: &RunSpec) {
    search(
        study,
        spec,
        OnExisting::Refuse,
        &mut [],
        &StopFlag::default(),
    )
    .unwrap();
}

fn resume(study: &Study, spec: &RunSpec) {
    search(
        study,
        spec,
        OnExisting::Resume,
        &mut [],
        &StopFlag::default(),
    )
    .unwrap();
}

/// Runs until so many rounds are done.
fn interrupt(study: &Study, spec: &RunSpec, rounds: u32) {
    let stop = StopFlag::default();
    let mut stopper = Each(|round| {
        if round + 1 == rounds {
            stop.stop();
        }
    });
    search(study, spec, OnExisting::Refuse, &mut [&mut stopper], &stop).unwrap();
}

/// Does something after each round.
struct Each<F>(F);

impl<F: FnMut(u32)> Observer for Each<F> {
    fn name(&self) -> &'static str {
        "each"
    }

    fn on_round(
        &mut self,
        round: &ganas_search::RoundReport<'_>,
    ) -> Result<(), ganas_search::ObserverError> {
        (self.0)(round.round);
        Ok(())
    }

    fn on_finish(&mut self, _outcome: &RunOutcome) -> Result<(), ganas_search::ObserverError> {
        Ok(())
    }
}

fn export(study: &Study, format: ExportFormat) -> String {
    let mut bytes = Vec::new();
    study.export(&mut bytes, &Export::new(format)).unwrap();
    String::from_utf8(bytes).unwrap()
}

fn json_lines(study: &Study) -> String {
    export(study, ExportFormat::JsonLines)
}

fn the_run(study: &Study) -> RunId {
    let runs = study.runs().unwrap();
    assert_eq!(runs.len(), 1);
    runs[0].id
}
