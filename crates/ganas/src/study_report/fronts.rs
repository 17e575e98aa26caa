//! Fronts of several objectives, and how they grew.

use ganas_figures::{AxisOf, Mark, PlotPoint, Series, XyPlot};
use ganas_report::records::RunRecord;

use super::{Content, Read, Section};
use crate::Error;

/// Points of a cloud that are drawn at most.
const CLOUD: usize = 2000;

/// Fronts and hypervolumes of the runs with several objectives.
pub(super) fn section(read: &Read<'_>) -> Result<Option<Section>, Error> {
    let mut section = Section::new("Fronts");
    let mut volumes: Vec<Series> = Vec::new();
    for (curve, run) in read.of.curves.iter().zip(&read.of.runs) {
        let Some(objectives) = &run.spec.objectives else {
            continue;
        };
        let Some(front) = RunRecord::of_study(read.study, run.id)?.front else {
            continue;
        };
        let names: Vec<&str> = objectives.all().iter().map(|o| &*o.name).collect();
        let label = format!(
            "{} on {}, seed {}",
            curve.algorithm, curve.table, curve.seed
        );
        let mut query = 0.0;
        let mut points = Vec::new();
        for volume in &front.hypervolume_curve {
            query += 1.0;
            points.extend(volume.map(|y| PlotPoint {
                x: query,
                y,
                band: None,
            }));
        }
        volumes.push(Series {
            label: label.clone(),
            points: thinned(points),
        });
        if let [x, y, ..] = names[..] {
            let cloud = front
                .objectives
                .iter()
                .flatten()
                .map(|values| (values[0], values[1]));
            let members = front.front.iter();
            let members = members.map(|member| (member.objectives[x], member.objectives[y]));
            let plot = XyPlot {
                title: format!("Front of {label}"),
                description: format!(
                    "All evaluated architectures by {x} and {y}, and those that no other one dominates{}. They are measured values of the \
                     search side, not the reported metric.",
                    if names.len() > 2 {
                        " in all objectives"
                    } else {
                        ""
                    }
                ),
                x: axis(x),
                y: axis(y),
                mark: Mark::Points,
                series: vec![
                    points_of("evaluated", thinned(cloud.collect())),
                    points_of("front", members.collect()),
                ],
            };
            section.content.extend(plot.figure().map(Content::Figure));
        }
    }
    let plot = XyPlot {
        title: "Hypervolume of the fronts".to_owned(),
        description: "How much the front dominates, from the reference point of its run on; runs whose reference points differ cannot be compared."
            .to_owned(),
        x: axis("unique queries"),
        y: axis("hypervolume"),
        mark: Mark::Steps,
        series: volumes,
    };
    if let Some(figure) = plot.figure() {
        section.content.insert(0, Content::Figure(figure));
    }
    Ok((!section.content.is_empty()).then_some(section))
}

fn axis(label: &str) -> AxisOf {
    AxisOf {
        label: label.to_owned(),
        log: false,
    }
}

fn points_of(label: &str, points: Vec<(f64, f64)>) -> Series {
    let point = |(x, y)| PlotPoint { x, y, band: None };
    Series {
        label: label.to_owned(),
        points: points.into_iter().map(point).collect(),
    }
}

/// Every so manieth, and the last.
fn thinned<T: Copy>(all: Vec<T>) -> Vec<T> {
    let step = all.len().div_ceil(CLOUD).max(1);
    let last = all.last().copied().filter(|_| step > 1);
    all.into_iter().step_by(step).chain(last).collect()
}
