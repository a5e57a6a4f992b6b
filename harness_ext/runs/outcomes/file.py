"""An outcomes file: read whole, and replaced whole, so that a kill leaves the old one or the new one."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from harness_ext.runs.outcomes.from_table import runs_of
from harness_ext.runs.outcomes.run_outcomes import RunOutcomes
from harness_ext.runs.outcomes.to_table import to_parquet
from synth.files.lock import hold
from synth.files.output_files import check_outputs, write_output


class OutcomesFile:
    """A file of outcomes that need not be there yet, and that several commands may add to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._runs: dict[str, RunOutcomes] = {}
        self._seen: tuple[int, ...] = ()

    def runs(self) -> Mapping[str, RunOutcomes]:
        """Return its runs by the keys of their cells, and what this command added; raise StylerepError, with
        the row, for a file that is none of outcomes.
        """
        if self.path.exists() or self.path.is_symlink():
            now = _version(self.path)
            if now != self._seen:
                self._runs = {**self._runs, **runs_of(self.path)}
                self._seen = now
        return self._runs

    def check(self, option: str) -> None:
        """Raise StylerepError, before the work begins, where it could not be written."""
        check_outputs({option: self.path})

    def add(self, runs: Sequence[RunOutcomes]) -> None:
        """Add runs, in the place of those of the same keys; what others have added meanwhile stays.

        Waits for a command that is adding to the file. Raises StylerepError for what is there and no file of
        outcomes, OSError where it cannot be written; what is there stays as it is.
        """
        with hold(self.path, lambda _: None):
            together = {**self.runs(), **{run.label.key: run for run in runs}}
            write_output(self.path, to_parquet(list(together.values())))
            self._runs, self._seen = together, _version(self.path)


def _version(path: Path) -> tuple[int, ...]:
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_ino, found.st_size, found.st_mtime_ns
