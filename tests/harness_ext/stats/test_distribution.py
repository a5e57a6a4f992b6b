import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

from harness_ext.stats.distribution import energy_distance, feature_tost


def drawn(seed: int, n: int = 40, m: int = 30, shift: float = 0.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(shift, 1, (n, 3)), rng.normal(0, 1, (m, 3))


@pytest.mark.parametrize("seed", range(3))
def test_one_feature_agrees_with_scipy(seed: int) -> None:
    x, y = (part[:, :1] for part in drawn(seed, shift=0.4))
    scale = np.concatenate([x, y]).std()
    expected = scipy.stats.energy_distance(x[:, 0] / scale, y[:, 0] / scale) ** 2
    assert energy_distance(x, y, 9).estimate == pytest.approx(expected, abs=1e-10)


def test_permutation_p_agrees_with_scipy_on_all_labellings() -> None:
    x, y = (part[:, :1] for part in drawn(1, 5, 4, 1.0))
    scale = np.concatenate([x, y]).std()
    exact = scipy.stats.permutation_test(
        (x[:, 0] / scale, y[:, 0] / scale),
        scipy.stats.energy_distance,
        n_resamples=np.inf,
        alternative="greater",
        vectorized=False,
    )
    assert energy_distance(x, y, 20_000).p == pytest.approx(exact.pvalue, abs=0.015)


def test_paired_labels_are_swapped_within_items() -> None:
    x, y = (part[:, :1] for part in drawn(2, 7, 7, 1.5))
    both = np.concatenate([x, y])
    ours = energy_distance(x, y, 20_000, paired=True)
    statistics = []
    for code in range(2**7):
        swap = (code >> np.arange(7) & 1).astype(bool)[:, None]
        statistics.append(
            scipy.stats.energy_distance(
                np.where(swap, y, x)[:, 0] / both.std(), np.where(swap, x, y)[:, 0] / both.std()
            )
            ** 2
        )
    assert ours.estimate == pytest.approx(statistics[0], abs=1e-10)
    assert ours.p == pytest.approx(np.mean(np.array(statistics) >= statistics[0] - 1e-9), abs=0.015)


@pytest.mark.parametrize("paired", [False, True])
def test_other_shapes_are_found_and_same_ones_are_not(paired: bool) -> None:
    x, y = drawn(3, 150, 150)
    assert energy_distance(x, y, 199, paired=paired).p > 0.05
    assert energy_distance(x, 2.5 * y, 199, paired=paired).p == 0.005
    assert energy_distance(x, x, 99, paired=paired).p == 1
    assert energy_distance(x, y, 199, 4, paired=paired) == energy_distance(x, y, 199, 4, paired=paired)


@given(st.integers(0, 10_000), st.floats(0.001, 1000), st.floats(-100, 100))
@settings(max_examples=15, deadline=None)
def test_units_order_and_naming_do_not_matter(seed: int, factor: float, shift: float) -> None:
    x, y = drawn(seed)
    plain = energy_distance(x, y, 50)
    units = np.array([factor, 1.0, 1.0])
    assert energy_distance(x * units + shift, y * units + shift, 50).estimate == pytest.approx(
        plain.estimate, abs=1e-8
    )
    assert energy_distance(y, x, 50).estimate == pytest.approx(plain.estimate, abs=1e-10)
    assert energy_distance(
        x[::-1], y[np.random.default_rng(seed).permutation(30)], 50
    ).estimate == pytest.approx(plain.estimate, abs=1e-10)
    assert 0 <= plain.settings["coefficient"] <= 1


def test_features_that_never_vary_say_nothing() -> None:
    x, y = drawn(4)
    constant = np.full((40, 1), 0.3), np.full((30, 1), 0.3)
    assert energy_distance(
        np.hstack([x, constant[0]]), np.hstack([y, constant[1]]), 9
    ).estimate == pytest.approx(energy_distance(x, y, 9).estimate)
    same = energy_distance(*constant, 9)
    assert (same.estimate, same.p) == (0, 1)
    assert energy_distance([[1.0]], [[2.0]], 9).p == 1


@given(st.integers(0, 10_000), st.floats(0.05, 1))
@settings(max_examples=15)
def test_feature_tost_agrees_with_statsmodels(seed: int, margin: float) -> None:
    x, y = drawn(seed, 30, 30, 0.2)
    scale = np.sqrt((x.var(axis=0, ddof=1) + y.var(axis=0, ddof=1)) / 2)
    paired, welch = feature_tost(x, y, margin), feature_tost(x, y[:20], margin, paired=False)
    short = np.sqrt((x.var(axis=0, ddof=1) + y[:20].var(axis=0, ddof=1)) / 2)
    for j in range(3):
        wide, other = margin * scale[j], margin * short[j]
        assert paired[j].p == pytest.approx(ttost_paired(x[:, j], y[:, j], -wide, wide)[0], abs=1e-10)
        assert welch[j].p == pytest.approx(
            ttost_ind(x[:, j], y[:20, j], -other, other, usevar="unequal")[0], abs=1e-10
        )
        assert paired[j].estimate == pytest.approx((x - y).mean(axis=0)[j] / scale[j])
        low, high = paired[j].interval.low, paired[j].interval.high
        assert (-margin < low and high < margin) == (paired[j].p < 0.05)
    flipped = feature_tost(y, x, margin)
    assert [r.estimate for r in flipped] == pytest.approx([-r.estimate for r in paired])


def test_features_without_spread() -> None:
    x = np.column_stack([np.ones(5), np.arange(5.0)])
    constant, moved = feature_tost(x, x + np.array([0.0, 1.0]), 0.3)
    assert np.isnan(constant.estimate)
    assert "vary" in constant.note
    assert (moved.interval, moved.p) == (None, None)
    assert moved.estimate == pytest.approx(-1 / np.sqrt(2.5))
    assert feature_tost(x[:1], x[1:2], 0.3, paired=False)[1].interval is None


def test_malformed_features_are_refused() -> None:
    x, y = drawn(0)
    with pytest.raises(ValueError, match="number of features"):
        energy_distance(x, y[:, :2])
    with pytest.raises(ValueError, match="paired"):
        energy_distance(x, y, paired=True)
    with pytest.raises(ValueError, match="paired"):
        feature_tost(x, y, 0.3)
    with pytest.raises(ValueError, match="x is a matrix"):
        energy_distance(x[:, 0], y)
    with pytest.raises(ValueError, match="y holds NaN"):
        feature_tost(x, np.full((40, 3), np.nan), 0.3)
    with pytest.raises(ValueError, match="margin"):
        feature_tost(x, x, 0)
    with pytest.raises(ValueError, match="draw"):
        energy_distance(x, y, 0)
