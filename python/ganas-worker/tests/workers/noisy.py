"""A worker whose libraries print while they are imported, in every way that there is."""

import sys

if "early" in sys.argv:
    print("printed before the package is imported")

from ganas_worker import Evaluation, Metric, evaluator

import ctypes
import os
import subprocess

print("printed by Python")
sys.stdout.write("printed without an end ")
os.write(1, b"printed to the descriptor\n")
libc = ctypes.CDLL(None)
libc.puts(b"printed from C")
os.system("echo printed by a shell")
subprocess.run(["echo", "printed by a program"], check=True)


@evaluator(metrics=[Metric("valid", "validation", 0, 1)])
def train(evaluation: Evaluation):
    print("printed by the function")
    libc.puts(b"printed from C by the function")
    return {"valid": 0.5}


if __name__ == "__main__":
    train.serve()
