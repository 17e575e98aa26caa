//! A custom chain, described in TOML:
//!
//! ```toml
//! name = "tiny"
//! parameters = "kernel^2 * channels^2"
//!
//! [[stage]]
//! layers = 3
//! optional = 1
//! sizes = { channels = 16 }
//! choices = { kernel = [1, 3], op = ["conv", "separable"] }
//! ```
//!
//! A layer has one value of each factor; the last `optional` layers of a stage may be left out.
//! The word of a layer is its values in the alphabetical order of their factors, joined by `_`: a text as it is, a
//! number after the name of its factor, `kernel3_conv`.
//! In an expression a factor of numbers is its value, each text of a factor is 1 where it was chosen and 0 elsewhere,
//! and `sizes` are what they are; the values of all layers that are present are added.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;

use crate::SpaceError;
use crate::chain::classes;
use crate::chain::description::{
    Absence, Block, CostModel, Description, LayerChoice, Separators, Stage, set,
};
use crate::limits::{MAX_CHOICES, MAX_FACTORS, MAX_LAYERS, MAX_NAME_BYTES};
use crate::vertex_set::bits;

use super::document::{Document, check_sizes, is_name, not_a_name};
use super::evaluated_costs::{AllParts, PartsOfArch, cost_table};
use super::file::{StageTable, Value};
use super::opening::Open;
use super::part::{DescribedPart, Row, Variables};

/// Makes a description of what the user's file says.
pub(super) fn description(open: &Open<'_>) -> Result<Description, SpaceError> {
    let (document, file) = (open.document, open.file);
    if let Some(table) = file.stage.get(MAX_LAYERS) {
        let problem = format!(
            "{} stages; expected at most {MAX_LAYERS} layers in all",
            file.stage.len()
        );
        return Err(document.bad(table.span(), problem));
    }
    let mut choices = Choices::default();
    let mut stages = Vec::new();
    for table in &file.stage {
        stages.push(stage(document, table, &mut choices)?);
    }
    let n_layers: usize = stages.iter().map(|stage| stage.layers.len()).sum();
    if n_layers == 0 || n_layers > MAX_LAYERS {
        let problem = format!("{n_layers} layers in all; expected 1 to {MAX_LAYERS}");
        return Err(document.bad(file.name.span(), problem));
    }
    choices.fill_up();
    let parts = parts(&file.stage, &stages, &choices);
    let mut layer_choices = choices.choices;
    if file.stage.iter().any(|table| optional(table.get_ref()) > 0) {
        let absent = set([layer_choices.len()]);
        for (stage, table) in stages.iter_mut().zip(&file.stage) {
            let n_present = stage.layers.len() - optional(table.get_ref());
            for layer in &mut stage.layers[n_present..] {
                *layer |= absent;
            }
        }
        layer_choices.push(LayerChoice {
            word: String::new(),
            label: "absent".to_owned(),
            block: Block::Absent,
            factors: Vec::new(),
        });
    }
    let all = AllParts {
        parts: &parts,
        n_choices: layer_choices.len(),
        of_arch: PartsOfArch::OneAPlace,
    };
    let costs = cost_table(open, all)?;
    let mut said = said(&file.stage, &layer_choices);
    // Tables and studies from when such keys were numbers that wrapped stay apart.
    let layers = stages.iter().flat_map(|stage| stage.layers.iter().copied());
    if classes::largest_number(layers).is_none() {
        said.push_str("keys are hashes\n");
    }
    Ok(Description {
        name: open.name(&said, &costs),
        choices: layer_choices,
        stages,
        text: Separators {
            stages: " ",
            layers: ",",
        },
        subnets: false,
        costs: CostModel::Table(costs),
        known: &[],
        bounds: open.bounds(),
    })
}

/// Every layer that there can be, at every place; all present.
fn parts(
    tables: &[Spanned<StageTable>],
    stages: &[Stage],
    choices: &Choices,
) -> Vec<DescribedPart> {
    let mut parts = Vec::new();
    let mut place = 0;
    for (s, (stage, table)) in stages.iter().zip(tables).enumerate() {
        for (l, layer) in stage.layers.iter().enumerate() {
            for choice in bits(*layer) {
                let mut variables = table.get_ref().sizes.clone();
                variables.extend(choices.factors[choice].clone());
                parts.push(DescribedPart {
                    part: (place, choice),
                    variables,
                    row: Row {
                        stage: Some(s + 1),
                        layer: Some(l + 1),
                        word: choices.choices[choice].word.clone(),
                    },
                });
            }
            place += 1;
        }
    }
    parts
}

/// The choices of all stages; equal words are one choice.
#[derive(Default)]
struct Choices {
    choices: Vec<LayerChoice>,
    factors: Vec<Variables>,
    /// Of each choice the values of its factors.
    values: Vec<Values>,
}

/// The values of the factors of a layer, by their names.
type Values = BTreeMap<String, Value>;

impl Choices {
    /// The place of a choice; `None` when its word is that of a choice with other values.
    fn place(&mut self, values: &Values) -> Option<usize> {
        let words: Vec<String> = values
            .iter()
            .map(|(factor, value)| value.word(factor))
            .collect();
        let word = words.join("_");
        if let Some(place) = self.choices.iter().position(|choice| choice.word == word) {
            return (self.values[place] == *values).then_some(place);
        }
        self.choices.push(LayerChoice {
            label: word.clone(),
            word,
            block: Block::Opaque,
            factors: (values.iter())
                .map(|(factor, value)| (factor.clone(), value.option()))
                .collect(),
        });
        self.factors.push(
            values
                .iter()
                .map(|(factor, value)| value.variable(factor))
                .collect(),
        );
        self.values.push(values.clone());
        Some(self.choices.len() - 1)
    }

    /// Makes every text of a factor 0 where it was not chosen.
    fn fill_up(&mut self) {
        let texts: Vec<String> = self
            .values
            .iter()
            .flat_map(BTreeMap::values)
            .filter_map(Value::text)
            .collect();
        for factors in &mut self.factors {
            for text in &texts {
                factors.entry(text.clone()).or_insert(0.0);
            }
        }
    }
}

impl Value {
    fn word(&self, factor: &str) -> String {
        match self {
            Self::Number(number) => format!("{factor}{number}"),
            Self::Text(text) => text.clone(),
        }
    }

    /// What an expression knows of it.
    fn variable(&self, factor: &str) -> (String, f64) {
        match self {
            Self::Number(number) => (factor.to_owned(), f64::from(*number)),
            Self::Text(text) => (text.clone(), 1.0),
        }
    }

    /// What it is called as an option of its factor.
    fn option(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    fn text(&self) -> Option<String> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text.clone()),
        }
    }
}

/// The layers of a stage, whose choices are added; all present for now.
fn stage(
    document: Document<'_>,
    table: &Spanned<StageTable>,
    choices: &mut Choices,
) -> Result<Stage, SpaceError> {
    let (span, stage) = (table.span(), table.get_ref());
    let n_layers = *stage.layers.get_ref();
    if n_layers == 0 || n_layers > MAX_LAYERS {
        let problem = format!("{n_layers} layers; expected 1 to {MAX_LAYERS}");
        return Err(document.bad(stage.layers.span(), problem));
    }
    if let Some(optional) = stage.optional.as_ref().filter(|o| *o.get_ref() >= n_layers) {
        let problem = "expected fewer optional layers than layers: the first one is always present";
        return Err(document.bad(optional.span(), problem));
    }
    if stage.choices.is_empty() {
        return Err(document.bad(span, "expected at least one factor in `choices`"));
    }
    if stage.choices.len() > MAX_FACTORS {
        let problem = format!(
            "{} factors in `choices`; expected at most {MAX_FACTORS}",
            stage.choices.len()
        );
        return Err(document.bad(span, problem));
    }
    check_sizes(document, &span, &stage.sizes)?;
    let mut combinations = vec![Values::new()];
    for (factor, values) in &stage.choices {
        check_factor(document, factor, values)?;
        check_names(document, factor, stage, values)?;
        combinations = combinations
            .iter()
            .flat_map(|combination| {
                values.get_ref().iter().map(move |value| {
                    let mut combination = combination.clone();
                    combination.insert(factor.clone(), value.clone());
                    combination
                })
            })
            .collect();
        if combinations.len() > MAX_CHOICES {
            return Err(too_many(document, values.span()));
        }
    }
    let mut layer = 0;
    for values in &combinations {
        let place = choices
            .place(values)
            .filter(|place| layer >> place & 1 == 0);
        let place = place.ok_or_else(|| {
            let problem =
                "two layers with different values have the same word: rename a factor or a value";
            document.bad(span.clone(), problem)
        })?;
        layer |= set([place]);
        if place >= MAX_CHOICES {
            return Err(too_many(document, span));
        }
    }
    Ok(Stage {
        layers: vec![layer; n_layers],
        absence: Absence::AtEnd,
    })
}

/// In an expression a name means one thing.
fn check_names(
    document: Document<'_>,
    factor: &str,
    stage: &StageTable,
    values: &Spanned<Vec<Value>>,
) -> Result<(), SpaceError> {
    let of_values = values.get_ref().iter().filter_map(Value::text);
    let taken = |name: &String| {
        stage.sizes.contains_key(name) || name != factor && stage.choices.contains_key(name)
    };
    match std::iter::once(factor.to_owned())
        .chain(of_values)
        .find(taken)
    {
        None => Ok(()),
        Some(name) => {
            let problem =
                format!("`{name}` is also the name of a size or of a factor; rename one of them");
            Err(document.bad(values.span(), problem))
        }
    }
}

fn check_factor(
    document: Document<'_>,
    factor: &str,
    values: &Spanned<Vec<Value>>,
) -> Result<(), SpaceError> {
    let problem = |problem: String| Err(document.bad(values.span(), problem));
    // The name of a factor of numbers is a part of words.
    let in_words = values.get_ref().iter().any(|value| value.text().is_none());
    if factor.len() > MAX_NAME_BYTES || in_words && !is_name(factor) {
        return problem(not_a_name(factor));
    }
    if values.get_ref().is_empty() {
        return problem(format!("expected at least one value of `{factor}`"));
    }
    if values.get_ref().len() > MAX_CHOICES {
        return Err(too_many(document, values.span()));
    }
    for (v, value) in values.get_ref().iter().enumerate() {
        if values.get_ref()[..v].contains(value) {
            return problem(format!("a value of `{factor}` stands there twice"));
        }
        if let Value::Text(word) = value
            && !is_name(word)
        {
            return problem(not_a_name(word));
        }
    }
    Ok(())
}

fn optional(stage: &StageTable) -> usize {
    stage.optional.as_ref().map_or(0, |n| *n.get_ref())
}

/// What the name of the space has to follow from, beside the costs.
fn said(tables: &[Spanned<StageTable>], choices: &[LayerChoice]) -> String {
    let mut said = String::new();
    for choice in choices {
        said.push_str(&format!("{}\n", choice.word));
    }
    for table in tables {
        let stage = table.get_ref();
        let values: Vec<_> = stage
            .choices
            .iter()
            .map(|(name, values)| (name, values.get_ref()))
            .collect();
        said.push_str(&format!(
            "{} {} {:?} {values:?}\n",
            stage.layers.get_ref(),
            optional(stage),
            stage.sizes
        ));
    }
    said
}

fn too_many(document: Document<'_>, span: Range<usize>) -> SpaceError {
    let problem = format!("more than {MAX_CHOICES} different layers in all; expected fewer values");
    document.bad(span, problem)
}
