"""What the items of a run asked: enough of each document to tell whether two runs mean the same by one hash,
and of how responses were generated.
"""

import functools
import hashlib
import json
import re
from array import array
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

from synth.responses.samples_file import LEFT_OUT

_SHORT, _KEPT = 1000, 1 << 15
_HEX = re.compile("[0-9a-f]{16}")
Digests = npt.NDArray[np.uint64]


class Asked(NamedTuple):
    """Of one item: its number in the task's data, and the digests (8 bytes) of its document and of its right
    answer; None for what a row does not hold.
    """

    number: int | None
    document: bytes | None
    target: bytes | None


class AskedItems(Mapping[str, Asked]):
    """What was asked, by document hash: in columns, which take a small part of the time that comparing, and
    bringing to another process, would take.
    """

    def __init__(self) -> None:
        self._places: dict[str, int] = {}
        self._numbers: list[int | None] = []
        self._documents, self._targets = array("Q"), array("Q")  # 0 where there is none

    def add(self, doc_hash: str, asked: Asked) -> None:
        """Add an item, unless there is one of that hash."""
        n = len(self._places)
        if self._places.setdefault(doc_hash, n) == n:
            self._numbers.append(asked.number)
            self._documents.append(_number_of(asked.document))
            self._targets.append(_number_of(asked.target))

    def documents(self, items: Iterable[str]) -> Digests:
        """Return the digests of the documents of some items, 0 where there is none."""
        return self._column(self._documents, items)

    def targets(self, items: Iterable[str]) -> Digests:
        """Return the digests of the right answers to some items, 0 where there is none."""
        return self._column(self._targets, items)

    def __getitem__(self, doc_hash: str) -> Asked:
        place = self._places[doc_hash]
        document, target = (
            column[place].to_bytes(8, "little") if column[place] else None
            for column in (self._documents, self._targets)
        )
        return Asked(self._numbers[place], document, target)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def _column(self, column: "array[int]", items: Iterable[str]) -> Digests:
        get = self._places.get
        values: Digests = np.append(np.frombuffer(column, dtype=np.uint64), np.uint64(0))
        return values[np.array([get(item, -1) for item in items], dtype=np.intp)]


def differ(ours: Digests, theirs: Digests) -> npt.NDArray[np.intp]:
    """Return the places at which both have a digest, and not the same."""
    places: npt.NDArray[np.intp] = ((ours != theirs) & (ours != 0) & (theirs != 0)).nonzero()[0]
    return places


def asked_of(row: Mapping[str, Any]) -> Asked:
    """Return what a row of a samples file asked; of a row whose texts were left out, by their digests."""
    if isinstance(row.get(LEFT_OUT), Mapping):
        return _asked_once(row.get("doc_id"), row[LEFT_OUT])
    document = row.get("doc")
    digest = _digest(_sorted(document)) if isinstance(document, Mapping) and document else None
    return Asked(_whole(row.get("doc_id")), digest, _target(row.get("target")))


def asked_in(
    number: Any, document: bytes | msgspec.Raw | None, target: Any, left_out: object = None
) -> Asked:
    """Return what a row asked whose document is JSON that was not read, or by the digests of what was left
    out of it; raise msgspec's errors where it cannot be.
    """
    if isinstance(left_out, Mapping):
        return _asked_once(number, left_out)
    content = b"" if document is None else bytes(document)
    digest = None
    if content.startswith(b"{"):
        digest = _kept_digest(content) if len(content) < _SHORT else _document_digest(content)
    return Asked(_whole(number), digest, _target(target))


def _asked_once(number: Any, digests: Mapping[str, Any]) -> Asked:
    """Return what a row asked whose document and right answer were left out."""
    document, target = (_read_digest(digests.get(name)) for name in ("document", "target"))
    return Asked(_whole(number), document, target)


def _read_digest(text: object) -> bytes | None:
    return bytes.fromhex(text) if isinstance(text, str) and _HEX.fullmatch(text) else None


def _document_digest(content: bytes) -> bytes | None:
    document = msgspec.json.decode(content)
    return _digest(_sorted(document)) if document else None


# the runs of a study have the same documents
_kept_digest = functools.lru_cache(maxsize=_KEPT)(_document_digest)


def _whole(number: Any) -> int | None:
    return number if isinstance(number, int) and not isinstance(number, bool) else None


def _target(target: Any) -> bytes | None:
    return (
        None
        if target in (None, "")
        else (
            _kept_text(target.strip())
            if isinstance(target, str) and len(target) < _SHORT
            else _text_digest(str(target).strip())
        )
    )


def _text_digest(text: str) -> bytes:
    return _digest(text.encode("utf-8", "replace"))


_kept_text = functools.lru_cache(maxsize=_KEPT)(_text_digest)


def _number_of(digest: bytes | None) -> int:
    return int.from_bytes(digest, "little") if digest else 0


def generation_of(row: Mapping[str, Any]) -> dict[str, str] | None:
    """Return the settings by which the response of a row was generated, but for an empty list of stop
    strings; None where the row does not say.
    """
    arguments = row.get("arguments")
    first = arguments.get("gen_args_0") if isinstance(arguments, Mapping) else None
    settings = first.get("arg_1") if isinstance(first, Mapping) else None
    if not isinstance(settings, Mapping):
        return None
    return {
        str(name): json.dumps(value, sort_keys=True, default=str)
        for name, value in settings.items()
        if not (name == "until" and not value)
    }


def _sorted(document: Mapping[str, Any]) -> bytes:
    """Return a document as JSON whose keys are in order."""
    try:
        return msgspec.json.encode(document, order="sorted")
    except (ValueError, TypeError, RecursionError):  # halves of surrogates
        return json.dumps(document, sort_keys=True, default=str).encode("utf-8", "replace")


def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=8).digest()
