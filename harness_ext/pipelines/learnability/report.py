"""What the learnability of single rows says of arms, and of two arms beside each other."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from distill.learnability.parts import PARTS
from harness_ext.compare.equal_learnability import SHARE, overlap
from harness_ext.compare.tables import TextTable
from harness_ext.stats import Result, paired_t
from synth.errors import StylerepError


@dataclass(frozen=True, slots=True)
class ArmLearnability:
    """One arm under one student: means over its `rows`.

    `surprisal` (nats a token) has a 95 % interval over rows. `rank` is None where a row's is not known, as
    of a server that names few of the likeliest tokens. `rank_surprisal_ratio` is that of the data set:
    the mean of the rows' mean ranks by the mean of their mean surprisals (arXiv:2601.14249, appendix A.8).
    `parts` are mean surprisals of the rows that have such a part, None where none has.
    """

    arm: str
    data: str
    rows: int
    tokens: float
    surprisal: Result
    rank: float | None
    rank_surprisal_ratio: float | None
    parts: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class ArmDifference:
    """An arm against the first, on the problems that both hold: the mean `difference` of surprisal, the other
    less the first, and which `share` of rows lies within the other arm's 5 to 95 % range, the smaller of both
    ways (0.9 where the two are alike).
    """

    arm: str
    first: str
    problems: int
    difference: Result | None
    share: float

    @property
    def overlaps(self) -> bool:
        """Whether the arms are alike enough to be compared at equal learnability."""
        return self.share >= SHARE


@dataclass(frozen=True, slots=True)
class LearnabilityReport:
    """Arms in the order given, and each but the first against it."""

    model: str
    arms: list[ArmLearnability]
    differences: list[ArmDifference]

    def tables(self) -> list[TextTable]:
        """Return the report as tables of text."""
        return [_arm_table(self), *([_difference_table(self)] if self.differences else [])]

    def to_json(self) -> dict[str, Any]:
        """Return the report whole, as JSON holds it."""
        return {
            "model": self.model,
            "arms": [{**asdict(one), "signature": one.surprisal.signature} for one in self.arms],
            "differences": [
                {
                    **asdict(one),
                    "overlaps": one.overlaps,
                    "signature": one.difference.signature if one.difference else None,
                }
                for one in self.differences
            ],
        }


def report_of(table: Sequence[Mapping[str, Any]]) -> LearnabilityReport:
    """Sum up a table of rows, as ``stylerep learnability`` writes it; raise StylerepError for one of empty
    responses alone.
    """
    by_arm: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for row in table:
        if row["surprisal"] is None:  # an empty response
            continue
        by_arm.setdefault((row["arm"], row["data"]), []).append(row)
    if not by_arm:
        raise StylerepError("None of the rows has a token that a student would learn.")
    arms = [_arm(arm, data, rows) for (arm, data), rows in by_arm.items()]
    first, *others = by_arm.values()
    return LearnabilityReport(table[0]["model"], arms, [_difference(first, rows) for rows in others])


def _arm(arm: str, data: str, rows: Sequence[Mapping[str, Any]]) -> ArmLearnability:
    surprisal = [row["surprisal"] for row in rows]
    ranks, mean = _known(rows, "rank"), float(np.mean(surprisal))
    rank = float(np.mean(ranks)) if len(ranks) == len(rows) else None
    parts = {
        part: float(np.mean(found)) if (found := _known(rows, f"surprisal_{part}")) else None
        for part in PARTS
    }
    tokens = float(np.mean([row["tokens"] for row in rows]))
    return ArmLearnability(
        arm,
        data,
        len(rows),
        tokens,
        paired_t(surprisal),
        rank,
        rank / mean if mean and rank is not None else None,
        parts,
    )


def _known(rows: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    return [row[name] for row in rows if row[name] is not None]


def _difference(first: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> ArmDifference:
    before = {row["id"]: row["surprisal"] for row in first}
    both = [row["surprisal"] - before[row["id"]] for row in rows if row["id"] in before]
    share = overlap([row["surprisal"] for row in first], [row["surprisal"] for row in rows])
    return ArmDifference(rows[0]["arm"], first[0]["arm"], len(both), paired_t(both) if both else None, share)


def _arm_table(report: LearnabilityReport) -> TextTable:
    shown = [part for part in PARTS if any(one.parts[part] is not None for one in report.arms)]
    header = ("arm", "rows", "tokens", "surprisal", "95 %", *(part.replace("_", " ") for part in shown))
    rows = [
        (
            one.arm,
            f"{one.rows:,}",
            f"{one.tokens:.0f}",
            f"{one.surprisal.estimate:.3f}",
            _interval(one.surprisal),
            *(_number(one.parts[part]) for part in shown),
            _number(one.rank, ".2f"),
            _number(one.rank_surprisal_ratio),
        )
        for one in report.arms
    ]
    return TextTable(
        f"Learnability for {report.model}: mean surprisal in nats a token, whole and by part",
        (*header, "rank", "rank / surprisal"),
        tuple(rows),
    )


def _difference_table(report: LearnabilityReport) -> TextTable:
    rows = [
        (
            one.arm,
            f"{one.problems:,}",
            _number(one.difference.estimate if one.difference else None, "+.3f"),
            _interval(one.difference) if one.difference else "",
            f"{one.share:.2f}",
            "yes" if one.overlaps else "no",
        )
        for one in report.differences
    ]
    return TextTable(
        f"Against {report.differences[0].first}, on the same problems",
        ("arm", "problems", "surprisal", "95 %", "common range", "overlap"),
        tuple(rows),
    )


def _interval(result: Result) -> str:
    if result.interval is None:
        return ""
    return f"[{result.interval.low:.3f}, {result.interval.high:.3f}]"


def _number(value: float | None, form: str = ".3f") -> str:
    return "" if value is None else format(value, form)
