//! What is searched for: one metric, or several whose front is searched for.

use std::str::FromStr;
use std::sync::Arc;

use ganas_eval::{Direction, MetricMeaning, MetricPair, MetricRole, ObjectiveSource};
use ganas_search::{Objective, Objectives};
use ganas_space::SearchSpace;

use super::columns::Columns;
use super::constraints::refuse_test;
use super::improve::ACCURACY;
use crate::{Error, closed_form};

/// What is searched for: one metric or cost, or several, whose front is searched for.
///
/// Read from texts such as `accuracy` or `accuracy,-params`, where a minus says that smaller is better.
#[derive(Clone, Debug, PartialEq)]
pub struct Goals(Box<[Wanted]>);

impl Default for Goals {
    /// The metric that is searched on.
    fn default() -> Self {
        Self(Box::new([Wanted {
            name: ACCURACY.to_owned(),
            direction: Direction::Maximize,
        }]))
    }
}

/// From where a hypervolume is measured: a value for each objective, such as `accuracy=0,params=2e6`.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferencePoint(Box<[(String, f64)]>);

/// An objective as it is asked for.
#[derive(Clone, Debug, PartialEq)]
struct Wanted {
    name: String,
    direction: Direction,
}

impl FromStr for Goals {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wanted = text.split(',').map(|part| {
        let part = part.trim();
        let (name, direction) = match part.strip_prefix('-') {
            Some(name) => (name, Direction::Minimize),
            None => (part, Direction::Maximize),
        };
        if name.is_empty() {
            return Err(format!(
                "a name is missing in `{text}`: expected names with commas between them, such as `{ACCURACY},-params`"
            ));
        }
        Ok(Wanted {
            name: name.to_owned(),
            direction,
        })
    });
        Ok(Self(wanted.collect::<Result<_, String>>()?))
    }
}

impl FromStr for ReferencePoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let values =
            text.split(',').map(|part| {
                let (name, value) = part.split_once('=').ok_or_else(|| {
            format!("`{part}` has no `=`: expected NAME=VALUE, such as `{ACCURACY}=0,params=2e6`")
        })?;
                let value = value.trim();
                let number = value
                    .parse()
                    .map_err(|_| format!("`{value}` is no number"))?;
                Ok((name.trim().to_owned(), number))
            });
        Ok(Self(values.collect::<Result<_, String>>()?))
    }
}

/// Several objectives, and where their values come from.
#[derive(Debug)]
pub(super) struct Several {
    /// What is searched for.
    pub(crate) objectives: Objectives,
    /// Where the value of each comes from.
    pub(crate) sources: Vec<ObjectiveSource>,
}

impl Wanted {
    /// Whether the metric that is searched on is wanted in its direction. `accuracy` stands for it whatever that is.
    fn agrees(&self, protocol: &MetricPair) -> bool {
        let wanted = if self.name == ACCURACY {
            Direction::Maximize
        } else {
            protocol.search_direction
        };
        self.direction == wanted
    }

    fn disagreement(&self, protocol: &MetricPair) -> String {
        let Self { name, direction } = self;
        let (written, right) = match direction {
            Direction::Maximize => ("", "put a minus before it"),
            Direction::Minimize => ("-", "leave the minus out"),
        };
        format!(
            "--objective {written}{name}: {} values of `{}`, which is searched on, are better: {right}",
            protocol.search_direction.better(),
            protocol.search
        )
    }
}

/// What objectives can be.
pub(super) struct Known<'a> {
    pub(crate) space: &'a Arc<dyn SearchSpace>,
    /// What is searched on, and what is reported.
    pub(crate) protocol: &'a MetricPair,
    /// What the evaluator measures beside that, by name, and what that means.
    pub(crate) metrics: &'a [(String, MetricMeaning)],
    /// What of it was asked for with [`Goals::further`], in the order of measurement.
    pub(crate) further: &'a [String],
    pub(crate) columns: &'a Columns,
}

impl Goals {
    fn is_several(&self) -> bool {
        self.0.len() > 1
    }

    /// The only objective; `None` when there are several.
    pub(super) fn single(&self) -> Option<&str> {
        (!self.is_several()).then(|| &*self.0[0].name)
    }

    /// Refuses what makes no sense for one objective.
    pub(super) fn check_single(
        &self,
        protocol: &MetricPair,
        reference_point: Option<&ReferencePoint>,
        is_improvement: bool,
    ) -> Result<(), Error> {
        let Some(name) = self.single() else {
            return Ok(());
        };
        let is_metric = name == ACCURACY || name == protocol.search;
        let problem = if reference_point.is_some() {
            "--reference-point: a hypervolume needs several objectives, such as `--objective accuracy,-params`".to_owned()
        } else if is_metric && !self.0[0].agrees(protocol) {
            self.0[0].disagreement(protocol)
        } else if !is_metric && !is_improvement {
            format!(
                "--objective {name}: one objective other than `{ACCURACY}` is made small in a given network, which \
                 --improve names; for a front name several, such as `--objective {ACCURACY},-{name}`"
            )
        } else {
            return Ok(());
        };
        Err(Error::Usage(problem))
    }

    /// The names that may be those of metrics which the evaluator is to return beside the one that is searched on.
    pub(super) fn further(
        &self,
        searched_on: Option<&str>,
        space: &Arc<dyn SearchSpace>,
    ) -> Vec<String> {
        let names = self.0.iter().map(|wanted| &wanted.name);
        let is_other = |name: &&String| {
            *name != ACCURACY
                && Some(&***name) != searched_on
                && closed_form::property(space, name).is_none()
        };
        if self.is_several() {
            names.filter(is_other).cloned().collect()
        } else {
            Vec::new()
        }
    }

    /// Finds several objectives; nothing when there is one.
    pub(super) fn several(
        &self,
        known: &Known<'_>,
        reference_point: Option<&ReferencePoint>,
    ) -> Result<Option<Several>, Error> {
        if !self.is_several() {
            return Ok(None);
        }
        let found: Vec<(Objective, ObjectiveSource)> = self
            .0
            .iter()
            .map(|wanted| known.find(wanted))
            .collect::<Result<_, _>>()?;
        let (objectives, sources): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let reference_point = reference_point
            .map(|ReferencePoint(values)| known.reference_point(values, &objectives))
            .transpose()?;
        let objectives = Objectives::new(objectives, reference_point)
            .map_err(|error| Error::Usage(format!("--objective: {error}")))?;
        Ok(Some(Several {
            objectives,
            sources,
        }))
    }
}

impl Known<'_> {
    fn find(&self, wanted: &Wanted) -> Result<(Objective, ObjectiveSource), Error> {
        let name = self.full_name(&wanted.name);
        let objective = |table: Option<String>| Objective {
            name: name.to_owned(),
            direction: wanted.direction,
            table,
        };
        if name == self.protocol.search {
            if !wanted.agrees(self.protocol) {
                return Err(Error::Usage(wanted.disagreement(self.protocol)));
            }
            let objective = Objective {
                direction: self.protocol.search_direction,
                ..objective(None)
            };
            return Ok((objective, ObjectiveSource::SearchMetric));
        }
        if name == self.protocol.report {
            return Err(Error::Usage(format!(
                "--objective {name}: this is the metric that is reported, which a search must not see; \
                 report another one with --report, or search on it with --search, which the protocol then says"
            )));
        }
        if let Some(cost) = closed_form::property(self.space, name) {
            let meaning = MetricMeaning::of_role(name, MetricRole::Cost);
            self.check(wanted, &meaning)?;
            let objective = Objective {
                name: cost.name().to_owned(),
                ..objective(None)
            };
            return Ok((objective, ObjectiveSource::Property(cost)));
        }
        if let Some(place) = self.further.iter().position(|further| further == name) {
            let metric = self.metrics.iter().find(|(known, _)| known == name);
            if let Some((_, meaning)) = metric {
                self.check(wanted, meaning)?;
            }
            return Ok((objective(None), ObjectiveSource::Further(place)));
        }
        if let Some(column) = self.columns.find(self.space, name)? {
            self.check(wanted, &column.meaning)?;
            let other = (!column.is_own).then_some(column.table_sha256);
            return Ok((objective(other), ObjectiveSource::Property(column.property)));
        }
        Err(Error::Usage(format!(
            "--objective: there is nothing called `{name}`{}; known are {}; \
             a column of another table is made known with --properties FILE{}",
            self.columns.left_out(name),
            self.names().join(", "),
            closed_form::hint(&**self.space, name)
        )))
    }

    /// Refuses what a search must not see, and the wrong direction.
    fn check(&self, wanted: &Wanted, meaning: &MetricMeaning) -> Result<(), Error> {
        let name = &wanted.name;
        refuse_test(meaning, self.protocol.kind)
            .map_err(|reason| Error::Usage(format!("--objective {name}: {reason}")))?;
        let Some(known) = meaning.direction.filter(|known| *known != wanted.direction) else {
            return Ok(());
        };
        let (sign, other) = match known {
            Direction::Maximize => ("", Direction::Minimize),
            Direction::Minimize => ("-", Direction::Maximize),
        };
        let better = known.better();
        Err(Error::Usage(if meaning.guessed.direction {
            format!(
                "--objective {name}: its name says that {better} values are better: write {sign}{name}, or --{other} {name} if \
                 that is wrong"
            )
        } else {
            format!("--objective {name}: {better} values of it are better: write {sign}{name}")
        }))
    }

    /// The name of the metric that is searched on, where that is what is meant.
    fn full_name<'a>(&'a self, name: &'a str) -> &'a str {
        if name == ACCURACY {
            &self.protocol.search
        } else {
            name
        }
    }

    /// Everything that can be an objective.
    fn names(&self) -> Vec<String> {
        let mut names = vec![format!("{ACCURACY} ({})", self.protocol.search)];
        let of_space = closed_form::names(&**self.space).into_iter();
        names.extend(of_space.map(ToOwned::to_owned));
        let of_tables = self.columns.names();
        let of_tables = of_tables.map(|(name, role)| (name.to_owned(), role));
        let measured = self.metrics.iter();
        let measured = measured.map(|(name, meaning)| (name.clone(), meaning.role));
        for (name, role) in measured.chain(of_tables) {
            let hidden = role == MetricRole::Test || name == self.protocol.report;
            if !hidden && name != self.protocol.search && !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }

    fn reference_point(
        &self,
        values: &[(String, f64)],
        objectives: &[Objective],
    ) -> Result<Vec<f64>, Error> {
        let names: Vec<&str> = objectives.iter().map(|o| &*o.name).collect();
        let mut point = vec![None; objectives.len()];
        for (name, value) in values {
            let full = self.full_name(name);
            let place = names.iter().position(|known| *known == full);
            let place = place.filter(|&place| point[place].is_none());
            let place = place.ok_or_else(|| {
                Error::Usage(format!(
                    "--reference-point: `{name}` is no objective, or is there twice; expected a value for each of {}",
                    names.join(", ")
                ))
            })?;
            point[place] = Some(*value);
        }
        let complete = point.iter().zip(&names).map(|(value, name)| {
            value.ok_or_else(|| Error::Usage(format!("--reference-point: `{name}` is missing")))
        });
        complete.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minus_says_that_smaller_is_better() {
        let wanted = |name: &str, direction| Wanted {
            name: name.to_owned(),
            direction,
        };
        let Goals(found) = "accuracy, -latency_ms".parse().unwrap();
        let expected = [
            wanted("accuracy", Direction::Maximize),
            wanted("latency_ms", Direction::Minimize),
        ];
        assert_eq!(*found, expected);
        for bad in ["", "accuracy,", ",", "-"] {
            let error = bad.parse::<Goals>().unwrap_err();
            assert!(error.contains("a name is missing"), "{error}");
        }
    }

    #[test]
    fn reference_points_are_read() {
        let ReferencePoint(found) = "accuracy=0, latency_ms=5e1".parse().unwrap();
        assert_eq!(
            *found,
            [
                ("accuracy".to_owned(), 0.0),
                ("latency_ms".to_owned(), 50.0)
            ]
        );
        let error = |text: &str| text.parse::<ReferencePoint>().unwrap_err();
        assert!(error("accuracy").contains("has no `=`"));
        assert!(error("accuracy=x").contains("is no number"));
    }
}
