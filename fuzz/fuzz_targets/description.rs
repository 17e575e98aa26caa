//! Any description of a space in TOML, with any CSV behind it: a zero byte is between the two.

#![no_main]

use ganas_space::SearchSpace;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let (description, csv) = text.split_once('\0').unwrap_or((&text, ""));
    let read = |_: &str| Ok(csv.to_owned());
    if let Ok(space) = ganas_space::custom::open("space.toml", description, &read) {
        check_first(&*space);
    }
});

/// Whatever opens has an architecture, which survives its text.
fn check_first(space: &dyn SearchSpace) {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        let action = decision.legal.iter().next();
        let action = action.expect("invariant: some action is legal");
        space.apply(&mut partial, action).expect("it is legal");
    }
    let arch = space.finish(&partial).expect("no decision is left");
    let read = space.decode(&space.encode(&arch)).expect("its own text");
    assert_eq!(space.key(&read), space.key(&arch));
    let _ = space.costs().map(|costs| costs.cost(&arch));
}
