"""The JSON files within a log of inspect_ai (``.eval``, a zip), unpacked one at a time and within bounds."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from synth.errors import StylerepError
from synth.schema import open_regular, parse_json, printable, shown

_ZSTANDARD = 93
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, _ZSTANDARD)
"""What inspect_ai packs by; others (bzip2, LZMA) zipfile unpacks at one go, however much that is."""
_HEADER = struct.Struct("<26xHH")
_ENCRYPTED = 0x1
_LARGEST = 1_000_000_000
_FREE, _RATIO, _TOTAL = 10_000_000, 200, 20_000_000_000
"""Bytes that a log may always unpack to, by how many times its size it may grow beyond them,
and to how many at most.
"""
_MEMBERS = 1_000_000
_DAMAGED = (
    zipfile.BadZipFile,
    OSError,
    EOFError,
    zlib.error,
    struct.error,
    ValueError,
    NotImplementedError,
    RuntimeError,
)


class LogArchive:
    """A log opened to be read; what all its files together unpack to is bounded by its size on disk, as it is
    unpacked and not as it says itself.

    Raises:
        StylerepError: naming log and member, for what is no zip, is damaged or encrypted, packed by an
            unknown method, or grows beyond bounds.

    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: BinaryIO = open_regular(path, "log")
        try:
            self._size = self._file.seek(0, io.SEEK_END)
            self._zip = zipfile.ZipFile(self._file)
        except _DAMAGED as error:
            self._file.close()
            raise self._damaged(error) from error
        self._left = min(_FREE + _RATIO * self._size, _TOTAL)
        self.names = self._zip.namelist()
        if len(self.names) > _MEMBERS:
            raise StylerepError(
                f"{path}: {len(self.names):,} files stand in this log; more than {_MEMBERS:,} are not read."
            )

    def __enter__(self) -> "LogArchive":
        """Return the log itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the log."""
        self._zip.close()
        self._file.close()

    def samples(self) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """Yield the samples, each with its place."""
        for name in self.names:
            if name.startswith("samples/") and name.endswith(".json"):
                yield self._where(name), self.member(name)

    def member(self, name: str) -> Mapping[str, Any]:
        """Return the JSON object in a file within the log."""
        about, where = self._zip.getinfo(name), self._where(name)
        if about.flag_bits & _ENCRYPTED:
            raise StylerepError(f"{where}: this is encrypted; write the log anew without a password.")
        if about.compress_type not in _METHODS:
            raise StylerepError(
                f"{where}: this log is packed by method {about.compress_type}, which cannot be read here;"
                " convert it: inspect log convert --to json."
            )
        try:
            content = self._zstandard(about) if about.compress_type == _ZSTANDARD else self._unpacked(about)
        except _DAMAGED as error:
            raise self._damaged(error, where) from error
        value = parse_json(content, where)
        if not isinstance(value, Mapping):
            raise StylerepError(f"{where}: expected a JSON object, found {shown(value)}.")
        return value

    def _unpacked(self, about: zipfile.ZipInfo) -> bytes:
        with self._zip.open(about) as stream:
            return self._bounded(stream, about.filename)

    def _zstandard(self, about: zipfile.ZipInfo) -> bytes:
        """Unpack by pyarrow what is packed with Zstandard, as inspect_ai does of late."""
        import pyarrow as pa

        self._file.seek(about.header_offset)
        self._file.seek(sum(_HEADER.unpack(self._file.read(_HEADER.size))), io.SEEK_CUR)
        if about.compress_size > self._size:
            raise zipfile.BadZipFile(f"{about.filename} is larger than the log")
        packed = self._file.read(about.compress_size)
        try:
            with pa.CompressedInputStream(pa.BufferReader(packed), "zstd") as stream:
                content = self._bounded(stream, about.filename)
        except pa.ArrowException as error:
            raise zipfile.BadZipFile(str(error)) from error
        if zlib.crc32(content) != about.CRC:
            raise zipfile.BadZipFile(f"{about.filename} has another checksum than it should")
        return content

    def _bounded(self, stream: Any, name: str) -> bytes:
        parts, size = [], 0
        while part := stream.read(1 << 20):
            size += len(part)
            self._left -= len(part)
            if size > _LARGEST or self._left < 0:
                raise StylerepError(
                    f"{self._where(name)}: this log of {self._size:,} bytes unpacks to more than"
                    f" {(_FREE + _RATIO * self._size) / 1e6:,.0f} MB in all, or {_LARGEST / 1e6:,.0f} MB in"
                    " one file; no log is packed so tightly."
                )
            parts.append(part)
        return b"".join(parts)

    def _where(self, name: str) -> str:
        return f"{self.path}, {printable(name)[:200]}"

    def _damaged(self, error: Exception, where: str = "") -> StylerepError:
        return StylerepError(
            f"{where or self.path}: this log cannot be unpacked"
            f" ({printable(str(error).split(chr(10))[0])[:200]})."
        )
