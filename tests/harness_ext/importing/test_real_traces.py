import json
from pathlib import Path

import pytest

from benchmarks.regrading import VERDICTS
from benchmarks.trace_verdicts import verdicts
from harness_ext.importing import import_runs


@pytest.mark.slow
def test_grades_of_real_responses_differ_where_a_verdict_says_so(real_data: Path, tmp_path: Path) -> None:
    imported = import_runs(sorted((real_data / "traces").glob("*/*.jsonl")), tmp_path)
    assert imported.format == "qwen-math"
    assert {
        (one.model, one.task, number) for one in imported.tasks for number in one.disagreements
    } == VERDICTS.keys()
    files = {(path.parent.name, path.stem): path for path in (real_data / "traces").glob("*/*.jsonl")}
    assert {(one.model, one.task) for one in imported.tasks} == files.keys()
    for one in imported.tasks:
        rows = [
            json.loads(line) for line in files[one.model, one.task].read_text(encoding="utf-8").splitlines()
        ]
        assert one.recorded_accuracy == pytest.approx(sum(row["score"][0] for row in rows) / len(rows))
        flips = [rows[number]["score"][0] for number in one.disagreements]
        assert one.accuracy == pytest.approx(
            one.recorded_accuracy + sum(-1 if was else 1 for was in flips) / len(rows)
        )


def test_verdicts_on_real_responses_are_those_of_the_documentation(real_data: Path) -> None:
    against_base, against_each_other = verdicts(real_data / "traces", recorded=False, margin=0.05)
    page = (Path(__file__).parents[3] / "docs/measurements/comparing.md").read_text(encoding="utf-8")
    for report, names in (
        (against_base, ("right traces − base", "wrong traces − base")),
        (against_each_other, ("right − wrong traces",) * 2),
    ):
        for one in report.comparisons:
            name = names["wrong" in one.run]
            first, second = (
                100 * next(cell.accuracy for cell in report.cells if (cell.run, cell.task) == (run, one.task))
                for run in (one.run, one.baseline)
            )
            assert (
                f"| {name} | {one.task.upper()} | {first:.1f}, {second:.1f} |"
                f" {100 * one.result.estimate:+.1f} [".replace("-", "−")
                in page
            )


def test_published_problems_are_those_of_our_task(
    real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STYLEREP_DATA", str(real_data / "benchmarks"))
    source = real_data / "traces/qwen2.5-14b-instruct/aime24.jsonl"
    imported = import_runs([source], tmp_path / "m", model="m", task="style_aime24")
    assert (imported.tasks[0].n, imported.tasks[0].matched_to, imported.notes) == (30, "style_aime24", [])
