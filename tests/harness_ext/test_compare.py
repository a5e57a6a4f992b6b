import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from harness_ext.compare import compare, report_json
from harness_ext.runs import load_run
from synth.errors import StylerepError

DATE = "2026-11-22T10-00-00.000001"


def write_run(folder: Path, right: Sequence[int], task: str = "style_arith", date: str = DATE, first: int = 0) -> Path:
    """Write a run folder as lm_eval does: one sample a line, items named by their number."""
    inside = folder / "model"
    inside.mkdir(parents=True, exist_ok=True)
    rows = [
        {"doc_id": i, "filter": "none", "metrics": ["acc"], "doc_hash": f"{first + i:064d}", "resps": [["x"]], "acc": float(value), "pivot_density": 2.0}
        for i, value in enumerate(right)
    ]
    (inside / f"samples_{task}_{date}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return folder


def test_pairs_items_whatever_their_order(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "base", [1, 0, 0, 1, 0, 0]), write_run(tmp_path / "hc", [1, 1, 1, 0, 0, 1])
    path = next(other.rglob("*.jsonl"))
    path.write_text("".join(reversed(path.read_text().splitlines(keepends=True))))
    (comparison,) = compare([base, other]).comparisons
    table = comparison.result.counts
    assert (table.both, table.first, table.second, table.neither) == (1, 3, 1, 1)
    assert comparison.result.difference == pytest.approx(2 / 6)
    assert comparison.signature.startswith("test:mcnemar-midp|n:6|b:3|c:1|")


def test_the_baseline_may_be_named(tmp_path: Path) -> None:
    runs = [write_run(tmp_path / name, [1, 0]) for name in ("a", "b", "c")]
    report = compare(runs, baseline=runs[1])
    assert [(item.run, item.baseline) for item in report.comparisons] == [("a", "b"), ("c", "b")]
    assert report.cells[0].run == "b"


def test_every_shared_task_is_compared_and_json_is_plain(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_run(tmp_path / name, [1, 0, 1])
        write_run(tmp_path / name, [0, 0, 1], task="style_gsm8k")
    report = compare([tmp_path / "a", tmp_path / "b"])
    content = json.loads(json.dumps(report_json(report)))
    assert [item["task"] for item in content["comparisons"]] == ["style_arith", "style_gsm8k"]
    assert content["cells"][0]["pivot_density"] == 2.0
    assert all(item["p_holm"] >= item["p_midp"] for item in content["comparisons"])


def test_the_newest_samples_of_a_task_count(tmp_path: Path) -> None:
    write_run(tmp_path / "a", [0, 0])
    write_run(tmp_path / "a", [1, 1], date="2026-11-23T10-00-00.000001")
    (items,) = load_run(tmp_path / "a").tasks.values()
    assert all(item.metrics["acc"] == 1 for item in items.values())


def test_different_items_are_refused_by_hash(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1, 0, 1]), write_run(tmp_path / "b", [1, 0, 1], first=2)
    with pytest.raises(StylerepError, match=r"2 of 3 items of .*b are missing from .*a .*000"):
        compare([base, other])


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("{cut", "line 3: this is not valid JSON"),
        ("{}", "line 3: expected a sample"),
        (json.dumps({"doc_hash": f"{1:064d}", "filter": "none", "acc": 1}), "a second time"),
    ],
)
def test_a_damaged_samples_file_is_named(tmp_path: Path, line: str, says: str) -> None:
    base, other = write_run(tmp_path / "a", [1, 0]), write_run(tmp_path / "b", [1, 0])
    with next(other.rglob("*.jsonl")).open("a") as file:
        file.write(line + "\n")
    with pytest.raises(StylerepError, match=says):
        compare([base, other])


def test_scores_that_are_not_right_or_wrong_are_refused(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1, 0]), write_run(tmp_path / "b", [1, 0])
    path = next(other.rglob("*.jsonl"))
    path.write_text(path.read_text().replace('"acc": 1.0', '"acc": 0.5'))
    with pytest.raises(StylerepError, match=r"acc must be 0 or 1, found 0\.5"):
        compare([base, other])


def test_one_run_or_no_common_task_is_refused(tmp_path: Path) -> None:
    base, other = write_run(tmp_path / "a", [1]), write_run(tmp_path / "b", [1], task="style_gsm8k")
    with pytest.raises(StylerepError, match="two different"):
        compare([base, base])
    with pytest.raises(StylerepError, match="share no task"):
        compare([base, other])
    with pytest.raises(StylerepError, match="2 runs lie in this folder"):
        compare([base, tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(StylerepError, match="no samples"):
        compare([base, tmp_path / "empty"])
    with pytest.raises(StylerepError, match="no such run folder"):
        compare([base, tmp_path / "nowhere"])
