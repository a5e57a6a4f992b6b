"""Finds training rows that may do harm, by outliers among their gradients
(docs/how-to/find-suspicious-rows.md).

After Chhabra et al. 2024 (arXiv:2405.03869): a row that harms stands out among the gradients of all rows, so
that no influence on held-out data need be computed. What scores rows is imported when it is asked for: it
needs torch, and the checks of options do not.
"""

from typing import TYPE_CHECKING, Any

from distill.select.scores import (
    METHODS,
    RowScore,
    check_selection,
    leave_out,
    read_ids,
    suspicious,
    write_scores,
)

if TYPE_CHECKING:
    from distill.select.scoring import WARM_UP, score_rows

__all__ = [
    "METHODS",
    "WARM_UP",
    "RowScore",
    "check_selection",
    "leave_out",
    "read_ids",
    "score_rows",
    "suspicious",
    "write_scores",
]


def __getattr__(name: str) -> Any:
    if name not in ("WARM_UP", "score_rows"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from distill.select import scoring

    return getattr(scoring, name)
