"""Experimental: the logits processor that vLLM's workers load to apply controls of style; imported by vLLM
alone, by the name in `harness_ext.backends.experimental.vllm_controls`.

Written against ``vllm/v1/sample/logits_processor`` of vLLM at commit
6e052ba8f4d97e43fb88a3288f3240ff4f73d7d2: ``AdapterLogitsProcessor`` with ``new_req_logits_processor``, whose
callables of three parameters get the tokens of the prompt, those of the response so far,
and one sequence of logits.
"""

import weakref
from collections import OrderedDict
from typing import Any

import torch
from transformers import AutoTokenizer
from vllm.v1.sample.logits_processor import AdapterLogitsProcessor

from harness_ext.backends.experimental.vllm_controls import read_settings
from harness_ext.backends.style_hf.sequence_text import Pieces
from harness_ext.backends.style_hf.streaming_controls import ForbiddenTokens, StreamingControls

_MOST_KEPT = 4096
"""Of how many prompts it is kept what is known of their responses."""


class StyleControls(AdapterLogitsProcessor):  # type: ignore[misc]  # vLLM has no types here
    """Applies the controls in the engine's ``additional_config`` to every request that writes a response.

    Raises StylerepError where the settings are missing. Requests for the likelihoods of a prompt are left
    alone. A request that vLLM had to put off, for want of memory, goes on with what was known of it. Each
    response is looked at by itself, on the processor;
    while texts are to be forced that waits for the accelerator once a token.
    """

    def __init__(self, vllm_config: Any, device: torch.device, is_pin_memory: bool) -> None:
        super().__init__(vllm_config, device, is_pin_memory)
        controls, close, self._ends = read_settings(vllm_config.additional_config)
        model = vllm_config.model_config
        tokenizer = AutoTokenizer.from_pretrained(
            model.tokenizer, revision=model.tokenizer_revision, trust_remote_code=model.trust_remote_code
        )

        def encode(text: str) -> list[int]:
            return list(tokenizer(text, add_special_tokens=False)["input_ids"])

        def decode(tokens: list[int]) -> str:
            return str(
                tokenizer.decode(tokens, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            )

        self._forbidden = ForbiddenTokens(
            controls, close, Pieces(decode, encode("a")[-1]), len(tokenizer), encode
        )
        self._begun: OrderedDict[tuple[int, ...], list[tuple[weakref.ref[_Response], StreamingControls]]] = (
            OrderedDict()
        )

    def is_argmax_invariant(self) -> bool:
        """Say no: the controls change which token is the likeliest."""
        return False

    def new_req_logits_processor(self, params: Any) -> "_Response | None":
        """Return what changes the logits of a new request, None for one that asks for likelihoods."""
        return (
            None
            if params.prompt_logprobs is not None
            else _Response(self, self._ends | set(params.all_stop_token_ids))
        )

    def ahead(
        self, response: "_Response", prompt: list[int], written: list[int], ends: frozenset[int]
    ) -> StreamingControls:
        """Return the controls of a response: those of one that was put off and is the same so far,
        or new ones.
        """
        begun = self._begun.setdefault(tuple(prompt), [])
        left = [
            one
            for owner, one in begun
            if written and owner() is None and one.tokens == written[: len(one.tokens)]
        ]
        known = (
            max(left, key=lambda one: len(one.tokens)) if left else StreamingControls(self._forbidden, ends)
        )
        begun[:] = [pair for pair in begun if pair[1] is not known] + [(weakref.ref(response), known)]
        self._begun.move_to_end(tuple(prompt))
        if len(self._begun) > _MOST_KEPT:
            self._begun.popitem(last=False)
        return known


class _Response:
    """Changes the logits of one request, as long as it stands in the batch."""

    def __init__(self, processor: StyleControls, ends: frozenset[int]) -> None:
        self._processor, self._ends = processor, ends
        self._ahead: StreamingControls | None = None

    def __call__(self, prompt: list[int] | None, written: list[int], logits: torch.Tensor) -> torch.Tensor:
        if self._ahead is None:
            self._ahead = self._processor.ahead(self, prompt or [], written, self._ends)
        return self._ahead.change(written, logits)
