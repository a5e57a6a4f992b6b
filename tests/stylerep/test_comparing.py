import json
from pathlib import Path

import numpy as np
import pytest

import stylerep
from harness_ext.compare import Report
from harness_ext.stats import effect_of_counts, paired_counts
from tests.harness_ext.compare.runs import write_run

BASE, OTHER = [0, 1, 0, 0] * 50, [1, 1, 0, 0] * 50


def test_two_lists_get_a_verdict() -> None:
    found = stylerep.compare(BASE, OTHER, margin=0.05)
    effect = effect_of_counts(paired_counts(np.array(OTHER) == 1, np.array(BASE) == 1))
    assert found.result == effect.result()
    assert (found.n, found.baseline_accuracy, found.accuracy, found.difference) == (200, 0.25, 0.5, 0.25)
    assert found.verdict == "different"
    assert found.settlement is None
    assert (
        str(found)
        == "different: +25.0 points [+18.8, +30.9], p < .001; accuracy 50.0 % against 25.0 % on 200 items;"
        " margin ±5 points"
    )
    version = stylerep.__version__
    assert (
        found.signature
        == "test:mcnemar-midp|n:200|b:50|c:0|interval:newcombe10|level:0.95|margin:0.05|alpha:0.05"
        f"|stylerep:{version}"
    )


def test_the_baseline_comes_first() -> None:
    found, other_way = stylerep.compare(BASE, OTHER), stylerep.compare(OTHER, BASE)
    assert found.difference == -other_way.difference
    assert found.p == other_way.p


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        np.array,
        lambda values: np.array(values) == 1,
        lambda values: [bool(one) for one in values],
    ],
)
def test_outcomes_of_any_kind_are_the_same(kind: object) -> None:
    assert stylerep.compare(kind(BASE), kind(OTHER)) == stylerep.compare(BASE, OTHER)  # type: ignore[operator]


def test_outcomes_by_item_are_paired_by_item() -> None:
    first = {f"item {number}": outcome for number, outcome in enumerate(BASE)}
    second = {f"item {number}": outcome for number, outcome in reversed(list(enumerate(OTHER)))}
    assert stylerep.compare(first, second) == stylerep.compare(BASE, OTHER)


@pytest.mark.parametrize(
    ("first", "second", "verdict", "says"),
    [
        ([1] * 300, [1] * 300, "equivalent", "p 1.000"),
        ([0, 1] * 10, [1, 1] * 5 + [0, 1] * 5, "different", "p .031"),
        ([0, 1, 0, 0] * 5, [1, 1, 0, 0, 0] * 4, "inconclusive", "about 155 items would settle it"),
        ([0, 1] * 1000, [1, 1] * 15 + [0, 1] * 985, "different but within the margin", "p < .001"),
        ([0.5, 0.25, 1, 0.75], [1, 0.5, 0.5, 0.75], "inconclusive", "on 4 items"),
        ([0, 1] * 3, [0, 1] * 3, "inconclusive", "no item is discordant"),
    ],
)
def test_each_verdict(first: list[float], second: list[float], verdict: str, says: str) -> None:
    found = stylerep.compare(first, second)
    assert found.verdict == verdict
    assert str(found).startswith(f"{verdict}: ")
    assert says in str(found)


def test_an_alpha_sets_the_level_of_every_interval() -> None:
    found = stylerep.compare(BASE, OTHER, alpha=0.01)
    assert found.interval is not None
    assert found.equivalence_interval is not None
    assert found.accuracy_interval is not None
    assert (found.interval.level, found.equivalence_interval.level, found.accuracy_interval.level) == (
        0.99,
        0.98,
        0.99,
    )


def test_run_folders_are_compared_as_by_the_command(tmp_path: Path) -> None:
    for arm, outcomes in (("base", BASE), ("hc", OTHER)):
        write_run(tmp_path / arm, outcomes, arm=arm, base_model="org/tiny")
    found = stylerep.compare(tmp_path / "base", tmp_path / "hc")
    assert isinstance(found, Report)
    (comparison,) = found.comparisons
    assert comparison.result.estimate == 0.25
    assert comparison.verdict == "different"
    assert "| different |" in str(found)
    run, base = stylerep.load_run(tmp_path / "hc"), stylerep.load_run(str(tmp_path / "base"))
    task = next(name for name, _ in run.tasks)
    assert list(run.outcomes(task).values()) == OTHER
    by_item = stylerep.compare(base.outcomes(task), run.outcomes(task))
    assert by_item.p == comparison.result.p
    assert by_item.interval == comparison.result.interval
    with pytest.raises(stylerep.StylerepError, match=r"the task 'nope' isn't in this run\. There are: "):
        run.outcomes("nope")
    board = stylerep.leaderboard([tmp_path / "base", tmp_path / "hc"], tmp_path / "board", jobs=1)
    assert [entry.rank.rank for entry in board.views[0].entries if entry.rank] == [1, 2]
    assert (tmp_path / "board/index.html").is_file()
    assert json.loads((tmp_path / "board/board.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: stylerep.compare([0, 2], [1, 1]), "baseline, item 1: an outcome is a number from 0"),
        (lambda: stylerep.compare([0, 1], [1, float("nan")]), "other, item 1: an outcome"),
        (lambda: stylerep.compare([0, 1], [1, "1"]), "other, item 1: an outcome"),
        (lambda: stylerep.compare([0, 1], [1, None]), "other, item 1: an outcome"),
        (
            lambda: stylerep.compare([0], [1, 1]),
            "not of the same items: there are 1 of the baseline and 2 of the other",
        ),
        (lambda: stylerep.compare([], []), "baseline: there are no outcomes"),
        (lambda: stylerep.compare({1: 0}, {2: 1}), "1 is in one of the two alone"),
        (lambda: stylerep.compare({1: 0}, [1]), "these are one of each"),
        (lambda: stylerep.compare("a", [1]), "either run folders or outcomes"),
        (lambda: stylerep.compare([1], "a"), "either run folders or outcomes"),
        (lambda: stylerep.compare([1]), "two at a time"),
        (lambda: stylerep.compare([1], [1], [1]), "two at a time"),
        (lambda: stylerep.compare([1], [1], seed=1), "are about run folders"),
        (lambda: stylerep.compare([1], [1], margin=5), "margin lies between 0 and 1, got 5"),
        (lambda: stylerep.compare([1], [1], alpha=0.5), r"alpha lies between 0 and 0\.5, got 0\.5"),
        (lambda: stylerep.compare([1], [1], margin="5"), "margin is a number"),
        (lambda: stylerep.compare("missing", "other"), "missing: there is no such run folder"),
        (lambda: stylerep.load_run("missing"), "missing: there is no such run folder"),
        (lambda: stylerep.leaderboard("runs"), "runs is a list of run folders"),
        (lambda: stylerep.reproduce("nope", "out"), "nope: there is no such study file"),
        (lambda: stylerep.plan(2), "margin is a difference of accuracies"),
        (lambda: stylerep.plan(discordance=0), "discordance is a share of items"),
        (lambda: stylerep.plan(items=0), "items is a whole number from 1 on"),
        (lambda: stylerep.plan(power=1), "power lies between 0 and 1"),
    ],
)
def test_a_mistake_is_told_in_a_sentence(call: object, says: str) -> None:
    with pytest.raises(stylerep.StylerepError, match=says) as error:
        call()  # type: ignore[operator]
    assert "\n" not in str(error.value)


def test_a_plan_says_what_it_takes() -> None:
    found = stylerep.plan(margin=0.05, discordance=0.2, items=500)
    assert (found.for_equivalence, found.for_difference) == (686, 626)
    assert found.smallest_difference == pytest.approx(0.056, abs=0.001)
    assert found.equivalence_power == pytest.approx(0.6, abs=0.02)
    assert str(found).splitlines() == [
        (
            "With 20 % of items discordant and 80 % power: 686 items show equivalence within ±5 points, 626"
            " items a difference of 5 points."
        ),
        (
            "500 items: smallest difference found 5.6 points; equivalence within ±5 points shown with 60 %"
            " power."
        ),
    ]
    assert stylerep.plan(margin=0.3, discordance=0.2).for_difference is None
