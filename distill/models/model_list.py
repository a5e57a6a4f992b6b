"""The table of models that lie in a package index, as ``stylerep models list`` prints it."""

from collections.abc import Iterator
from pathlib import Path

from distill.models.packaged import NAMED, PackagedModel
from distill.models.pretrained import pulled_folder

_HEADINGS = ("name", "family", "parameters", "licence", "fetched", "on disk", "where")


def packaged_lines() -> Iterator[str]:
    """Yield the lines of the table, headings first; sizes are of the wheels, and of the folder or of what it
    will be.
    """
    rows = [_HEADINGS, *(_row(model) for model in NAMED.values())]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(model: PackagedModel) -> tuple[str, ...]:
    folder = pulled_folder(model.name)
    return (
        model.name,
        model.family,
        f"{model.parameters / 1e6:,.0f} M",
        model.licence + (" (to be accepted)" if model.terms else ""),
        _size(sum(part.wheel_size for part in model.parts)),
        _size(_held(folder) if folder else model.weights_size),
        str(folder or "not pulled"),
    )


def _held(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir() if path.is_file())


def _size(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
