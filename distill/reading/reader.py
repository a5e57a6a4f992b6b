"""Says how surprising each token of many sequences is to a model, and at which rank it stood."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from distill.reading.token_tree import TokenTree, WantedTokens, in_order, in_passes, lay_out
from distill.reading.tree_attention import NAME, branches
from distill.reading.vocabulary_scores import (
    HeadScores,
    OutputHead,
    VocabularyScores,
    WholeScores,
    output_head,
    surprisal_and_ranks,
)
from synth.errors import StylerepError

_TOKENS = 1024
"""Tokens that are read in one pass; more gain nothing on a processor, and take memory."""
_LOGITS = 1 << 27
"""Scores that are held at a time where the model computes them whole: 256 MiB in bfloat16."""
_CHECKED = 48
_ALLOWED = {torch.float32: 1e-3}
_ALLOWED_HALF = 0.2
"""Relative error of logits that a tree may bring: in bfloat16 either way is 0.05 to 0.15 from float32,
another mask or position by over half.
"""
_REFUSED = (ValueError, TypeError, RuntimeError, AttributeError, KeyError, StylerepError)


@dataclass(frozen=True, slots=True)
class TokenScores:
    """Of the wanted tokens of a sequence, shape (n,) each: `surprisal` in nats (0 or more), and `ranks` in
    the vocabulary (1 is the likeliest; of equal likelihoods the better).
    """

    surprisal: npt.NDArray[np.float64]
    ranks: npt.NDArray[np.int64]


class TreeReader:
    """Reads sequences with one causal language model of transformers, which it sets to evaluate.

    `note` says why sequences are read one by one, where the model does not take trees; else it is empty.
    """

    def __init__(self, model: Any, tokens: int = _TOKENS) -> None:
        self._model = model.eval()
        self._tokens = tokens
        self._checked = False
        self._head: OutputHead | None = None
        self.note = ""
        self.passes = 0
        self.tokens_read = 0

    def scores(
        self, sequences: Sequence[WantedTokens], told: Callable[[int], None] = lambda _: None
    ) -> list[TokenScores]:
        """Return the scores of the wanted tokens of each sequence, in their order.

        *told* hears after each pass how many sequences have been read. Raises StylerepError for a score that
        is no number.
        """
        order = in_order(sequences)
        if not self._checked and order:
            self._check([sequences[number] for number in order[:2]])
        most = max(1, _LOGITS // int(self._model.config.get_text_config().vocab_size))
        found: dict[int, TokenScores] = {}
        if self.note:
            passes: Iterator[list[int]] = ([number] for number in order)
        else:
            passes = in_passes(sequences, order, self._tokens, None if self._head else most)
        with torch.inference_mode(), self._attending():
            for numbers in passes:
                part = [sequences[number] for number in numbers]
                found.update(zip(numbers, self._read(part), strict=True))
                told(len(found))
        return [found[number] for number in range(len(sequences))]

    def _read(self, sequences: Sequence[WantedTokens]) -> list[TokenScores]:
        tree = lay_out(sequences)
        kept = sorted({place for places in tree.places for place in places})
        row = {place: number for number, place in enumerate(kept)}
        pairs = [
            [(row[place], token) for place, token in zip(places, one.ids[one.start :], strict=True)]
            for one, places in zip(sequences, tree.places, strict=True)
        ]
        asked = list(dict.fromkeys(pair for own in pairs for pair in own))
        scores = self._scores(tree, kept, self._head)
        self.passes += 1
        self.tokens_read += len(tree.ids)
        surprisal, ranks = surprisal_and_ranks(scores, asked, self._device)
        number = {pair: index for index, pair in enumerate(asked)}
        places_of = [[number[pair] for pair in own] for own in pairs]
        return [TokenScores(surprisal[own], ranks[own]) for own in places_of]

    def _scores(self, tree: TokenTree, kept: Sequence[int], head: OutputHead | None) -> VocabularyScores:
        """Run the model over a tree; return the scores after each of the places *kept*."""
        given = {
            "input_ids": torch.tensor(tree.ids, device=self._device)[None],
            "position_ids": torch.tensor(tree.positions, device=self._device)[None],
            "logits_to_keep": torch.tensor(kept, device=self._device),
        }
        with contextlib.ExitStack() as during:
            read = during.enter_context(head.idle()) if head else []
            now = None if self.note else during.enter_context(branches(tree.branches))
            logits = self._model(**given, use_cache=False).logits[0]
            if now is not None:
                now.check(self._model)
        if not head:
            return WholeScores(logits)
        (states,) = read
        return HeadScores(states[0], head)

    @property
    def _device(self) -> torch.device:
        device: torch.device = self._model.get_input_embeddings().weight.device
        return device

    @contextlib.contextmanager
    def _attending(self) -> Iterator[None]:
        if self.note:
            yield
            return
        before = self._model.config.get_text_config()._attn_implementation
        self._model.set_attn_implementation(NAME)
        try:
            yield
        finally:
            self._model.set_attn_implementation(before)

    def _check(self, sequences: Sequence[WantedTokens]) -> None:
        """Read two short sequences with a common beginning both ways; settle for the plain way where the
        other computes something else.
        """
        first = list(sequences[0].ids[:_CHECKED])
        half = max(1, len(first) // 2)
        other = [*first[:half], *reversed(first[half:])]
        short = [WantedTokens(one, 1) for one in (first, other) if len(one) > 1]
        self._checked = True
        if not short:
            return
        with torch.inference_mode():
            plain = torch.cat(
                [
                    self._model(
                        input_ids=torch.tensor(one.ids[:-1], device=self._device)[None], use_cache=False
                    ).logits[0]
                    for one in short
                ]
            ).float()
            self._head = output_head(self._model)
            note = self._difference(short, plain, self._head)
            if note and self._head:
                self._head = None
                note = self._difference(short, plain, None)
        self.note = note

    def _difference(self, short: Sequence[WantedTokens], plain: torch.Tensor, head: OutputHead | None) -> str:
        """Return why a tree of sequences has other scores than *plain*, an empty text if it has the same."""
        try:
            with self._attending():
                tree = lay_out(short)
                scores = self._scores(tree, list(range(len(tree.ids))), head)
                logits = scores.block(0, scores.size)
                found = logits[[place for places in tree.places for place in places]].float()
                off = ((found - plain).norm() / plain.norm()).item()
        except _REFUSED as error:
            said = str(error).splitlines()
            return f"this model does not take trees ({said[0] if said else type(error).__name__})"
        allowed = _ALLOWED.get(self._model.dtype, _ALLOWED_HALF)
        return "" if off <= allowed else f"scores would be off by {off:.0%}"
