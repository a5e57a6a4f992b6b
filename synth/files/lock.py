"""Locks on outputs, so that of two commands that would write one folder the second waits,
or says who is there.
"""

import contextlib
import errno
import io
import json
import os
import platform
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from synth.errors import StylerepError

_TAKEN = (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
_PAUSE = 0.1
_WITHIN = ".lock"
_held: dict[Path, tuple[tuple[int, int], bool]] = {}
"""Locks of this process: the process and thread that hold each (a forked process has none of them), and
whether the file system has locks.
"""


def lock(file: IO[bytes] | IO[str] | io.FileIO) -> bool:
    """Lock an open file for this process alone; False if another holds it.
    Where the system has no such locks (Windows), it is always free.
    """
    return _try(file) is not False


def _try(file: IO[bytes] | IO[str] | io.FileIO) -> bool | None:
    """As `lock`, but None where there are no locks."""
    try:
        import fcntl
    except ImportError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return False if error.errno in _TAKEN else None
    return True


@contextlib.contextmanager
def hold(output: Path, wait: Callable[[str], None] | None = None) -> Iterator[bool]:
    """Keep other commands from writing a file or folder, which need not be there yet, while the block runs;
    yield whether the file system has locks at all.

    A lock goes with the process that holds it, on every machine and in every container that shares the file
    system. Its file lies beside the output (within a folder that is there already, where nothing can be made
    beside it) and is removed at the end. If another command holds it, *wait* is called once with a sentence
    that says which, and then its end is awaited; without *wait*, StylerepError says so.
    A thread may hold one lock several times.
    """
    path, me = _lock_file(output), (os.getpid(), threading.get_ident())
    if path in _held and _held[path][0] == me:
        yield _held[path][1]
        return
    while (found := _open(path)) is None:
        sentence = f"{output}: {_holder(path)} is writing here"
        if wait is None:
            raise StylerepError(f"{sentence}; wait until it has ended, or write elsewhere.")
        wait(f"{sentence}; this command waits for its end.")
        wait = _silent
        time.sleep(_PAUSE)
    file, works = found
    _held[path] = (me, works)
    try:
        yield works
    finally:
        if os.getpid() == me[0]:
            del _held[path]
            path.unlink(missing_ok=True)  # before it is free: who opened it meanwhile sees that it is no more
        file.close()


def is_empty(folder: Path) -> bool:
    """Say whether nothing but a lock lies in a folder."""
    return all(one.name == _WITHIN for one in folder.iterdir())


def _silent(_sentence: str) -> None:
    pass


def _lock_file(output: Path) -> Path:
    path = Path(os.path.realpath(output))
    beside = path.parent / f".{path.name}.lock"
    return path / _WITHIN if path.is_dir() and not os.access(path.parent, os.W_OK) else beside


def _open(path: Path) -> tuple[io.FileIO, bool] | None:
    """Return the locked file of a lock and whether locks work; None if another process has it."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        while True:
            file = io.FileIO(
                os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o666), "r+"
            )
            locked = _try(file)
            if locked is False:
                file.close()
                return None
            if _is_still(file, path):
                break
            file.close()  # its holder has just removed it
    except OSError as error:
        raise StylerepError(
            f"{path}: the lock of this output cannot be written ({error.strerror})."
        ) from error
    holder = {
        "command": _command(),
        "process": os.getpid(),
        "host": platform.node(),
        "since": time.strftime("%Y-%m-%d %H:%M:%S"),
    }
    with contextlib.suppress(OSError):  # on a full disk it is a lock all the same
        file.truncate(0)
        file.write(json.dumps(holder).encode())
    return file, locked is True


def _is_still(file: io.FileIO, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(file.fileno()), os.stat(path))
    except FileNotFoundError:
        return False


def _command() -> str:
    name = Path(sys.argv[0]).name if sys.argv else ""
    verb = sys.argv[1] if len(sys.argv) > 1 and not sys.argv[1].startswith("-") else ""
    return f"stylerep {verb}".rstrip() if name in ("stylerep", "__main__.py") else name


def _holder(path: Path) -> str:
    """Say which command holds a lock."""
    try:
        content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        return (
            f"{content['command']} (process {content['process']} on {content['host']}, since"
            f" {content['since']})"
        )
    except (OSError, ValueError, KeyError, TypeError):
        return "another command"
