"""Stages: which part of a trace frames, explores, verifies or concludes.

A trace is cut into units (lines; sentences where a line is long), each unit is described by the
pivots and cues in it and by its place, and a linear chain of four states finds the best sequence
(Viterbi 1967; the weights are those of a conditional random field, Lafferty, McCallum & Pereira 2001,
fitted to hand-labelled traces by ``benchmarks/fit_stages.py``). No model is called.
"""

import functools
import re
from dataclasses import dataclass
from importlib import resources

import numpy as np
import numpy.typing as npt
import yaml

from synth.style.characters import BoolArray, Characters, IntArray, among
from synth.style.lexicon import CUES, KINDS, STAGES, Lexicon, Matches

FloatArray = npt.NDArray[np.float64]
_LONG_LINE = 300
# Words from either end within which a unit's place says something of its stage.
_HEAD, _TAIL = (40, 120, 240), (30, 80)
# Words over which a check that has begun is taken to go on.
_RECENT = (60, 200)
_FENCE = re.compile("```")
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
    *(f"within {words} words of the beginning" for words in _HEAD),
    "last",
    *(f"within {words} words of the end" for words in _TAIL),
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
    line_starts = np.flatnonzero(breaks > 0)
    line_lengths = np.diff(np.append(begins[line_starts], end))
    long = np.repeat(line_lengths > _LONG_LINE, np.diff(np.append(line_starts, len(begins))))
    kept = (breaks > 0) | (characters.sentence & long)
    starts = begins[kept]
    return Units(starts, np.append(starts[1:], end), breaks[kept])


def features(text: str, units: Units, characters: Characters, words_before: IntArray, words: int, found: Matches, lexicon: Lexicon, closed: bool) -> FloatArray:
    """Describe units; returns an array of 0 and 1, shape (units, features).

    `words_before` has the words before each unit's start, `words` those of the trace; `closed` says that
    the trace has its end, so that the last units are the last.
    """
    n = len(units.starts)
    out = np.zeros((n, len(FEATURES)))
    if not n:
        return out
    out[:, 0] = 1
    pivot_unit, kind = _unit_of(units, found.pivots.starts), lexicon.pivot_kinds[found.pivots.phrases]
    out[pivot_unit, 1 + kind] = 1
    at_start = np.array([cue.at_start for cue in lexicon.cues])
    out[_unit_of(units, found.cues.starts), 1 + len(KINDS) + 2 * lexicon.cue_labels[found.cues.phrases] + ~at_start[found.cues.phrases]] = 1
    column = 1 + len(KINDS) + 2 * len(CUES)
    checks = words_before[pivot_unit[kind == KINDS.index("verification")]]
    since = words_before - np.concatenate(([-(10**9)], checks))[np.searchsorted(checks, words_before)]
    for reach in _RECENT:
        out[:, column] = since <= reach
        column += 1
    out[:, column] = closed & (units.starts > _result_place(text))
    numbered, heading = marked(text, units, characters)
    out[:, column + 1], out[:, column + 2] = numbered, heading
    out[1:, column + 3] = np.logical_or.accumulate(numbered | heading)[:-1]
    code = in_code(text, units.starts)
    out[:, column + 4], out[:, column + 5] = code, code & (since <= _RECENT[-1])
    column += 6
    out[_unit_of(units, characters.questions), column] = 1
    equations = np.bincount(_unit_of(units, characters.equals), minlength=n)
    out[:, column + 1], out[:, column + 2] = equations > 0, equations > 1
    column += 3
    out[0, column] = 1
    for i, reach in enumerate(_HEAD, column + 1):
        out[:, i] = words_before < reach
    column += 1 + len(_HEAD)
    left = words - words_before
    if closed:
        out[-1, column] = 1
        for i, reach in enumerate(_TAIL, column + 1):
            out[:, i] = left <= reach
    column += 1 + len(_TAIL)
    out[:, column] = words_before < words / 10
    out[:, column + 1] = closed & (words_before >= words * 0.9)
    out[:, column + 2] = units.ends - units.starts < 60
    return out


def in_code(text: str, places: IntArray) -> BoolArray:
    """Say which places lie within a fenced block of code."""
    fences = np.array([fence.start() for fence in _FENCE.finditer(text)], dtype=np.intp)
    inside: BoolArray = np.searchsorted(fences, places) % 2 == 1
    return inside


def marked(text: str, units: Units, characters: Characters) -> tuple[BoolArray, BoolArray]:
    """Say which units are numbered (``1.``, ``2)``) and which are headings or set in bold (``# …``, ``**…``)."""
    codes, last = characters.codes, len(characters.codes) - 1
    first, second = codes[units.starts], codes[np.minimum(units.starts + 1, last)]
    numbered = among(first, "0123456789") & among(second, ".)")
    before, twice = codes[np.maximum(units.starts - 1, 0)], codes[np.maximum(units.starts - 2, 0)]
    heading = (units.starts > 0) & (among(before, "*#") | (among(before, " ") & among(twice, "#")))
    return numbered, heading & ~in_code(text, units.starts)


def label(described: FloatArray, units: Units, model: StageModel) -> IntArray:
    """Return the best sequence of stages, as indices into STAGES, one a unit."""
    n = len(described)
    if not n:
        return np.zeros(0, np.intp)
    emissions = (described @ model.emission).tolist()
    steps = model.step.tolist()
    breaks = units.breaks.tolist()
    # Plain numbers, written out: four states are too few for array operations to pay.
    a, b, c, d = emissions[0]
    path = [(a, b, c, d)]
    for t in range(1, n):
        from_a, from_b, from_c, from_d = steps[breaks[t]]
        emission = emissions[t]
        a, b, c, d = (
            max(a + from_a[0], b + from_b[0], c + from_c[0], d + from_d[0]) + emission[0],
            max(a + from_a[1], b + from_b[1], c + from_c[1], d + from_d[1]) + emission[1],
            max(a + from_a[2], b + from_b[2], c + from_c[2], d + from_d[2]) + emission[2],
            max(a + from_a[3], b + from_b[3], c + from_c[3], d + from_d[3]) + emission[3],
        )
        path.append((a, b, c, d))
    four = range(len(STAGES))
    state = max(four, key=path[-1].__getitem__)
    best = [state]
    for t in range(n - 1, 0, -1):
        step, before = steps[breaks[t]], path[t - 1]
        ways = [before[i] + step[i][state] for i in four]
        state = ways.index(max(ways))
        best.append(state)
    return np.array(best[::-1], dtype=np.intp)


@functools.cache
def load_stage_model() -> StageModel:
    """Return the fitted weights that come with the package."""
    content = yaml.safe_load((resources.files("synth.style") / "stages.yaml").read_text(encoding="utf-8"))
    emission = np.array([content["emission"][name] for name in FEATURES], dtype=float)
    return StageModel(emission, np.array(content["step"], dtype=float))


def _unit_of(units: Units, positions: IntArray) -> IntArray:
    """Return the index of the unit that each position lies in."""
    index: IntArray = np.maximum(np.searchsorted(units.starts, positions, side="right") - 1, 0)
    return index


def _result_place(text: str) -> int:
    """Return where the number that the trace ends with is first given as a result (``= 27``, ``is 27``), or the end."""
    tail = _NUMBER.findall(text, max(0, len(text) - 300))
    if not tail:
        return len(text)
    number = tail[-1]
    place = text.find(number)
    while place >= 0:
        after = text[place + len(number) : place + len(number) + 2]
        if not _GOES_ON.match(after) and _RESULT.search(text, max(0, place - 12), place):
            return place
        place = text.find(number, place + 1)
    return len(text)
