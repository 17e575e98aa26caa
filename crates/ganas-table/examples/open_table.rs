//! Opens a table file several times and prints how long that takes:
//!
//! ```text
//! cargo run --release -p ganas-cli --example open_table -- nasbench101.arrow
//! ```

#![expect(clippy::print_stdout, reason = "it prints what it measures")]
#![expect(
    clippy::disallowed_methods,
    reason = "an example may touch what a library may not"
)]

use std::error::Error;
use std::time::Instant;

use ganas_table::Table;

const TIMES: usize = 21;

fn main() -> Result<(), Box<dyn Error>> {
    let path = std::env::args().nth(1).ok_or("expected: TABLE")?;
    let mut milliseconds = Vec::with_capacity(TIMES);
    let mut rows = 0;
    for _ in 0..TIMES {
        let begin = Instant::now();
        rows = Table::open(&path)?.n_rows();
        milliseconds.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    milliseconds.sort_by(f64::total_cmp);
    println!(
        "{rows} rows, opened {TIMES} times: {:.2} ms at best, {:.2} ms in the median",
        milliseconds[0],
        milliseconds[TIMES / 2]
    );
    Ok(())
}
