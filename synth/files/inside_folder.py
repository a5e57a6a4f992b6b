"""Names that stand in files of other people never lead out of the folder that they are names in."""

import os
import re
from pathlib import Path

from synth.errors import StylerepError

_NAME = re.compile(r"[^/\\\x00]+")


def inside(folder: Path, name: object) -> Path:
    """Return the path of a file or folder that lies directly in *folder*,
    by a name that was read from a file.

    Raises StylerepError for a name that would lead elsewhere: of several parts, with a drive, ``.`` or
    ``..``, empty, with a NUL, no text, too long, or of a link out of the folder.
    """
    if (
        not isinstance(name, str)
        or not _NAME.fullmatch(name)
        or name in (".", "..")
        or re.match("[A-Za-z]:", name)
        or len(os.fsencode(_plain(name))) > 255
    ):
        raise StylerepError(
            f"{folder}: {_plain(str(name)[:80])!r} is named as a part of this folder, and is no name that a"
            " file in it can have."
        )
    path = folder / name
    if path.is_symlink() and not _within(path, folder):
        raise StylerepError(f"{path}: this link leads out of the folder, to {os.readlink(path)}; remove it.")
    return path


def refuse_ways_out(folder: Path) -> None:
    """Raise StylerepError for a link, at any depth of a folder, that leads out of it: what is written or
    removed there would be so elsewhere.

    The folder itself may be a link.
    """
    todo = [os.fspath(folder)]
    while todo:
        try:
            entries = list(os.scandir(todo.pop()))
        except (FileNotFoundError, NotADirectoryError):
            continue
        for entry in entries:
            if entry.is_symlink():
                if not _within(Path(entry.path), folder):
                    raise StylerepError(
                        f"{entry.path}: this link leads out of {folder}, to {os.readlink(entry.path)};"
                        " nothing is written there. Remove the link."
                    )
            elif entry.is_dir(follow_symlinks=False):
                todo.append(entry.path)


def _within(path: Path, folder: Path) -> bool:
    return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(folder))


def _plain(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode()
