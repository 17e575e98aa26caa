//! What workers say: what is done about each message, and whom it shows to be no worker.

use super::super::activity::{LastFailure, PlaceLife};
use super::super::clock::{now, unix_now};
use super::super::excerpt::{MAX_KIND, MAX_MESSAGE, excerpt, kept};
use super::super::hello;
use super::super::job::{self, Standing};
use super::super::log_tail;
use super::super::message::{Capabilities, FromWorker, Progress, Refusal, ToWorker};
use super::super::slot::{Life, Ready};
use super::super::stdout::Said;
use super::super::{PoolNote, WorkerFailure};
use super::Supervisor;

impl Supervisor {
    /// Acts on what a worker has said.
    pub(super) fn hear(&mut self, worker: usize, said: Said) {
        match (&mut self.slots[worker].life, said) {
            (Life::Absent, _) => {}
            (Life::Starting { printed, .. }, Said::Printed(line)) => *printed = Some(line),
            (Life::Starting { .. }, Said::Message(FromWorker::Hello(hello))) => {
                self.welcome(worker, hello);
            }
            (Life::Starting { .. }, Said::Message(other)) => {
                let reason = format!(
                    "its first message is no hello: it sent {}, expected a hello",
                    sent(&other)
                );
                self.start_failed(worker, reason);
            }
            (Life::Starting { .. }, Said::Garbage(line)) => {
                let reason = match line.problem {
                    Some(problem) => format!(
                        "it sent {} where its hello was expected: {problem}",
                        line.shown
                    ),
                    None => printed_instead(&line.shown),
                };
                self.start_failed(worker, reason);
            }
            (Life::Starting { .. }, Said::End) => {
                let status = self.slots[worker].end_status();
                self.never_greeted(worker, &format!("it ended before its hello: {status}"));
            }
            // What it has printed before its hello is in its log.
            (Life::Ready(_), Said::Printed(_)) => {}
            (Life::Ready(_), Said::Message(FromWorker::Hello(hello))) => {
                let found = sent(&FromWorker::Hello(hello));
                self.is_no_good(worker, &found, "no second hello");
                self.give_up(worker, &WorkerFailure::SecondHello);
            }
            (Life::Ready(_), Said::Message(FromWorker::Progress(progress))) => {
                self.progress(worker, progress);
            }
            (Life::Ready(_), Said::Message(FromWorker::Result(answer))) => {
                let id = answer.id;
                if self.is_answerable(worker, &FromWorker::Result(answer.clone()))
                    && let Some(capabilities) = &self.capabilities
                {
                    let checked = job::returned(capabilities, answer);
                    self.answered(worker, id, checked);
                }
            }
            (Life::Ready(_), Said::Message(FromWorker::Failure(refusal))) => {
                let Refusal {
                    id,
                    kind,
                    message,
                    retryable,
                } = refusal.clone();
                let failure = WorkerFailure::Reported {
                    kind: kept(&kind, MAX_KIND),
                    message: kept(&message, MAX_MESSAGE),
                    retryable,
                };
                if self.is_answerable(worker, &FromWorker::Failure(refusal)) {
                    self.answered(worker, id, Err(failure));
                }
            }
            (Life::Ready(_), Said::Garbage(line)) => {
                let line = line.to_string();
                // An attempt that fails for it tells it.
                if !self.is_at_one(worker) {
                    self.is_no_good(worker, &line, "a message");
                }
                self.give_up(worker, &WorkerFailure::Garbage { line });
            }
            (Life::Ready(_), Said::End) => {
                let status = self.slots[worker].end_status();
                if self.slots[worker].is_lost() {
                    return self.lose(worker);
                }
                self.give_up(worker, &WorkerFailure::Ended { status });
            }
        }
    }

    /// A process that will not greet any more; what it printed instead often says why.
    pub(super) fn never_greeted(&mut self, worker: usize, reason: &str) {
        let reason = match &self.slots[worker].life {
            Life::Starting {
                printed: Some(line),
                ..
            } => format!("{reason}; {}", printed_instead(line)),
            _ => reason.to_owned(),
        };
        self.start_failed(worker, reason);
    }

    /// Takes a process in as a worker, when it measures what the others do.
    fn welcome(&mut self, worker: usize, hello: Capabilities) {
        if let Err(reason) = hello::check(&hello) {
            return self.start_failed(worker, reason);
        }
        match &self.capabilities {
            Some(first) => {
                if let Some(reason) = hello::difference(first, &hello) {
                    return self.start_failed(worker, reason);
                }
            }
            None => {
                self.capabilities = Some(hello.clone());
                // Nobody waits for it any more when the pool is being dropped.
                let _ = self.opened.send(Ok(hello));
            }
        }
        self.failed_starts_in_a_row = 0;
        let slot = &mut self.slots[worker];
        if let Life::Starting { process, .. } = std::mem::replace(&mut slot.life, Life::Absent) {
            slot.life = Life::Ready(Ready::new(process));
            self.board.lives(worker, PlaceLife::Ready);
            (self.listener)(&PoolNote::WorkerReady {
                worker: slot.number,
                log: slot.log.clone(),
            });
        }
    }

    fn progress(&mut self, worker: usize, progress: Progress) {
        let slot = &mut self.slots[worker];
        let Life::Ready(ready) = &mut slot.life else {
            return;
        };
        if let Some(running) = ready.running.get_mut(&progress.id) {
            let Progress {
                id,
                done,
                step,
                metrics,
            } = progress;
            let told = ganas_eval::Progress {
                done: done.filter(|done| (0.0..=1.0).contains(done)),
                step,
                metrics: job::finite(metrics),
            };
            self.board.goes_on(worker, id, |busy| {
                busy.done = told.done.or(busy.done);
                busy.step = told.step.or(busy.step);
            });
            (self.listener)(&PoolNote::Progress {
                worker: slot.number,
                arch: running.job.arch.text.clone(),
                done: told.done,
                step,
                metrics: told.metrics.clone(),
            });
            // Of one that is being given up, nobody wants to know.
            if running.standing == Standing::Wanted && running.job.tell(told) {
                running.standing = Standing::Unwanted;
                running.deadline = now().checked_add(self.config.grace);
                ready.process.send(&ToWorker::Cancel { id });
                self.board
                    .goes_on(worker, id, |busy| busy.is_cancelled = true);
                self.look_soon();
            }
        } else if progress.id >= self.next_id {
            // Of an evaluation that is over, it comes too late, and harms nobody.
            let found = sent(&FromWorker::Progress(progress));
            self.is_no_good(worker, &found, &self.what_is_running(worker));
            self.give_up(worker, &WorkerFailure::WrongId);
        }
    }

    /// Whether this answers an evaluation that the worker is at. If not, the worker is ended.
    fn is_answerable(&mut self, worker: usize, answer: &FromWorker) -> bool {
        let (FromWorker::Result(super::super::message::Answer { id, .. })
        | FromWorker::Failure(Refusal { id, .. })) = answer
        else {
            return true;
        };
        let Life::Ready(ready) = &self.slots[worker].life else {
            return false;
        };
        if ready.running.contains_key(id) {
            return true;
        }
        let was_answered = ready.answered.contains(id);
        self.is_no_good(worker, &sent(answer), &self.what_is_running(worker));
        if was_answered {
            // A second answer to an evaluation that is over is no fault of the one that is running.
            self.put_back_all(worker);
        } else {
            self.give_up(worker, &WorkerFailure::WrongId);
        }
        false
    }

    /// Whether a worker is at exactly one evaluation.
    fn is_at_one(&self, worker: usize) -> bool {
        matches!(&self.slots[worker].life, Life::Ready(ready) if ready.running.len() == 1)
    }

    /// What a worker may answer.
    fn what_is_running(&self, worker: usize) -> String {
        /// So many are named.
        const NAMED: usize = 8;
        let Life::Ready(ready) = &self.slots[worker].life else {
            return "nothing".to_owned();
        };
        let ids: Vec<String> = ready.running.keys().map(u64::to_string).collect();
        match ids.len() {
            0 => "nothing, since it is at no evaluation".to_owned(),
            n if n > NAMED => format!("an answer to one of its {n} evaluations"),
            _ => format!("an answer to evaluation {}", ids.join(" or ")),
        }
    }

    /// Tells why a worker is ended that broke the protocol.
    fn is_no_good(&self, worker: usize, found: &str, expected: &str) {
        let slot = &self.slots[worker];
        let reason = format!("it sent {found}, expected {expected}");
        self.board.failed(
            worker,
            LastFailure {
                arch: None,
                reason: reason.clone(),
                log_tail: log_tail::since(&slot.log, slot.log_length),
                at: unix_now(),
            },
        );
        (self.listener)(&PoolNote::Ended {
            worker: slot.number,
            reason,
        });
    }
}

fn printed_instead(line: &str) -> String {
    format!(
        "it printed {line} where its hello was expected; print everything but messages to stderr"
    )
}

/// A message as an error shows it.
fn sent(message: &FromWorker) -> String {
    // What was read from JSON can be written as JSON.
    excerpt(&serde_json::to_vec(message).unwrap_or_default())
}
