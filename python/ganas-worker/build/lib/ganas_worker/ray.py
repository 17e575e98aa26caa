"""Evaluates on a Ray cluster, an existing one or a local one.

    from ganas_worker.ray import serve
    serve(train, capacity=40, num_cpus=4, num_gpus=1)

One process speaks to ganas and has up to ``capacity`` evaluations on the cluster. Ray places them by their resources,
and starts an evaluation again elsewhere when its node is lost. Results are sent as they finish; what does not fit on the
cluster waits in ganas, or, up to ``capacity``, in Ray's queue.
"""

from __future__ import annotations

import queue
import sys
from typing import Any, Mapping, Optional

import ray
import ray.cloudpickle

import ganas_worker
from ganas_worker._channel import Channel
from ganas_worker._evaluator import Evaluator
from ganas_worker._messages import Evaluation, failure, result

#: How often the cluster is looked at when there is nothing to hear, in seconds.
_POLL_S = 0.005


def serve(
    evaluator: Evaluator,
    *,
    capacity: int = 8,
    address: Optional[str] = "auto",
    max_retries: int = 3,
    channel: Optional[Channel] = None,
    **options: Any,
) -> None:
    """Evaluates what ganas asks for on the cluster at ``address``, until it asks for no more.

    ``address`` is that of ``ray.init``: ``"auto"`` is the cluster of this node, None starts a local one. A Ray that is
    initialised already is used as it is. ``max_retries`` counts lost nodes and processes, not exceptions of the
    function, which ganas sees. ``options`` are those of a Ray task: ``num_cpus``, ``num_gpus``, ``memory``,
    ``resources``, ``scheduling_strategy``. ``progress`` of an evaluation is not told.
    """
    # First of all, before Ray prints anything.
    channel = channel or Channel()
    if not ray.is_initialized():
        ray.init(address=address, log_to_driver=True)
    # So that the nodes of a cluster need not have this package.
    ray.cloudpickle.register_pickle_by_value(ganas_worker)
    task = ray.remote(_evaluate).options(max_retries=max_retries, **options)
    function = ray.put(evaluator.function)
    running: dict[Any, int] = {}
    cancelled: set[int] = set()
    open_ = True
    while open_:
        if not running:
            open_ = _take(channel, evaluator, capacity, task, function, running, channel.messages.get())
        # As many as there are: one hop through this loop must not cost each of them its own poll.
        while open_:
            try:
                message = channel.messages.get_nowait()
            except queue.Empty:
                break
            open_ = _take(channel, evaluator, capacity, task, function, running, message)
        if running:
            ready, _ = ray.wait(list(running), num_returns=len(running), timeout=0)
            if not ready:
                ready, _ = ray.wait(list(running), num_returns=1, timeout=_POLL_S)
            for reference in ready:
                channel.send(_outcome(running.pop(reference), reference))
            for reference, evaluation_id in running.items():
                if channel.is_cancelled(evaluation_id) and evaluation_id not in cancelled:
                    cancelled.add(evaluation_id)
                    ray.cancel(reference, force=True)
    for reference in running:
        ray.cancel(reference, force=True)


def _take(
    channel: Channel,
    evaluator: Evaluator,
    capacity: int,
    task: Any,
    function: Any,
    running: dict[Any, int],
    message: Optional[Mapping[str, Any]],
) -> bool:
    """Acts on a message; whether there will be more."""
    if message is None:
        return False
    if message["type"] == "hello":
        channel.send(evaluator.hello(capacity))
    elif message["type"] == "evaluate":
        running[task.remote(function, message)] = message["id"]
    return True


def _evaluate(function: Any, message: Mapping[str, Any]) -> dict[str, Any]:
    """The task on the cluster. An exception of the function is an answer: Ray repeats lost nodes only."""
    try:
        return result(message["id"], function(Evaluation.from_json(message)))
    except Exception as error:  # noqa: BLE001 - whatever the user's function raises
        return failure(message["id"], error)


def _outcome(evaluation_id: int, reference: Any) -> dict[str, Any]:
    try:
        return ray.get(reference)
    except (ray.exceptions.TaskCancelledError, ray.exceptions.WorkerCrashedError) as error:
        print(f"evaluation {evaluation_id}: {error}", file=sys.stderr)
        kind, text = type(error).__name__, "the task was cancelled, or its process ended, on the cluster"
    except ray.exceptions.RayError as error:
        print(f"evaluation {evaluation_id}: {error}", file=sys.stderr)
        # The text of Ray's errors names nodes and processes, which the record of a search must not depend on.
        kind, text = type(error).__name__, "Ray gave the evaluation up; the log of the worker says why"
    return {"type": "failure", "id": evaluation_id, "kind": kind, "message": text, "retryable": True}
