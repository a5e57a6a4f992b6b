"""Finds the metric that is a task's accuracy.

A samples file may score a response several times: lm_eval's minerva_math by ``exact_match`` and by
``math_verify``, its multiple choice tasks by ``acc`` and ``acc_norm``, IFEval by four. All that speaks of
accuracy asks here, so that it is the same one everywhere, and is told where another one says otherwise.
"""

import itertools
import math
import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from synth.errors import StylerepError

FloatArray = npt.NDArray[np.float64]
DEFAULT = "acc"
"""The metric that needs no mention: that of our own tasks."""
PREFERENCE = (
    DEFAULT,
    "math_verify",
    "extractive_match",
    "exact_match",
    "pass@1",
    "pass_at_1",
    "accuracy",
    "is_correct",
    "correct",
    "passed",
    "em",
    "exact",
    "prompt_level_strict_acc",
    "prompt_level_loose_acc",
    "acc_norm",
    "score",
)
"""Names of accuracy, the first that a task has is taken. ``math_verify`` stands before ``exact_match``, which
in lm_eval's minerva_math is 0 for every response that does not end as its four examples do.
"""
DRAWS = "draws"
"""The metric that says of how many responses an item's other metrics are means."""
NOT_ACCURACY = frozenset(
    (
        DRAWS,
        "answered",
        "trace_present",
        "trace_closed",
        "trace_words",
        "style_adherence",
        "pivot_density",
        "pivot_density_realization",
        "pivot_density_verification",
        "pivot_density_exploration",
        "pivot_density_integration",
        "pivot_kinds",
        "stage_coverage",
        "stage_order",
        "step_validity",
        "steps_judged",
        "answer_consistency",
        "answer_judged",
        "repetition",
        "explanation_f1",
        "style_bias",
        "style_bias_norm",
        "style_over_substance",
        "style_over_substance_norm",
    )
)
"""Scores of our own that may be 0 and 1 and say nothing of what is right (`harness_ext.scoring.scores`,
`harness_ext.scoring.preference`).
"""
RECORDED = "recorded"
"""The score that came with an imported response: never accuracy unless it is asked for."""
_OF_DRAWS = re.compile(r"(?:pass|maj)@[1-9]\d*")
_PASS_AT_1 = re.compile(r"(?:\w+_)?pass@(?:k:k=)?1(?:[:&][\w=]+)*")


class NoAccuracyError(StylerepError):
    """No metric is accuracy, or several could be."""


@dataclass(frozen=True, slots=True)
class OtherMetric:
    """Another metric of the same samples: its mean, that of accuracy, and on how many of `n` items the two
    differ.
    """

    metric: str
    mean: float
    accuracy: float
    items: int
    n: int

    def against(self, run: str = "") -> str:
        """Say how far the metric is from accuracy: "0.0 % and not 20.0 % in a (2 of 10 items differ)"."""
        own, other = (f"{100 * mean:.1f} %" for mean in (self.accuracy, self.mean))
        says = f"{other} too" if own == other else f"{other} and not {own}"
        return f"{says}{f' in {run}' if run else ''} ({self.items:,} of {self.n:,} items differ)"


@dataclass(frozen=True, slots=True)
class AccuracyMetric:
    """The accuracy metric of some samples, and the other right-or-wrong metrics that disagree with it on any
    of them.
    """

    metric: str
    others: tuple[OtherMetric, ...] = ()


def accuracy_metric(
    columns: Mapping[str, FloatArray],
    where: str,
    wanted: str | None = None,
    place: Callable[[int], str] | None = None,
) -> AccuracyMetric:
    """Return which metric is accuracy, from a column for each metric; NaN marks an item that lacks it.

    The one *wanted*; else the first of `PREFERENCE` that all items have, between 0 and 1; else the only one
    that is 0 or 1 for all. *where* names the samples, and *place* an item by its number. Raises
    StylerepError, naming what is there, where no metric or several could be meant, where the one wanted is
    not there, and for one that is accuracy by its name and not by its values.
    """
    if wanted is not None:
        chosen = find_metric(columns, wanted)
        if chosen is None:
            raise StylerepError(
                f"{where}: there is no metric {wanted!r} with one number for each item; there are"
                f" {_listed(_usual(columns))}."
            )
        _check(columns[chosen], chosen, where, place)
    elif DEFAULT in columns and _whole(columns[DEFAULT]):
        chosen = DEFAULT
        _check(columns[chosen], chosen, where, place)
    else:
        chosen = _preferred(columns, where)
    return AccuracyMetric(chosen, _others(columns, chosen))


def recorded_metric(
    rows: Sequence[Mapping[str, object]], where: str, wanted: str | None = None, what: str = "metric"
) -> AccuracyMetric | None:
    """Return which score of another harness is the recorded one, from what was recorded for each item; None
    where none is a share of right answers.

    As `accuracy_metric`, but the first metric that could be meant is taken where none is known by name, since
    responses are graded anew. What is no number counts as not there. *what* is what the harness calls a
    metric. Raises StylerepError where the one *wanted* is nowhere.
    """
    columns = _columns(_numbers(rows))
    if wanted is not None:
        names = list(dict.fromkeys(str(name) for row in rows for name in row))
        chosen = find_metric(names, wanted)
        if chosen is None:
            raise StylerepError(f"{where}: there is no {what} {wanted!r}; there are {_listed(names)}.")
        return AccuracyMetric(chosen, _others(columns, chosen))
    usable = [name for name, values in columns.items() if _between(values)]
    known = sorted((name for name in usable if _rank(name) is not None), key=_order)
    first = [name for name in _usual(columns)[:1] if name in usable]
    found = [*known, *(name for name in _usual(usable) if _is_binary(columns[name])), *first]
    return AccuracyMetric(found[0], _others(columns, found[0])) if found else None


def other_metrics(rows: Sequence[Mapping[str, object]], chosen: str) -> tuple[OtherMetric, ...]:
    """Return what differs from the column *chosen*, all being the same metric, such as under several
    filters.
    """
    columns = _columns(_numbers(rows))
    return tuple(one for name in columns if name != chosen and (one := _other(columns, chosen, name)))


def recorded_notes(task: str, found: AccuracyMetric | None) -> list[str]:
    """Say which score is the recorded one, where there are others that differ from it."""
    if found is None or not found.others:
        return []
    others = "; ".join(f"by {shown(one.metric)} accuracy is {one.against()}" for one in found.others)
    return [f"{task}: the recorded score is {shown(found.metric)}; {others} (--metric)."]


def other_notes(task: str, found: Iterable[tuple[str, AccuracyMetric]]) -> list[str]:
    """Say of a task, from its accuracy in each run by name,
    which other metrics differ from it in which runs: a sentence for each.
    """
    metric, others = "", dict[str, list[str]]()
    for run, accuracy in found:
        metric = accuracy.metric
        for one in accuracy.others:
            others.setdefault(one.metric, []).append(one.against(run))
    return [
        f"{task}: accuracy is {metric}; by {name} it is"
        f" {', '.join(says[:5])}{f' and so on in {len(says)} runs' if len(says) > 5 else ''} (--metric)."
        for name, says in others.items()
    ]


def find_metric(names: Iterable[str], wanted: str) -> str | None:
    """Return the metric that is *wanted*: the one of that name, else the only one of that name before a comma
    or colon (``exact_match,none``).
    """
    there = list(names)
    if wanted in there:
        return wanted
    found = [name for name in there if _base(name) == wanted]
    return found[0] if len(found) == 1 else None


def known_accuracy(names: Iterable[str]) -> str | None:
    """Return the first of `PREFERENCE` among the names of metrics; None where none is known."""
    return min((name for name in names if _rank(name) is not None), key=_order, default=None)


def number_of_draws(column: FloatArray | None) -> int | None:
    """Return of how many draws each item is, from the values of `DRAWS`, the fewest where items differ; None
    where that is not known of all, or is one.
    """
    if column is None or not column.size or not np.isfinite(column).all():
        return None
    fewest = int(column.min())
    return fewest if fewest > 1 else None


def measured_by(metric: str, draws: int | None) -> str:
    """Return what a mean accuracy is called: avg@k over several draws of each item, unless the metric is
    itself a figure of draws, pass@k or maj@k; else the metric.
    """
    if draws is None or _OF_DRAWS.fullmatch(metric):
        return metric
    return f"avg@{draws}" if metric == DEFAULT else f"avg@{draws} of {metric}"


def shown(name: str) -> str:
    """Return the name of a metric as any terminal can show it: what cannot be printed becomes a mark."""
    return (
        name
        if name.isprintable()
        else "".join(character if character.isprintable() else "\ufffd" for character in name)
    )


def _preferred(columns: Mapping[str, FloatArray], where: str) -> str:
    whole = {name: values for name, values in columns.items() if _whole(values) and _between(values)}
    known = sorted((name for name in whole if _rank(name) is not None), key=_order)
    binary = [name for name in _usual(whole) if _is_binary(whole[name])]
    if (
        known
        or len(binary) == 1
        or (binary and all(np.array_equal(whole[name], whole[binary[0]]) for name in binary))
    ):
        return (known or binary)[0]
    if binary:
        raise NoAccuracyError(f"{where}: accuracy could be any of {_listed(binary)}; name one with --metric.")
    if any(not _whole(values) for name, values in columns.items() if name not in NOT_ACCURACY):
        raise NoAccuracyError(
            f"{where}: no metric that could be accuracy is there for every item; there are"
            f" {_listed(_ranges(columns))}."
        )
    says = (
        f"there are {_listed(_ranges(columns))}"
        if _usual(columns)
        else "there is none with one number for each item"
    )
    raise NoAccuracyError(
        f"{where}: no metric is accuracy, 0 to 1 for each item under a name that is known or 0 and 1 alone;"
        f" {says} (--metric)."
    )


def _check(values: FloatArray, name: str, where: str, place: Callable[[int], str] | None) -> None:
    wrong = ~((values >= 0) & (values <= 1))  # also where it is not there
    if wrong.any():
        number = int(wrong.argmax())
        at, value = place(number) if place else where, float(values[number])
        if math.isnan(value):
            raise StylerepError(f"{at}: the metric {name} is missing here, and other items have it.")
        raise StylerepError(f"{at}: {name} must lie between 0 and 1, found {value}.")


def _others(columns: Mapping[str, FloatArray], chosen: str) -> tuple[OtherMetric, ...]:
    """Return the metrics of right and wrong, known by name or 0 and 1 alone, that differ from the one
    chosen.
    """
    # with several draws an item, pass@k and maj@k are other figures of the same metric
    names = (
        name
        for name in (*_usual(columns), RECORDED)
        if name in columns and name != chosen and not (DRAWS in columns and _OF_DRAWS.fullmatch(name))
    )
    telling = (
        name
        for name in names
        if _is_binary(columns[name])
        or ((_rank(name) is not None or name == RECORDED) and _between(columns[name]))
    )
    return tuple(one for name in telling if (one := _other(columns, chosen, name)))


def _other(columns: Mapping[str, FloatArray], chosen: str, name: str) -> OtherMetric | None:
    """Return how a metric differs from the one chosen, over the items that have both; None where it does
    not.
    """
    if chosen not in columns:
        return None
    both = ~(np.isnan(columns[chosen]) | np.isnan(columns[name]))
    one, two = columns[chosen][both], columns[name][both]
    differ = int((one != two).sum())
    return (
        OtherMetric(name, sum(two.tolist()) / len(two), sum(one.tolist()) / len(one), differ, len(one))
        if differ
        else None
    )


def _numbers(rows: Iterable[Mapping[str, object]]) -> Iterator[dict[str, float]]:
    return (
        {str(name): number for name, value in row.items() if (number := _number(value)) is not None}
        for row in rows
    )


def _columns(items: Iterable[Mapping[str, float]]) -> dict[str, FloatArray]:
    """Return a column for each metric; items are taken one after the other, so that there may be very
    many.
    """
    found: dict[str, array[float]] = {}
    n = 0
    for n, one in enumerate(items, 1):
        for name, value in one.items():
            column = found.setdefault(name, array("d"))
            column.extend(itertools.repeat(math.nan, n - 1 - len(column)))
            column.append(value)
    for column in found.values():
        column.extend(itertools.repeat(math.nan, n - len(column)))
    return {name: np.array(column) for name, column in found.items()}


def _usual(names: Iterable[str]) -> list[str]:
    return [name for name in names if name not in NOT_ACCURACY and name != RECORDED]


def _rank(name: str) -> int | None:
    known = "pass@1" if _PASS_AT_1.fullmatch(name) else _base(name)
    return PREFERENCE.index(known) if known in PREFERENCE else None


def _order(name: str) -> int:
    rank = _rank(name)
    return len(PREFERENCE) if rank is None else rank


def _base(name: str) -> str:
    return name.partition(",")[0].partition(":")[0]


def _whole(values: FloatArray) -> bool:
    return not np.isnan(values).any()


def _there(values: FloatArray) -> FloatArray:
    return values[~np.isnan(values)]


def _between(values: FloatArray) -> bool:
    there = _there(values)
    return bool(len(there) and ((there >= 0) & (there <= 1)).all())


def _is_binary(values: FloatArray) -> bool:
    there = _there(values)
    return bool(len(there) and ((there == 0) | (there == 1)).all())


def _ranges(columns: Mapping[str, FloatArray]) -> list[str]:
    """Name each metric with its least and its greatest value."""
    known = {name: _there(columns[name]) for name in _usual(columns)}
    return [f"{name} ({values.min():g} to {values.max():g})" for name, values in known.items() if len(values)]


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not math.isnan(value) else None


def _listed(names: Sequence[str]) -> str:
    return (", ".join(map(shown, names[:12])) + (", …" if len(names) > 12 else "")) or "none"
