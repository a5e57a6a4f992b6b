"""Reads from a run folder what can be probed: prompts, and the traces that a model wrote to them."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness_ext.runs.run_folder import check_run_folders, sample_files, sample_rows
from synth.errors import StylerepError
from synth.formats import CLOSE, closing_of, prompt_opening, split_response
from synth.grading.answers import is_right, stated_answer
from synth.printable import printable
from synth.problems.problem import ANSWER_TYPES
from synth.responses.samples_file import refuse_left_out

NO_TRACE = "there is no trace"
CUT_OFF = "the response was cut off within its trace"
NO_PROMPT = "the row does not hold the prompt and the response"
NO_TARGET = "the row does not hold a right answer"
_TAG = re.compile(r"\s*(?:<[^<>\n]{1,40}>|\[/[^\[\]\n]{1,40}\])")


@dataclass(frozen=True, slots=True)
class ProbeItem:
    """A prompt as the model got it, and its response in parts.

    `opening` is what stands between prompt and `trace`, `closing` what ends the trace (both empty where
    nothing marks it). `answer` is the right one, `stated` the one that the response states, None for none,
    and `right` whether that is right. `proof` has the facts of the proof in their order, each as (from, to),
    where the source says them, and `meta` what else it says.
    """

    task: str
    item: str
    question: str
    prompt: str
    opening: str
    trace: str
    closing: str
    answer: str
    answer_type: str
    stated: str | None
    right: bool
    proof: tuple[tuple[str, str], ...] = ()
    meta: Mapping[str, Any] = field(default_factory=dict)

    def judges(self, stated: str | None) -> bool:
        """Say whether an answer that a response states is right."""
        return is_right(stated, self.answer, self.answer_type, self.meta)

    def stays(self, stated: str | None) -> bool:
        """Say whether an answer is the one that the model stated at first."""
        if self.answer_type == "gym" or stated is None or self.stated is None:
            return stated is not None and self.stated is not None and stated.strip() == self.stated.strip()
        return is_right(stated, self.stated, self.answer_type, self.meta)

    @property
    def wanted(self) -> str:
        """The right answer in the model's own words where it stated it, else as the task has it."""
        return self.stated if self.right and self.stated is not None else self.answer


@dataclass(slots=True)
class ProbeItems:
    """The items of a run that can be probed, and how many cannot, by reason."""

    items: list[ProbeItem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_items(folder: Path, n: int | None = None) -> ProbeItems:
    """Read the items of a run folder, the first *n* of each task that can be probed.

    Of several responses to one item the first is taken. Raises StylerepError for a folder without samples,
    and where no item can be probed.
    """
    check_run_folders([folder])
    files = sample_files(folder)
    if not files:
        raise StylerepError(
            f"{folder}: no samples_*.jsonl lies in it; evaluate with stylerep eval, or with lm_eval"
            " --log_samples."
        )
    read = ProbeItems()
    for name, path in files.items():
        task = printable(name)
        taken: set[str] = set()
        for where, row in sample_rows(path):
            refuse_left_out(row, where)
            if row["doc_hash"] in taken or (n is not None and len(taken) >= n):
                continue
            found = item_of_row(task, row)
            if isinstance(found, str):
                read.left_out[found] += 1
            else:
                taken.add(found.item)
                read.items.append(found)
    if not read.items:
        why = ", ".join(f"{count} times {reason}" for reason, count in read.left_out.most_common())
        raise StylerepError(f"{folder}: no response in it can be probed ({why or 'it has no items'}).")
    return read


def item_of_row(task: str, row: Mapping[str, Any]) -> ProbeItem | str:
    """Return the item of a row of a samples file, or in a clause why it cannot be probed."""
    prompt, response = _prompt(row), _response(row)
    if prompt is None or response is None:
        return NO_PROMPT
    doc = row["doc"] if isinstance(row.get("doc"), dict) else {}
    answer = doc.get("answer") if isinstance(doc.get("answer"), str) else row.get("target")
    if not isinstance(answer, str) or not answer.strip():
        return NO_TARGET
    kind = str(doc.get("answer_type"))
    kind = kind if kind in ANSWER_TYPES else "number"
    opened = prompt_opening(prompt)
    split = split_response(response)
    if split.truncated:
        return CUT_OFF
    trace = response[split.start : split.start + len(split.trace)] if split.tagged else split.derivation
    start = split.start if split.tagged else response.find(trace)
    if not trace.strip() or start < 0:
        return NO_TRACE
    opening = response[:start]
    if opened and opening.lstrip().startswith(opened.strip()):
        opening = ""  # the prompt holds it
    # blanks around a trace go with what marks it
    opening += trace[: len(trace) - len(trace.lstrip())]
    meta = _meta(doc)
    stated = stated_answer(split, kind)
    return ProbeItem(
        task,
        row["doc_hash"],
        _question(doc, prompt),
        prompt,
        opening,
        trace.strip(),
        _closing(response[start + len(trace.rstrip()) :], opening or opened) if split.tagged else "",
        _whole(answer.strip()),
        kind,
        stated,
        is_right(stated, answer, kind, meta),
        _proof(meta),
        meta,
    )


def _prompt(row: Mapping[str, Any]) -> str | None:
    """Return the prompt of the first request of a row: lm_eval writes ``gen_args_0: {arg_0: …}``, or a list
    of lists.
    """
    arguments = row.get("arguments")
    first: Any = None
    if isinstance(arguments, dict):
        first = arguments.get("gen_args_0")
    elif isinstance(arguments, list) and arguments:
        first = arguments[0]
    text: Any = None
    if isinstance(first, dict):
        text = first.get("arg_0")
    elif isinstance(first, list) and first:
        text = first[0]
    return _whole(text) if isinstance(text, str) else None


def _response(row: Mapping[str, Any]) -> str | None:
    found: Any = row.get("resps")
    while isinstance(found, list) and found:
        found = found[0]
    return _whole(found) if isinstance(found, str) else None


def _whole(text: str) -> str:
    """Return a text without half characters, which no tokenizer and no table takes."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _meta(doc: Mapping[str, Any]) -> dict[str, Any]:
    meta = doc.get("meta")
    try:
        meta = json.loads(meta) if isinstance(meta, str) else meta
    except ValueError:
        return {}
    return meta if isinstance(meta, dict) else {}


def _question(doc: Mapping[str, Any], prompt: str) -> str:
    for name in ("question", "problem", "prompt"):
        if isinstance(doc.get(name), str):
            return _whole(str(doc[name]))
    return prompt


def _proof(meta: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    facts = meta.get("proof")
    if not isinstance(facts, list):
        return ()
    return tuple(
        (_whole(str(fact[0])), _whole(str(fact[-1])))
        for fact in facts
        if isinstance(fact, list) and len(fact) > 1
    )


def _closing(after: str, opening: str) -> str:
    found = _TAG.match(after)
    if found:
        return found[0]
    return f"\n{closing_of(opening)}" if opening.strip() else f"\n{CLOSE}"
