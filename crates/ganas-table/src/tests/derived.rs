//! Keys of several columns, and metrics with another name or unit than their column.

use super::*;
use ganas_eval::MetricRole;

/// Imports with a template for the key and with metrics.
fn import_derived(
    folder: &Folder,
    content: &str,
    key: &str,
    metrics: &[&str],
) -> Result<ImportReport, TableError> {
    let metrics = metrics.iter().map(|metric| metric.parse().unwrap());
    let request = ImportRequest {
        key_column: key.to_owned(),
        metrics: metrics.collect(),
        overwrite: true,
        ..ImportRequest::new(folder.write("source.csv", content), folder.path("t.arrow"))
    };
    import(&request, &Chains::numbered())
}

#[test]
fn keys_of_several_columns_and_metrics_by_other_names() {
    let folder = Folder::new();
    let rows = "first,right,second,third\nid,50,id,conv\npool,25,conv,id\n";
    let objects = "{\"first\": \"id\", \"right\": 50, \"second\": \"id\", \"third\": \"conv\"}\n\
                   {\"first\": \"pool\", \"right\": 25, \"second\": \"conv\", \"third\": \"id\"}\n";
    for content in [rows, objects] {
        let key = "{first}>{second}>{third}";
        let report = import_derived(&folder, content, key, &["test_108=right/200"]).unwrap();
        assert_eq!(report.manifest.key_column, key);
        let [column] = &*report.manifest.columns else {
            panic!("{:?}", report.manifest.columns);
        };
        assert_eq!((column.role, column.epochs), (MetricRole::Test, Some(108)));
        assert_eq!(column.derived_from.as_deref(), Some("right/200"));
        assert_eq!(report.skipped, []);
        let table = Table::open(folder.path("t.arrow")).unwrap();
        let test = table.column("test_108").unwrap();
        let rows: Vec<_> = table
            .rows()
            .map(|row| (table.arch_text(row).unwrap(), table.value(test, row)))
            .collect();
        let expected = [("id>id>conv", Some(0.25)), ("pool>conv>id", Some(0.125))];
        assert_eq!(rows, expected);
    }
}

/// A part of an architecture may be a number in JSON, a whole one may not.
#[test]
fn numbers_are_parts_of_keys() {
    let folder = Folder::new();
    let object = "{\"first\": 7, \"x\": 1}";
    let error = import_derived(&folder, object, "{first}>id>id", &[]).unwrap_err();
    check_message(&error, &["line 1", "`7`"]);
    let error = import_derived(&folder, object, "first", &[]).unwrap_err();
    check_message(&error, &["line 1", "no text `first`"]);
}

#[test]
fn bad_templates_and_metrics_are_errors() {
    let folder = Folder::new();
    let csv = "arch,x,y\nid>id>id,1,2\n";
    for (key, metrics, parts) in [
        (
            "{arhc}",
            &[][..],
            &["source.csv", "did you mean `arch`?"][..],
        ),
        ("{arch", &[], &["{arch", "no `}` closes"]),
        (
            "arch",
            &["a=z"],
            &["source.csv", "no column of numbers `z`", "x, y"],
        ),
        (
            "arch",
            &["y=x"],
            &["source.csv", "two columns are named `y`"],
        ),
        ("arch", &["a=x", "b=x"], &["source.csv", "`"]),
        ("arch", &["key=x"], &["source.csv", "`key`", "rename"]),
    ] {
        let error = import_derived(&folder, csv, key, metrics).unwrap_err();
        check_message(&error, parts);
    }
}
