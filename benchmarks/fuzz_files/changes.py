"""Strategies of hypothesis that change a file: a value at any place for one of another type, range, depth or
size, keys left out or doubled, bytes, or what the file is.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import yaml
from hypothesis import strategies as st

Place = tuple[str | int, ...]
_HOLE = "@hole@"


@dataclass(frozen=True, slots=True)
class Special:
    """What stands in a file's place: a pipe, a folder, a link (to `target`), or nothing."""

    kind: str
    target: str = ""


_COMMON = (
    "null",
    "true",
    "0",
    "1",
    "-1",
    "3",
    "0.5",
    "1.5",
    "-0.0",
    "1e15",
    "1e50",
    "1e300",
    "-1e300",
    "1e-320",
    "9223372036854775808",
    "1e999",
    "-1e999",
    "9" * 25,
    "9" * 400,
    "9" * 5000,
    "[]",
    "{}",
    "[[]]",
    "[{}]",
    '{"a": 1}',
    '[1, "a", null]',
    "[3]",
    '""',
    '" "',
    '"x"',
    '"0"',
    '"nan"',
    '"\\u0000"',
    '"\\u001b[2J\\u0007"',
    '"\\u202e\\u2066"',
    '"[/bold][red]:smile:"',
    '"../../up"',
    '"/"',
    '".."',
    '"a/b"',
    '"a\\nb\\rc"',
    '"9999999999-01-01T00:00:00"',
    '"0000-00-00"',
    '"-5"',
    '"%s {0} $x {{x}}"',
    '"' + "long" * 30_000 + '"',
    "[" * 150 + "]" * 150,
    "[" * 500 + "]" * 500,
    '{"a":' * 180 + "1" + "}" * 180,
    "[" * 100_000,
    "[" + "0," * 20_000 + "0]",
)
_JSON = (
    *_COMMON,
    "NaN",
    "Infinity",
    "-Infinity",
    '"\\ud800"',
    '"\\udfff\\ud800 x"',
    '{"\\ud800": 1}',
    '{"a": 1, "a": 2}',
)
_YAML = (
    *_COMMON,
    ".nan",
    ".inf",
    "-.inf",
    "!!int x",
    "!!float x",
    "!!timestamp x",
    "!!binary x",
    "!!binary aGk=",
    "!!set {a, b}",
    "!!python/object:os.system x",
    "!!str 3",
    "2026-11-27",
    "2026-99-99",
    "2026-11-27 10:00:00",
    "0o777",
    "0x1f",
    "1:30:00",
    "yes",
    "~",
    "&a [*a]",
    "*nothing",
    "{<<: 3}",
    "{3: a}",
    "{[1]: a}",
    "{? {a: 1} : 2}",
    "|\n  a\n  b",
    "'a",
    "[a",
    "&a [x, *a]",
)
_PIECES = (
    b"\x00",
    b"\xff\xfe",
    b"\x1b[2J",
    b"\r",
    b"\n",
    b"\n\n\n",
    b"{",
    b"]",
    b'"',
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\xe2\x80\xa8",
)
_KEYS = ("another", "", "\u0000", "\u001b[31m", "[red]", "../up", "x" * 3000, "metadata", "n")


def places(content: Any, place: Place = ()) -> Iterator[Place]:
    """Yield the way to each value, the whole first."""
    yield place
    parts = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    for key, value in parts:
        yield from places(value, (*place, key))


def _changed(content: Any, place: Place, change: Callable[[Any, Any], None]) -> Any:
    """Return a copy in which *change* was made to what holds the value at a place."""
    made = copy.deepcopy(content)
    inner = made
    for key in place[:-1]:
        inner = inner[key]
    change(inner, place[-1])
    return made


def _drop(inner: Any, key: Any) -> None:
    del inner[key]


@st.composite
def _documents(draw: st.DrawFn, content: Any, write: Callable[[Any], str], values: tuple[str, ...]) -> str:
    """Draw the text of a document with one to three changes."""
    raw: list[str] = []

    def fill(inner: Any, key: Any) -> None:
        inner[key] = f"{_HOLE}{len(raw)}"
        raw.append(draw(st.sampled_from(values)))

    def rename(inner: Any, key: Any) -> None:
        if isinstance(inner, dict):
            inner[draw(st.sampled_from(_KEYS))] = inner.pop(key)
        else:
            inner.append(inner[key])

    def trade(inner: Any, key: Any) -> None:
        others = [one for one in (inner if isinstance(inner, dict) else range(len(inner))) if one != key]
        if others:
            other = draw(st.sampled_from(others))
            inner[key], inner[other] = inner[other], inner[key]

    for _ in range(draw(st.sampled_from((1, 1, 1, 2, 3)))):
        place = draw(st.sampled_from(list(places(content))))
        if not place:
            content, raw = f"{_HOLE}0", [draw(st.sampled_from(values))]
            break
        content = _changed(
            content, place, draw(st.sampled_from((fill, fill, fill, fill, _drop, rename, trade)))
        )
    text = write(content)
    return re.sub(rf"[\"']?{_HOLE}(\d+)[\"']?", lambda found: raw[int(found[1])], text)


def _write_json(content: Any) -> str:
    return json.dumps(content)


def _write_yaml(content: Any) -> str:
    return str(yaml.safe_dump(content, sort_keys=False, width=1_000_000, default_flow_style=None))


@st.composite
def damaged(draw: st.DrawFn, data: bytes) -> bytes:
    """Draw bytes that were cut off, doubled, overwritten, or written as another program would."""
    way = draw(
        st.sampled_from(("cut", "flip", "flip", "put", "double", "empty", "mark", "utf16", "zeros", "fill"))
    )
    at = draw(st.integers(0, max(0, len(data) - 1)))
    if way == "flip":
        changed = bytearray(data)
        for place in (
            draw(st.lists(st.integers(0, max(0, len(data) - 1)), min_size=1, max_size=8)) if data else ()
        ):
            changed[place] = draw(st.integers(0, 255))
        return bytes(changed)
    piece = draw(st.sampled_from(_PIECES))
    return {
        "cut": data[:at],
        "put": data[:at] + piece + data[at:],
        "double": data + data,
        "empty": b"",
        "mark": b"\xef\xbb\xbf" + data,
        "utf16": data.decode("latin-1").encode("utf-16"),
        "zeros": b"\x00" * len(data),
        "fill": data[:at] + b"[" * 50_000 + data[at:],
    }[way]


SPECIALS = st.sampled_from(
    (
        Special("pipe"),
        Special("folder"),
        Special("nothing"),
        Special("link", "/dev/zero"),
        Special("link", "/dev/null"),
        Special("link", "."),
        Special("link", "no-such-file"),
        Special("link", "/proc/self/mem"),
    )
)


def _either(document: st.SearchStrategy[bytes], data: bytes) -> st.SearchStrategy[bytes | Special]:
    return st.integers(0, 19).flatmap(
        lambda way: SPECIALS if way == 0 else damaged(data) if way < 4 else document
    )


def json_file(content: Any) -> st.SearchStrategy[bytes | Special]:
    """Return the strategy of a JSON file that held *content*."""
    return _either(_documents(content, _write_json, _JSON).map(str.encode), _write_json(content).encode())


def yaml_file(content: Any) -> st.SearchStrategy[bytes | Special]:
    """Return the strategy of a YAML file that held *content*."""
    return _either(_documents(content, _write_yaml, _YAML).map(str.encode), _write_yaml(content).encode())


def json_lines(rows: list[Any]) -> st.SearchStrategy[bytes | Special]:
    """Return the strategy of a file of JSON lines, of which one is changed."""
    lines = [_write_json(row).encode() + b"\n" for row in rows]

    def put(number: int) -> st.SearchStrategy[bytes]:
        document = _documents(rows[number], _write_json, _JSON)
        return document.map(
            lambda text: b"".join((*lines[:number], text.encode() + b"\n", *lines[number + 1 :]))
        )

    return _either(st.integers(0, len(rows) - 1).flatmap(put), b"".join(lines))


def any_bytes(data: bytes) -> st.SearchStrategy[bytes | Special]:
    """Return the strategy of a file of a binary format."""
    return st.integers(0, 19).flatmap(lambda way: SPECIALS if way == 0 else damaged(data))


def json_text(content: Any) -> st.SearchStrategy[str]:
    """Return the strategy of a JSON text that stands within another file."""
    return _documents(content, _write_json, _JSON)
