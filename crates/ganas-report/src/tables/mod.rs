//! Tables of results: text for terminals, Markdown for pages, CSV for programs.

mod evaluated;
mod front;
mod improvement;
mod number;
mod search;
mod table;

pub use number::{mean_and_deviation, mean_and_range, measurement, optional};
pub use search::stop_text;
pub use table::{Align, TextTable};
