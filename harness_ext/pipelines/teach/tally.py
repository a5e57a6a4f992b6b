"""Counts what a run has got, for its manifest and its last words."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Field, model_validator

from harness_ext.pipelines.teach.checks import Candidate
from synth.schema import Schema, read_as

Count = Annotated[int, Field(ge=0, lt=2**53)]


class _Share(Schema):
    model_config = ConfigDict(extra="ignore")
    count: Count


class _Counts(Schema):
    model_config = ConfigDict(extra="ignore")
    asked: Annotated[int, Field(ge=1, lt=2**53)]
    responses: Count
    kept: Count
    pass_at_first: _Share
    pass_within_attempts: _Share
    refused_responses: dict[str, Count]
    unsolved: dict[str, str]

    @model_validator(mode="after")
    def _shares(self) -> "_Counts":
        if max(self.pass_at_first.count, self.pass_within_attempts.count) > self.asked:
            raise ValueError("no more problems solved than asked")
        return self


@dataclass(slots=True)
class Tally:
    """Counts over problems and responses.

    `first` and `solved` are the problems whose first response, or any, could be kept; `refused` counts
    responses by what spoke against them (one response may count under several reasons), and `unsolved` has
    each problem without any, by id, and the reason against its last response.
    """

    asked: int = 0
    responses: int = 0
    first: int = 0
    solved: int = 0
    kept: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    unsolved: dict[str, str] = field(default_factory=dict)
    folder: Path | None = None

    @property
    def left_out(self) -> Counter[str]:
        """The problems without any response that could be kept, by reason."""
        return Counter(self.unsolved.values())

    def count(self, problem: str, candidates: list[Candidate], keeps_all: bool) -> None:
        """Count a problem, given by its id, by its responses, in their order."""
        good = [not candidate.reasons for candidate in candidates]
        self.asked += 1
        self.responses += len(candidates)
        self.first += good[0]
        self.solved += any(good)
        self.kept += len(candidates) if keeps_all else any(good)
        for candidate in candidates:
            self.refused.update(reason.name for reason in candidate.reasons)
        if not any(good):
            self.unsolved[problem] = candidates[-1].reasons[0].name

    def to_json(self) -> dict[str, Any]:
        """Return the counts as a manifest holds them, rates with Wilson's 95 % intervals over problems."""
        return {
            "asked": self.asked,
            "responses": self.responses,
            "kept": self.kept,
            "pass_at_first": _rate(self.first, self.asked),
            "pass_within_attempts": _rate(self.solved, self.asked),
            "refused_responses": dict(self.refused.most_common()),
            "problems_left_out": dict(self.left_out.most_common()),
            "unsolved": dict(self.unsolved),
        }


def tally_of(counts: Mapping[str, Any], folder: Path) -> Tally:
    """Return the counts that a manifest holds; raise StylerepError for what is none."""
    found = read_as(_Counts, counts, f"{folder / 'manifest.json'}, teaching")
    first, solved = found.pass_at_first.count, found.pass_within_attempts.count
    return Tally(
        found.asked,
        found.responses,
        first,
        solved,
        found.kept,
        Counter(found.refused_responses),
        dict(found.unsolved),
        folder,
    )


def describe(tally: Tally) -> str:
    """Say in a few lines what came of a run."""
    counts = tally.to_json()
    lines = [
        f"{tally.kept} traces of {tally.solved} problems, from {tally.responses} responses to {tally.asked}."
    ]
    for words, name in (
        ("first response kept", "pass_at_first"),
        ("any response kept", "pass_within_attempts"),
    ):
        rate = counts[name]
        lines.append(
            f"{words}: {100 * rate['rate']:.1f} % of problems [{100 * rate['wilson_95'][0]:.1f},"
            f" {100 * rate['wilson_95'][1]:.1f}]"
        )
    for words, reasons in (("responses refused", tally.refused), ("problems left out", tally.left_out)):
        if reasons:
            lines.append(
                f"{words}: " + ", ".join(f"{count} {reason}" for reason, count in reasons.most_common())
            )
    return "\n".join(lines)


def _rate(count: int, n: int) -> dict[str, Any]:
    from harness_ext.stats.proportion import wilson_interval  # takes a second to import

    interval = wilson_interval(count, n)
    return {
        "count": count,
        "of": n,
        "rate": round(count / n, 6),
        "wilson_95": [round(interval.low, 6), round(interval.high, 6)],
    }
