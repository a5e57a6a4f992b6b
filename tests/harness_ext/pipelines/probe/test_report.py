"""What is said of probes is what the statistics say of the items' means."""

from typing import Any

import pytest

from harness_ext.pipelines.probe.report import SHARES, report_of
from harness_ext.pipelines.probe.tables import report_tables
from harness_ext.stats import holm, paired_t, tost_means


def row(item: int, probe: str, effect: float | None, **more: Any) -> dict[str, Any]:
    return {
        **{"run": "hc", "arm": "hc", "task": "t", "item": str(item), "probe": probe, "kind": "step"},
        **{"stage": None, "detail": None, "sentence": 0, "sentences": 2, "proof": None, "share": None},
        **{"effect": effect, "effect_right": effect, "keeps": None, "follows": None, **more},
    }


EFFECTS = [0.5, 0.4, 0.7, 0.2, 0.6, 0.55]


def test_effects_are_means_over_items_of_items_means_and_holm_is_over_kinds() -> None:
    rows = [row(i, "delete", value + more) for i, value in enumerate(EFFECTS) for more in (-0.1, 0.1)]
    small = [0.01, -0.01, 0.02, 0.0, -0.01, 0.01]
    rows += [row(i, "delete", value, kind="check") for i, value in enumerate(small)]
    rows += [row(0, "delete", None)]
    check, step = report_of(rows).effects
    assert (step.kind, step.items, step.variants) == ("step", 6, 12)
    assert step.effect == paired_t(EFFECTS)
    p = [paired_t(values).p for values in (small, EFFECTS)]
    assert [check.p, step.p] == holm([one for one in p if one is not None])
    tested = tost_means(small, 0.02).p
    assert tested is not None
    assert check.none == (tested < 0.05)
    assert check.none
    assert not step.none


def test_where_nothing_changes_there_is_no_effect() -> None:
    (effect,) = report_of([row(i, "filler", 0.0, kind=None) for i in range(5)]).effects
    assert (effect.effect.estimate, effect.p, effect.none) == (0.0, 1.0, True)


def test_of_one_item_nothing_is_claimed() -> None:
    (effect,) = report_of([row(0, "delete", 0.4)]).effects
    assert (effect.effect.interval, effect.p, effect.none) == (None, None, False)


def test_an_answer_is_reached_where_it_stays() -> None:
    rows = [
        *(
            row(0, "early", 0, share=share, keeps=keeps)
            for share, keeps in ((0.3, True), (0.6, False), (1.0, True))
        ),
        *(row(1, "early", 0, share=share, keeps=True) for share in (0.3, 0.6, 1.0)),
        row(1, "none", 0, keeps=True),
        *(row(2, "early", 0, share=share, keeps=False) for share in (0.5, 1.0)),
        row(3, "early", 0, share=1.0, keeps=None),
    ]
    (early,) = report_of(rows).early
    reached = dict(zip(SHARES, early.reached, strict=True))
    assert early.items == 3
    assert [reached[share] for share in (0.0, 0.5, 0.9, 1.0)] == pytest.approx([1 / 3, 1 / 3, 1 / 3, 2 / 3])


def test_a_run_is_held_against_the_first_on_items_that_both_have() -> None:
    rows = [row(i, "delete", value) for i, value in enumerate(EFFECTS)]
    rows += [row(i, "delete", value / 2, run="sbs") for i, value in enumerate(EFFECTS[1:], 1)]
    (found,) = report_of(rows).differences
    assert (found.run, found.first) == ("sbs", "hc")
    assert found.difference == paired_t([-value / 2 for value in EFFECTS[1:]])
    titles = [one.title for one in report_tables(report_of(rows))]
    assert titles[-1] == "Effects against hc, on the same items"


def test_follows_and_keeps_are_shares_of_the_variants_that_say() -> None:
    rows = [row(i, "carry", 0.5, keeps=i < 2, follows=None if i == 0 else i > 2) for i in range(5)]
    (effect,) = report_of(rows).effects
    assert effect.keeps == pytest.approx(0.4)
    assert effect.follows == pytest.approx(0.5)
