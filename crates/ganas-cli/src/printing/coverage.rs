//! How much of its space a table has, and how its classes are valued, in words.

use ganas::report::tables::measurement;
use ganas::table::{ClassSpread, ClassValue, Coverage, Manifest, RowOrder};

/// What is said of the rows: `all of the space, by official index`.
pub(crate) fn of_rows(manifest: &Manifest, coverage: &Coverage) -> String {
    if manifest.row_order == RowOrder::PublishedIndex {
        return "all of the space, by official index".to_owned();
    }
    let order = "in the order of the source";
    if coverage.of_rows.is_none() && coverage.of_classes.is_none() {
        order.to_owned()
    } else if coverage.of_rows == Some(coverage.rows) {
        format!("all of the space, {order}")
    } else if coverage.is_complete {
        format!("every class of the space, {order}")
    } else {
        format!("a part of the space, {order}: {}", coverage.describe())
    }
}

/// What is said of what constraints leave of the space; nothing, when there are none or the table has all of the space.
pub(crate) fn of_admitted(admitted: Option<&Coverage>) -> String {
    admitted.map_or_else(String::new, |coverage| {
        format!(
            "of what the constraints of the space admit, the table has {}\n",
            coverage.describe()
        )
    })
}

/// What is said of classes with several rows; nothing, when there are none.
pub(crate) fn of_classes(spread: &ClassSpread, class_value: ClassValue) -> String {
    if spread.of_several_rows == 0 {
        return String::new();
    }
    let largest: Vec<String> = (spread.largest.iter())
        .map(|(metric, largest)| format!("{metric} {}", measurement(*largest)))
        .collect();
    let largest = match &largest[..] {
        [] => String::new(),
        largest => format!("; the largest differences are {}", largest.join(", ")),
    };
    format!(
        "{} classes have several rows, and those of {} differ{largest}; {} (--class-value {class_value})\n",
        spread.of_several_rows,
        spread.differing,
        class_value.describe(),
    )
}
