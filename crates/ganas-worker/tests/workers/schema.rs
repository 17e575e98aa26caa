//! The examples of the JSON Schema are the messages of this crate, and the other way round.

use std::path::Path;

use ganas_worker::message::{ArchDescription, FromWorker, PROTOCOL_VERSION, ToWorker};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn schema() -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/protocol.schema.json");
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// Reads all examples of one direction, and writes them as they were.
fn round_trip<T: DeserializeOwned + Serialize>(direction: &str) {
    let schema = schema();
    let alternatives = schema["$defs"][direction]["oneOf"].as_array().unwrap();
    for alternative in alternatives {
        let reference = alternative["$ref"].as_str().unwrap();
        let name = reference.strip_prefix("#/$defs/").unwrap();
        let definition = &schema["$defs"][name];
        let examples = definition["examples"].as_array().unwrap();
        assert!(!examples.is_empty(), "{name}");
        for example in examples {
            let message: T = serde_json::from_value(example.clone())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            assert_eq!(serde_json::to_value(&message).unwrap(), *example, "{name}");
            // What the schema requires, this crate does not guess.
            for required in definition["required"].as_array().unwrap() {
                let mut without = example.as_object().unwrap().clone();
                without.remove(required.as_str().unwrap()).unwrap();
                let read = serde_json::from_value::<T>(without.into());
                assert!(read.is_err(), "{name} without {required}");
            }
            // What it does not know, it ignores.
            let mut with = example.as_object().unwrap().clone();
            with.insert("future".to_owned(), Value::Bool(true));
            assert!(serde_json::from_value::<T>(with.into()).is_ok(), "{name}");
        }
    }
}

#[test]
fn messages_to_workers() {
    round_trip::<ToWorker>("to_worker");
}

#[test]
fn messages_from_workers() {
    round_trip::<FromWorker>("from_worker");
}

#[test]
fn the_version_is_that_of_the_schema() {
    for name in ["greeting", "capabilities"] {
        let version = &schema()["$defs"][name]["properties"]["protocol"]["const"];
        assert_eq!(*version, PROTOCOL_VERSION, "{name}");
    }
}

#[test]
fn an_architecture_is_described_in_three_forms() {
    let space = ganas_space::by_name("nasbench101").unwrap();
    let arch = space
        .decode("011/001/000:input,conv3x3-bn-relu,output")
        .or_else(|_| space.enumeration().unwrap().archs().nth(3).ok_or(()))
        .unwrap();
    let described = ArchDescription::new(&*space, &arch).unwrap();
    assert_eq!(space.decode(&described.text).unwrap(), arch);
    assert_eq!(described.key, space.key(&arch).to_string());
    assert_eq!(described.labels.len(), arch.n_vertices());
    assert_eq!(described.edges.len(), arch.n_edges() as usize);
    for [from, to] in described.edges {
        assert_eq!(arch.predecessors()[to] >> from & 1, 1);
    }
    let mut partial = space.start();
    for choice in described.choices {
        space
            .apply(&mut partial, ganas_space::Action(choice))
            .unwrap();
    }
    assert_eq!(space.finish(&partial).unwrap(), arch);
}
