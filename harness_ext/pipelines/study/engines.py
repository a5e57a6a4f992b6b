"""Where cells run: processes of this machine, or jobs of a cluster through submitit."""

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Protocol

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.worker import STATE, in_hand, is_done, run_cell
from synth.errors import StylerepError
from synth.files.replace_file import write_text
from synth.processes.python_start import module_command, safe_environment

ENGINES = ("processes", "slurm", "submitit-local")


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

    def __init__(self, jobs: int) -> None:
        self._threads = max(1, (os.cpu_count() or 1) // jobs)

    def start(self, folder: Path, cell: Cell) -> Job:
        """Start a cell's worker in a process group of its own, so that it can be stopped with all it started."""
        _hand_over(folder, cell)
        environment = {"OMP_NUM_THREADS": str(self._threads), **safe_environment()}
        command = module_command("harness_ext.pipelines.study", str(folder), cell.slug)
        return _Process(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, start_new_session=True))


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


class Submitit:
    """Hands cells to submitit: jobs of Slurm, or, to try that out, processes that submitit starts here."""

    def __init__(self, cluster: str, folder: Path, options: Mapping[str, Any]) -> None:
        try:
            import submitit
        except ImportError as error:
            raise StylerepError('Cells run on a cluster through submitit, which is not installed: pip install "stylerep[cluster]"') from error
        try:
            self._executor = submitit.AutoExecutor(folder=folder / STATE / "jobs", cluster=cluster)
        except RuntimeError as error:
            raise StylerepError(f"--engine {cluster}: {error}") from error
        self._options = {"timeout_min": 24 * 60, **options}

    def start(self, folder: Path, cell: Cell) -> Job:
        """Submit a cell, with the GPUs that it asks for."""
        _hand_over(folder, cell)
        os.environ.update(safe_environment())  # jobs inherit the environment that they are handed in from
        try:
            self._executor.update_parameters(name=f"stylerep-{cell.slug}"[:60], gpus_per_node=cell.gpus, **self._options)
        except (NameError, TypeError, ValueError) as error:
            raise StylerepError(f"--engine-option: {error}") from error
        return _Submitted(self._executor.submit(_in_job, str(folder), asdict(cell)))


class _Submitted:
    def __init__(self, job: Any) -> None:
        self._job = job

    def poll(self) -> int | None:
        if not self._job.done():
            return None
        try:
            return int(self._job.result())
        except Exception:  # noqa: BLE001 (whatever ended the job, it left no result)
            return -9

    def stop(self) -> None:
        self._job.cancel()


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


def make_engine(name: str, folder: Path, jobs: int, options: Mapping[str, Any]) -> Engine:
    """Return the engine of a name; raise StylerepError for one that is not known or cannot run here."""
    if name not in ENGINES:
        raise StylerepError(f"--engine takes {', '.join(ENGINES)}; found {name!r}.")
    if name == "processes":
        if options:
            raise StylerepError("--engine-option is for clusters; processes take --jobs.")
        return Processes(jobs)
    return Submitit("slurm" if name == "slurm" else "local", folder, options)


def _in_job(folder: str, content: dict[str, Any]) -> int:
    return run_cell(Path(folder), Cell(**{**content, "command": tuple(content["command"]), "after": tuple(content["after"])}))


def _hand_over(folder: Path, cell: Cell) -> None:
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    write_text(folder / STATE / f"{cell.slug}.cell", json.dumps(asdict(cell)) + "\n")
