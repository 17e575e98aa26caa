//! A table that has only a part of what is searched.

/// What a search on a table does about architectures without a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MissingRows {
    /// It does not begin, unless the table has every class that constraints admit.
    #[default]
    Refuse,
    /// It searches among the rows of the table that have both metrics; nothing else is proposed.
    Within,
    /// It goes on: the query of an architecture without a row fails, and counts.
    Fail,
}

#[cfg(feature = "tables")]
pub(super) use with_tables::restrict;

#[cfg(feature = "tables")]
mod with_tables {
    use std::sync::Arc;

    use ganas_search::ListedSpace;
    use ganas_space::SearchSpace;
    use ganas_table::{Column, Coverage, Table};

    use super::MissingRows;
    use crate::Error;

    /// What is searched of a space on a table.
    pub(crate) struct Restricted {
        pub(crate) space: Arc<dyn SearchSpace>,
        /// What the result depends on because of that, when it is not the whole space.
        pub(crate) record: Option<String>,
        /// What there is of the space, for people; nothing when it is all there.
        pub(crate) coverage: Option<String>,
        /// Whether the table has all that is searched, so that ranks in it are those of what is searched.
        pub(crate) is_whole: bool,
    }

    /// Leaves of a space under constraints what a table can answer, as far as that is wanted.
    pub(crate) fn restrict(
        missing: MissingRows,
        table: &Table,
        metrics: [Column; 2],
        space: &dyn SearchSpace,
        constrained: Arc<dyn SearchSpace>,
    ) -> Result<Restricted, Error> {
        let coverage = Coverage::under_constraints(table, space, &*constrained);
        if coverage.is_complete {
            return Ok(Restricted {
                space: constrained,
                record: None,
                coverage: None,
                is_whole: true,
            });
        }
        let of = match (coverage.of_rows, constrained.constraints()) {
            (None, Some(_)) => "what the constraints leave",
            _ => "the space",
        };
        let part = format!("part of {of}: {}", coverage.describe());
        match missing {
            MissingRows::Refuse => Err(Error::Usage(format!(
                "{}: the table of {} has a {part} ({}); search among its rows only with --within-table, \
                 or let the query of an architecture without a row fail with --allow-missing",
                table.path().display(),
                table.manifest().source.file,
                space.name(),
            ))),
            MissingRows::Fail => Ok(Restricted {
                space: constrained,
                record: None,
                coverage: Some(format!("{part}; the query of another one fails")),
                is_whole: false,
            }),
            MissingRows::Within => {
                let listed = listed(table, metrics, constrained)?;
                if listed.n_classes() == 0 {
                    return Err(Error::Usage(format!(
                        "{}: no row of the table has both metrics and satisfies the constraints",
                        table.path().display()
                    )));
                }
                Ok(Restricted {
                    space: Arc::new(listed),
                    record: Some("rows of the table".to_owned()),
                    coverage: Some(format!("{part}; the search stays within the table")),
                    is_whole: true,
                })
            }
        }
    }

    /// The rows that have both metrics.
    fn listed(
        table: &Table,
        metrics: [Column; 2],
        space: Arc<dyn SearchSpace>,
    ) -> Result<ListedSpace, Error> {
        let mut archs = Vec::new();
        for row in table.rows() {
            let text = table.arch_text(row)?;
            let answer = table.answer(table.key(row), || text.to_owned());
            let has = |column| {
                let answer = answer.as_ref()?;
                table.answer_value(column, answer)
            };
            if metrics.into_iter().all(|column| has(column).is_some()) {
                archs.push(space.decode(text)?);
            }
        }
        Ok(ListedSpace::new(space, archs))
    }
}
