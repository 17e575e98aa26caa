//! Fast non-dominated sorting and crowding distances, as in NSGA-II.

use std::cmp::Ordering;

use super::Point;

/// How good a point is among others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Standing {
    /// The number of its front: 0 for what nothing dominates, 1 for what only front 0 dominates, and so on.
    pub front: usize,
    /// How far its neighbours on the front are: the sum over the objectives of the distance between them, as a share of
    /// the front's range; infinite at the ends of the front. Points that are equal have equal distances.
    pub crowding: f64,
}

impl Standing {
    /// The better one first: of a better front, or on the same front in a less crowded place.
    #[must_use]
    pub fn best_first(&self, other: &Self) -> Ordering {
        self.front
            .cmp(&other.front)
            .then(other.crowding.total_cmp(&self.crowding))
    }
}

/// The standing of each point, in the order of the points.
///
/// Time is quadratic in the number of points.
#[must_use]
pub fn standings(points: &[Point]) -> Vec<Standing> {
    let mut all = vec![
        Standing {
            front: 0,
            crowding: 0.0
        };
        points.len()
    ];
    for (number, front) in fronts(points).iter().enumerate() {
        for (&member, crowding) in front.iter().zip(crowding(points, front)) {
            all[member] = Standing {
                front: number,
                crowding,
            };
        }
    }
    all
}

/// The numbers of all points from best to worst; the earlier among equals first.
#[must_use]
pub fn best_first(points: &[Point]) -> Vec<usize> {
    let standings = standings(points);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|&a, &b| standings[a].best_first(&standings[b]));
    order
}

/// The points of each front, in the order of the points.
fn fronts(points: &[Point]) -> Vec<Vec<usize>> {
    let mut dominated_by = vec![0_usize; points.len()];
    let mut dominates: Vec<Vec<usize>> = vec![Vec::new(); points.len()];
    for a in 0..points.len() {
        for b in 0..a {
            for (better, worse) in [(a, b), (b, a)] {
                if points[better].dominates(&points[worse]) {
                    dominates[better].push(worse);
                    dominated_by[worse] += 1;
                }
            }
        }
    }
    let mut fronts = Vec::new();
    let mut front: Vec<usize> = (0..points.len())
        .filter(|&i| dominated_by[i] == 0)
        .collect();
    while !front.is_empty() {
        let mut next = Vec::new();
        for &member in &front {
            for &worse in &dominates[member] {
                dominated_by[worse] -= 1;
                if dominated_by[worse] == 0 {
                    next.push(worse);
                }
            }
        }
        next.sort_unstable();
        fronts.push(std::mem::replace(&mut front, next));
    }
    fronts
}

/// The crowding distances of the members of a front.
///
/// Members at the same place would be each other's neighbours, and their order would decide which of them is at an end:
/// they are counted as one place, which all of them share.
fn crowding(points: &[Point], front: &[usize]) -> Vec<f64> {
    let mut places: Vec<&Point> = front.iter().map(|&member| &points[member]).collect();
    places.sort_by(|a, b| in_order(a, b));
    places.dedup();
    let n_objectives = places.first().map_or(0, |point| point.values().len());
    let mut distances = vec![0.0; places.len()];
    for objective in 0..n_objectives {
        let value = |place: usize| places[place].values()[objective];
        let mut order: Vec<usize> = (0..places.len()).collect();
        order.sort_by(|&a, &b| value(a).total_cmp(&value(b)));
        let (Some(&first), Some(&last)) = (order.first(), order.last()) else {
            continue;
        };
        // All places of an extreme value are ends, whatever the order among them.
        let (low, high) = (value(first), value(last));
        for (at, &place) in order.iter().enumerate() {
            distances[place] += if value(place) <= low || value(place) >= high {
                f64::INFINITY
            } else {
                // Halves, since the range of finite numbers may be infinite.
                (value(order[at + 1]) / 2.0 - value(order[at - 1]) / 2.0) / (high / 2.0 - low / 2.0)
            };
        }
    }
    front
        .iter()
        .map(|&member| {
            let found = places.binary_search_by(|place| in_order(place, &points[member]));
            distances[found.expect("invariant: every member of a front has a place")]
        })
        .collect()
}

/// An order of points that means nothing but is one: objective by objective.
fn in_order(a: &Point, b: &Point) -> Ordering {
    let pairs = a.values().iter().zip(b.values());
    pairs
        .map(|(a, b)| a.total_cmp(b))
        .find(|order| order.is_ne())
        .unwrap_or(Ordering::Equal)
}
