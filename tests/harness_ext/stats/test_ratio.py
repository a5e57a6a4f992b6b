import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import bootstrap, ttest_1samp

from harness_ext.stats.ratio import fieller, recovered_share
from harness_ext.stats.result import Result


def runs(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Outcomes of three runs, about .62, .7 and .4 right, correlated over items."""
    rng = np.random.default_rng(seed)
    ease = rng.normal(size=n)
    a, b, base = (ease + rng.normal(size=n) < cut for cut in (0.43, 0.74, -0.36))
    return a, b, base


def bounds(result: Result) -> tuple[float, float]:
    assert result.interval is not None
    return result.interval.low, result.interval.high


@pytest.mark.parametrize(
    ("st_hc", "st_", "base", "recovered", "wrong", "kept"),
    [(64.2, 68.4, 36.4, 87, 48.2, 42), (77.0, 78.2, 52.8, 95, 62.8, 41), (83.4, 89.0, 76.8, 54, 80.2, 52)],
)
def test_shares_reported_by_lippmann_and_yang(
    st_hc: float, st_: float, base: float, recovered: int, wrong: float, kept: int
) -> None:
    # arXiv:2504.01738, MATH500, per cent of 500: as reported.
    def run(accuracy: float) -> np.ndarray:
        return np.arange(500) < round(5 * accuracy)

    assert round(100 * recovered_share(run(st_hc), run(st_), run(base), draws=100).estimate) == recovered
    assert round(100 * recovered_share(run(wrong), run(st_hc), run(base), draws=100).estimate) == kept


@given(st.integers(0, 10_000), st.sampled_from([0.8, 0.95, 0.99]))
@settings(max_examples=25)
def test_fieller_inverts_the_paired_t_test(seed: int, level: float) -> None:
    rng = np.random.default_rng(seed)
    x, y = rng.normal(1, 1, 25), rng.normal(2, 1, 25)
    cov = np.cov(x, y) / 25
    interval = fieller(x.mean(), y.mean(), cov[0, 0], cov[1, 1], cov[0, 1], 24, level)
    assert interval is not None
    for bound in (interval.low, interval.high):
        assert ttest_1samp(x - bound * y, 0).pvalue == pytest.approx(1 - level, abs=1e-10)
    assert interval.low < x.mean() / y.mean() < interval.high


def test_fieller_is_unbounded_where_the_denominator_may_be_zero() -> None:
    assert fieller(1, 0.1, 0.01, 0.01, 0, 50) is None
    interval = fieller(1, 2, 0, 0, 0, 50)
    assert interval is not None
    assert (interval.low, interval.high) == (0.5, 0.5)
    for wrong in ((1, 2, -1, 1, 0, 5), (1, 2, 1, 1, 2, 5), (float("nan"), 2, 1, 1, 0, 5), (1, 2, 1, 1, 0, 0)):
        with pytest.raises(ValueError, match=r"covariance|degrees"):
            fieller(*wrong)


@pytest.mark.parametrize("seed", range(3))
def test_the_interval_is_scipys_bca_and_near_fiellers(seed: int) -> None:
    a, b, base = runs(seed)
    ours = recovered_share(a, b, base, draws=10_000, seed=seed)

    def ratio(a: np.ndarray, b: np.ndarray, base: np.ndarray, axis: int = -1) -> np.ndarray:
        return (a.mean(axis) - base.mean(axis)) / (b.mean(axis) - base.mean(axis))

    theirs = bootstrap(
        (a * 1.0, b * 1.0, base * 1.0),
        ratio,
        paired=True,
        vectorized=True,
        n_resamples=10_000,
        batch=2000,
        rng=np.random.default_rng(1),
    )
    assert bounds(ours) == pytest.approx(tuple(theirs.confidence_interval), abs=0.02)
    assert bounds(ours) == pytest.approx(
        (ours.settings["fieller_low"], ours.settings["fieller_high"]), abs=0.05
    )
    gain = ttest_1samp(b * 1.0 - base, 0).confidence_interval()
    assert (ours.settings["gain_low"], ours.settings["gain_high"]) == pytest.approx(tuple(gain), abs=1e-10)


def test_no_gain_leaves_the_share_undefined() -> None:
    a, b, _ = runs(0)
    result = recovered_share(a, b, np.roll(b, 1))
    assert np.isnan(result.estimate)
    assert result.interval is None
    assert "undefined" in result.note
    assert "holds 0" in result.note
    assert "undefined" in recovered_share([1], [1], [0]).note
    assert "undefined" in recovered_share([1, 1], [0, 0], [0, 0]).note


def test_a_loss_is_called_one() -> None:
    a, b, base = runs(0)
    result = recovered_share(a, base, b)
    assert "loss" in result.note
    assert result.settings["gain_high"] < 0


def test_resamples_without_a_gain_are_counted() -> None:
    base = np.zeros(12)
    b = np.array([1.0] * 5 + [0.0] * 7)
    a = np.array([1.0] * 3 + [0.0] * 8 + [1.0])
    result = recovered_share(a, b, base)
    assert "Fieller" in result.note
    assert bounds(result) == (result.settings["fieller_low"], result.settings["fieller_high"])


def test_the_whole_gain_is_one_in_every_resample() -> None:
    _, b, base = runs(0)
    result = recovered_share(b, b, base)
    assert (result.estimate, result.interval) == (1, None)
    assert "all resamples" in result.note


@given(st.integers(0, 10_000), st.floats(-3, 3), st.floats(0.01, 100))
@settings(max_examples=15, deadline=None)
def test_order_shift_and_scale_do_not_matter(seed: int, shift: float, factor: float) -> None:
    rng = np.random.default_rng(seed)
    a, b, base = rng.normal(1, 1, 60), rng.normal(2, 1, 60), rng.normal(0, 1, 60)
    plain = recovered_share(a, b, base, draws=200)
    moved = recovered_share(factor * a + shift, factor * b + shift, factor * base + shift, draws=200)
    assert (moved.estimate, *bounds(moved)) == pytest.approx((plain.estimate, *bounds(plain)), abs=1e-8)
    order = rng.permutation(60)
    assert recovered_share(a[order], b[order], base[order], draws=200).settings[
        "fieller_low"
    ] == pytest.approx(plain.settings["fieller_low"], abs=1e-10)


def test_malformed_runs_are_refused() -> None:
    with pytest.raises(ValueError, match="length"):
        recovered_share([1, 0], [1, 0, 1], [0, 0])
    with pytest.raises(ValueError, match="base holds NaN"):
        recovered_share([1, 0], [1, 0], [0, float("nan")])
    with pytest.raises(ValueError, match="a is a vector"):
        recovered_share([], [], [])
    with pytest.raises(ValueError, match="draw"):
        recovered_share([1, 0], [1, 0], [0, 0], draws=0)
    with pytest.raises(ValueError, match="level"):
        recovered_share([1, 0], [1, 0], [0, 0], level=2)
