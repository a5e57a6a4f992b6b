"""Samples responses from any model of lm_eval, here (hf, vllm) or behind an address (local-chat-completions).

Written against lm_eval 0.4.13. What it relies on: ``get_model``, ``create_from_arg_obj``,
``apply_chat_template`` and ``generate_until`` of its models; that models of the OpenAI kind and vllm take a
``seed`` with each request; and the names ``parse_generations``,
``tqdm`` and ``tqdm_asyncio`` of its API models.
"""

import contextlib
import copy
import functools
import types
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from distill.models.families.dated_template import default_template
from distill.models.library_hooks import SERVERS, need, not_taken
from harness_ext.backends.lm_eval.models import (
    check_model,
    register_ours,
    told,
    with_reasoning,
    without_empty_stop,
)
from harness_ext.backends.lm_eval.names import HF
from harness_ext.backends.lm_eval.reached_methods import counted
from harness_ext.backends.lm_eval.requests import generation_request
from synth.errors import StylerepError
from synth.seeding import digest

# lm_eval cuts what does not fit from the left, in silence,
# and takes 2,048 tokens for the context of any server.
_SERVERS_OWN_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class Decoding:
    """How responses are drawn: temperature (0 is greedy), most tokens of a response,
    and the seed all samples' seeds come from.
    """

    temperature: float
    max_tokens: int
    seed: int = 0

    def sample_seed(self, sample: int) -> int:
        """Return the seed of the *sample*-th response to each problem, 0 to 2**31 - 1."""
        return digest("sample", self.seed, sample) % 2**31


class Sampler:
    """One model, opened, from which responses are sampled.

    The chat template is applied where the model has one. A model that takes no seed with a request is seeded
    through torch, by the sample's seed and the prompts. Where a server gives the trace in a field of its own,
    the response holds it between think tags.
    """

    def __init__(
        self, model: str, model_args: Mapping[str, Any], decoding: Decoding, batch: int = 16
    ) -> None:
        """Open a model by its name in lm_eval; *batch* prompts are put to it together if it runs here.

        Raises StylerepError if there is no such model, or it cannot be opened.
        """
        from lm_eval.models.api_models import TemplateAPI

        self.decoding = decoding
        self._name, (self._lm, self._as_family) = model, _open(model, dict(model_args), batch)
        self._is_api, self._called = isinstance(self._lm, TemplateAPI), Counter[str]()
        self._takes_seed = takes_seed(self._lm)
        if self._is_api:
            need(SERVERS, self._lm, "_create_payload", "parse_generations")
            self._lm.parse_generations = counted(
                "parse_generations", with_reasoning(self._lm.parse_generations), self._called
            )
            self._lm._create_payload = counted(
                "_create_payload", without_empty_stop(self._lm._create_payload), self._called
            )

    def __call__(self, prompts: Sequence[str], sample: int) -> list[str]:
        """Return one response to each prompt; raise StylerepError if the model cannot be reached or the
        prompt is too long.
        """
        seed = self.decoding.sample_seed(sample)
        settings: dict[str, Any] = {
            "until": [],
            "do_sample": self.decoding.temperature > 0,
            "temperature": self.decoding.temperature,
            "max_gen_toks": self.decoding.max_tokens,
        }
        if self._takes_seed:
            settings["seed"] = seed
        else:
            import torch

            torch.manual_seed(digest(seed, *prompts) % 2**63)
        with told(self._name), self._as_family():
            contexts = [self._context(prompt) for prompt in prompts]
        requests = [
            generation_request(context, copy.deepcopy(settings), index)
            for index, context in enumerate(contexts)
        ]
        before = self._called.copy()
        with told(self._name), _quiet(self._is_api), self._as_family():
            responses: list[str] = self._lm.generate_until(requests, disable_tqdm=True)
        for name in ("_create_payload", "parse_generations") if self._is_api and requests else ():
            if self._called[name] == before[name]:
                raise not_taken(SERVERS, self._lm, f"generate_until did not call {name}")
        return responses

    def _context(self, prompt: str) -> Any:
        """Return the prompt as the model is to see it;
        raise StylerepError if it leaves no room for a response.
        """
        tokenizer: Any = getattr(self._lm, "tokenizer", None)
        message = {"role": "user", "content": prompt}
        if "chat" in self._name:
            return self._lm.apply_chat_template([message])
        default_template(tokenizer)  # raises where there are several and none is the default
        if not _has_chat_template(tokenizer):
            context = prompt
        elif self._is_api:  # lm_eval's own would be a list of messages where prompts are sent as text
            context = tokenizer.apply_chat_template([message], add_generation_prompt=True, tokenize=False)
        else:
            context = self._lm.apply_chat_template([message])
        if self._name in HF:
            room, length = self._lm.max_length - self.decoding.max_tokens, len(self._lm.tok_encode(context))
            if length > room:
                advice = (
                    "a lower --max-tokens"
                    if length < self._lm.max_length
                    else "a model with a longer context"
                )
                raise StylerepError(
                    f"A prompt of {length} tokens and {self.decoding.max_tokens} new ones do not fit the"
                    f" model's {self._lm.max_length}; choose {advice}."
                )
        return context


def _open(
    name: str, model_args: dict[str, Any], batch: int
) -> tuple[Any, Callable[[], AbstractContextManager[None]]]:
    """Return lm_eval's model of that name, and in what context it generates as its family asks."""
    import lm_eval.models  # noqa: F401  # registers the names
    from lm_eval.api.registry import MODEL_REGISTRY, get_model

    register_ours(name)
    check_model(name, model_args, list(MODEL_REGISTRY.keys()))
    context: Callable[[], AbstractContextManager[None]] = contextlib.nullcontext
    if name in HF:
        import torch

        from harness_ext.backends.lm_eval.hf_model import as_family, check_adapter_base, prepare

        prepared = prepare(model_args, name)
        check_adapter_base(prepared, model_args.get("peft"))
        context = functools.partial(as_family, prepared)
        if not torch.cuda.is_available():
            model_args.setdefault("device", "cpu")  # lm_eval takes CUDA for granted outside its own command
    if name == "local-completions":
        model_args.setdefault("max_length", _SERVERS_OWN_LIMIT)
    own = {} if "batch_size" in model_args or "completions" in name else {"batch_size": batch}
    try:
        return get_model(name).create_from_arg_obj(model_args, own), context
    except StylerepError:
        raise
    # whatever a model's constructor raises: no such package, file, option or address
    except Exception as error:
        raise StylerepError(f"The model {name} cannot be opened: {_first_line(error)}") from error


def _has_chat_template(tokenizer: Any) -> bool:
    return bool(
        getattr(tokenizer, "chat_template", None)
        or (getattr(tokenizer, "tokenizer_info", None) or {}).get("chat_template")
    )


def takes_seed(lm: Any) -> bool:
    """Say whether a model of lm_eval takes a seed with each request: vllm, and those of the OpenAI kind."""
    from lm_eval.models.openai_completions import LocalCompletionsAPI

    if isinstance(lm, LocalCompletionsAPI):
        return not type(lm).__module__.endswith("anthropic_llms")
    return type(lm).__module__.endswith("vllm_causallms")


@contextlib.contextmanager
def _quiet(is_api: bool) -> Iterator[None]:
    """Take away the progress bar of each call: API models show one whatever they are asked."""
    if not is_api:
        yield
        return
    from lm_eval.models import api_models

    bar = functools.partial(api_models.tqdm, disable=True)
    gathering = types.SimpleNamespace(gather=functools.partial(api_models.tqdm_asyncio.gather, disable=True))
    with patch.object(api_models, "tqdm", bar), patch.object(api_models, "tqdm_asyncio", gathering):
        yield


def _first_line(error: Exception) -> str:
    return next((line.strip() for line in str(error).splitlines() if line.strip()), type(error).__name__)
