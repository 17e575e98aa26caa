//! Look-ups in a converted table, and the keys of cells.
//!
//! The look-ups need the table that `cargo xtask reproduce nasbench201` converts, and are skipped without it.

#![expect(clippy::print_stderr, reason = "a bench says what it skips")]

use std::path::Path;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use ganas_random::{Stream, StreamKey};
use ganas_space::{Arch, ArchKey, by_name};
use ganas_table::Table;
use rand::seq::SliceRandom as _;

const TABLE: &str = "target/reproduce/nasbench201/nb201.arrow";

fn stream(purpose: u8) -> Stream {
    Stream::new(StreamKey {
        seed: 1,
        purpose,
        ..StreamKey::default()
    })
}

fn look_ups(c: &mut Criterion) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let Ok(table) = Table::open(root.join(TABLE)) else {
        eprintln!("skipped: there is no {TABLE}; `cargo xtask reproduce nasbench201` makes it");
        return;
    };
    let column = table
        .column("cifar10_valid_mean_200")
        .expect("the converted table has this column");
    let mut keys: Vec<ArchKey> = table.class_rows().map(|row| table.key(row)).collect();
    keys.shuffle(&mut stream(1));
    let mut next = keys.iter().cycle();
    c.bench_function("table look-up by key", |b| {
        b.iter_batched(
            || *next.next().expect("a cycle does not end"),
            |key| table.row_of(key).and_then(|row| table.value(column, row)),
            BatchSize::SmallInput,
        );
    });
    c.bench_function("all classes by key, in random order", |b| {
        b.iter(|| {
            let rows = keys.iter().filter_map(|&key| table.row_of(key));
            rows.filter_map(|row| table.value(column, row)).sum::<f64>()
        });
    });
}

fn keys(c: &mut Criterion) {
    for name in ["nasbench101", "nasbench201"] {
        let space = by_name(name).expect("the space is registered");
        let mut random = stream(2);
        let cells: Vec<Arch> = (0..1000).map(|_| space.sample(&mut random)).collect();
        c.bench_function(&format!("keys of 1000 cells of {name}"), |b| {
            b.iter(|| {
                let keys = cells.iter().map(|cell| space.key(cell));
                keys.fold(0, |all, key| all ^ key.0)
            });
        });
    }
}

criterion_group!(benches, look_ups, keys);
criterion_main!(benches);
