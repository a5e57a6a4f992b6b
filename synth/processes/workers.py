"""Does pieces of work on several processor cores, results in the order of the pieces:
the same ones as on a single core.
"""

import contextlib
import os
import sys
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from types import ModuleType, TracebackType
from typing import Any, TypeVar
from unittest.mock import patch

from synth.errors import StylerepError
from synth.privacy.secrets import SECRETS
from synth.processes.python_start import safe_starts

Piece = TypeVar("Piece")
Made = TypeVar("Made")
_AHEAD = 2
"""Pieces that wait for each process: few are held in memory at once."""
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS"), "1")
"""A process has one core: threads of matrix products beyond that would wait for each other."""


def processor_cores() -> int:
    """Return how many processor cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


class Workers:
    """Processes that are started when they are first needed, or none where *n* is below 2;
    a context manager that ends them.
    """

    def __init__(self, n: int = 0) -> None:
        self._n = n
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Workers":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None

    def each(self, work: Callable[[Piece], Made], pieces: Iterable[Piece]) -> Iterator[Made]:
        """Yield what *work*, a function of a module, makes of each piece, in their order.

        What it raises is raised here, for the first piece that it is raised for. Raises StylerepError where a
        process is ended from outside.
        """
        if self._n < 2:
            yield from map(work, pieces)
            return
        if self._pool is None:
            self._pool = ProcessPoolExecutor(self._n, get_context("spawn"), _know, (SECRETS.known,))
        waiting: deque[Future[Any]] = deque()
        try:
            for piece in pieces:
                with safe_starts(), patch.dict(os.environ, _ONE_THREAD), _without_program():
                    waiting.append(self._pool.submit(work, piece))
                if len(waiting) > _AHEAD * self._n:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        except BrokenProcessPool as error:
            raise StylerepError(
                "A process that did part of the work was ended from outside, as systems do where memory runs"
                " out."
            ) from error
        finally:
            for future in waiting:
                future.cancel()


def _know(secrets: dict[str, str]) -> None:
    """Let a new process mask what this one masks; a method of `SECRETS` would come there with a copy of
    it.
    """
    SECRETS.know_all(secrets)


@contextlib.contextmanager
def _without_program() -> Iterator[None]:
    """Start processes that do not run the user's program again,
    as they would where it does not ask ``if __name__ == "__main__"``.
    """
    program = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = program
