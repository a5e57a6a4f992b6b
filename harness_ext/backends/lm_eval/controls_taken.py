"""Checks, after an evaluation with controls, that no response holds what they should have prevented."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from distill.models.library_hooks import VLLM_CONTROLS
from harness_ext.backends.style_hf.control_settings import Controls
from harness_ext.runs.run_folder import sample_rows
from synth.errors import StylerepError
from synth.formats import split_response
from synth.style import load_lexicon

_MOST = 0.05
"""The share of responses that may look as if a control had not acted:
stop strings and limits cut texts anywhere.
"""


def check_controls(samples: Iterable[Path], controls: Controls, close: str | None = None) -> None:
    """Raise StylerepError if no response was written in an evaluation with controls,
    of which *samples* are the files.

    With *close*, the tag that ends a trace, the responses are looked at as well: those of vLLM, whose workers
    apply the controls out of sight. More than one in twenty that holds a suppressed pivot, ended its trace
    without the text that was to be forced, or has a trace of more words than the budget has tokens,
    and the controls were not applied.
    """
    if not controls.label:
        return
    texts = [text for path in samples for text in _written(path)]
    if not texts:
        raise StylerepError(
            f"The tasks that were asked for have the model write nothing, so {controls.label} changed nothing"
            " and the run would be named after it; leave the controls out, or ask for tasks that generate."
        )
    if (
        close is not None
        and (without := [text for text in texts if _untouched(text, controls, close)])
        and len(without) > _MOST * len(texts)
    ):
        raise StylerepError(
            f"{VLLM_CONTROLS.what[0].upper()}{VLLM_CONTROLS.what[1:]} did not take: {len(without)} of"
            f" {len(texts)} responses are as {controls.label} would not have let them be; they are for vLLM's"
            " first model runner, as documented from 0.14 to 0.22.1 (docs/how-to/control-decoding.md). Use"
            " --model style-hf."
        )


def _written(path: Path) -> Iterator[str]:
    for _, row in sample_rows(path):
        requests = row.get("resps")
        for responses in requests if isinstance(requests, list) else []:
            yield from (text for text in responses if isinstance(text, str))


def _untouched(text: str, controls: Controls, close: str) -> bool:
    trace = split_response(text).trace
    if controls.suppress and _pivots(text, controls.suppress):
        return True
    if controls.budget_forcing and close in text and controls.forcing_text not in trace:
        return True
    return (
        controls.think_budget is not None
        and len(trace.split())
        > controls.think_budget + len(controls.forcing_text.split()) * controls.budget_forcing
    )


def _pivots(text: str, kinds: Sequence[str]) -> bool:
    return any(pivot.kind in kinds for pivot in load_lexicon().find(text))
