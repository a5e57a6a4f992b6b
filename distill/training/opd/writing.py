"""Has a student write responses, each drawn by the seed of its own row."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from peft import PeftModel
from transformers import DynamicCache

from distill.models.cache_argument import cache_argument
from distill.models.library_hooks import WRITING, not_taken


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's token ids, how many tokens may follow it, and the *seed* of what is drawn."""

    ids: Sequence[int]
    limit: int
    seed: str


class StudentWriter:
    """Writes with a student: draws at a *temperature* from the first *width* tokens of its vocabulary, up to
    one of the tokens *ends*.

    *attention* is the implementation of transformers that it reads with, by name: that of training may keep
    no keys and values.
    """

    def __init__(
        self, model: Any, temperature: float, width: int, ends: frozenset[int], attention: str
    ) -> None:
        self._model = model.get_base_model() if isinstance(model, PeftModel) else model
        self._temperature, self._width, self.ends, self._attention = temperature, width, ends, attention

    def write(
        self, prompts: Sequence[Prompt], told: Callable[[int], None] = lambda _: None
    ) -> list[list[int]]:
        """Return the tokens that follow each prompt, the one that ends it among them; *told* hears how many
        have been written after each of the model's passes.

        All prompts are written together, and each leaves when it has ended. The draws of a prompt come from
        its own seed, one for each token. Raises StylerepError for a model that passes by its cache.
        """
        with torch.no_grad(), self._reading():
            return self._write(prompts, told)

    def _write(self, prompts: Sequence[Prompt], told: Callable[[int], None]) -> list[list[int]]:
        written: list[list[int]] = [[] for _ in prompts]
        draws = [random.Random(prompt.seed) for prompt in prompts]
        cache = DynamicCache(config=self._model.config)
        tokens, mask = _padded_left([prompt.ids for prompt in prompts])
        tokens, mask = tokens.to(self._model.device), mask.to(self._model.device)
        places = (mask.cumsum(1) - 1).clamp(min=0)
        going = list(range(len(prompts)))
        while True:
            # Not 1, which cuts a view: torch would copy the frozen head for each row.
            last = torch.tensor([tokens.shape[1] - 1], device=tokens.device)
            logits = self._model(
                input_ids=tokens,
                attention_mask=mask,
                position_ids=places,
                use_cache=True,
                logits_to_keep=last,
                **{cache_argument(type(self._model)): cache},
            ).logits[:, -1, : self._width]
            if (held := int(cache.get_seq_length())) != mask.shape[1]:
                raise not_taken(WRITING, self._model, f"{held} of {mask.shape[1]} tokens were kept in it")
            chosen = _drawn(logits.float() / self._temperature, [draws[number].random() for number in going])
            kept = []
            for row, (number, token) in enumerate(zip(going, chosen.tolist(), strict=True)):
                written[number].append(token)
                if token not in self.ends and len(written[number]) < prompts[number].limit:
                    kept.append(row)
            told(sum(map(len, written)))
            if not kept:
                return written
            if len(kept) < len(going):
                going = [going[row] for row in kept]
                rows = torch.tensor(kept, device=chosen.device)
                cache.batch_select_indices(rows)
                chosen, mask, places = chosen[rows], mask[rows], places[rows]
            tokens = chosen[:, None]
            mask = torch.cat([mask, mask.new_ones(len(mask), 1)], 1)
            places = places[:, -1:] + 1

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Have the model read with a cache and without dropout."""
        before, training = self._model.config._attn_implementation, self._model.training
        self._model.eval()
        self._model.set_attn_implementation(self._attention)
        try:
            yield
        finally:
            self._model.set_attn_implementation(before)
            self._model.train(training)


def _padded_left(rows: Sequence[Sequence[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return token ids and their mask, (rows, longest) each; what is masked holds token 0."""
    longest = max(map(len, rows))
    ids, mask = (torch.zeros(len(rows), longest, dtype=torch.long) for _ in range(2))
    for number, row in enumerate(rows):
        ids[number, longest - len(row) :] = torch.tensor(row)
        mask[number, longest - len(row) :] = 1
    return ids, mask


def _drawn(scores: torch.Tensor, points: Sequence[float]) -> torch.Tensor:
    """Return a token for each row of scores (rows, V): the one in whose share of the row's probability the
    row's point, from 0 up to 1, lies.
    """
    sums = scores.softmax(-1).double().cumsum(-1)
    whole = sums[:, -1:]
    wanted = torch.tensor(points, dtype=torch.double, device=scores.device)[:, None] * whole
    below = torch.minimum(wanted, torch.nextafter(whole, torch.zeros_like(whole)))
    return torch.searchsorted(sums, below, right=True).flatten()
