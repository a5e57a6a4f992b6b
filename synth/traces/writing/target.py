"""The style that a set of traces is to have: a profile measured on real traces, and dials over it."""

import hashlib
import itertools
import json
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from synth.errors import StylerepError
from synth.style import KINDS, STAGES
from synth.style.profile import load_profile

BINS = 20
_QUARTERS = tuple(f"quarter_{i}" for i in (1, 2, 3, 4))
_KIND_DENSITIES = tuple(f"pivot_density_{kind}" for kind in KINDS)
_SHARES = tuple(f"stage_share_{stage}" for stage in STAGES)
# Dials of a profile and the range that each mean may be set to.
RANGES: dict[str, tuple[float, float]] = {
    "trace_words": (10, 20_000),
    "sentence_words": (3, 60),
    **dict.fromkeys(("pivot_density", *_KIND_DENSITIES), (0, 20)),
    **dict.fromkeys(
        (
            "opener_density",
            "first_person_density",
            "question_density",
            "backtrack_density",
            "equation_density",
            "numbered_step_density",
        ),
        (0, 20),
    ),
    **dict.fromkeys(("formatted", "repetition", *_SHARES), (0, 1)),
    **dict.fromkeys(_QUARTERS, (0, 20)),
}
OWN = {"wrong_turns": (0.0, 1.0), "pivot_phrases": (1.0, 1000.0)}
"""Dials that no profile measures: the share of realization pivots in exploration that reject a wrong turn,
and how many phrases of a kind are used.
"""
_WRONG_TURNS = 0.5
# A trace's numbers lie between those of two real traces, at most this share of the way from one to the other.
_BETWEEN = 0.15
# Places are drawn from those of all traces, this much evened out: a profile of few traces has holes.
_EVEN = 0.1


@dataclass(frozen=True, slots=True)
class TraceTarget:
    """What one trace is to be like.

    Densities are per 100 words, `pivots` in the order of KINDS, `shares` of words in the order of STAGES;
    `places` draws where pivots of a kind fall: cumulative weights of twentieths.
    """

    words: float
    sentence_words: float
    pivots: tuple[float, ...]
    openers: float
    first_person: float
    questions: float
    backtracks: float
    equations: float
    numbered: float
    formatted: float
    repetition: float
    shares: tuple[float, ...]
    places: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True)
class StyleTarget:
    """A style to draw traces' targets from; `digest` identifies it in manifests."""

    name: str
    rows: tuple[TraceTarget, ...]
    wrong_turns: float
    pivot_phrases: int | None
    digest: str

    def draw(self, rng: random.Random) -> TraceTarget:
        """Draw the target of one trace: near a real trace,
        so that what goes together in real traces goes together here.
        """
        one, other = (
            self.rows[int(rng.random() * len(self.rows))],
            self.rows[int(rng.random() * len(self.rows))],
        )
        u = rng.random() * _BETWEEN

        def mix(a: float, b: float) -> float:
            return a + u * (b - a)

        return TraceTarget(
            mix(one.words, other.words),
            mix(one.sentence_words, other.sentence_words),
            tuple(map(mix, one.pivots, other.pivots)),
            mix(one.openers, other.openers),
            mix(one.first_person, other.first_person),
            mix(one.questions, other.questions),
            mix(one.backtracks, other.backtracks),
            mix(one.equations, other.equations),
            mix(one.numbered, other.numbered),
            mix(one.formatted, other.formatted),
            mix(one.repetition, other.repetition),
            tuple(map(mix, one.shares, other.shares)),
            one.places,
        )


def style_target(
    profile: str | Path = "long-reasoning", dials: Mapping[str, float] | None = None
) -> StyleTarget:
    """Return the style of a profile (a shipped one's name or a file),
    with the means of some features set to other values.

    *dials* has names of RANGES or OWN. A mean is moved by scaling all traces' values, so their spread keeps
    its shape. Raises StylerepError for an unknown dial, a value out of range,
    or a profile that holds no traces' numbers.
    """
    dials = dict(dials or {})
    for name, value in dials.items():
        low, high = {**RANGES, **OWN}.get(name, (math.nan, math.nan))
        if math.isnan(low):
            raise StylerepError(f"There is no dial {name!r}; there are {', '.join((*RANGES, *OWN))}.")
        if not low <= value <= high:
            raise StylerepError(f"The dial {name} goes from {low:g} to {high:g}, got {value:g}.")
    # 60 and 60.0 are one style, with one digest
    dials = {name: float(value) for name, value in dials.items()}
    measured = load_profile(str(profile))
    if not measured.sample:
        raise StylerepError(
            f"The profile {measured.name!r} holds no numbers of single traces, which a style is drawn from;"
            " make it anew with stylerep analyze --profile."
        )
    rows = [dict(zip(measured.means, values, strict=True)) for values in measured.sample]
    # Places are moved by how much a quarter is to have compared with what it has.
    quarter_means = [sum(row[name] for row in rows) / len(rows) for name in _QUARTERS]
    for name in ("pivot_density", *(name for name in dials if name in RANGES and name != "pivot_density")):
        if name in dials:
            _set_mean(rows, name, dials[name])
    pivot_phrases = int(dials["pivot_phrases"]) if "pivot_phrases" in dials else None
    content = json.dumps([measured.digest, sorted(dials.items())])
    return StyleTarget(
        name=(
            measured.name
            if not dials
            else (
                f"{measured.name} with"
                f" {', '.join(f'{name}={value:g}' for name, value in sorted(dials.items()))}"
            )
        ),
        rows=tuple(_target(row, measured.positions, quarter_means) for row in rows),
        wrong_turns=dials.get("wrong_turns", _WRONG_TURNS),
        pivot_phrases=pivot_phrases,
        digest=hashlib.sha256(content.encode()).hexdigest()[:12],
    )


def read_dials(texts: Sequence[str]) -> dict[str, float]:
    """Read dials written NAME=VALUE."""
    dials = {}
    for text in texts:
        name, equals, value = text.partition("=")
        try:
            dials[name.strip()] = float(value)
        except ValueError:
            equals = ""
        if not equals or not math.isfinite(dials[name.strip()]):
            raise StylerepError(f"{text!r}: a dial is written NAME=NUMBER, such as pivot_density=2.")
    return dials


def _set_mean(rows: list[dict[str, float]], name: str, value: float) -> None:
    """Scale a feature of all rows so that its mean is *value*; all the same where it was 0 throughout."""
    names = _KIND_DENSITIES if name == "pivot_density" else (name,)
    mean = sum(row[part] for row in rows for part in names) / len(rows)
    for row in rows:
        before = {part: row[part] for part in names}
        for part in names:
            row[part] = before[part] * value / mean if mean else value / len(names)
        if name in _SHARES:
            row[name] = min(row[name], 1.0)
            others = sum(row[share] for share in _SHARES if share != name)
            for share in _SHARES:
                if share != name:
                    row[share] = row[share] * (1 - row[name]) / others if others else (1 - row[name]) / 3
        elif name in ("formatted", "repetition"):
            row[name] = min(row[name], 1.0)


def _target(
    row: Mapping[str, float], positions: Mapping[str, Sequence[float]], quarter_means: Sequence[float]
) -> TraceTarget:
    total = sum(row[share] for share in _SHARES) or 1.0
    tilt = [
        (0.2 + 0.8 * row[name] / mean) if mean else 1.0
        for name, mean in zip(_QUARTERS, quarter_means, strict=True)
    ]
    weights = [
        [((1 - _EVEN) * places[i] + _EVEN / BINS) * tilt[4 * i // BINS] for i in range(BINS)]
        for places in (positions[kind] for kind in KINDS)
    ]
    return TraceTarget(
        words=row["trace_words"],
        sentence_words=row["sentence_words"],
        pivots=tuple(row[name] for name in _KIND_DENSITIES),
        openers=row["opener_density"],
        first_person=row["first_person_density"],
        questions=row["question_density"],
        backtracks=row["backtrack_density"],
        equations=row["equation_density"],
        numbered=row["numbered_step_density"],
        formatted=row["formatted"],
        repetition=row["repetition"],
        shares=tuple(row[share] / total for share in _SHARES),
        places=tuple(tuple(itertools.accumulate(places)) for places in weights),
    )
