"""The file that keeps how far each simulated cell is, so that an ended command goes on where it was."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ERRORS = ("type_one", "false_equivalence", "missed_none", "missed_margin")


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a cell is: of `draws` sequences, in how many each of `ERRORS` happened, and the seconds of
    processor time that it took.

    `state` is that of the generator then, by which further draws are those of a command that went on; None
    where there is none, so that only the whole of it can be taken.
    """

    draws: int = 0
    counts: tuple[int, ...] = (0,) * len(ERRORS)
    seconds: float = 0.0
    state: Mapping[str, Any] | None = field(default=None, repr=False)


class Journal:
    """A file of JSON lines, one whenever a cell is a step further, of one seed and method."""

    def __init__(self, path: Path | None, seed: int, method: str) -> None:
        """Read the file, if there is one; without a path nothing is kept."""
        self._path, self._of = path, {"seed": seed, "method": method}
        self._reached: dict[str, list[Reached]] = {}
        if path is None or not path.exists():
            return
        for line in path.read_text(encoding="utf-8").splitlines():
            one = json.loads(line)
            if (one["seed"], one["method"]) == (seed, method):
                reached = Reached(one["draws"], tuple(one["counts"]), one["seconds"], one["state"])
                self._reached.setdefault(one["cell"], []).append(reached)

    def most(self, cell: str) -> Reached:
        """Return the most that is known of a cell."""
        return max(self._reached.get(cell, ()), key=lambda one: one.draws, default=Reached())

    def start(self, cell: str, draws: int) -> Reached:
        """Return where a cell goes on that is to have so many draws: with what is known where that's as many,
        else from the last state.
        """
        most = self.most(cell)
        if most.draws >= draws:
            return most
        known = [one for one in self._reached.get(cell, ()) if one.state is not None]
        return max(known, key=lambda one: one.draws, default=Reached())

    def add(self, cell: str, reached: Reached) -> None:
        """Note how far a cell is."""
        self._reached.setdefault(cell, []).append(reached)
        if self._path is None:
            return
        line = {
            "cell": cell,
            **self._of,
            "draws": reached.draws,
            "counts": list(reached.counts),
            "seconds": reached.seconds,
            "state": reached.state,
        }
        with self._path.open("a", encoding="utf-8") as out:
            out.write(json.dumps(line) + "\n")
