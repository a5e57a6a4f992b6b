"""More than two arms on the same items or data sets."""

from dataclasses import dataclass
from math import inf, sqrt

import numpy as np
import numpy.typing as npt

from harness_ext.stats.multiple import holm
from harness_ext.stats.paired import difference, paired_counts
from harness_ext.stats.proportion import between_0_and_1
from harness_ext.stats.result import Result
from harness_ext.stats.tails import chi2

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CriticalDifference:
    """What a critical-difference diagram shows.

    `ranks` are the arms' average ranks, 1 the best; `difference` is how far two of them must lie apart;
    `groups` are the largest sets of two or more arms, as indices from the best rank to the worst, within
    which none differ by as much; `friedman` is the test of all arms.
    """

    ranks: tuple[float, ...]
    difference: float
    groups: tuple[tuple[int, ...], ...]
    friedman: Result
    alpha: float


def cochran_q(outcomes: BoolArray) -> Result:
    """Test whether several arms have one accuracy (Cochran 1950, Biometrika 37:256).

    *outcomes*, shape (items, arms), is True for a right answer; 2 or more of both. The estimate is Kendall's
    coefficient of concordance, from 0 (the arms do not differ) to 1 (they differ alike on every item);
    `settings` hold Q, whose p is that of chi-square with arms - 1 degrees of freedom. With two arms Q is
    McNemar's statistic without correction.
    """
    from scipy.stats import rankdata  # takes a while to import

    answers = _outcomes(outcomes)
    return _concordance(rankdata(answers, axis=1), "cochran-q", "q")


def friedman(scores: FloatArray) -> Result:
    """Test whether several arms score alike over data sets (Friedman 1937, JASA 32:675), corrected for ties.

    *scores* has shape (data sets, arms), 2 or more of both. The estimate is Kendall's coefficient of
    concordance, from 0 to 1; `settings` hold the statistic, whose p is that of chi-square with arms - 1
    degrees of freedom, and the less conservative F of Iman & Davenport (1980, Commun Stat A 9:571),
    infinite where all data sets agree.
    """
    from scipy.stats import rankdata  # takes a while to import

    result = _concordance(rankdata(_scores(scores), axis=1), "friedman", "chi2")
    w = result.estimate
    f = (result.n - 1) * w / (1 - w) if w < 1 else inf
    return Result(
        w, None, result.p, result.n, result.method, {**result.settings, "iman_davenport_f": f}, result.note
    )


def _concordance(ranks: FloatArray, method: str, name: str) -> Result:
    """Compare the rank sums of the arms with the spread of ranks within rows: Friedman's statistic, and
    Cochran's where all ranks are of two kinds.
    """
    n, arms = ranks.shape
    centred = ranks - (arms + 1) / 2
    spread = float(np.sum(centred**2))
    statistic = (arms - 1) * float(np.sum(centred.sum(axis=0) ** 2)) / spread if spread else 0.0
    w = min(statistic / (n * (arms - 1)), 1.0)
    settings = {"arms": arms, name: statistic, "df": arms - 1}
    return Result(
        w,
        None,
        float(chi2.sf(statistic, arms - 1)),
        n,
        method,
        settings,
        "" if spread else "the arms never differ",
    )


def against_control(outcomes: BoolArray, control: int, alpha: float = 0.05) -> list[Result]:
    """Compare the accuracy of every other arm with that of the arm at index *control*,
    in the order of the arms.

    Estimates are arm minus control, intervals Newcombe's of level 1 - *alpha*, not widened for their number;
    p is McNemar's mid-p, adjusted by Holm over the arms compared, and `settings` hold it unadjusted.
    *outcomes* is as for `cochran_q`.
    """
    answers = _outcomes(outcomes)
    if not 0 <= control < answers.shape[1]:
        raise ValueError(f"the control is an arm from 0 to {answers.shape[1] - 1}, got {control}")
    arms = [arm for arm in range(answers.shape[1]) if arm != control]
    alone = [
        difference(paired_counts(answers[:, arm], answers[:, control]), 1 - between_0_and_1("alpha", alpha))
        for arm in arms
    ]
    results = []
    for arm, one, p in zip(arms, alone, holm([one.p for one in alone if one.p is not None]), strict=True):
        settings = {"arm": arm, "control": control, **one.settings, "p_alone": one.p, "tests": len(arms)}
        results.append(Result(one.estimate, one.interval, p, one.n, f"{one.method}-holm", settings))
    return results


def critical_difference(scores: FloatArray, alpha: float = 0.05) -> CriticalDifference:
    """Rank arms over data sets and find which cannot be told apart (Nemenyi's test, as in Demšar 2006,
    JMLR 7:1, section 3.2.2).

    *scores* is as for `friedman`, a higher one better; equal ones share the average rank. *alpha* lies
    between 0 and 1. The groups mean something only where Friedman's test,
    which is returned with them, rejects.
    """
    from scipy.stats import rankdata, studentized_range  # takes a while to import

    values = _scores(scores)
    n, arms = values.shape
    ranks = rankdata(-values, axis=1).mean(axis=0)
    needed = (
        float(studentized_range.isf(between_0_and_1("alpha", alpha), arms, inf))
        / sqrt(2)
        * sqrt(arms * (arms + 1) / (6 * n))
    )
    order = [int(i) for i in np.argsort(ranks, kind="stable")]
    groups: list[tuple[int, ...]] = []
    reached = 0
    for start in range(arms):
        end = max(
            stop
            for stop in range(start + 1, arms + 1)
            if ranks[order[stop - 1]] - ranks[order[start]] < needed
        )
        if end > max(reached, start + 1):
            groups.append(tuple(order[start:end]))
            reached = end
    return CriticalDifference(
        tuple(float(rank) for rank in ranks), needed, tuple(groups), friedman(values), alpha
    )


def _outcomes(outcomes: BoolArray) -> BoolArray:
    values = np.asarray(outcomes)
    if values.dtype != np.bool_ or values.ndim != 2 or min(values.shape) < 2:
        raise ValueError(
            f"needs booleans of shape (items, arms), 2 or more of both, got {values.dtype} {values.shape}"
        )
    return values


def _scores(scores: FloatArray) -> FloatArray:
    values = np.asarray(scores, dtype=np.float64)
    if values.ndim != 2 or min(values.shape) < 2 or not np.isfinite(values).all():
        raise ValueError(
            f"needs finite scores of shape (data sets, arms), 2 or more of both, got shape {values.shape}"
        )
    return values
