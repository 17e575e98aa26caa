//! Studies of an earlier format, and of none.

use std::fs;

use super::*;

#[test]
fn a_study_without_checksums_is_read_as_it_is() {
    let place = Place::new();
    finish(&place.study(), &spec(0));
    interrupt(&place.study(), &spec(1), 3);
    let expected = json_lines(&place.study());
    downgrade(&place.path(), "");
    let bytes = fs::read(place.path()).unwrap();
    let reader = Study::open_read_only(place.path()).unwrap();
    assert_eq!(nameless(&json_lines(&reader)), nameless(&expected));
    for run in reader.runs().unwrap() {
        assert_eq!(run.unchecked_rounds, run.rounds);
        assert!(!reader.sessions(run.id).unwrap().is_empty());
    }
    drop(reader);
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
}

#[test]
fn a_study_without_checksums_gets_them_when_it_is_written() {
    let place = Place::new();
    finish(&place.study(), &spec(0));
    interrupt(&place.study(), &spec(1), 3);
    let reference = Place::new();
    finish(&reference.study(), &spec(0));
    finish(&reference.study(), &spec(1));
    downgrade(&place.path(), "");
    resume(&place.study(), &spec(1));
    let study = Study::open_read_only(place.path()).unwrap();
    assert_eq!(json_lines(&study), json_lines(&reference.study()));
    let mut unchecked: Vec<(u64, u32)> = (study.runs().unwrap().iter())
        .map(|run| (run.spec.seed, run.unchecked_rounds))
        .collect();
    unchecked.sort_unstable();
    let finished = study.runs().unwrap()[0].rounds;
    assert_eq!(unchecked, [(0, finished), (1, 3)]);
    // From now on damage is noticed, of the first rounds as well.
    let run = study.runs().unwrap()[0].id;
    drop(study);
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.execute("UPDATE trials SET report = report + 1 WHERE number = 0", [])
        .unwrap();
    drop(raw);
    let study = Study::open_read_only(place.path()).unwrap();
    let error = study.trials(run).unwrap_err().to_string();
    assert!(error.contains("trial 0 of the run `"), "{error}");
    assert!(error.contains("its checksum is"), "{error}");
}

#[test]
fn runs_of_format_2_go_on() {
    let reference = Place::new();
    finish(&reference.study(), &spec(1));
    let expected = json_lines(&reference.study());
    for rounds in [1, 3] {
        let place = Place::new();
        interrupt(&place.study(), &spec(1), rounds);
        downgrade_to_2(&place.path());
        assert!(
            Study::open_read_only(place.path())
                .unwrap()
                .status()
                .is_ok()
        );
        resume(&place.study(), &spec(1));
        assert_eq!(json_lines(&place.study()), expected, "{rounds} rounds");
        assert_eq!(place.study().runs().unwrap()[0].unchecked_rounds, 0);
    }
}

/// Everything that is told of a study that was written before today's format.
fn told(study: &Study) -> (Vec<serde_json::Value>, String) {
    let mut bytes = Vec::new();
    let export = Export {
        times: crate::Times::Include,
        ..Export::new(ExportFormat::JsonLines)
    };
    study.export(&mut bytes, &export).unwrap();
    let lines = String::from_utf8(bytes).unwrap();
    let lines = lines
        .lines()
        .map(|line| serde_json::from_str(line).unwrap());
    let evaluations = study.evaluators().unwrap();
    let evaluations = evaluations
        .iter()
        .map(|(spec, of)| (spec.clone(), of.all().unwrap()));
    let mut text = format!("{:?}", evaluations.collect::<Vec<_>>());
    for run in study.status().unwrap().runs {
        text.push_str(&format!("{run:?}"));
    }
    (lines.collect(), text)
}

#[test]
fn a_study_of_format_3_is_read_as_it_is_and_goes_on() {
    let place = Place::new();
    bit_flips::fill_as_in_format_3(&place.study());
    let expected = told(&place.study());
    downgrade_to_3(&place.path());
    let bytes = fs::read(place.path()).unwrap();
    let reader = Study::open_read_only(place.path()).unwrap();
    assert_eq!(told(&reader), expected);
    let run = reader.runs().unwrap()[1].id;
    for (_, evaluations) in reader.evaluators().unwrap() {
        for (id, evaluation) in evaluations.all().unwrap() {
            assert_eq!(evaluations.find(id).unwrap(), Some(evaluation));
        }
    }
    drop(reader);
    assert_eq!(fs::read(place.path()).unwrap(), bytes);
    // It becomes one of today's when it is opened for writing, and says the same.
    let study = place.study();
    assert_eq!(told(&study), expected);
    let format: u32 = study
        .lock()
        .query_row("PRAGMA user_version", [], |row| row.get(0))
        .unwrap();
    assert_eq!(format, crate::schema::FORMAT);
    assert_eq!(study.run(run).unwrap().unchecked_rounds, 0);
    resume(&study, &spec(1));
    let reference = Place::new();
    finish(&reference.study(), &spec(1));
    let whole = json_lines(&reference.study());
    assert!(json_lines(&study).contains(&whole));
}

#[test]
fn damage_of_format_3_is_found_afterwards() {
    for (sql, what) in [
        (
            "UPDATE trials SET arch = arch || 'x' WHERE number = 5",
            "trial 5 of the run",
        ),
        (
            "UPDATE trials SET key = printf('%032x', 7) WHERE number = 5",
            "trial 5 of the run",
        ),
        (
            "UPDATE trials SET key = 'x' WHERE number = 5",
            "the row of trials with the key `x`",
        ),
        ("DELETE FROM trials WHERE number = 5", "round 1 of the run"),
    ] {
        let place = Place::new();
        interrupt(&place.study(), &spec(1), 3);
        downgrade_to_3(&place.path());
        let raw = rusqlite::Connection::open(place.path()).unwrap();
        assert_eq!(raw.execute(sql, []).unwrap(), 1);
        drop(raw);
        let read = |study: Study| {
            let run = the_run(&study);
            study.trials(run).map(drop)
        };
        let error = Study::create_or_open(place.path())
            .and_then(read)
            .unwrap_err();
        assert!(error.to_string().contains(what), "{sql}: {error}");
    }
}

#[test]
fn of_runs_of_format_2_that_differ_in_their_budgets_the_largest_goes_on() {
    let part = RunSpec {
        budget: Budget::unique(9).unwrap(),
        ..spec(1)
    };
    let place = Place::new();
    finish(&place.study(), &part);
    let smaller = {
        let text = json_lines(&place.study());
        text.lines().next().unwrap().to_owned()
    };
    downgrade_to_2(&place.path());
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    // Another run beside it, which was begun with a smaller budget.
    let columns: Vec<&str> = RUNS.columns.to_vec();
    let copied: Vec<&str> = columns
        .iter()
        .map(|&column| match column {
            "run" => "2",
            "name" => "'0123456789abcdef'",
            "budget" => "4",
            "spec" => r#"replace(spec, '"budget":9', '"budget":4')"#,
            "status" => "'interrupted'",
            "stop" => "NULL",
            "rounds" | "raw_queries" | "unique_queries" | "failed_queries" | "sessions" => "0",
            other => other,
        })
        .collect();
    raw.execute_batch(&format!(
        "INSERT INTO runs ({}, checksum) SELECT {}, 0 FROM runs",
        columns.join(", "),
        copied.join(", ")
    ))
    .unwrap();
    let id = crate::mark::Mark::read(&raw).unwrap().unwrap().id;
    id.seal_all(&raw, &RUNS, |_| Ok(Vec::new()))
        .map_err(drop)
        .unwrap();
    drop(raw);
    let study = place.study();
    resume(&study, &spec(1));
    let reference = Place::new();
    finish(&reference.study(), &spec(1));
    let lines = json_lines(&study);
    let whole = json_lines(&reference.study());
    assert!(lines.contains(&whole) && !lines.contains(&smaller));
    let runs = study.runs().unwrap();
    let budgets: Vec<u32> = runs
        .iter()
        .map(|r| r.spec.budget.unique_queries())
        .collect();
    assert_eq!(budgets.iter().sum::<u32>(), 34);
}

#[test]
fn damage_of_format_2_gets_no_new_checksum() {
    for (sql, what) in [
        ("UPDATE runs SET seed = '7'", "of runs"),
        ("UPDATE checkpoints SET round = 1", "of checkpoints"),
    ] {
        let place = Place::new();
        interrupt(&place.study(), &spec(1), 3);
        downgrade_to_2(&place.path());
        let raw = rusqlite::Connection::open(place.path()).unwrap();
        assert_eq!(raw.execute(sql, []).unwrap(), 1);
        drop(raw);
        let bytes = fs::read(place.path()).unwrap();
        let error = Study::create_or_open(place.path()).unwrap_err();
        assert!(error.to_string().contains(what), "{error}");
        assert_eq!(fs::read(place.path()).unwrap(), bytes);
    }
}

#[test]
fn what_no_study_has_is_refused() {
    for sql in [
        "CREATE TABLE other (x)",
        "CREATE VIEW best AS SELECT max(search) FROM trials",
        "CREATE TRIGGER more AFTER INSERT ON trials BEGIN DELETE FROM runs; END",
        "CREATE INDEX by_arch ON trials (arch)",
    ] {
        let place = Place::new();
        finish(&place.study(), &spec(0));
        let raw = rusqlite::Connection::open(place.path()).unwrap();
        raw.execute_batch(sql).unwrap();
        drop(raw);
        let bytes = fs::read(place.path()).unwrap();
        for open in [Study::create_or_open, Study::open_read_only] {
            let error = open(place.path()).unwrap_err();
            assert!(matches!(error, StoreError::Damaged { .. }), "{error}");
            let text = error.to_string();
            assert!(text.contains("no study has it"), "{sql}: {text}");
        }
        assert_eq!(fs::read(place.path()).unwrap(), bytes, "{sql}");
    }
    // What `ANALYZE` adds is SQLite's own.
    let place = Place::new();
    finish(&place.study(), &spec(0));
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.execute_batch("ANALYZE").unwrap();
    drop(raw);
    place.study().runs().unwrap();
}

#[test]
fn rows_without_their_run_are_refused() {
    let place = Place::new();
    finish(&place.study(), &spec(0));
    let raw = rusqlite::Connection::open(place.path()).unwrap();
    raw.execute_batch("PRAGMA foreign_keys = OFF; DELETE FROM runs")
        .unwrap();
    drop(raw);
    let error = Study::open_read_only(place.path()).unwrap_err().to_string();
    assert!(
        error.contains("the row in `runs` that it belongs to"),
        "{error}"
    );
}
