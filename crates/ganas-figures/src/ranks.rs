//! The critical-difference diagram of Demšar (JMLR 7, 2006): mean ranks on a line, and bars over those that do not differ.

use ganas_report::comparison::Ranking;
use ganas_report::tables::TextTable;
use serde::{Deserialize, Serialize};

use crate::canvas::{Anchor, Canvas, shortened};
use crate::figure::{Figure, id_of};
use crate::ticks::{Scale, tick_text};

/// Mean ranks on a line, and bars over those that do not differ significantly.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RankDiagram {
    /// What it shows, in a line.
    pub title: String,
    /// What is to be known to read it.
    pub description: String,
    /// The ranks.
    pub ranking: Ranking,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 190.0;
const LINE: f64 = 78.0;
const ROW: f64 = 22.0;

impl RankDiagram {
    /// The data: a line for each algorithm, with the groups that it is in.
    #[must_use]
    pub fn csv(&self) -> String {
        let ranking = &self.ranking;
        let mut table =
            TextTable::of_names(["algorithm", "mean_rank", "groups", "critical_difference"]);
        for (name, rank) in ranking.algorithms.iter().zip(&ranking.friedman.mean_ranks) {
            let groups = (1..)
                .zip(&ranking.groups)
                .filter(|(_, group)| group.contains(name));
            let groups: Vec<String> = groups
                .map(|(number, _): (u32, _)| number.to_string())
                .collect();
            table.row([
                name.clone(),
                rank.to_string(),
                groups.join(" "),
                ranking.critical_difference.to_string(),
            ]);
        }
        table.to_csv()
    }

    /// The figure; `None` of fewer than two algorithms.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        let ranking = &self.ranking;
        let n = ranking.algorithms.len();
        if n < 2 {
            return None;
        }
        let id = id_of(&self.title);
        let last = f64::from(u32::try_from(n).unwrap_or(u32::MAX));
        let scale = Scale::new((1.0, last), false, (LEFT, WIDTH - RIGHT));
        let groups = f64::from(u32::try_from(ranking.groups.len()).unwrap_or(u32::MAX));
        // Bars lie between the line and the first name.
        let first_name = LINE + 18.0 + groups * 9.0 + 14.0;
        let half = n.div_ceil(2);
        let rows = f64::from(u32::try_from(half).unwrap_or(u32::MAX));
        let mut canvas = Canvas::new(WIDTH, first_name + rows * ROW + 8.0);
        canvas.title(&self.title);
        let ink = r#"stroke="currentColor""#;
        canvas.line((LEFT, LINE), (WIDTH - RIGHT, LINE), ink);
        for tick in scale.ticks() {
            let x = scale.place(tick);
            canvas.line((x, LINE - 5.0), (x, LINE), ink);
            canvas.text((x, LINE - 9.0), Anchor::Middle, &tick_text(tick));
        }
        let difference = (ranking.critical_difference).min(last - 1.0);
        let end = scale.place(1.0 + difference);
        canvas.line((LEFT, LINE - 32.0), (end, LINE - 32.0), ink);
        for x in [LEFT, end] {
            canvas.line((x, LINE - 36.0), (x, LINE - 28.0), ink);
        }
        let text = format!("CD {:.2}", ranking.critical_difference);
        canvas.text((LEFT - 8.0, LINE - 28.0), Anchor::End, &text);
        self.draw_names(&mut canvas, &scale, first_name);
        let mut y = LINE + 12.0;
        for group in &ranking.groups {
            let ranks = group.iter().filter_map(|name| self.rank(name));
            let (low, high) = ranks.fold((f64::INFINITY, 0.0_f64), |(low, high), rank| {
                (low.min(rank), high.max(rank))
            });
            let style = r#"stroke="currentColor" stroke-width="5" stroke-linecap="round""#;
            canvas.line(
                (scale.place(low) - 3.0, y),
                (scale.place(high) + 3.0, y),
                style,
            );
            y += 9.0;
        }
        Some(Figure {
            svg: canvas.finish(&id, &self.title, &self.description),
            id,
            title: self.title.clone(),
            description: self.description.clone(),
            csv: self.csv(),
        })
    }

    /// The better half of the names to the left, the others to the right, each with a line to its rank that crosses no other.
    fn draw_names(&self, canvas: &mut Canvas, scale: &Scale, first: f64) {
        let thin = r#"stroke="currentColor" stroke-opacity="0.6" fill="none""#;
        let n = self.ranking.algorithms.len();
        let half = n.div_ceil(2);
        let ranks = self
            .ranking
            .algorithms
            .iter()
            .zip(&self.ranking.friedman.mean_ranks);
        for (i, (name, rank)) in ranks.enumerate() {
            let x = scale.place(*rank);
            let on_left = i < half;
            let row = if on_left { i } else { n - 1 - i };
            let y = first + ROW * f64::from(u32::try_from(row).unwrap_or(u32::MAX));
            let edge = if on_left {
                LEFT - 12.0
            } else {
                WIDTH - RIGHT + 12.0
            };
            canvas.add(format_args!(
                r#"<polyline points="{x:.1},{LINE} {x:.1},{y:.1} {edge:.1},{y:.1}" {thin}/>"#
            ));
            let text = format!("{} ({rank:.2})", shortened(name, LEFT - 70.0));
            let (at, anchor) = if on_left {
                (edge - 4.0, Anchor::End)
            } else {
                (edge + 4.0, Anchor::Start)
            };
            canvas.text((at, y + 4.0), anchor, &text);
        }
    }

    fn rank(&self, name: &str) -> Option<f64> {
        let at = self
            .ranking
            .algorithms
            .iter()
            .position(|known| known == name)?;
        self.ranking.friedman.mean_ranks.get(at).copied()
    }
}

#[cfg(test)]
mod tests {
    use ganas_report::comparison::Blocks;
    use ganas_report::statistics::Friedman;

    use super::*;

    #[test]
    fn ranks_are_drawn_with_their_groups() {
        let names = ["a", "b", "c"].map(str::to_owned).to_vec();
        let diagram = RankDiagram {
            title: "Ranks".to_owned(),
            description: "1 is the best.".to_owned(),
            ranking: Ranking {
                budget: 100.0,
                blocks: Blocks::Tables,
                algorithms: names.clone(),
                friedman: Friedman {
                    mean_ranks: vec![1.25, 1.75, 3.0],
                    blocks: 4,
                    statistic: 6.0,
                    p: 0.05,
                },
                critical_difference: 1.5,
                groups: vec![names[..2].to_vec(), names[1..].to_vec()],
            },
        };
        let csv = diagram.csv();
        assert_eq!(csv.lines().nth(2), Some("b,1.75,1 2,1.5"));
        let figure = diagram.figure().unwrap();
        assert_eq!(figure.svg.matches(r#"stroke-width="5""#).count(), 2);
        assert_eq!(figure.svg.matches("<polyline").count(), 3);
        assert!(figure.png().unwrap().starts_with(b"\x89PNG"));
    }
}
