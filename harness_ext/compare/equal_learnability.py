"""Differences between arms at equal learnability: what is left of one where both are held to be as familiar
to the student.

An arm may help because of its style, or because its rows are familiar to the student beforehand. Over the
other arms of the same model and task, accuracy is regressed on mean surprisal; what that slope makes of the
two arms' difference of surprisal is taken off.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from harness_ext.compare.conditions import Condition
from harness_ext.compare.report import Comparison, ConditionOnTask
from harness_ext.stats import Interval, Result
from harness_ext.stats.tails import norm, t
from synth.errors import StylerepError
from synth.schema import open_regular

SHARE = 0.1
"""Arms do not overlap where fewer of the rows of either lie within the other's middle nine tenths."""
LEAST = 3
"""So many other arms give a slope and its error."""
_COLUMNS = ("model", "base_sha256", "fingerprint", "arm", "surprisal")
FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class MeasuredArm:
    """The rows of one arm as one student finds them: `surprisal` in nats a token, shape (rows,)."""

    model: str
    base_sha256: str | None
    fingerprint: str
    arm: str
    surprisal: FloatArray


@dataclass(frozen=True, slots=True)
class EqualLearnability:
    """One comparison at equal learnability.

    `surprisal` is the difference of mean surprisals, the arm less its baseline, and `share` their common
    range, 0 to 1 (`overlap`); None where an arm is not measured. `result` is the difference of accuracies at
    equal surprisal; None where that is `refused`, which says why.
    """

    run: str
    baseline: str
    task: str
    plain: Result
    surprisal: float | None
    share: float | None
    result: Result | None
    refused: str = ""


def overlap(one: Sequence[float] | FloatArray, other: Sequence[float] | FloatArray) -> float:
    """Return the share of values that lie within the 5 to 95 % range of the other values, the smaller of both
    ways, 0 to 1; 0.9 where they are alike.
    """
    shares = []
    for values, among in ((one, other), (other, one)):
        low, high = np.quantile(among, [0.05, 0.95])
        x = np.asarray(values)
        shares.append(float(((x >= low) & (x <= high)).mean()))
    return min(shares)


def read_measured(paths: Sequence[Path]) -> list[MeasuredArm]:
    """Read tables that ``stylerep learnability`` wrote; raise StylerepError for what is none."""
    if not paths:
        return []
    import pyarrow as pa  # takes a while to import
    import pyarrow.parquet as pq

    found: dict[tuple[Any, ...], list[float]] = {}
    for path in paths:
        open_regular(path, "table of stylerep learnability").close()
        try:
            rows = pq.read_table(path, columns=list(_COLUMNS)).to_pylist()
        except (pa.ArrowException, OSError, ValueError) as error:
            raise StylerepError(
                f"{path}: this is no table of stylerep learnability"
                f" ({(str(error).splitlines() or ['damaged'])[0]})."
            ) from error
        for row in rows:
            if isinstance(row["surprisal"], float):
                key = tuple(row[name] for name in _COLUMNS[:4])
                found.setdefault(key, []).append(row["surprisal"])
    return [
        MeasuredArm(model, base, fingerprint, arm, np.array(values))
        for (model, base, fingerprint, arm), values in found.items()
    ]


def equal_learnability(
    comparisons: Sequence[Comparison],
    cells: Sequence[ConditionOnTask],
    conditions: Sequence[Condition],
    measured: Sequence[MeasuredArm],
    level: float = 0.95,
) -> list[EqualLearnability]:
    """Return each comparison of two arms of one model on one task at equal learnability, or why there is
    none.

    A run's rows are those of the data set whose fingerprint its manifest names, else those of its arm, read
    by the same base. The slope is that of ordinary least squares over all arms of the model and task but the
    two, at least 3; the interval adds its error, of (arms − 2) degrees of freedom, to that of the difference,
    by Satterthwaite.
    """
    named = {one.name: one for one in conditions}
    arms = {name: _measured(one, measured) for name, one in named.items()}
    accuracy = {(cell.run, cell.task): cell.accuracy for cell in cells}
    found = []
    for one in comparisons:
        first, second = arms.get(one.run), arms.get(one.baseline)
        if (one.run, one.task) not in accuracy or (one.baseline, one.task) not in accuracy:
            continue  # over several tasks at once
        if first is None or second is None:
            missing = one.run if first is None else one.baseline
            found.append(_refused(one, None, None, f"the rows of {missing} are not measured"))
            continue
        apart = float(first.surprisal.mean() - second.surprisal.mean())
        share = overlap(first.surprisal, second.surprisal)
        others = [
            (float(arm.surprisal.mean()), accuracy[name, one.task])
            for name, arm in arms.items()
            if arm is not None
            and name not in (one.run, one.baseline)
            and named[name].model == one.model
            and (name, one.task) in accuracy
        ]
        if share < SHARE:
            found.append(_refused(one, apart, share, "the arms do not overlap"))
        elif len({x for x, _ in others}) < LEAST:
            why = f"{len(others)} other arms of this model are measured, and a slope needs {LEAST}"
            found.append(_refused(one, apart, share, why))
        else:
            result = _adjusted(one.result, apart, others, level)
            found.append(EqualLearnability(one.run, one.baseline, one.task, one.result, apart, share, result))
    return found


def _measured(one: Condition, measured: Sequence[MeasuredArm]) -> MeasuredArm | None:
    manifest: Mapping[str, Any] = one.runs[0].manifest
    base = manifest.get("base_sha256")
    student = [arm for arm in measured if base and arm.base_sha256 == base]
    student = student or [arm for arm in measured if not base and _last(arm.model) == _last(one.model)]
    fingerprint = manifest.get("dataset_fingerprint")
    if fingerprint:
        return next((arm for arm in student if arm.fingerprint == fingerprint), None)
    by_arm = [arm for arm in student if arm.arm == one.arm]
    return by_arm[0] if len(by_arm) == 1 else None


def _last(name: str) -> str:
    return name.rstrip("/").rpartition("/")[2]


def _refused(one: Comparison, surprisal: float | None, share: float | None, why: str) -> EqualLearnability:
    return EqualLearnability(one.run, one.baseline, one.task, one.result, surprisal, share, None, why)


def _adjusted(plain: Result, apart: float, others: Sequence[tuple[float, float]], level: float) -> Result:
    """Return a difference less what the slope over the *others* (surprisal, accuracy) makes of *apart*."""
    x, y = np.array(others).T
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / spread)
    free = len(x) - 2
    residual = float(((y - y.mean() - slope * (x - x.mean())) ** 2).sum()) / free
    of_slope = residual / spread * apart**2
    estimate = plain.estimate - slope * apart
    settings = {"slope": slope, "arms": len(x), "surprisal": apart}
    if plain.interval is None:
        return Result(estimate, None, None, plain.n, "equal-surprisal-ols", settings, plain.note)
    half = (plain.interval.high - plain.interval.low) / 2
    of_items = (half / float(norm.ppf((1 + plain.interval.level) / 2))) ** 2
    total = of_items + of_slope
    # the items' part has so many degrees of freedom that they do not count
    df = total**2 / (of_slope**2 / free) if of_slope > 0 else float("inf")
    error = total**0.5
    quantile = float(t.ppf((1 + level) / 2, df)) if np.isfinite(df) else float(norm.ppf((1 + level) / 2))
    ratio = abs(estimate) / error if error else float("inf")
    p = float(2 * (t.sf(ratio, df) if np.isfinite(df) else norm.sf(ratio)))
    interval = Interval(estimate - quantile * error, estimate + quantile * error, level)
    return Result(estimate, interval, p, plain.n, "equal-surprisal-ols", {**settings, "df": df})
