//! Which law does not hold, and where.

use thiserror::Error;

use crate::{Arch, Partial, SearchSpace, SpaceError};

/// A law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Law {
    /// An architecture has an input first, an output last, operations between them, and no more vertices than stated.
    #[error("an input comes first, an output last, and operations between them")]
    Labels,
    /// The decisions of an architecture build it.
    #[error("the decisions of an architecture build it")]
    Rebuilt,
    /// Every prefix of the decisions is legal, and shows the vertices that it completes.
    #[error("every prefix of the decisions is legal, and shows the vertices that it completes")]
    Prefixes,
    /// All members of a class have one key, one canonical form, and the same operations.
    #[error("all members of a class have one key and one canonical form")]
    Classes,
    /// A text is read back as the same architecture, and nothing may follow it.
    #[error("a text is read back as the same architecture, and nothing may follow it")]
    Texts,
    /// Neighbours are other architectures of the space in a fixed order, which are neighbours in both directions.
    #[error("neighbours are other architectures, each once, and neighbours in both directions")]
    Neighbours,
    /// Some action is always legal, and legal actions end in an architecture.
    #[error("some action is always legal, and legal actions end in an architecture")]
    Episodes,
    /// Actions that are not legal are refused, and change nothing.
    #[error("actions that are not legal are refused, and change nothing")]
    IllegalActions,
    /// Bounds of costs are those of the completions of a partial architecture.
    #[error("bounds of costs are the lowest and highest costs of all completions")]
    Bounds,
    /// Restrictions leave everything that satisfies them, and nothing else.
    #[error("restrictions leave everything that satisfies them, and nothing else")]
    Restrictions,
}

/// A law that does not hold.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the space `{space}` breaks a law: {law}; at {place}: {problem}")]
pub struct BrokenLaw {
    /// The name of the space.
    pub space: String,
    /// The law.
    pub law: Law,
    /// The architecture, or the decisions of a partial one.
    pub place: String,
    /// What is wrong.
    pub problem: String,
}

impl BrokenLaw {
    /// A law that does not hold at a partial architecture.
    pub(super) fn on_the_way(space: &dyn SearchSpace, law: Law, partial: &Partial) -> Self {
        let next = space.decision(partial);
        Self {
            space: space.name().to_owned(),
            law,
            place: format!("{:?}", partial.actions()),
            problem: format!("the next decision is {next:?}"),
        }
    }
}

/// An architecture that is under examination.
#[derive(Clone, Copy)]
pub(super) struct Suspect<'a> {
    pub(super) space: &'a dyn SearchSpace,
    pub(super) arch: &'a Arch,
}

impl Suspect<'_> {
    /// The law does not hold.
    pub(super) fn fail<T>(self, law: Law, problem: impl Into<String>) -> Result<T, BrokenLaw> {
        Err(BrokenLaw {
            space: self.space.name().to_owned(),
            law,
            place: format!("{:?}", self.arch),
            problem: problem.into(),
        })
    }

    pub(super) fn require(self, law: Law, holds: bool) -> Result<(), BrokenLaw> {
        if holds {
            Ok(())
        } else {
            self.fail(law, "it does not hold")
        }
    }

    /// What the law says can be had.
    pub(super) fn succeeds<T>(
        self,
        law: Law,
        result: Result<T, SpaceError>,
    ) -> Result<T, BrokenLaw> {
        result.or_else(|error| self.fail(law, error.to_string()))
    }
}
