"""Comparisons: of two lists of outcomes, or of run folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from synth.errors import StylerepError

if TYPE_CHECKING:
    from harness_ext.compare import Report
    from stylerep.outcomes import Outcomes, PairedComparison

__all__ = ["compare"]


@overload
def compare(
    baseline: str | Path,
    *others: str | Path,
    margin: float = ...,
    alpha: float = ...,
    by: str = ...,
    metric: str | None = ...,
    partial: bool = ...,
    claims: str | Path | None = ...,
    seed: int = ...,
    learnability: Sequence[str | Path] = ...,
    between_seeds: str | None = ...,
) -> "Report": ...
@overload
def compare(
    baseline: "Outcomes", other: "Outcomes", /, *, margin: float = ..., alpha: float = ...
) -> "PairedComparison": ...
def compare(
    baseline: "str | Path | Outcomes",
    *others: "str | Path | Outcomes",
    margin: float = 0.05,
    alpha: float = 0.05,
    by: str = "family,arm,task",
    metric: str | None = None,
    partial: bool = False,
    claims: str | Path | None = None,
    seed: int = 0,
    learnability: Sequence[str | Path] = (),
    between_seeds: str | None = None,
) -> "Report | PairedComparison":
    """Compare two lists of outcomes on the same items, or run folders with the first one's arm,
    and say what the difference supports.

    The verdict is *different*, *equivalent* (inside the margin, shown and not merely not refuted), *different
    but within the margin*, or *inconclusive*. A difference is always the other less the baseline.

    Args:
        baseline: outcomes from 0 (wrong) to 1 (right),
            a list in the order of the items or a dictionary by item; or a run folder.
        others: the outcomes of one other run on the same items; or one or several run folders.
        margin: the largest difference of accuracies that still counts as equivalent, between 0 and 1;
            choose it before looking.
        alpha: the size of the tests, between 0 and 0.5.
        by: of run folders: what rows are told apart by, of family, arm, seed and task;
            what is left out is taken together.
        metric: of run folders: which metric accuracy is; found by its name if left out.
        partial: of run folders: compare the items that runs share, where each also has others.
        claims: of run folders: a file of hypotheses declared beforehand, which are judged as well.
        seed: of run folders: seed of resampling.
        learnability: of run folders: tables of `stylerep.learnability`, one a model;
            differences are then told at equal learnability too.
        between_seeds: of run folders: where the spread between seeds is taken from, "each" comparison's own
            runs (the default) or "pooled" over all trained arms; claims say so themselves.

    Returns:
        For outcomes a `PairedComparison`: difference, interval, p, verdict, signature; McNemar's mid-p and
        Newcombe's interval where all are 0 or 1, else the paired t. For run folders a report: ``comparisons``
        (p adjusted by Holm's method over all of them), ``cells``, ``families``, ``notes``.
        Either can be printed.

    Raises:
        StylerepError: for outcomes that aren't of the same items or no outcomes, a value out of its range,
            and runs that can't be read or don't have the same items.

    Example:
        print(stylerep.compare([0, 1, 0, 0] * 50, [1, 1, 0, 0] * 50, margin=0.05))
        print(stylerep.compare("runs/base", "runs/hc"))

    """
    folders = [one for one in (baseline, *others) if isinstance(one, str | Path)]
    if folders and len(folders) <= len(others):
        raise StylerepError("Compare either run folders or outcomes; these are some of each.")
    if not folders:
        given = (by, metric, partial, claims, seed, tuple(learnability), between_seeds)
        if given != ("family,arm,task", None, False, None, 0, (), None):
            raise StylerepError(
                "by, metric, partial, claims, seed, learnability and between_seeds are about run folders;"
                " leave them out for outcomes."
            )
        if len(others) != 1:
            raise StylerepError(
                "Outcomes are compared two at a time, those of the baseline and of one other; got"
                f" {len(others)} others."
            )
        from stylerep.outcomes import compare_outcomes

        return compare_outcomes(baseline, others[0], margin, alpha)  # type: ignore[arg-type]  # neither is a folder
    from harness_ext.compare import compare as run
    from harness_ext.compare import load_claims

    paths = [Path(one) for one in folders]
    declared = load_claims(Path(claims)) if claims is not None else None
    return run(
        paths,
        None,
        margin,
        by=by,
        metric=metric,
        partial=partial,
        claims=declared,
        alpha=alpha,
        seed=seed,
        learnability=[Path(one) for one in learnability],
        between_seeds=between_seeds,
    )
