//! Importing good files, and one test for each thing that can be wrong with a file.

use std::fs;
use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;
use crate::{RowOrder, SkipReason, SkippedColumn, Unit};
use ganas_eval::MetricRole;

fn gzip(text: &str) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes()).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn an_exhaustive_table_is_in_official_order() {
    let folder = Folder::new();
    let csv = all_chains();
    let report = folder.import(&csv).unwrap();
    let manifest = &report.manifest;
    assert_eq!(manifest.row_order, RowOrder::PublishedIndex);
    assert_eq!(
        (manifest.n_rows as usize, manifest.n_classes as usize),
        (Chains::SIZE, Chains::N_CLASSES)
    );
    assert_eq!(
        (manifest.space.as_str(), manifest.key_column.as_str()),
        ("chains", "arch")
    );
    assert_eq!(manifest.source.file, "source.csv");
    assert_eq!(manifest.source.bytes, csv.len() as u64);
    assert_eq!(manifest.ganas_version, env!("CARGO_PKG_VERSION"));
    let columns: Vec<_> = manifest
        .columns
        .iter()
        .map(|c| (c.name.as_str(), c.role, c.unit, c.epochs))
        .collect();
    assert_eq!(
        columns,
        [
            ("index", MetricRole::Other, Unit::None, None),
            ("valid_12", MetricRole::Validation, Unit::Percent, Some(12)),
            ("test_200", MetricRole::Test, Unit::Percent, Some(200)),
            ("params_m", MetricRole::Cost, Unit::Millions, None),
        ]
    );
    assert_eq!((report.skipped.len(), report.repeated_rows), (0, 0));
    let output = folder.path("table.arrow");
    assert_eq!(report.output_bytes, fs::metadata(output).unwrap().len());

    let table = Table::open(folder.path("table.arrow")).unwrap();
    assert_eq!(table.manifest(), manifest);
    for row in table.rows() {
        assert_eq!(table.arch_text(row).unwrap(), Chains::text(row.index()));
    }
}

#[test]
fn other_tables_are_in_file_order() {
    let folder = Folder::new();
    let csv = "arch,x\npool>pool>pool,1\nconv>conv>id,2\nid>conv>conv,3\n";
    let report = folder.import(csv).unwrap();
    assert_eq!(report.manifest.row_order, RowOrder::SourceFile);
    // The last two differ as text, but are one class: both are kept.
    assert_eq!((report.manifest.n_rows, report.manifest.n_classes), (3, 2));
    let table = Table::open(folder.path("table.arrow")).unwrap();
    let texts: Vec<_> = table
        .rows()
        .map(|row| table.arch_text(row).unwrap())
        .collect();
    assert_eq!(texts, ["pool>pool>pool", "conv>conv>id", "id>conv>conv"]);

    let source = folder.write("all.csv", all_chains());
    let request = ImportRequest::new(source, folder.path("all.arrow"));
    let report = import(&request, &Chains::unnumbered()).unwrap();
    assert_eq!(report.manifest.row_order, RowOrder::SourceFile);
    let table = Table::open(&request.output).unwrap();
    let first = table.row(0).unwrap();
    assert_eq!(table.arch_text(first).unwrap(), "pool>pool>pool");
}

#[test]
fn gzip_is_told_by_content_and_gives_the_same_table() {
    let folder = Folder::new();
    let plain = folder.import(all_chains()).unwrap();
    let plain_columns = plain.manifest.columns;
    // A gzip'd file named .csv, in two gzip members.
    let csv = all_chains();
    let (head, tail) = csv.split_at(100);
    let packed = [gzip(head), gzip(tail)].concat();
    let source = folder.write("packed.csv", &packed);
    let report = import(
        &ImportRequest::new(source, folder.path("packed.arrow")),
        &Chains::numbered(),
    )
    .unwrap();
    assert_eq!(report.manifest.columns, plain_columns);
    assert_eq!(report.manifest.source.bytes, packed.len() as u64);
    // And a plain file named .gz.
    let source = folder.write("plain.csv.gz", &csv);
    import(
        &ImportRequest::new(source, folder.path("plain.arrow")),
        &Chains::numbered(),
    )
    .unwrap();
}

#[test]
fn the_same_source_gives_the_same_bytes() {
    let folder = Folder::new();
    let bytes = [(); 2].map(|()| {
        let request = ImportRequest {
            overwrite: true,
            ..ImportRequest::new(
                folder.write("source.csv", all_chains()),
                folder.path("table.arrow"),
            )
        };
        import(&request, &Chains::numbered()).unwrap();
        fs::read(&request.output).unwrap()
    });
    assert!(bytes[0] == bytes[1]);
    assert_eq!(folder.names(), ["source.csv", "table.arrow"]);
}

#[test]
fn columns_without_numbers_are_listed() {
    let folder = Folder::new();
    let csv = "arch,,note,x,blank\n\
               id>id>id,7,,,\n\
               id>id>conv,8,fine,1.5, \n\
               id>conv>id,9,3,-2e1,\n";
    let report = folder.import(csv).unwrap();
    let skipped = |name: &str, reason| SkippedColumn {
        name: name.to_owned(),
        reason,
    };
    assert_eq!(
        report.skipped,
        [
            skipped("", SkipReason::Unnamed),
            skipped(
                "note",
                SkipReason::Text {
                    line: 3,
                    example: "fine".to_owned(),
                    numbers: 1,
                }
            ),
            skipped("blank", SkipReason::Empty),
        ]
    );
    let table = Table::open(folder.path("table.arrow")).unwrap();
    let x = table.column("x").unwrap();
    let values: Vec<_> = table.rows().map(|row| table.value(x, row)).collect();
    assert_eq!(values, [None, Some(1.5), Some(-20.0)]);
    assert_eq!(table.manifest().columns.len(), 1);
}

#[test]
fn another_key_column_and_spreadsheet_habits() {
    let folder = Folder::new();
    // A byte order mark, CRLF line ends, quotes and blank lines.
    let csv = "\u{feff}\"cell\",x\r\n\r\nid>id>id,1\r\n\"id>id>conv\", 2 \r\n";
    let request = ImportRequest {
        key_column: "cell".to_owned(),
        ..ImportRequest::new(folder.write("s.csv", csv), folder.path("t.arrow"))
    };
    let report = import(&request, &Chains::numbered()).unwrap();
    assert_eq!(report.manifest.key_column, "cell");
    let table = Table::open(&request.output).unwrap();
    let x = table.column("x").unwrap();
    let values: Vec<_> = table.rows().map(|row| table.value(x, row)).collect();
    assert_eq!(values, [Some(1.0), Some(2.0)]);
}

#[test]
fn exact_repetitions_are_left_out_and_counted() {
    let folder = Folder::new();
    let csv = "arch,x,y\nid>id>id,1,\nid>id>conv,2,3\nid>id>id,1.0,\nid>id>id,1,\n";
    let report = folder.import(csv).unwrap();
    assert_eq!((report.manifest.n_rows, report.repeated_rows), (2, 2));
}

/// Checks the error of an import, that its message says what it should, and that nothing was written.
#[track_caller]
fn check(content: impl AsRef<[u8]>, is_expected: impl Fn(&TableError) -> bool, parts: &[&str]) {
    let folder = Folder::new();
    let error = folder.import(content).unwrap_err();
    assert!(is_expected(&error), "{error:?}");
    check_message(&error, &["source.csv"]);
    check_message(&error, parts);
    assert_eq!(folder.names(), ["source.csv"]);
}

#[test]
fn missing_file() {
    let folder = Folder::new();
    let request = ImportRequest::new(folder.path("none.csv"), folder.path("t.arrow"));
    let error = import(&request, &Chains::numbered()).unwrap_err();
    assert!(matches!(error, TableError::Source(_)), "{error:?}");
    check_message(&error, &["none.csv", "check the path"]);
}

#[test]
fn not_utf8() {
    let is_line = |expected| move |e: &TableError| matches!(e.import_problem(), Some(ImportProblem::NotUtf8 { line, .. }) if *line == expected);
    check(
        b"arch,x\nid>id>id,1\nid>id>conv,\xff\n",
        is_line(3),
        &["line 3", "column `x`", "convert"],
    );
    check(
        b"arch,x\nid>\xff>id,1\n",
        is_line(2),
        &["line 2", "column `arch`"],
    );
    check(
        b"arch,\xff\nid>id>id,1\n",
        is_line(1),
        &["line 1", "column `number 2`"],
    );
}

#[test]
fn no_rows() {
    for content in ["", "\n\n", "arch,x\n", "arch,x\r\n\r\n"] {
        check(
            content,
            |e| matches!(e.import_problem(), Some(ImportProblem::NoRows { .. })),
            &["no rows", "expected a header", "`arch`"],
        );
    }
    check(
        gzip(""),
        |e| matches!(e.import_problem(), Some(ImportProblem::NoRows { .. })),
        &["no rows"],
    );
}

#[test]
fn no_metric_column() {
    check(
        "arch,note\nid>id>id,good\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::NoMetricColumn { .. })
            )
        },
        &["skipped: `note`: text, line 2 has `good`"],
    );
}

#[test]
fn missing_key_column() {
    check(
        "index,arhc,x\n0,id>id>id,1\n",
        |e| matches!(e.import_problem(), Some(ImportProblem::MissingKeyColumn { suggestion: Some(s), .. }) if s == "arhc"),
        &["no column `arch`", "did you mean `arhc`?", "index, arhc, x"],
    );
    check(
        "index,x\n0,1\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::MissingKeyColumn {
                    suggestion: None,
                    ..
                })
            )
        },
        &["index, x"],
    );
}

#[test]
fn duplicate_and_reserved_columns() {
    check(
        "arch,x,x\nid>id>id,1,2\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::DuplicateColumn { .. })
            )
        },
        &["line 1", "`x`", "rename"],
    );
    check(
        "arch,key\nid>id>id,1\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::ReservedColumn { .. })
            )
        },
        &["line 1", "`key`", "rename"],
    );
}

#[test]
fn unknown_operation() {
    check(
        "arch,x\nid>id>id,1\n\nid>convolution>id,2\n",
        |e| {
            matches!(e.import_problem(), Some(ImportProblem::BadArch { line: 4, source, .. })
                if matches!(**source, ganas_space::SpaceError::UnknownOp { .. }))
        },
        &["line 4", "column `arch`", "`convolution`", "conv, id, pool"],
    );
}

#[test]
fn lines_are_right_after_blank_lines_quotes_and_any_line_end() {
    for (content, line) in [
        ("arch,x\nid>id>id,1\nid>id,2\n", 3),
        ("arch,x\r\nid>id>id,1\r\nid>id,2\r\n", 3),
        ("arch,x\rid>id>id,1\rid>id,2\r", 3),
        ("\n\narch,x\n\n\nid>id>id,1\n\n\n\nid>id,2", 10),
        ("\r\narch,x\r\n\r\nid>id,2", 4),
        ("\u{feff}arch,x\nid>id,2", 2),
        ("arch,note,x\nid>id>id,\"two\nlines\",1\nid>id,,2\n", 4),
    ] {
        check(
            content,
            |e| matches!(e.import_problem(), Some(ImportProblem::BadArch { line: found, .. }) if *found == line),
            &[&format!("line {line},")],
        );
    }
}

#[test]
fn truncated_gzip() {
    let packed = gzip(&all_chains());
    for length in [2, 5, 12, packed.len() / 2, packed.len() - 1] {
        check(
            &packed[..length],
            |e| matches!(e, TableError::Source(s) if matches!(s.problem, SourceProblem::TruncatedGzip { .. })),
            &["truncated", "again"],
        );
    }
}

#[test]
fn corrupt_gzip() {
    let packed = gzip(&all_chains());
    let mut checksum = packed.clone();
    *checksum.iter_mut().nth_back(7).unwrap() ^= 1;
    let mut method = packed.clone();
    method[2] = 9;
    let mut body = packed.clone();
    body[10] |= 0b110;
    let trailing = [packed, b"garbage in place of a member".to_vec()].concat();
    for content in [checksum, method, body, trailing] {
        check(
            content,
            |e| matches!(e, TableError::Source(s) if matches!(s.problem, SourceProblem::CorruptGzip { .. })),
            &["damaged", "again"],
        );
    }
}

/// What is wrong with the file as a whole comes before what is wrong with a line, though that is read earlier.
#[test]
fn a_truncated_file_is_not_blamed_on_its_lines() {
    let rows: String = (0..20_000)
        .map(|row| format!("id>{row}>id,{row},9\n"))
        .collect();
    let packed = gzip(&format!("arch,x\n{rows}"));
    check(
        &packed[..packed.len() - 9],
        |e| matches!(e, TableError::Source(s) if matches!(s.problem, SourceProblem::TruncatedGzip { decompressed } if decompressed > 200_000)),
        &["truncated", "again"],
    );
    check(
        &packed,
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::FieldCount { line: 2, .. })
            )
        },
        &["line 2", "found 3 fields, expected 2"],
    );
}

/// What is wrong with a row of the file comes before what is wrong with an architecture, and of those the first counts.
#[test]
fn the_first_of_several_problems_is_named() {
    let is_bad_arch = |expected: u64| move |e: &TableError| matches!(e.import_problem(), Some(ImportProblem::BadArch { line, .. }) if *line == expected);
    let twice = "arch,x\nid>id>id,1\nid>id>id,2\nid>id,3\nid>conv,4\n";
    check(
        twice,
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::ConflictingRows {
                    first_line: 2,
                    second_line: 3,
                    ..
                })
            )
        },
        &["lines 2 and 3"],
    );
    check(twice.replace(",2", ",1"), is_bad_arch(4), &["line 4"]);
    check(
        format!("{twice}id>id>id\n"),
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::FieldCount { line: 6, .. })
            )
        },
        &["line 6"],
    );
    check(
        twice.replace(",2", ",inf"),
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::NonFinite { line: 3, .. })
            )
        },
        &["line 3"],
    );
}

/// More rows than are decoded together, over many chunks, with cells of several lines and repeated architectures.
#[test]
fn long_files_are_one_table() {
    let folder = Folder::new();
    let n_rows = 50_000;
    let mut csv = "arch,note,x,late\r\n".to_owned();
    for row in 0..n_rows {
        let index = row % Chains::SIZE;
        // A column whose only number comes last.
        let late = if row == n_rows - 1 { "7" } else { "NA" };
        csv.push_str(&format!(
            "{},\"é,\n\r\n\"\"\",{index},{late}\r\n",
            Chains::text(index)
        ));
    }
    let request = ImportRequest {
        repeats: crate::Repeats::Mean,
        ..ImportRequest::new(folder.write("s.csv", &csv), folder.path("t.arrow"))
    };
    let report = import(&request, &Chains::numbered()).unwrap();
    assert_eq!(report.repeated_rows, n_rows - Chains::SIZE);
    assert_eq!(report.manifest.row_order, RowOrder::PublishedIndex);
    let table = Table::open(&request.output).unwrap();
    let [x, late] = ["x", "late"].map(|name| table.column(name).unwrap());
    for (row, index) in table.rows().zip(0u32..) {
        assert_eq!(table.value(x, row), Some(f64::from(index)));
        let last = (n_rows - 1) % Chains::SIZE;
        assert_eq!(
            table.value(late, row),
            (index as usize == last).then_some(7.0)
        );
    }
    csv.push_str("id>id,,1,1\r\n");
    let last_line = 2 + 3 * n_rows;
    let request = ImportRequest {
        source: folder.write("s.csv", &csv),
        output: folder.path("u.arrow"),
        ..request
    };
    let error = import(&request, &Chains::numbered()).unwrap_err();
    check_message(
        &error,
        &["s.csv", &format!("line {last_line},"), "column `arch`"],
    );
}

#[test]
fn infinity() {
    for text in ["inf", "-Infinity", "1e999"] {
        for rows in [["1,2", &format!("1,{text}")], [&format!("1,{text}"), "1,2"]] {
            let line = if rows[0].contains(text) { 2 } else { 3 };
            check(
                format!("arch,y,x\nid>id>id,{}\nid>id>conv,{}\n", rows[0], rows[1]),
                |e| {
                    matches!(
                        e.import_problem(),
                        Some(ImportProblem::NonFinite { line: l, .. }) if *l == line
                    )
                },
                &[
                    &format!("line {line}"),
                    "column `x`",
                    text,
                    "leave the cell empty",
                    "--ignore x",
                ],
            );
        }
    }
}

/// The same rows in any order are the same table, whatever stands for a missing value.
#[test]
fn missing_words_are_missing_wherever_they_stand() {
    for word in [
        "NA", "nan", "NaN", "null", "NULL", "None", "N/A", "n/a", "", " - ",
    ] {
        let rows = [
            format!("id>id>id,{word},1"),
            "id>id>conv,92.6,2".to_owned(),
            "id>id>pool,90,3".to_owned(),
        ];
        for turn in 0..rows.len() {
            let mut rows = rows.clone();
            rows.rotate_left(turn);
            let folder = Folder::new();
            let table = folder.table(format!("arch,val_acc,x\n{}\n", rows.join("\n")));
            let (acc, x) = (table.column("val_acc").unwrap(), table.column("x").unwrap());
            let mut values: Vec<_> = table
                .rows()
                .map(|row| (table.value(x, row), table.value(acc, row)))
                .collect();
            values.sort_by(|a, b| a.partial_cmp(b).unwrap());
            let expected = [(1.0, None), (2.0, Some(92.6)), (3.0, Some(90.0))];
            assert_eq!(values, expected.map(|(x, acc)| (Some(x), acc)), "{word:?}");
            assert_eq!(table.manifest().skipped, []);
        }
    }
}

/// A column of text is left out wherever the text stands, and everyone who asks for it is told why.
#[test]
fn text_among_numbers() {
    let rows = ["id>id>id,,1", "id>id>conv,1,1", "id>pool>id,failed,1"];
    for turn in 0..rows.len() {
        let mut rows = rows;
        rows.rotate_left(turn);
        let line = 2 + (rows.iter().position(|row| row.contains("failed")).unwrap());
        let folder = Folder::new();
        let csv = format!("arch,x,y\n{}\n", rows.join("\n"));
        let report = folder.import(&csv).unwrap();
        let reason = format!("text, line {line} has `failed` (cells with numbers: 1)");
        assert_eq!(report.skipped[0].to_string(), format!("`x`: {reason}"));
        let table = Table::open(folder.path("table.arrow")).unwrap();
        let error = table.column("x").unwrap_err();
        check_message(&error, &["no metric `x`", "left out", &reason]);

        let request = ImportRequest {
            metrics: vec!["z=x".parse().unwrap()],
            ..ImportRequest::new(folder.path("source.csv"), folder.path("other.arrow"))
        };
        let error = import(&request, &Chains::numbered()).unwrap_err();
        check_message(&error, &["no column of numbers `x`", "left out", &reason]);
    }
}

#[test]
fn wrong_number_of_fields() {
    for (row, found) in [("id>id>id", 1), ("id>id>id,1,2", 3), (" ", 1)] {
        check(
            format!("arch,x\nid>id>conv,1\n{row}\n"),
            |e| {
                matches!(e.import_problem(), Some(ImportProblem::FieldCount { line: 3, expected: 2, found: f, .. })
                    if *f == found)
            },
            &["line 3", &format!("found {found} fields"), "expected 2"],
        );
    }
}

#[test]
fn conflicting_rows() {
    check(
        "arch,x,y\nid>id>id,1,2\nid>id>conv,1,2\nid>id>id,1,3\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::ConflictingRows {
                    first_line: 2,
                    second_line: 4,
                    ..
                })
            )
        },
        &[
            "lines 2 and 4",
            "`id>id>id`",
            "column `y`",
            "2 and 3",
            "--repeats",
            "`mean`",
            "--ignore y",
        ],
    );
    check(
        "arch,x\nid>id>id,1\nid>id>id,\n",
        |e| {
            matches!(
                e.import_problem(),
                Some(ImportProblem::ConflictingRows { second: None, .. })
            )
        },
        &["1 and (empty)"],
    );
}

#[test]
fn unwritable_output() {
    let folder = Folder::new();
    let source = folder.write("source.csv", all_chains());
    let in_no_folder = ImportRequest::new(&source, folder.path("none/t.arrow"));
    fs::create_dir(folder.path("is_a_folder")).unwrap();
    let is_a_folder = ImportRequest {
        overwrite: true,
        ..ImportRequest::new(&source, folder.path("is_a_folder"))
    };
    for (request, expected) in [
        (in_no_folder, "exists and is writable"),
        (is_a_folder, "the output is a folder"),
    ] {
        let error = import(&request, &Chains::numbered()).unwrap_err();
        assert!(
            matches!(
                error.table_problem(),
                Some(TableProblem::WriteOutput { .. } | TableProblem::BadOutput { .. })
            ),
            "{error:?}"
        );
        check_message(&error, &[request.output.to_str().unwrap(), expected]);
    }
    assert_eq!(folder.names(), ["is_a_folder", "source.csv"]);
}

#[test]
fn an_existing_output_is_kept_unless_asked() {
    let folder = Folder::new();
    let output = folder.write("table.arrow", "precious");
    let error = folder.import(all_chains()).unwrap_err();
    assert!(
        matches!(error.table_problem(), Some(TableProblem::OutputExists)),
        "{error:?}"
    );
    check_message(&error, &["table.arrow", "allow overwriting"]);
    assert_eq!(fs::read(&output).unwrap(), b"precious");

    // A failed import leaves the old file too.
    let mut request = ImportRequest {
        overwrite: true,
        ..ImportRequest::new(folder.write("bad.csv", "arch,x\n"), &output)
    };
    import(&request, &Chains::numbered()).unwrap_err();
    assert_eq!(fs::read(&output).unwrap(), b"precious");

    request.source = folder.write("source.csv", all_chains());
    import(&request, &Chains::numbered()).unwrap();
    Table::open(&output).unwrap();
}
