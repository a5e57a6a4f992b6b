"""Runs with several draws of each item: compared by items' means, with intervals that know of the draws."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from harness_ext.compare import compare, report_json
from harness_ext.compare.tables import report_notes, report_tables
from harness_ext.scoring.draws import scores_of_draws
from harness_ext.stats import mcnemar_midp, paired_counts, paired_t, share_interval, wilson_interval
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_scored

N = 40


def drawn(folder: Path, right: Sequence[Sequence[int]], **more: Sequence[object]) -> Path:
    """Write a run whose items have these draws, right or wrong, as `stylerep eval --repeats` scores them."""
    rows = [scores_of_draws([{"acc": float(one)} for one in draws], None) for draws in right]
    return write_scored(folder, **{name: [row[name] for row in rows] for name in rows[0]}, **more)


@pytest.fixture
def rights() -> tuple[list[list[int]], list[list[int]]]:
    rng = np.random.default_rng(5)
    ease = rng.random(N)
    return tuple((rng.random((N, 8)) < (ease + more)[:, None]).astype(int).tolist() for more in (0, 0.15))  # type: ignore[return-value]


def test_two_runs_are_compared_by_the_means_of_items(
    tmp_path: Path, rights: tuple[list[list[int]], list[list[int]]]
) -> None:
    base, other = (drawn(tmp_path / name, right) for name, right in zip(("base", "hc"), rights, strict=True))
    report = compare([base, other])
    one, two = (np.array(right).mean(axis=1) for right in rights)
    found, expected = report.comparisons[0].result, paired_t(two - one)
    assert (found.estimate, found.p) == (expected.estimate, expected.p)
    assert found.n == N
    assert "|draws:8:8|" in found.signature
    assert [cell.interval for cell in report.cells] == [share_interval(values, 8) for values in (one, two)]
    assert report_tables(report)[0].title == "sums, avg@8, n = 40, compared with base"
    assert any(note.startswith("avg@k is the mean over k draws") for note in report_notes(report))
    assert [cell["draws"] for cell in report_json(report)["cells"]] == [8, 8]
    assert report.notes == []


def test_a_run_of_one_draw_may_stand_beside_and_says_so(
    tmp_path: Path, rights: tuple[list[list[int]], list[list[int]]]
) -> None:
    base = write_scored(tmp_path / "base", acc=[float(draws[0]) for draws in rights[0]])
    report = compare([base, drawn(tmp_path / "hc", rights[1])])
    assert report.comparisons[0].result.n == N
    assert "|draws:8:1|" in report.comparisons[0].signature
    assert report.cells[0].interval == wilson_interval(sum(draws[0] for draws in rights[0]), N)
    (table,) = report_tables(report)[:1]
    assert table.title == "sums, one draw and avg@8, n = 40, compared with base"
    assert [row[0] for row in table.rows] == ["base", "hc (avg@8)"]
    assert "draws" not in report_json(report)["cells"][0]


def test_another_figure_is_a_metric_by_its_name(
    tmp_path: Path, rights: tuple[list[list[int]], list[list[int]]]
) -> None:
    base, other = (drawn(tmp_path / name, right) for name, right in zip(("base", "hc"), rights, strict=True))
    report = compare([base, other], metric="pass@8")
    one, two = (np.array(right).any(axis=1) for right in rights)
    assert report.comparisons[0].result.p == mcnemar_midp(paired_counts(two, one))
    assert report_tables(report)[0].title == "sums, accuracy is pass@8, n = 40, compared with base"
    assert report.cells[0].interval == wilson_interval(int(one.sum()), N)
    between = compare([base, other], metric="pass@2")
    assert between.comparisons[0].metric == "pass@2"
    with pytest.raises(StylerepError, match=r"--metric pass@3: no task .* there are acc, draws, pass@2"):
        compare([base, other], metric="pass@3")


def test_a_run_without_the_figure_is_refused_by_name(
    tmp_path: Path, rights: tuple[list[list[int]], list[list[int]]]
) -> None:
    base = write_scored(tmp_path / "base", acc=[float(draws[0]) for draws in rights[0]])
    with pytest.raises(StylerepError, match=r"base, sums: there is no metric 'pass@4'"):
        compare([base, drawn(tmp_path / "hc", rights[1])], metric="pass@4")
