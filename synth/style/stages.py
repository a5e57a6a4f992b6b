"""Stages: which part of a trace frames, explores, verifies or concludes.

A trace is cut into units (lines; sentences where a line is long), each unit is described by the
pivots and cues in it and by its place, and a linear chain of four states finds the best sequence
(Viterbi 1967; the weights are those of a conditional random field, Lafferty, McCallum & Pereira 2001,
fitted to hand-labelled traces by ``benchmarks/fit_stages.py``). No model is called.
"""

import functools
import itertools
import re
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml

from synth.style.characters import BoolArray, Characters, IntArray, among, look
from synth.style.lexicon import CUES, KINDS, STAGES, Lexicon, Matches

FloatArray = npt.NDArray[np.float64]
_LONG_LINE = 300
_FEW = 400
"""Units below which a plain loop is faster."""
# Words from either end within which a unit's place says something of its stage, and the share of the trace that this may be at most.
_HEAD = ((40, 0.1), (120, 0.25), (240, 0.4))
_TAIL = ((30, 0.15), (80, 0.3))
# Words over which a check that has begun is taken to go on.
_RECENT = (60, 200)
_FENCE = re.compile("```")
_LONGEST_NUMBER, _TRIES = 20, 2000
_RESULT = re.compile(r"(?:=|\bis|\bget|\bgives|\bbe|\u2248|:)\s?(?:\\\(|\$)?\s?\Z")
_GOES_ON = re.compile(r"\d|[.,]\d")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?(?:\s?/\s?\d+)?")
FEATURES = (
    "bias",
    *(f"pivot {kind}" for kind in KINDS),
    *(f"cue {cue} {place}" for cue in CUES for place in ("start", "anywhere")),
    *(f"verification within {words} words before" for words in _RECENT),
    "after the result",
    "numbered",
    "heading",
    "after a numbered step or heading",
    "code",
    "code for a check",
    "question",
    "equation",
    "several equations",
    "first",
    *(f"within {words} words of the beginning" for words, _ in _HEAD),
    "last",
    *(f"within {words} words of the end" for words, _ in _TAIL),
    "first tenth",
    "last tenth",
    "short",
)


@dataclass(frozen=True, slots=True)
class Units:
    """The pieces of a trace that are labelled: character spans, and line breaks (0, 1, 2 or more) before each."""

    starts: IntArray
    ends: IntArray
    breaks: IntArray


@dataclass(frozen=True, slots=True)
class StageModel:
    """Weights of the chain: (features, 4) for emissions, (3, 4, 4) for steps by line breaks between, in the order of STAGES."""

    emission: FloatArray
    step: FloatArray


def cut(characters: Characters) -> Units:
    """Cut a trace into units: at line breaks, and within lines of over 300 characters at sentence ends."""
    begins, breaks = characters.begins, characters.breaks
    if not len(begins):
        return Units(begins, begins, begins)
    end = len(characters.classes)
    line_starts = (breaks > 0).nonzero()[0]
    line_lengths = np.diff(np.append(begins[line_starts], end))
    long = np.repeat(line_lengths > _LONG_LINE, np.diff(np.append(line_starts, len(begins))))
    kept = (breaks > 0) | (characters.sentence & long)
    starts, gaps = begins[kept], breaks[kept]
    if not (gaps[1:] > 1).any():  # a trace without blank lines has its paragraphs on single ones
        gaps = np.where(gaps > 0, 2, 0)
    return Units(starts, np.append(starts[1:], end), gaps)


def cut_steps(text: str) -> tuple[list[str], list[str]]:
    """Return the units of a text, list marks and all, and the white space after each; together they are the text, but for white space before the first."""
    units = cut(look(text))
    # The ruler's units begin with their first word; here a line begins where it begins.
    starts = [text.rfind("\n", 0, start) + 1 if gap else start for start, gap in zip(units.starts.tolist(), units.breaks.tolist(), strict=True)]
    steps: list[str] = []
    gaps: list[str] = []
    for start, end in itertools.pairwise((*starts, len(text)) if starts else ()):
        piece = text[start:end] if steps else text[start:end].lstrip()
        steps.append(piece.rstrip())
        gaps.append(piece[len(steps[-1]) :])
    return steps, gaps


def features(text: str, units: Units, characters: Characters, words_before: IntArray, words: int, found: Matches, lexicon: Lexicon, closed: bool) -> BoolArray:
    """Describe units; returns an array of yes and no, shape (features, units).

    `words_before` has the words before each unit's start, `words` those of the trace; `closed` says that
    the trace has its end, so that the last units are the last.
    """
    n = len(units.starts)
    out = np.zeros((len(FEATURES), n), dtype=bool)
    if not n:
        return out
    pivot_unit, kind = _unit_of(units, found.pivots.starts), lexicon.pivot_kinds[found.pivots.phrases]
    cue_unit, cue = _unit_of(units, found.cues.starts), found.cues.phrases
    out[1 + kind, pivot_unit] = True
    out[1 + len(KINDS) + 2 * lexicon.cue_labels[cue] + ~lexicon.cues_at_start[cue], cue_unit] = True
    checks = words_before[pivot_unit[kind == KINDS.index("verification")]]
    since = words_before - np.concatenate(([-(10**9)], checks))[checks.searchsorted(words_before)]
    numbered, heading = marked(text, units, characters)
    code = in_code(text, units.starts)
    equations = np.bincount(_unit_of(units, characters.equals), minlength=n)
    questions = np.zeros(n, dtype=bool)
    questions[_unit_of(units, characters.questions)] = True
    left = words - words_before
    rest = (
        *(since <= reach for reach in _RECENT),
        closed & (units.starts > _result_place(text)) if closed else False,
        numbered,
        heading,
        np.concatenate(([False], np.logical_or.accumulate(numbered | heading)[:-1])),
        code,
        code & (since <= _RECENT[-1]),
        questions,
        equations > 0,
        equations > 1,
        np.arange(n) == 0,
        *(words_before < min(reach, share * words) for reach, share in _HEAD),
        closed & (np.arange(n) == n - 1),
        *(closed & (left <= min(reach, share * words)) for reach, share in _TAIL),
        words_before < words / 10,
        closed & (words_before >= words * 0.9),
        units.ends - units.starts < 60,
    )
    out[0] = True
    for row, values in enumerate(rest, 1 + len(KINDS) + 2 * len(CUES)):
        out[row] = values
    return out


def in_code(text: str, places: IntArray) -> BoolArray:
    """Say which places lie within a fenced block of code."""
    if "```" not in text:
        return np.zeros(len(places), dtype=bool)
    fences = np.array([fence.start() for fence in _FENCE.finditer(text)], dtype=np.intp)
    inside: BoolArray = fences.searchsorted(places) % 2 == 1
    return inside


def marked(text: str, units: Units, characters: Characters) -> tuple[BoolArray, BoolArray]:
    """Say which units are numbered (``1.``, ``2)``) and which are headings or set in bold (``# …``, ``**…``)."""
    codes, last = characters.codes, len(characters.codes) - 1
    first, second = codes[units.starts], codes[np.minimum(units.starts + 1, last)]
    numbered = among(first, "0123456789") & among(second, ".)")
    before, twice = codes[np.maximum(units.starts - 1, 0)], codes[np.maximum(units.starts - 2, 0)]
    heading = (units.starts > 0) & (among(before, "*#") | (among(before, " ") & among(twice, "#")))
    return numbered, heading & ~in_code(text, units.starts)


def label(described: BoolArray, units: Units, model: StageModel) -> IntArray:
    """Return the best sequence of stages, as indices into STAGES, one a unit; *described* has shape (features, units)."""
    n = described.shape[1]
    if not n:
        return np.zeros(0, np.intp)
    emissions = described.T.astype(np.float32) @ model.emission.astype(np.float32)
    return _short_path(emissions, units.breaks, model.step) if n < _FEW else _long_path(emissions, units.breaks, model.step)


def _short_path(emissions: npt.NDArray[np.float32], breaks: IntArray, step: FloatArray) -> IntArray:
    """Viterbi in plain numbers, written out: four states are too few for array operations, or calls of max, to pay."""
    steps = step.reshape(len(step), -1).tolist()
    scores = emissions.tolist()
    a, b, c, d = scores[0]
    came_from = []
    for gap, (to_a, to_b, to_c, to_d) in zip(breaks[1:].tolist(), scores[1:], strict=True):
        aa, ab, ac, ad, ba, bb, bc, bd, ca, cb, cc, cd, da, db, dc, dd = steps[gap]
        best_a, best_b, best_c, best_d = a + aa, a + ab, a + ac, a + ad
        from_a = from_b = from_c = from_d = 0
        if (way := b + ba) > best_a:
            best_a, from_a = way, 1
        if (way := c + ca) > best_a:
            best_a, from_a = way, 2
        if (way := d + da) > best_a:
            best_a, from_a = way, 3
        if (way := b + bb) > best_b:
            best_b, from_b = way, 1
        if (way := c + cb) > best_b:
            best_b, from_b = way, 2
        if (way := d + db) > best_b:
            best_b, from_b = way, 3
        if (way := b + bc) > best_c:
            best_c, from_c = way, 1
        if (way := c + cc) > best_c:
            best_c, from_c = way, 2
        if (way := d + dc) > best_c:
            best_c, from_c = way, 3
        if (way := b + bd) > best_d:
            best_d, from_d = way, 1
        if (way := c + cd) > best_d:
            best_d, from_d = way, 2
        if (way := d + dd) > best_d:
            best_d, from_d = way, 3
        a, b, c, d = to_a + best_a, to_b + best_b, to_c + best_c, to_d + best_d
        came_from.append((from_a, from_b, from_c, from_d))
    state = max(range(len(STAGES)), key=(a, b, c, d).__getitem__)
    best = [state]
    for ways in reversed(came_from):
        state = ways[state]
        best.append(state)
    return np.array(best[::-1], dtype=np.intp)


def _long_path(emissions: npt.NDArray[np.float32], breaks: IntArray, step: FloatArray) -> IntArray:
    """Viterbi over all parts of a long trace at once, for every stage that a part may begin in, then from part to part.

    Arrays have the parts last, so that each operation runs over many numbers that lie side by side.
    """
    n, four = len(emissions), len(STAGES)
    length = max(1, int(np.sqrt(n)))
    parts = -(-(n - 1) // length)
    # A last kind of step is for what is past the end, which stays where it is at no cost.
    stay = np.where(np.eye(four, dtype=bool), np.float32(0), np.float32(-np.inf))
    steps = np.concatenate((step.astype(np.float32), stay[None])).transpose(1, 2, 0)
    gap = np.full(parts * length, len(step), dtype=np.intp)
    gap[: n - 1] = breaks[1:]
    gap = np.ascontiguousarray(gap.reshape(parts, length).T)
    into = np.zeros((parts * length, four), dtype=np.float32)
    into[: n - 1] = emissions[1:]
    into = np.ascontiguousarray(into.reshape(parts, length, four).transpose(1, 2, 0))
    # The best scores from each first to each last stage of a part, up to each of its units: (first, last, parts).
    totals = np.empty((length, four, four, parts), dtype=np.float32)
    totals[0] = steps.take(gap[0], axis=2) + into[0]
    for t in range(1, length):
        moves = steps.take(gap[t], axis=2) + into[t]
        best, before = totals[t], totals[t - 1]
        np.add(before[:, 0, None], moves[0], out=best)
        for middle in range(1, four):
            np.maximum(best, before[:, middle, None] + moves[middle], out=best)
    score, entered = emissions[0], []
    for part in totals[-1].transpose(2, 0, 1):
        ways = score[:, None] + part
        entered.append(ways.argmax(axis=0))
        score = ways.max(axis=0)
    begins, ends = np.empty(parts, dtype=np.intp), np.empty(parts, dtype=np.intp)
    state = int(score.argmax())
    for k in range(parts - 1, -1, -1):
        ends[k] = state
        begins[k] = state = int(entered[k][state])
    states = np.empty((parts, length), dtype=np.intp)
    every = np.arange(parts)
    here = ends
    for t in range(length - 1, 0, -1):
        states[:, t] = here
        moves = steps[:, here, gap[t]] + into[t][here, every]
        here = (totals[t - 1][begins, :, every].T + moves).argmax(axis=0)
    states[:, 0] = here
    return np.concatenate((begins[:1], states.ravel()[: n - 1]))


@functools.cache
def load_stage_model() -> StageModel:
    """Return the fitted weights that come with the package."""
    content = yaml.safe_load((resources.files("synth.style") / "stages.yaml").read_text(encoding="utf-8"))
    emission = np.array([content["emission"][name] for name in FEATURES], dtype=float)
    return StageModel(emission, np.array(content["step"], dtype=float))


def _unit_of(units: Units, positions: IntArray) -> IntArray:
    """Return the index of the unit that each position lies in."""
    index: IntArray = np.maximum(units.starts.searchsorted(positions, side="right") - 1, 0)
    return index


def _result_place(text: str) -> int:
    """Return where the number that the trace ends with is first given as a result (``= 27``, ``is 27``), or the end."""
    tail = _NUMBER.findall(text, max(0, len(text) - 300))
    if not tail:
        return len(text)
    number, place = tail[-1], -1
    for _ in range(_TRIES if len(number) <= _LONGEST_NUMBER else 0):
        place = text.find(number, place + 1)
        if place < 0:
            break
        after = text[place + len(number) : place + len(number) + 2]
        if not _GOES_ON.match(after) and _RESULT.search(text, max(0, place - 12), place):
            return place
    return len(text)
