//! Checking the fields of a configuration.

use std::fmt::Display;
use std::ops::RangeInclusive;

use crate::SearchError;

/// Fails unless a field holds what is expected.
pub(crate) fn expect(
    field: &str,
    holds: bool,
    value: impl Display,
    expected: &str,
) -> Result<(), SearchError> {
    if holds {
        return Ok(());
    }
    Err(SearchError::BadConfig {
        field: field.to_owned(),
        reason: format!("found {value}, expected {expected}"),
    })
}

/// Fails unless a field is in a range.
pub(crate) fn expect_within<T: PartialOrd + Display>(
    field: &str,
    value: T,
    range: RangeInclusive<T>,
) -> Result<(), SearchError> {
    let expected = format!("from {} to {}", range.start(), range.end());
    expect(field, range.contains(&value), value, &expected)
}
