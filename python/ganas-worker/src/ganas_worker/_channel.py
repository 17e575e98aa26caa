"""Lines to and from ganas."""

from __future__ import annotations

import json
import os
import queue
import threading
from typing import Any, Mapping, Optional

from ganas_worker._stdout import move_aside


class Channel:
    """The lines of stdin and stdout.

    From its making on at the latest, what the program prints goes to stderr: only messages may go to stdout, and training
    scripts print. Its stdin is empty from then on, for it and for what it starts. Lines are read on a thread of their own, so that ``cancel`` is heard in the middle of a training, and so that
    the process ends when ganas does, whatever it is at.
    """

    def __init__(self, stdin: int = 0, stdout: int = 1) -> None:
        self._in = os.fdopen(os.dup(stdin), "rb")
        if stdin == 0:
            # What the program starts inherits the descriptor, and must not read what is meant for it.
            nothing = os.open(os.devnull, os.O_RDONLY)
            os.dup2(nothing, 0)
            os.close(nothing)
        self._out = os.fdopen(os.dup(move_aside() if stdout == 1 else stdout), "wb", buffering=0)
        self._lock = threading.Lock()
        self._cancelled: set[int] = set()
        #: Messages but ``cancel``; None is the end.
        self.messages: queue.SimpleQueue[Optional[dict[str, Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._read, name="ganas-reader", daemon=True).start()

    def send(self, message: Mapping[str, Any]) -> None:
        """Sends a message."""
        line = json.dumps(message, allow_nan=False, separators=(",", ":")).encode() + b"\n"
        with self._lock:
            rest = memoryview(line)
            while rest:
                # A raw write may take a part only.
                rest = rest[self._out.write(rest) :]

    def is_cancelled(self, evaluation_id: int) -> bool:
        """Whether an evaluation was cancelled."""
        return evaluation_id in self._cancelled

    def _read(self) -> None:
        for line in self._in:
            message = json.loads(line)
            kind = message.get("type")
            if kind == "cancel":
                self._cancelled.add(message["id"])
            elif kind == "shutdown":
                self.messages.put(None)
                return
            else:
                self.messages.put(message)
        # ganas is gone, and nobody waits for what is being trained: end at once, whatever the main thread is at.
        os._exit(0)
