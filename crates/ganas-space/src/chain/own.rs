//! A space of the user's, described in TOML:
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

use std::collections::BTreeMap;
use std::ops::Range;

use md5::{Digest, Md5};
use serde::Deserialize;
use toml::Spanned;

use crate::SpaceError;

use super::description::{Absence, Block, Costs, Description, LayerChoice, Stage, TextForm, set};
use super::expression::Expression;
use super::own_costs::{OwnCosts, Variables};

/// All labels of a space, input and output included, fit in one 64-bit word; so do all vertices.
const MAX_CHOICES: usize = 61;
const MAX_LAYERS: usize = 62;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: Spanned<String>,
    parameters: Option<Spanned<String>>,
    flops: Option<Spanned<String>>,
    stage: Vec<Spanned<StageTable>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct StageTable {
    layers: Spanned<usize>,
    #[serde(default)]
    optional: Option<Spanned<usize>>,
    #[serde(default)]
    sizes: BTreeMap<String, f64>,
    choices: BTreeMap<String, Spanned<Vec<Value>>>,
}

/// A value of a factor.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(untagged, expecting = "expected a whole number or a text")]
enum Value {
    Number(u32),
    Text(String),
}

/// Reads a description.
pub(super) fn description(text: &str) -> Result<Description, SpaceError> {
    let file: File = toml::from_str(text).map_err(|error| {
        bad(
            text,
            error.span().unwrap_or(0..0),
            error.message().to_owned(),
        )
    })?;
    if !is_word(file.name.get_ref()) {
        return Err(bad(
            text,
            file.name.span(),
            "expected a name of letters, digits, `_` and `-`",
        ));
    }
    let mut choices = Choices::default();
    let (mut stages, mut sizes) = (Vec::new(), Vec::new());
    for table in &file.stage {
        stages.push(stage(text, table, &mut choices)?);
        sizes.push(table.get_ref().sizes.clone());
    }
    let n_layers: usize = stages.iter().map(|stage| stage.layers.len()).sum();
    if n_layers == 0 || n_layers > MAX_LAYERS {
        let problem = format!("{n_layers} layers in all; expected 1 to {MAX_LAYERS}");
        return Err(bad(text, file.name.span(), problem));
    }
    let optional = file.stage.iter().any(|s| optional(s.get_ref()) > 0);
    choices.fill_up();
    let mut layer_choices = choices.choices;
    let mut factors = choices.factors;
    if optional {
        let absent = set([layer_choices.len()]);
        for (stage, table) in stages.iter_mut().zip(&file.stage) {
            let n_present = stage.layers.len() - optional_of(table);
            for layer in &mut stage.layers[n_present..] {
                *layer |= absent;
            }
        }
        layer_choices.push(LayerChoice {
            word: "",
            label: "absent",
            block: Block::Absent,
        });
        factors.push(Variables::new());
    }
    let costs = OwnCosts {
        parameters: expression(text, file.parameters.as_ref())?,
        flops: expression(text, file.flops.as_ref())?,
        factors,
        sizes,
    };
    check_costs(text, &file, &costs, &stages, &layer_choices)?;
    let name = format!(
        "{}-{}",
        file.name.get_ref(),
        fingerprint(&file, &layer_choices)
    );
    Ok(Description {
        name: name.leak(),
        choices: layer_choices,
        stages,
        text: TextForm {
            stages: " ",
            layers: ",",
        },
        costs: Costs::Own(costs),
        members: &[],
    })
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
        let word: &'static str = word.leak();
        self.choices.push(LayerChoice {
            word,
            label: word,
            block: Block::Own,
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

    fn text(&self) -> Option<String> {
        match self {
            Self::Number(_) => None,
            Self::Text(text) => Some(text.clone()),
        }
    }
}

/// The layers of a stage, whose choices are added; all present for now.
fn stage(
    text: &str,
    table: &Spanned<StageTable>,
    choices: &mut Choices,
) -> Result<Stage, SpaceError> {
    let (span, stage) = (table.span(), table.get_ref());
    let n_layers = *stage.layers.get_ref();
    if n_layers == 0 || n_layers > MAX_LAYERS {
        let problem = format!("{n_layers} layers; expected 1 to {MAX_LAYERS}");
        return Err(bad(text, stage.layers.span(), problem));
    }
    if let Some(optional) = stage.optional.as_ref().filter(|o| *o.get_ref() >= n_layers) {
        let problem = "expected fewer optional layers than layers: the first one is always present";
        return Err(bad(text, optional.span(), problem));
    }
    if stage.choices.is_empty() {
        return Err(bad(text, span, "expected at least one factor in `choices`"));
    }
    let mut combinations = vec![Values::new()];
    for (factor, values) in &stage.choices {
        check_factor(text, factor, values)?;
        check_names(text, factor, stage, values)?;
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
            return Err(too_many(text, values.span()));
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
            bad(text, span.clone(), problem)
        })?;
        layer |= set([place]);
        if place >= MAX_CHOICES {
            return Err(too_many(text, span));
        }
    }
    Ok(Stage {
        layers: vec![layer; n_layers],
        absence: Absence::AtEnd,
    })
}

/// In an expression a name means one thing.
fn check_names(
    text: &str,
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
            Err(bad(text, values.span(), problem))
        }
    }
}

fn check_factor(text: &str, factor: &str, values: &Spanned<Vec<Value>>) -> Result<(), SpaceError> {
    let problem = |problem: String| Err(bad(text, values.span(), problem));
    if values.get_ref().is_empty() {
        return problem(format!("expected at least one value of `{factor}`"));
    }
    for (v, value) in values.get_ref().iter().enumerate() {
        if values.get_ref()[..v].contains(value) {
            return problem(format!("a value of `{factor}` stands there twice"));
        }
        if let Value::Text(word) = value
            && !(is_word(word)
                && !word.contains('-')
                && !word.starts_with(|c: char| c.is_ascii_digit()))
        {
            return problem(format!(
                "`{word}`: expected letters, digits and `_`, a letter first"
            ));
        }
    }
    Ok(())
}

fn expression(
    text: &str,
    given: Option<&Spanned<String>>,
) -> Result<Option<Expression>, SpaceError> {
    given
        .map(|given| {
            Expression::parse(given.get_ref()).map_err(|problem| bad(text, given.span(), problem))
        })
        .transpose()
}

/// Evaluates the expressions for every layer that there can be.
fn check_costs(
    text: &str,
    file: &File,
    costs: &OwnCosts,
    stages: &[Stage],
    choices: &[LayerChoice],
) -> Result<(), SpaceError> {
    for (expression, given) in [
        (&costs.parameters, &file.parameters),
        (&costs.flops, &file.flops),
    ] {
        let (Some(expression), Some(given)) = (expression, given) else {
            continue;
        };
        for (s, stage) in stages.iter().enumerate() {
            for choice in crate::blueprint::bits(stage.layers[0]) {
                costs.layer(expression, s, choice).map_err(|problem| {
                    let layer = format!("layer `{}` of stage {}", choices[choice].word, s + 1);
                    bad(text, given.span(), format!("{problem} ({layer})"))
                })?;
            }
        }
    }
    Ok(())
}

fn optional(stage: &StageTable) -> usize {
    stage.optional.as_ref().map_or(0, |n| *n.get_ref())
}

fn optional_of(table: &Spanned<StageTable>) -> usize {
    optional(table.get_ref())
}

/// Eight hexadecimal digits that follow from everything that the file says.
fn fingerprint(file: &File, choices: &[LayerChoice]) -> String {
    let mut digest = Md5::new();
    let given = |text: &Option<Spanned<String>>| text.as_ref().map(|text| text.get_ref().clone());
    digest.update(format!(
        "{:?} {:?}\n",
        given(&file.parameters),
        given(&file.flops)
    ));
    for choice in choices {
        digest.update(format!("{}\n", choice.word));
    }
    for table in &file.stage {
        let stage = table.get_ref();
        let values: Vec<_> = stage
            .choices
            .iter()
            .map(|(name, values)| (name, values.get_ref()))
            .collect();
        digest.update(format!(
            "{} {} {:?} {values:?}\n",
            stage.layers.get_ref(),
            optional(stage),
            stage.sizes
        ));
    }
    digest.finalize()[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn is_word(text: &str) -> bool {
    !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

fn too_many(text: &str, span: Range<usize>) -> SpaceError {
    let problem = format!("more than {MAX_CHOICES} different layers in all; expected fewer values");
    bad(text, span, problem)
}

/// The error at the line where a part of the text begins.
fn bad(text: &str, span: Range<usize>, problem: impl Into<String>) -> SpaceError {
    let before = text.get(..span.start).unwrap_or(text);
    SpaceError::BadDescription {
        line: before.matches('\n').count() + 1,
        problem: problem.into(),
    }
}
