"""Outputs of onnxruntime for random genotypes: crates/ganas-surrogate/goldens/yahpo_nb301.csv.

    python xtask/golden/yahpo_nb301.py $GANAS_DATA/nasbench301/yahpo_nb301 crates/ganas-surrogate/goldens/yahpo_nb301.csv

Needs onnxruntime and numpy. The genotypes follow from the seed.
"""

import gzip
import json
import random
import sys

import numpy as np
import onnxruntime

SEED = 301
EPOCH = 98
OPS = ["max_pool_3x3", "avg_pool_3x3", "skip_connect", "sep_conv_3x3", "sep_conv_5x5", "dil_conv_3x3", "dil_conv_5x5"]
FIRST_EDGE = [0, 2, 5, 9]
PREFIX = "NetworkSelectorDatasetInfo_COLON_darts_COLON_"


def random_cell(rng):
    """Eight pairs: what is read, and the number of the operation."""
    return [(source, rng.randrange(7)) for n in range(4) for source in sorted(rng.sample(range(n + 2), 2))]


def values(cells):
    found = {}
    for cell, name in zip(cells, ("normal", "reduce")):
        for n in range(4):
            pairs = cell[2 * n : 2 * n + 2]
            for source, op in pairs:
                found[f"edge_{name}_{FIRST_EDGE[n] + source}"] = OPS[op]
            if n > 0:
                found[f"inputs_node_{name}_{n + 2}"] = f"{pairs[0][0]}_{pairs[1][0]}"
    return found


def main(folder, output):
    session = onnxruntime.InferenceSession(f"{folder}/new_model.onnx", providers=["CPUExecutionProvider"])
    with open(f"{folder}/encoding.json", encoding="utf-8") as file:
        encoding = json.load(file)
    with gzip.open(f"{folder}/graph.json.gz", "rt") as file:
        names = json.load(file)["cat_names"]
    rng = random.Random(SEED)
    with open(output, "w", encoding="utf-8") as file:
        file.write(f"# xtask/golden/yahpo_nb301.py, onnxruntime {onnxruntime.__version__}, seed {SEED}, epoch {EPOCH}\n")
        file.write("genotype,val_accuracy,runtime_s\n")
        for _ in range(1000):
            cells = [random_cell(rng), random_cell(rng)]
            found = values(cells)
            codes = [[encoding[name][found.get(name.removeprefix(PREFIX), "#na#")] for name in names]]
            inputs = {"x_cat": np.array(codes, np.int32), "x_cont": np.array([[EPOCH]], np.float32)}
            outputs = session.run(None, inputs)[0][0]
            digits = "".join(f"{source}{op}" for cell in cells for source, op in cell)
            text = ",".join(np.format_float_positional(value, unique=True, trim="-") for value in outputs)
            file.write(f"{digits},{text}\n")


main(*sys.argv[1:])
