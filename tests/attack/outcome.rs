//! What an attack can end in, and how often it did.

use std::collections::BTreeMap;
use std::fmt;

use ganas::report::tables::{Align, TextTable};

use crate::program::Ended;

/// How ganas took an attack.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// The result is that of an undisturbed run.
    Same,
    /// An error was reported, with an exit code of its own.
    Error,
    /// The result differs, and nothing was said.
    Silent,
    /// A panic.
    Panic,
    /// The process ended by a signal: an abort, a stack overflow, a bus error.
    Abort,
    /// It had not ended after a minute.
    Hang,
    /// It asked for more memory than there was.
    Memory,
    /// A process was left behind.
    Orphan,
}

impl Outcome {
    const ALL: [(Self, &'static str); 8] = [
        (Self::Same, "as undisturbed"),
        (Self::Error, "error"),
        (Self::Silent, "silent difference"),
        (Self::Panic, "panic"),
        (Self::Abort, "abort"),
        (Self::Hang, "hang"),
        (Self::Memory, "too much memory"),
        (Self::Orphan, "orphan"),
    ];

    /// How a command ended that should have printed `expected` unless it reports an error.
    pub(crate) fn of(ended: &Ended, expected: &str) -> Self {
        Self::fault(ended).unwrap_or_else(|| match ended.code {
            Some(0 | 3) if ended.stdout == expected => Self::Same,
            Some(0 | 3) => Self::Silent,
            _ => Self::Error,
        })
    }

    /// What must never happen, if it did.
    pub(crate) fn fault(ended: &Ended) -> Option<Self> {
        if ended.is_hang {
            Some(Self::Hang)
        } else if ended.stderr.contains("memory allocation of") {
            Some(Self::Memory)
        } else if ended.stderr.contains("panicked at") || ended.code == Some(101) {
            Some(Self::Panic)
        } else if ended.code.is_none() {
            Some(Self::Abort)
        } else {
            None
        }
    }

    fn is_failure(self) -> bool {
        !matches!(self, Self::Same | Self::Error)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let found = Self::ALL.iter().find(|(outcome, _)| outcome == self);
        f.write_str(found.map_or("", |(_, name)| name))
    }
}

/// The outcomes of the attacks on one thing.
#[derive(Clone, Debug)]
pub(crate) struct Tally {
    attack: String,
    counts: BTreeMap<Outcome, usize>,
    failures: Vec<String>,
}

impl Tally {
    /// Counts what attacks ended in; each says what it was, for a failure.
    pub(crate) fn new(
        attack: impl Into<String>,
        outcomes: impl IntoIterator<Item = (Outcome, String)>,
    ) -> Self {
        let mut tally = Self {
            attack: attack.into(),
            counts: BTreeMap::new(),
            failures: Vec::new(),
        };
        for (outcome, what) in outcomes {
            *tally.counts.entry(outcome).or_default() += 1;
            if outcome.is_failure() {
                tally
                    .failures
                    .push(format!("{}: {outcome}: {what}", tally.attack));
            }
        }
        tally
    }

    /// What must not have happened.
    pub(crate) fn failures(&self) -> &[String] {
        &self.failures
    }
}

/// A table of the counts, in Markdown.
pub(crate) fn table(tallies: &[Tally]) -> String {
    let names = Outcome::ALL.iter().map(|(_, name)| (*name, Align::Right));
    let columns = [("attack", Align::Left), ("times", Align::Right)];
    let mut table = TextTable::new(columns.into_iter().chain(names).collect::<Vec<_>>());
    for tally in tallies {
        let total: usize = tally.counts.values().sum();
        let counts = Outcome::ALL.iter().map(|(outcome, _)| {
            let count = tally.counts.get(outcome).copied().unwrap_or_default();
            count.to_string()
        });
        let first = [tally.attack.clone(), total.to_string()];
        table.row(first.into_iter().chain(counts).collect::<Vec<_>>());
    }
    table.to_markdown()
}
