"""The worker of one process."""

import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ganas_worker import Evaluation, Measured, Metric, evaluator
from ganas_worker._messages import failure, progress, result

SCHEMA = Path(__file__).parents[3] / "docs" / "protocol.schema.json"
SOURCE = Path(__file__).parent.parent / "src"


def test_hello(worker):
    assert worker("scripted.py").greet() == {
        "type": "hello",
        "protocol": 1,
        "name": "scripted",
        "version": "3",
        "metrics": [{"name": "valid", "role": "validation", "min": 0, "max": 1}, {"name": "seconds", "role": "cost"}],
        "capacity": 1,
        "fidelities": [{"epochs": 2.0}, {"epochs": 6.0}],
    }


@pytest.mark.parametrize(
    ("action", "answer"),
    [
        ("plain", {"type": "result", "metrics": {"valid": 0.7, "seconds": 2.0}}),
        ("child", {"type": "result", "metrics": {"valid": 0.7, "seconds": 2.0}}),
        ("nan", {"type": "result", "metrics": {"valid": None, "seconds": None}}),
        (
            "measured",
            {
                "type": "result",
                "metrics": {"valid": 0.5, "seconds": 1.0},
                "cost": {"gpu_hours": 0.5, "euros": None},
                "artifact": "weights.pt",
            },
        ),
        ("resume", {"type": "result", "metrics": {"valid": 0.5, "seconds": 1.0}}),
        ("stdin", {"type": "result", "metrics": {"valid": 0.0, "seconds": 1.0}}),
        ("failed", {"type": "failure", "kind": "disk_full", "message": "no space left", "retryable": True}),
        ("bug", {"type": "failure", "kind": "KeyError", "message": "'layers'", "retryable": False}),
        ("memory", {"type": "failure", "kind": "MemoryError", "message": "12 GB", "retryable": True}),
        (
            "number",
            {
                "type": "failure",
                "kind": "TypeError",
                "message": "the evaluator returned float, expected a mapping from metrics to numbers",
                "retryable": False,
            },
        ),
    ],
)
def test_answers(worker, action, answer):
    conversation = worker("scripted.py")
    conversation.greet()
    conversation.evaluate(4, action)
    assert conversation.hear() == {**answer, "id": 4}
    # It is still there.
    conversation.evaluate(5, "plain")
    assert conversation.hear()["id"] == 5
    log = conversation.end()
    assert "printed by the function" in log
    assert ("Traceback" in log) == (answer["type"] == "failure")


def test_progress_and_cancel(worker):
    conversation = worker("scripted.py")
    conversation.greet()
    conversation.evaluate(1, "progress")
    assert conversation.hear() == {"type": "progress", "id": 1, "done": 0.5, "step": 1, "metrics": {"valid": 0.25}}
    assert conversation.hear() == {"type": "progress", "id": 1, "metrics": {"valid": None, "loss": 2.0}}
    assert conversation.hear()["type"] == "result"
    conversation.evaluate(2, "wait")
    assert conversation.hear()["type"] == "progress"
    conversation.say(type="cancel", id=2)
    while (message := conversation.hear())["type"] == "progress":
        pass
    assert (message["kind"], message["id"]) == ("cancelled", 2)
    # The training sees an exception, and can clean up.
    conversation.evaluate(3, "clean")
    conversation.say(type="cancel", id=3)
    message = conversation.hear()
    assert (message["type"], message["kind"], message["id"]) == ("failure", "cancelled", 3)
    conversation.say(type="shutdown")
    assert conversation.process.wait(30) == 0
    log = conversation.end()
    assert "cleaned up" in log and "evaluation 3 was cancelled" in log
    assert "Traceback" not in log


def test_a_training_goes_on_from_another(worker):
    conversation = worker("scripted.py")
    conversation.greet()
    conversation.evaluate(1, "resume", fidelity={"epochs": 6.0}, resume_from="runs/1/weights.pt")
    assert conversation.hear()["artifact"] == "runs/1/weights.pt"


def test_the_end_of_stdin_ends_a_training(worker):
    conversation = worker("scripted.py")
    conversation.greet()
    conversation.evaluate(1, "hang")
    time.sleep(0.2)
    conversation.end(timeout=5)


def test_the_example_goes_on_where_it_has_ended(worker, tmp_path):
    conversation = worker("../../examples/fidelities.py", environment={"STATES": str(tmp_path)})
    conversation.greet()

    def evaluate(evaluation_id, **further):
        conversation.evaluate(evaluation_id, "x", **further)
        steps = []
        while (message := conversation.hear())["type"] == "progress":
            steps.append(message["step"])
        return steps, message

    # The class of the architecture follows from the id in these tests, and is the same here.
    steps, short = evaluate(1, fidelity={"epochs": 3.0})
    assert steps == [1, 2, 3]
    resumed, long = evaluate(1, fidelity={"epochs": 9.0}, resume_from=short["artifact"])
    assert resumed == [4, 5, 6, 7, 8, 9]
    whole, afresh = evaluate(1, fidelity={"epochs": 9.0}, resume_from="gone")
    assert whole == list(range(1, 10))
    assert long["metrics"] == afresh["metrics"]


NOISE = [
    "printed by Python",
    "printed without an end ",
    "printed to the descriptor",
    "printed from C",
    "printed by a shell",
    "printed by a program",
    "printed by the function",
    "printed from C by the function",
]


def test_what_libraries_print_goes_to_the_log(worker):
    conversation = worker("noisy.py", environment={"GANAS_WORKER": "0"})
    assert conversation.greet()["type"] == "hello"
    conversation.evaluate(3, "x")
    assert conversation.hear()["metrics"] == {"valid": 0.5}
    # A process that ends by itself writes what C still holds back.
    conversation.say(type="shutdown")
    assert conversation.process.wait(30) == 0
    log = conversation.end()
    for line in NOISE:
        assert line in log


def test_what_is_printed_before_the_import_stays_where_it_was(worker):
    conversation = worker("noisy.py", "early", environment={"GANAS_WORKER": "0"})
    assert conversation.process.stdout.readline() == b"printed before the package is imported\n"
    assert conversation.greet()["type"] == "hello"


def test_a_program_that_ganas_has_not_started_prints_as_ever():
    script = "import ganas_worker, sys; print('here'); print('there', file=sys.stderr)"
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=True,
        text=True,
    )
    assert (run.stdout, run.stderr) == ("here\n", "there\n")


@pytest.mark.parametrize(
    ("bounds", "what"),
    [((0, float("inf")), "max is inf"), ((float("nan"), 1), "min is nan"), ((1, 0), "min is 1, above max")],
)
def test_bounds_that_bound_nothing(bounds, what):
    with pytest.raises(ValueError, match=what):
        Metric("valid", "validation", *bounds)


def test_a_metric_that_is_declared_twice():
    with pytest.raises(ValueError, match="each metric once"):
        evaluator(metrics=[Metric("valid", "validation"), Metric("valid", "test")])(lambda evaluation: {})


@pytest.mark.parametrize(
    ("fidelities", "what"),
    [
        ([{}], "fidelity 0 is empty"),
        ([{"epochs": float("nan")}], "fidelity 0: epochs is nan"),
        ([{"epochs": 3}, {"epochs": 3.0}], "fidelity 1 is .* declared already"),
    ],
)
def test_fidelities_that_are_none(fidelities, what):
    with pytest.raises(ValueError, match=what):
        evaluator(metrics=[Metric("valid", "validation")], fidelities=fidelities)(lambda evaluation: {})


def test_a_role_that_does_not_exist():
    with pytest.raises(ValueError, match="expected one of validation"):
        Metric("valid", "valid")


def test_the_function_is_still_a_function():
    @evaluator(metrics=[Metric("valid", "validation")])
    def double(evaluation: Evaluation):
        """Doubles."""
        return {"valid": evaluation.seed * 2}

    evaluation = Evaluation.from_json(json.loads(SCHEMA.read_text())["$defs"]["evaluate"]["examples"][0])
    assert double(evaluation) == {"valid": evaluation.seed * 2}
    assert (double.name, double.__doc__) == ("double", "Doubles.")
    assert evaluation.arch.edges == [(0, 1), (0, 2), (1, 2)]


def test_messages_follow_the_schema():
    jsonschema = pytest.importorskip("jsonschema", reason="skipped: jsonschema is not installed")
    schema = json.loads(SCHEMA.read_text())

    @evaluator(metrics=[Metric("valid", "validation", 0, 1)], fidelities=[{"epochs": 3}, {"epochs": 9}])
    def train(evaluation):
        return {"valid": 1}

    for message in [
        train.hello(),
        progress(1, None, None, {}),
        progress(1, 0.5, 3, {"valid": float("nan")}),
        result(1, {"valid": float("nan")}),
        result(1, Measured({"valid": 1}, {"hours": float("inf")}, "w.pt")),
        failure(1, KeyError("x")),
    ]:
        jsonschema.validate(message, schema)
