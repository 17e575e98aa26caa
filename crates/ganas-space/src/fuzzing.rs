//! What fuzz targets call; no part of the public interface.

use crate::SearchSpace;

/// Any description of a space in TOML, with any CSV behind it: a zero byte is between the two.
///
/// # Panics
///
/// When a space that opens breaks a promise.
pub fn description(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (description, csv) = text.split_once('\0').unwrap_or((&text, ""));
    let read = |_: &str| Ok(csv.to_owned());
    if let Ok(space) = crate::custom::open("space.toml", description, &read) {
        check_first(&*space);
    }
}

/// Any text of an architecture, in each space that has a name.
///
/// # Panics
///
/// When what is read does not survive its own text.
pub fn text(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for name in crate::names() {
        let space = crate::by_name(name).expect("invariant: a name that is listed");
        if let Ok(arch) = space.decode(&text) {
            let read = space.decode(&space.encode(&arch));
            assert_eq!(read.as_ref(), Ok(&arch), "{name}: {text}");
        }
    }
}

/// Whatever opens has an architecture, which survives its text.
fn check_first(space: &dyn SearchSpace) {
    let mut partial = space.start();
    while let Some(decision) = space.decision(&partial) {
        let action = decision.legal.iter().next();
        let action = action.expect("invariant: some action is legal");
        let applied = space.apply(&mut partial, action);
        applied.expect("invariant: a legal action can be taken");
    }
    let arch = space.finish(&partial);
    let arch = arch.expect("invariant: no decision is left");
    let read = space.decode(&space.encode(&arch));
    let read = read.expect("invariant: a space reads its own text");
    assert_eq!(space.key(&read), space.key(&arch));
    let _ = space.costs().map(|costs| costs.cost(&arch));
}
