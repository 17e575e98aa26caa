//! What a process that evaluates is at, as it stands in a study.

use serde::{Deserialize, Serialize};

/// What a process is at. Times are Unix seconds.
///
/// For display only; fields that are missing, as in what another version wrote, are as if there was nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ProcessActivity {
    /// The machine.
    pub host: String,
    /// The number of the process there.
    pub pid: u32,
    /// How many evaluations wait for a worker.
    pub waiting: usize,
    /// Its workers, by number.
    pub workers: Vec<WorkerActivity>,
}

/// What a worker is at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct WorkerActivity {
    /// Its number, from 0.
    pub number: u32,
    /// The machine, of a worker that joined from elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The file with what it printed.
    pub log: String,
    /// Whether there is a process.
    pub life: WorkerLife,
    /// Since when it is like this.
    pub since: f64,
    /// What it evaluates.
    pub evaluations: Vec<BusyWith>,
    /// The last failure of this place.
    pub last_failure: Option<LastFailure>,
}

/// The state of the place of a worker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerLife {
    /// There is no process: none was needed yet, or the last one has ended.
    #[default]
    Absent,
    /// The process has not said hello.
    Starting,
    /// It waits for work.
    Idle,
    /// It works.
    Busy,
}

/// An evaluation that a worker is at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct BusyWith {
    /// The architecture as text.
    pub arch: String,
    /// Which attempt, from 1.
    pub attempt: u32,
    /// Since when.
    pub since: f64,
    /// How much is done, from 0 to 1, as far as it was told.
    pub done: Option<f64>,
    /// The step of the training that was told last.
    pub step: Option<u32>,
    /// Whether the worker was told to give it up.
    pub is_cancelled: bool,
}

/// A failure of a worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct LastFailure {
    /// The architecture as text, when it was at one.
    pub arch: Option<String>,
    /// Why.
    pub reason: String,
    /// The last lines of the log before it.
    pub log_tail: String,
    /// When.
    pub at: f64,
}

/// So many failures keep the last lines of their logs.
const TAILS: usize = 8;

impl ProcessActivity {
    /// Leaves the last lines of the logs to the latest failures, since there may be a thousand workers.
    #[must_use]
    pub fn with_few_tails(mut self) -> Self {
        let mut failures: Vec<&mut LastFailure> = (self.workers.iter_mut())
            .filter_map(|worker| worker.last_failure.as_mut())
            .collect();
        failures.sort_by(|a, b| b.at.total_cmp(&a.at));
        for failure in failures.into_iter().skip(TAILS) {
            failure.log_tail.clear();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_version_wrote_is_read_as_far_as_it_goes() {
        let text = r#"{"pid":7,"colour":"red","workers":[{"number":3,"life":"busy","evaluations":[{"arch":"a"}]}]}"#;
        let read: ProcessActivity = serde_json::from_str(text).unwrap();
        assert_eq!((read.pid, read.workers.len()), (7, 1));
        assert_eq!(read.workers[0].life, WorkerLife::Busy);
        assert_eq!(read.workers[0].evaluations[0].arch, "a");
        let text = serde_json::to_string(&read).unwrap();
        assert_eq!(
            serde_json::from_str::<ProcessActivity>(&text).unwrap(),
            read
        );
    }

    #[test]
    fn the_latest_failures_keep_their_lines() {
        let failed = |at: u32| WorkerActivity {
            number: at,
            last_failure: Some(LastFailure {
                log_tail: "boom".to_owned(),
                at: f64::from(at),
                ..LastFailure::default()
            }),
            ..WorkerActivity::default()
        };
        let process = ProcessActivity {
            workers: (0..20).map(failed).collect(),
            ..ProcessActivity::default()
        };
        let kept = process.with_few_tails().workers;
        let has_lines = |w: &WorkerActivity| {
            w.last_failure
                .as_ref()
                .is_some_and(|f| !f.log_tail.is_empty())
        };
        let kept: Vec<u32> = kept
            .iter()
            .filter(|w| has_lines(w))
            .map(|w| w.number)
            .collect();
        assert_eq!(kept, (12..20).collect::<Vec<_>>());
    }
}
