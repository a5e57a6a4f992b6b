"""Files that a user asked for by an option: checked before the work begins, and written whole or not at
all.
"""

import contextlib
import io
import os
import stat
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from synth.errors import StylerepError
from synth.files.replace_file import write_bytes
from synth.files.replace_folder import is_mounted, refuse_dead_links

__all__ = ["check_folder", "check_outputs", "write_output"]


def check_outputs(outputs: Mapping[str, Path | None], inputs: Iterable[str | Path] = ()) -> None:
    """Raise StylerepError, before the work begins, for a file that could not be written,
    or whose writing would destroy something.

    *outputs* are files by the option that names each. None of them may be one of the *inputs*, nor the file
    of another option; devices and pipes, into which is written, may be given several times.
    """
    given = {option: path for option, path in outputs.items() if path is not None}
    for option, path in given.items():
        _check(option, path)
    regular = {option: path for option, path in given.items() if _is_replaced(path)}
    read = [Path(one) for one in inputs]
    for option, path in regular.items():
        if same := next((one for one in read if _same(path, one)), None):
            raise StylerepError(
                f"{option} {path}: this is also what is read ({same}), and would be lost; name another file."
            )
        if other := next(
            (name for name, one in regular.items() if name != option and _same(path, one)), None
        ):
            raise StylerepError(f"{option} and {other} both name {path}; give each a file of its own.")


def check_folder(path: Path | None) -> None:
    """Make the folder that files are to be written to, or raise StylerepError, before the work begins."""
    if path is None:
        return
    refuse_dead_links(path)
    if path.exists() and not path.is_dir():
        raise StylerepError(
            f"{path}: a file stands where a folder is to be written; move it away or choose another name."
        )
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StylerepError(f"{path}: no folder can be made here ({error.strerror}).") from error
    if not os.access(path, os.W_OK | os.X_OK):
        raise StylerepError(f"{path}: nothing can be written in this folder (permission denied).")


def write_output(path: Path, content: str | bytes) -> None:
    """Write a file that a user named, texts in UTF-8 (lone surrogates become question marks).

    A regular file is replaced in one step, of a link the file that it leads to. Anything else, such as
    ``/dev/stdout``, a pipe, or a file that is mounted by itself, is written into.
    """
    whole = content.encode("utf-8", errors="replace") if isinstance(content, str) else content
    place = Path(os.path.realpath(path))
    if stream := _own_stream(path):
        stream.flush()
        with open(os.dup(stream.fileno()), "wb") as file:
            file.write(whole)
    elif _is_replaced(path) and not is_mounted(place) and os.access(place.parent, os.W_OK | os.X_OK):
        write_bytes(place, whole)
    else:
        with path.open("wb") as file:
            file.write(whole)


def _check(option: str, path: Path) -> None:
    try:
        place = Path(os.path.realpath(path))
        if path.is_dir():
            raise StylerepError(f"{option} {path}: this is a folder; name a file.")
        if not path.exists():
            if not place.parent.is_dir():
                led = f", to which the link {path} leads" if path.is_symlink() else ""
                raise StylerepError(
                    f"{option} {path}: there is no folder {place.parent if led else path.parent} to write it"
                    f" in{led}."
                )
            if not os.access(place.parent, os.W_OK | os.X_OK):
                raise StylerepError(
                    f"{option} {path}: nothing can be written in the folder {place.parent} (permission"
                    " denied)."
                )
        elif stat.S_ISSOCK(path.stat().st_mode):
            raise StylerepError(f"{option} {path}: this is a socket; name a file.")
        elif not os.access(path, os.W_OK):
            raise StylerepError(f"{option} {path}: this file may not be written (permission denied).")
    except (OSError, ValueError) as error:
        raise StylerepError(
            f"{option} {path}: this file cannot be written ({getattr(error, 'strerror', None) or error})."
        ) from error


def _is_replaced(path: Path) -> bool:
    """Say whether a file is one to replace: not there yet, or a regular one, but none of the system's."""
    if _own_stream(path):
        return False
    try:
        return stat.S_ISREG(path.stat().st_mode)
    except FileNotFoundError:
        return True


def _same(one: Path, other: Path) -> bool:
    if os.path.realpath(one) == os.path.realpath(other):
        return True
    try:
        return os.path.samefile(one, other)
    except OSError:
        return False


def _own_stream(path: Path) -> io.TextIOBase | None:
    """Return standard output or error if a path is what it goes to, also where that is a file:
    what was written there is kept.
    """
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):
            if os.path.samestat(path.stat(), os.fstat(stream.fileno())):
                return stream  # type: ignore[return-value]
    return None
