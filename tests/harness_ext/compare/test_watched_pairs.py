"""Runs that stopped early: compared by their sequence, and refused where a fixed number is needed."""

import json
from pathlib import Path

import numpy as np
import pytest

from harness_ext.compare import compare, report_json
from harness_ext.compare.hypotheses_file import load_claims
from harness_ext.pages.leaderboard import leaderboard
from harness_ext.runs.item_order import in_order
from harness_ext.stats import Verdict, effect_of_sequence
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run
from tests.harness_ext.compare.test_settling import hashes, outcomes, stopping

N = 300


def stopped(folder: Path, right: list[float], used: int, **manifest: object) -> Path:
    """Write a run of the first items of their order."""
    places = sorted(int(item) for _, item in in_order(hashes(N))[:used])
    whole = write_run(
        folder,
        right,
        **{"stopping": {"style_arith": stopping(used, N)}, "arm": folder.name, "base_model": "m", **manifest},
    )
    path = next(whole.rglob("samples_*.jsonl"))
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join(lines[place] for place in places))
    return whole


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_run(tmp_path / "base", outcomes(0, 0.7, N), arm="base", base_model="m")


@pytest.mark.parametrize("about", ["set", "many"])
def test_a_sequence_takes_the_place_of_the_tests_for_a_fixed_number(
    tmp_path: Path, base: Path, about: str
) -> None:
    right = outcomes(1, 0.2, N)
    run = stopped(tmp_path / "hc", right, 90, stopping={"style_arith": stopping(90, N, about=about)})
    report = compare([base, run], margin=0.1)
    (one,) = report.comparisons
    x = [right[int(item)] - outcomes(0, 0.7, N)[int(item)] for _, item in in_order(hashes(N))[:90]]
    effect = effect_of_sequence(x, 0.1, N if about == "set" else None)
    assert one.result.method == "confidence-sequence-betting"
    assert one.result.interval == effect.result().interval
    assert one.result.p == effect.p
    assert one.verdict is Verdict.DIFFERENT
    assert (one.beside, one.settlement, one.style) == ((), None, ())
    assert report.cells[0].interval is not None
    assert report.cells[1].interval is None
    (note,) = [note for note in report.notes if "stopped early" in note]
    assert "after 90 of 300 items: its outcomes decided how many items it has" in note
    json.dumps(report_json(report))
    assert "confidence-sequence-betting" in str(report)


def test_items_that_are_not_the_first_of_the_order_are_refused(tmp_path: Path, base: Path) -> None:
    run = write_run(
        tmp_path / "hc",
        outcomes(1, 0.2, 90),
        arm="hc",
        base_model="m",
        stopping={"style_arith": stopping(90, N)},
    )
    with pytest.raises(StylerepError, match="aren't the first ones of the order"):
        compare([base, run])


def test_two_that_stopped_are_compared_on_what_both_asked(tmp_path: Path) -> None:
    one, two = (
        stopped(tmp_path / "a", outcomes(1, 0.2, N), 120),
        stopped(tmp_path / "b", outcomes(2, 0.8, N), 80),
    )
    (comparison,) = compare([one, two]).comparisons
    assert comparison.result.n == 80
    assert comparison.verdict is Verdict.DIFFERENT
    other = stopped(
        tmp_path / "c",
        outcomes(1, 0.2, N),
        80,
        stopping={"style_arith": stopping(80, N, order_seed=1)},
    )
    with pytest.raises(StylerepError, match="in different orders or sets of items"):
        compare([one, other])


def test_seeds_tasks_together_styles_and_boards_are_refused(tmp_path: Path, base: Path) -> None:
    right = outcomes(1, 0.2, N)
    run = stopped(tmp_path / "hc", right, 90, seed=0)
    second = write_run(tmp_path / "hc1", right, arm="hc", base_model="m", seed=1)
    with pytest.raises(StylerepError, match="one of several seeds can't be"):
        compare([base, run, second])
    with pytest.raises(StylerepError, match="tasks can't be taken together"):
        compare([base, run], by="family,arm")
    claims = tmp_path / "claims.yaml"
    claims.write_text(
        "task: style_arith\nclaims:\n- {style_equivalent: [hc, base], style: [pivot_density]}\n"
    )
    with pytest.raises(StylerepError, match="there is no test of style for that"):
        compare([base, run], claims=load_claims(claims))
    with pytest.raises(StylerepError, match="stopped early on style_arith, and has no place on a board"):
        leaderboard([run], tmp_path / "board")


def test_claims_about_accuracy_are_judged_by_the_sequence(tmp_path: Path, base: Path) -> None:
    run = stopped(tmp_path / "hc", outcomes(1, 0.2, N), 90)
    claims = tmp_path / "claims.yaml"
    claims.write_text(
        "task: style_arith\nmargin: 0.1\nclaims:\n- {better: [base, hc]}\n- {equivalent: [base, hc]}\n"
    )
    judgement = compare([base, run], claims=load_claims(claims)).judgement
    assert judgement is not None
    assert [one.outcome.value for one in judgement.results] == ["met", "not met"]
    assert all("confidence-sequence" in one.findings[0].signature for one in judgement.results)


def test_a_watched_run_that_asked_everything_is_like_any_other(tmp_path: Path, base: Path) -> None:
    run = write_run(
        tmp_path / "hc",
        outcomes(1, 0.7, N),
        arm="hc",
        base_model="m",
        stopping={"style_arith": stopping(N, N)},
    )
    (one,) = compare([base, run]).comparisons
    assert one.result.method == "mcnemar-midp"
    assert np.isclose(one.result.estimate, np.mean(outcomes(1, 0.7, N)) - np.mean(outcomes(0, 0.7, N)))
