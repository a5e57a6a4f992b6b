import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import friedmanchisquare
from statsmodels.stats.contingency_tables import cochrans_q, mcnemar
from statsmodels.stats.multitest import multipletests

from harness_ext.stats.paired import mcnemar_midp, newcombe_interval, paired_counts
from harness_ext.stats.several import against_control, cochran_q, critical_difference, friedman

Bools = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
shapes = st.tuples(st.integers(2, 30), st.integers(2, 5))
outcomes = shapes.flatmap(lambda shape: arrays(np.bool_, shape))
scores = shapes.flatmap(
    lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.25, 0.5, 0.75, 1.0]))
)

# Demšar 2006, table 6: ranks of C4.5, C4.5+m, C4.5+cf and C4.5+m+cf by AUC on 14 data sets.
DEMSAR = np.array(
    [
        [4, 3, 2, 1],
        [1, 2, 3, 4],
        [4, 1, 2, 3],
        [4, 1, 3, 2],
        [4, 2, 3, 1],
        [1, 2.5, 4, 2.5],
        [3, 2, 4, 1],
        [2.5, 2.5, 4, 1],
        [4, 3, 2, 1],
        [2.5, 2.5, 2.5, 2.5],
        [4, 2.5, 1, 2.5],
        [3, 2, 4, 1],
        [4, 1, 2, 3],
        [3, 1, 4, 2],
    ]
)


@given(outcomes)
def test_cochran_agrees_with_statsmodels(table: Bools) -> None:
    result = cochran_q(table)
    if (table == table[:, :1]).all():
        assert (result.estimate, result.p, result.note) == (0.0, 1.0, "the arms never differ")
        return
    expected = cochrans_q(table.astype(int))
    assert result.settings["q"] == pytest.approx(expected.statistic, abs=1e-10)
    assert result.p == pytest.approx(expected.pvalue, abs=1e-10)
    assert 0 <= result.estimate <= 1


@given(st.integers(2, 30).flatmap(lambda n: arrays(np.bool_, (n, 2))))
def test_cochran_with_two_arms_is_mcnemar(table: Bools) -> None:
    counts = paired_counts(table[:, 0], table[:, 1])
    if counts.first + counts.second:
        expected = mcnemar(
            [[counts.both, counts.first], [counts.second, counts.neither]], exact=False, correction=False
        )
        assert cochran_q(table).settings["q"] == pytest.approx(expected.statistic, abs=1e-10)


@given(
    st.tuples(st.integers(2, 20), st.integers(3, 5)).flatmap(
        lambda shape: arrays(np.float64, shape, elements=st.sampled_from([0.0, 0.3, 0.5, 1.0]))
    )
)
def test_friedman_agrees_with_scipy(table: Floats) -> None:
    result = friedman(table)
    if (table == table[:, :1]).all():
        assert (result.estimate, result.p, result.note) == (0.0, 1.0, "the arms never differ")
        return
    expected = friedmanchisquare(*table.T)
    assert result.settings["chi2"] == pytest.approx(expected.statistic, abs=1e-10)
    assert result.p == pytest.approx(expected.pvalue, abs=1e-10)


def test_demsars_example() -> None:
    # Average ranks, chi-square, F and critical difference as printed in Demšar 2006, section 3.2.2;
    # he leaves ties uncorrected.
    result = critical_difference(-DEMSAR)
    assert result.ranks == pytest.approx((3.143, 2.000, 2.893, 1.964), abs=5e-4)
    assert result.difference == pytest.approx(1.25, abs=5e-3)
    # 2.569 sqrt(4 · 5 / (6 · 14)), with q from his table 5.
    assert result.difference == pytest.approx(2.569 * np.sqrt(20 / 84), abs=5e-4)
    spread, untied = ((DEMSAR - 2.5) ** 2).sum(), 14 * 5
    chi2 = float(str(result.friedman.settings["chi2"])) * spread / untied
    assert chi2 == pytest.approx(9.28, abs=5e-3)
    assert 13 * chi2 / (14 * 3 - chi2) == pytest.approx(3.69, abs=5e-3)
    # At .05 no pair is 1.25 apart; at .10, where the critical difference is 1.12,
    # C4.5 is told apart from both with m.
    assert result.groups == ((3, 1, 2, 0),)
    weaker = critical_difference(-DEMSAR, alpha=0.10)
    assert weaker.difference == pytest.approx(1.12, abs=5e-3)
    assert weaker.groups == ((3, 1, 2), (2, 0))


def test_the_f_of_iman_and_davenport() -> None:
    # Without ties: (n - 1) chi2 / (n (k - 1) - chi2).
    rows = np.array([[1.0, 2, 3], [1, 3, 2], [2, 1, 3], [1, 2, 3], [2, 3, 1]])
    chi2 = float(friedmanchisquare(*rows.T).statistic)
    assert friedman(rows).settings["iman_davenport_f"] == pytest.approx(4 * chi2 / (10 - chi2), abs=1e-10)
    assert friedman(np.array([[1.0, 2, 3]] * 4)).settings["iman_davenport_f"] == np.inf
    assert friedman(np.array([[1.0, 2, 3]] * 4)).estimate == pytest.approx(1.0)


@settings(max_examples=40)
@given(outcomes, st.randoms(use_true_random=False))
def test_the_order_of_items_and_concordant_items_change_nothing(table: Bools, random: object) -> None:
    order = list(range(len(table)))
    random.shuffle(order)  # type: ignore[attr-defined]
    alike = np.vstack(
        [table, np.ones((3, table.shape[1]), dtype=bool), np.zeros((2, table.shape[1]), dtype=bool)]
    )
    assert cochran_q(table[order]).p == pytest.approx(cochran_q(table).p, abs=1e-12)
    assert cochran_q(alike).p == pytest.approx(cochran_q(table).p, abs=1e-12)
    assert [one.p for one in against_control(alike, 0)] == [one.p for one in against_control(table[order], 0)]


@settings(max_examples=10)
@given(outcomes, st.integers(0, 4))
def test_every_arm_against_the_control(table: Bools, control: int) -> None:
    control %= table.shape[1]
    results = against_control(table, control, alpha=0.1)
    arms = [arm for arm in range(table.shape[1]) if arm != control]
    assert [one.settings["arm"] for one in results] == arms
    counts = [paired_counts(table[:, arm], table[:, control]) for arm in arms]
    alone = [mcnemar_midp(one) for one in counts]
    assert [one.settings["p_alone"] for one in results] == alone
    assert [one.p for one in results] == pytest.approx(
        list(multipletests(alone, method="holm")[1]), abs=1e-10
    )
    assert [(one.estimate, one.interval) for one in results] == [
        (one.difference, newcombe_interval(one, 0.9)) for one in counts
    ]


@settings(max_examples=12)
@given(scores, st.sampled_from([0.05, 0.1]))
def test_groups_hold_just_the_pairs_that_are_close(table: Floats, alpha: float) -> None:
    result = critical_difference(table, alpha)
    arms = range(table.shape[1])
    assert sum(result.ranks) == pytest.approx(len(arms) * (len(arms) + 1) / 2)
    close = {
        frozenset((i, j))
        for i in arms
        for j in arms
        if i < j and abs(result.ranks[i] - result.ranks[j]) < result.difference
    }
    grouped = {frozenset((i, j)) for group in result.groups for i in group for j in group if i != j}
    assert grouped == close
    assert not any(set(one) < set(other) for one in result.groups for other in result.groups)


def test_arms_that_are_far_apart_have_no_group() -> None:
    assert critical_difference(np.tile([3.0, 2.0, 1.0], (40, 1))).groups == ()
    assert critical_difference(np.tile([3.0, 2.0, 1.0], (40, 1))).ranks == (1.0, 2.0, 3.0)


def test_data_without_form_are_refused() -> None:
    for bad in (
        np.zeros((0, 3), dtype=bool),
        np.zeros((1, 3), dtype=bool),
        np.zeros((4, 1), dtype=bool),
        np.zeros(4, dtype=bool),
        np.zeros((4, 3)),
    ):
        with pytest.raises(ValueError, match="booleans of shape"):
            cochran_q(bad)
    for gaps in (
        np.array([[1.0, np.nan], [0, 1]]),
        np.ones((1, 3)),
        np.ones(3),
        np.array([[np.inf, 1], [0, 1]]),
    ):
        with pytest.raises(ValueError, match="finite scores of shape"):
            friedman(gaps)
        with pytest.raises(ValueError, match="finite scores of shape"):
            critical_difference(gaps)
    for control in (-1, 3):
        with pytest.raises(ValueError, match="control is an arm from 0 to 2"):
            against_control(np.zeros((4, 3), dtype=bool), control)
    with pytest.raises(ValueError, match="alpha lies between 0 and 1"):
        critical_difference(np.ones((4, 3)), alpha=0)
