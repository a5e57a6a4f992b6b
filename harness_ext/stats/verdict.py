"""What a comparison of two accuracies supports: one of four verdicts."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from harness_ext.stats.multiple import holm
from harness_ext.stats.paired import PairedCounts, mcnemar_exact, mcnemar_midp, newcombe_interval
from harness_ext.stats.proportion import Interval


class Verdict(Enum):
    """The four things a comparison may say; a large p alone is never "equivalent"."""

    DIFFERENT = "different"
    EQUIVALENT = "equivalent"
    DIFFERENT_WITHIN_MARGIN = "different but within the margin"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class PairedResult:
    """A comparison of two accuracies on the same items.

    `difference` is first minus second with its Newcombe `interval`. `p` is McNemar's mid-p,
    `p_exact` the exact one, `p_holm` mid-p adjusted over the `tests` made together. `equivalence`
    is the interval of level 1 − 2α that must lie inside ± `margin` (two one-sided tests,
    Schuirmann 1987).
    """

    counts: PairedCounts
    difference: float
    interval: Interval
    equivalence: Interval
    p: float
    p_exact: float
    p_holm: float
    tests: int
    margin: float
    verdict: Verdict


def compare_counts(tables: Sequence[PairedCounts], margin: float, alpha: float = 0.05) -> list[PairedResult]:
    """Compare several pairs of runs together, Holm's correction over all of them.

    A pair is *different* where its Holm-adjusted mid-p is at most *alpha*, *equivalent* where its
    1 − 2·alpha interval lies inside ± *margin* (both: different but within the margin). *margin* is a
    difference of accuracies, between 0 and 1, and must be chosen before looking.
    """
    if not 0 < margin < 1:
        raise ValueError(f"a margin lies between 0 and 1, got {margin}")
    adjusted = holm([mcnemar_midp(table) for table in tables])
    results = []
    for table, p_holm in zip(tables, adjusted, strict=True):
        inner = newcombe_interval(table, 1 - 2 * alpha)
        results.append(
            PairedResult(
                counts=table,
                difference=table.difference,
                interval=newcombe_interval(table, 1 - alpha),
                equivalence=inner,
                p=mcnemar_midp(table),
                p_exact=mcnemar_exact(table),
                p_holm=p_holm,
                tests=len(tables),
                margin=margin,
                verdict=_verdict(p_holm <= alpha, -margin < inner.low and inner.high < margin),
            )
        )
    return results


def _verdict(different: bool, within: bool) -> Verdict:
    if different:
        return Verdict.DIFFERENT_WITHIN_MARGIN if within else Verdict.DIFFERENT
    return Verdict.EQUIVALENT if within else Verdict.INCONCLUSIVE
