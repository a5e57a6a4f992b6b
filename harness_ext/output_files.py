"""Writes the files that a user asked for: whole or not at all, and never over what was there until all is ready."""

import os
import tempfile
from pathlib import Path

from synth.errors import StylerepError


def check_writable(*paths: Path | None) -> None:
    """Raise StylerepError for a file that could not be written, before the work begins."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise StylerepError(f"{path}: there is no folder {path.parent} to write it in.")
        if path is not None and path.is_dir():
            raise StylerepError(f"{path}: this is a folder; name a file.")


def write_text(path: Path, text: str) -> None:
    """Write a file in UTF-8 (lone surrogates become question marks), replacing one that was there in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8", errors="replace") as file:
            file.write(text)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(name, 0o666 & ~mask)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
