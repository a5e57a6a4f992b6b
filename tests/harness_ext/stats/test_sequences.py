"""Paired differences that are looked at after every item."""

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness_ext.stats import (
    Sequences,
    Verdict,
    decide,
    effect_of_sequence,
    sequence_equivalence,
    sequence_noninferiority,
    sequences,
)
from harness_ext.stats.wealth import Betting

drawn = st.lists(st.sampled_from([-1.0, 0.0, 0.0, 0.5, 1.0]), min_size=1, max_size=60)
methods = st.sampled_from(["betting", "mixture"])


def differences(n: int, first: float, second: float, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).choice([1.0, -1.0, 0.0], p=[first, second, 1 - first - second], size=n)


@settings(max_examples=30, deadline=None)
@given(drawn, methods, st.sampled_from([None, 60, 300]))
def test_swapping_the_runs(x: list[float], method: Betting, population: int | None) -> None:
    one = effect_of_sequence(x, 0.1, population, method)
    other = effect_of_sequence([-value for value in x], 0.1, population, method)
    assert one.estimate == -other.estimate
    assert one.p == pytest.approx(other.p)
    assert one.p_inside(0.1) == pytest.approx(other.p_inside(0.1))
    assert one.p_above(0.03) == pytest.approx(other.p_below(-0.03))
    first, second = one.result().interval, other.result().interval
    assert first is not None
    assert second is not None
    assert (first.low, first.high) == pytest.approx((-second.high, -second.low), abs=1e-9)


@settings(max_examples=30, deadline=None)
@given(drawn, methods)
def test_the_interval_holds_just_what_no_one_sided_test_rejects(x: list[float], method: Betting) -> None:
    effect = effect_of_sequence(x, 0.1, None, method)
    interval = effect.result(0.9).interval
    assert interval is not None
    assert -1 <= interval.low <= effect.estimate <= interval.high <= 1
    for bound in (-0.6, -0.1, 0.0, 0.2, 0.7):
        if abs(bound - interval.low) > 1e-4 and abs(bound - interval.high) > 1e-4:
            assert (effect.p_above(bound) <= 0.05) == (bound < interval.low)
            assert (effect.p_below(bound) <= 0.05) == (bound > interval.high)


def test_evidence_once_reached_is_kept() -> None:
    x = np.concatenate([np.ones(40), -np.ones(20), np.zeros(20)])
    full = [effect_of_sequence(x[:n], 0.05) for n in (40, 60, 80)]
    intervals = [one.result().interval for one in full]
    assert full[0].p == full[1].p == full[2].p
    assert all(one is not None and one.low == intervals[0].low > 0 for one in intervals if intervals[0])


@pytest.mark.parametrize("population", [(1, 1, 0, -1, 0, 0), (1, 1, 1, 0, 0, 0)])
def test_in_every_order_the_intervals_cover_a_small_population_as_promised(
    population: tuple[int, ...],
) -> None:
    mean, orders = np.mean(population), sorted(set(permutations(population)))
    missed = 0
    for order in orders:
        covered = []
        for n in range(1, len(order) + 1):
            interval = effect_of_sequence(order[:n], 0.2, len(order)).result(0.8).interval
            covered.append(interval is not None and interval.low - 1e-9 <= mean <= interval.high + 1e-9)
        missed += not all(covered)
    assert missed / len(orders) <= 0.2


def test_an_exhausted_population_is_known() -> None:
    x = differences(300, 0.12, 0.1)
    effect = effect_of_sequence(x, 0.05, 300)
    interval = effect.result().interval
    assert interval is not None
    assert interval.low == interval.high == effect.estimate == x.mean()
    assert effect.p == pytest.approx(0, abs=1e-300)
    assert effect.p_inside(0.05) < 1e-300
    assert effect.p_inside(abs(x.mean())) > 0.05  # at the margin is not inside it
    level = np.tile([1.0, -1.0], 50)
    assert effect_of_sequence(level, 0.05, 100).p == 1.0


def test_a_finite_test_set_settles_sooner_than_items_without_end() -> None:
    def used(population: int | None) -> int:
        one = sequences(1, 0.05, population)
        for value in differences(1000, 0.1, 0.1, seed=1):
            one = one.see([[value]])
            if one.verdicts[0] is not Verdict.INCONCLUSIVE:
                break
        assert one.verdicts == [Verdict.EQUIVALENT]
        return int(one.counts[0])

    assert used(1000) < used(None) <= 1000


@pytest.mark.parametrize("population", [None, 800])
@pytest.mark.parametrize(
    ("first", "second", "verdict"),
    [(0.2, 0.05, "different"), (0.05, 0.05, "equivalent"), (0.02, 0.0, "different but within the margin")],
)
def test_verdicts_are_those_of_decide(
    population: int | None, first: float, second: float, verdict: str
) -> None:
    x = differences(2000 if population is None else 700, first, second)
    seen = sequences(1, 0.05, population).see(x[None])
    effect = effect_of_sequence(x, 0.05, population)
    assert effect.p is not None
    assert seen.verdicts == [decide(effect, effect.p, 0.05)] == [Verdict(verdict)]
    few = sequences(1, 0.05, population).see(x[None, :20])
    assert few.verdicts == [Verdict.INCONCLUSIVE]


def test_one_by_one_is_as_all_at_once() -> None:
    x = np.vstack([differences(200, 0.2, 0.1, seed) for seed in range(3)])
    x[2, 150:] = np.nan
    together = sequences(3, 0.05, 400).see(x)
    alone = sequences(3, 0.05, 400)
    for place in range(200):
        alone = alone.see(x[:, place : place + 1])
    for name in ("different", "above", "below"):
        assert getattr(alone, name) == pytest.approx(getattr(together, name), abs=1e-8)
    assert list(together.counts) == [200, 200, 150]
    assert together.estimates == pytest.approx(np.nanmean(x, axis=1))


def test_several_pairs_need_more_evidence_than_one() -> None:
    x = differences(400, 0.2, 0.1)
    alone: Sequences = sequences(1, 0.05).see(x[None])
    noise = np.vstack([x, *(differences(400, 0.15, 0.15, seed) for seed in range(1, 6))])
    among = sequences(6, 0.05).see(noise)
    assert 0 < among.different[0] < alone.different[0]
    assert among.above[0] == alone.above[0]


def test_pairs_may_be_of_sets_of_their_own() -> None:
    x = np.vstack([differences(200, 0.2, 0.1, 0), differences(200, 0.1, 0.1, 1)])
    both = sequences(2, 0.05, [200, 900]).see(x)
    alone = [sequences(1, 0.05, size).see(x[place : place + 1]) for place, size in enumerate((200, 900))]
    assert list(both.population) == [200, 900]
    for name in ("above", "below"):
        assert getattr(both, name) == pytest.approx([float(getattr(one, name)[0]) for one in alone])


def test_equivalence_and_noninferiority_at_any_time() -> None:
    x = differences(600, 0.05, 0.05)
    both, one = sequence_equivalence(x, 0.05), sequence_noninferiority(x, 0.05)
    assert both.p is not None
    assert one.p is not None
    assert both.interval is not None
    assert one.p <= both.p < 0.05
    assert -0.05 < both.interval.low < both.interval.high < 0.05
    assert both.signature.startswith(
        f"test:sequential-equivalence-betting|n:600|b:{(x > 0).sum()}|c:{(x < 0).sum()}"
        "|margin:0.05|population:many|alpha:0.05|level:0.9|"
    )
    worse = sequence_noninferiority(differences(600, 0.0, 0.2), 0.05)
    assert worse.p is not None
    assert worse.p > 0.5


def test_what_cannot_be_is_refused() -> None:
    for wrong in ([[2.0]], [[np.nan, 1.0]], [0.0], [[0.0], [0.0]]):
        with pytest.raises(ValueError, match=r"between -1 and 1|shape"):
            sequences(1, 0.05).see(wrong)
    with pytest.raises(ValueError, match="more items than the population has"):
        sequences(1, 0.05, 3).see(np.zeros((1, 4)))
    for margin in (0.0, 1.0):
        with pytest.raises(ValueError, match="margin"):
            sequences(1, margin)
    with pytest.raises(ValueError, match="alpha"):
        sequences(1, 0.05, alpha=0.6)
    with pytest.raises(ValueError, match="at least one item"):
        effect_of_sequence([], 0.05)
    with pytest.raises(ValueError, match="bound of a difference"):
        effect_of_sequence([0.0], 0.05).p_above(1.0)
