"""Files of every kind that stylerep reads, changed at random: what does not fit is told in a sentence,
nothing hangs, nothing that was there is lost.
"""

from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings

from benchmarks.fuzz_files.changes import Special
from benchmarks.fuzz_files.of_harnesses import of_harnesses, of_tables
from benchmarks.fuzz_files.of_people import of_people
from benchmarks.fuzz_files.of_runs import of_boards, of_runs
from benchmarks.fuzz_files.of_trainings import of_datasets, of_journals, of_studies, of_trainings
from benchmarks.fuzz_files.trial import Kind, Outcome, attempt


def all_kinds(scratch: Path) -> list[Kind]:
    """Return all kinds of files, those of each made below a folder."""
    makers = (
        of_runs,
        of_boards,
        of_datasets,
        of_journals,
        of_trainings,
        of_studies,
        of_people,
        of_harnesses,
        of_tables,
    )
    return [kind for make in makers for kind in make(scratch / make.__name__)]


def outcomes_of(kind: Kind, n: int, seeded: int = 0) -> list[Outcome]:
    """Return what came of *n* files of a kind, changed at random; the same for one seed. Raises ValueError
    where the unchanged file is not read.
    """
    outcomes: list[Outcome] = []
    whole = attempt(kind, kind.target.read_bytes())
    if whole.ended != "read" or whole.lost:
        raise ValueError(f"{kind.name}: the file as it was is {whole.ended}, {whole.told}, {whole.lost}")

    @seed(seeded)
    @settings(
        max_examples=max(n, 1),
        phases=[Phase.generate],
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(kind.strategy)
    def run(content: bytes | Special) -> None:
        if len(outcomes) < n:
            outcomes.append(attempt(kind, content))

    run()
    return outcomes
