"""A worker on the Ray cluster that its argument names; each evaluation takes 0.2 s and says on which node it was."""

import sys
import time

from ganas_worker import Evaluation, Metric, evaluator
from ganas_worker.ray import serve


@evaluator(metrics=[Metric("valid", "validation", 0, 1)])
def train(evaluation: Evaluation):
    time.sleep(float(evaluation.arch.text))
    return {"valid": evaluation.seed / 10}


if __name__ == "__main__":
    serve(train, address=sys.argv[1], capacity=int(sys.argv[2]), num_cpus=1)
