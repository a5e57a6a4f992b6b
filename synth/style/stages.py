"""Stages: which part of a trace frames, explores, verifies or concludes.

A trace is cut into units (lines; sentences where a line is long), each unit is described by the
pivots and cues in it and by its place, and a linear chain of four states finds the best sequence
(Viterbi 1967; the weights are those of a conditional random field, Lafferty, McCallum & Pereira 2001,
fitted to hand-labelled traces by ``benchmarks/fit_stages.py``). No model is called.
"""

import functools
import itertools
import math
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
_ENDS_OF_RESULT = "=ste\u2248:($"
"""What the pattern above may end with, beside white space."""
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
_ROW = {name: row for row, name in enumerate(FEATURES)}
_SHORT = 60


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
    end = characters.length
    kept = breaks > 0
    line_starts = kept.nonzero()[0]
    lines = np.append(begins[line_starts], end)
    long_lines = lines[1:] - lines[:-1] > _LONG_LINE
    if long_lines.any():
        kept |= characters.sentence & np.repeat(long_lines, np.diff(np.append(line_starts, len(begins))))
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
    places = (found.pivots.starts, found.cues.starts, characters.equals, characters.questions)
    unit = units.starts.searchsorted(np.concatenate(places), side="right") - 1
    np.maximum(unit, 0, out=unit)
    first, second, third, _ = itertools.accumulate(map(len, places))
    pivot_unit, cue_unit, equation_unit, question_unit = unit[:first], unit[first:second], unit[second:third], unit[third:]
    kind = lexicon.pivot_kinds[found.pivots.phrases]
    out[0] = True
    out[1 + kind, pivot_unit] = True
    out[_cue_rows(lexicon)[found.cues.phrases], cue_unit] = True
    checks = words_before[pivot_unit[kind == KINDS.index("verification")]]
    if len(checks):
        since = words_before - np.concatenate(([-(10**9)], checks))[checks.searchsorted(words_before)]
        for reach in _RECENT:
            out[_ROW[f"verification within {reach} words before"]] = since <= reach
    _describe_marks(out, text, units, characters)
    if out[_ROW["code"]].any() and len(checks):
        np.logical_and(out[_ROW["code"]], since <= _RECENT[-1], out=out[_ROW["code for a check"]])
    out[_ROW["question"], question_unit] = True
    out[_ROW["equation"], equation_unit] = True
    out[_ROW["several equations"], equation_unit[1:][equation_unit[1:] == equation_unit[:-1]]] = True
    out[_ROW["short"]] = units.ends - units.starts < _SHORT
    _describe_places(out, words_before, words, closed)
    if closed:
        out[_ROW["after the result"], units.starts.searchsorted(_result_place(text), side="right") :] = True
    return out


def _describe_places(out: BoolArray, words_before: IntArray, words: int, closed: bool) -> None:
    """Say which units stand near the beginning or the end. Words grow from unit to unit, so it is the first or the last of them."""
    out[_ROW["first"], 0] = True
    heads = {f"within {reach} words of the beginning": math.ceil(min(reach, share * words)) for reach, share in _HEAD}
    heads["first tenth"] = math.ceil(words / 10)
    tails = {f"within {reach} words of the end": words - math.floor(min(reach, share * words)) for reach, share in _TAIL}
    tails["last tenth"] = math.ceil(words * 0.9)
    bounds = words_before.searchsorted((*heads.values(), *tails.values())).tolist()
    for name, bound in zip(heads, bounds, strict=False):
        out[_ROW[name], :bound] = True
    if closed:
        out[_ROW["last"], -1] = True
        for name, bound in zip(tails, bounds[len(heads) :], strict=True):
            out[_ROW[name], bound:] = True


def _describe_marks(out: BoolArray, text: str, units: Units, characters: Characters) -> None:
    """Say which units are numbered (``1.``, ``2)``), which are headings or set in bold (``# …``, ``**…``), what follows these, and which are code."""
    codes, starts = characters.codes, units.starts
    numbered, heading = out[_ROW["numbered"]], out[_ROW["heading"]]
    np.logical_and(among(codes[starts], "0123456789"), among(codes[starts + 1], ".)"), out=numbered)
    # Before the first character the two zeros after the last are looked up.
    before = codes[starts - 1]
    np.logical_or(among(before, "*#"), (before == 0x20) & (codes[starts - 2] == 0x23), out=heading)
    if "```" in text:
        fences = np.array([fence.start() for fence in _FENCE.finditer(text)], dtype=np.intp)
        code = out[_ROW["code"]]
        np.equal(fences.searchsorted(starts) % 2, 1, out=code)
        heading &= ~code
    marked = numbered | heading
    if marked.any():
        out[_ROW["after a numbered step or heading"], int(marked.argmax()) + 1 :] = True


@functools.cache
def _cue_rows(lexicon: Lexicon) -> IntArray:
    """Return the feature that each cue of a lexicon is."""
    return 1 + len(KINDS) + 2 * lexicon.cue_labels + ~lexicon.cues_at_start


def label(described: BoolArray, units: Units, model: StageModel) -> IntArray:
    """Return the best sequence of stages, as indices into STAGES, one a unit; *described* has shape (features, units)."""
    n = described.shape[1]
    if not n:
        return np.zeros(0, np.intp)
    emissions = described.T.astype(np.float32) @ model.emission.astype(np.float32)
    return _short_path(emissions, units.breaks, model.step) if n < _FEW else _long_path(emissions, units.breaks, model.step)


def _short_path(emissions: npt.NDArray[np.float32], breaks: IntArray, step: FloatArray) -> IntArray:  # noqa: PLR0912 - a loop over stages takes twice the time
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
        before = text[place - 1 : place]
        if before not in _ENDS_OF_RESULT and not before.isspace():
            continue
        after = text[place + len(number) : place + len(number) + 2]
        if not _GOES_ON.match(after) and _RESULT.search(text, max(0, place - 12), place):
            return place
    return len(text)
