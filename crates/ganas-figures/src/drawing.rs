//! Architectures as graphs.

use std::fmt::Write as _;

use ganas_report::tables::TextTable;
use ganas_space::{Arch, SearchSpace};
use serde::{Deserialize, Serialize};

use crate::canvas::{Anchor, Canvas, escaped, width_of};
use crate::figure::{Figure, id_of};
use crate::layout::{HEIGHT, edges_of, layout};
use crate::palette;

/// An architecture as a graph: its data, of which it can be drawn without its space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArchDrawing {
    /// What it shows, in a line.
    pub title: String,
    /// The architecture as text.
    pub text: String,
    /// The labels of the vertices.
    pub vertices: Vec<String>,
    /// The number of the label of each vertex within the space, which decides its colour.
    pub labels: Vec<usize>,
    /// Edges between vertices.
    pub edges: Vec<(usize, usize)>,
    #[serde(skip)]
    arch: Option<Arch>,
}

const MARGIN: f64 = 20.0;
const TOP: f64 = 44.0;
const NARROWEST: f64 = 320.0;

impl ArchDrawing {
    /// The graph of an architecture.
    #[must_use]
    pub fn new(title: impl Into<String>, space: &dyn SearchSpace, arch: &Arch) -> Self {
        let labels: Vec<usize> = arch.labels().iter().map(|label| label.index()).collect();
        Self {
            title: title.into(),
            text: space.encode(arch),
            vertices: labels
                .iter()
                .map(|&at| space.labels()[at].clone())
                .collect(),
            labels,
            edges: edges_of(arch),
            arch: Some(arch.clone()),
        }
    }

    /// The data: a line for each edge, and one for each vertex without edges.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut table = TextTable::of_names(["from", "from_label", "to", "to_label"]);
        for &(from, to) in &self.edges {
            table.row([
                from.to_string(),
                self.vertices[from].clone(),
                to.to_string(),
                self.vertices[to].clone(),
            ]);
        }
        for v in self.alone() {
            table.row([
                v.to_string(),
                self.vertices[v].clone(),
                String::new(),
                String::new(),
            ]);
        }
        table.to_csv()
    }

    /// The graph in the DOT language of Graphviz; vertices without edges, which stand for what is left out, are dashed.
    #[must_use]
    pub fn dot(&self, space: &str) -> String {
        let quoted = |text: &str| text.replace('\\', "\\\\").replace('"', "\\\"");
        let mut text = format!("digraph \"{}\" {{\n  node [shape=box];\n", quoted(space));
        let alone = self.alone();
        for (v, label) in self.vertices.iter().enumerate() {
            let style = if alone.contains(&v) {
                ", style=dashed"
            } else {
                ""
            };
            let _ = writeln!(text, "  v{v} [label=\"{}\"{style}];", quoted(label));
        }
        for (from, to) in &self.edges {
            let _ = writeln!(text, "  v{from} -> v{to};");
        }
        text.push_str("}\n");
        text
    }

    /// The figure; `None` of an architecture that was read without its graph.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        let arch = self.arch.as_ref()?;
        let widths: Vec<f64> = self.vertices.iter().map(|label| box_width(label)).collect();
        let layout = layout(arch, &widths);
        let alone = self.alone();
        let legend = self.legend();
        let width = (layout.size.0 + 2.0 * MARGIN).max(NARROWEST);
        let of_legend: Vec<f64> = legend
            .iter()
            .map(|(_, name)| width_of(name) + 34.0)
            .collect();
        let (places, legend_height) = in_rows(&of_legend, width, 20.0);
        let of_alone: Vec<f64> = alone.iter().map(|&v| widths[v] + 10.0).collect();
        let (alone_places, alone_height) = in_rows(&of_alone, width, HEIGHT + 10.0);
        let height = TOP + layout.size.1 + alone_height + legend_height + 3.0 * MARGIN;
        let mut canvas = Canvas::new(width, height);
        canvas.title(&self.title);
        canvas.add(format_args!(
            "<defs><marker id=\"{}-arrow\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">\
             <path d=\"M0 0L8 4L0 8z\" fill=\"currentColor\"/></marker></defs>",
            self.id()
        ));
        let shift = ((width - layout.size.0) / 2.0, TOP);
        for corners in &layout.edges {
            let path = smooth(corners, shift);
            canvas.add(format_args!(
                r#"<path d="{path}" fill="none" stroke="currentColor" stroke-width="1.3" marker-end="url(#{}-arrow)"/>"#,
                self.id()
            ));
        }
        for (v, place) in layout.places.iter().enumerate() {
            if let Some((x, y)) = place {
                self.draw_vertex(&mut canvas, v, (x + shift.0, y + shift.1));
            }
        }
        let mut below = TOP + layout.size.1 + MARGIN;
        for (&v, (x, y)) in alone.iter().zip(alone_places) {
            let middle = (x + widths[v] / 2.0, below + y + HEIGHT / 2.0);
            self.draw_vertex(&mut canvas, v, middle);
        }
        below += alone_height + MARGIN;
        for ((label, name), (x, y)) in legend.iter().zip(places) {
            let y = y + below;
            canvas.add(format_args!(
                "<rect x=\"{x:.1}\" y=\"{:.1}\" width=\"14\" height=\"14\" fill=\"{}\" stroke=\"currentColor\"/>",
                y - 11.0,
                palette::fill(*label)
            ));
            canvas.text((x + 20.0, y), Anchor::Start, name);
        }
        let description = self.description();
        let id = self.id();
        Some(Figure {
            svg: canvas.finish(&id, &self.title, &description),
            id,
            title: self.title.clone(),
            description,
            csv: self.csv(),
        })
    }

    fn id(&self) -> String {
        id_of(&self.title)
    }

    /// The graph in words: what each vertex is, and what it reads.
    fn description(&self) -> String {
        let reads = |v: usize| {
            let from = self.edges.iter().filter(|(_, to)| *to == v);
            let from: Vec<String> = from.map(|(from, _)| from.to_string()).collect();
            if from.is_empty() {
                String::new()
            } else {
                format!(" reads {}", from.join(" and "))
            }
        };
        let vertices = self.vertices.iter().enumerate();
        let vertices: Vec<String> = vertices
            .map(|(v, label)| format!("{v} {label}{}", reads(v)))
            .collect();
        format!(
            "A graph of {} vertices: {}.",
            self.vertices.len(),
            vertices.join("; ")
        )
    }

    /// Vertices without edges.
    fn alone(&self) -> Vec<usize> {
        let is_alone = |v: &usize| self.edges.iter().all(|(from, to)| from != v && to != v);
        (0..self.vertices.len()).filter(is_alone).collect()
    }

    /// Each label that occurs, in the order of the space.
    fn legend(&self) -> Vec<(usize, String)> {
        let mut all: Vec<(usize, String)> = self
            .labels
            .iter()
            .copied()
            .zip(self.vertices.iter().cloned())
            .collect();
        all.sort();
        all.dedup();
        all
    }

    /// A vertex in its box, which is dashed when it has no edges.
    fn draw_vertex(&self, canvas: &mut Canvas, v: usize, (x, y): (f64, f64)) {
        let width = box_width(&self.vertices[v]);
        let is_alone = self.edges.iter().all(|(from, to)| *from != v && *to != v);
        let style = if is_alone {
            r#"stroke-dasharray="4 3""#
        } else {
            ""
        };
        let label = escaped(&self.vertices[v]);
        canvas.add(format_args!(
            "<g class=\"vertex\"><title>vertex {v}: {label}</title>\
             <rect x=\"{:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{HEIGHT}\" rx=\"5\" fill=\"{}\" stroke=\"#222222\" {style}/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#111111\">{label}</text></g>",
            x - width / 2.0,
            y - HEIGHT / 2.0,
            palette::fill(self.labels[v]),
            y + 4.5
        ));
    }
}

/// How wide the box of a label is.
fn box_width(label: &str) -> f64 {
    width_of(label) + 18.0
}

/// The beginnings of texts and boxes of these widths in rows, and how high all of the rows are.
fn in_rows(widths: &[f64], width: f64, row: f64) -> (Vec<(f64, f64)>, f64) {
    let (mut x, mut y) = (MARGIN, 0.0);
    let mut places = Vec::with_capacity(widths.len());
    for own in widths {
        if x + own > width - MARGIN && x > MARGIN {
            (x, y) = (MARGIN, y + row);
        }
        places.push((x, y));
        x += own;
    }
    (places, if widths.is_empty() { 0.0 } else { y + row })
}

/// A path through corners, whose pieces from one layer to the next are bent.
fn smooth(corners: &[(f64, f64)], (dx, dy): (f64, f64)) -> String {
    let mut path = String::new();
    let mut last: Option<(f64, f64)> = None;
    for &(x, y) in corners {
        let (x, y) = (x + dx, y + dy);
        match last {
            None => {
                let _ = write!(path, "M{x:.1} {y:.1}");
            }
            Some((px, py)) if (px - x).abs() < 0.5 || (py - y).abs() < 0.5 => {
                let _ = write!(path, "L{x:.1} {y:.1}");
            }
            Some((px, py)) => {
                let middle = f64::midpoint(py, y);
                let _ = write!(
                    path,
                    "C{px:.1} {middle:.1} {x:.1} {middle:.1} {x:.1} {y:.1}"
                );
            }
        }
        last = Some((x, y));
    }
    path
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawing(space: &str, text: &str) -> ArchDrawing {
        let space = ganas_space::by_name(space).unwrap();
        ArchDrawing::new("The best", &*space, &space.decode(text).unwrap())
    }

    #[test]
    fn a_cell_is_drawn_with_its_operations() {
        let text = "|nor_conv_3x3~0|+|none~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|";
        let drawing = drawing("nasbench201", text);
        let dot = drawing.dot("nasbench201");
        assert!(
            dot.starts_with("digraph \"nasbench201\" {\n  node [shape=box];\n  v0 [label=\""),
            "{dot}"
        );
        let figure = drawing.figure().unwrap();
        for label in ["nor_conv_3x3", "avg_pool_3x3", "skip_connect"] {
            assert!(figure.svg.contains(label), "{label}");
        }
        assert_eq!(
            figure.svg.matches("marker-end").count(),
            drawing.edges.len()
        );
        assert_eq!(
            figure.svg.matches("class=\"vertex\"").count(),
            drawing.vertices.len()
        );
        assert!(figure.csv.lines().count() > drawing.edges.len());
        assert!(figure.png().unwrap().starts_with(b"\x89PNG"));
    }

    #[test]
    fn every_space_can_be_drawn() {
        for name in ganas_space::names() {
            let space = ganas_space::by_name(name).unwrap();
            let mut partial = space.start();
            while let Some(decision) = space.decision(&partial) {
                let action = decision.legal.iter().next().unwrap();
                space.apply(&mut partial, action).unwrap();
            }
            let arch = space.finish(&partial).unwrap();
            let drawing = ArchDrawing::new(format!("of {name}"), &*space, &arch);
            let figure = drawing.figure().unwrap();
            assert!(
                !figure.svg.contains("NaN") && !figure.svg.contains("inf"),
                "{name}"
            );
        }
    }
}
