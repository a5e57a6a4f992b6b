"""Paired inference for accuracies: pure functions over counts, each with its source."""

from harness_ext.stats.logistic import LogisticFit, conditional_logistic, logistic
from harness_ext.stats.multiple import holm
from harness_ext.stats.paired import PairedCounts, mcnemar_exact, mcnemar_midp, newcombe_interval
from harness_ext.stats.proportion import Interval, wilson_interval
from harness_ext.stats.verdict import PairedResult, Verdict, compare_counts

__all__ = [
    "Interval", "LogisticFit", "PairedCounts", "PairedResult", "Verdict", "compare_counts", "conditional_logistic", "holm",
    "logistic", "mcnemar_exact", "mcnemar_midp", "newcombe_interval", "wilson_interval",
]  # fmt: skip
