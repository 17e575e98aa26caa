"""Turns a Python function into an evaluator of ganas.

    from ganas_worker import Evaluation, Metric, evaluator

    @evaluator(metrics=[Metric("valid", "validation", 0, 1), Metric("test", "test", 0, 1)])
    def train(evaluation: Evaluation) -> dict[str, float]:
        ...
        return {"valid": 0.93, "test": 0.92}

    if __name__ == "__main__":
        train.serve()

``ganas search --evaluator 'python train.py'`` starts it.
"""

from ganas_worker._evaluator import Evaluator, evaluator
from ganas_worker._messages import PROTOCOL_VERSION, Arch, Cancelled, Evaluation, Failed, Measured, Metric

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
