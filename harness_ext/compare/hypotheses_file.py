"""Reads a claims file (docs/reference/comparing.md)."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from synth.errors import StylerepError
from synth.schema import Document, Line, Schema, parse_yaml, read_as, read_regular

KINDS = (
    "better",
    "different",
    "equivalent",
    "noninferior",
    "not_equivalent",
    "style_equivalent",
    "style_suffices",
    "all",
)
BetweenSeeds = Literal["each", "pooled"]
"""Where a comparison takes the spread between seeds from: its own runs, or those of all arms."""
ALL = "all"
"""As a task: every task that the runs have."""
_STYLE_FEATURES = ("pivot_density", "pivot_kinds", "style_adherence")
_LARGEST = 10_000_000
_TITLES = {
    "better": "{} better than {}",
    "different": "{} different from {}",
    "equivalent": "{} equivalent to {}",
    "noninferior": "{} not inferior to {}",
    "not_equivalent": "{} not equivalent to {}",
    "style_equivalent": "style of {} equivalent to that of {}",
}


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One hypothesis: `kind` of the arms named, or, for "all",
    every one of `parts` (an intersection–union claim).
    """

    name: str
    kind: str
    arms: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()
    margin: float = 0.05
    style_margin: float = 0.3
    style: tuple[str, ...] = _STYLE_FEATURES
    across: str = "each"
    parts: tuple["Hypothesis", ...] = ()

    @property
    def leaves(self) -> tuple["Hypothesis", ...]:
        """What it is made of in the end: itself, where it has no parts."""
        return tuple(leaf for part in self.parts for leaf in part.leaves) if self.parts else (self,)


@dataclass(frozen=True, slots=True)
class Claims:
    """The claims of a file, and the SHA-256 of its bytes. `between_seeds` says where a comparison takes the
    spread between seeds from: its own runs (``each``), or those of all arms (``pooled``).
    """

    path: Path
    sha256: str
    alpha: float
    claims: tuple[Hypothesis, ...]
    between_seeds: str = "each"


def _two(arms: list[str]) -> list[str]:
    if len(arms) != 2 or arms[0] == arms[1]:
        raise ValueError("two different arms or runs, such as [hc, st]")
    return arms


_Names = Line | Annotated[list[Line], Field(min_length=1)]
_Two = Annotated[list[Line], AfterValidator(_two)]


class _Suffices(Schema):
    hc: Line
    st: Line
    base: Line
    control: Line


class _Settings(Schema):
    task: _Names | None = None
    margin: Annotated[float, Field(gt=0, lt=1)] = 0.05
    style_margin: Annotated[float, Field(gt=0, lt=10)] = 0.3
    across: Literal["each", "families"] = "each"


class _Claim(_Settings):
    name: Line | None = None
    style: _Names | None = None
    better: _Two | None = None
    different: _Two | None = None
    equivalent: _Two | None = None
    noninferior: _Two | None = None
    not_equivalent: _Two | None = None
    style_equivalent: _Two | None = None
    style_suffices: _Suffices | None = None
    all: Annotated[list["_Claim"], Field(min_length=1)] | None = None


class _ClaimsFile(_Settings):
    alpha: Annotated[float, Field(gt=0, lt=0.5)] = 0.05
    between_seeds: BetweenSeeds = "each"
    claims: Annotated[list[_Claim], Field(min_length=1)]


def claims_digest(path: Path) -> str:
    """Return the SHA-256 of a claims file, after reading it as one: a file that cannot be used is refused."""
    return load_claims(path).sha256


def load_claims(path: Path) -> Claims:
    """Read a claims file; raise StylerepError, naming line and key, for what is missing,
    unknown or out of range.
    """
    return parse_claims(read_regular(path, "claims file", _LARGEST), path)


def parse_claims(data: bytes, path: Path) -> Claims:
    """Return the claims of a file's bytes; raises what `load_claims` does."""
    document = parse_yaml(data, path)
    if document.data is None:
        raise StylerepError(f"{path}: this file of claims is empty.")
    alpha, claims, between_seeds = read_claims(document)
    return Claims(path, hashlib.sha256(data).hexdigest(), alpha, claims, between_seeds)


def read_claims(document: Document) -> tuple[float, tuple[Hypothesis, ...], BetweenSeeds]:
    """Return alpha, the claims of what a file holds and where the spread between seeds comes from; raise
    StylerepError, naming line and key, for what is missing, unknown or out of range.
    """
    read = read_as(_ClaimsFile, document.data, document.where, document.lines)
    claims = tuple(
        _claim(item, _given(read), ("claims", number), document) for number, item in enumerate(read.claims)
    )
    names = [claim.name for claim in claims]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise document.error(("claims", number), f"two claims are named {name!r}")
    return read.alpha, claims, read.between_seeds


def _given(settings: _Settings) -> dict[str, Any]:
    """Return what is said of all claims below, where they do not say it themselves."""
    return {key: getattr(settings, key) for key in _Settings.model_fields if key in settings.model_fields_set}


def _claim(
    item: _Claim, shared: Mapping[str, Any], place: tuple[str | int, ...], document: Document
) -> Hypothesis:
    kinds = [kind for kind in KINDS if getattr(item, kind) is not None]
    if len(kinds) != 1:
        found = ", ".join(kinds) or "none"
        raise document.error(
            place,
            f"a claim has exactly one of {', '.join(KINDS)}, such as {{equivalent: [hc, st], task:"
            f" style_gsm8k}}; found {found}",
        )
    (kind,) = kinds
    given = {**shared, **_given(item)}
    values: dict[str, Any] = {**{key: getattr(item, key) for key in _Settings.model_fields}, **given}
    tasks, style = _tuple(values.pop("task")), _tuple(item.style) or _STYLE_FEATURES
    if kind == "all":
        parts = tuple(
            _claim(part, given, (*place, "all", number), document)
            for number, part in enumerate(item.all or ())
        )
        return Hypothesis(
            item.name or " and ".join(part.name for part in parts),
            kind,
            (),
            tasks,
            style=style,
            parts=parts,
            **values,
        )
    if not tasks:
        raise document.error(
            place, "the key 'task' is missing; name the tasks that the claim is about, or write: task: all"
        )
    if suffices := item.style_suffices:
        made = (
            ("better", suffices.hc, suffices.base),
            ("equivalent", suffices.hc, suffices.st),
            ("style_equivalent", suffices.hc, suffices.st),
            ("not_equivalent", suffices.control, suffices.st),
        )
        parts = tuple(
            Hypothesis(title(what, (one, two)), what, (one, two), tasks, style=style, **values)
            for what, one, two in made
        )
        return Hypothesis(item.name or "style suffices", "all", (), tasks, style=style, parts=parts, **values)
    arms = tuple(getattr(item, kind))
    return Hypothesis(item.name or title(kind, arms), kind, arms, tasks, style=style, **values)


def title(kind: str, arms: Sequence[str]) -> str:
    """Return what a claim says of two arms."""
    return _TITLES[kind].format(*arms)


def _tuple(value: str | list[str] | None) -> tuple[str, ...]:
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
