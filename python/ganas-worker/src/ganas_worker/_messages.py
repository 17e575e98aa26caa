"""What is said between ganas and a worker; docs/PROTOCOL.md of ganas says what it means."""

from __future__ import annotations

import math
import operator
import os
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Optional, Sequence, Union

PROTOCOL_VERSION = 1

DIRECTIONS = ("maximize", "minimize")
ROLES = ("validation", "test", "cost", "other")


@dataclass(frozen=True)
class Metric:
    """A metric that every evaluation returns."""

    name: str
    #: What it is measured on: ``validation``, ``test``, ``cost`` or ``other``.
    role: str
    #: The smallest and the largest value that is possible; ganas refuses others.
    min: Optional[float] = None
    max: Optional[float] = None
    #: ``maximize`` or ``minimize``; without one, ganas takes it from the name: an accuracy is to grow, a loss is not.
    direction: Optional[str] = None
    #: The unit of the values, for people.
    unit: Optional[str] = None
    #: The value that says that there is none, such as -1; an evaluation that needs it has failed.
    missing: Optional[float] = None

    def __post_init__(self) -> None:
        if self.role not in ROLES:
            raise ValueError(f"metric {self.name!r}: the role is {self.role!r}, expected one of {', '.join(ROLES)}")
        if self.direction is not None and self.direction not in DIRECTIONS:
            raise ValueError(
                f"metric {self.name!r}: the direction is {self.direction!r}, expected one of {', '.join(DIRECTIONS)}"
            )
        for name, bound in (("min", self.min), ("max", self.max)):
            if bound is not None and not math.isfinite(bound):
                raise ValueError(f"metric {self.name!r}: {name} is {bound}, expected a finite number, or None for no bound")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(f"metric {self.name!r}: min is {self.min}, above max, which is {self.max}")

    def to_json(self) -> dict[str, Any]:
        declared: dict[str, Any] = {"name": self.name, "role": self.role}
        optional = {
            "direction": self.direction,
            "unit": self.unit,
            "min": self.min,
            "max": self.max,
            "missing": self.missing,
        }
        declared.update({name: value for name, value in optional.items() if value is not None})
        return declared


def check_fidelities(fidelities: Sequence[Mapping[str, float]]) -> list[dict[str, float]]:
    """The fidelities that an evaluator declares, from the least thorough to the most."""
    checked = [{name: float(value) for name, value in fidelity.items()} for fidelity in fidelities]
    for at, fidelity in enumerate(checked):
        if not fidelity:
            raise ValueError(f"fidelity {at} is empty, expected at least one number, such as {{'epochs': 12}}")
        for name, value in fidelity.items():
            if not math.isfinite(value):
                raise ValueError(f"fidelity {at}: {name} is {value}, expected a finite number")
        if fidelity in checked[:at]:
            raise ValueError(f"fidelity {at} is {fidelity}, which is declared already; expected each of them once")
    return checked


@dataclass(frozen=True)
class Arch:
    """An architecture in three forms; read the one that you like."""

    #: The text form of the search space.
    text: str
    #: The class of architectures that compute the same function.
    key: str
    #: The label of each vertex, in topological order.
    labels: list[str]
    #: The edges, as pairs of vertices.
    edges: list[tuple[int, int]]
    #: The decisions that build the architecture in its space.
    choices: list[int]

    @staticmethod
    def from_json(arch: Mapping[str, Any]) -> Arch:
        return Arch(
            text=arch["text"],
            key=arch["key"],
            labels=list(arch["labels"]),
            edges=[(source, target) for source, target in arch["edges"]],
            choices=list(arch["choices"]),
        )


#: Is told how much is done, the step, and metrics.
Report = Callable[[Optional[float], Optional[int], Mapping[str, float]], None]


def _nothing(_done: Optional[float], _step: Optional[int], _metrics: Mapping[str, float]) -> None:
    """Progress that nobody is told."""


def _never() -> bool:
    return False


@dataclass(frozen=True)
class Evaluation:
    """One evaluation that is asked for."""

    arch: Arch
    #: How thorough it is to be; for example ``{"epochs": 12}``.
    fidelity: dict[str, float]
    #: The seed: the same for every attempt.
    seed: int
    #: How often it was attempted before.
    attempt: int
    #: After so many seconds it is cancelled.
    time_limit_s: float
    #: The artifact of a result of the same architecture and seed with a lower fidelity, from which the training may go on.
    resume_from: Optional[str] = None
    _report: Report = field(default=_nothing, repr=False)
    _cancelled: Callable[[], bool] = field(default=_never, repr=False)

    def progress(self, done: Optional[float] = None, *, step: Optional[int] = None, **metrics: float) -> None:
        """Tells how far the evaluation is, from 0 to 1, and metrics so far, after this step of the training.

        ganas shows it, and may cancel what is worse than others at the same step. Raises :class:`Cancelled` once the
        evaluation is not wanted any more, so that calling it once an epoch is enough to obey.
        """
        self.check_cancelled()
        self._report(done, step, metrics)

    def check_cancelled(self) -> None:
        """Raises :class:`Cancelled` once the evaluation is not wanted any more. Tells nothing, and costs nothing."""
        if self.cancelled:
            raise Cancelled

    @property
    def cancelled(self) -> bool:
        """Whether ganas has given the evaluation up."""
        return self._cancelled()

    @staticmethod
    def from_json(
        message: Mapping[str, Any],
        report: Report = _nothing,
        cancelled: Callable[[], bool] = _never,
    ) -> Evaluation:
        return Evaluation(
            arch=Arch.from_json(message["arch"]),
            fidelity=dict(message["fidelity"]),
            seed=message["seed"],
            attempt=message["attempt"],
            time_limit_s=message["time_limit_s"],
            resume_from=message.get("resume_from"),
            _report=report,
            _cancelled=cancelled,
        )


@dataclass(frozen=True)
class Measured:
    """A result with more than metrics."""

    metrics: Mapping[str, float]
    #: What the evaluation cost, for example ``{"gpu_hours": 1.5}``.
    cost: Mapping[str, float] = field(default_factory=dict)
    #: Where what was made lies, for example the weights; a later evaluation with a higher fidelity is told it as
    #: ``resume_from``.
    artifact: Union[str, os.PathLike[str], None] = None


class Failed(Exception):
    """Raise it to say that an architecture cannot be evaluated.

    ``retryable`` says whether another attempt may succeed: yes for a full disk, no for a network that diverges.
    """

    def __init__(self, kind: str, message: str, *, retryable: bool = False) -> None:
        super().__init__(kind, message)
        self.kind = kind
        self.message = message
        self.retryable = retryable

    def __reduce__(self) -> tuple[Any, ...]:
        return (_failed, (self.kind, self.message, self.retryable))


def _failed(kind: str, message: str, retryable: bool) -> Failed:
    return Failed(kind, message, retryable=retryable)


class Cancelled(Exception):
    """ganas does not want the evaluation any more: clean up, and let it pass."""


def number(value: Any) -> Optional[float]:
    """A number as JSON can hold it: NaN and infinities become null, which ganas reports as what they are."""
    value = float(value)
    return value if math.isfinite(value) else None


def progress(
    evaluation_id: int, done: Optional[float], step: Optional[int], metrics: Mapping[str, float]
) -> dict[str, Any]:
    """The message for how an evaluation is going."""
    message: dict[str, Any] = {"type": "progress", "id": evaluation_id}
    if done is not None:
        message["done"] = number(done)
    if step is not None:
        message["step"] = operator.index(step)
    message["metrics"] = {name: number(value) for name, value in metrics.items()}
    return message


def result(evaluation_id: int, returned: Any) -> dict[str, Any]:
    """The message for what a function returned."""
    measured = returned if isinstance(returned, Measured) else Measured(returned)
    if not isinstance(measured.metrics, Mapping):
        raise TypeError(f"the evaluator returned {type(returned).__name__}, expected a mapping from metrics to numbers")
    message: dict[str, Any] = {
        "type": "result",
        "id": evaluation_id,
        "metrics": {name: number(value) for name, value in measured.metrics.items()},
    }
    if measured.cost:
        message["cost"] = {name: number(value) for name, value in measured.cost.items()}
    if measured.artifact is not None:
        message["artifact"] = os.fspath(measured.artifact)
    return message


def failure(evaluation_id: int, error: BaseException) -> dict[str, Any]:
    """The message for what a function raised."""
    if isinstance(error, Failed):
        kind, text, retryable = error.kind, error.message, error.retryable
    elif isinstance(error, Cancelled):
        kind, text, retryable = "cancelled", "as asked", True
    else:
        kind, text, retryable = type(error).__name__, str(error), isinstance(error, (MemoryError, OSError))
    return {"type": "failure", "id": evaluation_id, "kind": kind, "message": text, "retryable": retryable}
