"""Replaces methods of lm_eval's models by ours while an evaluation runs."""

import contextlib
import os
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from distill.models.library_hooks import SERVERS, need
from harness_ext.backends.lm_eval.models import with_reasoning, without_empty_stop
from harness_ext.backends.lm_eval.names import HF, VLLM
from harness_ext.backends.lm_eval.reached_methods import counted, reaching

if TYPE_CHECKING:
    from harness_ext.backends.lm_eval.hf_model import HfModel


@contextlib.contextmanager
def patched_server(model: str | None) -> Iterator[None]:
    """Talk to servers as `harness_ext.backends.lm_eval.models` says: no empty list of stop strings, and the
    trace that stands beside an answer is kept.
    """
    if not model or "completions" not in model:
        yield
        return
    from lm_eval.models.api_models import TemplateAPI
    from lm_eval.models.openai_completions import LocalChatCompletion, LocalCompletionsAPI

    need(SERVERS, LocalChatCompletion, "_create_payload", "parse_generations", "generate_until")
    called = Counter[str]()
    needed = {
        "_create_payload": SERVERS,
        **({"parse_generations": SERVERS} if model == "local-chat-completions" else {}),
    }
    with contextlib.ExitStack() as patches:
        for served in (LocalCompletionsAPI, LocalChatCompletion):
            patches.enter_context(
                patch.object(
                    served,
                    "_create_payload",
                    counted("_create_payload", without_empty_stop(served._create_payload), called),
                )
            )
        parse = counted("parse_generations", with_reasoning(LocalChatCompletion.parse_generations), called)
        patches.enter_context(patch.object(LocalChatCompletion, "parse_generations", parse))
        if model in ("local-completions", "local-chat-completions"):
            patches.enter_context(
                patch.object(
                    TemplateAPI, "generate_until", reaching(TemplateAPI.generate_until, called, needed)
                )
            )
        yield


def patched_local(
    name: str | None, model: "HfModel | None", model_args: Mapping[str, Any]
) -> contextlib.AbstractContextManager[Any]:
    """Treat a model of transformers as its family asks, and have vLLM run what takes controls."""
    if name == VLLM:
        return _vllm(model_args)
    if model is None or (name or "hf") not in HF:
        return contextlib.nullcontext()
    from harness_ext.backends.lm_eval.hf_model import as_family

    return as_family(model)


@contextlib.contextmanager
def _vllm(model_args: Mapping[str, Any]) -> Iterator[None]:
    """Have vLLM run what takes controls, and give back responses with the tag that their prompt opens a trace
    by.
    """
    from lm_eval.models.vllm_causallms import VLLM as VllmModel

    from harness_ext.backends.experimental.vllm_controls import ENVIRONMENT, PROCESSOR
    from harness_ext.backends.lm_eval.hf_model import with_prompts_opening

    environment = ENVIRONMENT if PROCESSOR in model_args.get("logits_processors", ()) else {}
    opened = patch.object(VllmModel, "generate_until", with_prompts_opening(VllmModel.generate_until))
    with patch.dict(os.environ, environment), opened:
        yield
