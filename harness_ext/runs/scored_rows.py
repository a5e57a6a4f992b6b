"""Reads of a samples file what comparisons need: of each row its item, its scores and what was asked, without
the responses that are most of it.

A row like those before it is read by a decoder made for their fields, which passes over the rest. Any other
is read whole and checked, and a decoder is made for its fields: what is read, and what is refused,
is the same for all.
"""

from collections.abc import Callable, Iterator
from operator import attrgetter
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Raw, UnsetType

from harness_ext.runs.asked_items import Asked, asked_in, asked_of
from harness_ext.runs.sample_rows import (
    LARGEST,
    LENGTH,
    NOT_METRICS,
    checked_row,
    metrics_of,
    possible_metrics,
)
from synth.responses.samples_file import LEFT_OUT
from synth.schema import open_regular
from synth.schema.json_text import DEEPEST

_MOST_FIELDS, _MOST_DECODERS, _MOST_KINDS = 200, 20, 1000
_NUMBER = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)] | None | UnsetType
_LENGTH = Annotated[float, Meta(ge=0, le=LARGEST)] | None | UnsetType
_OWN: dict[str, tuple[Any, Any]] = {
    "doc_hash": (str, ""),
    "filter": (str, "none"),
    "doc_id": (Any, None),
    "doc": (Raw, None),
    "target": (Any, None),
    LEFT_OUT: (Any, None),
}


class ScoredRow(NamedTuple):
    """A row: the line (from 1) and the byte at which it stands, its item and filter, the names and values of
    its metrics, and what was asked.
    """

    number: int
    begin: int
    line: bytes
    doc_hash: str
    filter: str
    names: tuple[str, ...]
    values: tuple[float, ...]
    asked: Asked


def scored_rows(path: Path) -> Iterator[ScoredRow]:
    """Yield each row of a samples file; raise StylerepError, naming file and line, for what is no sample and
    for a score that cannot be one.
    """
    decoder, made = None, 0
    begin = 0
    with open_regular(path) as lines:
        for number, line in enumerate(lines, 1):
            read = decoder.read(line) if decoder else None
            if read is None:
                where = f"{path}, line {number}"
                row = checked_row(line, where)
                metrics = metrics_of(row, where)
                read = (
                    row["doc_hash"],
                    row.get("filter", "none"),
                    tuple(metrics),
                    tuple(metrics.values()),
                    asked_of(row),
                )
                if made < _MOST_DECODERS and (decoder is None or not decoder.is_for(row)):
                    decoder, made = _decoder(row), made + 1
            yield ScoredRow(number, begin, line, *read)
            begin += len(line)


def _decoder(row: dict[str, Any]) -> "_Decoder | None":
    """Return what reads rows with the fields of this one;
    None where the names of fields leave it open what a metric is called.
    """
    names = [name for name in row if name not in NOT_METRICS]
    if len(row) > _MOST_FIELDS or any(name.partition(",")[0] in NOT_METRICS for name in names):
        return None
    try:
        return _Decoder(row, names)
    except (TypeError, ValueError):  # a name that no type can have
        return None


class _Decoder:
    def __init__(self, row: dict[str, Any], names: list[str]) -> None:
        self._fields = tuple(row)
        self._names = names
        self._open = [
            not isinstance(row[name], (int, float, type(None))) or isinstance(row[name], bool)
            for name in names
        ]
        fields = [(name, kind, default) for name, (kind, default) in _OWN.items()]
        for place, (name, is_open) in enumerate(zip(names, self._open, strict=True)):
            kind: Any = Any if is_open else _LENGTH if name.partition(",")[0] == LENGTH else _NUMBER
            fields.append((f"m{place}", kind, msgspec.field(default=UNSET, name=name)))
        others = [name for name in row if name in NOT_METRICS and name not in _OWN]
        fields += [
            (f"o{place}", Raw, msgspec.field(default=None, name=name)) for place, name in enumerate(others)
        ]
        self._decode = msgspec.json.Decoder(
            msgspec.defstruct("Row", fields, forbid_unknown_fields=True, gc=False)
        ).decode
        self._values = _getter([f"m{place}" for place in range(len(names))])
        self._known: dict[tuple[str, tuple[type, ...]], tuple[tuple[str, ...], list[int] | None] | None] = {}

    def is_for(self, row: dict[str, Any]) -> bool:
        return self._fields == tuple(row)

    def read(self, line: bytes) -> tuple[str, str, tuple[str, ...], tuple[float, ...], Asked] | None:
        """Return of a row its item, filter, the names and values of its metrics, and what was asked;
        None where it must be read whole.
        """
        try:
            if line.count(b"[") + line.count(b"{") > DEEPEST:
                return None
            if not line.isascii():
                line.decode()  # what is passed over is not checked
            row: Any = self._decode(line)
            asked = asked_in(row.doc_id, row.doc, row.target, getattr(row, LEFT_OUT))
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return None
        values = self._values(row)
        key = row.filter, tuple(map(type, values))
        if key not in self._known:
            if len(self._known) == _MOST_KINDS:
                self._known.clear()
            self._known[key] = self._chosen(*key)
        chosen = self._known[key]
        if chosen is None or not row.doc_hash:
            return None
        names, places = chosen
        return (
            row.doc_hash,
            row.filter,
            names,
            values if places is None else tuple(float(values[place]) for place in places),
            asked,
        )

    def _chosen(
        self, filter_name: str, kinds: tuple[type, ...]
    ) -> tuple[tuple[str, ...], list[int] | None] | None:
        """Return of a row whose fields hold these types how its metrics are called and where they stand, None
        for all; None where values must be checked.
        """
        if any(is_open and kind in (int, float) for is_open, kind in zip(self._open, kinds, strict=True)):
            return None
        absent = {name for name, kind in zip(self._names, kinds, strict=True) if kind is UnsetType}
        stored = {
            name: given
            for name, given, _ in possible_metrics(
                tuple(name for name in self._fields if name not in absent), filter_name
            )
        }
        places = [place for place, kind in enumerate(kinds) if kind in (float, bool)]
        names = tuple(stored[self._names[place]] for place in places)
        if len(set(names)) < len(names):
            return None
        return names, None if len(places) == len(kinds) and bool not in kinds else places


def _getter(names: list[str]) -> Callable[[Any], tuple[Any, ...]]:
    if len(names) > 1:
        return attrgetter(*names)
    return lambda row: tuple(getattr(row, name) for name in names)
