//! Spaces that are described in TOML.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::custom::open;
use crate::laws::{self, LawOptions};
use crate::{ArchKey, SearchSpace, SpaceError};
use proptest::prelude::*;

fn of_toml(text: &str) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    open("tiny.toml", text, &|name| {
        Err(format!("there is no {name}"))
    })
}

/// Ten lines are enough.
const TINY: &str = r#"
name = "tiny"
parameters = "kernel^2 * channels^2 * conv + (kernel^2 * channels + channels^2) * separable"

[[stage]]
layers = 3
optional = 1
sizes = { channels = 16 }
choices = { kernel = [1, 3], op = ["conv", "separable"] }
"#;

const TWO_STAGES: &str = r#"
name = "two"
flops = "2 * expand * side^2"

[[stage]]
layers = 2
sizes = { side = 8 }
choices = { expand = [1, 2] }

[[stage]]
layers = 2
sizes = { side = 4 }
choices = { expand = [2, 4] }
"#;

#[test]
fn a_small_space_is_what_it_says() {
    let space = of_toml(TINY).unwrap();
    // 4 choices in each of two layers, and in a third one or none.
    assert_eq!(space.size(), Some(16 + 64));
    assert_eq!(space.labels().len(), 4 + 1 + 2);
    let all: BTreeSet<ArchKey> = space.enumeration().unwrap().keys().collect();
    assert_eq!(all.len(), 80);
    assert_eq!(space.enumeration().unwrap().archs().count(), 80);
    let arch = space.decode("kernel3_conv,kernel1_separable").unwrap();
    assert_eq!(
        space.costs().unwrap().cost(&arch).parameters,
        Some(9 * 256 + 16 + 256)
    );
    assert_eq!(space.costs().unwrap().cost(&arch).flops, None);
    assert!(space.name().starts_with("tiny-"), "{}", space.name());
}

#[test]
fn costs_are_bounded() {
    let with_latency = format!("{TINY}\n[costs]\nlatency = \"3 * kernel + separable\"\n");
    for text in [TINY, TWO_STAGES, &with_latency] {
        laws::check_all_bounds(&*of_toml(text).unwrap()).unwrap();
    }
}

#[test]
fn stages_share_words_and_have_their_sizes() {
    let space = of_toml(TWO_STAGES).unwrap();
    assert_eq!(
        space.labels(),
        ["expand1", "expand2", "expand4", "input", "output"]
    );
    let arch = space.decode("expand2,expand1 expand2,expand4").unwrap();
    assert_eq!(
        space.costs().unwrap().cost(&arch).flops,
        Some(2 * (3 * 64 + 6 * 16))
    );
    assert_eq!(space.enumeration().unwrap().archs().count(), 16);
    for (index, arch) in (0..).zip(space.enumeration().unwrap().archs()) {
        assert_eq!(space.enumeration().unwrap().index_of(&arch), Some(index));
    }
}

/// `a = 11` and `a1 = 1` are both written `a11`; a text that another stage does not have is 0 there.
#[test]
fn words_have_one_meaning() {
    let text = |first: &str, second: &str| {
        let stage = |choices: &str| format!("[[stage]]\nlayers = 1\nchoices = {{ {choices} }}\n");
        let (first, second) = (stage(first), stage(second));
        format!("name = \"x\"\nflops = \"1 + pool\"\n{first}{second}")
    };
    let error = of_toml(&text(
        "a = [11], op = [\"pool\"]",
        "a1 = [1], op = [\"pool\"]",
    ));
    assert!(error.unwrap_err().to_string().contains("the same word"));
    let space = of_toml(&text("op = [\"conv\"]", "op = [\"conv\", \"pool\"]")).unwrap();
    assert_eq!(
        space
            .costs()
            .unwrap()
            .cost(&space.decode("conv conv").unwrap())
            .flops,
        Some(2)
    );
    assert_eq!(
        space
            .costs()
            .unwrap()
            .cost(&space.decode("conv pool").unwrap())
            .flops,
        Some(3)
    );
}

#[test]
fn names_follow_from_what_the_file_says() {
    let name = |text: &str| of_toml(text).unwrap().name().to_owned();
    assert_eq!(name(TINY), name(&format!("# A comment.\n{TINY}")));
    assert_ne!(
        name(TINY),
        name(&TINY.replace("channels = 16", "channels = 32"))
    );
    assert_ne!(
        name(TINY),
        name(&TINY.replace("optional = 1", "optional = 2"))
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(8))]

    #[test]
    fn random_chains_obey_the_laws(seed: u64) {
        for text in [TINY, TWO_STAGES] {
            let space = of_toml(text).unwrap();
            laws::check_episodes(&*space, LawOptions { seed, rounds: 1 }).unwrap();
        }
    }
}

#[test]
fn errors_point_at_the_line() {
    check("name = \"tiny\"", "name = \"ti ny\"", 2, "expected a name");
    check("layers = 3", "layers = 0", 6, "0 layers; expected 1 to 62");
    check("optional = 1", "optional = 3", 7, "fewer optional layers");
    check("optional", "optinal", 7, "unknown field `optinal`");
    check("[1, 3]", "[1, 1]", 9, "stands there twice");
    check("[1, 3]", "[]", 9, "at least one value of `kernel`");
    check("[1, 3]", "[1, 2.5]", 9, "a whole number or a text");
    check("\"conv\"", "\"3 conv\"", 9, "a letter first");
    check(
        "channels = 16",
        "channles = 16",
        3,
        "`channels` is not known here",
    );
    check("+ (kernel", "+ kernel)", 3, "an operator or the end");
    check("channels = 16", "channels = 1e100", 3, "expected 0 to 2^53");
    check("channels = 16", "channels = 1e200", 3, "1e200 ^ 2.0 is inf");
    check(
        "channels = 16",
        "channels = inf",
        5,
        "the size `channels` is inf",
    );
    check(
        "kernel =",
        "\"ker,nel\" =",
        9,
        "`ker,nel`: expected letters",
    );
    check("layers = 3", "layers = ", 6, "");
    check(
        "sizes = { channels = 16 }",
        "sizes = { channels = 16, conv = 1 }",
        9,
        "`conv` is also the name",
    );
    let many: Vec<String> = (0..62).map(|n| n.to_string()).collect();
    check(
        "[1, 3]",
        &format!("[{}]", many.join(", ")),
        9,
        "more than 61 different layers",
    );
}

fn check(from: &str, to: &str, expected: usize, what: &str) {
    match of_toml(&TINY.replacen(from, to, 1)) {
        Err(SpaceError::BadDescription { line, problem }) => {
            assert_eq!(line, expected, "{to}: {problem}");
            assert!(problem.contains(what), "{to}: {problem}");
        }
        other => panic!("{to}: {other:?}"),
    }
}
