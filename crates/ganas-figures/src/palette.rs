//! Colours that the colour-blind tell apart, on light and on dark.

/// Colours of series: Okabe and Ito's, without black and the yellow that is not seen on white.
const SERIES: [&str; 7] = [
    "#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#8a6d3b",
];

/// Dashes, so that series differ without colours.
const DASHES: [&str; 4] = ["", "7 3", "2 3", "9 3 2 3"];

/// Fills behind dark text, for operations.
const FILLS: [&str; 12] = [
    "#a6cee3", "#fdbf6f", "#b2df8a", "#e6b8d6", "#fff2a8", "#c9c9e8", "#f4a89a", "#9fdcd0",
    "#d9c4a5", "#c4e5f7", "#dfe6b0", "#f3cfe0",
];

/// The colour of a series.
pub(crate) fn series(number: usize) -> &'static str {
    SERIES[number % SERIES.len()]
}

/// The dashes of a series; none for a solid line.
pub(crate) fn dashes(number: usize) -> &'static str {
    DASHES[number % DASHES.len()]
}

/// The fill of an operation.
pub(crate) fn fill(number: usize) -> &'static str {
    FILLS[number % FILLS.len()]
}
