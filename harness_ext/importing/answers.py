"""Puts together which responses answer which item."""

import itertools
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple, overload

import numpy as np

from harness_ext.importing.items import AnswerType, OwnItems, TaskItem, answer_type_of
from harness_ext.importing.record import Record
from harness_ext.importing.spool import Spool
from synth.errors import StylerepError
from synth.processes.workers import Workers

_AT_ONCE, _BYTES = 100, 1 << 20


@dataclass(frozen=True, slots=True)
class Answer:
    """One item with the responses to it, each with the score that came with it."""

    item: TaskItem
    texts: tuple[str, ...]
    recorded: tuple[float | None, ...]
    where: str


class Answers(Sequence[Answer]):
    """Items with their responses, in the order in which the items come first, each made when it is asked for.

    The records that answer item *i* stand at the places `order[edges[i]:edges[i + 1]]`.
    """

    def __init__(
        self, records: Sequence[Record], items: Sequence[TaskItem], order: Sequence[int], edges: Sequence[int]
    ) -> None:
        self.records, self.items, self._order, self._edges = records, items, order, edges

    def parts(self, n: int) -> Iterator["Answers"]:
        """Yield runs of up to *n* items, or of about 1 MB, in a form that another process can be handed."""
        begin = size = 0
        for end in range(1, len(self) + 1):
            size += sum(
                self._size(int(place)) for place in self._order[self._edges[end - 1] : self._edges[end]]
            )
            if end - begin == n or size > _BYTES or end == len(self):
                yield self._part(begin, end)
                begin, size = end, 0

    def _size(self, place: int) -> int:
        return self.records.size(place) if isinstance(self.records, Spool) else 0

    def _part(self, begin: int, end: int) -> "Answers":
        places = [int(place) for place in self._order[self._edges[begin] : self._edges[end]]]
        records = (
            self.records.packed(places)
            if isinstance(self.records, Spool)
            else [self.records[place] for place in places]
        )
        items = (
            self.items.some(places, records)
            if isinstance(self.items, OwnItems)
            else [self.items[place] for place in places]
        )
        first = int(self._edges[begin])
        return Answers(
            records, items, range(len(places)), [int(edge) - first for edge in self._edges[begin : end + 1]]
        )

    def __len__(self) -> int:
        return len(self._edges) - 1

    @overload
    def __getitem__(self, index: int) -> Answer: ...
    @overload
    def __getitem__(self, index: slice) -> list[Answer]: ...
    def __getitem__(self, index: int | slice) -> Answer | list[Answer]:
        if isinstance(index, slice):
            return [self[place] for place in range(*index.indices(len(self)))]
        index = range(len(self))[index]
        places = self._order[self._edges[index] : self._edges[index + 1]]
        records = [self.records[int(place)] for place in places]
        texts, recorded = (
            tuple(value for record in records for value in getattr(record, name))
            for name in ("texts", "recorded")
        )
        return Answer(self.items[int(places[0])], texts, recorded, records[0].where)


@dataclass(frozen=True, slots=True)
class Told:
    """What is told of all answers together.

    `draws` is how many responses, or recorded scores, each item has, `repeated` whether some item stands in
    several records that are taken for its draws, `generated` whether there are responses, `known` whether
    every item has a right answer, `answer_type` how right answers are read that do not say it,
    and `types` how those are read that do.
    """

    draws: int
    repeated: bool
    generated: bool
    known: bool
    answer_type: str
    types: frozenset[str | None]


class _Brief(NamedTuple):
    """What is kept of a record while all are put together: its item's hash, how many texts and scores it has,
    and what is known of right answers.
    """

    document_hash: str
    texts: int
    scores: int
    known: bool
    golds: AnswerType
    answer_type: str | None


def _briefs(piece: tuple[Sequence[Record], Sequence[TaskItem]]) -> list[_Brief]:
    """Look at some records, in whichever process."""
    return [
        _Brief(
            item.document_hash,
            len(record.texts),
            len(record.recorded),
            bool(item.golds),
            answer_type_of(item.golds, item.meta.get("options") or ()) if item.golds else AnswerType(),
            item.answer_type,
        )
        for record, item in zip(*piece, strict=True)
    ]


def answers(
    records: Sequence[Record], items: Sequence[TaskItem], workers: Workers | None = None
) -> tuple[Answers, Told]:
    """Return each item with all responses to it, and what is told of all together.

    Raises StylerepError where items differ in how many responses they have, and where there are none.
    """
    groups: dict[str, int] = {}
    of_record, texts, scores, first_of = array("Q"), array("Q"), array("Q"), array("Q")
    known, golds, some, types = True, AnswerType(), False, set[str | None]()
    whole = Answers(records, items, range(len(records)), range(len(records) + 1))
    pieces = ((part.records, part.items) for part in whole.parts(_AT_ONCE))
    for place, brief in enumerate(
        itertools.chain.from_iterable((workers or Workers()).each(_briefs, pieces))
    ):
        group = groups.setdefault(brief.document_hash, len(groups))
        of_record.append(group)
        if group == len(first_of):
            first_of.append(place)
            texts.append(0)
            scores.append(0)
            known, some, golds = known and brief.known, some or brief.known, golds & brief.golds
            types.add(brief.answer_type)
        texts[group] += brief.texts
        scores[group] += brief.scores
    first = records[0]
    if not any(scores):
        raise StylerepError(f"{first.where}: there are no responses.")
    other = next(
        (
            group
            for group, counts in enumerate(zip(texts, scores, strict=True))
            if counts != (texts[0], scores[0])
        ),
        None,
    )
    if other is not None:
        where = records[first_of[other]].where
        raise StylerepError(
            f"{where}: there are {texts[other]} responses to this item and {texts[0]} to that of"
            f" {first.where}; every item needs as many."
        )
    order = np.argsort(np.asarray(of_record), kind="stable")
    edges = np.searchsorted(np.asarray(of_record)[order], np.arange(len(groups) + 1))
    found = Answers(records, items, order, edges)  # type: ignore[arg-type]
    return found, Told(
        scores[0],
        len(groups) < len(records),
        bool(texts[0]),
        known,
        golds.told() if some else "number",
        frozenset(types),
    )
