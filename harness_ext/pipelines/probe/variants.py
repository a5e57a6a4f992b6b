"""The traces that one trace is probed with: cut short, made wrong, without a part, with another in its place.

| probe | the trace |
|---|---|
| ``none`` | empty |
| ``early`` | up to and with a sentence; after the last one it is the whole trace |
| ``delete`` | without one sentence, or without the pivots in it (kind ``pivot``) |
| ``delete_all`` | without all sentences of a kind, or without all pivots |
| ``corrupt`` | a number or name of one step or conclusion made wrong, there alone |
| ``carry`` | the same, and wherever it stands after that |
| ``paraphrase`` | an equation said in other words |
| ``pivots_within``, ``pivots_between`` | every pivot made another of its kind, or of another kind |
| ``filler`` | as many full stops as it has words |
| ``swap`` | that of another item |
"""

from collections.abc import Sequence
from dataclasses import dataclass

from harness_ext.pipelines.probe.edits import corruption, everywhere_after, exchanged_pivots, said_otherwise
from harness_ext.pipelines.probe.items import ProbeItem
from harness_ext.pipelines.probe.sentences import KINDS, TraceSentence, sentences_of
from harness_ext.pipelines.probed_runs import PROBES
from synth.seeding import generator
from synth.style import load_lexicon, without_pivots
from synth.style.language import language_of
from synth.traces.alterations import dots

PIVOT = "pivot"
_CORRUPTED = ("step", "conclusion")


@dataclass(frozen=True, slots=True)
class TraceVariant:
    """A trace to be read in place of the model's own, and what was done to it.

    `sentence` is the number of the sentence that it is about, from 0 on, None where it is about the whole;
    `kind` and `stage` are that sentence's, and `proof` the fact of the proof that it takes. `share` is how
    much of the words is left of an ``early`` trace, or stands before the sentence. `detail` says what was
    changed, and `followed` is the answer that follows from that, where it is known.
    """

    probe: str
    trace: str
    sentence: int | None = None
    kind: str = ""
    stage: str = ""
    proof: int | None = None
    share: float = 0.0
    detail: str = ""
    followed: str | None = None


def variants_of(
    item: ProbeItem,
    other: ProbeItem | None,
    answers: Sequence[str],
    seed: int,
    probes: Sequence[str] = PROBES,
    most: int | None = None,
) -> list[TraceVariant]:
    """Return the traces that an item is probed with; the whole trace is there in any case, once.

    *other* is the item whose trace is swapped in, *answers* are those of the task. Of a trace with over
    *most* sentences so many, evenly spread, are probed one by one.
    """
    found = sentences_of(item)
    chosen = spread(len(found), most)
    made = [TraceVariant("early", item.trace, len(found) - 1 if found else None, share=1.0)]
    if found:
        made[0] = _about(item, found, len(found) - 1, "early", item.trace, share=1.0)
    if "none" in probes:
        made.append(TraceVariant("none", ""))
    for number in chosen:
        made += _of_sentence(item, found, number, answers, seed, probes)
    made += _of_kinds(item, found, probes)
    made += _of_whole(item, found, other, seed, probes)
    return made


def spread(count: int, most: int | None) -> list[int]:
    """Return the numbers of at most *most* sentences of *count*, evenly spread."""
    if most is None or count <= most:
        return list(range(count))
    return sorted({round(place * (count - 1) / max(most - 1, 1)) for place in range(most)})


def _about(
    item: ProbeItem,
    found: Sequence[TraceSentence],
    number: int,
    probe: str,
    trace: str,
    *,
    kind: str | None = None,
    share: float | None = None,
    detail: str = "",
    followed: str | None = None,
) -> TraceVariant:
    """Return a variant that is about one sentence."""
    one = found[number]
    if share is None:
        share = _words(item.trace[: one.start]) / max(_words(item.trace), 1)
    proof = None if kind else one.proof
    return TraceVariant(probe, trace, number, kind or one.kind, one.stage, proof, share, detail, followed)


def _of_sentence(
    item: ProbeItem,
    found: Sequence[TraceSentence],
    number: int,
    answers: Sequence[str],
    seed: int,
    probes: Sequence[str],
) -> list[TraceVariant]:
    one, trace, made = found[number], item.trace, []
    text = trace[one.start : one.end]
    if "early" in probes and number < len(found) - 1:
        share = _words(trace[: one.end]) / max(_words(trace), 1)
        made.append(_about(item, found, number, "early", trace[: one.end], share=share))
    if "delete" in probes:
        made.append(_about(item, found, number, "delete", _without(trace, [one])))
        if one.pivots:
            bare = without_pivots(trace, one.pivots)
            made.append(_about(item, found, number, "delete", bare, kind=PIVOT, detail=one.pivots[0].kind))
    if one.kind in _CORRUPTED and ("corrupt" in probes or "carry" in probes):
        rng = generator("probe", seed, item.task, item.item, number)
        if change := corruption(item, text, answers, rng):
            start, end, new = one.start + change[0], one.start + change[1], change[2]
            old = trace[start:end]
            followed = new if item.stated is not None and _same(old, item.stated) else None
            detail = f"{old} -> {new}"
            for probe, wrong in (
                ("corrupt", trace[:start] + new + trace[end:]),
                ("carry", everywhere_after(trace, start, old, new)),
            ):
                if probe in probes:
                    made.append(_about(item, found, number, probe, wrong, detail=detail, followed=followed))
    if "paraphrase" in probes and (said := said_otherwise(text)) is not None:
        other = trace[: one.start] + said + trace[one.end :]
        made.append(_about(item, found, number, "paraphrase", other))
    return made


def _of_kinds(item: ProbeItem, found: Sequence[TraceSentence], probes: Sequence[str]) -> list[TraceVariant]:
    if "delete_all" not in probes:
        return []
    made = [
        TraceVariant("delete_all", _without(item.trace, own), kind=kind, detail=f"{len(own)} sentences")
        for kind in KINDS
        if (own := [one for one in found if one.kind == kind])
    ]
    if pivots := [pivot for one in found for pivot in one.pivots]:
        bare = without_pivots(item.trace, pivots)
        made.append(TraceVariant("delete_all", bare, kind=PIVOT, detail=f"{len(pivots)} pivots"))
    return made


def _of_whole(
    item: ProbeItem,
    found: Sequence[TraceSentence],
    other: ProbeItem | None,
    seed: int,
    probes: Sequence[str],
) -> list[TraceVariant]:
    made = []
    pivots = [pivot for one in found for pivot in one.pivots]
    lexicon = load_lexicon(language_of(item.trace))
    for probe, within in (("pivots_within", True), ("pivots_between", False)):
        if probe in probes and pivots:
            rng = generator("probe", probe, seed, item.task, item.item)
            text = exchanged_pivots(item.trace, pivots, lexicon, rng, within)
            made.append(TraceVariant(probe, text, kind=PIVOT, detail=f"{len(pivots)} pivots"))
    if "filler" in probes:
        made.append(TraceVariant("filler", dots(_words(item.trace))))
    if "swap" in probes and other is not None:
        made.append(TraceVariant("swap", other.trace, detail=other.item))
    return made


def _without(trace: str, gone: Sequence[TraceSentence]) -> str:
    """Return a trace without some of its sentences, and the white space after each."""
    kept, place = [], 0
    for one in gone:
        kept.append(trace[place : one.start])
        rest = trace[one.end :]
        place = one.end + len(rest) - len(rest.lstrip())
    kept.append(trace[place:])
    return "".join(kept).rstrip()


def _words(text: str) -> int:
    return len(text.split())


def _same(one: str, other: str) -> bool:
    return one.strip().casefold().replace(",", "") == other.strip().casefold().replace(",", "")
