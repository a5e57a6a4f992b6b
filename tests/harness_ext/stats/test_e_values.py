"""Several e-values at once."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness_ext.stats import e_bh, e_holm, holm, p_of_e

several = st.lists(st.floats(0, 1e6), min_size=1, max_size=6)


@settings(max_examples=100)
@given(several)
def test_holms_adjusted_e_is_the_least_mean_of_any_set_with_it(e: list[float]) -> None:
    expected = [
        min(
            np.mean([e[place] for place in chosen])
            for size in range(1, len(e) + 1)
            for chosen in combinations(range(len(e)), size)
            if place_of in chosen
        )
        for place_of in range(len(e))
    ]
    assert e_holm(e) == pytest.approx(expected, rel=1e-9, abs=1e-12)


@settings(max_examples=100)
@given(several)
def test_it_finds_whatever_holm_finds_with_p_of_e(e: list[float]) -> None:
    by_p = holm([p_of_e(one) for one in e])
    assert all(p_of_e(float(adjusted)) <= p + 1e-12 for adjusted, p in zip(e_holm(e), by_p, strict=True))


@settings(max_examples=100)
@given(several, st.sampled_from([0.01, 0.05, 0.2]))
def test_e_bh_finds_the_most_whose_least_is_large_enough(e: list[float], alpha: float) -> None:
    ordered = sorted(e, reverse=True)
    most = max((k for k in range(1, len(e) + 1) if k * ordered[k - 1] / len(e) >= 1 / alpha), default=0)
    found = [one >= 1 / alpha for one in e_bh(e)]
    assert sum(found) >= most
    assert all(found[place] for place in range(len(e)) if most and e[place] > ordered[most - 1])
    assert sum(found) == sum(one >= ordered[most - 1] for one in e) if most else not any(found)


def test_columns_are_families_of_their_own() -> None:
    e = np.array([[1.0, 40.0], [90.0, 0.0], [5.0, 7.0]])
    assert e_holm(e) == pytest.approx(np.column_stack([e_holm(e[:, 0]), e_holm(e[:, 1])]))


def test_p_of_an_e_value() -> None:
    assert [p_of_e(e) for e in (0.0, 0.5, 1.0, 20.0)] == [1.0, 1.0, 1.0, 0.05]
    for wrong in (-0.1, float("nan")):
        with pytest.raises(ValueError, match="0 or more"):
            p_of_e(wrong)
    for wrongs in ([], [1.0, -1.0], [float("nan")]):
        with pytest.raises(ValueError, match="0 or more"):
            e_holm(wrongs)
        with pytest.raises(ValueError, match="0 or more"):
            e_bh(wrongs)
