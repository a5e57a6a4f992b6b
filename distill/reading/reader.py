"""Says how surprising each token of many sequences is to a model, and at which rank it stood."""

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from distill.reading.token_tree import WantedTokens, in_order, in_passes, lay_out
from distill.reading.tree_attention import NAME, branches
from synth.errors import StylerepError

_TOKENS = 1024
"""Tokens that are read in one pass; more gain nothing on a processor, and take memory."""
_LOGITS = 1 << 27
"""Logits that are held at a time: 256 MiB in bfloat16."""
_ROWS = {"cpu": 8}
_ELSEWHERE = 256
"""Logits in float32 at a time, in tokens: as many as stay in a processor's cache, or as fill a GPU."""
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
            passes = in_passes(sequences, order, self._tokens, most)
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
        asked = list(
            dict.fromkeys(
                (row[place], token)
                for one, places in zip(sequences, tree.places, strict=True)
                for place, token in zip(places, one.ids[one.start :], strict=True)
            )
        )
        logits = self._logits(tree.ids, tree.positions, kept, tree.branches)
        self.passes += 1
        self.tokens_read += len(tree.ids)
        surprisal, ranks = _scored(logits, asked)
        number = {pair: index for index, pair in enumerate(asked)}
        result = []
        for one, places in zip(sequences, tree.places, strict=True):
            own = [
                number[row[place], token] for place, token in zip(places, one.ids[one.start :], strict=True)
            ]
            result.append(TokenScores(surprisal[own], ranks[own]))
        return result

    def _logits(self, ids: Sequence[int], positions: Sequence[int], kept: Sequence[int], seen: Any) -> Any:
        device = self._model.get_input_embeddings().weight.device
        given = {
            "input_ids": torch.tensor(ids, device=device)[None],
            "position_ids": torch.tensor(positions, device=device)[None],
            "logits_to_keep": torch.tensor(kept, device=device),
        }
        if self.note:
            return self._model(**given, use_cache=False).logits[0]
        with branches(seen) as now:
            logits = self._model(**given, use_cache=False).logits[0]
            now.check(self._model)
        return logits

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
        device = self._model.get_input_embeddings().weight.device
        with torch.inference_mode():
            plain = torch.cat(
                [
                    self._model(
                        input_ids=torch.tensor(one.ids[:-1], device=device)[None], use_cache=False
                    ).logits[0]
                    for one in short
                ]
            ).float()
            try:
                with self._attending():
                    tree = lay_out(short)
                    kept = list(range(len(tree.ids)))
                    logits = self._logits(tree.ids, tree.positions, kept, tree.branches)
                    found = logits[[place for places in tree.places for place in places]].float()
            except _REFUSED as error:
                said = str(error).splitlines()
                self.note = f"this model does not take trees ({said[0] if said else type(error).__name__})"
                return
        off = ((found - plain).norm() / plain.norm()).item()
        if not off <= _ALLOWED.get(self._model.dtype, _ALLOWED_HALF):
            self.note = f"scores would be off by {off:.0%}"


def _scored(
    logits: torch.Tensor, asked: Sequence[tuple[int, int]]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Return surprisal and rank of each (row, token) of *logits* (rows, vocabulary)."""
    rows = torch.tensor([row for row, _ in asked], device=logits.device)
    tokens = torch.tensor([token for _, token in asked], device=logits.device)[:, None]
    surprisal, ranks = [], []
    count = _ROWS.get(logits.device.type, _ELSEWHERE)
    for own, wanted in zip(torch.split(rows, count), torch.split(tokens, count), strict=True):
        part = logits[own].float()
        score = part.gather(1, wanted)
        surprisal.append(part.logsumexp(1) - score[:, 0])
        ranks.append((part > score).sum(1) + 1)
    nats = torch.cat(surprisal).double().cpu().numpy()
    if not np.isfinite(nats).all():
        raise StylerepError("The model gives a token a likelihood that is no number; is the model whole?")
    return np.maximum(nats, 0.0), torch.cat(ranks).cpu().numpy()
