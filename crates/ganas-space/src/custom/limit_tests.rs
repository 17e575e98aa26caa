//! Descriptions that ask for much: large spaces, and descriptions of any size.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::open;
use crate::laws::{self, LawOptions};
use crate::limits::{MAX_CHOICES, MAX_CONSTRAINTS, MAX_COSTS, MAX_FACTORS, MAX_SIZES};
use crate::{ArchKey, SearchSpace, SpaceError};

fn of_toml(text: &str) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    open("large.toml", text, &|name| match name {
        "huge.csv" => Ok("word,value\nconv,9e307\npool,9e307\n".to_owned()),
        "negative.csv" => Ok("word,value\nconv,-6e299\npool,1\n".to_owned()),
        "long.csv" => Ok("w".repeat(crate::limits::MAX_LOOKUP_BYTES + 1)),
        "names.csv" => Ok(format!("word,{}\n", "v".repeat(1_000_000))),
        "values.csv" => Ok(format!("word,value\nconv,{}x\n", "9".repeat(1_000_000))),
        "words.csv" => Ok(format!(
            "word,value\n{}",
            format!("{},1\n", "w".repeat(500_000)).repeat(2)
        )),
        _ => Err("there is no such file".to_owned()),
    })
}

/// A chain of so many layers, of which some are optional, each with 4 kernels and 2 operations.
fn chain(layers: usize, optional: usize) -> String {
    format!(
        "name = \"deep\"\nparameters = \"100 * kernel\"\n[[stage]]\nlayers = {layers}\noptional = {optional}\n\
         choices = {{ kernel = [1, 3, 5, 7], op = [\"conv\", \"sep\"] }}\n"
    )
}

/// 8^21 = 2^63 architectures are counted; 8^22 and more are too many for a number, and are never told as another one.
#[test]
fn counts_never_wrap() {
    for (text, expected) in [
        (chain(21, 0), Some(1 << 63)),
        (chain(22, 0), None),
        (chain(42, 0), None),
        // 8^43 = 2^129, and 8^48 = 2^144.
        (chain(43, 0), None),
        (chain(48, 0), None),
        (chain(62, 0), None),
        (chain(3, 2), Some(8 + 64 + 512)),
        (chain(21, 1), Some((1 << 60) + (1 << 63))),
        (chain(22, 1), None),
        (chain(44, 40), None),
        (chain(62, 61), None),
    ] {
        assert_eq!(of_toml(&text).unwrap().size(), expected, "{text}");
    }
    // 2^40 and 2^22 of two stages; 4^40 and 4^22.
    let stages = |values: &str| {
        let stage =
            |n: usize| format!("[[stage]]\nlayers = {n}\nchoices = {{ op = [{values}] }}\n");
        let text = format!("name = \"two\"\n{}{}", stage(40), stage(22));
        of_toml(&text).unwrap().size()
    };
    assert_eq!(stages("\"a\", \"b\""), Some(1 << 62));
    assert_eq!(stages("\"a\", \"b\", \"c\", \"d\""), None);
}

/// Keys of spaces whose numbers 128 bits hold are these numbers, as tables have them; 2^128 - 1 is the last one.
#[test]
fn keys_of_spaces_that_can_be_numbered_stay() {
    let key = |text: &str, arch: &str| {
        let space = of_toml(text).unwrap();
        space.key(&space.decode(arch).unwrap())
    };
    let words = |n: usize, word: &str| vec![word; n].join(",");
    let small = chain(3, 0);
    assert_eq!(key(&small, &words(3, "kernel1_conv")), ArchKey(0));
    assert_eq!(
        key(&small, "kernel1_conv,kernel1_conv,kernel1_sep"),
        ArchKey(1)
    );
    assert_eq!(key(&small, &words(3, "kernel7_sep")), ArchKey(511));
    let large = chain(42, 0);
    assert_eq!(
        key(&large, &words(42, "kernel7_sep")),
        ArchKey((1 << 126) - 1)
    );
    let names: Vec<String> = (10..26).map(|n| format!("{n}")).collect();
    let largest = format!(
        "name = \"largest\"\n[[stage]]\nlayers = 32\nchoices = {{ k = [{}] }}\n",
        names.join(", ")
    );
    assert_eq!(key(&largest, &words(32, "k10")), ArchKey(0));
    assert_eq!(key(&largest, &words(32, "k25")), ArchKey(u128::MAX));
}

/// Where 128 bits do not hold the numbers, keys are hashes: those of architectures whose first layers differ are different.
#[test]
fn keys_of_larger_spaces_never_wrap() {
    let words = ["kernel1_conv", "kernel3_sep", "kernel7_sep"];
    for (layers, optional) in [(43, 0), (48, 0), (62, 0), (62, 30), (62, 61)] {
        let space = of_toml(&chain(layers, optional)).unwrap();
        let mut keys = BTreeSet::new();
        let mut n = 1;
        let same = vec![words[0]; layers];
        keys.insert(space.key(&space.decode(&same.join(",")).unwrap()));
        for layer in 0..layers {
            for word in &words[1..] {
                let mut layers = same.clone();
                layers[layer] = word;
                keys.insert(space.key(&space.decode(&layers.join(",")).unwrap()));
                n += 1;
            }
        }
        for present in layers - optional..layers {
            keys.insert(space.key(&space.decode(&same[..present].join(",")).unwrap()));
            n += 1;
        }
        assert_eq!(keys.len(), n);
    }
}

/// Two stages whose words, one after the other, are the same.
#[test]
fn hashed_keys_know_where_stages_end() {
    let stage =
        "[[stage]]\nlayers = 31\noptional = 30\nchoices = { k = [1, 2, 3, 4, 5, 6, 7, 8, 9] }\n";
    let space = of_toml(&format!("name = \"two\"\n{stage}{stage}")).unwrap();
    let key = |text: &str| space.key(&space.decode(text).unwrap());
    let keys = ["k1,k1 k1", "k1 k1,k1", "k1 k1", "k1,k1 k1,k1"].map(key);
    assert_eq!(BTreeSet::from(keys).len(), 4);
    assert_eq!(key("k1,k1 k1"), key(" k1,k1  k1 "));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    #[test]
    fn deep_chains_obey_the_laws(seed: u64) {
        for (layers, optional) in [(48, 0), (44, 43)] {
            let text = format!(
                "name = \"deep\"\n[[stage]]\nlayers = {layers}\noptional = {optional}\nchoices = {{ op = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\", \"g\", \"h\"] }}\n"
            );
            laws::check_episodes(&*of_toml(&text).unwrap(), LawOptions { seed, rounds: 1 }).unwrap();
        }
    }
}

/// Draws of spaces in which hardly any sequence of labels has its absent layers at the end.
#[test]
fn draws_of_deep_optional_layers_come_to_an_end() {
    let space = of_toml(
        "name = \"line\"\n[[stage]]\nlayers = 62\noptional = 61\nchoices = { op = [\"conv\"] }\n",
    );
    let space = space.unwrap();
    assert_eq!(space.size(), Some(62));
    let mut rng = SmallRng::seed_from_u64(1);
    let mut counts = vec![0_u32; 63];
    for _ in 0..6_200 {
        let text = space.encode(&space.sample(&mut rng));
        counts[text.split(',').count()] += 1;
    }
    // 100 of each are expected, with a standard deviation of 10.
    assert!(
        counts[1..].iter().all(|n| (50..150).contains(n)),
        "{counts:?}"
    );
    // Nearly all architectures have nearly all layers.
    let space = of_toml(&chain(62, 61)).unwrap();
    let lengths = (0..20).map(|_| space.encode(&space.sample(&mut rng)).split(',').count());
    assert!(lengths.min() >= Some(55));
}

/// A description without an expression of a cost does not know it; one that says 0 does.
#[test]
fn what_the_description_does_not_say_is_not_known() {
    let chain = "[[stage]]\nlayers = 2\noptional = 1\nchoices = { op = [\"conv\", \"pool\"] }\n";
    let vertices = "[cell]\non = \"vertices\"\nnodes = 2\noperations = [\"conv\", \"pool\"]\n";
    let edges =
        "[cell]\non = \"edges\"\nnodes = 1\noperations = [\"conv\", \"pool\"]\nnone = \"pool\"\n";
    for space in [chain, vertices, edges] {
        for (costs, parameters, flops) in [
            ("", false, false),
            ("parameters = \"conv\"\n", true, false),
            ("flops = \"conv\"\n", false, true),
            ("parameters = \"0\"\nflops = \"0 * conv\"\n", true, true),
        ] {
            let space = of_toml(&format!("name = \"x\"\n{costs}{space}")).unwrap();
            let known = space.known_costs();
            let all = space.enumeration().unwrap().archs();
            for cost in all
                .map(|arch| space.costs().unwrap().cost(&arch))
                .chain([known])
            {
                assert_eq!(cost.parameters.is_some(), parameters);
                assert_eq!(cost.flops.is_some(), flops);
            }
        }
    }
}

#[test]
fn costs_are_finite_numbers() {
    let chain = "[[stage]]\nlayers = 2\nchoices = { kernel = [1, 3], op = [\"conv\", \"pool\"] }\n";
    let cell = "[cell]\non = \"vertices\"\nnodes = 2\noperations = [\"conv\", \"pool\"]\n";
    let edges = "[cell]\non = \"edges\"\nnodes = 2\noperations = [\"conv\", \"pool\"]\n";
    for (costs, space, expected) in [
        (
            "flops = \"1 / (kernel - 1)\"",
            chain,
            "line 2: `flops` of `kernel1_conv` in layer 1 of stage 1: 1.0 / 0.0 is inf; expected a finite number",
        ),
        (
            "parameters = \"(kernel - 1) / (kernel - 1)\"",
            chain,
            "`parameters` of `kernel1_conv` in layer 1 of stage 1: 0.0 / 0.0 is NaN",
        ),
        (
            "costs.ms = \"pool / conv\"",
            cell,
            "line 2: `ms` of `pool`: 1.0 / 0.0 is inf",
        ),
        (
            "costs.ms = \"(0 - conv) ^ 0.5\"",
            edges,
            "`ms` of `conv`: -1.0 ^ 0.5 is NaN",
        ),
        (
            "costs.ms = \"8 * 10 ^ 307 * conv\"",
            chain,
            "line 2: `ms` of `kernel3_conv` in layer 2 of stage 1: it may be 1.6e308 for a whole architecture",
        ),
        (
            "costs.ms = \"6 * 10 ^ 299\"",
            cell,
            "it may be 1.2e300 for a whole architecture",
        ),
        (
            "costs.ms = \"0 - 6 * 10 ^ 299\"",
            edges,
            "it may be 3.6e300 for a whole architecture",
        ),
        (
            "flops = \"5 * 10 ^ 15\"",
            cell,
            "`flops` of `pool`: it may be 1",
        ),
        (
            "parameters = \"5 * 10 ^ 15\"",
            chain,
            "expected at most 9007199254740992.0",
        ),
        (
            "flops = \"10 ^ 16\"",
            cell,
            "it is 1e16; expected 0 to 2^53",
        ),
        (
            "flops = \"0 - conv\"",
            cell,
            "it is -1.0; expected 0 to 2^53",
        ),
        (
            "lookup.ms.file = \"huge.csv\"",
            edges,
            "line 2: `ms` of `pool`: it may be inf for a whole architecture",
        ),
        (
            "lookup.ms.file = \"negative.csv\"",
            cell,
            "line 2: `ms` of `conv`: it may be 1.2e300",
        ),
        (
            "lookup.ms = { file = \"negative.csv\", constant = -9e307 }",
            cell,
            "it may be 9.0000001",
        ),
    ] {
        check_refused(&format!("name = \"x\"\n{costs}\n{space}"), expected);
    }
}

fn check_refused(text: &str, expected: &str) {
    let error = of_toml(text).unwrap_err().to_string();
    assert!(
        error.len() < 3_000,
        "{} bytes: {}",
        error.len(),
        &error[..200]
    );
    assert!(error.contains(expected), "{error}\nexpected {expected}");
}

#[test]
fn descriptions_of_any_size_are_read_or_refused() {
    let stage = |more: &str| {
        format!("name = \"x\"\n{more}\n[[stage]]\nlayers = 2\nchoices = {{ op = [\"a\"] }}\n")
    };
    let in_choices =
        |choices: &str| format!("name = \"x\"\n[[stage]]\nlayers = 2\nchoices = {{ {choices} }}\n");
    let cell = |operations: &str| {
        format!("name = \"x\"\n[cell]\non = \"edges\"\nnodes = 2\noperations = [{operations}]\n")
    };
    let list =
        |n: usize, item: &dyn Fn(usize) -> String| (0..n).map(item).collect::<Vec<_>>().join(", ");
    let long = "n".repeat(100_000);
    for (text, expected) in [
        (
            "#".repeat(5_000_000),
            "line 1: the description is 5000000 bytes long; expected at most 262144",
        ),
        (format!("name = \"{long}\"\n"), "at most 100 of them"),
        (stage(&format!("{long} = 1")), "unknown field `nnn"),
        (stage(&format!("parameters = [\"{long}\"]")), "line 2"),
        (stage(&format!("parameters = \"{long}\"")), "`nnn"),
        (
            stage(&format!("parameters = \"1 {long}\"")),
            "an operator or the end before `nnn",
        ),
        (
            stage(&format!("costs.{long} = \"1\"")),
            "at most 100 of them",
        ),
        (
            stage(&format!("lookup.{long}.file = \"x.csv\"")),
            "at most 100 of them",
        ),
        (
            stage(&format!("lookup.ms.file = \"{long}\"")),
            "there is no such file",
        ),
        (
            stage("lookup.ms.file = \"long.csv\""),
            "the table is 67108865 bytes long; expected at most 67108864",
        ),
        (
            stage("lookup.ms.file = \"names.csv\""),
            "there is a column `vvv",
        ),
        (
            stage("lookup.ms.file = \"values.csv\""),
            "is no finite number",
        ),
        (
            stage("lookup.ms.file = \"words.csv\""),
            "a second value for `www",
        ),
        (
            stage(&format!("constraints = [\"{long}\"]")),
            "a constraint of 100000 bytes; expected at most 1000",
        ),
        (
            stage(&format!(
                "constraints = [{}]",
                list(10_000, &|_| "\"a < 1\"".to_owned())
            )),
            &format!("10000 constraints; expected at most {MAX_CONSTRAINTS}"),
        ),
        (
            stage(&format!(
                "costs = {{ {} }}",
                list(5_000, &|n| format!("c{n} = \"1\""))
            )),
            &format!("5000 further costs; expected at most {MAX_COSTS}"),
        ),
        (
            in_choices(&format!("k = [{}]", list(30_000, &|n| n.to_string()))),
            "more than 61 different layers",
        ),
        (
            in_choices(&format!("k = [{}]", list(30_000, &|_| "\"a\"".to_owned()))),
            "more than 61 different layers",
        ),
        (in_choices(&format!("{long} = [1]")), "at most 100 of them"),
        (
            in_choices(&format!("op = [\"{long}\"]")),
            "at most 100 of them",
        ),
        (in_choices(&format!("k = [\"{long}")), "line 4"),
        (
            in_choices(&list(10_000, &|n| format!("k{n} = [1]"))),
            &format!("10000 factors in `choices`; expected at most {MAX_FACTORS}"),
        ),
        (
            in_choices(&list(16, &|n| format!("k{n} = [1, 2]"))),
            &format!("more than {MAX_CHOICES} different layers"),
        ),
        (
            format!(
                "{}sizes = {{ {} }}\n",
                in_choices("k = [1]"),
                list(10_000, &|n| format!("s{n} = 1"))
            ),
            &format!("10000 sizes; expected at most {MAX_SIZES}"),
        ),
        (
            format!(
                "name = \"x\"\n{}",
                "[[stage]]\nlayers = 1\nchoices = { k = [1] }\n".repeat(5_000)
            ),
            "5000 stages; expected at most 62 layers",
        ),
        (
            in_choices("k = [1]").replace("layers = 2", "layers = 9223372036854775807"),
            "expected 1 to 62",
        ),
        (
            cell(&list(20_000, &|n| format!("\"o{n}\""))),
            "20000 operations; expected 1 to 61",
        ),
        (cell(&format!("\"{long}\"")), "at most 100 of them"),
        (
            cell("\"a\"") + &format!("none = \"{long}\"\n"),
            "is no operation; expected one of a",
        ),
        (
            cell("\"a\"").replace("nodes = 2", "nodes = 9223372036854775807"),
            "expected 1 to 9",
        ),
        (format!("name = {}", "[".repeat(100_000)), "line 1"),
        (format!("name = {}", "{a=".repeat(50_000)), "line 1"),
        (format!("{}a = 1", "a.".repeat(100_000)), "line 1"),
        (format!("[{}a]", "a.".repeat(100_000)), "line 1"),
    ] {
        check_refused(&text, expected);
    }
}

/// Many terms and deep parentheses are evaluated like others, in every kind of space.
#[test]
fn large_expressions_are_evaluated() {
    let terms = format!("a{}", "+a".repeat(40_000));
    let deep = format!("{}a{}", "(".repeat(50_000), ")".repeat(50_000));
    let chain = "[[stage]]\nlayers = 62\nchoices = { op = [\"a\", \"b\"] }\n";
    let cell = "[cell]\non = \"vertices\"\nnodes = 12\noperations = [\"a\", \"b\"]\n";
    for (space, text, n) in [
        (chain, vec!["a"; 62].join(","), 62),
        (cell, "a:0 output:1".to_owned(), 1),
    ] {
        let space = of_toml(&format!(
            "name = \"x\"\nparameters = \"{terms}\"\nflops = \"{deep}\"\n{space}"
        ))
        .unwrap();
        let cost = space.costs().unwrap().cost(&space.decode(&text).unwrap());
        assert_eq!(cost.parameters, Some(n * 40_001));
        assert_eq!(cost.flops, Some(n));
    }
}

/// Texts of a megabyte are refused at once, with a short message.
#[test]
fn long_texts_are_refused() {
    let chain = of_toml(&chain(3, 0)).unwrap();
    let cell =
        of_toml("name = \"x\"\n[cell]\non = \"vertices\"\nnodes = 2\noperations = [\"a\"]\n")
            .unwrap();
    let edges =
        of_toml("name = \"x\"\n[cell]\non = \"edges\"\nnodes = 2\noperations = [\"a\"]\n").unwrap();
    let spaces = crate::names()
        .iter()
        .map(|name| crate::by_name(name).unwrap());
    for space in spaces.chain([chain, cell, edges]) {
        for part in [
            "a",
            "a ",
            "a:0 ",
            "(",
            "[",
            "{",
            "0",
            "01 ",
            "é",
            "'",
            "|a~0",
            "kernel1_conv,",
            "9",
            "[[",
            "{'ks': [",
        ] {
            let text = part.repeat(1_000_000 / part.len());
            let error = space.decode(&text).unwrap_err().to_string();
            assert!(
                error.len() < 3_000,
                "{}: {part}: {} bytes",
                space.name(),
                error.len()
            );
        }
    }
    for text in ["a".repeat(1_000_000), "é".repeat(1_000_000)] {
        assert!(crate::by_name(&text).unwrap_err().to_string().len() < 2_000);
        assert!(text.parse::<ArchKey>().unwrap_err().to_string().len() < 2_000);
    }
}
