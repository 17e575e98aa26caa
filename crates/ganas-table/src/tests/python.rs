//! Table files are read by Python's libraries, where those are installed.

use std::path::Path;
use std::process::Command;

use super::*;

/// Runs a script with these arguments; none, with a line that says so, when Python or a library is missing.
#[expect(
    clippy::disallowed_methods,
    reason = "which Python to ask is known to whoever runs the tests only"
)]
fn python(test: &str, script: &str, arguments: &[&Path]) -> Option<String> {
    let python = std::env::var("GANAS_PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let run = Command::new(&python)
        .args(["-c", script])
        .args(arguments)
        .output();
    let (code, stdout, stderr) = match run {
        Ok(output) => (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            String::from_utf8_lossy(&output.stderr).into_owned(),
        ),
        Err(error) => (None, String::new(), error.to_string()),
    };
    if code.is_none() || stderr.contains("ModuleNotFoundError") {
        let reason = stderr.lines().last().unwrap_or_default();
        eprintln!(
            "SKIPPED: {test} needs {python} with pyarrow, pandas and polars ({reason}); name one with GANAS_PYTHON"
        );
        return None;
    }
    assert_eq!(code, Some(0), "{stderr}");
    Some(stdout)
}

/// Reads the table with pandas (by way of pyarrow) and with polars, and compares what it prints.
#[test]
fn pandas_and_polars_read_a_table() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let script = "\
import sys, json
import pyarrow as pa, pyarrow.feather as feather, polars as pl
path = sys.argv[1]
manifest = json.loads(pa.ipc.open_file(path).schema.metadata[b'ganas.manifest'])
frame = feather.read_table(path).to_pandas()
print(manifest['space'], len(frame), frame['test_200'].sum(), frame['params_m'].isna().sum(), frame['arch'][26])
frame = pl.read_ipc(path)
print(frame.height, frame['test_200'].sum(), frame['params_m'].null_count(), frame['arch'][26])
";
    let test = "pandas_and_polars_read_a_table";
    let Some(stdout) = python(test, script, &[table.path()]) else {
        return;
    };
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "chains 27 351.0 26 pool>pool>pool",
            "27 351.0 26 pool>pool>pool"
        ]
    );
}

/// The same by way of Parquet, and back from a file of each of them.
#[cfg(feature = "parquet")]
#[test]
fn pandas_and_polars_read_and_write_parquet() {
    let folder = Folder::new();
    let table = folder.table(all_chains());
    let columns = table.columns().unwrap();
    let mut content = Vec::new();
    table.export_parquet(&columns, &mut content).unwrap();
    let exported = folder.write("exported.parquet", content);
    let back = ["pandas.parquet", "polars.parquet"].map(|name| folder.path(name));
    let script = "\
import sys, json
import pyarrow.parquet as pq, pandas as pd, polars as pl
path = sys.argv[1]
manifest = json.loads(pq.read_schema(path).metadata[b'ganas.manifest'])
frame = pd.read_parquet(path)
print(manifest['space'], len(frame), frame['test_200'].sum(), frame['params_m'].isna().sum(), frame['arch'][26])
# A whole number, a 32-bit float and a text, as other tables have them.
frame['whole'] = frame['test_200'].astype('int64')
frame['half'] = (frame['test_200'] / 2).astype('float32')
frame['note'] = 'text'
frame.to_parquet(sys.argv[2], index=False)
frame = pl.read_parquet(path)
print(frame.height, frame['test_200'].sum(), frame['params_m'].null_count(), frame['arch'][26])
frame.write_parquet(sys.argv[3], compression='snappy')
";
    let test = "pandas_and_polars_read_and_write_parquet";
    let Some(stdout) = python(test, script, &[&exported, &back[0], &back[1]]) else {
        return;
    };
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "chains 27 351.0 26 pool>pool>pool",
            "27 351.0 26 pool>pool>pool"
        ]
    );
    for (n, path) in back.iter().enumerate() {
        let request = ImportRequest {
            overwrite: true,
            ..ImportRequest::new(path, folder.path("back.arrow"))
        };
        let report = import(&request, &Chains::numbered()).unwrap();
        let again = Table::open(&request.output).unwrap();
        assert_eq!(report.skipped.len(), if n == 0 { 1 } else { 0 });
        for row in table.rows() {
            assert_eq!(again.arch_text(row).unwrap(), table.arch_text(row).unwrap());
            for (column, name) in columns.iter().map(|&c| (c, &table.info(c).name)) {
                let twin = again.column(name).unwrap();
                assert_eq!(again.value(twin, row), table.value(column, row), "{name}");
            }
        }
        if n == 0 {
            let value =
                |name: &str| again.value(again.column(name).unwrap(), again.row(25).unwrap());
            assert_eq!([value("whole"), value("half")], [Some(25.0), Some(12.5)]);
        }
    }
}
