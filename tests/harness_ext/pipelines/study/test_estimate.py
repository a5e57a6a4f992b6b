"""How long a study will take."""

import random
from pathlib import Path

import pytest

from harness_ext.pipelines.study import estimate as module
from harness_ext.pipelines.study.cell_schedule import State, Working
from harness_ext.pipelines.study.cells import Cell, study_cells
from harness_ext.pipelines.study.engines import Elsewhere
from harness_ext.pipelines.study.estimate import TimeEstimate
from harness_ext.pipelines.study.file import Study, load_study
from harness_ext.pipelines.study.progress import seconds_left

STUDY = """
name: three
models: [smollm2-135m-instruct, gemma3-270m, qwen2.5-coder-0.5b-instruct]
problems: arith:train
n: 200
arms: [nt, sbs, hc, hc_w]
seeds: [0, 1, 2]
train: {epochs: 1}
evaluate: {model: style-hf, tasks: style_arith, limit: 200, max_gen_toks: 160}
margin: 0.05
"""
ARM = {"": 1.0, "base": 0.7, "nt": 0.5, "sbs": 1.0, "hc": 1.6, "hc_w": 1.7}
MODEL = {"": 1.0, "smollm2-135m-instruct": 1.0, "gemma3-270m": 2.5, "qwen2.5-coder-0.5b-instruct": 3.2}
KIND = {"data": 9.0, "model": 4.0, "distill": 210.0, "evaluate": 95.0}


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Study:
    monkeypatch.setattr(module, "matrix_rate", lambda: 3e11)
    (tmp_path / "three.yaml").write_text(STUDY)
    return load_study(tmp_path / "three.yaml")


def taken(cell: Cell, noise: random.Random) -> float:
    """How long a cell takes: by kind, model and arm, in no relation to the arithmetic, and a little noise."""
    return KIND[cell.kind] * MODEL[cell.label] * ARM[cell.arm] * noise.uniform(0.9, 1.1)


def test_once_each_kind_of_cell_has_been_seen_the_time_left_is_known_within_a_quarter(
    study: Study, tmp_path: Path
) -> None:
    noise, cells = random.Random(0), study_cells(study)
    seconds = {cell.name: taken(cell, noise) for cell in cells}
    estimate, seen = TimeEstimate(study, cells, tmp_path), set[tuple[str, str]]()
    kinds = {(cell.kind, cell.label) for cell in cells}
    order = sorted(cells, key=lambda cell: (cell.kind not in ("data", "model"), noise.random()))
    checked = 0
    for place, cell in enumerate(order[:-1]):
        estimate.see(cell.name, seconds[cell.name])
        seen.add((cell.kind, cell.label))
        if seen == kinds:
            left = [one.name for one in order[place + 1 :]]
            assert sum(map(estimate.seconds, left)) == pytest.approx(
                sum(seconds[one] for one in left), rel=0.25
            )
            checked += 1
    assert checked > 30


def test_a_model_not_seen_yet_is_judged_by_how_others_compare_with_their_arithmetic(
    study: Study, tmp_path: Path
) -> None:
    cells = study_cells(study)
    estimate = TimeEstimate(study, cells, tmp_path)
    one, other = "distill smollm2-135m-instruct hc 0", "distill gemma3-270m hc 0"
    guesses = estimate.seconds(one), estimate.seconds(other)
    estimate.see(one, 3 * guesses[0])
    assert estimate.seconds(one) == 3 * guesses[0]
    assert estimate.seconds(other) == pytest.approx(3 * guesses[1])
    assert estimate.seconds("evaluate gemma3-270m hc 0") < 3 * guesses[1]


def test_a_cell_that_is_overdue_is_not_expected_to_end_at_once(
    study: Study, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cells = study_cells(study)
    one, other = (cell for cell in cells if cell.name.endswith("smollm2-135m-instruct hc 0"))
    estimate = TimeEstimate(study, cells, tmp_path)
    estimate.see(one.name, 100.0)
    monkeypatch.setattr("time.monotonic", lambda: 1000.0)
    job = Elsewhere(tmp_path, one)
    state = State([one, other], before={other.name}, working={one.name: Working(one, job, 940.0)})
    assert seconds_left(state, estimate, 2) == 40
    state.working[one.name].began = 500.0
    assert seconds_left(state, estimate, 2) == 50
