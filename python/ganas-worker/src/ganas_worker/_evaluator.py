"""The evaluator: a function that ganas can call."""

from __future__ import annotations

import sys
import traceback
from functools import partial, update_wrapper
from typing import Any, Callable, Mapping, Optional, Sequence, Union

from ganas_worker._channel import Channel
from ganas_worker._messages import (
    PROTOCOL_VERSION,
    Cancelled,
    Evaluation,
    Measured,
    Metric,
    check_fidelities,
    failure,
    progress,
    result,
)

Returned = Union[Mapping[str, float], Measured]


class Evaluator:
    """A function from an evaluation to metrics. It is still a function: calling it calls it."""

    def __init__(
        self,
        function: Callable[[Evaluation], Returned],
        metrics: Sequence[Metric],
        name: str,
        version: str,
        fidelities: Sequence[Mapping[str, float]] = (),
    ):
        self.function = function
        self.fidelities = check_fidelities(fidelities)
        self.metrics = list(metrics)
        self.name = name
        self.version = version
        if not self.metrics:
            raise ValueError("an evaluator declares at least one metric")
        names = [metric.name for metric in self.metrics]
        if len(set(names)) < len(names):
            raise ValueError(f"an evaluator declares each metric once, but these are {', '.join(names)}")
        update_wrapper(self, function)

    def __call__(self, evaluation: Evaluation) -> Returned:
        return self.function(evaluation)

    def hello(self, capacity: int = 1) -> dict[str, Any]:
        """What is answered to the greeting of ganas."""
        message: dict[str, Any] = {
            "type": "hello",
            "protocol": PROTOCOL_VERSION,
            "name": self.name,
            "version": self.version,
            "metrics": [metric.to_json() for metric in self.metrics],
            "capacity": capacity,
        }
        if self.fidelities:
            message["fidelities"] = self.fidelities
        return message

    def serve(self, channel: Optional[Channel] = None) -> None:
        """Evaluates what ganas asks for, one after another, until it asks for no more."""
        channel = channel or Channel()
        while (message := channel.messages.get()) is not None:
            if message["type"] == "hello":
                channel.send(self.hello())
            elif message["type"] == "evaluate":
                channel.send(self._answer(channel, message))

    def _answer(self, channel: Channel, message: Mapping[str, Any]) -> dict[str, Any]:
        evaluation_id = message["id"]

        def report(done: Optional[float], step: Optional[int], metrics: Mapping[str, float]) -> None:
            channel.send(progress(evaluation_id, done, step, metrics))

        evaluation = Evaluation.from_json(message, report, partial(channel.is_cancelled, evaluation_id))
        try:
            return result(evaluation_id, self.function(evaluation))
        except Cancelled as error:
            # Nothing is wrong with it, so there is no story to tell.
            print(f"evaluation {evaluation_id} was cancelled", file=sys.stderr)
            return failure(evaluation_id, error)
        except Exception as error:
            # The log of the worker has the whole story; the record has the last line.
            traceback.print_exc()
            return failure(evaluation_id, error)


def evaluator(
    *,
    metrics: Sequence[Metric],
    name: Optional[str] = None,
    version: str = "1",
    fidelities: Sequence[Mapping[str, float]] = (),
) -> Callable[[Callable[[Evaluation], Returned]], Evaluator]:
    """Makes a function an evaluator.

    Change ``version`` when the function measures something else: the runs of a study are told apart by it.
    ``fidelities`` are those that the function is made for, from the least thorough to the most, for example
    ``[{"epochs": 3}, {"epochs": 9}]``; a search that uses several takes them from here.
    """

    def wrap(function: Callable[[Evaluation], Returned]) -> Evaluator:
        return Evaluator(function, metrics, name or function.__name__, version, fidelities)

    return wrap
