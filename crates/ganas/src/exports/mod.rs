//! Exports for other programs: what statistical packages and viewers of experiments read.
//!
//! The record of a study, field by field, is written by [`Study::export`](ganas_store::Study::export). docs/EXPORT.md describes all of them.

mod long;
mod optuna;
mod parameters;
#[cfg(feature = "parquet")]
mod parquet;
mod theory;

use ganas_store::RunSummary;
use serde_json::{Map, Value, json};

use crate::Error;
pub use long::write_long;
pub use optuna::optuna_file;
#[cfg(feature = "parquet")]
pub use parquet::{long_parquet_file, parquet_file};

/// Everything that a run is, by the names of the fields of the record.
fn run_attributes(run: &RunSummary) -> Result<Map<String, Value>, Error> {
    let unreadable = |error| {
        let name = &run.name;
        Error::Failed(format!("the spec of the run {name} is no JSON: {error}"))
    };
    let spec = serde_json::to_value(&run.spec).map_err(unreadable)?;
    let mut all = match spec {
        Value::Object(fields) => fields,
        _ => Map::new(),
    };
    let config = serde_json::from_str(&run.spec.config).map_err(unreadable)?;
    all.insert("config".to_owned(), config);
    all.insert("run".to_owned(), json!(run.name));
    all.insert("experiment".to_owned(), json!(run.experiment));
    Ok(all)
}
pub use theory::write_theory;
