import numpy as np
import pytest

from harness_ext.stats.walsh_averages import WalshAverages


def numbers(kind: str, n: int) -> np.ndarray:
    rng = np.random.default_rng(n)
    return {
        "continuous": lambda: rng.normal(size=n),
        "far apart": lambda: rng.normal(size=n) ** 5 * 1e9,
        "right and wrong": lambda: rng.integers(-1, 2, n).astype(float),
        "whole": lambda: rng.integers(-400, 400, n).astype(float),
        "thirds": lambda: rng.integers(-400, 400, n) / 3,
        "hardly different": lambda: 1 + np.spacing(1.0) * rng.integers(0, 400, n),
        "equal": lambda: np.full(n, 0.1),
    }[kind]()


@pytest.mark.parametrize("n", [1, 2, 5, 260, 700])
@pytest.mark.parametrize(
    "kind", ["continuous", "far apart", "right and wrong", "whole", "thirds", "hardly different", "equal"]
)
def test_every_rank_is_that_of_all_averages_made(kind: str, n: int) -> None:
    x = np.sort(numbers(kind, n))
    first, second = np.triu_indices(n)
    every = np.sort((x[first] + x[second]) / 2)
    averages = WalshAverages(x)
    ranks = {
        1,
        2,
        len(every) // 40 + 1,
        (len(every) + 1) // 2,
        len(every) // 2 + 1,
        len(every) - len(every) // 40,
        len(every),
    }
    for rank in sorted(min(rank, len(every)) for rank in ranks):
        assert averages.at(rank) == pytest.approx(every[rank - 1], rel=1e-15, abs=1e-15 * np.abs(x).max())
