"""Finds the item that each response answers: by its id, by the text of its question,
or by the question within its prompt.
"""

from collections.abc import Sequence

from ahocorasick_rs import AhoCorasick

from harness_ext.importing.items import Items, TaskItem
from harness_ext.importing.record import Record, clean
from synth.errors import StylerepError

_SHOWN = 60


def match_items(records: Sequence[Record], items: Items) -> list[TaskItem]:
    """Return the item of each record.

    Texts are compared with their white space folded. An id counts unless the texts speak against it, and one
    that is a mere number only if they speak for it. Within a prompt, of several questions of the task the one
    that ends last counts, and of those the longest. Items that ask the same take turns. Raises StylerepError,
    naming file and line, for a record that answers no item.
    """
    finder = _Finder(items)
    return [finder.item(record) for record in records]


class _Finder:
    def __init__(self, items: Items) -> None:
        self._task = items.task
        self._ids = {str(item.document["id"]): item for item in items.items if "id" in item.document}
        self._texts: dict[str, list[TaskItem]] = {}
        for item in items.items:
            if text := _folded(item.question):
                self._texts.setdefault(text, []).append(item)
        self._patterns = list(self._texts)
        self._automaton = AhoCorasick(self._patterns)
        self._turns: dict[str, int] = {}

    def item(self, record: Record) -> TaskItem:
        texts = [text for text in (_folded(record.question), _folded(record.prompt)) if text]
        named = self._ids.get(record.item)
        if named and (not texts or any(_folded(named.question) in text for text in texts)):
            return named
        for found in (
            *(text for text in texts if text in self._texts),
            *filter(None, map(self._within, texts)),
        ):
            turn = self._turns[found] = self._turns.get(found, -1) + 1
            return self._texts[found][turn % len(self._texts[found])]
        if named and not record.item.isdigit():
            return named
        words = (texts or [record.item])[0][:_SHOWN]
        raise StylerepError(
            f"{record.where}: this answers no item of {self._task}: {words!r}; is it another task, or another"
            " version of its questions?"
        )

    def _within(self, text: str) -> str | None:
        """Return the question that ends last in a text, the longest of those that end there."""
        spans = self._automaton.find_matches_as_indexes(text, overlapping=True)
        if not spans:
            return None
        number, _, _ = max(spans, key=lambda span: (span[2], -span[1]))
        return self._patterns[number]


def _folded(text: str) -> str:
    return " ".join(clean(text).split())
