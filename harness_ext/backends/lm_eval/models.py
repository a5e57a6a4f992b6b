"""What lm_eval's models must be told or asked, for evaluation and for sampling."""

import contextlib
import difflib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from distill.models.pretrained import check_adapter, resolve_model
from harness_ext.backends.lm_eval.names import ADAPTER, HF, LOCAL, STYLE_HF
from synth.errors import StylerepError
from synth.responses.messages import message_said

_SERVERS = ("local-completions", "local-chat-completions")


def check_model(name: str, model_args: Mapping[str, Any], known: Sequence[str]) -> None:
    """Raise StylerepError for a model that lm_eval does not know, an address that is missing,
    or an option that deletes traces.
    """
    if name not in known:
        near = difflib.get_close_matches(name, {*known, STYLE_HF}, n=3)
        hint = (
            f"did you mean {' or '.join(near)}?"
            if near
            else "hf, vllm, local-chat-completions and local-completions are some."
        )
        raise StylerepError(f"lm_eval has no model {name!r}; {hint}")
    if "think_end_token" in model_args:
        raise StylerepError(
            "--model_args think_end_token would have the trace deleted before it is seen; leave it out."
        )
    for needed in ("base_url", "model") if name in _SERVERS else ():
        if not model_args.get(needed):
            raise StylerepError(
                f"The model {name} needs {needed}: --model_args"
                f" base_url=http://localhost:8000/v1/{name[6:].replace('-', '/')},model=NAME."
            )


def check_named(name: str, model_args: Mapping[str, Any]) -> None:
    """Raise StylerepError for a model that there cannot be, by what takes no time to find out:
    no model is loaded, nor what loads one.

    Beside `check_model`, that a model of transformers is named, and pulled if it has to be, and that an
    adapter is where it is said to be.
    """
    if name in LOCAL:
        check_model(name, model_args, LOCAL)
    else:
        import lm_eval.models  # noqa: F401 (registers the names)
        from lm_eval.api.registry import MODEL_REGISTRY

        check_model(name, model_args, list(MODEL_REGISTRY.keys()))
    if name in HF:
        resolve_model(pretrained(model_args))
    adapter = model_args.get(ADAPTER.get(name, "peft")) if name in LOCAL else None
    # else it may be one of the Hub
    if adapter and (str(adapter).count("/") != 1 or Path(str(adapter)).is_dir()):
        check_adapter(str(adapter))


def pretrained(model_args: Mapping[str, Any]) -> str:
    """Return what the user calls a model of transformers; raise StylerepError if it is not named."""
    if name := model_args.get("pretrained"):
        return str(name)
    raise StylerepError(
        "Name the model: --model_args pretrained=NAME (a folder, a Hub id or a name of stylerep models list)."
    )


def register_ours(name: str) -> None:
    """Have lm_eval know a model of ours, if that is the name of one;
    it takes seconds to import what it needs.
    """
    if name == STYLE_HF:
        import harness_ext.backends.lm_eval.style_hf_model  # noqa: F401 (registers it)


def with_reasoning(parse: Callable[..., list[str]]) -> Callable[..., list[str]]:
    """Let a server's answers be read with the trace that stands beside them, or in a part of their content:
    reasoning parsers take it out of the text.
    """

    def parsed(*arguments: Any, outputs: Any, **rest: Any) -> list[str]:
        for output in outputs if isinstance(outputs, list) else [outputs]:
            choices = output.get("choices") if isinstance(output, dict) else None
            for choice in choices if isinstance(choices, list) else []:
                if isinstance(choice, dict) and isinstance(message := choice.get("message"), dict):
                    said = message_said(choice)
                    message["content"] = said.text if said is not None else ""
        return parse(*arguments, outputs=outputs, **rest)

    return parsed


def without_empty_stop(create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Let a request name stop strings only where there are any: some servers fail on an empty list
    (``transformers serve`` 5.23).
    """

    def created(*arguments: Any, **options: Any) -> dict[str, Any]:
        payload = create(*arguments, **options)
        return (
            payload
            if payload.get("stop")
            else {name: value for name, value in payload.items() if name != "stop"}
        )

    return created


@contextlib.contextmanager
def told(name: str) -> Iterator[None]:
    """Say in a sentence why a model did not answer."""
    try:
        yield
    except Exception as error:
        if (sentence := _sentence(name, error)) is None:
            raise
        raise StylerepError(sentence) from error


def _sentence(name: str, error: Exception) -> str | None:  # noqa: PLR0911 (one return for each sort of error)
    import aiohttp
    import requests
    import torch

    server = f"The server behind {name}"
    match error:
        case requests.HTTPError() | aiohttp.ClientResponseError():
            code = (
                error.status
                if isinstance(error, aiohttp.ClientResponseError)
                else getattr(error.response, "status_code", "an error")
            )
            return (
                f"{server} answered with status {code}; see whether base_url, the model's name and the number"
                " of new tokens are right."
            )
        case requests.Timeout() | TimeoutError():
            return f"{server} did not answer in time; --model_args timeout=SECONDS gives it more."
        case requests.RequestException() | aiohttp.ClientError() | ConnectionError():
            return (
                f"{server} cannot be reached ({type(error).__name__}); see whether it runs and base_url is"
                " right."
            )
        case OSError() if "connect to" in str(error) and "huggingface" in str(error):
            return (
                f"The model {name} needs files of the Hub that are not on this machine, and the Hub cannot be"
                " reached; name files that are here with --model_args, or connect."
            )
        case torch.OutOfMemoryError():
            return "The model ran out of memory; choose a smaller batch or fewer new tokens."
        case NotImplementedError() if "oglikelihood" in str(error) or "chat" in name:
            return (
                f"The model {name} gives no likelihoods, which tasks of preference need; leave these out, or"
                " choose hf, vllm or local-completions."
            )
        case RuntimeError() if "size mismatch for" in str(error):
            return (
                "The adapter does not fit the model (its weights have other shapes); put it on the model that"
                " it was trained on."
            )
        case AssertionError() if "max tokens to generate" in str(error):
            return f"{str(error).rstrip('.')}; give it fewer with --gen_kwargs max_gen_toks=NUMBER."
    return None
