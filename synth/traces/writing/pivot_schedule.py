"""Which pivots a trace is to hold, and where."""

import bisect
import random
from collections import deque
from collections.abc import Sequence

from synth.traces.writing.target import BINS, TraceTarget

REALIZATION, VERIFICATION, EXPLORATION, INTEGRATION = range(4)
ALL = (REALIZATION, VERIFICATION, EXPLORATION, INTEGRATION)


class Schedule:
    """The pivots still to come, from first to last, with their places as shares of the trace.

    Realizations that are to reject a wrong turn are kept apart: they wait for a step that can be missed.
    """

    def __init__(
        self, target: TraceTarget, words: float, wrong_turns: float, native: Sequence[int], rng: random.Random
    ) -> None:
        places: list[tuple[float, int]] = []
        turns: list[float] = []
        for kind, density in enumerate(target.pivots):
            cumulated = target.places[kind]
            # The expected number of pivots is met on average: the fraction decides by chance.
            for _ in range(int(density * words / 100 + rng.random()) - native[kind]):
                place = (bisect.bisect_left(cumulated, rng.random() * cumulated[-1]) + rng.random()) / BINS
                if kind == REALIZATION and rng.random() < wrong_turns:
                    turns.append(place)
                else:
                    places.append((place, kind))
        self._places, self._turns = deque(sorted(places)), deque(sorted(turns))

    def due(self, place: float, kinds: Sequence[int] = ALL) -> int | None:
        """Take the next pivot if its place has come and it is of one of the kinds; return its kind."""
        if self._places and self._places[0][0] <= place and self._places[0][1] in kinds:
            return self._places.popleft()[1]
        return None

    def turn_due(self, place: float) -> bool:
        """Take the next wrong turn if its place has come."""
        if self._turns and self._turns[0] <= place:
            self._turns.popleft()
            return True
        return False

    def take(self, kind: int) -> bool:
        """Take the next pivot of a kind wherever it was to stand."""
        for entry in self._places:
            if entry[1] == kind:
                self._places.remove(entry)
                return True
        return False

    def put_back(self, kind: int) -> None:
        """Let a pivot be the next."""
        self._places.appendleft((0.0, kind))

    def left(self, kind: int) -> int:
        """Count the pivots of a kind that are still to come."""
        return sum(one == kind for _, one in self._places)

    def no_more_turns(self) -> None:
        """Make the realizations that waited for a wrong turn ordinary ones."""
        self._places = deque(sorted((*self._places, *((place, REALIZATION) for place in self._turns))))
        self._turns.clear()
