"""Turns a Python function into an evaluator of ganas.

    from ganas_worker import Evaluation, Metric, evaluator

    @evaluator(metrics=[Metric("valid", "validation", 0, 1), Metric("test", "test", 0, 1)])
    def train(evaluation: Evaluation) -> dict[str, float]:
        ...
        return {"valid": 0.93, "test": 0.92}

    if __name__ == "__main__":
        train.serve()

``ganas search --evaluator 'python train.py'`` starts it. What it and its libraries print, from the import of this package
on, goes to the log of the worker.
"""

from ganas_worker._stdout import move_aside_in_worker

# Before anything else, so that nothing that is imported later can print where messages are expected.
move_aside_in_worker()

from ganas_worker._evaluator import Evaluator, evaluator  # noqa: E402
from ganas_worker._messages import (  # noqa: E402
    PROTOCOL_VERSION,
    Arch,
    Cancelled,
    Evaluation,
    Failed,
    Measured,
    Metric,
)

__all__ = [
    "PROTOCOL_VERSION",
    "Arch",
    "Cancelled",
    "Evaluation",
    "Evaluator",
    "Failed",
    "Measured",
    "Metric",
    "evaluator",
]
