"""A training of three steps: some fail, and what an architecture is worth depends on its class alone."""

from ganas_worker import Evaluation, Failed, Metric, evaluator

METRICS = [Metric("valid", "validation", 0, 1), Metric("test", "test", 0, 1), Metric("latency", "cost")]


@evaluator(metrics=METRICS, fidelities=[{"epochs": 1}, {"epochs": 3}])
def train(evaluation: Evaluation) -> dict[str, float]:
    number = int(evaluation.arch.key[-4:], 16)
    if number % 7 == 0:
        raise Failed("diverged", "the loss is not finite", retryable=False)
    valid = number / 65536
    for step in (1, 2, 3):
        evaluation.progress(step / 3, step=step, valid=valid * step / 3)
    return {"valid": valid, "test": 1 - valid, "latency": 10 * valid}


if __name__ == "__main__":
    train.serve()
