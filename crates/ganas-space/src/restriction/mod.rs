//! Restrictions: choices of a space that are fixed, and options of choices that are excluded.
//!
//! `stage1.kernel=3` names a choice and an option.
//! [`RestrictedSpace`] has what is left of a space; its blueprint has no other legal actions, so that whatever is built,
//! drawn, listed or bounded is what is left.
//!
//! # Which choices a name means
//!
//! Names have parts, which dots separate.
//! A name means the choice that has it; otherwise all choices whose parts hold those of the name in this order, the last
//! one being the same: `stage1.kernel` the kernels of all layers of the first stage, `kernel` all kernels.
//! A `*` stands for any characters, dots too, in the names of choices and of options.
//!
//! # What satisfies a restriction
//!
//! An architecture does when its decisions do, [`SearchSpace::actions_of`](crate::SearchSpace::actions_of), as it is
//! written; other members of its class need not.
//! A choice that an architecture does not make is not restricted: the kernel of a layer that is left out has no option.
//!
//! # Example
//!
//! ```
//! use ganas_space::{Restriction, RestrictedSpace, SearchSpace};
//!
//! let space = ganas_space::by_name("mbconv")?;
//! let restrictions = [Restriction::fix("stage1.kernel=3")?, Restriction::exclude("expand=6")?];
//! let space = RestrictedSpace::new(space, restrictions)?;
//! assert_eq!(space.size(), Some(3_057_647_616));
//! # Ok::<(), ganas_space::SpaceError>(())
//! ```

mod conflict;
mod pattern;
mod space;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::SpaceError;
use crate::blueprint::{Blueprint, Forbidden, NamedChoice};
use crate::suggestion::closest;

pub use self::space::RestrictedSpace;

use self::pattern::{fits, means};

/// A choice that is fixed, or an option that is excluded.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Restriction {
    kind: Kind,
    choice: String,
    option: String,
}

/// What a restriction leaves of the options of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// Those that it names.
    Fix,
    /// All but those that it names.
    Exclude,
}

impl Restriction {
    /// Leaves this option of a choice only: `stage1.kernel=3`.
    ///
    /// # Errors
    ///
    /// [`SpaceError::BadRestriction`] when the text does not name a choice and an option.
    pub fn fix(text: &str) -> Result<Self, SpaceError> {
        Self::read(Kind::Fix, text)
    }

    /// Leaves all options of a choice but this one: `op=none`.
    ///
    /// # Errors
    ///
    /// As [`fix`](Self::fix).
    pub fn exclude(text: &str) -> Result<Self, SpaceError> {
        Self::read(Kind::Exclude, text)
    }

    fn read(kind: Kind, text: &str) -> Result<Self, SpaceError> {
        // No option has a `=` in its name.
        let named = text
            .rsplit_once('=')
            .map(|(choice, option)| (choice.trim(), option.trim()));
        match named {
            Some((choice, option)) if !choice.is_empty() && !option.is_empty() => Ok(Self {
                kind,
                choice: choice.to_owned(),
                option: option.to_owned(),
            }),
            _ => Err(SpaceError::BadRestriction {
                text: text.to_owned(),
                argument: kind.argument(),
            }),
        }
    }

    /// Whether a choice is fixed, and not an option excluded.
    #[must_use]
    pub fn is_fix(&self) -> bool {
        self.kind == Kind::Fix
    }

    /// The choice and the option as they were written: `stage1.kernel=3`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{}={}", self.choice, self.option)
    }

    /// The decisions of a space that it forbids.
    fn forbidden(&self, blueprint: &Blueprint) -> Result<Vec<Forbidden>, SpaceError> {
        let choices = self.choices(blueprint)?;
        let mut forbidden = Vec::new();
        let mut is_known = false;
        for choice in &choices {
            let options = choice.options().iter().enumerate();
            let (named, others): (Vec<_>, Vec<_>) =
                options.partition(|(_, option)| fits(&self.option, option));
            let numbers = |options: &[(usize, &String)]| -> Vec<usize> {
                options.iter().map(|(number, _)| *number).collect()
            };
            match self.kind {
                Kind::Fix if named.is_empty() => return Err(self.unknown_option(blueprint, choice)),
                Kind::Fix => forbidden.extend(choice.forbid_all_but(&numbers(&named))),
                // Where there is no such option, there is nothing to exclude.
                Kind::Exclude if named.is_empty() => {}
                Kind::Exclude => forbidden.extend(choice.forbid_all_but(&numbers(&others))),
            }
            is_known |= !named.is_empty();
        }
        match choices.first() {
            Some(first) if !is_known => Err(self.unknown_option(blueprint, first)),
            _ => Ok(forbidden),
        }
    }

    /// The choices that it means.
    fn choices<'a>(&self, blueprint: &'a Blueprint) -> Result<Vec<&'a NamedChoice>, SpaceError> {
        let all = blueprint.choices();
        let same = all.iter().find(|choice| choice.name() == self.choice);
        let meant: Vec<&NamedChoice> = match same {
            Some(choice) => vec![choice],
            None => (all.iter())
                .filter(|choice| means(&self.choice, choice.name()))
                .collect(),
        };
        if meant.is_empty() {
            return Err(SpaceError::UnknownChoice {
                restriction: self.to_string(),
                space: blueprint.name().into(),
                name: self.choice.clone(),
                suggestion: closest(&self.choice, all.iter().map(NamedChoice::name)),
            });
        }
        Ok(meant)
    }

    fn unknown_option(&self, blueprint: &Blueprint, choice: &NamedChoice) -> SpaceError {
        SpaceError::UnknownOption {
            restriction: self.to_string().into(),
            space: blueprint.name().into(),
            choice: choice.name().into(),
            name: self.option.as_str().into(),
            suggestion: closest(&self.option, choice.options()),
            known: choice.options().join(", ").into(),
        }
    }
}

impl Kind {
    /// How it is said on the command line.
    fn argument(self) -> &'static str {
        match self {
            Self::Fix => "--fix",
            Self::Exclude => "--exclude",
        }
    }
}

/// As it is written on the command line: `--fix 'stage1.kernel=3'`.
impl fmt::Display for Restriction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} '{}'", self.kind.argument(), self.text())
    }
}
