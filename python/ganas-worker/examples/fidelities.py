"""An evaluator with everything: fidelities, progress that may be cancelled, and trainings that go on from others.

The training is made up; put your own in its place. Try it:

    ganas search --space nasbench201 --evaluator 'python fidelities.py'
"""

import json
import os
import random
import time
from pathlib import Path

from ganas_worker import Evaluation, Measured, Metric, evaluator

#: Where trainings leave their state, so that a longer one can go on from a shorter one.
STATES = Path(os.environ.get("STATES", "states"))


@evaluator(
    metrics=[Metric("valid_accuracy", "validation", 0, 1), Metric("test_accuracy", "test", 0, 1)],
    fidelities=[{"epochs": 3}, {"epochs": 9}, {"epochs": 27}],
)
def train(evaluation: Evaluation) -> Measured:
    epochs = int(evaluation.fidelity.get("epochs", 27))
    begun = time.monotonic()
    state = load(evaluation)
    while state["epoch"] < epochs:
        state = train_an_epoch(state, evaluation)
        # Printing is fine: it goes to the log of the worker.
        print(f"epoch {state['epoch']}: {state['valid']:.3f}")
        # Raises `Cancelled` when this one is not wanted any more.
        evaluation.progress(state["epoch"] / epochs, step=state["epoch"], valid_accuracy=state["valid"])
    return Measured(
        {"valid_accuracy": state["valid"], "test_accuracy": state["valid"] - 0.01, "train_loss": 1 - state["valid"]},
        cost={"seconds": time.monotonic() - begun},
        artifact=save(state, evaluation, epochs),
    )


def load(evaluation: Evaluation) -> dict:
    """Where a shorter training has ended, when there was one and its state is still there."""
    if evaluation.resume_from and Path(evaluation.resume_from).exists():
        return json.loads(Path(evaluation.resume_from).read_text())
    return {"epoch": 0, "valid": 0.1}


def save(state: dict, evaluation: Evaluation, epochs: int) -> Path:
    STATES.mkdir(parents=True, exist_ok=True)
    path = (STATES / f"{evaluation.arch.key}-{evaluation.seed}-{epochs}.json").absolute()
    # Never half of it, whenever the worker is killed.
    part = path.with_suffix(f".{os.getpid()}")
    part.write_text(json.dumps(state))
    part.replace(path)
    return path


def train_an_epoch(state: dict, evaluation: Evaluation) -> dict:
    best = random.Random(evaluation.arch.key).uniform(0.5, 0.95)
    return {"epoch": state["epoch"] + 1, "valid": state["valid"] + 0.2 * (best - state["valid"])}


if __name__ == "__main__":
    train.serve()
