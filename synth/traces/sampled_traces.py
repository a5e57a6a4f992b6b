"""A data set of ``stylerep teach`` beside problems: a right trace for each that was solved, and what becomes
of the others.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ConfigDict

from synth.errors import StylerepError
from synth.grading.answers import final_answer
from synth.problems import Problem, iter_problems
from synth.schema import Schema, read_as, read_json, shown
from synth.style import Lexicon
from synth.traces.arms import SAMPLED
from synth.traces.datasets import read_dataset
from synth.traces.taken_apart import TakenApart, take_apart
from synth.traces.unsolved import HANDLINGS

CANNOT_BE_WRONG = "its answer cannot be made wrong"
# How a set was sampled, in the manifests of the arms made of it.
_TOLD = ("model", "model_args", "attempts", "temperature", "max_tokens", "seed")


class _Teaching(Schema):
    model_config = ConfigDict(extra="ignore")
    problems: str
    seed: int
    keep: str
    unsolved: dict[str, str]
    student: dict[str, Any] | None = None


@dataclass
class SampledTraces:
    """Right traces of a model by problem id. `unsolved` has the reason of each problem without one, by id;
    `handling` is one of `HANDLINGS`.
    """

    folder: Path
    arm: str
    handling: str
    problems: str
    seed: int
    teaching: Mapping[str, Any]
    student: Mapping[str, Any] | None
    decontamination: Mapping[str, Any] | None
    rows: Mapping[str, Mapping[str, Any]] = field(repr=False)
    unsolved: dict[str, str] = field(repr=False)

    @property
    def fills(self) -> bool:
        """Whether unsolved problems get rendered traces."""
        return self.handling == "sbs"

    def each(self, problems: str, seed: int) -> Iterator[Problem]:
        """Yield the problems that a trace was sampled for, and the others too where they are filled. Raises
        StylerepError where the set is of other problems, or in another order.
        """
        if (problems, seed) != (self.problems, self.seed):
            raise StylerepError(
                f"{self.folder}: its traces are of {self.problems} with seed {self.seed}, not of {problems}"
                f" with seed {seed}."
            )
        wanted = {*self.rows, *(self.unsolved if self.fills else ())}
        solved = iter(self.rows)
        for problem in iter_problems(problems, len(wanted), seed, keep=lambda one: one.id in wanted):
            if problem.id in self.rows and problem.id != (expected := next(solved)):
                raise StylerepError(
                    f"{self.folder}: its problems are not in the order of {problems} with seed {seed}"
                    f" ({expected!r} stands where {problem.id!r} comes)."
                )
            yield problem

    def take(self, problem: Problem, wrong: str | None, lexicon: Lexicon) -> TakenApart | None:
        """Return the trace of a problem, taken apart; None, and the problem is then unsolved, where there is
        none or *wrong* can't stand in place of its answer.
        """
        if (row := self.rows.get(problem.id)) is None:
            return None
        stated = final_answer(row["response"], problem.answer_type)
        if stated is None:
            raise StylerepError(f"{self.folder}: the response to {problem.id} states no answer.")
        whole = take_apart(row["response"], stated, problem.answer_type, lexicon)
        if wrong is not None and not whole.can_state(wrong):
            self.unsolved[problem.id] = CANNOT_BE_WRONG
            return None
        return whole

    def report(self) -> dict[str, Any]:
        """Return what manifests say: how traces were sampled, and which problems have none and why."""
        return {
            "arm": self.arm,
            "student": self.student,
            **{name: self.teaching.get(name) for name in _TOLD},
            "asked": len({*self.rows, *self.unsolved}),
            "unsolved": {
                "handled": self.handling,
                "count": len(self.unsolved),
                "reasons": dict(Counter(self.unsolved.values()).most_common()),
                "ids": list(self.unsolved),
            },
        }


def sampled_arm(folder: Path) -> str:
    """Return the arm of a data set that ``stylerep teach`` sampled; empty for any other."""
    path = folder / "manifest.json"
    manifest = read_json(path) if path.is_file() else None
    if not isinstance(manifest, dict) or not isinstance(manifest.get("teaching"), dict):
        return ""
    arm = manifest.get("arm")
    return arm if arm in SAMPLED else ""


def read_sampled(folder: Path, handling: str) -> SampledTraces:
    """Read a data set of ``stylerep teach``; raise StylerepError for one with several traces of a problem."""
    if handling not in HANDLINGS:
        raise StylerepError(f"--unsolved is {' or '.join(HANDLINGS)}, not {shown(handling)}.")
    rows, manifest = read_dataset(folder)
    teaching = manifest["teaching"]
    told = read_as(_Teaching, teaching, f"{folder / 'manifest.json'}, teaching")
    by_id = {row["id"]: row for row in rows}
    if told.keep != "first" or len(by_id) < len(rows):
        raise StylerepError(
            f"{folder}: it has several traces of a problem (--keep {told.keep}), and arms take one; sample it"
            " with --keep first."
        )
    if wrong := next((row["id"] for row in rows if not row["is_correct"]), None):
        raise StylerepError(f"{folder}: its trace of {wrong} is not right, and arms are made of right ones.")
    return SampledTraces(
        folder,
        manifest["arm"],
        handling,
        told.problems,
        told.seed,
        teaching,
        told.student,
        manifest.get("decontamination"),
        by_id,
        dict(told.unsolved),
    )
