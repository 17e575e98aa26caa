//! A blueprint as a space, whose texts are the decisions that build an architecture.

use super::Blueprint;
use crate::arch::Arch;
use crate::decisions::{Action, Choice};
use crate::error::SpaceError;
use crate::space::SearchSpace;
use crate::text_reader::Reader;

/// The space of all architectures of a blueprint.
///
/// The text of an architecture has a word for each decision, with a blank between two: the name of a label, `1` for an
/// edge that is there, `0` for one that is not.
///
/// ```
/// use ganas_space::SearchSpace;
/// use ganas_space::blueprint::{Blueprint, BlueprintSpace, Labels, Sources, Vertex};
///
/// let layer = Vertex { labels: Labels::OneOf(0b111), sources: Sources::LastPresent };
/// let operations = ["conv3", "conv5", "pool"];
/// let blueprint = Blueprint::new("stack", operations, [layer; 4], Sources::LastPresent);
/// let space = BlueprintSpace::new(blueprint);
/// let arch = space.decode("conv3 pool conv5 conv3")?;
/// assert_eq!(space.encode(&arch), "conv3 pool conv5 conv3");
/// # Ok::<(), ganas_space::SpaceError>(())
/// ```
#[derive(Clone, Debug)]
pub struct BlueprintSpace(Blueprint);

impl BlueprintSpace {
    /// The space of a blueprint.
    ///
    /// # Panics
    ///
    /// When the name of an operation is empty, or has a blank in it.
    #[must_use]
    pub fn new(blueprint: Blueprint) -> Self {
        for name in blueprint.labels() {
            assert!(
                !name.is_empty() && !name.contains(' '),
                "the operation `{name}`: expected a name without blanks"
            );
        }
        Self(blueprint)
    }

    fn action(&self, choice: Choice, reader: &mut Reader<'_>) -> Result<Action, SpaceError> {
        let start = reader.offset();
        let word = reader.take_while(|c| c != ' ');
        let labels = self.0.labels();
        match (choice, word) {
            (Choice::Label { .. }, _) => {
                let known = (0..).zip(labels).find(|(_, label)| *label == word);
                let (label, _) = known.ok_or_else(|| reader.unknown_op(word, labels))?;
                Ok(Action(label))
            }
            (Choice::Edge { .. }, "0") => Ok(Action(0)),
            (Choice::Edge { .. }, "1") => Ok(Action(1)),
            (Choice::Edge { .. }, _) => Err(reader.expected_at(start, "`0` or `1`")),
        }
    }
}

impl SearchSpace for BlueprintSpace {
    fn blueprint(&self) -> &Blueprint {
        &self.0
    }

    fn encode(&self, arch: &Arch) -> String {
        let actions = self.0.actions_of(arch);
        let actions = actions.expect("precondition: the architecture is one of this space");
        let mut partial = self.0.start();
        let mut words = Vec::with_capacity(actions.len());
        for action in actions {
            let decision = self.0.decision(&partial);
            let decision = decision.expect("invariant: each action answers a decision");
            words.push(match (decision.choice, action) {
                (Choice::Label { .. }, _) => self.0.labels()[action.index()].as_str(),
                (Choice::Edge { .. }, Action(0)) => "0",
                (Choice::Edge { .. }, _) => "1",
            });
            let taken = self.0.apply(&mut partial, action);
            taken.expect("invariant: actions of an architecture are legal");
        }
        words.join(" ")
    }

    fn decode(&self, text: &str) -> Result<Arch, SpaceError> {
        let mut reader = Reader::new(self.0.name(), text);
        let mut partial = self.0.start();
        while let Some(decision) = self.0.decision(&partial) {
            if !partial.actions().is_empty() {
                reader.expect(' ')?;
            }
            let action = self.action(decision.choice, &mut reader)?;
            self.0.apply(&mut partial, action)?;
        }
        reader.expect_end()?;
        self.0.finish(&partial)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::blueprint::{Labels, Sources, Vertex};
    use crate::laws::{self, LawOptions};

    fn chain() -> BlueprintSpace {
        let layer = Vertex {
            labels: Labels::OneOf(0b11),
            sources: Sources::LastPresent,
        };
        let blueprint = Blueprint::new("chain", ["conv", "pool"], [layer; 3], Sources::LastPresent);
        BlueprintSpace::new(blueprint)
    }

    #[test]
    fn chains_and_free_cells_obey_the_laws() {
        let cell = BlueprintSpace::new(Blueprint::free_cell("cell", ["conv", "pool"], 5));
        for space in [chain(), cell] {
            laws::check(&space, LawOptions::default()).unwrap();
        }
    }

    #[test]
    fn a_bad_text_is_told_with_its_place() {
        let cell = BlueprintSpace::new(Blueprint::free_cell("cell", ["conv", "pool"], 3));
        for (space, text, part) in [
            (&chain(), "conv pol pool", "did you mean `pool`"),
            (&chain(), "conv pool", "expected ` `"),
            (&chain(), "conv pool pool conv", "end"),
            (&cell, "conv maybe", "`0` or `1`"),
        ] {
            let message = space.decode(text).unwrap_err().to_string();
            assert!(message.contains(part), "{part} in {message}");
        }
    }
}
