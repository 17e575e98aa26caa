//! The named choices of a space as categorical parameters of Optuna.

use ganas_space::blueprint::NamedChoice;
use ganas_space::{SearchSpace, SpaceError};
use ganas_store::{Evaluation, TrialRow};
use serde_json::{Value, json};

use crate::Error;
use crate::error::Context as _;

/// The choices of a space as parameters, the same for all trials of a run.
pub(super) struct Parameters {
    /// The name of each, and its distribution as JSON.
    all: Vec<(String, String)>,
    /// The number of the option of each choice, for each trial.
    chosen: Vec<Vec<u32>>,
}

impl Parameters {
    /// The parameters of trials. A choice that some of them do not have, such as the kernel of a layer that is left out, has the option
    /// `null` after the others, so that every trial has every parameter.
    ///
    /// # Errors
    ///
    /// An architecture is not of this space.
    pub(super) fn of(
        space: &dyn SearchSpace,
        trials: &[(TrialRow, Option<Evaluation>)],
    ) -> Result<Self, Error> {
        let choices = space.choices();
        let chosen = trials
            .iter()
            .map(|(trial, _)| chosen(space, &trial.arch))
            .collect::<Result<Vec<_>, Error>>()?;
        let parameter = |(place, choice): (usize, &NamedChoice)| {
            let is_missing = chosen.iter().any(|chosen| chosen[place].is_none());
            let mut options: Vec<Value> = choice.options().iter().map(|name| json!(name)).collect();
            if is_missing {
                options.push(Value::Null);
            }
            let options = Value::from(options);
            let distribution = format!(
                r#"{{"name": "CategoricalDistribution", "attributes": {{"choices": {options}}}}}"#
            );
            (choice.name().to_owned(), distribution)
        };
        let all = choices.iter().enumerate().map(parameter).collect();
        let index = |(option, choice): (&Option<usize>, &NamedChoice)| {
            let index = option.unwrap_or(choice.options().len());
            u32::try_from(index).expect("invariant: a choice has few options")
        };
        let chosen = (chosen.iter())
            .map(|chosen| chosen.iter().zip(choices).map(index).collect())
            .collect();
        Ok(Self { all, chosen })
    }

    /// The name, the number of the option and the distribution of each parameter of the trial at this place.
    pub(super) fn of_trial(&self, place: usize) -> impl Iterator<Item = (&str, u32, &str)> {
        let all = self.all.iter().zip(&self.chosen[place]);
        all.map(|((name, distribution), index)| (&**name, *index, &**distribution))
    }
}

/// The option of each choice that an architecture has.
fn chosen(space: &dyn SearchSpace, text: &str) -> Result<Vec<Option<usize>>, Error> {
    let of = |text: &str| {
        let options = space.choices_of(&space.decode(text)?)?.into_iter();
        let place = |(choice, option): (&NamedChoice, Option<&str>)| {
            let option = option?;
            choice.options().iter().position(|name| name == option)
        };
        Ok::<_, SpaceError>(options.map(place).collect())
    };
    of(text).with_context(|| format!("the architecture {text} of the space {}", space.name()))
}
