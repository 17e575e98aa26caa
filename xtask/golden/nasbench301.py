"""Makes small ensembles in the form of NAS-Bench-301's official surrogates, and what they predict.

    python xtask/golden/nasbench301.py CONFIGSPACE crates/ganas-surrogate/goldens/nasbench301

CONFIGSPACE is `configspace.json` of the `nasbench301` package; the folder receives the members and what they predict.
The versions of the published ensembles write other forms than today's; run it with

    Python 3.11, ConfigSpace 0.6.1, xgboost 1.2.1 and lightgbm 2.3.1 (numpy below 1.24)

and once more with xgboost 1.3.3 and `--json`, which adds a member in the JSON form of a pickle.
Today's versions are added by

    python xtask/golden/nasbench301.py --today crates/ganas-surrogate/goldens/nasbench301

which takes the features from `predictions.json`, so that it needs no ConfigSpace (last run with xgboost 3.2.0, whose
pickles hold UBJSON, and lightgbm 4.7.0).
The targets are made up: what is tested is reading and encoding, not accuracy.
"""

import json
import pickle
import random
import sys
from pathlib import Path

import lightgbm
import numpy
import xgboost

if "--today" not in sys.argv:
    import ConfigSpace
    import ConfigSpace.hyperparameters as hyperparameters
    from ConfigSpace.read_and_write import json as config_space_json

DARTS = "NetworkSelectorDatasetInfo:darts:"
COSINE = "SimpleLearningrateSchedulerSelector:cosine_annealing:"
OPERATIONS = "max_pool_3x3 avg_pool_3x3 skip_connect sep_conv_3x3 sep_conv_5x5 dil_conv_3x3 dil_conv_5x5".split()

# What the official interface sets in every query.
FIXED = {
    "CreateImageDataLoader:batch_size": 96,
    "ImageAugmentation:augment": True,
    "ImageAugmentation:cutout": True,
    "ImageAugmentation:cutout_holes": 1,
    "ImageAugmentation:cutout_length": 16,
    "ImageAugmentation:autoaugment": False,
    "ImageAugmentation:fastautoaugment": False,
    "LossModuleSelectorIndices:loss_module": "cross_entropy",
    "NetworkSelectorDatasetInfo:network": "darts",
    DARTS + "auxiliary": True,
    DARTS + "drop_path_prob": 0.2,
    DARTS + "init_channels": 32,
    DARTS + "layers": 8,
    "OptimizerSelector:optimizer": "sgd",
    "OptimizerSelector:sgd:learning_rate": 0.025,
    "OptimizerSelector:sgd:momentum": 0.9,
    "OptimizerSelector:sgd:weight_decay": 0.0003,
    COSINE + "T_max": 100,
    COSINE + "eta_min": 1e-8,
    "SimpleLearningrateSchedulerSelector:lr_scheduler": "cosine_annealing",
    "SimpleTrainNode:batch_loss_computation_technique": "mixup",
    "SimpleTrainNode:mixup:alpha": 0.2,
}


def config_space(path):
    """The space, with the four hyperparameters that the benchmark widens."""
    space = config_space_json.read(Path(path).read_text())
    for name in [DARTS + "layers", COSINE + "T_max", DARTS + "init_channels", COSINE + "eta_min"]:
        space._hyperparameters.pop(name)
    whole = hyperparameters.UniformIntegerHyperparameter
    space.add_hyperparameters(
        [
            whole(DARTS + "layers", lower=1, upper=10000),
            whole(COSINE + "T_max", lower=1, upper=10000),
            whole(DARTS + "init_channels", lower=1, upper=10000),
            hyperparameters.UniformFloatHyperparameter(COSINE + "eta_min", lower=0, upper=10000),
        ]
    )
    return space


def architecture(rng):
    """A random architecture: its compact form, and its keys."""
    compact, keys = [], {}
    for cell in ["normal", "reduce"]:
        edges, first = [], 0
        for node in range(2, 6):
            inputs = sorted(rng.sample(range(node), 2))
            if node > 2:
                keys[f"{DARTS}inputs_node_{cell}_{node}"] = "_".join(map(str, inputs))
            for source in inputs:
                operation = rng.randrange(len(OPERATIONS))
                edges.append([source, operation])
                keys[f"{DARTS}edge_{cell}_{first + source}"] = OPERATIONS[operation]
            first += node
        compact.append(edges)
    return compact, keys


def encode(space, keys):
    array = ConfigSpace.Configuration(space, values={**FIXED, **keys}).get_array().copy()
    array[numpy.isnan(array)] = -1
    return array


def save(folder, member, model, booster):
    folder = folder / member
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "model_config.json").write_text(json.dumps({"model": model}) + "\n")
    (folder / "surrogate_model.model").write_bytes(pickle.dumps(booster, protocol=3))


def today(folder):
    """One member of each kind, trained on the features of the golden file, in the forms that today's versions write."""
    golden = json.loads((folder / "predictions.json").read_text())
    x = numpy.array(golden["features"])
    target = 90 + (x * numpy.linspace(-0.3, 0.3, x.shape[1])).sum(1)
    data = xgboost.DMatrix(x, label=target)
    parameters = {"objective": "reg:squarederror", "max_depth": 4, "learning_rate": 0.3, "seed": 4}
    booster = xgboost.train(parameters, data, num_boost_round=8)
    (folder / "today.xgboost.json").write_bytes(booster.save_raw("json"))
    (folder / "today.xgboost.pickle").write_bytes(pickle.dumps(booster))
    settings = {"objective": "regression", "num_leaves": 6, "min_data_in_leaf": 3, "verbose": -1, "seed": 4}
    runtime = lightgbm.train(settings, lightgbm.Dataset(x, label=-100 * target + 20000), 12)
    (folder / "today.lightgbm.pickle").write_bytes(pickle.dumps(runtime))
    result = {
        "xgboost": xgboost.__version__,
        "lightgbm": lightgbm.__version__,
        "xgb": [float(v) for v in booster.predict(data)],
        "lgb_runtime": [float(v) for v in runtime.predict(x)],
    }
    (folder / "predictions-today.json").write_text(json.dumps(result) + "\n")


def main():
    path, folder = sys.argv[1], Path(sys.argv[2])
    space, rng = config_space(path), random.Random(0)
    archs = [architecture(rng) for _ in range(600)]
    x = numpy.array([encode(space, keys) for _, keys in archs])
    noise = numpy.random.RandomState(0).normal(size=len(x))
    target = 90 + (x * numpy.linspace(-0.3, 0.3, x.shape[1])).sum(1) + 0.2 * x[:, 10] * x[:, 11] + 0.3 * noise
    data = xgboost.DMatrix(x, label=target)
    names = ["3-json"] if "--json" in sys.argv else ["1", "2"]
    members = {}
    for seed, name in enumerate(names):
        parameters = {"objective": "reg:squarederror", "max_depth": 4, "learning_rate": 0.3, "gamma": 1.0, "seed": seed}
        booster = xgboost.train({**parameters, "subsample": 0.7}, data, num_boost_round=8)
        save(folder / "xgb", name, "xgb", booster)
        members[name] = booster
    queries = archs[:40]
    asked = xgboost.DMatrix(x[:40])
    accuracy = {name: [float(v) for v in booster.predict(asked)] for name, booster in members.items()}
    out = folder / ("predictions-json.json" if "--json" in sys.argv else "predictions.json")
    result = {"xgboost": xgboost.__version__, "archs": [compact for compact, _ in queries], "xgb": accuracy}
    if "--json" not in sys.argv:
        held_out = lightgbm.Dataset(x[500:], label=-100 * target[500:] + 20000 + 800 * noise[:100])
        train = lightgbm.Dataset(x[:500], label=-100 * target[:500] + 20000)
        parameters = {"objective": "regression", "metric": "rmse", "num_leaves": 6, "verbose": -1, "learning_rate": 0.9}
        booster = lightgbm.train(
            parameters,
            train,
            300,
            valid_sets=[held_out],
            early_stopping_rounds=4,
            verbose_eval=False,
            keep_training_booster=True,  # Otherwise the trees after the best iteration are dropped.
        )
        assert 0 < booster.best_iteration < booster.num_trees(), "early stopping is to be tested"
        save(folder / "lgb_runtime", "1", "lgb_time", booster)
        result["lightgbm"] = lightgbm.__version__
        result["lgb_runtime"] = {"1": [float(v) for v in booster.predict(x[:40])]}
        result["features"] = [[float(v) for v in row] for row in x[:40]]
    out.write_text(json.dumps(result) + "\n")


if "--today" in sys.argv:
    today(Path(sys.argv[2]))
else:
    main()
