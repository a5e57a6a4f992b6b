"""Where benchmark files are looked for before the Hub is asked."""

import os
from pathlib import Path

from synth.errors import StylerepError

VARIABLE = "STYLEREP_DATA"


def benchmark_file(name: str, folder: str | Path | None = None) -> Path | None:
    """Return the local file of that name, or None where there is none.

    Looked for in *folder* (a named folder that lacks the file is an error), else in the folder that
    the environment variable ``STYLEREP_DATA`` names (likewise), else in ``shared/data/benchmarks``
    beside a source checkout: one copy of the data then serves every checkout.
    """
    named = folder or os.environ.get(VARIABLE)
    if named:
        path = Path(named).expanduser() / name
        if not path.is_file():
            origin = "data_dir" if folder else VARIABLE
            raise StylerepError(f"{path}: no such file, though {origin} names this folder; put {name} there or unset it.")
        return path
    beside = Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmarks" / name
    return beside if beside.is_file() else None
