//! Curves and points over two axes.

use ganas_report::tables::TextTable;
use serde::{Deserialize, Serialize};

use crate::canvas::{Anchor, Canvas, shortened, width_of};
use crate::figure::{Figure, id_of};
use crate::palette;
use crate::ticks::{Scale, tick_text};

/// An axis.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AxisOf {
    /// What it shows, with its unit.
    pub label: String,
    /// Whether it is logarithmic.
    pub log: bool,
}

/// How a series is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mark {
    /// A line through the points.
    Line,
    /// Each value holds until the next.
    Steps,
    /// Points alone.
    Points,
}

/// A point of a series.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PlotPoint {
    /// Where.
    pub x: f64,
    /// The value.
    pub y: f64,
    /// The ends of its band.
    pub band: Option<(f64, f64)>,
}

/// A series.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Series {
    /// Its name in the legend.
    pub label: String,
    /// Its points; `x` ascends.
    pub points: Vec<PlotPoint>,
}

/// Curves or points over two axes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct XyPlot {
    /// What it shows, in a line.
    pub title: String,
    /// What is to be known to read it.
    pub description: String,
    /// The horizontal axis.
    pub x: AxisOf,
    /// The vertical axis.
    pub y: AxisOf,
    /// How the series are drawn.
    pub mark: Mark,
    /// The series.
    pub series: Vec<Series>,
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 76.0;
const RIGHT: f64 = 18.0;
const TOP: f64 = 34.0;
const INNER: f64 = 320.0;
const BELOW: f64 = 46.0;
const LEGEND_ROW: f64 = 20.0;

impl XyPlot {
    /// The data: a line for each point.
    #[must_use]
    pub fn csv(&self) -> String {
        let mut table =
            TextTable::of_names(["series", &self.x.label, &self.y.label, "low", "high"]);
        for series in &self.series {
            for point in &series.points {
                let end = |end: Option<f64>| end.map_or_else(String::new, |v| v.to_string());
                table.row([
                    series.label.clone(),
                    point.x.to_string(),
                    point.y.to_string(),
                    end(point.band.map(|(low, _)| low)),
                    end(point.band.map(|(_, high)| high)),
                ]);
            }
        }
        table.to_csv()
    }

    /// The figure; `None` when no point can be drawn.
    #[must_use]
    pub fn figure(&self) -> Option<Figure> {
        let id = id_of(&self.title);
        let x = range(self.values(|p| [Some(p.x), None, None]), self.x.log)?;
        let y = range(
            self.values(|p| [Some(p.y), p.band.map(|b| b.0), p.band.map(|b| b.1)]),
            self.y.log,
        )?;
        let legend = self.legend_places();
        let rows = legend.last().map_or(0.0, |(_, row)| row + 1.0);
        let bottom = TOP + INNER;
        let mut canvas = Canvas::new(WIDTH, bottom + BELOW + rows * LEGEND_ROW + 8.0);
        let x = Scale::new(x, self.x.log, (LEFT, WIDTH - RIGHT));
        let y = Scale::new(y, self.y.log, (bottom, TOP));
        canvas.title(&self.title);
        self.draw_axes(&mut canvas, &x, &y);
        for (number, series) in self.series.iter().enumerate() {
            canvas.open("series", &series.label);
            self.draw_series(&mut canvas, number, series, (&x, &y));
            canvas.close();
        }
        if self.series.len() > 1 {
            self.draw_legend(&mut canvas, &legend, bottom + BELOW);
        }
        Some(Figure {
            svg: canvas.finish(&id, &self.title, &self.description),
            id,
            title: self.title.clone(),
            description: self.description.clone(),
            csv: self.csv(),
        })
    }

    fn values(&self, of: impl Fn(&PlotPoint) -> [Option<f64>; 3]) -> impl Iterator<Item = f64> {
        let points = self.series.iter().flat_map(|series| &series.points);
        points.flat_map(move |point| of(point).into_iter().flatten())
    }

    fn draw_axes(&self, canvas: &mut Canvas, x: &Scale, y: &Scale) {
        let bottom = TOP + INNER;
        let grid = r#"stroke="currentColor" stroke-opacity="0.15""#;
        let mut last = f64::NEG_INFINITY;
        for tick in x.ticks() {
            let (place, text) = (x.place(tick), tick_text(tick));
            canvas.line((place, TOP), (place, bottom), grid);
            // Labels never touch.
            if place - width_of(&text) / 2.0 > last + 6.0 {
                canvas.text((place, bottom + 17.0), Anchor::Middle, &text);
                last = place + width_of(&text) / 2.0;
            }
        }
        for tick in y.ticks() {
            let place = y.place(tick);
            canvas.line((LEFT, place), (WIDTH - RIGHT, place), grid);
            canvas.text((LEFT - 7.0, place + 4.0), Anchor::End, &tick_text(tick));
        }
        let axis = r#"stroke="currentColor""#;
        canvas.line((LEFT, bottom), (WIDTH - RIGHT, bottom), axis);
        canvas.line((LEFT, TOP), (LEFT, bottom), axis);
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        let label = shortened(&self.x.label, WIDTH - LEFT - RIGHT);
        canvas.text((middle, bottom + 36.0), Anchor::Middle, &label);
        let (at, label) = (TOP + INNER / 2.0, shortened(&self.y.label, INNER));
        let turned = format!(r#"transform="rotate(-90 14 {at:.1})""#);
        canvas.styled_text((14.0, at), Anchor::Middle, &turned, &label);
    }

    fn draw_series(
        &self,
        canvas: &mut Canvas,
        number: usize,
        series: &Series,
        (x, y): (&Scale, &Scale),
    ) {
        let color = palette::series(number);
        let points = series.points.iter();
        let points: Vec<&PlotPoint> = points
            .filter(|p| p.x.is_finite() && p.y.is_finite())
            .collect();
        if self.mark == Mark::Points {
            for point in points {
                let (px, py) = (x.place(point.x), y.place(point.y));
                draw_symbol(canvas, number, (px, py));
            }
            return;
        }
        let path = |of: &dyn Fn(&PlotPoint) -> f64, reversed: bool| {
            let places: Vec<(f64, f64)> = (points.iter())
                .map(|p| (x.place(p.x), y.place(of(p))))
                .collect();
            let mut all = steps_of(&places, self.mark);
            if reversed {
                all.reverse();
            }
            let texts: Vec<String> = all.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
            texts.join(" ")
        };
        if points.len() > 1 && points.iter().all(|point| point.band.is_some()) {
            let low = path(&|p| p.band.map_or(p.y, |b| b.0), false);
            let high = path(&|p| p.band.map_or(p.y, |b| b.1), true);
            canvas.add(format_args!(
                r#"<polygon points="{low} {high}" fill="{color}" fill-opacity="0.15" stroke="none"/>"#
            ));
        }
        let dashes = palette::dashes(number);
        canvas.add(format_args!(
            r#"<polyline points="{}" fill="none" stroke="{color}" stroke-width="2" stroke-dasharray="{dashes}"/>"#,
            path(&|p| p.y, false)
        ));
        for point in shown(&points) {
            let (px, py) = (x.place(point.x), y.place(point.y));
            let label = crate::canvas::escaped(&series.label);
            canvas.add(format_args!(
                r#"<circle class="hit" cx="{px:.1}" cy="{py:.1}" r="6" fill="{color}" fill-opacity="0"><title>{label}: {} at {}</title></circle>"#,
                tick_text(point.y),
                tick_text(point.x)
            ));
        }
    }

    /// The place and the row of each entry of the legend.
    fn legend_places(&self) -> Vec<(f64, f64)> {
        let (mut x, mut row) = (LEFT, 0.0);
        let widths = self
            .series
            .iter()
            .map(|s| width_of(&legend_text(&s.label)) + 52.0);
        let places = widths.map(|width| {
            if x + width > WIDTH - RIGHT && x > LEFT {
                (x, row) = (LEFT, row + 1.0);
            }
            let place = (x, row);
            x += width;
            place
        });
        let places: Vec<(f64, f64)> = places.collect();
        if self.series.len() > 1 {
            places
        } else {
            Vec::new()
        }
    }

    fn draw_legend(&self, canvas: &mut Canvas, places: &[(f64, f64)], top: f64) {
        for (number, (series, (x, row))) in self.series.iter().zip(places).enumerate() {
            let y = top + row * LEGEND_ROW + 12.0;
            if self.mark == Mark::Points {
                draw_symbol(canvas, number, (x + 15.0, y - 4.0));
            } else {
                let style = format!(
                    r#"stroke="{}" stroke-width="2" stroke-dasharray="{}""#,
                    palette::series(number),
                    palette::dashes(number)
                );
                canvas.line((*x, y - 4.0), (x + 30.0, y - 4.0), &style);
            }
            canvas.text((x + 36.0, y), Anchor::Start, &legend_text(&series.label));
        }
    }
}

/// At most a hundred points that tell their values: more would weigh more than the curve.
fn shown<'a>(points: &'a [&'a PlotPoint]) -> impl Iterator<Item = &'a PlotPoint> {
    let step = points.len().div_ceil(100).max(1);
    points.iter().step_by(step).copied()
}

fn legend_text(label: &str) -> String {
    shortened(label, WIDTH - LEFT - RIGHT - 52.0)
}

/// A symbol of its own for each series.
fn draw_symbol(canvas: &mut Canvas, number: usize, (x, y): (f64, f64)) {
    let color = palette::series(number);
    let style = format!(r#"fill="{color}" fill-opacity="0.75" stroke="none""#);
    match number % 3 {
        0 => canvas.add(format_args!(
            r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" {style}/>"#
        )),
        1 => canvas.add(format_args!(
            r#"<rect x="{:.1}" y="{:.1}" width="6.4" height="6.4" {style}/>"#,
            x - 3.2,
            y - 3.2
        )),
        _ => canvas.add(format_args!(
            r#"<path d="M{x:.1} {:.1}l4.2 7.4h-8.4z" {style}/>"#,
            y - 4.4
        )),
    }
}

/// The corners of a line through the points.
fn steps_of(places: &[(f64, f64)], mark: Mark) -> Vec<(f64, f64)> {
    let mut all: Vec<(f64, f64)> = Vec::with_capacity(2 * places.len());
    for place in places {
        if let (Mark::Steps, Some(last)) = (mark, all.last()) {
            all.push((place.0, last.1));
        }
        all.push(*place);
    }
    all
}

/// From the lowest to the highest value that can be drawn; a logarithmic axis begins at its lowest positive value, at half of which what is
/// zero is drawn.
fn range(values: impl Iterator<Item = f64>, log: bool) -> Option<(f64, f64)> {
    let mut zero = false;
    let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
    for value in values.filter(|value| value.is_finite()) {
        if log && value <= 0.0 {
            zero = true;
            continue;
        }
        (low, high) = (low.min(value), high.max(value));
    }
    if low > high {
        // All of them are zero.
        return (log && zero).then_some((0.1, 1.0));
    }
    Some((if zero { low / 2.0 } else { low }, high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plot(log: bool) -> XyPlot {
        let series = |label: &str, values: &[(f64, f64)]| Series {
            label: label.to_owned(),
            points: (values.iter())
                .map(|&(x, y)| PlotPoint {
                    x,
                    y,
                    band: Some((y / 2.0, y * 2.0)),
                })
                .collect(),
        };
        XyPlot {
            title: "Regret on <t>".to_owned(),
            description: "Less is better.".to_owned(),
            x: AxisOf {
                label: "unique queries".to_owned(),
                log,
            },
            y: AxisOf {
                label: "regret".to_owned(),
                log,
            },
            mark: Mark::Steps,
            series: vec![
                series("a & b", &[(1.0, 0.5), (10.0, 0.1), (100.0, 0.0)]),
                series("c", &[(1.0, 0.4), (100.0, 0.2)]),
            ],
        }
    }

    #[test]
    fn the_data_of_a_plot() {
        let csv = plot(true).csv();
        let lines: Vec<&str> = csv.lines().collect();
        assert_eq!(lines[0], "series,unique queries,regret,low,high");
        assert_eq!(lines[2], "a & b,10,0.1,0.05,0.2");
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn a_plot_is_drawn_in_all_forms() {
        for log in [false, true] {
            let figure = plot(log).figure().unwrap();
            assert_eq!(figure.id, "regret-on-t");
            assert!(figure.svg.contains("Regret on &lt;t&gt;") && figure.svg.contains("a &amp; b"));
            assert_eq!(figure.svg.matches("<polyline").count(), 2);
            assert!(!figure.svg.contains("NaN") && !figure.svg.contains("inf"));
            let png = figure.png().unwrap();
            assert!(png.starts_with(b"\x89PNG"));
        }
    }

    #[test]
    fn a_zero_has_its_place_on_a_logarithmic_axis() {
        assert_eq!(range([0.0, 0.2, 4.0].into_iter(), true), Some((0.1, 4.0)));
        assert_eq!(range([0.2, 4.0].into_iter(), true), Some((0.2, 4.0)));
        assert_eq!(range([f64::NAN].into_iter(), true), None);
        let empty = XyPlot {
            series: Vec::new(),
            ..plot(false)
        };
        assert!(empty.figure().is_none());
    }
}
