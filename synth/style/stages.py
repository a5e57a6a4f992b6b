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

from synth.style.characters import BoolArray, Characters, IntArray, Texts, among
from synth.style.lexicon import CUES, KINDS, STAGES, Lexicon, Matches

FloatArray = npt.NDArray[np.float64]
_LONG_LINE = 300
_FEW = 400
"""Units below which a plain loop is faster."""
_ALONE = 5
"""So many of the longest sequences are not worth to be laid beside others."""
# Words from either end within which a unit's place says something of its stage,
# and the share of the trace that this may be at most.
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
_HEAD_ROWS = [*(_ROW[f"within {words} words of the beginning"] for words, _ in _HEAD), _ROW["first tenth"]]
_TAIL_ROWS = [*(_ROW[f"within {words} words of the end"] for words, _ in _TAIL), _ROW["last tenth"]]
_SHORT = 60


@dataclass(frozen=True, slots=True)
class Units:
    """The pieces of a trace that are labelled: character spans, and line breaks (0, 1,
    2 or more) before each.
    """

    starts: IntArray
    ends: IntArray
    breaks: IntArray


@dataclass(frozen=True, slots=True)
class StageModel:
    """Weights of the chain: (features, 4) for emissions, (3, 4, 4) for steps by line breaks between,
    in the order of STAGES.
    """

    emission: FloatArray
    step: FloatArray


def cut(texts: Texts, characters: Characters) -> Units:
    """Cut traces into units: at line breaks, and within lines of over 300 characters at sentence ends."""
    begins, breaks = characters.begins, characters.breaks
    if not len(begins):
        return Units(begins, begins, begins)
    kept = breaks > 0
    line_starts = kept.nonzero()[0]
    lines = begins[line_starts]
    long_lines = following(lines, texts.edges(lines), texts.ends) - lines > _LONG_LINE
    if long_lines.any():
        kept |= characters.sentence & np.repeat(long_lines, np.diff(np.append(line_starts, len(begins))))
    starts, gaps = begins[kept], breaks[kept]
    edges = texts.edges(starts)
    blank = gaps > 1
    blank[edges[:-1]] = False  # the first unit of a trace follows nothing
    blanks = np.logical_or.reduceat(blank, edges[:-1])
    if not blanks.all():  # a trace without blank lines has its paragraphs on single ones
        gaps = np.where(np.repeat(blanks, edges[1:] - edges[:-1]), gaps, 2 * (gaps > 0))
    return Units(starts, following(starts, edges, texts.ends), gaps)


def following(values: IntArray, edges: IntArray, last: IntArray) -> IntArray:
    """Return for each of the values of many texts the next one and, for the last one of each text,
    what *last* has for that text.
    """
    after = np.empty_like(values)
    if len(values):
        after[:-1] = values[1:]
        after[edges[1:] - 1] = last
    return after


def cut_steps(text: str) -> tuple[list[str], list[str]]:
    """Return the units of a text, list marks and all, and the white space after each; together they are the
    text, but for white space before the first.
    """
    texts = Texts.lay([text])
    units = cut(texts, texts.look())
    # The style scorer's units begin with their first word; here a line begins where it begins.
    starts = [
        text.rfind("\n", 0, start) + 1 if gap else start
        for start, gap in zip(units.starts.tolist(), units.breaks.tolist(), strict=True)
    ]
    steps: list[str] = []
    gaps: list[str] = []
    for start, end in itertools.pairwise((*starts, len(text)) if starts else ()):
        piece = text[start:end] if steps else text[start:end].lstrip()
        steps.append(piece.rstrip())
        gaps.append(piece[len(steps[-1]) :])
    return steps, gaps


def features(
    texts: Texts,
    units: Units,
    characters: Characters,
    words_before: IntArray,
    words: IntArray,
    found: Matches,
    lexicon: Lexicon,
    closed: BoolArray,
) -> BoolArray:
    """Describe the units of traces; returns an array of yes and no, shape (features, units).

    `words_before` has the words of its trace before each unit's start, `words` those of each trace; `closed`
    says whether a trace has its end, so that its last units are the last.
    """
    n = len(units.starts)
    out = np.zeros((len(FEATURES), n), dtype=bool)
    if not n:
        return out
    owner, edges = texts.owners(units.starts), texts.edges(units.starts)
    places = (found.pivots.starts, found.cues.starts, characters.equals, characters.questions)
    every_place = np.concatenate(places)
    # What stands before the first unit of its trace is taken for a part of that.
    unit = np.maximum(
        units.starts.searchsorted(every_place, side="right") - 1, edges[texts.owners(every_place)]
    )
    first, second, third, _ = itertools.accumulate(map(len, places))
    pivot_unit, cue_unit, equation_unit, question_unit = (
        unit[:first],
        unit[first:second],
        unit[second:third],
        unit[third:],
    )
    kind = lexicon.pivot_kinds[found.pivots.phrases]
    out[0] = True
    out[1 + kind, pivot_unit] = True
    out[_cue_rows(lexicon)[found.cues.phrases], cue_unit] = True
    _describe_marks(out, texts, units, characters)
    check_unit = pivot_unit[kind == KINDS.index("verification")]
    if len(check_unit):
        # Traces are put too far apart for a check in one to be near the next.
        apart = words_before + owner * (int(words.max()) + 2 * _RECENT[-1])
        checks = np.append(-(10**9), apart[check_unit])
        since = apart - checks[checks[1:].searchsorted(apart)]
        for reach in _RECENT:
            out[_ROW[f"verification within {reach} words before"]] = since <= reach
        np.logical_and(out[_ROW["code"]], since <= _RECENT[-1], out=out[_ROW["code for a check"]])
    out[_ROW["question"], question_unit] = True
    out[_ROW["equation"], equation_unit] = True
    out[_ROW["several equations"], equation_unit[1:][equation_unit[1:] == equation_unit[:-1]]] = True
    out[_ROW["short"]] = units.ends - units.starts < _SHORT
    _describe_places(out, owner, edges, words_before, words, closed)
    results = [
        _result_place(text) if end else len(text)
        for text, end in zip(texts.each, closed.tolist(), strict=True)
    ]
    out[_ROW["after the result"]] = units.starts > (texts.starts + results)[owner]
    return out


def _describe_places(
    out: BoolArray,
    owner: IntArray,
    edges: IntArray,
    words_before: IntArray,
    words: IntArray,
    closed: BoolArray,
) -> None:
    """Say which units stand near the beginning or the end of their trace."""
    out[_ROW["first"], edges[:-1]] = True
    heads, tails = np.array(_HEAD), np.array(_TAIL)
    bounds = np.append(np.minimum(heads[:, :1], heads[:, 1:] * words), [words / 10], axis=0)
    out[_HEAD_ROWS] = words_before < np.ceil(bounds)[:, owner]
    out[_ROW["last"], edges[1:] - 1] = closed
    bounds = np.append(
        words - np.floor(np.minimum(tails[:, :1], tails[:, 1:] * words)), [np.ceil(words * 0.9)], axis=0
    )
    out[_TAIL_ROWS] = (words_before >= bounds[:, owner]) & closed[owner]


def _describe_marks(out: BoolArray, texts: Texts, units: Units, characters: Characters) -> None:
    """Say which units are numbered (``1.``, ``2)``), which are headings or set in bold (``# …``, ``**…``),
    what follows these, and which are code.
    """
    codes, starts = characters.codes, units.starts
    numbered, heading = out[_ROW["numbered"]], out[_ROW["heading"]]
    np.logical_and(among(codes[starts], "0123456789"), among(codes[starts + 1], ".)"), out=numbered)
    # Before the first character the two zeros after the last are looked up.
    before = codes[starts - 1]
    np.logical_or(among(before, "*#"), (before == 0x20) & (codes[starts - 2] == 0x23), out=heading)
    code = out[_ROW["code"]]
    code[:] = in_code(texts, starts)
    heading &= ~code
    marked = numbered | heading
    if marked.any():
        before_it = np.append(0, np.cumsum(marked))
        edges = texts.edges(starts)
        np.greater(
            before_it[:-1],
            np.repeat(before_it[edges[:-1]], np.diff(edges)),
            out=out[_ROW["after a numbered step or heading"]],
        )


def in_code(texts: Texts, positions: IntArray) -> BoolArray:
    """Say which positions stand after an odd number of the fences (three backticks) of their text."""
    if "```" not in texts.joined:
        return np.zeros(len(positions), dtype=bool)
    fences = np.array([fence.start() for fence in _FENCE.finditer(texts.joined)], dtype=np.intp)
    inside: BoolArray = (
        fences.searchsorted(positions) - fences.searchsorted(texts.starts)[texts.owners(positions)]
    ) % 2 == 1
    return inside


@functools.cache
def _cue_rows(lexicon: Lexicon) -> IntArray:
    """Return the feature that each cue of a lexicon is."""
    return 1 + len(KINDS) + 2 * lexicon.cue_labels + ~lexicon.cues_at_start


def label(described: BoolArray, breaks: IntArray, edges: IntArray, model: StageModel) -> IntArray:
    """Return the best sequence of stages of each trace, as indices into STAGES, one a unit.

    *described* has shape (features, units), *breaks* the line breaks before each unit, and *edges* where the
    units of each trace begin among all, and as a last entry how many there are.
    """
    best = np.zeros(described.shape[1], np.intp)
    units, emission = described.T.astype(np.float32), model.emission.astype(np.float32)
    emissions = np.empty((len(best), len(STAGES)), dtype=np.float32)
    # more at once would start threads, which cost more than they gain
    for begin in range(0, len(best), _FEW):
        np.matmul(units[begin : begin + _FEW], emission, out=emissions[begin : begin + _FEW])
    sizes = np.diff(edges)
    longest_first = np.argsort(-sizes, kind="stable")[: np.count_nonzero(sizes)]
    begins, sizes = edges[longest_first], sizes[longest_first]
    long = int(np.count_nonzero(sizes >= _FEW))
    if long:
        _long_paths(best, emissions, breaks, begins[:long], sizes[:long], model.step)
    for begin, size in zip(
        begins[long : long + _ALONE].tolist(), sizes[long : long + _ALONE].tolist(), strict=True
    ):
        best[begin : begin + size] = _short_path(
            emissions[begin : begin + size], breaks[begin : begin + size], model.step
        )
    if len(sizes) > long + _ALONE:
        _paths_beside(best, emissions, breaks, begins[long + _ALONE :], sizes[long + _ALONE :], model.step)
    return best


def _paths_beside(
    best: IntArray,
    emissions: npt.NDArray[np.float32],
    breaks: IntArray,
    begins: IntArray,
    sizes: IntArray,
    step: FloatArray,
) -> None:
    """Write the best paths of many sequences, the longest first, into *best*: what `_short_path` does,
    one unit of each at a time.
    """
    steps = np.ascontiguousarray(step.transpose(1, 2, 0))
    length, four = int(sizes[0]), len(STAGES)
    unit = np.minimum(begins + np.arange(length)[:, None], len(best) - 1)
    going = (sizes > np.arange(length + 1)[:, None]).sum(axis=1).tolist()
    own = np.ascontiguousarray(emissions[unit].transpose(0, 2, 1), dtype=np.float64)
    gaps = breaks[unit]
    scores = np.empty((length, four, len(sizes)))
    scores[0] = own[0]
    for t in range(1, length):
        here = going[t]
        ways = scores[t - 1, :, None, :here] + steps.take(gaps[t, :here], axis=2)
        np.add(ways.max(axis=0), own[t, :, :here], out=scores[t, :, :here])
    state = np.zeros(len(sizes), dtype=np.intp)
    for t in range(length - 1, -1, -1):
        here, on = going[t], going[t + 1]
        state[on:here] = scores[t, :, on:here].argmax(axis=0)
        if on:
            state[:on] = (scores[t, :, :on] + steps[:, state[:on], gaps[t + 1, :on]]).argmax(axis=0)
        best[unit[t, :here]] = state[:here]


def _short_path(emissions: npt.NDArray[np.float32], breaks: IntArray, step: FloatArray) -> IntArray:  # noqa: PLR0912 - a loop over stages takes twice the time
    """Viterbi in plain numbers, written out: four states are too few for array operations,
    or calls of max, to pay.
    """
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


def _long_paths(
    best: IntArray,
    emissions: npt.NDArray[np.float32],
    breaks: IntArray,
    begins: IntArray,
    sizes: IntArray,
    step: FloatArray,
) -> None:
    """Write the best paths of long sequences into *best*: over all their parts at once, for every stage that
    a part may begin in, then from part to part.

    Arrays have the parts last, so that each operation runs over many numbers that lie side by side.
    """
    four = len(STAGES)
    lengths = np.maximum(np.sqrt(sizes).astype(np.intp), 1)
    counts = -(-(sizes - 1) // lengths)
    first = np.append(0, np.cumsum(counts))
    of = np.repeat(np.arange(len(sizes)), counts)
    length, parts = int(lengths.max()), len(of)
    place = (np.arange(parts) - first[of]) * lengths[of] + np.arange(length)[:, None]
    there = (np.arange(length)[:, None] < lengths[of]) & (place < sizes[of] - 1)
    unit = np.where(there, begins[of] + 1 + place, 0)
    # A last kind of step is for what is past the end, which stays where it is at no cost.
    stay = np.where(np.eye(four, dtype=bool), np.float32(0), np.float32(-np.inf))
    steps = np.concatenate((step.astype(np.float32), stay[None])).transpose(1, 2, 0)
    gap = np.where(there, breaks[unit], len(step))
    into = np.ascontiguousarray(np.where(there[..., None], emissions[unit], np.float32(0)).transpose(0, 2, 1))
    # The best scores from each first to each last stage of a part, up to each of its units: (first,
    # last, parts).
    totals = np.empty((length, four, four, parts), dtype=np.float32)
    totals[0] = steps.take(gap[0], axis=2) + into[0]
    for t in range(1, length):
        moves = steps.take(gap[t], axis=2) + into[t]
        total, before = totals[t], totals[t - 1]
        np.add(before[:, 0, None], moves[0], out=total)
        for middle in range(1, four):
            np.maximum(total, before[:, middle, None] + moves[middle], out=total)
    opens, closes = np.empty(parts, dtype=np.intp), np.empty(parts, dtype=np.intp)
    for begin, (one, end) in zip(begins.tolist(), itertools.pairwise(first.tolist()), strict=True):
        score, entered = emissions[begin], []
        for part in totals[-1, :, :, one:end].transpose(2, 0, 1):
            ways = score[:, None] + part
            entered.append(ways.argmax(axis=0))
            score = ways.max(axis=0)
        state = int(score.argmax())
        for k in range(end - 1, one - 1, -1):
            closes[k] = state
            opens[k] = state = int(entered[k - one][state])
        best[begin] = state
    every = np.arange(parts)
    here = closes
    for t in range(length - 1, -1, -1):
        best[unit[t, there[t]]] = here[there[t]]
        if t:
            moves = steps[:, here, gap[t]] + into[t][here, every]
            here = (totals[t - 1][opens, :, every].T + moves).argmax(axis=0)


@functools.cache
def load_stage_model() -> StageModel:
    """Return the fitted weights that come with the package."""
    content = yaml.safe_load((resources.files("synth.style") / "stages.yaml").read_text(encoding="utf-8"))
    emission = np.array([content["emission"][name] for name in FEATURES], dtype=float)
    return StageModel(emission, np.array(content["step"], dtype=float))


def _result_place(text: str) -> int:
    """Return where the number that the trace ends with is first given as a result (``= 27``, ``is 27``),
    or the end.
    """
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
