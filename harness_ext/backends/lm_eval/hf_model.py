"""Fills in what lm_eval's ``hf`` model needs to load a model of ours, pulled or not,
and to treat it as its family asks.

Written against lm_eval 0.4.13. What it relies on: the argument ``chat_template_args``, and
``apply_chat_template``, ``_model_generate``, ``generate_until`` and ``tok_decode`` of ``HFLM``.
"""

import contextlib
import functools
import sys
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

from distill.models.adapter_base import check_base
from distill.models.allocator import keep_freed_memory
from distill.models.families import Family, model_family
from distill.models.families.dated_template import dated_template
from distill.models.families.special_tokens import readable_text
from distill.models.library_hooks import END_OF_TURN, PROMPTS, THINK_TAGS, need, not_taken
from distill.models.loading import load_config, load_tokenizer
from distill.models.model_files import code_of_models
from distill.models.precision import fast_dtype
from distill.models.pretrained import resolve_model
from harness_ext.backends.lm_eval.models import pretrained
from harness_ext.backends.lm_eval.names import HF
from harness_ext.backends.lm_eval.reached_methods import counted, reaching
from synth.errors import StylerepError
from synth.formats import with_opening

BATCH_SIZE = 16


class HfModel(NamedTuple):
    """A model that ``hf`` is to load: what the user calls it, what transformers loads,
    its tokenizer and its family.
    """

    name: str
    path: str
    tokenizer: Any
    family: Family


def prepare(model_args: dict[str, Any], name_of_model: str = "hf") -> HfModel:
    """Complete the arguments of an ``hf`` model, or one of *name_of_model*, in place: the folder of a pulled
    model, a number format that is fast here, and what the family gives to the chat template. Of a model of
    the Hub, whose files are not seen here, ``hf`` takes safetensors alone.

    Raises StylerepError for a model that is not named or cannot be loaded.
    """
    name = pretrained(model_args)
    path = resolve_model(name)
    keep_freed_memory()
    model_args["pretrained"] = path
    if name_of_model in HF and not Path(path).is_dir() and "gguf_file" not in model_args:
        model_args["use_safetensors"] = True
    with code_of_models(model_args.get("trust_remote_code") is True):
        tokenizer, config = load_tokenizer(str(model_args.get("tokenizer") or path)), load_config(path)
    if (
        "dtype" not in model_args
        and str(config.dtype).endswith("bfloat16")
        and str(fast_dtype()).endswith("float32")
    ):
        model_args["dtype"] = "float32"
    family = model_family(config, tokenizer)
    if tokenizer.chat_template and family.template_arguments:
        model_args["chat_template_args"] = {**family.template_arguments, **_template_arguments(model_args)}
    return HfModel(name, path, tokenizer, family)


def check_adapter_base(model: HfModel, adapter: Any) -> None:
    """Raise StylerepError for an adapter, in a folder, of another model;
    say on stderr where that cannot be told for sure.
    """
    if adapter and Path(str(adapter)).is_dir() and (note := check_base(Path(str(adapter)), model.name)):
        print(f"stylerep: {note}", file=sys.stderr, flush=True)


@contextlib.contextmanager
def as_family(model: HfModel) -> Iterator[None]:
    """Let lm_eval's ``hf`` models put the prompt of training, stop where turns end, and read think tags even
    where they are special tokens.

    Each call of ``generate_until`` raises StylerepError where one of these did not come about.
    """
    from lm_eval.models.huggingface import HFLM

    need(END_OF_TURN, HFLM, "_model_generate", "generate_until")
    need(PROMPTS, HFLM, "apply_chat_template")
    need(THINK_TAGS, HFLM, "tok_decode")
    end, kept = (
        model.tokenizer.convert_tokens_to_ids(model.family.end_of_turn),
        model.family.kept_ids(model.tokenizer),
    )
    called = Counter[str]()
    needed = {"_model_generate": END_OF_TURN, **({"tok_decode": THINK_TAGS} if kept else {})}
    with contextlib.ExitStack() as patches:
        patches.enter_context(
            patch.object(HFLM, "apply_chat_template", _dated(HFLM.apply_chat_template, model.family))
        )
        patches.enter_context(
            patch.object(
                HFLM,
                "_model_generate",
                counted("_model_generate", _stopping_at(end, HFLM._model_generate), called),
            )
        )
        patches.enter_context(
            patch.object(
                HFLM, "generate_until", with_prompts_opening(reaching(HFLM.generate_until, called, needed))
            )
        )
        if kept:
            patches.enter_context(
                patch.object(
                    HFLM, "tok_decode", counted("tok_decode", _reading(kept, HFLM.tok_decode), called)
                )
            )
        yield


def with_prompts_opening(generate: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Give back responses with the tag that their prompt ends with, where a chat template opens the trace:
    one that is cut off would look like an answer.
    """

    @functools.wraps(generate)
    def generated(self: Any, requests: Sequence[Any], *arguments: Any, **options: Any) -> list[str]:
        texts = generate(self, requests, *arguments, **options)
        return [with_opening(request.args[0], text) for request, text in zip(requests, texts, strict=True)]

    return generated


def _template_arguments(model_args: Mapping[str, Any]) -> dict[str, Any]:
    given = model_args.get("chat_template_args") or {}
    if not isinstance(given, Mapping):
        raise StylerepError(
            f"--model_args chat_template_args must be an object, found {given!r}; write the arguments as"
            " JSON."
        )
    return dict(given)


def _dated(apply: Callable[..., str], family: Family) -> Callable[..., str]:
    @functools.wraps(apply)
    def applied(self: Any, *arguments: Any, **options: Any) -> str:
        template = dated_template(self.tokenizer.chat_template)
        self.tokenizer.chat_template = template
        if self.tokenizer.chat_template != template:
            raise not_taken(PROMPTS, self, "the tokenizer did not take the chat template of training")
        if missing := [
            name
            for name in family.template_arguments
            if name not in (getattr(self, "chat_template_args", None) or {})
        ]:
            raise not_taken(
                PROMPTS,
                self,
                f"chat_template_args={missing[0]} of the family {family.name} did not come through",
            )
        return apply(self, *arguments, **options)

    return applied


def _stopping_at(end: int, generate: Callable[..., Any]) -> Callable[..., Any]:
    """Have a row's generation end at the token too, unless the caller says where:
    a stop string would wait for all rows of a batch.

    Raises StylerepError if a row goes on after it nevertheless.
    """

    @functools.wraps(generate)
    def generated(self: Any, context: Any, *arguments: Any, **options: Any) -> Any:
        _read_prompts_at_once(self.model)
        settings = self.model.generation_config
        ends = settings.eos_token_id
        ends = {*ends} if isinstance(ends, (list, tuple)) else {ends} - {None}
        if "eos_token_id" in options:
            return generate(self, context, *arguments, **options)
        if end not in ends:
            options["eos_token_id"] = sorted({*ends, end})
        tokens = generate(self, context, *arguments, **options)
        fillers = {*ends, end, self.tokenizer.pad_token_id, settings.pad_token_id} - {None}
        if self.backend == "causal" and _goes_on(tokens[:, context.shape[1] :], end, fillers):
            raise not_taken(END_OF_TURN, self, f"a response went on after the token {end}")
        return tokens

    return generated


def _read_prompts_at_once(model: Any) -> None:
    """Say that the output layer wants a gradient, which it's never asked for: where it wants none, as below
    an adapter, torch multiplies the ends of a batch of prompts by a copy of the layer for each, on a
    processor a hundred times as slow (findings/peft_copies_output_layer.sh).
    """
    weight = getattr(model.get_output_embeddings(), "weight", None)
    if weight is not None and weight.is_floating_point() and weight.is_leaf:
        weight.requires_grad_(True)


def _goes_on(tokens: Any, end: int, fillers: Collection[int]) -> bool:
    """Say whether something else than *fillers* stands after the first *end* of a row;
    *tokens* is (rows, length).
    """
    import torch

    after = (tokens == end).cumsum(1).roll(1, 1) > 0
    after[:, :1] = False
    return bool((after & ~torch.isin(tokens, torch.tensor(sorted(fillers), device=tokens.device))).any())


def _reading(kept: set[int], decode: Callable[..., str]) -> Callable[..., str]:
    @functools.wraps(decode)
    def decoded(self: Any, tokens: int | Sequence[int], skip_special_tokens: bool = True) -> str:
        if not skip_special_tokens or isinstance(tokens, int):
            return decode(self, tokens, skip_special_tokens)
        return readable_text(self.tokenizer, tokens, kept)

    return decoded
