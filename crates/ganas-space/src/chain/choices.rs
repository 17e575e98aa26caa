//! The choices of a chain by name: of each layer those that its blocks are made of, of each stage its depth.
//!
//! `stage2.layer3.kernel` is the kernel of the third layer of the second stage; a stage of one layer has no number of the
//! layer, `stage2.kernel`.

use crate::blueprint::{Blueprint, NamedChoice};
use crate::vertex_set::bits;

use super::description::{Absence, Block, Description, RESOLUTION, Stage};

/// The choices of the space of a description.
pub(super) fn of(description: &Description, blueprint: &Blueprint) -> Vec<NamedChoice> {
    let mut choices = Vec::new();
    // The input is vertex 0.
    let (mut vertex, mut number) = (1, 0);
    for stage in &description.stages {
        let vertices: Vec<usize> = (vertex..vertex + stage.layers.len()).collect();
        vertex += vertices.len();
        if is_resolution(description, stage) {
            choices.extend(of_layer(description, blueprint, vertices[0], ""));
            continue;
        }
        number += 1;
        if stage.absence == Absence::AtEnd {
            choices.extend(blueprint.depth_choice(&vertices, format!("stage{number}.depth")));
        }
        for (layer, v) in (1..).zip(&vertices) {
            let prefix = match vertices.len() {
                1 => format!("stage{number}."),
                _ => format!("stage{number}.layer{layer}."),
            };
            choices.extend(of_layer(description, blueprint, *v, &prefix));
        }
    }
    choices
}

/// Whether a stage is no layer of the network, but the side of the images.
fn is_resolution(description: &Description, stage: &Stage) -> bool {
    let is_side = |choice: usize| matches!(description.choices[choice].block, Block::Resolution(_));
    stage.layers.iter().all(|set| bits(*set).all(is_side))
}

/// The choices that a layer is made of, in the order of its first block.
fn of_layer(
    description: &Description,
    blueprint: &Blueprint,
    vertex: usize,
    prefix: &str,
) -> Vec<NamedChoice> {
    let Some(step) = blueprint.label_step(vertex) else {
        return Vec::new();
    };
    let mut factors: Vec<(&str, Vec<(String, u64)>)> = Vec::new();
    for label in bits(blueprint.labels_of(vertex)) {
        for (factor, option) in &description.choices[label].factors {
            let known = factors.iter().position(|(name, _)| name == factor);
            let place = known.unwrap_or_else(|| {
                factors.push((factor, Vec::new()));
                factors.len() - 1
            });
            let options = &mut factors[place].1;
            match options.iter_mut().find(|(name, _)| name == option) {
                Some((_, labels)) => *labels |= 1 << label,
                None => options.push((option.clone(), 1 << label)),
            }
        }
    }
    let named = factors.into_iter().map(|(factor, options)| {
        let name = match factor {
            RESOLUTION => RESOLUTION.to_owned(),
            _ => format!("{prefix}{factor}"),
        };
        NamedChoice::of_actions(name, step, options)
    });
    named.collect()
}
