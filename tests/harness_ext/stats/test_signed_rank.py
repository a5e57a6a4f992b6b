import numpy as np
import pytest
from scipy.stats import wilcoxon

from harness_ext.stats.means import hodges_lehmann
from harness_ext.stats.signed_rank import signed_rank_p


@pytest.mark.parametrize("kind", ["whole", "shares", "continuous", "mostly zeros", "one sign"])
@pytest.mark.parametrize("n", [51, 200, 2000])
def test_p_is_that_of_scipy_to_the_bit(kind: str, n: int) -> None:
    rng = np.random.default_rng([n, len(kind)])
    d = {
        "whole": rng.integers(-3, 4, n).astype(float),
        "shares": rng.integers(-8, 9, n) / 8 - rng.integers(0, 3, n) / 3,
        "continuous": rng.normal(0.05, 1, n),
        "mostly zeros": np.where(rng.random(n) < 0.9, 0.0, rng.normal(size=n)),
        "one sign": rng.random(n),
    }[kind]
    expected = float(wilcoxon(d, zero_method="pratt").pvalue)
    assert signed_rank_p(d) == expected
    assert hodges_lehmann(d).p == expected
