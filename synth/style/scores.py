"""Style scores of one trace: what is said, where, and how.

Densities are per 100 words, so they do not grow with length; a count would be length in disguise.
"""

import re
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth.style.characters import BoolArray, IntArray, look
from synth.style.claims import ArithmeticClaim, claim_span, find_claims
from synth.style.lexicon import CUES, KINDS, STAGES, Found, Lexicon, Matches, Pivot
from synth.style.repetition import looping, repetition
from synth.style.stages import FEATURES, Units, cut, features, label, load_stage_model

BINS = 20
"""Parts into which a trace is cut to say where its pivots fall."""
_FORMATTED = re.compile(r"(?![A-Za-z])(?:[#|]|\*\*|\$\$|``|[-*\u2022] |\d[.)] |\\\[)")
IntMatrix = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class StyleScores:
    """Style of one trace.

    `words` counts runs of non-space characters, an East Asian character as one; `other_words` those
    outside pivots. `pivot_counts` has shape (4, 20): kinds by twentieths of the trace, measured in other words.
    `stage_words` has the words in each stage and `transitions` (4, 4) how often a unit of one stage follows
    one of another. `formatted` is the share of lines that are headings, list items, formulae or code.
    `repetition` is the share said before (0 to 1), `looping` whether the trace ends in a loop.
    """

    words: int
    other_words: int
    sentences: int
    pivot_counts: IntMatrix
    openers: int
    first_person: int
    stage_words: IntArray
    transitions: IntMatrix
    stage_order: float
    questions: int
    backtracks: int
    numbered_steps: int
    equations: int
    claims: int
    true_claims: int
    formatted: float
    repetition: float
    looping: bool

    @property
    def density(self) -> dict[str, float]:
        """Pivots of each kind per 100 words (0 for an empty trace)."""
        return {kind: self.per_hundred(int(n)) for kind, n in zip(KINDS, self.pivot_counts.sum(axis=1), strict=True)}

    @property
    def total_density(self) -> float:
        """Pivots of any kind per 100 words."""
        return self.per_hundred(int(self.pivot_counts.sum()))

    @property
    def kinds_present(self) -> int:
        """How many of the four kinds of pivot occur, 0 to 4."""
        return int((self.pivot_counts.sum(axis=1) > 0).sum())

    @property
    def stage_shares(self) -> dict[str, float]:
        """Share of the words in each stage; all 0 for an empty trace."""
        total = max(int(self.stage_words.sum()), 1)
        return {stage: int(n) / total for stage, n in zip(STAGES, self.stage_words, strict=True)}

    @property
    def stage_coverage(self) -> float:
        """Share of the four stages that occur, 0 to 1."""
        return float((self.stage_words > 0).mean())

    @property
    def step_validity(self) -> float | None:
        """Share of the arithmetic claims that are true, None where there is no claim."""
        return self.true_claims / self.claims if self.claims else None

    def features(self) -> dict[str, float]:
        """Return every length-invariant score under its metric name, with `trace_words` beside them."""
        return {
            "trace_words": float(self.words),
            "sentence_words": self.words / max(self.sentences, 1),
            "pivot_density": self.total_density,
            **{f"pivot_density_{kind}": density for kind, density in self.density.items()},
            "pivot_kinds": float(self.kinds_present),
            "opener_density": self.per_hundred(self.openers),
            "first_person_density": self.per_hundred(self.first_person),
            "question_density": self.per_hundred(self.questions),
            "backtrack_density": self.per_hundred(self.backtracks),
            "equation_density": self.per_hundred(self.equations),
            "numbered_step_density": self.per_hundred(self.numbered_steps),
            "formatted": self.formatted,
            **{f"stage_share_{stage}": share for stage, share in self.stage_shares.items()},
            "stage_coverage": self.stage_coverage,
            "stage_order": self.stage_order,
            "repetition": self.repetition,
            "looping": float(self.looping),
        }

    def per_hundred(self, count: int) -> float:
        """Return a count per 100 words."""
        return 100 * count / self.words if self.words else 0.0


@dataclass(frozen=True)
class Reading:
    """A trace as the ruler sees it: its scores, and where pivots, stages and arithmetic claims stand in it."""

    text: str
    lexicon: Lexicon
    scores: StyleScores
    found: Matches = field(repr=False)
    units: Units = field(repr=False)
    described: BoolArray = field(repr=False)
    unit_stages: IntArray = field(repr=False)
    claims: list[ArithmeticClaim] = field(repr=False)

    @cached_property
    def pivots(self) -> list[Pivot]:
        """The pivots from left to right."""
        return self.lexicon.as_pivots(self.found.pivots)

    @cached_property
    def stages(self) -> list[tuple[str, int, int]]:
        """The stages as (name, start, end) in characters, neighbours of one stage joined, without gaps."""
        spans: list[tuple[str, int, int]] = []
        for stage, start, end in zip(self.unit_stages.tolist(), self.units.starts.tolist(), self.units.ends.tolist(), strict=True):
            if spans and spans[-1][0] == STAGES[stage]:
                spans[-1] = (STAGES[stage], spans[-1][1], end)
            else:
                spans.append((STAGES[stage], start, end))
        return spans

    @property
    def claim_spans(self) -> list[tuple[bool, int, int]]:
        """The arithmetic claims as (true, start, end) in characters; in a chain of equations they share a side."""
        return [(claim.true, *claim_span(self.text, claim)) for claim in self.claims]


def read_trace(trace: str, lexicon: Lexicon, closed: bool = True) -> Reading:
    """Read one trace: pivots, stages and scores, in time linear in its length.

    `closed` says that the trace has its end; where it was cut off, its last words are not taken for a conclusion.
    """
    characters = look(trace)
    found = lexicon.match(trace, characters)
    units = cut(characters)
    before = characters.words_before(np.concatenate((units.starts, found.pivots.starts, found.pivots.ends)))
    n, k = len(units.starts), len(found.pivots.starts)
    words = int(before[-1])
    unit_words = before[:n]
    described = features(trace, units, characters, unit_words, words, found, lexicon, closed)
    stages = label(described, units, load_stage_model())
    counts, other_words = _pivot_counts(found.pivots, before[n : n + k], before[n + k : -1], words, lexicon)
    stage_words, transitions, order = _stage_statistics(stages, np.diff(np.append(unit_words, words)))
    claims = find_claims(trace, characters)
    cue_labels = lexicon.cue_labels[found.cues.phrases]
    scores = StyleScores(
        words=words,
        other_words=other_words,
        sentences=int(characters.sentence.sum()),
        pivot_counts=counts,
        openers=len(found.openers),
        first_person=len(found.first_person),
        stage_words=stage_words,
        transitions=transitions,
        stage_order=order,
        questions=len(characters.questions),
        backtracks=int((cue_labels == CUES.index("backtrack")).sum()),
        numbered_steps=int(described[FEATURES.index("numbered")].sum()),
        equations=len(characters.equals),
        claims=len(claims),
        true_claims=sum(claim.true for claim in claims),
        formatted=_formatted(trace),
        repetition=repetition(trace, units),
        looping=looping(trace),
    )
    return Reading(trace, lexicon, scores, found, units, described, stages, claims)


def style_scores(trace: str, lexicon: Lexicon, closed: bool = True) -> StyleScores:
    """Score one trace with a lexicon."""
    return read_trace(trace, lexicon, closed).scores


def _pivot_counts(pivots: Found, before_start: IntArray, before_end: IntArray, words: int, lexicon: Lexicon) -> tuple[IntMatrix, int]:
    """Count pivots by kind and twentieth, places measured in words outside pivots, so that no pivot moves another."""
    if not len(pivots.starts):
        return np.zeros((len(KINDS), BINS), dtype=np.intp), words
    own = before_end - before_start
    other = words - int(own.sum())
    place = before_start - np.concatenate(([0], np.cumsum(own)))[:-1]
    part = np.minimum(BINS * place // max(other, 1), BINS - 1)
    kind = lexicon.pivot_kinds[pivots.phrases]
    return np.bincount(kind * BINS + part, minlength=len(KINDS) * BINS).reshape(len(KINDS), BINS), other


def _stage_statistics(stages: IntArray, words: IntArray) -> tuple[IntArray, IntMatrix, float]:
    """Return the words of each stage, the transitions between units, and the order of the stages.

    The order is the share, among pairs of words in different stages, of those that stand in the order
    framing, exploration, verification, synthesis; 0.5 is no order, and so is a single stage.
    """
    four = len(STAGES)
    total = np.bincount(stages, weights=words, minlength=four).astype(np.intp)
    transitions = np.bincount(stages[:-1] * four + stages[1:], minlength=four * four).reshape(four, four)
    if np.count_nonzero(total) < 2:
        return total, transitions, 0.5
    # For each unit the words before it in earlier stages: units of stages up to its own, less its own.
    every = np.arange(len(stages))
    weight = np.zeros((len(stages), four))
    weight[every, stages] = words
    earlier = weight.cumsum(axis=0).cumsum(axis=1)
    in_order = float((words * earlier[every, stages - 1])[stages > 0].sum())
    sizes = total.tolist()
    pairs = (float(sum(sizes)) ** 2 - float(sum(size**2 for size in sizes))) / 2
    return total, transitions, in_order / pairs if pairs else 0.5


def _formatted(trace: str) -> float:
    """Return the share of lines that are code or open like a heading, a list item, a formula or a table."""
    lines = [line for line in map(str.lstrip, trace.split("\n")) if line]
    if "```" not in trace:
        return sum(1 for _ in filter(None, map(_FORMATTED.match, lines))) / len(lines) if lines else 0.0
    formatted, code = 0, False
    for line in lines:
        formatted += code or _FORMATTED.match(line) is not None
        code ^= line.count("```") % 2 == 1
    return formatted / len(lines) if lines else 0.0
