//! What is measured of the theory: beside the record, kept, resumed and checked.

use ganas_eval::QueryCounts;
use ganas_search::RoundReport;

use super::*;
use crate::{EventRow, RunWriter};

fn event(value: f64) -> Event {
    Event {
        kind: "theory".to_owned(),
        values: vec![("js".to_owned(), value), ("kl".to_owned(), f64::INFINITY)],
    }
}

/// Writes rounds of two measurements each, and no trials; the run can be continued after the first.
fn write(writer: &mut RunWriter, rounds: std::ops::Range<u32>, is_measured: bool) {
    let checkpoint = || Ok(vec![1, 2, 3]);
    for round in rounds {
        let both = [event(f64::from(round)), event(0.1)];
        let report = RoundReport {
            measured: if is_measured { &both } else { &[] },
            round,
            trials: &[],
            events: &[],
            counts: QueryCounts::default(),
            best: None,
            checkpoint: (round == 0).then_some(&checkpoint),
            pending: &[],
        };
        writer.on_round(&report).unwrap();
    }
}

fn begun(study: &Study) -> (RunWriter, RunId) {
    let claim = match begin(study, &spec(1), OnExisting::Resume).unwrap() {
        Begun::Fresh(claim) | Begun::Resume(claim, _) => claim,
        Begun::Finished(_) => panic!("it has not ended"),
    };
    let writer = claim.writer(space(), Duration::default);
    let id = writer.id();
    (writer, id)
}

#[test]
fn measurements_are_kept_and_are_no_part_of_the_record() {
    let exports = [true, false].map(|is_measured| {
        let place = Place::new();
        let study = place.study();
        let (mut writer, id) = begun(&study);
        write(&mut writer, 0..3, is_measured);
        drop(writer);
        let found = study.measured(id).unwrap();
        if is_measured {
            assert_eq!(found.len(), 6);
            let second = EventRow {
                round: 1,
                event: event(1.0),
            };
            assert_eq!(found[2], second);
        } else {
            assert!(found.is_empty());
            let has_table = study.lock().table_exists(None, "measured").unwrap();
            assert!(!has_table);
        }
        json_lines(&study)
    });
    assert_eq!(exports[0], exports[1]);
}

#[test]
fn what_is_done_again_is_measured_again() {
    let place = Place::new();
    let study = place.study();
    let (mut writer, id) = begun(&study);
    write(&mut writer, 0..3, true);
    drop(writer);
    let expected = study.measured(id).unwrap();
    // The rounds after the checkpoint are done again.
    let (mut writer, _) = begun(&study);
    assert_eq!(study.measured(id).unwrap(), expected[..2]);
    write(&mut writer, 1..3, true);
    drop(writer);
    assert_eq!(study.measured(id).unwrap(), expected);
}

#[test]
fn damage_of_measurements_is_found() {
    for (sql, what) in [
        (
            "UPDATE measured SET measured = replace(measured, '0.1', '0.2') WHERE number = 1",
            "its checksum",
        ),
        (
            "UPDATE measured SET round = 7 WHERE number = 1",
            "its checksum",
        ),
        ("DELETE FROM measured WHERE number = 1", "it is missing"),
    ] {
        let place = Place::new();
        let study = place.study();
        let (mut writer, id) = begun(&study);
        write(&mut writer, 0..2, true);
        drop(writer);
        study.lock().execute(sql, []).unwrap();
        let error = study.measured(id).unwrap_err().to_string();
        assert!(error.contains("the measurement 1 of the run"), "{error}");
        assert!(error.contains(what), "{error}");
    }
}
