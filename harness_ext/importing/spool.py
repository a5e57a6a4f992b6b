"""Sequences kept in a temporary file instead of memory: written once, in order, and read in any order."""

import pickle
import tempfile
import threading
import weakref
from array import array
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeVar, overload

T = TypeVar("T")
_HELD = 1 << 20


class _Scratch:
    """The file that all spools of a process share as long as there are any; up to 1 MB waits in memory, so
    that little data needs no file.
    """

    def __init__(self) -> None:
        self._file: Any = None
        self._written, self._waiting = 0, bytearray()
        self._lock = threading.Lock()

    def append(self, content: bytes) -> int:
        """Write bytes at the end and return where they begin."""
        with self._lock:
            begin = self._written + len(self._waiting)
            self._waiting += content
            if len(self._waiting) > _HELD:
                self._file = self._file or tempfile.TemporaryFile()  # noqa: SIM115 - closed with the last spool
                self._file.seek(self._written)
                self._file.write(self._waiting)
                self._written, self._waiting = self._written + len(self._waiting), bytearray()
        return begin

    def read(self, begin: int, end: int) -> bytes:
        """Return the bytes from one place to another, which were appended in one piece."""
        with self._lock:
            if begin >= self._written:
                return bytes(self._waiting[begin - self._written : end - self._written])
            self._file.seek(begin)
            content: bytes = self._file.read(end - begin)
            return content


_shared: "weakref.WeakValueDictionary[str, _Scratch]" = weakref.WeakValueDictionary()


def _scratch() -> _Scratch:
    return _shared.setdefault("", _Scratch())


def pack(member: object) -> bytes:
    """Return a member as spools hold it."""
    return pickle.dumps(member, pickle.HIGHEST_PROTOCOL)


def unpack(member: bytes) -> Any:
    """Return what `pack` was given; it never left the processes of one command."""
    return pickle.loads(member)  # noqa: S301


class Packed(Sequence[T]):
    """Members in the form in which a spool holds them, as they are handed to another process."""

    def __init__(self, members: list[bytes]) -> None:
        self.members = members
        self._last: tuple[int, T] | None = None

    def __len__(self) -> int:
        return len(self.members)

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if self._last is None or self._last[0] != index:
            self._last = index, unpack(self.members[index])
        return self._last[1]


class Spool(Sequence[T]):
    """A sequence in a temporary file. Members are what can be pickled, and do not change; but for the last
    that was asked for, each is made anew.
    """

    def __init__(self, members: Iterable[T] = ()) -> None:
        self._file, self._begins, self._ends = _scratch(), array("Q"), array("Q")
        self._last: tuple[int, T] | None = None
        self.extend(members)

    def append(self, member: T) -> None:
        """Add a member."""
        self.append_packed(pack(member))

    def append_packed(self, member: bytes) -> None:
        """Add a member that is packed already."""
        begin = self._file.append(member)
        self._begins.append(begin)
        self._ends.append(begin + len(member))

    def extend(self, members: Iterable[T]) -> None:
        """Add members; those of another spool stay where they lie."""
        if isinstance(members, Spool) and members._file is self._file:
            self._begins.extend(members._begins)
            self._ends.extend(members._ends)
        else:
            for member in members:
                self.append(member)

    def parts(self, n: int) -> Iterator["Packed[T]"]:
        """Yield runs of up to *n* members, or of about 1 MB, packed."""
        begin = size = 0
        for end in range(1, len(self) + 1):
            size += self.size(end - 1)
            if end - begin == n or size > _HELD or end == len(self):
                yield self.packed(range(begin, end))
                begin, size = end, 0

    def size(self, place: int) -> int:
        """Return how many bytes a member takes."""
        return self._ends[place] - self._begins[place]

    def packed(self, places: Iterable[int]) -> "Packed[T]":
        """Return some members, packed."""
        return Packed([self._file.read(self._begins[place], self._ends[place]) for place in places])

    def __len__(self) -> int:
        return len(self._begins)

    def __iter__(self) -> Iterator[T]:
        return map(self.__getitem__, range(len(self)))

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        if self._last is None or self._last[0] != index:
            self._last = index, unpack(self._file.read(self._begins[index], self._ends[index]))
        return self._last[1]


class Lines:
    """Lines of text in a temporary file, to be written into another as they are."""

    def __init__(self) -> None:
        self._blocks: Spool[bytes] = Spool()
        self.n = 0

    def append(self, block: bytes, n: int) -> None:
        """Add *n* whole lines."""
        self._blocks.append_packed(block)
        self.n += n

    def __iter__(self) -> Iterator[bytes]:
        return (self._blocks.packed([place]).members[0] for place in range(len(self._blocks)))
