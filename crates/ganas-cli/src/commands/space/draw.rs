//! `ganas space draw`: an architecture in the DOT language of Graphviz.

use std::fmt::Write as _;

use ganas::space::{Arch, SearchSpace};

use crate::printing::output;

/// Prints a graph; vertices without edges, which stand for what is left out, are dashed.
pub(super) fn draw(space: &dyn SearchSpace, text: &str, canonical: bool) -> anyhow::Result<()> {
    let mut arch = space.decode(text)?;
    if canonical {
        arch = space.canonical(&arch);
    }
    output::print_text(&dot(space, &arch))
}

fn dot(space: &dyn SearchSpace, arch: &Arch) -> String {
    let mut text = format!("digraph \"{}\" {{\n  node [shape=box];\n", space.name());
    let read = arch.predecessors().iter().fold(0, |all, set| all | set);
    for (v, label) in arch.labels().iter().enumerate() {
        let alone = arch.predecessors()[v] == 0 && read >> v & 1 == 0;
        let style = if alone { ", style=dashed" } else { "" };
        let _ = writeln!(
            text,
            "  v{v} [label=\"{}\"{style}];",
            space.labels()[label.index()]
        );
    }
    for (v, set) in arch.predecessors().iter().enumerate() {
        for u in (0..v).filter(|u| set >> u & 1 == 1) {
            let _ = writeln!(text, "  v{u} -> v{v};");
        }
    }
    text.push_str("}\n");
    text
}
