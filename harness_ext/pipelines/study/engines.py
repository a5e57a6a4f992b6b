"""Where cells run: what an engine does, and the processes of this machine."""

import json
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Protocol

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.jobs import Job, code_of, stop_group
from harness_ext.pipelines.study.warm_process import WarmProcess, can_be_forked
from harness_ext.pipelines.study.worker import STATE, in_hand, is_done
from synth.files.replace_file import write_text
from synth.processes.priority import POLITE, give_way
from synth.processes.python_start import module_command, safe_environment
from synth.processes.workers import processor_cores


class Engine(Protocol):
    """Starts cells."""

    def start(self, folder: Path, cell: Cell) -> Job:
        """Start a cell's worker and return at once."""

    def close(self) -> None:
        """End what is kept ready for further cells."""


class Processes:
    """Runs cells as processes of this machine, each with its share of the cores."""

    def __init__(self, jobs: int, nice: int = POLITE) -> None:
        """Take how many run at a time, and how far they give way to other work (`give_way`)."""
        self._threads, self._nice = max(1, processor_cores() // jobs), nice
        self._warm: WarmProcess | None = None

    def start(self, folder: Path, cell: Cell) -> Job:
        """Start a cell's worker in a process group of its own, so that it can be stopped with all it
        started: where it can be, as a fork of a process that has the libraries loaded.
        """
        hand_over(folder, cell)
        environment = {"OMP_NUM_THREADS": str(self._threads), **safe_environment()}
        if can_be_forked(cell) and not (self._warm and self._warm.failed):
            if self._warm is None or not self._warm.alive:
                self._warm = WarmProcess(folder, environment)
            return self._warm.start(cell.slug, self._nice)
        command = module_command("harness_ext.pipelines.study", str(folder), cell.slug)
        process = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True)
        give_way(process.pid, self._nice)
        return _Process(process)

    def close(self) -> None:
        """End the process that has the libraries loaded; cells go on."""
        if self._warm is not None:
            self._warm.close()
            self._warm = None


class _Process:
    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def poll(self) -> int | None:
        return code_of(self._process.poll())

    def stop(self) -> None:
        stop_group(self._process.pid, lambda: self._process.poll() is not None)


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
