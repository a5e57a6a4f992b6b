"""Reads what the evaluation scripts of Qwen2.5-Math write, and those made after them: ``question, gt,
answer, code, pred, score``.
"""

import dataclasses
from pathlib import Path

from harness_ext.importing import jsonl
from harness_ext.importing.record import Evaluation, ReadSource
from synth.responses import Fields
from synth.rows import read_rows


def read(path: Path, reading: ReadSource) -> list[Evaluation]:
    """Read one file; ``code`` holds one response or several to a question, and ``score`` as many grades.

    The right answer is ``answer``, as it was published, or else ``gt``, which is what these scripts made of
    it. Raises StylerepError, naming the line, for what cannot be read.
    """
    given = reading.fields
    answer = given.answer or (
        "answer" if all(row.fields.get("answer") not in (None, "") for row in read_rows(path)) else "gt"
    )
    fields = Fields(given.response or "code", given.correct, given.question, given.model, given.task, answer)
    return jsonl.read(path, dataclasses.replace(reading, fields=fields))
