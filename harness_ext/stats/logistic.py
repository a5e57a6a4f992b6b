"""Logistic models of a right or wrong answer: plain, penalised against separation,
and conditional on the question.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.special import expit, log_expit

from harness_ext.stats.arrays import matrix
from harness_ext.stats.tails import chi2, norm

FloatArray = npt.NDArray[np.float64]
Derivatives = Callable[[FloatArray], tuple[FloatArray, FloatArray]]
"""From coefficients to the score and the information."""
_STEPS, _TOLERANCE, _FAR = 50, 1e-9, 15.0
_CLIMB, _HALVINGS = 500, 40


@dataclass(frozen=True, slots=True)
class LogisticFit:
    """Coefficients of largest (penalised) likelihood, in the order of the columns, and their covariance.

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
    """Fit P(y) = 1/(1 + exp(-x b)) by Newton's method; give *x*, shape (n, p),
    a column of ones for the intercept.

    Returns None where no finite estimate exists: a column separates the outcomes, or is a sum of others.
    """

    def derivatives(b: FloatArray) -> tuple[FloatArray, FloatArray]:
        mean = 1 / (1 + np.exp(-np.clip(x @ b, -40, 40)))
        return x.T @ (y - mean), (x * (mean * (1 - mean))[:, None]).T @ x

    found = _newton(derivatives, x.shape[1])
    return None if found is None else LogisticFit(*found, len(y), 1)


def firth_logistic(x: FloatArray, y: npt.NDArray[np.bool_]) -> LogisticFit | None:
    """Fit as `logistic` does, the likelihood multiplied by Jeffreys' prior:
    finite also where a column separates the outcomes.

    Firth (1993, Biometrika 80:27), for separation Heinze & Schemper (2002, Stat Med 21:2409). The covariance
    is the inverse Fisher information; the Wald p and interval made from it are poor under separation, where
    `firth_p` is the p to report. Returns None where a column is a sum of others.
    ValueError where *x* or *y* is malformed.
    """
    design = _design(x, y)
    found = None if design is None else _climb(*design, np.arange(design[0].shape[1]))
    return (
        None
        if design is None or found is None
        else LogisticFit(
            found[0], np.linalg.inv(_penalised(*design, found[0])[2]).astype(np.float64), len(y), 1
        )
    )


def firth_p(x: FloatArray, y: npt.NDArray[np.bool_], column: int) -> float | None:
    """Return the p of a coefficient of 0 by the penalised likelihood ratio (Heinze & Schemper 2002,
    Stat Med 21:2409, section 2.2).

    The penalty is that of the whole design in both fits; chi-square on 1 degree of freedom.
    None where `firth_logistic` is.
    """
    design = _design(x, y)
    if design is None:
        return None
    every = np.arange(design[0].shape[1])
    if column not in every:
        raise ValueError(f"x has columns 0 to {every[-1]}, not {column}")
    full, without = _climb(*design, every), _climb(*design, every[every != column])
    return (
        None if full is None or without is None else float(chi2.sf(max(0.0, 2 * (full[1] - without[1])), 1))
    )


def clustered(
    fit: LogisticFit, x: FloatArray, y: npt.NDArray[np.bool_], clusters: Sequence[object]
) -> LogisticFit:
    """Return a fit of `logistic` or `firth_logistic` with a covariance that allows for any dependence within
    clusters.

    Clusters are, for example, items that several models answered. The sandwich of Liang & Zeger (1986,
    Biometrika 73:13), times G/(G - 1) for G clusters; `strata` is G. It is too small with few clusters (below
    40 or so). ValueError for fewer than two, or where *clusters* does not have one entry for each row of *x*.
    """
    design = matrix("x", x)
    names, number = np.unique(np.asarray([str(one) for one in clusters]), return_inverse=True)
    if len(number) != len(design) or len(names) < 2:
        raise ValueError(
            f"clusters has an entry for each of the {len(design)} rows and two values at least, got"
            f" {len(number)} and {len(names)}"
        )
    mean = expit(design @ fit.coefficients)
    scores = np.zeros((len(names), design.shape[1]))
    np.add.at(scores, number, design * (np.asarray(y, dtype=np.float64) - mean)[:, None])
    bread = np.linalg.inv((design * (mean * (1 - mean))[:, None]).T @ design)
    covariance = bread @ (scores.T @ scores) @ bread * len(names) / (len(names) - 1)
    return LogisticFit(fit.coefficients, np.asarray(covariance), fit.n, len(names))


def attributed(fit: LogisticFit, first: FloatArray, second: FloatArray) -> FloatArray:
    """Return how much each column adds to the difference of mean log-odds, *second* group minus *first*:
    b (mean second − mean first).

    The parts sum to the whole, and are its Shapley values, since the predictor is linear (Lundberg & Lee
    2017, arXiv:1705.07874, corollary 1). A description of the model, not of causes:
    correlated features share by their coefficients.
    """
    one, two = matrix("first", first), matrix("second", second)
    if {one.shape[1], two.shape[1]} != {len(fit.coefficients)}:
        raise ValueError(
            f"groups have the fit's {len(fit.coefficients)} columns, got {one.shape[1]} and {two.shape[1]}"
        )
    return np.asarray(fit.coefficients * (two.mean(axis=0) - one.mean(axis=0)))


def conditional_logistic(
    x: FloatArray, y: npt.NDArray[np.bool_], strata: Sequence[object]
) -> LogisticFit | None:
    """Fit a logistic model within strata, whose intercepts are conditioned away.

    The exact conditional likelihood given the number of right answers in each stratum (Breslow & Day 1980,
    ch. 7), its sums over subsets by the recursion of Gail, Lubin & Rubinstein (1981, Biometrika 68:703).
    Strata in which all answers are right, or all wrong, say nothing and are left out. Returns None where none
    is left or no finite estimate exists.
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
    n, count = (
        sum(block.shape[0] * block.shape[1] for _, block in blocks),
        sum(len(block) for _, block in blocks),
    )
    return None if found is None else LogisticFit(*found, n, count)


def _subset_moments(block: FloatArray, right: int, b: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return, summed over strata, the mean and covariance of the sum of x over random subsets of size
    *right*.

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
            added = (
                second[k - 1]
                + crossed
                + crossed.transpose(0, 2, 1)
                + total[k - 1][:, None, None] * xi[:, :, None] * xi[:, None, :]
            )
            second[k] += w[:, None, None] * added
            first[k] += w[:, None] * (first[k - 1] + total[k - 1][:, None] * xi)
            total[k] += w * total[k - 1]
    mean = first[right] / total[right][:, None]
    return mean.sum(axis=0), (
        second[right] / total[right][:, None, None] - mean[:, :, None] * mean[:, None, :]
    ).sum(axis=0)


def _newton(derivatives: Derivatives, p: int) -> tuple[FloatArray, FloatArray] | None:
    """Climb from 0 by Newton's steps, none longer than 2 in a coefficient;
    return estimate and inverse information.
    """
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


def _design(x: FloatArray, y: npt.NDArray[np.bool_]) -> tuple[FloatArray, FloatArray] | None:
    """Return design and outcome as numbers; None where the design's columns are dependent."""
    design, outcome = matrix("x", x), np.asarray(y, dtype=np.float64)
    if outcome.shape != (len(design),) or not np.isin(outcome, (0, 1)).all():
        raise ValueError(f"y is one bool for each of the {len(design)} rows of x")
    scaled = design / np.maximum(np.linalg.norm(design, axis=0), np.finfo(np.float64).tiny)
    return None if np.linalg.matrix_rank(scaled, tol=1e-8) < design.shape[1] else (design, outcome)


def _penalised(x: FloatArray, y: FloatArray, b: FloatArray) -> tuple[float, FloatArray, FloatArray]:
    """Return the penalised log-likelihood, its modified score (Firth 1993, section 3.3), and the
    information.
    """
    linear = x @ b
    mean = expit(linear)
    weights = mean * expit(-linear)
    information = (x * weights[:, None]).T @ x
    sign, size = np.linalg.slogdet(information)
    if sign <= 0:
        return -np.inf, np.zeros_like(b), information
    hat = weights * (x * np.linalg.solve(information, x.T).T).sum(axis=1)
    likelihood = float((y * log_expit(linear) + (1 - y) * log_expit(-linear)).sum() + size / 2)
    return likelihood, np.asarray(x.T @ (y - mean + hat * (0.5 - mean))), information


def _climb(x: FloatArray, y: FloatArray, free: npt.NDArray[np.intp]) -> tuple[FloatArray, float] | None:
    """Maximise the penalised likelihood over the *free* coefficients, the others 0,
    by scoring with halved steps.
    """
    b = np.zeros(x.shape[1])
    likelihood, score, information = _penalised(x, y, b)
    for _ in range(_CLIMB):
        step = np.zeros_like(b)
        step[free] = np.linalg.solve(information[np.ix_(free, free)], score[free])
        gain = float(step @ score)
        if gain < 1e-20:
            return b, likelihood
        step *= min(1.0, 5 / max(float(np.abs(x @ step).max()), 1e-300))
        for _ in range(_HALVINGS):
            tried = _penalised(x, y, b + step)
            if tried[0] >= likelihood - 1e-12 * abs(likelihood):
                break
            step /= 2
        else:
            return None
        b, (likelihood, score, information) = b + step, tried
    return (b, likelihood) if gain < 1e-12 else None
