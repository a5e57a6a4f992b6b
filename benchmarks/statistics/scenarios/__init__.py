"""What is measured of data whose truth is known, in the order of the page."""

from collections.abc import Iterator

from benchmarks.statistics.rows import Scenario
from benchmarks.statistics.scenarios.coverage import coverage
from benchmarks.statistics.scenarios.equivalence import equivalence
from benchmarks.statistics.scenarios.planned_power import planned_power
from benchmarks.statistics.scenarios.ranks import ranks
from benchmarks.statistics.scenarios.seeds_and_families import seeds_and_families
from benchmarks.statistics.scenarios.type_one import type_one


def scenarios() -> Iterator[Scenario]:
    """Yield everything that is measured."""
    yield from type_one()
    yield from equivalence()
    yield from coverage()
    yield from ranks()
    yield from seeds_and_families()
    yield from planned_power()
