"""Ranks that data allow, groups, Pareto fronts, the interval of a mean."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harness_ext.stats import (
    Interval,
    RankInterval,
    group_letters,
    mean_interval,
    pareto_front,
    rank_intervals,
    wilson_interval,
)


def shown(k: int, *pairs: tuple[int, int]) -> np.ndarray:
    above = np.zeros((k, k), dtype=bool)
    for i, j in pairs:
        above[i, j] = True
    return above


def test_a_rank_may_be_any_that_no_shown_difference_excludes() -> None:
    found = rank_intervals([0.9, 0.5, 0.5, 0.1], shown(4, (0, 2), (0, 3), (1, 3)))
    assert found == [
        RankInterval(1, 1, 2),
        RankInterval(2, 1, 3),
        RankInterval(2, 2, 4),
        RankInterval(4, 3, 4),
    ]


def test_nothing_shown_leaves_every_rank_open_and_everything_shown_leaves_one() -> None:
    assert [(one.best, one.worst) for one in rank_intervals([3, 2, 1], shown(3))] == [(1, 3)] * 3
    assert [(one.best, one.worst) for one in rank_intervals([3, 2, 1], shown(3, (0, 1), (0, 2), (1, 2)))] == [
        (1, 1),
        (2, 2),
        (3, 3),
    ]


def test_a_pair_cannot_be_shown_both_ways() -> None:
    with pytest.raises(ValueError, match="both orders"):
        rank_intervals([1, 2], shown(2, (0, 1), (1, 0)))


def test_letters_of_a_worked_example() -> None:
    # Five means in order; the first two differ from the last two, the first from the third.
    assert group_letters(shown(5, (0, 2), (0, 3), (0, 4), (1, 3), (1, 4)), range(5)) == [
        "a",
        "ab",
        "bc",
        "c",
        "c",
    ]


def test_a_row_that_differs_from_none_has_every_letter() -> None:
    assert group_letters(shown(3, (0, 1)), [0, 1, 2]) == ["a", "b", "ab"]


@settings(max_examples=200, deadline=None)
@given(
    st.integers(1, 9).flatmap(
        lambda k: st.tuples(st.just(k), st.lists(st.booleans(), min_size=k * k, max_size=k * k))
    )
)
def test_two_rows_share_a_letter_exactly_where_they_are_not_shown_to_differ(
    drawn: tuple[int, list[bool]],
) -> None:
    k, bits = drawn
    above = np.triu(np.array(bits).reshape(k, k), 1)
    letters = group_letters(above, range(k))
    assert letters is not None
    groups = [set(one.split()) if " " in one else set(one) for one in letters]
    for i in range(k):
        assert groups[i]
        for j in range(i + 1, k):
            assert bool(groups[i] & groups[j]) == (not above[i, j])
    sets = [frozenset(i for i in range(k) if name in groups[i]) for name in set().union(*groups)]
    assert not any(one < two for one in sets for two in sets)  # none is part of another


def test_more_than_26_groups_are_told_apart_by_spaces() -> None:
    k = 30
    letters = group_letters(np.triu(np.ones((k, k), dtype=bool), 1), range(k))
    assert letters is not None
    assert letters[0] == "a"
    assert letters[-1] == "ad"


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=1, max_size=12))
def test_the_front_is_what_no_point_dominates(points: list[tuple[int, int]]) -> None:
    front = pareto_front(np.array(points, dtype=float))
    for one, member in zip(points, front, strict=True):
        dominated = any(other[0] >= one[0] and other[1] >= one[1] and other != one for other in points)
        assert member == (not dominated)


def test_the_mean_of_one_interval_is_that_interval_and_of_many_is_shorter_and_in_range() -> None:
    one = wilson_interval(0, 20)
    assert mean_interval([0.0], [one]) == one
    many = mean_interval([0.0] * 4, [one] * 4)
    assert many.low == 0
    assert many.high == pytest.approx(one.high / 2)


def test_a_mean_needs_intervals_of_one_level() -> None:
    with pytest.raises(ValueError, match="same level"):
        mean_interval([0.1, 0.2], [Interval(0, 1, 0.95), Interval(0, 1, 0.9)])
