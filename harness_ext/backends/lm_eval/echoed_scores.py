"""Has a server say how likely each token of a text is that it's given: completions with ``echo``, as
lm_eval's likelihoods of ``local-completions`` ask for them.

Written against lm_eval 0.4.13. What it relies on: ``_create_payload``, ``model_call``, ``tokenized_requests``
and ``max_retries`` of its ``local-completions``, and that their likelihoods have ``logprobs`` and ``echo``.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from distill.models.library_hooks import SERVERS, need, not_taken
from harness_ext.backends.lm_eval.models import check_model, told
from synth.errors import StylerepError
from synth.schema import shown

SERVER = "local-completions"
TOP_LOGPROBS = 5
"""The likeliest tokens that a server is asked to name at each place, as many as most give."""
_ABOVE_ZERO = 1e-3
_NONE_THERE = (
    f"The server behind {SERVER} gives no log-probabilities of the tokens that it's sent; it must take"
    " logprobs together with echo, as vLLM does."
)
Prompt = list[int] | str


@dataclass(frozen=True, slots=True)
class EchoedTokens:
    """What a server said of a text's tokens, lists of one length: `surprisal` in nats (None of a token that
    has none before it), `ranks` (1 is the likeliest; beyond `reach` they aren't known, and are reach + 1),
    and `offsets`, where each begins in the text, None unless a text was sent.
    """

    surprisal: list[float | None]
    ranks: list[int]
    reach: int
    offsets: list[int] | None


class EchoServer:
    """A server of completions, asked about one text at a time, several at once with ``num_concurrent``."""

    def __init__(self, model_args: Mapping[str, Any]) -> None:
        """Take arguments of lm_eval's ``local-completions``; ``top_logprobs`` among them says how many of the
        likeliest tokens are asked for. Raises StylerepError for one that can't be used.
        """
        given = dict(model_args)
        check_model(SERVER, given, [SERVER])
        self._tops = _number(given.pop("top_logprobs", TOP_LOGPROBS), "top_logprobs")
        self._at_once = _number(given.get("num_concurrent", 1), "num_concurrent")
        self.sends_tokens = bool(given.pop("tokenized_requests", True))
        for name in ("tokenizer", "tokenizer_backend", "batch_size"):
            given.pop(name, None)  # texts are put into tokens before they come here, one a request
        from lm_eval.models.openai_completions import LocalCompletionsAPI

        try:
            self._lm = LocalCompletionsAPI(**given, tokenizer_backend="None")
        except Exception as error:  # whatever it makes of its arguments
            raise StylerepError(f"The model {SERVER} cannot be opened: {error}") from error
        need(SERVERS, self._lm, "_create_payload", "model_call", "tokenized_requests", "max_retries")
        self._lm.tokenized_requests = self.sends_tokens
        self._lm._create_payload = self._asking(self._lm._create_payload)

    def scores(self, prompts: Sequence[Prompt]) -> Iterator[EchoedTokens]:
        """Yield what the server says of each text, or of each list of token ids, in their order.

        Raises StylerepError for a server that can't be reached, and for an answer that isn't to the question.
        """
        with ThreadPoolExecutor(self._at_once) as pool:
            for prompt, answer in zip(prompts, pool.map(self._ask, prompts), strict=True):
                yield read_echo(answer, prompt, self._tops)

    def _asking(self, create: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
        def payload(*arguments: Any, **options: Any) -> dict[str, Any]:
            made = create(*arguments, **options)
            if not made.get("echo") or "logprobs" not in made:
                raise not_taken(SERVERS, self._lm, "its request asks for no echo with logprobs")
            return {**made, "logprobs": self._tops}

        return payload

    def _ask(self, prompt: Prompt) -> Any:
        import requests
        from tenacity import retry, retry_if_exception_type, stop_after_attempt, wait_exponential

        call = retry(
            stop=stop_after_attempt(self._lm.max_retries),
            wait=wait_exponential(multiplier=0.5, min=1, max=10),
            retry=retry_if_exception_type(requests.RequestException),
            reraise=True,
        )(self._lm.model_call)
        with told(SERVER):
            try:
                return call(messages=[prompt], generate=False)
            except ValueError as error:  # of json
                if isinstance(error, requests.RequestException) and not isinstance(
                    error, requests.exceptions.InvalidJSONError
                ):
                    raise
                raise StylerepError(
                    f"The server behind {SERVER} answered with something that isn't JSON; see whether"
                    " base_url is that of completions."
                ) from error


def read_echo(answer: Any, prompt: Prompt, tops: int) -> EchoedTokens:
    """Read an answer to a request for the log-probabilities of *prompt*, with the *tops* likeliest tokens at
    each place; what was written after the prompt is left out. Raises StylerepError for one that's none.
    """
    try:
        (choice,) = answer["choices"]
        found = choice["logprobs"]
        values = found["token_logprobs"]
    except (KeyError, TypeError, ValueError) as error:
        raise StylerepError(_NONE_THERE) from error
    if not isinstance(values, list):
        raise StylerepError(_NONE_THERE)
    offsets = _offsets(found, len(values), choice, prompt) if isinstance(prompt, str) else None
    count = len(prompt) if offsets is None else sum(one < len(prompt) for one in offsets)
    if not count <= len(values) <= count + 1:
        raise StylerepError(
            f"The server behind {SERVER} was sent {count} tokens and gives {len(values)} log-probabilities;"
            " see whether tokenizer names the student's, or send texts by tokenized_requests=False."
        )
    surprisal = [_nats(value, place) for place, value in enumerate(values[:count])]
    ranks, reach = _ranks(found.get("top_logprobs"), surprisal, tops)
    return EchoedTokens(surprisal, ranks, reach, None if offsets is None else offsets[:count])


def _offsets(found: Mapping[str, Any], count: int, choice: Mapping[str, Any], sent: str) -> list[int]:
    offsets, text = found.get("text_offset"), choice.get("text")
    if not isinstance(text, str) or not text.startswith(sent):
        raise StylerepError(f"The server behind {SERVER} doesn't give back the text that it was sent.")
    if (
        not isinstance(offsets, list)
        or len(offsets) != count
        or not all(type(one) is int and one >= 0 for one in offsets)
        or offsets != sorted(offsets)
    ):
        raise StylerepError(
            f"The server behind {SERVER} doesn't say where its tokens stand (text_offset); leave out"
            " tokenized_requests=False."
        )
    return offsets


def _nats(value: Any, place: int) -> float | None:
    if value is None and not place:
        return None
    if type(value) not in (int, float) or not math.isfinite(value) or value > _ABOVE_ZERO:
        raise StylerepError(
            f"The server behind {SERVER} gives token {place} the log-probability {shown(value)}; expected a"
            " number of 0 or less."
        )
    return max(0.0, -float(value))


def _ranks(found: Any, surprisal: Sequence[float | None], tops: int) -> tuple[list[int], int]:
    """Return ranks and how far they reach: 0 where the server doesn't name the likeliest tokens."""
    named = found[: len(surprisal)] if isinstance(found, list) else []
    likeliest = [
        [-float(value) for value in one.values() if type(value) in (int, float)]
        if isinstance(one, dict)
        else []
        for one in named[1:]
    ]
    if len(named) < len(surprisal) or not likeliest:
        return [1] * len(surprisal), 0
    lengths = {len(one) for one in likeliest}
    reach = min(tops, *lengths)
    # A server names a token that is itself not among the likeliest beside them. Where it may have done so at
    # every place, since each time the token is the least likely of as many, the likeliest are one fewer.
    least = (
        own is None or own >= max(others, default=own)
        for own, others in zip(surprisal[1:], likeliest, strict=True)
    )
    if reach and lengths == {reach} and all(least):
        reach -= 1
    ranks = [1]
    for own, others in zip(surprisal[1:], likeliest, strict=True):
        above = sum(other < own for other in others) if own is not None else 0
        ranks.append(min(above, reach) + 1)
    return ranks, reach


def _number(value: Any, name: str) -> int:
    if type(value) is not int or value < 1:
        raise StylerepError(f"--model_args {name}={value}: expected a whole number of 1 or more.")
    return value
