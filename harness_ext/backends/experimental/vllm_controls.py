"""Experimental: controls of style in lm_eval's model ``vllm``: what its arguments must hold so that vLLM's
workers apply them. Imports nothing of vLLM.

    arguments = vllm_arguments(read_controls(given), close="</think>", ends=[2])
    with patch.dict(os.environ, ENVIRONMENT):
        lm_eval.simple_evaluate(model="vllm", model_args={"pretrained": NAME, **arguments}, …)

vLLM loads a logits processor by the name of its class in each process that samples, and gives it the
configuration of the engine, which goes to all of them, those of tensor parallelism and of lm_eval's replicas
included. The settings lie there, under ``additional_config``; no variable of the environment and no argument
of a request carries them. vLLM's cache of compiled models tells configurations apart by ``additional_config``
too, so the first run with other controls may compile the model again.

Written against the processors of logits of vLLM's first model runner, ``vllm.v1.sample.logits_processor``, as
its documentation has them from 0.14 to 0.22.1. The second runner, which by 0.32 is the one that runs, takes
none of these and is turned off by `ENVIRONMENT`.
"""

from collections.abc import Collection, Mapping
from typing import Any

from harness_ext.backends.style_hf.control_settings import Controls
from synth.errors import StylerepError

PROCESSOR = "harness_ext.backends.experimental.vllm_processor:StyleControls"
"""The class that vLLM loads, as its argument ``logits_processors`` names it."""
ENVIRONMENT = {"VLLM_USE_V2_MODEL_RUNNER": "0"}
"""What must stand in the environment where vLLM is started: the runner that takes `PROCESSOR`."""
_KEY = "stylerep"


def vllm_arguments(
    controls: Controls, close: str, ends: Collection[int], given: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the arguments for vLLM that apply *controls*, added to those of *given* that they touch.

    *close* is the tag that closes a trace, and *ends* are the tokens that end a turn; those that vLLM itself
    stops at count as well. Scheduling ahead of what was chosen is turned off, as the controls need to know
    it. Raises StylerepError for steering, and for speculative decoding.
    """
    given = given or {}
    if controls.steer:
        raise StylerepError("--model vllm cannot steer; leave steer out, or use --model style-hf.")
    if given.get("speculative_config"):
        raise StylerepError(
            "vLLM takes no controls of style with speculative decoding; leave speculative_config out."
        )
    if given.get("async_scheduling"):
        raise StylerepError(
            "Controls of style need each token before the next is scheduled; leave async_scheduling out."
        )
    settings = {"controls": controls.record(), "close": close, "ends": sorted(ends)}
    return {
        "logits_processors": [*(given.get("logits_processors") or []), PROCESSOR],
        "additional_config": {**(given.get("additional_config") or {}), _KEY: settings},
        "async_scheduling": False,
    }


def read_settings(additional_config: Mapping[str, Any]) -> tuple[Controls, str, frozenset[int]]:
    """Return the controls, the closing tag and the tokens that end a turn from what `vllm_arguments` wrote;
    raise StylerepError if it is not there.
    """
    if _KEY not in additional_config:
        raise StylerepError(
            f"{PROCESSOR} was loaded without its settings; have vllm_arguments write them into"
            " additional_config."
        )
    settings = additional_config[_KEY]
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in settings["controls"].items()
    }
    return Controls(**values), settings["close"], frozenset(settings["ends"])
