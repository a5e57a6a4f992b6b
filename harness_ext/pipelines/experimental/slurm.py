"""Experimental: cells of a study as jobs of a cluster, through submitit. Tested with jobs that submitit
starts here, never on Slurm itself.
"""

import os
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.engines import hand_over
from harness_ext.pipelines.study.jobs import Job
from harness_ext.pipelines.study.worker import STATE, run_cell
from synth.errors import StylerepError
from synth.processes.python_start import safe_environment


class Submitit:
    """Hands cells to submitit: jobs of Slurm, or, to try that out, processes that submitit starts here."""

    def __init__(self, cluster: str, folder: Path, options: Mapping[str, Any]) -> None:
        try:
            import submitit
        except ImportError as error:
            raise StylerepError(
                "Cells run on a cluster through submitit, which is not installed: pip install"
                ' "stylerep[cluster]"'
            ) from error
        try:
            self._executor = submitit.AutoExecutor(folder=folder / STATE / "jobs", cluster=cluster)
        except RuntimeError as error:
            raise StylerepError(f"--engine {cluster}: {error}") from error
        self._options = {"timeout_min": 24 * 60, **options}

    def start(self, folder: Path, cell: Cell) -> Job:
        """Submit a cell, with the GPUs that it asks for."""
        hand_over(folder, cell)
        os.environ.update(safe_environment())  # jobs inherit the environment that they are handed in from
        try:
            self._executor.update_parameters(
                name=f"stylerep-{cell.slug}"[:60], gpus_per_node=cell.gpus, **self._options
            )
        except (NameError, TypeError, ValueError) as error:
            raise StylerepError(f"--engine-option: {error}") from error
        return _Submitted(self._executor.submit(_in_job, str(folder), asdict(cell)))

    def close(self) -> None:
        """Keep nothing ready."""


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


def _in_job(folder: str, content: dict[str, Any]) -> int:
    return run_cell(
        Path(folder),
        Cell(**{**content, "command": tuple(content["command"]), "after": tuple(content["after"])}),
    )
