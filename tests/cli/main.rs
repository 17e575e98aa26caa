//! Black-box tests: the built `ganas` with arguments, files and signals.

#![expect(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "tests: a failed step ends the test, and a skipped one says so"
)]
#![expect(
    clippy::float_cmp,
    reason = "values of a table are passed on unchanged"
)]

mod bad_input;
mod bombs;
mod commands;
mod compare;
mod constraints;
mod devices;
mod evaluate;
mod export;
mod failed_evaluations;
mod first_search;
mod import_options;
mod improve;
mod interrupt;
mod joining;
mod live;
mod measured_bounds;
mod metrics;
mod metrics_of_workers;
mod objectives;
mod official_files;
mod outputs;
mod own_spaces;
mod partial_tables;
mod real_table;
mod recipes;
mod report;
mod restrictions;
mod resume;
mod rungs;
mod sandbox;
mod search_json;
mod searchers;
mod signals;
mod spaces;
mod stop_below;
mod streams;
mod study_life;
mod surrogate;
mod synthetic_files;
mod synthetic_table;
mod table_build;
mod theory;
mod workers;
