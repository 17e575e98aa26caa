//! The same table in every arrangement of JSON that programs write; anything else is named for what it is.

use super::*;

/// Two architectures, `x` with a missing value, and a text.
const FORMS: &[(&str, &str)] = &[
    (
        "lines",
        "{\"arch\":\"id>id>id\",\"x\":1.5,\"note\":\"a\"}\n{\"arch\":\"conv>id>id\",\"x\":null}\n",
    ),
    (
        "lines with spaces, blank lines and CRLF",
        "\r\n  {\"arch\": \"id>id>id\", \"x\": 1.5}\r\n\r\n{\"arch\": \"conv>id>id\"}\r\n",
    ),
    (
        "one line",
        r#"{"arch":"id>id>id","x":1.5}{"arch":"conv>id>id","x":"NA"}"#,
    ),
    (
        "pretty-printed objects",
        "{\n  \"arch\": \"id>id>id\",\n  \"x\": 1.5\n}\n{\n  \"arch\": \"conv>id>id\",\n  \"x\": null\n}",
    ),
    (
        "an array in a line",
        r#"[{"arch":"id>id>id","x":1.5},{"arch":"conv>id>id","x":NaN}]"#,
    ),
    (
        "an array of lines",
        "[\n {\"arch\":\"id>id>id\",\"x\":1.5},\n {\"arch\":\"conv>id>id\",\"x\":null}\n]\n",
    ),
    (
        "an object of columns",
        r#"{"arch":["id>id>id","conv>id>id"],"x":[1.5,null],"note":["a",[]]}"#,
    ),
    (
        "labelled columns, as pandas writes them",
        r#"{"arch":{"0":"id>id>id","1":"conv>id>id"},"x":{"0":1.5,"1":null}}"#,
    ),
    (
        "labelled rows",
        r#"{"0":{"arch":"id>id>id","x":1.5},"1":{"arch":"conv>id>id","x":null}}"#,
    ),
    (
        "rows by architecture",
        r#"{"id>id>id":{"x":1.5},"conv>id>id":{"x":NaN,"note":"a NaN \" NaN"}}"#,
    ),
];

fn imported(folder: &Folder, content: impl AsRef<[u8]>) -> Vec<(String, Option<f64>)> {
    let table = folder.table(content);
    let x = table.column("x").unwrap();
    table
        .rows()
        .map(|row| {
            (
                table.arch_text(row).unwrap().to_owned(),
                table.value(x, row),
            )
        })
        .collect()
}

#[test]
fn every_form_is_the_same_table() {
    let expected = [
        ("id>id>id".to_owned(), Some(1.5)),
        ("conv>id>id".to_owned(), None),
    ];
    for (form, text) in FORMS {
        for mark in ["", "\u{feff}"] {
            let folder = Folder::new();
            let found = imported(&folder, format!("{mark}{text}"));
            assert_eq!(found, expected, "{form}");
        }
    }
}

#[test]
fn keys_may_be_templates_of_fields() {
    for text in [
        r#"{"a":"id","b":"conv>id","x":1}"#,
        r#"[{"a":"id","b":"conv>id","x":1}]"#,
        r#"{"a":["id"],"b":["conv>id"],"x":[1]}"#,
        r#"{"first":{"a":"id","b":"conv>id","x":1}}"#,
    ] {
        let folder = Folder::new();
        let request = ImportRequest {
            key_column: "{a}>{b}".to_owned(),
            ..ImportRequest::new(folder.write("source.json", text), folder.path("t.arrow"))
        };
        import(&request, &Chains::numbered()).unwrap();
        let table = Table::open(&request.output).unwrap();
        let first = table.row(0).unwrap();
        assert_eq!(table.arch_text(first).unwrap(), "id>conv>id");
    }
}

/// What cannot be read is named, with its line, and never taken for CSV.
#[test]
fn other_json_is_named() {
    for (text, line, parts) in [
        ("[]", 0, &["no rows"][..]),
        (
            "[1, 2]",
            1,
            &["this is JSON", "an array that holds a number"],
        ),
        (
            "[[\"id>id>id\", 1]]",
            1,
            &["this is JSON", "an array that holds an array"],
        ),
        (
            "[\n{\"arch\":\"id>id>id\",\"x\":1},\n\"b\"]",
            3,
            &["an array that holds a text"],
        ),
        (
            "[{\"arch\":\"id>id>id\",\"x\":1}] 5",
            1,
            &["more behind it"],
        ),
        (
            "{\"arch\":\"id>id>id\",\"x\":1},\n{\"arch\":\"conv>id>id\",\"x\":1}",
            1,
            &["commas between them"],
        ),
        (
            "{\"id>id>id\": 90.1, \"conv>id>id\": 92.6}",
            1,
            &["one object of numbers"],
        ),
        (
            "{\"arch\": [\"id>id>id\"], \"x\": [1, 2]}",
            1,
            &["`arch` has 1 cells and `x` has 2"],
        ),
        (
            "{\"arch\": {\"0\": \"id>id>id\"}, \"x\": {\"1\": 1}}",
            1,
            &["`x` has 1 with other labels"],
        ),
        (
            "{\"arch\": [\"id>id>id\"], \"x\": 1}",
            1,
            &["`x` is a number and no column"],
        ),
        ("{\"arch\":\"id>id>id\",\n\"x\":}", 2, &["expected value"]),
        (
            "{\"arch\":\"id>id>id\",\"x\":1}\n{\"arch\":\"id",
            2,
            &["EOF while parsing"],
        ),
        (
            "[{\"arch\":\"id>id>id\",\"x\":1}\n{\"arch\":\"conv>id>id\"}]",
            2,
            &["found `{`, expected `,`"],
        ),
        ("[{\"arch\":\"id>id>id\",\"x\":1}", 1, &["end of the text"]),
        ("{\"arch\":\"id>id>id\",\"x\":1} 7", 1, &["found a number"]),
        (
            "{\"arch\":\"id>id>id\",\"x\":1}\n{\"arhc\":\"conv>id>id\"}",
            2,
            &["no text `arch`", "did you mean `arhc`?"],
        ),
    ] {
        let folder = Folder::new();
        let error = folder.import(text).unwrap_err();
        check_message(&error, &["source.csv"]);
        check_message(&error, parts);
        if line > 0 {
            check_message(&error, &[&format!("line {line}:")]);
        }
        for of_csv in ["there is no column", "two columns", "fields, expected"] {
            assert!(!error.to_string().contains(of_csv), "{text}: {error}");
        }
    }
}

/// A header of CSV may begin with a bracket.
#[test]
fn csv_is_not_taken_for_json() {
    let folder = Folder::new();
    let found = imported(&folder, "[id],arch,x\n1,id>id>id,2\n");
    assert_eq!(found, [("id>id>id".to_owned(), Some(2.0))]);
}
