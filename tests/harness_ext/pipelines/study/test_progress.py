"""A study says from its first seconds on what its cells do, and how long it will take."""

from pathlib import Path

import pytest

from harness_ext.pipelines.study import progress
from harness_ext.pipelines.study.cell_schedule import State, Working
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.engines import Elsewhere
from harness_ext.pipelines.study.progress import Progress
from harness_ext.pipelines.study.worker import log_file


class Estimate:
    def seconds(self, name: str) -> float:
        return 60.0

    def see(self, name: str, seconds: float) -> None:
        pass


def cell(name: str, kind: str) -> Cell:
    return Cell(name=name, kind=kind, command=("x",), output="", after=(), key=name, label="", arm="", gpus=0)


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], Progress, State, list[float]]:
    clock = [500.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: clock[0])
    lines: list[str] = []
    cells = [cell("evaluate hc", "evaluate"), cell("distill hc", "distill"), cell("evaluate nt", "evaluate")]
    state = State(cells, began=500.0)
    for one in cells[:2]:
        state.working[one.name] = Working(one, Elsewhere(tmp_path, one), 500.0)
    return lines, Progress(tmp_path, Estimate(), 2, lines.append), state, clock  # type: ignore[arg-type]


def test_what_cells_do_is_said_soon_and_then_every_half_minute(
    told: tuple[list[str], Progress, State, list[float]],
) -> None:
    lines, tell, state, clock = told
    at = []
    for _ in range(4 * 80):
        clock[0] += 0.25
        before = len(lines)
        tell(state, "")
        if len(lines) > before:
            at.append(clock[0] - 500)
    assert at == [3, 13, 43, 73]


def test_a_cell_that_has_written_nothing_starts(
    tmp_path: Path, told: tuple[list[str], Progress, State, list[float]]
) -> None:
    lines, tell, state, clock = told
    log = log_file(tmp_path, state.cells[1])
    log.parent.mkdir()
    clock[0] += 3
    tell(state, "")
    assert lines[-1] == (
        "0:03  evaluate hc: starting: loading lm_eval | distill hc: starting (0 of 3, about 1:27 left)"
    )
    log.write_text("\r 1%\r 50%|##\nstylerep: loading the model, 9 s passed\n")
    clock[0] += 10
    tell(state, "")
    assert "distill hc: loading the model, 9 s passed (0 of 3" in lines[-1]
