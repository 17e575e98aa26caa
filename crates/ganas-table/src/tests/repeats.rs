//! Rows of one architecture with different values, columns that are left out, and classes whose rows differ.

use super::*;
use crate::{ClassValue, Coverage, Repeats, Run, TableEvaluator, TableProperty};
use ganas_eval::{Evaluator, Property, Query};
use ganas_space::SearchSpace;
use std::sync::Arc;

const TWICE: &str = "arch,val_acc,params_m\n\
                     id>id>id,90,0.5\n\
                     id>id>conv,92,1.5\n\
                     id>id>id,91,0.5\n\
                     id>id>id,,0.5\n";

fn request(folder: &Folder, csv: &str) -> ImportRequest {
    let source = folder.write("source.csv", csv);
    ImportRequest {
        overwrite: true,
        ..ImportRequest::new(source, folder.path("t.arrow"))
    }
}

/// The values of a column, row by row.
fn values(table: &Table, name: &str) -> Vec<Option<f64>> {
    let column = table.column(name).unwrap();
    table.rows().map(|row| table.value(column, row)).collect()
}

fn opened(request: &ImportRequest) -> Table {
    import(request, &Chains::numbered()).unwrap();
    Table::open(&request.output).unwrap()
}

#[test]
fn repeated_measurements_are_what_the_request_says() {
    let folder = Folder::new();
    let with = |repeats| ImportRequest {
        repeats,
        ..request(&folder, TWICE)
    };
    let error = import(&with(Repeats::Error), &Chains::numbered()).unwrap_err();
    check_message(&error, &["lines 2 and 4", "--repeats", "`runs`"]);

    let table = opened(&with(Repeats::Mean));
    assert_eq!(values(&table, "val_acc"), [Some(90.5), Some(92.0)]);
    let table = opened(&with(Repeats::First));
    assert_eq!(values(&table, "val_acc"), [Some(90.0), Some(92.0)]);

    let report = import(&with(Repeats::Runs), &Chains::numbered()).unwrap();
    assert_eq!((report.manifest.n_rows, report.repeated_rows), (2, 2));
    let table = Table::open(folder.path("t.arrow")).unwrap();
    assert_eq!(values(&table, "val_acc_run0"), [Some(90.0), Some(92.0)]);
    assert_eq!(values(&table, "val_acc_run1"), [Some(91.0), None]);
    assert_eq!(values(&table, "val_acc_run2"), [None, None]);
    let runs: Vec<_> = table
        .columns()
        .unwrap()
        .into_iter()
        .map(|c| table.info(c).run)
        .collect();
    let run = |number| Some(Run::Repeat(number));
    assert_eq!(runs, [run(0), run(1), run(2), None]);
    // What never differs stays one column.
    assert_eq!(values(&table, "params_m"), [Some(0.5), Some(1.5)]);
    let roles: Vec<_> = table
        .columns()
        .unwrap()
        .into_iter()
        .map(|c| table.info(c).role)
        .collect();
    assert_eq!(roles[0], ganas_eval::MetricRole::Validation);
}

#[test]
fn without_repeats_all_policies_are_the_same() {
    let csv = all_chains();
    for repeats in [Repeats::Mean, Repeats::First, Repeats::Runs] {
        let folder = Folder::new();
        let error = request(&folder, &csv);
        let expected = opened(&error).bytes_for_tests().to_vec();
        let other = ImportRequest {
            repeats,
            ..request(&folder, &csv)
        };
        assert!(opened(&other).bytes_for_tests() == expected, "{repeats}");
    }
}

/// The epochs of a metric are known of its runs, too.
#[test]
fn runs_keep_what_the_name_says() {
    let folder = Folder::new();
    let request = ImportRequest {
        repeats: Repeats::Runs,
        ..request(&folder, "arch,valid_12\nid>id>id,1\nid>id>id,2\n")
    };
    let table = opened(&request);
    let info = table.info(table.column("valid_12_run1").unwrap());
    assert_eq!((info.epochs, info.run), (Some(12), Some(Run::Repeat(1))));
}

#[test]
fn names_of_runs_that_are_taken_are_an_error() {
    let folder = Folder::new();
    let csv = "arch,x,x_run1\nid>id>id,1,5\nid>id>id,2,5\n";
    let request = ImportRequest {
        repeats: Repeats::Runs,
        ..request(&folder, csv)
    };
    let error = import(&request, &Chains::numbered()).unwrap_err();
    check_message(&error, &["two columns are named `x_run1`"]);
}

#[test]
fn too_many_runs_are_an_error() {
    let folder = Folder::new();
    let rows: String = (0..65).map(|x| format!("id>id>id,{x}\n")).collect();
    let request = ImportRequest {
        repeats: Repeats::Runs,
        ..request(&folder, &format!("arch,x\n{rows}"))
    };
    let error = import(&request, &Chains::numbered()).unwrap_err();
    check_message(&error, &["more than 64 rows of one architecture"]);
}

#[test]
fn ignored_columns_do_not_tell_rows_apart() {
    let csv = "id,arch,x,key,bad\n0,id>id>id,1,7,inf\n1,id>id>conv,2,8,1\n2,id>id>id,1,9,1\n";
    let folder = Folder::new();
    let request = ImportRequest {
        ignored: ["id", "key", "bad"].map(str::to_owned).to_vec(),
        ..request(&folder, csv)
    };
    let report = import(&request, &Chains::numbered()).unwrap();
    assert_eq!((report.manifest.n_rows, report.repeated_rows), (2, 1));
    assert_eq!(report.manifest.columns.len(), 1);
    let skipped: Vec<String> = report.skipped.iter().map(ToString::to_string).collect();
    assert_eq!(skipped.len(), 3);
    assert_eq!(skipped[0], "`id`: it was to be ignored");
    let table = Table::open(&request.output).unwrap();
    let error = table.column("id").unwrap_err();
    check_message(&error, &["`id`", "it was to be ignored"]);

    for name in ["idd", "arch", ""] {
        let request = ImportRequest {
            ignored: vec![name.to_owned()],
            ..request.clone()
        };
        let error = import(&request, &Chains::numbered()).unwrap_err();
        check_message(&error, &[&format!("no column `{name}`"), "to ignore", "id"]);
    }
}

/// `conv>id>id` and its two other orders are one class.
const CLASS: &str = "arch,valid,test\n\
                     conv>id>id,80,70\n\
                     id>conv>id,90,\n\
                     id>id>conv,85,78\n\
                     pool>pool>pool,50,50\n";

fn answers(class_value: ClassValue) -> Vec<(f64, f64)> {
    let folder = Folder::new();
    let request = ImportRequest {
        class_value,
        ..request(&folder, CLASS)
    };
    let table = Arc::new(opened(&request));
    assert_eq!(table.manifest().class_value, class_value);
    let space: Arc<dyn SearchSpace> = Arc::new(Chains::numbered());
    let valid = table.column("valid").unwrap();
    let property = TableProperty::new(Arc::clone(&space), Arc::clone(&table), valid);
    let evaluator =
        TableEvaluator::new(Arc::clone(&table), Arc::clone(&space), "valid", "test").unwrap();
    let asked = ["conv>id>id", "id>id>conv", "pool>pool>pool"];
    asked
        .into_iter()
        .map(|text| {
            let arch = space.decode(text).unwrap();
            let measured = evaluator.evaluate(Query::new(&*space, &arch)).unwrap();
            assert_eq!(property.value(&arch), Some(measured.search.value()));
            (measured.search.value(), measured.report.0)
        })
        .collect()
}

#[test]
fn classes_have_the_value_that_was_chosen() {
    let other = (50.0, 50.0);
    assert_eq!(
        answers(ClassValue::First),
        [(80.0, 70.0), (80.0, 70.0), other]
    );
    assert_eq!(
        answers(ClassValue::Mean),
        [(85.0, 74.0), (85.0, 74.0), other]
    );
    assert_eq!(
        answers(ClassValue::Own),
        [(80.0, 70.0), (85.0, 78.0), other]
    );
}

#[test]
fn ranks_and_maxima_follow_the_choice() {
    let csv = format!("{CLASS}conv>conv>conv,83,1\n");
    for (class_value, maximum, position) in [
        // 83 against 80 and 50.
        (ClassValue::First, 83.0, 1.0),
        // 83 against 85 and 50.
        (ClassValue::Mean, 85.0, 2.0),
        (ClassValue::Own, 90.0, 1.0),
    ] {
        let folder = Folder::new();
        let table = opened(&ImportRequest {
            class_value,
            ..request(&folder, &csv)
        });
        let valid = table.column("valid").unwrap();
        assert_eq!(table.query_best(valid), Some(maximum), "{class_value}");
        assert_eq!(table.best(valid), Some(90.0));
        let row = table.row(4).unwrap();
        let rank = table.rank(valid, row).unwrap();
        assert_eq!((rank.position, rank.of), (position, 3), "{class_value}");
        let answer = table.answer_of_class(table.key(row)).unwrap();
        assert_eq!(table.rank_of_answer(valid, &answer), Some(rank));
        let class = table
            .answer_of_class(table.key(table.row(0).unwrap()))
            .unwrap();
        let n_rows = if class_value == ClassValue::Mean {
            3
        } else {
            1
        };
        assert_eq!(class.n_rows(), n_rows);
    }
}

#[test]
fn how_much_classes_differ_is_known() {
    let folder = Folder::new();
    let table = opened(&request(&folder, CLASS));
    let spread = table.class_spread().unwrap();
    assert_eq!((spread.of_several_rows, spread.differing), (1, 1));
    let largest = [("valid".to_owned(), 10.0), ("test".to_owned(), 8.0)];
    assert_eq!(spread.largest, largest);
    // One class of several rows, which are all the same.
    let table = opened(&request(&folder, "arch,x\nconv>id>id,1\nid>conv>id,1\n"));
    let spread = table.class_spread().unwrap();
    assert_eq!((spread.of_several_rows, spread.differing), (1, 0));
    assert_eq!(spread.largest, []);
}

#[test]
fn coverage_counts_what_is_there() {
    let folder = Folder::new();
    let space = Chains::numbered();
    let table = opened(&request(&folder, CLASS));
    let coverage = Coverage::of_space(&table, &space);
    assert_eq!(coverage, Coverage::of_manifest(table.manifest()));
    assert_eq!(
        coverage.describe(),
        "4 of 27 architectures, 2 of 10 classes"
    );
    assert!(!coverage.is_complete);

    let whole = opened(&request(&folder, &all_chains()));
    assert!(Coverage::of_space(&whole, &space).is_complete);
    assert_eq!(whole.manifest().space_classes, None);

    // One row of each class is all there is to ask.
    let mut classes = std::collections::BTreeSet::new();
    let mut csv = "arch,x\n".to_owned();
    for index in 0..Chains::SIZE {
        if classes.insert(space.key(&Chains::arch(index))) {
            csv.push_str(&format!("{},{index}\n", Chains::text(index)));
        }
    }
    let table = opened(&request(&folder, &csv));
    let coverage = Coverage::of_space(&table, &space);
    assert!(coverage.is_complete, "{coverage:?}");
    assert_eq!(
        coverage.describe(),
        "10 of 27 architectures, 10 of 10 classes"
    );
}
