//! Tensor graphs that nobody would publish: each is an error that says which limit it breaks, and none is a panic.

use ndarray::{Array1, Axis};
use serde_json::{Value, json};

use crate::folder::File;
use crate::tensor_graph::{Tensor, TensorGraph};

/// Reads a graph with one input `x` and these tensors and nodes, and computes `y`.
fn compute(tensors: &Value, bytes: Vec<u8>, nodes: &Value) -> Result<Vec<f32>, String> {
    let file = |name: &str, bytes| File {
        path: name.into(),
        bytes,
    };
    let graph = json!({
        "inputs": {"x": "float"}, "cat_names": [], "output": ["y"],
        "tensors": tensors, "nodes": nodes,
    });
    let graph = file("graph.json", graph.to_string().into_bytes());
    let (graph, _) = TensorGraph::read(&graph, &file("tensors.bin", bytes))
        .map_err(|error| error.to_string())?;
    let x = Array1::from(vec![1.0, 2.0, 3.0])
        .insert_axis(Axis(0))
        .into_dyn();
    let result = graph.run([("x", Tensor::Floats(x))]);
    match result.map_err(|(node, problem)| format!("node {node}: {problem}"))? {
        Tensor::Floats(values) => Ok(values.iter().copied().collect()),
        Tensor::Ints(_) => Err("integers".to_owned()),
    }
}

fn node(op: &str, inputs: &[&str], output: &str, attr: Value) -> Value {
    json!({"op": op, "in": inputs, "out": [output], "attr": attr})
}

fn ints(name: &str, values: &[i64]) -> Value {
    let value = json!({"tensor": values, "dtype": "int64"});
    node("Constant", &[], name, json!({"value": value}))
}

fn refused(tensors: &Value, nodes: &Value, expected: &str) {
    let error = compute(tensors, vec![0; 64], nodes).unwrap_err();
    assert!(error.contains(expected), "{error}");
}

fn fill(output: &str, shape: &[i64]) -> [Value; 2] {
    let value = json!({"tensor": [1.0], "dtype": "float32"});
    let name = format!("{output} shape");
    let filled = node("ConstantOfShape", &[&name], output, json!({"value": value}));
    [ints(&name, shape), filled]
}

#[test]
fn shapes_of_stored_tensors_are_checked() {
    let tensor = |shape: Value, bytes: Value| json!([{"name": "w", "shape": shape, "dtype": "float32", "offset": 0, "bytes": bytes}]);
    let none = json!([]);
    for (shape, bytes, expected) in [
        (json!([1_u64 << 31]), json!(64), "the limit is"),
        (json!([1_u64 << 31, 0]), json!(0), "the limit is"),
        (json!([1_u64 << 62, 1_u64 << 62]), json!(64), "the limit is"),
        (json!([u64::MAX, u64::MAX, 0]), json!(0), "the limit is"),
        (
            json!([1, 1, 1, 1, 1, 1, 1, 1, 1]),
            json!(4),
            "axes; the limit is",
        ),
        (json!([0]), json!(64), "has another number"),
        (json!([5]), json!(64), "has another number"),
        (json!([16]), json!(65), "beyond the end"),
        (json!([16]), json!(u64::MAX), "beyond the end"),
        (json!([-1]), json!(64), "graph.json"),
    ] {
        refused(&tensor(shape, bytes), &none, expected);
    }
}

/// Many tensors over the same bytes of the file.
#[test]
fn tensors_have_a_limit_together() {
    let bytes = vec![0; 1 << 20];
    let tensor = |n: usize| {
        let name = format!("w{n}");
        json!({"name": name, "shape": [1 << 18], "dtype": "float32", "offset": 0, "bytes": 1 << 20})
    };
    let tensors: Vec<Value> = (0..300).map(tensor).collect();
    let error = compute(&json!(tensors), bytes, &json!([])).unwrap_err();
    assert!(
        error.contains("values with all before it; the limit is"),
        "{error}"
    );
}

#[test]
fn results_are_checked_before_they_are_computed() {
    let none = json!([]);
    for shape in [
        &[1_i64 << 31][..],
        &[1 << 20, 1 << 20],
        &[1 << 40, 1 << 40],
        &[i64::MAX, i64::MAX, 0],
        &[1, 1, 1, 1, 1, 1, 1, 1, 1],
    ] {
        refused(&none, &json!(fill("y", shape)), "the limit is");
    }
    refused(&none, &json!(fill("y", &[-1])), "impossible length -1");
    // No length of an axis that is in order alone, but not with the others.
    let [a, b] = fill("a", &[1 << 20]);
    let index = node(
        "Constant",
        &[],
        "i",
        json!({"value": {"tensor": vec![0; 1000], "dtype": "int64"}}),
    );
    let rows = node("Unsqueeze", &["a"], "b", json!({"axes": [0]}));
    let many = node("Gather", &["b", "i"], "y", json!({}));
    refused(&none, &json!([a, b, rows, index, many]), "the limit is");
    let [a, b] = fill("a", &[1 << 14, 1 << 10]);
    let [c, d] = fill("w", &[1 << 12, 1 << 10]);
    let [e, f] = fill("bias", &[1 << 12]);
    let product = node("Gemm", &["a", "w", "bias"], "y", json!({"transB": 1}));
    refused(&none, &json!([a, b, c, d, e, f, product]), "the limit is");
    // Twice as much with each node.
    let mut nodes = fill("a0", &[1 << 20]).to_vec();
    for n in 0..60 {
        let (from, to) = (format!("a{n}"), format!("a{}", n + 1));
        nodes.push(node("Concat", &[&from, &from], &to, json!({"axis": 0})));
    }
    refused(&none, &json!(with_output(nodes, "a60")), "the limit is");
}

/// Renames the result of the last node.
fn with_output(mut nodes: Vec<Value>, name: &str) -> Vec<Value> {
    for node in &mut nodes {
        if node["out"] == json!([name]) {
            node["out"] = json!(["y"]);
        }
    }
    nodes
}

#[test]
fn axes_do_not_grow_without_end() {
    let mut nodes = vec![node("Unsqueeze", &["x"], "a0", json!({"axes": [0]}))];
    for n in 0..20 {
        let (from, to) = (format!("a{n}"), format!("a{}", n + 1));
        nodes.push(node("Unsqueeze", &[&from], &to, json!({"axes": [0]})));
    }
    refused(
        &json!([]),
        &json!(with_output(nodes, "a20")),
        "axes; the limit is",
    );
}

#[test]
fn graphs_have_a_limit_and_no_cycles() {
    let cycle = json!([
        node("Selu", &["b"], "a", json!({})),
        node("Selu", &["a"], "b", json!({})),
    ]);
    refused(&json!([]), &cycle, "is computed nowhere before it");
    let itself = json!([node("Selu", &["y"], "y", json!({}))]);
    refused(&json!([]), &itself, "is computed nowhere before it");
    let chain: Vec<Value> = (0..200_000)
        .map(|_| node("Selu", &["x"], "y", json!({})))
        .collect();
    refused(&json!([]), &json!(chain), "the limit is 100000");
}

/// What is put together along a later axis lies in another order in memory.
#[test]
fn parts_of_what_was_put_together_can_be_taken() {
    let nodes = json!([
        node("Concat", &["x", "x"], "a", json!({"axis": 1})),
        node("Concat", &["a", "a"], "b", json!({"axis": 0})),
        ints("i", &[1, 0]),
        node("Gather", &["b", "i"], "c", json!({"axis": 0})),
        node("Unsqueeze", &["c"], "d", json!({"axes": [1]})),
        node("Gather", &["d", "i"], "y", json!({"axis": 2})),
    ]);
    let found = compute(&json!([]), Vec::new(), &nodes).unwrap();
    assert_eq!(found, [2.0, 1.0, 2.0, 1.0]);
    for axis in [0, 1, 2, 7] {
        let nodes = json!([
            ints("i", &[0]),
            node("Gather", &["x", "i"], "a", json!({"axis": 1})),
            node("Concat", &["a", "a", "a"], "b", json!({"axis": 1})),
            node("Gather", &["b", "i"], "y", json!({"axis": axis})),
        ]);
        assert_eq!(compute(&json!([]), Vec::new(), &nodes).is_ok(), axis < 2);
    }
}

/// Axes of length 0 are in order, and nothing comes of them.
#[test]
fn empty_tensors_are_no_panic() {
    let [shape, empty] = fill("e", &[0, 3]);
    for last in [
        node("Concat", &["e", "x"], "y", json!({"axis": 0})),
        node("Selu", &["e"], "y", json!({})),
        node("Gemm", &["x", "e", "n"], "y", json!({"transB": 1})),
        node("Gather", &["e", "i"], "y", json!({"axis": 1})),
        node("Add", &["e", "x"], "y", json!({})),
    ] {
        let [n_shape, n] = fill("n", &[0]);
        let nodes = json!([shape, empty, n_shape, n, ints("i", &[0, 2]), last]);
        let _ = compute(&json!([]), Vec::new(), &nodes);
    }
}
