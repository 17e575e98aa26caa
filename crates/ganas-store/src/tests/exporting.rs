//! Exports and rankings.

use std::collections::{BTreeMap, BTreeSet};

use ganas_eval::QueryCounts;
use ganas_search::{Proposal, RoundReport, TrialNumber, TrialRecord, TrialState};
use ganas_space::ArchKey;
use proptest::prelude::*;

use super::*;
use crate::RunWriter;

#[test]
fn json_lines_hold_the_run_its_trials_and_its_events() {
    let place = Place::new();
    let study = place.study();
    finish(&study, &spec(u64::MAX));
    let text = json_lines(&study);
    let mut lines = text.lines();
    let header = lines.next().unwrap();
    assert!(header.starts_with(r#"{"type":"run","run":""#), "{header}");
    let header: serde_json::Value = serde_json::from_str(header).unwrap();
    assert_eq!(header["seed"], u64::MAX);
    assert_eq!(header["config"]["per_ask"], 4, "it is an object");
    assert_eq!(header["status"], "finished");
    assert_eq!(header["stop"], "budget_spent");
    assert_eq!(header["unique_queries"], 30);
    let run = study.run(the_run(&study)).unwrap();
    assert_eq!(header["run"], run.name);

    let mut trials = study.trials(run.id).unwrap().into_iter();
    let mut events = study.events(run.id).unwrap().into_iter();
    assert_eq!(events.len(), 2 * usize::try_from(run.rounds).unwrap());
    for line in lines {
        let json: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(json["seed"], u64::MAX);
        if json["type"] == "event" {
            let event = events.next().unwrap();
            assert_eq!(json["kind"], event.event.kind);
            assert_eq!(json["round"], event.round);
            let names: Vec<&str> = event.event.values.iter().map(|v| &*v.0).collect();
            assert_eq!(names, ["told", "again"]);
            if event.event.kind == "another" {
                assert!(line.ends_with(r#""values":{"told":"NaN","again":"NaN"}}"#));
            }
        } else {
            let trial = trials.next().unwrap();
            assert_eq!(json["number"], trial.number.0);
            assert_eq!(json["arch"], trial.arch);
            assert_eq!(json["key"], trial.key.to_string());
            match trial.state {
                TrialState::Completed(search) => {
                    assert_eq!(
                        json["search"].as_f64().map(f64::to_bits),
                        Some(search.value().to_bits())
                    );
                    assert_eq!(json["reason"], serde_json::Value::Null);
                }
                TrialState::Failed(reason) => {
                    assert_eq!(json["reason"], reason);
                    assert_eq!(json["report"], serde_json::Value::Null);
                }
                TrialState::Stopped(at) => panic!("nothing is stopped here: {at:?}"),
            }
        }
    }
    assert!(trials.next().is_none() && events.next().is_none());
}

#[test]
fn csv_has_a_row_for_each_trial() {
    let place = Place::new();
    let study = place.study();
    let header = "run,experiment,version,budget,window,fidelity,space,protocol,search_metric,search_direction,report_metric,algorithm,seed,number,round,arch,\
                  key,repeat,state,search,report,reason,violation,missing,stopped_at,stopped_value\n";
    assert_eq!(export(&study, ExportFormat::Csv), header);
    finish(&study, &spec(1));
    finish(&study, &spec(2));
    let text = export(&study, ExportFormat::Csv);
    assert!(text.starts_with(header));
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows: Vec<BTreeMap<String, String>> =
        reader.deserialize().map(|row| row.unwrap()).collect();
    let mut trials = Vec::new();
    for run in study.runs().unwrap() {
        trials.extend(study.trials(run.id).unwrap());
    }
    assert_eq!(rows.len(), trials.len());
    for (row, trial) in rows.iter().zip(&trials) {
        assert_eq!(row["number"], trial.number.0.to_string());
        assert_eq!(row["protocol"], "validation-selected");
        match &trial.state {
            TrialState::Completed(search) => {
                let read: f64 = row["search"].parse().unwrap();
                assert_eq!(read.to_bits(), search.value().to_bits());
            }
            TrialState::Failed(reason) => assert_eq!(&row["reason"], reason),
            TrialState::Stopped(at) => panic!("nothing is stopped here: {at:?}"),
        }
    }
}

#[test]
fn a_filter_chooses_runs() {
    let place = Place::new();
    let study = place.study();
    let mut names = Vec::new();
    for seed in 0..3 {
        finish(&study, &spec(seed));
    }
    for run in study.runs().unwrap() {
        names.push((run.spec.seed, run.name));
    }
    let chosen = |filter: RunFilter| {
        let mut bytes = Vec::new();
        study
            .export(
                &mut bytes,
                &Export {
                    filter,
                    ..Export::new(ExportFormat::JsonLines)
                },
            )
            .unwrap();
        let text = String::from_utf8(bytes).unwrap();
        names
            .iter()
            .filter(|(_, name)| text.contains(name))
            .map(|(seed, _)| *seed)
            .collect::<Vec<u64>>()
    };
    assert_eq!(chosen(RunFilter::default()), [0, 1, 2]);
    assert_eq!(
        chosen(RunFilter {
            seed: Some(1),
            ..RunFilter::default()
        }),
        [1]
    );
    assert_eq!(
        chosen(RunFilter {
            space: Some("nasbench201".into()),
            algorithm: Some("random".into()),
            search: Some("valid".into()),
            table_sha256: Some("abab".into()),
            ..RunFilter::default()
        }),
        [0, 1, 2]
    );
    for filter in [
        RunFilter {
            space: Some("other".into()),
            ..RunFilter::default()
        },
        RunFilter {
            algorithm: Some("other".into()),
            ..RunFilter::default()
        },
        RunFilter {
            search: Some("other".into()),
            ..RunFilter::default()
        },
        RunFilter {
            table_sha256: Some("other".into()),
            ..RunFilter::default()
        },
    ] {
        assert_eq!(chosen(filter), [0u64; 0]);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_an_error() {
    struct Closed;
    impl std::io::Write for Closed {
        fn write(&mut self, _bytes: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let place = Place::new();
    let study = place.study();
    // More than the buffers hold, so that the error comes in the middle.
    for seed in 0..40 {
        finish(&study, &spec(seed));
    }
    for format in [ExportFormat::JsonLines, ExportFormat::Csv] {
        match study.export(&mut Closed, &Export::new(format)) {
            Err(StoreError::Export { source }) => {
                assert_eq!(source.kind(), std::io::ErrorKind::BrokenPipe);
            }
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn top_ranks_distinct_classes_over_all_runs() {
    let place = Place::new();
    let study = place.study();
    // A budget that makes runs overlap.
    for seed in 0..12 {
        finish(
            &study,
            &RunSpec {
                budget: Budget::unique(300).unwrap(),
                ..spec(seed)
            },
        );
    }
    let mut all: BTreeMap<ArchKey, f64> = BTreeMap::new();
    let mut n_trials = 0;
    for run in study.runs().unwrap() {
        for trial in study.trials(run.id).unwrap() {
            if let TrialState::Completed(search) = trial.state {
                all.insert(trial.key, search.value());
                n_trials += 1;
            }
        }
    }
    assert!(all.len() < n_trials, "some classes were found twice");
    let mut expected: Vec<(ArchKey, f64)> = all.into_iter().collect();
    expected.sort_by(|a, b| b.1.total_cmp(&a.1));
    for n in [0, 1, 25, 100_000] {
        let top = study.top(n, &RunFilter::default()).unwrap();
        let found: Vec<(ArchKey, f64)> = top.iter().map(|e| (e.key, e.search.value())).collect();
        assert_eq!(found, expected[..n.min(expected.len())]);
    }
    let best = &study.top(1, &RunFilter::default()).unwrap()[0];
    let trials = study.trials(best.run).unwrap();
    let trial = &trials[usize::try_from(best.number.0).unwrap()];
    assert_eq!((&trial.arch, trial.report), (&best.arch, Some(best.report)));
}

#[test]
fn top_does_not_mix_metrics() {
    let place = Place::new();
    let study = place.study();
    finish(&study, &spec(0));
    let mut other = spec(0);
    other.protocol.search = "valid200".into();
    finish(&study, &other);
    let error = study.top(3, &RunFilter::default()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`valid` after 12 epochs (larger is better) on nasbench201")
            && text.contains("`valid200`"),
        "{text}"
    );
    let filter = RunFilter {
        search: Some("valid".into()),
        ..RunFilter::default()
    };
    assert_eq!(study.top(3, &filter).unwrap().len(), 3);
}

/// The rounds of a made-up run: two trials and an event each.
fn round(seed: u64, round: u32) -> (Vec<TrialRecord>, Vec<Event>) {
    let space = space();
    let archs: Vec<Arch> = space
        .enumeration()
        .unwrap()
        .archs()
        .skip(40)
        .take(8)
        .collect();
    let trials = (0..2u32)
        .map(|i| {
            let arch = archs[usize::try_from(2 * round + i).unwrap()].clone();
            TrialRecord {
                trial: Trial::new(
                    TrialNumber(2 * round + i),
                    round,
                    Proposal::new(&*space, arch),
                    Ok(SearchMetric::maximized(f64::from(round) / 3.0)),
                ),
                report: Some(ReportMetric(0.1 + f64::from(i))),
            }
        })
        .collect();
    #[expect(clippy::cast_precision_loss, reason = "the seeds are small")]
    let value = seed as f64 + 0.1;
    let event = Event {
        kind: "e".into(),
        values: vec![("b".into(), value), ("a".into(), 1.0)],
    };
    (trials, vec![event])
}

/// Writes the rounds of the runs in the order of the list of seeds.
fn interleaved(order: &[u64]) -> [String; 2] {
    let place = Place::new();
    let study = place.study();
    let mut writers: BTreeMap<u64, (RunWriter, u32)> = BTreeMap::new();
    for &seed in order {
        let (writer, done) = writers.entry(seed).or_insert_with(|| {
            match begin(&study, &spec(seed), OnExisting::Refuse).unwrap() {
                Begun::Fresh(claim) => (claim.writer(space(), Duration::default), 0),
                other => panic!("{other:?}"),
            }
        });
        let (trials, events) = round(seed, *done);
        *done += 1;
        let n = 2 * *done;
        let report = RoundReport {
            measured: &[],
            round: *done - 1,
            trials: &trials,
            events: &events,
            counts: QueryCounts {
                raw: n,
                unique: n,
                failed: 0,
            },
            best: None,
            checkpoint: Some(&|| Ok(vec![1, 2, 3])),
            pending: &[],
        };
        writer.on_round(&report).unwrap();
    }
    drop(writers);
    [ExportFormat::JsonLines, ExportFormat::Csv].map(|format| export(&study, format))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn exports_do_not_depend_on_the_order_of_writing(
        order in Just([0u64, 0, 0, 1, 1, 1, 1, 2, 2, 10, 10, 3].to_vec()).prop_shuffle(),
    ) {
        let mut sorted = order.clone();
        sorted.sort_unstable();
        let distinct: BTreeSet<u64> = order.iter().copied().collect();
        prop_assert_eq!(distinct.len(), 5);
        prop_assert_eq!(interleaved(&order), interleaved(&sorted));
    }
}
