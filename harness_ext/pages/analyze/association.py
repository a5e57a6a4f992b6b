"""Which features of style go with a right answer, length held constant."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harness_ext.pages.analyze.scored import ScoredResponse
from harness_ext.stats import conditional_logistic, holm, logistic

FEATURES = (
    "style_adherence",
    "pivot_density_realization",
    "pivot_density_verification",
    "pivot_density_exploration",
    "pivot_density_integration",
    "pivot_kinds",
    "opener_density",
    "first_person_density",
    "backtrack_density",
    "question_density",
    "stage_share_framing",
    "stage_share_verification",
    "stage_share_synthesis",
    "stage_order",
    "step_validity",
    "repetition",
)
_FEWEST = 10


@dataclass(frozen=True, slots=True)
class Association:
    """How a feature goes with a right answer.

    `odds_ratio` is that of one standard deviation of the feature more (extremes drawn in to the 1st and 99th
    percentile), at the same length, with its 95 % Wald interval; `p_holm` is adjusted over the features of
    one analysis. All are None where no finite estimate exists (the feature hardly varies, or separates right
    from wrong); `n` is the number of responses that tell something,
    or that have the feature where there is no estimate.
    """

    feature: str
    n: int
    odds_ratio: float | None
    low: float | None
    high: float | None
    p: float | None
    p_holm: float | None


@dataclass(frozen=True, slots=True)
class Analysis:
    """One set of associations: of one model across questions, or within questions.

    `length` is the odds ratio of a trace twice as long, with its interval, alone in the model.
    """

    title: str
    model: str | None
    n: int
    right: int
    strata: int
    length: tuple[float, float, float] | None
    associations: list[Association]


def associations(scored: Sequence[ScoredResponse]) -> list[Analysis]:
    """Return the analyses that the data allow: each model across questions, and within questions.

    Looped and cut-off traces are in, as models write them. Only responses with a known score and a trace
    count. An analysis needs at least ten right and ten wrong responses.
    """
    known = [one for one in scored if one.response.is_correct is not None and one.scores.words > 0]
    analyses = []
    for model in dict.fromkeys(one.response.model for one in known):
        own = [one for one in known if one.response.model == model]
        if (found := _analysis(f"{model}, across questions", model, own, None)) is not None:
            analyses.append(found)
    if (within := _within(known)) is not None:
        analyses.append(within)
    return analyses


def _within(known: Sequence[ScoredResponse]) -> Analysis | None:
    """Hold each question constant: among one model's responses where it gave several, else among models."""
    by_model: dict[tuple[str, str, str], list[ScoredResponse]] = {}
    for one in known:
        by_model.setdefault((one.response.model, one.response.task, one.response.question), []).append(one)
    if any(len({one.response.is_correct for one in group}) > 1 for group in by_model.values()):
        return _analysis(
            "within questions, among responses of one model",
            None,
            known,
            [(o.response.model, o.response.task, o.response.question) for o in known],
        )
    if len({one.response.model for one in known}) > 1:
        questions = [(one.response.task, one.response.question) for one in known]
        return _analysis(
            "within questions, among models, each model's own level held constant",
            None,
            known,
            questions,
            levels=True,
        )
    return None


def _analysis(
    title: str,
    model: str | None,
    own: Sequence[ScoredResponse],
    strata: Sequence[object] | None,
    levels: bool = False,
) -> Analysis | None:
    right = np.array([bool(one.response.is_correct) for one in own])
    if min(right.sum(), (~right).sum()) < _FEWEST:
        return None
    length = np.log2([one.scores.words for one in own])
    length -= length.mean()
    models = [one.response.model for one in own]

    def fit(
        columns: list[np.ndarray], rows: np.ndarray
    ) -> tuple[tuple[float, float, float], float, int, int] | None:
        if strata is None:
            found = logistic(
                np.column_stack([column[rows] for column in (*columns, np.ones(len(own)))]), right[rows]
            )
        else:
            rows = _informative(rows, right, strata, models) if levels else rows
            present = list(dict.fromkeys(model for model, row in zip(models, rows, strict=True) if row))
            own_levels = (
                [np.array([model == name for model in models], dtype=float) for name in present[1:]]
                if levels
                else []
            )
            kept = [stratum for stratum, row in zip(strata, rows, strict=True) if row]
            found = conditional_logistic(
                np.column_stack([column[rows] for column in (*columns, *own_levels)]), right[rows], kept
            )
        return None if found is None else (found.odds_ratio(0), found.p(0), found.n, found.strata)

    everyone = np.ones(len(own), dtype=bool)
    alone = fit([length], everyone)
    results = []
    for feature in FEATURES:
        values = [one.metrics[feature] for one in own]
        rows = np.array([value is not None for value in values])
        numbers = np.array([math.nan if value is None else value for value in values])
        scaled = _scaled(numbers) if rows.sum() > 2 * _FEWEST else None
        results.append((feature, int(rows.sum()), None if scaled is None else fit([scaled, length], rows)))
    adjusted = iter(holm([found[1] for _, _, found in results if found is not None]))
    rows_out = []
    for feature, n, found in results:
        if found is None:
            rows_out.append(Association(feature, n, None, None, None, None, None))
        else:
            (ratio, low, high), p, used, _ = found
            rows_out.append(Association(feature, used, ratio, low, high, p, next(adjusted)))
    return Analysis(
        title,
        model,
        alone[2] if alone else len(own),
        int(right.sum()),
        alone[3] if alone else 0,
        alone[0] if alone else None,
        rows_out,
    )


def _informative(
    rows: np.ndarray, right: np.ndarray, strata: Sequence[object], models: Sequence[str]
) -> np.ndarray:
    """Leave out what says nothing once each model has a level of its own: questions with one outcome, models
    with one outcome in what is left.
    """
    kept: np.ndarray = rows.copy()
    while True:
        before = int(kept.sum())
        for groups in (strata, models):
            outcomes: dict[object, set[bool]] = {}
            for group, outcome, row in zip(groups, right, kept, strict=True):
                if row:
                    outcomes.setdefault(group, set()).add(bool(outcome))
            kept = kept & np.array([len(outcomes.get(group, ())) == 2 for group in groups], dtype=bool)
        if int(kept.sum()) == before:
            return kept


def _scaled(numbers: np.ndarray) -> np.ndarray | None:
    """Draw extremes in and scale to mean 0 and deviation 1; None where next to nothing varies."""
    drawn = np.clip(numbers, *np.nanquantile(numbers, (0.01, 0.99)))
    spread = float(np.nanstd(drawn))
    return (drawn - np.nanmean(drawn)) / spread if spread > 1e-9 else None
