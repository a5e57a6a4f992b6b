"""Which cell runs next in a study whose runs stop once they are settled: one of the claim that is nearest to
being settled for its cost. And which needn't run, since every claim that needs them is settled.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from harness_ext.compare.claims_so_far import SoFar, findings_so_far
from harness_ext.compare.conditions import conditions
from harness_ext.compare.hypotheses_file import Hypothesis
from harness_ext.compare.metric import with_accuracy
from harness_ext.pipelines.study.cells import Cell
from harness_ext.pipelines.study.estimate import TimeEstimate
from harness_ext.pipelines.study.file import Study, study_claims
from harness_ext.runs.run_folder import Run, load_run

RULE = (
    "Next ran a cell of the claim that was nearest to being settled for its cost, and there of the model and"
    " part that cost least. A cost is the expected seconds of the cells that are lacking, each divided by"
    " how many open claims lack it. That of a claim is divided by the share of the evidence that was in:"
    " 1/2 before the first finding, then log p of its weakest finding over log(alpha / claims) or log p of"
    " the strongest against it over log(alpha), whichever is more, between 1/20 and 1. Cells that no claim"
    " needs ran last."
)
_RATE = 1e11
"""Operations a second by which cells are weighed where no like one has been seen: the same on every machine,
so that the order is too."""


@dataclass(frozen=True, slots=True)
class _Needed:
    """A claim, the evaluations that it is about, all cells that it takes, and those of each of its findings,
    one for a part of it and a model.
    """

    claim: Hypothesis
    evaluations: frozenset[str]
    cells: frozenset[str]
    findings: tuple[frozenset[str], ...]


class ByClaims:
    """Chooses cells by the claims of a study; it knows no more than what is in its folder."""

    def __init__(self, study: Study, cells: Sequence[Cell], folder: Path) -> None:
        """Take the cells of a study that declares claims."""
        self._study, self._all, self._folder = study, cells, folder
        claims = study_claims(study)
        self._claims, self._alpha = (claims.claims, claims.alpha) if claims else ((), 0.05)
        self._cells = {cell.name: cell for cell in cells}
        self._needed = [self._needs(claim) for claim in self._claims]
        self._runs: dict[str, Run] = {}
        self._seen: frozenset[str] | None = None
        self._standing: list[SoFar] = []
        self._estimate = TimeEstimate(study, cells, folder, _RATE)
        self._keeps_all = False

    def keep_all(self) -> None:
        """Leave out nothing."""
        self._keeps_all = True

    def left_out(self, finished: Collection[str]) -> dict[str, str]:
        """Return the cells that needn't run, since every claim that needs them is settled, each with the
        reason. What no claim needs, and what that needs, is never among them.
        """
        if self._keeps_all:
            return {}
        self._look(finished)
        wanted: set[str] = set()
        for one, standing in zip(self._needed, self._standing, strict=True):
            if standing.outcome is None:
                wanted |= one.cells
        claimed = {name for one in self._needed for name in one.evaluations}
        inner = {name for cell in self._all for name in cell.after}
        for cell in self._all:
            if cell.name not in claimed and cell.name not in inner:
                wanted |= self._with_what_it_needs([cell.name])
        return {
            cell.name: self._reason(cell.name)
            for cell in self._all
            if cell.name not in wanted and cell.name not in finished
        }

    def standing(self, finished: Collection[str]) -> list[SoFar]:
        """Return how each claim stands, in the order of the file."""
        self._look(finished)
        return list(self._standing)

    def choose(
        self,
        ready: Sequence[Cell],
        finished: Collection[str],
        working: Collection[str],
        lost: Collection[str],
    ) -> Cell:
        """Return the one of the *ready* cells that is to start, where those of *working* are paid for, and
        claims that need one of *lost* can't be settled.
        """
        self._look(finished)
        gone = {*finished, *working}
        lacking = {
            place: one.cells - gone
            for place, (one, standing) in enumerate(zip(self._needed, self._standing, strict=True))
            if standing.outcome is None and not one.cells & set(lost)
        }
        sharing: dict[str, int] = {}
        for names in lacking.values():
            for name in names:
                sharing[name] = sharing.get(name, 0) + 1

        def cost(names: frozenset[str]) -> float:
            return sum(self._estimate.seconds(name) / sharing[name] for name in sorted(names))

        scores = {place: cost(names) / self._standing[place].share for place, names in lacking.items()}
        for place in sorted(scores, key=lambda place: (scores[place], place)):
            # one model after the other, since the first may settle it
            for names in sorted((one - gone for one in self._needed[place].findings), key=cost):
                if own := [cell for cell in ready if cell.name in names]:
                    return own[0]
        return ready[0]

    def _needs(self, claim: Hypothesis) -> _Needed:
        own = [
            [
                cell.name
                for cell in self._all
                if (cell.kind, cell.label) == ("evaluate", model.label) and cell.arm in part.arms
            ]
            for model in self._study.models
            for part in claim.leaves
        ]
        cells = tuple(frozenset(self._with_what_it_needs(names)) for names in own)
        return _Needed(claim, frozenset(chain(*own)), frozenset(chain(*cells)), cells)

    def _with_what_it_needs(self, names: Collection[str]) -> set[str]:
        found, rest = set[str](), list(names)
        while rest:
            name = rest.pop()
            if name not in found:
                found.add(name)
                rest += self._cells[name].after
        return found

    def _look(self, finished: Collection[str]) -> None:
        """Read the runs that are new, and judge the claims by those there are."""
        there = frozenset(name for name in finished if self._cells[name].kind == "evaluate")
        if there == self._seen and self._seen is not None:
            return
        self._seen = there
        self._estimate = TimeEstimate(self._study, self._all, self._folder, _RATE)
        for name in self._cells:
            if name in there and name not in self._runs:
                self._runs[name] = load_run((self._folder / self._cells[name].output).parent)
        found = []
        if there:
            runs, _ = with_accuracy([self._runs[name] for name in self._cells if name in there], None)
            found = conditions(runs, ("family", "arm", "task"))
        count, alpha = len(self._needed), self._alpha
        self._standing = [
            SoFar(tuple(findings_so_far(one.claim, found)), one.evaluations <= there, alpha, count)
            for one in self._needed
        ]

    def _reason(self, name: str) -> str:
        settled = [
            f"{one.claim.name!r} ({standing.outcome.value})"
            for one, standing in zip(self._needed, self._standing, strict=True)
            if name in one.cells and standing.outcome is not None
        ]
        return f"not run, since what needs it is settled: {', '.join(settled)}"
