"""Right and wrong answers whose logits are those of an arm, an item and a training added up."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

BETWEEN_ITEMS = 1.5
"""Standard deviation between items, in logits."""


def centre(accuracy: float, spread: float) -> float:
    """Return the mean of normal logits of standard deviation *spread* whose probabilities have a mean."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    weights = weights / weights.sum()
    return float(
        brentq(lambda mean: weights @ (1 / (1 + np.exp(-(mean + spread * nodes)))) - accuracy, -20, 20)
    )


def answers(
    centres: Sequence[float],
    spreads: Sequence[float],
    base: float,
    shape: tuple[int, int, int],
    rng: Any,
) -> npt.NDArray[np.int8]:
    """Return right (1) or wrong (0), shape (draws, arms + 1, seeds, items), from *shape* (draws, seeds,
    items): arms with their mean logits and standard deviations between trainings, and last a base of one run,
    which stands beside every seed.
    """
    draws, seeds, items = shape
    hard = rng.standard_normal((draws, 1, 1, items), dtype=np.float32) * np.float32(BETWEEN_ITEMS)
    shifts = rng.standard_normal((draws, len(centres), seeds, 1), dtype=np.float32)
    shifts *= np.asarray(spreads, dtype=np.float32)[:, None, None]
    trained = _answered(hard + shifts + np.asarray(centres, dtype=np.float32)[:, None, None], rng)
    untrained = _answered(hard + np.float32(base), rng)
    return np.concatenate([trained, np.broadcast_to(untrained, (draws, 1, seeds, items))], axis=1)


def _answered(logits: npt.NDArray[np.float32], rng: Any) -> npt.NDArray[np.int8]:
    right = rng.random(logits.shape, dtype=np.float32) < 1 / (1 + np.exp(-logits))
    return np.asarray(right, dtype=np.int8)
