"""Reads the traces whose stages were labelled by reading, and what the labeller makes of the same
paragraphs.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from synth.formats import split_response
from synth.style import StyleReading, load_lexicon, read_trace

LABELS = "FEVS"
FOLDER = Path(__file__).parent / "stage_labels"


@dataclass(frozen=True)
class LabelledTrace:
    """A real trace as read, and its labelled paragraphs: spans in the trace,
    and labels of one or two readers as indices.
    """

    file: str
    row: int
    reading: StyleReading
    closed: bool
    spans: list[tuple[int, int]]
    labels: list[int]
    second: list[int]


def labelled_traces(part: str, traces: Path) -> Iterator[LabelledTrace]:
    """Yield the traces of *part* (tuning, held_out);
    a paragraph that is word for word an earlier one counts once.
    """
    for line in (FOLDER / f"{part}.jsonl").read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        rows = (traces / entry["file"]).read_text(encoding="utf-8").splitlines()
        response = json.loads(rows[entry["row"]])["code"][0]
        split = split_response(response)
        start, stop = split.start, split.start + len(split.trace)
        seen: set[str] = set()
        kept = []
        for i, (begin, end) in enumerate(entry["spans"]):
            # Without think tags the sentence that states the answer is no part of the trace.
            inside = min(end, stop) - max(begin, start)
            if response[begin:end] not in seen and inside > 0.5 * (end - begin):
                seen.add(response[begin:end])
                kept.append(i)
        yield LabelledTrace(
            entry["file"],
            entry["row"],
            read_trace(split.trace, load_lexicon("en"), closed=not split.truncated),
            not split.truncated,
            [(entry["spans"][i][0] - start, entry["spans"][i][1] - start) for i in kept],
            [LABELS.index(entry["labels"][i]) for i in kept],
            [LABELS.index(entry["second"][i]) for i in kept] if entry["second"] else [],
        )


def by_paragraph(trace: LabelledTrace, stages: np.ndarray) -> list[int]:
    """Return the stage that covers most characters of each labelled paragraph,
    given the stages of the trace's units.
    """
    units = trace.reading.units
    out = []
    for begin, end in trace.spans:
        covered = np.clip(np.minimum(units.ends, end) - np.maximum(units.starts, begin), 0, None)
        out.append(int(np.bincount(stages, weights=covered, minlength=4).argmax()))
    return out
