"""Finds the task and item that each response answers, so that imported runs pair with each other and with
ours.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, overload

from harness_ext.importing.record import Evaluation, Record
from harness_ext.importing.spool import Spool
from harness_ext.runs.run_folder import read_manifest, sample_files
from harness_ext.scoring.documents import document_hash, task_documents
from harness_ext.scoring.task_folder import task_config, tasks_named
from synth.errors import StylerepError
from synth.grading.answers import option_letter, plain_number
from synth.problems import prompt
from synth.problems.problem import ANSWER_TYPES
from synth.processes.workers import Workers
from synth.responses import find_field, gold_text
from synth.responses.messages import conversation
from synth.responses.samples_file import refuse_left_out
from synth.rows import read_rows

_AT_ONCE = 100
LETTERS = "ABCDEFGHIJ"


@dataclass(frozen=True, slots=True)
class TaskItem:
    """One item of a task: its document as runs hold it, and what its answers are judged by;
    `answer_type` is None until it is known.

    `question` is the problem without the sentence that asks for an answer in a form.
    """

    document: Mapping[str, Any]
    document_hash: str
    number: int
    question: str
    golds: tuple[str, ...]
    answer_type: str | None
    meta: Mapping[str, Any] = field(default_factory=dict)
    target: str = ""

    def __reduce__(self) -> tuple[type["TaskItem"], tuple[Any, ...]]:
        """Be pickled by values alone, in a quarter of the time that a dataclass with slots takes by
        itself.
        """
        return TaskItem, tuple(getattr(self, name) for name in self.__slots__)


@dataclass(frozen=True, slots=True)
class Items:
    """The items of a task that responses are matched to, how a manifest and a user are told of it, and the
    filter that these items stand under.
    """

    task: str
    items: Sequence[TaskItem]
    matched_to: str
    version: Any = None
    filter: str = "none"


def items_of_task(task: str) -> Items | None:
    """Return the items of one of our tasks; None for a name that is none of them."""
    if tasks_named([task]) != [task]:
        return None
    items = [
        _item(document, document_hash(document), number, question)
        for number, (question, document) in enumerate(task_documents(task))
    ]
    return Items(task, items, task, task_config(task)["metadata"].get("version"))


def items_of_run(folder: Path, task: str | None, wanted: Iterable[str]) -> Items:
    """Return the items of a task of a run: *task*, else the one of those *wanted* that it has,
    else its only one.

    Raises StylerepError for a folder without samples, and where it does not have the task or has several.
    """
    files = sample_files(folder) if folder.is_dir() else {}
    if not files:
        raise StylerepError(f"{folder}: this is no run folder to take items from (no samples_*.jsonl in it).")
    both = [task] if task else [name for name in dict.fromkeys(wanted) if name in files]
    chosen = both[0] if both else next(iter(files))
    if chosen not in files or (not both and len(files) > 1) or len(both) > 1:
        raise StylerepError(f"{folder}: name one of its tasks with --task: {', '.join(files)}.")
    imported = (
        read_manifest(files[chosen].parent)
        .get("imported", {})
        .get("tasks", {})
        .get(chosen, {})
        .get("answer_type")
    )
    items: dict[str, TaskItem] = {}
    filters: dict[str, None] = {}
    for where, row in read_rows(files[chosen]):
        refuse_left_out(row, where)
        document, digest = row.get("doc"), row.get("doc_hash")
        if not isinstance(document, dict) or not isinstance(digest, str):
            raise StylerepError(f"{where}: expected a sample with its document and doc_hash.")
        filters[str(row.get("filter", "none"))] = None
        if digest not in items:
            found = document | {"target": row.get("target")}
            question = conversation(find_field(document, "question", None, where))
            items[digest] = _item(
                document,
                digest,
                row.get("doc_id", len(items)),
                question,
                gold_text(find_field(found, "answer", None, where)),
                imported,
            )
    return Items(
        chosen,
        list(items.values()),
        f"{folder.resolve().name}/{chosen}",
        filter="none" if "none" in filters else next(iter(filters)),
    )


def own_items(evaluation: Evaluation, workers: Workers | None = None) -> "OwnItems":
    """Return an item for each record of an evaluation that nothing is matched to.

    Documents of lm_eval keep their hashes; others are named by question and right answer. Where every item
    occurs equally often, its occurrences are draws of it; where few occur again, they are items of their own.
    Raises StylerepError where it is neither, and for a record without a question.
    """
    records = evaluation.records
    parts: Iterable[Sequence[Record]] = records.parts(_AT_ONCE) if isinstance(records, Spool) else [records]
    digests = [digest for some in (workers or Workers()).each(_digests, parts) for digest in some]
    if not _are_draws(digests, evaluation):
        seen: Counter[str] = Counter()
        for number, digest in enumerate(digests):
            seen[digest] += 1
            if seen[digest] > 1:
                digests[number] = document_hash({"doc_hash": digest, "occurrence": seen[digest]})
    return OwnItems(evaluation.records, digests, range(len(digests)))


def _digests(records: Sequence[Record]) -> list[str]:
    return [
        _digest(record, _document(record) if record.document is None else record.document)
        for record in records
    ]


class OwnItems(Sequence[TaskItem]):
    """The items that records are of, each made when it is asked for: of so many rows, few are held at
    once.
    """

    def __init__(self, records: Sequence[Record], digests: Sequence[str], numbers: Sequence[int]) -> None:
        self._records, self.digests, self._numbers = records, digests, numbers

    def some(self, places: Sequence[int], records: Sequence[Record]) -> "OwnItems":
        """Return the items at some places, whose *records* are given in a form that another process can be
        handed.
        """
        return OwnItems(
            records, [self.digests[place] for place in places], [self._numbers[place] for place in places]
        )

    def __len__(self) -> int:
        return len(self.digests)

    @overload
    def __getitem__(self, index: int) -> TaskItem: ...
    @overload
    def __getitem__(self, index: slice) -> list[TaskItem]: ...
    def __getitem__(self, index: int | slice) -> TaskItem | list[TaskItem]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        return _own_item(self._records[index], self.digests[index], self._numbers[index])


def _own_item(record: Record, digest: str, number: int) -> TaskItem:
    document = _document(record) if record.document is None else record.document
    meta = _meta(document) | ({"options": list(record.options)} if record.options else {})
    given = document.get("answer_type") if record.document is not None else None
    known = given if given in ANSWER_TYPES else None
    golds = (str(document.get("answer")),) if known else record.golds
    target = record.target if record.target is not None else next(iter(record.golds), "")
    place = number if record.document_number is None else record.document_number
    return TaskItem(document, digest, place, record.question, golds, known, meta, target)


class AnswerType(NamedTuple):
    """How right answers can be read: whether each is a letter or text of its own options, a number, a
    letter.
    """

    options: bool = True
    numbers: bool = True
    letters: bool = True

    def told(self) -> str:
        """Return how right answers are read that all are this: options, else numbers, else letters,
        else formulas.
        """
        return (
            "option" if self.options else "number" if self.numbers else "option" if self.letters else "latex"
        )

    def __and__(self, other: "AnswerType") -> "AnswerType":
        """Return what both are."""
        return AnswerType(*(one and two for one, two in zip(self, other, strict=True)))


def answer_type_of(golds: Sequence[str], options: Sequence[str]) -> AnswerType:
    """Return what the right answers of an item are, with the texts of the options beside them,
    if there are any.
    """
    return AnswerType(
        bool(options) and all(_is_option(gold, options) for gold in golds),
        all(plain_number(gold) is not None for gold in golds),
        all(gold.strip("() .") in LETTERS and option_letter(gold) is not None for gold in golds),
    )


def _is_option(gold: str, texts: Sequence[str]) -> bool:
    letter = option_letter(gold) if len(gold.strip("() .")) == 1 else None
    return gold in texts or (letter is not None and LETTERS.index(letter) < len(texts))


def _item(
    document: Mapping[str, Any],
    digest: str,
    number: Any,
    question: str,
    gold: str | None = None,
    known: str | None = None,
) -> TaskItem:
    """Return the item of a document; *known* is how its answers are read if the document does not say it."""
    given = document.get("answer_type")
    answer_type = given if given in ANSWER_TYPES else known if known in ANSWER_TYPES else None
    if answer_type and answer_type == given:
        question = question.removesuffix(prompt("", answer_type))
        gold = str(document.get("answer"))
    golds = (gold,) if gold else ()
    return TaskItem(
        document,
        digest,
        number if isinstance(number, int) else 0,
        question,
        golds,
        answer_type,
        _meta(document),
        str(document.get("answer", gold or "")),
    )


def _digest(record: Record, document: Mapping[str, Any]) -> str:
    if record.document is not None:
        return record.document_hash or document_hash(document)
    return document_hash({"answer": list(record.golds), "question": document["question"]})


def _are_draws(digests: Sequence[str], evaluation: Evaluation) -> bool:
    """Say whether records of the same item are draws of it."""
    counts = Counter(digests)
    again = sum(n > 1 for n in counts.values())
    if len(set(counts.values())) == 1:
        return bool(again)
    if 2 * again > len(counts):
        first, odd = next(iter(counts)), next(one for one, n in counts.items() if n != counts[digests[0]])
        places = [evaluation.records[digests.index(one)].where for one in (odd, first)]
        raise StylerepError(
            f"{places[0]}: this item occurs {counts[odd]} times and that of {places[1]} {counts[first]}"
            " times; every item needs as many responses."
        )
    return False


def _document(record: Record) -> dict[str, Any]:
    question = record.question or record.prompt or record.item
    if not question:
        raise StylerepError(
            f"{record.where}: no field is known to hold a question; name it with --question-field."
        )
    document: dict[str, Any] = {"question": question, "answer": next(iter(record.golds), "")}
    return (
        ({"id": record.item} if record.item else {})
        | document
        | ({"options": list(record.options)} if record.options else {})
    )


def _meta(document: Mapping[str, Any]) -> dict[str, Any]:
    meta = document.get("meta")
    try:
        read = json.loads(meta) if isinstance(meta, str) else meta
    except (ValueError, RecursionError):
        read = None
    return read if isinstance(read, dict) else {}
