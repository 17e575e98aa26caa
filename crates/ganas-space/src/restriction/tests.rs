//! What restrictions mean in each space, and what they leave.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::SeedableRng;
use rand::rngs::SmallRng;

use super::*;
use crate::laws::{self, LawOptions};
use crate::{Completions, CostBounds, SearchSpace};

fn space(name: &str) -> Arc<dyn SearchSpace> {
    crate::by_name(name).unwrap()
}

/// `+NAME=OPTION` fixes, `-NAME=OPTION` excludes.
fn restrictions(texts: &[&str]) -> Vec<Restriction> {
    let restriction = |text: &&str| match text.split_at(1) {
        ("+", text) => Restriction::fix(text),
        (_, text) => Restriction::exclude(text),
    };
    texts
        .iter()
        .map(|text| restriction(text).unwrap())
        .collect()
}

fn left(name: &str, texts: &[&str]) -> Result<RestrictedSpace, SpaceError> {
    RestrictedSpace::new(space(name), restrictions(texts))
}

/// A space of each kind that is described in TOML.
const DESCRIBED: [&str; 4] = [
    r#"
    name = "chain"
    [[stage]]
    layers = 3
    optional = 2
    choices = { kernel = [1, 3], op = ["conv", "separable"] }
    [[stage]]
    layers = 1
    choices = { op = ["pool", "stride"] }
    "#,
    r#"
    name = "free"
    [cell]
    on = "vertices"
    nodes = 3
    max_edges = 5
    operations = ["conv3x3", "conv1x1"]
    "#,
    r#"
    name = "reading"
    [cell]
    on = "vertices"
    nodes = 4
    inputs = 2
    operations = ["conv3x3", "conv1x1"]
    "#,
    r#"
    name = "edges"
    [cell]
    on = "edges"
    nodes = 2
    operations = ["none", "skip", "conv1x1"]
    none = "none"
    "#,
];

fn described() -> impl Iterator<Item = Arc<dyn SearchSpace>> {
    let open = |text: &str| crate::custom::open("space.toml", text, &|_| Err(String::new()));
    DESCRIBED.into_iter().map(move |text| open(text).unwrap())
}

#[test]
fn every_space_under_random_restrictions_obeys_the_laws() {
    for name in crate::names() {
        let options = LawOptions {
            seed: 0,
            rounds: 12,
        };
        laws::check_restrictions(&space(name), options).unwrap();
    }
}

#[test]
fn small_spaces_are_compared_architecture_by_architecture() {
    for space in described() {
        let options = LawOptions {
            seed: 0,
            rounds: 60,
        };
        laws::check_restrictions(&space, options).unwrap();
    }
}

/// By hand: the numbers of what is left.
#[test]
fn choices_are_addressed_by_their_names() {
    for (name, texts, n_left) in [
        ("nasbench201", &["+edge(0->1)=none"][..], 3_125),
        ("nasbench201", &["-*=none"], 4_096),
        (
            "nasbench201",
            &["-edge(*->3)=none", "+edge(0->1)=nor_conv_3x3"],
            5 * 5 * 64,
        ),
        ("nasbench-macro", &["+stage1.block=mb3_k3"], 729),
        (
            "nasbench-macro",
            &["-stage2.layer1.block=projection"],
            6_561 / 3 * 2,
        ),
        // 3 expansions, 3 layers (4 in the sixth stage) and 2 of squeeze-and-excitation are left of each stage.
        ("mbconv", &["+kernel=3"], 18_u64.pow(6) * 24),
        (
            "mbconv",
            &["+stage1.kernel=3", "-stage2.expand=6"],
            18 * 24 * 36_u64.pow(4) * 48,
        ),
        (
            "ofa-mbv3",
            &["+depth=2", "+kernel=3", "+resolution=160"],
            9_u64.pow(5),
        ),
        (
            "ofa-mbv3",
            &["-depth=3", "-depth=4", "+kernel=7", "+expand=6"],
            5,
        ),
        (
            "darts",
            &[
                "+op*=skip_connect",
                "+input1=0",
                "-input2=1",
                "-reduce.node3.input2=2",
            ],
            0,
        ),
        (
            "darts",
            &["+op*=skip_connect", "+input1=0", "+node*.input2=1"],
            1,
        ),
    ] {
        let left = left(name, texts);
        match left {
            Ok(left) => assert_eq!(left.size(), Some(n_left), "{name} {texts:?}"),
            Err(error) => assert_eq!(n_left, 0, "{name} {texts:?}: {error}"),
        }
    }
}

/// Depths 2 and 4 without 3: the fourth block is there exactly when the third one is.
#[test]
fn a_depth_between_others_is_excluded() {
    let space = left("ofa-proxyless", &["-stage2.depth=3", "+stage2.depth=*"]).unwrap();
    let of_stage = |depths: &[u32]| depths.iter().map(|depth| 9_u128.pow(*depth)).sum::<u128>();
    let mut rng = SmallRng::seed_from_u64(1);
    let depth = |arch| {
        let space: &dyn SearchSpace = &space;
        let choices = space.choices_of(&arch).unwrap();
        let of_stage = choices
            .iter()
            .find(|(choice, _)| choice.name() == "stage2.depth");
        of_stage.unwrap().1.unwrap().to_owned()
    };
    let drawn: BTreeSet<String> = (0..400).map(|_| depth(space.sample(&mut rng))).collect();
    assert_eq!(drawn, BTreeSet::from(["2".to_owned(), "4".to_owned()]));
    // More than a `u64` holds.
    assert_eq!(of_stage(&[2, 3, 4]), 7_371);
    assert_eq!(space.size(), None);
    let small = left(
        "ofa-proxyless",
        &[
            "-stage2.depth=3",
            "+stage1.depth=2",
            "+stage3.depth=2",
            "+stage4.depth=2",
            "+stage5.depth=2",
        ],
    );
    assert_eq!(
        small.unwrap().size(),
        u64::try_from(5 * 81_u128.pow(4) * of_stage(&[2, 4])).ok()
    );
}

/// A kernel that is fixed leaves the depth open.
#[test]
fn what_is_left_out_is_not_restricted() {
    let space = left("ofa-mbv3", &["+stage1.layer4.kernel=3"]).unwrap();
    let mut rng = SmallRng::seed_from_u64(1);
    let mut options = BTreeSet::new();
    for _ in 0..200 {
        let arch = space.sample(&mut rng);
        let choices = (&space as &dyn SearchSpace).choices_of(&arch).unwrap();
        let kernel = choices
            .iter()
            .find(|(choice, _)| choice.name() == "stage1.layer4.kernel");
        options.insert(kernel.unwrap().1.map(ToOwned::to_owned));
    }
    assert_eq!(options, BTreeSet::from([None, Some("3".to_owned())]));
}

/// Draws are uniform over the classes that are left: each of them is found, and none much more often than another.
#[test]
fn draws_are_uniform_over_what_is_left() {
    for (name, texts, n_draws) in [
        (
            "nasbench201",
            &["+edge(0->*)=nor_conv_3x3", "-edge(2->3)=none"][..],
            20_000,
        ),
        (
            "nasbench101-v5",
            &[
                "+node1=maxpool3x3",
                "+edge(1->3)=present",
                "-edge(0->2)=present",
            ],
            30_000,
        ),
        (
            "nasbench-macro",
            &["+stage1.block=mb*", "+stage2.block=mb3_k3"],
            10_000,
        ),
    ] {
        let space = left(name, texts).unwrap();
        let built = space.blueprint().archs().map(|arch| space.key(&arch));
        let expected: BTreeSet<_> = built.collect();
        let mut counts = std::collections::BTreeMap::new();
        let mut rng = SmallRng::seed_from_u64(1);
        for _ in 0..n_draws {
            *counts
                .entry(space.key(&space.sample(&mut rng)))
                .or_insert(0_u32) += 1;
        }
        assert!(
            counts.keys().eq(&expected),
            "{name}: {} of {}",
            counts.len(),
            expected.len()
        );
        let mean = f64::from(n_draws) / expected.len() as f64;
        // Six standard deviations of a count.
        let range = mean - 6.0 * mean.sqrt()..mean + 6.0 * mean.sqrt();
        assert!(
            counts.values().all(|n| range.contains(&f64::from(*n))),
            "{name}: {mean} {counts:?}"
        );
    }
}

/// In a space too large to be listed, of which almost nothing is left: uniform over what is.
#[test]
fn little_that_is_left_of_a_large_space_is_drawn_uniformly() {
    let texts = [
        "+stage*.layer*.kernel=3",
        "+expand=6",
        "+resolution=224",
        "-stage1.depth=3",
    ];
    let space = left("ofa-mbv3", &texts).unwrap();
    assert_eq!(space.size(), Some(2 * 3_u64.pow(4)));
    let mut rng = SmallRng::seed_from_u64(1);
    let completions = Completions::new(space.blueprint()).unwrap();
    let drawn: BTreeSet<_> = (0..3_000)
        .map(|_| completions.sample(space.blueprint(), &mut rng))
        .collect();
    assert_eq!(drawn.len(), 162);
}

/// A free cell with forced and forbidden edges and a limit on them: everything that fits is built.
#[test]
fn paths_and_limits_are_looked_ahead_to() {
    // 9 edges at most, of which 8 are required.
    let required: Vec<String> = (0..4)
        .flat_map(|from| [5, 4].map(|to| format!("+edge({from}->{to})=present")))
        .collect();
    let texts: Vec<&str> = required.iter().map(String::as_str).collect();
    let space = left("nasbench101", &texts).unwrap();
    let mut n_archs = 0;
    for arch in space.blueprint().archs() {
        assert_eq!(arch.n_edges(), 9);
        // The only other edge leads to the output, from a vertex that the input reaches.
        assert!(arch.predecessors()[6] & 0b11_0001 != 0);
        n_archs += 1;
    }
    assert_eq!(n_archs, 3 * 3_u32.pow(5));
}

#[test]
fn bounds_on_costs_are_those_of_what_is_left() {
    for (name, texts) in [
        (
            "nasbench201",
            &["+edge(0->1)=nor_conv_3x3", "-edge(0->3)=none"][..],
        ),
        ("mbconv", &["+kernel=5", "-stage2.expand=6"]),
        ("ofa-mbv3", &["+stage1.depth=3", "-depth=4", "-kernel=7"]),
        (
            "darts",
            &["+normal.op*=sep_conv_3x3", "-reduce.node5.input1=0"],
        ),
        ("nasbench-macro", &["+stage3.block=mb3_k3"]),
    ] {
        let space = left(name, texts).unwrap();
        laws::check_bounds(&space, LawOptions::default()).unwrap();
    }
    let small = left(
        "nasbench-macro",
        &["+stage3.block=mb3_k3", "-stage2.block=mb6_k5"],
    )
    .unwrap();
    laws::check_all_bounds(&small).unwrap();
    let cost = |arch: &crate::Arch| Some(small.costs()?.cost(arch).parameters? as f64);
    let range = CostBounds::new(&small, &cost).unwrap().of_space();
    let all = small.blueprint().archs().map(|arch| cost(&arch).unwrap());
    assert_eq!(all.reduce(f64::min), Some(range.least));
}

#[test]
fn what_is_not_known_is_told_with_what_may_be_meant() {
    for (name, text, parts) in [
        (
            "mbconv",
            "+stage1.kernal=3",
            &[
                "--fix 'stage1.kernal=3'",
                "did you mean `stage1.kernel`",
                "ganas space choices",
            ][..],
        ),
        ("mbconv", "-stage9.kernel=3", &["no choice `stage9.kernel`"]),
        ("mbconv", "+stage1.kernel=7", &["has no option `7`", "3, 5"]),
        (
            "nasbench201",
            "-*=nune",
            &["`edge(0->1)`", "did you mean `none`", "skip_connect"],
        ),
        (
            "nasbench101",
            "+edge(1->3)=absnt",
            &["did you mean `absent`"],
        ),
    ] {
        let message = left(name, &[text]).unwrap_err().to_string();
        for part in parts {
            assert!(message.contains(part), "{part} in {message}");
        }
    }
    for text in ["stage1.kernel", "=3", "stage1.kernel=", ""] {
        let message = Restriction::fix(text).unwrap_err().to_string();
        assert!(
            message.contains("expected the name of a choice"),
            "{message}"
        );
    }
}

/// Only the restrictions that contradict each other are named.
#[test]
fn contradictions_name_all_that_they_need() {
    for (name, texts, named) in [
        (
            "mbconv",
            &["+stage1.kernel=3", "+stage2.kernel=5", "-stage1.kernel=3"][..],
            2,
        ),
        (
            "mbconv",
            &["+stage1.kernel=3", "+stage1.expand=6", "+stage1.kernel=5"],
            2,
        ),
        (
            "ofa-mbv3",
            &["+stage1.depth=2", "+stage1.depth=4", "+kernel=3"],
            2,
        ),
        // No path is left.
        ("nasbench101", &["-edge(0->*)=present"], 1),
        (
            "nasbench101",
            &["-edge(0->1)=present", "-edge(*->6)=present"],
            1,
        ),
        (
            "nasbench101-v4",
            &[
                "+edge(0->3)=absent",
                "+edge(1->3)=absent",
                "+edge(0->2)=absent",
                "+edge(1->2)=absent",
            ],
            4,
        ),
        // A node of the last pair of results has no later one.
        (
            "darts",
            &[
                "+normal.node2.input2=1",
                "+normal.node3.input1=1",
                "+normal.node3.input2=1",
            ],
            2,
        ),
    ] {
        let error = left(name, texts).unwrap_err();
        let SpaceError::NothingLeft { arguments, .. } = &error else {
            panic!("{name} {texts:?}: {error}");
        };
        assert_eq!(arguments.len(), named, "{name}: {error}");
        assert!(
            arguments
                .iter()
                .all(|argument| error.to_string().contains(argument))
        );
    }
}

/// A class whose canonical form violates a restriction is left when another member satisfies it.
#[test]
fn classes_are_left_as_members_that_satisfy() {
    let whole = space("nasbench101-v5");
    let space = left(
        "nasbench101-v5",
        &["+node2=maxpool3x3", "+edge(2->4)=present"],
    )
    .unwrap();
    let list = space.enumeration().unwrap();
    let keys: BTreeSet<_> = list.keys().collect();
    let built: BTreeSet<_> = space
        .blueprint()
        .archs()
        .map(|arch| space.key(&arch))
        .collect();
    assert!(keys == built, "{} of {}", keys.len(), built.len());
    assert_eq!(space.size(), Some(built.len() as u64));
    let arch = list
        .archs()
        .find(|arch| !(&space as &dyn SearchSpace).admits(&whole.canonical(arch)));
    let arch = arch.unwrap();
    let canonical = whole.canonical(&arch);
    let member = (&space as &dyn SearchSpace)
        .admitted_member(&canonical)
        .unwrap();
    assert_eq!(space.key(&member), whole.key(&canonical));
    assert!(
        space
            .actions_of(&canonical)
            .unwrap_err()
            .to_string()
            .contains("it violates --fix")
    );
}
