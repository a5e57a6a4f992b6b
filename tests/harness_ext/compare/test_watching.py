"""Watching runs that are still being written."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from harness_ext.compare.watching import Watching, watch, watch_table
from harness_ext.runs.item_order import in_order, order_digest
from harness_ext.runs.scores_file import ScoresFile
from harness_ext.stats import Verdict, effect_of_sequence
from synth.errors import StylerepError
from tests.conftest import one_sentence
from tests.harness_ext.compare.runs import write_run
from tests.harness_ext.compare.test_settling import hashes, outcomes

N = 400
Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Growing:
    """A run whose scores are written down one by one."""

    def __init__(self, folder: Path, right: list[float], n: int = N) -> None:
        folder.mkdir()
        self.folder, self.order = folder, in_order(hashes(n))
        self.right = {item: value for (_, item), value in zip(hashes(n), right, strict=True)}
        self.values = [self.right[item] for _, item in self.order]
        self.done = 0
        header = {
            "order_seed": 0,
            "order_sha256": order_digest(self.order),
            "items": {"style_arith": n},
        }
        self.file = ScoresFile(folder, header)

    def grow(self, by: int) -> None:
        for _, item in self.order[self.done : self.done + by]:
            self.file.add("style_arith", "none", item, {"acc": self.right[item]})
        self.done = min(self.done + by, len(self.order))


def test_two_growing_runs_are_watched_until_they_are_settled(tmp_path: Path) -> None:
    base = Growing(tmp_path / "base", outcomes(0, 0.7))
    poor, same = Growing(tmp_path / "poor", outcomes(1, 0.2)), Growing(tmp_path / "same", outcomes(0, 0.7))
    watching = Watching([base.folder, poor.folder, same.folder], 0.1)
    waits: list[float] = []

    def wait(seconds: float) -> None:
        waits.append(seconds)
        base.grow(30)
        poor.grow(20)
        same.grow(40)

    looks = list(watch(watching, 5.0, wait))
    assert [[one.n for one in look] for look in looks[:2]] == [[20, 30], [40, 60]]
    assert {one.task: one.size for one in looks[0]} == {"style_arith": N}
    assert [one.verdict.value for one in looks[-1]] == ["different", "equivalent"]
    assert not any(one.open for one in looks[-1])
    assert set(waits) == {5.0}
    assert len(looks) < N / 30
    x = [one - two for one, two in zip(poor.values[:40], base.values[:40], strict=True)]
    interval = effect_of_sequence(x, 0.1, N).result().interval
    assert interval is not None
    assert (looks[1][0].low, looks[1][0].high) == pytest.approx((interval.low, interval.high), abs=5e-4)
    table = watch_table(looks[0], base.folder, 0.1)
    assert table.rows[0][2:4] == ("20 of 400", "5 %")
    assert "margin 10 points" in table.title


def test_a_finished_baseline_needs_no_file_of_scores_and_an_end_ends_watching(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", outcomes(0, 0.7))
    run = Growing(tmp_path / "hc", outcomes(2, 0.68))
    run.grow(50)
    watching = Watching([base, run.folder], 0.02, about="many")
    (first,) = watching.look()
    assert (first.n, first.size, first.verdict) == (50, N, Verdict.INCONCLUSIVE)
    assert first.open
    assert not watching.finished

    def wait(_: float) -> None:
        run.grow(N)
        write_run(run.folder, list(run.right.values()))

    looks = list(watch(watching, 1.0, wait))
    assert [look[0].n for look in looks] == [50, N]
    assert looks[-1][0].verdict is Verdict.INCONCLUSIVE


def test_what_cannot_be_watched_is_said(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", outcomes(0, 0.7))
    with pytest.raises(StylerepError, match="needs two different run folders"):
        Watching([base, base])
    started = tmp_path / "started"
    started.mkdir()
    assert Watching([base, started]).look() == []
    (started / "responses.jsonl").write_text("")
    with pytest.raises(StylerepError, match=r"keeps no scores as they come.*--in-order"):
        Watching([base, started]).look()
    fewer = Growing(tmp_path / "fewer", outcomes(1, 0.5, 100), 100)
    fewer.grow(10)
    with pytest.raises(StylerepError, match=r"ask other items of style_arith \(100 and 400\)"):
        Watching([base, fewer.folder]).look()
    with pytest.raises(StylerepError, match="of another seed, 0"):
        Watching([base, fewer.folder], seed=1).look()
    with pytest.raises(StylerepError, match="margin"):
        Watching([base, fewer.folder], margin=2)


def test_the_command_prints_tables_and_refuses_what_needs_finished_runs(
    stylerep_here: Run, tmp_path: Path
) -> None:
    base = write_run(tmp_path / "base", outcomes(0, 0.7))
    run = Growing(tmp_path / "hc", outcomes(1, 0.2))
    run.grow(120)
    found = stylerep_here("compare", "--watch", run.folder, "--baseline", base, "--margin", 0.1)
    assert found.returncode == 0, found.stderr
    assert "120 of 400" in found.stdout
    assert "different" in found.stdout
    refused = stylerep_here("compare", "--watch", base, run.folder, "--json", tmp_path / "x.json")
    assert "--json goes with finished runs" in one_sentence(refused)
    refused = stylerep_here("compare", base, run.folder, "--every", 2)
    assert "--every goes with --watch" in one_sentence(refused)
    refused = stylerep_here("compare", "--watch", base, run.folder, "--about", "all")
    assert "--about is set or many" in one_sentence(refused)
    refused = stylerep_here("compare", "--watch", base, run.folder, "--baseline", "base_arm")
    assert "it is a run folder" in one_sentence(refused)
