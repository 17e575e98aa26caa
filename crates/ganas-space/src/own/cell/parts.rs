//! What costs of cells with operations on vertices are added over: each operation, with the numbers of its inputs and
//! outputs.

use crate::Arch;
use crate::own::{Part, Row, Variables};

/// The names by which expressions know the numbers of inputs and outputs.
pub(super) const DEGREES: [&str; 2] = ["inputs", "outputs"];

/// Everything that there can be in a cell of so many nodes.
pub(super) fn all(operations: &[&str], nodes: usize, sizes: &Variables) -> Vec<Part> {
    let mut parts = Vec::new();
    for inputs in 1..=nodes {
        for outputs in 1..=nodes {
            for (choice, operation) in operations.iter().enumerate() {
                let mut part = part(operations, choice, place(inputs, outputs, nodes), sizes);
                for (name, value) in DEGREES.iter().zip([inputs, outputs]) {
                    let value = u32::try_from(value).expect("invariant: a cell has few nodes");
                    part.variables.insert((*name).to_owned(), f64::from(value));
                }
                debug_assert_eq!(part.row.word, *operation);
                parts.push(part);
            }
        }
    }
    parts
}

/// An operation at a place; expressions know the sizes, and which operation it is.
pub(super) fn part(operations: &[&str], choice: usize, place: usize, sizes: &Variables) -> Part {
    let mut variables = sizes.clone();
    for (other, operation) in operations.iter().enumerate() {
        let value = if other == choice { 1.0 } else { 0.0 };
        variables.insert((*operation).to_owned(), value);
    }
    Part {
        place,
        choice,
        variables,
        row: Row {
            stage: None,
            layer: None,
            word: operations[choice].to_owned(),
        },
    }
}

/// The parts of a canonical form.
pub(super) fn of(canonical: &Arch, nodes: usize) -> Vec<(usize, usize)> {
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
