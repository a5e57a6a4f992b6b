import numpy as np
import pytest
import statsmodels.api as sm
from statsmodels.discrete.conditional_models import ConditionalLogit

from harness_ext.stats import clustered, conditional_logistic, logistic


def drawn(seed: int, n: int = 300) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 2))
    strata = rng.integers(0, 60, size=n)
    chance = 1 / (1 + np.exp(-(0.8 * x[:, 0] - 0.5 * x[:, 1] + rng.normal(size=60)[strata])))
    return x, rng.random(n) < chance, strata


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_logistic_agrees_with_statsmodels(seed: int) -> None:
    x, y, _ = drawn(seed)
    x = np.column_stack([x, np.ones(len(x))])
    ours, theirs = logistic(x, y), sm.Logit(y, x).fit(disp=0, tol=1e-12)
    assert ours is not None
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-8)
    np.testing.assert_allclose([ours.standard_error(i) for i in range(3)], theirs.bse, atol=1e-8)
    assert ours.p(0) == pytest.approx(theirs.pvalues[0], abs=1e-8)
    low, high = np.exp(theirs.conf_int()[1])
    assert ours.odds_ratio(1)[1:] == pytest.approx((low, high))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_conditional_logistic_agrees_with_statsmodels(seed: int) -> None:
    x, y, strata = drawn(seed)
    ours = conditional_logistic(x, y, strata.tolist())
    theirs = ConditionalLogit(y.astype(int), x, groups=strata).fit(disp=0)
    assert ours is not None
    np.testing.assert_allclose(ours.coefficients, theirs.params, atol=1e-4)
    np.testing.assert_allclose([ours.standard_error(i) for i in range(2)], theirs.bse, atol=1e-4)
    mixed = [s for s in set(strata.tolist()) if 0 < y[strata == s].sum() < (strata == s).sum()]
    assert ours.strata == len(mixed)


def test_matched_pairs_give_the_ratio_of_discordant_pairs() -> None:
    # With one exposed and one not in each pair, the conditional odds ratio is b/c (McNemar).
    x, y, strata = [], [], []
    for i in range(50):
        x += [[1.0], [0.0]]
        y += [i < 30, i >= 30]
        strata += [i, i]
    fit = conditional_logistic(np.array(x), np.array(y), strata)
    assert fit is not None
    assert fit.odds_ratio(0)[0] == pytest.approx(30 / 20)


def test_no_finite_estimate_is_none() -> None:
    x = np.column_stack([np.arange(20.0), np.ones(20)])
    assert logistic(x, np.arange(20) >= 10) is None
    assert logistic(np.column_stack([x, x[:, 0]]), np.arange(20) % 3 == 0) is None
    assert (
        conditional_logistic(np.arange(4.0)[:, None], np.array([True, True, False, False]), [0, 0, 1, 1])
        is None
    )


def test_a_stratum_of_many_members_stays_finite() -> None:
    rng = np.random.default_rng(0)
    x = 30 * rng.normal(size=(64, 1))
    fit = conditional_logistic(x, rng.random(64) < 0.5, [0] * 64)
    assert fit is not None
    assert np.isfinite(fit.coefficients).all()


@pytest.mark.parametrize("seed", [0, 1])
def test_clustered_covariance_agrees_with_statsmodels(seed: int) -> None:
    x, y, strata = drawn(seed)
    x = np.column_stack([x, np.ones(len(x))])
    found = logistic(x, y)
    assert found is not None
    ours = clustered(found, x, y, strata.tolist())
    count = len(set(strata.tolist()))
    theirs = sm.Logit(y, x).fit(
        disp=0, tol=1e-12, cov_type="cluster", cov_kwds={"groups": strata, "use_correction": False}
    )
    np.testing.assert_allclose(ours.covariance, theirs.cov_params() * count / (count - 1), atol=1e-8)
    assert ours.strata == count


def test_clusters_are_checked() -> None:
    x, y, _ = drawn(0)
    found = logistic(x, y)
    assert found is not None
    for clusters in ([0] * len(x), [0, 1]):
        with pytest.raises(ValueError, match="clusters"):
            clustered(found, x, y, clusters)
