r"""Registers ``style-hf`` with lm_eval: its ``hf``, with controls of style, batches that rows leave, and
responses that outlive a kill.

    stylerep eval --model style-hf --model_args pretrained=NAME,peft=adapters/hc,suppress=realization \
        --tasks 'style_*' --output_path runs/x

    import harness_ext.backends.lm_eval.style_hf_model
    lm_eval.simple_evaluate(model="style-hf", model_args={"pretrained": NAME}, …)

Written against lm_eval 0.4.13. What it relies on: ``HFLM`` with ``generate_until``, ``tok_batch_encode``,
``tok_decode``, ``apply_chat_template``, ``max_length``, ``max_gen_toks`` and ``eot_token_id``;
``normalize_gen_kwargs``, ``handle_stop_sequences`` and ``postprocess_generated_text``.
"""

import contextlib
import copy
import json
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import psutil
import torch
from lm_eval.api.registry import register_model
from lm_eval.models.huggingface import HFLM
from lm_eval.models.utils import handle_stop_sequences, normalize_gen_kwargs, postprocess_generated_text
from tqdm import tqdm

from distill.models.families import model_family
from distill.models.families.dated_template import dated_template
from distill.models.families.special_tokens import readable_text
from distill.models.library_hooks import STYLE_MODEL, need, not_taken
from distill.models.pretrained import resolve_model
from harness_ext.backends.lm_eval.names import STYLE_HF
from harness_ext.backends.style_hf.control import Control, ControlLoop, StopStrings
from harness_ext.backends.style_hf.control_settings import NAMES, read_controls
from harness_ext.backends.style_hf.digests import weight_digests
from harness_ext.backends.style_hf.fused_linear import fuse
from harness_ext.backends.style_hf.generation import check_architecture, write
from harness_ext.backends.style_hf.journal import Journal, request_key
from harness_ext.backends.style_hf.pivot_suppression import PivotSuppression
from harness_ext.backends.style_hf.sampler import TokenSampler
from harness_ext.backends.style_hf.sequence import TokenSequence
from harness_ext.backends.style_hf.sequence_text import Pieces, encode_after
from harness_ext.backends.style_hf.steering import Steering, load_direction
from harness_ext.backends.style_hf.thinking_budget import ThinkingBudget
from synth.errors import StylerepError
from synth.formats import with_opening
from synth.seeding import digest
from synth.style import LANGUAGES, load_lexicon

_MOST_ROWS = {"cpu": 96, "cuda": 256}
_OF_FREE_MEMORY = 0.5

need(
    STYLE_MODEL,
    HFLM,
    "generate_until",
    "tok_decode",
    "apply_chat_template",
    "tok_batch_encode",
    "eot_token_id",
)


@register_model(STYLE_HF)
class StyleHF(HFLM):  # type: ignore[misc]  # lm_eval has no types
    """Model ``style-hf``: a causal language model of transformers, with all arguments of ``hf``, and others.

    The controls of `harness_ext.backends.style_hf.control_settings.Controls` go by their names. ``rows`` is
    how many responses are written at a time (left out: what fits into
    half of the free memory, at most 96 on a CPU and 256 on a GPU; ``batch_size`` is that of likelihoods).
    ``journal`` is a file of responses: those in it are not written again, the others are added.

    Raises StylerepError for an argument that cannot be, and a model that it cannot write with.
    """

    def __init__(
        self,
        pretrained: Any,
        *,
        rows: int | str | None = None,
        journal: str | None = None,
        peft: str | None = None,
        **arguments: Any,
    ) -> None:
        self.controls = read_controls(arguments)
        own = {name: value for name, value in arguments.items() if name not in NAMES}
        if own.get("think_end_token") is not None:
            raise StylerepError(
                "--model_args think_end_token would have the trace deleted before it is seen; leave it out."
            )
        if rows not in (None, "auto") and (
            isinstance(rows, bool) or not str(rows).isdigit() or int(rows) < 1
        ):
            raise StylerepError(
                f"--model_args rows must be a whole number from 1 on, or auto, found {rows!r}."
            )
        super().__init__(
            resolve_model(pretrained) if isinstance(pretrained, str) else pretrained, peft=peft, **own
        )
        if self.backend != "causal":
            raise StylerepError("style-hf writes with decoder-only models; use --model hf for this one.")
        if peft and not hasattr(self.model, "peft_config"):
            raise not_taken(STYLE_MODEL, HFLM, f"peft={peft} put no adapter into the model")
        self._sequences = None if rows in (None, "auto") else int(str(rows))
        self._lean = self.model.get_base_model() if hasattr(self.model, "get_base_model") else self.model
        check_architecture(self._lean)
        self._fused = fuse(self._lean)
        if self._fused.note:
            print(
                f"stylerep: {STYLE_HF} computes adapters as peft does, slower than it could:"
                f" {self._fused.note}.",
                file=sys.stderr,
                flush=True,
            )
        self._family = model_family(self._lean.config, self.tokenizer)
        self._kept = self._family.kept_ids(self.tokenizer)
        self._pieces = Pieces(self.tok_decode, self.tokenizer("a", add_special_tokens=False)["input_ids"][-1])
        self._pivots = (
            PivotSuppression(self.controls.suppress, self._pieces, len(self.tokenizer))
            if self.controls.suppress
            else None
        )
        self._made_by: dict[str, Any] = {}
        self._file = self._own_file(journal) if journal else None
        self._steering: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
        if self.controls.steer:
            direction = load_direction(
                Path(self.controls.steer), str(self.controls.steer_kind), self.controls.steer_layer
            )
            self._steering = Steering(self._lean, direction, float(self.controls.steer_strength or 0)).on
        if self._file:
            Journal(self._file).close()  # a damaged one is refused before anything is written
            digests = dict(zip(("model", "adapter"), weight_digests(self.model), strict=True))
            read_by = [*self._family.think, *(load_lexicon(language).signature for language in LANGUAGES)]
            self._made_by = {
                **digests,
                "dtype": str(self._lean.dtype),
                "controls": self.controls.record(),
                "read_by": read_by,
            }

    def apply_chat_template(
        self, chat_history: list[dict[str, str]], add_generation_prompt: bool = True
    ) -> str:
        """Render a conversation as `stylerep distill` does:
        a template that writes today's date writes the date of training.
        """
        self.tokenizer.chat_template = dated_template(self.tokenizer.chat_template)
        rendered: str = super().apply_chat_template(chat_history, add_generation_prompt)
        return rendered

    def tok_decode(self, tokens: Any, skip_special_tokens: bool = True) -> str:
        """Decode tokens, think tags of the family with them although they may be special tokens."""
        if self._kept and skip_special_tokens and not isinstance(tokens, int):
            return readable_text(self.tokenizer, tokens, self._kept)
        text: str = super().tok_decode(tokens, skip_special_tokens)
        return text

    def generate_until(self, requests: list[Any], disable_tqdm: bool = False) -> list[str]:
        """Return the response to each request, in their order. See `LM.generate_until` of lm_eval."""
        groups: dict[str, list[int]] = {}
        for number, request in enumerate(requests):
            groups.setdefault(json.dumps(request.args[1], sort_keys=True, default=str), []).append(number)
        texts = [""] * len(requests)
        with tqdm(
            total=len(requests), disable=disable_tqdm or self.rank != 0, desc="Writing responses"
        ) as bar:
            for numbers in groups.values():
                with (
                    contextlib.closing(Journal(self._file)) if self._file else contextlib.nullcontext()
                ) as journal:
                    self._write([requests[number] for number in numbers], numbers, texts, bar, journal)
        return [with_opening(request.args[0], text) for request, text in zip(requests, texts, strict=True)]

    def _write(
        self,
        requests: Sequence[Any],
        numbers: Sequence[int],
        texts: list[str],
        bar: Any,
        journal: Journal | None,
    ) -> None:
        """Write the responses of requests that are decoded alike, each into its place of *texts*."""
        settings = normalize_gen_kwargs(copy.deepcopy(requests[0].args[1]), self.max_gen_toks)
        until = handle_stop_sequences(
            settings.pop("until", None), eos=self.tok_decode([self.eot_token_id], skip_special_tokens=False)
        )
        limit = settings.pop("max_gen_toks")
        choose = TokenSampler(self._lean, settings)
        ends = choose.ends | {
            self.tokenizer.convert_tokens_to_ids(self._family.end_of_turn),
            self.eot_token_id,
        }
        sequences = self._new_sequences([request.args[0] for request in requests], limit, choose.sampled)
        decoding = {
            **settings,
            "until": until,
            "limit": limit,
            "ends": sorted(ends),
            "seed": torch.initial_seed() if choose.sampled else None,
            **({"drawn": "by token"} if choose.sampled else {}),
        }
        made_by = {**self._made_by, "decoding": decoding}
        keys = self._keys(sequences, made_by) if journal is not None else []

        def take(sequence: TokenSequence) -> None:
            text = self.tok_decode(sequence.written)
            if journal is not None and keys[sequence.index] not in done:
                journal.append(keys[sequence.index], sequence, text)
            texts[numbers[sequence.index]] = postprocess_generated_text(text, until, None)
            self.cache_hook.add_partial(
                "generate_until", requests[sequence.index].args, texts[numbers[sequence.index]]
            )
            bar.update(1)

        done = (
            {
                keys[sequence.index]
                for sequence in sequences
                if journal.restore(keys[sequence.index], sequence)
            }
            if journal is not None
            else set()
        )
        waiting = []
        for sequence in sequences:
            if sequence.ended:
                take(sequence)
            else:
                waiting.append(sequence)
        specials = set(self.tokenizer.all_special_tokens)
        watch = ControlLoop(
            self._live_controls([stop for stop in until if stop not in specials]),
            self._pieces,
            self._encode_after,
        )
        # prompts that are read together are of like length
        waiting.sort(key=lambda sequence: -sequence.prompt)
        together = self._sequences or self._fitting(
            max((sequence.prompt for sequence in waiting), default=0) + limit
        )
        before = self._fused.computed()
        with torch.autocast(
            self.device.type, self.mixed_precision_dtype, enabled=self.mixed_precision_dtype is not None
        ):
            for sequence in write(
                self._lean, waiting, together, choose, watch, frozenset(ends), self._steering
            ):
                take(sequence)
        if waiting:
            self._fused.check(self._lean, before)

    def _new_sequences(self, prompts: Sequence[str], limit: int, sampled: bool) -> list[TokenSequence]:
        if limit >= self.max_length:
            raise StylerepError(
                f"--gen_kwargs max_gen_toks={limit}: the model's context holds {self.max_length} tokens, the"
                " prompt with them; ask for fewer."
            )
        sequences, seen, seed = [], Counter[str](), torch.initial_seed()
        for index, prompt in enumerate(prompts):
            encoded, _ = self.tok_batch_encode(
                [prompt], left_truncate_len=self.max_length - limit, truncation=self.truncation
            )
            ids = encoded[0].tolist() or [self.prefix_token_id]
            sequences.append(
                TokenSequence(
                    index, ids, len(ids), limit, digest(seed, prompt, seen[prompt]) if sampled else 0
                )
            )
            seen[prompt] += 1
        return sequences

    def _keys(self, sequences: Sequence[TokenSequence], made_by: Mapping[str, Any]) -> list[str]:
        seen, keys = Counter[tuple[int, ...]](), []
        for sequence in sequences:
            prompt = tuple(sequence.ids)
            keys.append(request_key(made_by, prompt, seen[prompt]))
            seen[prompt] += 1
        return keys

    def _live_controls(self, stops: Sequence[str]) -> list[Control]:
        controls = self.controls
        live: list[Control] = [self._pivots] if self._pivots else []
        if controls.think_budget or controls.budget_forcing:
            live.append(
                ThinkingBudget(
                    self._family.think[1],
                    controls.budget_forcing,
                    controls.forcing_text,
                    controls.think_budget,
                    controls.answer_text,
                )
            )
        return [*live, StopStrings(stops)] if stops else live

    def _encode_after(self, text: str) -> list[int]:
        """Return the tokens of a text that follows another one."""
        return encode_after(
            lambda one: list(self.tokenizer(one, add_special_tokens=False)["input_ids"]), self._pieces, text
        )

    def _fitting(self, length: int) -> int:
        """Return how many sequences of *length* tokens may be written at a time."""
        config = self._lean.config.get_text_config()
        heads = getattr(config, "num_key_value_heads", None) or config.num_attention_heads
        width = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        of_row = 2 * config.num_hidden_layers * heads * width * self._lean.dtype.itemsize * max(1, length)
        on_gpu = self.device.type == "cuda"
        free = torch.cuda.mem_get_info(self.device)[0] if on_gpu else psutil.virtual_memory().available
        return max(1, min(int(free * _OF_FREE_MEMORY / of_row), _MOST_ROWS["cuda" if on_gpu else "cpu"]))

    def _own_file(self, journal: str) -> Path:
        """Return the journal of this process: of several, each has one."""
        path = Path(journal).expanduser()
        return path if self.world_size == 1 else path.with_suffix(f".{self.rank}{path.suffix}")
