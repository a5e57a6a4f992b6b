"""Reads what is said of formats of responses: ``formats.yaml`` beside this file,
and the think tags in files of model families.

A family with new tags needs no entry in ``formats.yaml``: its own file (``distill/models/families``, or the
folder that ``STYLEREP_FAMILIES`` names) says ``think: {open: …, close: …}``,
and traces between them are read from then on.
"""

import functools
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import yaml

from synth.errors import StylerepError
from synth.schema import parse_yaml, read_regular
from synth.schema.yaml_file import LARGEST

FAMILIES_VARIABLE = "STYLEREP_FAMILIES"
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_KEYS = ("name", "used_by", "open", "close", "alone", "at", "answer", "inner", "preface", "skipped", "lost")
_USUAL = r"<[|\uff5cA-Za-z_/\u4e00-\u9fff]|\[[|/A-Z]|\u25c1|\u3008"
_WILD, _NOT_WILD = r"[^<>|\n]{0,64}", {*"<>|\n"}


@dataclass(frozen=True, slots=True)
class Skipped:
    """What is left of a format where special tokens were dropped: patterns of what opens a trace, of what
    closes it, and of what may stand within.
    """

    open: re.Pattern[str]
    close: re.Pattern[str]
    inner: re.Pattern[str] | None


@dataclass(frozen=True, slots=True)
class ResponseFormat:
    """How one format writes a trace and an answer; each marker as it is written,
    ``*`` for what varies (see ``formats.yaml``).
    """

    name: str
    used_by: str
    open: tuple[str, ...]
    close: tuple[str, ...]
    alone: frozenset[str]
    at_line: bool = False
    answer_open: tuple[str, ...] = ()
    answer_close: tuple[str, ...] = ()
    inner: tuple[str, ...] = ()
    preface: tuple[str, ...] = ()
    skipped: Skipped | None = None
    lost: str | None = None

    def markers(self) -> tuple[str, ...]:
        """Return all markers that are written out."""
        return (*self.open, *self.close, *self.answer_open, *self.answer_close, *self.inner, *self.preface)


@dataclass(frozen=True, slots=True, eq=False)
class Formats:
    """All that is known of how responses are written."""

    formats: tuple[ResponseFormat, ...]
    words: frozenset[str]
    opens: frozenset[str]
    closes: frozenset[str]
    answer_tags: tuple[str, ...]
    boxes: tuple[tuple[str, str], ...]
    tokens: tuple[str, ...]
    tool_calls: tuple[tuple[str, str], ...]
    own_roles: tuple[str, ...]
    other_roles: tuple[str, ...]
    other_heads: tuple[str, ...]


def marker_pattern(marker: str) -> str:
    """Return a regular expression for a marker, in which ``*`` stands for up to 64 characters of one line."""
    return _WILD.join(map(re.escape, marker.split("*")))


def beginnings(formats: Formats) -> re.Pattern[str]:
    """Return a pattern of the places where a marker or control token may begin: few in any text,
    so that all else is passed over at once.
    """
    texts = {*formats.tokens, *formats.other_heads, *(one for pair in formats.boxes for one in pair)}
    texts |= {text for one in formats.formats if not one.at_line for text in one.markers()}
    usual = re.compile(_USUAL)
    # Alternatives that each begin with a letter of their own are searched for fastest.
    return re.compile(
        "|".join([_USUAL, *sorted({re.escape(text[:2]) for text in texts if not usual.match(text)})])
    )


def is_beginning(text: str, marker: str) -> bool:
    """Say whether a text is the beginning of a marker and not the whole of it."""
    first, star, last = marker.partition("*")
    if not star or len(text) < len(first):
        return len(text) < len(marker) and first.startswith(text)
    rest = text[len(first) :]
    return text.startswith(first) and any(
        rest.endswith(last[:n]) and not _NOT_WILD & {*rest[: len(rest) - n]} for n in range(len(last))
    )


def response_formats() -> Formats:
    """Return all formats: those of ``formats.yaml``, then the tags of family files that it lacks."""
    return _formats(os.environ.get(FAMILIES_VARIABLE) or "")


@functools.lru_cache(maxsize=8)
def _formats(own_folder: str) -> Formats:
    content = yaml.load(Path(__file__).with_name("formats.yaml").read_text(encoding="utf-8"), Loader=_LOADER)  # noqa: S506 (a safe loader)
    formats = [_read(entry) for entry in content["formats"]]
    pairs = {(opening, closing) for one in formats for opening in one.open for closing in one.close}
    for name, opening, closing in _family_tags(own_folder):
        if (opening, closing) not in pairs:
            pairs.add((opening, closing))
            formats.append(
                ResponseFormat(name, f"the family {name}", (opening,), (closing,), frozenset({closing}))
            )
    return Formats(
        tuple(formats),
        frozenset(content["words"]),
        frozenset(content["opens"]),
        frozenset(content["closes"]),
        tuple(content["answer_tags"]),
        tuple((opening, closing) for opening, closing in content["boxes"]),
        tuple(content["tokens"]),
        tuple((opening, closing) for opening, closing in content["tool_calls"]),
        tuple(content["own_roles"]),
        tuple(content["other_roles"]),
        tuple(content["other_heads"]),
    )


def _read(entry: Mapping[str, Any]) -> ResponseFormat:
    if unknown := [key for key in entry if key not in _KEYS]:
        raise StylerepError(
            f"formats.yaml, {entry.get('name')}: there is no key {unknown[0]!r}; choose from"
            f" {', '.join(_KEYS)}."
        )
    close, alone, answer, skipped = (
        tuple(entry["close"]),
        entry.get("alone", "all"),
        entry.get("answer", {}),
        entry.get("skipped"),
    )
    return ResponseFormat(
        entry["name"],
        entry["used_by"],
        tuple(entry["open"]),
        close,
        frozenset(close if alone == "all" else () if alone == "none" else alone),
        entry.get("at") == "line",
        tuple(answer.get("open", ())),
        tuple(answer.get("close", ())),
        tuple(entry.get("inner", ())),
        tuple(entry.get("preface", ())),
        (
            Skipped(
                re.compile(skipped["open"]),
                re.compile(skipped["close"]),
                re.compile(skipped["inner"]) if "inner" in skipped else None,
            )
            if skipped
            else None
        ),
        entry.get("lost"),
    )


def _family_tags(own_folder: str) -> Iterator[tuple[str, str, str]]:
    """Yield name, opening and closing tag of each family file that has tags;
    what is wrong with a file is told where families are read.
    """
    package = find_spec("distill")
    ours = (
        Path(package.submodule_search_locations[0], "families")
        if package and package.submodule_search_locations
        else None
    )
    for folder in (ours, Path(own_folder).expanduser() if own_folder else None):
        for path in sorted(folder.glob("*.yaml")) if folder else ():
            try:
                data = read_regular(path, largest=LARGEST)
                content = parse_yaml(data, path).data if b"think:" in data else None
            except StylerepError:
                continue
            think = content.get("think") if isinstance(content, Mapping) else None
            opening, closing = (
                (think.get("open"), think.get("close")) if isinstance(think, Mapping) else (None, None)
            )
            if (
                isinstance(opening, str)
                and isinstance(closing, str)
                and opening.strip()
                and closing.strip()
                and opening != closing
            ):
                yield path.stem, opening, closing
