//! What costs of cells with operations on vertices are added over: each operation, with the numbers of its inputs and
//! outputs.

use crate::custom::part::{DescribedPart, Row, Variables};
use crate::{Arch, Part};

/// The names by which expressions know the numbers of inputs and outputs.
pub(super) const DEGREES: [&str; 2] = ["inputs", "outputs"];

/// Everything that there can be in a cell of so many nodes.
pub(super) fn all(operations: &[String], nodes: usize, sizes: &Variables) -> Vec<DescribedPart> {
    let mut parts = Vec::new();
    for inputs in 1..=nodes {
        for outputs in 1..=nodes {
            for choice in 0..operations.len() {
                let mut described =
                    part(operations, (place(inputs, outputs, nodes), choice), sizes);
                for (name, value) in DEGREES.iter().zip([inputs, outputs]) {
                    let value = u32::try_from(value).expect("invariant: a cell has few nodes");
                    described
                        .variables
                        .insert((*name).to_owned(), f64::from(value));
                }
                parts.push(described);
            }
        }
    }
    parts
}

/// An operation at a place; expressions know the sizes, and which operation it is.
pub(super) fn part(
    operations: &[String],
    (place, choice): Part,
    sizes: &Variables,
) -> DescribedPart {
    let mut variables = sizes.clone();
    for (other, operation) in operations.iter().enumerate() {
        let value = if other == choice { 1.0 } else { 0.0 };
        variables.insert(operation.clone(), value);
    }
    DescribedPart {
        part: (place, choice),
        variables,
        row: Row {
            stage: None,
            layer: None,
            word: operations[choice].clone(),
        },
    }
}

/// The parts of a canonical form.
pub(super) fn of(canonical: &Arch, nodes: usize) -> Vec<Part> {
    let predecessors = canonical.predecessors();
    (1..canonical.n_vertices() - 1)
        .map(|v| {
            let inputs = predecessors[v].count_ones() as usize;
            let outputs = predecessors.iter().filter(|set| *set >> v & 1 == 1).count();
            (place(inputs, outputs, nodes), canonical.labels()[v].index())
        })
        .collect()
}

/// Each number is one of 1 to that of the nodes: of those before or after, and one end.
fn place(inputs: usize, outputs: usize, nodes: usize) -> usize {
    (inputs - 1) * nodes + outputs - 1
}
