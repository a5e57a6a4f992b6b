"""Turns the scores of a board into views: accuracy with intervals, ranks that the data allow, groups,
style, Pareto fronts.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations

import numpy as np
import numpy.typing as npt

from harness_ext.compare.pairing import shared_seeds
from harness_ext.compare.style import length_differences
from harness_ext.pages.leaderboard.board import (
    FRONTS,
    LOWER_IS_BETTER,
    STYLE,
    Best,
    Column,
    Entry,
    Figure,
    Front,
    Rank,
    View,
)
from harness_ext.pages.leaderboard.comparable import BoardRow, reason_against
from harness_ext.pages.leaderboard.facts import digest
from harness_ext.pages.leaderboard.store import Store
from harness_ext.runs.accuracy import DRAWS as DRAWS_OF_ITEM
from harness_ext.runs.accuracy import number_of_draws
from harness_ext.stats import (
    Effect,
    Interval,
    accuracy_interval,
    chosen_level,
    effect_of_parts,
    effect_of_runs,
    group_letters,
    length_controlled,
    luck_of_best,
    mean_interval,
    pareto_front,
    rank_intervals,
    shown_above,
)

ALPHA = 0.05
DRAWS = 2000
SEED = 0
_CHUNK = 250
FloatArray = npt.NDArray[np.float64]


class Scores:
    """The scores of all rows, each read once, and the differences of all pairs, each computed once."""

    def __init__(self, store: Store, rows: Sequence[BoardRow]) -> None:
        self._arrays = {
            (run.id, column): store.scores(run.id, column)
            for row in rows
            for run in row.runs
            for column in row.columns
        }
        self._rows = rows
        self._effects: dict[tuple[str, str, str], Effect] = {}
        self._drawn: dict[str, dict[tuple[str, str], FloatArray]] = {}

    def of(self, row: BoardRow, column: str, name: str) -> FloatArray | None:
        """Return a score of a row on a column, shape (seeds, items); None where a run lacks it."""
        arrays = [self._arrays[run.id, column].get(name) for run in row.runs]
        return np.array(arrays) if all(one is not None for one in arrays) else None

    def effect(self, one: BoardRow, two: BoardRow, column: str) -> Effect:
        """Return the difference of two rows' accuracies on a column, paired by item, and by seed where both
        have several (in order if they share none).
        """
        key = (one.key, two.key, column)
        if key not in self._effects:
            first, second = self.of(one, column, "acc"), self.of(two, column, "acc")
            assert first is not None  # noqa: S101 (a column without accuracy is on no board)
            assert second is not None  # noqa: S101
            if len(first) > 1 and len(second) > 1:
                seeds = shared_seeds([run.seed for run in one.runs], [run.seed for run in two.runs])
                seeds = seeds if len(seeds) > 1 else list(enumerate(range(min(len(first), len(second)))))
                first, second = first[[i for i, _ in seeds]], second[[j for _, j in seeds]]
            one_each, two_each = np.broadcast_arrays(first, second)
            self._effects[key] = effect_of_runs(one_each, two_each)
        return self._effects[key]

    def drawn(self, column: str) -> dict[tuple[str, str], FloatArray]:
        """Return the means of accuracy and of `FRONTS`, by row and score, shape (draws,), over draws of the
        column's items, the same for all rows.
        """
        if column not in self._drawn:
            rows = [row for row in self._rows if column in row.columns]
            found = {
                (row.key, name): values.mean(axis=0)
                for row in rows
                for name in ("acc", *FRONTS)
                if (values := self.of(row, column, name)) is not None
            }
            table = np.column_stack(list(found.values()))
            rng = np.random.default_rng([int(digest(column)[:8], 16), SEED])
            means = np.concatenate(
                [
                    rng.multinomial(len(table), np.full(len(table), 1 / len(table)), _CHUNK)
                    @ table
                    / len(table)
                    for _ in range(DRAWS // _CHUNK)
                ]
            )
            self._drawn[column] = dict(zip(found, means.T, strict=True))
        return self._drawn[column]


def make_view(
    name: str,
    title: str,
    columns: Sequence[Column],
    rows: Sequence[BoardRow],
    scores: Scores,
    baseline: BoardRow,
) -> View:
    """Rank the rows that have all columns; list the others with what they lack."""
    ids = [column.id for column in columns]
    reasons = {row.key: reason_against(row, columns) for row in rows}
    ranked = [row for row in rows if not reasons[row.key]]
    ranks, above = _ranks(ranked, ids, scores)
    fronts = _fronts(ranked, ids, scores)
    entries = [_entry(row, ids, scores, baseline, ranks[row.key], fronts[row.key]) for row in ranked]
    entries.sort(key=lambda entry: (entry.rank.rank if entry.rank else 0, entry.label))
    best = _best(ranked, ids, scores, entries[0].key, above) if len(ranked) > 1 else None
    left = [
        Entry(row.key, row.runs, None, tasks=_tasks(row, scores), reason=reasons[row.key])
        for row in rows
        if reasons[row.key]
    ]
    return View(
        name,
        title,
        tuple(columns),
        tuple(entries),
        tuple(sorted(left, key=lambda entry: entry.label)),
        (*_notes(ranked), *([_best_note(entries[0], best)] if best else [])),
        best,
    )


def _entry(
    row: BoardRow,
    ids: Sequence[str],
    scores: Scores,
    baseline: BoardRow,
    rank: Rank,
    fronts: Mapping[str, Front],
) -> Entry:
    tasks = _tasks(row, scores)
    equal, note = _equal_length(row, ids, scores, baseline)
    style = {name: value for name in STYLE if (value := _mean(row, ids, scores, name)) is not None}
    return Entry(
        row.key,
        row.runs,
        _mean_figure([tasks[one] for one in ids]),
        rank,
        _mean(row, ids, scores, "recorded"),
        equal,
        note,
        style,
        tasks,
        fronts,
    )


def _tasks(row: BoardRow, scores: Scores) -> dict[str, Figure]:
    figures = {}
    for column in row.columns:
        values = scores.of(row, column, "acc")
        if values is not None:
            figures[column] = Figure(
                float(values.mean()), accuracy_interval(values, draws=_draws(row, column, scores))
            )
    return figures


def _draws(row: BoardRow, column: str, scores: Scores) -> int | None:
    values = scores.of(row, column, DRAWS_OF_ITEM)
    return None if values is None else number_of_draws(values)


def _mean_figure(parts: Sequence[Figure]) -> Figure:
    known = [part.interval for part in parts if part.interval]
    estimates = [part.estimate for part in parts]
    return Figure(
        float(np.mean(estimates)), mean_interval(estimates, known) if len(known) == len(parts) else None
    )


def _mean(row: BoardRow, ids: Sequence[str], scores: Scores, name: str) -> float | None:
    """Return the mean of a score, tasks counting alike; None where it is not known of all."""
    found = [scores.of(row, column, name) for column in ids]
    return (
        float(np.mean([values.mean() for values in found if values is not None]))
        if all(values is not None for values in found)
        else None
    )


def _ranks(
    rows: Sequence[BoardRow], ids: Sequence[str], scores: Scores
) -> tuple[dict[str, Rank], npt.NDArray[np.bool_]]:
    """Rank rows by mean accuracy; all pairs are tested, and what is shown at ALPHA after Holm's adjustment
    bounds the ranks. Return the ranks, and which rows are shown to be above which.
    """
    pairs = combinations(range(len(rows)), 2)
    effects = {
        (i, j): effect_of_parts([scores.effect(rows[i], rows[j], column) for column in ids]) for i, j in pairs
    }
    above = shown_above(effects, len(rows), ALPHA)
    accuracies = [round(_mean(row, ids, scores, "acc") or 0.0, 12) for row in rows]
    if not rows:
        return {}, above
    found = rank_intervals(accuracies, above)
    letters = group_letters(above, sorted(range(len(rows)), key=lambda i: (found[i].rank, rows[i].key))) or [
        ""
    ] * len(rows)
    ranks = {
        row.key: Rank(one.rank, one.best, one.worst, groups)
        for row, one, groups in zip(rows, found, letters, strict=True)
    }
    return ranks, above


def _best(
    rows: Sequence[BoardRow],
    ids: Sequence[str],
    scores: Scores,
    key: str,
    above: npt.NDArray[np.bool_],
) -> Best:
    place = next(place for place, row in enumerate(rows) if row.key == key)
    level = chosen_level(1 - ALPHA, len(rows))
    parts = []
    for column in ids:
        values = scores.of(rows[place], column, "acc")
        assert values is not None  # noqa: S101 (a column without accuracy is on no board)
        interval = accuracy_interval(values, level, _draws(rows[place], column, scores))
        parts.append(Figure(float(values.mean()), interval))
    whole = _mean_figure(parts)
    interval = whole.interval and Interval(whole.interval.low, whole.interval.high, 1 - ALPHA)
    alike = [row for other, row in enumerate(rows) if not (above[place, other] or above[other, place])]
    drawn = np.mean(
        [np.column_stack([scores.drawn(column)[row.key, "acc"] for row in alike]) for column in ids], axis=0
    )
    return Best(key, len(rows), len(alike), Figure(whole.estimate, interval), luck_of_best(drawn))


def _best_note(entry: Entry, best: Best) -> str:
    limits = best.accuracy.interval
    known = f" [{100 * limits.low:.1f}, {100 * limits.high:.1f}]" if limits else ""
    chosen = (
        f"{entry.label} is the best of {best.rows}: allowing for that choice, its accuracy is"
        f" {100 * best.accuracy.estimate:.1f}{known} (95 %, Bonferroni over the rows)."
    )
    if best.alike == 1:
        return f"{chosen} It's shown to be above every other row."
    return (
        f"{chosen} The first place may be luck: {best.alike - 1} of the other {best.rows - 1} can't be told"
        f" from it, and if these were equally accurate, the best of them would show {100 * best.luck:.1f}"
        " points too much on average."
    )


def _equal_length(
    row: BoardRow, ids: Sequence[str], scores: Scores, baseline: BoardRow
) -> tuple[Figure | None, str]:
    """Return the baseline's accuracy plus what is left of the difference from it at equal length of traces,
    kept between 0 and 1, or why that is not known.
    """
    if row is baseline:
        return _mean_figure([_tasks(row, scores)[one] for one in ids]), "the baseline itself"
    parts, levels = [], []
    for column in ids:
        if column not in baseline.columns:
            return None, "the baseline lacks a task"
        ours, theirs = scores.of(row, column, "trace_words"), scores.of(baseline, column, "trace_words")
        right, base = scores.of(row, column, "acc"), scores.of(baseline, column, "acc")
        if ours is None or theirs is None or right is None or base is None:
            return None, "the length of traces is not known"
        lengths = length_differences(ours.mean(axis=0), theirs.mean(axis=0))
        if lengths is None:
            return None, "its traces and the baseline's hardly overlap in length"
        found = length_controlled(right.mean(axis=0) - base.mean(axis=0), lengths)
        if found.interval is None:
            return None, found.note
        parts.append(found)
        levels.append(float(base.mean()))
    estimate = float(np.mean(levels) + np.mean([part.estimate for part in parts]))
    half = float(
        np.sqrt(sum(((part.interval.high - part.interval.low) / 2) ** 2 for part in parts if part.interval))
    ) / len(parts)
    low, high = (min(max(limit, 0.0), 1.0) for limit in (estimate - half, estimate + half))
    return Figure(min(max(estimate, 0.0), 1.0), Interval(low, high, 1 - ALPHA)), ""


def _fronts(rows: Sequence[BoardRow], ids: Sequence[str], scores: Scores) -> dict[str, dict[str, Front]]:
    """Tell of every row whether it lies on the Pareto front of accuracy and a style score, and in which share
    of bootstrap draws of the items.
    """
    fronts: dict[str, dict[str, Front]] = {row.key: {} for row in rows}
    for name in FRONTS:
        known = [row for row in rows if all(scores.of(row, column, name) is not None for column in ids)]
        if not known:
            continue
        sign = -1.0 if name in LOWER_IS_BETTER else 1.0
        observed = np.array(
            [
                (_mean(row, ids, scores, "acc") or 0.0, sign * (_mean(row, ids, scores, name) or 0.0))
                for row in known
            ]
        )
        drawn = np.zeros((DRAWS, len(known), 2))
        for column in ids:
            means = scores.drawn(column)
            for place, row in enumerate(known):
                drawn[:, place] += np.column_stack(
                    [means[row.key, "acc"], sign * means[row.key, name]]
                ) / len(ids)
        for row, member, share in zip(
            known, pareto_front(observed), pareto_front(drawn).mean(axis=0), strict=True
        ):
            fronts[row.key][name] = Front(bool(member), float(share))
    return fronts


def _notes(rows: Sequence[BoardRow]) -> tuple[str, ...]:
    by_decoding: dict[str, list[str]] = {}
    for row in rows:
        for run in row.runs:
            by_decoding.setdefault(run.decoding, []).append(run.label)
    if len(by_decoding) < 2:
        return ()
    listed = "; ".join(
        f"{text}: {', '.join(names[:5])}{' and others' if len(names) > 5 else ''}"
        for text, names in by_decoding.items()
    )
    return (
        (
            "Responses were not all made with the same decoding, so differences are not of the models alone"
            f" ({listed})."
        ),
    )
