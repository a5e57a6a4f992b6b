"""Compares runs with a baseline (``stylerep compare``)."""

from harness_ext.compare.comparisons import compare
from harness_ext.compare.hypotheses import Judgement, Outcome
from harness_ext.compare.hypotheses_file import Claims, claims_digest, load_claims
from harness_ext.compare.report import AcrossFamilies, Comparison, ConditionOnTask, Report
from harness_ext.compare.to_json import report_json

__all__ = [
    "AcrossFamilies",
    "Claims",
    "Comparison",
    "ConditionOnTask",
    "Judgement",
    "Outcome",
    "Report",
    "claims_digest",
    "compare",
    "load_claims",
    "report_json",
]
