"""The worker on a real local Ray cluster of two nodes."""

import time

import pytest

ray = pytest.importorskip("ray", reason="skipped: ray is not installed (pip install ray)")

from ray.cluster_utils import Cluster  # noqa: E402 - only where there is Ray


@pytest.fixture
def cluster():
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 2})
    second = cluster.add_node(num_cpus=2)
    cluster.wait_for_nodes()
    yield cluster, second
    cluster.shutdown()


def test_all_results_come_although_a_node_is_lost(cluster, worker):
    cluster, second = cluster
    conversation = worker("on_ray.py", cluster.address, "40")
    assert conversation.greet()["capacity"] == 40
    for evaluation_id in range(40):
        conversation.evaluate(evaluation_id, "0.2")
    answers = []
    while len(answers) < 40:
        answers.append(conversation.hear())
        if len(answers) == 20:
            cluster.remove_node(second, allow_graceful=False)
    assert [answer["type"] for answer in answers] == ["result"] * 40
    assert sorted(answer["id"] for answer in answers) == list(range(40))


def test_overhead_beyond_that_of_ray(cluster, worker):
    cluster, _ = cluster
    n = 40
    conversation = worker("on_ray.py", cluster.address, str(n))
    conversation.greet()

    def ours() -> float:
        start = time.perf_counter()
        for evaluation_id in range(n):
            conversation.evaluate(evaluation_id, "0.02")
        for _ in range(n):
            assert conversation.hear()["type"] == "result"
        return time.perf_counter() - start

    ours()  # Ray starts its processes.
    through_us = min(ours() for _ in range(3))

    ray.init(address=cluster.address)
    try:
        task = ray.remote(num_cpus=1)(lambda: time.sleep(0.02))

        def alone() -> float:
            start = time.perf_counter()
            ray.get([task.remote() for _ in range(n)])
            return time.perf_counter() - start

        alone()
        by_ray = min(alone() for _ in range(3))
    finally:
        ray.shutdown()
    overhead = (through_us - by_ray) / n
    print(f"overhead of an evaluation beyond Ray's own: {overhead * 1000:.1f} ms")
    assert overhead < 0.05


def test_a_cancelled_evaluation_is_answered(cluster, worker):
    cluster, _ = cluster
    conversation = worker("on_ray.py", cluster.address, "4")
    conversation.greet()
    conversation.evaluate(1, "600")
    time.sleep(1)
    conversation.say(type="cancel", id=1)
    answer = conversation.hear()
    assert (answer["type"], answer["id"]) == ("failure", 1)
    assert answer["retryable"]
