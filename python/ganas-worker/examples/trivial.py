"""The least that an evaluator can do, to measure the overhead of the protocol."""

from ganas_worker import Evaluation, Metric, evaluator


@evaluator(metrics=[Metric("valid", "validation", 0, 1)])
def trivial(evaluation: Evaluation) -> dict[str, float]:
    return {"valid": evaluation.seed / 2**32}


if __name__ == "__main__":
    trivial.serve()
