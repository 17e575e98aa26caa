"""A worker process, spoken to as ganas does."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Callable, Iterator, Optional

import pytest

SOURCE = Path(__file__).parent.parent / "src"
WORKERS = Path(__file__).parent / "workers"


class Conversation:
    """Both ends of a worker's lines."""

    def __init__(self, script: str, *arguments: str, environment: Optional[dict[str, str]] = None) -> None:
        command = [sys.executable, str(WORKERS / script), *arguments]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"PYTHONPATH": str(SOURCE), "PATH": "/usr/bin:/bin", **(environment or {})},
        )

    def say(self, **message: Any) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(message).encode() + b"\n")
        self.process.stdin.flush()

    def evaluate(self, evaluation_id: int, text: str, **further: Any) -> None:
        arch = {"text": text, "key": f"{evaluation_id:032x}", "labels": ["input", "output"], "edges": [[0, 1]], "choices": [1]}
        plain = {"fidelity": {"epochs": 2.0}, "seed": 7, "attempt": 0, "time_limit_s": 60.0}
        self.say(type="evaluate", id=evaluation_id, arch=arch, **{**plain, **further})

    def hear(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, self.end()
        return json.loads(line)

    def greet(self) -> dict[str, Any]:
        self.say(type="hello", protocol=1, ganas="0.1.0", space="toy", worker=0)
        return self.hear()

    def end(self, timeout: Optional[float] = 30) -> str:
        """Closes the worker's stdin, and waits for it; what it said to stderr."""
        assert self.process.stdin is not None and self.process.stderr is not None
        self.process.stdin.close()
        self.process.wait(timeout)
        return self.process.stderr.read().decode()


@pytest.fixture
def worker() -> Iterator[Callable[..., Conversation]]:
    started: list[Conversation] = []

    def start(script: str, *arguments: str, environment: Optional[dict[str, str]] = None) -> Conversation:
        started.append(Conversation(script, *arguments, environment=environment))
        return started[-1]

    yield start
    for conversation in started:
        conversation.process.kill()
        conversation.process.wait()
