"""Has cells run as forks of one process that has the libraries loaded: `harness_ext.pipelines.study.warm`."""

import contextlib
import shutil
import subprocess
import sys
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import IO, cast

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.jobs import Job, code_of, stop_group
from synth.processes.priority import give_way
from synth.processes.python_start import module_command

LIBRARIES = (
    "distill.training.train",
    "harness_ext.backends.lm_eval.evaluation",
    "harness_ext.backends.lm_eval.models",
    "harness_ext.backends.lm_eval.style_hf_model",
    "harness_ext.cli",
    "harness_ext.cli.evaluating",
    "harness_ext.cli.training",
    "lm_eval.evaluator",
)
"""What is loaded for training and evaluation, and what that loads."""


def can_be_forked(cell: Cell) -> bool:
    """Say whether a cell needs the libraries, and may run in a fork of a process that has them: on Linux, and
    without a GPU, which forks cannot share.
    """
    return (
        cell.kind in ("distill", "evaluate")
        and not cell.gpus
        and "vllm" not in cell.command
        and sys.platform == "linux"
        and shutil.which("nvidia-smi") is None
    )


class WarmProcess:
    """A process that forks for each cell it is given."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        """Start it for the study in *folder*; it is ready once it has loaded the libraries."""
        self._process = subprocess.Popen(
            module_command("harness_ext.pipelines.study.warm", str(folder), *LIBRARIES),
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,
        )
        self._requests = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)
        self._jobs: dict[str, _Forked] = {}
        self._served = False
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    @property
    def alive(self) -> bool:
        """Whether it can be given cells."""
        return self._process.poll() is None

    @property
    def failed(self) -> bool:
        """Whether it has ended before it forked for any cell: a library cannot be loaded."""
        return not self.alive and not self._served

    def start(self, slug: str, nice: int) -> Job:
        """Have it fork for a cell."""
        job = self._jobs[slug] = _Forked(self, nice)
        try:
            self._requests.write(f"{slug}\n".encode())
            self._requests.flush()
        except BrokenPipeError:
            job.end(-9)
        return job

    def close(self) -> None:
        """End it; cells that it has forked for go on."""
        self._process.terminate()
        self._process.wait()
        with contextlib.suppress(BrokenPipeError):
            self._requests.close()
        self._listener.join()

    def _listen(self) -> None:
        """Hear which process each cell has, and how it ended."""
        with self._answers:
            for line in self._answers:
                self._served = True
                slug, process, *code = line.decode().split()
                job = self._jobs[slug]
                if code:
                    job.end(int(code[0]))
                else:
                    job.begin(int(process))
        for job in list(self._jobs.values()):
            job.lose()


class _Forked:
    """A cell at work in a fork."""

    def __init__(self, warm: WarmProcess, nice: int) -> None:
        self._warm, self._nice = warm, nice
        self._process: int | None = None
        self._code: int | None = None

    def begin(self, process: int) -> None:
        """Note the process that it has."""
        self._process = process
        give_way(process, self._nice)

    def end(self, code: int) -> None:
        """Note how it ended."""
        self._code = code

    def lose(self) -> None:
        """Note that nobody will tell how it ends: killed, for all that is known, unless its record says
        otherwise.
        """
        if self._code is None:
            self._code = -9

    def poll(self) -> int | None:
        return code_of(self._code)

    def stop(self) -> None:
        if self._code is not None:
            return
        if self._process is None:  # the libraries are still being loaded
            self._warm.close()
        else:
            stop_group(self._process, lambda: self._code is not None)
