"""Where cells run: what an engine does, and the processes of this machine."""

import json
import os
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.worker import STATE, in_hand, is_done
from synth.files.replace_file import write_text
from synth.processes.priority import POLITE, give_way
from synth.processes.python_start import module_command, safe_environment
from synth.processes.workers import processor_cores


class Job(Protocol):
    """A cell at work."""

    def poll(self) -> int | None:
        """Return the exit code; None while it works; below 0 if it was killed."""

    def stop(self) -> None:
        """End it."""


class Engine(Protocol):
    """Starts cells."""

    def start(self, folder: Path, cell: Cell) -> Job:
        """Start a cell's worker and return at once."""


class Processes:
    """Runs cells as processes of this machine, each with its share of the cores."""

    def __init__(self, jobs: int, nice: int = POLITE) -> None:
        """Take how many run at a time, and how far they give way to other work (`give_way`)."""
        self._threads, self._nice = max(1, processor_cores() // jobs), nice

    def start(self, folder: Path, cell: Cell) -> Job:
        """Start a cell's worker in a process group of its own, so that it can be stopped with all it
        started.
        """
        hand_over(folder, cell)
        environment = {"OMP_NUM_THREADS": str(self._threads), **safe_environment()}
        command = module_command("harness_ext.pipelines.study", str(folder), cell.slug)
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        give_way(process.pid, self._nice)
        return _Process(process)


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def poll(self) -> int | None:
        code = self._process.poll()
        return code if code is None or code <= 128 else 128 - code

    def stop(self) -> None:
        import signal

        try:
            os.killpg(self._process.pid, signal.SIGTERM)
        except ProcessLookupError:
            return
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()


class Elsewhere:
    """A cell that the worker of an earlier, killed command is still at."""

    def __init__(self, folder: Path, cell: Cell) -> None:
        self._folder, self._cell = folder, cell

    def poll(self) -> int | None:
        """Return None while its worker holds the lock; then, if it left no record, that it was killed."""
        if in_hand(self._folder, self._cell):
            return None
        return 0 if is_done(self._folder, self._cell) else -9

    def stop(self) -> None:
        """Leave it: it is not ours."""


def hand_over(folder: Path, cell: Cell) -> None:
    """Write down a cell where its worker finds it."""
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    write_text(folder / STATE / f"{cell.slug}.cell", json.dumps(asdict(cell)) + "\n")
