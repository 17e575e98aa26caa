//! `ganas space choices`: the choices of a space by name.

use std::sync::Arc;

use ganas::report::tables::{Align, TextTable};
use ganas::space::{RestrictedSpace, SearchSpace};
use serde::Serialize;

use crate::arguments::restrictions::RestrictionArguments;
use crate::printing::output;

/// A choice, and what is left of its options.
#[derive(Serialize)]
struct Line {
    name: String,
    options: Vec<String>,
    /// The option of the architecture that was given; null where it makes no such choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    chosen: Option<Option<String>>,
}

/// Prints the choices of a space, or of what is left of it, and which of their options an architecture has.
pub(super) fn print(
    space: &Arc<dyn SearchSpace>,
    restrictions: &RestrictionArguments,
    arch: Option<&str>,
    json: bool,
) -> anyhow::Result<()> {
    let restricted = restrictions.restricted(space)?;
    let chosen = arch.map(|text| chosen(&**space, restricted.as_deref(), text));
    let chosen = chosen.transpose()?;
    let choices = space.choices().iter().enumerate();
    let lines = choices.map(|(number, choice)| Line {
        name: choice.name().to_owned(),
        options: match &restricted {
            Some(restricted) => restricted
                .options_left(choice)
                .map(ToOwned::to_owned)
                .collect(),
            None => choice.options().to_vec(),
        },
        chosen: chosen.as_ref().map(|chosen| chosen[number].clone()),
    });
    let lines: Vec<Line> = lines.collect();
    if json {
        let choices = serde_json::json!({ "space": space.name(), "choices": lines });
        return output::print_json(&choices);
    }
    let mut columns = vec![("choice", Align::Left), ("options", Align::Left)];
    if chosen.is_some() {
        columns.insert(1, ("chosen", Align::Left));
    }
    let mut table = TextTable::new(columns);
    for Line {
        name,
        options,
        chosen,
    } in lines
    {
        let chosen = chosen.map(|chosen| chosen.unwrap_or_else(|| "-".to_owned()));
        table.row([name].into_iter().chain(chosen).chain([options.join(", ")]));
    }
    output::print_text(&table.to_text())
}

/// The option of each choice that an architecture has, which must not violate the restrictions.
fn chosen(
    space: &dyn SearchSpace,
    restricted: Option<&RestrictedSpace>,
    text: &str,
) -> anyhow::Result<Vec<Option<String>>> {
    let arch = space.decode(text)?;
    if let Some(restricted) = restricted {
        restricted.actions_of(&arch)?;
    }
    let options = space.choices_of(&arch)?.into_iter();
    Ok(options
        .map(|(_, option)| option.map(ToOwned::to_owned))
        .collect())
}
