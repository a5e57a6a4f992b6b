"""One form for all differences: its intervals, its tests against a bound, and the verdicts."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_1samp

from harness_ext.stats import (
    Effect,
    Interval,
    PairedCounts,
    Verdict,
    crossed_mean,
    decide,
    effect_of_counts,
    effect_of_families,
    effect_of_items,
    effect_of_parts,
    effect_of_seeds,
    holm,
    mcnemar_midp,
    tost_counts,
)

counts = st.builds(PairedCounts, *[st.integers(0, 60)] * 3, st.integers(1, 60))
GENERATOR = np.random.default_rng(0)
ITEMS = GENERATOR.integers(-2, 3, 80) / 4
SEEDS = GENERATOR.choice([-1, 0, 0, 1, 1], size=(3, 60)) / 1.0
EFFECTS = [
    effect_of_counts(PairedCounts(40, 12, 7, 41)),
    effect_of_items(ITEMS),
    effect_of_seeds(SEEDS),
    effect_of_families([0.1, 0.12, 0.03, 0.2], [0.03, 0.05, 0.02, 0.06]),
]


def verdict(table: PairedCounts, margin: float = 0.05) -> Verdict:
    return decide(effect_of_counts(table), mcnemar_midp(table), margin)


@pytest.mark.parametrize(
    ("table", "wanted"),
    [
        (PairedCounts(100, 60, 10, 30), Verdict.DIFFERENT),
        (PairedCounts(900, 12, 11, 1077), Verdict.EQUIVALENT),
        (PairedCounts(1000, 60, 20, 920), Verdict.DIFFERENT_WITHIN_MARGIN),
        (PairedCounts(10, 4, 3, 13), Verdict.INCONCLUSIVE),
        (PairedCounts(5, 0, 0, 0), Verdict.INCONCLUSIVE),
    ],
)
def test_the_four_verdicts(table: PairedCounts, wanted: Verdict) -> None:
    assert verdict(table) is wanted


def test_the_p_that_counts_is_the_adjusted_one() -> None:
    alone = PairedCounts(20, 15, 5, 60)
    assert verdict(alone, 0.01) is Verdict.DIFFERENT
    adjusted = holm([mcnemar_midp(alone), *[mcnemar_midp(PairedCounts(30, 5, 5, 60))] * 9])
    assert decide(effect_of_counts(alone), adjusted[0], 0.01) is Verdict.INCONCLUSIVE


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.method)
@pytest.mark.parametrize("level", [0.8, 0.9, 0.99])
def test_tests_against_a_bound_agree_with_the_interval(effect: Effect, level: float) -> None:
    interval = effect.result(level).interval
    assert interval is not None
    tail = (1 - level) / 2
    assert effect.p_above(interval.low) == pytest.approx(tail, rel=1e-6)
    assert effect.p_below(interval.high) == pytest.approx(tail, rel=1e-6)
    margin = max(-interval.low, interval.high)
    assert effect.p_inside(margin) == pytest.approx(tail, rel=1e-6)
    assert effect.p_inside(margin * 1.01) < tail < effect.p_inside(margin * 0.99)


@pytest.mark.parametrize("effect", EFFECTS, ids=lambda effect: effect.method)
def test_a_difference_is_not_shown_to_be_inside_and_outside(effect: Effect) -> None:
    for margin in (0.01, 0.05, 0.1, 0.3):
        assert effect.p_inside(margin) > 0.5 or effect.p_outside(margin) > 0.5


@given(counts)
def test_counts_give_the_equivalence_test_of_their_own(table: PairedCounts) -> None:
    assert effect_of_counts(table).p_inside(0.05) == pytest.approx(tost_counts(table, 0.05).p, abs=1e-9)


@settings(max_examples=30)
@given(counts)
def test_swapping_the_runs_mirrors_the_effect(table: PairedCounts) -> None:
    one, other = effect_of_counts(table), effect_of_counts(table.swapped())
    assert one.estimate == -other.estimate
    assert one.p == other.p
    assert one.p_above(0.03) == pytest.approx(other.p_below(-0.03), abs=1e-9)
    assert one.p_inside(0.1) == pytest.approx(other.p_inside(0.1), abs=1e-9)


def test_items_are_a_t_test() -> None:
    effect, wanted = effect_of_items(ITEMS), ttest_1samp(ITEMS, 0.03, alternative="greater")
    assert effect.p_above(0.03) == pytest.approx(wanted.pvalue, abs=1e-12)
    assert effect.error == pytest.approx(ITEMS.std(ddof=1) / np.sqrt(len(ITEMS)), rel=0.01)


def test_seeds_are_the_crossed_mean() -> None:
    effect, wanted = effect_of_seeds(SEEDS), crossed_mean(SEEDS)
    assert effect.result().interval == wanted.interval
    assert effect.p == wanted.p


def test_runs_that_agree_on_every_item_and_seed_are_as_sure_as_their_items_are_many() -> None:
    few, many = effect_of_seeds(np.zeros((3, 10))), effect_of_seeds(np.zeros((3, 500)))
    assert decide(few, 1.0, 0.05) is Verdict.INCONCLUSIVE
    assert decide(many, 1.0, 0.05) is Verdict.EQUIVALENT


def test_where_nothing_can_be_said_nothing_is_claimed() -> None:
    for effect in (
        effect_of_items([0.25]),
        effect_of_items([0.5, 0.5]),
        effect_of_seeds(np.ones((1, 9))),
        effect_of_families([0.2], [0.1]),
    ):
        assert effect.result().interval is None
        assert effect.note
        assert (effect.p_inside(0.9), effect.p_outside(0.01), effect.p_above(-0.5), effect.p_below(0.9)) == (
            1,
            1,
            1,
            1,
        )
        assert decide(effect, 1.0, 0.05) is Verdict.INCONCLUSIVE


def test_a_result_has_a_signature() -> None:
    result = effect_of_counts(PairedCounts(40, 12, 7, 41)).result(0.9)
    assert isinstance(result.interval, Interval)
    assert result.signature.startswith(
        "test:mcnemar-midp|n:100|b:12|c:7|interval:newcombe10|level:0.9|stylerep:"
    )


def test_parts_that_share_items_are_less_sure_than_independent_ones() -> None:
    parts = [effect_of_counts(PairedCounts(40, 12, 7, 41)), effect_of_counts(PairedCounts(30, 20, 10, 40))]
    apart, shared = effect_of_parts(parts), effect_of_parts(parts, share_items=True)
    assert apart.estimate == shared.estimate == pytest.approx(0.075)
    assert apart.n == 200
    errors = [part.error or 0.0 for part in parts]
    assert apart.error == pytest.approx(np.hypot(*errors) / 2)
    assert shared.error == pytest.approx(sum(errors) / 2)
    interval = apart.result().interval
    assert interval is not None
    assert apart.p_above(interval.low) == pytest.approx(0.025)
    assert effect_of_parts([effect_of_items([0.5, 0.5]), parts[0]]).result().interval is None
    assert effect_of_parts(parts[:1]) is parts[0]
