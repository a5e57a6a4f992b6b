"""Following a run until its comparison is settled."""

from pathlib import Path

import numpy as np
import pytest

from harness_ext.compare.settling import Baseline, Settling, StoppingRule
from harness_ext.runs.item_order import in_order
from harness_ext.stats import effect_of_sequence
from synth.errors import StylerepError
from tests.harness_ext.compare.runs import write_run, write_scored

N = 400
KEY = ("style_arith", "none")


def hashes(n: int = N) -> list[tuple[str, str]]:
    return [("style_arith", f"{number:064d}") for number in range(n)]


def outcomes(seed: int, accuracy: float, n: int = N) -> list[float]:
    return [float(one) for one in np.random.default_rng(seed).random(n) < accuracy]


def follow(settling: Settling, accuracy: float, seed: int = 1) -> Settling:
    right = dict(zip(hashes(), outcomes(seed, accuracy), strict=True))
    while items := settling.next_items():
        settling.see(items, {KEY: {item: {"acc": right["style_arith", item]} for _, item in items}})
    return settling


def begun(tmp_path: Path, margin: float = 0.1, accuracy: float = 0.6, **rule: object) -> Settling:
    base = write_run(tmp_path / "base", outcomes(0, accuracy))
    return Settling(StoppingRule(base, margin, **rule), Baseline(base), hashes())  # type: ignore[arg-type]


def test_a_large_difference_settles_soon_and_is_recorded(tmp_path: Path) -> None:
    settling = follow(begun(tmp_path), 0.2)
    record = settling.record()["style_arith"]
    assert record["verdicts"] == {"style_arith": "different"}
    assert record["reason"] == "settled"
    assert record["early"] is True
    assert 32 <= record["used"] < N / 3
    assert [n for n, _ in record["looks"]] == list(range(32, record["used"] + 1, 32))
    assert settling.done["style_arith"] == [item for _, item in in_order(hashes())][: record["used"]]
    assert record["against"].endswith("base")
    (line,) = settling.progress()
    assert line.startswith(f"style_arith, {record['used']} of 400 items: -")
    assert line.endswith("different")


def test_the_same_answers_are_equivalent_within_the_margin(tmp_path: Path) -> None:
    settling = follow(begun(tmp_path), 0.6, seed=0)
    assert settling.record()["style_arith"]["verdicts"] == {"style_arith": "equivalent"}
    assert settling.record()["style_arith"]["used"] < N / 2


def test_items_like_these_take_more_than_these_items(tmp_path: Path) -> None:
    of_set = follow(begun(tmp_path / "set", margin=0.15), 0.6)
    of_many = follow(begun(tmp_path / "many", margin=0.15, about="many"), 0.6)
    assert len(of_set.done["style_arith"]) < len(of_many.done["style_arith"])


def test_what_is_never_settled_ends_with_the_items(tmp_path: Path) -> None:
    settling = begun(tmp_path, margin=0.02, about="many")
    assert settling.progress() == []
    record = follow(settling, 0.62).record()["style_arith"]
    assert (record["reason"], record["early"], record["used"]) == ("exhausted", False, N)
    assert record["verdicts"] == {"style_arith": "inconclusive"}


def test_looks_may_be_closer(tmp_path: Path) -> None:
    settling = begun(tmp_path, look_every=5)
    assert settling.next_items() == in_order(hashes())[:5]


def test_a_settled_task_is_asked_no_more_and_the_others_are(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", outcomes(0, 0.6))
    write_run(tmp_path / "base", outcomes(3, 0.5), task="other")
    both = [*hashes(), *(("other", item) for _, item in hashes())]
    settling = Settling(StoppingRule(base, 0.02), Baseline(base), both)
    right = {item: value for (_, item), value in zip(hashes(), outcomes(5, 0.5), strict=True)}
    while items := settling.next_items():
        scores = {
            KEY: {item: {"acc": 0.0} for task, item in items if task == "style_arith"},
            ("other", "none"): {item: {"acc": right[item]} for task, item in items if task == "other"},
        }
        settling.see(items, scores)
    assert len(settling.done["style_arith"]) < N / 3
    assert len(settling.done["other"]) > N / 2
    assert settling.record()["other"]["comparisons"] == 2


def test_the_difference_is_that_of_the_sequence(tmp_path: Path) -> None:
    settling = follow(begun(tmp_path), 0.2)
    base = dict(zip(hashes(), outcomes(0, 0.6), strict=True))
    new = dict(zip(hashes(), outcomes(1, 0.2), strict=True))
    x = [new["style_arith", item] - base["style_arith", item] for item in settling.done["style_arith"]]
    assert settling.effect(KEY).result().signature == effect_of_sequence(x, 0.1, N).result().signature
    assert settling.effect(KEY).result().interval == effect_of_sequence(x, 0.1, N).result().interval


def test_what_cannot_be_settled_is_refused(tmp_path: Path) -> None:
    base = write_run(tmp_path / "base", outcomes(0, 0.6, 50))
    rule, baseline = StoppingRule(base, 0.05), Baseline(base)
    with pytest.raises(StylerepError, match=r"the item 0000.* of style_arith isn't in this run"):
        Settling(rule, baseline, hashes(51))
    with pytest.raises(StylerepError, match=r"the task words isn't in this run, which has style_arith"):
        Settling(rule, baseline, [("words", "a")])
    settling = Settling(rule, baseline, hashes(50))
    with pytest.raises(StylerepError, match=r"has no acc, which accuracy is in .*base"):
        settling.see(settling.next_items(), {})
    for wrong, says in (
        ({"margin": 0.0}, "margin"),
        ({"about": "all"}, "set or many"),
        ({"look_every": 0}, "from 1"),
    ):
        with pytest.raises(StylerepError, match=says):
            StoppingRule(**{"against": base, "margin": 0.05, **wrong})  # type: ignore[arg-type]
    early = write_run(tmp_path / "early", outcomes(0, 0.6, 50), stopping={"style_arith": stopping(20, 50)})
    with pytest.raises(StylerepError, match="this run stopped early on style_arith"):
        Baseline(early).keys("style_arith")
    several = write_run(tmp_path / "several", outcomes(0, 0.6, 50))
    write_scored(several, "prose", bleu=[0.3, 0.7])
    assert Baseline(several).keys("style_arith") == [KEY]
    with pytest.raises(StylerepError, match="prose"):
        Baseline(several).keys("prose")


def stopping(used: int, items: int, **changed: object) -> dict[str, object]:
    return {
        "early": used < items,
        "margin": 0.1,
        "about": "set",
        "items": items,
        "used": used,
        "order_seed": 0,
        "order_sha256": "0" * 64,
        "comparisons": 1,
        **changed,
    }
