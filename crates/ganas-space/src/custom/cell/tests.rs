//! Described cells: their laws, and that those like published spaces have the same classes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proptest::prelude::*;
use rand::SeedableRng;
use rand::rngs::SmallRng;

use crate::custom::open;
use crate::laws::{self, LawOptions};
use crate::nasbench101::{NasBench101, Vertices};
use crate::nasbench201::NasBench201;
use crate::{Arch, SearchSpace, SpaceError};

fn of_toml(text: &str) -> Result<Arc<dyn SearchSpace>, SpaceError> {
    open("cell.toml", text, &|name| {
        Err(format!("there is no {name}"))
    })
}

/// The space of a cell with this table.
fn cell(table: &str) -> Arc<dyn SearchSpace> {
    of_toml(&format!("name = \"cell\"\n[cell]\n{table}")).unwrap()
}

const LIKE_NASBENCH201: &str = r#"
on = "edges"
nodes = 2
operations = ["none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3"]
none = "none"
"#;

const LIKE_NASBENCH101_V5: &str = r#"
on = "vertices"
nodes = 3
operations = ["conv3x3", "conv1x1", "maxpool3x3"]
max_edges = 9
"#;

/// All kinds, small ones and large ones.
fn kinds() -> Vec<Arc<dyn SearchSpace>> {
    let vertices = |nodes: usize, more: &str| {
        cell(&format!(
            "on = \"vertices\"\nnodes = {nodes}\noperations = [\"conv\", \"pool\"]\n{more}"
        ))
    };
    let edges = |nodes: usize, more: &str| {
        cell(&format!(
            "on = \"edges\"\nnodes = {nodes}\noperations = [\"conv\", \"zero\", \"pool\"]\n{more}"
        ))
    };
    vec![
        vertices(2, ""),
        vertices(3, "max_edges = 4"),
        vertices(5, "max_edges = 9\ninputs = \"any\""),
        vertices(8, "max_edges = 14"),
        vertices(1, "inputs = 1"),
        vertices(4, "inputs = 1"),
        vertices(4, "inputs = 2"),
        vertices(7, "inputs = 2"),
        vertices(6, "inputs = 3"),
        edges(1, "none = \"zero\""),
        edges(2, "none = \"zero\""),
        edges(4, "none = \"zero\""),
        edges(2, ""),
        cell(LIKE_NASBENCH201),
        cell(LIKE_NASBENCH101_V5),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn random_cells_obey_the_laws(seed: u64) {
        for space in kinds() {
            laws::check_episodes(&*space, LawOptions { seed, rounds: 1 }).unwrap();
        }
    }
}

#[test]
fn small_cells_obey_the_laws() {
    let mut rng = SmallRng::seed_from_u64(1);
    for space in kinds() {
        if space.size().is_some_and(|size| size <= 300) {
            for arch in space.enumeration().unwrap().archs() {
                laws::check_arch(&*space, &arch, &mut rng).unwrap();
            }
        }
    }
}

/// Sizes are those of the list, and nothing is listed twice.
#[test]
fn sizes_are_counted() {
    for space in kinds() {
        if space.size().is_some_and(|size| size <= 30_000) {
            let all: BTreeSet<Arch> = space.enumeration().unwrap().archs().collect();
            assert_eq!(space.size(), Some(all.len() as u64), "{space:?}");
            let listed = space.enumeration().unwrap().archs().count();
            assert_eq!(listed, all.len(), "{space:?}");
        }
    }
    let large = cell("on = \"vertices\"\nnodes = 12\noperations = [\"a\"]");
    assert_eq!(large.size(), None);
    assert!(large.enumeration().is_none());
}

/// Fails unless two keys of each architecture group them in the same way; the number of groups.
fn same_groups(keys: impl Iterator<Item = (u128, u128)>) -> usize {
    let (mut there, mut back) = (BTreeMap::new(), BTreeMap::new());
    for (own, published) in keys {
        assert_eq!(*there.entry(own).or_insert(published), published);
        assert_eq!(*back.entry(published).or_insert(own), own);
    }
    there.len()
}

#[test]
fn operations_on_edges_have_the_classes_of_nasbench201() {
    let (space, published) = (cell(LIKE_NASBENCH201), NasBench201::new());
    assert_eq!(space.size(), published.size());
    let keys = space.enumeration().unwrap().archs().map(|arch| {
        let same = published.decode(&space.encode(&arch)).unwrap();
        assert_eq!(same, arch);
        (space.key(&arch).0, published.key(&arch).0)
    });
    assert_eq!(same_groups(keys), 8_765);
}

#[test]
fn free_edges_have_the_classes_of_nasbench101() {
    let space = cell(LIKE_NASBENCH101_V5);
    let published = NasBench101::up_to(Vertices::Five);
    let keys = space
        .enumeration()
        .unwrap()
        .archs()
        .map(|arch| (space.key(&arch).0, published.key(&arch).0));
    assert_eq!(same_groups(keys), 2_532);
}

/// Architectures, decisions and neighbours are those of the published space, too.
#[test]
fn free_edges_have_the_neighbours_of_nasbench101() {
    let space = cell(LIKE_NASBENCH101_V5);
    let published = NasBench101::up_to(Vertices::Five);
    let mut rng = SmallRng::seed_from_u64(3);
    for _ in 0..50 {
        let arch = published.sample(&mut rng);
        assert_eq!(space.actions_of(&arch), published.actions_of(&arch));
        let keys = |archs: Vec<Arch>| -> BTreeSet<_> {
            archs.iter().map(|arch| published.key(arch)).collect()
        };
        assert_eq!(
            keys(space.neighbours(&arch)),
            keys(published.neighbours(&arch))
        );
    }
}

/// Draws reach all classes, each about as often.
#[test]
fn samples_are_uniform_over_classes() {
    let space = cell("on = \"vertices\"\nnodes = 2\noperations = [\"conv\", \"pool\"]");
    let keys: BTreeSet<_> = space.enumeration().unwrap().keys().collect();
    let mut rng = SmallRng::seed_from_u64(2);
    let mut counts = BTreeMap::<_, u32>::new();
    for _ in 0..1_000 * keys.len() {
        *counts
            .entry(space.key(&space.sample(&mut rng)))
            .or_default() += 1;
    }
    assert_eq!(counts.len(), keys.len());
    // The standard deviation of a count is below 32.
    assert!(
        counts.values().all(|n| (840..1_160).contains(n)),
        "{counts:?}"
    );
}

/// Draws from a large space with free edges are no small cells: pruning leaves all vertices in most cases.
#[test]
fn samples_of_large_spaces_have_many_vertices() {
    let space = cell("on = \"vertices\"\nnodes = 8\noperations = [\"a\", \"b\"]\nmax_edges = 14");
    let mut rng = SmallRng::seed_from_u64(4);
    let full = (0..200).filter(|_| space.sample(&mut rng).n_vertices() == 10);
    assert!(full.count() > 100);
    // A limit that only chains reach is no endless loop.
    let chains = cell("on = \"vertices\"\nnodes = 8\noperations = [\"a\", \"b\"]\nmax_edges = 9");
    for _ in 0..20 {
        assert!(chains.sample(&mut rng).n_edges() <= 9);
    }
}

/// Six parallel chains of two: all orders of the first vertices are tried.
#[test]
fn symmetric_cells_have_one_key() {
    let space = cell("on = \"vertices\"\nnodes = 12\noperations = [\"a\", \"b\"]");
    let text = "a:0 a:0 a:0 a:0 a:0 a:0 b:1 b:2 b:3 b:4 b:5 b:6 output:7+8+9+10+11+12";
    let arch = space.decode(text).unwrap();
    let mut rng = SmallRng::seed_from_u64(5);
    for _ in 0..5 {
        let other = space.relabelled(&arch, &mut rng);
        assert_eq!(space.key(&other), space.key(&arch));
    }
    let other = space.decode(&text.replace("b:6", "b:5")).unwrap();
    assert_ne!(space.key(&other), space.key(&arch));
}

#[test]
fn neighbours_by_hand() {
    // One other operation of either node; the second one can read the first.
    let space = cell("on = \"vertices\"\nnodes = 2\noperations = [\"conv\", \"pool\"]\ninputs = 1");
    let arch = space.decode("conv:0 conv:0").unwrap();
    let neighbours = space.neighbours(&arch);
    let texts: BTreeSet<String> = neighbours.iter().map(|a| space.encode(a)).collect();
    let expected = ["conv:0 conv:1", "conv:0 pool:0"].map(ToOwned::to_owned);
    assert_eq!(texts, BTreeSet::from(expected));
}

#[test]
fn errors_of_texts_name_the_place() {
    let free = cell(LIKE_NASBENCH101_V5);
    for (text, expected) in [
        ("conv3x3:0 output", "at byte 16, expected `:`"),
        (
            "conv3x3:1 output:1",
            "at byte 8, expected `-`, or numbers below 1",
        ),
        (
            "conv3x3:0+0 output:1",
            "at byte 10, expected `-`, or numbers below 1",
        ),
        (
            "conv3x3:0 conv3x3:0 conv3x3:0 conv3x3:0 output:1",
            "at byte 30, expected `output`",
        ),
        ("conv3:0 output:1", "unknown operation `conv3`"),
        ("conv3x3:0 output:-", "no path leads from the input"),
        ("conv3x3:0", "white space and the next vertex"),
        (
            "conv3x3:0 conv3x3:0+1 conv3x3:0+1+2 output:0+1+2+3",
            "10 edges; expected at most 9",
        ),
    ] {
        check_text(&*free, text, expected);
    }
    let reading = cell("on = \"vertices\"\nnodes = 3\noperations = [\"conv\"]\ninputs = 2");
    check_text(
        &*reading,
        "conv:0 conv:0+1 conv:1",
        "vertex 3 reads 1 vertices; expected 2",
    );
    check_text(
        &*reading,
        "conv:0 conv:0+1",
        "white space and the next vertex",
    );
    check_text(
        &*reading,
        "conv:0 conv:0+1 conv:0+2 output:3",
        "the end of the text",
    );
    check_text(
        &*cell(LIKE_NASBENCH201),
        "|none~0|",
        "at byte 8, expected `+`",
    );
}

fn check_text(space: &dyn SearchSpace, text: &str, expected: &str) {
    let error = space.decode(text).unwrap_err().to_string();
    assert!(error.contains(expected), "{text}: {error}");
}

#[test]
fn errors_of_descriptions_point_at_the_line() {
    let vertices = "name = \"cell\"\nflops = \"conv\"\n[cell]\non = \"vertices\"\nnodes = 3\n\
                    operations = [\"conv\", \"pool\"]\n";
    let edges = vertices.replace("vertices", "edges");
    for (text, expected) in [
        (
            vertices.replace("vertices", "nodes"),
            "line 4: unknown variant `nodes`",
        ),
        (
            vertices.replace("= 3", "= 13"),
            "line 5: 13 nodes between input and output; expected 1 to 12",
        ),
        (vertices.replace("= 3", "= 0"), "line 5: 0 nodes"),
        (
            edges.replace("= 3", "= 10"),
            "line 5: 10 nodes between input and output; expected 1 to 9",
        ),
        (
            vertices.replace("pool", "conv"),
            "line 6: `conv` stands there twice",
        ),
        (
            vertices.replace("pool", "max-pool"),
            "line 6: `max-pool`: expected letters",
        ),
        (
            vertices.replace("pool", "output"),
            "line 6: `output` is also the name",
        ),
        (
            vertices.replace("[\"conv\", \"pool\"]", "[]"),
            "line 6: 0 operations",
        ),
        (
            vertices.replace("flops = \"conv\"", "flops = \"con\""),
            "line 2: `flops` of `conv`: `con` is not known",
        ),
        (
            format!("{vertices}inputs = 4\n"),
            "line 7: expected \"any\", or 1 to 3 inputs",
        ),
        (
            format!("{vertices}inputs = \"two\"\n"),
            "line 7: expected \"any\", or how many",
        ),
        (
            format!("{vertices}inputs = 2\nmax_edges = 3\n"),
            "line 8: each node has a fixed number",
        ),
        (
            format!("{vertices}max_edges = 0\n"),
            "line 7: expected at least 1 edge",
        ),
        (
            format!("{vertices}none = \"conv\"\n"),
            "line 7: `none` is an operation on edges",
        ),
        (
            format!("{vertices}sizes = {{ inputs = 3 }}\n"),
            "`inputs` in `sizes`",
        ),
        (
            format!("{vertices}sizes = {{ conv = 3 }}\n"),
            "line 6: `conv` is also the name",
        ),
        (
            format!("{edges}none = \"zero\"\n"),
            "line 7: `zero` is no operation; expected one of conv, pool",
        ),
        (
            format!("{edges}inputs = 1\n"),
            "line 7: with operations on edges each pair",
        ),
        (
            format!("{edges}max_edges = 1\n"),
            "line 7: with operations on edges each pair",
        ),
        (
            edges.replace("pool", "none"),
            "line 6: if the operation `none` stands for no edge",
        ),
    ] {
        let error = of_toml(&text).unwrap_err().to_string();
        assert!(
            error.contains(expected),
            "{text}\n{error}\nexpected {expected}"
        );
    }
}

#[test]
fn names_follow_from_what_the_file_says() {
    let names: BTreeSet<String> = kinds()
        .iter()
        .map(|space| space.name().to_owned())
        .collect();
    assert_eq!(names.len(), kinds().len());
    // More edges than pairs are no limit.
    let table = "on = \"vertices\"\nnodes = 2\noperations = [\"a\"]";
    assert_eq!(
        cell(table).name(),
        cell(&format!("{table}\nmax_edges = 99")).name()
    );
}
