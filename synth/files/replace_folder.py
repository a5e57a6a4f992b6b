"""Replaces a whole folder so that a reader finds the old one or the new one, never a part."""

import contextlib
import ctypes
import errno
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from synth.errors import StylerepError
from synth.files.lock import hold
from synth.files.replace_file import umask

_AT_FDCWD, _RENAME_EXCHANGE = -100, 2
_ASIDE = ".old"


@contextlib.contextmanager
def replace_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder to write into; on success it takes the place of *target*.

    If the block raises or the process is killed, *target* is as it was. The new folder lies beside the target
    (same file system) under a hidden name with the mark of this machine or container. While it is there, the
    target is locked (`synth.files.lock`): so what is found there later under this machine's mark was left
    by a process that was killed, and is removed; another machine's is not. Where *target* is a link, what it
    leads to is replaced. Where the system cannot exchange two names in one step (not Linux), the old folder
    is renamed away first: for that instant there is neither. Raises StylerepError as `check_replaceable`, and
    where another process is at it; if *target* cannot be replaced in the end, what was made stays,
    and the error says where.
    """
    check_replaceable(target)
    place = Path(os.path.realpath(target))
    place.parent.mkdir(parents=True, exist_ok=True)
    with hold(place) as sure:
        begins = f".{place.name}.new-{_machine()}-"
        if sure:
            _tidy(place, begins)
        fresh = Path(tempfile.mkdtemp(prefix=begins, dir=place.parent))
        fresh.chmod(0o777 & ~umask())
        try:
            yield fresh
        except BaseException:
            shutil.rmtree(fresh, ignore_errors=True)
            raise
        try:
            _swap(fresh, place)
        except OSError as error:
            raise StylerepError(
                f"{target}: this folder cannot be replaced ({error.strerror}); the new one is whole, and lies"
                f" in {fresh}."
            ) from error
        shutil.rmtree(fresh, ignore_errors=True)


def check_replaceable(
    target: Path, mark: str = "", what: str = "", inputs: Iterable[str | Path] = ()
) -> None:
    """Raise StylerepError, before the work begins, where a folder cannot be replaced: a file stands there, a
    link that leads nowhere, a mounted file system.

    With *mark*, it must also be *what*, a folder with a file of that name in it, or empty.
    It may be none of the *inputs*.
    """
    refuse_dead_links(target)
    if same := next(
        (one for one in inputs if target.exists() and os.path.exists(one) and os.path.samefile(target, one)),
        None,
    ):
        raise StylerepError(
            f"{target}: this is also what is read ({same}), and would be replaced; choose another folder."
        )
    if target.exists() and not target.is_dir():
        raise StylerepError(
            f"{target}: a file stands where a folder is to be written; move it away or choose another name."
        )
    place = Path(os.path.realpath(target))
    if is_mounted(place):
        raise StylerepError(
            f"{target}: a file system is mounted here, so that the folder cannot be replaced as a whole; name"
            " a folder within it."
        )
    for parent in place.parents:
        if parent.exists():
            if not parent.is_dir():
                raise StylerepError(f"{target}: {parent} is a file, so no folder can be made in it.")
            if not os.access(parent, os.W_OK | os.X_OK):
                raise StylerepError(
                    f"{target}: nothing can be written in the folder {parent} (permission denied)."
                )
            break
    if mark and place.is_dir() and any(place.iterdir()) and not (place / mark).is_file():
        raise StylerepError(
            f"{target}: this folder holds something other than {what} (no {mark}), and would be replaced;"
            " choose another."
        )


def refuse_within(target: Path, inputs: Iterable[str | Path]) -> None:
    """Raise StylerepError where *target* lies within a folder that is read, which it would change."""
    place = Path(os.path.realpath(target))
    for one in inputs:
        if os.path.isdir(one) and Path(os.path.realpath(one)) in place.parents:
            raise StylerepError(
                f"{target}: this lies within {one}, which is read; choose a folder outside of it."
            )


def refuse_dead_links(path: Path) -> None:
    """Raise StylerepError where a path, or a folder on the way to it, is a link that leads nowhere."""
    for one in (path, *path.parents):
        if one.is_symlink() and not one.exists():
            raise StylerepError(
                f"{one}: this link leads to {os.readlink(one)}, which is not there; make that folder, or"
                " write elsewhere."
            )


def remove_tree(path: Path) -> None:
    """Remove a folder with all that is in it; of a link, the link alone."""
    if path.is_symlink():
        path.unlink()
    else:
        shutil.rmtree(path, ignore_errors=True)


def _machine() -> str:
    """Return a short mark of this machine, or of this container."""
    try:
        own = Path("/etc/machine-id").read_text(encoding="utf-8", errors="replace")
    except OSError:
        own = ""
    return hashlib.sha256(f"{platform.node()} {own}".encode()).hexdigest()[:8]


def _tidy(target: Path, begins: str) -> None:
    """Remove what killed processes of this machine left; an old folder that one had put aside, with none in
    its place yet, goes back there.
    """
    for left in [one for one in target.parent.iterdir() if one.name.startswith(begins)]:
        if left.name.endswith(_ASIDE) and not target.exists():
            left.rename(target)
        else:
            remove_tree(left)


def is_mounted(path: Path) -> bool:
    """Say whether a file system, or a folder or file of one, is mounted at a path without links."""
    if os.path.ismount(path):
        return True
    try:
        mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:
        return False
    # A folder of the same file system may be mounted too; the fifth word is where,
    # spaces and the like in octal.
    escaped = (
        str(path).replace("\\", "\\134").replace(" ", "\\040").replace("\t", "\\011").replace("\n", "\\012")
    )
    return any(line.split(" ")[4] == escaped for line in mounts.splitlines() if line.count(" ") > 4)


def _swap(fresh: Path, target: Path) -> None:
    if not target.exists():
        fresh.rename(target)
    elif not _exchange(fresh, target):
        aside = fresh.with_name(fresh.name + _ASIDE)
        target.rename(aside)
        try:
            fresh.rename(target)
        except OSError:
            aside.rename(target)
            raise
        shutil.rmtree(aside, ignore_errors=True)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two names in one step; return False where the system cannot."""
    if not sys.platform.startswith("linux"):
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    if rename(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in (errno.EINVAL, errno.ENOSYS):
        return False
    raise OSError(code, os.strerror(code), str(other))
