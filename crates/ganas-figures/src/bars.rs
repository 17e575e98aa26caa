//! Horizontal bars with their names.

use ganas_report::tables::TextTable;
use serde::{Deserialize, Serialize};

use crate::canvas::{Anchor, Canvas, shortened};
use crate::figure::{Figure, id_of};
use crate::palette;
use crate::ticks::{Scale, tick_text};

/// A bar.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    /// What it is.
    pub label: String,
    /// How long it is; not below zero.
    pub value: f64,
}

/// Horizontal bars from zero, in the order in which they are given.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bars {
    /// What they show, in a line.
    pub title: String,
    /// What is to be known to read them.
    pub description: String,
    /// What their length is.
    pub axis: String,
    /// The bars.
    pub bars: Vec<Bar>,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 250.0;
const RIGHT: f64 = 70.0;
const TOP: f64 = 34.0;
const ROW: f64 = 22.0;

impl Bars {
    /// The data: a line for each bar.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut table = TextTable::of_names(["", &self.axis]);
        for bar in &self.bars {
            table.row([bar.label.clone(), bar.value.to_string()]);
        }
        table.to_csv()
    }

    /// The figure; `None` when there are no bars.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        let longest = self
            .bars
            .iter()
            .map(|bar| bar.value)
            .max_by(f64::total_cmp)?;
        let id = id_of(&self.title);
        let scale = Scale::new((0.0, longest), false, (LEFT, WIDTH - RIGHT));
        let rows = f64::from(u32::try_from(self.bars.len()).unwrap_or(u32::MAX));
        let bottom = TOP + rows * ROW;
        let mut canvas = Canvas::new(WIDTH, bottom + 46.0);
        canvas.title(&self.title);
        let mut y = TOP;
        for bar in &self.bars {
            let label = shortened(&bar.label, LEFT - 16.0);
            canvas.text((LEFT - 8.0, y + 15.0), Anchor::End, &label);
            let end = scale.place(bar.value);
            canvas.add(format_args!(
                r#"<rect x="{LEFT:.1}" y="{:.1}" width="{:.1}" height="{:.1}" fill="{}"/>"#,
                y + 3.0,
                (end - LEFT).max(1.0),
                ROW - 6.0,
                palette::series(0)
            ));
            canvas.text(
                (end + 6.0, y + 15.0),
                Anchor::Start,
                &format!("{:.3}", bar.value),
            );
            y += ROW;
        }
        canvas.line((LEFT, TOP), (LEFT, bottom), r#"stroke="currentColor""#);
        for tick in scale.ticks() {
            canvas.text(
                (scale.place(tick), bottom + 16.0),
                Anchor::Middle,
                &tick_text(tick),
            );
        }
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        canvas.text(
            (middle, bottom + 36.0),
            Anchor::Middle,
            &shortened(&self.axis, WIDTH - LEFT),
        );
        Some(Figure {
            svg: canvas.finish(&id, &self.title, &self.description),
            id,
            title: self.title.clone(),
            description: self.description.clone(),
            csv: self.csv(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_drawn() {
        let bar = |label: &str, value| Bar {
            label: label.to_owned(),
            value,
        };
        let bars = Bars {
            title: "Importance".to_owned(),
            description: "Of decisions.".to_owned(),
            axis: "share of the variance".to_owned(),
            bars: vec![bar("first", 0.5), bar("second", 0.0)],
        };
        assert_eq!(bars.csv(), ",share of the variance\nfirst,0.5\nsecond,0\n");
        let figure = bars.figure().unwrap();
        assert_eq!(figure.svg.matches("<rect").count(), 3);
        assert!(figure.png().unwrap().starts_with(b"\x89PNG"));
        let none = Bars {
            bars: Vec::new(),
            ..bars
        };
        assert!(none.figure().is_none());
    }
}
