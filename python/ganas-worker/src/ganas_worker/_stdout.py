"""The real stdout, which is for messages only.

Training scripts print, and so do the libraries that they import, some of them from C. A worker of ganas therefore moves
its stdout aside as soon as this package is imported: what is printed from then on, by whatever means, goes to stderr, which
is the log of the worker. A process that ganas has not started is left as it is until it serves.
"""

from __future__ import annotations

import os
import sys
from typing import Optional

#: Set by ganas in the environment of the workers that it starts.
_STARTED_BY_GANAS = "GANAS_WORKER"

_aside: Optional[int] = None


def move_aside() -> int:
    """Lets file descriptor 1 lead to stderr; the descriptor of what it was. Does so once."""
    global _aside
    if _aside is None:
        # What was printed before belongs where it was printed to; ganas expects that before the hello.
        if sys.stdout is not None:
            sys.stdout.flush()
        # Not inherited: a process that outlives the worker must not hold its stdout open.
        _aside = os.dup(1)
        os.dup2(2, 1)
        sys.stdout = sys.stderr
    return _aside


def move_aside_in_worker() -> None:
    """Does so in a process that ganas has started."""
    if os.environ.get(_STARTED_BY_GANAS):
        move_aside()
