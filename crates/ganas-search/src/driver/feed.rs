//! The loop: what is asked, evaluated and told, in which order.
//!
//! The evaluator pulls its work from here and brings back what came of it. What is asked and told follows from the
//! numbers of trials alone, whatever is finished first.

use std::collections::{BTreeMap, VecDeque};

use ganas_eval::{Curve, EvalError, Feed, Measurement, Outcome, Query, Task};

use super::progress::{Answer, NoResult, Progress, Standing, count};
use super::rungs::Decisions;
use super::stopping::Stopping;
use super::{Pace, Run, RunOutcome, StopReason, observed};
use crate::{Proposal, RoundReport, SearchError, Trial};

/// Something that was proposed and not told yet.
#[derive(Debug)]
struct Slot {
    proposal: Proposal,
    /// The round in which it was proposed.
    round: u32,
    /// Whether its class was proposed before, so that nothing is evaluated for it.
    is_repeat: bool,
    /// What came of it at each rung so far; without rungs there is one.
    results: Vec<Result<Measurement, NoResult>>,
    /// The rung about which is decided next.
    next_decision: usize,
    /// Whether the last result is all that comes.
    is_decided: bool,
    /// Where the evaluation at the last rung left what it made.
    artifact: Option<String>,
    /// What it told of each step, where evaluations are stopped early.
    curve: Curve,
}

/// Whether the searcher can be asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asking {
    /// As far as the pace allows.
    Open,
    /// It had nothing to propose before it is told more.
    Starved,
    /// Nothing more is to be proposed.
    Over(StopReason),
}

/// A run as an evaluator sees it.
pub(super) struct RunFeed<'a> {
    run: Run<'a>,
    progress: Progress,
    /// What was proposed and not told yet, in the order of proposal.
    slots: VecDeque<Slot>,
    /// What came of classes that were evaluated and not told yet.
    finished: BTreeMap<ganas_space::ArchKey, Answer>,
    /// What is to be evaluated, and was not handed out yet: trial numbers and rungs.
    waiting: VecDeque<(usize, usize)>,
    decisions: Decisions,
    /// What evaluations are compared with, where they are stopped early.
    stopping: Option<Stopping>,
    /// Classes that were proposed.
    unique: u32,
    asking: Asking,
    /// Whether the budget cut off what was proposed last.
    is_cut_off: bool,
    /// The number of the next ask, which is that of its round.
    next_round: u32,
    error: Option<SearchError>,
}

impl<'a> RunFeed<'a> {
    pub(super) fn new(mut run: Run<'a>) -> Result<Self, SearchError> {
        let mut progress = Progress::new(run.evaluator.metric_pair());
        let mut slots = Vec::new();
        let mut stopping = stopping(&run)?;
        match run.resume.take() {
            None => {
                let first = std::mem::take(&mut run.first);
                run.searcher.enqueue(&first);
                slots.extend(first);
            }
            Some(point) => {
                let told: Vec<Trial> = point.trials.iter().map(|r| r.trial.clone()).collect();
                run.searcher
                    .restore(&point.checkpoint, &told, &point.pending)?;
                progress.resume(&point)?;
                if let Some(stopping) = &mut stopping {
                    for (number, record) in progress.trials.iter().enumerate() {
                        let curve = point.curves.get(&count(number)).map(Vec::as_slice);
                        stopping.told(number, curve.filter(|_| is_compared(&record.trial)));
                    }
                }
                slots.extend(point.pending);
            }
        }
        // A run that has ended early is not gone on with, unless it is to end later.
        let asking = match progress.is_over(&run.until) {
            Some(reason) => Asking::Over(reason),
            None => Asking::Open,
        };
        let mut feed = Self {
            unique: progress.counts().unique,
            next_round: progress.rounds,
            run,
            progress,
            slots: VecDeque::new(),
            finished: BTreeMap::new(),
            waiting: VecDeque::new(),
            decisions: Decisions::default(),
            stopping,
            asking,
            is_cut_off: false,
            error: None,
        };
        let (counts, best) = (feed.progress.counts(), feed.progress.best());
        for observer in &mut feed.run.observers {
            let result = observer.on_start(counts, best);
            observed(observer.name(), result)?;
        }
        feed.replay_decisions();
        feed.propose(slots)?;
        Ok(feed)
    }

    /// Ends the run.
    pub(super) fn finish(
        mut self,
        evaluated: Result<(), EvalError>,
    ) -> Result<RunOutcome, SearchError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let stop = match (evaluated, self.asking) {
            (Ok(()) | Err(EvalError::Interrupted), Asking::Over(stop)) if self.is_done(stop) => {
                stop
            }
            (Ok(()) | Err(EvalError::Interrupted), _) => StopReason::Interrupted,
            (Err(error), _) => return Err(error.into()),
        };
        let stop = match stop {
            StopReason::Interrupted if self.run.stop.is_out_of_time() => StopReason::TimeSpent,
            stop => stop,
        };
        let outcome = RunOutcome {
            stop,
            counts: self.progress.counts(),
            trials: self.progress.trials,
        };
        // Every observer is told, whatever the others say, so that each can put its record in order.
        let mut told = Ok(());
        for observer in &mut self.run.observers {
            let result = observer.on_finish(&outcome);
            told = told.and(observed(observer.name(), result));
        }
        told.map(|()| outcome)
    }

    /// Whether everything was told that belongs to a run that ends for this reason.
    fn is_done(&self, stop: StopReason) -> bool {
        stop.is_early() || self.slots.is_empty()
    }

    /// The number of the next proposal.
    fn asked(&self) -> usize {
        self.progress.trials.len() + self.slots.len()
    }

    /// How many rungs there are; 1 without any.
    fn n_rungs(&self) -> usize {
        self.run.rungs.as_ref().map_or(1, |r| r.fidelities().len())
    }

    /// Remembers what was decided about the trials that were told in earlier sessions.
    fn replay_decisions(&mut self) {
        let n_rungs = self.n_rungs();
        for record in &self.progress.trials {
            let trial = &record.trial;
            let Some(search) = trial.search().filter(|_| !trial.repeat) else {
                continue;
            };
            let values = trial.lower.iter().copied().chain([search.value()]);
            for (rung, value) in values.enumerate().take(n_rungs - 1) {
                self.decisions.replay(rung, value, search.direction());
            }
        }
    }

    /// Decides about what was evaluated at a rung, in the order of the numbers of the trials; says whether there was anything.
    fn decide(&mut self) -> bool {
        let (n_rungs, told) = (self.n_rungs(), self.progress.trials.len());
        let mut any = false;
        // At this rung and above, some earlier trial is not decided.
        let mut undecided = n_rungs - 1;
        for (number, slot) in (told..).zip(&mut self.slots) {
            if slot.is_repeat || slot.is_decided {
                continue;
            }
            let rung = slot.next_decision;
            let is_last = rung + 1 == n_rungs;
            let result = slot.results.get(rung);
            let Some(result) = result.filter(|_| is_last || rung < undecided) else {
                undecided = undecided.min(rung);
                continue;
            };
            any = true;
            let goes_on = match (&self.run.rungs, result) {
                (Some(rungs), Ok(measured)) if !is_last => {
                    let is_among_best = self.decisions.decide(rungs, rung, measured.search);
                    is_among_best && measured.violation <= 0.0
                }
                _ => false,
            };
            if goes_on {
                slot.next_decision = rung + 1;
                undecided = undecided.min(rung + 1);
                self.waiting.push_back((number, rung + 1));
            } else {
                slot.is_decided = true;
                let standing = standing(slot, n_rungs);
                self.finished.insert(slot.proposal.key, standing);
            }
        }
        any
    }

    /// Does everything that can be done without a further evaluation.
    fn advance(&mut self) -> Result<(), SearchError> {
        loop {
            if matches!(self.asking, Asking::Over(stop) if stop.is_early()) {
                return Ok(());
            }
            if !(self.decide() || self.ask()? || self.tell()?) {
                return Ok(());
            }
        }
    }

    /// Asks the searcher, when it is its turn; says whether there is anything new.
    fn ask(&mut self) -> Result<bool, SearchError> {
        if self.asking != Asking::Open {
            return Ok(false);
        }
        let limit = match self.run.pace {
            Pace::Rounds if self.slots.is_empty() => usize::MAX,
            Pace::Window(window) if self.slots.len() < window.get() as usize => 1,
            Pace::Rounds | Pace::Window(_) => return Ok(false),
        };
        if let Some(reason) = self.reason_to_end() {
            self.asking = Asking::Over(reason);
            return Ok(false);
        }
        let proposals = self.run.searcher.ask(limit)?;
        if proposals.len() > limit {
            return Err(SearchError::TooManyProposals {
                searcher: self.run.searcher.name(),
                proposed: proposals.len(),
                limit,
            });
        }
        if proposals.is_empty() {
            self.asking = if self.slots.is_empty() {
                Asking::Over(StopReason::SpaceExhausted)
            } else {
                Asking::Starved
            };
            return Ok(false);
        }
        self.propose(proposals)?;
        Ok(true)
    }

    /// Why nothing more is to be proposed.
    fn reason_to_end(&self) -> Option<StopReason> {
        let budget = self.run.budget;
        if self.unique >= budget.unique_queries() {
            Some(StopReason::BudgetSpent)
        } else if self.asked() >= budget.raw_queries() as usize {
            Some(StopReason::OnlyRepeats)
        } else if self.run.stop.is_set() {
            Some(StopReason::Interrupted)
        } else {
            None
        }
    }

    /// Takes proposals in, as far as the budget goes.
    fn propose(&mut self, proposals: Vec<Proposal>) -> Result<(), SearchError> {
        let Run { space, budget, .. } = self.run;
        let mut new = Vec::new();
        for proposal in proposals {
            let number = self.asked();
            let repeat = self.progress.answer(proposal.key).is_some()
                || self.slots.iter().any(|s| s.proposal.key == proposal.key);
            let is_over = !repeat && self.unique >= budget.unique_queries()
                || number >= budget.raw_queries() as usize;
            if is_over {
                self.is_cut_off = true;
                break;
            }
            if !space.admits(&proposal.arch) {
                return Err(SearchError::NotAdmitted {
                    searcher: self.run.searcher.name(),
                    arch: space.encode(&proposal.arch),
                });
            }
            if !repeat {
                self.unique += 1;
                self.waiting.push_back((number, 0));
            }
            new.push(proposal.clone());
            self.slots.push_back(Slot {
                proposal,
                round: self.next_round,
                is_repeat: repeat,
                results: Vec::new(),
                next_decision: 0,
                is_decided: false,
                artifact: None,
                curve: Curve::new(),
            });
            if matches!(self.run.pace, Pace::Window(_)) {
                self.next_round += 1;
            }
        }
        if self.run.pace == Pace::Rounds && !new.is_empty() {
            self.next_round += 1;
        }
        let first = count(self.asked() - new.len());
        for observer in &mut self.run.observers {
            let result = observer.on_proposed(first, &new);
            observed(observer.name(), result)?;
        }
        Ok(())
    }

    /// What came of a slot.
    fn answer(&self, slot: &Slot) -> Option<&Answer> {
        let key = slot.proposal.key;
        self.finished
            .get(&key)
            .or_else(|| self.progress.answer(key))
    }

    /// Tells the searcher what is complete, when it is its turn; says whether there was anything.
    fn tell(&mut self) -> Result<bool, SearchError> {
        let n = match self.run.pace {
            Pace::Rounds => self.slots.len(),
            // While the searcher can be asked, it is told one for each that it proposes.
            Pace::Window(window)
                if self.asking == Asking::Open && self.slots.len() < window.get() as usize =>
            {
                0
            }
            Pace::Window(_) => self.slots.len().min(1),
        };
        let is_complete =
            n > 0 && (self.slots.iter().take(n)).all(|slot| self.answer(slot).is_some());
        if !is_complete {
            return Ok(false);
        }
        // What was proposed last is not told any more: a longer run would have proposed more before it was told.
        let last = matches!(self.asking, Asking::Over(_)) || self.is_cut_off;
        let before = self.progress.trials.len();
        for _ in 0..n {
            let slot = self.slots.pop_front();
            let slot = slot.expect("invariant: there are n slots");
            let answer = self.answer(&slot).cloned();
            let answer = answer.expect("invariant: all of them are complete");
            self.finished.remove(&slot.proposal.key);
            self.progress.add(slot.proposal, slot.round, answer);
            if let (Some(stopping), Some(told)) = (&mut self.stopping, self.progress.trials.last())
            {
                let curve = is_compared(&told.trial).then_some(slot.curve.as_slice());
                stopping.told(self.progress.trials.len() - 1, curve);
            }
        }
        let told: Vec<Trial> = self.progress.trials[before..]
            .iter()
            .map(|r| r.trial.clone())
            .collect();
        if !last {
            self.run.searcher.tell(&told)?;
        }
        let events = self.run.searcher.take_events();
        let measured = self.run.searcher.take_measured();
        self.report(before, [&events, &measured], !last)?;
        self.progress.rounds += 1;
        self.progress.check_not_all_failed()?;
        if self.asking == Asking::Starved {
            self.asking = Asking::Open;
        }
        if let Some(reason) = self.progress.is_over(&self.run.until) {
            self.asking = Asking::Over(reason);
        }
        Ok(true)
    }

    /// Tells the observers of a round.
    fn report(
        &mut self,
        first: usize,
        [events, measured]: [&[crate::Event]; 2],
        continues: bool,
    ) -> Result<(), SearchError> {
        let Self { run, progress, .. } = self;
        let searcher = &run.searcher;
        let checkpoint: &dyn Fn() -> Result<Vec<u8>, SearchError> = &|| searcher.checkpoint();
        let pending: Vec<&Proposal> = self.slots.iter().map(|slot| &slot.proposal).collect();
        let report = RoundReport {
            round: progress.rounds,
            trials: &progress.trials[first..],
            events,
            measured,
            counts: progress.counts(),
            best: progress.best(),
            checkpoint: continues.then_some(checkpoint),
            pending: &pending,
        };
        for observer in &mut run.observers {
            let result = observer.on_round(&report);
            observed(observer.name(), result)?;
        }
        Ok(())
    }

    /// Keeps an error of the search; the evaluator only has to know that it is over.
    fn fail(&mut self, error: SearchError) -> EvalError {
        self.error.get_or_insert(error);
        EvalError::Interrupted
    }
}

impl Feed for RunFeed<'_> {
    fn next(&mut self) -> Result<Option<Task>, EvalError> {
        if let Err(error) = self.advance() {
            return Err(self.fail(error));
        }
        if self.run.stop.is_set() && !self.slots.is_empty() {
            self.asking = Asking::Over(StopReason::Interrupted);
        }
        if matches!(self.asking, Asking::Over(stop) if stop.is_early()) {
            // What is being evaluated ends, what was not begun does not begin.
            return Err(EvalError::Interrupted);
        }
        let (told, n_rungs) = (self.progress.trials.len(), self.n_rungs());
        // What is to be compared begins when it is known with what: also where more were proposed at once than the window has.
        if let (Some(stopping), Some(&(number, _))) = (&self.stopping, self.waiting.front())
            && !stopping.is_known(number, told)
        {
            return Ok(None);
        }
        Ok(self.waiting.pop_front().map(|(number, rung)| {
            let slot = &self.slots[number - told];
            let query = Query {
                key: slot.proposal.key,
                arch: &slot.proposal.arch,
            };
            let mut task = Task::new(number * n_rungs + rung, query);
            if let Some(rungs) = &self.run.rungs {
                task.fidelity = Some(rungs.fidelities()[rung].clone());
                task.resume_from.clone_from(&slot.artifact);
            }
            if let Some(stopping) = &self.stopping {
                task.stop_rule = Some(stopping.rule_of(number));
            }
            task
        }))
    }

    fn finished(&mut self, ticket: usize, outcome: Outcome) -> Result<(), EvalError> {
        let (told, n_rungs) = (self.progress.trials.len(), self.n_rungs());
        let (number, rung) = (ticket / n_rungs, ticket % n_rungs);
        let slot = number.checked_sub(told);
        let slot = slot.and_then(|at| self.slots.get_mut(at));
        let slot = slot.expect("invariant: what is evaluated has not been told");
        let told_result = match &outcome.result {
            Ok(_) => None,
            Err(error) => Some(error.to_string()),
        };
        let result = self.progress.checked(outcome.result);
        slot.artifact.clone_from(&outcome.details.artifact);
        if let Some(stopping) = &self.stopping
            && let Some(curve) = outcome.details.curves.get(stopping.metric())
        {
            slot.curve.clone_from(curve);
        }
        slot.results.push(result.clone());
        // With a lower fidelity it is no result yet.
        if rung + 1 < n_rungs {
            return Ok(());
        }
        let result = result.map_err(|none| match none {
            NoResult::Failed(reason) => reason,
            NoResult::Stopped(_) => told_result.unwrap_or_default(),
        });
        for observer in &mut self.run.observers {
            let result = observer.on_evaluated(count(number), &result, &outcome.details);
            if let Err(error) = observed(observer.name(), result) {
                return Err(self.fail(error));
            }
        }
        Ok(())
    }
}

/// What evaluations are compared with, where they are stopped early.
fn stopping(run: &Run<'_>) -> Result<Option<Stopping>, SearchError> {
    let Some(settings) = run.stop_below else {
        return Ok(None);
    };
    settings.check()?;
    let bad = |reason: &str| SearchError::BadStopBelow {
        reason: reason.to_owned(),
    };
    if run.rungs.is_some() {
        return Err(bad("rungs end evaluations early, too: use one of the two"));
    }
    let window = run
        .pace
        .window()
        .ok_or_else(|| bad("it needs a window, since evaluations of a round begin together"))?;
    let protocol = run.evaluator.metric_pair();
    Ok(Some(Stopping::new(
        settings,
        &protocol.search,
        protocol.search_direction,
        window.get() as usize,
    )))
}

/// Whether later evaluations are compared with this trial.
fn is_compared(trial: &Trial) -> bool {
    !trial.repeat && trial.search().is_some()
}

/// What came of a slot about which everything is decided.
fn standing(slot: &Slot, n_rungs: usize) -> Answer {
    let (last, lower) = slot
        .results
        .split_last()
        .expect("invariant: what is decided was evaluated");
    let measurement = last.clone()?;
    let lower = lower.iter().flatten();
    Ok(Standing {
        measurement,
        lower: lower.map(|measured| measured.search.value()).collect(),
        missing: count(n_rungs - slot.results.len()),
    })
}
