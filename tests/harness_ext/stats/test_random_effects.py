import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t
from statsmodels.stats.meta_analysis import combine_effects

from harness_ext.stats.random_effects import RandomEffects, random_effects, sign_test


def bounds(found: RandomEffects) -> tuple[float, float]:
    assert found.result.interval is not None
    return found.result.interval.low, found.result.interval.high


def drawn(seed: int, k: int = 8, spread: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    se = rng.uniform(0.1, 0.6, k)
    return rng.normal(0.3, spread, k) + se * rng.normal(size=k), se


@pytest.mark.parametrize("seed", range(11))
def test_agrees_with_statsmodels(seed: int) -> None:
    y, se = drawn(seed, 5 + seed)
    ours = random_effects(y, se)
    # Its iteration falls to 0 where rounding carries it past the root: no tighter tolerance than this.
    theirs = combine_effects(y, se**2, method_re="iterated", use_t=True, atol=1e-8)
    assert ours.q == pytest.approx(theirs.q, abs=1e-10)
    assert ours.tau2 == pytest.approx(theirs.tau2, abs=1e-9)
    assert ours.result.estimate == pytest.approx(theirs.mean_effect_re, abs=1e-9)
    assert bounds(ours) == pytest.approx(tuple(theirs.conf_int(use_t=True)[3]), abs=1e-9)


def test_two_families_have_a_closed_form() -> None:
    found = random_effects([1.0, 3.0], [0.5, 0.7])
    assert found.tau2 == pytest.approx((4 - 0.25 - 0.49) / 2, abs=1e-12)


def test_key_comparison_of_nine_laboratories() -> None:
    # Kacker (2004, Metrologia 41:132) by R's metafor, rma(method="PM"),
    # as kept in statsmodels' tests (results_meta.exk1_metafor).
    y = [61.0, 61.4, 62.21, 62.3, 62.34, 62.6, 62.7, 62.84, 65.9]
    v = [0.2025, 1.2100, 0.0900, 0.2025, 0.3844, 0.5625, 0.0676, 0.0225, 1.8225]
    found = random_effects(y, np.sqrt(v))
    low, high = bounds(found)
    assert found.result.estimate == pytest.approx(62.4076199113286, abs=1e-8)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 8) * 0.338030602684471, abs=1e-8)
    assert (found.tau2, found.q, found.q_p) == pytest.approx(
        (0.705395309224248, 24.801897741835, 0.00167935146372742), abs=1e-8
    )
    assert 100 * found.i2 == pytest.approx(83.7218626490482, abs=1e-6)


def test_bcg_vaccine_trials() -> None:
    # Colditz et al. (1994, JAMA 271:698), log risk ratios. Q 152.2330 and the iterated moment estimate of the
    # variance 0.3181 from metafor's tests (test_misc_metan_vs_rma.uni_with_dat.bcg.r; test_misc_rma_uni.r,
    # DLIT, which solves Q = k - 1).
    sick = np.array([4, 6, 3, 62, 33, 180, 8, 505, 29, 17, 186, 5, 27])
    well = np.array([119, 300, 228, 13536, 5036, 1361, 2537, 87886, 7470, 1699, 50448, 2493, 16886])
    sick_control = np.array([11, 29, 11, 248, 47, 372, 10, 499, 45, 65, 141, 3, 29])
    well_control = np.array([128, 274, 209, 12619, 5761, 1079, 619, 87892, 7232, 1600, 27197, 2338, 17825])
    n, m = sick + well, sick_control + well_control
    found = random_effects(
        np.log(sick / n / (sick_control / m)), np.sqrt(1 / sick - 1 / n + 1 / sick_control - 1 / m)
    )
    assert found.q == pytest.approx(152.2330, abs=5e-5)
    assert found.tau2 == pytest.approx(0.3181, abs=5e-5)


def test_effects_that_are_too_alike_do_not_narrow_the_interval() -> None:
    found = random_effects([0.50, 0.51, 0.49], [0.1, 0.1, 0.1])
    low, high = bounds(found)
    assert (found.tau2, found.i2) == (0, 0)
    assert (high - low) / 2 == pytest.approx(t.ppf(0.975, 2) * 0.1 / np.sqrt(3))


def test_few_families() -> None:
    one = random_effects([0.2], [0.1])
    assert (one.result.estimate, one.result.interval, one.result.p, one.result.n, one.prediction) == (
        0.2,
        None,
        None,
        1,
        None,
    )
    assert "one family" in one.result.note
    two = random_effects([0.2, 0.4], [0.1, 0.1])
    assert two.prediction is None
    assert "only 2 families" in two.result.note
    six = random_effects(*drawn(0, 6))
    assert six.result.note == ""
    assert six.prediction is not None
    assert six.prediction.low < bounds(six)[0] < bounds(six)[1] < six.prediction.high


@given(st.integers(0, 10_000), st.floats(0.001, 1000), st.floats(-5, 5))
@settings(max_examples=25)
def test_order_sign_scale_and_shift(seed: int, factor: float, shift: float) -> None:
    y, se = drawn(seed)
    plain = random_effects(y, se)
    order = np.random.default_rng(seed).permutation(len(y))
    assert bounds(random_effects(y[order], se[order])) == pytest.approx(bounds(plain), abs=1e-9)
    flipped = random_effects(-y, se)
    assert bounds(flipped) == pytest.approx([-x for x in bounds(plain)[::-1]], abs=1e-9)
    assert flipped.result.p == pytest.approx(plain.result.p, abs=1e-9)
    scaled = random_effects(factor * y, factor * se)
    assert scaled.tau2 == pytest.approx(factor**2 * plain.tau2, rel=1e-8)
    assert scaled.i2 == pytest.approx(plain.i2, abs=1e-9)
    assert random_effects(y + shift, se).tau2 == pytest.approx(plain.tau2, abs=1e-9)


def test_malformed_effects_are_refused() -> None:
    with pytest.raises(ValueError, match="positive"):
        random_effects([1, 2], [0.1, 0])
    with pytest.raises(ValueError, match="length"):
        random_effects([1, 2], [0.1])
    with pytest.raises(ValueError, match="NaN"):
        random_effects([1, float("nan")], [0.1, 0.1])
    with pytest.raises(ValueError, match="at least 1"):
        random_effects([], [])
    with pytest.raises(ValueError, match="level"):
        random_effects([1], [0.1], level=1)
    with pytest.raises(ValueError, match="level"):
        sign_test([1], level=0)


def test_sign_test() -> None:
    assert sign_test([0.1] * 5).p == pytest.approx(2 / 32)
    mixed = sign_test([0.3, -0.1, 0.2, 0.0, 0.5, 0.1, 0.4])
    assert (mixed.estimate, mixed.n, mixed.p) == (pytest.approx(5 / 6), 6, pytest.approx(2 * 7 / 64))
    none = sign_test([0.0, 0.0])
    assert (none.p, none.n, none.interval) == (1, 0, None)
    assert sign_test([-0.1] * 5).p == sign_test([0.1] * 5).p
