"""One changed file: it is put where it belongs, what reads it is called,
and all is compared with what was there before.
"""

import contextlib
import io
import os
import shutil
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from hypothesis import strategies as st

from benchmarks.fuzz_files.changes import Special
from synth.errors import StylerepError

_LONGEST_SENTENCE = 3000
LONGEST = 20
"""Seconds after which a trial counts as one that hangs."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of file: `target` is changed by `strategy`, `act` reads it. `made` are the folders below which
    `act` may write, and which are removed again.

    All else in `folder` must be there afterwards as it was before, and what is in `kept` too where `act`
    refuses the file. `share` is how many files are tried next to those of other kinds;
    what takes long has few.
    """

    name: str
    folder: Path
    target: Path
    strategy: st.SearchStrategy[bytes | Special]
    act: Callable[[], Any]
    made: tuple[Path, ...] = ()
    kept: tuple[Path, ...] = ()
    share: int = 8


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a trial ended: ``read``, ``refused``, or ``traceback``; what was told; files lost; seconds."""

    kind: str
    ended: str
    told: str
    lost: tuple[str, ...]
    seconds: float
    content: bytes | Special = field(repr=False, default=b"")


class _Hangs(BaseException):
    pass


def attempt(kind: Kind, content: bytes | Special) -> Outcome:
    """Run a trial, and put everything back as it was."""
    before = tree(kind.folder)
    original = kind.target.read_bytes()
    _put(kind.target, content)
    began = time.monotonic()
    try:
        ended, told = _ended(kind)
        seconds = time.monotonic() - began
        lost = _lost(kind, before, ended)
    finally:
        _clear(kind.target)
        kind.target.parent.mkdir(parents=True, exist_ok=True)
        kind.target.write_bytes(original)
        _restore(kind, before)
    return Outcome(kind.name, ended, told, lost, seconds, content)


def command(*words: object) -> Callable[[], None]:
    """Return what calls a verb of the command in this process;
    raises StylerepError where it ends with a mistake.
    """

    def call() -> None:
        from harness_ext.__main__ import main

        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
        with (
            patch.object(sys, "argv", ["stylerep", *map(str, words)]),
            contextlib.redirect_stdout(out),
            contextlib.redirect_stderr(err),
        ):
            try:
                main()
            except SystemExit as end:
                code = end.code
        said = []
        for stream in (out, err):
            stream.flush()
            said.append(stream.buffer.getvalue().decode())
        if wrong := next(
            (one for text in said for one in text if not one.isprintable() and one not in "\n\t"), None
        ):
            raise AssertionError(f"the character {wrong!r} came to the terminal: {said}")
        mistakes = (2, 3) if "--claims" in words else (2,)
        if code in mistakes and (
            sentence := next((line for line in said[1].splitlines() if line.startswith("stylerep: ")), "")
        ):
            if "Traceback" in said[1] or len(sentence) > _LONGEST_SENTENCE:
                raise AssertionError(f"{said[1][:3000]} … {said[1][-1000:]}")
            raise StylerepError(sentence)
        if code not in (0, 1, *mistakes) or "Traceback" in said[1]:
            raise AssertionError(f"ended with {code}: {said[1][-2000:]}")

    return call


def tree(folder: Path) -> dict[str, bytes | str]:
    """Return what a folder holds: the bytes of files, the targets of links, by their paths."""
    found: dict[str, bytes | str] = {}
    for place, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(place, name)
            if path.is_symlink():
                found[str(path)] = os.readlink(path)
            elif path.is_file():
                found[str(path)] = path.read_bytes()
    return found


def _ended(kind: Kind) -> tuple[str, str]:
    def hangs(*_: object) -> None:
        raise _Hangs

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(LONGEST)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", RuntimeWarning)  # arithmetic that went wrong unseen
            kind.act()
    except StylerepError as error:
        return "refused", str(error)
    except _Hangs:
        return "traceback", f"it hangs ({LONGEST} s): {traceback.format_exc()[-1500:]}"
    except (Exception, SystemExit):  # noqa: BLE001 (all that is no sentence is what is looked for)
        return "traceback", traceback.format_exc()
    else:
        return "read", ""
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _lost(kind: Kind, before: dict[str, bytes | str], ended: str) -> tuple[str, ...]:
    free = {
        str(path)
        for path in (kind.target, *(kind.made if ended == "read" else set(kind.made) - set(kind.kept)))
    }
    after = tree(kind.folder)
    return tuple(
        path
        for path, held in before.items()
        if not any(path == one or path.startswith(f"{one}{os.sep}") for one in free)
        and after.get(path) != held
    )


def _restore(kind: Kind, before: dict[str, bytes | str]) -> None:
    for path in kind.made:
        if path not in kind.kept:
            shutil.rmtree(path, ignore_errors=True)
    after = tree(kind.folder)
    for name in after.keys() - before.keys():
        _clear(Path(name))
    for name, held in before.items():
        if after.get(name) != held and isinstance(held, bytes):
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            _clear(Path(name))
            Path(name).write_bytes(held)


def _put(path: Path, content: bytes | Special) -> None:
    _clear(path)
    if isinstance(content, bytes):
        path.write_bytes(content)
    elif content.kind == "pipe":
        os.mkfifo(path)
    elif content.kind == "folder":
        path.mkdir()
    elif content.kind == "link":
        path.symlink_to(content.target)


def _clear(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
