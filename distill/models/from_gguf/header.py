"""Reads the header of a GGUF file: its metadata, and where each tensor lies.

The ``gguf`` package reads a header value by value, which takes a quarter of a minute for a large vocabulary.
Here lists are taken at once.
"""

import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from synth.errors import StylerepError

_STRING, _ARRAY = 8, 9
_NUMBERS = {
    0: "u1",
    1: "i1",
    2: "<u2",
    3: "<i2",
    4: "<u4",
    5: "<i4",
    6: "<f4",
    7: "?",
    10: "<u8",
    11: "<i8",
    12: "<f8",
}
_VERSIONS = (2, 3)
_MOST_DIMENSIONS = 4


@dataclass(frozen=True, slots=True)
class GgufTensor:
    """A tensor of a GGUF file: name, shape (rows first), ggml's number of its format, and its first byte."""

    name: str
    shape: tuple[int, ...]
    format: int
    start: int


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """Metadata and tensors of a GGUF file. Lists of numbers are arrays of numpy, lists of texts are lists."""

    path: Path
    metadata: dict[str, Any]
    tensors: dict[str, GgufTensor]

    def need(self, key: str) -> Any:
        """Return a value of the metadata; raise StylerepError where the file has none of that name."""
        if key not in self.metadata:
            raise StylerepError(
                f"{self.path.name}: this GGUF file says nothing of {key}, which is needed to load it."
            )
        return self.metadata[key]


def read_header(path: Path) -> GgufHeader:
    """Return the header of a GGUF file; raise StylerepError for a file that is none, or that ends within its
    header.
    """
    try:
        # The header is a few MB of a file of hundreds, which is mapped and not read.
        return _Reader(np.memmap(path, mode="r"), path).header()
    except (OverflowError, MemoryError, ValueError) as error:
        raise StylerepError(f"{path.name}: this is no GGUF file that can be read ({error}).") from error


class _Reader:
    def __init__(self, data: NDArray[np.uint8], path: Path) -> None:
        self._data, self._path, self._at = data.data, path, 0

    def header(self) -> GgufHeader:
        if bytes(self._take(4)) != b"GGUF":
            raise ValueError("it does not begin with GGUF")
        if (version := self._number(4)) not in _VERSIONS:
            raise ValueError(f"version {version}, expected {_VERSIONS[0]} or {_VERSIONS[1]}")
        tensors, values = self._number(10), self._number(10)
        metadata = {self._text(): self._value(self._number(4)) for _ in range(values)}
        described = [self._tensor() for _ in range(tensors)]
        alignment = int(metadata.get("general.alignment", 32))
        first = -(-self._at // alignment) * alignment
        return GgufHeader(
            self._path,
            metadata,
            {name: GgufTensor(name, shape, kind, first + offset) for name, shape, kind, offset in described},
        )

    def _tensor(self) -> tuple[str, tuple[int, ...], int, int]:
        name, dimensions = self._text(), self._number(4)
        if dimensions > _MOST_DIMENSIONS:
            raise ValueError(f"the tensor {name} has {dimensions} dimensions")
        shape = tuple(self._number(10) for _ in range(dimensions))
        return name, shape[::-1], self._number(4), self._number(10)

    def _take(self, size: int) -> memoryview:
        if self._at + size > len(self._data):
            raise ValueError("it ends within its header")
        self._at += size
        return self._data[self._at - size : self._at]

    def _numbers(self, kind: int, count: int) -> NDArray[Any]:
        if kind not in _NUMBERS:
            raise ValueError(f"a value is of the unknown type {kind}")
        form = np.dtype(_NUMBERS[kind])
        return np.frombuffer(self._take(form.itemsize * count), form)

    def _number(self, kind: int) -> Any:
        return self._numbers(kind, 1)[0].item()

    def _text(self) -> str:
        return str(self._take(self._number(10)), "utf-8")

    def _texts(self, count: int) -> list[str]:
        texts, at, data, length = [], self._at, self._data, struct.Struct("<Q")
        try:
            for _ in range(count):
                (size,) = length.unpack_from(data, at)
                at += length.size + size
                texts.append(str(data[at - size : at], "utf-8"))
        except struct.error:
            at = len(data) + 1
        if at > len(data):
            raise ValueError("it ends within its header")
        self._at = at
        return texts

    def _value(self, kind: int) -> Any:
        if kind == _STRING:
            return self._text()
        if kind != _ARRAY:
            return self._number(kind)
        inner, count = self._number(4), self._number(10)
        if inner == _ARRAY:
            return [self._value(_ARRAY) for _ in range(count)]
        return self._texts(count) if inner == _STRING else self._numbers(inner, count).copy()
