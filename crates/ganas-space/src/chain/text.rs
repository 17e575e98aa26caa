//! Architectures of chains as texts: the words of the layers.

use crate::text_reader::Reader;
use crate::{OpId, SpaceError};

use super::description::{Absence, Block, Description, Stage, label};
use super::subnet;
use crate::vertex_set::bits;

/// Writes the words of the layers; trailing absent layers have none.
pub(super) fn encode(description: &Description, labels: &[OpId]) -> String {
    let stages: Vec<String> = description
        .divided(labels)
        .into_iter()
        .zip(&description.stages)
        .map(|(labels, stage)| {
            let words: Vec<&str> = labels
                .iter()
                .filter(|label| {
                    stage.absence == Absence::Anywhere
                        || description.block(**label) != Block::Absent
                })
                .map(|label| &*description.choices[label.index()].word)
                .collect();
            words.join(description.text.layers)
        })
        .collect();
    stages.join(description.text.stages)
}

/// Reads what [`encode`] writes, the name of a known network, or the dictionary of a subnet where the space has them.
pub(super) fn decode(description: &Description, text: &str) -> Result<Vec<OpId>, SpaceError> {
    let mut known = description.known.iter();
    let known = known.find(|known| known.name == text.trim());
    let text = known.map_or(text, |known| known.text);
    let mut reader = Reader::new(&description.name, text);
    reader.skip_white_space();
    if let Some(network) = description.network().filter(|_| description.subnets)
        && reader.rest().starts_with('{')
    {
        return subnet::decode(description, network, &mut reader);
    }
    let mut labels = Vec::new();
    for (s, stage) in description.stages.iter().enumerate() {
        if s > 0 {
            separator(&mut reader, description.text.stages)?;
        }
        stage_labels(description, stage, &mut reader, &mut labels)?;
    }
    reader.skip_white_space();
    reader.expect_end()?;
    Ok(labels)
}

fn stage_labels(
    description: &Description,
    stage: &Stage,
    reader: &mut Reader<'_>,
    labels: &mut Vec<OpId>,
) -> Result<(), SpaceError> {
    let absent = description.absent();
    for (l, &set) in stage.layers.iter().enumerate() {
        let can_end = absent
            .filter(|absent| stage.absence == Absence::AtEnd && l > 0 && set >> absent.0 & 1 == 1);
        if let Some(absent) = can_end
            && !reader.rest().starts_with(description.text.layers)
        {
            labels.push(absent);
            continue;
        }
        if l > 0 {
            separator(reader, description.text.layers)?;
        }
        labels.push(layer(description, set, reader)?);
    }
    Ok(())
}

/// The label of the next word.
fn layer(description: &Description, set: u64, reader: &mut Reader<'_>) -> Result<OpId, SpaceError> {
    let offset = reader.offset();
    let choices = || bits(set).map(|choice| (choice, &description.choices[choice]));
    let one_character = description.text.layers.is_empty();
    let mut taken = false;
    let word = reader.take_while(|c| {
        let takes = !taken && (c.is_alphanumeric() || c == '_');
        taken |= one_character;
        takes
    });
    if let Some((choice, _)) = choices().find(|(_, choice)| choice.word == word) {
        return Ok(label(choice));
    }
    let known = || {
        choices()
            .map(|(_, choice)| &*choice.word)
            .filter(|word| !word.is_empty())
    };
    if word.is_empty() || description.choices.iter().any(|choice| choice.word == word) {
        let known: Vec<&str> = known().collect();
        return Err(reader.expected_at(offset, &format!("one of {}", known.join(", "))));
    }
    let known: Vec<&str> = known().collect();
    Err(reader.unknown_op(word, &known))
}

/// What stands between two parts; one white space stands for any.
fn separator(reader: &mut Reader<'_>, separator: &str) -> Result<(), SpaceError> {
    if separator == " " {
        let offset = reader.offset();
        reader.skip_white_space();
        return if reader.offset() > offset {
            Ok(())
        } else {
            Err(reader.expected_at(offset, "white space and the next stage"))
        };
    }
    separator.chars().try_for_each(|c| reader.expect(c))
}
