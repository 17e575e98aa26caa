//! The archive: what was found and nothing dominates.

use super::{Point, hypervolume};

/// Completed classes from whose worst values the reference point is made when none is given.
const DESIGN: usize = 10;

/// The reference point when none is given: the worst value of each objective among the first 10 completed classes, or
/// among all when there are fewer.
///
/// It is a function of the record, so a run that is resumed has the same one; runs of several seeds have different ones,
/// and their hypervolumes are not comparable. `None` when nothing was completed.
#[must_use]
pub fn default_reference<'a>(first: impl IntoIterator<Item = &'a Point>) -> Option<Point> {
    let mut points = first.into_iter().take(DESIGN).cloned();
    let start = points.next()?;
    Some(points.fold(start, |worst, point| worst.worse_of(&point)))
}

/// The points that no other one dominates, each with what it belongs to; of equal points the first.
#[derive(Clone, Debug, PartialEq)]
pub struct Archive<T> {
    members: Vec<(T, Point)>,
}

impl<T> Default for Archive<T> {
    fn default() -> Self {
        Self {
            members: Vec::new(),
        }
    }
}

impl<T> Archive<T> {
    /// Adds a point, unless a member is as good in every objective; members that it dominates are removed.
    ///
    /// Says whether it was added.
    pub fn insert(&mut self, item: T, point: Point) -> bool {
        if self.members.iter().any(|(_, known)| known.covers(&point)) {
            return false;
        }
        self.members.retain(|(_, known)| !point.dominates(known));
        self.members.push((item, point));
        true
    }

    /// The members, in the order in which they were added.
    #[must_use]
    pub fn members(&self) -> &[(T, Point)] {
        &self.members
    }

    /// The members, the best in the first objective first.
    #[must_use]
    pub fn by_first_objective(&self) -> Vec<&(T, Point)> {
        let mut sorted: Vec<&(T, Point)> = self.members.iter().collect();
        let first = |member: &(T, Point)| member.1.values().first().copied().unwrap_or(0.0);
        // No two members are equal in all objectives but the last one, so this is an order for two objectives; the sort
        // is stable for more.
        sorted.sort_by(|a, b| first(b).total_cmp(&first(a)));
        sorted
    }

    /// How much the members dominate, see [`hypervolume`].
    #[must_use]
    pub fn hypervolume(&self, reference: &Point) -> f64 {
        let points: Vec<&Point> = self.members.iter().map(|(_, point)| point).collect();
        hypervolume(&points, reference)
    }
}
