"""An engine that makes up what cells write: of evaluations, runs with the outcomes asked for."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.jobs import Job
from harness_ext.pipelines.study.worker import STATE
from tests.harness_ext.compare.runs import write_run


@dataclass
class MadeUp:
    """Ends every cell at once; `started` are their names. `right` are outcomes by model and arm, `seconds`
    what cells are recorded to have taken by kind and arm, and `fails` ends with an error. It's interrupted
    after `most` cells.
    """

    right: Mapping[tuple[str, str], Sequence[float]]
    seconds: Mapping[tuple[str, str], float] = field(default_factory=dict)
    fails: str = ""
    most: int = 1000
    started: list[str] = field(default_factory=list)

    def start(self, folder: Path, cell: Cell) -> Job:
        if len(self.started) == self.most:
            raise KeyboardInterrupt
        self.started.append(cell.name)
        if cell.name != self.fails:
            finish(folder, cell, self.right, self.seconds.get((cell.kind, cell.arm), 10.0))
        return Ended(int(cell.name == self.fails))

    def close(self) -> None:
        """Nothing is kept ready."""


@dataclass
class Ended:
    """A job that has ended."""

    code: int

    def poll(self) -> int:
        return self.code

    def stop(self) -> None:
        """It isn't at work."""


def finish(
    folder: Path, cell: Cell, right: Mapping[tuple[str, str], Sequence[float]], seconds: float
) -> None:
    """Write what a cell would, and that it is done."""
    if cell.kind == "evaluate":
        run = (folder / cell.output).parent
        seed = None if cell.arm == "base" else 0
        outcomes = right[cell.label, cell.arm]
        write_run(run, outcomes, arm=cell.arm, base_model=cell.label, family=cell.label, seed=seed)
    elif cell.output:
        (folder / cell.output).parent.mkdir(parents=True, exist_ok=True)
        (folder / cell.output).write_text("{}\n", encoding="utf-8")
    (folder / STATE).mkdir(parents=True, exist_ok=True)
    record = {"key": cell.key, "seconds": seconds}
    (folder / STATE / f"{cell.slug}.json").write_text(json.dumps(record), encoding="utf-8")
