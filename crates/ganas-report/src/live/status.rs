//! A study while it is being worked on, for people.

use std::fmt::Write as _;
use std::time::Duration;

use serde::Serialize;

use super::{LastFailure, ProcessActivity, WorkerActivity, WorkerLife, about};
use crate::escape::{escaped, shortened};
use crate::tables::{Align, TextTable, measurement};

/// A process that was not heard of for so long is not taken to be there any more.
const SILENCE: f64 = 60.0;

/// So many characters are shown of a text from elsewhere.
const LONGEST: usize = 400;

/// So many proposals are shown of each run.
const PROPOSALS: usize = 10;

/// So many failures are shown.
const FAILURES: usize = 5;

/// What a study holds, and who is at work on it. Times are Unix seconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StudyStatus {
    /// The file.
    pub study: String,
    /// Its runs.
    pub runs: Vec<RunStatus>,
    /// The processes that told what they are at.
    pub processes: Vec<ProcessStatus>,
}

/// How far a run is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RunStatus {
    /// Its name in every study and export.
    pub name: String,
    /// What is searched.
    pub space: String,
    /// The algorithm.
    pub algorithm: String,
    /// The seed.
    pub seed: u64,
    /// `running`, `interrupted`, `finished`, or `stopped` for one whose process is gone.
    pub status: String,
    /// Whether a process works on it now.
    pub is_running: bool,
    /// Why it ended, in words.
    pub stop: Option<String>,
    /// Who works on it.
    pub worked_on_by: Option<String>,
    /// Unique queries that are answered, failed ones included.
    pub evaluated: u32,
    /// Unique queries that it may have.
    pub budget: u32,
    /// Those that failed.
    pub failed: u32,
    /// The metric that is searched on.
    pub metric: String,
    /// The best so far.
    pub best: Option<BestSoFar>,
    /// The last evaluation that failed.
    pub last_failure: Option<FailedTrial>,
    /// What has been proposed and not evaluated, in the order of proposal.
    pub proposed: Vec<Proposed>,
}

/// The best evaluation of a run so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct BestSoFar {
    /// The number of the trial.
    pub number: u32,
    /// The metric that is searched on.
    pub search: f64,
}

/// An evaluation that failed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FailedTrial {
    /// The number of the trial.
    pub number: u32,
    /// As text.
    pub arch: String,
    /// Why.
    pub reason: String,
}

/// What has been proposed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Proposed {
    /// The number that the trial will have.
    pub number: u32,
    /// As text.
    pub arch: String,
}

/// What a process told of itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProcessStatus {
    /// What tells it from others.
    pub process: String,
    /// When it told.
    pub updated: f64,
    /// What it is at; nothing, when it told it in a way that this version does not know.
    pub activity: Option<ProcessActivity>,
}

impl ProcessStatus {
    /// What a process wrote into a study.
    #[must_use]
    pub fn read(process: &str, updated: f64, state: &str) -> Self {
        Self {
            process: process.to_owned(),
            updated,
            activity: serde_json::from_str(state).ok(),
        }
    }

    fn is_silent(&self, now: f64) -> bool {
        now - self.updated > SILENCE
    }

    /// A header, and a line for each worker.
    fn write(&self, text: &mut String, now: f64) {
        let Some(activity) = &self.activity else {
            let process = shortened(&self.process, LONGEST);
            let _ = writeln!(
                text,
                "\nprocess {process}: told in a way that this version does not know"
            );
            return;
        };
        let ProcessActivity {
            host,
            pid,
            waiting,
            workers,
        } = activity;
        let host = shortened(host, LONGEST);
        let told = ago(self.updated, now);
        if self.is_silent(now) {
            let _ = writeln!(
                text,
                "\nprocess {pid} on {host}: last heard of {told}; it was killed, or its machine is gone"
            );
            return;
        }
        let _ = writeln!(
            text,
            "\nprocess {pid} on {host}, {told}; waiting for a worker: {waiting}"
        );
        for worker in workers {
            write_worker(text, worker, now);
        }
    }
}

fn write_worker(text: &mut String, worker: &WorkerActivity, now: f64) {
    let mut number = worker.number.to_string();
    if let Some(host) = &worker.host {
        number.push_str(&format!(" (joined, {})", shortened(host, LONGEST)));
    }
    let since = spent(worker.since, now);
    match worker.life {
        WorkerLife::Absent => {
            let _ = writeln!(text, "worker {number}  no process");
        }
        WorkerLife::Starting => {
            let _ = writeln!(text, "worker {number}  starts, for {since}");
        }
        WorkerLife::Idle => {
            let _ = writeln!(text, "worker {number}  idle, for {since}");
        }
        WorkerLife::Busy => {
            for busy in &worker.evaluations {
                let arch = shortened(&busy.arch, LONGEST);
                let since = spent(busy.since, now);
                let _ = write!(text, "worker {number}  evaluates, for {since}");
                if busy.attempt > 1 {
                    let _ = write!(text, ", attempt {}", busy.attempt);
                }
                if let Some(done) = busy.done {
                    let _ = write!(text, ", {:.0} % done", 100.0 * done.clamp(0.0, 1.0));
                }
                if let Some(step) = busy.step {
                    let _ = write!(text, ", step {step}");
                }
                if busy.is_cancelled {
                    let _ = write!(text, ", told to give up");
                }
                let _ = writeln!(text, ": {arch}");
            }
        }
    }
}

impl StudyStatus {
    /// Whether a process works on any of the runs, or was heard of lately.
    #[must_use]
    pub fn is_worked_on(&self, now: f64) -> bool {
        let is_heard = |process: &ProcessStatus| !process.is_silent(now);
        self.runs.iter().any(|run| run.is_running) || self.processes.iter().any(is_heard)
    }

    /// The same without what changes by itself: equal for two looks between which nothing has happened.
    #[must_use]
    pub fn without_heartbeats(&self) -> Self {
        let mut status = self.clone();
        for process in &mut status.processes {
            process.updated = 0.0;
        }
        status
    }

    /// All of it in lines, at a time.
    #[must_use]
    pub fn to_text(&self, now: f64) -> String {
        let running = self.runs.iter().filter(|run| run.is_running).count();
        let mut text = format!(
            "{}: {} of {} runs are running\n",
            escaped(&self.study),
            running,
            self.runs.len()
        );
        if !self.runs.is_empty() {
            text.push('\n');
            text.push_str(&self.runs_table());
        }
        for process in &self.processes {
            process.write(&mut text, now);
        }
        self.write_failures(&mut text, now);
        self.write_proposals(&mut text);
        text
    }

    fn runs_table(&self) -> String {
        let mut table = TextTable::new([
            ("run", Align::Left),
            ("space", Align::Left),
            ("algorithm", Align::Left),
            ("seed", Align::Right),
            ("status", Align::Left),
            ("evaluated", Align::Right),
            ("failed", Align::Right),
            ("best", Align::Left),
            ("worked on by", Align::Left),
        ]);
        let text = |text: &str| shortened(text, LONGEST).into_owned();
        for run in &self.runs {
            let best = run.best.as_ref().map(|best| {
                let (value, number) = (measurement(best.search), best.number);
                format!("{} {value} (number {number})", text(&run.metric))
            });
            table.row([
                text(&run.name),
                text(&run.space),
                text(&run.algorithm),
                run.seed.to_string(),
                text(run.stop.as_ref().unwrap_or(&run.status)),
                format!("{} of {}", run.evaluated, run.budget),
                run.failed.to_string(),
                best.unwrap_or_else(|| "-".to_owned()),
                run.worked_on_by.as_deref().map_or_else(String::new, text),
            ]);
        }
        table.to_text()
    }

    /// The last failures of workers, with what they printed, and those that are recorded of runs.
    fn write_failures(&self, text: &mut String, now: f64) {
        let workers = self
            .processes
            .iter()
            .filter(|process| !process.is_silent(now));
        let workers = workers.filter_map(|process| process.activity.as_ref());
        let workers = workers.flat_map(|activity| &activity.workers);
        let mut failures: Vec<(&WorkerActivity, &LastFailure)> = workers
            .filter_map(|worker| Some((worker, worker.last_failure.as_ref()?)))
            .collect();
        failures.sort_by(|a, b| b.1.at.total_cmp(&a.1.at));
        let of_runs = self.runs.iter();
        let of_runs: Vec<_> = of_runs
            .filter_map(|run| Some((run, run.last_failure.as_ref()?)))
            .collect();
        if failures.is_empty() && of_runs.is_empty() {
            return;
        }
        text.push_str("\nlast failures\n");
        let is_shown = |arch: &str| {
            let mut shown = failures.iter().take(FAILURES);
            shown.any(|(_, failure)| failure.arch.as_deref() == Some(arch))
        };
        let of_runs: Vec<_> = (of_runs.into_iter())
            .filter(|(_, failure)| !is_shown(&failure.arch))
            .collect();
        for (worker, failure) in failures.into_iter().take(FAILURES) {
            let what = failure.arch.as_deref().unwrap_or("no evaluation");
            let (what, why) = (
                shortened(what, LONGEST),
                shortened(&failure.reason, LONGEST),
            );
            let (number, when) = (worker.number, ago(failure.at, now));
            let _ = writeln!(text, "worker {number}, {when}, {what}: {why}");
            for line in failure.log_tail.lines() {
                let _ = writeln!(text, "worker {number} | {}", shortened(line, LONGEST));
            }
            let _ = writeln!(
                text,
                "worker {number}: all that it printed is in {}",
                escaped(&worker.log)
            );
        }
        for (run, failure) in of_runs.into_iter().take(FAILURES) {
            let (arch, why) = (
                shortened(&failure.arch, LONGEST),
                shortened(&failure.reason, LONGEST),
            );
            let (seed, number) = (run.seed, failure.number);
            let _ = writeln!(text, "seed {seed}, number {number}, {arch}: {why}");
        }
    }

    fn write_proposals(&self, text: &mut String) {
        for run in self.runs.iter().filter(|run| !run.proposed.is_empty()) {
            let (seed, n) = (run.seed, run.proposed.len());
            let _ = writeln!(text, "\nseed {seed}: {n} proposed and not evaluated");
            for Proposed { number, arch } in run.proposed.iter().take(PROPOSALS) {
                let _ = writeln!(text, "number {number}  {}", shortened(arch, LONGEST));
            }
            if n > PROPOSALS {
                let _ = writeln!(text, "and {} more", n - PROPOSALS);
            }
        }
    }
}

/// How long something has lasted.
fn spent(since: f64, now: f64) -> String {
    let spent = Duration::try_from_secs_f64((now - since).max(0.0));
    spent.map_or_else(|_| "an unknown time".to_owned(), about)
}

/// When something happened.
fn ago(then: f64, now: f64) -> String {
    format!("{} ago", spent(then, now))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::live::BusyWith;

    fn status() -> StudyStatus {
        let hostile = "a\u{1b}[2J\nb";
        StudyStatus {
            study: "my.db".to_owned(),
            runs: vec![RunStatus {
                name: "0123456789abcdef".to_owned(),
                space: hostile.to_owned(),
                algorithm: "random".to_owned(),
                seed: 3,
                status: "running".to_owned(),
                is_running: true,
                stop: None,
                worked_on_by: Some("host, process 7".to_owned()),
                evaluated: 12,
                budget: 40,
                failed: 1,
                metric: "valid".to_owned(),
                best: Some(BestSoFar {
                    number: 9,
                    search: 0.93125,
                }),
                last_failure: Some(FailedTrial {
                    number: 4,
                    arch: "other\u{9b}".to_owned(),
                    reason: hostile.to_owned(),
                }),
                proposed: (12..24)
                    .map(|number| Proposed {
                        number,
                        arch: hostile.to_owned(),
                    })
                    .collect(),
            }],
            processes: vec![
                ProcessStatus {
                    process: "host 7".to_owned(),
                    updated: 998.0,
                    activity: Some(ProcessActivity {
                        host: hostile.to_owned(),
                        pid: 7,
                        waiting: 4,
                        workers: vec![WorkerActivity {
                            number: 0,
                            host: None,
                            log: "w/worker-0.log".to_owned(),
                            life: WorkerLife::Busy,
                            since: 700.0,
                            evaluations: vec![BusyWith {
                                arch: hostile.to_owned(),
                                attempt: 2,
                                since: 880.0,
                                done: Some(0.4),
                                step: Some(12),
                                is_cancelled: false,
                            }],
                            last_failure: Some(LastFailure {
                                arch: Some(hostile.to_owned()),
                                reason: hostile.to_owned(),
                                log_tail: "Traceback\n\u{1b}boom\n".to_owned(),
                                at: 880.0,
                            }),
                        }],
                    }),
                },
                ProcessStatus::read("other", 998.0, "not json"),
                ProcessStatus::read("gone", 100.0, r#"{"pid":8,"host":"h"}"#),
            ],
        }
    }

    #[test]
    fn a_status_is_told_and_nothing_of_it_is_obeyed() {
        let text = status().to_text(1000.0);
        assert!(!text.contains('\u{1b}'), "{text}");
        for line in [
            "my.db: 1 of 1 runs are running",
            r"0123456789abcdef  a\u{1b}[2J\nb  random        3  running   12 of 40       1  valid 0.9313 (number 9)  host, process 7",
            r"process 7 on a\u{1b}[2J\nb, 2 s ago; waiting for a worker: 4",
            r"worker 0  evaluates, for 2 min, attempt 2, 40 % done, step 12: a\u{1b}[2J\nb",
            "process other: told in a way that this version does not know",
            "process 8 on h: last heard of 15 min ago; it was killed, or its machine is gone",
            "last failures",
            r"worker 0, 2 min ago, a\u{1b}[2J\nb: a\u{1b}[2J\nb",
            "worker 0 | Traceback",
            r"worker 0 | \u{1b}boom",
            "worker 0: all that it printed is in w/worker-0.log",
            r"seed 3, number 4, other\u{9b}: a\u{1b}[2J\nb",
            "seed 3: 12 proposed and not evaluated",
            r"number 21  a\u{1b}[2J\nb",
            "and 2 more",
        ] {
            assert!(text.lines().any(|l| l == line), "{line} in\n{text}");
        }
    }

    #[test]
    fn a_heartbeat_alone_is_no_news() {
        let (first, mut second) = (status(), status());
        second.processes[0].updated = 999.0;
        assert_ne!(first, second);
        assert_eq!(first.without_heartbeats(), second.without_heartbeats());
        assert!(first.is_worked_on(1000.0));
    }
}
