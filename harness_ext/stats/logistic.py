"""Logistic models of a right or wrong answer: plain, and conditional on the question."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

FloatArray = npt.NDArray[np.float64]
Derivatives = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From coefficients to the score and the information."""
_STEPS, _TOLERANCE, _FAR = 50, 1e-9, 15.0


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Maximum-likelihood coefficients, in the order of the columns, and their covariance.

    `n` counts the observations that tell something (in a conditional fit, those of strata with both
    outcomes) and `strata` those strata (1 in a plain fit).
    """

    coefficients: FloatArray
    covariance: FloatArray
    n: int
    strata: int

    def odds_ratio(self, column: int, level: float = 0.95) -> tuple[float, float, float]:
        """Return exp of a coefficient with its Wald interval."""
        half = float(norm.ppf(0.5 + level / 2)) * self.standard_error(column)
        estimate = float(self.coefficients[column])
        return float(np.exp(estimate)), float(np.exp(estimate - half)), float(np.exp(estimate + half))

    def p(self, column: int) -> float:
        """Return the two-sided Wald p-value of a coefficient."""
        return 2 * float(norm.sf(abs(float(self.coefficients[column])) / self.standard_error(column)))

    def standard_error(self, column: int) -> float:
        """Return the standard error of a coefficient."""
        return float(np.sqrt(self.covariance[column, column]))


def logistic(x: FloatArray, y: npt.NDArray[np.bool_]) -> LogisticFit | None:
    """Fit P(y) = 1/(1 + exp(-x b)) by Newton's method; give *x*, shape (n, p), a column of ones for the intercept.

    Returns None where no finite estimate exists: a column separates the outcomes, or is a sum of others.
    """

    def derivatives(b: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean = 1 / (1 + np.exp(-np.clip(x @ b, -40, 40)))
        return x.T @ (y - mean), (x * (mean * (1 - mean))[:, None]).T @ x

    found = _newton(derivatives, x.shape[1])
    return None if found is None else LogisticFit(*found, len(y), 1)


def conditional_logistic(x: FloatArray, y: npt.NDArray[np.bool_], strata: Sequence[object]) -> LogisticFit | None:
    """Fit a logistic model within strata, whose intercepts are conditioned away.

    The exact conditional likelihood given the number of right answers in each stratum (Breslow & Day 1980, ch. 7),
    its sums over subsets by the recursion of Gail, Lubin & Rubinstein (1981, Biometrika 68:703). Strata in which all answers
    are right, or all wrong, say nothing and are left out. Returns None where none is left or no finite estimate exists.
    """
    members: dict[object, list[int]] = {}
    for i, stratum in enumerate(strata):
        members.setdefault(stratum, []).append(i)
    # Strata of one shape go through the recursion together; those who were right stand first.
    shapes: dict[tuple[int, int], list[list[int]]] = {}
    for rows in members.values():
        right = sum(bool(y[i]) for i in rows)
        if 0 < right < len(rows):
            shapes.setdefault((len(rows), right), []).append(sorted(rows, key=lambda i: not y[i]))
    blocks = [(right, x[np.array(rows)]) for (_, right), rows in shapes.items()]
    if not blocks:
        return None

    def derivatives(b: FloatArray) -> tuple[FloatArray, FloatArray]:
        score, information = np.zeros(len(b)), np.zeros((len(b), len(b)))
        for right, block in blocks:
            mean, spread = _subset_moments(block, right, b)
            score += block[:, :right].sum(axis=(0, 1)) - mean
            information += spread
        return score, information

    found = _newton(derivatives, x.shape[1])
    n, count = sum(block.shape[0] * block.shape[1] for _, block in blocks), sum(len(block) for _, block in blocks)
    return None if found is None else LogisticFit(*found, n, count)


def _subset_moments(block: FloatArray, right: int, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, summed over strata, the mean and covariance of the sum of x over random subsets of size *right*.

    *block* has shape (strata, members, p); a subset's weight is exp of its sum of x b.
    """
    strata, size, p = block.shape
    weights = np.exp(block @ b - (block @ b).max(axis=1, keepdims=True))
    total = np.zeros((right + 1, strata))
    first, second = np.zeros((right + 1, strata, p)), np.zeros((right + 1, strata, p, p))
    total[0] = 1
    for i in range(size):
        xi, w = block[:, i], weights[:, i]
        for k in range(min(right, i + 1), 0, -1):
            crossed = first[k - 1][:, :, None] * xi[:, None, :]
            added = second[k - 1] + crossed + crossed.transpose(0, 2, 1) + total[k - 1][:, None, None] * xi[:, :, None] * xi[:, None, :]
            second[k] += w[:, None, None] * added
            first[k] += w[:, None] * (first[k - 1] + total[k - 1][:, None] * xi)
            total[k] += w * total[k - 1]
    mean = first[right] / total[right][:, None]
    return mean.sum(axis=0), (second[right] / total[right][:, None, None] - mean[:, :, None] * mean[:, None, :]).sum(axis=0)


def _newton(derivatives: Derivatives, p: int) -> tuple[FloatArray, FloatArray] | None:
    """Climb from 0 by Newton's steps, none longer than 2 in a coefficient; return estimate and inverse information."""
    b = np.zeros(p)
    for _ in range(_STEPS):
        score, information = derivatives(b)
        if np.linalg.cond(information) > 1e12:
            return None
        step = np.linalg.solve(information, score)
        b = b + np.clip(step, -2, 2)
        if np.abs(b).max() > _FAR:
            return None
        if np.abs(step).max() < _TOLERANCE:
            return b, np.linalg.inv(information).astype(np.float64)
    return None
