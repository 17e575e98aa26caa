//! Where the properties come from that order architectures before a search: the same places, under the same rules, as those
//! of constraints.

use ganas_eval::Direction;
use ganas_search::PropertyOrder;

use super::OrderSource;
use crate::Error;
use crate::experiment::constraints::Sources;

impl OrderSource for Sources<'_> {
    fn find(&self, name: &str, place: &str) -> Result<(PropertyOrder, String), Error> {
        let (sign, name) = match name.strip_prefix('-') {
            Some(name) => ("-", name),
            None => ("", name),
        };
        let (property, table) = self.property(name, place)?;
        let known = match &table {
            Some(_) => self
                .columns
                .find(self.space, name)?
                .and_then(|column| column.meaning.direction),
            None => None,
        };
        let direction = match (sign, known) {
            ("-", _) => Direction::Minimize,
            (_, Some(direction)) => direction,
            (_, None) => Direction::Maximize,
        };
        let recorded = match table {
            Some(sha256) => format!("{direction} {name} (table {sha256})"),
            None => format!("{direction} {name}"),
        };
        Ok((
            PropertyOrder {
                property,
                direction,
            },
            recorded,
        ))
    }
}
