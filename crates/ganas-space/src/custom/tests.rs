//! Costs and constraints of described spaces, and what is no description at all.

use std::sync::Arc;

use super::open;
use crate::{SearchSpace, SpaceError};

const CHAIN: &str = r#"
name = "tiny"
constraints = ["parameters <= 100", "phone_ms < 12"]

[[stage]]
layers = 2
optional = 1
choices = { op = ["conv", "pool"] }

[[stage]]
layers = 1
choices = { op = ["conv", "pool"] }

[costs]
joules = "1.5 * conv + 0.5 * pool"

[lookup.phone_ms]
file = "phone.csv"
constant = 10
"#;

const PHONE: &str = "\
stage,layer,word,value
1,1,conv,1
1,1,pool,2
1,2,conv,0.5
1,2,pool,0.25
2,1,conv,4
2,1,pool,8
3,1,conv,99
";

const CELL: &str = r#"
name = "cell"
parameters = "10 * conv + inputs"

[cell]
on = "vertices"
nodes = 3
operations = ["conv", "pool"]

[lookup.phone_ms]
file = "phone.csv"
"#;

fn with_file(text: &str, csv: &str) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    open("tiny.toml", text, &|name| match name {
        "phone.csv" => Ok(csv.to_owned()),
        _ => Err("cannot read this file".to_owned()),
    })
}

fn cost(space: &dyn SearchSpace, name: &str, text: &str) -> f64 {
    let arch = space.decode(text).unwrap();
    space.costs().unwrap().named_cost(name, &arch).unwrap()
}

fn assert_close(value: f64, expected: f64) {
    assert!(
        (value - expected).abs() < 1e-12,
        "{value}; expected {expected}"
    );
}

#[test]
fn costs_of_chains_are_added_over_layers() {
    let space = with_file(CHAIN, PHONE).unwrap();
    assert_eq!(space.costs().unwrap().named_costs(), ["joules", "phone_ms"]);
    assert_close(
        cost(&*space, "phone_ms", "conv,pool pool"),
        10.0 + 1.0 + 0.25 + 8.0,
    );
    assert_close(cost(&*space, "phone_ms", "pool conv"), 10.0 + 2.0 + 4.0);
    assert_close(cost(&*space, "joules", "conv,pool pool"), 2.5);
    let arch = space.decode("pool conv").unwrap();
    assert_eq!(space.costs().unwrap().named_cost("watts", &arch), None);
}

#[test]
fn columns_that_do_not_matter_are_left_out() {
    let space = with_file(CHAIN, "value,word\n1,conv\n2,pool\n").unwrap();
    assert_close(cost(&*space, "phone_ms", "conv,pool pool"), 15.0);
    let space = with_file(
        CHAIN,
        "stage, operation, value\n1,conv,1\n1,pool,2\n2,conv,3\n2,pool,4\n",
    );
    assert_close(cost(&*space.unwrap(), "phone_ms", "conv,pool pool"), 17.0);
}

#[test]
fn costs_of_cells_are_added_over_what_pruning_leaves() {
    let space = with_file(CELL, "operation,value\nconv,3\npool,5\n").unwrap();
    // Vertex 2 is read by nothing.
    let text = "conv:0 conv:0 pool:0+1 output:0+3";
    assert_close(cost(&*space, "phone_ms", text), 8.0);
    let arch = space.decode(text).unwrap();
    assert_eq!(
        space.costs().unwrap().cost(&arch).parameters,
        Some(10 + 1 + 2)
    );
}

#[test]
fn the_name_follows_from_what_is_looked_up() {
    let name = |text: &str, csv: &str| with_file(text, csv).unwrap().name().to_owned();
    let first = name(CHAIN, PHONE);
    // The order of rows, and those that the space does not need, say nothing.
    assert_eq!(
        first,
        name(CHAIN, &PHONE.replace("3,1,conv,99", "9,9,pool,1"))
    );
    assert_ne!(first, name(CHAIN, &PHONE.replace("0.25", "0.26")));
    assert_ne!(
        first,
        name(&CHAIN.replace("constant = 10", "constant = 11"), PHONE)
    );
    assert_ne!(first, name(&CHAIN.replace("1.5 *", "1.6 *"), PHONE));
    // Constraints leave the space as it is.
    assert_eq!(first, name(&CHAIN.replace("< 12", "< 13"), PHONE));
}

/// A description without further costs has the name that it had before there were any.
#[test]
fn names_of_older_descriptions_stay() {
    let text = r#"
name = "tiny"
parameters = "kernel^2 * channels^2"

[[stage]]
layers = 3
optional = 1
sizes = { channels = 16 }
choices = { kernel = [1, 3], op = ["conv", "separable"] }
"#;
    assert_eq!(with_file(text, "").unwrap().name(), "tiny-3823d4a6");
}

#[test]
fn constraints_know_their_lines() {
    let space = with_file(CHAIN, PHONE).unwrap();
    let bounds = space.stated_bounds();
    assert_eq!(bounds[0].text, "parameters <= 100");
    assert_eq!(bounds[1].text, "phone_ms < 12");
    assert_eq!(bounds[1].place, "tiny.toml: line 3");
}

#[test]
fn missing_rows_are_named() {
    let without = PHONE
        .replace("1,2,pool,0.25\n", "")
        .replace("2,1,conv,4\n", "");
    check_chain(
        &without,
        "line 18: phone.csv has no value for `pool` in layer 2 of stage 1 (the first of 2 rows that are missing)",
    );
    check_chain(
        "word,value\nconv,1\n",
        "line 18: phone.csv has no value for `pool`",
    );
    let text = CHAIN.replace("phone.csv", "phne.csv");
    let error = with_file(&text, PHONE).unwrap_err().to_string();
    assert_eq!(error, "line 18: phne.csv: cannot read this file");
}

#[test]
fn errors_of_tables_name_their_lines() {
    let rows = "stage,layer,word,value\n1,1,conv,1\n";
    let check = |more: &str, expected: &str| {
        check_chain(
            &format!("{rows}{more}"),
            &format!("line 18: phone.csv: line 3: {expected}"),
        );
    };
    check("1,1,pool,fast\n", "`fast` is no finite number");
    check("1,1,pool,inf\n", "`inf` is no finite number");
    check("0,1,pool,1\n", "`0` is no number of a stage or layer");
    check(
        "1,1,conv,2\n",
        "a second value for `conv` in layer 1 of stage 1",
    );
    check("1,1\n", "CSV error");
    let header = |header: &str, expected: &str| {
        check_chain(header, &format!("line 18: phone.csv: line 1: {expected}"));
    };
    header(
        "stage,word,ms\n",
        "there is a column `ms`; expected `word` and `value`",
    );
    header("stage,value\n", "there is no column of words");
    header(
        "word,operation,value\n",
        "the column `operation` is there twice",
    );
    header("", "there is no column of words");
    let error = with_file(CELL, "stage,operation,value\n")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("expected `operation` and `value`"),
        "{error}"
    );
}

fn check_chain(csv: &str, expected: &str) {
    let error = with_file(CHAIN, csv).unwrap_err().to_string();
    assert!(error.contains(expected), "{error}\nexpected {expected}");
}

#[test]
fn errors_of_costs_point_at_the_line() {
    for (from, to, expected) in [
        ("joules =", "flops =", "line 15: `flops` cannot be the name"),
        (
            "joules =",
            "phone_ms =",
            "`phone_ms` is also the name of a cost",
        ),
        (
            "joules =",
            "\"mJ/s\" =",
            "line 15: `mJ/s`: expected letters",
        ),
        (
            "1.5 * conv",
            "1.5 * cnv",
            "line 15: `joules` of `conv` in layer 1 of stage 1: `cnv` is not known here",
        ),
        (
            "1.5 * conv",
            "conv / 0",
            "line 15: `joules` of `conv` in layer 1 of stage 1: 1.0 / 0.0 is inf; expected a finite number",
        ),
        (
            "constant = 10",
            "constant = nan",
            "line 19: NaN is no finite number",
        ),
        (
            "constant = 10",
            "costant = 10",
            "line 19: unknown field `costant`",
        ),
    ] {
        let error = with_file(&CHAIN.replacen(from, to, 1), PHONE).unwrap_err();
        let error = error.to_string();
        assert!(error.contains(expected), "{error}\nexpected {expected}");
    }
}

#[test]
fn a_description_is_a_chain_or_a_cell() {
    let neither = with_file("name = \"x\"", "").unwrap_err().to_string();
    assert!(
        neither.contains("line 1: there is nothing in it"),
        "{neither}"
    );
    let both = format!("{CHAIN}\n[cell]\non = \"edges\"\nnodes = 2\noperations = [\"a\"]\n");
    let both = with_file(&both, PHONE).unwrap_err().to_string();
    assert!(
        both.contains("line 21: a space is a chain or a cell"),
        "{both}"
    );
}
