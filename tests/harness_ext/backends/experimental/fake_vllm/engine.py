"""An engine whose model writes a script, with the batch of vLLM: requests are added, put off, moved and
removed while others are written.
"""

import importlib
from collections import deque
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import torch
from transformers import AutoTokenizer
from vllm.v1.sample.logits_processor import BatchUpdate, MoveDirectionality


@dataclass
class SamplingParams:
    """How a request is decoded; only what the tests use of it changes anything."""

    max_tokens: int = 16
    stop: list[str] = field(default_factory=list)
    temperature: float = 0.0
    prompt_logprobs: int | None = None
    detokenize: bool = True
    skip_special_tokens: bool = True
    spaces_between_special_tokens: bool = True
    all_stop_token_ids: set[int] = field(default_factory=set)


@dataclass(eq=False)
class Request:
    """A prompt, what has been written, and how far the model is in its script."""

    prompt: list[int]
    params: SamplingParams
    output: list[int] = field(default_factory=list)
    place: int = 0
    ended: bool = False


class Engine:
    """Writes a script: where a token of it is forbidden, " apple" instead. At most two requests stand in the
    batch; one of an odd limit may be put off once.
    """

    def __init__(self, arguments: dict[str, Any], script: str, put_off_after: int | None = None) -> None:
        path = arguments.get("tokenizer") or arguments["model"]
        self.tokenizer = AutoTokenizer.from_pretrained(path)
        self.script = self.tokenizer(script, add_special_tokens=False)["input_ids"]
        self.instead = self.tokenizer(" apple", add_special_tokens=False)["input_ids"][0]
        model = SimpleNamespace(
            tokenizer=path, tokenizer_revision=arguments.get("tokenizer_revision"), trust_remote_code=False
        )
        config = SimpleNamespace(
            model_config=model, additional_config=arguments.get("additional_config") or {}
        )
        self.processors = []
        for name in arguments.get("logits_processors") or []:
            module, _, kind = name.partition(":")
            self.processors.append(
                getattr(importlib.import_module(module), kind)(config, torch.device("cpu"), False)
            )
        self._put_off_after = put_off_after

    def run(self, requests: list[Request]) -> None:
        """Write all responses."""
        waiting, batch, put_off = deque(requests), list[Request](), set[int]()
        while waiting or batch:
            removed, added, moved = [], [], []
            for slot in reversed(range(len(batch))):
                one = batch[slot]
                late = (
                    self._put_off_after is not None
                    and one.params.max_tokens % 2
                    and len(one.output) >= self._put_off_after
                    and id(one) not in put_off
                )
                if not one.ended and not late:
                    continue
                removed.append(slot)
                last = batch.pop()
                if slot < len(batch):
                    batch[slot] = last
                    moved.append((len(batch), slot, MoveDirectionality.UNIDIRECTIONAL))
                if late and not one.ended:
                    put_off.add(id(one))
                    one.output = list(one.output)
                    waiting.append(one)
            if removed:
                self._update(BatchUpdate(len(batch), removed, [], moved))
            while waiting and len(batch) < 2:
                one = waiting.popleft()
                one.params.all_stop_token_ids = {self.tokenizer.eos_token_id}
                added.append((len(batch), one.params, one.prompt, one.output))
                batch.append(one)
            self._update(BatchUpdate(len(batch), [], added, []) if added else None)
            if batch:
                self._step(batch)

    def text(self, request: Request) -> str:
        """Return what was written."""
        return str(
            self.tokenizer.decode(request.output, skip_special_tokens=request.params.skip_special_tokens)
        )

    def _update(self, update: BatchUpdate | None) -> None:
        for processor in self.processors:
            processor.update_state(update)

    def _step(self, batch: list[Request]) -> None:
        end = self.tokenizer.eos_token_id
        logits = torch.zeros(len(batch), len(self.tokenizer) + 3)
        wanted = [self.script[one.place] if one.place < len(self.script) else end for one in batch]
        for row, token in enumerate(wanted):
            logits[row, token], logits[row, self.instead] = 10.0, 5.0
        for processor in self.processors:
            logits = processor.apply(logits)
        for row, (one, token) in enumerate(zip(batch, wanted, strict=True)):
            chosen = int(logits[row].argmax())
            one.ended = chosen == end or len(one.output) + 1 >= one.params.max_tokens
            if chosen != end:
                one.output.append(chosen)
            one.place += chosen in (token, self.instead)
