//! What `ganas table import` can be told of rows and columns, and what it says.

use crate::sandbox::Sandbox;

const PAIR: &str = r#"name = "pair"
parameters = "9 * channels^2 * conv3x3"

[cell]
on = "vertices"
nodes = 2
inputs = 1
operations = ["conv3x3", "maxpool3x3"]
sizes = { channels = 16 }

[lookup.ms]
file = "ms.csv"
"#;

/// All architectures of the space.
const ALL: [&str; 7] = [
    "conv3x3:0 conv3x3:0,90.1,89.7",
    "conv3x3:0 maxpool3x3:0,88.4,88.2",
    "maxpool3x3:0 maxpool3x3:0,70.3,69.8",
    "conv3x3:0 conv3x3:1,92.6,92.1",
    "conv3x3:0 maxpool3x3:1,89.9,89.5",
    "maxpool3x3:0 conv3x3:1,87.2,86.9",
    "maxpool3x3:0 maxpool3x3:1,69.5,69.1",
];

fn sandbox(csv: &str) -> Sandbox {
    let sandbox = Sandbox::new();
    std::fs::create_dir(sandbox.path("spaces")).unwrap();
    sandbox.write("spaces/pair.toml", PAIR.as_bytes());
    sandbox.write(
        "spaces/ms.csv",
        b"operation,value\nconv3x3,4\nmaxpool3x3,1\n",
    );
    sandbox.write("t.csv", csv.as_bytes());
    sandbox
}

fn import(sandbox: &Sandbox, options: &str) -> crate::sandbox::Ended {
    let arguments = "table import t.csv --space spaces/pair.toml -o t.arrow --overwrite";
    let options = options.split_whitespace();
    sandbox.ganas(arguments.split(' ').chain(options))
}

fn value(sandbox: &Sandbox, arch: &str, metric: &str) -> serde_json::Value {
    let query = [
        "table", "query", "t.arrow", arch, "--metric", metric, "--json",
    ];
    sandbox.ganas(query).expect_code(0).json()["metrics"][0]["query_value"].clone()
}

#[test]
fn missing_words_are_missing_and_a_search_says_what_was_left_out() {
    let rows = ALL.map(|row| row.replace("90.1", "NA"));
    let csv = format!("arch,val_acc,test_acc\n{}\n", rows.join("\n"));
    let sandbox = sandbox(&csv);
    import(&sandbox, "").expect_code(0);
    assert_eq!(value(&sandbox, "0", "val_acc"), serde_json::Value::Null);
    assert_eq!(value(&sandbox, "1", "val_acc"), 88.4);

    sandbox.write("t.csv", csv.replace("NA", "oops").as_bytes());
    let ended = import(&sandbox, "").expect_code(0);
    let reason = "text, line 2 has `oops` (cells with numbers: 6)";
    let left_out = format!("left out the column `val_acc`: {reason}");
    assert!(ended.stdout.contains(&left_out), "{}", ended.stdout);
    let search = "search --space spaces/pair.toml --table t.csv --search val_acc --report test_acc";
    // The second time, the table comes from the cache.
    for _ in 0..2 {
        sandbox
            .ganas(search.split(' '))
            .expect_code(2)
            .expect_stderr(&[
                "the table has no metric `val_acc` (the column of this name was left out: ",
                reason,
            ]);
    }
    let search = "search --space spaces/pair.toml --table t.csv --search test_acc \
                  --report test_acc --constraint val_acc>1";
    sandbox
        .ganas(search.split_whitespace())
        .expect_code(2)
        .expect_stderr(&["there is no property `val_acc`", reason]);
}

#[test]
fn repeated_rows_are_what_was_chosen() {
    let csv = "id,arch,val_acc\n\
               0,conv3x3:0 conv3x3:0,90\n\
               1,conv3x3:0 conv3x3:1,92.6\n\
               2,conv3x3:0 conv3x3:0,90.5\n";
    let sandbox = sandbox(csv);
    import(&sandbox, "").expect_code(1).expect_stderr(&[
        "lines 2 and 4",
        "column `id`",
        "--repeats",
        "--ignore id",
    ]);
    import(&sandbox, "--ignore id")
        .expect_code(1)
        .expect_stderr(&["column `val_acc`", "--repeats"]);
    for (repeats, metric, expected, said) in [
        ("mean", "val_acc", 90.25, "took 1 rows into the mean"),
        ("first", "val_acc", 90.0, "left out 1 rows of architectures"),
        ("runs", "val_acc_run1", 90.5, "kept 1 rows as further runs"),
    ] {
        let ended = import(&sandbox, &format!("--ignore id --repeats {repeats}"));
        let ended = ended.expect_code(0);
        for said in [said, "left out the column `id`: it was to be ignored"] {
            assert!(ended.stdout.contains(said), "{said}: {}", ended.stdout);
        }
        assert_eq!(value(&sandbox, "0", metric), expected);
    }
    import(&sandbox, "--repeats median")
        .expect_code(2)
        .expect_stderr(&["expected mean, first, runs or error"]);
    import(&sandbox, "--ignore idd")
        .expect_code(1)
        .expect_stderr(&["no column `idd` (did you mean `id`?) to ignore"]);
}

#[test]
fn classes_of_several_rows_are_reported_and_valued() {
    // The second and the third are one class.
    let csv = "arch,val_acc\n\
               conv3x3:0 conv3x3:0,90\n\
               conv3x3:0 maxpool3x3:0,80\n\
               maxpool3x3:0 conv3x3:0,86\n";
    let sandbox = sandbox(csv);
    for (class_value, first, second) in [("first", 80, 80), ("mean", 83, 83), ("own", 80, 86)] {
        let ended = import(&sandbox, &format!("--class-value {class_value}")).expect_code(0);
        let said = "1 classes have several rows, and those of 1 differ; the largest differences are val_acc 6";
        assert!(ended.stdout.contains(said), "{}", ended.stdout);
        let option = format!("(--class-value {class_value})");
        assert!(ended.stdout.contains(&option), "{}", ended.stdout);
        let [a, b] = ["1", "2"].map(|row| value(&sandbox, row, "val_acc"));
        assert_eq!(
            (a.as_f64(), b.as_f64()),
            (Some(first.into()), Some(second.into()))
        );
        let info = sandbox.ganas(["table", "info", "t.arrow"]).expect_code(0);
        assert!(info.stdout.contains("val_acc 6"), "{}", info.stdout);
    }
}

#[test]
fn a_table_keeps_the_description_of_its_space() {
    let csv = format!("arch,val_acc,test_acc\n{}\n", ALL.join("\n"));
    let sandbox = sandbox(&csv);
    let ended = import(&sandbox, "").expect_code(0);
    let all = "7 rows (every class of the space";
    assert!(ended.stdout.contains(all), "{}", ended.stdout);
    std::fs::rename(sandbox.path("spaces"), sandbox.path("elsewhere")).unwrap();
    assert_eq!(value(&sandbox, "conv3x3:0 conv3x3:1", "val_acc"), 92.6);
    assert_eq!(value(&sandbox, "3", "val_acc"), 92.6);
    let query = |space: &str| {
        let query = ["table", "query", "t.arrow", "0", "--space", space];
        sandbox.ganas(query)
    };
    query("elsewhere/pair.toml").expect_code(0);
    query("nasbench201").expect_code(2).expect_stderr(&[
        "t.arrow is a table of the space pair-",
        "and not of nasbench201",
    ]);
    // A search needs no description either, and knows the costs from the look-up table.
    let search = "search --table t.arrow --search val_acc --report test_acc --budget 7 \
                  --algorithm random --constraint ms<=5 --json";
    let json = sandbox
        .ganas(search.split_whitespace())
        .expect_code(0)
        .json();
    assert_eq!(json["runs"][0]["best"]["search"], 89.9);
    assert_eq!(json["runs"][0]["best"]["rank"]["of"], 7);
}

/// The two architectures with two convolutions are not in the table, and not admitted.
#[test]
fn a_part_may_be_all_that_constraints_admit() {
    let rows: Vec<&str> = ALL
        .into_iter()
        .filter(|row| !row.contains("conv3x3:0 conv3x3"))
        .collect();
    let csv = format!("arch,val_acc,test_acc\n{}\n", rows.join("\n"));
    let sandbox = sandbox(&csv);
    let constrained = PAIR.replace("[cell]", "constraints = [\"parameters <= 2304\"]\n[cell]");
    sandbox.write("spaces/pair.toml", constrained.as_bytes());
    let said = "of what the constraints of the space admit, the table has 5 of 5 classes";
    let ended = import(&sandbox, "").expect_code(0);
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    assert!(
        ended.stdout.contains("a part of the space"),
        "{}",
        ended.stdout
    );
    let info = sandbox.ganas(["table", "info", "t.arrow"]).expect_code(0);
    assert!(info.stdout.contains(said), "{}", info.stdout);
    let search = "search --table t.arrow --search val_acc --report test_acc --budget 7 \
                  --algorithm random --json";
    let json = sandbox
        .ganas(search.split_whitespace())
        .expect_code(0)
        .json();
    assert_eq!(json["runs"][0]["unique_queries"], 5);
    assert_eq!(json["runs"][0]["best"]["rank"]["of"], 5);
}

/// JSON that is no JSON lines, told by its content and not by its name.
#[test]
fn other_forms_of_json_are_read_or_named() {
    let row = r#"{"arch":"conv3x3:0 conv3x3:0","val_acc":90.1}"#;
    let other = r#"{"arch":"conv3x3:0 conv3x3:1","val_acc":92.6}"#;
    let sandbox = sandbox("");
    for text in [
        format!("[{row},{other}]"),
        format!("[\n {row},\n {other}\n]\n"),
        format!("\u{feff}{row}\n{other}\n"),
    ] {
        sandbox.write("t.csv", text.as_bytes());
        import(&sandbox, "").expect_code(0);
        assert_eq!(value(&sandbox, "1", "val_acc"), 92.6);
    }
    sandbox.write("t.csv", b"[1, 2]");
    import(&sandbox, "")
        .expect_code(1)
        .expect_stderr(&["this is JSON", "expected one object a line"]);
}

#[test]
fn a_list_of_nothing_says_why() {
    let csv = format!("arch,val_acc\n{}\n", ALL[0].rsplit_once(',').unwrap().0);
    let sandbox = sandbox(&csv);
    let search = "search --space spaces/pair.toml --table t.csv --search val_acc --report val_acc \
                  --budget 1 --algorithm random --study s.db --within-table";
    sandbox.ganas(search.split_whitespace()).expect_code(0);
    sandbox
        .ganas(["top", "s.db", "--seed", "7"])
        .expect_code(0)
        .expect_stderr(&["nothing to list: none of its 1 runs is chosen by the filters"]);
    let ended = sandbox.ganas(["top", "s.db"]).expect_code(0);
    assert!(
        !ended.stderr.contains("nothing to list"),
        "{}",
        ended.stderr
    );
}

/// A file of several chunks, with cells of several lines, CRLF, and a character wherever a chunk may end.
#[test]
fn a_long_file_names_the_line_of_a_bad_cell() {
    let note = "\"é\r\n, \"\"ß\"\"\"";
    let mut csv = "arch,note,val_acc\r\n".to_owned();
    for row in 0..20_000 {
        let (arch, value) = ALL[row % ALL.len()].split_once(',').unwrap();
        let value = value.split(',').next().unwrap();
        csv.push_str(&format!("{arch},{note},{value}\r\n"));
    }
    let sandbox = sandbox(&csv);
    let ended = import(&sandbox, "").expect_code(0);
    let said = "left out 19993 rows that repeat an earlier one exactly";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    let said = "left out the column `note`: text, line 2 has `é";
    assert!(ended.stdout.contains(said), "{}", ended.stdout);
    assert_eq!(value(&sandbox, "3", "val_acc"), 92.6);
    for (row, said) in [
        ("conv3x3:0 conv3x3:2,,1", "line 40002, column `arch`"),
        ("conv3x3:0 conv3x3:0,,1e999", "line 40002, column `val_acc`"),
        ("conv3x3:0 conv3x3:0,,7", "lines 2 and 40002 are both"),
        ("conv3x3:0 conv3x3:0,7", "line 40002: found 2 fields"),
    ] {
        sandbox.write("t.csv", format!("{csv}{row}\r\n").as_bytes());
        import(&sandbox, "").expect_code(1).expect_stderr(&[said]);
    }
}

/// What is declared not to be possible is an error of the import, and of a search that declares it later.
#[test]
fn values_out_of_their_range_are_refused() {
    let csv = format!("arch,val_acc,test_acc\n{}\n", ALL.join("\n"));
    let sandbox = sandbox(&csv.replace("90.1", "-1").replace("69.5", "-2"));
    import(&sandbox, "--metric-range val_acc=0..100")
        .expect_code(1)
        .expect_stderr(&[
            "t.csv: line 2, column `val_acc`: found -1, outside of the declared range 0..100",
            "(and so are 1 further values)",
            "correct the file",
            "--missing val_acc=-1",
        ]);
    assert!(!sandbox.path("t.arrow").exists());
    import(&sandbox, "--metric-range val_acc=0.. --missing val_acc=-1")
        .expect_code(1)
        .expect_stderr(&["line 8, column `val_acc`: found -2, outside of the declared range 0..;"]);
    import(&sandbox, "--metric-range loss=0..")
        .expect_code(1)
        .expect_stderr(&["no column of numbers `loss`"]);
    for (range, said) in [
        ("val_acc=1..0", "1 is above 0"),
        ("val_acc=..", "has no end"),
        ("val_acc=0-1", "expected MIN..MAX, MIN.. or ..MAX"),
        ("0..1", "has no `=`: expected METRIC=MIN..MAX"),
    ] {
        import(&sandbox, &format!("--metric-range {range}"))
            .expect_code(2)
            .expect_stderr(&[said]);
    }

    // The range is kept in the table, in the unit of the metric that was made.
    import(
        &sandbox,
        "--metric-range val_acc=-2..92.6 --metric test=test_acc/100 --metric-range test=..1",
    )
    .expect_code(0);
    let info = sandbox.ganas(["table", "info", "t.arrow"]).expect_code(0);
    for said in [
        "the values of val_acc are declared to be in -2..92.6",
        "the values of test are declared to be in ..1",
    ] {
        assert!(info.stdout.contains(said), "{}", info.stdout);
    }
    let json = sandbox
        .ganas(["table", "info", "t.arrow", "--json"])
        .expect_code(0)
        .json();
    let range = serde_json::json!({ "min": -2.0, "max": 92.6 });
    assert_eq!(json["manifest"]["columns"][0]["range"], range);
    assert_eq!(json["metrics"][0]["range"], range);

    // A search may declare another one.
    let search = |options: &str| {
        let search =
            "search --table t.arrow --search val_acc --report test --budget 3 --algorithm random";
        sandbox.ganas(search.split(' ').chain(options.split_whitespace()))
    };
    search("").expect_code(0);
    search("--metric-range val_acc=0..")
        .expect_code(1)
        .expect_stderr(&[
            "2 of the values of `val_acc` are outside of the declared range 0.., the first -1",
            "--missing val_acc=-1",
        ]);
    search("--metric-range test=0.699..")
        .expect_code(1)
        .expect_stderr(&["2 of the values of `test` are outside", "0.699.."]);
    search("--metric-range val_acc=0.. --metric-range val_acc=1..")
        .expect_code(2)
        .expect_stderr(&["`val_acc` is declared as 0.. and as 1.."]);
}
