"""Finds files at any depth of a folder, also while another process makes and removes folders in it."""

import os
from collections.abc import Iterable
from fnmatch import fnmatchcase
from pathlib import Path


def files_below(folder: Path, *patterns: str) -> list[Path]:
    """Return the files below *folder* whose names fit one of the *patterns* (of the shell; none: all files),
    sorted.

    Folders that are gone when their turn comes are passed over, where `Path.rglob` raises FileNotFoundError.
    Links to folders are not followed.
    """
    return sorted(
        Path(place, name)
        for place, _, names in os.walk(folder)
        for name in names
        if not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)
    )


def size_of(files: Iterable[Path]) -> int:
    """Return how many bytes files hold together; those that are gone count nothing."""
    total = 0
    for path in files:
        try:
            total += path.stat().st_size
        except FileNotFoundError:
            continue
    return total
