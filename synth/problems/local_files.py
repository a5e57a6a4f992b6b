"""Where the rows of published benchmarks come from: a local file, before the Hub is asked."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth.errors import MissingDataError, StylerepError
from synth.rows import Row, hub_rows, read_rows

VARIABLE = "STYLEREP_DATA"


@dataclass(frozen=True, slots=True)
class Published:
    """Where a split of a published benchmark is.

    `files` are its local names, in order of preference. On the Hub it is the data set `hub`, made of these
    `splits` one after the other. A `gated` one is only given to who has accepted its terms.
    """

    files: tuple[str, ...]
    hub: str
    splits: tuple[str, ...]
    config: str | None = None
    gated: bool = False


def benchmark_file(name: str | Sequence[str], folder: str | Path | None = None) -> Path | None:
    """Return the local file of that name, or the first that there is of several names;
    None where there is none.

    Looked for in *folder* (a named folder that lacks the file is an error), else in the folder that
    the environment variable ``STYLEREP_DATA`` names (likewise), else in ``shared/data/benchmarks``
    beside a source checkout: one copy of the data then serves every checkout.
    """
    names = [name] if isinstance(name, str) else list(name)
    named = folder or os.environ.get(VARIABLE)
    place = (
        Path(named).expanduser()
        if named
        else Path(__file__).resolve().parents[3] / "shared" / "data" / "benchmarks"
    )
    for one in names:
        if (place / one).is_file():
            return place / one
    if named:
        origin = "data_dir" if folder else VARIABLE
        raise MissingDataError(
            f"{place / names[0]}: no such file, though {origin} names this folder; put {' or '.join(names)}"
            " there or unset it."
        )
    return None


def benchmark_rows(
    source: str, splits: Mapping[str, Published], split: str, path: Path | None = None
) -> list[Row]:
    """Return all rows of a published split in their order: of *path*, else of the local file,
    else of the Hub.

    *splits* has all splits of the source. Raises StylerepError, naming the line,
    for a file that cannot be read.
    """
    if split not in splits:
        raise StylerepError(f"{source}: there is no split {split!r}; it has {', '.join(splits)}.")
    place = splits[split]
    path = path or benchmark_file(place.files)
    rows = list(read_rows(path)) if path else _from_hub(source, place)
    if not rows:
        raise StylerepError(f"{path or place.hub}: {'the file' if path else 'it'} holds no problems.")
    return rows


def text_field(row: Row, *names: str) -> str:
    """Return the field of the first of these names that the row has; raise StylerepError,
    naming the row, where it is no text or empty.
    """
    value = next((row.fields[name] for name in names if row.fields.get(name) is not None), None)
    if not isinstance(value, str) or not value.strip():
        raise StylerepError(f'{row.where}: expected a text "{names[0]}".')
    return value.strip()


def _from_hub(source: str, place: Published) -> list[Row]:
    try:
        return [row for split in place.splits for row in hub_rows(place.hub, split, place.config)]
    except StylerepError as error:
        gated = (
            " (it is gated: accept its terms on its page there and log in with a token)"
            if place.gated
            else ""
        )
        raise MissingDataError(
            f"{source}: there is no local {' or '.join(place.files)} and {place.hub} cannot be loaded from"
            f" the Hub{gated}; put the file into a folder and name it in the environment variable {VARIABLE}."
        ) from error
