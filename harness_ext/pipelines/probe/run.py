"""The loop of ``stylerep probe``: make variants of traces, force answers after them, keep what came of it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from distill.reading.reader import TreeReader
from harness_ext.pipelines.kept_rows import KeptRows
from harness_ext.pipelines.probe.forced_answers import ANSWER_PROMPT, ForcedAnswer, ForcedAnswers
from harness_ext.pipelines.probe.items import ProbeItem, ProbeItems, read_items
from harness_ext.pipelines.probe.report import ProbeReport, report_of
from harness_ext.pipelines.probe.resampling import Resampler
from harness_ext.pipelines.probe.sentences import sentences_of
from harness_ext.pipelines.probe.shaded import ShadedTrace, shaded_traces
from harness_ext.pipelines.probe.variants import TraceVariant, spread, variants_of
from harness_ext.pipelines.probed_runs import PROBES, ProbedRun
from harness_ext.pipelines.student import load_named_model
from synth.errors import StylerepError
from synth.files.output_files import write_output
from synth.progress import stage, turn_to

_ITEMS = 4
"""Items whose traces are read together."""
Row = dict[str, Any]
_COLUMNS = {
    **dict.fromkeys(("run", "arm", "task", "item", "probe", "kind", "stage", "detail"), pa.string()),
    **dict.fromkeys(("sentence", "sentences", "proof"), pa.int32()),
    **dict.fromkeys(("share", "p_answer", "p_stated", "p_followed"), pa.float64()),
    **dict.fromkeys(("right", "keeps", "follows"), pa.bool_()),
    **dict.fromkeys(("effect", "effect_right", "effect_stated", "effect_keeps"), pa.float64()),
}
SCHEMA = pa.schema(list(_COLUMNS.items()))


@dataclass(frozen=True, slots=True)
class ProbeSettings:
    """Which `probes` are made of how many items of each task (`n`, None: all), the `seed` of what they draw,
    the most sentences of a trace that are probed one by one, what `asks` for the answer, and from before each
    sentence how many draws are written anew (`resample`, 0 for none).
    """

    probes: tuple[str, ...] = PROBES
    n: int | None = None
    seed: int = 0
    sentences: int | None = 40
    asks: str = ANSWER_PROMPT
    resample: int = 0


def probe(
    runs: Sequence[ProbedRun],
    out: Path,
    settings: ProbeSettings | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> ProbeReport:
    """Probe the traces of runs, each with the model that wrote it, and write a row for every variant of every
    trace to *out* (Parquet).

    What is known lies in ``OUT.unfinished.jsonl`` until the table stands: the same call goes on where one was
    killed. Raises StylerepError for a run without a response that can be probed, and what its model can't be.
    """
    settings = settings or ProbeSettings()
    read = _read(runs, settings.n, say)
    kept = KeptRows(
        out,
        {
            "runs": [run.record() for run in runs],
            "probes": list(settings.probes),
            "items of each task": settings.n,
            "seed": settings.seed,
            "sentences": settings.sentences,
            "what asks": settings.asks,
            "draws": settings.resample,
        },
    )
    try:
        table: list[Row] = []
        shaded: list[ShadedTrace] = []
        for run, items in read:
            _tell_left_out(run, items, say)
            rows = _probed(run, items.items, settings, kept, say)
            table += rows
            shaded += shaded_traces(run.name, items.items, rows)
        write_output(out, table_bytes(table))
        kept.remove()
    finally:
        kept.close()
    return replace(report_of(table), shaded=shaded)


def _read(
    runs: Sequence[ProbedRun], n: int | None, say: Callable[[str], None]
) -> list[tuple[ProbedRun, ProbeItems]]:
    """Return runs with their items; of several, those that have none are left out, which is said."""
    found = []
    for run in runs:
        try:
            found.append((run, read_items(run.folder, n)))
        except StylerepError as error:
            if len(runs) == 1:
                raise
            say(f"{error} It is left out.")
    if not found:
        raise StylerepError("None of these runs has a response that can be probed.")
    return found


def table_bytes(table: Sequence[Row]) -> bytes:
    """Return a table of rows as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(list(table), SCHEMA), sink, compression="zstd")
    return bytes(sink.getvalue())


def _tell_left_out(run: ProbedRun, items: ProbeItems, say: Callable[[str], None]) -> None:
    for reason, count in items.left_out.most_common():
        say(f"{run.name}: {count:,} responses are left out, since {reason}.")


def _probed(
    run: ProbedRun,
    items: Sequence[ProbeItem],
    settings: ProbeSettings,
    kept: KeptRows,
    say: Callable[[str], None],
) -> list[Row]:
    keys = [f"{run.name}\n{item.task}\n{item.item}" for item in items]
    waiting = [number for number, key in enumerate(keys) if key not in kept]
    if len(waiting) < len(items):
        say(f"{run.name}: going on after {len(items) - len(waiting):,} of {len(items):,} items.")
    if waiting:
        turn_to(f"{run.name}: loading the model")
        loaded = load_named_model(run.model, run.adapter, say)
        reader = TreeReader(loaded.model)
        forced = ForcedAnswers(reader, loaded.tokenizer, loaded.longest, settings.asks)
        again = Resampler(loaded, settings.resample, settings.seed) if settings.resample else None
        answers = {item.task: _answers(items, item.task) for item in items}
        with stage(f"{run.name}: probing traces", len(waiting), "items") as at:
            for done in range(0, len(waiting), _ITEMS):
                block = waiting[done : done + _ITEMS]
                variants = [
                    variants_of(
                        items[number],
                        _another(items, number),
                        answers[items[number].task],
                        settings.seed,
                        settings.probes,
                        settings.sentences,
                    )
                    for number in block
                ]
                found = probe_items([items[number] for number in block], variants, forced)
                for number, rows in zip(block, found, strict=True):
                    if again is not None:
                        own = sentences_of(items[number])
                        rows.extend(again.rows(items[number], own, spread(len(own), settings.sentences)))
                    kept.keep(keys[number], [{"run": run.name, "arm": run.arm, **row} for row in rows])
                if not done and reader.note:
                    say(f"{run.name}: traces are read one by one: {reader.note}.")
                at.advance(len(block))
    return [row for key in keys for row in kept[key]]


def probe_items(
    items: Sequence[ProbeItem], variants: Sequence[Sequence[TraceVariant]], forced: ForcedAnswers
) -> list[list[Row]]:
    """Return the rows of some items, a row for each variant of each; the first variant of each is its whole
    trace.
    """
    asked: dict[tuple[int, str, str], None] = {}
    for number, (item, own) in enumerate(zip(items, variants, strict=True)):
        for one in own:
            for answer in (item.wanted, item.stated, one.followed):
                if answer is not None:
                    asked.setdefault((number, one.trace, answer))
    scores = forced.score([(items[number], trace, answer) for number, trace, answer in asked])
    found = dict(zip(asked, scores, strict=True))
    return [
        _rows(item, own, {(trace, answer): one for (n, trace, answer), one in found.items() if n == number})
        for number, (item, own) in enumerate(zip(items, variants, strict=True))
    ]


def _rows(
    item: ProbeItem,
    variants: Sequence[TraceVariant],
    found: Mapping[tuple[str, str], ForcedAnswer | None],
) -> list[Row]:
    whole = _outcome(item, variants[0], found)
    count = 1 + max((one.sentence for one in variants if one.sentence is not None), default=-1)
    rows = []
    for one in variants:
        own = _outcome(item, one, found)
        rows.append(
            {
                "task": item.task,
                "item": item.item,
                "probe": one.probe,
                "kind": one.kind or None,
                "stage": one.stage or None,
                "detail": one.detail or None,
                "sentence": one.sentence,
                "sentences": count,
                "proof": one.proof,
                "share": one.share if one.probe == "early" or one.sentence is not None else None,
                **own,
                "effect": _less(whole["p_answer"], own["p_answer"]),
                "effect_right": _less(whole["right"], own["right"]),
                "effect_stated": _less(whole["p_stated"], own["p_stated"]),
                "effect_keeps": _less(whole["keeps"], own["keeps"]),
            }
        )
    return rows


def _outcome(item: ProbeItem, one: TraceVariant, found: Mapping[tuple[str, str], ForcedAnswer | None]) -> Row:
    right = found[one.trace, item.wanted]
    stated = found[one.trace, item.stated] if item.stated is not None else None
    followed = found[one.trace, one.followed] if one.followed is not None else None
    return {
        "p_answer": right.probability if right else None,
        "p_stated": stated.probability if stated else None,
        "p_followed": followed.probability if followed else None,
        "right": right.greedy if right else None,
        "keeps": stated.greedy if stated else None,
        "follows": followed.greedy if followed else None,
    }


def _less(one: Any, other: Any) -> float | None:
    return None if one is None or other is None else float(one) - float(other)


def _answers(items: Sequence[ProbeItem], task: str) -> list[str]:
    return list(dict.fromkeys(item.answer for item in items if item.task == task))


def _another(items: Sequence[ProbeItem], number: int) -> ProbeItem | None:
    """Return the next item of the same task, the first after the last."""
    own = items[number]
    others = (*items[number + 1 :], *items[:number])
    return next((one for one in others if one.task == own.task and one.item != own.item), None)
