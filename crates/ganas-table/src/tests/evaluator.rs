//! The evaluator over a table.

use std::sync::Arc;

use ganas_space::nasbench201::NasBench201;
use ganas_space::{ArchKey, SearchSpace};

use super::*;
use crate::TableEvaluator;
use ganas_eval::{
    Direction, Evaluator, Measurement, MetricPair, Query, ReportMetric, SearchMetric, SelectionKind,
};

fn evaluator(csv: &str, search: &str, report: &str) -> Result<TableEvaluator, TableError> {
    let folder = Folder::new();
    let table = Arc::new(folder.table(csv));
    TableEvaluator::new(table, Arc::new(Chains::numbered()), search, report)
}

#[test]
fn answers_with_the_values_of_the_lowest_row_of_the_class() {
    let evaluator = evaluator(&all_chains(), "valid_12", "test_200").unwrap();
    let space = Chains::numbered();
    // pool>id>conv and conv>id>pool are one class, and 0·9 + 1·3 + 2 = 5 is its lowest index.
    for text in ["pool>id>conv", "conv>id>pool"] {
        let arch = space.decode(text).unwrap();
        let expected = Measurement {
            search: SearchMetric::maximized(45.0),
            report: ReportMetric(5.0),
            objectives: Vec::new(),
            violation: 0.0,
        };
        assert_eq!(
            evaluator.evaluate(Query::new(&space, &arch)).unwrap(),
            expected
        );
        assert_eq!(evaluator.evaluate_key(space.key(&arch)).unwrap(), expected);
    }
}

#[test]
fn the_kind_follows_from_the_search_metric() {
    for (search, report, kind, search_epochs, report_epochs) in [
        (
            "valid_12",
            "test_200",
            SelectionKind::ValidationSelected,
            Some(12),
            Some(200),
        ),
        (
            "test_200",
            "test_200",
            SelectionKind::TestSelected,
            Some(200),
            Some(200),
        ),
        ("params_m", "index", SelectionKind::Unclassified, None, None),
    ] {
        let evaluator = evaluator(&all_chains(), search, report).unwrap();
        let expected = MetricPair {
            search: search.to_owned(),
            search_direction: if search == "params_m" {
                Direction::Minimize
            } else {
                Direction::Maximize
            },
            report: report.to_owned(),
            report_direction: (report != "index").then_some(Direction::Maximize),
            kind,
            search_epochs,
            report_epochs,
        };
        assert_eq!(*evaluator.metric_pair(), expected);
    }
}

#[test]
fn unsuitable_choices_say_what_to_do() {
    let error = evaluator(&all_chains(), "index", "test_200").unwrap_err();
    assert!(
        matches!(error, TableError::UnknownDirection(_)),
        "{error:?}"
    );
    check_message(&error, &["`index`", "--maximize index or --minimize index"]);

    for (search, report) in [("valid_21", "test_200"), ("test_200", "valid_21")] {
        let error = evaluator(&all_chains(), search, report).unwrap_err();
        assert!(
            matches!(error, TableError::UnknownMetric { .. }),
            "{error:?}"
        );
        check_message(&error, &["did you mean `valid_12`?", "index, valid_12"]);
    }

    let folder = Folder::new();
    let table = Arc::new(folder.table(all_chains()));
    let other: Arc<dyn SearchSpace> = Arc::new(NasBench201::new());
    let error = TableEvaluator::new(table, other, "valid_12", "test_200").unwrap_err();
    assert!(
        matches!(error.table_problem(), Some(TableProblem::WrongSpace { .. })),
        "{error:?}"
    );
    check_message(&error, &["table.arrow", "`chains`", NasBench201::NAME]);
}

#[test]
fn missing_rows_and_values_are_errors() {
    let csv = "arch,valid,test\nconv>conv>conv,1,\nconv>conv>id,,2\nconv>id>conv,3,4\n";
    let evaluator = evaluator(csv, "valid", "test").unwrap();
    let space = Chains::numbered();
    let evaluate = |text| {
        evaluator
            .evaluate(Query::new(&space, &space.decode(text).unwrap()))
            .unwrap_err()
    };

    let error = evaluate("pool>pool>pool");
    assert!(
        matches!(error, ganas_eval::EvalError::MissingArch { .. }),
        "{error:?}"
    );
    check_message(&error, &["`pool>pool>pool`"]);
    check_message(
        &evaluator.evaluate_key(ArchKey(0xabc)).unwrap_err(),
        &["00000abc"],
    );

    // The second row of the class of the last query has both values, but its lowest row answers.
    for (text, metric, arch) in [
        ("conv>conv>conv", "test", "conv>conv>conv"),
        ("conv>conv>id", "valid", "conv>conv>id"),
        ("id>conv>conv", "valid", "conv>conv>id"),
    ] {
        let error = evaluate(text);
        assert!(
            matches!(&error, ganas_eval::EvalError::MissingValue { metric: m, arch: a } if m == metric && a == arch),
            "{error:?}"
        );
    }
}
