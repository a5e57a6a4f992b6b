from math import atanh, sqrt, tanh

import numpy as np
import pytest

from benchmarks.learnability_gains import rho, with_interval


def test_rho_leaves_out_what_was_not_measured() -> None:
    assert rho([1, 2, np.nan, 3], [0.1, 0.2, 0.9, 0.3]) == pytest.approx(1)
    assert rho([1, 2, 3, 4], [0.1, 0.3, 0.2, 0.4]) == pytest.approx(0.8)  # 1 − 6·2 / (4·15)
    assert np.isnan(rho([1, 1, 1], [0.1, 0.2, 0.3]))
    assert np.isnan(rho([np.nan, 1, 2], [0.1, 0.2, 0.3]))


def test_rhos_are_averaged_by_their_cells() -> None:
    mean, low, high = with_interval([0.5, -0.2, 0.9], [8, 13, 3])
    z, half = (5 * atanh(0.5) + 10 * atanh(-0.2)) / 15, 1.959963984540054 * sqrt(1.06 / 15)
    assert (mean, low, high) == pytest.approx((tanh(z), tanh(z - half), tanh(z + half)))
    assert with_interval([1.0], [5])[0] == pytest.approx(1)
    assert with_interval([float("nan")], [20])[1:] == (-1, 1)
