"""What lm_eval's model and our processor use of vLLM, with a model that writes a script. Copied to a folder
as the package ``vllm`` by the tests.

The interfaces are those of vLLM at commits 6e052ba8f4d97e43fb88a3288f3240ff4f73d7d2
(``vllm/v1/sample/logits_processor/__init__.py``) and 05da17cdc63b202f32302ff92c24ae65c88d32ec
(``…/interface.py``).
"""

import json
import os
from types import SimpleNamespace
from typing import Any, NamedTuple

from vllm.engine import Engine, Request, SamplingParams

__all__ = ["LLM", "SamplingParams", "TokensPrompt"]
_ARGUMENTS = {
    "model",
    "revision",
    "dtype",
    "tokenizer",
    "tokenizer_mode",
    "tokenizer_revision",
    "trust_remote_code",
    "tensor_parallel_size",
    "max_model_len",
    "max_num_seqs",
    "quantization",
    "seed",
    "enable_lora",
    "max_lora_rank",
    "logits_processors",
    "additional_config",
    "async_scheduling",
}


class TokensPrompt(dict[str, Any]):
    """A prompt as tokens."""


class _Written(NamedTuple):
    text: str


class LLM:
    """Refuses arguments that vLLM has not, and sends the configuration to its engine as another process would
    get it.
    """

    def __init__(self, **arguments: Any) -> None:
        if unknown := arguments.keys() - _ARGUMENTS:
            raise TypeError(f"unexpected keyword argument {sorted(unknown)[0]!r}")
        assert os.environ.get("VLLM_USE_V2_MODEL_RUNNER") == (
            "0" if arguments.get("logits_processors") else None
        )
        self._engine = Engine(json.loads(json.dumps(arguments)), os.environ["FAKE_SCRIPT"])
        self.llm_engine = SimpleNamespace(
            model_config=SimpleNamespace(max_model_len=arguments.get("max_model_len") or 2048)
        )

    def generate(
        self, prompts: list[TokensPrompt], sampling_params: list[SamplingParams], **_: Any
    ) -> list[Any]:
        """Write a response to each prompt."""
        requests = [
            Request(prompt["prompt_token_ids"], params)
            for prompt, params in zip(prompts, sampling_params, strict=True)
        ]
        self._engine.run(requests)
        return [SimpleNamespace(outputs=[_Written(self._engine.text(request))]) for request in requests]
