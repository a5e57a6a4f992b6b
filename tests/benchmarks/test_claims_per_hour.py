"""Claims settled an hour, replayed from a study that was run."""

from pathlib import Path

import pytest
import yaml

from benchmarks.statistics.claims_per_hour import claims_per_hour, of_one_seed, played, stopping
from benchmarks.statistics.replaying import replay
from harness_ext.pipelines.study.cells import study_cells
from harness_ext.pipelines.study.file import Study, load_study
from tests.harness_ext.pipelines.study.finished_cells import finish

ITEMS, MODEL = 400, "smollm2-135m-instruct"
RIGHT = {"base": 40, "nt": 80, "hc": 300}


@pytest.fixture
def run(tmp_path: Path) -> tuple[Study, Path, Path]:
    """A study of two seeds whose first was run whole: its file and its folder."""
    content = {
        "name": "small",
        "models": [MODEL],
        "problems": "arith:train",
        "n": 8,
        "arms": ["nt", "hc"],
        "seeds": [0, 1],
        "train": {},
        "evaluate": {"model": "style-hf", "tasks": "style_arith", "limit": ITEMS},
        "margin": 0.05,
        "claims": [
            {"better": ["hc", "nt"]},
            {"better": ["hc", "base"]},
            {"name": "everywhere", "better": ["hc", "base"], "across": "families"},
        ],
    }
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    study, folder = load_study(file), tmp_path / "small"
    right = {(MODEL, arm): [1.0] * n + [0.0] * (ITEMS - n) for arm, n in RIGHT.items()}
    for cell in study_cells(study):
        if not cell.name.endswith(" 1"):
            finish(folder, cell, right, 100.0)
    return study, file, folder


def test_runs_that_stop_settle_the_same_claims_in_less_time(
    run: tuple[Study, Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    study, file, folder = run
    assert of_one_seed(study, folder, 1) is None
    part = of_one_seed(study, folder, 0)
    assert part is not None
    fixed = played(part, folder, tmp_path / "fixed")
    watched = played(stopping(part), folder, tmp_path / "watched")
    assert [steps[-1].settled for steps in (fixed, watched)] == [2, 2]
    assert len(fixed) == len(watched) == 7
    asked = {step.cell.arm: step.items for step in watched if step.cell.kind == "evaluate"}
    assert asked["base"] == asked["hc"] == ITEMS  # nt is compared with hc
    assert asked["nt"] <= 100
    saved = 100 * (1 - asked["nt"] / ITEMS)
    assert fixed[-1].seconds - watched[-1].seconds == pytest.approx(saved)
    assert sum(step.items for step in fixed) == 3 * ITEMS
    page = tmp_path / "page.md"
    page.write_text("<!-- claims-small --><!-- /claims-small -->", encoding="utf-8")
    claims_per_hour(file, folder, write=page)
    text = page.read_text(encoding="utf-8")
    assert "| 0 | fixed | 7 | 1,200 | 300 | 700 | 2 | 2 | 10.3 | 1.00 | 24.0 | 1.00 |" in text
    assert "claims-per-hour small.yaml small`" in text
    assert str(tmp_path) not in text + capsys.readouterr().out


def test_all_pairs_of_a_study_are_replayed(run: tuple[Study, Path, Path]) -> None:
    found = replay([run[2]], 5, 0)
    assert [(one.first, one.second) for one in found] == [
        ("base", "hc-0"),
        ("base", "nt-0"),
        ("hc-0", "nt-0"),
    ]
    assert [round(ITEMS * one.difference) for one in found] == [-260, -40, 220]
    assert all(one.of_set.agree == one.of_set.early == 5 for one in found)
    assert found[0].of_many.used < found[1].of_many.used < 1
