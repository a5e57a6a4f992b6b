"""Files opened to be read: a regular file or a sentence, never a pipe that is waited for,
a device without an end, or a folder.
"""

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from synth.errors import StylerepError

if TYPE_CHECKING:
    from typing_extensions import Buffer

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_BUFFER = 1 << 20
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


class _OpenedFile(io.FileIO):
    """A file whose failures to be read, as of a broken disk, are told with its name."""

    def __init__(self, handle: int, path: Path) -> None:
        super().__init__(handle)
        self.path = path

    def readinto(self, buffer: "Buffer", /) -> int:
        try:
            return super().readinto(buffer) or 0
        except OSError as error:
            raise StylerepError(f"{self.path}: this cannot be read ({error.strerror}).") from error

    def readall(self) -> bytes:
        try:
            return super().readall() or b""
        except OSError as error:
            raise StylerepError(f"{self.path}: this cannot be read ({error.strerror}).") from error


def open_regular(path: Path, what: str = "") -> BinaryIO:
    """Open a file to read its bytes; *what* it should be is said where it is not there.

    Raises:
        StylerepError: naming it, for what is not there, cannot be read, also later on, or is a folder,
            a pipe, a device or a socket.

    """
    try:
        _check(path, os.stat(path).st_mode)  # opening some devices does something
        handle = os.open(path, _FLAGS)  # without waiting, should a pipe stand there by now
        try:
            _check(path, os.fstat(handle).st_mode)
            return io.BufferedReader(_OpenedFile(handle, path), _BUFFER)
        except BaseException:
            os.close(handle)
            raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise StylerepError(f"{path}: there is no such {what or 'file'}.") from error
    except OSError as error:
        raise StylerepError(f"{path}: this cannot be read ({error.strerror}).") from error
    except ValueError as error:  # a name that no file can have
        raise StylerepError(f"{path}: no file can be named so.") from error


def read_regular(path: Path, what: str = "", largest: int | None = None) -> bytes:
    """Return the bytes of a file of at most *largest*; raise StylerepError as `open_regular` does,
    and for a larger one.
    """
    with open_regular(path, what) as file:
        data = file.read() if largest is None else file.read(largest + 1)
    if largest is not None and len(data) > largest:
        raise StylerepError(
            f"{path}: this has more than {largest / 1e6:,.0f} MB; no {what or 'file of its kind'} is that"
            " large."
        )
    return data


def _check(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        kind = next((name for test, name in _KINDS if test(mode)), "no regular file")
        raise StylerepError(f"{path}: expected a file, found {kind}.")
