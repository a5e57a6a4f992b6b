"""Style scores of one trace: what is said, where, and how.

Densities are per 100 words, so they do not grow with length; a count would be length in disguise.
"""

import itertools
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from synth.style.arithmetic_claims import ArithmeticClaim, claim_span, find_claims_each
from synth.style.characters import BoolArray, Characters, IntArray, Texts, among
from synth.style.lexicon import CUES, KINDS, STAGES, FoundPhrase, Lexicon, Matches, Pivot
from synth.style.repetition import looping, repetition
from synth.style.stages import FEATURES, Units, cut, features, following, in_code, label, load_stage_model

BINS = 20
"""Parts into which a trace is cut to say where its pivots fall."""
AT_ONCE = 500_000
"""Characters that are read together where traces are short: more gain nothing, and would take memory."""
_WORD = re.compile(r"[^\W_]")
_SPACE, _BACKSLASH, _OPEN, _NEWLINE = 0x20, 0x5C, 0x5B, 0x0A
IntMatrix = npt.NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class StyleScores:
    """Style of one trace.

    `words` counts runs of non-space characters, an East Asian character as one; `other_words` those
    outside pivots. `pivot_counts` has shape (4, 20): kinds by twentieths of the trace, measured in other
    words. `stage_words` has the words in each stage and `transitions` (4, 4) how often a unit of one stage
    follows one of another. `formatted` is the share of lines that are headings, list items, formulae or code.
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
        return {
            kind: self.per_hundred(int(n))
            for kind, n in zip(KINDS, self.pivot_counts.sum(axis=1), strict=True)
        }

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
        kinds, stages = self.pivot_counts.sum(axis=1).tolist(), self.stage_words.tolist()
        all_stages = max(sum(stages), 1)
        return {
            "trace_words": float(self.words),
            "sentence_words": self.words / max(self.sentences, 1),
            "pivot_density": self.per_hundred(sum(kinds)),
            **{f"pivot_density_{kind}": self.per_hundred(n) for kind, n in zip(KINDS, kinds, strict=True)},
            "pivot_kinds": float(sum(n > 0 for n in kinds)),
            "opener_density": self.per_hundred(self.openers),
            "first_person_density": self.per_hundred(self.first_person),
            "question_density": self.per_hundred(self.questions),
            "backtrack_density": self.per_hundred(self.backtracks),
            "equation_density": self.per_hundred(self.equations),
            "numbered_step_density": self.per_hundred(self.numbered_steps),
            "formatted": self.formatted,
            **{f"stage_share_{stage}": n / all_stages for stage, n in zip(STAGES, stages, strict=True)},
            "stage_coverage": sum(n > 0 for n in stages) / len(STAGES),
            "stage_order": self.stage_order,
            "repetition": self.repetition,
            "looping": float(self.looping),
        }

    def per_hundred(self, count: int) -> float:
        """Return a count per 100 words."""
        return 100 * count / self.words if self.words else 0.0


@dataclass(frozen=True)
class StyleReading:
    """A trace as the style scorer sees it: its scores, and where pivots,
    stages and arithmetic claims stand in it.
    """

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
        for stage, start, end in zip(
            self.unit_stages.tolist(), self.units.starts.tolist(), self.units.ends.tolist(), strict=True
        ):
            if spans and spans[-1][0] == STAGES[stage]:
                spans[-1] = (STAGES[stage], spans[-1][1], end)
            else:
                spans.append((STAGES[stage], start, end))
        return spans

    @property
    def claim_spans(self) -> list[tuple[bool, int, int]]:
        """The arithmetic claims as (true, start, end) in characters;
        in a chain of equations they share a side.
        """
        return [(claim.true, *claim_span(self.text, claim)) for claim in self.claims]


def read_trace(trace: str, lexicon: Lexicon, closed: bool = True) -> StyleReading:
    """Read one trace: pivots, stages and scores, in time linear in its length.

    `closed` says that the trace has its end; where it was cut off,
    its last words are not taken for a conclusion.
    """
    return _read_together([trace], lexicon, [closed])[0]


def read_traces(
    traces: Sequence[str], lexicons: Sequence[Lexicon], closed: Sequence[bool]
) -> list[StyleReading]:
    """Read many traces, each with its lexicon: the same as `read_trace` of each,
    several times as fast where they are short.
    """
    readings: dict[int, StyleReading] = {}
    for lexicon, some in _together(traces, lexicons):
        readings.update(
            zip(
                some,
                _read_together([traces[i] for i in some], lexicon, [closed[i] for i in some]),
                strict=True,
            )
        )
    return [readings[i] for i in range(len(traces))]


def _together(traces: Sequence[str], lexicons: Sequence[Lexicon]) -> Iterator[tuple[Lexicon, list[int]]]:
    """Yield which traces are read together, and with which lexicon.

    They are alike in what is told of a text as a whole: whether it is ASCII, and whether it has runs of
    spaces. One without words stays alone.
    """
    waiting: dict[tuple[Lexicon, bool, bool], list[int]] = {}
    characters = Counter[tuple[Lexicon, bool, bool]]()
    for i, (trace, lexicon) in enumerate(zip(traces, lexicons, strict=True)):
        if not _WORD.search(trace):
            yield lexicon, [i]
            continue
        kind = lexicon, trace.isascii(), "  " in trace or "\t" in trace
        if characters[kind] and characters[kind] + len(trace) > AT_ONCE:
            yield lexicon, waiting.pop(kind)
            characters[kind] = 0
        waiting.setdefault(kind, []).append(i)
        characters[kind] += len(trace)
    yield from ((lexicon, some) for (lexicon, _, _), some in waiting.items())


def style_scores(trace: str, lexicon: Lexicon, closed: bool = True) -> StyleScores:
    """Score one trace with a lexicon."""
    return read_trace(trace, lexicon, closed).scores


def _read_together(traces: Sequence[str], lexicon: Lexicon, closed: Sequence[bool]) -> list[StyleReading]:
    """Read traces that are alike, or one: all array operations run over all of them, then the arrays are
    cut.
    """
    texts = Texts.lay(traces)
    characters = texts.look()
    found = lexicon.match(texts.joined, characters)
    units = cut(texts, characters)
    begins, pivots = characters.words(), found.pivots
    before = begins.searchsorted(
        np.concatenate((texts.starts, texts.ends, units.starts, pivots.starts, pivots.ends))
    )
    n = len(traces)
    first_pivot, first_end = 2 * n + len(units.starts), len(before) - len(pivots.ends)
    before_trace, before_end, before_unit = before[:n], before[n : 2 * n], before[2 * n : first_pivot]
    before_pivot, before_pivot_end = before[first_pivot:first_end], before[first_end:]
    formatted = _formatted(texts, characters, begins)
    del begins  # of a long text they are most of what is held
    words, owner, edges = before_end - before_trace, texts.owners(units.starts), texts.edges(units.starts)
    described = features(
        texts, units, characters, before_unit - before_trace[owner], words, found, lexicon, np.array(closed)
    )
    stages = label(described, units.breaks, edges, load_stage_model())
    place, length = before_pivot - before_trace[texts.owners(pivots.starts)], before_pivot_end - before_pivot
    pivot_counts, other_words = _pivot_counts(texts, pivots, place, length, words, lexicon)
    stage_words, transitions, orders = _stage_statistics(
        stages, following(before_unit, edges, before_end) - before_unit, owner, n
    )
    backtracks = found.cues.starts[lexicon.cue_labels[found.cues.phrases] == CUES.index("backtrack")]
    numbered = units.starts[described[FEATURES.index("numbered")]]
    counted = (
        characters.begins[characters.sentence],
        characters.questions,
        backtracks,
        numbered,
        characters.equals,
    )
    columns = (words, other_words, orders, formatted, *(texts.counts(places) for places in counted))
    rows = zip(*(column.tolist() for column in columns), strict=True)
    own_units = (units.starts - texts.starts[owner], units.ends - texts.starts[owner], units.breaks)
    pieces = zip(
        traces,
        rows,
        itertools.pairwise(edges.tolist()),
        _own_matches(texts, found),
        find_claims_each(texts, characters),
        strict=True,
    )
    readings = []
    for i, (trace, row, (begin, end), matches, claims) in enumerate(pieces):
        own = Units(*(places[begin:end] for places in own_units))
        scores = StyleScores(
            words=row[0],
            other_words=row[1],
            sentences=row[4],
            pivot_counts=pivot_counts[i],
            openers=len(matches.openers),
            first_person=len(matches.first_person),
            stage_words=stage_words[i],
            transitions=transitions[i],
            stage_order=row[2],
            questions=row[5],
            backtracks=row[6],
            numbered_steps=row[7],
            equations=row[8],
            claims=len(claims),
            true_claims=sum(claim.true for claim in claims),
            formatted=row[3],
            repetition=repetition(trace, own),
            looping=looping(trace),
        )
        readings.append(
            StyleReading(
                trace, lexicon, scores, matches, own, described[:, begin:end], stages[begin:end], claims
            )
        )
    return readings


def _own_matches(texts: Texts, found: Matches) -> list[Matches]:
    """Cut what was found into what each text has, places counted from its beginning."""
    if len(texts.each) == 1:
        return [found]
    layers = (
        _own_phrases(texts, found.pivots),
        _own_phrases(texts, found.cues),
        _own_places(texts, found.openers),
        _own_places(texts, found.first_person),
    )
    return [Matches(*own) for own in zip(*layers, strict=True)]


def _own_phrases(texts: Texts, found: FoundPhrase) -> list[FoundPhrase]:
    before = texts.starts[texts.owners(found.starts)]
    starts, ends = found.starts - before, found.ends - before
    return [
        FoundPhrase(found.phrases[begin:end], starts[begin:end], ends[begin:end])
        for begin, end in itertools.pairwise(texts.edges(found.starts).tolist())
    ]


def _own_places(texts: Texts, places: IntArray) -> list[IntArray]:
    owner = texts.owners(places)
    own = (places - texts.starts[owner])[np.argsort(owner, kind="stable")]
    return np.split(own, np.bincount(owner, minlength=len(texts.each)).cumsum()[:-1])


def _pivot_counts(
    texts: Texts, pivots: FoundPhrase, before: IntArray, own: IntArray, words: IntArray, lexicon: Lexicon
) -> tuple[IntMatrix, IntArray]:
    """Count pivots by trace, kind and twentieth, places measured in words outside pivots,
    so that no pivot moves another.

    `before` has the words of its trace before each pivot, `own` those in it, `words` those of each trace.
    """
    if not len(own):
        return np.zeros((len(words), len(KINDS), BINS), dtype=np.intp), words
    owner, edges = texts.owners(pivots.starts), texts.edges(pivots.starts)
    inside = np.append(0, np.cumsum(own))
    other = words - (inside[edges[1:]] - inside[edges[:-1]])
    place = before - (inside[:-1] - inside[edges[:-1]][owner])
    part = np.minimum(BINS * place // np.maximum(other, 1)[owner], BINS - 1)
    cell = (owner * len(KINDS) + lexicon.pivot_kinds[pivots.phrases]) * BINS + part
    return np.bincount(cell, minlength=len(words) * len(KINDS) * BINS).reshape(-1, len(KINDS), BINS), other


def _stage_statistics(
    stages: IntArray, words: IntArray, owner: IntArray, traces: int
) -> tuple[IntMatrix, IntMatrix, npt.NDArray[np.float64]]:
    """Return for each of the traces the words of each stage, the transitions between units,
    and the order of the stages.

    `stages`, `words` and `owner` have one entry a unit. The order is the share, among pairs of words in
    different stages, of those that stand in the order framing, exploration, verification, synthesis; 0.5 is
    no order, and so is a single stage.
    """
    four = len(STAGES)
    total = np.bincount(owner * four + stages, weights=words, minlength=traces * four).reshape(traces, four)
    step = (owner[1:] * four + stages[:-1]) * four + stages[1:]
    transitions = np.bincount(step[owner[1:] == owner[:-1]], minlength=traces * four * four).reshape(
        traces, four, four
    )
    # For each unit the words before it in earlier stages: units of stages up to its own,
    # less its own and those of traces before.
    every = np.arange(len(stages))
    weight = np.zeros((len(stages), four))
    weight[every, stages] = words
    of_traces_before = total.cumsum(axis=0) - total
    earlier = (weight.cumsum(axis=0) - of_traces_before[owner]).cumsum(axis=1)
    later = stages > 0
    in_order = np.bincount(
        owner[later], weights=(words * earlier[every, stages - 1])[later], minlength=traces
    )
    pairs = (total.sum(axis=1) ** 2 - (total**2).sum(axis=1)) / 2  # whole numbers, exact in floats
    return total.astype(np.intp), transitions, np.where(pairs > 0, in_order / np.maximum(pairs, 1), 0.5)


def _formatted(texts: Texts, characters: Characters, words: IntArray) -> npt.NDArray[np.float64]:
    """Return the share of each text's lines that are code or open like a heading, a list item,
    a formula or a table.

    `words` are the places where words begin: a line opens with the first word after a line break, and is
    empty where that is in the next.
    """
    codes = characters.codes
    opening = words.searchsorted(np.append(0, (codes[: characters.length] == _NEWLINE).nonzero()[0]))
    lines = words[opening[np.append(np.diff(opening) > 0, True) & (opening < len(words))]]
    lines = lines[lines < texts.ends[texts.owners(lines)]]
    first, second = codes[lines], codes[lines + 1]
    formatted = (
        among(first, "#|")
        | (among(first, "*$`") & (first == second))
        | (among(first, "-*\u2022") & (second == _SPACE))
    )
    formatted |= (first == _BACKSLASH) & (second == _OPEN)
    numbered = (among(second, ".)") & (codes[lines + 2] == _SPACE)).nonzero()[0]
    if len(numbered):
        formatted[numbered] |= np.array(
            [texts.joined[place].isdecimal() for place in lines[numbered].tolist()]
        )
    formatted |= in_code(texts, lines)
    return texts.counts(lines[formatted]) / np.maximum(texts.counts(lines), 1)
