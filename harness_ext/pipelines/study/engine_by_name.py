"""Finds the engine that a study runs with, by its name."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harness_ext.pipelines.study.engines import Engine, Processes
from synth.errors import StylerepError
from synth.processes.priority import POLITE
from synth.schema import shown

ENGINES = ("processes", "slurm", "submitit-local")


def check_engine(name: str) -> None:
    """Raise StylerepError for the name of no engine."""
    if name not in ENGINES:
        raise StylerepError(f"--engine takes {', '.join(ENGINES)}; found {shown(name)}.")


def make_engine(name: str, folder: Path, jobs: int, options: Mapping[str, Any], nice: int = POLITE) -> Engine:
    """Return the engine of a name; raise StylerepError for one that is not known or cannot run here."""
    check_engine(name)
    if name == "processes":
        if options:
            raise StylerepError("--engine-option is for clusters; processes take --jobs.")
        return Processes(jobs, nice)
    from harness_ext.pipelines.experimental.slurm import Submitit

    return Submitit("slurm" if name == "slurm" else "local", folder, options)
