"""Finds training rows that may do harm, by outliers among their gradients (docs/choosing-rows.md).

After Chhabra et al. 2024 (arXiv:2405.03869): a row that harms stands out among the gradients of all rows, so that no influence on held-out
data need be computed.
"""

from distill.select.scores import METHODS, RowScore, check_selection, leave_out, read_ids, suspicious, write_scores
from distill.select.scoring import WARM_UP, score_rows

__all__ = ["METHODS", "WARM_UP", "RowScore", "check_selection", "leave_out", "read_ids", "score_rows", "suspicious", "write_scores"]
