"""Files that a user asked for: checked before the work begins, and written whole or not at all."""

from pathlib import Path

from synth.errors import StylerepError
from synth.replace_file import write_text

__all__ = ["check_folder", "check_writable", "write_text"]


def check_writable(*paths: Path | None) -> None:
    """Raise StylerepError for a file that could not be written, before the work begins."""
    for path in paths:
        if path is not None and not path.parent.is_dir():
            raise StylerepError(f"{path}: there is no folder {path.parent} to write it in.")
        if path is not None and path.is_dir():
            raise StylerepError(f"{path}: this is a folder; name a file.")


def check_folder(path: Path | None) -> None:
    """Make the folder that files are to be written to, or raise StylerepError, before the work begins."""
    if path is None:
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StylerepError(f"{path}: no folder can be made here ({error.strerror}).") from error
