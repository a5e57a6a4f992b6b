"""Has a model read traces and says how likely it then is to state an answer, without writing anything."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from distill.reading.reader import TokenScores, TreeReader
from distill.reading.token_tree import WantedTokens
from distill.training.encode import prompt_ids
from harness_ext.pipelines.probe.items import ProbeItem

ANSWER_PROMPT = "The answer is"
"""What stands between a trace and the answer that is forced, as prompts of stylerep ask for it."""
_END = "."


@dataclass(frozen=True, slots=True)
class ForcedAnswer:
    """An answer after a trace: its `likelihood` in nats (0 or less; its full stop counted in), and whether it
    is `greedy`, what the model would write by taking the likeliest token each time.
    """

    likelihood: float
    greedy: bool

    @property
    def probability(self) -> float:
        """The probability of the answer, 0 to 1."""
        return math.exp(self.likelihood)


class ForcedAnswers:
    """Scores answers with one model and its tokenizer."""

    def __init__(self, reader: TreeReader, tokenizer: Any, longest: int, asks: str = ANSWER_PROMPT) -> None:
        """Take a reader of the model, the most tokens that it reads, and what *asks* for the answer."""
        self._reader, self._tokenizer, self._longest, self._asks = reader, tokenizer, longest, asks

    def score(self, asked: Sequence[tuple[ProbeItem, str, str]]) -> list[ForcedAnswer | None]:
        """Return what comes of each (item, trace, answer): the answer forced after the item's prompt and that
        trace; None where that is longer than the model reads.
        """
        wanted = [self.tokens(*one) for one in asked]
        fit = [number for number, one in enumerate(wanted) if len(one.ids) <= self._longest]
        found: list[ForcedAnswer | None] = [None] * len(asked)
        for number, scores in zip(fit, self._reader.scores([wanted[number] for number in fit]), strict=True):
            found[number] = _answer(scores)
        return found

    def tokens(self, item: ProbeItem, trace: str, answer: str) -> WantedTokens:
        """Return prompt, trace and answer as token ids, of which those of the answer are wanted."""
        before = prompt_ids(self._tokenizer, item.prompt)
        closed = f"{item.opening}{trace}{item.closing}"
        lead = f"{closed}\n\n{self._asks}" if closed.strip() else f"{closed}{self._asks}"
        start, whole = self._encode(lead), self._encode(f"{lead} {answer}{_END}")
        shared = next(
            (place for place, (one, other) in enumerate(zip(start, whole, strict=False)) if one != other),
            min(len(start), len(whole)),
        )
        return WantedTokens([*before, *whole], max(1, len(before) + min(shared, len(whole) - 1)))

    def _encode(self, text: str) -> list[int]:
        return list(self._tokenizer(text, add_special_tokens=False)["input_ids"])


def _answer(scores: TokenScores) -> ForcedAnswer:
    return ForcedAnswer(-float(scores.surprisal.sum()), bool((scores.ranks == 1).all()))
