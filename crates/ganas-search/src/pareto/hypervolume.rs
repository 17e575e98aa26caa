//! The hypervolume of a front: how much of the space of objectives it dominates.
//!
//! Exact: a sweep for two objectives, and for more of them the sum of what each point adds to those after it (WFG; While,
//! Bradstreet, Barone, "A Fast Way of Calculating Exact Hypervolumes", IEEE Transactions on Evolutionary Computation
//! 16(1), 2012).

use super::Point;

/// The volume of what lies between the reference point and at least one of the points.
///
/// Points that are not better than the reference in every objective add nothing. The order of the points does not
/// matter, to the last bit.
#[must_use]
pub fn hypervolume(points: &[&Point], reference: &Point) -> f64 {
    let mut boxes: Vec<Vec<f64>> = points
        .iter()
        .map(|point| above(point, reference))
        .filter(|sides| sides.iter().all(|side| *side > 0.0))
        .collect();
    // The order decides how sums are rounded.
    boxes.sort_by(|a, b| {
        let pairs = a.iter().zip(b);
        pairs
            .map(|(a, b)| b.total_cmp(a))
            .fold(std::cmp::Ordering::Equal, std::cmp::Ordering::then)
    });
    union(&without_covered(boxes))
}

/// The sides of the box between the reference and a point; negative where the point is worse.
fn above(point: &Point, reference: &Point) -> Vec<f64> {
    let pairs = point.values().iter().zip(reference.values());
    pairs.map(|(value, zero)| value - zero).collect()
}

/// The boxes that lie within no other one; of equal ones the first.
fn without_covered(boxes: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    let within = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(a, b)| a <= b);
    let mut kept: Vec<Vec<f64>> = Vec::new();
    for sides in boxes {
        if kept.iter().any(|other| within(&sides, other)) {
            continue;
        }
        kept.retain(|other| !within(other, &sides));
        kept.push(sides);
    }
    kept
}

/// The volume of the union of boxes that all have a corner at the origin, none within another.
fn union(boxes: &[Vec<f64>]) -> f64 {
    match boxes {
        [] => 0.0,
        [only] => only.iter().product(),
        [first, ..] if first.len() == 2 => area(boxes),
        _ => (0..boxes.len())
            .map(|i| {
                let (this, after) = (&boxes[i], &boxes[i + 1..]);
                // What of those after it lies within this one.
                let common = after.iter().map(|other| {
                    let sides = this.iter().zip(other);
                    sides.map(|(a, b)| a.min(*b)).collect()
                });
                this.iter().product::<f64>() - union(&without_covered(common.collect()))
            })
            .sum(),
    }
}

/// The area of the union of rectangles.
fn area(rectangles: &[Vec<f64>]) -> f64 {
    let mut sorted: Vec<&[f64]> = rectangles.iter().map(Vec::as_slice).collect();
    sorted.sort_by(|a, b| b[0].total_cmp(&a[0]));
    let mut height = 0.0;
    let mut sum = 0.0;
    for sides in sorted {
        if sides[1] > height {
            sum += sides[0] * (sides[1] - height);
            height = sides[1];
        }
    }
    sum
}
