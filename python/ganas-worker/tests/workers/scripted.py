"""A worker that does what the text of the architecture says."""

import os
import sys
import time
from pathlib import Path

from ganas_worker import Evaluation, Failed, Measured, Metric, evaluator


@evaluator(
    metrics=[Metric("valid", "validation", 0, 1), Metric("seconds", "cost")],
    name="scripted",
    version="3",
    fidelities=[{"epochs": 2}, {"epochs": 6}],
)
def scripted(evaluation: Evaluation):
    print("printed by the function")
    action = evaluation.arch.text
    if action == "progress":
        evaluation.progress(0.5, step=1, valid=0.25)
        evaluation.progress(valid=float("nan"), loss=2)
    elif action == "nan":
        return {"valid": float("nan"), "seconds": float("inf")}
    elif action == "measured":
        return Measured({"valid": 0.5, "seconds": 1}, cost={"gpu_hours": 0.5, "euros": float("nan")}, artifact=Path("weights.pt"))
    elif action == "failed":
        raise Failed("disk_full", "no space left", retryable=True)
    elif action == "bug":
        raise KeyError("layers")
    elif action == "memory":
        raise MemoryError("12 GB")
    elif action == "number":
        return 0.5
    elif action == "wait":
        while True:
            evaluation.progress()
            time.sleep(0.01)
    elif action == "clean":
        try:
            while True:
                evaluation.check_cancelled()
                time.sleep(0.01)
        finally:
            print("cleaned up")
    elif action == "resume":
        return Measured({"valid": 0.5, "seconds": 1}, artifact=evaluation.resume_from)
    elif action == "stdin":
        # What it starts reads nothing that is meant for it.
        return {"valid": len(sys.stdin.read() + os.popen("cat").read()), "seconds": 1}
    elif action == "hang":
        time.sleep(1000)
    elif action == "child":
        os.system("echo printed by a child")
    return {"valid": evaluation.seed / 10, "seconds": evaluation.fidelity["epochs"]}


if __name__ == "__main__":
    scripted.serve()
